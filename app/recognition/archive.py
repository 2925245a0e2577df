"""History taken elsewhere: every recognition with the id by which an import knows it, streamed."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.audit import Receipt
from app.db import Database, columns, scoped, table_of
from app.recognition.history import VERB
from app.recognition.models import Recognition, Visibility

CHUNK = 500


async def archive(database: Database, organization_id: UUID, *, include_private: bool = False) -> AsyncIterator[Sequence[Any]]:
    """Rows of Recognition that were not taken back, oldest first, each with the `external_id` that it was imported by, if it was.
    In chunks and in one snapshot."""
    recognition, receipt = columns(Recognition), columns(Receipt)
    # The verb as a literal: for a parameter no planner would trust the index of imports.
    came_in = sa.and_(
        receipt.organization_id == recognition.organization_id,
        receipt.verb == sa.literal_column(f"'{VERB}'"),
        receipt.result_id == recognition.id,
    )
    statement = (
        scoped(Recognition, organization_id, *table_of(Recognition).c, receipt.idempotency_key.label("external_id"))
        .join_from(table_of(Recognition), table_of(Receipt), came_in, isouter=True)
        .where(recognition.revoked_at.is_(None))
        .order_by(recognition.id)
    )
    if not include_private:
        statement = statement.where(recognition.visibility == Visibility.PUBLIC)
    async with database.read() as connection:
        if not database.is_sqlite:  # a cursor of the server lives in a transaction
            await connection.execution_options(isolation_level="REPEATABLE READ")
        result = await connection.stream(statement, execution_options={"yield_per": CHUNK})
        async for chunk in result.partitions():
            yield chunk


async def archive_size(database: Database, organization_id: UUID) -> int:
    """How many recognitions there are, about as many as `archive` will yield."""
    async with database.read() as connection:
        return int((await connection.execute(scoped(Recognition, organization_id, sa.func.count()))).scalar_one())
