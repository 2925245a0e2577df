"""Boosting: another member adds points to a recognition, for all who received it."""

import asyncio
from typing import Any

from app.api.ids import encode
from app.core.ids import new_id
from app.recognition import Boost
from tests.world import NOON, Answer, Somebody, World


def said(answer: Answer) -> list[tuple[str, list[str] | None, str | None]]:
    return [(error["code"], error["field"], error["rule"]) for error in answer.payload["userErrors"]]


async def given(giver: Somebody, *to: Somebody, points: int = 10, **more: Any) -> str:
    return str((await giver.gives(to=to, points=points, **more)).payload["recognition"]["id"])


async def test_every_original_recipient_gets_the_points(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem)

    answer = await world.dee.boosts(recognition_id, 7, key="k")

    boosted = answer.payload["recognition"]
    assert (boosted["boostCount"], boosted["boostPoints"]) == (1, 14)
    assert (boosted["pointsEach"], boosted["totalPoints"]) == (10, 20)
    assert (answer.payload["boost"]["pointsEach"], answer.payload["leftOut"], answer.payload["replayed"]) == (7, [], False)
    assert (await world.bob.wallet(), await world.cem.wallet()) == (17, 17)
    assert (await world.dee.allowance())["remaining"] == 86
    before = await world.snapshot()
    again = await world.dee.boosts(recognition_id, 7, key="k")
    assert (again.payload["replayed"], again.payload["boost"]) == (True, answer.payload["boost"])
    assert said(await world.dee.boosts(recognition_id, 8, key="k")) == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"], None)]
    assert await world.snapshot() == before
    assert (await world.dee.boosts(recognition_id, 1)).payload["recognition"]["boostCount"] == 2
    boosts = (
        "query R($id: ID!) { node(id: $id) { ... on Recognition { boosts { giver { displayName } pointsEach } boostCount } } }"
    )
    shown = (await world.bob.asks(boosts, id=recognition_id)).data["node"]
    assert sorted(boost["pointsEach"] for boost in shown["boosts"]) == [1, 7]
    (first, _) = await world.told("recognition.boosted")
    assert (first["points_each"], first["policy_version"], len(first["recipients"])) == (7, 1, 2)


async def test_a_booster_who_received_it_is_left_out(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem)
    alone = await given(world.ann, world.bob)

    answer = await world.bob.boosts(recognition_id, 5)

    assert (answer.payload["recognition"]["boostPoints"], answer.payload["leftOut"]) == (5, [])
    assert (await world.bob.wallet(), await world.cem.wallet()) == (20, 15)
    before = await world.snapshot()
    assert said(await world.bob.boosts(alone, 5)) == [("NO_RECIPIENTS", ["recognitionId"], "recipients_max")]
    assert await world.snapshot() == before


async def test_what_cannot_be_boosted(world: World):
    own, private = await given(world.ann, world.bob), await given(world.ann, world.bob, visibility="PRIVATE")
    revoked = await given(world.ann, world.bob)
    await world.ann.revokes(revoked)
    before = await world.snapshot()

    assert said(await world.ann.boosts(own, 5)) == [("SELF_RECOGNITION", ["recognitionId"], None)]
    for insider in (world.bob, world.admin, world.auditor):
        assert said(await insider.boosts(private, 5)) == [("INVALID_STATE", ["recognitionId"], None)]
        assert said(await insider.boosts(revoked, 5)) == [("INVALID_STATE", ["recognitionId"], None)]
    for unseen in (private, revoked, encode("Recognition", new_id(NOON)), encode("Member", world.bob.key), "?"):
        assert said(await world.dee.boosts(unseen, 5)) == [("NOT_FOUND", ["recognitionId"], None)]
    for points in (0, -1, 1_000_001):
        assert said(await world.dee.boosts(own, points)) == [("INVALID_POINTS", ["pointsEach"], "points_each_max")]
    assert await world.snapshot() == before


async def test_the_booster_is_judged_as_a_giver(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem, points=1)
    deny = {"effect": "DENY", "giver": {"memberIds": [world.dee.id]}, "recipient": {"everyone": True}}
    refusals = {
        "mode": lambda: world.sets_mode(world.dee, "RECEIVER"),
        "back": lambda: world.sets_mode(world.dee, "NORMAL"),
    }

    assert said(await world.dee.boosts(recognition_id, 51)) == [("INSUFFICIENT_ALLOWANCE", ["pointsEach"], "allowance")]
    await refusals["mode"]()
    assert said(await world.dee.boosts(recognition_id, 1)) == [("GIVER_NOT_ALLOWED", None, "giver_mode")]
    await refusals["back"]()
    await world.sets_giving_policy(givingPaused=True)
    assert said(await world.dee.boosts(recognition_id, 1)) == [("GIVING_PAUSED", None, "paused")]
    await world.sets_giving_policy(givingPaused=False, limits={"maxPointsPerRecognition": 3, "maxRecipients": 1})
    assert said(await world.dee.boosts(recognition_id, 4)) == [("LIMIT_EXCEEDED", ["pointsEach"], "points_each_max")]
    assert said(await world.dee.boosts(recognition_id, 3)) == []  # the limit on people is for giving
    await world.sets_giving_policy(rules=[deny])
    assert said(await world.dee.boosts(recognition_id, 1)) == [("NO_RECIPIENTS", ["recognitionId"], "recipients_max")]


