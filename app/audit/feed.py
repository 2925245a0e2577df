"""The feed: the chain read forward by those who act on what happened, each event once and in order, whatever fails."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, cast
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import letters
from app.audit.models import AuditEvent, ChainHead, DeadLetter, FeedCursor
from app.core.errors import Busy, Code, Refusal, not_found
from app.db import Batch, Database, columns, insert, scoped, table_of

EVENTS_MAX = 200
"""Events that a reader takes in one transaction."""
TRIES_MAX = 5
"""An event that has failed so often becomes a dead letter."""
PAUSE_SECONDS_MAX = 60
"""The pauses between tries are 1, 2, 4, … seconds, up to this."""
GATHER_SECONDS = 0.15
"""After a round the follower rests so long: what is committed meanwhile is read together."""
ORGANIZATIONS_AT_ONCE = 500

_AWAY_SQLSTATES = ("08", "25006", "40", "53", "55P03", "57P", "58")
"""Of PostgreSQL: connection, read-only, deadlock, resources, lock, shutdown, its disk."""
_AWAY_SQLITE = (5, 6, 8, 10, 13, 14)
"""Of SQLite: busy, locked, read-only, its disk, full, cannot open."""

log = logging.getLogger("plaudit.feed")


class Reader(Protocol):
    """Who acts on events. What it does outside the database is its own later work, from the rows that it wrote here."""

    @property
    def name(self) -> str:
        """By which the cursor is kept. It never changes."""

    async def take(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Does what these events of one organization ask for, inside the transaction that moves the cursor on: rows only, no
        calls to anyone. Whatever it raises, nothing of it was done, and the events come again, one by one."""

    async def again(self, connection: AsyncConnection, letter: DeadLetter) -> None:
        """Takes up a dead letter once more, inside the transaction that removes it when this returns."""


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """Where a reader stands in an organization's feed."""

    reader: str
    sequence: int
    """Number of the last event that it read."""
    head: int
    """Number of the last event there is."""
    tries: int
    """How often the event that comes next has failed."""
    not_before: datetime | None
    """When that event is tried again."""
    dead_letters: int

    @property
    def behind(self) -> int:
        """Events that wait."""
        return self.head - self.sequence


class _Failed(Exception):
    """A reader raised on these events; its transaction left no trace."""

    def __init__(self, cursor: FeedCursor, events: Sequence[AuditEvent], error: Exception) -> None:
        super().__init__(letters.sentence(error))
        self.cursor = cursor
        self.events = events
        self.error = error


class _Moved(Exception):
    """The cursor is not where it was read: somebody else moved it, and this transaction must leave no trace."""


async def advance(
    database: Database, reader: Reader, organization_id: UUID, *, events_max: int = EVENTS_MAX, tries_max: int = TRIES_MAX
) -> int:
    """Lets the reader take the next events, if there are any and no other process is at it. Returns the number of events that
    the cursor moved past. Raises Busy while the database is away, which counts as no event's failure."""
    async with database.read() as connection:
        due = await _due(connection, [organization_id], reader.name, database.clock())
    if organization_id not in due:
        return 0
    if not due[organization_id]:
        await place(database, reader.name, organization_id, at_head=False)
    try:
        return await _round(database, reader, organization_id, events_max)
    except _Failed as failed:
        if len(failed.events) == 1:
            return await _fail(database, reader, failed, tries_max)
        log.info("%s: %s. They are read one by one", _span(failed), failed)
        number, read = len(failed.events), 0
    while read < number:
        try:
            if not await _round(database, reader, organization_id, 1):
                break
        except _Failed as failed:
            return read + await _fail(database, reader, failed, tries_max)
        read += 1
    return read


async def place(database: Database, reader: str, organization_id: UUID, *, at_head: bool) -> None:
    """Makes the reader's cursor, behind the last event there is or before the first. Does nothing where it has one already.

    Without this a reader begins before the first event. Raises NOT_FOUND for an organization that has no chain."""
    head = scoped(ChainHead, organization_id, columns(ChainHead).sequence)
    async with _transaction(database) as connection:
        last = (await connection.execute(head)).scalar_one_or_none()
        if last is None:
            raise not_found("organizationId")
        row = {"organization_id": organization_id, "reader": reader, "sequence": last if at_head else 0, "tries": 0}
        await connection.execute(insert(FeedCursor, database.dialect).values(row).on_conflict_do_nothing())


async def follow(
    database: Database,
    readers: Sequence[Reader],
    organizations: Callable[[], Awaitable[Iterable[UUID]]],
    wake: asyncio.Event,
    *,
    seconds: float = 2.0,
) -> None:
    """Lets every reader catch up in every organization, at once and then whenever `wake` is set, or each so many seconds, as
    other processes set nothing here. A failure is logged, and the next round tries again. Ends by being cancelled only."""
    while True:
        wake.clear()  # Before the round: what is committed during it is the next round's.
        try:
            most = await _catch_up(database, readers, list(await organizations()))
        except Exception as error:
            log.warning("the feed waits %s seconds: %s", seconds, error, exc_info=None if isinstance(error, Busy) else error)
            await asyncio.sleep(seconds)
            continue
        if most < EVENTS_MAX:
            await asyncio.sleep(GATHER_SECONDS)
        if most == 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await wake.wait()


