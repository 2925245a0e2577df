"""Where the files door stands on the web."""

from collections.abc import Callable
from uuid import UUID

from starlette.routing import Route

from app.db import Database
from app.files.door import Authenticate, Door
from app.files.downloads import Downloads
from app.files.uploads import Uploads
from app.reward import Vouchers


def routes(database: Database, authenticate: Authenticate, vouchers: Vouchers, reward_of: Callable[[str], UUID]) -> list[Route]:
    """The addresses of uploads and reports. `vouchers` seals codes; `reward_of` knows the reward behind the id that clients have
    of it, or raises NOT_FOUND."""
    uploads = Uploads(database, vouchers, reward_of)
    taking = Door("POST", "Send files by POST.", authenticate, uploads)
    giving = Door("GET", "Ask for reports by GET.", authenticate, Downloads(database))
    return [Route("/upload/{kind:path}", taking), Route("/reports/{kind:path}", giving)]
