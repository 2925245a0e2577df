"""Deciding: what becomes of redemptions, who may say so, where the points go, and what the organization pays in which month."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app import audit, organization, reward
from app.core.actor import Role
from app.core.errors import Forbidden, Unauthenticated
from app.core.ids import new_id
from app.organization import MemberStatus
from app.reward import LineKind, Redemption, RedemptionStatus, Verb
from app.reward.reports import StatementTotal, is_closed, month_of, statement_months, statement_totals
from tests.shop import Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import NOON, Somebody, World


async def redeemed(shop: Shop, who: Somebody, *, approval: bool = True, price: int = 10, stock: int | None = 5) -> Redemption:
    """A new mug's redemption, by somebody who has its points and no more."""
    mug = await shop.sells(price=price, approval=approval, stock=stock)
    if price:
        await shop.earns(price, who)
    return await shop.redemption(await shop.redeems(who, mug))


async def last_event(world: World) -> audit.AuditEvent:
    return max(await world.rows(audit.AuditEvent), key=lambda row: row.sequence)


async def test_approved_and_delivered(world: World, shop: Shop):
    mug = await redeemed(shop, world.ann)
    world.passes(hours=1)

    approved = await shop.decides(world.admin, Verb.APPROVE, mug.id, "With pleasure")

    assert approved.status is RedemptionStatus.TO_FULFIL
    assert (approved.decided_at, approved.decided_by_id) == (world.now, world.admin.key)
    assert await shop.words(approved.answer_id) == "With pleasure"
    assert await shop.held() == (10, 0)
    assert await shop.statement("2026-03") == []
    (told,) = await world.told("redemption.approved")
    assert "only_admin" not in told
    assert (await last_event(world)).actor_id == world.admin.key
    world.passes(hours=1)

    fulfilled = await shop.decides(world.owner, Verb.FULFIL, mug.id, "On your desk")

    assert fulfilled.status is RedemptionStatus.FULFILLED
    assert fulfilled.fulfilled_at == world.now
    assert (fulfilled.decided_at, fulfilled.decided_by_id) == (approved.decided_at, world.admin.key)
    assert await shop.words(fulfilled.answer_id) == "On your desk"
    assert await shop.held() == (0, 10)
    assert await shop.wallet(world.ann) == 0
    assert await shop.stock(mug.reward_id) == 4
    assert await shop.statement("2026-03") == [("FULFILMENT", 10, 10, "USD")]
    assert await shop.moved(mug.id) == [
        ("REDEMPTION", {"wallet": -10, "escrow": 10}),
        ("FULFILMENT", {"escrow": -10, "redeemed": 10}),
    ]
    (told,) = await world.told("redemption.fulfilled")
    del told["reason"], told["reason_digest"]
    assert told == {
        "reward": str(mug.reward_id),
        "member": str(world.ann.key),
        "price_points": 10,
        "provider": "MANUAL",
        "month": "2026-03-01",
    }


@pytest.mark.parametrize("approved_first", [False, True])
async def test_rejected_with_a_reason(world: World, shop: Shop, approved_first: bool):
    mug = await redeemed(shop, world.ann)
    if approved_first:
        await shop.decides(world.owner, Verb.APPROVE, mug.id)
    for nothing in ((), ("",), ("   ",)):
        act = shop.deciding(world.admin, Verb.REJECT, mug.id, *nothing)
        assert await shop.refuses(act) == ("INVALID_INPUT", ("reason",))

    rejected = await shop.decides(world.admin, Verb.REJECT, mug.id, "There is none left in blue")

    assert rejected.status is RedemptionStatus.REJECTED
    assert (rejected.decided_at, rejected.decided_by_id, rejected.closed_at) == (world.now, world.admin.key, world.now)
    assert await shop.words(rejected.answer_id) == "There is none left in blue"
    assert (await shop.wallet(world.ann), await shop.held(), await shop.stock(mug.reward_id)) == (10, (0, 0), 5)
    assert await shop.moved(mug.id) == [
        ("REDEMPTION", {"wallet": -10, "escrow": 10}),
        ("REDEMPTION_RETURN", {"escrow": -10, "wallet": 10}),
    ]
    assert await shop.statement("2026-03") == []
    assert b"blue" not in (await last_event(world)).record


