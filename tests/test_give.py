"""Giving: the main job."""

import asyncio
import unicodedata
from typing import Any

import pytest

from app import recognition
from app.api.ids import encode
from app.core.errors import Refusal
from app.core.ids import new_id
from app.founding import FoundOrganization
from app.organization import MemberStatus, hashtags
from app.recognition import Grant, Recognition
from tests.world import NOON, World


async def test_points_go_from_the_allowance_to_the_wallet(world: World):
    answer = await world.ann.gives(to=[world.bob], points=10)

    given = answer.payload["recognition"]
    assert answer.user_errors == []
    assert (given["giver"]["id"], [somebody["id"] for somebody in given["recipients"]]) == (world.ann.id, [world.bob.id])
    assert (given["pointsEach"], given["totalPoints"]) == (10, 10)
    assert await world.bob.wallet() == 10
    assert (await world.ann.allowance())["remaining"] == 90


async def test_cannot_give_to_oneself(world: World):
    before = await world.snapshot()

    answer = await world.ann.gives(to=[world.ann], points=10)
    among_others = await world.ann.gives(to=[world.bob, world.ann], points=10)

    assert answer.user_errors == among_others.user_errors == [("SELF_RECOGNITION", ["recipientIds"])]
    assert await world.snapshot() == before


async def test_everyone_named_gets_the_points_in_full_or_nobody_gets_any(world: World):
    given = (await world.ann.gives(to=[world.bob, world.cem, world.dee], points=30)).payload["recognition"]
    before = await world.snapshot()

    refused = await world.ann.gives(to=[world.bob, world.cem, world.dee], points=4)

    assert (given["pointsEach"], given["totalPoints"], len(given["recipients"])) == (30, 90, 3)
    assert [await somebody.wallet() for somebody in (world.bob, world.cem, world.dee)] == [30, 30, 30]
    (error,) = refused.payload["userErrors"]
    assert (error["code"], error["field"], error["rule"]) == ("INSUFFICIENT_ALLOWANCE", ["pointsEach"], "allowance")
    assert error["availableAgainAt"] == "2026-03-31T22:00:00+00:00"
    assert await world.snapshot() == before
    assert (await world.ann.gives(to=[world.bob, world.cem], points=5)).user_errors == []
    assert (await world.ann.allowance())["remaining"] == 0


async def test_plain_thanks_need_no_allowance(world: World):
    await world.ann.gives(to=[world.bob], points=100)

    thanks = await world.ann.gives(to=[world.bob, world.cem], points=0)

    assert thanks.user_errors == []
    assert (thanks.payload["recognition"]["pointsEach"], thanks.payload["recognition"]["totalPoints"]) == (0, 0)
    assert (await world.bob.wallet(), await world.cem.wallet()) == (100, 0)
    before = await world.snapshot()
    assert (await world.ann.gives(to=[world.ann], points=0)).user_errors == [("SELF_RECOGNITION", ["recipientIds"])]
    assert (await world.ann.gives(to=[world.bob], points=0, message="Thanks")).user_errors == [("MESSAGE_TOO_SHORT", ["message"])]
    assert await world.snapshot() == before


async def test_points_are_whole_numbers_from_nought_to_a_million(world: World):
    before = await world.snapshot()

    for points in (-1, 1_000_001, 2**31 - 1, -(2**31)):
        assert (await world.ann.gives(to=[world.bob], points=points)).user_errors == [("INVALID_POINTS", ["pointsEach"])]
    senseless: list[Any] = [None, 2**31, 1.5, "10"]
    for number in senseless:
        answer = await world.ann.gives(to=[world.bob], points=number)
        assert (answer.status, answer.error_codes) == (400, ["BAD_USER_INPUT"])
    assert (await world.ann.gives(to=[world.bob], points=1_000_000)).user_errors == [("INSUFFICIENT_ALLOWANCE", ["pointsEach"])]
    assert await world.snapshot() == before


async def test_a_message_is_kept_as_plain_text_in_one_form(world: World):
    decomposed = unicodedata.normalize("NFD", "  Élan, où ça?  ")
    kept = {
        decomposed: "Élan, où ça?",
        "\r\nFirst line\r\nsecond\rthird\n": "First line\nsecond\nthird",
        "\u2003שלום וברוך הבא\u2003": "שלום וברוך הבא",
        "👩‍👩‍👧‍👦👍🏽🇪🇸": "👩‍👩‍👧‍👦👍🏽🇪🇸",
        "<b>bold</b> & @Bob &amp;": "<b>bold</b> & @Bob &amp;",
        "a\tb  c   d e f": "a\tb  c   d e f",
    }
    for sent, stands in kept.items():
        answer = await world.ann.gives(to=[world.bob], points=1, message=sent)
        assert answer.payload["recognition"]["message"] == stands
    before = await world.snapshot()
    assert (await world.ann.gives(to=[world.bob], message="Thank you\x1b[31m very much")).user_errors == [
        ("INVALID_INPUT", ["message"])
    ]
    assert (await world.ann.gives(to=[world.bob], message="Thank you\x00 very much")).error_codes == ["BAD_REQUEST"]
    assert await world.snapshot() == before


