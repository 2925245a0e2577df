"""People of the workspace are members: enrolled without asking for it, followed as they come, change, leave and return."""

import asyncio
from typing import Any

from app.core.actor import Role
from app.organization import Group, Member, Membership, MemberStatus, ParticipationMode
from integrations.slack.api import Away, Limited
from integrations.slack.models import PersonKind, SlackPerson
from tests.slack_office import ADA, ANN, OLGA, Office, connected_office  # noqa: F401 (fixture)
from tests.stand_in import BOB, BOT_TOKEN, BOT_USER, CEM, DEE, GUEST, INVITED, LEFT, ROBOT, STRANGER, TEAM
from tests.world import World

EVE = "U000000EVE"


async def person(office: Office, user_id: str) -> Any:
    (found,) = [one for one in await office.world.rows(SlackPerson) if one.user_id == user_id]
    return found


async def groups_of(office: Office, user_id: str) -> list[str]:
    member = await office.member(user_id)
    assert member is not None
    names = {group.id: group.name for group in await office.world.rows(Group)}
    here = [row.group_id for row in await office.world.rows(Membership) if row.member_id == member.id]
    return sorted(names[id_] for id_ in here)


async def standing(office: Office, user_id: str) -> tuple[MemberStatus, ParticipationMode]:
    member = await office.member(user_id)
    assert member is not None
    return member.status, member.mode


async def looks_through(office: Office) -> None:
    """The nightly round."""
    office.world.passes(hours=24)
    await office.door.rounds.go()


async def changes(office: Office, user_id: str, **facts: Any) -> None:
    """Slack changes what it says of somebody, and tells us."""
    told = office.slack.users[user_id] | facts
    office.slack.users[user_id] = told
    assert (await office.event({"type": "user_change", "user": told})).status_code == 200


async def test_installing_joins_members_by_address_and_makes_the_others(office: Office):
    world = office.world
    for user_id, somebody in ((ANN, world.ann), (BOB, world.bob), (ADA, world.admin), (OLGA, world.owner)):
        member = await office.member(user_id)
        assert member is not None
        assert (member.id, (await person(office, user_id)).made_member) == (somebody.key, False)
    assert await standing(office, GUEST) == (MemberStatus.ACTIVE, ParticipationMode.OBSERVER)
    assert await groups_of(office, GUEST) == ["Guests"]
    assert await standing(office, INVITED) == (MemberStatus.INVITED, ParticipationMode.NORMAL)
    known = {"Ada Admin", "Ann", "Aud Auditor", "Bob", "Cem", "Dee", "Gina Guest", "Ivan Invited", "Olga Owner"}
    assert {member.display_name for member in await world.rows(Member)} == known
    kinds = {one.user_id: one.kind for one in await world.rows(SlackPerson) if one.member_id is None}
    assert kinds == {ROBOT: PersonKind.APP, BOT_USER: PersonKind.APP, "USLACKBOT": PersonKind.APP, LEFT: PersonKind.PERSON}


async def test_a_round_is_made_once_a_day_by_one_process(office: Office):
    other = office.another_door()
    office.world.passes(hours=23)
    assert await office.door.rounds.go() == 0
    office.world.passes(hours=1)

    rounds = await asyncio.gather(office.door.rounds.go(), other.rounds.go(), office.door.rounds.go())

    assert sum(rounds) == 1
    assert len(office.slack.called("users.list")) == 1


async def test_a_round_reads_every_page(office: Office):
    office.slack.pages = 3
    office.slack.hires(EVE, "Eve", "eve@acorn.example")

    await looks_through(office)

    assert await office.member(EVE) is not None
    assert len(office.slack.called("users.list")) == 5


async def test_a_round_that_slack_breaks_off_is_made_again_soon(office: Office):
    office.slack.hires(EVE, "Eve", "eve@acorn.example")
    office.slack.fails(Away("Slack answers 503"), "users.list")
    await looks_through(office)
    assert await office.member(EVE) is None
    office.slack.fails(Limited(30), "usergroups.list")

    office.world.passes(minutes=5)
    await office.door.rounds.go()
    assert await office.member(EVE) is not None
    office.world.passes(minutes=5)
    assert await office.door.rounds.go() == 1
    assert await office.door.rounds.go() == 0


