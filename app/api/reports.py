"""GraphQL types of reports: what is to be paid, what is owed, what is to be delivered, and every movement of points."""

from datetime import date, datetime
from typing import Any

import strawberry

from app import ledger, organization, reward
from app.api.context import Info
from app.api.described import described
from app.api.ids import encode
from app.api.numbers import Total
from app.api.paging import Connection, by_id, connect, counting
from app.api.people import Member, member_of
from app.api.recognitions import Recognition, recognition_seen
from app.api.rewards import Redemption, redemption_of, redemption_seen
from app.ledger import AccountKind, TransferKind
from app.reward import LineKind, Provider, RedemptionStatus

strawberry.enum(AccountKind)
strawberry.enum(LineKind, name="StatementLineKind")


@described
@strawberry.type
class StatementTotal:
    """What a month comes to in one currency."""

    currency_code: str
    """ISO 4217."""
    fulfilled_count: int
    """Redemptions delivered in the month."""
    fulfilled_points: Total
    """What they cost."""
    refunded_count: int
    """Redemptions refunded in the month."""
    refunded_points: Total
    """What they had cost."""
    minor_units: Total
    """What the organization pays: delivered less refunded, in whole minor units of the currency. May be negative."""


@described
@strawberry.type
class StatementLine:
    """Something to pay, or paid in vain. It never changes."""

    row: strawberry.Private[Any]
    kind: LineKind
    """Why it stands there."""
    at: datetime
    """When it was delivered or refunded."""
    points: int
    """Negative in a refund."""
    minor_units: Total
    """Points × what one was worth when it was redeemed; negative in a refund."""
    currency_code: str
    """ISO 4217."""

    @strawberry.field
    async def redemption(self, info: Info) -> Redemption:
        """What it is for."""
        found = await redemption_seen(info, self.row.redemption_id)
        assert found is not None, "whoever reads statements sees every redemption"
        return found


@described
@strawberry.type
class StatementLineConnection(Connection[StatementLine]):
    """Lines of a statement, the oldest first."""


@described
@strawberry.type
class Statement:
    """What the organization pays for one of its months: for what was delivered in it, not for what was only earned."""

    day: strawberry.Private[date]
    month: str
    """As 2026-11."""
    closed: bool
    """Whether the month is over: a closed month never changes."""
    months: list[str]
    """All months that have lines, newest first."""
    totals: list[StatementTotal]
    """What it comes to, by currency; empty where there are no lines."""

    @strawberry.field
    async def lines(self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET) -> StatementLineConnection:
        """Everything that makes the totals."""
        context, wanted = info.context, by_id(first, after)
        statement = reward.reports.statement_lines(context.organization_id, self.day)
        async with context.read() as connection:
            page = await reward.reports.statement_page(connection, statement, wanted)
        counter = counting(info, statement)
        return connect(StatementLineConnection, page, wanted, _line_of, lambda row: (row.id,), counter)


def _line_of(row: Any) -> StatementLine:
    return StatementLine(
        row=row, kind=row.kind, at=row.at, points=row.points, minor_units=Total(row.minor_units), currency_code=row.currency_code
    )


async def statement_of(info: Info, month: str | None) -> Statement:
    """The statement of a month; of this one where none is named."""
    context, now = info.context, info.context.database.clock()
    async with context.read() as connection:
        here = await organization.reads.organization_row(connection, context.organization_id)
        day = reward.reports.month_of(month, "month") if month is not None else organization.today(here, now).replace(day=1)
        totals = await reward.reports.statement_totals(connection, context.organization_id, day)
        months = await reward.reports.statement_months(connection, context.organization_id)
    return Statement(
        day=day,
        month=f"{day:%Y-%m}",
        closed=reward.reports.is_closed(here, day, now),
        months=[f"{one:%Y-%m}" for one in months],
        totals=_totals_of(totals),
    )


