"""Admins in Slack: what their Home says, and what they do there for one person and for the program."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import audit, organization, recognition
from app.allowance import AllowanceEffect, AllowancePolicy, AllowanceRule, Period
from app.audit import Remark
from app.organization import EVERYONE, Audience, CompanyValue, ParticipationMode
from app.recognition import Effect, GivingRule, Visibility, Wish
from integrations.slack import layouts, manifest
from integrations.slack.api import Denied
from integrations.slack.giving import GiveInSlack, Place
from integrations.slack.layouts import FeatureOff, Month, Setup
from integrations.slack.models import Way
from integrations.slack.terms import Terms
from tests.admin_office import (  # noqa: F401 (fixture)
    CLEAR,
    INSTALL,
    TEAM,
    Office,
    errors,
    group_of,
    of,
    opened_office,
    policies,
    said,
    sets_allowances,
    sets_rules,
    typed_in,
)
from tests.world import World

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
