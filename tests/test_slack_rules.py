"""Rules in Slack: who gives and receives, and how much, set by a form that says whom it touches before it is sent."""

from typing import Any
from uuid import UUID

import pytest

from app import audit, organization
from app.allowance import AllowanceEffect, AllowanceRule
from app.audit import AuditEvent, Remark
from app.core.actor import Door
from app.organization import EVERYONE, Audience, ParticipationMode
from app.recognition import Effect, GivingRule
from integrations.slack.administering import foresight
from tests.admin_office import (  # noqa: F401 (fixture)
    ALL,
    ANY,
    CLEAR,
    TEAM,
    Office,
    able,
    errors,
    group_of,
    of,
    opened_office,
    policies,
    pushed,
    said,
    sets_allowances,
    sets_rules,
    typed_in,
)
from tests.world import World


async def test_a_rule_for_a_group(office: Office, world: World):
    contractors = await group_of(world, "Contractors", world.cem, world.dee)
    assert await able(world) == (ALL, ALL)
    view = await office.presses("ada", "rule_add", "new", note="They leave soon", recv="no")
    assert typed_in(view) == {"scope": "all", "give": "yes", "allow": None, "recv": "yes", "note": None}
    view = await office.presses("ada", "scope", "group", view, note="They leave soon", recv="no", allow=20, scope="group")
    assert typed_in(view) == {
        "scope": "group",
        "group": None,
        "give": "yes",
        "allow": "20",
        "recv": "no",
        "note": "They leave soon",
    }
    assert office.paper.calls[-1][1]["view_id"] == "V1"
    assert office.paper.calls[-1][1]["hash"] == "h1"
    before = await office.record()

    effect = pushed(await office.submits("ada", view, group=contractors, give="no"))

    assert said(effect) == [
        "2 people change: 2 can no longer give, 2 can no longer receive.",
        "Can no longer give: Cem and Dee.",
        "Can no longer receive: Cem and Dee.",
    ]
    assert await office.record() == before
    assert await office.submits("ada", effect) == CLEAR
    assert await able(world) == (ALL - {"Cem", "Dee"}, ALL - {"Cem", "Dee"})
    audience = Audience(group_ids=frozenset([UUID(contractors)]))
    assert (await policies(world))[0].rules == (
        GivingRule(Effect.DENY, audience, EVERYONE, "They leave soon"),
        GivingRule(Effect.DENY, EVERYONE, audience, "They leave soon"),
    )
    assert (await policies(world))[1].rules == ()
    assert await office.lines() == [("Contractors", "Give no · receive no · “They leave soon”")]
    assert await office.homes_waiting() == ["UADA"]


async def test_why_is_kept_for_the_audit_and_not_in_it(office: Office, world: World):
    await office.rules(scope="people", people=["UCEM"], allow=200)

    (event,) = await world.told("slack.rule_applied")
    (remark,) = [row for row in await world.rows(Remark) if str(row.id) == event["reason"]]
    assert remark.words == "A reason"
    assert event["reason_digest"] == audit.sha256(remark.salt + b"A reason").hex()
    assert (event["giving_version"], event["allowance_version"], event["new"]) == (1, 2, True)
    assert event["modes"] == {str(world.cem.key): "NORMAL"}
    assert not [row for row in await world.rows(AuditEvent) if b"A reason" in row.record]
    assert {row.door for row in await world.rows(AuditEvent) if row.action == "slack.rule_applied"} == {Door.SLACK}


async def test_points_count_from_the_next_period(office: Office, world: World):
    leaders = await group_of(world, "Leaders", world.ann, world.bob)

    lines = await office.rules(scope="group", group=leaders, allow=250)

    assert lines == [
        "2 people change: 2 can give 150 points more a month.",
        "Can give 150 points more a month: Ann and Bob.",
        "Points to give change on 1 April.",
    ]
    assert (await world.ann.allowance())["total"] == 100
    world.passes(days=30)
    assert [(await one.allowance())["total"] for one in (world.ann, world.bob, world.cem)] == [250, 250, 100]
    assert await office.lines() == [("Leaders", "Give 250 a month")]


