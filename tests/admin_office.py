"""An office in the world of the stories: admins in Slack, the forms that they fill in, and what Slack is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest

from app import allowance, organization, recognition
from app.allowance import AllowancePolicy, AllowancePolicyVersion, AllowanceRule
from app.core.actor import Door, system
from app.core.seal import Seal
from app.organization import Audience
from app.recognition import GivingPolicy, GivingPolicyNow, GivingRule, Wish
from integrations.slack import manifest
from integrations.slack.administering import Administering
from integrations.slack.administration import Administration
from integrations.slack.api import SlackError
from integrations.slack.channels import Channels
from integrations.slack.desk import Asker, Desk
from integrations.slack.homes import Homes
from integrations.slack.interactions import Answer, Interactions, Press
from integrations.slack.layouts import AdminHome
from integrations.slack.models import SlackDelivery
from integrations.slack.people import People
from integrations.slack.words import Words
from integrations.slack.workspaces import ConnectWorkspace, Workspace, Workspaces
from tests.world import Somebody, World

SECRET_KEY = "a key of the tests, thirty-two or more"
TEAM = "T00000TEAM"
PEOPLE = ("olga", "ada", "aud", "ann", "bob", "cem", "dee")
SCOPES = frozenset(manifest.bot_scopes(["reactions", "marks", "channels"]))
BOOKKEEPING = {"slack_delivery", "slack_preference"}
"""Where the next look at Home, and notes, wait to be told."""
INSTALL = "https://plaudit.example.com/slack/install"
ANY = object()


@dataclass
class Paper:
    """Slack at the edge where the door calls it: it writes down what it is asked, and fails where it is told to."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    fails: dict[str, SlackError] = field(default_factory=dict)
    """By method: how its next call fails."""

    async def call(self, workspace: Workspace, method: str, *, seconds: float = 0, **arguments: Any) -> dict[str, Any]:
        """Answers as Slack would."""
        self.calls.append((method, arguments))
        if method in self.fails:
            raise self.fails.pop(method)
        if method == "users.info":
            is_bot = arguments["user"] == "UROBOT"
            return {"ok": True, "user": {"id": arguments["user"], "team_id": workspace.team_id, "is_bot": is_bot, "profile": {}}}
        return {"ok": True}

    async def respond(self, url: str, message: dict[str, Any], *, seconds: float = 0) -> None:
        """Nobody speaks through a response_url here."""
        raise AssertionError(url)

    async def close(self) -> None:
        """Nothing is open."""


