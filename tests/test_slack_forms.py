"""Forms and buttons: giving by the form, adding points, saying thanks, notifications; what is wrong is said beside it."""

import asyncio
from typing import Any

from app.organization import MemberStatus
from app.recognition import Visibility
from tests.played_slack import Json, buttons, words
from tests.slack_office import ADA, ANN, Office, connected_office, filled  # noqa: F401 (fixture)
from tests.stand_in import BOB, BOT_USER, CEM, DEE, GENERAL, GUEST, KUDOS, LEADS, ROBOT, STRANGER

RELEASE = "helping with the release"
CLEAR = {"response_action": "clear"}


def fields(view: Json) -> dict[str, Json]:
    """What a form asks for, by block."""
    return {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}


async def opens(office: Office, who: str = ANN) -> Json:
    """`/kudos` alone."""
    answer = await office.commands(who)
    assert (answer.status, answer.body) == (200, {})
    return office.form


async def test_the_command_alone_opens_the_form_with_one_call(office: Office):
    form = await opens(office)

    assert [call.method for call in office.slack.calls] == ["views.open"]
    assert list(fields(form)) == ["to", "amount", "why", "where"]
    assert "You have *100 points* left to give until" in words(form)
    assert (fields(form)["amount"]["initial_value"], fields(form)["amount"]["max_value"]) == ("10", "100")
    assert fields(form)["why"]["min_length"] == 10


async def test_the_form_gives_once_however_often_it_is_sent(office: Office):
    form = await opens(office)
    values: dict[str, Any] = {"to": [BOB, CEM], "amount": 60 - 20, "why": RELEASE, "where": KUDOS}

    answers = await asyncio.gather(*(office.submits(ANN, form, **values) for _ in range(2)))
    await office.settle()

    assert answers == [CLEAR, CLEAR]
    assert await office.wallets() == {"bob": 40, "cem": 40}
    assert [post["text"].partition(": ")[2] for post in office.slack.posts(KUDOS)] == [RELEASE]
    assert office.slack.posts(GENERAL) == []
    assert office.slack.whispers(ANN)[0]["text"].startswith("Sent. You gave 80 points (40 each) to 2 people.")


async def test_a_form_that_posts_nowhere_tells_only_whom_it_thanks(office: Office):
    await office.sets(feed_channel=KUDOS)
    form = await opens(office)

    assert await office.submits(ANN, form, to=[BOB], why=RELEASE, where=None) == CLEAR
    await office.settle()

    assert [gift.visibility for gift in await office.gifts()] == [Visibility.PRIVATE]
    assert office.slack.posts(KUDOS) == office.slack.posts(GENERAL) == []
    assert len(office.slack.direct(BOB)) == 1


async def test_a_form_that_posts_in_a_private_channel_gives_privately(office: Office):
    await office.sets(feed_channel=KUDOS)
    form = await opens(office)

    assert await office.submits(ANN, form, to=[BOB], why=RELEASE, where=LEADS) == CLEAR
    await office.settle()

    assert [gift.visibility for gift in await office.gifts()] == [Visibility.PRIVATE]
    assert (len(office.slack.posts(LEADS)), office.slack.posts(KUDOS)) == (1, [])


async def test_what_is_wrong_is_said_beside_it_and_nothing_changes(office: Office):
    await office.world.praises("teamwork")
    await office.world.sets_giving_policy(valueRequirement="VALUE_REQUIRED", limits={"maxRecipients": 2})
    form = await opens(office)
    for user_id in (ROBOT, STRANGER):
        await office.submits(ANN, form, to=[user_id], why=RELEASE, where=GENERAL)
    before = await office.record()
    good: dict[str, Any] = {"to": [BOB], "amount": 10, "why": RELEASE, "value": "teamwork", "where": GENERAL}

    for changed, block in (
        ({"to": [ANN]}, "to"),
        ({"to": [GUEST]}, "to"),
        ({"to": [ROBOT]}, "to"),
        ({"to": [STRANGER]}, "to"),
        ({"to": [BOB, CEM, DEE]}, "to"),
        ({"amount": 101}, "amount"),
        ({"why": "thanks"}, "why"),
        ({"value": None}, "value"),
    ):
        said = await office.submits(ANN, form, **{**good, **changed})
        assert (said["response_action"], list(said["errors"])) == ("errors", [block]), changed
        assert block in fields(form)

    await office.settle()
    assert await office.record() == before
    assert office.slack.posts(GENERAL) == []
    assert await office.submits(ANN, form, **good) == CLEAR


async def test_a_recipient_who_leaves_while_the_form_is_open(office: Office):
    form = await opens(office)
    await office.event({"type": "user_change", "user": office.slack.users[BOB] | {"deleted": True}})
    before = await office.record()

    said = await office.submits(ANN, form, to=[BOB], why=RELEASE, where=GENERAL)

    assert (said["response_action"], list(said["errors"])) == ("errors", ["to"])
    assert "the account is deactivated" in said["errors"]["to"]
    assert "<@" not in said["errors"]["to"]  # Slack shows an error of a form letter by letter.
    assert await office.record() == before


async def test_points_spent_elsewhere_while_the_form_is_open(office: Office):
    form = await opens(office)
    await office.world.ann.gives(to=[office.world.cem], points=95)
    before = await office.record()

    said = await office.submits(ANN, form, to=[BOB], amount=10, why=RELEASE, where=GENERAL)

    assert (said["response_action"], list(said["errors"])) == ("errors", ["amount"])
    assert "5 are left" in said["errors"]["amount"]
    assert await office.record() == before


