"""The giving policy: who may give what to whom, and within which limits."""

import asyncio
from typing import Any

import pytest

from app.api.ids import encode
from app.core.ids import new_id
from tests.world import NOON, Answer, Somebody, World

EVERYONE = {"everyone": True}
APRIL = "2026-03-31T22:00:00+00:00"
"""When March ends in Madrid."""


def rule(effect: str, giver: object = EVERYONE, recipient: object = EVERYONE) -> dict[str, object]:
    return {"effect": effect, "giver": giver, "recipient": recipient}


def members(*people: Somebody) -> dict[str, object]:
    return {"memberIds": [somebody.id for somebody in people]}


def said(answer: Answer) -> list[tuple[str, str | None]]:
    """Code and rule of each refusal."""
    return [(error["code"], error["rule"]) for error in answer.payload["userErrors"]]


async def test_modes_say_who_gives_and_who_receives(world: World):
    gives_not, takes_not = [("GIVER_NOT_ALLOWED", "giver_mode")], [("RECIPIENT_NOT_ALLOWED", "recipient_mode")]
    for mode in ("GIVER", "RECEIVER", "OBSERVER", "NORMAL"):
        assert (await world.sets_mode(world.ann, mode)).user_errors == []
        assert said(await world.ann.gives(to=[world.bob], points=1)) == ([] if mode in {"NORMAL", "GIVER"} else gives_not), mode
        assert said(await world.bob.gives(to=[world.ann], points=1)) == ([] if mode in {"NORMAL", "RECEIVER"} else takes_not), (
            mode
        )
    # A role adds rights and takes none; no ALLOW overrides a mode.
    await world.sets_mode(world.admin, "OBSERVER")
    await world.sets_giving_policy(rules=[rule("ALLOW")])
    assert said(await world.admin.gives(to=[world.bob], points=0)) == [("GIVER_NOT_ALLOWED", "giver_mode")]
    assert said(await world.auditor.gives(to=[world.bob], points=0)) == []


async def test_a_matching_deny_wins_and_any_allow_must_be_matched(world: World):
    leaders = await world.groups("Leaders", world.ann, world.dee)
    denied, unmatched = [("RECIPIENT_NOT_ALLOWED", "deny")], [("RECIPIENT_NOT_ALLOWED", "allow")]

    async def may(giver: Somebody, *recipients: Somebody) -> list[tuple[str, str | None]]:
        return said(await giver.gives(to=recipients, points=0))

    await world.sets_giving_policy(rules=[rule("DENY", {"groupIds": [leaders]}, members(world.bob))])
    assert await may(world.ann, world.bob) == await may(world.dee, world.cem, world.bob) == denied
    assert await may(world.cem, world.bob) == await may(world.ann, world.cem) == []
    await world.sets_giving_policy(
        rules=[rule("ALLOW", {"groupIds": [leaders]}), rule("ALLOW", EVERYONE, {"groupIds": [leaders]})]
    )
    assert await may(world.ann, world.bob) == await may(world.bob, world.dee) == await may(world.ann, world.dee) == []
    assert await may(world.bob, world.cem) == await may(world.bob, world.ann, world.cem) == unmatched
    await world.sets_giving_policy(
        rules=[rule("ALLOW"), rule("DENY", members(world.bob), members(world.ann, world.cem)), rule("ALLOW")]
    )
    assert await may(world.bob, world.cem) == denied
    assert await may(world.cem, world.bob) == []
    # Groups of the moment.
    await world.sets_giving_policy(rules=[rule("DENY", EVERYONE, {"groupIds": [leaders]})])
    assert await may(world.bob, world.dee) == denied
    leave = "mutation L($input: UpdateGroupInput!) { updateGroup(input: $input) { userErrors { code } } }"
    await world.admin.asks(leave, input={"groupId": leaders, "removeMemberIds": [world.dee.id]})
    assert await may(world.bob, world.dee) == []
    # The union of what an audience names.
    await world.sets_giving_policy(rules=[rule("ALLOW", {"groupIds": [leaders], **members(world.cem)}, EVERYONE)])
    assert await may(world.cem, world.bob) == await may(world.ann, world.bob) == []
    assert await may(world.dee, world.bob) == unmatched