class Office:
    """A workspace whose people are the world's, with the admin's part of the door and nothing in front of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.paper = Paper()
        database = world.database
        self.workspaces = Workspaces(database, SECRET_KEY)
        self.people = People(database, self.paper)
        channels = Channels(database, self.paper, database.clock)
        self.administration = Administration(database, "https://plaudit.example.com", INSTALL)
        homes = Homes(database, self.administration, None)
        self.homes = homes
        self.desk = Desk(database, self.workspaces.seal, self.people, channels, homes)
        self.interactions = Interactions(self.desk, Words(self.desk), self.paper)
        self.replayed: list[str] = []
        self.takes = Administering(self.interactions, self.administration, self._replay).takes
        self._number = count(1)

    async def _replay(self, workspace: Workspace) -> int:
        self.replayed.append(workspace.team_id)
        return 3

    async def open(self) -> None:
        """Installs the app; everyone of the world is there already."""
        await connects(self.world, self.world.organization_id, TEAM)
        workspace = await self.workspace()
        for name in PEOPLE:
            profile = {"real_name": name.title(), "email": f"{name}@acorn.example"}
            await self.people.enrol(workspace, {"id": f"U{name.upper()}", "team_id": TEAM, "profile": profile})

    async def workspace(self) -> Workspace:
        """As the door knows it now."""
        found = await self.workspaces.of(self.world.organization_id)
        assert found is not None
        return found

    async def asker(self, name: str) -> Asker:
        """Somebody, with the role of this moment."""
        return await self.desk.asker(await self.workspace(), f"U{name.upper()}")

    async def presses(
        self,
        name: str,
        action: str,
        value: str = "",
        view: Mapping[str, Any] | None = None,
        /,
        *,
        asker: Asker | None = None,
        **filled: Any,
    ) -> dict[str, Any] | None:
        """A press in Home, or in an open form where `view` is given. Returns the view that was shown after it."""
        shown = dict(view) if view is not None else {"type": "home"}
        known = len(self.paper.calls)
        body = {"type": "block_actions", "trigger_id": self._trigger(), "view": {"id": "V1", "hash": "h1", **shown}}
        body["actions"] = [{"action_id": action, "block_id": filled.pop("block_id", "b"), "value": value}]
        state = state_of(shown, filled)
        press = Press(asker or await self.asker(name), action, value, body, state)
        answer = await self.takes[action](press)
        assert answer is None, "a press is answered with nothing"
        return next((made[1]["view"] for made in reversed(self.paper.calls[known:]) if made[0].startswith("views.")), None)

    async def submits(self, name: str, view: Mapping[str, Any] | None, asker: Asker | None = None, /, **filled: Any) -> Answer:
        """Sends a form: what is not named stays as the form has it."""
        assert view is not None
        body = {"type": "view_submission", "trigger_id": self._trigger(), "view": {"id": "V1", **view}}
        press = Press(asker or await self.asker(name), view["callback_id"], "", body, state_of(view, filled))
        return await self.takes[view["callback_id"]](press)

    def _trigger(self) -> str:
        return f"trigger.{next(self._number)}"

    async def rules(self, name: str = "ada", /, **filled: Any) -> list[str]:
        """Fills in a new rule and applies it. Returns what was said to change."""
        view = await self.presses(name, "rule_add", "new")
        scope = filled.pop("scope", "all")
        view = await self.presses(name, "scope", scope, view, **filled, scope=scope)
        effect = pushed(await self.submits(name, view, **{"note": "A reason", **filled}))
        assert await self.submits(name, effect) == CLEAR
        return said(effect)

    async def told(self) -> list[str]:
        """Notes that wait to be told, the oldest first."""
        rows = sorted(await self.world.rows(SlackDelivery), key=lambda row: row.id)
        return [job["message"]["text"] for row in rows if (job := orjson.loads(row.job))["kind"] == "tell"]

    async def homes_waiting(self) -> list[str]:
        """Whose Home is to be published anew."""
        return [orjson.loads(row.job)["user"] for row in await self.world.rows(SlackDelivery) if row.lane.startswith("home:")]

    async def record(self) -> dict[str, Any]:
        """Everything but what waits to be told."""
        return {name: rows for name, rows in (await self.world.snapshot()).items() if name not in BOOKKEEPING}

    async def home(self) -> AdminHome:
        """What an admin's Home shows."""
        return await self.administration.home(await self.workspace())

    async def lines(self) -> list[tuple[str, str]]:
        """The rules as Home has them."""
        return [(line.name, line.words) for line in (await self.home()).rules]


async def connects(world: World, organization_id: UUID, team_id: str) -> None:
    """The app is installed."""
    token = Seal(SECRET_KEY, "slack").close("xoxb-1")
    url = f"https://{team_id.lower()}.slack.com/"
    act = ConnectWorkspace(system(organization_id, Door.SLACK), team_id, "Acorn", url, "A1", "UBOT", token, SCOPES)
    await world.database.submit(act)


@pytest.fixture(name="office")
async def opened_office(world: World) -> Office:
    """The office, on either database."""
    found = Office(world)
    await found.open()
    return found


CLEAR = {"response_action": "clear"}


