"""What happens in Slack without a command: mentions, `++` in messages, edits and deletions, what is said to the app alone."""

import asyncio

from app.recognition import Visibility
from tests.slack_office import ANN, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import BOB, BOT_USER, CEM, DEE, GENERAL, LEADS, ROBOT, STRANGE_TEAM, STRANGER

RELEASE = "helping with the release"
APP = f"<@{BOT_USER}>"
RECEIPT = "Sent. You gave 10 points to Bob. 90 of 100 left until 1 April."


async def test_a_mention_gives_and_answers_in_its_thread(office: Office):
    ts = await office.says(ANN, f"{APP} <@{BOB}> 10 for {RELEASE}", thread="1773000000.000001")
    await office.settle()

    assert await office.wallets() == {"bob": 10}
    (post,) = office.slack.posts(GENERAL)
    assert post["thread_ts"] == "1773000000.000001"
    (receipt,) = office.slack.ephemerals
    assert (receipt["user"], receipt["channel"], receipt["thread_ts"]) == (ANN, GENERAL, "1773000000.000001")
    assert receipt["text"] == RECEIPT
    assert (await office.gifts())[0].visibility is Visibility.PUBLIC
    assert ts.replace(".", "") in office.slack.direct(BOB)[0]["blocks"][2]["elements"][0]["text"]


async def test_the_same_event_four_times_at_once_gives_once(office: Office):
    event = {"type": "app_mention", "user": ANN, "text": f"{APP} <@{BOB}> 10 for {RELEASE}", "ts": "1773144000.000100"}

    answers = await asyncio.gather(
        *(
            office.event({**event, "channel": GENERAL, "event_ts": event["ts"]}, event_id="Ev1", retry=number)
            for number in range(4)
        )
    )
    await office.settle()

    assert [answer.status_code for answer in answers] == [200] * 4
    assert await office.wallets() == {"bob": 10}
    assert (len(office.slack.posts(GENERAL)), len(office.slack.ephemerals), len(office.slack.direct(BOB))) == (1, 1, 1)
    await office.event({**event, "channel": GENERAL, "event_ts": event["ts"]}, event_id="Ev1", retry=3)
    await office.settle(passes=300)
    assert await office.wallets() == {"bob": 10}
    assert (len(office.slack.posts(GENERAL)), len(office.slack.ephemerals), len(office.slack.direct(BOB))) == (1, 1, 1)


async def test_a_refused_mention_is_told_to_its_author_once(office: Office):
    before = await office.record()
    event = {"type": "app_mention", "user": ANN, "text": f"{APP} <@{ANN}> 10 for {RELEASE}", "ts": "1773144000.000100"}

    for number in range(3):
        await office.event({**event, "channel": GENERAL}, event_id="Ev1", retry=number)
    await office.settle()

    assert [one["text"] for one in office.slack.whispers(ANN)] == [
        "Not sent. You can't give kudos to yourself. Nice try, though."
    ]
    assert await office.record() == before
    assert office.slack.posts(GENERAL) == []


async def test_a_mention_asks_before_much_is_sent_and_answers_questions(office: Office):
    await office.says(ANN, f"{APP} <@{BOB}> 60 for {RELEASE}")
    await office.says(ANN, f"{APP} balance")
    await office.says(ANN, f"{APP} what are you?")
    await office.settle()

    asked, balance, lost = office.slack.whispers(ANN, GENERAL)
    assert balance["text"] == "You have 0 points to spend. 100 of 100 left until 1 April to give."
    assert lost["text"].startswith("Not sent. Who do you want to thank?")
    await office.presses(ANN, asked, "Send")
    await office.settle()
    assert await office.wallets() == {"bob": 60}
    assert len(office.slack.posts(GENERAL)) == 1


async def test_a_message_gives_only_where_that_is_switched_on(office: Office):
    before = await office.record()
    await office.says(ANN, f"<@{BOB}> ++ for {RELEASE}")
    await office.settle()
    assert await office.record() == before
    assert office.slack.calls == []

    await office.sets(messages=True)
    ts = await office.says(ANN, f"thanks <@{BOB}> ++ for {RELEASE}")
    await office.settle()

    assert await office.wallets() == {"bob": 10}
    (post,) = office.slack.posts(GENERAL)
    assert post["thread_ts"] == ts
    assert office.slack.channels[GENERAL].messages[ts]["reactions"] == ["white_check_mark"]
    assert [one["text"] for one in office.slack.whispers(ANN)] == [RECEIPT]


