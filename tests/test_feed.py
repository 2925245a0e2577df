"""The feed: every reader gets every event once and in order, whatever fails."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import audit
from app.audit import AuditEvent, FeedCursor, feed
from app.core.errors import Busy, Code, Refusal
from app.db import Database, columns, table_of
from tests.diary import (  # noqa: F401 (fixture)
    Diary,
    advance,
    at_rest,
    begun_diary,
    cursor,
    following,
    given_up,
    happens,
    head,
    until,
)
from tests.world import NOON, World


async def test_a_reader_begins_with_the_first_event_and_gets_each_once_in_order(world: World):
    diary, last = Diary(), await head(world)

    assert await advance(world, diary, events_max=4) == 4
    while await advance(world, diary, events_max=4):
        pass

    assert [sequence for call in diary.calls for sequence in call] == list(range(1, last + 1))
    assert max(map(len, diary.calls)) == 4
    assert await diary.pages(world) == list(range(1, last + 1))
    assert await advance(world, diary) == 0


async def test_an_event_says_what_the_chain_says(world: World, diary: Diary):
    taken: list[AuditEvent] = []

    class Listener(Diary):
        async def take(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
            taken.extend(events)

    await world.ann.gives(to=[world.bob], points=3)
    await advance(world, Listener())

    given = next(event for event in taken if event.action == "recognition.given")
    assert (given.actor_id, given.organization_id) == (world.ann.key, world.organization_id)
    assert feed.body(given) == (await world.told("recognition.given"))[0]


async def test_a_reader_that_begins_at_the_head_gets_only_what_comes(world: World, diary: Diary):
    assert await advance(world, diary) == 0
    told = await happens(world, 3)

    assert await advance(world, diary) == 3

    assert diary.calls == [told]


async def test_who_has_begun_does_not_begin_again(world: World, diary: Diary):
    (event,) = await happens(world, 1)

    await feed.place(world.database, "diary", world.organization_id, at_head=True)
    await feed.place(world.database, "diary", world.organization_id, at_head=False)

    assert (await cursor(world)).sequence == event - 1
    with pytest.raises(Refusal) as refused:
        await feed.place(world.database, "diary", UUID(int=7), at_head=False)
    assert refused.value.code is Code.NOT_FOUND
    assert await feed.advance(world.database, diary, UUID(int=7)) == 0


async def test_eight_at_once_do_it_once(world: World):
    told = await happens(world, 12)
    second = Database(world.database.url, audit.AuditChain(), clock=world.database.clock)
    readers = [Diary() for _ in range(8)]

    async def reads(reader: Diary, database: Database) -> int:
        return sum([await feed.advance(database, reader, world.organization_id, events_max=3) for _ in range(told[-1])])

    read = await asyncio.gather(*[reads(reader, (world.database, second)[at % 2]) for at, reader in enumerate(readers)])
    await second.engine.dispose()

    assert sum(read) == told[-1]
    assert sorted(sequence for reader in readers for call in reader.calls for sequence in call) == list(range(1, told[-1] + 1))
    assert await readers[0].pages(world) == list(range(1, told[-1] + 1))


async def test_a_cursor_that_somebody_moved_meanwhile_stays_where_they_put_it(world: World, diary: Diary):
    told = await happens(world, 2)

    async def somebody_moves_it(connection: AsyncConnection) -> None:
        where = columns(FeedCursor).reader == "diary"
        await connection.execute(sa.update(table_of(FeedCursor)).where(where).values(sequence=told[-1]))

    diary.between = somebody_moves_it

    assert await advance(world, diary) == 0
    assert await diary.pages(world) == []
    assert (await cursor(world)).sequence == told[0] - 1


async def test_whoever_finds_another_at_it_does_nothing(world: World, diary: Diary):
    """On PostgreSQL it does not even wait; on SQLite nobody can write meanwhile."""
    if world.database.is_sqlite:
        return
    (event,) = await happens(world, 1)
    other = Diary()

    async def the_other_comes(_connection: AsyncConnection) -> None:
        assert await advance(world, other) == 0

    diary.between = the_other_comes

    assert await advance(world, diary) == 1
    assert (diary.calls, other.calls) == ([[event]], [])


async def test_readers_know_nothing_of_each_other(world: World, diary: Diary):
    told = await happens(world, 2)
    other = Diary("other", poison={1})

    assert await advance(world, other) == 0
    assert await advance(world, diary) == 2

    assert await diary.pages(world) == told
    assert await other.pages(world) == []


async def test_another_organizations_events_are_never_seen(world: World, diary: Diary):
    neighbour = World(world.database.url)
    await neighbour.open()
    told = await happens(world, 1)
    strange = await happens(neighbour, 2)

    assert await advance(world, diary) == 1
    assert await feed.advance(neighbour.database, diary, neighbour.organization_id) == strange[-1]

    assert diary.calls[0] == told
    assert await diary.pages(world) == told
    assert await diary.pages(neighbour) == list(range(1, strange[-1] + 1))
    await neighbour.close()


async def test_a_failure_leaves_no_trace_of_its_batch_and_the_rest_goes_on_one_by_one(world: World, diary: Diary):
    first, second, third, fourth = await happens(world, 4)
    diary.poison = {third}

    assert await advance(world, diary) == 2

    assert diary.calls == [[first, second, third, fourth], [first], [second], [third]]
    assert await diary.pages(world) == [first, second]
    now = await cursor(world)
    assert (now.sequence, now.tries, now.not_before) == (second, 1, NOON + timedelta(seconds=1))


async def test_what_fails_only_together_goes_through_one_by_one(world: World, diary: Diary):
    told = await happens(world, 3)

    async def only_alone(_connection: AsyncConnection) -> None:
        if len(diary.calls[-1]) > 1:
            raise LookupError

    diary.between = only_alone

    assert await advance(world, diary) == 3
    assert await diary.pages(world) == told
    assert (await cursor(world)).tries == 0


async def test_a_poisonous_event_is_tried_with_growing_pauses_then_buried_and_the_rest_goes_on(world: World, diary, caplog):
    poison, after = await happens(world, 2)
    diary.poison = {poison}
    pauses: list[float] = []

    with caplog.at_level(logging.WARNING, "plaudit.feed"):
        while not await given_up(world):
            assert await advance(world, diary) == (1 if len(pauses) == 4 else 0)
            if pauses:
                assert diary.calls[-1] == [poison], "nobody overtakes it"
            tried = len(diary.calls)
            assert not await given_up(world) or len(pauses) == 4
            if (not_before := (await cursor(world)).not_before) is None:
                break
            pauses.append((not_before - world.now).total_seconds())
            world.now = not_before - timedelta(milliseconds=1)
            assert await advance(world, diary) == 0
            assert len(diary.calls) == tried, "it was tried too early"
            world.now = not_before

    assert pauses == [1, 2, 4, 8]
    (letter,) = await given_up(world)
    assert (letter.reader, letter.sequence, letter.subject, letter.tries, letter.at) == ("diary", poison, "", 5, world.now)
    assert letter.error == f"ValueError: cannot stomach event {poison}"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"event {poison} of organization {world.organization_id}" in caplog.messages[0]
    now = await cursor(world)
    assert (now.sequence, now.tries, now.not_before) == (poison, 0, None)

    assert await advance(world, diary) == 1
    assert await diary.pages(world) == [after]


async def test_eight_that_fail_at_once_count_one_failure(world: World, diary: Diary):
    diary.poison = set(await happens(world, 1))

    assert await asyncio.gather(*[advance(world, diary) for _ in range(8)]) == [0] * 8

    now = await cursor(world)
    assert (now.tries, now.not_before) == (1, NOON + timedelta(seconds=1))


async def test_pauses_have_an_end(world: World, diary: Diary):
    diary.poison = set(await happens(world, 1))

    for expected in (1, 2, 4, 8, 16, 32, 60, 60):
        assert await advance(world, diary, tries_max=100) == 0
        pause = (await cursor(world)).not_before - world.now
        assert pause == timedelta(seconds=expected)
        world.now += pause


async def test_an_event_that_recovers_is_forgiven(world: World, diary: Diary):
    poison, after = await happens(world, 2)
    diary.poison = {poison}
    assert await advance(world, diary) == 0
    diary.poison = set()
    world.passes(seconds=1)

    assert await advance(world, diary) == 1
    assert await advance(world, diary) == 1

    assert await diary.pages(world) == [poison, after]
    assert (await cursor(world)).tries == 0


async def test_a_transaction_that_the_reader_broke_is_its_failure(world: World, diary: Diary):
    """On PostgreSQL nothing goes through after a failed statement, even if the reader thinks nothing of it."""
    await happens(world, 1)

    async def breaks(connection: AsyncConnection) -> None:
        try:
            await connection.execute(sa.text("SELECT * FROM nowhere WHERE name = :name"), {"name": "Ann"})
        except sa.exc.DBAPIError:
            if world.database.is_sqlite:
                raise

    diary.between = breaks

    assert await advance(world, diary, tries_max=1) == 1
    (letter,) = await given_up(world)
    assert "Ann" not in letter.error
    assert letter.error.startswith("OperationalError: no such table" if world.database.is_sqlite else "InFailedSqlTransaction: ")


async def test_a_database_that_goes_away_is_nobodys_failure(world: World, diary: Diary):
    (event,) = await happens(world, 1)

    async def goes_away(connection: AsyncConnection) -> None:
        if world.database.is_sqlite:
            error = sqlite_says_busy(world.database.url)
            raise sa.exc.OperationalError("INSERT", {}, error)
        await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    diary.between = goes_away
    with pytest.raises(Busy):
        await advance(world, diary, tries_max=1)

    now = await cursor(world)
    assert (now.sequence, now.tries, now.not_before) == (event - 1, 0, None)
    diary.between = None
    assert await advance(world, diary) == 1
    assert await diary.pages(world) == [event]
    assert await given_up(world) == []


def sqlite_says_busy(url: str) -> Exception:
    """What SQLite says to the second of two who want to write."""
    import sqlite3
    from contextlib import closing

    from app.db import sqlite_path

    with closing(sqlite3.connect(sqlite_path(url), timeout=0)) as second:
        try:
            second.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return error
    raise AssertionError("nobody was writing")


async def test_whoever_is_cancelled_has_done_nothing(world: World, diary: Diary):
    (event,) = await happens(world, 1)
    begun = asyncio.Event()

    async def lingers(_connection: AsyncConnection) -> None:
        begun.set()
        await asyncio.sleep(60)

    diary.between = lingers
    task = asyncio.create_task(advance(world, diary))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    diary.between = None
    assert (await cursor(world)).tries == 0
    assert await diary.pages(world) == []
    assert await advance(world, diary) == 1
    assert await diary.pages(world) == [event]


async def test_the_follower_wakes_on_commit(world: World, diary: Diary):
    other = Diary("other")
    async with following(world, diary, other):
        await until(world, other, list(range(1, await head(world) + 1)))
        await at_rest()
        first = await happens(world, 1)
        await until(world, diary, first)
        await at_rest()
        second = await happens(world, 1)
        await until(world, diary, first + second)
        await until(world, other, list(range(1, second[-1] + 1)))


async def test_the_follower_looks_by_itself_for_what_others_committed(world: World, diary: Diary):
    async with following(world, diary, seconds=0.05, wakes=False):
        await until(world, diary, await happens(world, 2))


async def test_the_follower_outlives_what_fails(world: World, diary: Diary, caplog):
    other = Diary("other", poison={1})

    async def away(_connection: AsyncConnection) -> None:
        diary.between = None
        raise Busy("away")

    diary.between = away
    told = await happens(world, 2)

    async with following(world, other, diary, seconds=0.05):
        await until(world, diary, told)
        async with asyncio.timeout(10):
            while not await given_up(world, "other"):
                world.passes(seconds=60)
                await asyncio.sleep(0.05)
        await until(world, other, list(range(2, told[-1] + 1)))

    assert "the feed waits 0.05 seconds: away" in caplog.messages
    assert [letter.sequence for letter in await given_up(world, "other")] == [1]


async def test_a_reader_that_cannot_be_moved_does_not_stop_the_others(world: World, diary: Diary, monkeypatch, caplog):
    """A bug of the feed itself, for one reader: the others go on."""
    place = feed.place

    async def fails(database: Database, reader: str, organization_id: UUID, *, at_head: bool) -> None:
        if reader == "broken":
            raise AssertionError("broken")
        await place(database, reader, organization_id, at_head=at_head)

    monkeypatch.setattr(feed, "place", fails)
    async with following(world, Diary("broken"), diary):
        await until(world, diary, await happens(world, 1))

    assert f"broken stays where it is in the feed of organization {world.organization_id}" in caplog.messages
