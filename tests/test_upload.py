"""Uploads: a file comes in by HTTP as its sender may, whole or line by line."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from app import audit
from app.api.ids import encode
from app.core.actor import Role
from app.core.errors import Busy
from app.core.ids import new_id
from app.files import uploads
from app.files.door import Door
from app.files.uploads import BODY_BYTES_MAX, Uploads
from app.organization import Member
from app.recognition import Recognition
from tests.letterbox import MEMBERS, NO_REJECTS, Letterbox, opened_letterbox, refusal, reward_of  # noqa: F401 (fixture)
from tests.office import GOOD, HEADER, Office
from tests.shop import SECRET, Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import World


async def test_people_come_in_as_the_admin_who_sent_them(world: World, letterbox: Letterbox):
    answer = await letterbox.takes(world.admin, "members", MEMBERS + "nobody,Nobody\n")

    assert answer.status_code == 200
    assert answer.json() == NO_REJECTS | {"rows": 2, "imported": 1, "membersCreated": 1, "rejected": 1} | {
        "rejects": [{"line": 3, "reason": "email: This is not an e-mail address; one looks like ana@example.com."}]
    }
    (kim,) = [row for row in await world.rows(Member) if row.email == "kim@acorn.example"]
    (event,) = [row for row in await world.rows(audit.AuditEvent) if row.subject == f"member:{kim.id}"][:1]
    assert (event.action, event.actor_id) == ("member.created", world.admin.key)

    before = await world.snapshot()
    again = await letterbox.takes(world.owner, "members", MEMBERS)
    assert again.json() == NO_REJECTS | {"rows": 1, "imported": 0, "alreadyThere": 1}
    assert await world.snapshot() == before


async def test_managers_come_in_although_a_body_is_sent_once(world: World, letterbox: Letterbox):
    people = "email,display_name,manager_email,groups\nkim@acorn.example,Kim,lee@acorn.example,team:A\nlee@acorn.example,Lee,,\n"

    answer = await letterbox.takes(
        world.admin, "members", people.encode("utf-8-sig"), type_="text/csv; charset=UTF-8; header=present"
    )

    assert answer.json() == NO_REJECTS | {"rows": 2, "imported": 2, "membersCreated": 2, "groupsCreated": 1}
    people_now = {row.email: row for row in await world.rows(Member)}
    assert people_now["kim@acorn.example"].manager_id == people_now["lee@acorn.example"].id


async def test_history_comes_in_once_whoever_brings_it(world: World, letterbox: Letterbox, office: Office):
    answer = await letterbox.takes(world.admin, "recognitions", HEADER + GOOD)
    assert answer.json() == NO_REJECTS | {"rows": 1, "imported": 1}
    (row,) = await world.rows(Recognition)
    events = [event for event in await world.rows(audit.AuditEvent) if event.subject == f"recognition:{row.id}"]
    assert [event.actor_id for event in events] == [world.admin.key]
    before = await world.snapshot()

    again = await letterbox.takes(world.owner, "recognitions", HEADER + GOOD)
    from_the_command_line = await office.brings(HEADER + GOOD)

    assert again.json() == NO_REJECTS | {"rows": 1, "imported": 0, "alreadyThere": 1}
    assert (from_the_command_line.imported, from_the_command_line.already_there) == (0, 1)
    assert await world.snapshot() == before
    assert await office.wallets() == {"bob": 7}


async def test_two_admins_who_send_the_same_history_at_once_bring_it_in_once(world: World, letterbox: Letterbox, office: Office):
    rows = "".join(GOOD.replace("good", f"id {number}") for number in range(20))

    answers = await asyncio.gather(*(letterbox.takes(who, "recognitions", HEADER + rows) for who in (world.admin, world.owner)))

    assert sum(answer.json()["imported"] for answer in answers) == 20
    assert sum(answer.json()["alreadyThere"] for answer in answers) == 20
    assert await office.wallets() == {"bob": 140}


async def test_the_options_of_history_stand_in_the_address(world: World, letterbox: Letterbox):
    rows = GOOD.replace("bob@", "eve@") + GOOD.replace("good", "fast").replace(",,", ",speed,")

    async def reasons(**given: str) -> list[str]:
        answer = await letterbox.takes(world.admin, "recognitions", HEADER + rows, **given)
        return [reject["reason"] for reject in answer.json()["rejects"]]

    stranger = "recipient_emails: no member has the address eve@acorn.example; createMembers=true would invite them"
    strange = "value: there is no company value #speed; createValues=true would make it"
    assert await reasons() == [stranger, strange]
    assert await reasons(createMembers="false", createValues="") == [stranger, strange]
    assert await reasons(createMembers="true") == [strange]
    answer = await letterbox.takes(world.admin, "recognitions", HEADER + rows, createValues="true")
    assert answer.json() == NO_REJECTS | {"rows": 2, "imported": 1, "alreadyThere": 1, "valuesCreated": 1}


@pytest.mark.parametrize("kind", ["members", "recognitions", "vouchers"])
async def test_only_admins_and_owners_send_files(world: World, shop: Shop, letterbox: Letterbox, kind: str):
    given = {"reward": encode("Reward", await shop.sells_vouchers())} if kind == "vouchers" else {}
    content = {"members": MEMBERS, "recognitions": HEADER + GOOD, "vouchers": "code\nA-CODE\n"}[kind]
    before = await world.snapshot()

    for who in (world.ann, world.auditor):
        assert refusal(await letterbox.takes(who, kind, content, **given)) == (403, "FORBIDDEN")
    assert refusal(await letterbox.takes(None, kind, content, **given)) == (401, "UNAUTHENTICATED")
    assert await world.snapshot() == before

    for who in (world.admin, world.owner):
        assert (await letterbox.takes(who, kind, content, **given)).status_code == 200


async def test_the_role_of_the_moment_counts_under_the_lock(world: World, shop: Shop):
    """Signing in remembers a role for a second; the acts read it again."""
    card = await shop.sells_vouchers()
    believed = replace(world.bob.actor, role=Role.ADMIN)
    before = await world.snapshot()

    for kind, query, content in [
        ("members", "", MEMBERS),
        ("recognitions", "", HEADER + GOOD),
        ("vouchers", f"reward={encode('Reward', card)}", "code\nA-CODE\n"),
    ]:
        sent = await by_hand(Uploads(world.database, shop.vouchers, reward_of), kind, [content.encode()], query, actor=believed)
        assert sent[0]["status"] == 403
    assert await world.snapshot() == before


async def by_hand(
    answer: Uploads, kind: str, chunks: list[bytes | None], query: str = "", actor: Any = None, **headers: str
) -> list[dict[str, Any]]:
    """What is sent to a client that sends these chunks; None: it goes away. An empty list: nobody reads them."""
    wanted = {"content-type": "text/csv", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/upload/{kind}",
        "path_params": {"kind": kind},
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in wanted.items()],
    }
    waiting, sent = list(chunks), list[dict[str, Any]]()

    async def receive() -> dict[str, Any]:
        assert waiting, "the body was read"
        chunk = waiting.pop(0)
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    async def authenticate(_authorization: str | None) -> Any:
        return actor

    await Door("POST", "Send files by POST.", authenticate, answer)(scope, receive, send)
    return sent


async def test_nothing_is_read_of_a_body_that_is_refused_anyway(world: World, shop: Shop):
    answer = Uploads(world.database, shop.vouchers, reward_of)
    admin, member = replace(world.admin.actor, role=Role.ADMIN), world.ann.actor

    for kind, query, actor, headers, status in [
        ("members", "", member, {}, 403),
        ("pets", "", admin, {}, 404),
        ("vouchers", "reward=x", admin, {}, 404),
        ("vouchers", f"reward={encode('Reward', new_id(world.now))}", admin, {}, 404),
        ("members", "x=1", admin, {}, 400),
        ("members", "", admin, {"content_type": "application/json"}, 415),
        ("members", "", admin, {"content_length": str(BODY_BYTES_MAX + 1)}, 413),
        ("members", "", admin, {"content_length": "9" * 5_000}, 413),
        ("members", "", admin, {"content_length": "many"}, 400),
        ("members", "", admin, {"content_length": "٣"}, 400),
    ]:
        sent = await by_hand(answer, kind, [], query, actor=actor, **headers)
        assert sent[0]["status"] == status


async def test_a_body_is_counted_while_it_comes(world: World, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "BODY_BYTES_MAX", 1_000)
    before, read = await world.snapshot(), []

    async def endless() -> AsyncIterator[bytes]:
        yield MEMBERS.encode()
        for number in range(1_000):
            read.append(number)
            yield b"x" * 100

    async def just_enough() -> AsyncIterator[bytes]:
        yield MEMBERS.encode()
        yield b"\n" * (1_000 - len(MEMBERS))

    answer = await letterbox.takes(world.admin, "members", endless())
    assert refusal(answer) == (413, "BODY_TOO_LARGE")
    assert len(read) <= 10
    assert await world.snapshot() == before

    assert (await letterbox.takes(world.admin, "members", just_enough())).json()["imported"] == 1


async def test_ten_megabytes_are_the_most(world: World, letterbox: Letterbox):
    assert BODY_BYTES_MAX == 10_000_000
    answer = await letterbox.takes(world.admin, "members", b"x" * (BODY_BYTES_MAX + 1))
    assert answer.json()["errors"][0]["message"].startswith("The file is larger than 10 MB.")

    assert refusal(await letterbox.takes(world.admin, "members", b"x" * BODY_BYTES_MAX)) == (400, "INVALID_INPUT")


async def test_a_body_that_stops_coming_is_given_up(world: World, shop: Shop):
    answer = Uploads(world.database, shop.vouchers, reward_of, body_seconds_max=0.05, at_once=1)
    before = await world.snapshot()

    sent = await hung(answer, replace(world.admin.actor, role=Role.ADMIN))

    assert (sent[0]["status"], (b"connection", b"close") in sent[0]["headers"]) == (408, True)
    assert json.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "TIMEOUT"
    assert await world.snapshot() == before


async def hung(answer: Uploads, actor: Any) -> list[dict[str, Any]]:
    """What is sent to a client that sends half of its file and waits."""
    begun, sent = [MEMBERS.encode()], list[dict[str, Any]]()
    scope = {"type": "http", "method": "POST", "path": "/upload/members", "path_params": {"kind": "members"}, "query_string": b""}

    async def receive() -> dict[str, Any]:
        if not begun:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": begun.pop(), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    async def authenticate(_authorization: str | None) -> Any:
        return actor

    whole = {**scope, "headers": [(b"content-type", b"text/csv")]}
    await Door("POST", "Send files by POST.", authenticate, answer)(whole, receive, send)
    return sent


async def test_only_so_many_files_come_in_at_once_and_the_room_comes_back(world: World, shop: Shop):
    answer = Uploads(world.database, shop.vouchers, reward_of, body_seconds_max=0.2, at_once=2)
    admin = replace(world.admin.actor, role=Role.ADMIN)
    slow = [asyncio.create_task(hung(answer, admin)) for _ in range(2)]
    await asyncio.sleep(0.05)

    sent = await by_hand(answer, "members", [], actor=admin)

    assert (sent[0]["status"], (b"retry-after", b"10") in sent[0]["headers"]) == (503, True)
    assert json.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "BUSY"
    assert [messages[0]["status"] for messages in await asyncio.gather(*slow)] == [408, 408]
    assert (await by_hand(answer, "members", [MEMBERS.encode()], actor=admin))[0]["status"] == 200


async def test_who_goes_away_before_the_end_has_sent_nothing(world: World, shop: Shop):
    answer = Uploads(world.database, shop.vouchers, reward_of, at_once=1)
    admin, before = replace(world.admin.actor, role=Role.ADMIN), await world.snapshot()

    assert await by_hand(answer, "members", [MEMBERS.encode(), None], actor=admin) == []

    assert await world.snapshot() == before
    assert (await by_hand(answer, "members", [MEMBERS.encode()], actor=admin))[0]["status"] == 200


@pytest.mark.parametrize(
    "type_",
    ["", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/csv; charset=latin-1"],
)
async def test_only_csv_in_utf_8_is_taken(world: World, letterbox: Letterbox, type_: str):
    before = await world.snapshot()

    assert refusal(await letterbox.takes(world.admin, "members", MEMBERS, type_=type_)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert await world.snapshot() == before


async def test_compressed_files_are_not_taken(world: World, letterbox: Letterbox):
    headers = {"authorization": f"Bearer {world.admin.token}", "content-type": "text/csv", "content-encoding": "gzip"}

    answer = await letterbox.client.post("/upload/members", content=b"", headers=headers)

    assert refusal(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_addresses_and_methods_that_are_none_are_named(world: World, letterbox: Letterbox):
    before = await world.snapshot()
    for kind in ("pets", "members/", "MEMBERS", "members/x", ""):
        assert refusal(await letterbox.takes(world.admin, kind, MEMBERS)) == (404, "NOT_FOUND")
    for given in ({"dryRun": "true"}, {"reward": "x"}):
        assert refusal(await letterbox.takes(world.admin, "members", MEMBERS, **given)) == (400, "BAD_REQUEST")
    assert refusal(await letterbox.takes(world.admin, "recognitions", "", createMembers="yes")) == (400, "INVALID_INPUT")
    headers = {"authorization": f"Bearer {world.admin.token}", "content-type": "text/csv"}
    twice = await letterbox.client.post("/upload/recognitions?createValues=true&createValues=false", headers=headers)
    assert refusal(twice) == (400, "BAD_REQUEST")
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await letterbox.client.request(method, "/upload/members", headers=headers)
        assert (*refusal(answer), answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")
    assert await world.snapshot() == before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The file is empty. Expected are: email, display_name, job_title, manager_email, groups, mode, status."),
        ("email\n", "The column display_name is missing."),
        ("email,display_name,shoe\n", "The column shoe is not known."),
        ("email,display_name," + "x" * 90_000, "The column xxxxxxxxxx"),
        (MEMBERS.encode("utf-16"), "The first line cannot be read: it is not UTF-8. Save the file as CSV in UTF-8."),
    ],
)
async def test_a_file_with_another_header_is_refused_whole(world: World, letterbox: Letterbox, content: Any, sentence: str):
    before = await world.snapshot()

    answer = await letterbox.takes(world.admin, "members", content)

    assert refusal(answer) == (400, "INVALID_INPUT")
    message = answer.json()["errors"][0]["message"]
    assert message.startswith(sentence)
    assert len(message) < 400
    assert await world.snapshot() == before


async def test_what_fails_on_our_side_is_masked_and_told_to_the_log_without_a_code(
    world: World, shop: Shop, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    card = await shop.sells_vouchers()

    async def fails(_act: Any) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(world.database, "submit", fails)
    answer = await letterbox.takes_codes(card, "code\nNEW-CODE-1\n")

    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (500, "INTERNAL_SERVER_ERROR")
    assert "fire" not in answer.text
    assert error["extensions"]["reference"] in caplog.text
    assert "on fire" in caplog.text
    assert "NEW-CODE" not in caplog.text + answer.text
    monkeypatch.undo()


async def test_when_the_database_goes_away_midway_it_says_so(
    world: World, shop: Shop, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
):
    submit, times = world.database.submit, iter([True, False])

    async def once(act: Any) -> Any:
        if not next(times):
            raise Busy("Nothing was changed.")
        return await submit(act)

    card = await shop.sells_vouchers()
    content = "\n".join(["code", *(f"CODE-{number}" for number in range(600))])
    monkeypatch.setattr(world.database, "submit", once)
    answer = await letterbox.takes_codes(card, content)
    monkeypatch.undo()

    assert refusal(answer) == (503, "BUSY")
    assert "nothing comes in twice" in answer.json()["errors"][0]["message"]
    assert answer.headers["retry-after"] == "10"
    again = (await letterbox.takes_codes(card, content)).json()
    assert (again["imported"], again["alreadyThere"]) == (500, 100)
