"""What may be asked about tokens: never their secrets."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import Token
from app.db import Page, Slice, columns, page, scoped


def tokens(organization_id: UUID, member_id: UUID | None = None) -> sa.Select[Any]:
    """Tokens of the organization or of one member, in no order."""
    statement = scoped(Token, organization_id)
    return statement if member_id is None else statement.where(columns(Token).member_id == member_id)


async def tokens_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[Token]:
    """One page of `tokens`, newest first; the key of a row is its id."""
    return await page(connection, statement, [columns(Token).id], part, descending=True)


async def tokens_by_id(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Token]:
    """Those of the tokens that exist here."""
    rows = await connection.execute(scoped(Token, organization_id).where(columns(Token).id.in_(set(ids))))
    return {row.id: cast(Token, row) for row in rows}
