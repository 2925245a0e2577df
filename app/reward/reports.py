"""Reports about rewards: what is to be paid, what is owed, what is to be delivered, and how far rewards are away."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import organization
from app.core.errors import Code, Refusal
from app.db import Page, Slice, columns, page, scoped, table_of
from app.ledger import Account, AccountKind, Entry, Transfer, TransferKind
from app.organization import RECEIVING_MODES, Member, MemberStatus, Organization
from app.reward.models import OPEN, FulfilmentOrder, LineKind, Redemption, RedemptionStatus, StatementLine

AGES_DAYS = (30, 90, 180, 365)
"""Bounds of the ages of what is owed; the last age has none."""
REACH_WEEKS = 12
"""How far back it is looked how much people receive."""
_RECEIPTS = (
    TransferKind.RECOGNITION,
    TransferKind.BOOST,
    TransferKind.ADJUSTMENT,
    TransferKind.AWARD,
    TransferKind.IMPORT,
    TransferKind.REVERSAL,
)
"""Kinds by which points come to a wallet for the first time, with what takes them away again."""


def month_of(text: str, *field: str) -> date:
    """The first day of a month written as 2026-11. Raises INVALID_INPUT."""
    try:
        if len(text) != 7:
            raise ValueError(text)
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refusal(Code.INVALID_INPUT, "A month is written like 2026-11.", *field) from None


class StatementTotal(NamedTuple):
    """What a month comes to, of one kind of line, in one currency."""

    currency_code: str
    kind: LineKind
    number: int
    points: int
    minor_units: int


async def statement_totals(connection: AsyncConnection, organization_id: UUID, month: date) -> list[StatementTotal]:
    """The sums of a month's lines."""
    line = columns(StatementLine)
    sums = (sa.func.count(), sa.func.sum(line.points), sa.func.sum(line.minor_units))
    statement = (
        scoped(StatementLine, organization_id, line.currency_code, line.kind, *sums)
        .where(line.month == month)
        .group_by(line.currency_code, line.kind)
        .order_by(line.currency_code, line.kind)
    )
    return [StatementTotal(row[0], row[1], *map(int, row[2:])) for row in await connection.execute(statement)]


def statement_lines(organization_id: UUID, month: date) -> sa.Select[Any]:
    """A month's lines, each with the reward's name of its day and the member, in no order."""
    line, redemption = columns(StatementLine), columns(Redemption)
    together = sa.and_(redemption.organization_id == line.organization_id, redemption.id == line.redemption_id)
    return (
        scoped(StatementLine, organization_id, *table_of(StatementLine).c, redemption.reward_name, redemption.member_id)
        .join_from(table_of(StatementLine), table_of(Redemption), together)
        .where(line.month == month)
    )


async def statement_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[Any]:
    """One page of `statement_lines`, the oldest first; the key of a row is its id."""
    return await page(connection, statement, [columns(StatementLine).id], part)


async def statement_months(connection: AsyncConnection, organization_id: UUID) -> list[date]:
    """The months that have lines, newest first."""
    month = columns(StatementLine).month
    rows = await connection.execute(scoped(StatementLine, organization_id, month).distinct().order_by(month.desc()))
    return [row.month for row in rows]


def is_closed(here: Organization, month: date, now: datetime) -> bool:
    """Whether a month is over: nothing is billed in it any more."""
    return month < organization.today(here, now).replace(day=1)


def orders(organization_id: UUID, *, waiting_only: bool = False) -> sa.Select[Any]:
    """What is to be delivered and what was, each with how far its provider is, in no order."""
    order, redemption = columns(FulfilmentOrder), columns(Redemption)
    reached = (RedemptionStatus.TO_FULFIL, RedemptionStatus.FULFILLED, RedemptionStatus.REFUNDED)
    together = sa.and_(order.organization_id == redemption.organization_id, order.redemption_id == redemption.id)
    chosen = (*table_of(Redemption).c, order.tries, order.next_at, order.trouble)
    return (
        scoped(Redemption, organization_id, *chosen)
        .outerjoin_from(table_of(Redemption), table_of(FulfilmentOrder), together)
        .where(redemption.status.in_(reached[:1] if waiting_only else reached))
    )


async def orders_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[Any]:
    """One page of `orders`, the oldest first; the key of a row is its id."""
    return await page(connection, statement, [columns(Redemption).id], part)


class Owed(NamedTuple):
    """Points that people hold, received so long ago."""

    days_min: int
    days_max: int | None
    """None: without bound."""
    points: int


class Liability(NamedTuple):
    """What would be due if everything that people hold was redeemed today. Shown, never charged."""

    wallets: int
    escrow: int
    by_age: list[Owed]
    """Sums to wallets and escrow together. The oldest points are spent first, and what comes back is as old as it was."""


async def liability(connection: AsyncConnection, organization_id: UUID, now: datetime) -> Liability:
    """Points in wallets and in escrow, and how long ago they were received."""
    account = columns(Account)
    kinds = (AccountKind.WALLET, AccountKind.ESCROW)
    total = sa.func.coalesce(sa.func.sum(account.balance), 0).label("points")
    by_kind = scoped(Account, organization_id, account.kind, total).where(account.kind.in_(kinds)).group_by(account.kind)
    balances = {row.kind: int(row.points) for row in await connection.execute(by_kind)}
    found = (await connection.execute(_by_age(organization_id, now))).one()
    bounds = (0, *AGES_DAYS)
    by_age = [Owed(low, high, int(points)) for low, high, points in zip(bounds, (*AGES_DAYS, None), found, strict=True)]
    return Liability(balances.get(AccountKind.WALLET, 0), balances.get(AccountKind.ESCROW, 0), by_age)


