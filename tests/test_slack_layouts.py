"""What Slack shows: every layout is one that Slack takes, whatever people are called and write, and says what it should."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from integrations.slack import layouts
from integrations.slack.layouts import (
    AdminHome,
    AllowanceFields,
    Approval,
    Button,
    Checked,
    FeatureOff,
    Gift,
    GiveFields,
    GiveTerms,
    HistoryItem,
    HistoryPage,
    Message,
    Month,
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
    VerdictLine,
)
from integrations.slack.markup import escape
from integrations.slack.terms import Terms

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


# ---------------------------------------------------------------- what Slack takes

KINDS = {"section", "header", "divider", "context", "actions", "input", "rich_text"}
OPENINGS = re.compile(
    r"<(?!@[UW][A-Z0-9]+>|#C[A-Z0-9]+>|!date\^\d+\^\{(?:date_short_pretty|time)\}\|[^<>]+>|https://[^<>| ]+\|[^<>]+>)"
)
"""Anything in angle brackets that is not ours."""


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a layout."""
    if isinstance(node, dict):
        yield node
        for inside in node.values():
            yield from walk(inside)
    elif isinstance(node, list):
        for inside in node:
            yield from walk(inside)


def check(layout: Message | dict[str, Any]) -> None:
    """Whether Slack would take this, by its own models and by the limits that they do not know."""
    if isinstance(layout, Message):
        assert 0 < len(layout.text) <= 4_000
        assert not OPENINGS.search(layout.text), layout.text
        assert len(json.dumps(layout.metadata)) < 500
        blocks, blocks_max = layout.blocks, 50
        parsed = [block.to_dict() for block in Block.parse_all(blocks)]
    else:
        blocks, blocks_max = layout["blocks"], 100
        parsed = View(**layout).to_dict()["blocks"]
        check_view(layout)
    assert 1 <= len(blocks) <= blocks_max
    assert parsed == blocks, "a key that Slack's models do not know, or change"
    block_ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(block_ids) == len(set(block_ids))
    for block in blocks:
        check_block(block)
    for node in walk(blocks):
        check_node(node)


def check_view(view: dict[str, Any]) -> None:
    """What goes for a view only."""
    assert len(json.dumps(view)) < 250_000
    assert len(view["private_metadata"]) <= 3_000
    if view["type"] == "home":
        assert not view.keys() & {"title", "submit", "close"}
        return
    for name in view.keys() & {"title", "submit", "close"}:
        assert 1 <= len(view[name]["text"]) <= 24
    assert "title" in view
    if any(block["type"] == "input" for block in view["blocks"]):
        assert "submit" in view, "Slack refuses a form that cannot be sent"


def check_block(block: dict[str, Any]) -> None:
    """Counts, and ids that are unique."""
    assert block["type"] in KINDS
    assert 1 <= len(block.get("block_id", "x")) <= 255
    action_ids = [node["action_id"] for node in walk(block) if "action_id" in node]
    assert len(action_ids) == len(set(action_ids)), action_ids
    assert all(1 <= len(action_id) <= 255 for action_id in action_ids)
    match block["type"]:
        case "section":
            assert len(block.get("fields", "x")) <= 10
            assert "text" in block or block["fields"]
        case "context":
            assert 1 <= len(block["elements"]) <= 10
        case "actions":
            assert 1 <= len(block["elements"]) <= 25
        case "header":
            assert len(block["text"]["text"]) <= 150
        case "input":
            assert len(block["label"]["text"]) <= 2_000


def check_node(node: dict[str, Any]) -> None:
    """Lengths of texts and lists, and what the models let pass."""
    if node.get("type") in {"plain_text", "mrkdwn", "text"}:
        assert node["text"].strip(), "Slack refuses an empty text"
        assert len(node["text"]) <= 3_000
    if node.get("type") == "mrkdwn":
        assert node["verbatim"] is True
        assert not OPENINGS.search(node["text"]), node["text"]
        assert not re.search(r"&(?!amp;|lt;|gt;)", node["text"]), "an ampersand is escaped"
    assert all(len(field["text"]) <= 2_000 for field in node.get("fields", ()))
    assert len(node.get("placeholder", {"text": ""})["text"]) <= 150
    if "options" in node:
        most = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10, "static_select": 100}[node["type"]]
        assert 1 <= len(node["options"]) <= most
        values = [option["value"] for option in node["options"]]
        assert len(values) == len(set(values))
        for option in node["options"]:
            assert len(option["text"]["text"]) <= 75
            assert len(option.get("description", {"text": "x"})["text"]) <= 75
            assert 1 <= len(option["value"]) <= 75
    for initial in (*node.get("initial_options", ()), *([node["initial_option"]] if "initial_option" in node else [])):
        assert initial in node["options"]
    if node.get("type") == "button":
        assert len(node["text"]["text"]) <= 75
        assert len(node.get("value", "")) <= 2_000
        assert len(node.get("accessibility_label", "")) <= 75
        assert len(node.get("url", "")) <= 3_000
    if node.get("type") == "number_input":
        assert int(node["min_value"]) <= int(node.get("initial_value", node["min_value"])) <= int(node["max_value"])
    if node.get("type") == "plain_text_input":
        assert node.get("min_length", 1) >= 1
        assert 1 <= len(node.get("initial_value", "x")) <= node["max_length"] <= 3_000
    if "deny" in node:
        assert len(node["title"]["text"]) <= 100
        assert len(node["text"]["text"]) <= 300
        assert max(len(node["confirm"]["text"]), len(node["deny"]["text"])) <= 30
    assert node.get("initial_users", ["U"]) != []
    assert node.get("initial_conversations", ["C"]) != []


