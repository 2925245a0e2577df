"""givingCheck: why one can, or can't, give."""

import itertools
from typing import Any

from app.api.ids import encode
from app.core.ids import new_id
from app.organization import MemberStatus
from tests.world import NOON, Answer, Somebody, World

RULES = [
    "paused",
    "giver_status",
    "giver_mode",
    "self",
    "recipient_status",
    "recipient_mode",
    "deny",
    "allow",
    "points_each_max",
    "recipients_max",
    "pair_points",
    "pair_recognitions",
    "received_points",
    "message",
    "value",
    "allowance",
]
APRIL = "2026-03-31T22:00:00+00:00"
LIMITS = {
    "maxPointsPerRecognition": 50,
    "maxRecipients": 3,
    "maxPointsToSamePersonPerPeriod": 60,
    "maxRecognitionsToSamePersonPerPeriod": 3,
    "maxPointsReceivedPerPeriod": 70,
}


def refused(answer: Answer) -> list[tuple[str, str, str | None]]:
    """Rule, code and time of each rule that stands in the way."""
    return [(one["rule"], one["code"], one["availableAgainAt"]) for one in answer.payload["rules"] if not one["allowed"]]


async def test_every_rule_is_told_in_order_with_its_numbers(world: World):
    await world.ann.gives(to=[world.bob], points=10)
    await world.sets_giving_policy(limits=LIMITS, valueRequirement="HASHTAG_REQUIRED")
    before = await world.snapshot()

    found = (await world.ann.checks(to=[world.bob, world.cem], points=20, message="Thank you #both")).payload
    silent = (await world.ann.checks(to=[world.bob, world.cem], points=20)).payload

    assert [one["rule"] for one in found["rules"]] == RULES
    assert [one["rule"] for one in silent["rules"]] == [name for name in RULES if name not in {"message", "value"}]
    assert {(one["allowed"], one["code"], one["availableAgainAt"]) for one in found["rules"]} == {(True, None, None)}
    assert (found["allowed"], found["totalCost"], found["recipientCount"], found["remainingAfter"]) == (True, 40, 2, 50)
    explained = {one["rule"]: one["explanation"] for one in found["rules"]}
    assert explained["points_each_max"] == "20 of at most 50 points to each person at once."
    assert explained["recipients_max"] == "2 of at most 3 people."
    assert explained["pair_points"] == "At most 60 points from you to one person per period; 10 so far."
    assert explained["pair_recognitions"] == "At most 3 recognitions from you to one person per period; 1 so far."
    assert explained["received_points"] == "Nobody here has reached a limit on receiving."
    assert explained["message"] == "15 characters, of 10 to 2000."
    assert explained["allowance"] == "It costs 40 of the 90 points left."
    assert await world.snapshot() == before


async def test_what_time_heals_and_what_it_does_not(world: World):
    await world.ann.gives(to=[world.bob], points=60)
    await world.sets_giving_policy(limits={**LIMITS, "maxRecognitionsToSamePersonPerPeriod": 1}, minMessageLength=20)
    before = await world.snapshot()

    heals = await world.ann.checks(to=[world.bob, world.cem], points=45, message="Too short")
    never = await world.ann.checks(to=[world.bob, world.cem, world.dee, world.admin], points=71)
    beyond = await world.ann.checks(to=[world.bob, world.cem], points=2**31 - 1)

    assert refused(heals) == [
        ("pair_points", "LIMIT_EXCEEDED", APRIL),
        ("pair_recognitions", "LIMIT_EXCEEDED", APRIL),
        ("received_points", "LIMIT_EXCEEDED", APRIL),
        ("message", "MESSAGE_TOO_SHORT", None),
        ("allowance", "INSUFFICIENT_ALLOWANCE", APRIL),
    ]
    assert (heals.payload["allowed"], heals.payload["totalCost"], heals.payload["remainingAfter"]) == (False, 90, -50)
    assert refused(never) == [
        ("points_each_max", "LIMIT_EXCEEDED", None),
        ("recipients_max", "TOO_MANY_RECIPIENTS", None),
        ("pair_points", "LIMIT_EXCEEDED", None),
        ("pair_recognitions", "LIMIT_EXCEEDED", APRIL),
        ("received_points", "LIMIT_EXCEEDED", None),
        ("allowance", "INSUFFICIENT_ALLOWANCE", None),
    ]
    assert refused(beyond)[0] == ("points_each_max", "INVALID_POINTS", None)
    assert beyond.payload["totalCost"] == 2**31 - 1
    assert await world.snapshot() == before
    # What was said to heal has healed.
    world.now = world.now.replace(month=3, day=31, hour=22, minute=0)
    assert (await world.ann.checks(to=[world.bob, world.cem], points=45, message="Long enough to be said")).payload["allowed"]


