"""Bounds: what is refused before it costs anybody much, and the moment that an act is dated with."""

from typing import Any

from app import recognition
from tests.world import GIVE, World

REACT = """mutation React($id: ID!, $emoji: String!) { reactToRecognition(recognitionId: $id, emoji: $emoji) {
  recognition { reactions { emoji } } userErrors { code field } } }"""


async def test_an_act_is_dated_when_it_has_the_lock(world: World, monkeypatch):
    store = world.database.committer.store
    begin = store.begin

    async def waits(*given: Any) -> None:
        await begin(*given)
        world.passes(minutes=5)

    monkeypatch.setattr(store, "begin", waits)
    asked_at = world.now

    answer = await world.ann.gives(to=[world.bob], points=1)

    assert answer.payload["recognition"]["givenAt"] == "2026-03-10T12:05:00+00:00"
    assert asked_at.isoformat() == "2026-03-10T12:00:00+00:00"


async def test_a_huge_group_is_counted_and_not_looked_at(world: World, monkeypatch):
    from app.recognition import case

    monkeypatch.setattr(case, "GROUPS_EXPANDED_MAX", 2)
    small = await world.groups("Two", world.bob, world.cem)
    large = await world.groups("Three", world.bob, world.cem, world.dee)
    before = await world.snapshot()

    assert (await world.ann.gives(groups=[large], points=1)).user_errors == [("TOO_MANY_RECIPIENTS", ["groupIds"])]
    assert await world.snapshot() == before
    assert (await world.ann.gives(groups=[small], points=1)).user_errors == []


async def test_a_text_of_marks_is_refused_before_it_is_normalized(world: World):
    given = {"recipientIds": [world.bob.id], "pointsEach": 1, "idempotencyKey": "k", "message": "a" + "\u0301\u0316" * 4_001}

    answer = await world.ann.asks(GIVE, input=given)

    assert answer.user_errors == [("MESSAGE_TOO_LONG", ["message"])]
    assert await world.rows(recognition.Recognition) == []


async def test_reactions_are_emoji_and_few(world: World):
    given = (await world.ann.gives(to=[world.bob])).payload["recognition"]["id"]
    for words in ("Bob is a thief", "tada", "<b>", "7", "né"):
        assert (await world.cem.asks(REACT, id=given, emoji=words)).user_errors == [("INVALID_INPUT", ["emoji"])]
    emoji = ["👏", "❤️", "👩‍💻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "🇪🇸", ":tada:", ":+1:", "👍🏽", "✨"]
    for one in emoji:
        assert (await world.cem.asks(REACT, id=given, emoji=one)).user_errors == []

    assert (await world.cem.asks(REACT, id=given, emoji="🎉")).user_errors == [("LIMIT_EXCEEDED", ["emoji"])]


async def test_notes_of_rules_are_for_admins(world: World):
    rule = {"effect": "DENY", "giver": {"memberIds": [world.dee.id]}, "recipient": {"everyone": True}, "note": "between us"}
    assert (await world.sets_giving_policy(rules=[rule])).user_errors == []
    document = "{ organization { givingPolicy { rules { effect note } } } }"

    for somebody, note in ((world.admin, "between us"), (world.auditor, "between us"), (world.ann, None)):
        shown = (await somebody.asks(document)).data["organization"]["givingPolicy"]["rules"]
        assert shown == [{"effect": "DENY", "note": note}]