def _totals_of(found: list[reward.reports.StatementTotal]) -> list[StatementTotal]:
    by_kind = {(total.currency_code, total.kind): total for total in found}
    shown = []
    for code in dict.fromkeys(total.currency_code for total in found):
        nothing = reward.reports.StatementTotal(code, LineKind.REFUND, 0, 0, 0)
        fulfilled = by_kind.get((code, LineKind.FULFILMENT), nothing)
        refunded = by_kind.get((code, LineKind.REFUND), nothing)
        total = StatementTotal(
            currency_code=code,
            fulfilled_count=fulfilled.number,
            fulfilled_points=Total(fulfilled.points),
            refunded_count=refunded.number,
            refunded_points=Total(-refunded.points),
            minor_units=Total(fulfilled.minor_units + refunded.minor_units),
        )
        shown.append(total)
    return shown


@described
@strawberry.type
class OwedByAge:
    """Points that people hold, by how long ago they received them."""

    days_min: int
    """At least so many days ago."""
    days_max: int | None
    """Less than so many days ago; null: without bound."""
    points: Total
    """In wallets and held for redemptions."""
    minor_units: Total
    """At today's value."""


@described
@strawberry.type
class Liability:
    """What would be due if everything that people hold was redeemed and delivered today. It is shown and never charged; points to
    give are none of it."""

    as_of: datetime
    """When it was computed."""
    wallet_points: Total
    """Points that may be spent."""
    escrow_points: Total
    """Points held for redemptions that are not delivered yet."""
    points: Total
    """Both together."""
    minor_units: Total
    """Their value today."""
    minor_units_per_point: int
    """What a point is worth today."""
    currency_code: str
    """ISO 4217."""
    by_age: list[OwedByAge]
    """The same points by age. The oldest are spent first, and what comes back is as old as it was."""


async def liability_of(info: Info) -> Liability:
    """What is owed, now."""
    context, now = info.context, info.context.database.clock()
    async with context.read() as connection:
        here = await organization.reads.organization_row(connection, context.organization_id)
        found = await reward.reports.liability(connection, context.organization_id, now)
    worth, points = here.minor_units_per_point, found.wallets + found.escrow
    return Liability(
        as_of=now,
        wallet_points=Total(found.wallets),
        escrow_points=Total(found.escrow),
        points=Total(points),
        minor_units=Total(points * worth),
        minor_units_per_point=worth,
        currency_code=here.currency_code,
        by_age=[
            OwedByAge(days_min=low, days_max=high, points=Total(number), minor_units=Total(number * worth))
            for low, high, number in found.by_age
        ],
    )


@described
@strawberry.type
class Fulfilment:
    """What is to be delivered, or was: a redemption with how far its provider is."""

    row: strawberry.Private[Any]
    provider: Provider
    """Who delivers it."""
    waiting_since: datetime | None
    """Since when it waits for its delivery; null when it does not."""
    days_waiting: int | None
    """The same in whole days."""
    reference: str | None
    """What the provider calls the order."""
    tries: int
    """How often the provider was asked in vain since it was last tried anew."""
    next_try_at: datetime | None
    """When it is asked next; null: it waits for an admin, or for nothing."""
    trouble: str | None
    """Why it failed last."""

    @strawberry.field
    async def redemption(self, info: Info) -> Redemption:
        """What is delivered."""
        return redemption_of(self.row)


@described
@strawberry.type
class FulfilmentConnection(Connection[Fulfilment]):
    """Orders, the oldest first."""


async def fulfilments_page(info: Info, first: int | None, after: str | None, *, waiting_only: bool) -> FulfilmentConnection:
    """A page of what is to be delivered and what was."""
    context, wanted = info.context, by_id(first, after)
    statement = reward.reports.orders(context.organization_id, waiting_only=waiting_only)
    async with context.read() as connection:
        page = await reward.reports.orders_page(connection, statement, wanted)
        await context.know(connection, [row.member_id for row in page.rows])
    now = context.database.clock()
    counter = counting(info, statement)
    return connect(FulfilmentConnection, page, wanted, lambda row: _fulfilment_of(row, now), lambda row: (row.id,), counter)