async def test_only_admins_ask_for_another_giver_and_see_the_numbers(world: World):
    ivy = await world.hires("Ivy", status=MemberStatus.INVITED)
    await world.ann.gives(to=[world.bob], points=65)
    await world.sets_giving_policy(limits=LIMITS)
    await world.sets_mode(world.dee, "RECEIVER")
    before = await world.snapshot()

    for nosy in (world.bob, world.auditor):
        answer = await nosy.checks(to=[world.bob], giverId=world.ann.id)
        assert (answer.body["data"], answer.error_codes) == (None, ["FORBIDDEN"])
    assert refused(await world.bob.checks(to=[world.cem], giverId=world.bob.id)) == []
    asked = await world.admin.checks(to=[world.bob], points=6, giverId=world.ann.id)
    assert refused(asked) == [("pair_points", "LIMIT_EXCEEDED", APRIL), ("received_points", "LIMIT_EXCEEDED", APRIL)]
    assert "(65 of 70 points received)" in str(asked.payload["rules"])
    assert asked.payload["remainingAfter"] == 29
    fine = {one["rule"]: one["explanation"] for one in (await world.admin.checks(to=[world.bob], points=5)).payload["rules"]}
    assert fine["received_points"] == "At most 70 points received by one person per period; 65 so far."
    assert refused(await world.admin.checks(to=[world.bob], points=0, giverId=ivy.id)) == [
        ("giver_status", "GIVER_NOT_ALLOWED", None)
    ]
    assert refused(await world.admin.checks(to=[world.bob], points=0, giverId=world.dee.id)) == [
        ("giver_mode", "GIVER_NOT_ALLOWED", None)
    ]
    for bad in (encode("Member", new_id(NOON)), "", world.organization_id.hex):
        answer = await world.admin.checks(to=[world.bob], giverId=bad)
        assert (answer.body["data"], answer.error_codes) == (None, ["NOT_FOUND"])
        assert (await world.ann.checks(to=[world.bob], recipientIds=[bad])).error_codes == ["NOT_FOUND"]
    assert await world.snapshot() == before


async def test_groups_are_expanded_as_in_giving(world: World):
    team = await world.groups("Team", world.ann, world.bob, world.cem, world.dee)
    await world.deactivates(world.dee)
    await world.sets_mode(world.cem, "GIVER")
    before = await world.snapshot()

    found = (await world.ann.checks(groups=[team], points=5)).payload
    empty = await world.bob.checks(groups=[await world.groups("Empty", world.bob)], points=5)

    assert (found["allowed"], found["recipientCount"], found["totalCost"]) == (True, 1, 5)
    assert {(one["member"]["id"], one["code"]) for one in found["leftOut"]} == {
        (world.dee.id, "RECIPIENT_INACTIVE"),
        (world.cem.id, "RECIPIENT_NOT_ALLOWED"),
    }
    assert refused(empty) == [("recipients_max", "NO_RECIPIENTS", None)]
    assert {**await world.snapshot(), "member_group": 0, "membership": 0, "audit_event": 0, "chain_head": 0} == {
        **before,
        "member_group": 0,
        "membership": 0,
        "audit_event": 0,
        "chain_head": 0,
    }


async def test_a_check_in_a_new_period_sees_the_new_allowance_and_writes_nothing(world: World):
    await world.ann.gives(to=[world.bob], points=100)
    world.passes(days=31)
    before = await world.snapshot()

    found = (await world.ann.checks(to=[world.bob], points=100)).payload

    assert (found["allowed"], found["remainingAfter"]) == (True, 0)
    assert await world.snapshot() == before


