"""What may be asked of the ledger: balances, and an account's history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, cast
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


async def held(connection: AsyncConnection, organization_id: UUID) -> int:
    """Points in all wallets and in escrow, now."""
    account = columns(Account)
    total = scoped(Account, organization_id, sa.func.coalesce(sa.func.sum(account.balance), 0))
    return int((await connection.execute(total.where(account.kind.in_((AccountKind.WALLET, AccountKind.ESCROW))))).scalar_one())


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


class AccountTotal(NamedTuple):
    """What moved in and out of all accounts of a kind in some time."""

    kind: AccountKind
    opening: int
    """Points before it."""
    came_in: int
    went_out: int
    """Not negative."""

    @property
    def closing(self) -> int:
        """Points after it."""
        return self.opening + self.came_in - self.went_out


async def totals(
    connection: AsyncConnection, organization_id: UUID, since: datetime | None, before: datetime | None
) -> list[AccountTotal]:
    """For each kind of account, its points before, what moved, and its points after: computed from the entries."""
    entry, transfer = columns(Entry), columns(Transfer)
    posted = sa.and_(transfer.organization_id == entry.organization_id, transfer.id == entry.transfer_id)
    earlier = transfer.posted_at < since if since is not None else sa.false()
    within = sa.not_(earlier)

    def total(which: sa.ColumnElement[bool], points: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((which, points), else_=0)), 0)

    statement = (
        scoped(Entry, organization_id, entry.account_kind)
        .add_columns(total(earlier, entry.points))
        .add_columns(total(sa.and_(within, entry.points > 0), entry.points))
        .add_columns(total(sa.and_(within, entry.points < 0), -entry.points))
        .join_from(table_of(Entry), table_of(Transfer), posted)
        .group_by(entry.account_kind)
    )
    if before is not None:
        statement = statement.where(transfer.posted_at < before)
    found = {row[0]: AccountTotal(row[0], *map(int, row[1:])) for row in await connection.execute(statement)}
    return [found.get(kind, AccountTotal(kind, 0, 0, 0)) for kind in AccountKind]


def activity(organization_id: UUID, since: datetime | None, before: datetime | None) -> sa.Select[Any]:
    """All transfers posted in some time, each with its memo, in no order."""
    transfer, remark = columns(Transfer), columns(Remark)
    statement = scoped(Transfer, organization_id, *table_of(Transfer).c, remark.words).outerjoin_from(
        table_of(Transfer),
        table_of(Remark),
        sa.and_(remark.organization_id == transfer.organization_id, remark.id == transfer.remark_id),
    )
    if since is not None:
        statement = statement.where(transfer.posted_at >= since)
    return statement.where(transfer.posted_at < before) if before is not None else statement


async def activity_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[Any]:
    """One page of `activity`, the oldest first; the key of a row is its id."""
    return await page(connection, statement, [columns(Transfer).id], part)


async def entries_of(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, list[Entry]]:
    """The sides of each of the transfers: what went out first."""
    entry = columns(Entry)
    statement = scoped(Entry, organization_id).where(entry.transfer_id.in_(set(ids)))
    found: dict[UUID, list[Entry]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement.order_by(entry.transfer_id, entry.points, entry.owner_id)):
        found[row.transfer_id].append(cast(Entry, row))
    return found