async def test_a_message_has_ten_to_two_thousand_code_points(world: World):
    assert (await world.ann.gives(to=[world.bob], points=1, message="👏" * 10)).user_errors == []
    assert (await world.ann.gives(to=[world.bob], points=1, message="é" * 2_000)).user_errors == []
    assert (await world.ann.gives(to=[world.bob], points=1, message="e\u0301" * 2_000 + " \n ")).user_errors == []
    before = await world.snapshot()

    short = await world.ann.gives(to=[world.bob], message="  e\u0301" + "12345678  ")
    long = await world.ann.gives(to=[world.bob], message="x" * 2_001)

    assert (short.user_errors, short.payload["userErrors"][0]["rule"]) == ([("MESSAGE_TOO_SHORT", ["message"])], "message")
    assert (long.user_errors, long.payload["userErrors"][0]["rule"]) == ([("MESSAGE_TOO_LONG", ["message"])], "message")
    assert await world.snapshot() == before
    await world.sets_giving_policy(minMessageLength=0)
    assert (await world.ann.gives(to=[world.bob], points=1, message=" ")).payload["recognition"]["message"] == ""


def test_hashtags_of_a_message():
    assert hashtags("#One, #TWO! (#two) #drei-vier #fünf_6 #7") == ["one", "two", "drei-vier", "fünf_6", "7"]
    assert hashtags("a#b ## #! &#39; # c ##d") == []
    assert hashtags("x\n#Ünï #ÜNÏ") == ["ünï"]
    assert hashtags(f"#{'a' * 50} #{'b' * 51}") == ["a" * 50]
    assert hashtags("#ทีมเวิร์ค #सहयोग.") == ["ทีมเวิร์ค", "सहयोग"]


async def test_hashtags_of_company_values_tag_a_recognition(world: World):
    teamwork, care = await world.praises("teamwork"), await world.praises("care")
    old, thai = await world.praises("old"), await world.praises("ทีมเวิร์ค")
    await world.admin.asks("mutation Archive($id: ID!) { archiveCompanyValue(id: $id) { userErrors { code } } }", id=old)

    async def values(message: str, *ids: str) -> list[str]:
        answer = await world.ann.gives(to=[world.bob], points=1, message=message, valueIds=list(ids))
        return [value["hashtag"] for value in answer.payload["recognition"]["values"]]

    assert await values("Great #TeamWork and #nothing and #teamwork") == ["teamwork"]
    assert await values("Great #old times, no value") == []
    assert await values("By id, and by #care", teamwork, teamwork, care) == ["care", "teamwork"]
    assert await values("ขอบคุณ #ทีมเวิร์ค") == ["ทีมเวิร์ค"]
    assert thai == encode("CompanyValue", "ทีมเวิร์ค")
    before = await world.snapshot()
    for bad in (encode("CompanyValue", "nowhere"), encode("Member", world.bob.key), "", "?"):
        assert (await world.ann.gives(to=[world.bob], valueIds=[care, bad])).user_errors == [("NOT_FOUND", ["valueIds"])]
    assert (await world.ann.gives(to=[world.bob], valueIds=[old])).user_errors == [("INVALID_INPUT", ["valueIds"])]
    assert await world.snapshot() == before


async def test_what_a_message_must_carry(world: World):
    care, old = await world.praises("care"), await world.praises("old")
    await world.admin.asks("mutation Archive($id: ID!) { archiveCompanyValue(id: $id) { userErrors { code } } }", id=old)

    async def said(message: str, **more: Any) -> list[tuple[str, str]]:
        answer = await world.ann.gives(to=[world.bob], points=0, message=message, **more)
        return [(error["code"], error["rule"]) for error in answer.payload["userErrors"]]

    assert await said("Thank you so much") == []
    await world.sets_giving_policy(valueRequirement="HASHTAG_REQUIRED")
    assert await said("Thank you so much") == [("HASHTAG_REQUIRED", "value")]
    assert await said("Thank you #anything") == []
    assert await said("Thank you so much", valueIds=[care]) == []
    await world.sets_giving_policy(valueRequirement="VALUE_REQUIRED")
    assert await said("Thank you so much") == [("VALUE_REQUIRED", "value")]
    assert await said("Thank you #anything #old") == [("VALUE_REQUIRED", "value")]
    assert await said("Thank you, you #CARE") == []
    assert await said("Thank you so much", valueIds=[care]) == []


