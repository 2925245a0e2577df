"""Slack in memory, at the edge where the door calls it: it keeps what it is told, answers as Slack would, and fails on demand."""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.core.clock import Clock
from integrations.slack.api import Away, Denied, Disconnected, Limited, SlackError
from integrations.slack.workspaces import Workspace
from tests.stand_in import APP_ID, BOT_USER, STRANGE_TEAM, TEAM

TRIGGER_SECONDS = 3
RESPONSE_USES = 5
_SCOPES = {
    "conversations.info": "channels:read",
    "conversations.join": "channels:join",
    "emoji.list": "emoji:read",
    "reactions.add": "reactions:write",
    "reactions.get": "reactions:read",
    "reactions.remove": "reactions:write",
    "usergroups.list": "usergroups:read",
}
Json = dict[str, Any]


@dataclass
class Call:
    """One call of the door."""

    method: str
    arguments: Json
    token: str = ""

    @property
    def channel(self) -> str:
        return str(self.arguments.get("channel") or "")


@dataclass
class Channel:
    """A conversation."""

    id: str
    name: str
    members: set[str]
    is_private: bool = False
    is_shared: bool = False
    messages: dict[str, Json] = field(default_factory=dict)
    """By ts, in the order of posting."""


@dataclass
class Trouble:
    """Calls that fail: so many times, then no more."""

    method: str
    error: Callable[[], BaseException]
    channel: str
    times: int
    after: bool
    """Whether Slack has done it all the same."""


