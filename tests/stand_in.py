"""Slack for the tests: npm's emulate behind a front of our own (stand-in/run.mjs), and what it cannot send by itself.

An AsyncApp needs nothing but `AsyncWebClient(base_url=stand_in.url)` and `stand_in.authorize_url`. What was done to it is in
`await stand_in.state()`: messages, ephemeralMessages, channels, views (homes and modals), users, tokens, installations,
viewTriggers, responses (said through a response_url) and deliveries (events sent, with the status that the app answered).

Where it is like Slack, and a test may build on it:
- Scopes: `missing_scope` with needed and provided; CORE_TOKEN has only those that the app cannot do without. An unknown token
  is `invalid_auth`, one after auth.revoke or `revoke` `token_revoked`, an unknown method `unknown_method`.
- users.list has pages (an opaque next_cursor, `invalid_cursor`) and shows the deactivated, in the few fields that Slack leaves
  them, but nobody of other workspaces, whom users.info finds. Unknown: `user_not_found`. Emails need users:read.email.
- chat.postMessage to a user's id opens the direct message and answers with its D… id; to a deactivated user it is
  `channel_not_found`. chat.update and delete: one's own alone (`cant_update_message`, `cant_delete_message`).
- chat.postEphemeral: `user_not_in_channel` unless the reader is a member. Seen in `ephemeralMessages`; there is no event.
- reactions.add: `already_reacted`, `message_not_found`; remove: `no_reaction`.
- views.open and push: a trigger works once (`exchanged_trigger_id`), for 2 to 3 seconds (`expired_trigger_id`); at most three
  modals high. views.publish answers with the whole view: id, hash, state; it and update know `hash_conflict`.
- Events, signed: message (and app_mention, where the app is named), reaction_added and _removed with item_user, user_change,
  team_join; from conversations that the app is in, its own messages included, side by side and in no order. `settled()`
  waits until all were answered. There is no second delivery of what the app refuses: that is `event(…, retry=1)`.
- OAuth: `install` presses the button; a code works once (`invalid_code`); each exchange makes one more valid token.
- A response_url is good for five uses, then 404 `used_url`.

Where it is not:
- Block Kit: any list of objects is taken; nothing is measured but text above 40,000 characters, which is cut.
- No rate limits, time-outs or failures: those are the FaultProxy's. No Socket Mode, Grid, Slack Connect or token rotation,
  one workspace; no users.conversations, auth.teams.list and apps.*.
- The app may post in public channels that it is not in, chat:write.public or not, and to other apps (Slack: `cannot_dm_bot`).
  In a private channel without it the error is `not_in_channel` (Slack: `channel_not_found`).
- Messages have `blocks` only if given (Slack makes rich_text of what people type), and in answers no bot_id.
- conversations.open answers with the id alone; conversations.members has one page.
- A wrong client secret is `invalid_client_id` (Slack: `bad_client_secret`); the scopes granted are those asked for.
- Nobody shows modals: an answer to a submission (update, push, clear, errors) changes nothing here. Read the answer.
- Commands, clicks, submissions are made by the methods below: clicks on ephemeral messages without `message`, as with Slack.
"""

import hashlib
import hmac
import itertools
import json
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from tests.fault_proxy import FaultProxy

FOLDER = Path(__file__).parent / "stand-in"
SEED: dict[str, Any] = json.loads((FOLDER / "seed.json").read_text(encoding="utf-8"))
START_SECONDS_MAX = 30

TEAM, STRANGE_TEAM = "T00000ACME", "T0000GLOBEX"
ANA, BOB, CEM, DEE, EVE = "U000000ANA", "U000000BOB", "U000000CEM", "U000000DEE", "U000000EVE"
GUEST, LEFT, INVITED, STRANGER, ROBOT = "U00000GINA", "U000000LEO", "U00000IVAN", "U00000ZOEX", "U0000ROBOT"
GENERAL, KUDOS, LEADS = "C00GENERAL", "C0000KUDOS", "C000LEADS0"
OUTSIDE, SECRET = "C00OUTSIDE", "C000SECRET"
"""Without the app. Private are #leads and #secret."""
GROUP, BOT_TOKEN, CORE_TOKEN = "S000DESIGN", "xoxb-plaudit", "xoxb-core"
APP_ID, BOT_USER, BOT_ID = "A000PLAUDIT", "U00PLAUDIT", "B00PLAUDIT"
CLIENT_ID, CLIENT_SECRET = SEED["app"]["client_id"], SEED["app"]["client_secret"]
SIGNING_SECRET: str = SEED["signing_secret"]

