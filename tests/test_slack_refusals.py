"""Who cannot be thanked in Slack, who cannot give, and how that is said: nothing is sent, and nothing changes."""

from app.organization import MemberStatus, ParticipationMode
from tests.slack_office import ADA, ANN, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import BOB, BOT_USER, CEM, DEE, GENERAL, GROUP, GUEST, INVITED, LEFT, ROBOT, STRANGE_TEAM, STRANGER

RELEASE = "helping with the release"


async def test_whoever_is_no_member_cannot_be_thanked(office: Office):
    kinds = {
        ROBOT: "it's an app",
        BOT_USER: "it's an app",
        "USLACKBOT": "it's an app",
        STRANGER: "they're from another company",
        LEFT: "the account is deactivated",
        "U0NOBODY": "Slack didn't say who that is; try again in a minute",
    }
    for user_id in kinds:  # what they are is asked once, and kept
        await office.commands(ANN, f"<@{user_id}> 0 for {RELEASE}")
    before = await office.record()

    for user_id, why in kinds.items():
        for text in (f"<@{user_id}> 10 for {RELEASE}", f"<@{BOB}> <@{user_id}> 0 for {RELEASE}"):
            assert (await office.commands(ANN, text)).text == f"Not sent. <@{user_id}> can't receive points: {why}."

    await office.settle()
    assert await office.record() == before
    assert (office.slack.posts(GENERAL), await office.gifts()) == ([], [])


async def test_nobody_thanks_themselves(office: Office):
    before = await office.record()

    alone = await office.commands(ANN, f"<@{ANN}> 10 for {RELEASE}")
    among = await office.commands(ANN, f"<@{BOB}> <@{ANN}> 10 for {RELEASE}")

    assert alone.text == among.text == "Not sent. You can't give kudos to yourself. Nice try, though."
    assert await office.record() == before


async def test_guests_neither_give_nor_receive_until_an_admin_says_so(office: Office):
    before = await office.record()

    received = await office.commands(ANN, f"<@{GUEST}> 10 for {RELEASE}")
    gave = await office.commands(GUEST, f"<@{BOB}> 10 for {RELEASE}")

    assert received.text.startswith("Not sent. Gina Guest does not take part in receiving.")
    assert gave.text.startswith("Not sent. The participation mode OBSERVER does not give. An admin can change it.")
    assert f"<@{ADA}>" in gave.words
    assert await office.record() == before
    await office.sets_mode(GUEST, ParticipationMode.NORMAL)
    assert (await office.commands(GUEST, f"<@{BOB}> 10 for {RELEASE}")).text.startswith("Sent.")
    assert (await office.commands(ANN, f"<@{GUEST}> 10 for {RELEASE}")).text.startswith("Sent.")


async def test_whoever_was_invited_may_receive_and_is_active_once_they_speak(office: Office):
    assert (await office.commands(ANN, f"<@{INVITED}> 10 for {RELEASE}")).text.startswith("Sent.")
    ivan = await office.member(INVITED)
    assert ivan is not None
    assert ivan.status is MemberStatus.INVITED

    assert (await office.commands(INVITED, f"<@{BOB}> 10 for {RELEASE}")).text.startswith("Sent.")

    ivan = await office.member(INVITED)
    assert ivan is not None
    assert ivan.status is MemberStatus.ACTIVE


async def test_whoever_is_no_member_gets_an_answer_and_nothing_else(office: Office):
    before = await office.record()

    answers = [
        await office.commands(STRANGER, f"<@{BOB}> 10 for {RELEASE}", user_team=STRANGE_TEAM),
        await office.commands(LEFT, f"<@{BOB}> 10 for {RELEASE}"),
        await office.commands(ROBOT, "balance"),
    ]

    assert {answer.text for answer in answers} == {"This account can't take part here. Ask an admin."}
    after = await office.record()
    assert {name for name in after if after[name] != before[name]} <= {"slack_person"}
    assert await office.gifts() == []


async def test_whoever_was_deactivated_here_cannot_give_although_slack_still_has_them(office: Office):
    await office.world.deactivates(office.world.bob)
    before = await office.record()

    gave = await office.commands(BOB, f"<@{ANN}> 10 for {RELEASE}")
    received = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")

    assert gave.text == "This account can't take part here. Ask an admin."
    assert received.text == "Not sent. Bob has left and cannot receive."
    assert await office.record() == before


async def test_while_giving_is_paused_admins_are_named(office: Office):
    await office.world.sets_giving_policy(givingPaused=True)
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")

    assert answer.text.startswith("Not sent. Giving is paused in your organization.")
    assert f"<@{ADA}>" in answer.words
    assert answer.buttons == []
    assert await office.record() == before