async def test_whoever_may_not_give_is_told_instead_of_shown_a_form(office: Office):
    await office.commands(GUEST)
    await office.settle()

    assert office.slack.views == []
    (told,) = office.slack.whispers(GUEST)
    assert told["text"].startswith("You aren't set up to give at the moment. Ask an admin: ")
    assert f"<@{ADA}>" in told["text"]


async def test_a_trigger_that_came_too_late_is_said_in_words(office: Office):
    trigger = office.slack.trigger()
    office.world.passes(seconds=5)

    answer = await office.commands(ANN, trigger_id=trigger)

    assert answer.status == 200
    assert answer.text == "Slack didn't open the form. Please try again."
    assert office.slack.views == []


async def test_the_shortcut_on_a_message_names_its_author_and_keeps_the_link(office: Office):
    ts = await office.says(BOB, "The release is <https://acorn.example|out> &amp; fine")
    await office.chooses_shortcut(ANN, {"channel_id": GENERAL, **office.slack.channels[GENERAL].messages[ts]})

    form = office.form
    assert fields(form)["to"]["initial_users"] == [BOB]
    assert "The release is out (https://acorn.example) & fine" in words(form)
    assert await office.submits(ANN, form, why=RELEASE, where=GENERAL) == CLEAR
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    assert post["thread_ts"] == ts
    assert f"https://acorn.slack.com/archives/{GENERAL}/p{ts.replace('.', '')}" in words(office.slack.direct(BOB)[0])


async def test_the_shortcut_on_ones_own_message_names_nobody(office: Office):
    ts = await office.says(ANN, "I did it all")

    await office.chooses_shortcut(ANN, {"channel_id": GENERAL, **office.slack.channels[GENERAL].messages[ts]})

    assert "initial_users" not in fields(office.form)["to"]


async def test_adding_points_to_what_somebody_else_gave(office: Office):
    await office.commands(ANN, f"<@{BOB}> <@{DEE}> 10 for {RELEASE}")
    await office.settle()
    (post,) = office.slack.posts(GENERAL)

    await office.presses(CEM, post, "Add points")
    form = office.form
    answers = await asyncio.gather(*(office.submits(CEM, form, amount=5) for _ in range(2)))
    await office.settle()

    assert answers == [CLEAR, CLEAR]
    assert await office.wallets() == {"bob": 15, "dee": 15}
    assert "+10 points added by 1 person" in words(office.slack.posts(GENERAL)[0])
    assert "Added 5 points" in office.slack.whispers(CEM)[0]["text"]
    assert len(office.slack.direct(BOB)) == 2


async def test_adding_points_is_refused_beside_the_number(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    await office.presses(ANN, post, "Add points")
    await office.presses(CEM, post, "Add points")
    own, other = office.slack.views
    before = await office.record()

    refused = [await office.submits(ANN, own, amount=5), await office.submits(CEM, other, amount=101)]

    assert [list(said["errors"]) for said in refused] == [["amount"], ["amount"]]
    assert await office.record() == before


async def test_nothing_is_added_to_what_was_taken_back(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    await office.presses(CEM, post, "Add points")
    await office.presses(ANN, answer, "Undo")
    before = await office.record()

    said = await office.submits(CEM, office.form, amount=5)
    await office.presses(DEE, post, "Add points")
    await office.settle()

    assert list(said["errors"]) == ["amount"]
    assert office.slack.whispers(DEE)[0]["text"] == "This can't be added to any more."
    assert await office.record() == before


async def test_saying_thanks_tells_the_giver_once(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    (told,) = office.slack.direct(BOB)

    for _ in range(2):
        await office.presses(BOB, told, "Say thanks", channel_id="D000000BOB")
    await office.settle()

    (thanked,) = office.slack.direct(ANN)
    assert thanked["text"].startswith("Bob")
    assert "Thank you!" in words(thanked)
    (told,) = office.slack.direct(BOB)
    assert ("Say thanks" in buttons(told), "You said thanks." in words(told)) == (False, True)
    assert len(await office.world.told("recognition.commented")) == 1


async def test_whoever_wants_to_be_told_nothing_is_told_nothing(office: Office):
    await office.event({"type": "app_home_opened", "user": BOB, "channel": "D000000BOB", "tab": "home"})
    await office.settle()
    await office.presses(BOB, office.slack.homes[BOB], "Notifications")
    assert fields(office.form)["dm"]["initial_option"]["value"] == "ALWAYS"
    assert await office.submits(BOB, office.form, dm="NEVER") == CLEAR

    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()

    assert office.slack.direct(BOB) == []
    assert len(office.slack.posts(GENERAL)) == 1
    await office.presses(BOB, office.slack.homes[BOB], "Notifications")
    assert fields(office.form)["dm"]["initial_option"]["value"] == "NEVER"
    await office.submits(BOB, office.form, dm="ALWAYS")
    await office.commands(ANN, f"<@{BOB}> 10 for something else entirely")
    await office.settle()
    assert len(office.slack.direct(BOB)) == 1


async def test_what_is_pressed_by_strangers_and_what_nobody_knows_changes_nothing(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    await office.presses(STRANGER, post, "Add points")
    before, views = await office.record(), len(office.slack.views)

    await office.presses(STRANGER, answer, "Undo")
    await office.post.click(office.app, "of_a_version_before", user_id=ANN, value="1")
    await office.settle()

    assert await office.record() == before
    assert len(office.slack.views) == views == 0
    assert filled(post, {}) == {}
    assert (await office.member(BOB)).status is MemberStatus.ACTIVE  # type: ignore[union-attr]
    assert BOT_USER not in office.slack.homes
