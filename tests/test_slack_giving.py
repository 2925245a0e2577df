"""Giving by the command: one sentence gives, whatever is sent twice gives once, and every refusal says what to do next."""

import asyncio
import re

from tests.played_slack import buttons, words
from tests.slack_office import ADA, ANN, CORE_SCOPES, SECRET_KEY, SHARED, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import (
    BOB,
    CEM,
    DEE,
    GENERAL,
)

RELEASE = "helping with the release"


async def test_one_sentence_gives_and_everyone_concerned_is_told(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}|bob> <@{CEM}> 10 for {RELEASE}")

    assert (answer.status, answer.body["response_type"], answer.buttons) == (200, "ephemeral", ["Undo"])
    assert answer.text == "Sent. You gave 20 points (10 each) to 2 people. 80 of 100 left until 1 April."
    assert await office.wallets() == {"bob": 10, "cem": 10}
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    assert post["text"].endswith(f" 10 points each: {RELEASE}")
    assert {BOB, CEM} == set(re.findall(r"gave.*?<@(\w+)> and <@(\w+)>", words(post))[0])
    assert post["metadata"]["event_payload"] == {"recognition_id": str((await office.gifts())[0].id)}
    (told,) = office.slack.direct(BOB)
    assert told["text"] == f"Ann gave you 10 points: {RELEASE}. Your balance is 10."
    assert len(office.slack.direct(CEM)) == 1
    assert office.slack.direct(ANN) == office.slack.ephemerals == []


async def test_no_call_to_slack_is_made_while_a_command_is_answered(office: Office):
    for text in (f"<@{BOB}> 10 for {RELEASE}", "balance", "help", "history", "values", "undo", f"<@{BOB}> 900 for {RELEASE}"):
        assert (await office.commands(ANN, text)).text

    assert office.slack.calls == []


async def test_commands_are_answered_while_slack_itself_is_down(office: Office):
    office.slack.goes_away()

    given = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE} <#{GENERAL}|general>")
    balance = await office.commands(BOB, "balance")

    assert given.text.startswith("Sent. You gave 10 points to Bob.")
    assert "You have 10 points to spend." in balance.text
    await office.settle()
    assert office.slack.posts(GENERAL) == []
    office.slack.comes_back()
    await office.settle(passes=60)
    assert len(office.slack.posts(GENERAL)) == 1


