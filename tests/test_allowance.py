"""Allowances: issued by the first act of a period, shown by every read, expired at its end."""

import asyncio
from typing import Any

import pytest

from app import allowance, worker
from app.api.ids import encode
from app.core.ids import new_id
from app.ledger import Transfer
from app.organization import MemberStatus, ParticipationMode
from tests.world import NOON, Answer, Somebody, World

APRIL, MAY, JUNE = [NOON.replace(month=month) for month in (4, 5, 6)]
EVERYONE = {"everyone": True}
TOP_UP = """mutation T($input: TopUpAllowanceInput!) { topUpAllowance(input: $input) {
  members { id } replayed userErrors { code field } } }"""


async def numbers(somebody: Somebody) -> tuple[int, int]:
    found = await somebody.allowance()
    return found["total"], found["remaining"]


async def kinds(world: World) -> list[str]:
    return [str(row.kind) for row in sorted(await world.rows(Transfer), key=lambda row: row.id)]


async def tops_up(world: World, points: int, *, members: object = (), groups: object = (), key: str = "", **more: Any) -> Answer:
    given = {"memberIds": list(members), "groupIds": list(groups), "points": points, "reason": "A birthday", **more}  # type: ignore[call-overload]
    return await world.admin.asks(TOP_UP, input={"idempotencyKey": key or world.new_key(), **given})


async def test_the_first_act_issues_and_a_read_shows_the_same_and_writes_nothing(world: World):
    before = await world.snapshot()
    found = await world.ann.allowance()
    assert found == {
        "total": 100,
        "remaining": 100,
        "periodStart": "2026-02-28T23:00:00+00:00",
        "resetsAt": "2026-03-31T22:00:00+00:00",
        "explanation": ["100 for everyone who gives"],
    }
    assert await world.snapshot() == before

    await world.ann.gives(to=[world.bob], points=30)

    assert await world.told("allowance.issued") == [
        {"points": 100, "period_start": "2026-02-28T23:00:00Z", "policy_version": 1},
        {"points": 100, "period_start": "2026-02-28T23:00:00Z", "policy_version": 1},
    ]  # the founder's, and Ann's
    assert await world.ann.allowance() == {**found, "remaining": 70}
    world.now = APRIL
    before = await world.snapshot()
    assert await numbers(world.ann) == (100, 100)
    assert await world.snapshot() == before
    await world.ann.gives(to=[world.bob], points=1)
    assert (await kinds(world))[-3:] == ["ALLOWANCE_EXPIRY", "ALLOWANCE_ISSUE", "RECOGNITION"]
    assert await numbers(world.ann) == (100, 99)
    assert await world.bob.wallet() == 31


async def test_a_refused_act_issues_nothing(world: World):
    before = await world.snapshot()
    assert (await world.ann.gives(to=[world.bob], points=101)).user_errors == [("INSUFFICIENT_ALLOWANCE", ["pointsEach"])]
    assert await world.snapshot() == before


async def test_midnight_of_the_organization_turns_the_period(world: World):
    await world.ann.gives(to=[world.bob], points=100)
    world.now = NOON.replace(month=3, day=31, hour=21, minute=59, second=59)
    assert (await world.ann.gives(to=[world.bob], points=1)).user_errors == [("INSUFFICIENT_ALLOWANCE", ["pointsEach"])]
    world.passes(seconds=1)
    assert (await world.ann.gives(to=[world.bob], points=100)).user_errors == []


async def test_skipped_periods_are_walked_each_under_the_policy_of_its_start(world: World):
    await world.ann.gives(to=[world.bob], points=80)
    world.now = APRIL
    assert (await world.sets_allowance_policy(basePoints=50, rollover=30)).payload["allowancePolicy"]["version"] == 2
    world.now = JUNE
    seen = await numbers(world.ann)
    await world.ann.gives(to=[world.bob], points=1)

    bodies = [body for action in ("allowance.expired", "allowance.issued") for body in await world.told(action)]
    mine = sorted((body["period_start"][:10], body["policy_version"], body["points"]) for body in bodies[:-1] if body)
    assert seen == (80, 80)  # 30 kept of April's 100, then of May's 80, and 50
    assert await numbers(world.ann) == (80, 79)
    assert [entry for entry in mine if entry[0] >= "2026-03-30"] == [
        ("2026-03-31", 1, 20),
        ("2026-03-31", 1, 100),
        ("2026-04-30", 2, 50),
        ("2026-04-30", 2, 70),
        ("2026-05-31", 2, 50),
    ]
    assert (await world.ann.allowance())["explanation"] == ["50 for everyone who gives", "30 kept from the period before"]


