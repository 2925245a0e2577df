"""The world of the stories in Slack: a connected workspace, people who type, react and press there, and what they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx2
import pytest
from starlette.applications import Starlette

from app import allowance, audit, organization
from app.audit import DeadLetter
from app.core.settings import Settings
from app.db import Slice
from app.organization import Member, ParticipationMode
from app.recognition import Recognition
from integrations.slack import manifest
from integrations.slack.door import SlackDoor
from integrations.slack.models import DeliveryState, SlackDelivery, SlackPerson
from integrations.slack.reader import NAME
from integrations.slack.terms import ChangeSlackSettings
from integrations.slack.workspaces import Workspace
from tests.played_slack import Channel, Json, PlayedSlack, buttons, direct_id, words
from tests.stand_in import (
    BOB,
    BOT_TOKEN,
    BOT_USER,
    CEM,
    DEE,
    GENERAL,
    GROUP,
    GUEST,
    INVITED,
    KUDOS,
    LEADS,
    LEFT,
    OUTSIDE,
    ROBOT,
    SECRET,
    SIGNING_SECRET,
    STRANGE_TEAM,
    STRANGER,
    TEAM,
    StandIn,
)
from tests.world import World

ANN, ADA, OLGA = "U000000ANN", "U000000ADA", "U00000OLGA"
SLACKBOT = "USLACKBOT"
SHARED = "C00SHARED0"
FEATURES = [feature.name for feature in manifest.FEATURES if feature is not manifest.CORE]
SCOPES = frozenset(manifest.bot_scopes(FEATURES))
CORE_SCOPES = frozenset(manifest.CORE.scopes)
SECRET_KEY = "a key of the tests, thirty-two or more"
_BOOKKEEPING = {"feed_cursor", "slack_channel", "slack_delivery", "slack_draft", "slack_preference", "slack_round"}
"""Tables that hold no points, no audit and nothing that people did."""


@dataclass
class Answer:
    """What somebody sees under their own command."""

    status: int
    body: Json

    @property
    def text(self) -> str:
        """What notifications and screen readers say."""
        return str(self.body.get("text", ""))

    @property
    def words(self) -> str:
        """What is shown."""
        return words(self.body)

    @property
    def buttons(self) -> list[str]:
        """What can be pressed."""
        return list(buttons(self.body))


class Post(StandIn):
    """Requests as Slack signs and shapes them, at the hour of the world."""

    def __init__(self, world: World, slack: PlayedSlack) -> None:
        super().__init__()
        self.world = world
        self.slack = slack

    async def trigger_id(self, user_id: str = "", *, token: str = BOT_TOKEN, view_id: str = "") -> str:
        return self.slack.trigger()

    def response_url(self, channel_id: str, user_id: str) -> str:
        return self.slack.response_url()

    async def send(self, app: Any, body: str | bytes, **options: Any) -> httpx2.Response:
        return await super().send(app, body, **{"timestamp": int(self.world.now.timestamp()), **options})


class Office:
    """A workspace that Plaudit is installed in: Ann, Bob, Cem, Dee and the admins Ada and Olga are members in both."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slack = PlayedSlack(lambda: world.now)
        self.door = self.another_door()
        self.post = Post(world, self.slack)
        transport = httpx2.ASGITransport(app=Starlette(routes=self.door.routes()))
        self.app = httpx2.AsyncClient(transport=transport, base_url="http://plaudit")

    def another_door(self) -> SlackDoor:
        """Of another process, on the same database."""
        settings = Settings.model_validate({"secret_key": SECRET_KEY, "slack_signing_secret": SIGNING_SECRET})
        door = SlackDoor(settings, self.world.database, slack=self.slack)
        door.installer.api = cast(Any, self.slack)
        return door

    async def open(self) -> None:
        """Fills the workspace, installs the app and looks through its people once."""
        slack = self.slack
        for user_id, name in ((ANN, "Ann"), (BOB, "Bob"), (CEM, "Cem"), (DEE, "Dee"), (OLGA, "Olga")):
            slack.hires(user_id, name, f"{name.lower()}@acorn.example")
        slack.hires(ADA, "Ada", "ada@acorn.example", is_admin=True)
        slack.hires(GUEST, "Gina Guest", "gina@agency.example", is_restricted=True)
        slack.hires(LEFT, "Leo Left", "leo@acorn.example", deleted=True)
        slack.hires(INVITED, "Ivan Invited", "ivan@acorn.example", is_invited_user=True)
        slack.hires(STRANGER, "Zoe Elsewhere", team_id=STRANGE_TEAM, is_stranger=True)
        slack.hires(ROBOT, "Deployer", is_bot=True)
        slack.hires(SLACKBOT, "Slackbot")
        slack.hires(BOT_USER, "Plaudit", is_bot=True)
        everyone = {ANN, BOB, CEM, DEE, ADA, OLGA, GUEST}
        slack.opens(Channel(GENERAL, "general", {*everyone, BOT_USER}))
        slack.opens(Channel(KUDOS, "kudos", {*everyone, BOT_USER}))
        slack.opens(Channel(OUTSIDE, "outside", {ANN, BOB}))
        slack.opens(Channel(SECRET, "secret", {ANN, BOB}, is_private=True))
        slack.opens(Channel(LEADS, "leads", {ANN, BOB, CEM, BOT_USER}, is_private=True))
        slack.opens(Channel(SHARED, "with-globex", {*everyone, STRANGER, BOT_USER}, is_shared=True))
        slack.usergroups.append({"id": GROUP, "handle": "design", "users": [BOB, CEM, DEE]})
        await self.installs()
        await self.door.rounds.go()
        await self.settle()
        slack.calls.clear()

    async def installs(self, token: str = BOT_TOKEN, scopes: frozenset[str] = SCOPES) -> None:
        """The app is installed; the tokens of before count no more."""
        self.slack.tokens = {token: scopes}
        await self.door.installer.connect_token(token, self.world.organization_id)

    async def sets(self, **changes: Any) -> None:
        """An admin changes settings of the workspace."""
        await self.world.database.submit(ChangeSlackSettings(self.world.house, tuple(changes.items())))

    async def member(self, user_id: str) -> Member | None:
        """The member behind a user of Slack."""
        accounts = [one for one in await self.world.rows(SlackPerson) if one.user_id == user_id]
        members = {row.id: row for row in await self.world.rows(Member)}
        return members.get(accounts[0].member_id) if accounts else None

    async def sets_mode(self, user_id: str, mode: ParticipationMode) -> None:
        """An admin decides whether somebody gives and receives."""
        member = await self.member(user_id)
        assert member is not None
        change = organization.SetParticipationMode(self.world.house, member.id, mode)
        await self.world.database.submit(allowance.Followed(change))

    async def workspace(self) -> Workspace:
        """As the door knows it."""
        found = await self.door.workspaces.of(self.world.organization_id)
        assert found is not None
        return found

    async def settle(self, *, passes: float = 0) -> None:
        """Everything that is due is told; `passes`: after so many seconds."""
        self.world.passes(seconds=passes)
        await self.door.settle()

    # What people do.

    async def commands(self, who: str, text: str = "", *, channel: str = GENERAL, **more: Any) -> Answer:
        """`/kudos …`"""
        self._ticks()
        here = self.slack.channels.get(channel)
        name = "directmessage" if channel.startswith("D") else "unknown" if here is None else here.name
        given = {"channel_id": channel, "channel_name": "privategroup" if here is not None and here.is_private else name}
        response = await self.post.command(self.app, text, user_id=who, **{**given, **more})
        return Answer(response.status_code, response.json() if response.content else {})

    async def event(self, event: Mapping[str, Any], **envelope: Any) -> httpx2.Response:
        """Something happens. `envelope`: event_id, retry, team_id, event_time."""
        self._ticks()
        at = {"event_ts": self.moment(), **event}
        return await self.post.event(self.app, at, **{"event_time": int(self.world.now.timestamp()), **envelope})

    async def says(self, who: str, text: str, *, channel: str = GENERAL, thread: str = "", **more: Any) -> str:
        """A message; returns its ts. Where it names the app, that is told as well, as Slack does."""
        self._ticks()
        ts = str(more.pop("ts", "")) or self.moment()
        here = self.slack.channels.get(channel)
        kind = "im" if channel.startswith("D") else "group" if here is not None and here.is_private else "channel"
        message = {"user": who, "text": text, "ts": ts, "channel": channel, **({"thread_ts": thread} if thread else {}), **more}
        if here is not None:
            here.messages[ts] = {**message, "reactions": []}
        assert (await self.event({"type": "message", "channel_type": kind, **message})).status_code == 200
        if f"<@{BOT_USER}" in text and kind != "im":
            assert (await self.event({"type": "app_mention", **message})).status_code == 200
        return ts

    async def edits(self, who: str, ts: str, before: str, after: str, *, channel: str = GENERAL) -> None:
        """A message becomes another one."""
        message = {"type": "message", "user": who, "ts": ts, "text": after, "edited": {"user": who, "ts": self.moment()}}
        changed = {"message": message, "previous_message": {"user": who, "ts": ts, "text": before}}
        event = {"type": "message", "subtype": "message_changed", "channel": channel, "channel_type": "channel", **changed}
        assert (await self.event(event)).status_code == 200
        if f"<@{BOT_USER}" in after:
            assert (await self.event({**message, "type": "app_mention", "channel": channel})).status_code == 200

    async def deletes(self, who: str, ts: str, *, channel: str = GENERAL) -> None:
        """A message is gone."""
        gone = {"deleted_ts": ts, "previous_message": {"user": who, "ts": ts}}
        event = {"type": "message", "subtype": "message_deleted", "channel": channel, "channel_type": "channel", **gone}
        assert (await self.event(event)).status_code == 200

    async def reacts(self, who: str, ts: str, *, by: str, added: bool = True, **more: Any) -> None:
        """Puts the give emoji on a message that was written `by` somebody. `more`: emoji, channel, at, event_id."""
        event = {
            "type": "reaction_added" if added else "reaction_removed",
            "user": who,
            "item_user": by,
            "reaction": more.pop("emoji", "taco"),
            "item": {"type": "message", "channel": more.pop("channel", GENERAL), "ts": ts},
            **({"event_ts": more.pop("at")} if "at" in more else {}),
        }
        assert (await self.event(event, **more)).status_code == 200

    async def unreacts(self, who: str, ts: str, *, by: str, **more: Any) -> None:
        """Takes it off again."""
        await self.reacts(who, ts, by=by, added=False, **more)

    async def presses(self, who: str, where: "Answer | Json", name: str, **more: Any) -> httpx2.Response:
        """Presses what is called this in an answer, a message or a view. `more`: trigger_id, channel_id; `about`: beside what,
        where several are called so."""
        self._ticks()
        shown = where.body if isinstance(where, Answer) else where
        about = more.pop("about", "")
        button = buttons(shown, labelled=True)[f"{name}: {about}"] if about else buttons(shown)[name]
        given = {"user_id": who, **({"value": button["value"]} if "value" in button else {}), **more}
        if shown.get("type") in {"home", "modal"}:
            given["view"] = {"id": "V0", **shown}
        elif "ts" in shown:
            given["message"] = shown
        else:
            given["ephemeral"] = True
        response = await self.post.click(self.app, button["action_id"], **given)
        assert response.status_code == 200
        return response

    async def chooses(self, who: str, where: "Answer | Json", value: str) -> None:
        """Chooses from the menu in an answer, or from the one behind three dots of a message."""
        self._ticks()
        shown = where.body if isinstance(where, Answer) else where
        for block in shown["blocks"]:
            for element in [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())]:
                if element["type"] in {"static_select", "overflow"}:
                    found = [one for one in element["options"] if one["value"].startswith(value)]
                    if not found:
                        continue
                    more: Json = {"message": shown} if "ts" in shown else {"ephemeral": True}
                    if shown.get("type") in {"home", "modal"}:
                        more = {"view": {"id": "V0", **shown}}
                    kind = {"type": element["type"], "block_id": block.get("block_id", "b"), "selected_option": found[0]}
                    response = await self.post.click(self.app, element["action_id"], user_id=who, **more, **kind)
                    assert response.status_code == 200
                    return
        raise AssertionError("there is nothing to choose from")

    async def chooses_shortcut(self, who: str, message: Json | None = None, channel: str = GENERAL) -> None:
        """`Give kudos`, or of a message `Give kudos for this`."""
        self._ticks()
        name = "give_kudos" if message is None else "give_kudos_message"
        response = await self.post.shortcut(self.app, name, user_id=who, message=message, channel_id=channel)
        assert response.status_code == 200

    async def submits(self, who: str, view: Json, **values: Any) -> Json:
        """Sends a form with these values by block; what is not named stays as the form has it. Returns Slack's answer."""
        self._ticks()
        response = await self.post.submit(self.app, view, filled(view, values), user_id=who)
        assert response.status_code == 200
        return response.json() if response.content else {}

    @property
    def form(self) -> Json:
        """The form that was opened last."""
        return self.slack.views[-1]

    # What came of it.

    async def gifts(self) -> list[Recognition]:
        """Recognitions that stand, the oldest first."""
        rows = await self.world.rows(Recognition)
        return sorted((row for row in rows if row.revoked_at is None), key=lambda row: row.id)

    async def wallets(self) -> dict[str, int]:
        """What Ann, Bob, Cem and Dee have to spend; nothing is left out."""
        world = self.world
        balances = await world.balances()
        people = {"ann": world.ann, "bob": world.bob, "cem": world.cem, "dee": world.dee}
        found = {name: balances.get(("wallet", somebody.key), 0) for name, somebody in people.items()}
        return {name: points for name, points in found.items() if points}

    async def record(self) -> dict[str, Any]:
        """Balances, audit, recognitions, people: all but bookkeeping, to be compared with itself after a refusal."""
        return {name: rows for name, rows in (await self.world.snapshot()).items() if name not in _BOOKKEEPING}

    async def dead_letters(self) -> list[DeadLetter]:
        """What was given up."""
        async with self.world.database.read() as connection:
            page = await audit.letters.listed(connection, self.world.organization_id, NAME, Slice(100))
        return list(page.rows)

    async def waiting(self) -> int:
        """Deliveries that wait to be made."""
        return sum(row.state is DeliveryState.WAITING for row in await self.world.rows(SlackDelivery))

    def moment(self) -> str:
        """A moment as Slack writes it, later than every one before."""
        return self.slack.moment()

    def _ticks(self) -> None:
        self.world.passes(milliseconds=10)