def wake_on_commit(database: Database, wake: asyncio.Event) -> None:
    """Sets the event whenever this process has committed something that the feed tells of."""

    def tell(batch: Batch) -> None:
        if batch.links:
            wake.set()

    database.committer.listeners.append(tell)


async def _catch_up(database: Database, readers: Sequence[Reader], known: Sequence[UUID]) -> int:
    """One step of each reader in each organization, so that nobody waits for another's long way. Returns the longest step. Raises
    Busy; whatever else fails in one organization does not stop the others."""
    most = 0
    for reader in readers:
        for first in range(0, len(known), ORGANIZATIONS_AT_ONCE):
            async with database.read() as connection:
                due = await _due(connection, known[first : first + ORGANIZATIONS_AT_ONCE], reader.name, database.clock())
            for organization_id in due:
                try:
                    most = max(most, await advance(database, reader, organization_id))
                except Busy:
                    raise
                except Exception:
                    log.exception("%s stays where it is in the feed of organization %s", reader.name, organization_id)
    return most


async def _due(connection: AsyncConnection, known: Sequence[UUID], reader_name: str, now: datetime) -> dict[UUID, bool]:
    """The organizations in whose feed something waits for the reader now, and whether it has a cursor there."""
    rows = await connection.execute(_waiting(known, reader_name, now))
    return {row.organization_id: row.sequence is not None for row in rows}


def _waiting(keys: Sequence[UUID], reader_name: str, now: datetime) -> sa.Select[Any]:
    head, cursor = columns(ChainHead), columns(FeedCursor)
    mine = sa.and_(cursor.organization_id == head.organization_id, cursor.reader == reader_name)
    return (
        sa.select(head.organization_id, cursor.sequence)
        .select_from(table_of(ChainHead).outerjoin(table_of(FeedCursor), mine))
        .where(head.organization_id.in_(keys), head.sequence > sa.func.coalesce(cursor.sequence, 0))
        .where(sa.or_(cursor.not_before.is_(None), cursor.not_before <= now))
    )


async def _round(database: Database, reader: Reader, organization_id: UUID, events_max: int) -> int:
    """One transaction: the next events are taken and the cursor moves past them. Returns their number; 0 when there is nothing
    to do, or another process does it. Raises _Failed, or Busy."""
    with suppress(_Moved):
        async with _transaction(database) as connection:
            cursor = await _locked(connection, reader.name, organization_id)
            if cursor is None or (cursor.not_before is not None and cursor.not_before > database.clock()):
                return 0
            events = await _next(connection, cursor, 1 if cursor.tries else events_max)
            if not events:
                return 0
            try:
                await reader.take(connection, events)
                # A transaction that the reader has broken fails here, and that is the reader's failure as well.
                await _move(connection, cursor, sequence=events[-1].sequence, tries=0, not_before=None)
            except Exception as error:
                if isinstance(error, Busy | _Moved) or _is_away(error):
                    raise
                raise _Failed(cursor, events, error) from error
            return len(events)
    return 0


async def _locked(connection: AsyncConnection, reader_name: str, organization_id: UUID) -> FeedCursor | None:
    """The cursor, for us alone until the transaction ends; None where another process has it. On SQLite the transaction itself
    is the lock."""
    statement = scoped(FeedCursor, organization_id).where(columns(FeedCursor).reader == reader_name)
    found = await connection.execute(statement.with_for_update(skip_locked=True))
    return cast(FeedCursor | None, found.one_or_none())


async def _next(connection: AsyncConnection, cursor: FeedCursor, events_max: int) -> Sequence[AuditEvent]:
    sequence = columns(AuditEvent).sequence
    statement = scoped(AuditEvent, cursor.organization_id).where(sequence > cursor.sequence).order_by(sequence)
    return cast(Sequence[AuditEvent], (await connection.execute(statement.limit(events_max))).all())


async def _move(connection: AsyncConnection, cursor: FeedCursor, **values: Any) -> None:
    """Changes the cursor if it is still as it was read. Raises _Moved otherwise."""
    at = columns(FeedCursor)
    mine = (at.organization_id == cursor.organization_id, at.reader == cursor.reader)
    as_it_was = (at.sequence == cursor.sequence, at.tries == cursor.tries)
    if (await connection.execute(sa.update(table_of(FeedCursor)).where(*mine, *as_it_was).values(values))).rowcount != 1:
        raise _Moved


