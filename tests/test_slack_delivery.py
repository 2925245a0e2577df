"""What Slack is told afterwards: each thing once and in order, however Slack stumbles; what is given up is seen and replayed."""

import asyncio
from typing import Any

from integrations.slack.api import Away, Denied, Disconnected
from integrations.slack.models import SlackDelivery
from integrations.slack.sender import DENIED_MAX
from tests.played_slack import limited, words
from tests.slack_office import ANN, CORE_SCOPES, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import BOB, BOT_TOKEN, CEM, DEE, GENERAL, KUDOS, TEAM

POST = "chat.postMessage"


async def gives(office: Office, whom: str, what: str, channel: str = GENERAL) -> None:
    assert (await office.commands(ANN, f"<@{whom}> 1 for {what}", channel=channel)).text.startswith("Sent.")


def said(office: Office, channel: str) -> list[str]:
    """What stands in a channel: the reasons, in order."""
    return [post["text"].partition(": ")[2] for post in office.slack.posts(channel)]


async def test_a_limited_post_comes_later_once_and_in_order_while_other_lanes_go_on(office: Office):
    office.slack.fails(limited(30), POST, GENERAL)
    for number in range(4):
        await gives(office, BOB, f"the release, part {number}")
    await gives(office, CEM, "the other channel", channel=KUDOS)

    await office.settle()

    assert said(office, GENERAL) == []
    assert said(office, KUDOS) == ["the other channel"]
    assert (len(office.slack.direct(BOB)), len(office.slack.direct(CEM))) == (4, 1)
    assert await office.waiting() == 4
    await office.settle(passes=29)
    assert said(office, GENERAL) == []
    await office.settle(passes=2)
    assert said(office, GENERAL) == [f"the release, part {number}" for number in range(4)]
    assert await office.waiting() == 0
    assert len([call for call in office.slack.called(POST) if call.channel == GENERAL]) == 5


async def test_being_limited_is_no_failure_however_often(office: Office):
    office.slack.fails(limited(10), POST, GENERAL, times=6)
    await gives(office, BOB, "the release")

    for _ in range(7):
        await office.settle(passes=11)

    assert said(office, GENERAL) == ["the release"]
    assert await office.dead_letters() == []


async def test_while_slack_is_away_the_pauses_grow_and_nothing_is_lost(office: Office):
    office.slack.fails(Away("Slack answers 503"), POST, GENERAL, times=4)
    await gives(office, BOB, "the release")
    await gives(office, BOB, "what came after")

    tries = []
    for _ in range(17):
        await office.settle()
        tries.append(len([call for call in office.slack.called(POST) if call.channel == GENERAL]))
        office.world.passes(seconds=1)

    assert [tries.index(number) for number in (1, 2, 3, 4, 6)] == [0, 1, 3, 7, 15]
    assert said(office, GENERAL) == ["the release", "what came after"]
    assert await office.dead_letters() == []


async def test_after_a_day_away_a_delivery_is_given_up_and_can_be_replayed(office: Office):
    await gives(office, BOB, "the release")
    office.slack.goes_away()
    await office.settle()
    await office.settle(passes=25 * 3600)

    letters = await office.dead_letters()
    assert {letter.error for letter in letters} == {"Slack does not answer: ClientConnectorError"}
    assert (len(letters), await office.waiting()) == (2, 0)
    office.slack.comes_back()
    assert await office.door.replay(await office.workspace()) == 2
    await office.settle()
    assert said(office, GENERAL) == ["the release"]
    assert len(office.slack.direct(BOB)) == 1
    assert await office.dead_letters() == []


async def test_what_slack_denies_is_a_dead_letter_and_the_lane_goes_on(office: Office):
    office.slack.fails(Denied("restricted_action_read_only_channel"), POST, GENERAL)
    await gives(office, BOB, "the release")
    await gives(office, CEM, "what came after")
    await office.settle()

    assert said(office, GENERAL) == ["what came after"]
    (letter,) = await office.dead_letters()
    assert letter.error == "Slack answers restricted_action_read_only_channel"
    assert letter.subject.startswith("post:")
    assert "release" not in letter.error + letter.subject
    assert await office.door.replay(await office.workspace()) == 1
    await office.settle()
    assert said(office, GENERAL) == ["what came after", "the release"]
    assert await office.dead_letters() == []
    assert await office.door.replay(await office.workspace()) == 0


