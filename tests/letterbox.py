"""A letterbox in the world of the stories: files are handed in and reports are fetched, over HTTP."""

import csv
from collections import defaultdict
from io import StringIO
from typing import Any
from uuid import UUID

import httpx2
import pytest
from starlette.applications import Starlette

from app import files
from app.api.ids import encode, uuid_of
from tests.shop import Shop
from tests.world import Somebody, World

MEMBERS = "email,display_name\nkim@acorn.example,Kim\n"
NO_REJECTS = {"alreadyThere": 0, "rejected": 0, "membersCreated": 0, "valuesCreated": 0, "groupsCreated": 0, "rejects": []}


def reward_of(id_: str) -> UUID:
    """As the composition root says it."""
    return uuid_of(id_, "Reward", "reward")


class Letterbox:
    """The files door."""

    def __init__(self, world: World, shop: Shop) -> None:
        self.world = world
        self.routes = files.routes(world.database, world.sign_in.actor, shop.vouchers, reward_of)
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=Starlette(routes=self.routes)), base_url="http://plaudit"
        )

    async def takes(self, who: Somebody | None, kind: str, content: Any, *, type_: str = "text/csv", **given: str) -> Any:
        """An upload; the answer of the server."""
        body = content.encode() if isinstance(content, str) else content
        headers = {**_signed(who), **({"content-type": type_} if type_ else {})}
        return await self.client.post(f"/upload/{kind}", content=body, params=given, headers=headers)

    async def takes_codes(self, reward_id: UUID, content: str | bytes, who: Somebody | None = None) -> Any:
        """An upload of voucher codes, by the admin."""
        return await self.takes(who or self.world.admin, "vouchers", content, reward=encode("Reward", reward_id))

    async def gives(self, who: Somebody | None, kind: str, **given: str) -> Any:
        """A report; the answer of the server."""
        asked = {name.rstrip("_"): value for name, value in given.items()}
        return await self.client.get(f"/reports/{kind}", params=asked, headers=_signed(who))


def _signed(who: Somebody | None) -> dict[str, str]:
    return {"authorization": f"Bearer {who.token}"} if who is not None else {}


def refusal(answer: Any) -> tuple[int, str]:
    """Status and code, of an error in the form that every error has."""
    (error,) = answer.json()["errors"]
    assert " " in error["message"], "a sentence"
    assert set(error) == {"message", "extensions"}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert len(answer.headers["x-request-id"]) == 16
    return answer.status_code, error["extensions"]["code"]


def rows_of(text: str) -> list[dict[str, str]]:
    """What a report says, by the names of its columns."""
    return list(csv.DictReader(StringIO(text, newline="")))


def by_transfer(rows: list[dict[str, str]]) -> dict[str, int]:
    """What the sides of each transfer of a points report add up to."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["transfer_id"]] += int(row["points"])
    return sums


@pytest.fixture(name="letterbox")
async def opened_letterbox(world: World, shop: Shop) -> Any:
    """The letterbox of the world's server."""
    letterbox = Letterbox(world, shop)
    yield letterbox
    await letterbox.client.aclose()
