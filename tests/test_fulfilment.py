"""Fulfilment: orders are handed to their providers until they are delivered, once each, whatever fails on the way."""

import asyncio
from datetime import timedelta

import pytest

from app import audit, reward
from app.reward import Declined, Order, Outcome, UnderWay, Verb
from app.reward import clerk as clerks
from tests.gift_company import Company, clerk_of_the_company, order_of, ordered, pretended_company  # noqa: F401 (fixtures)
from tests.shop import Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import World


async def test_what_is_done_by_hand_waits_for_an_admin(world: World, shop: Shop):
    mug = await ordered(shop)

    assert await shop.goes_round() == 1

    order = await order_of(shop, mug)
    assert (order.next_at, order.claimed_until, order.tries, order.trouble) == (None, None, 0, "")
    world.passes(days=300)
    assert await shop.goes_round() == 0, "it is asked once"
    assert (await shop.status(mug), await shop.held(), await shop.letters()) == ("TO_FULFIL", (10, 0), [])

    await shop.decides(world.admin, Verb.FULFIL, mug)
    await shop.goes_round()
    assert await shop.orders() == {}


async def test_what_waits_for_approval_is_no_order(world: World, shop: Shop):
    yes, no, never = [await ordered(shop, approval=True) for _ in range(3)]
    await shop.goes_round()
    assert await shop.orders() == {}

    await shop.decides(world.admin, Verb.APPROVE, yes)
    await shop.decides(world.admin, Verb.REJECT, no, "No")
    await shop.decides(world.ann, Verb.CANCEL, never)
    await shop.goes_round()

    assert set(await shop.orders()) == {yes}
    await shop.decides(world.admin, Verb.REJECT, yes, "After all, no")
    await shop.goes_round()
    assert await shop.orders() == {}


async def test_read_at_once_or_one_by_one_the_orders_are_the_same(world: World, shop: Shop):
    """Asked for and settled in the same reading leaves nothing; a reader that begins anew changes nothing."""
    done, waiting = await ordered(shop), await ordered(shop)
    await shop.decides(world.admin, Verb.FULFIL, done)
    await shop.reads_the_feed()
    assert set(await shop.orders()) == {waiting}
    before = await shop.orders()

    async with world.database.bookkeeping() as connection:
        await connection.exec_driver_sql("UPDATE feed_cursor SET sequence = 0 WHERE reader = 'fulfilment'")
    while await audit.feed.advance(world.database, shop.reader, world.organization_id, events_max=1):
        pass

    assert await shop.orders() == before


