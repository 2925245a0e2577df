"""What may be asked of the ledger: balances, and an account's history."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import Remark
from app.db import Page, Slice, columns, page, scoped, table_of
from app.ledger.chart import AccountKind
from app.ledger.models import Account, Entry, Transfer


async def wallet_balances(connection: AsyncConnection, organization_id: UUID, member_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Spendable points of each member."""
    account = columns(Account)
    statement = scoped(Account, organization_id, account.owner_id, account.balance)
    statement = statement.where(account.owner_id.in_(set(member_ids)), account.kind == AccountKind.WALLET)
    found = {row.owner_id: row.balance for row in await connection.execute(statement)}
    return {member_id: found.get(member_id, 0) for member_id in member_ids}


class AccountLine(NamedTuple):
    """A transfer as seen from one account."""

    owner_id: UUID
    transfer: Transfer
    points: int
    memo: str | None


def history(organization_id: UUID, owner_id: UUID, kind: AccountKind = AccountKind.WALLET) -> sa.Select[Any]:
    """The transfers of one account with its own side of each, in no order."""
    entry, transfer, remark = columns(Entry), columns(Transfer), columns(Remark)
    return (
        scoped(Entry, organization_id, *table_of(Transfer).c, entry.points, entry.owner_id, entry.transfer_id, remark.words)
        .join_from(
            table_of(Entry),
            table_of(Transfer),
            sa.and_(transfer.organization_id == entry.organization_id, transfer.id == entry.transfer_id),
        )
        .outerjoin(
            table_of(Remark),
            sa.and_(remark.organization_id == transfer.organization_id, remark.id == transfer.remark_id),
        )
        .where(entry.owner_id == owner_id, entry.account_kind == kind)
    )


async def history_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[AccountLine]:
    """One page of `history`, newest first; the key of a row is the transfer's id."""
    found = await page(connection, statement, [columns(Entry).transfer_id], part, descending=True)
    return Page([AccountLine(row.owner_id, row, row.points, row.words) for row in found.rows], found.has_next)


async def wallet_line(
    connection: AsyncConnection, organization_id: UUID, transfer_id: UUID, owner_id: UUID
) -> AccountLine | None:
    """One transfer as seen from a member's wallet; None when it did not touch it."""
    statement = history(organization_id, owner_id).where(columns(Transfer).id == transfer_id)
    row = (await connection.execute(statement)).one_or_none()
    return AccountLine(row.owner_id, row, row.points, row.words) if row is not None else None