def written(layout: Message | dict[str, Any]) -> list[str]:
    """What people wrote, as it stands in the quotes."""
    blocks = layout.blocks if isinstance(layout, Message) else layout["blocks"]
    return [node["text"] for node in walk(blocks) if node.get("type") == "text"]


def lines(layout: Message | dict[str, Any]) -> list[str]:
    """Every line of every text that is ours."""
    blocks = layout.blocks if isinstance(layout, Message) else layout["blocks"]
    texts = [node["text"] for node in walk(blocks) if node.get("type") in {"mrkdwn", "plain_text"}]
    return [line for text in texts for line in text.split("\n")]


# ---------------------------------------------------------------- every layout, of everything

NASTY = "&<>*_~`|🎉" * 22
INJECTION = "<!channel> *x* &lt; <@U0EVIL001> <https://evil.example|x> @here #general"
"""What somebody may try."""
MUCH = tuple(Person(f"{NASTY}{number:02}") for number in range(50))


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


def layouts_of(text: str, people: tuple[Person, ...], count: int) -> Iterator[Message | dict[str, Any]]:
    """Every layout there is, with this text wherever people type one, about these people, with lists this long."""
    unit = Unit(text, text)
    person = people[0]
    values = [Value(f"value{number}", text) for number in range(count)]
    thing = gift(giver=person, recipients=people, message=text, values=tuple(value.hashtag for value in values), boosters=3)
    left_out = [(one, text) for one in people]
    sentence = "So: " + escape(text)
    items = tuple(item(people=people, message=text, received=bool(number % 2)) for number in range(count))
    numbers = tuple((one, 5) for one in people)
    yield layouts.receipt(unit, thing, STANDING, left_out=left_out, undo=True)
    yield layouts.receipt(unit, replace(thing, points_each=0, private=True), None, undo=False)
    yield layouts.refusal(sentence, [Button("give_edit", text, "drf_01J")])
    yield layouts.note(sentence)
    yield layouts.told(layouts.note(sentence))
    yield layouts.preview(unit, people, [text] * count, 10, 500, STANDING, text, "drf_01J")
    yield layouts.choose_value(sentence, values, "drf_01J")
    yield layouts.post(unit, thing, can_open_url="https://plaudit.example.com/r/1?a=1&b=2", source_channel="C0DEV0001")
    yield layouts.taken_back(thing)
    for first in (False, True):
        yield layouts.received(unit, thing, 120, first=first, rewards=first, thanked=first)
    yield layouts.received_taken_back(unit, thing, 110)
    yield layouts.boosted(unit, thing, person, 5, 125)
    yield layouts.thanked(person, thing, text)
    yield layouts.balance(unit, 120, STANDING)
    yield layouts.help_text("/kudos", unit, [(text, text)] * count)
    yield layouts.values(values)
    yield layouts.history(unit, items)
    yield layouts.top(unit, text, numbers, numbers)
    yield from forms_of(unit, thing, values, count)
    yield from homes_of(unit, text, people, items, count)


def forms_of(unit: Unit, thing: Gift, values: list[Value], count: int) -> Iterator[dict[str, Any]]:
    """The same, of the forms."""
    text, person = thing.message, thing.giver
    rules = [RuleLine(str(number), text, text) for number in range(count)]
    everybody = tuple(f"U{number}" for number in range(count))
    terms = GiveTerms(50, 50, 10, tuple(values), value_needed=True)
    yield layouts.give_form(unit, STANDING, terms, "{}", GiveFields(everybody, 99, text, "value0", "C1"), quoted=text)
    yield layouts.give_form(unit, STANDING, replace(terms, message_chars_min=0), "x" * 3_000)
    yield layouts.boost_form(unit, thing, replace(STANDING, remaining=0), 5, "{}")
    yield layouts.notifications_form("NEVER", "{}")
    for scope in ("all", "group", "people"):
        fields = RuleFields(scope, "group 0", everybody, gives=False, points=10**9, receives=False, note=text)
        yield layouts.rule_form(unit, fields, [(f"group {number}", text) for number in range(count)], "{}")
    yield layouts.rule_effect([text] * count, "{}")
    yield layouts.rule_list(rules, "{}", web_url="https://plaudit.example.com")
    yield layouts.check_form("{}")
    for mode in ("NORMAL", "GIVER", "RECEIVER", "OBSERVER"):
        verdicts = tuple(VerdictLine(line.id, False, text) for line in rules[:20])
        yield layouts.check_result(unit, checked(person=person, mode=mode, status="INVITED", verdicts=verdicts), "{}")
    yield layouts.adjust_form(unit, "{}", person="U1")
    yield layouts.allowance_form(unit, AllowanceFields(50, "MONTH", 5), "{}")
    yield layouts.values_form(values, "{}", web_url="https://plaudit.example.com")
    for workspace in (Terms(), Terms(feed_channel="C1", muted_channels=("C2", "C3"), points_default=None, reactions=False)):
        yield layouts.channels_form(workspace, "{}")
        yield layouts.settings_form(unit, workspace, "{}")


