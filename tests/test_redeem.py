"""Redeeming: points are held and one is taken from stock in one act, at the price of the moment, or nothing happens at all."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from app import audit, organization, recognition, reward
from app.core.errors import Forbidden, Refusal, Unauthenticated
from app.core.ids import new_id
from app.organization import Audience, MemberStatus
from app.reward import Provider, RedemptionStatus, Verb
from tests.shop import Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import NOON, Somebody, World


async def test_points_are_held_and_one_is_taken_from_stock_in_one_act(world: World, shop: Shop):
    mug = await shop.sells(price=10, stock=3, approval=True)
    await shop.earns(25, world.ann)
    issued = (await world.balances())["issuance", world.organization_id]
    before = len(await world.rows(audit.AuditEvent))

    redeemed = await world.database.submit(shop.redeeming(world.ann, mug, expects=10, note="The blue one"))

    assert await shop.wallet(world.ann) == 15
    assert await shop.held() == (10, 0)
    assert await shop.stock(mug) == 2
    assert (await world.balances())["issuance", world.organization_id] == issued
    assert await shop.moved(redeemed.id) == [("REDEMPTION", {"wallet": -10, "escrow": 10})]
    row = await shop.redemption(redeemed.id)
    assert row == redeemed.row
    assert (row.member_id, row.reward_id, row.status) == (world.ann.key, mug, RedemptionStatus.PENDING_APPROVAL)
    assert (row.requested_at, row.took_stock, row.provider) == (NOON, True, Provider.MANUAL)
    assert [row.decided_at, row.decided_by_id, row.accepted_at, row.fulfilled_at, row.closed_at, row.answer_id] == [None] * 6
    assert await shop.words(row.note_id) == "The blue one"
    assert len(await world.rows(audit.AuditEvent)) == before + 1
    assert await shop.statement("2026-03") == []


async def test_the_event_says_all_but_the_words(world: World, shop: Shop):
    mug = await shop.sells(price=10)
    await shop.earns(10, world.ann)

    redemption_id = await shop.redeems(world.ann, mug, note="For my grandmother")

    (told,) = await world.told("redemption.requested")
    digest = told.pop("reason_digest")
    assert told == {
        "reward": str(mug),
        "member": str(world.ann.key),
        "price_points": 10,
        "minor_units_per_point": 1,
        "status": "TO_FULFIL",
        "provider": "MANUAL",
        "reason": str((await shop.redemption(redemption_id)).note_id),
    }
    assert len(digest) == 64
    event = max(await world.rows(audit.AuditEvent), key=lambda row: row.sequence)
    assert (event.subject, event.actor_id) == (f"redemption:{redemption_id}", world.ann.key)
    assert b"grandmother" not in event.record


async def test_what_is_free_moves_no_points(world: World, shop: Shop):
    thanks = await shop.sells("A hug", price=0, stock=1)

    redemption_id = await shop.redeems(world.ann, thanks, expects=0)

    assert await shop.moved(redemption_id) == []
    assert await shop.wallet(world.ann) == 0
    assert await shop.held() == (0, 0)
    assert await shop.stock(thanks) == 0
    assert await shop.status(redemption_id) == "TO_FULFIL"

    await shop.decides(world.admin, Verb.FULFIL, redemption_id)

    assert await shop.moved(redemption_id) == []
    assert await shop.statement("2026-03") == [("FULFILMENT", 0, 0, "USD")]

    await shop.decides(world.admin, Verb.REFUND, redemption_id, "It was cold", restock=True)

    assert await shop.statement("2026-03") == [("FULFILMENT", 0, 0, "USD"), ("REFUND", 0, 0, "USD")]
    assert await shop.stock(thanks) == 1


@pytest.mark.parametrize(("approval", "status"), [(True, "PENDING_APPROVAL"), (False, "TO_FULFIL")])
async def test_without_approval_it_is_to_be_delivered_at_once(world: World, shop: Shop, approval: bool, status: str):
    mug = await shop.sells(approval=approval)
    await shop.earns(10, world.ann)

    assert await shop.status(await shop.redeems(world.ann, mug)) == status


async def test_whoever_needs_approval_at_the_moment_of_redeeming_waits(world: World, shop: Shop):
    mug = await shop.sells(approval=False)
    await shop.earns(20, world.ann)
    first = await shop.redeems(world.ann, mug)

    await shop.changes(mug, requires_approval=True)
    second = await shop.redeems(world.ann, mug)

    assert [await shop.status(first), await shop.status(second)] == ["TO_FULFIL", "PENDING_APPROVAL"]


async def test_price_name_and_the_value_of_a_point_are_those_of_the_day(world: World, shop: Shop):
    mug = await shop.sells("Mug", price=10)
    await shop.earns(40, world.ann)
    first = await shop.redeems(world.ann, mug)

    await shop.changes(mug, name="Golden mug", price_points=30)
    worth = organization.Currency(minor_units_per_point=7, code="EUR")
    await world.database.submit(organization.UpdateOrganization(world.admin.actor, currency=worth))
    second = await shop.redeems(world.ann, mug, expects=30)

    then, now = await shop.redemption(first), await shop.redemption(second)
    assert (then.reward_name, then.price_points, then.minor_units_per_point, then.currency_code) == ("Mug", 10, 1, "USD")
    assert (now.reward_name, now.price_points, now.minor_units_per_point, now.currency_code) == ("Golden mug", 30, 7, "EUR")
    assert await shop.held() == (40, 0)

    for redemption_id in (first, second):
        await shop.decides(world.admin, Verb.FULFIL, redemption_id)

    assert await shop.statement("2026-03") == [("FULFILMENT", 10, 10, "USD"), ("FULFILMENT", 30, 210, "EUR")]

    await shop.decides(world.admin, Verb.REFUND, first, "Broken")

    assert await shop.wallet(world.ann) == 10, "what it cost then, not what it costs now"
    assert (await shop.statement("2026-03"))[2:] == [("REFUND", -10, -10, "USD")]


async def test_another_price_than_the_member_saw_is_refused(world: World, shop: Shop):
    mug = await shop.sells(price=10)
    await shop.earns(100, world.ann)
    await shop.changes(mug, price_points=9)

    assert await shop.refuses(shop.redeeming(world.ann, mug, expects=10)) == ("PRICE_CHANGED", ("priceExpected",))

    await shop.redeems(world.ann, mug, expects=9)
    await shop.redeems(world.ann, mug, expects=None)


async def test_the_last_one_is_the_last_one(world: World, shop: Shop):
    mug = await shop.sells(stock=1)
    await shop.earns(10, world.ann, world.bob)
    await shop.redeems(world.ann, mug)

    assert await shop.refuses(shop.redeeming(world.bob, mug)) == ("OUT_OF_STOCK", ("rewardId",))

    await shop.changes(mug, stock=1)
    await shop.redeems(world.bob, mug)
    assert await shop.stock(mug) == 0


async def test_none_in_stock_from_the_beginning(world: World, shop: Shop):
    mug = await shop.sells(stock=0, price=0)

    assert await shop.refuses(shop.redeeming(world.ann, mug)) == ("OUT_OF_STOCK", ("rewardId",))


async def test_what_is_not_counted_never_runs_out_and_nothing_comes_back_to_it(world: World, shop: Shop):
    mug = await shop.sells(stock=None, approval=True)
    await shop.earns(30, world.ann)
    first, second, third = [await shop.redeems(world.ann, mug) for _ in range(3)]
    assert await shop.stock(mug) is None

    await shop.decides(world.ann, Verb.CANCEL, first)
    assert await shop.stock(mug) is None
    await shop.changes(mug, stock=5)
    await shop.decides(world.admin, Verb.REJECT, second, "No")
    assert await shop.stock(mug) == 5, "it had taken none"
    fourth = await shop.redeems(world.ann, mug)
    await shop.changes(mug, stock=None)
    await shop.decides(world.ann, Verb.CANCEL, fourth)
    assert await shop.stock(mug) is None, "it is not counted any more"
    assert await shop.status(third) == "PENDING_APPROVAL"


async def test_one_point_short_is_too_few(world: World, shop: Shop):
    mug = await shop.sells(price=10, stock=1)
    await shop.earns(9, world.ann)

    assert await shop.refuses(shop.redeeming(world.ann, mug)) == ("INSUFFICIENT_POINTS", ("rewardId",))

    await shop.earns(1, world.ann)
    await shop.redeems(world.ann, mug)
    assert await shop.wallet(world.ann) == 0


async def test_an_allowance_buys_nothing(world: World, shop: Shop):
    mug = await shop.sells(price=10)
    assert (await world.ann.allowance())["remaining"] == 100

    assert await shop.refuses(shop.redeeming(world.ann, mug)) == ("INSUFFICIENT_POINTS", ("rewardId",))


async def test_points_of_a_gift_buy_something_in_the_same_batch(world: World, shop: Shop):
    """Acts that are committed together see each other, in order."""
    mug = await shop.sells(price=10, stock=1)
    key = world.new_key()
    gift = recognition.AdjustPoints(world.admin.actor, world.ann.key, 10, "Now", key, b"")
    acts: list[Any] = [gift, shop.redeeming(world.ann, mug), shop.redeeming(world.ann, mug)]

    answers = await asyncio.gather(*[world.database.submit(act) for act in acts], return_exceptions=True)

    assert isinstance(answers[1], reward.Redeemed)
    assert isinstance(answers[2], Refusal)
    assert answers[2].code == "OUT_OF_STOCK"
    assert (await shop.wallet(world.ann), await shop.held()) == (0, (10, 0))


async def test_a_limit_counts_what_did_not_come_back(world: World, shop: Shop):
    mug = await shop.sells(per_member_limit=2, approval=True, stock=10)
    await shop.earns(100, world.ann, world.bob)
    cancelled = await shop.redeems(world.ann, mug)
    await shop.decides(world.ann, Verb.CANCEL, cancelled)
    rejected = await shop.redeems(world.ann, mug)
    await shop.decides(world.admin, Verb.REJECT, rejected, "Not this one")
    refunded = await shop.redeems(world.ann, mug)
    await shop.decides(world.admin, Verb.APPROVE, refunded)
    await shop.decides(world.admin, Verb.FULFIL, refunded)
    await shop.decides(world.admin, Verb.REFUND, refunded, "It broke")
    kept = await shop.redeems(world.ann, mug)
    await shop.decides(world.admin, Verb.APPROVE, kept)
    await shop.decides(world.admin, Verb.FULFIL, kept)
    await shop.redeems(world.ann, mug)

    with pytest.raises(Refusal) as refused:
        await world.database.submit(shop.redeeming(world.ann, mug))
    assert refused.value.rule == "per_member_limit"
    assert await shop.refuses(shop.redeeming(world.ann, mug)) == ("LIMIT_EXCEEDED", ("rewardId",))
    await shop.redeems(world.bob, mug)
    assert await shop.wallet(world.ann) == 80
    async with world.database.read() as connection:
        had = await reward.reads.had(connection, world.organization_id, world.ann.key, [mug, UUID(int=7)])
    assert had == {mug: 2, UUID(int=7): 0}


async def test_a_limit_holds_for_those_who_ask_at_once(world: World, shop: Shop):
    mug = await shop.sells(per_member_limit=1)
    await shop.earns(100, world.ann)

    answers = await asyncio.gather(
        *[world.database.submit(shop.redeeming(world.ann, mug)) for _ in range(5)], return_exceptions=True
    )

    assert Counter(getattr(answer, "code", "had") for answer in answers) == {"had": 1, "LIMIT_EXCEEDED": 4}
    assert await shop.wallet(world.ann) == 90


async def members_of(world: World, *people: Somebody) -> UUID:
    act = organization.CreateGroup(world.house, f"Team {world.new_key()}", "team", tuple(one.key for one in people))
    return await world.database.submit(act)


async def test_only_those_it_is_meant_for(world: World, shop: Shop):
    team = await members_of(world, world.ann)
    audience = Audience(group_ids=frozenset({team}), member_ids=frozenset({world.bob.key}))
    mug = await shop.sells(audience=audience)
    await shop.earns(20, world.ann, world.bob, world.cem, world.admin)

    await shop.redeems(world.ann, mug)
    await shop.redeems(world.bob, mug)
    unavailable = ("REWARD_UNAVAILABLE", ("rewardId",))
    assert await shop.refuses(shop.redeeming(world.cem, mug)) == unavailable
    assert await shop.refuses(shop.redeeming(world.admin, mug)) == unavailable, "whatever the role"

    change = organization.UpdateGroup(world.house, team, add_member_ids=(world.cem.key,), remove_member_ids=(world.ann.key,))
    await world.database.submit(change)

    assert await shop.refuses(shop.redeeming(world.ann, mug)) == unavailable
    await shop.redeems(world.cem, mug)

    await shop.changes(mug, audience=Audience(member_ids=frozenset({world.cem.key})))
    assert await shop.refuses(shop.redeeming(world.bob, mug)) == unavailable
    await shop.redeems(world.cem, mug)
    await shop.changes(mug, audience=organization.EVERYONE)
    await shop.redeems(world.ann, mug)


async def test_leaving_the_group_leaves_what_was_redeemed(world: World, shop: Shop):
    team = await members_of(world, world.ann)
    mug = await shop.sells(audience=Audience(group_ids=frozenset({team})))
    await shop.earns(10, world.ann)
    redemption_id = await shop.redeems(world.ann, mug)

    await world.database.submit(organization.UpdateGroup(world.house, team, remove_member_ids=(world.ann.key,)))

    assert (await shop.decides(world.admin, Verb.FULFIL, redemption_id)).status is RedemptionStatus.FULFILLED
    async with world.database.read() as connection:
        assert set(await reward.reads.visible(connection, world.ann.actor, [mug])) == {mug}
        assert await reward.reads.visible(connection, world.bob.actor, [mug]) == {}


async def test_what_is_archived_cannot_be_had_until_it_is_back(world: World, shop: Shop):
    mug = await shop.sells()
    await shop.earns(20, world.ann)
    redemption_id = await shop.redeems(world.ann, mug)
    await world.database.submit(reward.ArchiveReward(world.admin.actor, mug))

    assert await shop.refuses(shop.redeeming(world.ann, mug)) == ("REWARD_UNAVAILABLE", ("rewardId",))
    assert (await shop.decides(world.admin, Verb.FULFIL, redemption_id)).status is RedemptionStatus.FULFILLED

    await world.database.submit(reward.ArchiveReward(world.admin.actor, mug, archived=False))
    await shop.redeems(world.ann, mug)


async def test_who_was_only_invited_has_to_come_first(world: World, shop: Shop):
    mug = await shop.sells()
    eve = await world.hires("Eve", status=MemberStatus.INVITED)
    await shop.earns(10, eve)

    assert await shop.refuses(shop.redeeming(eve, mug)) == ("FORBIDDEN", ("rewardId",))

    await world.database.submit(organization.WelcomeMember(eve.actor))
    await shop.redeems(eve, mug)
    assert await shop.wallet(eve) == 0


async def test_who_has_left_redeems_nothing(world: World, shop: Shop):
    mug = await shop.sells()
    await shop.earns(10, world.ann)
    await world.deactivates(world.ann)
    before = await world.snapshot()

    with pytest.raises(Unauthenticated):
        await world.database.submit(shop.redeeming(world.ann, mug))

    assert await world.snapshot() == before


@pytest.mark.parametrize("mode", ["GIVER", "RECEIVER", "OBSERVER"])
async def test_whatever_the_mode_one_redeems_what_one_has(world: World, shop: Shop, mode: str):
    mug = await shop.sells()
    await shop.earns(10, world.ann)
    await world.sets_mode(world.ann, mode)

    await shop.redeems(world.ann, mug)


async def test_paused_giving_stops_no_redeeming(world: World, shop: Shop):
    mug = await shop.sells()
    await shop.earns(10, world.ann)
    assert (await world.sets_giving_policy(givingPaused=True)).user_errors == []

    await shop.redeems(world.ann, mug)


async def test_the_house_redeems_nothing(world: World, shop: Shop):
    mug = await shop.sells(price=0)
    act = reward.RedeemReward(world.house, mug, None, None, "a key", b"")

    assert await shop.refuses(act) == ("FORBIDDEN", ("rewardId",))


async def test_another_organizations_reward_does_not_exist(world: World, shop: Shop):
    neighbour = World(world.database.url)
    await neighbour.open()
    strange = await Shop(neighbour).sells(price=0)
    await neighbour.close()

    assert await shop.refuses(shop.redeeming(world.ann, strange)) == ("NOT_FOUND", ("rewardId",))
    assert await shop.refuses(shop.redeeming(world.ann, new_id(NOON))) == ("NOT_FOUND", ("rewardId",))


async def test_the_same_request_is_done_once(world: World, shop: Shop):
    mug = await shop.sells(stock=5)
    await shop.earns(50, world.ann)
    first = await world.database.submit(shop.redeeming(world.ann, mug, key="once"))
    before = await world.snapshot()

    again = await world.database.submit(shop.redeeming(world.ann, mug, key="once"))

    assert (again.id, again.replayed) == (first.id, True)
    assert await world.snapshot() == before


async def test_the_same_request_at_once_is_done_once(world: World, shop: Shop):
    mug = await shop.sells(stock=5)
    await shop.earns(50, world.ann)

    answers = await asyncio.gather(*[world.database.submit(shop.redeeming(world.ann, mug, key="once")) for _ in range(6)])

    assert Counter(answer.replayed for answer in answers) == {False: 1, True: 5}
    assert len({answer.id for answer in answers}) == 1
    assert (await shop.stock(mug), await shop.held()) == (4, (10, 0))


async def test_a_key_with_other_input_is_refused(world: World, shop: Shop):
    mug, cap = await shop.sells(), await shop.sells("Cap")
    await shop.earns(50, world.ann, world.bob)
    await shop.redeems(world.ann, mug, key="once")

    reused = ("IDEMPOTENCY_KEY_REUSED", ("idempotencyKey",))
    assert await shop.refuses(shop.redeeming(world.ann, cap, key="once")) == reused
    assert await shop.refuses(shop.redeeming(world.ann, mug, key="once", note="Blue")) == reused
    await shop.redeems(world.bob, cap, key="once")  # A key is its member's own.


async def test_an_answer_stays_whatever_happens_afterwards(world: World, shop: Shop):
    """Sold out, dearer, archived, out of points, decided: the same request has the same answer."""
    mug = await shop.sells(stock=1)
    await shop.earns(10, world.ann)
    first = await shop.redeems(world.ann, mug, key="once", expects=10)
    await shop.changes(mug, price_points=99)
    await world.database.submit(reward.ArchiveReward(world.admin.actor, mug))
    await shop.decides(world.admin, Verb.FULFIL, first)
    before = await world.snapshot()

    again = await world.database.submit(shop.redeeming(world.ann, mug, key="once", expects=10))

    assert (again.id, again.replayed) == (first, True)
    assert await world.snapshot() == before


async def test_a_refusal_uses_up_no_key(world: World, shop: Shop):
    mug = await shop.sells()
    assert await shop.refuses(shop.redeeming(world.ann, mug, key="once")) == ("INSUFFICIENT_POINTS", ("rewardId",))
    await shop.earns(10, world.ann)

    await shop.redeems(world.ann, mug, key="once")


async def test_a_note_has_its_bounds(world: World, shop: Shop):
    mug = await shop.sells(price=0)

    assert await shop.refuses(shop.redeeming(world.ann, mug, note="x" * 301)) == ("INVALID_INPUT", ("note",))
    assert await shop.refuses(shop.redeeming(world.ann, mug, note="a\0b")) == ("INVALID_INPUT", ("note",))
    longest = await shop.redeems(world.ann, mug, note="é" * 300)
    empty = await shop.redeems(world.ann, mug, note="   ")
    assert await shop.words((await shop.redemption(longest)).note_id) == "é" * 300
    assert (await shop.redemption(empty)).note_id is None


async def test_only_admins_keep_the_shop(world: World, shop: Shop):
    mug = await shop.sells()
    before = await world.snapshot()

    for somebody in (world.ann, world.auditor):
        for act in (
            reward.CreateReward(somebody.actor, "Car", reward.RewardKind.CUSTOM, 1),
            reward.UpdateReward(somebody.actor, mug, price_points=0),
            reward.ArchiveReward(somebody.actor, mug),
            reward.AddCodes(somebody.actor, mug, (shop.vouchers.close("CODE"),)),
        ):
            with pytest.raises(Forbidden):
                await world.database.submit(act)

    assert await world.snapshot() == before
