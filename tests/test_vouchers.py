"""Vouchers: every code is handed out exactly once, in order, and nobody but its owner ever reads it."""

import asyncio
import base64
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app import audit, reward, worker
from app.core.actor import Role
from app.core.errors import Code, Misconfigured, Refusal
from app.core.settings import load
from app.db import Database, Slice
from app.db.database import sqlite_path
from app.reward import Order, Verb, VoucherCode, VoucherPool, Vouchers
from app.reward.vouchers import HandOut
from tests.shop import SECRET, Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import Somebody, World


def codes(number: int) -> list[str]:
    """Such as SESAME-0001."""
    return [f"SESAME-{at:04}" for at in range(1, number + 1)]


async def rich(shop: Shop) -> list[Somebody]:
    """Four people with points for ten cards each."""
    people = [shop.world.ann, shop.world.bob, shop.world.cem, shop.world.dee]
    await shop.earns(100, *people)
    return people


async def pool_of(world: World, reward_id: UUID) -> tuple[int, int]:
    """How many codes were put in, and handed out."""
    (pool,) = [row for row in await world.rows(VoucherPool) if row.reward_id == reward_id]
    return pool.added, pool.handed


async def promised_beyond_the_pool(shop: Shop, who: Somebody) -> tuple[UUID, UUID]:
    """A reward and a redemption without a code for it: only somebody with the database's password brings that about."""
    card = await shop.sells_vouchers()
    await shop.earns(10, who)
    async with shop.world.database.bookkeeping() as connection:
        await connection.exec_driver_sql("UPDATE reward SET stock = 1")
    return card, await shop.redeems(who, card)


async def test_each_code_is_handed_out_once_in_its_order(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(3))
    people = await rich(shop)
    had = []

    for somebody in people[:3]:
        redemption_id = await shop.redeems(somebody, card)
        await shop.goes_round()
        assert await shop.status(redemption_id) == "FULFILLED"
        had.append(await shop.code(somebody, redemption_id))

    assert had == codes(3)
    assert await shop.refuses(shop.redeeming(people[3], card)) == ("OUT_OF_STOCK", ("rewardId",))
    assert (await shop.stock(card), await pool_of(world, card)) == (0, (3, 3))
    assert [one["voucher"] for one in await world.told("redemption.fulfilled")] == [1, 2, 3]
    assert await shop.orders() == {}
    assert await shop.statement("2026-03") == [("FULFILMENT", 10, 10, "USD")] * 3


async def test_only_its_owner_reads_it(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(2))
    people = await rich(shop)
    hers, his = [await shop.redeems(somebody, card) for somebody in people[:2]]
    assert await shop.code(world.ann, hers) is None, "it was not delivered yet"
    await shop.goes_round()

    assert await shop.code(world.ann, hers) is not None
    for somebody in (world.bob, world.cem, world.admin, world.auditor, world.owner):
        assert await shop.code(somebody, hers) is None
    async with world.database.read() as connection:
        for role in Role:
            curious = replace(world.bob.actor, role=role)
            assert set(await shop.vouchers.codes(connection, curious, [hers, his])) == {his}
        assert await shop.vouchers.codes(connection, world.house, [hers, his]) == {}
        stranger = replace(world.ann.actor, organization_id=UUID(int=7))
        assert await shop.vouchers.codes(connection, stranger, [hers, his]) == {}


async def test_no_code_stands_in_the_database_to_be_read(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(3))
    await rich(shop)
    redemption_id = await shop.redeems(world.ann, card)
    await shop.goes_round()
    assert await shop.code(world.ann, redemption_id) == "SESAME-0001"

    everything = repr(await world.snapshot()).encode()
    if world.database.is_sqlite:
        file = Path(sqlite_path(world.database.url))
        everything += b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))

    assert world.organization_id.bytes in everything or str(world.organization_id).encode() in everything, "we look at the rows"
    for code in codes(3):
        digest = audit.sha256(code.encode())
        for form in (code.encode(), code.encode().hex().encode(), base64.b64encode(code.encode()), digest.hex().encode()):
            assert form not in everything
        assert digest not in everything
        assert repr(digest).encode()[2:-1] not in everything, "a digest without a key is guessed"