def homes_of(
    unit: Unit, text: str, people: tuple[Person, ...], items: tuple[HistoryItem, ...], count: int
) -> Iterator[dict[str, Any]]:
    """The same, of Home."""
    web_url = "https://plaudit.example.com"
    rewards = tuple(Reward(f"rwd_{number}", text, text, number, number % 2 == 0) for number in range(count))
    requests = tuple(Request(f"rdm_{number}", text, 80, text, can_cancel=True) for number in range(count))
    home = staff(items=items, rewards=rewards, requests=requests, is_admin=True, web_url=web_url)
    yield layouts.staff_home(unit, home)
    yield layouts.staff_home(unit, replace(home, standing=None, is_new=True, web_url=None))
    yield layouts.staff_home(unit, replace(home, rewards=None, requests=(), is_admin=False, is_new=True))
    for page in (0, 7):
        yield layouts.history_home(HistoryPage(items, page, has_older=True, updated_at=NOW, is_admin=True, web_url=web_url))
    shown = admin(
        setup=Setup(allowance=False, values=True, feed_channel=False, invited=False, rewards=False),
        admins=people,
        default_line=text,
        rules=tuple(RuleLine(str(number), text, text) for number in range(count)),
        waiting=tuple(Approval(f"rdm_{number}", people[0], text, 500, 20) for number in range(count)),
        features_off=(FeatureOff(text, text, web_url),) * count,
        undelivered=count,
        has_rewards=True,
        web_url=web_url,
    )
    yield layouts.admin_home(unit, shown)
    yield layouts.admin_home(unit, replace(shown, paused=True, web_url=None))


@pytest.mark.parametrize("count", [0, 1, 1000])
@pytest.mark.parametrize("text", ["plain words", NASTY, INJECTION, "&" * 2_000, "🎉" * 2_000, "a\n" * 1_000, " "])
@pytest.mark.parametrize("people", [(ALICE,), MUCH], ids=["one", "many"])
def test_slack_takes_every_layout_whatever_people_type(people: tuple[Person, ...], text: str, count: int):
    for layout in layouts_of(text, people, count):
        check(layout)


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=2_000), st.text(min_size=1, max_size=200))
def test_slack_takes_whatever_can_be_written(text: str, name: str):
    for layout in layouts_of(text, (Person(name), BOB), 3):
        check(layout)


def test_every_layout_is_under_test():
    words = {"date", "day", "left", "link", "mentions", "points", "pause_confirm"}
    verbs = {name for name in layouts.__all__ if name[0].islower()} - words
    source = "".join(inspect.getsource(samples) for samples in (layouts_of, forms_of, homes_of))

    assert {verb for verb in verbs if f"layouts.{verb}(" not in source} == set()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda view: view["blocks"].append(dict(view["blocks"][1])),
        lambda view: view.pop("submit"),
        lambda view: view["title"].update(text="x" * 25),
        lambda view: view["blocks"][0]["elements"][0].update(text="<!channel>"),
        lambda view: view["blocks"][0]["elements"][0].update(text="x" * 3_001),
        lambda view: view["blocks"][3]["element"].update(min_length=0),
        lambda view: view["blocks"][4]["element"].update(options=view["blocks"][4]["element"]["options"] * 60),
        lambda view: view["blocks"].extend({"type": "divider"} for _ in range(100)),
        lambda view: view.update(private_metadata="x" * 3_001),
    ],
)
def test_the_check_catches_what_slack_would_not_take(spoil: Callable[[dict[str, Any]], None]):
    view = layouts.give_form(POINTS, STANDING, GiveTerms(50, 50, 10, (Value("a", "A"), Value("b", "B"))), "{}")
    check(view)
    spoil(view)

    with pytest.raises((AssertionError, SlackObjectFormationError)):
        check(view)


def test_what_people_write_comes_out_letter_by_letter():
    thing = gift(message=INJECTION, giver=Person(INJECTION))

    assert written(layouts.post(POINTS, thing, can_open_url=None)) == [INJECTION]
    assert written(layouts.received(POINTS, thing, 1, first=False, rewards=False, thanked=False)) == [INJECTION]
    assert written(layouts.thanked(BOB, GIFT, INJECTION)) == [INJECTION]
    assert written(layouts.staff_home(POINTS, staff(items=(item(message=INJECTION),)))) == [INJECTION]
    assert "&lt;!channel&gt; *x* &amp;lt; &lt;@U0EVIL001&gt;" in layouts.post(POINTS, thing, can_open_url=None).text


def test_a_message_that_is_too_long_when_escaped_is_cut_and_links_to_the_rest():
    long = layouts.post(POINTS, gift(message="&" * 2_000, values=()), can_open_url="https://plaudit.example.com/r/1")
    fits = layouts.post(POINTS, gift(message="x" * 2_000, values=()), can_open_url="https://plaudit.example.com/r/1")

    assert written(long) == ["&" * 579 + "…"]
    assert long.blocks[2]["elements"][0]["text"] == "<https://plaudit.example.com/r/1|read the whole message>"
    assert written(fits) == ["x" * 2_000]
    assert [block["type"] for block in fits.blocks] == ["section", "rich_text", "actions"]


