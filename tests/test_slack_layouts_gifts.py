"""What Slack shows of gifts: what giver, channel and recipients read, and what a command answers, to the letter."""

import json
from typing import Any

import pytest

from integrations.slack import layouts
from integrations.slack.layouts import Button, Message, Person
from tests.slack_samples import (
    ALICE,
    BOB,
    CAROL,
    GIFT,
    MUCH,
    NOW,
    POINTS,
    STANDING,
    UNTIL,
    gift,
    item,
    plain,
    press,
    quoted,
    row,
    section,
    small,
    written,
)

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