async def test_equal_codes_are_sealed_differently(shop: Shop):
    one, other = shop.vouchers.close("SESAME"), shop.vouchers.close("SESAME")

    assert one.mark == other.mark
    assert one.sealed != other.sealed
    assert shop.vouchers.close("SESAMe").mark != one.mark
    assert Vouchers(shop.world.database, "another secret key").close("SESAME").mark != one.mark


async def test_another_secret_key_reads_nothing_and_says_so(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(1))
    await rich(shop)
    redemption_id = await shop.redeems(world.ann, card)
    await shop.goes_round()

    async with world.database.read() as connection:
        with pytest.raises(Misconfigured, match=r"^PLAUDIT_SECRET_KEY: "):
            await Vouchers(world.database, SECRET + "!").codes(connection, world.ann.actor, [redemption_id])
    with pytest.raises(Misconfigured, match=r"^PLAUDIT_SECRET_KEY: "):
        Vouchers(world.database, "")


async def test_a_code_that_is_there_already_is_left_out(world: World, shop: Shop):
    card = await shop.sells_vouchers("A-1", "A-2")

    assert await shop.adds_codes(card, "A-2", "A-3", "A-3", "  A-1\t", "a-1") == [False, True, False, False, True]

    assert (await shop.stock(card), await pool_of(world, card)) == (4, (4, 0))
    (_, told) = await world.told("reward.codes_added")
    assert told == {"added": 2, "stock": 4}
    before = await world.snapshot()
    assert await shop.adds_codes(card, "A-1", "A-2", "A-3") == [False] * 3
    assert await shop.adds_codes(card) == []
    assert await world.snapshot() == before


async def test_a_code_that_was_handed_out_is_known_for_ever(world: World, shop: Shop):
    card = await shop.sells_vouchers("A-1")
    await rich(shop)
    await shop.redeems(world.ann, card)
    await shop.goes_round()

    assert await shop.adds_codes(card, "A-1") == [False]
    assert await shop.stock(card) == 0


async def test_the_same_upload_at_once_goes_in_once(world: World, shop: Shop):
    card = await shop.sells_vouchers()

    answers = await asyncio.gather(*[shop.adds_codes(card, *codes(20)) for _ in range(4)])

    assert sorted(sum(answer) for answer in answers) == [0, 0, 0, 20]
    assert (await shop.stock(card), await pool_of(world, card)) == (20, (20, 0))
    assert sorted(row.number for row in await world.rows(VoucherCode)) == list(range(1, 21))


async def test_another_reward_has_codes_of_its_own(world: World, shop: Shop):
    one, other = await shop.sells_vouchers("A-1"), await shop.sells_vouchers("A-1", name="Other card")

    assert await shop.stock(one) == await shop.stock(other) == 1


async def test_what_cannot_be_a_code_is_refused(world: World, shop: Shop):
    for text in ("", "   ", "x" * 501, "a\0b"):
        with pytest.raises(Refusal) as refused:
            shop.vouchers.close(text)
        assert (refused.value.code, refused.value.field) == (Code.INVALID_INPUT, ("code",))
    mug = await shop.sells()
    act = reward.AddCodes(world.admin.actor, mug, (shop.vouchers.close("A-1"),))
    assert await shop.refuses(act) == ("INVALID_INPUT", ("reward",))
    act = reward.AddCodes(world.admin.actor, UUID(int=7), (shop.vouchers.close("A-1"),))
    assert await shop.refuses(act) == ("NOT_FOUND", ("reward",))


async def test_the_stock_is_the_number_of_codes(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(2))
    kind, provider = reward.RewardKind.GIFT_CARD, reward.Provider.VOUCHER

    made = reward.CreateReward(world.admin.actor, "Card", kind, 10, stock=5, provider=provider)
    assert await shop.refuses(made) == ("INVALID_INPUT", ("stock",))
    for stock in (5, 0, None):
        assert await shop.refuses(reward.UpdateReward(world.admin.actor, card, stock=stock)) == ("INVALID_INPUT", ("stock",))