def state_of(view: Mapping[str, Any], filled: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a form: what was filled in, else what it opened with."""
    state = {}
    for block in view.get("blocks", ()):
        if block["type"] == "input":
            element, name = block["element"], block["block_id"]
            state[name] = {element["action_id"]: _entered(element, filled.get(name, ANY))}
    return state


def _entered(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    key, initial = {
        "static_select": ("selected_option", element.get("initial_option")),
        "radio_buttons": ("selected_option", element.get("initial_option")),
        "checkboxes": ("selected_options", element.get("initial_options", [])),
        "users_select": ("selected_user", element.get("initial_user")),
        "multi_users_select": ("selected_users", element.get("initial_users", [])),
        "conversations_select": ("selected_conversation", element.get("initial_conversation")),
        "multi_conversations_select": ("selected_conversations", element.get("initial_conversations", [])),
    }.get(element["type"], ("value", element.get("initial_value")))
    if value is ANY:
        entered = initial
    elif key == "selected_option":
        (entered,) = [option for option in element["options"] if option["value"] == value]
    elif key == "selected_options":
        entered = [option for option in element["options"] if option["value"] in value]
    else:
        entered = str(value) if key == "value" and value is not None else value
    return {"type": element["type"], key: entered}


def pushed(answer: Answer) -> dict[str, Any]:
    """The second step."""
    assert answer is not None
    assert (answer["response_action"], answer["view"]["callback_id"]) == ("push", "rule_apply"), answer
    return dict(answer["view"])


def said(view: Mapping[str, Any] | None) -> list[str]:
    """Lines of the paragraphs of a view, without what each view begins with."""
    assert view is not None
    texts = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section" and "text" in block]
    return [line.removeprefix("• ") for text in texts for line in text.split("\n") if line != "*This is what changes:*"]


def errors(answer: Answer) -> dict[str, str]:
    """What is said beside the fields."""
    assert answer is not None
    assert answer["response_action"] == "errors", answer
    return dict(answer["errors"])


def typed_in(view: Mapping[str, Any] | None) -> dict[str, Any]:
    """What stands in a form, by block."""
    assert view is not None
    press = Press(None, "", "", {}, state_of(view, {}))  # type: ignore[arg-type]
    return {name: press.chosen(name) for name in press.state}


async def able(world: World) -> tuple[set[str], set[str]]:
    """Who can give to somebody, and who can receive from somebody, as the contract's own check says."""
    people = [world.owner, world.admin, world.auditor, world.ann, world.bob, world.cem, world.dee]
    givers, recipients = set(), set()
    acts = [(one, other) for one in people for other in people if one is not other]
    wishes = [recognition.CheckGiving(world.house, Wish(one.key, (other.key,), (), 0, None)) for one, other in acts]
    for (one, other), found in zip(acts, await world.database.rehearse(wishes), strict=True):
        assert not isinstance(found, BaseException)
        if found.allowed:
            givers.add(one.name)
            recipients.add(other.name)
    return givers, recipients


ALL = {"Olga Owner", "Ada Admin", "Aud Auditor", "Ann", "Bob", "Cem", "Dee"}


async def group_of(world: World, name: str, *people: Somebody) -> str:
    """A group; returns its id as the form has it."""
    act = organization.CreateGroup(world.house, name, "team", tuple(somebody.key for somebody in people))
    return str(await world.database.submit(act))


async def policies(world: World) -> tuple[GivingPolicy, AllowancePolicy]:
    """As they stand."""
    (giving,), versions = await world.rows(GivingPolicyNow), await world.rows(AllowancePolicyVersion)
    newest = max(versions, key=lambda row: row.version)
    return recognition.parse(giving.document), allowance.parse(newest.document)


async def sets_rules(world: World, *rules: GivingRule) -> None:
    """An admin sets giving rules elsewhere."""
    (now,) = await world.rows(GivingPolicyNow)
    policy = replace(recognition.parse(now.document), rules=rules)
    await world.database.submit(recognition.SetGivingPolicy(world.house, now.version, policy))


async def sets_allowances(world: World, *rules: AllowanceRule, **changes: Any) -> None:
    """An admin sets allowance rules elsewhere."""
    newest = max(await world.rows(AllowancePolicyVersion), key=lambda row: row.version)
    policy = replace(allowance.parse(newest.document), rules=rules, **changes)
    await world.database.submit(allowance.SetAllowancePolicy(world.house, newest.version, policy))


def of(*people: Somebody) -> Audience:
    """These persons."""
    return Audience(member_ids=frozenset(somebody.key for somebody in people))