async def test_who_may_not_give_is_issued_nothing_and_told_so(world: World):
    ivy = await world.hires("Ivy", status=MemberStatus.INVITED)
    await world.sets_mode(world.ann, "RECEIVER")
    await world.ann.gives(to=[world.bob], points=0)
    shown = "query A($id: ID!) { member(id: $id) { allowance { total remaining explanation } } }"

    found = await world.ann.allowance()
    invited = (await world.auditor.asks(shown, id=ivy.id)).data["member"]["allowance"]

    assert (found["total"], found["remaining"]) == (0, 0)
    assert found["explanation"] == ["nothing is issued, and nothing left can be given, in the mode RECEIVER"]
    assert invited == {"total": 0, "remaining": 0, "explanation": ["nothing is issued before the first sign-in"]}
    await world.sets_mode(world.ann, "GIVER")
    assert await numbers(world.ann) == (100, 100)
    await world.ann.gives(to=[world.bob], points=40)
    for mode in ("OBSERVER", "NORMAL", "RECEIVER"):
        await world.sets_mode(world.ann, mode)
        assert await numbers(world.ann) == (100, 60)
    assert (await world.ann.gives(to=[world.bob], points=1)).user_errors == [("GIVER_NOT_ALLOWED", None)]
    world.now = APRIL
    assert await numbers(world.ann) == (0, 0)
    assert len([kind for kind in await kinds(world) if kind == "ALLOWANCE_ISSUE"]) == 2  # the founder's, and Ann's


async def test_a_change_of_mode_does_not_reach_back_into_periods_that_went_by(world: World):
    ivy = await world.hires("Ivy", status=MemberStatus.INVITED)
    await world.sets_allowance_policy(basePoints=100, rollover=50)
    for somebody in (world.ann, world.bob):
        await world.sets_mode(somebody, "OBSERVER")
    await worker.issue_allowances(world.database)
    world.now = JUNE

    await world.sets_mode(world.ann, "NORMAL")

    assert await numbers(world.ann) == (100, 100)
    assert await numbers(world.dee) == (150, 150)
    await world.sets_mode(world.dee, "OBSERVER")
    assert await numbers(world.dee) == (50, 50)  # kept from May; nothing had been issued in June
    await world.sets_mode(world.dee, "NORMAL")
    assert await numbers(world.dee) == (150, 150)
    assert await numbers(ivy) == (100, 100)


async def test_reactivation_restores_and_issues_no_second_time(world: World):
    back = "mutation B($id: ID!) { reactivateMember(memberId: $id) { member { status } userErrors { code } } }"
    await world.ann.gives(to=[world.bob], points=40)
    await world.deactivates(world.ann)
    assert (await world.admin.asks(back, id=world.ann.id)).payload["member"]["status"] == "ACTIVE"
    assert await numbers(world.ann) == (100, 60)
    await world.deactivates(world.ann)
    world.now = MAY
    await worker.issue_allowances(world.database)
    shown = "query A($id: ID!) { member(id: $id) { allowance { total remaining } } }"
    assert (await world.admin.asks(shown, id=world.ann.id)).data["member"]["allowance"] == {"total": 0, "remaining": 0}
    await world.admin.asks(back, id=world.ann.id)
    assert await numbers(world.ann) == (100, 100)