def test_no_line_of_ours_has_two_emoji_or_says_something_by_emoji_alone():
    for layout in layouts_of("plain words", (ALICE, BOB), 3):
        for line in lines(layout):
            assert len(re.findall(r":[a-z_]+:", line)) <= 1, line
            assert re.sub(r":[a-z_]+:", "", line).strip(" *·"), line


# ---------------------------------------------------------------- words


def test_a_unit_has_one_and_many():
    assert [POINTS.of(number) for number in (0, 1, -1, 2, 1240)] == [
        "0 points",
        "1 point",
        "-1 point",
        "2 points",
        "1,240 points",
    ]


def test_whoever_is_not_in_slack_is_named():
    assert BOB.mention == "<@U0BOB0001>"
    assert Person("A & <B>").mention == "A &amp; &lt;B&gt;"
    assert Person("A & <B>").name == "A & <B>"


@pytest.mark.parametrize(
    ("number", "named"),
    [
        (1, "P0"),
        (2, "P0 and P1"),
        (3, "P0, P1 and P2"),
        (10, "P0, P1, P2, P3, P4, P5, P6, P7, P8 and P9"),
        (13, "P0, P1, P2, P3, P4, P5, P6, P7, P8, P9 and 3 more"),
    ],
)
def test_ten_are_named_and_the_rest_is_counted(number: int, named: str):
    assert layouts.mentions([Person(f"P{one}") for one in range(number)]) == named


# ---------------------------------------------------------------- to the giver


def first_line(message: Message) -> str:
    """The first paragraph."""
    text = message.blocks[0]["text"]["text"]
    assert isinstance(text, str)
    return text


def test_the_receipt_says_each_and_the_total_and_what_is_left():
    sent = ":white_check_mark: Sent: *10 points each* to <@U0BOB0001> and <@U0CAROL01> (20 points in all)."

    assert layouts.receipt(POINTS, GIFT, STANDING, undo=True) == Message(
        "Sent. You gave 20 points (10 each) to 2 people. 30 of 50 left until 1 December.",
        [section(f"{sent} You have *30 of 50* left until {UNTIL}.", accessory=press("rec_undo", "Undo", "rec_01J"))],
    )


def test_the_receipt_of_one_and_of_plain_thanks():
    one = layouts.receipt(POINTS, gift(recipients=(BOB,), points_each=1), STANDING, undo=False)
    thanks = layouts.receipt(POINTS, gift(points_each=0, private=True), None, undo=False)

    assert first_line(one) == f":white_check_mark: Sent: *1 point* to <@U0BOB0001>. You have *30 of 50* left until {UNTIL}."
    assert one.text == "Sent. You gave 1 point to Bob. 30 of 50 left until 1 December."
    assert "accessory" not in one.blocks[0]
    assert first_line(thanks) == ":white_check_mark: Sent: thanks to <@U0BOB0001> and <@U0CAROL01>. This one is private."
    assert thanks.text == "Sent. You thanked Bob and Carol. This one is private."


def test_the_receipt_names_who_was_left_out_and_why():
    receipt = layouts.receipt(POINTS, GIFT, STANDING, left_out=[(Person("Dee", "U0DEE0001"), "Dee has left.")])

    assert receipt.blocks[1]["text"]["text"] == "*Left out*\n• <@U0DEE0001>: Dee has left."
    assert receipt.text.endswith("Left out: Dee.")


def test_many_long_names_leave_room_for_what_is_left():
    receipt = layouts.receipt(POINTS, gift(recipients=MUCH), STANDING, left_out=[(one, "They have left.") for one in MUCH])

    assert len(MUCH[0].name) == 200
    assert first_line(receipt).endswith(f" and 40 more (500 points in all). You have *30 of 50* left until {UNTIL}.")
    assert receipt.text.startswith("Sent. You gave 500 points (10 each) to 50 people. 30 of 50 left until 1 December.")
    assert receipt.blocks[1]["text"]["text"].count("They have left.") == 10
    assert receipt.blocks[2:] == [small("and 40 more")]


def test_a_refusal_says_what_to_do():
    sentence = f"That needs *60 points* (2 people × 30) and you have *30 left* until {UNTIL}."
    value = '{"n":15,"d":"drf_01J"}'

    assert layouts.refusal(sentence, [Button("give_retry", "Give 15 each", value, "primary")]) == Message(
        "Not sent. That needs 60 points (2 people × 30) and you have 30 left until 1 December.",
        [
            section(f":no_entry: *Not sent.* {sentence}"),
            row(press("give_retry", "Give 15 each", value, style="primary")),
        ],
    )


def test_much_is_shown_before_it_is_sent():
    preview = layouts.preview(POINTS, [BOB], ["ops <3"], 10, 60, STANDING, GIFT.message, "drf_01J")

    assert first_line(preview) == "*Please check.* Send *10 points each* to <@U0BOB0001> and everyone in ops &lt;3?"
    assert preview.blocks[2]["elements"][0]["text"] == f"That takes *60 points*. You have *30 of 50* left until {UNTIL}."
    assert [(press["action_id"], press["value"]) for press in preview.blocks[3]["elements"]] == [
        ("give_send", "drf_01J"),
        ("give_edit", "drf_01J"),
        ("give_cancel", "drf_01J"),
    ]
    assert preview.text == "Please check before it is sent: 10 points each to Bob and everyone in ops &lt;3, 60 points in all."