async def test_what_is_about_fewer_people_counts_over_what_is_about_more(office: Office, world: World):
    leaders = await group_of(world, "Leaders", world.ann, world.bob)
    await office.rules(scope="people", people=["UBOB", "UADA"], allow=500)
    await office.rules(scope="group", group=leaders, allow=250)

    lines = await office.rules(scope="all", allow=20)

    assert lines[0] == "4 people change: 4 can give 80 points less a month."
    assert lines[1] == "Can give 80 points less a month: Aud Auditor, Cem, Dee and Olga Owner."
    world.passes(days=30)
    totals = {one.name: (await one.allowance())["total"] for one in (world.ann, world.bob, world.cem, world.owner)}
    assert totals == {"Ann": 250, "Bob": 500, "Cem": 20, "Olga Owner": 20}


async def test_direct_reports_are_counted_for_each_manager(office: Office, world: World):
    for report, manager in ((world.ann, world.bob), (world.cem, world.bob), (world.dee, world.admin)):
        await world.database.submit(organization.UpdateMember(world.house, report.key, manager_id=manager.key))
    await sets_allowances(world, AllowanceRule(AllowanceEffect.ADD, 5, EVERYONE, per_direct_report=True))

    lines = await office.rules(allow=20)

    less = [f"{people} can give {points} points less a month" for people, points in ((5, 80), (1, 85), (1, 90))]
    assert lines[0] == f"7 people change: {', '.join(less)}."
    assert lines[2:4] == ["Can give 85 points less a month: Ada Admin.", "Can give 90 points less a month: Bob."]
    world.passes(days=30)
    assert {(await one.allowance())["total"] for one in (world.ann, world.bob, world.admin)} == {20}


async def test_a_rule_for_one_person_is_its_mode(office: Office, world: World):
    lines = await office.rules(scope="people", people=["UBOB"], give="no")

    assert lines == ["1 person changes: 1 can no longer give.", "Can no longer give: Bob."]
    assert await world.told("member.mode_changed") == [{"before": "NORMAL", "after": "RECEIVER"}]
    assert (await policies(world))[0].rules == ()
    assert (await office.home()).people_set == 1
    assert await office.rules(scope="people", people=["UBOB"]) == ["1 person changes: 1 can give now.", "Can give now: Bob."]
    assert (await office.home()).people_set == 0


@pytest.mark.parametrize("by_rule", [True, False])
async def test_whoever_may_give_again_is_issued_an_allowance_at_once(office: Office, world: World, by_rule: bool):
    eve = await world.hires("Eve", mode=ParticipationMode.OBSERVER)
    profile = {"real_name": "Eve", "email": "eve@acorn.example"}
    await office.people.enrol(await office.workspace(), {"id": "UEVE", "team_id": TEAM, "profile": profile})

    if by_rule:
        lines = await office.rules(scope="people", people=["UEVE"])
        assert lines[0] == "1 person changes: 1 can give now, 1 can receive now."
    else:
        await office.presses("ada", "member_resume", str(eve.key), {"type": "modal"})

    assert (await world.balances())["allowance", eve.key] == 100


async def test_a_rule_for_everyone(office: Office, world: World):
    assert (await office.rules(give="no", recv="no"))[0] == "7 people change: 7 can no longer give, 7 can no longer receive."

    assert (await policies(world))[0].rules == (GivingRule(Effect.DENY, EVERYONE, EVERYONE, "A reason"),)
    assert await able(world) == (set(), set())
    assert await office.lines() == [("Everyone", "Give no · “A reason”")]


async def test_a_rule_that_changes_nothing_says_so(office: Office, world: World):
    await office.rules(give="no")

    assert await office.rules(scope="people", people=["UANN", "UBOB"], give="no") == ["Nothing changes for anybody."]