async def test_whoever_was_promised_one_has_it(world: World, shop: Shop):
    """The last code is gone when it is promised, not when it is handed out."""
    card = await shop.sells_vouchers(*codes(1), approval=True)
    await rich(shop)
    waiting = await shop.redeems(world.ann, card)

    assert await shop.refuses(shop.redeeming(world.bob, card)) == ("OUT_OF_STOCK", ("rewardId",))

    await shop.decides(world.admin, Verb.REJECT, waiting, "Not you")
    his = await shop.redeems(world.bob, card)
    await shop.decides(world.admin, Verb.APPROVE, his)
    await shop.goes_round()
    assert await shop.code(world.bob, his) == "SESAME-0001"
    assert await shop.code(world.ann, waiting) is None


async def test_a_code_that_was_seen_never_comes_back(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(2))
    await rich(shop)
    redemption_id = await shop.redeems(world.ann, card)
    await shop.goes_round()

    act = shop.deciding(world.admin, Verb.REFUND, redemption_id, "It was empty", restock=True)
    assert await shop.refuses(act) == ("INVALID_INPUT", ("restock",))
    await shop.decides(world.admin, Verb.REFUND, redemption_id, "It was empty")

    assert (await shop.stock(card), await pool_of(world, card), await shop.wallet(world.ann)) == (1, (2, 1), 100)
    again = await shop.redeems(world.bob, card)
    await shop.goes_round()
    assert await shop.code(world.bob, again) == "SESAME-0002"


async def test_nobody_calls_it_delivered_by_hand(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(1))
    await rich(shop)
    redemption_id = await shop.redeems(world.ann, card)

    assert await shop.refuses(shop.deciding(world.admin, Verb.FULFIL, redemption_id)) == ("INVALID_STATE", ("id",))


async def test_an_empty_pool_is_told_to_an_admin_who_fills_it(world: World, shop: Shop):
    card, redemption_id = await promised_beyond_the_pool(shop, world.ann)
    said = "There is no code left in the pool. Upload more, and have it tried again."

    await shop.goes_round()

    order = (await shop.orders())[redemption_id]
    assert (order.trouble, order.next_at, order.claimed_until, order.tries) == (said, None, None, 1)
    async with world.database.read() as connection:
        page = await reward.reports.orders_page(
            connection, reward.reports.orders(world.organization_id, waiting_only=True), Slice(10)
        )
    assert [(row.id, row.trouble) for row in page.rows] == [(redemption_id, said)]
    (letter,) = await shop.letters()
    assert (letter.subject, letter.error, letter.tries) == (str(redemption_id), said, 1)
    assert await shop.status(redemption_id) == "TO_FULFIL"
    world.passes(days=1)
    assert await shop.goes_round() == 0, "nobody asks until an admin says so"

    await shop.adds_codes(card, "SESAME")
    async with world.database.bookkeeping() as connection:
        assert await reward.try_again(connection, world.organization_id, redemption_id, world.now)
        assert not await reward.try_again(connection, world.organization_id, UUID(int=7), world.now)
    assert await shop.letters() == []
    assert await shop.goes_round() == 1

    assert await shop.code(world.ann, redemption_id) == "SESAME"
    assert (await shop.orders(), await shop.letters()) == ({}, [])


async def test_it_is_replayed_from_the_feed_as_well(world: World, shop: Shop):
    card, redemption_id = await promised_beyond_the_pool(shop, world.ann)
    await shop.goes_round()
    (letter,) = await shop.letters()
    await shop.adds_codes(card, "SESAME")

    assert await audit.feed.replay(world.database, shop.reader, world.organization_id, letter.id)

    await shop.goes_round()
    assert await shop.code(world.ann, redemption_id) == "SESAME"


async def test_rejecting_an_order_in_trouble_ends_the_trouble(world: World, shop: Shop):
    _, redemption_id = await promised_beyond_the_pool(shop, world.ann)
    await shop.goes_round()
    assert len(await shop.letters()) == 1

    await shop.decides(world.admin, Verb.REJECT, redemption_id, "There is none")
    await shop.reads_the_feed()

    assert (await shop.orders(), await shop.letters()) == ({}, [])
    assert (await shop.wallet(world.ann), await shop.held()) == (10, (0, 0))