class PlayedSlack:
    """One workspace of Slack, as the protocol `Slack` of the door wants it, and for installing as its `WebApi`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        self.users: dict[str, Json] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: list[Json] = []
        self.emoji: dict[str, str] = {}
        self.tokens: dict[str, frozenset[str]] = {}
        """Tokens that count, with their scopes."""
        self.ephemerals: list[Json] = []
        self.homes: dict[str, Json] = {}
        """By user: what was published last."""
        self.views: list[Json] = []
        """Forms that were opened, the newest last."""
        self.responses: list[Json] = []
        """Said through a response_url."""
        self.pages = 200
        """People on a page of users.list."""
        self._triggers: dict[str, float] = {}
        self._urls: dict[str, int] = {}
        self._trouble: list[Trouble] = []
        self._number = itertools.count(1)

    # What tests arrange.

    def hires(self, user_id: str, name: str, email: str | None = None, **facts: Any) -> Json:
        """Somebody, as users.info tells; with the same id, as somebody is from now on."""
        profile = {"real_name": name, "email": email, "image_192": f"https://avatars.example/{user_id}.png"}
        told = {"id": user_id, "team_id": TEAM, "deleted": False, "tz": "Europe/Madrid", "profile": profile, **facts}
        self.users[user_id] = told
        return told

    def opens(self, channel: Channel) -> None:
        """A channel."""
        self.channels[channel.id] = channel

    def fails(
        self,
        error: BaseException | type[BaseException],
        method: str = "",
        channel: str = "",
        *,
        times: int = 1,
        after: bool = False,
    ) -> None:
        """The next calls of this method (and channel) fail. `after`: when Slack has done what was asked."""
        made = error if isinstance(error, type) else lambda: error
        self._trouble.append(Trouble(method, made, channel, times, after))

    def goes_away(self) -> None:
        """From now on Slack does not answer."""
        self.fails(Away("Slack does not answer: ClientConnectorError"), times=1_000_000)

    def comes_back(self) -> None:
        """Nothing fails any more."""
        self._trouble.clear()

    def trigger(self) -> str:
        """A new trigger id."""
        made = f"{next(self._number)}.trigger"
        self._triggers[made] = self.clock().timestamp()
        return made

    def response_url(self) -> str:
        """A new address to answer by."""
        made = f"https://hooks.slack.com/commands/{TEAM}/{next(self._number)}"
        self._urls[made] = RESPONSE_USES
        return made

    def moment(self) -> str:
        """A moment as Slack writes it, which is also a message's name: later than every one before."""
        return f"{int(self.clock().timestamp())}.{next(self._number):06}"

    # What tests look at.

    def called(self, *methods: str) -> list[Call]:
        """The calls of these methods, in order."""
        return [call for call in self.calls if call.method in methods]

    def posts(self, channel_id: str) -> list[Json]:
        """The app's messages that stand in a channel."""
        return [one for one in self.channels[channel_id].messages.values() if one["user"] == BOT_USER]

    def direct(self, user_id: str) -> list[Json]:
        """The messages that stand in somebody's direct conversation with the app."""
        return self.posts(direct_id(user_id)) if direct_id(user_id) in self.channels else []

    def whispers(self, user_id: str, channel_id: str = "") -> list[Json]:
        """What only this person was shown, in this channel or in any."""
        return [one for one in self.ephemerals if one["user"] == user_id and channel_id in {"", one["channel"]}]

    # What the door calls.

    async def call(self, workspace: Workspace, method: str, *, seconds: float = 10, **arguments: Any) -> Json:
        """As `Slack` says."""
        if not workspace.connected:
            raise Disconnected("The app is not installed in this workspace.")
        return await self.call_with(workspace.token, method, seconds=seconds, **arguments)

    async def call_with(self, token: str, method: str, *, seconds: float = 10, **arguments: Any) -> Json:
        """As `WebApi` says."""
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        trouble = self._begin(method, Call(method, given, token))
        await asyncio.sleep(0)
        if token not in self.tokens:
            raise Disconnected("Slack answers invalid_auth")
        needed = _SCOPES.get(method)
        if needed and needed not in self.tokens[token]:
            raise Denied("missing_scope", needed)
        answer: Json = getattr(self, f"_{method.replace('.', '_').lower()}")(given)
        if trouble is not None:
            raise trouble
        return {"ok": True, **answer}

    async def identify(self, token: str) -> tuple[Json, frozenset[str]]:
        """As `WebApi` says."""
        told = await self.call_with(token, "auth.test")
        return told, self.tokens[token]

    async def respond(self, url: str, message: Json, *, seconds: float = 10) -> None:
        """As `Slack` says."""
        trouble = self._begin("response_url", Call("response_url", {"url": url, **message}))
        await asyncio.sleep(0)
        if not self._urls.get(url):
            raise Denied("expired_url")
        self._urls[url] -= 1
        self.responses.append(message)
        if trouble is not None:
            raise trouble

    async def close(self) -> None:
        """Nothing is open."""

    def _begin(self, method: str, call: Call) -> BaseException | None:
        self.calls.append(call)
        for trouble in self._trouble:
            if trouble.method in {"", method} and trouble.channel in {"", call.channel}:
                trouble.times -= 1
                if not trouble.times:
                    self._trouble.remove(trouble)
                error = trouble.error()
                assert isinstance(error, SlackError | asyncio.CancelledError), "the four ways to fail, and a process that dies"
                if not trouble.after:
                    raise error
                return error
        return None

    def _auth_test(self, _given: Json) -> Json:
        return {"team_id": TEAM, "team": "Acorn", "url": "https://acorn.slack.com/", "user_id": BOT_USER, "app_id": APP_ID}

    def _users_info(self, given: Json) -> Json:
        if given["user"] not in self.users:
            raise Denied("user_not_found")
        return {"user": self.users[given["user"]]}

    def _users_list(self, given: Json) -> Json:
        mine = [user for user in self.users.values() if user["team_id"] != STRANGE_TEAM]
        start = int(given.get("cursor") or 0)
        end = start + min(given["limit"], self.pages)
        return {"members": mine[start:end], "response_metadata": {"next_cursor": str(end) if end < len(mine) else ""}}

    def _usergroups_list(self, _given: Json) -> Json:
        return {"usergroups": self.usergroups}

    def _emoji_list(self, _given: Json) -> Json:
        return {"emoji": self.emoji}

    def _conversations_info(self, given: Json) -> Json:
        channel = self._channel(given["channel"])
        facts = {"id": channel.id, "name": channel.name, "is_private": channel.is_private}
        return {"channel": facts | {"is_ext_shared": channel.is_shared}}

    def _conversations_join(self, given: Json) -> Json:
        channel = self._channel(given["channel"])
        if channel.is_private:
            raise Denied("method_not_supported_for_channel_type")
        channel.members.add(BOT_USER)
        return {"channel": {"id": channel.id}}

    def _chat_postmessage(self, given: Json) -> Json:
        channel_id = given["channel"]
        if channel_id.startswith("U"):
            user = self.users.get(channel_id)
            if user is None or user["deleted"] or user.get("is_bot"):
                raise Denied("channel_not_found")
            channel_id = direct_id(channel_id)
            self.channels.setdefault(channel_id, Channel(channel_id, "", {given["channel"], BOT_USER}, is_private=True))
        channel = self._channel(channel_id)
        ts = self.moment()
        channel.messages[ts] = {**_said(given), "ts": ts, "channel_id": channel_id, "user": BOT_USER, "reactions": []}
        return {"ts": ts, "channel": channel_id}

    def _chat_postephemeral(self, given: Json) -> Json:
        channel = self._channel(given["channel"])
        if BOT_USER not in channel.members:
            raise Denied("not_in_channel")
        if given["user"] not in channel.members:
            raise Denied("user_not_in_channel")
        self.ephemerals.append({**_said(given), "user": given["user"], "channel": channel.id})
        return {"message_ts": self.moment()}

    def _chat_update(self, given: Json) -> Json:
        message = self._message(given["channel"], given["ts"])
        message.update(_said(given))
        return {"ts": given["ts"]}

    def _chat_delete(self, given: Json) -> Json:
        self._message(given["channel"], given["ts"])
        del self.channels[given["channel"]].messages[given["ts"]]
        return {"ts": given["ts"]}

    def _reactions_add(self, given: Json) -> Json:
        message = self._any_message(given)
        if given["name"] in message["reactions"]:
            raise Denied("already_reacted")
        message["reactions"].append(given["name"])
        return {}

    def _reactions_remove(self, given: Json) -> Json:
        message = self._any_message(given)
        if given["name"] not in message["reactions"]:
            raise Denied("no_reaction")
        message["reactions"].remove(given["name"])
        return {}

    def _reactions_get(self, given: Json) -> Json:
        return {"message": self._any_message(given)}

    def _views_open(self, given: Json) -> Json:
        opened = self._triggers.pop(given["trigger_id"], None)
        if opened is None:
            raise Denied("exchanged_trigger_id")
        if self.clock().timestamp() - opened > TRIGGER_SECONDS:
            raise Denied("expired_trigger_id")
        self.views.append({**given["view"], "id": f"V{next(self._number)}"})
        return {"view": self.views[-1]}

    def _views_push(self, given: Json) -> Json:
        below = self.views[-1]["id"]
        self._views_open(given)
        self.views[-1]["previous_view_id"] = below
        return {"view": self.views[-1]}

    def _views_update(self, given: Json) -> Json:
        for number, view in enumerate(self.views):
            if view["id"] == given["view_id"]:
                kept: Json = {name: view[name] for name in ("id", "previous_view_id") if name in view}
                self.views[number] = {**given["view"], **kept}
                return {"view": self.views[number]}
        raise Denied("not_found")

    def _views_publish(self, given: Json) -> Json:
        self.homes[given["user_id"]] = given["view"]
        return {"view": given["view"]}

    def _channel(self, channel_id: str) -> Channel:
        channel = self.channels.get(channel_id)
        if channel is None or (channel.is_private and BOT_USER not in channel.members):
            raise Denied("channel_not_found")
        return channel

    def _message(self, channel_id: str, ts: str) -> Json:
        found = self._channel(channel_id).messages.get(ts)
        if found is None:
            raise Denied("message_not_found")
        if found["user"] != BOT_USER:
            raise Denied("cant_update_message")
        return found

    def _any_message(self, given: Json) -> Json:
        found = self._channel(given["channel"]).messages.get(given["timestamp"])
        if found is None:
            raise Denied("message_not_found")
        return found


def direct_id(user_id: str) -> str:
    """The conversation that somebody has with the app."""
    return f"D{user_id[1:]}"


def words(message: Json) -> str:
    """All that a message or a view shows, its blocks in order, as Slack is sent it."""
    return "\n".join(_leaves(message.get("blocks") or []))


def buttons(message: Json, *, labelled: bool = False) -> dict[str, Json]:
    """What can be pressed, by what stands on it; or `labelled`, by what is read aloud."""
    found: dict[str, Json] = {}
    for block in message.get("blocks") or []:
        for element in [*(block.get("elements") or ()), *([block["accessory"]] if "accessory" in block else ())]:
            if element.get("type") == "button":
                name = element["text"]["text"]
                found[element.get("accessibility_label", name) if labelled else name] = element
    return found


def limited(seconds: float = 5) -> Limited:
    """Too many calls."""
    return Limited(seconds)


def _said(given: Json) -> Json:
    assert given.get("text"), "screen readers read the text"
    return {name: given[name] for name in ("text", "blocks", "thread_ts", "metadata") if name in given}


def _leaves(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "text" and isinstance(part, str):
                yield part
            elif isinstance(part, dict | list):
                yield from _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