async def test_a_command_sent_twice_gives_once(office: Office):
    trigger = office.slack.trigger()

    answers = await asyncio.gather(*(office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}", trigger_id=trigger) for _ in range(2)))

    assert {answer.text for answer in answers} == {"Sent. You gave 10 points to Bob. 90 of 100 left until 1 April."}
    assert await office.wallets() == {"bob": 10}


async def test_twenty_gifts_at_once_never_spend_more_than_there_is(office: Office):
    people = [BOB, CEM, DEE]
    await office.sets(confirm_percent=100)

    answers = await asyncio.gather(
        *(office.commands(ANN, f"<@{people[number % 3]}> 11 for part {number} of the release") for number in range(20))
    )

    sent = [answer for answer in answers if answer.text.startswith("Sent.")]
    refused = [
        answer for answer in answers if answer.text.startswith("Not sent. That needs 11 points and you have 1 of 100 left")
    ]
    assert (len(sent), len(refused)) == (9, 11)
    assert sum((await office.wallets()).values()) == 99
    assert (await office.world.ann.allowance())["remaining"] == 1


async def test_the_same_again_within_a_minute_is_asked_about(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")

    assert (answer.text, answer.buttons) == ("Not sent. You just sent that.", ["Send again"])
    assert await office.record() == before
    for _ in range(2):  # pressed twice
        await office.presses(ANN, answer, "Send again")
    assert await office.wallets() == {"bob": 20}
    await office.settle()
    assert [one["text"] for one in office.slack.responses] == [
        "Sent. You gave 10 points to Bob. 80 of 100 left until 1 April.",
        "Sent. You gave 10 points to Bob. 80 of 100 left until 1 April.",
    ]
    office.world.passes(seconds=61)
    assert (await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")).text.startswith("Sent.")


async def test_much_is_looked_at_before_it_is_sent(office: Office):
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> <@{CEM}> 30 for {RELEASE}")

    assert answer.text == "Please check before it is sent: 30 points each to Bob and Cem, 60 points in all."
    assert "That takes *60 points*. You have *100 of 100* left" in answer.words
    assert answer.buttons == ["Send", "Edit", "Cancel"]
    assert await office.record() == before
    trigger = office.slack.trigger()
    await asyncio.gather(*(office.presses(ANN, answer, "Send", trigger_id=trigger) for _ in range(2)))
    assert await office.wallets() == {"bob": 30, "cem": 30}
    await office.settle()
    assert len(office.slack.posts(GENERAL)) == 1
    (receipt,) = office.slack.responses
    assert (receipt["replace_original"], receipt["text"][:31]) == (True, "Sent. You gave 60 points (30 ea")


async def test_what_was_looked_at_can_be_edited_or_left(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 60 for {RELEASE}")
    before = await office.record()

    await office.presses(ANN, answer, "Edit")
    fields = {block["block_id"]: block["element"] for block in office.form["blocks"] if block["type"] == "input"}
    assert (fields["to"]["initial_users"], fields["amount"]["initial_value"]) == ([BOB], "60")
    assert fields["why"]["initial_value"] == RELEASE
    await office.presses(ANN, answer, "Cancel")
    await office.settle()
    assert office.slack.responses[-1]["text"] == "Nothing was sent."
    assert await office.record() == before
    await office.presses(ANN, answer, "Send")
    await office.settle()
    assert await office.record() == before
    assert office.slack.whispers(ANN)[-1]["text"] == "This is too long ago. Please type it again."


async def test_nobody_else_sends_what_somebody_looked_at(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 60 for {RELEASE}")
    before = await office.record()

    await office.presses(CEM, answer, "Send")
    await office.presses(CEM, answer, "Cancel")

    assert await office.record() == before
    await office.presses(ANN, answer, "Send")
    assert await office.wallets() == {"bob": 60}


async def test_more_than_is_left_offers_what_would_fit(office: Office):
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> <@{CEM}> 60 for {RELEASE}")

    assert answer.text == "Not sent. That needs 120 points (2 people × 60) and you have 100 of 100 left until 1 April."
    assert answer.buttons == ["Give 50 each", "Edit in a form"]
    assert await office.record() == before
    await office.presses(ANN, answer, "Give 50 each")
    await office.settle()
    (asked,) = office.slack.responses
    assert list(buttons(asked)) == ["Send", "Edit", "Cancel"]
    await office.presses(ANN, asked, "Send")
    assert await office.wallets() == {"bob": 50, "cem": 50}


async def test_more_than_one_may_give_at_once_offers_the_most(office: Office):
    await office.world.sets_giving_policy(limits={"maxPointsPerRecognition": 20})
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> 21 for {RELEASE}")

    assert answer.text == "Not sent. At most 20 points to each person at once. Give fewer."
    assert await office.record() == before
    for _ in range(2):
        await office.presses(ANN, answer, "Give 20 each")
    assert await office.wallets() == {"bob": 20}


async def test_points_for_one_person_that_are_used_up_leave_plain_thanks(office: Office):
    await office.world.sets_giving_policy(limits={"maxPointsToSamePersonPerPeriod": 20})
    await office.commands(ANN, f"<@{BOB}> 15 for {RELEASE}")

    answer = await office.commands(ANN, f"<@{BOB}> 10 for the bugs you found")

    assert answer.text.startswith("Not sent. At most 20 points to one person per period; Bob has had 15 from you.")
    await office.presses(ANN, answer, "Thank without points")
    assert [(gift.points_each, gift.message) for gift in await office.gifts()] == [(15, RELEASE), (0, "the bugs you found")]
    assert await office.wallets() == {"bob": 15}


async def test_too_few_words_ask_for_a_reason(office: Office):
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> 10 thanks")

    assert (answer.text, answer.buttons) == ("Not sent. Say a little more: at least 10 characters; this has 6.", ["Add a reason"])
    assert await office.record() == before
    await office.presses(ANN, answer, "Add a reason")
    assert await office.submits(ANN, office.form, why="thanks for everything", where=GENERAL) == {"response_action": "clear"}
    assert await office.wallets() == {"bob": 10}


async def test_a_missing_value_is_chosen_from_a_menu(office: Office):
    await office.world.praises("teamwork")
    await office.world.praises("craft")
    await office.world.sets_giving_policy(valueRequirement="VALUE_REQUIRED")
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")

    assert answer.text == "Not sent yet. Choose a company value."
    assert await office.record() == before
    for _ in range(2):
        await office.chooses(ANN, answer, "craft")
    (gift,) = await office.gifts()
    assert gift.message == f"{RELEASE} #craft"
    await office.settle()
    assert "#craft" in words(office.slack.posts(GENERAL)[0])


async def test_a_value_that_is_also_a_channel_counts_as_the_value(office: Office):
    await office.world.praises("teamwork")
    await office.world.sets_giving_policy(valueRequirement="VALUE_REQUIRED")

    for text in (f"<@{BOB}> 10 for {RELEASE} <#C9|teamwork>", f"<@{BOB}> 10 for great <#C9|teamwork> yesterday"):
        assert (await office.commands(ANN, text)).text.startswith("Sent.")

    assert [gift.message for gift in await office.gifts()] == [f"{RELEASE} #teamwork", "great #teamwork yesterday"]
    await office.settle()
    assert "#teamwork" in words(office.slack.posts(GENERAL)[0])


async def test_a_reason_is_kept_and_shown_letter_by_letter(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 10 for <!channel> *x* &amp;lt; `code` and _more_ &lt;@{CEM}&gt;")

    assert answer.text.startswith("Sent.")
    said = f"@channel *x* &lt; `code` and _more_ <@{CEM}>"
    assert [gift.message for gift in await office.gifts()] == [said]
    await office.settle()
    for message in (*office.slack.posts(GENERAL), *office.slack.direct(BOB)):
        (quote,) = [block for block in message["blocks"] if block["type"] == "rich_text"]
        assert quote["elements"][0]["elements"] == [{"type": "text", "text": said}]
        assert "<!channel>" not in message["text"]
        assert f"<@{CEM}>" not in message["text"]
    assert office.slack.direct(CEM) == []


async def test_a_reason_may_speak_of_a_payload(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 10 for the payload= of the payload&amp;payload")

    assert answer.text.startswith("Sent.")
    assert [gift.message for gift in await office.gifts()] == ["the payload= of the payload&payload"]