async def test_cancelled_by_the_member(world: World, shop: Shop):
    mug = await redeemed(shop, world.ann)

    cancelled = await shop.decides(world.ann, Verb.CANCEL, mug.id)

    assert cancelled.status is RedemptionStatus.CANCELLED
    assert (cancelled.closed_at, cancelled.decided_at, cancelled.decided_by_id) == (world.now, None, None)
    assert (await shop.wallet(world.ann), await shop.held(), await shop.stock(mug.reward_id)) == (10, (0, 0), 5)
    assert (await last_event(world)).actor_id == world.ann.key


async def test_it_is_not_cancelled_once_it_is_approved(world: World, shop: Shop):
    mug = await redeemed(shop, world.ann)
    await shop.decides(world.admin, Verb.APPROVE, mug.id)

    assert await shop.refuses(shop.deciding(world.ann, Verb.CANCEL, mug.id)) == ("INVALID_STATE", ("id",))


@pytest.mark.parametrize(("restock", "left"), [(False, 4), (True, 5)])
async def test_refunded(world: World, shop: Shop, restock: bool, left: int):
    mug = await redeemed(shop, world.ann, approval=False)
    await shop.decides(world.admin, Verb.FULFIL, mug.id)
    delivered_at = world.now
    world.passes(hours=1)
    assert await shop.refuses(shop.deciding(world.admin, Verb.REFUND, mug.id, restock=restock)) == ("INVALID_INPUT", ("reason",))

    refunded = await shop.decides(world.admin, Verb.REFUND, mug.id, "It came in pieces", restock=restock)

    assert refunded.status is RedemptionStatus.REFUNDED
    assert (refunded.fulfilled_at, refunded.closed_at) == (delivered_at, world.now)
    assert (await shop.wallet(world.ann), await shop.held(), await shop.stock(mug.reward_id)) == (10, (0, 0), left)
    assert (await shop.moved(mug.id))[2:] == [("REDEMPTION_RETURN", {"redeemed": -10, "wallet": 10})]
    (told,) = await world.told("redemption.refunded")
    assert (told["restocked"], told["month"]) == (restock, "2026-03-01")


async def test_a_state_that_is_passed_is_refused(world: World, shop: Shop):
    """Every verb of a person in every state that there is; where a verb leads is told by the stories above."""
    pending = await redeemed(shop, world.ann)
    to_fulfil = await redeemed(shop, world.ann, approval=False)
    fulfilled = await redeemed(shop, world.ann, approval=False)
    await shop.decides(world.admin, Verb.FULFIL, fulfilled.id)
    refunded = await redeemed(shop, world.ann, approval=False)
    await shop.decides(world.admin, Verb.FULFIL, refunded.id)
    await shop.decides(world.admin, Verb.REFUND, refunded.id, "Broken")
    rejected = await redeemed(shop, world.ann)
    await shop.decides(world.admin, Verb.REJECT, rejected.id, "No")
    cancelled = await redeemed(shop, world.ann)
    await shop.decides(world.ann, Verb.CANCEL, cancelled.id)
    possible = {
        pending.id: {Verb.APPROVE, Verb.REJECT, Verb.CANCEL},
        to_fulfil.id: {Verb.REJECT, Verb.FULFIL},
        fulfilled.id: {Verb.REFUND},
        refunded.id: set(),
        rejected.id: set(),
        cancelled.id: set(),
    }

    for redemption_id, verbs in possible.items():
        for verb in {Verb.APPROVE, Verb.REJECT, Verb.CANCEL, Verb.FULFIL, Verb.REFUND} - verbs:
            who = world.ann if verb is Verb.CANCEL else world.admin
            assert await shop.refuses(shop.deciding(who, verb, redemption_id, "Because")) == ("INVALID_STATE", ("id",)), verb


async def test_nobody_decides_about_its_own(world: World, shop: Shop):
    for admin, other in ((world.admin, world.owner), (world.owner, world.admin)):
        pending = await redeemed(shop, admin)
        own = ("OWN_REDEMPTION", ("id",))
        assert await shop.refuses(shop.deciding(admin, Verb.APPROVE, pending.id)) == own
        assert await shop.refuses(shop.deciding(admin, Verb.REJECT, pending.id, "Why not")) == own
        await shop.decides(other, Verb.APPROVE, pending.id)
        assert await shop.refuses(shop.deciding(admin, Verb.REJECT, pending.id, "Why not")) == own
        await shop.decides(admin, Verb.FULFIL, pending.id)
        assert await shop.refuses(shop.deciding(admin, Verb.REFUND, pending.id, "Why not")) == own
        await shop.decides(other, Verb.REFUND, pending.id, "Why not")

        changed_its_mind = await redeemed(shop, admin)
        await shop.decides(admin, Verb.CANCEL, changed_its_mind.id)