def _fulfilment_of(row: Any, now: datetime) -> Fulfilment:
    waits = row.status is RedemptionStatus.TO_FULFIL
    return Fulfilment(
        row=row,
        provider=row.provider,
        waiting_since=reward.reads.waiting_since(row) if waits else None,
        days_waiting=reward.reads.days_waiting(row, now),
        reference=row.reference,
        tries=row.tries or 0,
        next_try_at=row.next_at if waits else None,
        trouble=(row.trouble or None) if waits else None,
    )


@described
@strawberry.type
class LedgerEntry:
    """One side of a movement of points."""

    row: strawberry.Private[ledger.Entry]
    account: AccountKind
    """What kind of account it is."""
    points: int
    """As seen from the account, + in, − out."""

    @strawberry.field
    async def member(self, info: Info) -> Member | None:
        """Whose account it is; null: the organization's."""
        row = await info.context.member(self.row.owner_id) if self.account in ledger.MEMBER_KINDS else None
        return member_of(info, row) if row is not None else None


@described
@strawberry.type
class LedgerTransfer:
    """One movement of points with all its sides, which sum to zero."""

    id: strawberry.ID
    """The same for ever."""

    row: strawberry.Private[Any]
    kind: TransferKind
    """Why the points moved."""
    posted_at: datetime
    """When it was posted."""
    memo: str | None
    """Why, in the words of whoever did it."""

    @strawberry.field
    async def entries(self, info: Info) -> list[LedgerEntry]:
        """Its sides: what went out first."""
        found = await info.context.loader("entries", ledger.reads.entries_of).load(self.row.id)
        return [LedgerEntry(row=entry, account=entry.account_kind, points=entry.points) for entry in found or ()]

    @strawberry.field
    async def recognition(self, info: Info) -> Recognition | None:
        """The recognition that it is about."""
        return await recognition_seen(info, self.row.recognition_id) if self.row.recognition_id is not None else None

    @strawberry.field
    async def redemption(self, info: Info) -> Redemption | None:
        """The redemption that it is about."""
        return await redemption_seen(info, self.row.redemption_id) if self.row.redemption_id is not None else None


@described
@strawberry.type
class AccountTotal:
    """What moved in and out of all accounts of a kind."""

    account: AccountKind
    """What kind of account."""
    opening: Total
    """Points before the first day."""
    came_in: Total
    """Points that came in."""
    went_out: Total
    """Points that went out, not negative."""
    closing: Total
    """Points after the last day: opening + in − out."""


@described
@strawberry.type
class PointActivity(Connection[LedgerTransfer]):
    """The ledger, the oldest movement first."""

    since: strawberry.Private[datetime | None] = None
    before: strawberry.Private[datetime | None] = None

    @strawberry.field
    async def totals(self, info: Info) -> list[AccountTotal]:
        """What all movements of these days come to, by kind of account. The closing points of all kinds sum to zero."""
        async with info.context.read() as connection:
            found = await ledger.reads.totals(connection, info.context.organization_id, self.since, self.before)
        return [
            AccountTotal(
                account=total.kind,
                opening=Total(total.opening),
                came_in=Total(total.came_in),
                went_out=Total(total.went_out),
                closing=Total(total.closing),
            )
            for total in found
        ]


async def point_activity(info: Info, first: int | None, after: str | None, from_: date | None, to: date | None) -> PointActivity:
    """A page of the ledger between two days of the organization, both included."""
    context, wanted = info.context, by_id(first, after)
    async with context.read() as connection:
        here = await organization.reads.organization_row(connection, context.organization_id)
        since, before = organization.moments(here, from_, to)
        statement = ledger.reads.activity(context.organization_id, since, before)
        page = await ledger.reads.activity_page(connection, statement, wanted)
    shown = connect(PointActivity, page, wanted, _transfer_of, lambda row: (row.id,), counting(info, statement))
    shown.since, shown.before = since, before
    return shown


def _transfer_of(row: Any) -> LedgerTransfer:
    return LedgerTransfer(id=encode("LedgerTransfer", row.id), row=row, kind=row.kind, posted_at=row.posted_at, memo=row.words)
