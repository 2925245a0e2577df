"""History taken elsewhere: every recognition with the id by which an import knows it, in chunks."""

from collections.abc import AsyncIterator
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import Receipt
from app.db import Database, Slice, columns, page, scoped
from app.recognition.history import VERB
from app.recognition.models import Recognition, Visibility

CHUNK = 500


async def archive(
    database: Database, organization_id: UUID, *, include_private: bool = False
) -> AsyncIterator[list[tuple[Recognition, str]]]:
    """Recognitions that were not taken back, oldest first, in chunks, each with the id by which an import knows it."""
    recognition = columns(Recognition)
    statement = scoped(Recognition, organization_id).where(recognition.revoked_at.is_(None))
    if not include_private:
        statement = statement.where(recognition.visibility == Visibility.PUBLIC)
    after = None
    while True:
        async with database.read() as connection:
            found = await page(connection, statement, [recognition.id], Slice(CHUNK, after))
            keys = await _imported_by(connection, organization_id, [row.id for row in found.rows])
        if found.rows:
            yield [(row, keys.get(row.id, str(row.id))) for row in found.rows]
        if not found.has_next:
            return
        after = (found.rows[-1].id,)


async def _imported_by(connection: AsyncConnection, organization_id: UUID, ids: list[UUID]) -> dict[UUID, str]:
    receipt = columns(Receipt)
    statement = scoped(Receipt, organization_id, receipt.result_id, receipt.idempotency_key)
    # The verb as a literal: for a parameter no planner would trust the index of imports.
    imported = receipt.verb == sa.literal_column(f"'{VERB}'")
    rows = await connection.execute(statement.where(imported, receipt.result_id.in_(ids)))
    return {row.result_id: row.idempotency_key for row in rows}


async def archive_size(database: Database, organization_id: UUID) -> int:
    """How many recognitions there are, about as many as `archive` will yield."""
    async with database.read() as connection:
        return int((await connection.execute(scoped(Recognition, organization_id, sa.func.count()))).scalar_one())