async def nothing() -> None:
    return None


def order(shop: Shop, redemption_id: UUID, who: Somebody, card: UUID) -> Order:
    return Order(shop.world.organization_id, redemption_id, card, who.key, "Gift card", 10, 10, "USD", nothing)


async def test_who_died_after_handing_out_is_followed_by_another_who_hands_out_nothing(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(2))
    await rich(shop)
    redemption_id = await shop.redeems(world.ann, card)
    await shop.reads_the_feed()
    assert isinstance(await shop.vouchers.deliver(order(shop, redemption_id, world.ann, card)), reward.Delivered)
    handed = await world.rows(VoucherCode)

    assert await shop.clerk().round([world.organization_id]) == 1

    assert await world.rows(VoucherCode) == handed
    assert len(await world.told("redemption.fulfilled")) == 1
    assert await shop.code(world.ann, redemption_id) == "SESAME-0001"
    await shop.reads_the_feed()
    assert await shop.orders() == {}


async def test_handing_out_and_rejecting_at_once(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(8))
    people = await rich(shop)
    redemptions = [await shop.redeems(people[at % 4], card) for at in range(8)]
    acts: list[Any] = []
    for at, redemption_id in enumerate(redemptions):
        both = [HandOut(shop.house, redemption_id), shop.deciding(world.admin, Verb.REJECT, redemption_id, "No")]
        acts += both if at % 2 else reversed(both)

    answers = await asyncio.gather(*[world.database.submit(act) for act in acts], return_exceptions=True)

    assert Counter(getattr(answer, "code", "done") for answer in answers) == {"done": 8, "INVALID_STATE": 8}
    assert [await shop.status(one) for one in redemptions] == ["REJECTED", "FULFILLED"] * 4
    assert (await shop.stock(card), await pool_of(world, card), await shop.held()) == (4, (8, 4), (0, 40))


async def test_the_worker_does_it_all_by_itself(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(2), approval=True)
    await rich(shop)
    settings = load(secret_key=SECRET)
    working = asyncio.create_task(worker.read_feed(world.database, settings))
    try:
        redemption_id = await shop.redeems(world.ann, card)
        await shop.decides(world.admin, Verb.APPROVE, redemption_id)
        async with asyncio.timeout(30):
            while await shop.code(world.ann, redemption_id) is None or await shop.orders():  # noqa: ASYNC110  # as a page does
                await asyncio.sleep(0.02)
    finally:
        assert not working.done(), "it never ends by itself"
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    assert await shop.code(world.ann, redemption_id) == "SESAME-0001"
    assert await shop.status(redemption_id) == "FULFILLED"


async def test_two_clerks_hand_out_every_code_once(world: World, shop: Shop):
    card = await shop.sells_vouchers(*codes(20))
    people = await rich(shop)
    redemptions = [await shop.redeems(people[at % 4], card) for at in range(16)]
    await shop.reads_the_feed()
    second = Database(world.database.url, audit.AuditChain(), clock=world.database.clock)
    await second.open()
    providers = {reward.Provider.VOUCHER: Vouchers(second, SECRET)}
    clerks = [shop.clerk(), reward.Clerk(second, providers), shop.clerk(), reward.Clerk(second, providers)]

    due = await asyncio.gather(*[one.round([world.organization_id]) for one in clerks])
    doubled = [HandOut(shop.house, one) for one in redemptions]
    await asyncio.gather(*[database.submit(act) for act in doubled for database in (world.database, second)])
    await second.close()
    await shop.reads_the_feed()

    assert max(due) == 16
    had = [await shop.code(people[at % 4], redemption_id) for at, redemption_id in enumerate(redemptions)]
    assert sorted(filter(None, had)) == codes(16)
    assert (await shop.stock(card), await pool_of(world, card)) == (4, (20, 16))
    assert len(await world.told("redemption.fulfilled")) == 16
    assert await shop.held() == (0, 160)
    assert await shop.orders() == {}
