"""Admins in Slack: what their Home says, what every form does, and that nothing is done for whoever is no admin any more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app import allowance, audit, organization, recognition
from app.allowance import AllowanceEffect, AllowancePolicy, AllowancePolicyVersion, AllowanceRule, Period
from app.audit import AuditEvent, Remark
from app.core.actor import Door, Role, system
from app.core.ids import new_id
from app.core.seal import Seal
from app.db import metadata, scoped
from app.founding import FoundOrganization
from app.organization import EVERYONE, Audience, CompanyValue, MemberStatus, ParticipationMode
from app.recognition import Case, Effect, GivingPolicy, GivingPolicyNow, GivingRule, Person, Visibility, Wish
from integrations.slack import layouts, manifest, ruling
from integrations.slack.administering import ONLY_ADMINS, Administering, foresight
from integrations.slack.administration import Administration
from integrations.slack.api import Denied, SlackError
from integrations.slack.channels import Channels
from integrations.slack.desk import Asker, Desk
from integrations.slack.giving import GiveInSlack, Place
from integrations.slack.homes import Homes
from integrations.slack.interactions import Answer, Interactions, Press
from integrations.slack.layouts import AdminHome, FeatureOff, Month, RuleLine, Setup
from integrations.slack.models import SlackDelivery, SlackWorkspace, Way
from integrations.slack.people import People
from integrations.slack.ruling import Line, Rule, Seen
from integrations.slack.terms import Terms
from integrations.slack.words import Words
from integrations.slack.workspaces import ConnectWorkspace, Workspace, Workspaces
from tests.world import NOON, Somebody, World

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


@pytest.fixture
async def office(world: World) -> Office:
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


# Home.


async def test_home_at_first(office: Office):
    home = await office.home()

    assert home.setup == Setup(allowance=False, values=False, feed_channel=False, invited=False, rewards=False)
    assert [person.slack_id for person in home.admins] == ["UADA", "UOLGA"]
    assert (home.default_line, home.rules, home.people_set) == ("Give 100 a month · receive yes", (), 0)
    assert (home.paused, home.undelivered, home.waiting) == (False, 0, ())
    assert home.month == Month(0, 0, 7, None)
    assert home.updated_at.isoformat() == "2026-03-10T13:00:00+01:00"
    says = {feature.name: feature.says for feature in manifest.FEATURES}
    # Messages and groups are not granted either, and switched off here; nobody asked for the names of emoji.
    assert home.features_off == (
        FeatureOff("Writing to the app", f"{says['direct']} This needs im:history: install the app again.", INSTALL),
    )
    assert home.web_url == "https://plaudit.example.com"


async def test_home_later(office: Office, world: World):
    contractors = await group_of(world, "Contractors", world.cem, world.dee)
    await office.rules(scope="group", group=contractors, give="no", recv="no")
    await office.rules(scope="people", people=["UANN", "UBOB", "UADA", "UOLGA"], allow=200)
    await office.presses("ada", "member_pause", str(world.cem.key))
    guests = await world.database.submit(organization.CreateGroup(world.house, "Guests", "slack"))
    await world.hires("Gina Guest", mode=ParticipationMode.OBSERVER, group_ids=(guests,))
    await world.praises("teamwork")
    view = await office.presses("ada", "adm_settings", "home")
    assert await office.submits("ada", view, feed_channel="C0000FEED", ways=["reactions", "groups"]) == CLEAR
    wish = Wish(world.ann.key, (world.bob.key,), (), 10, "Thank you for the #teamwork")
    give = recognition.GiveRecognition(world.ann.actor, wish, Visibility.PUBLIC, "key", b"")
    place = Place(TEAM, "UANN", Way.COMMAND)
    await world.database.submit(GiveInSlack(give, place, Terms(), confirmed=True))
    async with world.database.bookkeeping() as connection:
        await audit.letters.bury(connection, world.organization_id, "slack", 1, "", "channel_not_found", 5, world.now)
        await audit.letters.bury(connection, world.organization_id, "webhooks", 1, "", "gone", 5, world.now)

    home = await office.home()

    assert home.setup == Setup(allowance=True, values=True, feed_channel=True, invited=True, rewards=False)
    contractor, others = home.rules
    assert (contractor.name, contractor.words) == ("Contractors", "Give no · receive no · “A reason”")
    named, rest = others.name.split(" and ")
    assert set(named.split(", ")) < {"Olga Owner", "Ada Admin", "Ann", "Bob"}
    assert (rest, others.words) == ("1 person more", "Give 200 a month")
    assert (home.people_set, home.undelivered) == (1, 1)
    assert home.month == Month(10, 1, 8, "teamwork")
    # User groups are switched on by now, and not granted.
    assert [feature.name for feature in home.features_off] == ["Writing to the app", "Thanking user groups"]
    assert layouts.admin_home((await office.workspace()).unit, home)["callback_id"] == "home"


async def test_the_default_line_says_what_goes_for_whom_no_rule_names(office: Office, world: World):
    async def line() -> str:
        return (await office.home()).default_line

    await sets_allowances(world, base_points=200)
    assert await line() == "Give 100 a month, 200 a month from 1 April on · receive yes"
    await sets_allowances(world, base_points=300, apply_now=True)
    assert await line() == "Give 300 a month · receive yes"
    await sets_allowances(world, base_points=50, period=Period.WEEK)
    assert await line() == "Give 100 a month, 50 a week from 1 April on · receive yes"
    world.passes(days=30)
    assert await line() == "Give 50 a week · receive yes"
    leaders = of(world.ann)
    await sets_rules(world, GivingRule(Effect.ALLOW, leaders, EVERYONE))
    assert await line() == "Give no · receive yes"
    await sets_rules(world, GivingRule(Effect.ALLOW, EVERYONE, leaders))
    assert await line() == "Give 50 a week where a rule allows it · receive no"
    await sets_rules(world, GivingRule(Effect.DENY, EVERYONE, EVERYONE))
    assert await line() == "Give no · receive no"
    await sets_rules(world)
    await office.presses("ada", "pause_all", "all")
    assert await line() == "Paused, then give 50 a week · receive yes"


async def test_an_allowance_that_was_looked_at_is_done(office: Office, world: World):
    view = await office.presses("ada", "adm_allowance", "setup")

    assert await office.submits("ada", view) == CLEAR

    assert (await office.home()).setup.allowance is True
    assert (await policies(world))[1].base_points == 100


async def test_home_takes_as_many_statements_for_many_rules_as_for_two(office: Office, world: World):
    taken = []
    for number in (2, 40):
        audiences = [Audience(group_ids=frozenset([UUID(await group_of(world, f"Team {number}-{n}"))])) for n in range(number)]
        await sets_rules(world, *[GivingRule(Effect.DENY, audience, of(world.ann, world.bob)) for audience in audiences])
        taken.append(0)

        def heard(*_: Any) -> None:
            taken[-1] += 1

        engine = world.database.engine.sync_engine
        workspace = await office.workspace()
        sa.event.listen(engine, "before_cursor_execute", heard)
        await office.administration.home(workspace)
        sa.event.remove(engine, "before_cursor_execute", heard)

    assert taken[0] == taken[1] <= 18


async def test_the_admin_tab_is_opened(office: Office, world: World):
    await office.presses("ada", "home_tab_admin", "admin")

    assert await office.homes_waiting() == ["UADA"]
    view = await office.homes.view(await office.workspace(), "UADA")
    assert view is not None
    assert "Who can give and receive" in str(view)


# Pausing.


async def test_giving_is_paused_and_started_again(office: Office, world: World):
    await office.presses("ada", "pause_all", "all")
    await office.presses("ada", "pause_all", "all")

    assert (await office.home()).paused is True
    assert (await world.ann.gives([world.bob])).user_errors == [("GIVING_PAUSED", None)]
    assert len(await world.told("giving.policy_set")) == 2
    await office.presses("ada", "resume_all", "all")
    assert (await world.ann.gives([world.bob])).user_errors == []
    assert (await office.homes_waiting()) == ["UADA"] * 3


# Rules.


async def test_a_rule_for_a_group(office: Office, world: World):
    contractors = await group_of(world, "Contractors", world.cem, world.dee)
    assert await able(world) == (ALL, ALL)
    view = await office.presses("ada", "rule_add", "new", note="They leave soon", recv="no")
    assert typed_in(view) == {"scope": "all", "give": "yes", "allow": None, "recv": "yes", "note": None}
    view = await office.presses("ada", "scope", "group", view, note="They leave soon", recv="no", allow=20, scope="group")
    assert typed_in(view) == {
        "scope": "group",
        "group": None,
        "give": "yes",
        "allow": "20",
        "recv": "no",
        "note": "They leave soon",
    }
    assert office.paper.calls[-1][1]["view_id"] == "V1"
    assert office.paper.calls[-1][1]["hash"] == "h1"
    before = await office.record()

    effect = pushed(await office.submits("ada", view, group=contractors, give="no"))

    assert said(effect) == [
        "2 people change: 2 can no longer give, 2 can no longer receive.",
        "Can no longer give: Cem and Dee.",
        "Can no longer receive: Cem and Dee.",
    ]
    assert await office.record() == before
    assert await office.submits("ada", effect) == CLEAR
    assert await able(world) == (ALL - {"Cem", "Dee"}, ALL - {"Cem", "Dee"})
    audience = Audience(group_ids=frozenset([UUID(contractors)]))
    assert (await policies(world))[0].rules == (
        GivingRule(Effect.DENY, audience, EVERYONE, "They leave soon"),
        GivingRule(Effect.DENY, EVERYONE, audience, "They leave soon"),
    )
    assert (await policies(world))[1].rules == ()
    assert await office.lines() == [("Contractors", "Give no · receive no · “They leave soon”")]
    assert await office.homes_waiting() == ["UADA"]


async def test_why_is_kept_for_the_audit_and_not_in_it(office: Office, world: World):
    await office.rules(scope="people", people=["UCEM"], allow=200)

    (event,) = await world.told("slack.rule_applied")
    (remark,) = [row for row in await world.rows(Remark) if str(row.id) == event["reason"]]
    assert remark.words == "A reason"
    assert event["reason_digest"] == audit.sha256(remark.salt + b"A reason").hex()
    assert (event["giving_version"], event["allowance_version"], event["new"]) == (1, 2, True)
    assert event["modes"] == {str(world.cem.key): "NORMAL"}
    assert not [row for row in await world.rows(AuditEvent) if b"A reason" in row.record]
    assert {row.door for row in await world.rows(AuditEvent) if row.action == "slack.rule_applied"} == {Door.SLACK}


async def test_points_count_from_the_next_period(office: Office, world: World):
    leaders = await group_of(world, "Leaders", world.ann, world.bob)

    lines = await office.rules(scope="group", group=leaders, allow=250)

    assert lines == [
        "2 people change: 2 can give 150 points more a month.",
        "Can give 150 points more a month: Ann and Bob.",
        "Points to give change on 1 April.",
    ]
    assert (await world.ann.allowance())["total"] == 100
    world.passes(days=30)
    assert [(await one.allowance())["total"] for one in (world.ann, world.bob, world.cem)] == [250, 250, 100]
    assert await office.lines() == [("Leaders", "Give 250 a month")]


async def test_what_is_about_fewer_people_counts_over_what_is_about_more(office: Office, world: World):
    leaders = await group_of(world, "Leaders", world.ann, world.bob)
    await office.rules(scope="people", people=["UBOB", "UADA"], allow=500)
    await office.rules(scope="group", group=leaders, allow=250)

    lines = await office.rules(scope="all", allow=20)

    assert lines[0] == "4 people change: 4 can give 80 points less a month."
    assert lines[1] == "Can give 80 points less a month: Aud Auditor, Cem, Dee and Olga Owner."
    world.passes(days=30)
    totals = {one.name: (await one.allowance())["total"] for one in (world.ann, world.bob, world.cem, world.owner)}
    assert totals == {"Ann": 250, "Bob": 500, "Cem": 20, "Olga Owner": 20}


async def test_direct_reports_are_counted_for_each_manager(office: Office, world: World):
    for report, manager in ((world.ann, world.bob), (world.cem, world.bob), (world.dee, world.admin)):
        await world.database.submit(organization.UpdateMember(world.house, report.key, manager_id=manager.key))
    await sets_allowances(world, AllowanceRule(AllowanceEffect.ADD, 5, EVERYONE, per_direct_report=True))

    lines = await office.rules(allow=20)

    less = [f"{people} can give {points} points less a month" for people, points in ((5, 80), (1, 85), (1, 90))]
    assert lines[0] == f"7 people change: {', '.join(less)}."
    assert lines[2:4] == ["Can give 85 points less a month: Ada Admin.", "Can give 90 points less a month: Bob."]
    world.passes(days=30)
    assert {(await one.allowance())["total"] for one in (world.ann, world.bob, world.admin)} == {20}


async def test_a_rule_for_one_person_is_its_mode(office: Office, world: World):
    lines = await office.rules(scope="people", people=["UBOB"], give="no")

    assert lines == ["1 person changes: 1 can no longer give.", "Can no longer give: Bob."]
    assert await world.told("member.mode_changed") == [{"before": "NORMAL", "after": "RECEIVER"}]
    assert (await policies(world))[0].rules == ()
    assert (await office.home()).people_set == 1
    assert await office.rules(scope="people", people=["UBOB"]) == ["1 person changes: 1 can give now.", "Can give now: Bob."]
    assert (await office.home()).people_set == 0


@pytest.mark.parametrize("by_rule", [True, False])
async def test_whoever_may_give_again_is_issued_an_allowance_at_once(office: Office, world: World, by_rule: bool):
    eve = await world.hires("Eve", mode=ParticipationMode.OBSERVER)
    profile = {"real_name": "Eve", "email": "eve@acorn.example"}
    await office.people.enrol(await office.workspace(), {"id": "UEVE", "team_id": TEAM, "profile": profile})

    if by_rule:
        lines = await office.rules(scope="people", people=["UEVE"])
        assert lines[0] == "1 person changes: 1 can give now, 1 can receive now."
    else:
        await office.presses("ada", "member_resume", str(eve.key), {"type": "modal"})

    assert (await world.balances())["allowance", eve.key] == 100


async def test_a_rule_for_everyone(office: Office, world: World):
    assert (await office.rules(give="no", recv="no"))[0] == "7 people change: 7 can no longer give, 7 can no longer receive."

    assert (await policies(world))[0].rules == (GivingRule(Effect.DENY, EVERYONE, EVERYONE, "A reason"),)
    assert await able(world) == (set(), set())
    assert await office.lines() == [("Everyone", "Give no · “A reason”")]


async def test_a_rule_that_changes_nothing_says_so(office: Office, world: World):
    await office.rules(give="no")

    assert await office.rules(scope="people", people=["UANN", "UBOB"], give="no") == ["Nothing changes for anybody."]


async def test_a_rule_is_edited_in_its_place_and_the_others_stay(office: Office, world: World):
    contractors = Audience(group_ids=frozenset([UUID(await group_of(world, "Contractors", world.cem, world.dee))]))
    others = (
        GivingRule(Effect.DENY, of(world.ann), of(world.bob), "They are married"),
        GivingRule(Effect.DENY, contractors, EVERYONE, "Leaving"),
        GivingRule(Effect.ALLOW, EVERYONE, EVERYONE),
        GivingRule(Effect.DENY, EVERYONE, contractors, "Leaving"),
    )
    await sets_rules(world, *others)
    more = AllowanceRule(AllowanceEffect.ADD, 5, EVERYONE, per_direct_report=True)
    await sets_allowances(world, AllowanceRule(AllowanceEffect.REPLACE, 10, contractors), more)
    assert await office.lines() == [
        ("Ann", "May not give to Bob · “They are married”"),
        ("Contractors", "Give no · receive no · “Leaving”"),
        ("Everyone", "May give to everyone"),
        ("Everyone", "Give 5 more a month for each direct report"),
    ]
    rules = await office.presses("ada", "rule_list", "all")
    assert rules is not None
    entry = rules["blocks"][1]["accessory"]["options"][0]
    assert entry["value"] == "edit:2.2.1"

    form = await office.presses("ada", "rule_menu", entry["value"], rules)

    stands = {"scope": "group", "group": str(*contractors.group_ids), "give": "no", "recv": "no", "note": "Leaving"}
    assert typed_in(form) == {**stands, "allow": "10"}
    assert office.paper.calls[-1][0] == "views.push"
    # Everybody may receive from contractors again; they may not receive, and get fewer points: as the list has them, Cem and Dee.
    effect = pushed(await office.submits("ada", form, give="yes", allow=40))
    assert said(effect)[0] == "2 people change: 2 can give now, 2 can give 30 points more a month."
    assert await office.submits("ada", effect) == CLEAR
    giving, allowances = await policies(world)
    assert giving.rules == (others[0], GivingRule(Effect.DENY, EVERYONE, contractors, "Leaving"), others[2])
    assert allowances.rules == (AllowanceRule(AllowanceEffect.REPLACE, 40, contractors), more)


async def test_a_rule_is_removed_with_all_that_it_stands_for_and_no_more(office: Office, world: World):
    contractors = await group_of(world, "Contractors", world.cem, world.dee)
    await office.rules(scope="group", group=contractors, give="no", recv="no")
    await office.rules(scope="people", people=["UANN", "UBOB"], give="no")
    rules = await office.presses("ada", "rule_list", "all")
    assert rules is not None

    effect = await office.presses("ada", "rule_menu", rules["blocks"][0]["accessory"]["options"][1]["value"], rules)

    assert said(effect)[0] == "2 people change: 2 can give now, 2 can receive now."
    assert await office.submits("ada", effect) == CLEAR
    assert (await policies(world))[0].rules == (GivingRule(Effect.DENY, of(world.ann, world.bob), EVERYONE, "A reason"),)
    assert await able(world) == (ALL - {"Ann", "Bob"}, ALL)
    assert len(await world.told("slack.rule_removed")) == 1


async def test_who_can_give_to_fewer_people(office: Office, world: World):
    pair = GivingRule(Effect.DENY, of(world.ann, world.cem), of(world.bob))
    allow = GivingRule(Effect.ALLOW, of(world.bob, world.dee), of(world.cem, world.ann))
    await sets_rules(world, pair, allow)
    rules = await office.presses("ada", "rule_list", "all")

    effect = await office.presses("ada", "rule_menu", "remove:2.1.0", rules)
    assert said(effect) == ["Nothing changes for anybody."]

    effect = await office.presses("ada", "rule_menu", "remove:2.1.1", rules)
    assert said(effect) == [
        "7 people change: 5 can give now, 5 can receive now.",
        "Can give now: Ada Admin, Ann, Aud Auditor, Cem and Olga Owner.",
        "Can receive now: Ada Admin, Aud Auditor, Bob, Dee and Olga Owner.",
    ]
    assert await office.submits("ada", effect) == CLEAR
    effect = await office.presses("ada", "rule_menu", "remove:3.1.0", rules)
    assert said(effect) == ["2 people change: 2 can give to more people.", "Can give to more people: Ann and Cem."]


async def test_rules_that_the_form_cannot_say_are_not_edited(office: Office, world: World):
    eve = await world.hires("Eve")
    mixed = Audience(group_ids=frozenset([UUID(await group_of(world, "Team"))]), member_ids=frozenset([world.ann.key]))
    await sets_rules(
        world,
        GivingRule(Effect.ALLOW, EVERYONE, EVERYONE),
        GivingRule(Effect.DENY, mixed, EVERYONE),
        GivingRule(Effect.DENY, of(world.ann, eve), EVERYONE),
    )
    rules = await office.presses("ada", "rule_list", "all")
    for line in range(3):
        shown = await office.presses("ada", "rule_menu", f"edit:2.1.{line}", rules)
        assert said(shown) == ["This rule says more than the form can. It can be removed here, and changed through the API."]


async def test_a_person_is_edited_with_the_mode_it_has(office: Office, world: World):
    await sets_allowances(world, AllowanceRule(AllowanceEffect.REPLACE, 10, of(world.bob)))
    await world.sets_mode(world.bob, "RECEIVER")
    rules = await office.presses("ada", "rule_list", "all")

    form = await office.presses("ada", "rule_menu", "edit:1.2.0", rules)

    stands = {"scope": "people", "people": ["UBOB"], "give": "no", "recv": "yes", "allow": "10", "note": None}
    assert typed_in(form) == stands


@pytest.mark.parametrize(
    ("filled", "block"),
    [
        ({}, "give"),
        ({"scope": "group"}, "scope"),
        ({"scope": "people", "people": []}, "people"),
        ({"scope": "people", "people": ["UROBOT"]}, "people"),
        ({"scope": "people", "people": ["UANN", "UROBOT"], "give": "no"}, "people"),
        ({"allow": 2_000_000}, "allow"),
        ({"allow": "many"}, "allow"),
        ({"give": "no", "note": "x" * 600}, "note"),
        ({"give": "no", "note": ""}, "note"),
        ({"give": "no", "note": "a\0b"}, "note"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_beside_its_field(
    office: Office, world: World, filled: dict[str, Any], block: str
):
    view = await office.presses("ada", "rule_add", "new")
    view = await office.presses("ada", "scope", filled.get("scope", "all"), view, **filled)
    before = await office.record()

    answer = await office.submits("ada", view, **{"note": "A reason", **filled})

    assert list(errors(answer)) == [block]
    left = {"slack_person": ANY} if "UROBOT" in str(filled) else {}
    assert await office.record() | left == before | left


async def test_a_policy_that_changed_meanwhile_is_looked_at_again(office: Office, world: World):
    view = await office.presses("ada", "rule_add", "new")
    effect = pushed(await office.submits("ada", view, give="no", note="A reason"))
    await office.rules("olga", scope="people", people=["UANN", "UBOB"], give="no")
    rules = await office.presses("ada", "rule_list", "all")
    form = await office.presses("ada", "rule_menu", "edit:2.1.0", rules)
    await office.rules("olga", allow=20)
    before = await office.record()

    refused = await office.submits("ada", effect)
    assert refused is not None
    assert refused["response_action"] == "update"
    assert said(refused["view"]) == ["Nothing was changed. The policy has changed to version 2. Read it again first."]
    edited = await office.submits("ada", form, recv="no")
    assert errors(edited) == {"scope": "The policy has changed to version 2. Read it again first."}
    stale = await office.presses("ada", "rule_menu", "remove:2.1.0", rules)
    assert said(stale) == ["The rules have changed since. Close this list, and open it again."]
    assert await office.record() == before


async def test_a_rule_that_is_sent_twice_is_applied_once(office: Office, world: World):
    view = await office.presses("ada", "rule_add", "new")
    effect = pushed(await office.submits("ada", view, give="no", note="A reason"))

    assert await office.submits("ada", effect) == CLEAR
    before = await office.record()
    assert await office.submits("ada", effect) == CLEAR

    assert await office.record() == before


async def test_only_so_many_people_are_looked_at(office: Office, world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(foresight, "PEOPLE_MAX", 5)
    monkeypatch.setattr(foresight, "AT_ONCE", 2)

    lines = await office.rules(allow=120)

    assert [lines[0], *lines[2:]] == [
        "5 people change: 5 can give 20 points more a month.",
        "Points to give change on 1 April.",
        "Only the first 5 of 7 people were looked at.",
    ]
    assert lines[1].count(",") == 3


async def test_a_hundred_people_and_a_long_reason_fit_into_a_rule(office: Office, world: World):
    workspace, ids = await office.workspace(), []
    for number in range(100):
        user = {"id": f"U0123456789{number:03}", "team_id": TEAM, "profile": {"real_name": f"Person {number}"}}
        await office.people.enrol(workspace, user)
        ids.append(user["id"])

    lines = await office.rules(scope="people", people=ids, give="no", recv="no", note='"\\' * 150)

    assert lines[0] == "100 people change: 100 can no longer give, 100 can no longer receive."


# One person.


async def test_a_person_is_checked(office: Office, world: World):
    contractors = await group_of(world, "Contractors", world.bob)
    await office.rules(scope="group", group=contractors, give="no")
    view = await office.presses("ada", "rule_check", "any")

    shown = await office.presses("ada", "check_who", "UBOB", view)

    until = "<!date^1774994400^{date_short_pretty}|1 April>"
    assert said(shown) == [
        "*Who?*",
        "*<@UBOB>*  ·  active",
        "*Balance:* 0 points.",
        f"*To give:* *100 of 100* left until {until}.",
        "*Part in giving and receiving*",
        "*Yes*  ·  Pause: Giving is switched on.",
        "*Yes*  ·  Account, to give: The giver is an active member.",
        "*Yes*  ·  Mode, to give: The mode NORMAL gives.",
        "*No*  ·  Rules that forbid: No giving, by the rule Contractors.",
        "*Yes*  ·  Rules that allow: No rule is needed to allow giving.",
        "*Yes*  ·  Points at once: There is no such limit.",
        "*Yes*  ·  People at once: 1 of at most 50 people.",
        "*Yes*  ·  Points to one person: There is no such limit.",
        "*Yes*  ·  Times to one person: There is no such limit.",
        "*Yes*  ·  Allowance: It costs 1 of the 100 points left.",
        "*Yes*  ·  Account, to receive: Nobody here has left.",
        "*Yes*  ·  Mode, to receive: Everybody here takes part in receiving.",
        "*Yes*  ·  Points received: There is no such limit.",
        "*Yes*  ·  Rules that forbid: No rule forbids receiving, but from Contractors.",
        "*Yes*  ·  Rules that allow: No rule is needed to allow receiving.",
    ]
    oneself = await office.presses("ada", "check_who", "UADA", view)
    assert "*<@UADA>*  ·  active" in said(oneself)
    assert not [line for line in said(oneself) if line.startswith("*No*")]
    await sets_rules(world, GivingRule(Effect.ALLOW, of(world.ann), EVERYONE))
    denied = [line for line in said(await office.presses("ada", "check_who", "UBOB", view)) if line.startswith("*No*")]
    assert denied == ["*No*  ·  Rules that allow: No rule allows giving."]


async def test_whoever_is_no_member_is_not_checked(office: Office, world: World):
    view = await office.presses("ada", "rule_check", "any")

    shown = await office.presses("ada", "check_who", "UROBOT", view)

    assert office.paper.calls[-1][0] == "views.push"
    sentence = "Choose a person of this company: apps and people from elsewhere take no part."
    assert said(shown) == [f"Nothing was changed. {sentence}"]


async def test_a_form_that_was_shown_anew_meanwhile_is_shown_anew_all_the_same(office: Office, world: World):
    view = await office.presses("ada", "rule_check", "any")
    office.paper.fails["views.update"] = Denied("hash_conflict")

    shown = await office.presses("ada", "check_who", "UBOB", view)

    assert "*<@UBOB>*  ·  active" in said(shown)
    assert [method for method, _ in office.paper.calls[-2:]] == ["views.update", "views.update"]
    assert "hash" not in office.paper.calls[-1][1]


async def test_a_mode_is_set_paused_and_resumed(office: Office, world: World):
    view = await office.presses("ada", "check_who", "UBOB", await office.presses("ada", "rule_check", "any"))

    shown = await office.presses("ada", "member_mode", "RECEIVER", view, block_id=f"mode:{world.bob.key}")
    assert shown is not None
    assert shown["blocks"][2]["accessory"]["initial_option"]["value"] == "RECEIVER"
    paused = await office.presses("ada", "member_pause", str(world.bob.key), view)
    assert paused is not None
    assert [press["action_id"] for press in paused["blocks"][3]["elements"]] == ["member_resume", "member_adjust"]
    office.paper.fails["views.update"] = Denied("not_found")
    await office.presses("ada", "member_resume", str(world.bob.key), view)

    assert await world.told("member.mode_changed") == [
        {"before": "NORMAL", "after": "RECEIVER"},
        {"before": "RECEIVER", "after": "OBSERVER"},
        {"before": "OBSERVER", "after": "NORMAL"},
    ]
    assert await office.homes_waiting() == ["UADA"] * 3


async def test_a_balance_is_adjusted_once_however_often_it_is_sent(office: Office, world: World):
    view = await office.presses("ada", "check_who", "UBOB", await office.presses("ada", "rule_check", "any"))
    form = await office.presses("ada", "member_adjust", str(world.bob.key), view)
    assert typed_in(form) == {"who": "UBOB", "points": None, "reason": None}

    for _ in range(2):
        assert await office.submits("ada", form, points=1200, reason="A prize") == CLEAR

    assert (await world.balances())["wallet", world.bob.key] == 1200
    (event,) = await world.told("points.adjusted")
    (remark,) = [row for row in await world.rows(Remark) if str(row.id) == event["reason"]]
    assert (event["points"], remark.words) == (1200, "A prize")
    assert await office.told() == ["Adjusted by +1,200: <@UBOB> now has 1,200 points."] * 2
    other = await office.submits("ada", form, points=5, reason="A prize")
    assert list(errors(other)) == ["reason"]
    assert (await world.balances())["wallet", world.bob.key] == 1200


@pytest.mark.parametrize(
    ("filled", "block"),
    [
        ({"points": -1}, "points"),
        ({"points": 0}, "points"),
        ({"points": 5_000_000}, "points"),
        ({"points": "ten"}, "points"),
        ({"points": None}, "points"),
        ({"who": "UROBOT", "points": 1}, "who"),
        ({"reason": "  ", "points": 1}, "reason"),
    ],
)
async def test_an_adjustment_that_cannot_be_is_refused(office: Office, world: World, filled: dict[str, Any], block: str):
    form = await office.presses("ada", "adm_adjust", "home")
    await office.people.known(await office.workspace(), ["UROBOT"])
    before = await office.record()

    answer = await office.submits("ada", form, **{"who": "UBOB", "reason": "A prize", **filled})

    assert list(errors(answer)) == [block]
    assert await office.record() == before


# The program.


async def test_the_allowance_is_set(office: Office, world: World):
    await sets_allowances(world, AllowanceRule(AllowanceEffect.ADD, 5, of(world.ann)))
    form = await office.presses("ada", "adm_allowance", "home")
    assert typed_in(form) == {"base": "100", "period": "MONTH", "rollover": "0", "now": []}

    assert await office.submits("ada", form, base=130, period="QUARTER", rollover=10, now=["now"]) == CLEAR

    policy = (await policies(world))[1]
    rule = AllowanceRule(AllowanceEffect.ADD, 5, of(world.ann))
    assert policy == AllowancePolicy(Period.QUARTER, 130, "Europe/Madrid", 10, (rule,), apply_now=True)
    assert [(await one.allowance())["total"] for one in (world.ann, world.bob)] == [135, 130]


async def test_an_allowance_that_cannot_be_is_refused(office: Office, world: World):
    form = await office.presses("ada", "adm_allowance", "home")
    before = await office.record()

    assert list(errors(await office.submits("ada", form, base=5_000_000))) == ["base"]
    assert list(errors(await office.submits("ada", form, rollover=-1))) == ["rollover"]
    assert list(errors(await office.submits("ada", form, rollover=None))) == ["rollover"]
    assert await office.record() == before
    await sets_allowances(world, base_points=70)
    before = await office.record()
    sentence = "The policy has changed to version 2. Read it again first."
    assert errors(await office.submits("ada", form, base=80)) == {"base": sentence}
    assert await office.record() == before


async def test_values_are_added_and_archived(office: Office, world: World):
    form = await office.presses("ada", "adm_values", "home")

    answer = await office.submits("ada", form, hashtag="#TeamWork", name="We win together")

    assert answer is not None
    assert answer["response_action"] == "update"
    assert answer["view"]["blocks"][0]["text"]["text"] == "*#teamwork*  We win together"
    again = await office.submits("ada", form, hashtag="teamwork", name="Once more")
    assert errors(again) == {"hashtag": "There is a value #teamwork already."}
    assert list(errors(await office.submits("ada", form, hashtag="not one", name="x"))) == ["hashtag"]
    assert list(errors(await office.submits("ada", form, hashtag="fine", name=" "))) == ["name"]
    assert [(row.hashtag, row.name) for row in await world.rows(CompanyValue)] == [("teamwork", "We win together")]
    shown = await office.presses("ada", "value_archive", "teamwork", answer["view"])
    assert shown is not None
    assert "#teamwork" not in [block["text"]["text"] for block in shown["blocks"] if block["type"] == "section"]
    assert [row.archived_at for row in await world.rows(CompanyValue)] == [world.now]
    before = await office.record()
    gone = await office.presses("ada", "value_archive", "nothing", answer["view"])
    assert said(gone)[0].startswith("Nothing was changed. There is no such thing here")
    assert await office.record() == before


async def test_channels_are_set(office: Office, world: World):
    form = await office.presses("ada", "adm_channels", "home")

    assert await office.submits("ada", form, feed_channel="C0000FEED", muted_channels=["C000QUIET"]) == CLEAR

    terms = (await office.workspace()).terms
    assert (terms.feed_channel, terms.muted_channels) == ("C0000FEED", ("C000QUIET",))
    assert await world.told("slack.settings_changed") == [{"feed_channel": "C0000FEED", "muted_channels": ["C000QUIET"]}]
    form = await office.presses("ada", "adm_channels", "home")
    assert typed_in(form) == {"feed_channel": "C0000FEED", "muted_channels": ["C000QUIET"]}
    assert await office.submits("ada", form, feed_channel=None, muted_channels=[]) == CLEAR
    assert (await office.workspace()).terms == Terms()


async def test_settings_are_audited_and_only_those_that_changed(office: Office, world: World):
    form = await office.presses("ada", "adm_settings", "home")
    late = await office.presses("olga", "adm_settings", "home")

    changed = {"emoji": ":star:", "points_default": None, "ways": ["messages"], "feed_channel": "G0PRIVATE"}
    assert await office.submits("ada", form, **changed) == CLEAR

    terms = Terms(emoji="star", points_default=None, messages=True, reactions=False, feed_channel="G0PRIVATE")
    assert (await office.workspace()).terms == terms
    told = {"emoji": "star", "points_default": None, "messages": True, "reactions": False, "feed_channel": "G0PRIVATE"}
    assert await world.told("slack.settings_changed") == [told]
    # Olga's form is older: what she did not touch stays as Ada has set it.
    assert await office.submits("olga", late, confirm_points=70) == CLEAR
    assert (await office.workspace()).terms == replace(terms, confirm_points=70)
    assert await office.homes_waiting() == ["UADA", "UOLGA"]


@pytest.mark.parametrize(
    ("filled", "block"),
    [
        ({"emoji": "no emoji"}, "emoji"),
        ({"points_per_emoji": 0}, "points_per_emoji"),
        ({"points_per_emoji": None}, "points_per_emoji"),
        ({"points_default": -1}, "points_default"),
        ({"points_default": "1.5"}, "points_default"),
        ({"confirm_percent": 101}, "confirm_percent"),
        ({"confirm_points": 0}, "confirm_points"),
        ({"feed_channel": "D0DIRECT1"}, "feed_channel"),
    ],
)
async def test_settings_that_cannot_be_are_refused(office: Office, world: World, filled: dict[str, Any], block: str):
    form = await office.presses("ada", "adm_settings", "home")
    before = await office.record()

    assert list(errors(await office.submits("ada", form, **filled))) == [block]
    assert await office.record() == before


async def test_what_was_given_up_is_tried_again(office: Office, world: World):
    await office.presses("ada", "dead_retry", "all")

    assert office.replayed == [TEAM]
    assert await office.told() == ["3 messages are tried again."]


async def test_an_admin_is_given_words_for_everyone(office: Office, world: World):
    await office.presses("ada", "setup_invite", "setup")

    (text,) = await office.told()
    assert text == (
        "Tell everyone, in a channel that all of you read. For example:\n"
        "```From now on we say thank you with points. Each of us has 100 points a month to give.\n"
        "Type /kudos @name 10 for helping with the release, or /kudos alone for a form.\n"
        "/kudos help says what else there is.```"
    )


async def test_links_ask_for_nothing(office: Office, world: World):
    before = await world.snapshot()
    await office.presses("ada", "adm_web", "home")

    assert await world.snapshot() == before
    assert office.paper.calls == []


# Who may.


def shown_to_admins() -> Iterator[dict[str, Any]]:
    """Every layout that admins see, with everything in it."""
    unit, rules = layouts.Unit("point", "points"), (RuleLine("1.1.0", "Guests", "Give no"),)
    bob = layouts.Person("Bob", "UBOB")
    for paused, done in ((False, False), (True, True)):
        yield layouts.admin_home(
            unit,
            AdminHome(
                Setup(done, done, done, done, done),
                (bob,),
                "Give 100 a month",
                rules,
                1,
                paused,
                Month(0, 0, 7, None),
                NOON,
                waiting=(layouts.Approval("r", bob, "Tea", 5, 5),),
                has_rewards=True,
                undelivered=1,
                web_url="https://plaudit.example.com",
            ),
        )
    yield layouts.rule_form(unit, layouts.RuleFields("group"), [("g", "Team")], "{}")
    yield layouts.rule_effect(["One line."], "{}")
    yield layouts.rule_list(rules, "{}")
    yield layouts.check_form("{}")
    for mode in ("NORMAL", "OBSERVER"):
        yield layouts.check_result(unit, layouts.Checked(bob, "m", mode, "ACTIVE", (), None, 0), "{}")
    yield layouts.adjust_form(unit, "{}")
    yield layouts.allowance_form(unit, layouts.AllowanceFields(100, "MONTH"), "{}")
    yield layouts.values_form([("teamwork", "Together")], "{}")
    yield layouts.channels_form(Terms(), "{}")
    yield layouts.settings_form(unit, Terms(), "{}")
    tea = (layouts.Article("r", "Tea", 5, 1), layouts.Article("s", "Mug", 5, 1, is_archived=True))
    yield layouts.catalog_list(unit, layouts.Catalog(tea, 1, has_more=True), "{}")
    yield layouts.reward_form(unit, layouts.RewardFields(), "{}")
    yield layouts.decline_form("<@UBOB>", "Tea", "{}")
    handed = (layouts.Handed("r", bob, "Tea", 5, NOON),)
    yield layouts.handed_list(unit, layouts.HandedPage(handed, 1, has_more=True), "{}")
    yield layouts.refund_form(unit, "<@UBOB>", "Tea", 5, "{}", restock=True)
    for step in ("decide", "deliver"):
        yield {"callback_id": "message", "blocks": layouts.asked(unit, layouts.Question("r", bob, "Tea", 5, "", step)).blocks}


def ids_in(node: Any) -> Iterator[str]:
    """Every action id."""
    if isinstance(node, dict):
        yield from [node["action_id"]] if "action_id" in node else []
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from ids_in(item)


async def test_everything_that_can_be_pressed_is_taken_and_nothing_else(office: Office):
    pressed: set[str] = set()
    sent: set[str] = set()
    for view in shown_to_admins():
        pressed.update(ids_in(view["blocks"]))
        sent.update([view["callback_id"]] if "submit" in view else [])

    assert pressed - {"v", "home_tab_me"} | sent == office.takes.keys()
    assert not office.takes.keys() & office.interactions.takes.keys()


@pytest.mark.parametrize("name", ["ada", "aud", "ann"])
async def test_whoever_is_no_admin_any_more_changes_nothing(office: Office, world: World, name: str):
    """Ada was one until a moment ago, and her Home is still open; the auditor reads, and administers nothing."""
    views = {view["callback_id"]: view for view in shown_to_admins()}
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.MEMBER))
    before = await office.record()
    for take in office.takes:
        if take in views:
            answer = await office.submits(name, views[take])
            assert answer is not None
            assert (answer["response_action"], said(answer["view"])) == ("update", [ONLY_ADMINS])
        else:
            assert await office.presses(name, take, "all") is None

    assert await office.record() == before
    notes = await office.told()
    assert notes == [ONLY_ADMINS] * len(notes)
    assert len(notes) == len(office.takes.keys() - views.keys())
    assert office.paper.calls == []


async def test_whoever_is_demoted_while_a_request_is_under_way_changes_nothing(office: Office, world: World):
    """The role was read before; the acts read it again under the lock."""
    form = {
        name: await office.presses("ada", name, "home")
        for name in ("rule_add", "adm_adjust", "adm_allowance", "adm_values", "adm_channels", "adm_settings")
    }
    effect = pushed(await office.submits("ada", form["rule_add"], give="no", note="A reason"))
    await world.praises("teamwork")
    asker = await office.asker("ada")
    await world.database.submit(organization.SetMemberRole(world.house, world.admin.key, Role.MEMBER))
    before = await office.record()
    sent: list[tuple[Any, dict[str, Any]]] = [
        (effect, {}),
        (form["rule_add"], {"give": "no", "note": "A reason"}),
        (form["adm_adjust"], {"who": "UADA", "points": 1000, "reason": "For me"}),
        (form["adm_allowance"], {"base": 1000}),
        (form["adm_values"], {"hashtag": "greed", "name": "Mine"}),
        (form["adm_channels"], {"feed_channel": "C0000FEED"}),
        (form["adm_settings"], {"emoji": "moneybag"}),
    ]
    for view, filled in sent:
        answer = await office.submits("ada", view, asker, **filled)
        assert answer is not None
        assert (answer["response_action"], said(answer["view"])) == ("update", [ONLY_ADMINS])
    pressed = [
        ("pause_all", "all", "b"),
        ("member_pause", str(world.bob.key), "b"),
        ("member_mode", "OBSERVER", f"mode:{world.bob.key}"),
        ("value_archive", "teamwork", "b"),
    ]
    for name, value, block_id in pressed:
        await office.presses("ada", name, value, asker=asker, block_id=block_id)

    assert await office.told() == [ONLY_ADMINS] * len(pressed)
    assert await office.record() == before


async def test_another_organization_is_untouched(office: Office, world: World):
    here = new_id(NOON)
    await world.database.submit(FoundOrganization(system(here), "Birch", "UTC", "Berta", "olga@acorn.example"))
    await connects(world, here, "T00000BIRCH")
    group = str(await world.database.submit(organization.CreateGroup(system(here), "Theirs", "team")))

    async def theirs() -> dict[str, Any]:
        async with world.database.read() as connection:
            found = {}
            for table in metadata.sorted_tables:
                if "organization_id" in table.c:
                    rows = await connection.execute(sa.select(table).where(table.c.organization_id == here))
                    found[table.name] = sorted(map(repr, rows))
            return found

    before = await theirs()
    await office.rules(give="no")
    await office.presses("ada", "pause_all", "all")
    await office.submits("ada", await office.presses("ada", "adm_settings", "home"), emoji="star")
    await office.submits("ada", await office.presses("ada", "adm_allowance", "home"), base=10)
    await group_of(world, "Team")
    view = await office.presses("ada", "rule_add", "new")
    view = await office.presses("ada", "scope", "group", view)
    assert view is not None
    (option,) = view["blocks"][1]["element"]["options"]
    option["value"] = group

    forged = await office.submits("ada", view, group=group, give="no", note="A reason")

    assert errors(forged) == {"group": "There is no such thing here, or it is not yours to see. Check the id."}
    assert await theirs() == before
    assert [row.settings for row in await rows_of(world, here, SlackWorkspace)] == [Terms().document()]


async def rows_of(world: World, organization_id: UUID, model: Any) -> list[Any]:
    """Rows of another organization."""
    async with world.database.read() as connection:
        return list(await connection.execute(scoped(model, organization_id)))


# Rules, purely.

GROUPS = [UUID(int=number) for number in range(100, 103)]
SOME = [
    Person(UUID(int=number), f"Person {number}", number, status, mode, frozenset(GROUPS[: number % 4]) - {GROUPS[number % 3]})
    for number, (status, mode) in enumerate(
        [(MemberStatus.ACTIVE, mode) for mode in ParticipationMode]
        + [(MemberStatus.INVITED, ParticipationMode.NORMAL)]
        + [(MemberStatus.ACTIVE, ParticipationMode.NORMAL)] * 5
    )
]
audiences = st.builds(
    Audience,
    st.booleans(),
    st.frozensets(st.sampled_from(GROUPS), max_size=2),
    st.frozensets(st.sampled_from([person.id for person in SOME]), max_size=2),
).filter(lambda audience: not audience.is_empty)
notes = st.sampled_from([None, "one", "other"])
giving_rules = st.lists(st.builds(GivingRule, st.sampled_from(Effect), audiences, audiences, notes), max_size=5)
allowance_rules = st.lists(
    st.builds(AllowanceRule, st.sampled_from(AllowanceEffect), st.integers(0, 9), audiences, per_direct_report=st.booleans()),
    max_size=5,
)


def allowances_of(rules: list[AllowanceRule]) -> AllowancePolicy:
    """A policy with these rules."""
    return AllowancePolicy(Period.MONTH, 100, "UTC", rules=tuple(rules))


@given(giving_rules, giving_rules, st.sampled_from(SOME), st.sampled_from(ParticipationMode))
@settings(max_examples=300, deadline=None)
def test_what_is_foreseen_is_what_giving_judges_pair_by_pair(
    before: list[GivingRule], after: list[GivingRule], changed: Person, mode: ParticipationMode
):
    policies = GivingPolicy(rules=tuple(before)), GivingPolicy(paused=True, rules=tuple(after))
    people = [Seen(one, replace(one, mode=mode) if one is changed else one) for one in SOME]

    def judged(rules: tuple[GivingRule, ...], people: list[Person]) -> set[tuple[UUID, UUID]]:
        cases = [(Case(GivingPolicy(rules=rules), one, (), 0, 0, NOON), other) for one in people for other in people]
        return {
            (case.giver.id, other.id)
            for case, other in cases
            if other is not case.giver and recognition.may_give(case) and recognition.receives(case, other) is None
        }

    then = judged(policies[0].rules, [seen.before for seen in people])
    later = judged(policies[1].rules, [seen.after for seen in people])
    gave, gives = ({giver for giver, _ in pairs} for pairs in (then, later))
    received, receives = ({other for _, other in pairs} for pairs in (then, later))
    lost = {giver for giver, other in then - later if giver in gives and other in receives}
    won = {giver for giver, other in later - then if giver in gave and other in received}
    expected = {
        "can no longer give": gave - gives,
        "can give now": gives - gave,
        "can no longer receive": received - receives,
        "can receive now": receives - received,
        "can give to fewer people": lost - won,
        "can give to more people": won - lost,
        "can give to other people": lost & won,
    }

    found = ruling.foreseen(*policies, people, NOON)

    assert found is not None
    assert {phrase: set(ids) for phrase, ids in found.items()} == {phrase: ids for phrase, ids in expected.items() if ids}
    assert all(len(ids) == len(set(ids)) for ids in found.values())


def test_too_many_rules_about_too_many_different_people_are_not_gone_through():
    people = [Seen(person, person) for person in (replace(SOME[0], id=UUID(int=number)) for number in range(200))]
    rules = tuple(GivingRule(Effect.DENY, Audience(member_ids=frozenset([seen.before.id])), EVERYONE) for seen in people)

    assert ruling.foreseen(GivingPolicy(), GivingPolicy(rules=rules), people, NOON) is None


@given(giving_rules, allowance_rules)
def test_every_rule_is_in_one_line_and_removing_a_line_removes_no_more(giving: list[GivingRule], more: list[AllowanceRule]):
    policies = GivingPolicy(rules=tuple(giving)), allowances_of(more)
    lines = ruling.lines(*policies)

    assert sorted(place for line in lines for place in line.giving) == list(range(len(giving)))
    assert sorted(place for line in lines for place in line.allowances) == list(range(len(more)))
    for line in lines:
        left = ruling.compiled(*policies, line, None)
        assert left[0].rules == tuple(rule for place, rule in enumerate(giving) if place not in line.giving)
        assert left[1].rules == tuple(rule for place, rule in enumerate(more) if place not in line.allowances)
        assert {giving[place].note or line.rule.note for place in line.giving} <= {line.rule.note}
        assert ruling.words(line, Period.MONTH, "everyone")


@given(audiences, st.booleans(), st.booleans(), st.none() | st.integers(0, 9), st.sampled_from(["", "one"]))
def test_what_a_rule_is_compiled_to_reads_as_that_rule(
    audience: Audience, gives: bool, receives: bool, points: int | None, note: str
):
    rule = Rule(EVERYONE if audience.everyone else audience, gives, receives, points if gives else None, note)

    lines = ruling.lines(*ruling.compiled(GivingPolicy(), allowances_of([]), None, rule))

    if rule.member_id is not None:
        assert [line.rule for line in lines] == ([Rule(rule.audience, points=points)] if rule.points is not None else [])
    elif rule.audience.everyone and not (gives and receives):
        assert all(not line.rule.gives for line in lines[:1])
    elif rule.says_nothing:
        assert lines == []
    else:
        kept = note if not (gives and receives) else ""
        assert [line.rule for line in lines] == [replace(rule, note=kept)]
        assert [line.other for line in lines] == [None]


def test_rules_with_other_reasons_stay_apart():
    team = Audience(group_ids=frozenset([GROUPS[0]]))
    rules = (
        GivingRule(Effect.DENY, team, EVERYONE, "one"),
        GivingRule(Effect.DENY, EVERYONE, team, "other"),
        GivingRule(Effect.DENY, EVERYONE, team),
    )

    lines = ruling.lines(GivingPolicy(rules=rules), allowances_of([]))

    assert [(line.giving, line.rule.note) for line in lines] == [((0, 2), "one"), ((1,), "other")]


def test_lines_in_words():
    bob, everyone = Audience(member_ids=frozenset([UUID(int=1)])), EVERYONE
    told = {
        Line(Rule(bob, gives=False)): "Give no",
        Line(Rule(bob, gives=False, points=5)): "Give no",
        Line(Rule(bob, receives=False, points=1200)): "Give 1,200 a week · receive no",
        Line(Rule(bob, receives=False, note="why")): "Receive no · “why”",
        Line(Rule(bob), other=GivingRule(Effect.ALLOW, bob, bob)): "May give to Team",
        Line(Rule(bob), other=AllowanceRule(AllowanceEffect.ADD, 5, everyone)): "Give 5 more a week",
        Line(Rule(bob), other=AllowanceRule(AllowanceEffect.REPLACE, 5, bob, per_direct_report=True)): (
            "Give 5 a week for each direct report"
        ),
    }

    assert {line: ruling.words(line, Period.WEEK, "Team") for line in told} == told
