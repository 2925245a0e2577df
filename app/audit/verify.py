"""Verification: an organization's chain walked in order, in constant memory, up to the first link that is wrong."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from app.audit.chain import GENESIS, sha256
from app.audit.models import AuditEvent, ChainHead, ChainMark
from app.db import Database, columns, insert, scoped, table_of

CHUNK = 500
"""Events in memory at a time."""
MARKED_EVERY = 20 * CHUNK
"""A verification that goes on from the mark moves it along, so that one that runs out of time has not been for nothing."""
_COLUMNS = {"actor": "actor_id", "door": "door", "action": "action", "subject": "subject", "organization": "organization_id"}
"""What the record calls a fact, and the column that says the same."""

Progress = Callable[[int, int], None]
"""Told now and then how much of how much has been done."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What verification found."""

    chain_intact: bool
    events: int
    """Number of the last event, as the head says."""
    verified_through: int
    """The last event up to which everything is as it was written."""
    first_broken_sequence: int | None
    problem: str | None
    """What is wrong with the first broken event, as a sentence."""
    head_hash: str
    """Hash of the last event in hexadecimal: written down elsewhere, it tells later that nothing before it was rewritten."""


class _Broken(Exception):
    def __init__(self, sequence: int, what: str) -> None:
        super().__init__(what)
        self.sequence = sequence
        self.sentence = f"event {sequence}: {what}"


class _State(NamedTuple):
    """Head and last event in one snapshot: acts may be committed meanwhile."""

    head_sequence: int
    head_hash: bytes
    last_sequence: int


async def verify(database: Database, organization_id: UUID, progress: Progress | None = None) -> ChainReport:
    """Checks the whole chain from event 1, and moves the mark forward when it is intact."""
    return await _verify(database, organization_id, progress, from_mark=False)


async def verify_from_mark(database: Database, organization_id: UUID, progress: Progress | None = None) -> ChainReport:
    """Checks what came since the last verification, and moves the mark forward when it is intact."""
    return await _verify(database, organization_id, progress, from_mark=True)


async def _verify(database: Database, organization_id: UUID, progress: Progress | None, *, from_mark: bool) -> ChainReport:
    mark = await _mark(database, organization_id)  # before the head, since another verification may move it meanwhile
    state = await _state(database, organization_id)
    start = mark.sequence if mark is not None and from_mark else 1
    verified, previous = start - 1, (GENESIS if start == 1 else None)
    problem, broken = None, None
    try:
        async for row in _events(database, organization_id, start, state.head_sequence):
            _check(row, verified + 1, previous)
            if mark is not None and row.sequence == mark.sequence and row.hash != mark.hash:
                when = mark.verified_at.isoformat(timespec="seconds")
                raise _Broken(
                    row.sequence, f"at the verification of {when} its hash was {mark.hash.hex()}, and is {row.hash.hex()}"
                )
            verified, previous = row.sequence, row.hash
            if from_mark and verified % MARKED_EVERY == 0:
                await _move_mark(database, organization_id, verified, previous)
            if progress is not None and (verified % CHUNK == 0 or verified == state.head_sequence):
                progress(verified - start + 1, state.head_sequence - start + 1)
        _check_end(state, verified, previous, mark)
    except _Broken as found:
        problem, broken = found.sentence, found.sequence
        verified = min(verified, found.sequence - 1)
    else:
        await _move_mark(database, organization_id, state.head_sequence, state.head_hash)
    return ChainReport(problem is None, state.head_sequence, verified, broken, problem, state.head_hash.hex())


