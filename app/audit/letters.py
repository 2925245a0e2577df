"""Dead letters: what readers of the feed gave up on, kept until somebody has it done again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.models import DeadLetter
from app.core.errors import PlauditError
from app.core.ids import new_id
from app.db import Page, Slice, columns, page, scoped, table_of
from app.db import count as count_rows

ERROR_CHARS_MAX = 500


async def bury(
    connection: AsyncConnection,
    organization_id: UUID,
    reader: str,
    sequence: int,
    subject: str,
    error: str,
    tries: int,
    now: datetime,
) -> UUID:
    """Makes a dead letter of what failed too often; returns its id. Readers call it for their own later work, with the number
    of the event that asked for it and a subject by which they know what to do `again`."""
    id_ = new_id(now)
    row = {"organization_id": organization_id, "id": id_, "reader": reader, "sequence": sequence, "subject": subject}
    await connection.execute(sa.insert(table_of(DeadLetter)).values(row | {"error": _line(error), "at": now, "tries": tries}))
    return id_


async def forget(connection: AsyncConnection, organization_id: UUID, reader: str, subjects: Iterable[str]) -> None:
    """Removes the reader's dead letters about these subjects: what was given up came to an end in another way."""
    at = columns(DeadLetter)
    these = (at.organization_id == organization_id, at.reader == reader, at.subject.in_(list(subjects)))
    await connection.execute(sa.delete(table_of(DeadLetter)).where(*these))


async def listed(connection: AsyncConnection, organization_id: UUID, reader: str | None, part: Slice) -> Page[DeadLetter]:
    """One page of what was given up, by one reader or by all, the oldest first; the key of a row is its id."""
    return await page(connection, given_up(organization_id, reader), [columns(DeadLetter).id], part)


async def count(connection: AsyncConnection, organization_id: UUID, reader: str | None) -> int | None:
    """How many dead letters there are; None when they are more than are counted."""
    return await count_rows(connection, given_up(organization_id, reader))


async def one(connection: AsyncConnection, organization_id: UUID, letter_id: UUID) -> DeadLetter | None:
    """One dead letter."""
    found = await connection.execute(given_up(organization_id, None).where(columns(DeadLetter).id == letter_id))
    return cast(DeadLetter | None, found.one_or_none())


def given_up(organization_id: UUID, reader: str | None) -> sa.Select[Any]:
    """What was given up, by one reader or by all, in no order."""
    statement = scoped(DeadLetter, organization_id)
    return statement if reader is None else statement.where(columns(DeadLetter).reader == reader)


def sentence(error: BaseException) -> str:
    """Why something failed, for a dead letter: one line, and never the values of a statement, which may be people's words."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return _line(str(cause) if isinstance(cause, PlauditError) else f"{type(cause).__name__}: {cause}".removesuffix(": "))


def _line(text: str) -> str:
    """The first line, as both databases can keep it."""
    first, *_ = text.encode(errors="replace").decode().replace("\0", "").strip().splitlines() or [""]
    return first[:ERROR_CHARS_MAX]
