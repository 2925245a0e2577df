"""What may be asked about tokens: never their secrets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.models import Token
from app.core.actor import Role
from app.db import Page, Slice, columns, page, scoped, table_of
from app.organization import Member, MemberStatus


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


async def standing(
    connection: AsyncConnection, organization_id: UUID, token_ids: Iterable[UUID], now: datetime
) -> dict[UUID, Role]:
    """Those of the tokens that still open the door, each with the role that its member has now."""
    token, member = columns(Token), columns(Member)
    statement = (
        scoped(Token, organization_id, token.id, member.role)
        .join_from(
            table_of(Token),
            table_of(Member),
            sa.and_(member.organization_id == token.organization_id, member.id == token.member_id),
        )
        .where(token.id.in_(set(token_ids)), token.revoked_at.is_(None), member.status != MemberStatus.DEACTIVATED)
        .where(sa.or_(token.expires_at.is_(None), token.expires_at > now))
    )
    return {row.id: Role(row.role) for row in await connection.execute(statement)}