async def test_a_rule_is_edited_in_its_place_and_the_others_stay(office: Office, world: World):
    contractors = Audience(group_ids=frozenset([UUID(await group_of(world, "Contractors", world.cem, world.dee))]))
    others = (
        GivingRule(Effect.DENY, of(world.ann), of(world.bob), "They are married"),
        GivingRule(Effect.DENY, contractors, EVERYONE, "Leaving"),
        GivingRule(Effect.ALLOW, EVERYONE, EVERYONE),
        GivingRule(Effect.DENY, EVERYONE, contractors, "Leaving"),
    )
    await sets_rules(world, *others)
    more = AllowanceRule(AllowanceEffect.ADD, 5, EVERYONE, per_direct_report=True)
    await sets_allowances(world, AllowanceRule(AllowanceEffect.REPLACE, 10, contractors), more)
    assert await office.lines() == [
        ("Ann", "May not give to Bob · “They are married”"),
        ("Contractors", "Give no · receive no · “Leaving”"),
        ("Everyone", "May give to everyone"),
        ("Everyone", "Give 5 more a month for each direct report"),
    ]
    rules = await office.presses("ada", "rule_list", "all")
    assert rules is not None
    entry = rules["blocks"][1]["accessory"]["options"][0]
    assert entry["value"] == "edit:2.2.1"

    form = await office.presses("ada", "rule_menu", entry["value"], rules)

    stands = {"scope": "group", "group": str(*contractors.group_ids), "give": "no", "recv": "no", "note": "Leaving"}
    assert typed_in(form) == {**stands, "allow": "10"}
    assert office.paper.calls[-1][0] == "views.push"
    # Everybody may receive from contractors again; they may not receive, and get fewer points: as the list has them, Cem and Dee.
    effect = pushed(await office.submits("ada", form, give="yes", allow=40))
    assert said(effect)[0] == "2 people change: 2 can give now, 2 can give 30 points more a month."
    assert await office.submits("ada", effect) == CLEAR
    giving, allowances = await policies(world)
    assert giving.rules == (others[0], GivingRule(Effect.DENY, EVERYONE, contractors, "Leaving"), others[2])
    assert allowances.rules == (AllowanceRule(AllowanceEffect.REPLACE, 40, contractors), more)


async def test_a_rule_is_removed_with_all_that_it_stands_for_and_no_more(office: Office, world: World):
    contractors = await group_of(world, "Contractors", world.cem, world.dee)
    await office.rules(scope="group", group=contractors, give="no", recv="no")
    await office.rules(scope="people", people=["UANN", "UBOB"], give="no")
    rules = await office.presses("ada", "rule_list", "all")
    assert rules is not None

    effect = await office.presses("ada", "rule_menu", rules["blocks"][0]["accessory"]["options"][1]["value"], rules)

    assert said(effect)[0] == "2 people change: 2 can give now, 2 can receive now."
    assert await office.submits("ada", effect) == CLEAR
    assert (await policies(world))[0].rules == (GivingRule(Effect.DENY, of(world.ann, world.bob), EVERYONE, "A reason"),)
    assert await able(world) == (ALL - {"Ann", "Bob"}, ALL)
    assert len(await world.told("slack.rule_removed")) == 1


async def test_who_can_give_to_fewer_people(office: Office, world: World):
    pair = GivingRule(Effect.DENY, of(world.ann, world.cem), of(world.bob))
    allow = GivingRule(Effect.ALLOW, of(world.bob, world.dee), of(world.cem, world.ann))
    await sets_rules(world, pair, allow)
    rules = await office.presses("ada", "rule_list", "all")

    effect = await office.presses("ada", "rule_menu", "remove:2.1.0", rules)
    assert said(effect) == ["Nothing changes for anybody."]

    effect = await office.presses("ada", "rule_menu", "remove:2.1.1", rules)
    assert said(effect) == [
        "7 people change: 5 can give now, 5 can receive now.",
        "Can give now: Ada Admin, Ann, Aud Auditor, Cem and Olga Owner.",
        "Can receive now: Ada Admin, Aud Auditor, Bob, Dee and Olga Owner.",
    ]
    assert await office.submits("ada", effect) == CLEAR
    effect = await office.presses("ada", "rule_menu", "remove:3.1.0", rules)
    assert said(effect) == ["2 people change: 2 can give to more people.", "Can give to more people: Ann and Cem."]


async def test_rules_that_the_form_cannot_say_are_not_edited(office: Office, world: World):
    eve = await world.hires("Eve")
    mixed = Audience(group_ids=frozenset([UUID(await group_of(world, "Team"))]), member_ids=frozenset([world.ann.key]))
    await sets_rules(
        world,
        GivingRule(Effect.ALLOW, EVERYONE, EVERYONE),
        GivingRule(Effect.DENY, mixed, EVERYONE),
        GivingRule(Effect.DENY, of(world.ann, eve), EVERYONE),
    )
    rules = await office.presses("ada", "rule_list", "all")
    for line in range(3):
        shown = await office.presses("ada", "rule_menu", f"edit:2.1.{line}", rules)
        assert said(shown) == ["This rule says more than the form can. It can be removed here, and changed through the API."]