async def test_recipients_who_may_no_longer_receive_are_left_out_and_named(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem, world.admin)
    await world.deactivates(world.bob)
    deny = {"effect": "DENY", "giver": {"memberIds": [world.dee.id]}, "recipient": {"memberIds": [world.cem.id]}}
    await world.sets_giving_policy(rules=[deny])

    answer = await world.dee.boosts(recognition_id, 5)

    assert {(one["member"]["id"], one["code"]) for one in answer.payload["leftOut"]} == {
        (world.bob.id, "RECIPIENT_INACTIVE"),
        (world.cem.id, "RECIPIENT_NOT_ALLOWED"),
    }
    assert answer.payload["recognition"]["boostPoints"] == 5
    assert (await world.admin.wallet(), await world.cem.wallet()) == (15, 10)


async def test_the_booster_takes_its_boost_back(world: World):
    revoke = """mutation R($id: ID!, $key: String!) { revokeBoost(input: { boostId: $id, idempotencyKey: $key }) {
      boost { id revokedAt } recognition { boostCount boostPoints revokedAt } replayed userErrors { code field } } }"""
    recognition_id = await given(world.ann, world.bob, world.cem)
    mine = (await world.dee.boosts(recognition_id, 7)).payload["boost"]["id"]
    other = (await world.bob.boosts(recognition_id, 4)).payload["boost"]["id"]
    before = await world.snapshot()

    for nosy in (world.ann, world.cem, world.auditor):
        assert (await nosy.asks(revoke, id=mine, key="k")).user_errors == [("FORBIDDEN", ["boostId"])]
    for bad in (encode("Boost", new_id(NOON)), recognition_id, ""):
        assert (await world.dee.asks(revoke, id=bad, key="k")).user_errors == [("NOT_FOUND", ["boostId"])]
    assert await world.snapshot() == before

    back = (await world.dee.asks(revoke, id=mine, key="k")).payload
    assert back["recognition"] == {"boostCount": 1, "boostPoints": 4, "revokedAt": None}
    assert back["boost"]["revokedAt"] == "2026-03-10T12:00:00+00:00"
    assert (await world.bob.wallet(), await world.cem.wallet(), (await world.dee.allowance())["remaining"]) == (10, 14, 100)
    assert (await world.dee.asks(revoke, id=mine, key="k")).payload["replayed"] is True
    assert (await world.dee.asks(revoke, id=mine, key="other")).user_errors == [("INVALID_STATE", ["boostId"])]
    world.passes(hours=24, seconds=1)
    assert (await world.bob.asks(revoke, id=other, key="k")).user_errors == [("UNDO_WINDOW_CLOSED", ["boostId"])]
    await world.admin.adjusts(world.cem, -12)
    assert (await world.admin.asks(revoke, id=other, key="k")).user_errors == [("POINTS_SPENT", ["boostId"])]
    await world.admin.adjusts(world.cem, 2)
    assert (await world.admin.asks(revoke, id=other, key="k")).payload["recognition"]["boostCount"] == 0
    assert (await world.cem.wallet(), (await world.bob.allowance())["remaining"]) == (0, 100)
    assert (await world.ann.revokes(recognition_id)).user_errors == [("UNDO_WINDOW_CLOSED", ["recognitionId"])]


async def test_ten_boosts_at_once(world: World):
    recognition_id = await given(world.ann, world.bob)

    answers = await asyncio.gather(*[somebody.boosts(recognition_id, 1) for somebody in (world.cem, world.dee) * 5])
    with_one_key = await asyncio.gather(*[world.admin.boosts(recognition_id, 1, key="k") for _ in range(5)])

    assert [answer.user_errors for answer in answers + with_one_key] == [[]] * 15
    assert sorted(answer.payload["replayed"] for answer in with_one_key) == [False, True, True, True, True]
    assert (len(await world.rows(Boost)), await world.bob.wallet()) == (11, 21)
    final = (await world.admin.boosts(recognition_id, 1)).payload["recognition"]
    assert (final["boostCount"], final["boostPoints"]) == (12, 12)
