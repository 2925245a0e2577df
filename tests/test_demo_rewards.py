"""The demo's rewards: a catalog of every kind, claims that can be told, and pictures of our own."""

from collections.abc import AsyncIterator
from itertools import pairwise

import httpx2
import pytest

from app import main, reward
from app.core.settings import load
from app.demo.catalog import ITEMS
from app.demo.claims import claims
from app.demo.desk import CODES, YEAR
from app.reward import Provider, RedemptionStatus, RewardKind, Stage, Verb

PICTURES = main.PICTURES
BY_KEY = {item.key: item for item in ITEMS}


@pytest.fixture
async def browser(sqlite_url, tmp_path) -> AsyncIterator[httpx2.AsyncClient]:
    settings = load(database_url=sqlite_url, data_dir=tmp_path, secret_key="a key of our own, which is long enough")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(main.build(settings)), base_url="http://plaudit") as client:
        yield client


async def test_every_reward_has_its_picture(browser):
    for item in ITEMS:
        answer = await browser.get(item.image_url)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["cache-control"] == "public, max-age=604800"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
        assert [int.from_bytes(answer.content[at : at + 4]) for at in (16, 20)] == [800, 500]
        assert len(answer.content) < 25_000
    assert {path.stem for path in PICTURES.iterdir()} == set(BY_KEY), "and there is none that nobody shows"
    drawn = PICTURES.parents[2] / "docs" / "pictures" / "rewards"
    assert {path.stem for path in drawn.iterdir()} == set(BY_KEY)


@pytest.mark.parametrize(
    "path",
    ["nobody.png", "mug", "mug.svg", "MUG.png", "..%2Fgraphql.html", "%2e%2e%2fgraphql.html", "mug.png%00", "%2Fetc%2Fpasswd"],
)
async def test_what_is_no_picture_is_not_found(browser, path):
    assert (await browser.get(f"/pictures/{path}")).status_code == 404


def test_the_catalog_shows_what_a_catalog_can():
    assert {item.kind for item in ITEMS} == set(RewardKind)
    assert {item.provider for item in ITEMS} == set(Provider)
    prices = [item.price for item in ITEMS]
    assert (prices[0], prices[-1]) == (0, 1_200)
    assert prices == sorted(prices)
    for has in ("sold_out", "archived", "group", "per_member_limit", "stock"):
        assert any(getattr(item, has) is not None for item in ITEMS), has
    assert {item.requires_approval for item in ITEMS} == {True, False}


def test_claims_follow_the_rules_and_the_calendar():
    """What is told is what the state machine allows, on days in their order, of what is in the catalog by then."""
    ends = set()
    for claim in claims():
        item = BY_KEY[claim.item]
        days = [item.opened, claim.days_ago, *(step.days_ago for step in claim.steps), 0]
        assert all(earlier > later for earlier, later in pairwise(days)), claim
        assert item.opened < YEAR
        gone = [day for day in (item.sold_out, item.archived) if day is not None]
        assert all(claim.days_ago > day for day in gone), claim
        stage = Stage.PENDING_APPROVAL if item.requires_approval else Stage.TO_FULFIL
        for step in claim.steps:
            stage = reward.rules.MOVES[step.verb][stage]
            assert step.words or step.verb not in (Verb.REJECT, Verb.REFUND)
        ends.add(Stage.FULFILLED.status if item.provider is Provider.VOUCHER else stage.status)
    assert ends == set(RedemptionStatus)
    assert len({(claim.days_ago, claim.item) for claim in claims()}) == len(claims())
    assert 0 < CODES - sum(claim.item == "bookshop" for claim in claims()) < 5
