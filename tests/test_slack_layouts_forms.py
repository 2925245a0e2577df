"""What Slack shows on request: every form as it opens, and Home as members and admins see it."""

import json
from typing import Any

import pytest

from integrations.slack import layouts
from integrations.slack.layouts import (
    Approval,
    FeatureOff,
    GiveFields,
    GiveTerms,
    HistoryPage,
    Request,
    Reward,
    RuleFields,
    RuleLine,
    Setup,
    Value,
)
from integrations.slack.terms import Terms
from tests.slack_samples import (
    BOB,
    NOW,
    POINTS,
    STANDING,
    UNTIL,
    admin,
    ask,
    checked,
    item,
    lines,
    plain,
    small,
    staff,
    walk,
    written,
)

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
    assert waiting["text"]["text"] == "<@U0BOB0001> wants *Half day off* (500 points)\nWaits for approval for 20 days"
    assert [option["value"] for option in waiting["accessory"]["options"]] == ["ok:rdm_2", "no:rdm_2"]
    assert {"resume_all", "dead_retry", "setup_invite"} <= set(pressed(view))
    assert "pause_all" not in pressed(view)
    assert any("*3 messages were not delivered.*" in line for line in lines(view))
