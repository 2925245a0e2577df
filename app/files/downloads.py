"""Downloads: `GET /reports/{kind}` sends a report as it is read, so that its length costs no memory."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.core.actor import Actor
from app.db import Database
from app.files.door import HEADERS, RequestRefused, parameters
from app.files.reports import REPORTS, Lines, report


class Downloads:
    """Sends reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, actor: Actor, request: Request) -> Response:
        """The report, as CSV."""
        kind = request.path_params["kind"]
        if kind not in REPORTS:
            raise RequestRefused(404, "NOT_FOUND", f"Reports are {', '.join(f'/reports/{known}' for known in REPORTS)}.")
        paper = await report(self._database, actor, kind, parameters(request, REPORTS[kind].parameters))
        # What fails until the first rows are there is still told as an error; what fails later breaks off the connection, so that
        # nobody takes a part for the whole.
        begun = [await anext(paper.lines), await anext(paper.lines, None)]
        headers = {**HEADERS, "content-disposition": f'attachment; filename="{paper.file_name}"'}
        content = _content("".join(lines[1] for lines in begun if lines is not None), paper.lines)
        return StreamingResponse(content, headers=headers, media_type="text/csv; charset=utf-8")


async def _content(begun: str, rest: Lines) -> AsyncIterator[bytes]:
    yield begun.encode()
    async for _, text in rest:
        yield text.encode()