async def test_whoever_joins_the_team_is_a_member_at_once(office: Office):
    told = office.slack.hires(EVE, "Eve", "eve@acorn.example")

    await asyncio.gather(*(office.event({"type": "team_join", "user": told}, event_id="Ev1", retry=n) for n in range(3)))

    assert await standing(office, EVE) == (MemberStatus.ACTIVE, ParticipationMode.NORMAL)
    assert len([row for row in await office.world.rows(Member) if row.email == "eve@acorn.example"]) == 1
    assert (await office.commands(EVE, f"<@{BOB}> 10 for helping me on my first day")).text.startswith("Sent.")
    assert office.slack.called("users.info") == []


async def test_on_first_sight_slack_is_asked_once(office: Office):
    office.slack.hires(EVE, "Eve", "eve@acorn.example")

    first = await office.commands(EVE, f"<@{BOB}> 10 for helping me on my first day")
    second = await office.commands(ANN, f"<@{EVE}> 10 for coming to us at last")

    assert [answer.text[:5] for answer in (first, second)] == ["Sent.", "Sent."]
    assert len(office.slack.called("users.info")) == 1


async def test_somebody_unknown_while_slack_is_away_is_asked_to_wait(office: Office):
    office.slack.hires(EVE, "Eve", "eve@acorn.example")
    office.slack.goes_away()
    before = await office.record()

    answer = await office.commands(EVE, f"<@{BOB}> 10 for helping me on my first day")

    assert answer.text == "I don't know you yet, and Slack doesn't answer. Try again in a minute."
    assert await office.record() == before


async def test_name_and_picture_follow_slack_only_where_the_member_came_from_there(office: Office):
    told = office.slack.hires(EVE, "Eve", "eve@acorn.example")
    await office.event({"type": "team_join", "user": told})

    for user_id in (EVE, BOB):
        profile = {"real_name": "Somebody Else", "image_192": "https://avatars.example/new.png"}
        await changes(office, user_id, profile=office.slack.users[user_id]["profile"] | profile)

    eve, bob = await office.member(EVE), await office.member(BOB)
    assert eve is not None
    assert bob is not None
    assert (eve.display_name, eve.avatar_url) == ("Somebody Else", "https://avatars.example/new.png")
    assert bob.display_name == "Bob"


async def test_nothing_that_changed_nothing_is_written_down(office: Office):
    before = await office.record()

    await changes(office, BOB, tz="Europe/Berlin")
    await looks_through(office)

    assert await office.record() == before


async def test_whoever_is_deactivated_keeps_the_points_and_comes_back_with_them(office: Office):
    await office.commands(ANN, f"<@{BOB}> 10 for helping with the release")

    await changes(office, BOB, deleted=True)
    assert await standing(office, BOB) == (MemberStatus.DEACTIVATED, ParticipationMode.NORMAL)
    assert await office.wallets() == {"bob": 10}
    before = await office.record()
    gone = await office.commands(ANN, f"<@{BOB}> 10 for helping once more")
    assert gone.text == f"Not sent. <@{BOB}> can't receive points: the account is deactivated."
    assert (await office.commands(BOB, "balance")).text == "This account can't take part here. Ask an admin."
    await changes(office, BOB, deleted=True)
    assert await office.record() == before

    await changes(office, BOB, deleted=False)
    assert await standing(office, BOB) == (MemberStatus.ACTIVE, ParticipationMode.NORMAL)
    assert "You have 10 points to spend. 100 of 100 left" in (await office.commands(BOB, "balance")).text
    assert len(await office.world.told("member.deactivated")) == 1


async def test_a_night_finds_whoever_left_unannounced(office: Office):
    office.slack.users[CEM] |= {"deleted": True}

    await looks_through(office)

    assert await standing(office, CEM) == (MemberStatus.DEACTIVATED, ParticipationMode.NORMAL)


async def test_whom_an_admin_deactivated_here_slack_does_not_bring_back(office: Office):
    await office.world.deactivates(office.world.bob)

    await changes(office, BOB, tz="Europe/Berlin")
    await looks_through(office)

    assert await standing(office, BOB) == (MemberStatus.DEACTIVATED, ParticipationMode.NORMAL)


async def test_the_last_owner_stays_whatever_slack_says(office: Office):
    assert (await office.event({"type": "user_change", "user": office.slack.users[OLGA] | {"deleted": True}})).status_code == 200

    assert await standing(office, OLGA) == (MemberStatus.ACTIVE, ParticipationMode.NORMAL)