async def _fail(database: Database, reader: Reader, failed: _Failed, tries_max: int) -> int:
    """Counts the failure of one event; the last one that is borne makes it a dead letter. Returns 1 when the cursor has moved
    past it, 0 when it is to be tried again."""
    cursor, (event,), now = failed.cursor, failed.events, database.clock()
    tries = cursor.tries + 1
    with suppress(_Moved):
        async with _transaction(database) as connection:
            if tries < tries_max:
                pause = timedelta(seconds=min(PAUSE_SECONDS_MAX, 2 ** (tries - 1)))
                await _move(connection, cursor, tries=tries, not_before=now + pause)
            else:
                await _move(connection, cursor, sequence=event.sequence, tries=0, not_before=None)
                await letters.bury(connection, cursor.organization_id, reader.name, event.sequence, "", str(failed), tries, now)
        if tries < tries_max:
            log.info("%s: %s. It is tried again", _span(failed), failed)
            return 0
        log.error("%s, for the last time: it is a dead letter after %d tries", _span(failed), tries, exc_info=failed.error)
        return 1
    return 0


def _span(failed: _Failed) -> str:
    first, last = failed.events[0].sequence, failed.events[-1].sequence
    which = f"event {first}" if first == last else f"events {first} to {last}"
    return f"{failed.cursor.reader} failed on {which} of organization {failed.cursor.organization_id}"


def body(event: AuditEvent) -> dict[str, Any]:
    """What the event says besides its action and subject: ids, numbers and digests, as JSON knows them."""
    return cast(dict[str, Any], orjson.loads(event.record)["body"])


async def as_of(connection: AsyncConnection, organization_id: UUID, reader: str, now: datetime) -> datetime:
    """The reader has read every event before this moment: that of the first one that it has not, or now."""
    cursor, event = columns(FeedCursor), columns(AuditEvent)
    read = scoped(FeedCursor, organization_id, cursor.sequence).where(cursor.reader == reader).scalar_subquery()
    statement = scoped(AuditEvent, organization_id, event.at).where(event.sequence == sa.func.coalesce(read, 0) + 1)
    return (await connection.execute(statement)).scalar_one_or_none() or now


async def rewind(connection: AsyncConnection, organization_id: UUID, reader: str) -> None:
    """Puts the reader's cursor before the first event, in the transaction that forgets what the reader made of them."""
    at = columns(FeedCursor)
    mine = (at.organization_id == organization_id, at.reader == reader)
    await connection.execute(sa.update(table_of(FeedCursor)).where(*mine).values(sequence=0, tries=0, not_before=None))


async def replay(database: Database, reader: Reader, organization_id: UUID, letter_id: UUID) -> bool:
    """Has the reader take up a dead letter again, in one transaction with its removal. False where there is none such (any more).

    When it fails again the letter stays, with the new error and one more try, and INVALID_STATE is raised with that error."""
    at = columns(DeadLetter)
    this = (at.organization_id == organization_id, at.id == letter_id)
    wanted = letters.given_up(organization_id, reader.name).where(*this).with_for_update()
    found: Any = None
    try:
        async with _transaction(database) as connection:
            found = (await connection.execute(wanted)).one_or_none()
            if found is None:
                return False
            await reader.again(connection, found)
            await connection.execute(sa.delete(table_of(DeadLetter)).where(*this))
            return True
    except Exception as error:
        if isinstance(error, Busy) or found is None:
            raise
        said = letters.sentence(error)
        log.warning("dead letter %s of organization %s failed again", letter_id, organization_id, exc_info=error)
        changed = {"error": said, "at": database.clock(), "tries": at.tries + 1}
        async with _transaction(database) as connection:
            await connection.execute(sa.update(table_of(DeadLetter)).where(*this).values(changed))
        raise Refusal(Code.INVALID_STATE, f"It failed again, and stays a dead letter: {said}", "id") from error


async def status(connection: AsyncConnection, organization_id: UUID) -> list[ReaderStatus]:
    """Where each reader stands, by name. A reader that never began is not among them."""
    cursor, dead = columns(FeedCursor), columns(DeadLetter)
    head = scoped(ChainHead, organization_id, columns(ChainHead).sequence).scalar_subquery()
    counted = scoped(DeadLetter, organization_id, sa.func.count()).where(dead.reader == cursor.reader)
    given_up = counted.correlate(table_of(FeedCursor)).scalar_subquery()
    shown = (cursor.reader, cursor.sequence, head.label("head"), cursor.tries, cursor.not_before, given_up.label("given_up"))
    rows = await connection.execute(scoped(FeedCursor, organization_id, *shown).order_by(cursor.reader))
    return [ReaderStatus(*row) for row in rows]


@asynccontextmanager
async def _transaction(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction of bookkeeping. Raises Busy when the database is away, whichever statement found out."""
    try:
        async with database.bookkeeping() as connection:
            yield connection
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        if not _is_away(error):
            raise
        raise Busy("The database cannot be reached, or is busy. Nothing was changed; try again in a moment.") from error


def _is_away(error: BaseException) -> bool:
    """Whether it says something of the database and nothing of what it was asked to do."""
    if not isinstance(error, sa.exc.DBAPIError):
        return isinstance(error, sa.exc.TimeoutError)  # No connection of the pool became free.
    code, state = getattr(error.orig, "sqlite_errorcode", 0), getattr(error.orig, "sqlstate", "")
    gone = isinstance(error, sa.exc.OperationalError) and (state is None or state.startswith(_AWAY_SQLSTATES))
    return gone or error.connection_invalidated or code & 0xFF in _AWAY_SQLITE
