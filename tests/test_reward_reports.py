"""Reports about rewards: what people hold and how old it is, how far rewards are away, and what is to be delivered."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from app import organization, reward
from app.db import Slice
from app.organization import ParticipationMode
from app.reward import Verb
from app.reward.reports import Liability, Owed
from tests.shop import Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import NOON, World


async def liability(world: World) -> Liability:
    async with world.database.read() as connection:
        return await reward.reports.liability(connection, world.organization_id, world.now)


async def owed(world: World) -> list[int]:
    """Points by age: under 30 days, 90, 180, 365, and older. They are all that people hold."""
    found = await liability(world)
    assert sum(one.points for one in found.by_age) == found.wallets + found.escrow
    return [one.points for one in found.by_age]


async def weeks(world: World, *prices: int) -> dict[int, float | None]:
    async with world.database.read() as connection:
        return await reward.reports.weeks_to_reach(connection, world.organization_id, prices, world.now)


async def test_nothing_is_owed_where_nobody_has_anything(world: World):
    assert await liability(world) == Liability(
        0, 0, [Owed(0, 30, 0), Owed(30, 90, 0), Owed(90, 180, 0), Owed(180, 365, 0), Owed(365, None, 0)]
    )
    assert (await world.ann.allowance())["remaining"] == 100, "allowances are none"


async def test_what_is_owed_is_as_old_as_its_receipt_and_the_oldest_is_spent_first(world: World, shop: Shop):
    mug = await shop.sells(price=50, approval=True)
    for days in (0, 200, 300, 360, 400):
        world.now = NOON + timedelta(days=days)
        await shop.earns(30, world.ann)
    assert await owed(world) == [30, 30, 30, 30, 30]

    first = await shop.redeems(world.ann, mug)
    assert (await liability(world))[:2] == (100, 50)
    assert await owed(world) == [30, 30, 30, 30, 30], "what is held is owed still"
    await shop.decides(world.admin, Verb.APPROVE, first)
    await shop.decides(world.admin, Verb.FULFIL, first)
    assert await owed(world) == [30, 30, 30, 10, 0]

    await shop.decides(world.admin, Verb.REFUND, first, "Broken")
    assert await owed(world) == [30, 30, 30, 30, 30], "what comes back is as old as it was"

    await shop.earns(-40, world.ann)
    assert await owed(world) == [30, 30, 30, 20, 0]
    world.passes(days=30)
    assert await owed(world) == [0, 60, 30, 20, 0]


async def test_what_was_undone_was_never_received(world: World, shop: Shop):
    given = (await world.ann.gives(to=[world.bob], points=20)).payload["recognition"]["id"]
    world.passes(days=1)
    await world.bob.gives(to=[world.ann], points=5)
    assert await owed(world) == [25, 0, 0, 0, 0]

    assert (await world.admin.revokes(given)).user_errors == []

    assert await owed(world) == [5, 0, 0, 0, 0]


async def test_how_far_a_reward_is_away(world: World, shop: Shop):
    """Seven may receive; of the weeks that each needs, the one in the middle is told."""
    people = [world.ann, world.bob, world.cem, world.dee, world.owner, world.admin, world.auditor]
    world.passes(weeks=12)
    assert await weeks(world, 0, 10) == {0: 0.0, 10: None}

    for at, points in enumerate((60, 12, 60, 48, 24, 60, 36)):
        assert (await people[at - 1].gives(to=[people[at]], points=points)).user_errors == []

    assert await weeks(world, 100, 8) == {100: 25.0, 8: 2.0}, "4 points a week are in the middle of 1, 2, 3, 4, 5, 5 and 5"
    world.passes(weeks=12)
    assert await weeks(world, 100) == {100: None}, "and nothing since"


async def test_whoever_may_not_receive_is_not_asked(world: World, shop: Shop):
    for somebody in (world.bob, world.cem, world.dee, world.owner, world.admin, world.auditor):
        mode = organization.SetParticipationMode(world.house, somebody.key, ParticipationMode.GIVER)
        await world.database.submit(mode)
    assert (await world.bob.gives(to=[world.ann], points=10)).user_errors == []

    assert await weeks(world, 100) == {100: 10.0}, "ten points in her first week"
    await shop.earns(90, world.ann)
    assert await weeks(world, 100) == {100: 10.0}, "an adjustment is no receiving"


async def orders(world: World, *, waiting_only: bool = False) -> list[Any]:
    async with world.database.read() as connection:
        statement = reward.reports.orders(world.organization_id, waiting_only=waiting_only)
        return list((await reward.reports.orders_page(connection, statement, Slice(100))).rows)


def ids(rows: Iterable[Any]) -> list[UUID]:
    return [row.id for row in rows]


async def test_what_is_to_be_delivered_and_what_was(world: World, shop: Shop):
    mug = await shop.sells(price=0, approval=True)
    pending, rejected, waiting, done, refunded = [await shop.redeems(world.ann, mug) for _ in range(5)]
    await shop.decides(world.admin, Verb.REJECT, rejected, "No")
    for one in (waiting, done, refunded):
        await shop.decides(world.admin, Verb.APPROVE, one)
    for one in (done, refunded):
        await shop.decides(world.admin, Verb.FULFIL, one)
    await shop.decides(world.admin, Verb.REFUND, refunded, "Broken")

    assert ids(await orders(world)) == [waiting, done, refunded]
    assert ids(await orders(world, waiting_only=True)) == [waiting]
    assert pending not in ids(await orders(world))
    await shop.reads_the_feed()
    assert [(row.tries, row.trouble) for row in await orders(world, waiting_only=True)] == [(0, "")]


async def test_what_is_held_of_each(world: World, shop: Shop):
    mug = await shop.sells(price=10, approval=True)
    await shop.earns(50, world.ann, world.bob)
    first, second = [await shop.redeems(world.ann, mug) for _ in range(2)]
    await shop.decides(world.admin, Verb.APPROVE, second)
    third = await shop.redeems(world.ann, mug)
    await shop.decides(world.ann, Verb.CANCEL, third)

    async with world.database.read() as connection:
        held = await reward.reads.pending(connection, world.organization_id, [world.ann.key, world.bob.key])

    assert held == {world.ann.key: 20, world.bob.key: 0}
    assert await shop.status(first) == "PENDING_APPROVAL"
