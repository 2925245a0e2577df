"""Proofs: what must be true of all points of an organization, computed by the database in one statement."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import Database, columns, scoped
from app.ledger.chart import AccountKind
from app.ledger.models import Account, Entry, Transfer


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What the proofs found. Everything is zero in a sound ledger."""

    sum_of_balances: int
    """Points that came from nowhere (above zero) or went nowhere (below)."""
    negative_accounts: int
    """Accounts below zero, issuance aside."""
    mismatched_accounts: int
    """Accounts whose balance is not the sum of their entries, and entries of no account."""
    unbalanced_transfers: int
    """Transfers whose entries do not sum to zero or are fewer than two, and entries of no transfer."""

    @property
    def ok(self) -> bool:
        """Whether every proof holds."""
        return not (self.sum_of_balances or self.negative_accounts or self.mismatched_accounts or self.unbalanced_transfers)

    @property
    def problem(self) -> str | None:
        """Everything that is wrong, as one line; None when all is well."""
        said = [
            f"the balances sum to {self.sum_of_balances}, not to 0" if self.sum_of_balances else "",
            f"accounts below zero: {self.negative_accounts}" if self.negative_accounts else "",
            f"accounts that are not the sum of their entries: {self.mismatched_accounts}" if self.mismatched_accounts else "",
            f"transfers that do not balance: {self.unbalanced_transfers}" if self.unbalanced_transfers else "",
        ]
        return "; ".join(filter(None, said)) or None


async def prove(database: Database, organization_id: UUID) -> LedgerReport:
    """Runs every proof over all accounts, transfers and entries, in one snapshot: acts may be committed meanwhile."""
    account = columns(Account)
    negative = scoped(Account, organization_id, sa.func.count()).where(account.kind != AccountKind.ISSUANCE, account.balance < 0)
    statement = sa.select(
        scoped(Account, organization_id, _sum(account.balance)).scalar_subquery(),
        negative.scalar_subquery(),
        _mismatched(organization_id).scalar_subquery(),
        _unbalanced(organization_id).scalar_subquery(),
    )
    async with database.read() as connection:
        found = (await connection.execute(statement)).one()
    return LedgerReport(*map(int, found))


def _mismatched(organization_id: UUID) -> sa.Select[Any]:
    """Balances and, with the other sign, entries of each account: what they leave must be nothing."""
    account, entry = columns(Account), columns(Entry)
    sides = sa.union_all(
        scoped(Account, organization_id, account.owner_id, account.kind, account.balance.label("points")),
        scoped(Entry, organization_id, entry.owner_id, entry.account_kind, -entry.points),
    ).subquery()
    total = sa.func.sum(sides.c.points)
    return _count(sa.select(sides.c.owner_id).group_by(sides.c.owner_id, sides.c.kind).having(total != 0))


def _unbalanced(organization_id: UUID) -> sa.Select[Any]:
    """Each transfer once with its entries: one transfer, two entries or more, nothing made and nothing lost."""
    transfer, entry = columns(Transfer), columns(Entry)
    zero: Any = sa.literal_column("0")
    one: Any = sa.literal_column("1")
    counted = (one.label("transfers"), zero.label("entries"), zero.label("points"))
    sides = sa.union_all(
        scoped(Transfer, organization_id, transfer.id, *counted),
        scoped(Entry, organization_id, entry.transfer_id, zero, one, entry.points),
    ).subquery()
    total = sa.func.sum
    wrong = sa.or_(total(sides.c.transfers) != 1, total(sides.c.entries) < 2, total(sides.c.points) != 0)
    return _count(sa.select(sides.c.id).group_by(sides.c.id).having(wrong))


def _count(wrong: sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(wrong.subquery())


def _sum(points: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(points), 0)
