"""Talk around a recognition: comments, emoji, and what an admin takes out of sight."""

from typing import Any

from app.api.ids import encode
from app.core.ids import new_id
from tests.world import NOON, Somebody, World

WHOLE = """query R($id: ID!) { node(id: $id) { ... on Recognition {
  message hidden reactions { emoji count mine } comments { totalCount nodes { text author { displayName } } } } } }"""


async def given(world: World, **more: Any) -> str:
    return str((await world.ann.gives(to=[world.bob], **more)).payload["recognition"]["id"])


async def comments(somebody: Somebody, recognition_id: str, text: str) -> str:
    answer = await somebody.does("commentOnRecognition", "comment { id text }", recognitionId=recognition_id, text=text)
    assert answer.user_errors == []
    return str(answer.payload["comment"]["id"])


async def test_everyone_who_sees_it_comments_newest_first(world: World):
    recognition_id, private = await given(world), await given(world, visibility="PRIVATE")

    for somebody, text in ((world.cem, "  Well\r\ndone  "), (world.bob, "Thank you e\u0301"), (world.auditor, "x" * 2_000)):
        await comments(somebody, recognition_id, text)
        world.passes(seconds=1)
    await world.sets_mode(world.dee, "OBSERVER")
    await comments(world.dee, recognition_id, "Whatever the mode")
    await comments(world.bob, private, "Between us")

    shown = (await world.cem.asks(WHOLE, id=recognition_id)).data["node"]["comments"]
    assert [node["text"] for node in shown["nodes"]] == ["Whatever the mode", "x" * 2_000, "Thank you é", "Well\ndone"]
    assert (shown["totalCount"], shown["nodes"][-1]["author"]["displayName"]) == (4, "Cem")
    before = await world.snapshot()
    for text in ("", " \n ", "x" * 2_001, "bell \x07"):
        refused = await world.cem.does("commentOnRecognition", recognitionId=recognition_id, text=text)
        assert refused.user_errors == [("INVALID_INPUT", ["text"])]
    for unseen in (private, encode("Recognition", new_id(NOON)), world.bob.id, ""):
        refused = await world.cem.does("commentOnRecognition", recognitionId=unseen, text="Hello")
        assert refused.user_errors == [("NOT_FOUND", ["recognitionId"])]
    assert await world.snapshot() == before
    assert (await world.bob.wallet(), (await world.cem.allowance())["remaining"]) == (20, 100)
    assert "Well" not in str(await world.told("recognition.commented"))


async def test_a_comment_is_deleted_by_its_author_or_by_an_admin_with_a_reason(world: World):
    recognition_id, private = await given(world), await given(world, visibility="PRIVATE")
    mine, other = await comments(world.cem, recognition_id, "Mine"), await comments(world.cem, recognition_id, "Other")
    hidden = await comments(world.bob, private, "Between us")
    before = await world.snapshot()

    for nosy in (world.ann, world.bob, world.auditor):
        assert (await nosy.does("deleteComment", commentId=mine, reason="No")).user_errors == [("FORBIDDEN", ["commentId"])]
    for unseen in (hidden, encode("Comment", new_id(NOON)), recognition_id):
        assert (await world.cem.does("deleteComment", commentId=unseen)).user_errors == [("NOT_FOUND", ["commentId"])]
    assert (await world.admin.does("deleteComment", commentId=mine)).user_errors == [("INVALID_INPUT", ["reason"])]
    assert await world.snapshot() == before

    gone = await world.cem.does("deleteComment", "comment { id }", commentId=mine)
    assert (gone.payload["comment"], gone.user_errors) == (None, [])
    assert (await world.admin.does("deleteComment", commentId=other, reason="Rude")).user_errors == []
    assert (await world.cem.does("deleteComment", commentId=mine)).user_errors == [("NOT_FOUND", ["commentId"])]
    assert (await world.cem.asks(WHOLE, id=recognition_id)).data["node"]["comments"] == {"totalCount": 0, "nodes": []}
    assert (await world.cem.asks("query N($id: ID!) { node(id: $id) { id } }", id=mine)).data["node"] is None
    assert [("reason" in body, "Rude" in str(body)) for body in await world.told("recognition.comment_deleted")] == [
        (False, False),
        (True, False),
    ]


