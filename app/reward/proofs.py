"""Proofs: redemptions, statements and the ledger tell the same story, to the point."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.db import Database, columns, scoped, table_of
from app.ledger import Account, AccountKind, Entry, Transfer
from app.reward.models import OPEN, LineKind, Redemption, RedemptionStatus, StatementLine, VoucherCode, VoucherPool


@dataclass(frozen=True, slots=True)
class RewardReport:
    """What the proofs found. Everything is zero when all is well."""

    escrow_astray: int
    """Points in escrow that no open redemption holds (above zero), or that one holds and escrow has not (below)."""
    redeemed_astray: int
    """Points spent for good that no statement bills (above zero), or billed and not spent (below)."""
    redemptions_astray: int
    """Redemptions whose transfers do not leave in their member's wallet what their state says, or whose lines on statements are
    not what was to be billed."""
    pools_astray: int
    """Voucher pools whose count is not that of their codes."""

    @property
    def ok(self) -> bool:
        """Whether every proof holds."""
        return not (self.escrow_astray or self.redeemed_astray or self.redemptions_astray or self.pools_astray)

    @property
    def problem(self) -> str | None:
        """Everything that is wrong, as one line; None when all is well."""
        said = [
            f"escrow and open redemptions differ by {self.escrow_astray}" if self.escrow_astray else "",
            f"points redeemed and statements differ by {self.redeemed_astray}" if self.redeemed_astray else "",
            f"redemptions that their transfers and lines do not bear out: {self.redemptions_astray}"
            if self.redemptions_astray
            else "",
            f"voucher pools that miscount: {self.pools_astray}" if self.pools_astray else "",
        ]
        return "; ".join(filter(None, said)) or None


async def prove(database: Database, organization_id: UUID) -> RewardReport:
    """Runs every proof in one snapshot: acts may be committed meanwhile."""
    redemption, line = columns(Redemption), columns(StatementLine)
    is_open = scoped(Redemption, organization_id, _sum(redemption.price_points)).where(redemption.status.in_(OPEN))
    statement = sa.select(
        _balance(organization_id, AccountKind.ESCROW) - is_open.scalar_subquery(),
        _balance(organization_id, AccountKind.REDEEMED)
        - scoped(StatementLine, organization_id, _sum(line.points)).scalar_subquery(),
        _redemptions(organization_id).scalar_subquery(),
        _pools(organization_id).scalar_subquery(),
    )
    async with database.read() as connection:
        found = (await connection.execute(statement)).one()
    return RewardReport(*map(int, found))


def _balance(organization_id: UUID, kind: AccountKind) -> sa.ColumnElement[Any]:
    account = columns(Account)
    return scoped(Account, organization_id, _sum(account.balance)).where(account.kind == kind).scalar_subquery()


def _redemptions(organization_id: UUID) -> sa.Select[Any]:
    """Each redemption with what its transfers did to its member's wallet: minus its price while it is open or delivered, nothing
    once the points are back."""
    redemption, transfer, entry = columns(Redemption), columns(Transfer), columns(Entry)
    cost = sa.case(
        (redemption.status.in_((*OPEN, RedemptionStatus.FULFILLED)), redemption.price_points),
        else_=0,
    )
    moved = (
        scoped(Transfer, organization_id, transfer.redemption_id, entry.owner_id, _sum(entry.points).label("points"))
        .join_from(
            table_of(Transfer),
            table_of(Entry),
            sa.and_(entry.organization_id == transfer.organization_id, entry.transfer_id == transfer.id),
        )
        .where(transfer.redemption_id.is_not(None), entry.account_kind == AccountKind.WALLET)
        .group_by(transfer.redemption_id, entry.owner_id)
        .subquery()
    )
    told = scoped(Redemption, organization_id, redemption.id).outerjoin_from(
        table_of(Redemption), moved, sa.and_(moved.c.redemption_id == redemption.id, moved.c.owner_id == redemption.member_id)
    )
    unpaid = sa.func.coalesce(moved.c.points, 0) != -cost
    return _count(told.where(sa.or_(unpaid, _misbilled(organization_id))))


def _misbilled(organization_id: UUID) -> sa.ColumnElement[bool]:
    """Whether a redemption's lines are others than these: one when it was delivered, and the same below zero when it was
    refunded."""
    redemption, line = columns(Redemption), columns(StatementLine)
    sign = sa.case((line.kind == LineKind.FULFILMENT, 1), else_=-1)
    value = redemption.price_points * sa.cast(redemption.minor_units_per_point, sa.BigInteger)
    as_agreed = sa.and_(
        line.points == sign * redemption.price_points,
        line.minor_units == sign * value,
        line.currency_code == redemption.currency_code,
    )
    own = scoped(StatementLine, organization_id, sa.func.count()).where(line.redemption_id == redemption.id)
    right = own.where(as_agreed).correlate(table_of(Redemption)).scalar_subquery()
    every = own.correlate(table_of(Redemption)).scalar_subquery()
    wanted = sa.case(
        (redemption.status == RedemptionStatus.FULFILLED, 1),
        (redemption.status == RedemptionStatus.REFUNDED, 2),
        else_=0,
    )
    return sa.or_(right != wanted, every != wanted)


def _pools(organization_id: UUID) -> sa.Select[Any]:
    pool, code = columns(VoucherPool), columns(VoucherCode)
    codes = scoped(VoucherCode, organization_id, sa.func.count()).where(code.reward_id == pool.reward_id)
    handed = codes.where(code.redemption_id.is_not(None))
    wrong = sa.or_(
        pool.added != codes.correlate(table_of(VoucherPool)).scalar_subquery(),
        pool.handed != handed.correlate(table_of(VoucherPool)).scalar_subquery(),
    )
    return _count(scoped(VoucherPool, organization_id, pool.reward_id).where(wrong))


def _count(wrong: sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(wrong.subquery())


def _sum(points: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(points), 0)