def test_a_missing_value_is_chosen_from_a_menu():
    asked = layouts.choose_value("Choose a company value.", [("teamwork", "We win together")], "drf_01J")

    assert first_line(asked) == "*Not sent yet.* Choose a company value."
    assert asked.blocks[1]["block_id"] == "draft:drf_01J"
    assert asked.blocks[1]["elements"][0]["action_id"] == "give_value"
    assert [option["value"] for option in asked.blocks[1]["elements"][0]["options"]] == ["teamwork"]


# ---------------------------------------------------------------- in the channel, and to whoever receives


def test_the_post_says_who_thanks_whom_for_what():
    undo = {"text": plain("Undo"), "value": "undo:rec_01J"}

    assert layouts.post(POINTS, GIFT, can_open_url=None, source_channel="C0DEV0001") == Message(
        "Alice gave Bob and Carol 10 points each: for staying late to fix the release #teamwork",
        [
            section(":sparkles: <@U0ALICE01> gave <@U0BOB0001> and <@U0CAROL01> *10 points each*"),
            quoted("for staying late to fix the release"),
            small("#teamwork  ·  from <#C0DEV0001>"),
            row(
                press("rec_add", "Add points", "rec_01J"),
                {"type": "overflow", "action_id": "rec_menu", "options": [undo]},
                block_id="rec:rec_01J",
            ),
        ],
        {"event_type": "recognition_given", "event_payload": {"recognition_id": "rec_01J"}},
    )


def test_the_post_tells_of_added_points_and_opens_where_there_is_something_to_open():
    url = "https://plaudit.example.com/r/1"
    post = layouts.post(POINTS, gift(boost_points=15, boosters=3, message="So fast #TeamWork"), can_open_url=url)

    assert post.blocks[2]["elements"][0]["text"] == "#teamwork  ·  +15 points added by 3 people"
    assert post.blocks[3]["elements"][1]["options"][1] == {
        "text": {"type": "plain_text", "text": "Open in Plaudit", "emoji": True},
        "value": "open:rec_01J",
        "url": url,
    }
    assert post.text == "Alice gave Bob and Carol 10 points each: So fast #TeamWork"


def test_the_post_of_plain_thanks_to_many_names_ten():
    many = tuple(Person(f"P{number}", f"U{number}") for number in range(13))

    post = layouts.post(POINTS, gift(points_each=0, recipients=many, message="", values=()), can_open_url=None)

    assert first_line(post) == (
        ":sparkles: <@U0ALICE01> thanked <@U0>, <@U1>, <@U2>, <@U3>, <@U4>, <@U5>, <@U6>, <@U7>, <@U8>, <@U9> and 3 more"
    )
    assert [block["type"] for block in post.blocks] == ["section", "actions"]


def test_nobody_adds_points_to_what_is_private():
    post = layouts.post(POINTS, gift(private=True), can_open_url=None)

    assert [element["action_id"] for element in post.blocks[-1]["elements"]] == ["rec_menu"]


def test_what_was_taken_back_leaves_no_word_of_it():
    for layout in (layouts.taken_back(GIFT), layouts.received_taken_back(POINTS, GIFT, 110)):
        assert GIFT.message not in json.dumps(layout.blocks) + layout.text
    assert layouts.taken_back(GIFT).text == "Alice took back a recognition."
    assert layouts.received_taken_back(POINTS, GIFT, 110).text == "Alice took back the 10 points. Your balance is 110."


def test_the_recipient_learns_what_for_and_thanks_with_one_press():
    see = "<https://acme.slack.com/archives/C0DEV0001/p1700000000000100|see the message>"

    assert layouts.received(POINTS, GIFT, 120, first=False, rewards=True, thanked=False) == Message(
        "Alice gave you 10 points: for staying late to fix the release. Your balance is 120.",
        [
            section(":tada: <@U0ALICE01> gave you *10 points*"),
            quoted("for staying late to fix the release"),
            small(f"#teamwork  ·  {see}  ·  balance *120*"),
            row(press("say_thanks", "Say thanks", "rec_01J"), press("open_shop", "See rewards", "home")),
        ],
    )


def test_after_the_thanks_the_button_is_gone():
    received = layouts.received(POINTS, GIFT, 120, first=False, rewards=False, thanked=True)

    assert [block["type"] for block in received.blocks] == ["section", "rich_text", "context", "context"]
    assert received.blocks[3]["elements"][0]["text"] == "You said thanks."


def test_the_first_time_two_lines_say_what_this_is():
    received = layouts.received(POINTS, GIFT, 10, first=True, rewards=False, thanked=False)

    assert received.blocks[3]["elements"][0]["text"].split("\n") == [
        "This is how people here thank each other: each has points to give, and what you receive is yours.",
        "Open the *Home* tab above to see your balance and to thank someone yourself.",
    ]