async def test_a_replay_that_is_denied_again_is_a_dead_letter_again(office: Office):
    office.slack.fails(Denied("msg_too_long"), POST, GENERAL, times=2)
    await gives(office, BOB, "the release")
    await office.settle()

    await office.door.replay(await office.workspace())
    await office.settle()

    assert [letter.error for letter in await office.dead_letters()] == ["Slack answers msg_too_long"]
    assert said(office, GENERAL) == []


async def test_a_failure_of_ours_is_tried_three_times(office: Office):
    await gives(office, BOB, "the release")
    work, tries = office.door.sender.work, 0

    async def broken(workspace: Any, job: Any) -> Any:
        nonlocal tries
        if job.channel == GENERAL:
            tries += 1
            raise ZeroDivisionError("a bug")
        return await work(workspace, job)

    office.door.sender.work = broken
    for _ in range(DENIED_MAX + 2):
        await office.settle(passes=60)

    assert tries == DENIED_MAX
    assert [letter.error for letter in await office.dead_letters()] == ["ZeroDivisionError: a bug"]
    assert len(office.slack.direct(BOB)) == 1


async def test_a_process_that_dies_before_it_calls_leaves_its_work_to_another(office: Office):
    await gives(office, BOB, "the release")
    office.slack.fails(asyncio.CancelledError, POST, GENERAL)
    await office.settle()
    other = office.another_door()

    await other.settle()  # within the minute it is still the first one's
    assert said(office, GENERAL) == []
    office.world.passes(seconds=61)
    await other.settle()

    assert said(office, GENERAL) == ["the release"]
    assert await office.waiting() == 0


async def test_a_process_that_dies_right_after_a_call_loses_nothing(office: Office):
    await gives(office, BOB, "the release")
    await gives(office, BOB, "what came after")
    office.slack.fails(asyncio.CancelledError, POST, GENERAL, after=True)
    await office.settle()

    await office.settle(passes=61)

    assert said(office, GENERAL)[-2:] == ["the release", "what came after"]
    assert await office.waiting() == 0
    assert await office.dead_letters() == []


async def test_two_processes_tell_everything_once(office: Office):
    for number in range(6):
        await gives(office, (BOB, CEM, DEE)[number % 3], f"the release, part {number}", (GENERAL, KUDOS)[number % 2])
    other = office.another_door()

    await asyncio.gather(office.settle(), other.settle())
    await asyncio.gather(office.settle(), other.settle())

    assert said(office, GENERAL) == [f"the release, part {number}" for number in (0, 2, 4)]
    assert said(office, KUDOS) == [f"the release, part {number}" for number in (1, 3, 5)]
    assert [len(office.slack.direct(user)) for user in (BOB, CEM, DEE)] == [2, 2, 2]


async def test_the_feed_is_told_of_what_other_doors_did(office: Office):
    await office.sets(feed_channel=KUDOS)
    await office.world.ann.gives(to=[office.world.bob], message="Thank you through the API")

    await office.settle()

    assert [post["text"] for post in office.slack.posts(KUDOS)] == ["Ann gave Bob 10 points: Thank you through the API"]
    assert len(office.slack.direct(BOB)) == 1


