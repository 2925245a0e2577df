"""What the pictures of docs/slack.md show: the layouts of the Slack door themselves, about people who do not exist."""

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from app.allowance import Period
from app.core.errors import Code, Refusal
from app.core.ids import id_of
from app.organization import EVERYONE
from integrations.slack import layouts, refusals, ruling
from integrations.slack.layouts import (
    AdminHome,
    Approval,
    Gift,
    GiveFields,
    GiveTerms,
    HistoryItem,
    Json,
    Message,
    Month,
    Offer,
    Person,
    Request,
    Reward,
    RuleFields,
    RuleLine,
    Setup,
    StaffHome,
    Standing,
    Unit,
    Value,
)
from integrations.slack.ruling import Line, Rule
from integrations.slack.terms import Terms
from integrations.slack.workspaces import Workspace

ZONE = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 11, 19, 16, 20, tzinfo=ZONE)
RESET = datetime(2026, 12, 1, tzinfo=ZONE)
POINTS = Unit("point", "points")
STANDING = Standing(30, 50, RESET)
ANA, BRUNO, CARLA = Person("Ana Ruiz", "U0ANA0001"), Person("Bruno Costa", "U0BRUNO01"), Person("Carla Nowak", "U0CARLA01")
DEVI, EMIL = Person("Devi Raman", "U0DEVI001"), Person("Emil Berg", "U0EMIL001")
CHANNELS = {"C0RELEASE": "release", "C0KUDOS01": "kudos"}
VALUES = (Value("teamwork", "We win together"), Value("craft", "We finish what we start"), Value("care", "We look after people"))
REASON = "staying late to get the release out, and writing down how #teamwork"
WHY = "Agreed with their agencies"
GIFT = Gift(
    id="0197",
    giver=ANA,
    recipients=(BRUNO, CARLA),
    points_each=10,
    message=REASON,
    values=("teamwork",),
    channel_id="C0RELEASE",
    permalink="https://acorn.slack.com/archives/C0RELEASE/p1795101600000100",
    private=False,
    boost_points=10,
    boosters=1,
    at=NOW,
)
WORKSPACE = Workspace(
    id_of("pictures"), "T0ACORN01", "Acorn", "https://acorn.slack.com/", "A0PLAUDIT", "U0PLAUDIT", "", frozenset(), Terms(),
    POINTS, str(ZONE), has_leaderboard=False,
)  # fmt: skip


def items() -> tuple[HistoryItem, ...]:
    """What happened to Ana lately."""
    return (
        HistoryItem((BRUNO, CARLA), False, 10, REASON, NOW, permalink=GIFT.permalink),
        HistoryItem((DEVI,), True, 5, "the calm hand-over on Monday", NOW.replace(day=17), permalink=GIFT.permalink),
        HistoryItem((EMIL,), True, 0, "listening #care", NOW.replace(day=12), private=True),
    )


def home() -> Json:
    """Ana's Home."""
    shown = StaffHome(
        balance=135,
        standing=STANDING,
        received_points=45,
        received_people=4,
        given_points=20,
        given_people=2,
        items=items(),
        updated_at=NOW,
        has_older=True,
        rewards=(
            Reward("1", "Coffee for two", "At the bar around the corner", 60, in_reach=True),
            Reward("2", "A book of your choice", "From the shop on the square", 120, in_reach=True),
            Reward("3", "An afternoon off", "Your manager is told", 400, in_reach=False),
        ),
        requests=(Request("4", "Cinema ticket", 80, "waiting for approval", can_cancel=True),),
        pending=80,
    )
    return layouts.staff_home(POINTS, shown)


def redeem() -> Json:
    """The form for redeeming, with a note."""
    offer = Offer("A book of your choice", "From the shop on the square", 120, 135, needs_approval=True)
    return layouts.redeem_form(POINTS, offer, "{}", note_chars_max=300, note="“The Overstory”, if they have it")


def line(name: str, rule: Rule) -> RuleLine:
    """A rule as the admin's Home lists it."""
    return RuleLine("1", name, ruling.words(Line(rule), Period.MONTH, ""))


def admin_home() -> Json:
    """Home of an admin, who has set everything up and told nobody yet."""
    shown = AdminHome(
        setup=Setup(allowance=True, values=True, feed_channel=True, invited=False, rewards=True),
        admins=(ANA, EMIL),
        default_line="Give 50 a month · receive yes",
        rules=(
            line("Contractors", Rule(EVERYONE, gives=False, note=WHY)),
            line("@leads", Rule(EVERYONE, points=100)),
        ),
        people_set=3,
        paused=False,
        month=Month(0, 0, 61, None),
        updated_at=NOW,
        waiting=(Approval("1", CARLA, "A book of your choice", 120, 2, "“The Overstory”, if they have it"),),
        has_rewards=True,
    )
    return layouts.admin_home(POINTS, shown)


def rule() -> Json:
    """The form of a rule, about a group."""
    fields = RuleFields("group", "contractors", gives=False, receives=True, note=WHY)
    return layouts.rule_form(POINTS, fields, [("contractors", "Contractors"), ("leads", "@leads")], "{}")


def give() -> Json:
    """The form for giving, filled in."""
    terms = GiveTerms(points_max=STANDING.remaining, people_max=50, message_chars_min=10, values=VALUES)
    filled = GiveFields(("U0BRUNO01", "U0CARLA01"), 10, "Stayed late to get the release out, and wrote down how", "teamwork")
    return layouts.give_form(POINTS, STANDING, terms, "{}", filled)


def refusal() -> Message:
    """More than is left."""
    found = Refusal(Code.INSUFFICIENT_ALLOWANCE, "Not enough is left.", "pointsEach")
    return refusals.refused(WORKSPACE, found, "0197", points=30, people=2, standing=STANDING)


def scenes() -> dict[str, dict[str, Any]]:
    """Every picture by name: what Slack gets, and where it shows it."""
    receipt = layouts.receipt(POINTS, GIFT, STANDING)
    post = layouts.post(POINTS, GIFT, can_open_url=None)
    # The direct message is not kept waiting for the post, so that it has no link to it yet.
    received = layouts.received(POINTS, replace(GIFT, permalink=None), 130, first=True, rewards=False, thanked=False)
    return {
        "receipt": {"in": "only you", "blocks": receipt.blocks},
        "post": {"in": "message", "blocks": post.blocks},
        "direct-message": {"in": "message", "blocks": received.blocks},
        "refusal": {"in": "only you", "blocks": refusal().blocks},
        "give": {"in": "modal", "view": give(), "current": "C0RELEASE"},
        "home": {"in": "home", "view": home()},
        "admin-home": {"in": "home", "view": admin_home()},
        "rule": {"in": "modal", "view": rule()},
        "redeem": {"in": "modal", "view": redeem()},
    }


def main(folder: Path) -> None:
    """Writes scenes.json for draw.mjs."""
    people = {person.slack_id: person.name for person in (ANA, BRUNO, CARLA, DEVI, EMIL)}
    written = {"now": int(NOW.timestamp()), "zone": str(ZONE), "people": people, "channels": CHANNELS, "scenes": scenes()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenes.json").write_bytes(orjson.dumps(written, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