def test_the_giver_hears_the_thanks_and_the_recipient_of_added_points():
    thanked = layouts.thanked(BOB, GIFT, "Thank you!")
    boosted = layouts.boosted(POINTS, GIFT, CAROL, 1, 121)

    assert thanked.text == "Bob says thanks for your recognition: Thank you!"
    assert written(thanked) == ["Thank you!"]
    assert first_line(boosted) == ":sparkles: <@U0CAROL01> added *1 point* to what <@U0ALICE01> thanked you for"
    assert boosted.text == "Carol added 1 point to what Alice thanked you for. Your balance is 121."


# ---------------------------------------------------------------- answers


def test_balance_and_help_answer_in_a_line():
    assert first_line(layouts.balance(POINTS, 120, STANDING)) == (
        f"You have *120 points* to spend.\nTo give: *30 of 50* left until {UNTIL}."
    )
    assert layouts.balance(POINTS, 1, None).text == "You have 1 point to spend. You are not set up to give."
    help_text = layouts.help_text("/kudos", POINTS, [("balance", "what you have")])
    assert help_text.blocks[1]["text"]["text"] == "`/kudos balance`  what you have"


def test_lists_that_are_empty_say_so():
    assert layouts.values([]).text == "There are no company values yet."
    assert layouts.history(POINTS, []).text == "You have given and received nothing yet."
    assert layouts.top(POINTS, "This month", [], []).text == "This month: nobody gave anything yet."


def test_top_shows_givers_beside_receivers():
    top = layouts.top(POINTS, "This month", [(ALICE, 40)], [(BOB, 30), (CAROL, 1)])

    assert [block["text"]["text"] for block in top.blocks] == [
        "*This month*",
        "*Gave most*\n1. <@U0ALICE01>  40 points",
        "*Received most*\n1. <@U0BOB0001>  30 points\n2. <@U0CAROL01>  1 point",
    ]
    assert top.text == "This month: Alice gave most and Bob received most."


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "<@U0ALICE01> gave you *10*"),
        ({"points_each": 0}, "<@U0ALICE01> thanked you"),
        ({"boost": True}, "<@U0ALICE01> added *10* for you"),
        ({"received": False, "people": (BOB, CAROL)}, "You gave <@U0BOB0001> and <@U0CAROL01> *10 each*"),
        ({"received": False, "people": (BOB,), "points_each": 0}, "You thanked <@U0BOB0001>"),
        ({"received": False, "people": (BOB,), "boost": True}, "You added *10* for <@U0BOB0001>"),
    ],
)
def test_history_tells_what_went_which_way(changes: dict[str, Any], line: str):
    history = layouts.history(POINTS, [item(private=True, taken_back=True, **changes)])

    day = f"<!date^{int(NOW.timestamp())}^{{date_short_pretty}}|21 November>"
    assert first_line(history) == f"{line}  ·  {day}  ·  private  ·  taken back"


# ---------------------------------------------------------------- forms


def element(view: dict[str, Any], block_id: str) -> Any:
    """What is filled in there."""
    return next(block for block in view["blocks"] if block.get("block_id") == block_id)["element"]


