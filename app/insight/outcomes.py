"""Outcomes: what groups achieved by measures of the organization's own, set beside how much they were recognised."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app import organization
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal, not_found
from app.db import Draft, Want, columns, row, scoped
from app.insight import reads
from app.insight.models import InsightOutcome, InsightTotal, Span
from app.insight.reads import Days
from app.insight.roster import read_rosters
from app.insight.rules import Correlation, rank_correlation
from app.organization import Group

WARNING = (
    "This shows what goes together, not what causes it: good months may bring thanks as well as thanks good months, "
    "and something else may bring both. Few groups say little, whatever the number."
)
_METRIC = re.compile(r"[a-z0-9_-]{1,50}")


class Outcome(NamedTuple):
    """One measured number."""

    group_id: UUID
    month: date
    """Its first day."""
    value: float


def checked_metric(text: str, *field: str) -> str:
    """The name of a measure. Raises INVALID_INPUT."""
    name = text.strip().lower().replace(" ", "_")
    if not _METRIC.fullmatch(name):
        message = "A measure is called by 1 to 50 letters, digits, - or _, such as engagement_score."
        raise Refusal(Code.INVALID_INPUT, message, *field)
    return name


@dataclass(frozen=True, slots=True)
class SetOutcomes:
    """Keeps what groups achieved by one measure; what was known of the same months before is replaced."""

    actor: Actor
    metric: str
    outcomes: tuple[Outcome, ...]

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield from organization.authority_needs(self.actor)
        for outcome in self.outcomes:
            yield row(Group, organization_id, outcome.group_id)
            yield row(InsightOutcome, organization_id, self.metric, outcome.group_id, outcome.month)

    def decide(self, draft: Draft) -> int:
        """How many were new or other than before."""
        organization.require(draft, Permission.POLICY_EDIT)
        metric, changed = checked_metric(self.metric, "metric"), 0
        for outcome in self.outcomes:
            if draft.get(Group, outcome.group_id) is None:
                raise not_found("group")
            if not isfinite(outcome.value):
                raise Refusal(Code.INVALID_INPUT, "A value is a number such as 7.5.", "value")
            before = draft.get(InsightOutcome, metric, outcome.group_id, outcome.month)
            if before is None:
                draft.add(InsightOutcome, metric=metric, group_id=outcome.group_id, month=outcome.month, value=outcome.value)
            elif before.value != outcome.value:
                draft.change(before, value=outcome.value)
            changed += before is None or before.value != outcome.value
        if changed:
            draft.tell("insight.outcomes_set", f"outcome:{metric}", changed=changed)
        return changed


class Achieved(NamedTuple):
    """A group's outcome beside how much it was recognised, over the months that were measured."""

    group_id: UUID
    months: int
    recognitions_per_member: float
    """Received per active member and month."""
    outcome: float
    """The mean of its months."""


async def metrics(connection: AsyncConnection, organization_id: UUID) -> list[str]:
    """The measures that there are outcomes of, by name."""
    metric = columns(InsightOutcome).metric
    rows = await connection.execute(scoped(InsightOutcome, organization_id, metric).distinct().order_by(metric))
    return [found.metric for found in rows]


async def influence(
    connection: AsyncConnection, organization_id: UUID, group_ids: Collection[UUID], metric: str, days: Days
) -> tuple[list[Achieved], Correlation]:
    """What each of the groups achieved, in the months that begin in the range, and how that goes with being recognised. Each
    group counts once, as the mean of its months: months of one group say much the same."""
    outcome, total = columns(InsightOutcome), columns(InsightTotal)
    statement = scoped(InsightOutcome, organization_id).where(outcome.metric == metric, outcome.group_id.in_(set(group_ids)))
    measured: dict[UUID, dict[date, float]] = defaultdict(dict)
    for found in await connection.execute(statement.where(outcome.month >= days.first, outcome.month <= days.last)):
        measured[found.group_id][found.month] = found.value
    months = sorted({month for values in measured.values() for month in values})
    if not months:
        return [], rank_correlation([])
    ranges = [(month, reads.following(month) - timedelta(days=1)) for month in months]
    rosters = dict(zip(months, await read_rosters(connection, organization_id, measured, ranges), strict=True))
    received: dict[tuple[UUID, date], int] = {}
    monthly = scoped(InsightTotal, organization_id, total.scope_id, total.start, total.received).where(
        total.span == Span.MONTH, total.start.in_(months), total.scope_id.in_(set(measured))
    )
    for found in await connection.execute(monthly):
        received[found.scope_id, found.start] = found.received
    achieved = []
    for group_id, values in sorted(measured.items()):
        members = sum(len(rosters[month].receivers(group_id)) for month in values)
        if members:
            rate = sum(received.get((group_id, month), 0) for month in values) / members
            achieved.append(Achieved(group_id, len(values), rate, sum(values.values()) / len(values)))
    return achieved, rank_correlation([(one.recognitions_per_member, one.outcome) for one in achieved])
