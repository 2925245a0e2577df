"""graphql-transport-ws as its specification has it: every close code, hostile frames, limits, and where pages may be from."""

import asyncio
from typing import Any

import pytest

from app.api import live as door
from app.api import live_feed
from app.api.live_origins import Origins
from tests.live_client import GIVEN, Live, Socket, live
from tests.world import World

__all__ = ["live"]
INIT = '{"type": "connection_init"}'


async def connected(live: Live, **how: Any) -> Socket:
    socket = live.connects(**how)
    assert await socket.event() == {"type": "websocket.accept", "subprotocol": door.PROTOCOL}
    return socket


async def signed_in(world: World, live: Live) -> Socket:
    socket = await connected(live)
    await socket.signs_in(world.ann.token)
    return socket


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",), ("graphql-ws", "mqtt"), ("GRAPHQL-TRANSPORT-WS",)])
async def test_other_sub_protocols_are_not_spoken(live: Live, protocols: tuple[str, ...]):
    socket = live.connects(protocols=protocols)

    assert await socket.event() == {"type": "websocket.accept", "subprotocol": None}
    assert (await socket.closed())[0] == 4406


async def test_ours_is_chosen_among_several(live: Live):
    await connected(live, protocols=("graphql-ws", door.PROTOCOL))


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": None}, {"authorization": 5}, {"authorization": "Bearer plaudit_wrong"}, {"a": 1}]
)
async def test_a_wrong_token_is_forbidden(live: Live, payload: Any):
    socket = await connected(live)

    socket.says(type="connection_init", payload=payload)

    assert (await socket.closed())[0] == 4403


async def test_whoever_subscribes_before_signing_in_is_unauthorized(live: Live):
    socket = await connected(live)

    socket.says(type="subscribe", id="1", payload={"query": GIVEN})

    assert (await socket.closed())[0] == 4401


async def test_whoever_does_not_sign_in_is_not_waited_for(live: Live, monkeypatch: pytest.MonkeyPatch):
    assert door.INIT_SECONDS == 3.0
    monkeypatch.setattr(door, "INIT_SECONDS", 0.1)
    socket = await connected(live)
    socket.says(type="ping")

    assert await socket.hears() == {"type": "pong"}
    assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_one_signs_in_once(world: World, live: Live):
    socket = await signed_in(world, live)

    socket.says(type="connection_init", payload={"authorization": f"Bearer {world.ann.token}"})

    assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_an_id_stands_for_one_subscription(world: World, live: Live):
    socket = await live.follows(world.ann)

    socket.says(type="subscribe", id="1", payload={"query": GIVEN})

    assert await socket.closed() == (4409, "Subscriber for 1 already exists")


async def test_what_is_completed_is_over_and_its_id_free(world: World, live: Live):
    socket = await live.follows(world.ann)
    socket.says(type="complete", id="1")
    socket.says(type="complete", id="never there")
    await socket.subscribes("2")
    await world.ann.gives(to=[world.bob], points=1)
    assert await socket.shown("2")

    await socket.subscribes("1")
    socket.says(type="complete", id="2")
    socket.says(type="ping")
    assert await socket.hears() == {"type": "pong"}
    await world.ann.gives(to=[world.bob], points=1)

    assert await socket.shown("1")
    assert await socket.silent()


async def test_what_is_completed_before_it_begins_leaves_nothing_behind(world: World, live: Live):
    socket = await signed_in(world, live)
    for number in range(30):
        socket.says(type="subscribe", id=str(number), payload={"query": GIVEN})
        socket.says(type="complete", id=str(number))
    socket.says(type="ping")
    assert await socket.hears() == {"type": "pong"}
    await asyncio.sleep(0)

    assert [len(tail.subscribers) for tail in live.feed._tails.values()] == [0]
    await world.ann.gives(to=[world.bob], points=1)
    assert await socket.silent()