async def test_taken_back_before_it_was_told_is_never_told(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 1 for the release")
    await office.presses(ANN, answer, "Undo")

    await office.settle()

    assert office.slack.called(POST, "chat.update", "chat.delete") == []


async def test_taken_back_while_the_lane_waits_is_never_told(office: Office):
    office.slack.fails(limited(30), POST, GENERAL)
    answer = await office.commands(ANN, f"<@{BOB}> 1 for the release")
    await office.settle()
    await office.presses(ANN, answer, "Undo")

    await office.settle(passes=31)

    assert said(office, GENERAL) == []
    assert await office.waiting() == 0


async def test_a_post_that_somebody_answered_is_not_deleted_but_emptied(office: Office):
    answer = await office.commands(ANN, f"<@{BOB}> 1 for the release")
    await office.settle()
    office.slack.posts(GENERAL)[0]["reactions"].append("heart")

    await office.presses(ANN, answer, "Undo")
    await office.settle()

    (post,) = office.slack.posts(GENERAL)
    assert post["text"] == "Ann took back a recognition."
    assert "release" not in words(post)


async def test_uninstalled_with_waiting_deliveries_tells_nothing_and_keeps_the_points(office: Office):
    office.slack.fails(limited(30), POST, times=2)
    await gives(office, BOB, "the release")
    await office.settle()

    assert (await office.event({"type": "app_uninstalled"})).status_code == 200
    office.slack.tokens.clear()
    office.slack.calls.clear()
    await office.world.ann.gives(to=[office.world.cem], message="Thank you through the API")
    await office.settle(passes=60)

    assert office.slack.calls == []
    assert (await office.commands(ANN, "balance")).text.startswith("Plaudit is not installed here.")
    assert await office.wallets() == {"bob": 1, "cem": 10}
    assert await office.dead_letters() == []

    await office.installs("xoxb-another")
    await office.settle(passes=301)
    assert said(office, GENERAL) == ["the release"]
    assert office.slack.direct(CEM) == []  # What happened while the app was not there is not told afterwards.


async def test_installed_again_with_another_token_everything_goes_on(office: Office):
    await office.sets(feed_channel=KUDOS)
    await office.event({"type": "tokens_revoked", "tokens": {"bot": ["U00PLAUDIT"]}})
    await office.event({"type": "app_uninstalled"})
    office.world.passes(hours=1)

    await office.installs("xoxb-another")
    await gives(office, BOB, "the release")
    await office.settle()

    assert said(office, GENERAL) == ["the release"]
    assert {call.token for call in office.slack.called(POST)} == {"xoxb-another"}
    assert (await office.workspace()).terms.feed_channel == KUDOS
    installed = await office.world.told("slack.installed")
    assert [body["first"] for body in installed] == [True, False]


async def test_a_late_word_of_the_uninstallation_before_is_ignored(office: Office):
    before = int(office.world.now.timestamp())
    office.world.passes(minutes=5)
    await office.installs("xoxb-another")

    await office.event({"type": "app_uninstalled"}, event_time=before)
    await office.event({"type": "tokens_revoked", "tokens": {"bot": ["U00PLAUDIT"]}}, event_time=before)
    await gives(office, BOB, "the release")
    await office.settle()

    assert said(office, GENERAL) == ["the release"]
    assert await office.world.told("slack.uninstalled") == []


async def test_somebodys_own_token_revoked_is_not_an_uninstallation(office: Office):
    await office.event({"type": "tokens_revoked", "tokens": {"oauth": [ANN], "bot": []}})

    assert (await office.workspace()).connected
    assert await office.world.told("slack.uninstalled") == []


async def test_a_token_that_counts_no_more_stops_the_lanes_until_another_comes(office: Office):
    await gives(office, BOB, "the release")
    office.slack.fails(Disconnected("Slack answers token_revoked"), POST, times=2)
    await office.settle()
    assert (await office.waiting(), await office.dead_letters()) == (2, [])

    await office.installs("xoxb-another")
    await office.settle(passes=301)

    assert said(office, GENERAL) == ["the release"]


async def test_without_the_optional_scopes_giving_works_and_nothing_is_denied(office: Office):
    await office.installs(BOT_TOKEN, CORE_SCOPES)
    answer = await office.commands(ANN, f"<@{BOB}> 1 for the release")
    await office.settle()
    await office.presses(ANN, answer, "Undo")
    await office.settle()

    assert [post["text"] for post in office.slack.posts(GENERAL)] == ["Ann took back a recognition."]
    assert office.slack.called("conversations.info", "reactions.get", "reactions.add", "usergroups.list", "emoji.list") == []
    assert await office.dead_letters() == []


async def test_what_is_kept_of_deliveries_is_forgotten_after_a_week(office: Office):
    await gives(office, BOB, "the release")
    await office.settle()
    assert len(await office.world.rows(SlackDelivery)) == 2

    office.world.passes(days=8)
    await office.door.rounds.go()

    assert await office.world.rows(SlackDelivery) == []
    assert (await office.workspace()).team_id == TEAM