async def test_a_policy_that_cannot_be_is_refused(world: World):
    before = await world.snapshot()

    nobody: list[dict[str, Any]] = [{}, {"everyone": False}, {"groupIds": [], "memberIds": []}]
    for bad in nobody:
        for place in ("giver", "recipient"):
            refused = await world.sets_giving_policy(rules=[rule("DENY"), {**rule("DENY"), place: bad}])
            assert refused.user_errors == [("INVALID_INPUT", ["rules", "1", place])]
    unknown = encode("Member", new_id(NOON))
    for name, id_ in (("memberIds", unknown), ("groupIds", unknown), ("groupIds", "")):
        refused = await world.sets_giving_policy(rules=[rule("DENY", EVERYONE, {name: [id_]})])
        assert refused.user_errors == [("NOT_FOUND", ["rules", "0", "recipient", name])]
    for name, number in (
        ("maxRecipients", 0),
        ("maxRecipients", 501),
        ("maxPointsPerRecognition", -1),
        ("maxPointsPerRecognition", 1_000_001),
        ("maxPointsToSamePersonPerPeriod", -1),
        ("maxRecognitionsToSamePersonPerPeriod", -1),
        ("maxPointsReceivedPerPeriod", -1),
    ):
        assert (await world.sets_giving_policy(limits={name: number})).user_errors == [("INVALID_INPUT", ["limits", name])]
    for name, number in (("minMessageLength", -1), ("minMessageLength", 2_001), ("undoWindowMinutes", -1)):
        assert (await world.sets_giving_policy(**{name: number})).user_errors == [("INVALID_INPUT", [name])]
    assert (await world.sets_giving_policy(version=0)).user_errors == [("VERSION_CONFLICT", ["version"])]
    assert (await world.sets_giving_policy(version=2)).user_errors == [("VERSION_CONFLICT", ["version"])]
    assert await world.snapshot() == before
    assert (await world.sets_giving_policy(limits={"maxRecipients": None})).payload["givingPolicy"]["version"] == 2
    assert (await world.sets_giving_policy(version=1)).user_errors == [("VERSION_CONFLICT", ["version"])]
    two = await asyncio.gather(*[world.sets_giving_policy(version=2) for _ in range(2)])
    assert sorted(bool(answer.user_errors) for answer in two) == [False, True]


async def test_every_recognition_names_the_version_that_judged_it(world: World):
    await world.ann.gives(to=[world.bob], points=1)
    await world.sets_giving_policy(minMessageLength=1)
    await world.ann.gives(to=[world.bob], points=1, message="Thx")
    await world.sets_giving_policy(givingPaused=True)
    before = await world.snapshot()
    assert said(await world.ann.gives(to=[world.bob], points=0)) == [("GIVING_PAUSED", "paused")]
    assert await world.snapshot() == before
    await world.sets_giving_policy(givingPaused=False)
    await world.ann.gives(to=[world.bob], points=1)

    assert [body["policy_version"] for body in await world.told("recognition.given")] == [1, 2, 4]


