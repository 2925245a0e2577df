"""Home: one's own numbers when it is opened, kept true for those who look, with history page by page."""

from tests.played_slack import buttons, words
from tests.slack_office import ADA, ANN, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import BOB, CEM, GENERAL, LEADS, ROBOT, STRANGER

RELEASE = "helping with the release"


async def looks(office: Office, who: str, tab: str = "home") -> None:
    """Somebody opens the app."""
    event = {"type": "app_home_opened", "user": who, "channel": f"D{who[1:]}", "tab": tab}
    assert (await office.event(event)).status_code == 200
    await office.settle()


async def test_home_shows_ones_numbers(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.commands(BOB, f"<@{CEM}> 5 for {RELEASE}")

    await looks(office, BOB)

    shown = words(office.slack.homes[BOB])
    for line in ("*Balance to spend*\n10 points", "95 of 100 until", "10 from 1 person", "5 to 1 person"):
        assert line in shown
    assert list(buttons(office.slack.homes[BOB])) == ["Give kudos", "My history", "Notifications"]


async def test_whoever_is_new_is_shown_how_to_begin(office: Office):
    await looks(office, CEM)

    assert "Say your first thank you" in buttons(office.slack.homes[CEM])
    await office.presses(CEM, office.slack.homes[CEM], "Say your first thank you")
    assert office.form["callback_id"] == "give"


async def test_home_is_published_for_members_on_its_own_tab_only(office: Office):
    await looks(office, BOB, tab="messages")
    await looks(office, ROBOT)
    await looks(office, STRANGER)

    assert office.slack.homes == {}


async def test_home_stays_true_for_a_week_after_it_was_looked_at(office: Office):
    await looks(office, BOB)
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    assert "*Balance to spend*\n10 points" in words(office.slack.homes[BOB])
    assert office.slack.homes.keys() == {BOB}

    office.world.passes(days=8)
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()
    assert "*Balance to spend*\n10 points" in words(office.slack.homes[BOB])


async def test_what_is_taken_back_leaves_home(office: Office):
    await looks(office, BOB)
    answer = await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")
    await office.settle()

    await office.presses(ANN, answer, "Undo")
    await office.settle()

    shown = words(office.slack.homes[BOB])
    assert "*Balance to spend*\n0 points" in shown
    assert RELEASE not in shown


async def test_history_goes_page_by_page_and_back(office: Office):
    for number in range(12):
        await office.world.ann.gives(to=[office.world.bob], points=1, message=f"the release, part {number}")
        office.world.passes(seconds=1)
    await looks(office, BOB)

    seen = []
    await office.presses(BOB, office.slack.homes[BOB], "My history")
    for turn in ("Older", "Newer", "Back"):
        await office.settle()
        shown = words(office.slack.homes[BOB])
        seen.append([number for number in range(11, -1, -1) if f"the release, part {number}\n" in f"{shown}\n"])
        await office.presses(BOB, office.slack.homes[BOB], turn)
    await office.settle()

    assert seen == [list(range(11, 1, -1)), [1, 0], list(range(11, 1, -1))]
    assert "Your kudos" in words(office.slack.homes[BOB])


async def test_history_in_words_shows_ones_own_private_ones_to_oneself(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE} in private", channel=LEADS)

    bobs, cems = await office.commands(BOB, "history"), await office.commands(CEM, "history")

    assert f"{RELEASE} in private" in bobs.words
    assert cems.text == "You have given and received nothing yet."


async def test_only_admins_have_the_other_tab(office: Office):
    await looks(office, BOB)
    await looks(office, ADA)

    assert "Admin" not in buttons(office.slack.homes[BOB])
    assert "Admin" in buttons(office.slack.homes[ADA])


async def test_top_lists_are_for_admins_until_they_are_switched_on(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for {RELEASE}")

    assert (await office.commands(CEM, "top week")).text.startswith("Top lists are switched off here.")
    shown = await office.commands(ADA, "top week")
    assert shown.text == "This week: Ann gave most and Bob received most."


async def test_values_balance_and_help_answer_in_words(office: Office):
    await office.world.praises("teamwork")

    assert "*#teamwork*  Teamwork" in (await office.commands(ANN, "values")).words
    assert "gives 1 point to whoever wrote" in (await office.commands(ANN, "help")).words
    assert (await office.commands(ANN, "balance")).text == "You have 0 points to spend. 100 of 100 left until 1 April to give."
    assert (await office.commands(ANN, "undo")).text == "There is nothing of yours to take back."
    assert (await office.commands(ANN, "rewards")).text.startswith("There are no rewards here yet.")
    await office.settle()
    assert office.slack.posts(GENERAL) == []