async def test_the_only_admin_decides_about_its_own_and_the_event_says_so(world: World, shop: Shop):
    await world.hires("Eve", status=MemberStatus.INVITED, role=Role.ADMIN)
    first, second = await redeemed(shop, world.owner), await redeemed(shop, world.owner)
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.MEMBER))

    await shop.decides(world.owner, Verb.APPROVE, first.id)
    await shop.decides(world.owner, Verb.FULFIL, first.id)
    await shop.decides(world.owner, Verb.REFUND, first.id, "I do not like it")
    await shop.decides(world.owner, Verb.REJECT, second.id, "I changed my mind")

    approved, rejected, refunded = [await world.told(f"redemption.{what}") for what in ("approved", "rejected", "refunded")]
    assert [one[0]["only_admin"] for one in (approved, rejected, refunded)] == [True] * 3
    (fulfilled,) = await world.told("redemption.fulfilled")
    assert "only_admin" not in fulfilled


async def test_an_admin_who_left_does_not_count(world: World, shop: Shop):
    mug = await redeemed(shop, world.owner)
    await world.database.submit(organization.DeactivateMember(world.house, world.admin.key))

    await shop.decides(world.owner, Verb.APPROVE, mug.id)

    (told,) = await world.told("redemption.approved")
    assert told["only_admin"] is True


async def test_an_admin_counts_once_it_was_seen(world: World, shop: Shop):
    first, second = await redeemed(shop, world.owner), await redeemed(shop, world.owner)
    eve = await world.hires("Eve", status=MemberStatus.INVITED, role=Role.ADMIN)
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.MEMBER))
    await shop.decides(world.owner, Verb.APPROVE, first.id)

    await world.database.submit(organization.WelcomeMember(eve.actor))

    assert await shop.refuses(shop.deciding(world.owner, Verb.APPROVE, second.id)) == ("OWN_REDEMPTION", ("id",))


async def test_an_only_admin_who_decides_about_others_says_nothing_of_it(world: World, shop: Shop):
    mug = await redeemed(shop, world.ann)
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.MEMBER))

    await shop.decides(world.owner, Verb.APPROVE, mug.id)

    (told,) = await world.told("redemption.approved")
    assert "only_admin" not in told


async def test_the_command_line_decides_as_nobody(world: World, shop: Shop):
    mug = await redeemed(shop, world.owner)

    await world.database.submit(reward.Decide(world.house, mug.id, Verb.APPROVE))

    (told,) = await world.told("redemption.approved")
    assert "only_admin" not in told
    assert (await shop.redemption(mug.id)).decided_by_id is None
    act = reward.Decide(world.house, mug.id, Verb.CANCEL)
    assert await shop.refuses(act) == ("FORBIDDEN", ("id",))


async def test_who_left_leaves_its_redemption_to_an_admin(world: World, shop: Shop):
    waiting, rejected, coming = [await redeemed(shop, world.ann) for _ in range(3)]
    await world.deactivates(world.ann)
    before = await world.snapshot()
    with pytest.raises(Unauthenticated):
        await world.database.submit(shop.deciding(world.ann, Verb.CANCEL, waiting.id))
    assert await world.snapshot() == before

    await shop.decides(world.admin, Verb.REJECT, rejected.id, "You have left")
    assert await shop.wallet(world.ann) == 10, "back in the wallet, which is frozen as it is"
    await shop.decides(world.admin, Verb.APPROVE, coming.id)
    await shop.decides(world.admin, Verb.FULFIL, coming.id, "By post")
    await shop.decides(world.admin, Verb.REFUND, coming.id, "It came back")
    assert await shop.wallet(world.ann) == 20
    assert await shop.status(waiting.id) == "PENDING_APPROVAL"
    assert await shop.held() == (10, 0)


async def test_nobody_else_decides(world: World, shop: Shop):
    mug = await redeemed(shop, world.ann)
    before = await world.snapshot()

    for verb in (Verb.APPROVE, Verb.REJECT, Verb.FULFIL, Verb.REFUND):
        for somebody in (world.ann, world.auditor):
            with pytest.raises(Forbidden):
                await world.database.submit(shop.deciding(somebody, verb, mug.id, "Because"))
        assert await shop.refuses(shop.deciding(world.bob, verb, mug.id, "Because")) == ("NOT_FOUND", ("id",))
    assert await shop.refuses(shop.deciding(world.bob, Verb.CANCEL, mug.id)) == ("NOT_FOUND", ("id",))
    for somebody in (world.auditor, world.admin, world.owner):
        assert await shop.refuses(shop.deciding(somebody, Verb.CANCEL, mug.id)) == ("FORBIDDEN", ("id",))

    assert await world.snapshot() == before