async def test_the_first_rule_in_order_is_the_one_that_is_told(world: World):
    """A case that violates everything; the rules are healed one by one."""
    await world.ann.gives(to=[world.bob], points=50)
    await world.sets_mode(world.ann, "OBSERVER")
    await world.sets_mode(world.bob, "GIVER")
    tight = {
        "maxPointsPerRecognition": 40,
        "maxRecipients": 1,
        "maxPointsToSamePersonPerPeriod": 60,
        "maxRecognitionsToSamePersonPerPeriod": 1,
        "maxPointsReceivedPerPeriod": 70,
    }
    wanted = {
        "givingPaused": True,
        "rules": [rule("DENY", EVERYONE, members(world.bob)), rule("ALLOW", EVERYONE, members(world.admin))],
        "limits": tight,
        "valueRequirement": "HASHTAG_REQUIRED",
    }

    async def first(*people: Somebody, points: int = 60) -> tuple[str, str | None]:
        before = await world.snapshot()
        people = people or (world.ann, world.bob, world.cem)
        answer = await world.ann.gives(to=people, points=points, message="x")
        assert await world.snapshot() == before
        checked = await world.ann.checks(to=people, points=points, message="x")
        (found,) = said(answer)
        bad = [(verdict["code"], verdict["rule"]) for verdict in checked.payload["rules"] if not verdict["allowed"]]
        assert bad[0] == found
        return found

    await world.sets_giving_policy(**wanted)
    assert await first() == ("GIVING_PAUSED", "paused")
    await world.sets_giving_policy(**wanted | {"givingPaused": False})
    assert await first() == ("GIVER_NOT_ALLOWED", "giver_mode")
    await world.sets_mode(world.ann, "GIVER")
    assert await first() == ("SELF_RECOGNITION", "self")
    assert await first(world.bob, world.cem) == ("RECIPIENT_NOT_ALLOWED", "recipient_mode")
    await world.deactivates(world.cem)
    assert await first(world.bob, world.cem) == ("RECIPIENT_INACTIVE", "recipient_status")
    await world.sets_mode(world.bob, "NORMAL")
    assert await first(world.bob, world.dee) == ("RECIPIENT_NOT_ALLOWED", "deny")
    wanted |= {"givingPaused": False, "rules": wanted["rules"][1:]}  # type: ignore[index]
    await world.sets_giving_policy(**wanted)
    assert await first(world.bob, world.dee) == ("RECIPIENT_NOT_ALLOWED", "allow")
    wanted |= {"rules": []}
    await world.sets_giving_policy(**wanted)
    assert await first(world.bob, world.dee) == ("LIMIT_EXCEEDED", "points_each_max")
    assert await first(world.bob, world.dee, points=-1) == ("INVALID_POINTS", "points_each_max")
    assert await first(world.bob, world.dee, points=40) == ("TOO_MANY_RECIPIENTS", "recipients_max")
    healed = ("maxRecipients", "pair_points"), ("maxPointsToSamePersonPerPeriod", "pair_recognitions")
    for name, following in (*healed, ("maxRecognitionsToSamePersonPerPeriod", "received_points")):
        tight[name] = 400
        await world.sets_giving_policy(**wanted | {"limits": tight})
        assert await first(world.bob, world.dee, points=40) == ("LIMIT_EXCEEDED", following)
    await world.sets_giving_policy(**wanted | {"limits": {**tight, "maxPointsReceivedPerPeriod": None}})
    assert await first(world.bob, world.dee, points=40) == ("MESSAGE_TOO_SHORT", "message")
    await world.sets_giving_policy(**wanted | {"limits": {"maxPointsReceivedPerPeriod": None}, "minMessageLength": 0})
    assert await first(world.bob, world.dee, points=40) == ("HASHTAG_REQUIRED", "value")
    await world.sets_giving_policy(limits={"maxPointsReceivedPerPeriod": None}, minMessageLength=0, valueRequirement="OPTIONAL")
    assert await first(world.bob, world.dee, points=40) == ("INSUFFICIENT_ALLOWANCE", "allowance")


async def test_points_to_one_person(world: World):
    recognition_id = (await world.ann.gives(to=[world.bob], points=20, visibility="PRIVATE")).payload["recognition"]["id"]
    boosted = (await world.cem.gives(to=[world.bob, world.dee], points=5)).payload["recognition"]["id"]
    await world.ann.boosts(boosted, 10)
    await world.sets_giving_policy(limits={"maxPointsToSamePersonPerPeriod": 40})
    before = await world.snapshot()

    refused = await world.ann.gives(to=[world.dee, world.bob], points=11)
    by_boost = await world.ann.boosts(boosted, 11)
    never = await world.ann.gives(to=[world.admin], points=41)

    (error,) = refused.payload["userErrors"]
    assert (error["code"], error["field"], error["rule"]) == ("LIMIT_EXCEEDED", ["pointsEach"], "pair_points")
    assert error["availableAgainAt"] == APRIL
    assert error["message"] == "At most 40 points to one person per period; Bob has had 30 from you."
    assert said(by_boost) == said(never) == [("LIMIT_EXCEEDED", "pair_points")]
    assert never.payload["userErrors"][0]["availableAgainAt"] is None
    assert await world.snapshot() == before
    assert said(await world.ann.gives(to=[world.bob], points=0)) == []
    assert said(await world.ann.gives(to=[world.bob], points=10)) == []
    assert said(await world.ann.gives(to=[world.bob], points=1)) == [("LIMIT_EXCEEDED", "pair_points")]
    assert said(await world.cem.gives(to=[world.bob], points=35)) == []
    await world.ann.revokes(recognition_id)
    assert said(await world.ann.gives(to=[world.bob], points=20)) == []
    world.now = world.now.replace(month=4, day=1)
    assert said(await world.ann.gives(to=[world.bob], points=40)) == []


