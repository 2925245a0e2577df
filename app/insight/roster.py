"""The roster: who was here, in which mode and in which group, on the days of a range; sets of ordinals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from pyroaring import BitMap
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import columns, scoped
from app.insight.models import InsightStanding, Standing

_GIVES = (Standing.NORMAL, Standing.GIVER)
_RECEIVES = (Standing.NORMAL, Standing.RECEIVER)


@dataclass(slots=True)
class Presence:
    """Who was something: on any day of the range, and when it ended."""

    during: BitMap = field(default_factory=BitMap)
    after: BitMap = field(default_factory=BitMap)


@dataclass(slots=True)
class Roster:
    """Who was here in a range of days."""

    organization_id: UUID
    presence: dict[tuple[UUID, Standing], Presence]

    def during(self, standing: Standing, scope_id: UUID | None = None) -> BitMap:
        """Who was it on at least one day."""
        return self._at(standing, scope_id).during

    def after(self, standing: Standing) -> BitMap:
        """Who was it when the range ended."""
        return self._at(standing, None).after

    def active(self, scope_id: UUID | None = None) -> BitMap:
        """Members who were active on at least one day, all or those who were in the group on one."""
        here = self.during(Standing.ACTIVE)
        return here if scope_id in (None, self.organization_id) else here & self.during(Standing.BELONGS, scope_id)

    def members(self, scope_id: UUID | None = None) -> BitMap:
        """Active members who take part: observers are in no denominator."""
        return self.active(scope_id) - self.after(Standing.OBSERVER)

    def givers(self, scope_id: UUID | None = None) -> BitMap:
        """Active members who could give, by their mode at the end."""
        return self.active(scope_id) & (self.after(_GIVES[0]) | self.after(_GIVES[1]))

    def receivers(self, scope_id: UUID | None = None) -> BitMap:
        """Active members who could receive, by their mode at the end."""
        return self.active(scope_id) & (self.after(_RECEIVES[0]) | self.after(_RECEIVES[1]))

    def _at(self, standing: Standing, scope_id: UUID | None) -> Presence:
        return self.presence.get((scope_id or self.organization_id, standing)) or Presence()


async def read_rosters(
    connection: AsyncConnection, organization_id: UUID, group_ids: Iterable[UUID], ranges: Sequence[tuple[date, date]]
) -> list[Roster]:
    """The roster of each range of days, with that of these groups, in one look."""
    standing = columns(InsightStanding)
    until = max(last for _, last in ranges)
    statement = (
        scoped(InsightStanding, organization_id)
        .where(standing.scope_id.in_({organization_id, *group_ids}), standing.on_day <= until)
        .order_by(standing.on_day)
    )
    rows = (await connection.execute(statement)).all()
    return [_roster(organization_id, rows, first, last) for first, last in ranges]


async def read_roster(
    connection: AsyncConnection, organization_id: UUID, group_ids: Iterable[UUID], first: date, last: date
) -> Roster:
    """The roster of these days, with that of these groups."""
    (found,) = await read_rosters(connection, organization_id, group_ids, [(first, last)])
    return found


def _roster(organization_id: UUID, rows: Iterable[Any], first: date, last: date) -> Roster:
    presence: dict[tuple[UUID, Standing], Presence] = {}
    for row in rows:
        if row.on_day <= last:
            _pass(presence.setdefault((row.scope_id, row.standing), Presence()), row, first)
    return Roster(organization_id, presence)


def _pass(here: Presence, row: Any, first: date) -> None:
    """One day's changes, in the order of days."""
    came, went = BitMap.deserialize(row.came), BitMap.deserialize(row.went)
    if row.on_day > first:
        here.during |= came
    else:
        # Until the first day only what is left at its end, and who went on it, was there within.
        here.during = (here.after | came) if row.on_day == first else (here.after | came) - went
    here.after = (here.after | came) - went
