"""Taking back: everything or nothing, always by new transfers."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app import recognition
from app.api.ids import encode
from app.ledger import Account, Entry, Transfer
from app.recognition.revoke import Shares
from tests.world import NOON, Answer, Somebody, World

HOUR = "2026-03-10T12:00:00+00:00"


async def given(giver: Somebody, *to: Somebody, points: int = 10, **more: Any) -> str:
    return str((await giver.gives(to=to, points=points, **more)).payload["recognition"]["id"])


async def left(*people: Somebody) -> list[int]:
    """Points left to give."""
    return [(await somebody.allowance())["remaining"] for somebody in people]


async def wallets(*people: Somebody) -> list[int]:
    return [await somebody.wallet() for somebody in people]


async def issuance(world: World) -> int:
    return (await world.balances())["issuance", world.organization_id]


async def imports(world: World, given_at: datetime, *to: Somebody, points: int = 10) -> UUID:
    act = recognition.ImportRecognition(
        world.house,
        str(uuid4()),
        given_at,
        world.ann.key,
        tuple(somebody.key for somebody in to),
        points,
        (),
        "From the old days",
        b"x",
    )
    assert await world.database.submit(act)
    return next(row.id for row in await world.rows(recognition.Recognition) if row.origin == "IMPORT")


async def test_everything_goes_back_to_where_it_came_from(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem)
    await world.dee.boosts(recognition_id, 7)
    await world.bob.boosts(recognition_id, 3)
    posted = {row.id for row in await world.rows(Transfer)}

    answer = await world.ann.revokes(recognition_id, reason="By mistake", key="k")

    revoked = answer.payload["recognition"]
    assert (answer.user_errors, revoked["revokedAt"], revoked["message"]) == ([], HOUR, "Thank you for the release")
    assert await wallets(world.bob, world.cem) == [0, 0]
    assert await left(world.ann, world.bob, world.dee) == [100, 100, 100]
    assert posted < {row.id for row in await world.rows(Transfer)}
    new = [row for row in await world.rows(Transfer) if row.id not in posted]
    assert sorted((str(row.kind), row.reverses_id in posted) for row in new) == [("REVERSAL", True)] * 3
    (body,) = await world.told("recognition.revoked")
    assert (body["force"], body["shortfall"]) == (False, 0)
    assert body["returned"] == {str(world.ann.key): 20, str(world.dee.key): 14, str(world.bob.key): 3}
    assert "mistake" not in str(body)
    before = await world.snapshot()
    assert (await world.ann.revokes(recognition_id, reason="By mistake", key="k")).payload["replayed"] is True
    assert (await world.ann.revokes(recognition_id)).user_errors == [("INVALID_STATE", ["recognitionId"])]
    assert (await world.admin.revokes(recognition_id, force=True)).user_errors == [("INVALID_STATE", ["recognitionId"])]
    assert await world.snapshot() == before


async def test_who_may_take_back_and_when(world: World):
    recognition_id = await given(world.ann, world.bob)
    private = await given(world.ann, world.bob, visibility="PRIVATE")
    before = await world.snapshot()

    for nosy in (world.bob, world.cem, world.auditor):
        assert (await nosy.revokes(recognition_id)).user_errors == [("FORBIDDEN", ["recognitionId"])]
    assert (await world.cem.revokes(private)).user_errors == [("NOT_FOUND", ["recognitionId"])]
    assert (await world.ann.revokes(recognition_id, force=True)).user_errors == [("FORBIDDEN", ["force"])]
    world.passes(hours=24, seconds=1)
    assert (await world.ann.revokes(recognition_id)).user_errors == [("UNDO_WINDOW_CLOSED", ["recognitionId"])]
    assert await world.snapshot() == before
    world.passes(seconds=-1)
    assert (await world.ann.revokes(recognition_id)).user_errors == []
    world.passes(days=700)
    assert (await world.admin.revokes(private)).user_errors == []
    assert (await world.sets_giving_policy(undoWindowMinutes=0)).user_errors == []
    late = await given(world.ann, world.bob)
    world.passes(seconds=1)
    assert (await world.ann.revokes(late)).user_errors == [("UNDO_WINDOW_CLOSED", ["recognitionId"])]
    assert (await world.owner.revokes(late)).user_errors == []


async def test_plain_thanks_are_taken_back_too(world: World):
    recognition_id = await given(world.ann, world.bob, points=0)
    posted = len(await world.rows(Transfer))

    assert (await world.ann.revokes(recognition_id)).user_errors == []

    assert len(await world.rows(Transfer)) == posted
    assert {grant.revoked for grant in await world.rows(recognition.Grant)} == {True}


async def test_a_revoked_recognition_leaves_every_feed(world: World):
    recognition_id = await given(world.ann, world.bob)
    await world.cem.asks(
        'mutation C($id: ID!) { commentOnRecognition(recognitionId: $id, text: "Yes") { comment { id } } }', id=recognition_id
    )
    await world.ann.revokes(recognition_id)
    shown = """query R($id: ID!) {
      node(id: $id) { ... on Recognition { message revokedAt } } recognitions { totalCount nodes { id } } }"""
    messages = {}
    for somebody in (world.ann, world.bob, world.cem, world.admin, world.auditor):
        found = (await somebody.asks(shown, id=recognition_id)).data
        assert found["recognitions"] == {"totalCount": 0, "nodes": []}
        messages[somebody.name] = found["node"] and found["node"]["message"]
    said = "Thank you for the release"
    assert messages == {"Ann": said, "Bob": "", "Cem": None, "Ada Admin": said, "Aud Auditor": said}
    lists = "query L($id: ID!) { member(id: $id) { recognitionsReceived { totalCount } } }"
    assert (await world.bob.asks(lists, id=world.bob.id)).data["member"]["recognitionsReceived"]["totalCount"] == 0
    history = "{ viewer { member { wallet { transfers { nodes { kind points recognition { message } } } } } } }"
    nodes = (await world.bob.asks(history)).data["viewer"]["member"]["wallet"]["transfers"]["nodes"]
    assert sorted((node["kind"], node["points"], node["recognition"]["message"]) for node in nodes) == [
        ("RECOGNITION", 10, ""),
        ("REVERSAL", -10, ""),
    ]
    talk = 'mutation T($id: ID!) { commentOnRecognition(recognitionId: $id, text: "No") { userErrors { code field } } }'
    assert (await world.bob.asks(talk, id=recognition_id)).user_errors == [("INVALID_STATE", ["recognitionId"])]
    assert (await world.cem.asks(talk, id=recognition_id)).user_errors == [("NOT_FOUND", ["recognitionId"])]


async def test_points_that_were_spent_cannot_be_taken_back_but_by_force(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem)
    await world.dee.boosts(recognition_id, 5)
    await world.admin.adjusts(world.bob, -8)
    before = await world.snapshot()

    for somebody in (world.ann, world.admin):
        assert (await somebody.revokes(recognition_id)).user_errors == [("POINTS_SPENT", ["recognitionId"])]
    assert await world.snapshot() == before
    was = await issuance(world)
    # Bob has 7 of 15 and gives all of it: 7 × 10/15 = 4.67 → 4 to Ann, 7 × 5/15 = 2.33 → 2 to Dee, 1 to issuance.
    # Cem gives 10 and 5.
    assert (await world.admin.revokes(recognition_id, force=True)).user_errors == []
    assert await wallets(world.bob, world.cem) == [0, 0]
    assert await left(world.ann, world.dee) == [80 + 14, 90 + 7]
    assert await issuance(world) == was + 1
    (body,) = await world.told("recognition.revoked")
    assert (body["force"], body["shortfall"]) == (True, 8)
    assert body["returned"] == {str(world.ann.key): 14, str(world.dee.key): 7}


async def test_force_with_several_payers_and_an_empty_wallet(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem, points=9)
    await world.bob.boosts(recognition_id, 6)  # to Cem alone
    await world.dee.boosts(recognition_id, 1)
    await world.dee.boosts(recognition_id, 1)
    await world.admin.adjusts(world.bob, -11)
    await world.admin.adjusts(world.cem, -7)
    was = await issuance(world)

    assert (await world.admin.revokes(recognition_id, force=True)).user_errors == []

    # Bob has nothing. Cem has 10 of 9 + 6 + 2 = 17: Ann 5.29 → 5, Bob 3.53 → 3, Dee (1 + 1) 1.18 → 1, issuance 1.
    assert await wallets(world.bob, world.cem) == [0, 0]
    assert await left(world.ann, world.bob, world.dee) == [82 + 5, 94 + 3, 96 + 1]
    assert await issuance(world) == was + 1
    (body,) = await world.told("recognition.revoked")
    assert (body["shortfall"], sum(body["returned"].values())) == (11 + 7, 9)


@pytest.mark.parametrize(
    ("owed", "taken", "shares", "parts"),
    [
        (15, 15, [("a", 10), ("b", 5)], [(10, 0), (5, 0)]),
        (15, 7, [("a", 10), ("b", 5)], [(4, 0), (2, 1)]),
        (15, 0, [("a", 10), ("b", 5)], [(0, 0), (0, 0)]),
        (10, 5, [("a", 8), ("b", 1), ("b", 1)], [(4, 0), (0, 0), (1, 0)]),
        (3, 2, [("a", 1), ("b", 1), ("c", 1)], [(0, 0), (0, 0), (0, 2)]),
        (7, 6, [("a", 2), ("b", 3), ("a", 2)], [(1, 0), (2, 0), (2, 1)]),
    ],
)
def test_a_wallet_parted_among_those_who_paid(owed: int, taken: int, shares: list[tuple[str, int]], parts: list[tuple[int, int]]):
    payers = {name: uuid4() for name, _ in shares}
    wallet = Shares(owed, taken)

    found = [wallet.part(payers[name], points) for name, points in shares]

    assert found == parts
    assert sum(map(sum, found)) == taken


async def test_gifts_of_a_period_before_go_back_to_issuance(world: World):
    recognition_id = await given(world.ann, world.bob)
    world.now = NOON.replace(month=3, day=31, hour=22, minute=0)
    await world.dee.boosts(recognition_id, 5)
    was = await issuance(world)

    assert (await world.admin.revokes(recognition_id)).user_errors == []

    assert await left(world.ann, world.dee) == [100, 100]
    assert await wallets(world.bob) == [0]
    # Ann's March: 90 left went back and 100 came anew; her 10 of March came back.
    assert await issuance(world) == was + 90 - 100 + 10
    (body,) = await world.told("recognition.revoked")
    assert body["shortfall"] == 0


async def test_what_was_imported_goes_back_to_issuance_by_an_admin(world: World):
    key = await imports(world, NOON.replace(day=1), world.bob, world.cem)
    recognition_id = encode("Recognition", key)
    await world.dee.boosts(recognition_id, 5)
    was = await issuance(world)

    assert (await world.ann.revokes(recognition_id)).user_errors == [("FORBIDDEN", ["recognitionId"])]
    assert (await world.admin.revokes(recognition_id)).user_errors == []

    assert await wallets(world.bob, world.cem) == [0, 0]
    assert await left(world.ann, world.dee) == [100, 100]  # Dee's boost was paid by Dee
    assert await issuance(world) == was + 20
    assert (await world.told("recognition.revoked"))[0]["returned"] == {str(world.ann.key): 20, str(world.dee.key): 10}


async def test_many_payers_take_few_rounds(world: World):
    recognition_id = await given(world.ann, world.bob, world.cem, points=1)
    for n in range(15):
        booster = await world.hires(f"Booster{n}")
        assert (await booster.boosts(recognition_id, 2)).user_errors == []
    await world.sets_giving_policy(limits={"maxPointsToSamePersonPerPeriod": 50})
    rules = [{"effect": "ADD", "points": 1, "perDirectReport": True, "audience": {"everyone": True}}]
    await world.sets_allowance_policy(rules=rules)
    world.now = NOON.replace(month=4)

    assert (await world.admin.revokes(recognition_id)).user_errors == []

    assert await wallets(world.bob, world.cem) == [0, 0]
    assert {row.balance for row in await world.rows(Account) if row.kind == "wallet"} == {0}


async def test_undone_once_however_many_ask(world: World):
    recognition_id = await given(world.ann, world.bob)

    answers: list[Answer] = await asyncio.gather(
        *[somebody.revokes(recognition_id) for somebody in (world.ann, world.admin, world.owner) * 3]
    )

    assert sorted(answer.user_errors for answer in answers) == [[]] + [[("INVALID_STATE", ["recognitionId"])]] * 8
    assert (await wallets(world.bob), await left(world.ann)) == ([0], [100])
    assert len([entry for entry in await world.rows(Entry) if entry.owner_id == world.bob.key]) == 2
