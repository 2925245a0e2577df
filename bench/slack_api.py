"""Slack, played for the bench: its Web API, which takes every call at once; what its servers send; what forgers send."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import web

from integrations.slack.guard import BODY_BYTES_MAX, CLOCK_SECONDS_APART_MAX, DEPTH_MAX, FORM, JSON, SIGNATURE, TIMESTAMP, sign

SIGNING_SECRET = "bench signing secret"
TEAM, APP, BOT = "T0BENCH", "A0BENCH", "U0PLAUDIT"
PEOPLE, CHANNELS = 500, 300
PATH = "/slack/events"


def person(number: int) -> str:
    """The id of somebody in the workspace."""
    return f"U0BENCH{number % PEOPLE:04}"


def channel(number: int) -> str:
    """The id of a public channel."""
    return f"C0BENCH{number % CHANNELS:04}"


def recipient(number: int) -> str:
    """Whom the gift of this number is for: each giver thanks the others in turn, and never itself."""
    return person(number + 1 + number // PEOPLE % (PEOPLE - 1))


class SlackApi:
    """The Web API on a free port, for the length of an `async with`. Whatever is posted is there, and nobody has to wait."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        """By method."""
        self.url = ""
        self._stamps = itertools.count()
        application = web.Application()
        application.router.add_post("/api/{method}", self._called)
        application.router.add_get("/api/{method}", self._called)
        application.router.add_post("/responses/{number}", self._responded)
        self._runner = web.AppRunner(application, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/"
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._runner.cleanup()

    async def _called(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls[method] += 1
        return web.json_response({"ok": True, **self._answer(method, await _arguments(request))})

    def _answer(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if method == "users.list":
            return {"members": [_user(number) for number in range(PEOPLE)]}
        if method == "usergroups.list":
            return {"usergroups": []}
        if method == "emoji.list":
            return {"emoji": {}}
        named = str(arguments.get("channel", ""))
        if method == "conversations.info":
            return {"channel": {"id": named, "name": named.lower(), "is_channel": True, "is_private": False}}
        if named.startswith("U"):  # a direct message
            named = f"D{named[1:]}"
        stamp = f"{int(time.time())}.{next(self._stamps) % 1_000_000:06}"
        return {"channel": named, "ts": stamp, "message_ts": stamp}

    async def _responded(self, _request: web.Request) -> web.Response:
        self.calls["response_url"] += 1
        return web.Response(text="ok")


async def _arguments(request: web.Request) -> dict[str, Any]:
    if request.content_type == JSON:
        return dict(json.loads(await request.read()))
    return dict(await request.post())


def _user(number: int) -> dict[str, Any]:
    name = f"Person {number}"
    profile = {"real_name": name, "display_name": name, "email": f"person.{number}@example.com"}
    return {"id": person(number), "team_id": TEAM, "name": name, "real_name": name, "deleted": False, "profile": profile}


def command(number: int, api_url: str) -> bytes:
    """The body of a slash command that gives: another trigger and other words for each number."""
    fields = {
        "team_id": TEAM,
        "team_domain": "bench",
        "api_app_id": APP,
        "channel_id": channel(number),
        "channel_name": channel(number).lower(),
        "user_id": person(number),
        "user_name": person(number).lower(),
        "command": "/kudos",
        "text": f"<@{recipient(number)}|{recipient(number).lower()}> {1 + number % 3} for what broke in release {number}",
        "is_enterprise_install": "false",
        "response_url": f"{api_url}responses/{number}",
        "trigger_id": f"{number}.{TEAM}.{number:032x}",
    }
    return urlencode(fields).encode()


def message(number: int) -> bytes:
    """The body of an event: a message in a channel that gives."""
    to, words, stamp = recipient(number), f" ++ for what broke in release {number}", f"1700000000.{number:06}"
    section = [{"type": "user", "user_id": to}, {"type": "text", "text": words}]
    said = {
        "type": "message",
        "user": person(number),
        "team": TEAM,
        "channel": channel(number),
        "channel_type": "channel",
        "text": f"<@{to}>{words}",
        "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": section}]}],
        "ts": stamp,
        "event_ts": stamp,
    }
    authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True, "is_enterprise_install": False}
    whole = {
        "type": "event_callback",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "api_app_id": APP,
        "event": said,
        "event_id": f"Ev{number:09}",
        "event_time": int(time.time()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
    }
    return json.dumps(whole).encode()


def headers(body: bytes, retry: int = 0) -> dict[str, str]:
    """What Slack sends along with this body at this moment: an event for the first time, or once more."""
    again = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"} if retry else {}
    return {"Content-Type": JSON if body.startswith(b"{") else FORM, **sign(SIGNING_SECRET, body, int(time.time())), **again}


def forged(body: bytes, now: int) -> Iterator[tuple[str, int, bytes]]:
    """What a forger might make of a body that gives: what is wrong with it, the status it should get, the request."""
    media = JSON if body.startswith(b"{") else FORM
    at, right = sign(SIGNING_SECRET, body, now).values()

    def request(*headers: tuple[str, str | bytes], sent: bytes = body, length: int | None = None, media: str = media) -> bytes:
        lines = [f"POST {PATH} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {media}", "Connection: close"]
        lines.append("Transfer-Encoding: chunked" if length == 0 else f"Content-Length: {length or len(sent)}")
        head = b"".join(b"%b\r\n" % line.encode() for line in lines)
        for name, value in headers:
            head += b"%b: %b\r\n" % (name.encode(), value.encode() if isinstance(value, str) else value)
        return head + b"\r\n" + sent

    def signed(sent: bytes, at: int = now, secret: str = SIGNING_SECRET) -> list[tuple[str, str | bytes]]:
        return list(sign(secret, sent, at).items())

    yield "signed with another secret", 401, request(*signed(body, secret="another secret"))
    yield "the signature of another body", 401, request(*signed(body + b"0"))
    yield "another body under a signature", 401, request(*signed(body), sent=body.replace(b"release", b"RELEASE"))
    for apart in (-3600, -CLOCK_SECONDS_APART_MAX - 60, CLOCK_SECONDS_APART_MAX + 60):
        yield f"signed {apart} seconds from now", 401, request(*signed(body, at=now + apart))
    yield "an old request under a new timestamp", 401, request((TIMESTAMP, at), *signed(body, at=now - 3600)[1:])
    for junk in (b"soon", b"", b"-1", b"1e9", b"0x7fffffff", b"9" * 400, f"{now}.0".encode(), "١٧".encode(), b"\xff\xfe"):
        yield f"the timestamp {junk[:12]!r}", 401, request((TIMESTAMP, junk), (SIGNATURE, right))
    yield "no timestamp", 401, request((SIGNATURE, right))
    yield "two timestamps", 401, request((TIMESTAMP, at), (TIMESTAMP, at), (SIGNATURE, right))
    yield "no signature", 401, request((TIMESTAMP, at))
    yield "two signatures", 401, request((TIMESTAMP, at), (SIGNATURE, "v0=0"), (SIGNATURE, right))
    for other in (b"", b"v0=", b"v0=" + b"0" * 64, right.upper().encode(), right[:-1].encode(), right[3:].encode()):
        yield f"the signature {other[:6]!r}", 401, request((TIMESTAMP, at), (SIGNATURE, other))
    for other in ("v0=é".encode(), b"v0=\xff\xfe\xfd", right.translate({ord("0") + n: 0xFF10 + n for n in range(10)}).encode()):
        yield f"the signature {other[:6]!r}, not ASCII", 401, request((TIMESTAMP, at), (SIGNATURE, other))
    yield "no headers of Slack's", 401, request()
    nested = b"[" * 100_000
    for junk in (b"{", b"[1, 2", b"null", b"\xff\x00{}", b"payload=%ff&payload=[", b"", nested, b'{"a":' * 10_000):
        yield f"unsigned junk {junk[:6]!r}", 401, request(sent=junk, media=JSON)
    deep = b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1)
    for junk in (b"{", b"[1]", b"null", b'{"a": NaN}', b'"\xff"', b"", nested, deep):
        yield f"signed junk {junk[:6]!r}", 400, request(*signed(junk), sent=junk, media=JSON)
    for junk in (b"", b"payload={", b"payload=[]", b"payload={}&payload={}", b"payload=%FF", b"&".join([b"a=1"] * 200)):
        yield f"signed form {junk[:6]!r}", 400, request(*signed(junk), sent=junk, media=FORM)
    yield "a length that is no number", 400, request(*signed(body), ("Content-Length", "many"))
    for length in (BODY_BYTES_MAX + 1, 10**15):
        yield f"{length:,} bytes announced", 413, request(*signed(body), sent=b"", length=length)
    large = body.ljust(BODY_BYTES_MAX + 1)
    chunk = b"%x\r\n%b\r\n" % (len(large), large)
    yield "too large, signed, of unknown length", 413, request(*signed(large), sent=chunk, length=0)