async def test_emoji_go_on_and_off(world: World):
    recognition_id, private = await given(world), await given(world, visibility="PRIVATE")

    async def reacts(somebody: Somebody, emoji: str, **more: Any) -> list[tuple[str, int, bool]]:
        answer = await somebody.does(
            "reactToRecognition",
            "recognition { reactions { emoji count mine } }",
            recognitionId=recognition_id,
            emoji=emoji,
            **more,
        )
        return [(one["emoji"], one["count"], one["mine"]) for one in answer.payload["recognition"]["reactions"]]

    assert await reacts(world.cem, "👏") == [("👏", 1, True)]
    assert await reacts(world.bob, "🎉") == [("🎉", 1, True), ("👏", 1, False)]
    assert await reacts(world.bob, "👏") == [("👏", 2, True), ("🎉", 1, True)]
    before = await world.snapshot()
    assert await reacts(world.bob, "👏") == [("👏", 2, True), ("🎉", 1, True)]
    assert await reacts(world.ann, "🎉", on=False) == [("👏", 2, False), ("🎉", 1, False)]
    for emoji in ("", "x" * 61):
        refused = await world.bob.does("reactToRecognition", recognitionId=recognition_id, emoji=emoji)
        assert refused.user_errors == [("INVALID_INPUT", ["emoji"])]
    refused = await world.cem.does("reactToRecognition", recognitionId=private, emoji="👏")
    assert refused.user_errors == [("NOT_FOUND", ["recognitionId"])]
    assert await world.snapshot() == before
    assert await reacts(world.cem, "👏", on=False) == [("🎉", 1, False), ("👏", 1, False)]
    assert await reacts(world.cem, "👏", on=True) == [("👏", 2, True), ("🎉", 1, False)]


async def test_an_admin_hides_a_message_with_a_reason(world: World):
    recognition_id = await given(world, message="Something #unkind and long")
    before = await world.snapshot()
    for nosy in (world.ann, world.bob, world.auditor):
        assert (await nosy.does("hideRecognition", recognitionId=recognition_id, reason="No")).error_codes == ["FORBIDDEN"]
    assert (await world.admin.does("hideRecognition", recognitionId=recognition_id, reason=" ")).user_errors == [
        ("INVALID_INPUT", ["reason"])
    ]
    assert (await world.admin.does("hideRecognition", recognitionId="", reason="No")).user_errors == [
        ("NOT_FOUND", ["recognitionId"])
    ]
    assert await world.snapshot() == before

    hidden = await world.admin.does(
        "hideRecognition", "recognition { hidden pointsEach }", recognitionId=recognition_id, reason="Rude"
    )

    assert hidden.payload["recognition"] == {"hidden": True, "pointsEach": 10}
    feed = "{ recognitions { nodes { message hidden } } }"
    search = '{ recognitions(filter: { search: "unkind" }) { nodes { id } } }'
    for somebody, message in (
        (world.ann, "Something #unkind and long"),
        (world.bob, ""),
        (world.cem, ""),
        (world.auditor, "Something #unkind and long"),
    ):
        assert (await somebody.asks(feed)).data["recognitions"]["nodes"] == [{"message": message, "hidden": True}]
        assert (await somebody.asks(search)).data["recognitions"]["nodes"] == []
    assert await world.bob.wallet() == 10
    again = await world.admin.does("hideRecognition", recognitionId=recognition_id, reason="Rude")
    assert again.user_errors == [("INVALID_STATE", ["recognitionId"])]
    assert "Rude" not in str(await world.told("recognition.hidden"))


async def test_a_search_looks_for_part_of_the_message_whatever_its_case(world: World):
    await given(world, message="Das war über 100% gut, Σίσυφος")
    await given(world, message="Something else entirely")

    for search, number in (
        ("ÜBER", 1),
        ("u\u0308ber", 1),
        ("σίσυφ", 1),
        ("100%", 1),
        ("100_", 0),
        ("%", 1),
        ("eth", 1),
        ("nothing", 0),
    ):
        found = await world.cem.asks("query S($s: String) { recognitions(filter: { search: $s }) { totalCount } }", s=search)
        assert found.data["recognitions"] == {"totalCount": number}, search
