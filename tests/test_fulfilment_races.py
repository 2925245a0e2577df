"""Fulfilment and everyone else at once: admins reject, processes die, clerks meet, and every order is done once or not at all."""

import asyncio
import logging
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from app import audit, reward
from app.core.errors import Code, Refusal
from app.db import Database
from app.reward import Declined, Order, Outcome, Provider, UnderWay, Verb
from app.reward import clerk as clerks
from tests.gift_company import Company, clerk_of_the_company, order_of, ordered, pretended_company  # noqa: F401 (fixtures)
from tests.shop import Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import World


async def test_whoever_was_rejected_before_it_was_accepted_gets_nothing(
    world: World, shop: Shop, company: Company, clerk: reward.Clerk
):
    async def is_overtaken(order: Order) -> Outcome:
        await shop.decides(world.admin, Verb.REJECT, order.id, "A moment before")
        return await company.sends(order)

    company.script = [is_overtaken]
    card = await ordered(shop)

    await shop.reads_the_feed()
    await clerk.round([world.organization_id])
    order = await order_of(shop, card)
    assert (order.next_at, order.tries, order.trouble) == (None, 0, ""), "that is no failure"
    await shop.reads_the_feed()

    assert company.done == {}
    assert (await shop.status(card), await shop.wallet(world.ann), await shop.held()) == ("REJECTED", 10, (0, 0))
    assert (await shop.orders(), await shop.letters()) == ({}, [])