HOSTILE: dict[str, tuple[dict[str, Any], int]] = {
    "binary": ({"bytes": INIT.encode()}, 4400),
    "empty": ({"text": ""}, 4400),
    "not JSON": ({"text": "hello"}, 4400),
    "NaN": ({"text": "NaN"}, 4400),
    "null": ({"text": "null"}, 4400),
    "a number": ({"text": "1" * 5_000}, 4400),
    "a list": ({"text": f"[{INIT}]"}, 4400),
    "no type": ({"text": "{}"}, 4400),
    "a strange type": ({"text": '{"type": "start", "id": "1"}'}, 4400),
    "a type that is a list": ({"text": '{"type": ["ping"]}'}, 4400),
    "a type of servers": ({"text": '{"type": "next", "id": "1", "payload": {}}'}, 4400),
    "deep JSON": ({"text": '{"type": "ping", "payload": ' + "[" * 40_000 + "]" * 40_000 + "}"}, 4400),
    "huge": ({"text": '{"type": "ping", "payload": {"a": "' + "a" * 100_000 + '"}}'}, 1009),
    "huge in bytes": ({"text": '{"type": "ping", "payload": {"a": "' + "é" * 60_000 + '"}}'}, 1009),
    "a surrogate": ({"text": '{"type": "\ud800"}'}, 4400),
    "payload of init": ({"text": '{"type": "connection_init", "payload": "Bearer x"}'}, 4400),
    "payload of ping": ({"text": '{"type": "ping", "payload": 1}'}, 4400),
    "subscribe without id": ({"text": '{"type": "subscribe", "payload": {"query": "{a}"}}'}, 4400),
    "subscribe with a number": ({"text": '{"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}'}, 4400),
    "subscribe with a long id": (
        {"text": f'{{"type": "subscribe", "id": "{"1" * 200}", "payload": {{}}}}'},
        4400,
    ),
    "complete without id": ({"text": '{"type": "complete"}'}, 4400),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_frames_end_the_connection_before_and_after_signing_in(world: World, live: Live, name: str):
    frame, code = HOSTILE[name]
    for socket in (await connected(live), await signed_in(world, live)):
        socket.raw(**frame)

        found = await socket.closed()
        assert found[0] == code or (name == "payload of init" and found[0] == 4429), found
        assert 0 < len(found[1].encode()) <= 123


PAYLOADS: list[Any] = [
    None,
    "x",
    [],
    {},
    {"query": None},
    {"query": ""},
    {"query": 5},
    {"query": GIVEN, "variables": "x"},
    {"query": GIVEN, "operationName": 1},
    {"query": GIVEN, "extensions": []},
    {"query": GIVEN, "variables": {"groupId": "\0"}},
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
async def test_a_malformed_subscribe_ends_the_connection(world: World, live: Live, payload: Any):
    socket = await signed_in(world, live)

    socket.says(type="subscribe", id="1", payload=payload)

    assert (await socket.closed())[0] == 4400


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a query": ({"query": "{ viewer { member { id } } }"}, "BAD_REQUEST"),
    "a mutation": ({"query": 'mutation { createGroup(input: {name: "x", kind: "y"}) { group { id } } }'}, "BAD_REQUEST"),
    "not GraphQL": ({"query": "subscription {"}, "GRAPHQL_PARSE_FAILED"),
    "no such field": ({"query": "subscription { nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
    "two fields": (
        {"query": "subscription { a: recognitionGiven { id } b: recognitionGiven { id } }"},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "introspection": ({"query": "subscription { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    "left out": ({"query": "subscription { recognitionGiven @skip(if: true) { id } }"}, "GRAPHQL_VALIDATION_FAILED"),
    "too long": ({"query": "subscription { recognitionGiven { id } }" + " " * 15_000}, "DOCUMENT_TOO_LARGE"),
    "too many tokens": ({"query": "subscription { recognitionGiven { " + "id " * 1_000 + "} }"}, "TOO_MANY_TOKENS"),
    "too deep": (
        {"query": "subscription { recognitionGiven { " + "giver { manager { " * 6 + "id" + " } }" * 6 + " } }"},
        "TOO_DEEP",
    ),
    "too many aliases": (
        {"query": "subscription { recognitionGiven { " + " ".join(f"a{number}: id" for number in range(31)) + " } }"},
        "TOO_MANY_ALIASES",
    ),
    "too costly": (
        {
            "query": "subscription ($n: Int) { recognitionGiven { recipients { recognitionsGiven(first: $n) { nodes {"
            " recipients { id } } } } } }",
            "variables": {"n": 100},
        },
        "TOO_COSTLY",
    ),
    "a wrong variable": ({"query": GIVEN, "variables": {"groupId": {"a": 1}}}, "BAD_USER_INPUT"),
    "no such operation": ({"query": GIVEN, "operationName": "Other"}, "BAD_REQUEST"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_subscribed_to_is_an_error_of_its_own(world: World, live: Live, name: str):
    payload, code = REFUSED[name]
    socket = await live.follows(world.ann)

    socket.says(type="subscribe", id="2", payload=payload)

    message = await socket.hears()
    assert (message["type"], message["id"]) == ("error", "2")
    assert {one["extensions"]["code"] for one in message["payload"]} == {code}, message
    await socket.subscribes("2")
    await world.ann.gives(to=[world.bob], points=1)
    assert {(await socket.hears())["id"], (await socket.hears())["id"]} == {"1", "2"}


async def test_a_connection_has_so_many_subscriptions(world: World, live: Live):
    socket = await signed_in(world, live)
    for number in range(door.SUBSCRIPTIONS_MAX):
        await socket.subscribes(str(number))

    socket.says(type="subscribe", id="one more", payload={"query": GIVEN})

    assert (await socket.hears())["type"] == "error"
    socket.says(type="complete", id="0")
    await socket.subscribes("one more")


async def test_a_member_has_so_many_connections(world: World, live: Live):
    first = await live.follows(world.ann)
    for _ in range(door.MEMBER_CONNECTIONS_MAX - 1):
        await live.follows(world.ann)
    await live.follows(world.bob)
    one_more = await connected(live)
    one_more.says(type="connection_init", payload={"authorization": f"Bearer {world.ann.token}"})

    code, reason = await one_more.closed()

    assert (code, str(door.MEMBER_CONNECTIONS_MAX) in reason) == (1013, True)
    first.leaves()
    await first.task
    await live.follows(world.ann)


async def test_a_process_has_so_many_connections(world: World, live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "CONNECTIONS_MAX", 2)
    first = await live.follows(world.ann)
    await live.follows(world.ann)

    assert (await (await connected(live)).closed())[0] == 1013
    first.leaves()
    await first.task
    await live.follows(world.ann)


async def test_whoever_does_not_answer_is_gone(world: World, live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "PING_SECONDS", 0.2)
    socket, silent = await signed_in(world, live), await signed_in(world, live)

    for _ in range(4):
        assert (await socket.event())["text"] == '{"type":"ping"}'
        socket.says(type="pong")

    code, reason = await silent.closed()
    assert (code, "Keepalive" in reason) == (1011, True)


async def test_whoever_reads_too_slowly_is_cut_off_and_nobody_else(world: World, live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_feed, "WAITING_MAX", 5)
    slow, quick = await live.follows(world.cem), await live.follows(world.dee)
    slow.reads.clear()

    for number in range(8):
        await world.ann.gives(to=[world.bob], points=0, message=f"Thank you, number {number}")
        assert (await quick.shown())["message"] == f"Thank you, number {number}"

    await asyncio.sleep(0.1)
    slow.reads.set()
    code, reason = await slow.closed()
    assert (code, reason.startswith("Too slow")) == (1013, True)


async def test_whoever_never_reads_again_is_given_up(world: World, live: Live, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_feed, "WAITING_MAX", 2)
    monkeypatch.setattr(door, "CLOSE_SECONDS", 0.1)
    slow = await live.follows(world.cem)
    slow.reads.clear()

    for number in range(6):
        await world.ann.gives(to=[world.bob], points=0, message=f"Thank you, number {number}")
        await asyncio.sleep(0.1)

    async with asyncio.timeout(3):
        await slow.task


ORIGINS = [
    (None, "plaudit", True),
    ("https://plaudit.example", "inside:8000", True),
    ("https://PLAUDIT.example", "inside:8000", True),
    ("https://plaudit.example:443", "inside:8000", True),
    ("http://plaudit.example", "inside:8000", False),
    ("https://plaudit.example:444", "inside:8000", False),
    ("https://plaudit.example.evil.example", "inside:8000", False),
    ("https://people.example:8443", "inside:8000", True),
    ("https://people.example", "inside:8000", False),
    ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
    ("http://localhost:8000", "127.0.0.1:8000", False),
    ("http://127.0.0.1:9000", "127.0.0.1:8000", False),
    ("https://other.example", "other.example", True),
    ("http://other.example", "other.example:80", True),
    ("https://other.example", "other.example:80", False),
    ("http://[::1]:8000", "[::1]:8000", True),
    ("null", "plaudit", False),
    ("", "", False),
    ("file://", "plaudit", False),
    ("http://[", "[", False),
    ("http://a@plaudit.example", "a@plaudit.example", False),
    ("chrome-extension://plaudit.example", "plaudit.example", False),
    ("http://plaudit:99999", "plaudit:99999", False),
    ("é\u00ff", "plaudit", False),
]


@pytest.mark.parametrize(("origin", "host", "allowed"), ORIGINS)
def test_pages_may_be_from_here_or_from_where_the_settings_say(origin: str | None, host: str, allowed: bool):
    origins = Origins("https://plaudit.example/", ("https://people.example:8443",))
    headers = [(b"host", host.encode("latin-1"))]
    if origin is not None:
        headers.append((b"origin", origin.encode("latin-1")))

    assert origins.allow(headers) is allowed
    assert not origin or not origins.allow([*headers, (b"origin", b"https://plaudit.example")])


async def test_a_page_from_elsewhere_is_refused_before_the_connection_is_accepted(live: Live):
    socket = live.connects(origin="https://evil.example", host="plaudit")

    assert (await socket.event())["type"] == "websocket.close"
    await connected(live, origin="https://plaudit.example", host="plaudit")
