"""The feed: every reader gets every event once and in order, whatever fails; what fails for good is seen and can be replayed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import audit, cli, organization
from app.audit import AuditEvent, DeadLetter, FeedCursor, ReaderStatus, feed
from app.cli import feed as feed_commands
from app.core.errors import Busy, Code, Refusal
from app.core.ids import new_id
from app.db import Database, Slice, columns, table_of
from tests.world import NOON, World

ALL = Slice(1_000)


@dataclass
class Diary:
    """A reader that writes down every event it takes, in the reader's own table: that of the dead letters, as it has no other."""

    name: str = "diary"
    poison: set[int] = field(default_factory=set)
    """Events on which it fails."""
    calls: list[list[int]] = field(default_factory=list)
    """What it was handed, also in vain."""
    between: Callable[[AsyncConnection], Awaitable[Any]] | None = None
    """What happens while it takes events."""

    async def take(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        self.calls.append([event.sequence for event in events])
        for event in events:
            await self.writes(connection, event.organization_id, event.sequence)
            if self.between is not None:
                await self.between(connection)
            if event.sequence in self.poison:
                raise ValueError(f"cannot stomach event {event.sequence}\nof many lines")

    async def again(self, connection: AsyncConnection, letter: DeadLetter) -> None:
        await self.writes(connection, letter.organization_id, letter.sequence)
        if letter.sequence in self.poison:
            raise ValueError(f"still cannot stomach {letter.subject or 'it'}")

    async def writes(self, connection: AsyncConnection, organization_id: UUID, sequence: int) -> None:
        await feed.bury(connection, organization_id, f"page of {self.name}", sequence, "", "", 0, NOON)

    async def pages(self, world: World) -> list[int]:
        """What it has kept, in order."""
        return sorted(row.sequence for row in await world.rows(DeadLetter) if row.reader == f"page of {self.name}")


@pytest.fixture
async def diary(world: World) -> Diary:
    """Of a reader that begins with what is told from now on."""
    await feed.place(world.database, "diary", world.organization_id, at_head=True)
    return Diary()


async def head(world: World) -> int:
    return max(row.sequence for row in await world.rows(AuditEvent))


async def happens(world: World, times: int) -> list[int]:
    """So many events; their numbers."""
    before = await head(world)
    for number in range(times):
        await world.database.submit(
            organization.CreateCompanyValue(world.house, f"Value {before} {number}", f"v{before}x{number}")
        )
    return list(range(before + 1, await head(world) + 1))


async def advance(world: World, reader: Diary, **limits: int) -> int:
    return await feed.advance(world.database, reader, world.organization_id, **limits)


async def cursor(world: World, name: str = "diary") -> Any:
    (found,) = [row for row in await world.rows(FeedCursor) if row.reader == name]
    return found


async def given_up(world: World, name: str = "diary") -> list[DeadLetter]:
    async with world.database.read() as connection:
        return (await feed.dead_letters(connection, world.organization_id, name, ALL)).rows


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


async def buried(world: World, subject: str = "", *, reader: str = "diary", error: str = "Slack said no\nto Ann") -> UUID:
    """A dead letter about the first event."""
    async with world.database.bookkeeping() as connection:
        return await feed.bury(connection, world.organization_id, reader, 1, subject, error, 3, world.now)


async def test_a_dead_letter_is_replayed_once(world: World, diary: Diary):
    letter_id = await buried(world, "message 7")

    done = await asyncio.gather(*[feed.replay(world.database, diary, world.organization_id, letter_id) for _ in range(3)])

    assert sorted(done) == [False, False, True]
    assert await given_up(world) == []
    assert await diary.pages(world) == [1]


async def test_a_replay_that_fails_says_so_and_keeps_the_letter(world: World, diary: Diary):
    letter_id = await buried(world, "message 7")
    diary.poison = {1}
    world.passes(hours=1)

    with pytest.raises(Refusal, match=r"^It failed again, .*: ValueError: still cannot stomach message 7$") as refused:
        await feed.replay(world.database, diary, world.organization_id, letter_id)

    assert (refused.value.code, refused.value.field) == (Code.INVALID_STATE, ("id",))
    (letter,) = await given_up(world)
    assert (letter.id, letter.subject, letter.sequence) == (letter_id, "message 7", 1)
    assert (letter.error, letter.tries, letter.at) == ("ValueError: still cannot stomach message 7", 4, world.now)
    assert await diary.pages(world) == []


async def test_a_letter_is_its_readers_and_its_organizations(world: World, diary: Diary):
    letter_id = await buried(world, reader="other")

    assert not await feed.replay(world.database, diary, world.organization_id, letter_id)
    assert not await feed.replay(world.database, Diary("other"), UUID(int=7), letter_id)
    assert not await feed.replay(world.database, diary, world.organization_id, new_id(NOON))

    assert len(await given_up(world, "other")) == 1


async def test_dead_letters_are_listed_counted_and_looked_up(world: World, diary: Diary):
    ids = []
    for number in range(3):
        ids.append(await buried(world, f"message {number}"))
        world.passes(seconds=1)
    other = await buried(world, reader="other", error="\0odd \ud800" + "x" * 1_000)

    async with world.database.read() as connection:
        here = world.organization_id
        first = await feed.dead_letters(connection, here, "diary", Slice(2))
        rest = await feed.dead_letters(connection, here, "diary", Slice(2, (first.rows[-1].id,)))
        everything = await feed.dead_letters(connection, here, None, ALL)
        counted = [await feed.count(connection, here, reader) for reader in ("diary", "other", None, "nobody")]
        one = await feed.letter(connection, here, other)
        strange = await feed.letter(connection, UUID(int=7), other)

    assert [row.id for row in first.rows + rest.rows] == ids
    assert (first.has_next, rest.has_next) == (True, False)
    assert [row.id for row in everything.rows] == [*ids, other]
    assert first.rows[0].error == "Slack said no"
    assert counted == [3, 1, 4, 0]
    assert one is not None
    assert one.error == ("odd ?" + "x" * 1_000)[: feed.ERROR_CHARS_MAX]
    assert strange is None


async def test_status_tells_of_every_reader(world: World, diary: Diary):
    told = await happens(world, 3)
    other = Diary("other", poison={told[1]})
    while await advance(world, other):
        pass
    await buried(world)

    async with world.database.read() as connection:
        found = await feed.status(connection, world.organization_id)

    soon = NOON + timedelta(seconds=1)
    assert found == [
        ReaderStatus("diary", told[0] - 1, told[-1], 0, None, 1),
        ReaderStatus("other", told[0], told[-1], 1, soon, 0),
    ]
    assert [one.behind for one in found] == [3, 2]


@asynccontextmanager
async def following(world: World, *readers: Diary, seconds: float = 60.0, wakes: bool = True) -> AsyncIterator[None]:
    """The loop, for the time of a story."""
    wake = asyncio.Event()
    if wakes:
        feed.wake_on_commit(world.database, wake)

    async def everyone() -> Iterable[UUID]:
        async with world.database.read() as connection:
            return [row.organization_id for row in await organization.all_organizations(connection)]

    task = asyncio.create_task(feed.follow(world.database, readers, everyone, wake, seconds=seconds))
    try:
        yield
    finally:
        assert not task.done(), "it never ends by itself"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(world: World, reader: Diary, pages: list[int]) -> None:
    """Waits for the reader to have kept these."""
    async with asyncio.timeout(10):
        while await reader.pages(world) != pages:  # noqa: ASYNC110  # it is the database that tells, as it would an admin
            await asyncio.sleep(0.01)


async def at_rest() -> None:
    """Waits until the follower waits."""
    await asyncio.sleep(6 * feed.GATHER_SECONDS)


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
        for _ in range(feed.TRIES_MAX):
            world.passes(seconds=60)
            await asyncio.sleep(0.15)
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


@pytest.fixture
def plaudit(capsys, monkeypatch, world: World) -> Any:
    """The command, beside the running world."""
    monkeypatch.setenv("PLAUDIT_DATABASE_URL", world.database.url)

    async def run(*arguments: str) -> tuple[int, list[str], str]:
        status = await asyncio.to_thread(cli.run, arguments)
        said = capsys.readouterr()
        return status, said.out.splitlines(), said.err

    return run


async def test_the_command_line_tells_where_readers_are(world: World, diary: Diary, plaudit):
    last = (await happens(world, 2))[-1]

    assert await plaudit("feed", "status") == (
        0,
        [
            "READER  READ  OF  BEHIND  FAILED  AGAIN AT  DEAD LETTERS",
            f"diary   {last - 2}    {last}  2       0       -         0",
        ],
        "",
    )
    letter_id = await buried(world, "message 7")

    assert await plaudit("feed", "dead-letters") == (
        0,
        [
            "ID                                    READER  EVENT  WHAT       TRIES  AT                   ERROR",
            f"{letter_id}  diary   1      message 7  3      2026-03-10 12:00:00  Slack said no",
        ],
        "",
    )
    assert len((await plaudit("feed", "dead-letters", "--reader", "other"))[1]) == 1


async def test_the_command_line_replays(world: World, diary: Diary, plaudit, monkeypatch):
    letter_id, stranger = await buried(world, "message 7"), await buried(world, reader="stranger")
    monkeypatch.setattr(feed_commands, "readers", lambda _database, _settings: {"diary": diary})
    nobody = "This version has no reader stranger, which gave it up. It stays as it is."

    diary.poison = {1}
    assert await plaudit("feed", "replay", "--id", str(letter_id)) == (
        1,
        [],
        "plaudit: It failed again, and stays a dead letter: ValueError: still cannot stomach message 7\n",
    )
    diary.poison = set()
    assert await plaudit("feed", "replay", "--all") == (1, [f"{stranger}: {nobody}", "1 done, 1 failed."], "")
    assert await plaudit("feed", "replay", "--id", str(stranger)) == (1, [], f"plaudit: {nobody}\n")
    assert await plaudit("feed", "replay", "--id", str(letter_id)) == (
        1,
        [],
        f"plaudit: There is no dead letter {letter_id}. See: plaudit feed dead-letters\n",
    )
    assert await diary.pages(world) == [1]

    again = await buried(world)
    assert await plaudit("feed", "replay", "--id", str(again)) == (0, ["It is done."], "")


@pytest.mark.parametrize("misused", [(), ("--all", "--id", str(UUID(int=7))), ("--id", "seven")])
async def test_misuse_of_replay_is_explained(plaudit, misused):
    status, _, said = await plaudit("feed", "replay", *misused)

    assert status == 2
    assert "--id" in said