def test_the_give_form():
    terms = GiveTerms(50, 50, 10, (Value("teamwork", "We win together"), Value("craft", "We care about quality")))
    metadata = '{"v": 1, "src": "command"}'

    ours = {"include": ["public", "private"], "exclude_bot_users": True, "exclude_external_shared_channels": True}
    who = {"type": "multi_users_select", "placeholder": plain("Choose up to 50 people"), "max_selected_items": 50}
    bounds = {"is_decimal_allowed": False, "min_value": "0", "max_value": "50", "initial_value": "10"}
    specific = plain("Be specific: what they did and what it changed")
    why = {"type": "plain_text_input", "multiline": True, "min_length": 10, "max_length": 2000, "placeholder": specific}
    teamwork = {"text": plain("#teamwork"), "value": "teamwork", "description": plain("We win together")}
    craft = {"text": plain("#craft"), "value": "craft", "description": plain("We care about quality")}
    value = {"type": "static_select", "placeholder": plain("Choose a value"), "options": [teamwork, craft]}
    where = {"type": "conversations_select", "placeholder": plain("Choose a channel"), "filter": ours}
    here = {"default_to_current_conversation": True, "response_url_enabled": False}
    assert layouts.give_form(POINTS, STANDING, terms, metadata, GiveFields(points=10)) == {
        "type": "modal",
        "callback_id": "give",
        "title": plain("Give kudos"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "private_metadata": metadata,
        "notify_on_close": False,
        "blocks": [
            small(f"You have *30 points* left to give until *{UNTIL}*."),
            ask("to", "Who", who, hint=plain("Each person gets the amount below.")),
            ask("amount", "Points each", {"type": "number_input", **bounds}),
            ask("why", "What did they do?", why),
            ask("value", "Company value", value, optional=True),
            ask(
                "where",
                "Post it in",
                where | here,
                optional=True,
                hint=plain("Leave empty to tell only the people you thank."),
            ),
        ],
    }


def test_the_give_form_opens_as_it_was_left():
    terms = GiveTerms(50, 50, 0, (Value("craft", "Quality"),), value_needed=True)
    filled = GiveFields(("U1", "U2", "U1"), 80, "Well done", "craft", "C1")
    form = layouts.give_form(POINTS, STANDING, terms, "{}", filled, quoted="It *works* <now>")

    assert element(form, "to")["initial_users"] == ["U1", "U2"]
    assert element(form, "amount")["initial_value"] == "50"
    assert element(form, "why")["initial_value"] == "Well done"
    assert "min_length" not in element(form, "why")
    assert element(form, "value")["initial_option"]["value"] == "craft"
    assert element(form, "where")["initial_conversation"] == "C1"
    assert "default_to_current_conversation" not in element(form, "where")
    assert [block["block_id"] for block in form["blocks"] if block.get("optional")] == ["why", "where"]
    assert written(form) == ["It *works* <now>"]


def test_values_that_do_not_fit_into_the_menu_are_written():
    values = tuple(Value(f"v{number}", "") for number in range(101))
    form = layouts.give_form(POINTS, STANDING, GiveTerms(50, 50, 10, values, value_needed=True), "{}")

    block = next(block for block in form["blocks"] if block.get("block_id") == "value")
    assert len(block["element"]["options"]) == 100
    assert (block["optional"], block["hint"]) == (True, plain("There are 1 more: write one as a #hashtag above."))


@pytest.mark.parametrize(("scope", "asked"), [("all", []), ("group", ["group"]), ("people", ["people"])])
def test_the_rule_form_asks_for_whom(scope: Any, asked: list[str]):
    form = layouts.rule_form(POINTS, RuleFields(scope, points=50), [("g1", "ops")], "{}")

    assert [block["block_id"] for block in form["blocks"]] == ["scope", *asked, "give", "allow", "recv", "note"]
    assert element(form, "scope")["initial_option"]["value"] == scope
    assert form["blocks"][0]["dispatch_action"] is True
    assert (form["callback_id"], form["submit"]["text"]) == ("rule_save", "Save")
    assert element(form, "allow")["initial_value"] == "50"


def test_a_rule_is_applied_after_its_effect_was_shown():
    effect = layouts.rule_effect(["12 people change: 9 can no longer give.", "<b> & co. stay."], "{}")

    assert (effect["callback_id"], effect["submit"]["text"], effect["close"]["text"]) == ("rule_apply", "Apply", "Back")
    assert effect["blocks"][1]["text"]["text"] == "• 12 people change: 9 can no longer give.\n• &lt;b&gt; &amp; co. stay."


def test_a_check_shows_every_verdict_and_what_can_be_done():
    view = layouts.check_result(POINTS, checked(), "{}")

    assert [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"] == [
        "*Who?*",
        f"*<@U0BOB0001>*  ·  active\n*Balance:* 120 points.\n*To give:* *30 of 50* left until {UNTIL}.",
        "*Part in giving and receiving*",
        "*Yes*  ·  Mode, to give: The mode NORMAL gives.\n*No*  ·  Rules that forbid: No, by the rule Guests.",
    ]
    assert view["blocks"][2]["accessory"]["action_id"] == "member_mode"
    assert view["blocks"][2]["accessory"]["initial_option"]["value"] == "NORMAL"
    assert [press["action_id"] for press in view["blocks"][3]["elements"]] == ["member_adjust", "member_pause"]
    assert "submit" not in view


def test_settings_open_as_they_are():
    form = layouts.settings_form(POINTS, Terms(feed_channel="C1"), "{}")

    assert [block["block_id"] for block in form["blocks"]] == [
        "emoji",
        "points_per_emoji",
        "points_default",
        "ways",
        "confirm_percent",
        "confirm_points",
        "feed_channel",
    ]
    assert element(form, "emoji")["initial_value"] == ":taco:"
    assert [option["value"] for option in element(form, "ways")["initial_options"]] == ["reactions"]
    assert element(form, "feed_channel")["initial_conversation"] == "C1"


# ---------------------------------------------------------------- Home


def headers(view: dict[str, Any]) -> list[str]:
    """The headings."""
    return [block["text"]["text"] for block in view["blocks"] if block["type"] == "header"]


def pressed(view: dict[str, Any]) -> list[str]:
    """The ids of what can be pressed."""
    return [node["action_id"] for node in walk(view["blocks"]) if "action_id" in node]


def test_the_home_of_a_member():
    rewards = (
        Reward("rwd_1", "Coffee voucher", "Sent by email within a day", 100, True),
        Reward("rwd_2", "Half day off", "An admin is asked first", 500, False),
    )
    requests = (Request("rdm_1", "Book voucher", 80, "waiting for approval", can_cancel=True),)
    view = layouts.staff_home(
        POINTS, staff(rewards=rewards, requests=requests, web_url="https://kudos.example.com", has_older=False)
    )

    assert (view["type"], view["callback_id"], view["private_metadata"]) == ("home", "home", '{"v": 1, "tab": "me", "p": 0}')
    assert headers(view) == ["Your kudos", "Recent", "Rewards you can have now", "Your requests"]
    assert [field["text"] for field in view["blocks"][1]["fields"]] == [
        "*Balance to spend*\n120 points",
        f"*Left to give*\n50 of 50 until {UNTIL}",
        "*Received this month*\n40 from 3 people",
        "*Given this month*\n0 to 0 people",
    ]
    day = f"<!date^{int(NOW.timestamp())}^{{date_short_pretty}}|21 November>"
    assert [block["text"]["text"] for block in view["blocks"] if block["type"] == "section" and "text" in block] == [
        f"<@U0ALICE01> gave you *10*  ·  {day}",
        "*Coffee voucher*  ·  100 points\nSent by email within a day",
        "*Half day off*  ·  500 points\nAn admin is asked first",
        "*Book voucher*  ·  80 points  ·  waiting for approval",
    ]
    assert written(view) == ["for staying late to fix the release"]
    assert pressed(view) == [
        "give_open",
        "home_history",
        "home_rewards",
        "home_settings",
        "redeem_open",
        "redeem_short",
        "redeem_cancel",
    ]
    assert view["blocks"][-1]["elements"][0]["text"] == (
        f"Updated <!date^{int(NOW.timestamp())}^{{time}}|12:00>  ·  <https://kudos.example.com|open the web app>"
    )


def test_without_rewards_nothing_speaks_of_them():
    view = layouts.staff_home(POINTS, staff())

    assert headers(view) == ["Your kudos", "Recent"]
    assert "eward" not in json.dumps(view)


def test_whoever_is_new_is_shown_how_to_begin():
    view = layouts.staff_home(POINTS, staff(is_new=True, items=()))

    assert headers(view) == ["Welcome", "Your kudos"]
    assert view["blocks"][1]["text"]["text"].count("\n") == 2
    assert pressed(view) == ["give_open", "home_history", "home_settings"]


def test_whoever_does_not_give_is_not_asked_to():
    view = layouts.staff_home(POINTS, staff(standing=None))

    assert view["blocks"][1]["fields"][1]["text"] == "*Left to give*\nYou are not set up to give."
    assert "give_open" not in pressed(view)


def test_a_list_that_is_too_long_ends_on_the_web():
    rewards = tuple(Reward(f"rwd_{number}", "Mug", "", 5, True) for number in range(33))
    view = layouts.staff_home(POINTS, staff(rewards=rewards, web_url="https://kudos.example.com"))
    rules = tuple(RuleLine(str(number), "Guests", "Give no") for number in range(1000))
    administered = layouts.admin_home(POINTS, admin(rules=rules))

    assert view["blocks"][-3]["elements"][0]["text"] == "and 23 more on <https://kudos.example.com|the web>"
    assert "and 983 more" in lines(administered)
    assert len(administered["blocks"]) < 20


def test_history_is_turned_page_by_page():
    first = layouts.history_home(HistoryPage((item(),) * 10, 0, has_older=True, updated_at=NOW))
    second = layouts.history_home(HistoryPage((item(),), 1, has_older=False, updated_at=NOW))

    assert pressed(first) == ["home_page_older", "home_back"]
    assert [(press["action_id"], press["value"]) for press in second["blocks"][-3]["elements"]] == [
        ("home_page_newer", "0"),
        ("home_back", "me"),
    ]
    assert second["private_metadata"] == '{"v": 1, "tab": "history", "p": 1}'


def test_the_home_of_an_admin():
    view = layouts.admin_home(POINTS, admin())

    assert headers(view) == ["Who can give and receive", "This month"]
    assert [field["text"] for block in view["blocks"] for field in block.get("fields", ())] == [
        "*Everyone (default)*\nGive 50 a month · receive yes",
        "*Guests*\nGive no · receive no",
        "*@leadership*\nGive 200 a month · receive no",
        "*3 people set one by one*\nCheck a person to see how.",
        "*Points given*\n1,240",
        "*People who gave*\n38 of 61",
        "*Top value*\n#teamwork",
    ]
    assert pressed(view) == [
        "home_tab_me",
        "home_tab_admin",
        "rule_add",
        "rule_list",
        "rule_check",
        "adm_allowance",
        "pause_all",
        "adm_values",
        "adm_channels",
        "adm_settings",
        "adm_adjust",
    ]


def test_an_admin_sees_what_waits():
    view = layouts.admin_home(
        POINTS,
        admin(
            setup=Setup(allowance=True, values=False, feed_channel=False, invited=False),
            waiting=(Approval("rdm_2", BOB, "Half day off", 500, 20),),
            features_off=(FeatureOff("Reactions", "Slack must let us read reactions.", "https://plaudit.example.com/install"),),
            undelivered=3,
            paused=True,
        ),
    )

    assert headers(view) == ["Before you begin", "Waiting for you", "Who can give and receive", "This month", "Switched off"]
    assert view["blocks"][2]["text"]["text"] == ":white_check_mark: Done: look at how much everyone can give"
    assert view["blocks"][3]["text"]["text"] == ":white_large_square: To do: name your company values"
    waiting = next(block for block in view["blocks"] if block.get("accessory", {}).get("action_id") == "redeem_admin")
    assert waiting["text"]["text"] == "<@U0BOB0001> wants *Half day off* (500 points)\nBalance after: 20"
    assert [option["value"] for option in waiting["accessory"]["options"]] == ["ok:rdm_2", "no:rdm_2"]
    assert {"resume_all", "dead_retry", "setup_invite"} <= set(pressed(view))
    assert "pause_all" not in pressed(view)
    assert any("*3 messages were not delivered.*" in line for line in lines(view))