async def test_giving_does_what_the_check_said(world: World):
    """Over a table of situations: allowed exactly if a gift right after it goes through, and else for the same first reason."""
    care = await world.praises("care")
    team = await world.groups("Team", world.ann, world.bob, world.cem)
    away = await world.groups("Away", world.dee)
    await world.deactivates(world.dee)
    deny = {"effect": "DENY", "giver": {"memberIds": [world.ann.id]}, "recipient": {"memberIds": [world.cem.id]}}
    allow = {"effect": "ALLOW", "giver": {"everyone": True}, "recipient": {"groupIds": [team]}}
    policies: tuple[dict[str, Any], ...] = (
        {},
        {"givingPaused": True},
        {"rules": [deny]},
        {"rules": [allow], "valueRequirement": "VALUE_REQUIRED"},
        {"limits": {"maxRecipients": 1, "maxPointsPerRecognition": 20}},
        {
            "limits": {
                "maxPointsToSamePersonPerPeriod": 15,
                "maxRecognitionsToSamePersonPerPeriod": 4,
                "maxPointsReceivedPerPeriod": 40,
            }
        },
    )
    no_limits = dict.fromkeys(LIMITS) | {"maxRecipients": 50}
    wishes: list[tuple[list[Somebody], list[str], int, str]] = [
        ([world.bob], [], 1, "Thank you so much"),
        ([world.cem, world.bob], [], 0, "Thank you #care"),
        ([world.bob], [team], 3, "Thank you, team #care"),
        ([], [away], 1, "Thank you so much"),
        ([world.dee], [], 0, "Thank you so much"),
        ([world.ann], [team], 1, "Thank you so much"),
        ([world.admin], [team], 25, "Thank you so much"),
        ([], [], 1, "Short"),
    ]
    outcomes = set()
    for policy, (people, groups, points, message) in itertools.product(policies, wishes):
        if people == [world.bob] and not groups:
            await world.sets_giving_policy(
                **{"givingPaused": False, "valueRequirement": "OPTIONAL", "limits": no_limits, **policy}
            )
        ids = [care] if points == 25 else []
        before = await world.snapshot()
        found = (await world.ann.checks(people, points, groups=groups, message=message, valueIds=ids)).payload
        assert await world.snapshot() == before
        given = await world.ann.gives(people, points, message, groups=groups, valueIds=ids)

        assert found["allowed"] == (given.user_errors == [])
        assert found["allowed"] == all(one["allowed"] for one in found["rules"])
        if found["allowed"]:
            assert found["totalCost"] == given.payload["recognition"]["totalPoints"]
            assert found["remainingAfter"] == (await world.ann.allowance())["remaining"]
            assert found["leftOut"] == [{"member": one["member"], "code": one["code"]} for one in given.payload["leftOut"]]
        else:
            (error,) = given.payload["userErrors"]
            first = next(one for one in found["rules"] if not one["allowed"])
            assert (first["rule"], first["code"], first["explanation"]) == (error["rule"], error["code"], error["message"])
            assert first["availableAgainAt"] == error["availableAgainAt"]
            assert await world.snapshot() == before
        outcomes.add(None if found["allowed"] else error["code"])
    assert outcomes >= {
        None,
        "GIVING_PAUSED",
        "RECIPIENT_NOT_ALLOWED",
        "RECIPIENT_INACTIVE",
        "SELF_RECOGNITION",
        "NO_RECIPIENTS",
        "LIMIT_EXCEEDED",
        "TOO_MANY_RECIPIENTS",
        "VALUE_REQUIRED",
        "INSUFFICIENT_ALLOWANCE",
    }


async def test_can_receive_agrees_with_the_check(world: World):
    team = await world.groups("Team", world.bob)
    await world.hires("Ivy", status=MemberStatus.INVITED)
    await world.sets_mode(world.cem, "GIVER")
    await world.deactivates(world.dee)
    deny = {"effect": "DENY", "giver": {"everyone": True}, "recipient": {"groupIds": [team]}}

    async def receivers(viewer: Somebody) -> set[str]:
        document = "{ members(first: 100, filter: { status: null }) { nodes { id displayName canReceive } } }"
        found = set()
        for shown in (await viewer.asks(document)).data["members"]["nodes"]:
            checked = await viewer.asks(
                "query C($id: ID!) { givingCheck(recipientIds: [$id], pointsEach: 0) { allowed } }", id=shown["id"]
            )
            assert checked.payload["allowed"] == shown["canReceive"], shown
            found |= {shown["displayName"]} if shown["canReceive"] else set()
        return found

    staff = {"Ada Admin", "Aud Auditor", "Olga Owner", "Ivy"}
    assert await receivers(world.ann) == staff | {"Bob"}
    await world.sets_giving_policy(rules=[deny])
    assert await receivers(world.ann) == staff
    await world.sets_giving_policy(rules=[{**deny, "effect": "ALLOW"}])
    assert await receivers(world.ann) == {"Bob"}
    await world.sets_mode(world.ann, "RECEIVER")
    assert await receivers(world.ann) == set()
    await world.sets_mode(world.ann, "NORMAL")
    await world.sets_giving_policy(givingPaused=True)
    assert await receivers(world.ann) == set()