async def test_who_sees_a_private_recognition(world: World):
    care = await world.praises("care")
    group = await world.groups("Team", world.bob, world.cem)
    private = (await world.ann.gives(groups=[group], visibility="PRIVATE", message="Between us #care")).payload["recognition"][
        "id"
    ]
    world.passes(seconds=1)
    public = (await world.dee.gives(to=[world.bob], message="For all to see")).payload["recognition"]["id"]

    async def feed(somebody, **wanted: Any) -> list[str]:
        document = "query Feed($filter: RecognitionFilter) { recognitions(filter: $filter) { nodes { id } totalCount } }"
        answer = (await somebody.asks(document, filter=wanted)).data["recognitions"]
        assert answer["totalCount"] == len(answer["nodes"])
        return [node["id"] for node in answer["nodes"]]

    async def node(somebody) -> bool:
        return (await somebody.asks("query N($id: ID!) { node(id: $id) { id } }", id=private)).data["node"] is not None

    for insider in (world.ann, world.bob, world.cem):
        assert await feed(insider) == [public, private]
        assert await feed(insider, visibility="PRIVATE") == [private]
        assert await feed(insider, search="BETWEEN") == [private]
        assert await node(insider)
    for outsider in (world.dee,):
        assert await feed(outsider) == [public]
        assert await feed(outsider, visibility="PRIVATE") == []
        for wanted in ({"giverId": world.ann.id}, {"recipientId": world.cem.id}, {"valueId": care}, {"search": "between"}):
            assert await feed(outsider, **wanted) == []
        assert not await node(outsider)
    for overseer in (world.admin, world.auditor, world.owner):
        assert await feed(overseer) == [public]
        assert await feed(overseer, visibility="PRIVATE") == [private]
        assert await feed(overseer, giverId=world.ann.id) == []
        assert await node(overseer)
    lists = "query L($id: ID!) { member(id: $id) { recognitionsReceived { totalCount } recognitionsGiven { totalCount } } }"
    counts = {}
    for somebody in (world.cem, world.dee, world.admin):
        shown = (await somebody.asks(lists, id=world.cem.id)).data["member"]
        counts[somebody.name] = shown["recognitionsReceived"]["totalCount"]
    assert counts == {"Cem": 1, "Dee": 0, "Ada Admin": 0}
    for wanted in ({"giverId": ""}, {"recipientId": "?"}, {"groupId": world.bob.id}, {"valueId": ""}):
        answer = await world.dee.asks(
            "query F($filter: RecognitionFilter) { recognitions(filter: $filter) { nodes { id } } }", filter=wanted
        )
        assert answer.error_codes == ["NOT_FOUND"], wanted


async def test_a_key_gives_once(world: World):
    first = await world.ann.gives(to=[world.bob], points=10, key="k")
    after = await world.snapshot()
    again = await world.ann.gives(to=[world.bob], points=10, key="k")
    other = await world.ann.gives(to=[world.bob], points=11, key="k")
    trimmed = await world.ann.gives(to=[world.bob], points=10, message="Thank you for the release ", key="k")

    assert (first.payload["replayed"], again.payload["replayed"]) == (False, True)
    assert again.payload["recognition"] == first.payload["recognition"]
    assert other.user_errors == trimmed.user_errors == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]
    assert await world.snapshot() == after
    assert (await world.bob.gives(to=[world.cem], points=10, key="k")).payload["replayed"] is False
    recognition_id = first.payload["recognition"]["id"]
    assert (await world.cem.boosts(recognition_id, key="k")).payload["replayed"] is False
    await world.admin.revokes(recognition_id, key="k")
    replayed = (await world.ann.gives(to=[world.bob], points=10, key="k")).payload
    assert (replayed["replayed"], replayed["recognition"]["id"]) == (True, recognition_id)
    assert replayed["recognition"]["revokedAt"] is not None


async def test_after_a_refusal_the_same_key_is_judged_anew(world: World):
    before = await world.snapshot()
    refused = await world.ann.gives(to=[world.bob], points=101, key="k")
    assert refused.user_errors == [("INSUFFICIENT_ALLOWANCE", ["pointsEach"])]
    assert await world.snapshot() == before

    await world.sets_allowance_policy(basePoints=200, applyNow=True)
    given = await world.ann.gives(to=[world.bob], points=101, key="k")

    assert (given.user_errors, given.payload["replayed"]) == ([], False)
    for key in ("", "x" * 201):
        answer = await world.ann.gives(to=[world.bob], points=1, idempotencyKey=key)
        assert answer.user_errors == [("INVALID_INPUT", ["idempotencyKey"])]
    assert (await world.ann.gives(to=[world.bob], points=1, key="\U0001f511" * 200)).user_errors == []