async def test_talk_gives_nothing_and_gets_no_answer(office: Office):
    await office.sets(messages=True)
    before = await office.record()

    for text in (
        f"<@{BOB}> did 10 things",
        f"`<@{BOB}> ++` gives points",
        f"&gt; <@{BOB}> ++ for {RELEASE}",
        f"<@{BOB}> ++?",
        f"c++ <@{BOB}>",
        f"<@{BOB}> +10% more",
    ):
        await office.says(ANN, text)
    quoted = {
        "type": "rich_text_quote",
        "elements": [{"type": "user", "user_id": BOB}, {"type": "text", "text": " ++ great work"}],
    }
    await office.says(ANN, f"<@{BOB}> ++ great work", blocks=[{"type": "rich_text", "elements": [quoted]}])
    await office.says(ANN, f"<@{BOB}> ++ for {RELEASE}", bot_id="B0OTHER", subtype="bot_message")
    await office.says(ROBOT, f"<@{BOB}> ++ for {RELEASE}")
    await office.says(STRANGER, f"<@{BOB}> ++ for {RELEASE}", user_team=STRANGE_TEAM)
    await office.settle()

    after = await office.record()
    assert {name for name in after if after[name] != before[name]} <= {"slack_person"}
    assert (await office.gifts(), office.slack.posts(GENERAL), office.slack.ephemerals) == ([], [], [])


async def test_what_is_explicit_and_refused_is_told(office: Office):
    await office.sets(messages=True)
    before = await office.record()

    await office.says(ANN, f"<@{ANN}> ++ for {RELEASE}")
    await office.says(ANN, "<!here> ++ for everything")
    await office.settle()

    assert [one["text"] for one in office.slack.whispers(ANN, GENERAL)] == [
        "Not sent. You can't give kudos to yourself. Nice try, though.",
        "Not sent. Kudos go to people, so @here and @channel don't work.",
    ]
    assert await office.record() == before


async def test_points_edited_in_later_give_nothing(office: Office):
    await office.sets(messages=True)
    ts = await office.says(ANN, f"thanks <@{BOB}> for {RELEASE}")
    mention = await office.says(ANN, f"{APP} help")
    before = await office.record()

    await office.edits(ANN, ts, "thanks", f"thanks <@{BOB}> ++ for {RELEASE}")
    await office.edits(ANN, mention, f"{APP} help", f"{APP} <@{BOB}> 10 for {RELEASE}")
    await office.settle()

    assert await office.record() == before
    assert (await office.gifts(), office.slack.posts(GENERAL)) == ([], [])


async def test_whoever_edits_a_message_that_gave_is_told_once(office: Office):
    await office.sets(messages=True)
    said = f"<@{BOB}> ++ for {RELEASE}"
    ts = await office.says(ANN, said)
    await office.settle()

    for number in (20, 30):
        await office.edits(ANN, ts, said, f"<@{BOB}> +{number} for {RELEASE}")
    await office.settle()

    assert [one["text"] for one in office.slack.whispers(ANN)] == [
        RECEIPT,
        "Editing doesn't change what was given. To change it, undo it and give again.",
    ]
    assert await office.wallets() == {"bob": 10}


async def test_deleting_a_message_takes_back_what_it_gave(office: Office):
    await office.sets(messages=True)
    ts = await office.says(ANN, f"<@{BOB}> ++ for {RELEASE}")
    other = await office.says(ANN, f"<@{CEM}> ++ for {RELEASE}")
    await office.settle()

    await office.deletes(ANN, ts)
    await office.deletes(ANN, ts)  # told again
    await office.settle()

    assert await office.wallets() == {"cem": 10}
    assert [post["thread_ts"] for post in office.slack.posts(GENERAL)] == [other]
    assert [one["text"] for one in office.slack.direct(BOB)] == ["Ann took back the 10 points. Your balance is 0."]
    assert len(await office.world.told("recognition.revoked")) == 1