async def test_a_third_provider_needs_one_method(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    seen: list[Order] = []

    async def looks(order: Order) -> Outcome:
        seen.append(order)
        return await company.sends(order)

    company.script = [looks]
    card = await ordered(shop)

    await shop.goes_round(clerk)

    (order,) = seen
    row = await shop.redemption(card)
    assert (order.organization_id, order.id, order.reward_id) == (world.organization_id, card, row.reward_id)
    assert (order.member_id, order.reward_name) == (world.ann.key, "Mug")
    assert (order.price_points, order.minor_units, order.currency_code) == (10, 10, "USD")
    assert (row.status.value, row.reference, row.accepted_at, row.fulfilled_at) == ("FULFILLED", "card 1", world.now, world.now)
    assert await shop.statement("2026-03") == [("FULFILMENT", 10, 10, "USD")]
    assert (await shop.held(), await shop.orders()) == ((0, 10), {})
    assert len(await world.told("redemption.accepted")) == len(await world.told("redemption.fulfilled")) == 1


async def test_it_fails_and_is_asked_again_later_and_later(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    company.script = [ConnectionError("the line is dead\nand more"), ValueError("500"), OSError("no route")]
    card = await ordered(shop)

    await shop.goes_round(clerk)
    order = await order_of(shop, card)
    assert (order.tries, order.trouble, order.claimed_until) == (1, "ConnectionError: the line is dead", None)
    assert order.next_at == world.now + timedelta(seconds=5)
    assert await shop.goes_round(clerk) == 0
    world.passes(seconds=4.999)
    assert await shop.goes_round(clerk) == 0
    world.passes(seconds=0.001)
    assert await shop.goes_round(clerk) == 1
    order = await order_of(shop, card)
    assert (order.tries, order.trouble, order.next_at) == (2, "ValueError: 500", world.now + timedelta(seconds=10))
    world.passes(seconds=10)
    await shop.goes_round(clerk)
    assert (await order_of(shop, card)).next_at == world.now + timedelta(seconds=20)
    assert await shop.letters() == []
    world.passes(seconds=20)
    await shop.goes_round(clerk)

    assert (company.asked, company.done) == ([card] * 4, {card: "card 1"})
    assert (await shop.status(card), await shop.orders()) == ("FULFILLED", {})


async def test_after_so_many_tries_it_is_given_up_and_an_admin_has_it_tried_again(
    world: World, shop: Shop, company: Company, clerk: reward.Clerk
):
    company.script = [TimeoutError()] * clerks.TRIES_MAX
    card = await ordered(shop)
    pauses = []
    for number in range(1, clerks.TRIES_MAX + 1):
        assert await shop.goes_round(clerk) == 1
        order = await order_of(shop, card)
        assert (order.tries, order.trouble) == (number, "TimeoutError")
        if order.next_at is not None:
            pauses.append((order.next_at - world.now).total_seconds())
            world.now = order.next_at

    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560] + [3600] * 9
    assert sum(pauses) > 10 * 3600
    assert order.next_at is None
    (letter,) = await shop.letters()
    assert (letter.subject, letter.error, letter.tries, letter.sequence) == (str(card), "TimeoutError", 20, order.sequence)
    world.passes(days=3)
    assert await shop.goes_round(clerk) == 0

    assert await audit.feed.replay(world.database, shop.reader, world.organization_id, letter.id)

    order = await order_of(shop, card)
    assert (order.next_at, order.tries) == (world.now, 0)
    assert await shop.letters() == []
    await shop.goes_round(clerk)
    assert await shop.status(card) == "FULFILLED"
    assert not await audit.feed.replay(world.database, shop.reader, world.organization_id, letter.id)


async def test_it_hangs_and_is_asked_again(
    world: World, shop: Shop, company: Company, clerk: reward.Clerk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(clerks, "DELIVER_SECONDS_MAX", 0.2)

    async def hangs(order: Order) -> Outcome:
        await company.sends(order)
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits so long")

    company.script = [hangs]
    card, other = await ordered(shop), await ordered(shop, world.bob)

    async with asyncio.timeout(20):
        await shop.goes_round(clerk)

    assert (await order_of(shop, card)).trouble == "TimeoutError"
    assert await shop.status(other) == "FULFILLED", "nobody else waits for it"
    world.passes(seconds=5)
    await shop.goes_round(clerk)
    assert await shop.status(card) == "FULFILLED"
    assert len(company.done) == 2


async def test_it_needs_time_and_is_asked_until_it_is_done(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    company.script = [UnderWay("parcel 7", seconds=60), UnderWay("parcel 7"), UnderWay("parcel 8")]
    card = await ordered(shop)

    await shop.goes_round(clerk)
    row, order = await shop.redemption(card), await order_of(shop, card)
    accepted_at = world.now
    assert (row.status.value, row.accepted_at, row.reference) == ("TO_FULFIL", accepted_at, "parcel 7")
    assert (order.next_at, order.tries, order.trouble) == (world.now + timedelta(seconds=60), 0, "")
    assert await shop.refuses(shop.deciding(world.admin, Verb.REJECT, card, "Too slow")) == ("INVALID_STATE", ("id",))
    assert await shop.refuses(shop.deciding(world.admin, Verb.FULFIL, card)) == ("INVALID_STATE", ("id",))

    world.passes(seconds=60)
    await shop.goes_round(clerk)
    assert (await order_of(shop, card)).next_at == world.now + timedelta(seconds=300)
    assert len(await world.told("redemption.accepted")) == 1, "saying it again changes nothing"
    world.passes(seconds=300)
    await shop.goes_round(clerk)
    assert [one["reference"] for one in await world.told("redemption.accepted")] == ["parcel 7", "parcel 8"]
    world.passes(seconds=300)
    await shop.goes_round(clerk)

    row = await shop.redemption(card)
    assert (row.status.value, row.accepted_at, row.reference) == ("FULFILLED", accepted_at, "card 1")


async def test_an_answer_that_got_lost_is_had_by_asking_again(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    async def loses_the_answer(order: Order) -> Outcome:
        await company.sends(order)
        raise ConnectionResetError("in the middle of the answer")

    company.script = [loses_the_answer]
    card = await ordered(shop)

    await shop.goes_round(clerk)
    assert (await shop.status(card), company.done) == ("TO_FULFIL", {card: "card 1"})
    assert await shop.refuses(shop.deciding(world.admin, Verb.REJECT, card, "It failed")) == ("INVALID_STATE", ("id",))
    world.passes(seconds=5)
    await shop.goes_round(clerk)

    assert ((await shop.redemption(card)).reference, company.done) == ("card 1", {card: "card 1"})
    assert await shop.statement("2026-03") == [("FULFILMENT", 10, 10, "USD")]


async def test_it_declines_and_an_admin_rejects_it(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    async def accepts_and_declines(order: Order) -> Outcome:
        await order.accept()
        return Declined("This card is not sold any more.")

    company.script = [accepts_and_declines]
    card = await ordered(shop)

    await shop.goes_round(clerk)

    order, row = await order_of(shop, card), await shop.redemption(card)
    assert (order.trouble, order.next_at, order.claimed_until) == ("This card is not sold any more.", None, None)
    assert (row.status.value, row.accepted_at, row.reference) == ("TO_FULFIL", None, None)
    assert [letter.error for letter in await shop.letters()] == ["This card is not sold any more."]
    assert len(await world.told("redemption.declined")) == 1

    await shop.decides(world.admin, Verb.REJECT, card, "Not sold any more")
    await shop.reads_the_feed()

    assert (await shop.orders(), await shop.letters()) == ({}, [])
    assert (await shop.wallet(world.ann), await shop.held()) == (10, (0, 0))


async def test_declined_at_once_says_nothing_in_the_trail(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    company.script = [Declined("No.")]
    await ordered(shop)

    await shop.goes_round(clerk)

    assert await world.told("redemption.declined") == []
    assert [letter.error for letter in await shop.letters()] == ["No."]
