"""Samples of what Slack shows, what they are built of as Slack takes it, and how the tests of layouts look into one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.slack.layouts import (
    AdminHome,
    Checked,
    Gift,
    HistoryItem,
    Message,
    Month,
    Person,
    RuleLine,
    Setup,
    StaffHome,
    Standing,
    Unit,
    VerdictLine,
)

POINTS = Unit("point", "points")
RESET = datetime(2026, 12, 1, tzinfo=ZoneInfo("Europe/Madrid"))
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
UNTIL = f"<!date^{int(RESET.timestamp())}^{{date_short_pretty}}|1 December>"
STANDING = Standing(30, 50, RESET)
ALICE, BOB, CAROL = Person("Alice", "U0ALICE01"), Person("Bob", "U0BOB0001"), Person("Carol", "U0CAROL01")
GIFT = Gift(
    id="rec_01J",
    giver=ALICE,
    recipients=(BOB, CAROL),
    points_each=10,
    message="for staying late to fix the release",
    values=("teamwork",),
    channel_id="C0DEV0001",
    permalink="https://acme.slack.com/archives/C0DEV0001/p1700000000000100",
    private=False,
    boost_points=0,
    boosters=0,
    at=NOW,
)
NASTY = "&<>*_~`|🎉" * 22
INJECTION = "<!channel> *x* &lt; <@U0EVIL001> <https://evil.example|x> @here #general"
"""What somebody may try."""
MUCH = tuple(Person(f"{NASTY}{number:02}") for number in range(50))


# ---------------------------------------------------------------- samples, changed


def gift(**changes: Any) -> Gift:
    """GIFT, changed."""
    return replace(GIFT, **changes)


def item(**changes: Any) -> HistoryItem:
    """Alice gave me 10."""
    return replace(HistoryItem((ALICE,), True, 10, GIFT.message, NOW), **changes)


def staff(**changes: Any) -> StaffHome:
    """Somebody with 120 points, who has given nothing this month."""
    home = StaffHome(
        balance=120,
        standing=Standing(50, 50, RESET),
        received_points=40,
        received_people=3,
        given_points=0,
        given_people=0,
        items=(item(),),
        updated_at=NOW,
    )
    return replace(home, **changes)


def admin(**changes: Any) -> AdminHome:
    """An organization that is set up, with three rules."""
    home = AdminHome(
        setup=Setup(allowance=True, values=True, feed_channel=True, invited=True),
        admins=(ALICE,),
        default_line="Give 50 a month · receive yes",
        rules=(RuleLine("1", "Guests", "Give no · receive no"), RuleLine("2", "@leadership", "Give 200 a month · receive no")),
        people_set=3,
        paused=False,
        month=Month(1240, 38, 61, "teamwork"),
        updated_at=NOW,
    )
    return replace(home, **changes)


def checked(**changes: Any) -> Checked:
    """Bob, whom nothing hinders."""
    verdicts = (VerdictLine("giver_mode", True, "The mode NORMAL gives."), VerdictLine("deny", False, "No, by the rule Guests."))
    return replace(Checked(BOB, "mem_1", "NORMAL", "ACTIVE", verdicts, STANDING, 120), **changes)


# ---------------------------------------------------------------- as Slack takes it


def mrkdwn(text: str) -> dict[str, Any]:
    """As Slack takes it."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain(text: str) -> dict[str, Any]:
    """As Slack takes it."""
    return {"type": "plain_text", "text": text, "emoji": True}


def section(text: str, **more: Any) -> dict[str, Any]:
    """A paragraph."""
    return {"type": "section", "text": mrkdwn(text), **more}


def small(text: str) -> dict[str, Any]:
    """Small print."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def quoted(text: str) -> dict[str, Any]:
    """What somebody wrote."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}]}


def press(action_id: str, text: str, value: str, **more: Any) -> dict[str, Any]:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": value, **more}


def row(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Buttons in a row."""
    return {"type": "actions", "elements": list(elements), **more}


def ask(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Something to fill in."""
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element | {"action_id": "v"}, **more}


# ---------------------------------------------------------------- looking into a layout


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a layout."""
    if isinstance(node, dict):
        yield node
        for inside in node.values():
            yield from walk(inside)
    elif isinstance(node, list):
        for inside in node:
            yield from walk(inside)


def written(layout: Message | dict[str, Any]) -> list[str]:
    """What people wrote, as it stands in the quotes."""
    blocks = layout.blocks if isinstance(layout, Message) else layout["blocks"]
    return [node["text"] for node in walk(blocks) if node.get("type") == "text"]


def lines(layout: Message | dict[str, Any]) -> list[str]:
    """Every line of every text that is ours."""
    blocks = layout.blocks if isinstance(layout, Message) else layout["blocks"]
    texts = [node["text"] for node in walk(blocks) if node.get("type") in {"mrkdwn", "plain_text"}]
    return [line for text in texts for line in text.split("\n")]
