"""What leaves as a file: recognitions as an import reads them, and the audit trail with the exact bytes that were hashed."""

from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import UUID

import orjson

from app import audit, organization, recognition
from app.db import Database, columns, scoped
from app.files.recognitions import COLUMNS
from app.files.sheet import CHUNK, lines_of, moment


async def recognition_lines(
    database: Database, organization_id: UUID, *, include_private: bool = False
) -> AsyncIterator[tuple[int, str]]:
    """CSV with the columns of the import, oldest first: how many recognitions, and their lines.

    What was revoked is left out, boosts are not told, a hidden message is empty, several values are joined by `;`, and a member
    without an e-mail address stands there by id. An import makes everything public: think before you include what is private."""
    yield 0, lines_of([COLUMNS])
    async for chunk in recognition.archive(database, organization_id, include_private=include_private):
        ids = [row.id for row, _ in chunk]
        async with database.read() as connection:
            recipients = await recognition.reads.recipients(connection, organization_id, ids)
            hashtags = await recognition.reads.hashtags(connection, organization_id, ids)
            people = {row.giver_id for row, _ in chunk}.union(*recipients.values())
            members = await organization.reads.members_by_id(connection, organization_id, people)
        names = {id_: member.email or str(id_) for id_, member in members.items()}
        yield len(chunk), lines_of(_cells(chunk, names, recipients, hashtags))


def _cells(
    chunk: list[tuple[recognition.Recognition, str]],
    names: dict[UUID, str],
    recipients: dict[UUID, list[UUID]],
    hashtags: dict[UUID, list[str]],
) -> Iterator[Sequence[str]]:
    for row, external_id in chunk:
        yield (
            external_id,
            moment(row.given_at),
            names[row.giver_id],
            ";".join(sorted(names[id_] for id_ in recipients[row.id])),
            str(row.points_each),
            ";".join(hashtags[row.id]),
            row.message if row.hidden_at is None else "",
        )


async def audit_size(database: Database, organization_id: UUID) -> int:
    """How many events there are."""
    async with database.read() as connection:
        head = scoped(audit.ChainHead, organization_id, columns(audit.ChainHead).sequence)
        return (await connection.execute(head)).scalar() or 0


async def audit_lines(database: Database, organization_id: UUID, *, after: int = 0) -> AsyncIterator[tuple[int, str]]:
    """One JSON object a line, in order, from the event after `after`: how many events, and their lines. `record` is a string that
    holds the exact bytes that were hashed: `sha256(record) == hash`, and each record names the hash before it."""
    event = columns(audit.AuditEvent)
    while True:
        chosen = scoped(audit.AuditEvent, organization_id, event.sequence, event.hash, event.record)
        async with database.read() as connection:
            found = (await connection.execute(chosen.where(event.sequence > after).order_by(event.sequence).limit(CHUNK))).all()
        if not found:
            return
        after = found[-1].sequence
        lines = [orjson.dumps({"sequence": row.sequence, "hash": row.hash.hex(), "record": row.record.decode()}) for row in found]
        yield len(found), b"\n".join([*lines, b""]).decode()