def filled(view: Json, values: Mapping[str, Any]) -> Json:
    """The state of a form: what was filled in, else what stood there when it opened."""
    state: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            state[block["block_id"]] = {element["action_id"]: _entered(element, values, block["block_id"])}
    assert values.keys() <= state.keys(), f"the form asks for {', '.join(state)}"
    return state


def _entered(element: Json, values: Mapping[str, Any], name: str) -> Json:
    kind = element["type"]
    key, initial = {
        "multi_users_select": ("selected_users", element.get("initial_users", [])),
        "conversations_select": ("selected_conversation", element.get("initial_conversation")),
        "static_select": ("selected_option", element.get("initial_option")),
        "radio_buttons": ("selected_option", element.get("initial_option")),
    }.get(kind, ("value", element.get("initial_value")))
    if name not in values:
        return {"type": kind, key: initial}
    value = values[name]
    if key == "selected_option" and value is not None:
        (value,) = [option for option in element["options"] if option["value"] == value]
    return {"type": kind, key: str(value) if key == "value" and value is not None else value}


@pytest.fixture(name="office")
async def connected_office(world: World) -> Any:
    """The office, on either database."""
    office = Office(world)
    await office.open()
    yield office
    await office.app.aclose()


__all__ = ["TEAM", "Answer", "Office", "direct_id", "filled"]
