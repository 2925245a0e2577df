"""What Slack shows: every layout is one that Slack takes, whatever people are called and write."""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from integrations.slack import layouts
from integrations.slack.layouts import (
    AllowanceFields,
    Approval,
    Article,
    Button,
    Catalog,
    Claimed,
    FeatureOff,
    Gift,
    GiveFields,
    GiveTerms,
    Handed,
    HandedPage,
    HistoryItem,
    HistoryPage,
    Message,
    News,
    Offer,
    Person,
    Question,
    Request,
    Reward,
    RewardFields,
    RuleFields,
    RuleLine,
    Setup,
    Shelf,
    ShopPage,
    Unit,
    Value,
    VerdictLine,
    Wait,
)
from integrations.slack.markup import escape
from integrations.slack.terms import Terms
from tests.slack_samples import (
    ALICE,
    BOB,
    GIFT,
    INJECTION,
    MUCH,
    NASTY,
    NOW,
    POINTS,
    STANDING,
    admin,
    checked,
    gift,
    item,
    lines,
    staff,
    walk,
    written,
)

# ---------------------------------------------------------------- what Slack takes

KINDS = {"section", "header", "divider", "context", "actions", "input", "rich_text"}
STEPS: tuple[News, ...] = ("requested", "ordered", "approved", "rejected", "fulfilled", "refunded")
OPENINGS = re.compile(
    r"<(?!@[UW][A-Z0-9]+>|#C[A-Z0-9]+>|!date\^\d+\^\{(?:date_short_pretty|time)\}\|[^<>]+>|https://[^<>| ]+\|[^<>]+>)"
)
"""Anything in angle brackets that is not ours."""


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
    if node.get("type") == "image":
        assert node["image_url"].startswith("https://")
        assert 1 <= len(node["alt_text"]) <= 2_000
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


# ---------------------------------------------------------------- every layout, of everything


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
    yield from shops_of(unit, text, person, count)


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
        waiting=tuple(
            Approval(f"rdm_{number}", people[0], text, 500, number, text, "decide" if number % 3 else "trouble", text)
            for number in range(count)
        ),
        waiting_more=count,
        features_off=(FeatureOff(text, text, web_url),) * count,
        undelivered=count,
        has_rewards=True,
        web_url=web_url,
    )
    yield layouts.admin_home(unit, shown)
    yield layouts.admin_home(unit, replace(shown, paused=True, web_url=None))


def shops_of(unit: Unit, text: str, person: Person, count: int) -> Iterator[Message | dict[str, Any]]:
    """The same, of rewards."""
    rewards = tuple(Reward(f"rwd_{number}", text, text, number, number % 2 == 0, "Out of stock") for number in range(count))
    for page in (0, 7):
        shelf = Shelf(rewards, 120, page, has_more=not page)
        yield layouts.shop_home(unit, ShopPage(shelf, NOW, is_admin=True, web_url="https://plaudit.example.com"))
        yield layouts.shop_modal(unit, shelf, "{}")
        yield layouts.shop_message(unit, shelf, f"No reward is called “{escape(text[:500])}”.")
        articles = tuple(Article(str(one), text, 5, one, ("our own",), is_archived=bool(one % 2)) for one in range(count))
        yield layouts.catalog_list(unit, Catalog(articles, page, has_more=not page), "{}")
        handed = tuple(Handed(f"rdm_{number}", person, text, 100, NOW) for number in range(count))
        yield layouts.handed_list(unit, HandedPage(handed, page, has_more=not page), "{}")
    for picture in (None, "https://plaudit.example.com/pictures/a.png?a=1&b=2"):
        offer = Offer(text, text, 1_000_000, 2_000_000, needs_approval=True, picture=picture)
        yield layouts.redeem_form(unit, offer, "{}", note_chars_max=300, note=text, news=text)
    yield layouts.redeem_form(unit, Offer(text, "", 0, 0, needs_approval=False), "{}", note_chars_max=300)
    for step in STEPS:
        yield layouts.claimed(unit, Claimed("rdm_1", text, 100, step, 20, text, has_code=step == "fulfilled"))
    yield layouts.code_modal(text, text[:500].strip() or "A")
    asked: tuple[tuple[Wait, str, Person | None], ...] = (
        ("decide", "", None),
        ("deliver", "Approved", person),
        ("over", "Delivered", None),
    )
    for wants, outcome, by in asked:
        yield layouts.asked(unit, Question("rdm_1", person, text, 100, text, wants, outcome, by))
    for is_new, provider in ((True, "MANUAL"), (False, "MANUAL"), (False, "VOUCHER")):
        fields = RewardFields(text, text, "GIFT_CARD", 10**9, 5, 1, needs_approval=False, provider=provider, is_new=is_new)
        yield layouts.reward_form(unit, fields, "{}")
    yield layouts.decline_form(person.mention, text, "{}")
    for restock in (False, True):
        yield layouts.refund_form(unit, person.mention, text, 100, "{}", restock=restock)


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
    source = "".join(inspect.getsource(samples) for samples in (layouts_of, forms_of, homes_of, shops_of))

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
