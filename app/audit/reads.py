"""What may be asked of the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.models import AuditEvent, ChainHead
from app.db import Page, Slice, columns, page, scoped


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events are wanted; None does not look."""

    actor_id: UUID | None = None
    actions: tuple[str, ...] | None = None
    subject: str | None = None
    since: datetime | None = None
    before: datetime | None = None


def trail(organization_id: UUID, wanted: AuditFilter) -> sa.Select[Any]:
    """The events that the filter means, in no order."""
    event = columns(AuditEvent)
    statement = scoped(AuditEvent, organization_id)
    if wanted.actor_id is not None:
        statement = statement.where(event.actor_id == wanted.actor_id)
    if wanted.actions is not None:
        statement = statement.where(event.action.in_(wanted.actions))
    if wanted.subject is not None:
        statement = statement.where(event.subject == wanted.subject)
    if wanted.since is not None:
        statement = statement.where(event.at >= wanted.since)
    if wanted.before is not None:
        statement = statement.where(event.at < wanted.before)
    return statement


async def trail_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[AuditEvent]:
    """One page of `trail`, newest first; the key of a row is its sequence."""
    return await page(connection, statement, [columns(AuditEvent).sequence], part, descending=True)


async def event_row(connection: AsyncConnection, organization_id: UUID, sequence: int) -> AuditEvent | None:
    """One event."""
    statement = scoped(AuditEvent, organization_id).where(columns(AuditEvent).sequence == sequence)
    return cast(AuditEvent | None, (await connection.execute(statement)).one_or_none())


async def heads(connection: AsyncConnection, organization_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Number of the last event of each of the organizations."""
    return {row.organization_id: row.sequence for row in await connection.execute(_heads(organization_ids))}


def _heads(keys: Sequence[UUID]) -> sa.Select[Any]:
    head = columns(ChainHead)
    return sa.select(head.organization_id, head.sequence).where(head.organization_id.in_(keys))


async def events_after(
    connection: AsyncConnection, organization_id: UUID, sequence: int, events_max: int
) -> Sequence[AuditEvent]:
    """The next events after the one of this number, in order."""
    at = columns(AuditEvent).sequence
    statement = scoped(AuditEvent, organization_id).where(at > sequence).order_by(at).limit(events_max)
    return cast(Sequence[AuditEvent], (await connection.execute(statement)).all())
