"""Recognitions as they are given: who is shown what, in which order, and until when."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from app import access, audit, organization, recognition
from app.api import live_feed
from app.api.ids import encode, uuid_of
from app.core.actor import Role
from tests.live_client import GIVEN, Live, live
from tests.test_schema import OPERATIONS
from tests.test_statements import counting
from tests.world import NOON, World

__all__ = ["live"]
ENDED = "Forbidden: the token has expired or was revoked, or its member was deactivated."


async def test_what_is_given_is_shown_at_once(world: World, live: Live):
    socket = await live.follows(world.cem, OPERATIONS["Live"])

    given = await world.ann.gives(to=[world.bob], points=5, message="Thank you for the release")

    shown = await socket.shown()
    assert shown["id"] == given.payload["recognition"]["id"]
    assert (shown["message"], shown["pointsEach"], shown["visibility"]) == ("Thank you for the release", 5, "PUBLIC")
    assert shown["giver"]["displayName"] == "Ann"
    assert [somebody["displayName"] for somebody in shown["recipients"]] == ["Bob"]
    assert (shown["groups"], shown["values"], shown["reactions"]) == ([], [], [])
    assert await socket.silent()


async def test_nothing_from_before_is_shown(world: World, live: Live):
    await world.ann.gives(to=[world.bob])
    socket = await live.follows(world.cem)
    assert await socket.silent()
    later = await live.follows(world.dee)

    given = await world.ann.gives(to=[world.bob])

    for one in (socket, later):
        assert (await one.shown())["id"] == given.payload["recognition"]["id"]
        assert await one.silent()


async def test_many_come_in_order_each_once(world: World, live: Live):
    sockets = [await live.follows(somebody) for somebody in (world.cem, world.dee, world.cem)]
    people = (world.ann, world.bob, world.owner, world.admin)

    async def gives(number: int) -> Any:
        return await people[number % 4].gives(to=[world.cem], points=0, message=f"Thank you, number {number}")

    for first in range(0, 260, 20):
        answers = await asyncio.gather(*[gives(first + number) for number in range(20)])
        assert [answer.user_errors for answer in answers] == [[]] * 20

    said = [body for body in await world.rows(audit.AuditEvent) if body.action == "recognition.given"]
    wanted = [encode("Recognition", event.subject.split(":")[1]) for event in sorted(said, key=lambda event: event.sequence)]
    assert len(wanted) == 260
    for socket in sockets:
        assert [(await socket.shown())["id"] for _ in wanted] == wanted
        assert await socket.silent(0.1)


async def test_private_ones_are_for_giver_and_recipients_only(world: World, live: Live):
    sockets = {
        somebody.name: await live.follows(somebody)
        for somebody in (world.ann, world.bob, world.cem, world.admin, world.auditor, world.owner)
    }

    await world.ann.gives(to=[world.bob], message="Between you and me", visibility="PRIVATE")
    await world.ann.gives(to=[world.bob], message="For all to see")

    seen = {name: (await socket.shown())["message"] for name, socket in sockets.items()}
    assert seen.pop("Ann") == seen.pop("Bob") == "Between you and me"
    assert set(seen.values()) == {"For all to see"}
    assert len(seen) == 4


async def test_what_is_taken_back_or_hidden_meanwhile_is_shown_as_it_is(world: World, live: Live):
    socket = await live.follows(world.cem)
    admins = await live.follows(world.admin)
    for one in (socket, admins):
        one.reads.clear()
    await world.ann.gives(to=[world.bob], message="The first of them")
    await asyncio.sleep(0.2)
    gone = (await world.ann.gives(to=[world.bob], message="To be taken back")).payload["recognition"]["id"]
    hidden = (await world.ann.gives(to=[world.bob], message="This is not kind")).payload["recognition"]["id"]
    assert (await world.ann.revokes(gone)).user_errors == []
    assert (await world.admin.does("hideRecognition", recognitionId=hidden, reason="Not kind")).user_errors == []
    await asyncio.sleep(live_feed.FRESH_SECONDS)

    for one in (socket, admins):
        one.reads.set()

    assert [(await socket.shown())["message"] for _ in range(2)] == ["The first of them", ""]
    assert [(await admins.shown())["message"] for _ in range(2)] == ["The first of them", "This is not kind"]


async def test_by_group(world: World, live: Live):
    kitchen = await world.groups("Kitchen", world.bob)
    socket = await live.follows(world.cem, groupId=kitchen)
    everything = await live.follows(world.cem, groupId=None)

    await world.ann.gives(to=[world.dee], message="Nobody of the kitchen")
    await world.ann.gives(to=[world.bob, world.dee], message="One of the kitchen")
    await world.bob.gives(to=[world.dee], message="By one of the kitchen")
    await world.ann.gives(groups=[kitchen], message="The kitchen as a group")
    key = uuid_of(kitchen, "Group")
    await world.database.submit(organization.UpdateGroup(world.house, key, add_member_ids=(world.dee.key,)))
    await world.ann.gives(to=[world.dee], message="Now of the kitchen, too")
    await world.database.submit(organization.UpdateGroup(world.house, key, remove_member_ids=(world.dee.key,)))
    await world.ann.gives(to=[world.dee], message="And no more of it")
    await world.bob.gives(to=[world.ann], message="The last word")

    wanted = ["One of the kitchen", "By one of the kitchen", "The kitchen as a group", "Now of the kitchen, too", "The last word"]
    assert [(await socket.shown())["message"] for _ in wanted] == wanted
    assert len([await everything.shown() for _ in range(7)]) == 7


@pytest.mark.parametrize("wrong", ["", "junk", "a member", "of nobody"])
async def test_an_unknown_group_is_not_found(world: World, live: Live, wrong: str):
    socket = await live.follows(world.cem)
    id_ = {"a member": world.bob.id, "of nobody": encode("Group", world.bob.key)}.get(wrong, wrong)

    socket.says(type="subscribe", id="2", payload={"query": GIVEN, "variables": {"groupId": id_}})

    message = await socket.hears()
    assert (message["type"], message["id"]) == ("error", "2")
    assert [(one["extensions"]["code"], one["extensions"]["field"]) for one in message["payload"]] == [("NOT_FOUND", ["groupId"])]
    await world.ann.gives(to=[world.bob])
    assert (await socket.shown("1"))["message"]
    assert await socket.silent()


async def test_history_that_is_brought_in_is_no_news(world: World, live: Live):
    socket = await live.follows(world.cem)
    act = recognition.ImportRecognition(
        world.house, "old 1", NOON - timedelta(days=9), world.ann.key, (world.bob.key,), 5, (), "Long ago", b"1"
    )
    assert await world.database.submit(act)

    await world.ann.gives(to=[world.bob], message="Just now, today")

    assert (await socket.shown())["message"] == "Just now, today"


async def test_other_organizations_hear_nothing(world: World, live: Live, database_url: str):
    other = World(database_url)
    await other.open()
    socket = await live.follows(world.cem)

    await other.ann.gives(to=[other.bob])
    await world.ann.gives(to=[world.bob], message="One of ours, today")

    assert (await socket.shown())["message"] == "One of ours, today"
    assert await socket.silent()
    await other.close()


async def test_a_revoked_token_ends_the_connection(world: World, live: Live):
    socket, other = await live.follows(world.cem), await live.follows(world.dee)
    actor = await world.sign_in.actor(f"Bearer {world.cem.token}")
    began = time.monotonic()
    assert actor.token_id is not None

    await world.database.submit(access.RevokeToken(world.house, actor.token_id))

    assert await socket.closed() == (4403, ENDED)
    assert time.monotonic() - began < 1.5
    await world.ann.gives(to=[world.bob])
    assert (await other.shown())["message"]


async def test_a_deactivated_member_is_cut_off_before_what_comes_next(world: World, live: Live):
    socket = await live.follows(world.cem)

    await asyncio.gather(world.deactivates(world.cem), world.ann.gives(to=[world.bob]))
    await world.ann.gives(to=[world.bob])

    event = await socket.event()
    assert (event["type"], event.get("code")) in [("websocket.close", 4403), ("websocket.send", None)]
    if event["type"] == "websocket.send":  # What was given just before.
        assert await socket.closed() == (4403, ENDED)


async def test_another_process_may_do_it_while_nothing_happens(world: World, live: Live):
    """Also where the chain does not tell of it, as when a token expires."""
    issued = await world.database.submit(access.CreateToken(world.house, world.dee.key, "short", expires_in_days=1))
    world.dee.token = issued.secret
    socket = await live.follows(world.dee)
    began = time.monotonic()

    world.passes(days=2)

    assert await socket.closed() == (4403, ENDED)
    assert time.monotonic() - began < live_feed.JUDGED_SECONDS + 1.5


async def test_a_role_counts_as_it_is_now(world: World, live: Live):
    """What a role opens inside of a recognition: e-mail addresses of its people."""
    document = "subscription { recognitionGiven { recipients { email } } }"
    socket = await live.follows(world.cem, document)
    for role, email in [(Role.ADMIN, "bob@acorn.example"), (Role.MEMBER, None)]:
        await world.database.submit(organization.SetMemberRole(world.house, world.cem.key, role))

        await world.ann.gives(to=[world.bob], points=1)

        assert (await socket.shown())["recipients"] == [{"email": email}]


async def test_another_process_gives(world: World, live: Live, database_url: str):
    """On PostgreSQL the bell rings, on SQLite we look from time to time."""
    other = World(database_url)
    other.organization_id, other.house = world.organization_id, world.house
    await other.database.open()
    socket = await live.follows(world.cem)
    await asyncio.sleep(0.3)
    taken = []
    for number in range(3):
        giver = type(world.ann)(other, world.ann.key, "Ann", world.ann.token)
        began = time.monotonic()

        await giver.gives(to=[world.bob], points=1, key=f"other {number}", message=f"From the other one, {number}")

        assert (await socket.shown())["message"] == f"From the other one, {number}"
        taken.append(time.monotonic() - began)
    assert max(taken) < (2.0 if world.database.is_sqlite else 1.0)
    await other.database.close()


async def test_statements_do_not_grow_with_the_number_of_subscriptions(world: World, live: Live):
    """Nor does one who leaves while all wait for the same rows take them away from the others."""
    people = [world.bob, world.cem, world.dee, world.owner, world.admin, world.auditor]
    value = await world.praises("care")
    numbers = []
    for more in (1, 7):
        sockets = [await live.follows(somebody, OPERATIONS["Live"]) for somebody in people for _ in range(more)]
        await asyncio.sleep(0.3)
        with counting(world) as counted:
            await world.ann.gives(to=[world.bob], points=1, valueIds=[value])
            sockets[0].leaves()
            for socket in sockets[1:]:
                assert [one["hashtag"] for one in (await socket.shown())["values"]] == ["care"]
        numbers.append(len([one for one in counted.statements if "FROM" in one]))
        for socket in sockets[1:]:
            socket.leaves()
        await asyncio.gather(*[socket.task for socket in sockets])
    assert abs(numbers[1] - numbers[0]) <= 2, numbers