async def test_recognitions_of_one_person(world: World):
    thanks = (await world.ann.gives(to=[world.bob], points=0)).payload["recognition"]["id"]
    await world.ann.gives(to=[world.bob, world.cem], points=1)
    other = (await world.cem.gives(to=[world.bob], points=1)).payload["recognition"]["id"]
    await world.sets_giving_policy(limits={"maxRecognitionsToSamePersonPerPeriod": 2})
    refused = [("LIMIT_EXCEEDED", "pair_recognitions")]

    assert said(await world.ann.gives(to=[world.dee, world.bob], points=0)) == refused
    assert (await world.ann.gives(to=[world.bob], points=0)).payload["userErrors"][0]["availableAgainAt"] == APRIL
    assert said(await world.ann.boosts(other, 1)) == []
    assert said(await world.ann.gives(to=[world.cem], points=0)) == []
    assert said(await world.ann.gives(to=[world.cem], points=0)) == refused
    await world.ann.revokes(thanks)
    assert said(await world.ann.gives(to=[world.bob], points=0)) == []
    assert said(await world.ann.gives(to=[world.bob], points=0)) == refused
    await world.sets_giving_policy(limits={"maxRecognitionsToSamePersonPerPeriod": 0})
    (error,) = (await world.dee.gives(to=[world.bob], points=0)).payload["userErrors"]
    assert (error["rule"], error["availableAgainAt"]) == ("pair_recognitions", None)


async def test_points_that_one_person_receives(world: World):
    given = (await world.ann.gives(to=[world.bob], points=20, visibility="PRIVATE")).payload["recognition"]["id"]
    boosted = (await world.cem.gives(to=[world.bob], points=15)).payload["recognition"]["id"]
    await world.dee.boosts(boosted, 5)
    await world.admin.adjusts(world.bob, 1_000)
    await world.sets_giving_policy(limits={"maxPointsReceivedPerPeriod": 50})
    before = await world.snapshot()

    refused = await world.dee.gives(to=[world.cem, world.bob], points=11)

    (error,) = refused.payload["userErrors"]
    assert (error["code"], error["field"], error["rule"]) == ("LIMIT_EXCEEDED", ["recipientIds"], "received_points")
    assert (error["message"], error["availableAgainAt"]) == ("Bob cannot receive more until 2026-03-31 22:00 UTC.", APRIL)
    assert said(await world.ann.boosts(boosted, 11)) == [("LIMIT_EXCEEDED", "received_points")]
    assert await world.snapshot() == before
    explained = [
        next(
            verdict["explanation"]
            for verdict in (await asker.checks(to=[world.bob], points=11)).payload["rules"]
            if verdict["rule"] == error["rule"]
        )
        for asker in (world.dee, world.auditor, world.admin)
    ]
    assert explained == [error["message"]] * 2 + [
        "Bob cannot receive more until 2026-03-31 22:00 UTC (40 of 50 points received)."
    ]
    assert said(await world.dee.gives(to=[world.bob], points=10)) == []
    assert said(await world.dee.gives(to=[world.bob], points=0)) == []
    assert said(await world.dee.gives(to=[world.bob], points=1)) == [("LIMIT_EXCEEDED", "received_points")]
    await world.ann.revokes(given)
    assert said(await world.dee.gives(to=[world.bob], points=20)) == []
    assert said(await world.admin.adjusts(world.bob, 1_000)) == []
    world.now = world.now.replace(month=4, day=1)
    assert said(await world.ann.gives(to=[world.bob], points=50)) == []


@pytest.mark.parametrize(
    ("limit", "passing"),
    [("maxPointsToSamePersonPerPeriod", 3), ("maxRecognitionsToSamePersonPerPeriod", 30), ("maxPointsReceivedPerPeriod", 3)],
)
async def test_many_at_once_respect_a_limit(world: World, limit: str, passing: int):
    await world.sets_giving_policy(limits={limit: 30})
    team = await world.groups("Team", world.bob, world.cem)

    answers = await asyncio.gather(
        *[
            world.ann.gives(to=[world.bob] if n % 2 else (), groups=[] if n % 2 else [team], points=10 if passing == 3 else 0)
            for n in range(40)
        ]
    )

    assert sum(answer.user_errors == [] for answer in answers) == passing
    assert {code for answer in answers for code, _ in answer.user_errors} == {"LIMIT_EXCEEDED"}
    assert await world.bob.wallet() == (30 if passing == 3 else 0)


async def test_giving_and_taking_back_at_once_respect_a_limit(world: World):
    await world.sets_giving_policy(limits={"maxPointsToSamePersonPerPeriod": 30})
    ids = [(await world.ann.gives(to=[world.bob], points=10)).payload["recognition"]["id"] for _ in range(3)]

    undone = [world.ann.revokes(recognition_id) for recognition_id in ids]
    given = [world.ann.gives(to=[world.bob], points=10) for _ in range(10)]
    answers = await asyncio.gather(*undone, *given)

    assert [answer.user_errors for answer in answers[:3]] == [[]] * 3
    assert sum(answer.user_errors == [] for answer in answers[3:]) == 3
    assert (await world.bob.wallet(), (await world.ann.allowance())["remaining"]) == (30, 70)
