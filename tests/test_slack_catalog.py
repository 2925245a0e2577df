"""The catalog in Slack: admins list, add, change and archive rewards, and what somebody else has changed meanwhile stays."""

import asyncio
from typing import Any

from app import organization
from app.core.actor import Role
from app.reward import Provider, Reward, RewardKind
from integrations.slack.administering import ONLY_ADMINS
from tests.played_slack import Json, buttons, words
from tests.slack_office import ADA, Office, connected_office  # noqa: F401 (fixture)
from tests.slack_shop import Shop, open_shop  # noqa: F401 (fixture)
from tests.stand_in import BOB

CLOSED: Json = {}
"""What a form is answered with that goes away and shows what is beneath it."""


async def opened(office: Office, shop: Shop) -> Json:
    """The list of rewards, in front of Ada."""
    await shop.looks_after(ADA)
    await office.presses(ADA, office.slack.homes[ADA], "Rewards")
    return office.form


async def catalog(office: Office) -> list[Reward]:
    """All rewards, the cheapest first."""
    return sorted(await office.world.rows(Reward), key=lambda row: (row.price_points, row.id))


def beneath(office: Office) -> str:
    """What the list shows that the form was opened over."""
    return words(office.slack.views[-2])


async def test_a_first_reward_is_added(office: Office, shop: Shop):
    await shop.looks_after(ADA)
    assert ":white_large_square: To do: offer a first reward" in shop.home(ADA)
    shelf = await opened(office, shop)
    assert "There are no rewards yet. Add a first one." in words(shelf)
    await office.presses(ADA, shelf, "Add a reward")
    form = office.form
    said = {"name": "Mug", "description": "A blue one", "kind": "MERCHANDISE", "price": 100, "stock": 5, "limit": 2}

    answers = await asyncio.gather(*(office.submits(ADA, form, **said, approval="no") for _ in range(2)))
    await office.settle()

    assert answers == [CLOSED] * 2
    (row,) = await catalog(office)
    assert (row.name, row.description, row.kind, row.price_points) == ("Mug", "A blue one", RewardKind.MERCHANDISE, 100)
    assert (row.stock, row.per_member_limit, row.requires_approval, row.provider) == (5, 2, False, Provider.MANUAL)
    assert row.for_everyone
    line = "*Mug*  ·  100 points  ·  5 left  ·  in the catalog"
    assert f"{line}\nmerchandise  ·  delivered without asking  ·  at most 2 for each person" in beneath(office)
    assert ":white_check_mark: Done: offer a first reward" in shop.home(ADA)


async def test_what_cannot_be_is_said_beside_its_field(office: Office, shop: Shop):
    await office.presses(ADA, await opened(office, shop), "Add a reward")
    form = office.form
    before = await office.record()

    async def errors(**said: Any) -> Json:
        return (await office.submits(ADA, form, **{"name": "Mug", "price": 100, **said}))["errors"]

    assert await errors(name="  ") == {"name": "Between 1 and 100 characters, please; this has 0."}
    assert await errors(price=-1) == {"price": "A reward costs between 0 and 1000000 points."}
    assert await errors(price="1.5") == {"price": "A whole number, please."}
    assert (await errors(stock=-1)).keys() == {"stock"}
    assert (await errors(limit=0)).keys() == {"limit"}
    assert (await errors(provider="VOUCHER", stock=5))["stock"].startswith("The stock of vouchers is the number of their codes.")
    assert await office.record() == before


async def test_only_what_was_changed_in_the_form_is_changed(office: Office, shop: Shop):
    mug = await shop.offers("Mug", 100, stock=5, kind=RewardKind.MERCHANDISE)
    await office.presses(ADA, await opened(office, shop), "Edit")
    form = office.form
    assert "provider" not in {block.get("block_id") for block in form["blocks"]}
    await shop.changes(mug, stock=3, description="The last ones")

    assert await office.submits(ADA, form, name="Big mug", price=120, limit=1) == CLOSED

    (row,) = await catalog(office)
    assert (row.name, row.price_points, row.per_member_limit) == ("Big mug", 120, 1)
    assert (row.stock, row.description, row.kind) == (3, "The last ones", RewardKind.MERCHANDISE)
    assert "*Big mug*  ·  120 points  ·  3 left  ·  in the catalog" in beneath(office)
    before = await office.record()
    await office.presses(ADA, office.slack.views[-2], "Edit")
    assert await office.submits(ADA, office.form) == CLOSED
    assert await office.record() == before, "sent as it was, nothing is told"
    await office.submits(ADA, office.form, stock=None, limit=None)
    (row,) = await catalog(office)
    assert (row.stock, row.per_member_limit) == (None, None)


async def test_the_stock_of_vouchers_is_no_field(office: Office, shop: Shop):
    await shop.offers_codes("Book voucher", 100, "A", "B")
    shelf = await opened(office, shop)
    assert "*Book voucher*  ·  100 points  ·  2 left  ·  in the catalog" in words(shelf)
    await office.presses(ADA, shelf, "Edit")

    assert "stock" not in {block.get("block_id") for block in office.form["blocks"]}
    assert await office.submits(ADA, office.form, price=90, approval="yes") == CLOSED

    (row,) = await catalog(office)
    assert (row.price_points, row.stock, row.requires_approval) == (90, 2, True)


async def test_a_reward_is_archived_and_put_back(office: Office, shop: Shop):
    await shop.offers("Mug", 0)
    await shop.looks(BOB)
    shelf = await opened(office, shop)
    sure = buttons(shelf)["Archive"]["confirm"]
    assert sure["title"]["text"] == "Archive this reward?"

    for _ in range(2):
        await office.presses(ADA, shelf, "Archive")
    await office.settle()
    assert "*Mug*  ·  0 points  ·  as many as are wanted  ·  archived" in words(office.form)
    assert len(await office.world.told("reward.archived")) == 1
    assert "*Mug*" not in await shop.looks(BOB)
    await office.presses(ADA, office.form, "Put back")

    assert "*Mug*  ·  0 points  ·  as many as are wanted  ·  in the catalog" in words(office.form)
    assert "*Mug*" in await shop.looks(BOB)


async def test_the_list_goes_page_by_page_and_stays_where_it_was(office: Office, shop: Shop):
    for number in range(12):
        await shop.offers(f"Book {number:02}", number)
    shelf = await opened(office, shop)
    assert words(shelf).count("*Book") == 10

    await office.presses(ADA, shelf, "More")
    assert [number for number in range(12) if f"*Book {number:02}*" in words(office.form)] == [10, 11]
    await office.presses(ADA, office.form, "Edit", about="Book 11")
    await office.submits(ADA, office.form, name="Book 11, signed")

    assert [name in beneath(office) for name in ("*Book 10*", "*Book 11, signed*", "*Book 00*")] == [True, True, False]
    await office.presses(ADA, office.slack.views[-2], "Cheaper")
    assert "*Book 00*" in words(office.slack.views[-2])


async def test_whoever_is_no_admin_any_more_changes_no_reward(office: Office, shop: Shop):
    await shop.offers("Mug", 0)
    shelf = await opened(office, shop)
    await office.presses(ADA, shelf, "Edit")
    form = office.form
    await office.world.database.submit(organization.SetMemberRole(office.world.house, office.world.admin.key, Role.MEMBER))
    await office.settle()
    before = await office.record()

    for name in ("Archive", "Edit", "Add a reward"):
        await office.presses(ADA, shelf, name)
        assert ONLY_ADMINS in words(office.form)
    answer = await office.submits(ADA, form, price=1)

    assert ONLY_ADMINS in words(answer["view"])
    assert await office.record() == before