async def test_a_person_is_edited_with_the_mode_it_has(office: Office, world: World):
    await sets_allowances(world, AllowanceRule(AllowanceEffect.REPLACE, 10, of(world.bob)))
    await world.sets_mode(world.bob, "RECEIVER")
    rules = await office.presses("ada", "rule_list", "all")

    form = await office.presses("ada", "rule_menu", "edit:1.2.0", rules)

    stands = {"scope": "people", "people": ["UBOB"], "give": "no", "recv": "yes", "allow": "10", "note": None}
    assert typed_in(form) == stands


@pytest.mark.parametrize(
    ("filled", "block"),
    [
        ({}, "give"),
        ({"scope": "group"}, "scope"),
        ({"scope": "people", "people": []}, "people"),
        ({"scope": "people", "people": ["UROBOT"]}, "people"),
        ({"scope": "people", "people": ["UANN", "UROBOT"], "give": "no"}, "people"),
        ({"allow": 2_000_000}, "allow"),
        ({"allow": "many"}, "allow"),
        ({"give": "no", "note": "x" * 600}, "note"),
        ({"give": "no", "note": ""}, "note"),
        ({"give": "no", "note": "a\0b"}, "note"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_beside_its_field(
    office: Office, world: World, filled: dict[str, Any], block: str
):
    view = await office.presses("ada", "rule_add", "new")
    view = await office.presses("ada", "scope", filled.get("scope", "all"), view, **filled)
    before = await office.record()

    answer = await office.submits("ada", view, **{"note": "A reason", **filled})

    assert list(errors(answer)) == [block]
    left = {"slack_person": ANY} if "UROBOT" in str(filled) else {}
    assert await office.record() | left == before | left


async def test_a_policy_that_changed_meanwhile_is_looked_at_again(office: Office, world: World):
    view = await office.presses("ada", "rule_add", "new")
    effect = pushed(await office.submits("ada", view, give="no", note="A reason"))
    await office.rules("olga", scope="people", people=["UANN", "UBOB"], give="no")
    rules = await office.presses("ada", "rule_list", "all")
    form = await office.presses("ada", "rule_menu", "edit:2.1.0", rules)
    await office.rules("olga", allow=20)
    before = await office.record()

    refused = await office.submits("ada", effect)
    assert refused is not None
    assert refused["response_action"] == "update"
    assert said(refused["view"]) == ["Nothing was changed. The policy has changed to version 2. Read it again first."]
    edited = await office.submits("ada", form, recv="no")
    assert errors(edited) == {"scope": "The policy has changed to version 2. Read it again first."}
    stale = await office.presses("ada", "rule_menu", "remove:2.1.0", rules)
    assert said(stale) == ["The rules have changed since. Close this list, and open it again."]
    assert await office.record() == before


async def test_a_rule_that_is_sent_twice_is_applied_once(office: Office, world: World):
    view = await office.presses("ada", "rule_add", "new")
    effect = pushed(await office.submits("ada", view, give="no", note="A reason"))

    assert await office.submits("ada", effect) == CLEAR
    before = await office.record()
    assert await office.submits("ada", effect) == CLEAR

    assert await office.record() == before


async def test_only_so_many_people_are_looked_at(office: Office, world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(foresight, "PEOPLE_MAX", 5)
    monkeypatch.setattr(foresight, "AT_ONCE", 2)

    lines = await office.rules(allow=120)

    assert [lines[0], *lines[2:]] == [
        "5 people change: 5 can give 20 points more a month.",
        "Points to give change on 1 April.",
        "Only the first 5 of 7 people were looked at.",
    ]
    assert lines[1].count(",") == 3


async def test_a_hundred_people_and_a_long_reason_fit_into_a_rule(office: Office, world: World):
    workspace, ids = await office.workspace(), []
    for number in range(100):
        user = {"id": f"U0123456789{number:03}", "team_id": TEAM, "profile": {"real_name": f"Person {number}"}}
        await office.people.enrol(workspace, user)
        ids.append(user["id"])

    lines = await office.rules(scope="people", people=ids, give="no", recv="no", note='"\\' * 150)

    assert lines[0] == "100 people change: 100 can no longer give, 100 can no longer receive."