async def test_accepting_and_rejecting_race_and_one_wins(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    cards = [await ordered(shop, somebody) for somebody in (world.ann, world.bob, world.cem, world.dee) for _ in range(3)]
    await shop.reads_the_feed()

    async def rejects(redemption_id: UUID, pause: float) -> bool:
        await asyncio.sleep(pause)
        try:
            await world.database.submit(shop.deciding(world.admin, Verb.REJECT, redemption_id, "Perhaps"))
        except Refusal as refusal:
            return refusal.code is not Code.INVALID_STATE
        return True

    rejected = asyncio.gather(*[rejects(card, 0.002 * at) for at, card in enumerate(cards)])
    await clerk.round([world.organization_id])
    won = dict(zip(cards, await rejected, strict=True))
    await shop.reads_the_feed()

    for card in cards:
        assert await shop.status(card) == ("REJECTED" if won[card] else "FULFILLED")
        assert (card in company.done) is not won[card]
    assert await shop.orders() == {}
    assert await shop.held() == (0, 10 * len(company.done))


async def test_who_died_after_it_was_done_is_followed_by_another(world: World, shop: Shop, company: Company):
    """A process ends between the provider's answer and writing it down: another one asks again, and it was done once."""

    class Killed(BaseException):
        pass

    async def is_killed(order: Order) -> Outcome:
        await company.sends(order)
        raise Killed

    company.script = [is_killed]
    card = await ordered(shop)
    with pytest.raises(Killed):
        await shop.goes_round(shop.clerk(MANUAL=company))
    assert (await order_of(shop, card)).claimed_until == world.now + timedelta(seconds=120)
    assert await shop.status(card) == "TO_FULFIL"

    another = shop.clerk(MANUAL=company)
    world.passes(seconds=119)
    assert await shop.goes_round(another) == 0
    world.passes(seconds=1)
    assert await shop.goes_round(another) == 1

    assert ((await shop.status(card)), company.asked, len(company.done)) == ("FULFILLED", [card] * 2, 1)
    assert await shop.statement("2026-03") == [("FULFILMENT", 10, 10, "USD")]


async def test_two_clerks_ask_for_every_order_once(world: World, shop: Shop, company: Company):
    cards = [await ordered(shop) for _ in range(12)]
    await shop.reads_the_feed()
    second = Database(world.database.url, audit.AuditChain(), clock=world.database.clock)
    await second.open()
    other = reward.Clerk(second, {Provider.MANUAL: company})

    await asyncio.gather(*[one.round([world.organization_id]) for one in (shop.clerk(MANUAL=company), other) for _ in range(3)])
    await second.close()

    assert Counter(company.asked) == dict.fromkeys(cards, 1)
    assert await shop.held() == (0, 120)


async def test_a_provider_that_is_not_there_gives_nothing_back(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    """A process of another version, or without the provider's key, took the order up: what was accepted stays accepted."""
    company.script = [UnderWay("parcel 7", seconds=60)]
    card = await ordered(shop)
    await shop.goes_round(clerk)
    world.passes(seconds=60)

    await reward.Clerk(world.database, {}).round([world.organization_id])

    order = await order_of(shop, card)
    assert (order.trouble, order.tries) == ("This version has no provider MANUAL.", 1)
    assert await shop.refuses(shop.deciding(world.admin, Verb.REJECT, card, "No")) == ("INVALID_STATE", ("id",))
    world.passes(seconds=5)
    await shop.goes_round(clerk)
    assert await shop.status(card) == "FULFILLED"


async def test_trouble_is_one_line_without_peoples_words(world: World, shop: Shop, company: Company, clerk: reward.Clerk):
    company.script = [RuntimeError("x" * 10_000 + "\nsecond line")]
    card = await ordered(shop)

    await shop.goes_round(clerk)

    trouble = (await order_of(shop, card)).trouble
    assert (len(trouble), "\n" in trouble) == (audit.letters.ERROR_CHARS_MAX, False)


async def test_an_order_given_up_after_it_was_rejected_leaves_no_letter(
    world: World, shop: Shop, company: Company, clerk: reward.Clerk, monkeypatch: pytest.MonkeyPatch
):
    """While the provider failed for the last time an admin rejected it, and the feed has told so: there is nothing to give up."""
    monkeypatch.setattr(clerks, "TRIES_MAX", 1)

    async def is_overtaken(order: Order) -> Outcome:
        await shop.decides(world.admin, Verb.REJECT, order.id, "A moment before")
        await shop.reads_the_feed()
        raise ConnectionError("gone")

    company.script = [is_overtaken]
    await ordered(shop)

    await shop.goes_round(clerk)

    assert (await shop.orders(), await shop.letters()) == ({}, [])


async def test_a_settled_order_is_not_asked_for(
    world: World, shop: Shop, company: Company, clerk: reward.Clerk, caplog: pytest.LogCaptureFixture
):
    """Rejected, and the feed has not told of it yet: it is the race of every rejection, and no bug."""
    company.script = [Declined("Never heard of it.")]
    card = await ordered(shop)
    await shop.reads_the_feed()
    await shop.decides(world.admin, Verb.REJECT, card, "No")

    with caplog.at_level(logging.ERROR):
        await clerk.round([world.organization_id])

    assert (company.asked, caplog.records) == ([], [])


async def test_a_provider_that_declines_what_was_rejected_meanwhile_troubles_nobody(
    world: World, shop: Shop, company: Company, clerk: reward.Clerk, caplog: pytest.LogCaptureFixture
):
    async def is_overtaken(order: Order) -> Outcome:
        await shop.decides(world.admin, Verb.REJECT, order.id, "A moment before")
        return Declined("No such card.")

    company.script = [is_overtaken]
    await ordered(shop)

    with caplog.at_level(logging.ERROR):
        await shop.goes_round(clerk)

    assert (await shop.orders(), await shop.letters(), caplog.records) == ({}, [], [])


async def test_an_event_that_could_not_be_read_is_planned_when_it_is_replayed(world: World, shop: Shop):
    """The reader failed on it to the end; an admin replays the letter, and the order is there."""
    card = await ordered(shop)
    last = max(event.sequence for event in await world.rows(audit.AuditEvent))
    async with world.database.bookkeeping() as connection:  # As the feed does it after its last try.
        await connection.exec_driver_sql("DELETE FROM feed_cursor")
    await audit.feed.place(world.database, shop.reader.name, world.organization_id, at_head=True)
    async with world.database.bookkeeping() as connection:
        letter = await audit.letters.bury(connection, world.organization_id, shop.reader.name, last, "", "Disk", 5, world.now)

    assert await audit.feed.replay(world.database, shop.reader, world.organization_id, letter)

    assert set(await shop.orders()) == {card}