_NAMES = {user["user_id"]: user["name"] for user in SEED["users"]}
_CHANNELS = {channel["channel_id"]: channel for channel in SEED["channels"]}
_ALWAYS = {"token": "verification", "api_app_id": APP_ID}
_SHOWN = ("type", "user", "text", "ts", "thread_ts", "subtype", "bot_id", "app_id", "blocks", "metadata", "edited", "reactions")
_number = itertools.count(1)

App = str | httpx2.AsyncClient
"""Where the app under test is: its address, or a client that leads to it."""


def user_token(user_id: str) -> str:
    """The token with which ana, bob, cem and dee post and react."""
    return f"xoxp-{_NAMES[user_id]}"


def signed(body: str | bytes, *, timestamp: int | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The two headers by which Slack is known."""
    at = str(int(time.time()) if timestamp is None else timestamp)
    content = body.encode() if isinstance(body, str) else body
    digest = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + content, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={digest}"}


def app_home_opened(user_id: str, tab: str = "home") -> dict[str, Any]:
    """Somebody opens the app's home, or its messages."""
    return {"type": "app_home_opened", "user": user_id, "channel": f"D{user_id[1:]}", "tab": tab}


def client_of() -> httpx2.AsyncClient:
    """For this machine only: no certificates to load, no proxy to ask."""
    return httpx2.AsyncClient(verify=False, trust_env=False, timeout=15)


class StandIn:
    """One Slack with one workspace, as in stand-in/seed.json."""

    def __init__(self) -> None:
        self.root = ""
        self.front = ""
        """Where the app finds it: itself, or the proxy before it."""
        self._process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """The app's base URL for the Web API."""
        return f"{self.front}/api/"

    @property
    def authorize_url(self) -> str:
        """Where an installation begins."""
        return f"{self.root}/oauth/v2/authorize"

    def open(self) -> None:
        """Starts it on a free port, and waits until it answers."""
        with tempfile.TemporaryFile("w+") as complaints:
            # A session of its own: Ctrl-C is for pytest. The end of its input, however we end, is its end.
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": complaints}
            self._process = subprocess.Popen([_node(), "run.mjs"], cwd=FOLDER, text=True, start_new_session=True, **pipes)
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            print(json.dumps(SEED), file=self._process.stdin, flush=True)
            ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS_MAX)
            line = self._process.stdout.readline() if ready else ""
            if not line:
                self._process.kill()
                self.close()
                complaints.seek(0)
                raise RuntimeError(f"The stand-in for Slack did not start:\n{complaints.read()}")
        self.root = self.front = json.loads(line)["url"]

    def close(self) -> None:
        """Ends it, by the end of its input."""
        self._process.communicate()

    async def _control(self, what: str, **given: Any) -> dict[str, Any]:
        async with client_of() as client:
            answer = await client.post(f"{self.root}/_ctl/{what}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def state(self) -> dict[str, Any]:
        """All that it holds, each kind a list."""
        return await self._control("state")

    async def reset(self) -> None:
        """As at the start, with the same ids; no app is connected."""
        self.front = self.root
        await self._control("reset")

    async def connect(self, base_url: str) -> None:
        """The app is at this address: events go there, and installations end there."""
        redirect_uri = f"{base_url}/slack/oauth_redirect"
        await self._control("connect", events_url=f"{base_url}/slack/events", redirect_uri=redirect_uri)

    async def settled(self) -> None:
        """Waits until the app has answered every event that is under way."""
        await self._control("settle")

    async def set_user(self, user_id: str, *, announced: bool = True, **facts: Any) -> None:
        """Changes somebody, or takes somebody on: facts as in the seed. The app hears of it, if it is announced."""
        await self._control("user", user_id=user_id, announced=announced, **facts)

    async def revoke(self, token: str = BOT_TOKEN, error: str = "token_revoked") -> None:
        """From now on calls with this token get this error."""
        await self._control("revoke", token=token, error=error)

    async def api(self, method: str, /, token: str = BOT_TOKEN, **arguments: Any) -> dict[str, Any]:
        """Calls a method, past any proxy: with `user_token(BOB)`, what bob does."""
        headers = {"Authorization": f"Bearer {token}"}
        async with client_of() as client:
            return (await client.post(f"{self.root}/api/{method}", json=arguments, headers=headers)).json()

    async def trigger_id(self, user_id: str = ANA, *, token: str = BOT_TOKEN, view_id: str = "") -> str:
        """A trigger as if this person had just clicked, in this modal if one is named."""
        answer = await self.api("views.generateTriggerId", token, user_id=user_id, view_id=view_id)
        return str(answer["trigger_id"])

    async def install(self, authorize_url: str, user_id: str = ANA) -> str:
        """Presses the button behind this URL as somebody, and returns the app's URL where that leads: with code and state."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        async with client_of() as client:
            page = await client.get(authorize_url)
            assert page.status_code == 200, page.text
            answer = await client.post(f"{self.authorize_url}/callback", data={**query, "user_id": user_id})
        return str(answer.headers["location"])

    async def send(
        self,
        app: App,
        body: str | bytes,
        *,
        content_type: str = "application/x-www-form-urlencoded",
        headers: Mapping[str, str] | None = None,
        timestamp: int | None = None,
        secret: str = SIGNING_SECRET,
    ) -> httpx2.Response:
        """Sends to the app what Slack would send, or nearly."""
        given = {"Content-Type": content_type, **signed(body, timestamp=timestamp, secret=secret), **(headers or {})}
        if isinstance(app, httpx2.AsyncClient):
            return await app.post("/slack/events", content=body, headers=given)
        async with client_of() as client:
            return await client.post(f"{app}/slack/events", content=body, headers=given)

    async def command(
        self,
        app: App,
        text: str = "",
        *,
        user_id: str = ANA,
        channel_id: str = GENERAL,
        channel_name: str | None = None,
        trigger_id: str | None = None,
        command: str = "/kudos",
        **more: Any,
    ) -> httpx2.Response:
        """Somebody types a command; `more` are other fields, such as team_id."""
        fields = {
            **_ALWAYS,
            "team_id": TEAM,
            "team_domain": "acme",
            "channel_id": channel_id,
            "channel_name": _channel_name(channel_id) if channel_name is None else channel_name,
            "user_id": user_id,
            "user_name": _NAMES.get(user_id, user_id.lower()),
            "command": command,
            "text": text,
            "is_enterprise_install": "false",
            "response_url": self.response_url(channel_id, user_id),
            "trigger_id": trigger_id or await self.trigger_id(user_id),
        }
        return await self.send(app, urlencode({**fields, **more}))

    async def interact(self, app: App, kind: str, user_id: str, *, trigger_id: str | None, **fields: Any) -> httpx2.Response:
        """Sends an interaction of any kind."""
        payload = {
            "type": kind,
            "user": {"id": user_id, "username": _NAMES.get(user_id), "name": _NAMES.get(user_id), "team_id": TEAM},
            **_ALWAYS,
            "trigger_id": trigger_id or await self.trigger_id(user_id),
            "team": {"id": TEAM, "domain": "acme"},
            "enterprise": None,
            "is_enterprise_install": False,
            **fields,
        }
        return await self.send(app, urlencode({"payload": json.dumps(payload)}))

    async def click(
        self,
        app: App,
        action_id: str,
        *,
        user_id: str = ANA,
        message: Mapping[str, Any] | None = None,
        view: Mapping[str, Any] | None = None,
        channel_id: str = GENERAL,
        ephemeral: bool = False,
        values: Mapping[str, Any] | None = None,
        trigger_id: str | None = None,
        block_id: str = "actions",
        **action: Any,
    ) -> httpx2.Response:
        """Somebody uses a button (or, with `type`, a menu) of a message or a view, each as in the state; `action`: its value."""
        done = {"type": "button", "action_id": action_id, "block_id": block_id, "action_ts": _now(), **action}
        fields: dict[str, Any] = {"actions": [done]}
        if view is not None:
            shown = _shown_view(view, values)
            fields |= {"view": shown, "container": {"type": "view", "view_id": shown["id"]}}
            trigger_id = trigger_id or await self.trigger_id(user_id, view_id=shown["id"])
        else:
            where = {"ts": _now(), "channel_id": channel_id, **(message or {})}
            channel_id = where["channel_id"]
            container = {"type": "message", "message_ts": where["ts"], "channel_id": channel_id, "is_ephemeral": ephemeral}
            fields |= {"container": container, "channel": {"id": channel_id, "name": _channel_name(channel_id)}}
            fields |= {"response_url": self.response_url(channel_id, user_id), "state": {"values": values or {}}}
            if message is not None and not ephemeral:
                fields["message"] = _shown_message(message)
        return await self.interact(app, "block_actions", user_id, trigger_id=trigger_id, **fields)

    async def submit(
        self, app: App, view: Mapping[str, Any], values: Mapping[str, Any], *, user_id: str = ANA, trigger_id: str | None = None
    ) -> httpx2.Response:
        """Somebody submits a modal (as in the state) with these values: {block_id: {action_id: {"type": …, "value": …}}}."""
        fields = {"view": _shown_view(view, values), "response_urls": []}
        return await self.interact(app, "view_submission", user_id, trigger_id=trigger_id, **fields)

    async def shortcut(
        self,
        app: App,
        callback_id: str,
        *,
        user_id: str = ANA,
        message: Mapping[str, Any] | None = None,
        channel_id: str = GENERAL,
        trigger_id: str | None = None,
    ) -> httpx2.Response:
        """Somebody chooses a shortcut: of a message as in the state, else a global one."""
        fields: dict[str, Any] = {"callback_id": callback_id, "action_ts": _now()}
        if message is None:
            return await self.interact(app, "shortcut", user_id, trigger_id=trigger_id, **fields)
        channel_id = message.get("channel_id", channel_id)
        fields |= {"message": _shown_message(message), "message_ts": message["ts"]}
        fields |= {"channel": {"id": channel_id, "name": _channel_name(channel_id)}}
        fields |= {"response_url": self.response_url(channel_id, user_id)}
        return await self.interact(app, "message_action", user_id, trigger_id=trigger_id, **fields)

    async def event(
        self,
        app: App,
        event: Mapping[str, Any],
        *,
        event_id: str | None = None,
        retry: int = 0,
        reason: str = "http_timeout",
        **envelope: Any,
    ) -> httpx2.Response:
        """Something happens; with the same event_id, again. `envelope` are its other fields, such as team_id."""
        authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}
        whole = {
            **_ALWAYS,
            "team_id": TEAM,
            "context_team_id": TEAM,
            "context_enterprise_id": None,
            "event": {"event_ts": _now(), **event},
            "type": "event_callback",
            "event_id": event_id or f"Ev{next(_number):09}",
            "event_time": int(time.time()),
            "authorizations": [{**authorization, "is_enterprise_install": False}],
            "is_ext_shared_channel": False,
            **envelope,
        }
        again = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason} if retry else {}
        return await self.send(app, json.dumps(whole), content_type="application/json", headers=again)

    def response_url(self, channel_id: str, user_id: str) -> str:
        """A way to answer, of which nobody has made use."""
        return f"{self.front}/responses/{channel_id}/{user_id}/{next(_number)}"


def _node() -> str:
    """Node: the one that npm brought, else the machine's own."""
    # Not of node_modules/.bin: npm 9 does not fill that for packages of one platform.
    nodes = [*map(str, FOLDER.glob("node_modules/node-linux-*/bin/node")), shutil.which("node")]
    if not (FOLDER / "node_modules" / "emulate").is_dir() or not nodes[0]:
        raise RuntimeError("What plays Slack is not installed: `make test` does that, and needs npm.")
    return nodes[0]


def _now() -> str:
    return f"{int(time.time())}.{next(_number):06}"


def _channel_name(channel_id: str) -> str:
    """What Slack tells of a channel's name in a command: not that of a private one."""
    channel = _CHANNELS.get(channel_id, {"name": "directmessage" if channel_id.startswith("D") else "unknown"})
    return "privategroup" if channel.get("is_private") else str(channel["name"])


def _shown_message(message: Mapping[str, Any]) -> dict[str, Any]:
    ours = {"bot_id": BOT_ID, "app_id": APP_ID} if message.get("user") == BOT_USER else {}
    return {name: message[name] for name in _SHOWN if name in message} | {"team": TEAM} | ours


def _shown_view(view: Mapping[str, Any], values: Mapping[str, Any] | None) -> dict[str, Any]:
    """A view as it was published or opened, with what somebody put in."""
    kept = {name: value for name, value in view.items() if name not in {"view_id", "user_id", "created", "updated"}}
    id_ = view.get("view_id") or view["id"]
    return {**kept, "id": id_, "state": {"values": values or {}}, "app_installed_team_id": TEAM}


@pytest.fixture(scope="session")
def running_stand_in() -> Iterator[StandIn]:
    """One process for all tests of a worker."""
    stand_in = StandIn()
    stand_in.open()
    yield stand_in
    stand_in.close()


@pytest.fixture(name="stand_in")
async def fresh_stand_in(running_stand_in: StandIn) -> StandIn:
    """Slack as at the start."""
    await running_stand_in.reset()
    return running_stand_in


@pytest.fixture(name="faults")
async def fault_proxy(stand_in: StandIn) -> AsyncIterator[FaultProxy]:
    """The wire between the app and Slack, whole until told otherwise."""
    async with FaultProxy(stand_in) as proxy:
        yield proxy
