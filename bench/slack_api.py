"""Slack, played for the bench: its Web API, which takes every call at once, and what its servers send to an app."""

import itertools
import json
import time
from collections import Counter
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import web

from integrations.slack.guard import FORM, JSON, sign

SIGNING_SECRET = "bench signing secret"
TEAM, APP, BOT = "T0BENCH", "A0BENCH", "U0PLAUDIT"
PEOPLE, CHANNELS = 500, 300
RETRIES_MAX = 3


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
    assert retry <= RETRIES_MAX
    again = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"} if retry else {}
    return {"Content-Type": JSON if body.startswith(b"{") else FORM, **sign(SIGNING_SECRET, body, int(time.time())), **again}