def _by_age(organization_id: UUID, now: datetime) -> sa.Select[Any]:
    """One row: points still held by the age of their receipt. Of what a member holds, wallet and escrow together, the newest
    receipts are left; what was taken back again is no receipt."""
    left, received_at = _left(organization_id)
    ages: list[sa.ColumnElement[Any]] = []
    newer: sa.ColumnElement[bool] = sa.false()
    for days in AGES_DAYS:
        young = received_at > now - timedelta(days=days)
        ages.append(sa.and_(young, sa.not_(newer)))
        newer = young
    ages.append(sa.not_(newer))
    return sa.select(*(sa.func.coalesce(sa.func.sum(sa.case((age, left), else_=0)), 0) for age in ages))


def _left(organization_id: UUID) -> tuple[sa.ColumnElement[int], sa.ColumnElement[datetime]]:
    """What is left of each receipt, and when it was received."""
    entry, transfer, account, redemption = columns(Entry), columns(Transfer), columns(Account), columns(Redemption)
    gift = sa.func.coalesce(transfer.reverses_id, transfer.id)
    posted = sa.and_(transfer.organization_id == entry.organization_id, transfer.id == entry.transfer_id)
    net = sa.func.sum(entry.points)
    receipts = (
        scoped(Entry, organization_id, entry.owner_id, gift.label("gift"), net.label("points"))
        .add_columns(sa.func.min(transfer.posted_at).label("received_at"))
        .join_from(table_of(Entry), table_of(Transfer), posted)
        .where(entry.account_kind == AccountKind.WALLET, transfer.kind.in_(_RECEIPTS))
        .group_by(entry.owner_id, gift)
        .having(net > 0)
        .subquery()
    )
    open_points = scoped(Redemption, organization_id, redemption.member_id, sa.func.sum(redemption.price_points).label("points"))
    held = open_points.where(redemption.status.in_(OPEN)).group_by(redemption.member_id).subquery()
    wallets = scoped(Account, organization_id, account.owner_id, account.balance).where(account.kind == AccountKind.WALLET)
    wallet = wallets.subquery()
    newest_first = (receipts.c.received_at.desc(), receipts.c.gift.desc())
    through = sa.func.sum(receipts.c.points).over(partition_by=receipts.c.owner_id, order_by=newest_first, rows=(None, 0))
    ranked = (
        sa.select(
            receipts.c.points,
            receipts.c.received_at,
            (wallet.c.balance + sa.func.coalesce(held.c.points, 0)).label("held"),
            (through - receipts.c.points).label("newer"),
        )
        .join_from(receipts, wallet, wallet.c.owner_id == receipts.c.owner_id)
        .outerjoin(held, held.c.member_id == receipts.c.owner_id)
        .subquery()
    )
    room = ranked.c.held - ranked.c.newer
    left = sa.case((room <= 0, 0), (room < ranked.c.points, room), else_=ranked.c.points)
    return left, ranked.c.received_at


async def weeks_to_reach(
    connection: AsyncConnection, organization_id: UUID, prices: Iterable[int], now: datetime
) -> dict[int, float | None]:
    """Median weeks of receiving that each price takes: price ÷ points received per week of each active member who may receive,
    over the last 12 weeks or since they joined. None where half of them receive nothing, and so never get there."""
    paces: list[float] = []
    for row in await connection.execute(_paces(organization_id, now)):
        paces += [row.points / row.weeks] * row.number
    paces.sort()
    return {price: _median_weeks(price, paces) for price in set(prices)}


def _median_weeks(price: int, paces: list[float]) -> float | None:
    if price == 0:
        return 0.0
    if not paces:
        return None
    middle = paces[(len(paces) - 1) // 2 : len(paces) // 2 + 1]
    if min(middle) <= 0:
        return None
    return round(sum(price / pace for pace in middle) / len(middle), 1)


def _paces(organization_id: UUID, now: datetime) -> sa.Select[Any]:
    """How many members received so many points in so many weeks."""
    entry, transfer, member = columns(Entry), columns(Transfer), columns(Member)
    posted = sa.and_(transfer.organization_id == entry.organization_id, transfer.id == entry.transfer_id)
    kinds = (TransferKind.RECOGNITION, TransferKind.BOOST, TransferKind.REVERSAL)
    received = (
        scoped(Entry, organization_id, entry.owner_id, sa.func.sum(entry.points).label("points"))
        .join_from(table_of(Entry), table_of(Transfer), posted)
        .where(entry.account_kind == AccountKind.WALLET, transfer.kind.in_(kinds))
        .where(transfer.posted_at > now - timedelta(weeks=REACH_WEEKS))
        .group_by(entry.owner_id)
        .subquery()
    )
    here = [(member.joined_at > now - timedelta(weeks=weeks), weeks) for weeks in range(1, REACH_WEEKS)]
    weeks = sa.case(*here, else_=REACH_WEEKS).label("weeks")
    points = sa.func.coalesce(received.c.points, 0).label("points")
    people = (
        scoped(Member, organization_id, points, weeks)
        .outerjoin_from(table_of(Member), received, received.c.owner_id == member.id)
        .where(member.status == MemberStatus.ACTIVE, member.mode.in_(RECEIVING_MODES))
        .subquery()
    )
    number = sa.func.count().label("number")
    return sa.select(people.c.points, people.c.weeks, number).group_by(people.c.points, people.c.weeks)