async def test_a_change_of_policy_counts_from_the_next_period(world: World):
    await world.ann.gives(to=[world.bob], points=40)

    changed = await world.sets_allowance_policy(basePoints=200, period="WEEK")

    assert changed.payload["allowancePolicy"] == {"version": 2, "effectiveFrom": "2026-03-31T22:00:00+00:00"}
    assert await numbers(world.ann) == await numbers(world.ann) == (100, 60)
    assert await numbers(await world.hires("Joe")) == (100, 100)
    before = await world.snapshot()
    assert (await world.sets_allowance_policy(version=1)).user_errors == [("VERSION_CONFLICT", ["version"])]
    for name, points in (("basePoints", -1), ("basePoints", 1_000_001), ("rollover", -1)):
        assert (await world.sets_allowance_policy(**{name: points})).user_errors == [("INVALID_POINTS", [name])]
    for audience, code, path in (
        ({}, "INVALID_INPUT", []),
        ({"memberIds": [encode("Member", new_id(NOON))]}, "NOT_FOUND", ["memberIds"]),
        ({"groupIds": ["?"]}, "NOT_FOUND", ["groupIds"]),
    ):
        refused = await world.sets_allowance_policy(rules=[{"effect": "ADD", "points": 1, "audience": audience}])
        assert refused.user_errors == [(code, ["rules", "0", "audience", *path])]
    negative = await world.sets_allowance_policy(rules=[{"effect": "ADD", "points": -1, "audience": EVERYONE}])
    assert negative.user_errors == [("INVALID_POINTS", ["rules", "0", "points"])]
    assert await world.snapshot() == before
    world.now = APRIL.replace(day=3)
    found = await world.ann.allowance()
    assert (found["total"], found["periodStart"], found["resetsAt"]) == (
        200,
        "2026-03-31T22:00:00+00:00",
        "2026-04-05T22:00:00+00:00",
    )


async def test_apply_now_raises_by_the_difference_and_never_lowers(world: World):
    await world.ann.gives(to=[world.bob], points=40)
    await world.sets_mode(world.dee, "OBSERVER")

    await world.sets_allowance_policy(basePoints=130, applyNow=True)

    before = await world.snapshot()
    assert await numbers(world.ann) == (130, 90)
    assert await numbers(world.bob) == (130, 130)
    assert await world.snapshot() == before
    assert (await world.ann.gives(to=[world.bob], points=90)).user_errors == []
    await worker.issue_allowances(world.database)
    await world.sets_allowance_policy(basePoints=70, applyNow=True)
    assert await numbers(world.ann) == (130, 0)
    assert await numbers(world.cem) == (130, 130)
    await worker.issue_allowances(world.database)
    await world.sets_mode(world.dee, "NORMAL")
    assert await numbers(world.dee) == (130, 130)
    raised = (await world.ann.allowance())["explanation"]
    assert raised == ["100 for everyone who gives", "+30 because policy version 2 counted at once"]
    world.now = APRIL
    assert await numbers(world.ann) == await numbers(world.dee) == (70, 70)


async def test_rules_add_replace_and_count_direct_reports(world: World):
    update = "mutation U($input: UpdateMemberInput!) { updateMember(input: $input) { userErrors { code } } }"
    for report in (world.bob, world.cem, world.dee):
        await world.admin.asks(update, input={"memberId": report.id, "managerId": world.ann.id})
    await world.deactivates(world.dee)
    team = await world.groups("Team", world.ann, world.bob)
    rules = [
        {"effect": "ADD", "points": 10, "perDirectReport": True, "audience": EVERYONE},
        {"effect": "REPLACE", "points": 5, "audience": {"memberIds": [world.bob.id]}},
        {"effect": "ADD", "points": 7, "audience": {"groupIds": [team]}},
    ]
    assert (await world.sets_allowance_policy(rules=rules, applyNow=True)).user_errors == []

    assert await numbers(world.ann) == (127, 127)
    assert await numbers(world.bob) == (100, 100)  # never lowered
    world.now = APRIL
    assert (await world.ann.allowance())["explanation"] == [
        "100 for everyone who gives",
        "+20 by rule 1, 10 for each of 2 direct reports",
        "+7 by rule 3",
    ]
    assert (await world.bob.allowance())["explanation"] == ["5 instead, by rule 2", "+7 by rule 3"]
    assert (await world.bob.gives(to=[world.ann], points=13)).user_errors == [("INSUFFICIENT_ALLOWANCE", ["pointsEach"])]
    assert (await world.bob.gives(to=[world.ann], points=12)).user_errors == []