async def test_whoever_becomes_a_guest_looks_on_and_back_again(office: Office):
    await changes(office, BOB, is_restricted=True)
    assert await standing(office, BOB) == (MemberStatus.ACTIVE, ParticipationMode.OBSERVER)
    assert await groups_of(office, BOB) == ["@design", "Guests"]
    before = await office.record()
    assert (await office.commands(BOB, f"<@{ANN}> 10 for helping with the release")).text.startswith("Not sent.")
    assert await office.record() == before

    await changes(office, BOB, is_restricted=False)
    assert await standing(office, BOB) == (MemberStatus.ACTIVE, ParticipationMode.NORMAL)
    assert await groups_of(office, BOB) == ["@design"]
    assert (await office.commands(BOB, f"<@{ANN}> 10 for helping with the release")).text.startswith("Sent.")


async def test_what_an_admin_decided_about_a_guest_stays(office: Office):
    await office.sets_mode(GUEST, ParticipationMode.RECEIVER)

    await looks_through(office)
    await changes(office, GUEST, tz="Europe/Berlin")

    assert await standing(office, GUEST) == (MemberStatus.ACTIVE, ParticipationMode.RECEIVER)


async def test_whoever_was_invited_and_comes_is_active_with_an_allowance(office: Office):
    await changes(office, INVITED, is_invited_user=False)

    assert await standing(office, INVITED) == (MemberStatus.ACTIVE, ParticipationMode.NORMAL)
    assert (await office.commands(INVITED, "balance")).text.endswith("100 of 100 left until 1 April to give.")


async def test_apps_strangers_and_the_long_gone_are_never_members(office: Office):
    before = len(await office.world.rows(Member))

    for user in (ROBOT, STRANGER, LEFT, "USLACKBOT"):
        await office.event({"type": "user_change", "user": office.slack.users[user]})
        assert await office.member(user) is None

    assert len(await office.world.rows(Member)) == before


async def test_whoever_left_long_ago_and_returns_is_a_member(office: Office):
    await changes(office, LEFT, deleted=False)

    assert await standing(office, LEFT) == (MemberStatus.ACTIVE, ParticipationMode.NORMAL)


async def test_admins_of_the_workspace_are_admins_here_at_the_first_installation_only(office: Office):
    ada, ann = await office.member(ADA), await office.member(ANN)
    assert ada is not None
    assert ann is not None
    assert (ada.role, ann.role) == (Role.ADMIN, Role.MEMBER)
    office.slack.users[ANN] |= {"is_admin": True}

    await looks_through(office)
    await office.event({"type": "app_uninstalled"})
    await office.installs("xoxb-another")
    await looks_through(office)

    ann = await office.member(ANN)
    assert ann is not None
    assert ann.role is Role.MEMBER


async def test_user_groups_are_followed(office: Office):
    (group,) = [one for one in await office.world.rows(Group) if one.name == "@design"]
    office.slack.usergroups[0] |= {"users": [BOB, DEE, ANN, ROBOT], "handle": "makers"}

    await looks_through(office)

    (followed,) = [one for one in await office.world.rows(Group) if one.kind == "slack" and one.name != "Guests"]
    assert (followed.id, followed.name) == (group.id, "@makers")
    assert [await groups_of(office, user) for user in (ANN, BOB, CEM, DEE)] == [["@makers"], ["@makers"], [], ["@makers"]]


async def test_a_second_account_with_the_same_address_is_the_same_member(office: Office):
    told = office.slack.hires("U0000BOB02", "Bob's other account", "bob@acorn.example")

    await office.event({"type": "team_join", "user": told})

    first, second = await office.member(BOB), await office.member("U0000BOB02")
    assert first is not None
    assert second is not None
    assert first.id == second.id
    answer = await office.commands("U0000BOB02", f"<@{BOB}> 10 for helping with the release")
    assert answer.text == "Not sent. You can't give kudos to yourself. Nice try, though."


async def test_without_addresses_nobody_is_joined_and_everybody_is_enrolled(office: Office):
    told = office.slack.hires(EVE, "Ann", None)

    await office.event({"type": "team_join", "user": told})

    ann, eve = await office.member(ANN), await office.member(EVE)
    assert ann is not None
    assert eve is not None
    assert ann.id != eve.id
    assert eve.email is None
    assert office.slack.tokens.keys() == {BOT_TOKEN}


async def test_a_workspace_is_known_the_moment_that_it_is_connected(world: World):
    office = Office(world)
    assert await office.door.workspaces.connected() == []

    await office.installs()

    assert [workspace.team_id for workspace in await office.door.workspaces.connected()] == [TEAM]
    await office.app.aclose()