async def test_deleting_a_message_too_late_takes_nothing_back_and_says_so(office: Office):
    await office.sets(messages=True)
    ts = await office.says(ANN, f"<@{BOB}> ++ for {RELEASE}")
    await office.settle()
    office.world.passes(hours=24, minutes=1)
    before = await office.record()

    for _ in range(2):
        await office.deletes(ANN, ts)
    await office.settle()

    assert await office.record() == before
    assert [one["text"] for one in office.slack.whispers(ANN)][1:] == [
        ":no_entry: Not taken back. The time to take this back is over. Ask an admin."
    ]
    assert len(office.slack.posts(GENERAL)) == 1


async def test_what_is_said_to_the_app_alone_is_read_like_a_command(office: Office):
    await office.says(ANN, f"<@{BOB}> 10 for {RELEASE}", channel="D00000ANN")
    await office.settle()
    await office.says(ANN, "balance", channel="D00000ANN")
    await office.settle()

    (gift,) = await office.gifts()
    assert gift.visibility is Visibility.PRIVATE
    assert [one["text"] for one in office.slack.direct(ANN)] == [
        f"{RECEIPT} This one is private.",
        "You have 0 points to spend. 90 of 100 left until 1 April to give.",
    ]
    assert office.slack.ephemerals == office.slack.posts(GENERAL) == []
    assert len(office.slack.direct(BOB)) == 1


async def test_a_message_in_a_private_channel_stays_there(office: Office):
    await office.sets(messages=True, feed_channel=GENERAL)

    await office.says(ANN, f"<@{BOB}> ++ for {RELEASE}", channel=LEADS)
    await office.says(ANN, f"{APP} <@{CEM}> 10 for {RELEASE}", channel=LEADS)
    await office.settle()

    assert [gift.visibility for gift in await office.gifts()] == [Visibility.PRIVATE] * 2
    assert len(office.slack.posts(LEADS)) == 2
    assert office.slack.posts(GENERAL) == []


async def test_events_that_nobody_asked_for_are_let_go(office: Office):
    before = await office.record()

    for event in (
        {"type": "channel_created", "channel": {"id": "C0NEW", "name": "new"}},
        {"type": "message", "subtype": "channel_join", "user": BOB, "channel": GENERAL, "channel_type": "channel", "ts": "1.1"},
        {"type": "reaction_added", "user": ANN, "reaction": "taco", "item": {"type": "file", "file": "F1"}},
        {"type": "reaction_added", "user": ANN, "reaction": "eyes", "item": {"type": "message", "channel": GENERAL, "ts": "1.1"}},
        {"type": "message", "channel": GENERAL, "channel_type": "channel", "ts": "1.2"},
    ):
        assert (await office.event({**event, "event_ts": "1773144000.000001"})).status_code == 200

    await office.settle()
    assert await office.record() == before
    assert office.slack.calls == []


async def test_a_workspace_that_is_not_installed_is_told_so(office: Office):
    team_id = "T0UNKNOWN1"
    before = await office.record()

    command = await office.commands(DEE, f"<@{BOB}> 10 for {RELEASE}", team_id=team_id)
    mention = {"type": "app_mention", "user": ANN, "text": f"{APP} <@{BOB}> 10 for {RELEASE}", "channel": GENERAL, "ts": "1.1"}
    event = await office.event(mention, team_id=team_id, authorizations=[{"enterprise_id": None, "team_id": team_id}])
    team, actions = {"id": team_id, "domain": "other"}, [{"type": "button", "action_id": "give_open", "block_id": "b"}]
    press = await office.post.interact(office.app, "block_actions", ANN, trigger_id=None, team=team, actions=actions)

    assert (command.status, command.text) == (
        200,
        "Plaudit is not installed here. Ask an admin of this workspace to install it.",
    )
    assert (event.status_code, event.content, press.status_code) == (200, b"", 200)
    await office.settle()
    assert await office.record() == before
    assert office.slack.calls == []
