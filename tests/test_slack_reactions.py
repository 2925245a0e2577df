"""The give emoji on a message: points for its author, once for each who reacts, taken back with the emoji."""

import asyncio

from app.recognition import Visibility
from tests.slack_office import ANN, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import BOB, BOT_USER, CEM, DEE, GENERAL, GUEST, LEADS, ROBOT, STRANGER

RELEASE = "helping with the release"


async def test_a_reaction_gives_to_the_author_without_a_post(office: Office):
    ts = await office.says(BOB, "The release is out")

    await office.reacts(ANN, ts, by=BOB)
    await office.settle()

    (gift,) = await office.gifts()
    link = f"https://acorn.slack.com/archives/{GENERAL}/p{ts.replace('.', '')}"
    assert (gift.points_each, gift.message, gift.visibility) == (1, f"for this message {link}", Visibility.PUBLIC)
    assert await office.wallets() == {"bob": 1}
    assert office.slack.posts(GENERAL) == []
    assert office.slack.channels[GENERAL].messages[ts]["reactions"] == ["white_check_mark"]
    assert [one["text"] for one in office.slack.whispers(ANN)] == ["Sent. You gave 1 point to Bob. 99 of 100 left until 1 April."]


async def test_the_same_reaction_four_times_at_once_gives_once(office: Office):
    ts = await office.says(BOB, "The release is out")
    at = office.moment()

    await asyncio.gather(*(office.reacts(ANN, ts, by=BOB, at=at, event_id="Ev7", retry=number) for number in range(4)))

    assert await office.wallets() == {"bob": 1}
    assert len(await office.gifts()) == 1


async def test_added_removed_and_added_again_gives_once_in_the_end(office: Office):
    ts = await office.says(BOB, "The release is out")

    await office.reacts(ANN, ts, by=BOB)
    await office.unreacts(ANN, ts, by=BOB)
    await office.settle()
    assert await office.wallets() == {}
    assert office.slack.channels[GENERAL].messages[ts]["reactions"] == []
    await office.reacts(ANN, ts, by=BOB)
    await office.settle()

    assert await office.wallets() == {"bob": 1}
    assert office.slack.channels[GENERAL].messages[ts]["reactions"] == ["white_check_mark"]
    assert (await office.world.ann.allowance())["remaining"] == 99


async def test_what_comes_out_of_order_ends_as_slack_saw_it(office: Office):
    ts = await office.says(BOB, "The release is out")
    first, second, third = office.moment(), office.moment(), office.moment()

    await office.unreacts(ANN, ts, by=BOB, at=second)
    await office.reacts(ANN, ts, by=BOB, at=first)  # late
    assert await office.wallets() == {}
    await office.reacts(ANN, ts, by=BOB, at=third)
    await office.unreacts(ANN, ts, by=BOB, at=second)  # late, and again
    await office.reacts(ANN, ts, by=BOB, at=third)  # again

    assert await office.wallets() == {"bob": 1}
    assert len(await office.world.told("recognition.given")) == 1


async def test_a_removal_that_is_sent_again_takes_back_no_later_gift(office: Office):
    ts = await office.says(BOB, "The release is out")
    added, removed, again = office.moment(), office.moment(), office.moment()
    await office.reacts(ANN, ts, by=BOB, at=added)
    await office.unreacts(ANN, ts, by=BOB, at=removed)
    await office.reacts(ANN, ts, by=BOB, at=again)

    await office.unreacts(ANN, ts, by=BOB, at=removed)
    await office.reacts(ANN, ts, by=BOB, at=added)

    assert await office.wallets() == {"bob": 1}
    assert len(await office.gifts()) == 1


async def test_every_name_and_shade_of_the_emoji_is_the_same_one(office: Office):
    office.slack.emoji = {"merci": "alias:thumbsup", "parrot": "https://emoji.example/parrot.gif"}
    await office.sets(emoji=":thumbsup:")
    await office.door.rounds.again(office.world.organization_id)
    await office.door.rounds.go()
    ts = await office.says(BOB, "The release is out")

    for emoji in ("+1", "thumbsup", "+1::skin-tone-4", "thumbsup::skin-tone-2", "merci", "parrot", "taco"):
        await office.reacts(ANN, ts, by=BOB, emoji=emoji)

    assert await office.wallets() == {"bob": 1}
    other = await office.says(BOB, "And the next one")
    await office.reacts(CEM, other, by=BOB, emoji="merci")
    assert await office.wallets() == {"bob": 2}


async def test_two_people_react_on_one_message_and_one_takes_it_off(office: Office):
    ts = await office.says(BOB, "The release is out")

    await asyncio.gather(office.reacts(ANN, ts, by=BOB), office.reacts(CEM, ts, by=BOB))
    await office.settle()
    assert await office.wallets() == {"bob": 2}
    await office.unreacts(CEM, ts, by=BOB)
    await office.settle()

    assert await office.wallets() == {"bob": 1}
    assert office.slack.channels[GENERAL].messages[ts]["reactions"] == ["white_check_mark"]
    await office.unreacts(ANN, ts, by=BOB)
    await office.settle()
    assert office.slack.channels[GENERAL].messages[ts]["reactions"] == []