async def test_ten_at_once_with_one_key_give_once(world: World):
    answers = await asyncio.gather(*[world.ann.gives(to=[world.bob, world.cem], points=10, key="k") for _ in range(10)])

    assert sorted(answer.payload["replayed"] for answer in answers) == [False] + [True] * 9
    assert len({answer.payload["recognition"]["id"] for answer in answers}) == 1
    assert (len(await world.rows(Recognition)), len(await world.rows(Grant))) == (1, 2)
    assert (await world.ann.allowance())["remaining"] == 80


async def test_twenty_at_once_spend_the_allowance_once(world: World):
    answers = await asyncio.gather(*[world.ann.gives(to=[world.bob], points=9) for _ in range(20)])

    assert sorted(answer.user_errors == [] for answer in answers) == [False] * 9 + [True] * 11
    assert (await world.bob.wallet(), (await world.ann.allowance())["remaining"]) == (99, 1)


async def test_who_does_not_exist_here_is_not_found(world: World):
    house = world.house
    stranger = type(house)(new_id(NOON), None, house.role, house.door)
    elsewhere = await world.database.submit(FoundOrganization(stranger, "Birch", "UTC", "Else Where", "else@birch.example"))
    before = await world.snapshot()

    for bad in (
        encode("Member", elsewhere),
        encode("Member", new_id(NOON)),
        encode("Group", world.bob.key),
        "",
        "%",
        "TWVtYmVyOg",
    ):
        answer = await world.ann.asks(
            "mutation G($input: GiveRecognitionInput!) { giveRecognition(input: $input) { userErrors { code field } } }",
            input={"recipientIds": [world.bob.id, bad], "pointsEach": 1, "message": "Thank you so much", "idempotencyKey": "k"},
        )
        assert answer.user_errors == [("NOT_FOUND", ["recipientIds"])]
        assert (await world.ann.gives(to=[world.bob], groups=[bad])).user_errors == [("NOT_FOUND", ["groupIds"])]
    assert (await world.ann.gives()).user_errors == [("NO_RECIPIENTS", ["recipientIds"])]
    assert await world.snapshot() == before


async def test_the_invited_receive_and_the_points_wait(world: World):
    ivy = await world.hires("Ivy", status=MemberStatus.INVITED)

    assert (await world.ann.gives(to=[ivy], points=10)).user_errors == []
    before = await world.snapshot()
    wish = recognition.Wish(ivy.key, (world.ann.key,), (), 0, "Thank you very much")
    with pytest.raises(Refusal) as refused:
        await world.database.submit(recognition.GiveRecognition(ivy.actor, wish, recognition.Visibility.PUBLIC, "k", b""))
    assert refused.value.code == "GIVER_NOT_ALLOWED"
    assert await world.snapshot() == before
    # Whoever shows up is active from then on.
    assert await ivy.wallet() == 10
    assert (await ivy.allowance())["total"] == 100
    assert (await ivy.gives(to=[world.ann], points=0)).user_errors == []


async def test_who_has_left_neither_gives_nor_receives(world: World):
    await world.ann.gives(to=[world.bob], points=10)
    await world.deactivates(world.bob)
    before = await world.snapshot()

    refused = await world.ann.gives(to=[world.cem, world.bob])
    signed_out = await world.bob.gives(to=[world.ann], points=0)

    assert (refused.user_errors, refused.payload["userErrors"][0]["rule"]) == (
        [("RECIPIENT_INACTIVE", ["recipientIds"])],
        "recipient_status",
    )
    assert (signed_out.status, signed_out.error_codes) == (401, ["UNAUTHENTICATED"])
    assert await world.snapshot() == before


async def test_named_twice_paid_once(world: World):
    given = (await world.ann.gives(to=[world.bob, world.cem, world.bob, world.bob], points=10)).payload["recognition"]

    assert ([somebody["displayName"] for somebody in given["recipients"]], given["totalPoints"]) == (["Bob", "Cem"], 20)
    assert (await world.ann.gives(to=[world.bob] * 600, points=1)).user_errors == []
    assert await world.bob.wallet() == 11


async def test_what_the_audit_event_says(world: World):
    care = await world.praises("care")
    group = await world.groups("Team", world.cem)
    await world.sets_giving_policy(minMessageLength=1)

    await world.ann.gives(to=[world.bob], groups=[group], points=7, message="Secret words", valueIds=[care], visibility="PRIVATE")

    (body,) = await world.told("recognition.given")
    assert (body["giver"]["id"], body["giver"]["groups"]) == (str(world.ann.key), [])
    assert {one["id"] for one in body["recipients"]} == {str(world.bob.key), str(world.cem.key)}
    assert {len(one["groups"]) for one in body["recipients"]} == {0, 1}
    assert (body["points_each"], body["values"], body["visibility"], body["policy_version"]) == (7, ["care"], "PRIVATE", 2)
    assert "Secret" not in str(body)
    assert "Ann" not in str(body)
