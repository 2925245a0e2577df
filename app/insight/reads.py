"""What may be asked of insights: sums over whole months and the days at the edges of a range."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from pyroaring import BitMap, BitMap64
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.errors import Code, Refusal
from app.db import Page, Slice, TenantTable, columns, page, scoped
from app.insight.models import (
    InsightFlow,
    InsightMember,
    InsightPair,
    InsightPeople,
    InsightPoints,
    InsightTotal,
    InsightValue,
    Movement,
    Part,
    Span,
)
from app.insight.tally import Tally
from app.organization import GIVING_MODES, RECEIVING_MODES, Member, MemberStatus

RANGE_DAYS_MAX = 3_660
"""Ten years."""


class Bucket(StrEnum):
    """How long one point of a trend is."""

    DAY = "DAY"
    """From midnight to midnight, in the organization's time zone."""
    WEEK = "WEEK"
    """Begins on Monday."""
    MONTH = "MONTH"
    """Begins on the first."""


@dataclass(frozen=True, slots=True)
class Days:
    """A range of the organization's days, both ends included. Raises INVALID_INPUT when it is none, or longer than ten years."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Refusal(Code.INVALID_INPUT, "The range ends before it begins. Put the earlier day first.", "range", "to")
        if self.number > RANGE_DAYS_MAX:
            raise Refusal(Code.INVALID_INPUT, f"A range has at most {RANGE_DAYS_MAX:,} days. Ask for fewer.", "range")

    @property
    def number(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Days":
        """As many days just before."""
        return Days(self.first - timedelta(days=self.number), self.first - timedelta(days=1))

    def buckets(self, bucket: Bucket) -> Iterator["Days"]:
        """The range in pieces; the first and the last may be shorter than the others."""
        start = self.first
        while start <= self.last:
            end = min(self.last, _end(start, bucket))
            yield Days(start, end)
            start = end + timedelta(days=1)


def _end(day: date, bucket: Bucket) -> date:
    """The last day of the bucket that a day is in."""
    if bucket is Bucket.DAY:
        return day
    if bucket is Bucket.WEEK:
        return day + timedelta(days=6 - day.weekday())
    return following(day) - timedelta(days=1)


def following(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def start_of(day: date, bucket: Bucket) -> date:
    """The first day of the bucket that a day is in: it may lie before the range."""
    if bucket is Bucket.WEEK:
        return day - timedelta(days=day.weekday())
    return day if bucket is Bucket.DAY else day.replace(day=1)


def within(model: type[TenantTable], days: Days) -> sa.ColumnElement[bool]:
    """The rows that together are the range: months that lie in it, and days at its edges."""
    here = columns(model)
    month = days.first if days.first.day == 1 else following(days.first)
    after = days.last + timedelta(days=1)
    month_after = after.replace(day=1)

    def daily(first: date, last: date) -> sa.ColumnElement[bool]:
        return sa.and_(here.span == Span.DAY, here.start >= first, here.start <= last)

    if month >= month_after:
        return daily(days.first, days.last)
    parts = [sa.and_(here.span == Span.MONTH, here.start >= month, here.start < month_after)]
    if days.first < month:
        parts.append(daily(days.first, month - timedelta(days=1)))
    if month_after <= days.last:
        parts.append(daily(month_after, days.last))
    return sa.or_(*parts)


class Total(NamedTuple):
    """What a scope gave and received."""

    recognitions: int = 0
    given: int = 0
    received: int = 0
    points_given: int = 0
    points_received: int = 0


async def totals(connection: AsyncConnection, organization_id: UUID, scope_ids: Iterable[UUID], days: Days) -> dict[UUID, Total]:
    """What each scope gave and received."""
    total = columns(InsightTotal)
    sums = [sa.func.sum(total[name]) for name in Total._fields]
    statement = (
        scoped(InsightTotal, organization_id, total.scope_id, *sums)
        .where(total.scope_id.in_(set(scope_ids)), within(InsightTotal, days))
        .group_by(total.scope_id)
    )
    found = {row[0]: Total(*map(int, row[1:])) for row in await connection.execute(statement)}
    return {scope_id: found.get(scope_id, Total()) for scope_id in scope_ids}


class Point(NamedTuple):
    """One bucket of a trend."""

    start: date
    recognitions: int
    points: int
    givers: int
    receivers: int


async def trend(connection: AsyncConnection, organization_id: UUID, scope_id: UUID, days: Days, bucket: Bucket) -> list[Point]:
    """Every bucket of the range, empty ones too. The first may start before the range, and counts only days within it."""
    total, crowd = columns(InsightTotal), columns(InsightPeople)
    monthly = bucket is Bucket.MONTH
    recognitions: dict[date, int] = defaultdict(int)
    points: dict[date, int] = defaultdict(int)
    rows = scoped(InsightTotal, organization_id, total.start, total.recognitions, total.points_given)
    chosen = within(InsightTotal, days) if monthly else _daily(InsightTotal, days)
    for row in await connection.execute(rows.where(total.scope_id == scope_id, chosen)):
        start = start_of(row.start, bucket)
        recognitions[start] += row.recognitions
        points[start] += row.points_given
    crowds: dict[tuple[date, Part], BitMap] = defaultdict(BitMap)
    tallies = scoped(InsightPeople, organization_id, crowd.start, crowd.part, crowd.tally)
    chosen = within(InsightPeople, days) if monthly else _daily(InsightPeople, days)
    for row in await connection.execute(tallies.where(crowd.scope_id == scope_id, chosen, crowd.part != Part.REDEEMED)):
        crowds[start_of(row.start, bucket), row.part] |= Tally.members(row.tally)
    starts = (start_of(piece.first, bucket) for piece in days.buckets(bucket))
    return [
        Point(start, recognitions[start], points[start], len(crowds[start, Part.GAVE]), len(crowds[start, Part.RECEIVED]))
        for start in starts
    ]


def _daily(model: type[TenantTable], days: Days) -> sa.ColumnElement[bool]:
    here = columns(model)
    return sa.and_(here.span == Span.DAY, here.start >= days.first, here.start <= days.last)


async def people(
    connection: AsyncConnection, organization_id: UUID, scope_ids: Iterable[UUID], days: Days
) -> dict[tuple[UUID, Part], BitMap]:
    """Who gave, received and redeemed in the range, of each scope."""
    crowd = columns(InsightPeople)
    statement = scoped(InsightPeople, organization_id, crowd.scope_id, crowd.part, crowd.tally)
    found: dict[tuple[UUID, Part], BitMap] = defaultdict(BitMap)
    for row in await connection.execute(statement.where(crowd.scope_id.in_(set(scope_ids)), within(InsightPeople, days))):
        found[row.scope_id, row.part] |= Tally.members(row.tally)
    return found


class ValueCount(NamedTuple):
    """What was given for a company value."""

    hashtag: str
    recognitions: int
    points: int


async def by_value(connection: AsyncConnection, organization_id: UUID, scope_id: UUID, days: Days) -> list[ValueCount]:
    """What was given for each company value, the most recognised first."""
    value = columns(InsightValue)
    recognitions, points = sa.func.sum(value.recognitions), sa.func.sum(value.points)
    statement = (
        scoped(InsightValue, organization_id, value.hashtag, recognitions, points)
        .where(value.scope_id == scope_id, within(InsightValue, days))
        .group_by(value.hashtag)
        .order_by(recognitions.desc(), value.hashtag)
    )
    return [ValueCount(row[0], int(row[1]), int(row[2])) for row in await connection.execute(statement)]


class Flow(NamedTuple):
    """What one group gave another."""

    from_id: UUID
    to_id: UUID
    recognitions: int
    points: int


async def flows(connection: AsyncConnection, organization_id: UUID, group_ids: Iterable[UUID], days: Days) -> list[Flow]:
    """What these groups gave each other, and themselves."""
    flow, wanted = columns(InsightFlow), set(group_ids)
    recognitions, points = sa.func.sum(flow.recognitions), sa.func.sum(flow.points)
    statement = (
        scoped(InsightFlow, organization_id, flow.from_id, flow.to_id, recognitions, points)
        .where(flow.from_id.in_(wanted), flow.to_id.in_(wanted), within(InsightFlow, days))
        .group_by(flow.from_id, flow.to_id)
        .order_by(flow.from_id, flow.to_id)
    )
    return [Flow(row[0], row[1], int(row[2]), int(row[3])) for row in await connection.execute(statement)]


class MemberCount(NamedTuple):
    """What a member gave or received, in public."""

    ordinal: int
    recognitions: int
    points: int


async def top(
    connection: AsyncConnection, organization_id: UUID, days: Days, part: Part, number: int, among: BitMap | None = None
) -> list[MemberCount]:
    """Who gave (or received) most recognitions, in public; by points where those are equal. `among`: these only."""
    member = columns(InsightMember)
    gave = part is Part.GAVE
    recognitions = sa.func.sum(member.given if gave else member.received)
    points = sa.func.sum(member.points_given if gave else member.points_received)
    statement = (
        scoped(InsightMember, organization_id, member.ordinal, recognitions, points)
        .where(within(InsightMember, days))
        .group_by(member.ordinal)
        .having(recognitions > 0)
        .order_by(recognitions.desc(), points.desc(), member.ordinal)
        .limit(number)
    )
    if among is not None:
        statement = statement.where(member.ordinal.in_(list(among)))
    return [MemberCount(row[0], int(row[1]), int(row[2])) for row in await connection.execute(statement)]


async def points_of_members(connection: AsyncConnection, organization_id: UUID, days: Days) -> dict[int, tuple[int, int]]:
    """Points that each member gave and received, private ones too: for figures that name nobody."""
    member = columns(InsightMember)
    given = sa.func.sum(member.points_given + member.private_points_given)
    received = sa.func.sum(member.points_received + member.private_points_received)
    statement = scoped(InsightMember, organization_id, member.ordinal, given, received).where(within(InsightMember, days))
    return {row[0]: (int(row[1]), int(row[2])) for row in await connection.execute(statement.group_by(member.ordinal))}


async def reciprocity(connection: AsyncConnection, organization_id: UUID, days: Days) -> float:
    """Share of giver→recipient pairs that also occur the other way; 0 where there are none."""
    rows = (await connection.execute(scoped(InsightPair, organization_id).where(within(InsightPair, days)))).all()
    if not rows:
        return 0.0
    upward = BitMap64.union(*(Tally.members(row.upward, wide=True) for row in rows))
    downward = BitMap64.union(*(Tally.members(row.downward, wide=True) for row in rows))
    pairs = len(upward) + len(downward)
    return 2 * upward.intersection_cardinality(downward) / pairs if pairs else 0.0


async def economy(connection: AsyncConnection, organization_id: UUID, days: Days) -> dict[Movement, int]:
    """How many points moved, by why."""
    moved = columns(InsightPoints)
    statement = scoped(InsightPoints, organization_id, moved.movement, sa.func.sum(moved.points))
    rows = await connection.execute(statement.where(within(InsightPoints, days)).group_by(moved.movement))
    found = {row[0]: int(row[1]) for row in rows}
    return {movement: found.get(movement, 0) for movement in Movement}


def quiet(organization_id: UUID, part: Part, days: Days, manager_id: UUID | None) -> sa.Select[Any]:
    """Active members who could have given (or received) all these days and did not in public, in no order; all, or those who
    report to the manager."""
    member, counted = columns(Member), columns(InsightMember)
    did = counted.given if part is Part.GAVE else counted.received
    seen = scoped(InsightMember, organization_id, counted.ordinal).where(within(InsightMember, days), did > 0)
    modes = GIVING_MODES if part is Part.GAVE else RECEIVING_MODES
    here = sa.func.coalesce(member.seen_at, member.joined_at) < datetime.combine(days.first, time.min, UTC)
    statement = scoped(Member, organization_id).where(member.status == MemberStatus.ACTIVE, member.mode.in_(modes), here)
    statement = statement.where(member.ordinal.not_in(seen))
    return statement if manager_id is None else statement.where(member.manager_id == manager_id)


async def quiet_page(connection: AsyncConnection, statement: sa.Select[Any], wanted: Slice) -> Page[Member]:
    """One page of `quiet`, by name; the keys of a row are its name_key and id."""
    return await page(connection, statement, [columns(Member).name_key, columns(Member).id], wanted)