async def test_an_admin_who_was_one_a_moment_ago_decides_nothing(world: World, shop: Shop):
    """The role counts under the lock, not that of the request."""
    mug = await redeemed(shop, world.ann)
    act = reward.Decide(world.admin.actor, mug.id, Verb.APPROVE)
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.AUDITOR))
    before = await world.snapshot()

    with pytest.raises(Forbidden):
        await world.database.submit(act)

    assert await world.snapshot() == before


@pytest.mark.parametrize("verb", [Verb.ACCEPT, Verb.DECLINE, Verb.DELIVER])
async def test_what_providers_say_nobody_says_for_them(world: World, shop: Shop, verb: Verb):
    mug = await redeemed(shop, world.ann, approval=False)
    before = await world.snapshot()

    with pytest.raises(Exception):  # noqa: B017, PT011  # a bug at whichever door asks for it
        await world.database.submit(shop.deciding(world.admin, verb, mug.id))

    assert await world.snapshot() == before


async def test_another_organizations_redemption_does_not_exist(world: World, shop: Shop):
    neighbour = World(world.database.url)
    await neighbour.open()
    strange = await redeemed(Shop(neighbour), neighbour.ann)
    await neighbour.close()
    before = await world.snapshot()

    for redemption_id in (strange.id, new_id(NOON)):
        for verb in (Verb.APPROVE, Verb.REJECT, Verb.FULFIL, Verb.REFUND, Verb.CANCEL):
            act = shop.deciding(world.owner, verb, redemption_id, "Because")
            assert await shop.refuses(act) == ("NOT_FOUND", ("id",))

    assert await world.snapshot() == before
    async with world.database.read() as connection:
        assert await reward.reads.redemptions_seen(connection, world.owner.actor, [strange.id]) == {}


async def test_members_see_their_own_and_admins_and_auditors_all(world: World, shop: Shop):
    hers, his = await redeemed(shop, world.ann), await redeemed(shop, world.bob)

    async def seen(who: Somebody, role: Role) -> set[UUID]:
        async with world.database.read() as connection:
            found = await reward.reads.redemptions_seen(connection, replace(who.actor, role=role), [hers.id, his.id])
        return set(found)

    assert await seen(world.ann, Role.MEMBER) == {hers.id}
    assert await seen(world.cem, Role.MEMBER) == set()
    for who, role in ((world.admin, Role.ADMIN), (world.auditor, Role.AUDITOR), (world.owner, Role.OWNER)):
        assert await seen(who, role) == {hers.id, his.id}


async def test_it_is_paid_in_the_local_month_of_its_delivery(world: World, shop: Shop):
    """In Madrid, November begins at 23:00 UTC of the last of October."""
    worth = organization.Currency(minor_units_per_point=5, code="EUR")
    await world.database.submit(organization.UpdateOrganization(world.admin.actor, currency=worth))
    world.now = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
    first, second = [await redeemed(shop, world.ann, approval=False) for _ in range(2)]
    world.now = datetime(2026, 10, 31, 22, 59, 59, 998_000, tzinfo=UTC)

    await shop.decides(world.admin, Verb.FULFIL, first.id)  # The last millisecond of October.
    await shop.decides(world.admin, Verb.FULFIL, second.id)  # The first one of November.

    assert await shop.statement("2026-10") == [("FULFILMENT", 10, 50, "EUR")]
    assert await shop.statement("2026-11") == [("FULFILMENT", 10, 50, "EUR")]
    assert [one["month"] for one in await world.told("redemption.fulfilled")] == ["2026-10-01", "2026-11-01"]


async def test_a_refund_is_a_negative_line_of_its_own_month(world: World, shop: Shop):
    mug = await redeemed(shop, world.ann, approval=False, price=30)
    await shop.decides(world.admin, Verb.FULFIL, mug.id)
    march = await shop.statement("2026-03")
    world.passes(days=40)
    worth = organization.Currency(minor_units_per_point=9, code="EUR")
    await world.database.submit(organization.UpdateOrganization(world.admin.actor, currency=worth))

    await shop.decides(world.admin, Verb.REFUND, mug.id, "It broke within the year")

    assert await shop.statement("2026-03") == march == [("FULFILMENT", 30, 30, "USD")]
    assert await shop.statement("2026-04") == [("REFUND", -30, -30, "USD")], "as it was billed, in its currency"
    async with world.database.read() as connection:
        here = await organization.reads.organization_row(connection, world.organization_id)
        assert await statement_months(connection, world.organization_id) == [month_of("2026-04"), month_of("2026-03")]
        totals = await statement_totals(connection, world.organization_id, month_of("2026-04"))
    assert totals == [StatementTotal("USD", LineKind.REFUND, 1, -30, -30)]
    assert [is_closed(here, month_of(month), world.now) for month in ("2026-03", "2026-04")] == [True, False]