def _check(row: Any, expected: int, previous: bytes | None) -> None:
    """One event. `previous` is the hash of the one before it, None where that is not known."""
    if row.sequence < expected:
        raise _Broken(row.sequence, "there is no such number: the first event is 1")
    if row.sequence > expected:
        raise _Broken(expected, f"it is missing; the next one is {row.sequence}")
    digest = sha256(row.record)
    if digest != row.hash:
        raise _Broken(expected, f"the record was changed: its hash is {digest.hex()}, not {row.hash.hex()}")
    try:
        record = orjson.loads(row.record)
        told_at = datetime.fromisoformat(record["at"])
        told = {name: record[name] for name in ("sequence", "previous", *_COLUMNS)}
    except (ValueError, TypeError, KeyError):
        raise _Broken(expected, "the record is not one that we wrote") from None
    if previous is not None and told["previous"] != previous.hex():
        raise _Broken(expected, f"it names {told['previous']} as the hash of the one before it, and that is {previous.hex()}")
    if told["sequence"] != row.sequence:
        raise _Broken(expected, f"the record is that of event {told['sequence']}")
    if told_at != row.at:
        raise _Broken(expected, f"the column at says {row.at.isoformat()}, and the record {record['at']}")
    for name, column in _COLUMNS.items():
        value = getattr(row, column)
        if told[name] != (None if value is None else str(value)):
            raise _Broken(expected, f"the column {column} says {value}, and the record {told[name]}")


def _check_end(state: _State, verified: int, last_hash: bytes | None, mark: ChainMark | None) -> None:
    """Where the chain ends: at the head, not before it and not after it, and not before the mark."""
    if verified < state.head_sequence:
        raise _Broken(verified + 1, f"it is missing; the head says that the last one is {state.head_sequence}")
    if mark is not None and state.head_sequence < mark.sequence:
        raise _Broken(state.head_sequence + 1, f"it is missing; an earlier verification went up to {mark.sequence}")
    if last_hash is not None and last_hash != state.head_hash:
        raise _Broken(
            verified, f"the head names {state.head_hash.hex()} as the hash of the last one, and that is {last_hash.hex()}"
        )
    if state.last_sequence > state.head_sequence:
        raise _Broken(state.head_sequence + 1, f"it stands behind the head, which names {state.head_sequence} as the last one")


async def _state(database: Database, organization_id: UUID) -> _State:
    head, event = columns(ChainHead), columns(AuditEvent)
    statement = sa.select(
        scoped(ChainHead, organization_id, head.sequence).scalar_subquery(),
        scoped(ChainHead, organization_id, head.hash).scalar_subquery(),
        scoped(AuditEvent, organization_id, sa.func.max(event.sequence)).scalar_subquery(),
    )
    async with database.read() as connection:
        sequence, digest, last = (await connection.execute(statement)).one()
    return _State(sequence or 0, bytes(digest) if digest is not None else GENESIS, last or 0)


async def _mark(database: Database, organization_id: UUID) -> Any:
    async with database.read() as connection:
        return (await connection.execute(scoped(ChainMark, organization_id))).one_or_none()


async def _events(database: Database, organization_id: UUID, start: int, end: int) -> AsyncIterator[Any]:
    """The events in order. Raises _Broken for one whose columns cannot even be read."""
    sequence = columns(AuditEvent).sequence
    # From the very beginning there is no lower bound: an event 0 would be wrong, too.
    after, limit = (start - 1 if start > 1 else None), CHUNK
    while True:
        statement = scoped(AuditEvent, organization_id).where(sequence <= end).order_by(sequence).limit(limit)
        if after is not None:
            statement = statement.where(sequence > after)
        try:
            async with database.read() as connection:
                found: Sequence[Any] = (await connection.execute(statement)).all()
        except (ValueError, TypeError) as error:
            if limit == 1:
                raise _Broken((after or 0) + 1, f"a column holds what was never written there: {error}") from None
            limit = 1
            continue
        for row in found:
            yield row
        if len(found) < limit:
            return
        after = found[-1].sequence


async def _move_mark(database: Database, organization_id: UUID, sequence: int, digest: bytes) -> None:
    """Bookkeeping: of two verifications at once, the one that came further stands."""
    if sequence == 0:
        return
    table = table_of(ChainMark)
    values = {"sequence": sequence, "hash": digest, "verified_at": database.clock()}
    statement = (
        insert(ChainMark, database.dialect)
        .values(organization_id=organization_id, **values)
        .on_conflict_do_update(index_elements=[table.c.organization_id], set_=values, where=table.c.sequence < sequence)
    )
    async with database.bookkeeping() as connection:
        await connection.execute(statement)
