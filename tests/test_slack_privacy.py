"""Private stays private: what is given in a private channel or a direct message leaves it only for those who were thanked."""

from app.recognition import Visibility
from integrations.slack.api import Away, Denied
from tests.played_slack import words
from tests.slack_office import ANN, CORE_SCOPES, SHARED, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import BOB, BOT_TOKEN, BOT_USER, CEM, DEE, GENERAL, KUDOS, LEADS, OUTSIDE, SECRET

RELEASE = "helping with the release"
APP = f"<@{BOT_USER}>"


async def visibilities(office: Office) -> list[Visibility]:
    return [gift.visibility for gift in await office.gifts()]


async def test_what_is_public_is_copied_to_the_feed_channel(office: Office):
    await office.sets(feed_channel=KUDOS)
    await office.settle()

    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.commands(ANN, f"<@{CEM}> 10 for {RELEASE}", channel=KUDOS)
    await office.settle()

    assert len(office.slack.posts(GENERAL)) == 1
    copied, given = office.slack.posts(KUDOS)
    assert f"from <#{GENERAL}>" in words(copied)
    assert "from <#" not in words(given)


async def test_a_private_channel_keeps_what_is_given_there(office: Office):
    await office.sets(feed_channel=KUDOS)

    answer = await office.commands(ANN, f"<@{DEE}> 10 for {RELEASE}", channel=LEADS)
    await office.settle()

    assert "This one is private." in answer.text
    assert await visibilities(office) == [Visibility.PRIVATE]
    (post,) = office.slack.posts(LEADS)
    assert "Add points" not in words(post)
    assert office.slack.posts(KUDOS) == office.slack.posts(GENERAL) == []
    assert len(office.slack.direct(DEE)) == 1
    feed = (await office.world.cem.asks("{ recognitions(first: 5) { nodes { message } } }")).payload["nodes"]
    assert feed == []


async def test_where_the_app_is_not_it_speaks_by_the_address_of_the_command(office: Office):
    await office.sets(feed_channel=KUDOS)

    for channel in (SECRET, "D0ANNBOB00"):
        await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE} in {channel[:2]}", channel=channel)
    await office.settle()

    assert await visibilities(office) == [Visibility.PRIVATE] * 2
    assert [one["response_type"] for one in office.slack.responses] == ["in_channel"] * 2
    assert office.slack.posts(KUDOS) == office.slack.posts(SECRET) == []
    assert await office.dead_letters() == []


async def test_a_public_channel_needs_no_invitation(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}", channel=OUTSIDE)
    await office.settle()

    assert await visibilities(office) == [Visibility.PUBLIC]
    assert len(office.slack.posts(OUTSIDE)) == 1


async def test_a_channel_that_nobody_knows_anything_of_is_private(office: Office):
    await office.sets(feed_channel=KUDOS)
    await office.settle()
    office.slack.fails(Away("Slack answers 503"), "conversations.info")

    await office.says(ANN, f"{APP} <@{BOB}> 10 for {RELEASE}")
    await office.settle()
    assert await visibilities(office) == [Visibility.PRIVATE]
    office.world.passes(minutes=1)
    await office.says(ANN, f"{APP} <@{CEM}> 10 for {RELEASE}")
    await office.settle()

    assert await visibilities(office) == [Visibility.PRIVATE, Visibility.PUBLIC]
    assert len(office.slack.posts(GENERAL)) == 2
    assert len(office.slack.posts(KUDOS)) == 1


async def test_without_the_scope_a_mention_is_private(office: Office):
    await office.installs(BOT_TOKEN, CORE_SCOPES)

    await office.says(ANN, f"{APP} <@{BOB}> 10 for {RELEASE}")
    await office.settle()

    assert await visibilities(office) == [Visibility.PRIVATE]
    assert office.slack.called("conversations.info") == []


async def test_a_reaction_in_an_unknown_channel_is_private(office: Office):
    office.slack.fails(Denied("channel_not_found"), "conversations.info")
    ts = await office.says(BOB, "The release is out")

    await office.reacts(ANN, ts, by=BOB)

    assert await visibilities(office) == [Visibility.PRIVATE]


async def test_nothing_is_given_in_a_muted_channel(office: Office):
    await office.sets(muted_channels=(GENERAL,), messages=True)
    before = await office.record()

    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.says(ANN, f"<@{BOB}> ++ for {RELEASE}")
    ts = await office.says(BOB, "The release is out")
    await office.reacts(ANN, ts, by=BOB)
    await office.settle()

    assert answer.text == "Not sent. Kudos is off in this channel. Thank somewhere else, or by the form."
    assert answer.buttons == ["Open the form"]
    assert await office.record() == before
    assert office.slack.posts(GENERAL) == []
    await office.presses(ANN, answer, "Open the form")
    said = await office.submits(ANN, office.form, to=[BOB], amount=10, why=RELEASE, where=KUDOS)
    assert said == {"response_action": "clear"}


async def test_nothing_is_posted_into_a_muted_channel_by_the_form(office: Office):
    await office.sets(muted_channels=(GENERAL,))
    await office.chooses_shortcut(ANN)
    before = await office.record()

    said = await office.submits(ANN, office.form, to=[BOB], amount=10, why=RELEASE, where=GENERAL)

    assert (said["response_action"], list(said["errors"])) == ("errors", ["where"])
    assert await office.record() == before


async def test_nothing_is_said_in_front_of_another_company(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}", channel=SHARED)
    await office.settle()

    assert office.slack.posts(SHARED) == []
    assert await office.wallets() == {"bob": 10}
    assert len(office.slack.direct(BOB)) == 1


async def test_an_archived_channel_loses_the_post_and_nothing_else(office: Office):
    office.slack.fails(Denied("is_archived"), "chat.postMessage", GENERAL)

    await office.says(ANN, f"{APP} <@{BOB}> 10 for {RELEASE}")
    await office.settle()

    assert await office.wallets() == {"bob": 10}
    assert [letter.error for letter in await office.dead_letters()] == ["Slack answers is_archived"]
    assert len(office.slack.direct(BOB)) == 1