async def test_a_reaction_on_a_post_of_ours_adds_to_the_same_people(office: Office):
    await office.commands(ANN, f"<@{BOB}> <@{DEE}> 10 for {RELEASE}")
    await office.settle()
    (post,) = office.slack.posts(GENERAL)

    await office.reacts(CEM, post["ts"], by=BOT_USER)
    await office.settle()

    assert await office.wallets() == {"bob": 11, "dee": 11}
    assert "+2 points added by 1 person" in str(office.slack.posts(GENERAL)[0]["blocks"])
    assert office.slack.whispers(CEM)[0]["text"].startswith(":white_check_mark: Added 1 point each to what <@U000000ANN> gave.")
    await office.unreacts(CEM, post["ts"], by=BOT_USER)
    await office.settle()
    assert await office.wallets() == {"bob": 10, "dee": 10}
    assert "added by" not in str(office.slack.posts(GENERAL)[0]["blocks"])


async def test_the_giver_cannot_add_to_its_own(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    (post,) = office.slack.posts(GENERAL)
    before = await office.record()

    await office.reacts(ANN, post["ts"], by=BOT_USER)
    await office.settle()

    assert [one["text"] for one in office.slack.whispers(ANN)] == [
        "Not sent. Nobody boosts their own recognition. Give again instead."
    ]
    assert await office.record() == before


async def test_receipts_for_reactions_are_shown_three_times(office: Office):
    for number in range(5):
        ts = await office.says(BOB, f"Message {number}")
        await office.reacts(ANN, ts, by=BOB)
        await office.settle()

    assert await office.wallets() == {"bob": 5}
    assert len(office.slack.whispers(ANN)) == 3


async def test_reactions_that_cannot_give_change_nothing(office: Office):
    mine = await office.says(ANN, "My own words")
    theirs = await office.says(BOB, "The release is out")
    robots = await office.says(ROBOT, "Deployed")
    await office.reacts(STRANGER, theirs, by=BOB)  # seen for the first time
    before = await office.record()

    await office.reacts(ANN, mine, by=ANN)
    await office.reacts(ANN, robots, by=ROBOT)
    await office.reacts(ROBOT, theirs, by=BOB)
    await office.reacts(STRANGER, theirs, by=BOB)
    await office.reacts(ANN, theirs, by="")
    await office.settle()

    assert await office.record() == before
    assert [one["text"] for one in office.slack.ephemerals] == [
        "Not sent. Nobody gives to themselves. Choose someone else.",
        f"Not sent. <@{ROBOT}> can't receive points: it's an app.",
    ]


async def test_a_guest_who_reacts_gives_nothing(office: Office):
    ts = await office.says(BOB, "The release is out")
    before = await office.record()

    await office.reacts(GUEST, ts, by=BOB)
    await office.settle()

    assert await office.record() == before
    assert await office.gifts() == []


async def test_reactions_switched_off_give_nothing_and_are_not_answered(office: Office):
    await office.sets(reactions=False)
    ts = await office.says(BOB, "The release is out")
    before = await office.record()

    await office.reacts(ANN, ts, by=BOB)
    await office.settle()

    assert await office.record() == before
    assert office.slack.calls == []


async def test_a_reaction_given_before_it_was_switched_off_can_still_be_taken_off(office: Office):
    ts = await office.says(BOB, "The release is out")
    await office.reacts(ANN, ts, by=BOB)
    await office.sets(reactions=False)

    await office.unreacts(ANN, ts, by=BOB)

    assert await office.wallets() == {}


async def test_a_value_that_is_required_refuses_a_reaction_in_words(office: Office):
    await office.world.praises("teamwork")
    await office.world.sets_giving_policy(valueRequirement="VALUE_REQUIRED")
    ts = await office.says(BOB, "The release is out")
    before = await office.record()

    await office.reacts(ANN, ts, by=BOB)
    await office.settle()

    assert await office.record() == before
    (told,) = office.slack.whispers(ANN)
    assert told["text"].startswith("Not sent. Say which company value this is for")


async def test_a_reaction_in_a_private_channel_is_private(office: Office):
    await office.sets(feed_channel=GENERAL)
    ts = await office.says(BOB, "Between us", channel=LEADS)

    await office.reacts(ANN, ts, by=BOB, channel=LEADS)
    await office.settle()

    assert [gift.visibility for gift in await office.gifts()] == [Visibility.PRIVATE]
    assert office.slack.posts(GENERAL) == office.slack.posts(LEADS) == []


async def test_too_late_a_removal_is_told_and_takes_nothing(office: Office):
    ts = await office.says(BOB, "The release is out")
    await office.reacts(ANN, ts, by=BOB)
    office.world.passes(hours=25)
    before = await office.wallets()

    await office.unreacts(ANN, ts, by=BOB)
    await office.settle()

    assert await office.wallets() == before == {"bob": 1}
    assert ":no_entry: Not taken back. The time to take this back is over. Ask an admin." in [
        one["text"] for one in office.slack.whispers(ANN)
    ]