async def test_a_new_time_zone_counts_from_the_end_of_the_period(world: World):
    assert (await world.admin.mutates("updateOrganization", "organization { timeZone }", timeZone="Asia/Tokyo")).payload[
        "organization"
    ] == {"timeZone": "Asia/Tokyo"}

    assert (await world.ann.allowance())["resetsAt"] == "2026-03-31T22:00:00+00:00"
    world.now = APRIL
    found = await world.ann.allowance()
    assert (found["periodStart"], found["resetsAt"]) == ("2026-03-31T22:00:00+00:00", "2026-04-30T15:00:00+00:00")
    assert (await world.sets_allowance_policy(basePoints=10)).payload["allowancePolicy"] == {
        "version": 3,
        "effectiveFrom": "2026-04-30T15:00:00+00:00",
    }


async def test_an_admin_tops_up_members_and_groups(world: World):
    team = await world.groups("Team", world.ann, world.bob, world.cem, world.dee)
    await world.ann.gives(to=[world.bob], points=100)
    await world.sets_mode(world.cem, "RECEIVER")
    await world.deactivates(world.dee)

    answer = await tops_up(world, 25, members=[world.ann.id, world.ann.id], groups=[team], key="k")

    assert {member["id"] for member in answer.payload["members"]} == {world.ann.id, world.bob.id}
    assert (await numbers(world.ann), await numbers(world.bob), await numbers(world.cem)) == ((125, 25), (125, 125), (0, 0))
    assert (await world.ann.allowance())["explanation"] == ["100 for everyone who gives", "+25 topped up by an admin"]
    before = await world.snapshot()
    again = await tops_up(world, 25, members=[world.ann.id, world.ann.id], groups=[team], key="k")
    assert (again.payload["replayed"], again.user_errors) == (True, [])
    assert (await tops_up(world, 26, members=[world.ann.id], key="k")).user_errors == [
        ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    ]
    for points in (0, -1, 1_000_001):
        assert (await tops_up(world, points, members=[world.ann.id])).user_errors == [("INVALID_POINTS", ["points"])]
    assert (await tops_up(world, 1, members=[world.ann.id], reason=" ")).user_errors == [("INVALID_INPUT", ["reason"])]
    assert (await tops_up(world, 1, members=[world.ann.id, world.cem.id])).user_errors == [("GIVER_NOT_ALLOWED", ["memberIds"])]
    assert (await tops_up(world, 1)).user_errors == [("NO_RECIPIENTS", ["memberIds"])]
    assert (await tops_up(world, 1, members=[team])).user_errors == [("NOT_FOUND", ["memberIds"])]
    assert (await tops_up(world, 1, groups=[encode("Group", new_id(NOON))])).user_errors == [("NOT_FOUND", ["groupIds"])]
    assert (await world.ann.asks(TOP_UP, input={"points": 1, "reason": "Me", "idempotencyKey": "k"})).error_codes == ["FORBIDDEN"]
    assert await world.snapshot() == before
    world.now = APRIL
    assert await numbers(world.ann) == (100, 100)


async def test_the_worker_posts_for_everyone_else(world: World):
    await world.ann.gives(to=[world.bob], points=40)
    ivy = await world.hires("Ivy", status=MemberStatus.INVITED)
    joe = await world.hires("Joe", mode=ParticipationMode.OBSERVER)
    world.now = APRIL
    await world.ann.gives(to=[world.bob], points=1)
    seen = {somebody.name: await numbers(somebody) for somebody in (world.ann, world.bob, world.owner, joe)}

    await asyncio.gather(*[worker.issue_allowances(world.database) for _ in range(2)])

    assert seen == {"Ann": (100, 99), "Bob": (100, 100), "Olga Owner": (100, 100), "Joe": (0, 0)}
    standings = {row.member_id: (row.total, row.issued) for row in await world.rows(allowance.AllowanceStanding)}
    assert ivy.key not in standings
    assert (standings[world.bob.key], standings[joe.key]) == ((100, True), (0, False))
    before = await world.snapshot()
    await worker.issue_allowances(world.database)
    assert await world.snapshot() == before
    assert {somebody.name: await numbers(somebody) for somebody in (world.ann, world.bob, world.owner, joe)} == seen


@pytest.mark.parametrize("period", ["DAY", "QUARTER"])
async def test_after_a_long_silence(world: World, period: str):
    await world.sets_allowance_policy(basePoints=10, period=period, rollover=5)
    await world.ann.gives(to=[world.bob], points=100)
    world.now = NOON.replace(year=2027)

    assert (await world.ann.gives(to=[world.bob], points=15)).user_errors == []
    assert (await world.ann.allowance())["remaining"] == 0