async def test_what_cannot_be_read_is_answered_with_how_to_write_it(office: Office):
    before = await office.record()
    answers = {
        "10 for helping": "Who do you want to thank? Try `/kudos @name 10 for helping with the release`.",
        "@bob 10 for helping": "I can't tell who “@bob” is. Pick the name from the list that Slack shows as you type.",
        "<!channel> 10 for helping": "Kudos go to people, so @here and @channel don't work.",
        f"<@{BOB}> 1.5 for helping": "“1.5” isn't an amount I know. Use a whole number; 0 is plain thanks.",
        f"<@{BOB}> -5 for helping": "“-5” isn't an amount I know. Use a whole number; 0 is plain thanks.",
    }

    for text, said in answers.items():
        answer = await office.commands(ANN, text)
        assert (answer.text, answer.buttons) == (f"Not sent. {said}", ["Open the form"])
        assert await office.record() == before
        await office.presses(ANN, answer, "Open the form")
        assert office.form["callback_id"] == "give"


async def test_groups_are_thanked_only_where_that_is_switched_on(office: Office):
    before = await office.record()

    answer = await office.commands(ANN, f"<!subteam^{GROUP}|@design> 10 for {RELEASE}")

    assert answer.text == (
        "Not sent. Thanking a whole group is switched off here. Name the people, or ask an admin to switch it on."
    )
    assert await office.record() == before


async def test_a_group_is_asked_about_and_whoever_was_left_out_is_named(office: Office):
    await office.sets(groups=True)
    await office.world.sets_mode(office.world.dee, "OBSERVER")

    answer = await office.commands(BOB, f"<!subteam^{GROUP}|@design> 10 for {RELEASE}")

    assert answer.text == "Please check before it is sent: 10 points each to everyone in design, 10 points in all."
    await office.presses(BOB, answer, "Send")
    await office.settle()
    (receipt,) = office.slack.responses
    assert receipt["text"] == "Sent. You gave 10 points to Cem. 90 of 100 left until 1 April. Left out: Dee."
    assert await office.wallets() == {"cem": 10}
    assert len(office.slack.posts(GENERAL)) == 1


async def test_an_unknown_group_is_not_thanked(office: Office):
    await office.sets(groups=True)
    before = await office.record()

    answer = await office.commands(ANN, f"<!subteam^S0UNKNOWN> 10 for {RELEASE}")

    assert answer.text == "Not sent. This group is not known here yet. Name the people instead."
    assert await office.record() == before


async def test_undo_takes_back_the_last_one(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.commands(ANN, f"<@{CEM}> 20 for {RELEASE}")
    await office.settle()

    answer = await office.commands(ANN, "undo")

    assert answer.text == f"Taken back: what you gave <@{CEM}>. You have 90 of 100 left until 1 April."
    assert await office.wallets() == {"bob": 10}
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    assert "<@U000000BOB>" in post["blocks"][0]["text"]["text"]
    (told,) = office.slack.direct(CEM)
    assert told["text"] == "Ann took back the 20 points. Your balance is 0."


async def test_what_was_spent_cannot_be_taken_back(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    await office.world.owner.adjusts(office.world.bob, -4)
    before = await office.record()

    await office.presses(ANN, answer, "Undo")
    await office.settle()

    (said,) = office.slack.responses
    assert said["text"] == (
        ":no_entry: Not taken back. The points have been spent in part, so this cannot be taken back. An admin can force it."
    )
    assert await office.record() == before
    assert len(office.slack.posts(GENERAL)) == 1


async def test_a_day_later_only_an_admin_takes_back(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    office.world.passes(hours=24, minutes=1)
    before = await office.record()

    await office.presses(ANN, answer, "Undo")
    await office.chooses(CEM, post, "undo")
    await office.settle()
    assert await office.record() == before
    assert "The time to take this back is over. Ask an admin." in office.slack.responses[0]["text"]
    assert "Only the giver, or an admin, takes this back." in office.slack.whispers(CEM)[0]["text"]

    await office.chooses(ADA, post, "undo")
    await office.settle()
    assert await office.wallets() == {}
    assert office.slack.posts(GENERAL) == []


async def test_undo_pressed_twice_takes_back_once_and_says_the_same(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")

    for _ in range(2):
        await office.presses(ANN, answer, "Undo")
    await office.settle()

    said = f"Taken back: what you gave <@{BOB}>. You have 100 of 100 left until 1 April."
    assert [one["text"] for one in office.slack.responses] == [said, said]
    assert await office.wallets() == {}
    assert len(await office.world.told("recognition.revoked")) == 1


async def test_nobody_named_twice_counts_twice(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> <@{BOB}|b> <@{DEE}> 10 for {RELEASE}")

    assert answer.text.startswith("Sent. You gave 20 points (10 each) to 2 people.")
    assert await office.wallets() == {"bob": 10, "dee": 10}