async def test_moving_west_just_after_the_end_of_a_month_does_not_open_it_again(world: World, shop: Shop):
    october, november = [await redeemed(shop, world.ann, approval=False) for _ in range(2)]
    world.now = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
    await shop.decides(world.admin, Verb.FULFIL, october.id)
    world.passes(hours=1, minutes=5)
    move = organization.UpdateOrganization(world.admin.actor, time_zone="America/Los_Angeles")
    await world.database.submit(move)

    await shop.decides(world.admin, Verb.FULFIL, november.id)
    await shop.decides(world.admin, Verb.REFUND, october.id, "In Los Angeles it is October still")

    assert await shop.statement("2026-10") == [("FULFILMENT", 10, 10, "USD")]
    assert await shop.statement("2026-11") == [("FULFILMENT", 10, 10, "USD"), ("REFUND", -10, -10, "USD")]


async def test_moving_east_and_back_does_not_open_it_again_either(world: World, shop: Shop):
    first, second = [await redeemed(shop, world.ann, approval=False) for _ in range(2)]
    world.now = datetime(2026, 10, 31, 12, 0, tzinfo=UTC)
    await world.database.submit(organization.UpdateOrganization(world.admin.actor, time_zone="Pacific/Auckland"))
    await shop.decides(world.admin, Verb.FULFIL, first.id)
    await world.database.submit(organization.UpdateOrganization(world.admin.actor, time_zone="Europe/Madrid"))
    await world.database.submit(organization.UpdateOrganization(world.admin.actor, time_zone="Pacific/Honolulu"))

    await shop.decides(world.admin, Verb.FULFIL, second.id)

    assert await shop.statement("2026-10") == []
    assert len(await shop.statement("2026-11")) == 2


async def test_what_was_spent_cannot_be_taken_back(world: World, shop: Shop):
    mug = await shop.sells(price=10, approval=True)
    given = await world.ann.gives(to=[world.bob], points=10)
    recognition_id = given.payload["recognition"]["id"]
    redemption_id = await shop.redeems(world.bob, mug)

    spent = await world.ann.revokes(recognition_id)

    assert spent.user_errors == [("POINTS_SPENT", ["recognitionId"])]
    assert await shop.held() == (10, 0)

    await shop.decides(world.bob, Verb.CANCEL, redemption_id)
    assert (await world.ann.revokes(recognition_id)).user_errors == []
    assert (await shop.wallet(world.bob), (await world.ann.allowance())["remaining"]) == (0, 100)
    assert await shop.refuses(shop.redeeming(world.bob, mug)) == ("INSUFFICIENT_POINTS", ("rewardId",))


async def test_what_a_point_is_worth_counts_from_the_next_redemption(world: World, shop: Shop):
    before = await redeemed(shop, world.ann, approval=False)
    await world.database.submit(
        organization.UpdateOrganization(world.admin.actor, currency=organization.Currency(minor_units_per_point=0))
    )
    free = await redeemed(shop, world.ann, approval=False)

    for one in (before, free):
        await shop.decides(world.admin, Verb.FULFIL, one.id)

    assert await shop.statement("2026-03") == [("FULFILMENT", 10, 10, "USD"), ("FULFILMENT", 10, 0, "USD")]


async def test_the_most_that_can_be_paid_is_kept_exactly(world: World, shop: Shop):
    """A million points of a million minor units each."""
    worth = organization.Currency(minor_units_per_point=1_000_000)
    await world.database.submit(organization.UpdateOrganization(world.admin.actor, currency=worth))
    car = await redeemed(shop, world.ann, approval=False, price=1_000_000)

    await shop.decides(world.admin, Verb.FULFIL, car.id)
    await shop.decides(world.admin, Verb.REFUND, car.id, "Too fast")

    amount = 1_000_000_000_000
    expected = [("FULFILMENT", 1_000_000, amount, "USD"), ("REFUND", -1_000_000, -amount, "USD")]
    assert await shop.statement("2026-03") == expected
