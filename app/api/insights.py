"""The GraphQL type of insights: how recognition goes in a range of days, in all or in one group."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import strawberry
from pyroaring import BitMap
from sqlalchemy.ext.asyncio import AsyncConnection

from app import audit, insight, ledger, organization
from app.api.context import Info
from app.api.described import described
from app.api.figures import (
    Concentration,
    DateRange,
    Economy,
    Funnel,
    GroupCount,
    GroupFlow,
    GroupOutcome,
    Influence,
    MemberCount,
    Participation,
    TrendPoint,
    ValueCount,
)
from app.api.ids import uuid_of
from app.api.numbers import Total
from app.api.people import group_of, member_of, value_of
from app.core.actor import Permission
from app.core.errors import Code, Forbidden, Refusal, not_found
from app.insight import Bucket, Days, Movement, Part, Roster

TOP_MAX = 100


class Facts(NamedTuple):
    """Who was here and who did what, of some scopes."""

    roster: Roster
    people: dict[tuple[UUID, Part], BitMap]


async def facts(info: Info, days: Days, scope_ids: Iterable[UUID]) -> Facts:
    """Who was here and who did what in these days; read once in a request."""
    wanted = tuple(sorted(set(scope_ids)))

    async def read(connection: AsyncConnection, organization_id: UUID, keys: list[Any]) -> dict[Any, Facts]:
        roster = await insight.read_roster(connection, organization_id, wanted, days.first, days.last)
        return {keys[0]: Facts(roster, await insight.reads.people(connection, organization_id, wanted, days))}

    found = await info.context.loader(f"facts of {days} {wanted}", read).load(0)
    assert found is not None
    return found


async def kind_of(info: Info, kind: str) -> list[organization.Group]:
    """All groups of a kind, by name."""

    async def read(connection: AsyncConnection, organization_id: UUID, kinds: list[str]) -> dict[str, list[organization.Group]]:
        return await organization.reads.groups_of_kinds(connection, organization_id, kinds)

    return await info.context.loader("groups of kinds", read).load(kind.lower()) or []


async def hidden(info: Info, days: Days, groups: Iterable[organization.Group]) -> frozenset[UUID]:
    """Which of the groups of one kind the viewer sees no figures of."""
    ids = [group.id for group in groups]
    roster = (await facts(info, days, ids)).roster
    return insight.withheld({id_: len(roster.active(id_)) for id_ in ids}, info.context.actor.role)


def see_groups(info: Info) -> None:
    """Raises Forbidden unless the viewer may see figures of groups."""
    if not info.context.actor.may(Permission.INSIGHT_GROUPS):
        raise Forbidden("Only admins and auditors see figures of groups.")


@described
@strawberry.type
class Insights:
    """How recognition goes in a range of days, in all or in one group."""

    days: strawberry.Private[Days]
    scope_id: strawberry.Private[UUID]
    as_of: datetime
    """Every event before it is counted."""
    withheld: bool
    """Whether the group is too small to be shown: all figures are 0 then, and all lists empty."""

    @strawberry.field
    async def recognition_count(self, info: Info) -> int:
        """Recognitions; of a group, those that it gave or received. Boosts are none."""
        return (await self._total(info)).recognitions

    @strawberry.field
    async def points_given(self, info: Info) -> int:
        """Points given, boosts included on the day of the boost; of a group, by its members."""
        return (await self._total(info)).points_given

    @strawberry.field
    async def participation(self, info: Info) -> Participation:
        """How many take part."""
        if self.withheld:
            return Participation(active_members=0, givers=0, receivers=0, giving_rate=None, receiving_rate=None)
        roster, people = await self._facts(info)
        members, givers, receivers = (
            roster.members(self.scope_id),
            roster.givers(self.scope_id),
            roster.receivers(self.scope_id),
        )
        gave, received = people[self.scope_id, Part.GAVE], people[self.scope_id, Part.RECEIVED]
        return Participation(
            active_members=len(members),
            givers=len(members & gave),
            receivers=len(members & received),
            giving_rate=insight.share(len(givers & gave), len(givers)),
            receiving_rate=insight.share(len(receivers & received), len(receivers)),
        )

    @strawberry.field
    async def trend(self, info: Info, bucket: Bucket) -> list[TrendPoint]:
        """The range in buckets, empty ones too."""
        if self.withheld:
            return []
        async with info.context.read() as connection:
            found = await insight.reads.trend(connection, info.context.organization_id, self.scope_id, self.days, bucket)
        return [
            TrendPoint(
                start=point.start,
                recognition_count=point.recognitions,
                points=point.points,
                givers=point.givers,
                receivers=point.receivers,
            )
            for point in found
        ]

    @strawberry.field
    async def by_value(self, info: Info) -> list[ValueCount]:
        """What was given for each company value, the most recognised first; values without any come last."""
        if self.withheld:
            return []
        async with info.context.read() as connection:
            found = await insight.reads.by_value(connection, info.context.organization_id, self.scope_id, self.days)
        values = await info.context.values()
        counted = {one.hashtag for one in found}
        shown = [
            ValueCount(value=value_of(values[one.hashtag]), recognition_count=one.recognitions, points=one.points)
            for one in found
        ]
        rest = [value for tag, value in values.items() if tag not in counted and value.archived_at is None]
        return shown + [ValueCount(value=value_of(value), recognition_count=0, points=0) for value in rest]

    @strawberry.field
    async def by_group(self, info: Info, kind: str) -> list[GroupCount]:
        """What each group of a kind gave and received, by name. For admins and auditors."""
        see_groups(info)
        groups, context = await kind_of(info, kind), info.context
        ids = [group.id for group in groups]
        secret = await hidden(info, self.days, groups)
        roster, people = await facts(info, self.days, ids)
        async with context.read() as connection:
            totals = await insight.reads.totals(connection, context.organization_id, ids, self.days)
        return [_withheld(group) if group.id in secret else _counted(group, totals[group.id], roster, people) for group in groups]

    @strawberry.field
    async def flows(self, info: Info, kind: str) -> list[GroupFlow]:
        """Who recognises whom, group to group of one kind; pairs without anything are left out. For admins and auditors."""
        see_groups(info)
        groups, context = {group.id: group for group in await kind_of(info, kind)}, info.context
        secret = await hidden(info, self.days, groups.values())
        async with context.read() as connection:
            found = await insight.reads.flows(connection, context.organization_id, groups, self.days)
        return [
            GroupFlow(
                from_=group_of(groups[flow.from_id]),
                to=group_of(groups[flow.to_id]),
                withheld=hides,
                recognition_count=None if hides else flow.recognitions,
                points=None if hides else flow.points,
            )
            for flow in found
            for hides in (not secret.isdisjoint((flow.from_id, flow.to_id)),)
        ]

    @strawberry.field
    async def top_givers(self, info: Info, first: int | None = 10) -> list[MemberCount]:
        """Who gave most recognitions, in public. For all where the leaderboard is on, else for admins and auditors."""
        return await self._top(info, Part.GAVE, first)

    @strawberry.field
    async def top_receivers(self, info: Info, first: int | None = 10) -> list[MemberCount]:
        """Who received most recognitions, in public. For all where the leaderboard is on, else for admins and auditors."""
        return await self._top(info, Part.RECEIVED, first)

    @strawberry.field
    async def concentration(self, info: Info) -> Concentration:
        """Whether recognition comes from few and goes to few. For admins and auditors."""
        see_groups(info)
        if self.withheld:
            return Concentration(gini_received=0.0, gini_given=0.0, never_recognised=0, reciprocity=0.0)
        context = info.context
        roster, people = await self._facts(info)
        async with context.read() as connection:
            points = await insight.reads.points_of_members(connection, context.organization_id, self.days)
            share = await insight.reads.reciprocity(connection, context.organization_id, self.days)
        receivers = roster.receivers(self.scope_id)
        return Concentration(
            gini_received=insight.gini(points.get(one, (0, 0))[1] for one in receivers),
            gini_given=insight.gini(points.get(one, (0, 0))[0] for one in roster.givers(self.scope_id)),
            never_recognised=len(receivers - people[self.scope_id, Part.RECEIVED]),
            reciprocity=share,
        )

    @strawberry.field
    async def funnel(self, info: Info) -> Funnel:
        """How far people come, from being here to redeeming."""
        if self.withheld:
            return Funnel(joined=0, gave=0, received=0, redeemed=0)
        roster, people = await self._facts(info)
        steps = [roster.members(self.scope_id)]
        redeemed = people[info.context.organization_id, Part.REDEEMED]
        for crowd in (people[self.scope_id, Part.GAVE], people[self.scope_id, Part.RECEIVED], redeemed):
            steps.append(steps[-1] & crowd)
        joined, gave, received, spent = map(len, steps)
        return Funnel(joined=joined, gave=gave, received=received, redeemed=spent)

    @strawberry.field
    async def metrics(self, info: Info) -> list[str]:
        """Measures that outcomes were uploaded of, by name, for admins and auditors; none for others."""
        if not info.context.actor.may(Permission.INSIGHT_GROUPS):
            return []
        async with info.context.read() as connection:
            return await insight.metrics(connection, info.context.organization_id)

    @strawberry.field
    async def influence(self, info: Info, metric: str, kind: str) -> Influence | None:
        """Recognition beside an outcome of groups of a kind, in the months that begin in the range; null for one group. For
        admins and auditors."""
        see_groups(info)
        context = info.context
        if self.scope_id != context.organization_id:
            return None
        groups = {group.id: group for group in await kind_of(info, kind)}
        secret = await hidden(info, self.days, groups.values())
        shown = groups.keys() - secret
        async with context.read() as connection:
            achieved, found = await insight.influence(connection, context.organization_id, shown, metric, self.days)
        return Influence(
            metric=metric,
            groups=[
                *(
                    GroupOutcome(
                        group=group_of(groups[one.group_id]),
                        withheld=False,
                        months=one.months,
                        recognitions_per_member=one.recognitions_per_member,
                        outcome=one.outcome,
                    )
                    for one in sorted(achieved, key=lambda one: groups[one.group_id].name)
                ),
                *(
                    GroupOutcome(group=group_of(group), withheld=True, months=None, recognitions_per_member=None, outcome=None)
                    for group in groups.values()
                    if group.id in secret
                ),
            ],
            number=found.number,
            correlation=found.rho,
            low=found.low,
            high=found.high,
            warning=insight.WARNING,
        )

    @strawberry.field
    async def economy(self, info: Info) -> Economy | None:
        """How points came, went round and were spent; null for one group. For admins and auditors."""
        see_groups(info)
        context = info.context
        if self.scope_id != context.organization_id:
            return None
        async with context.read() as connection:
            moved = await insight.reads.economy(connection, context.organization_id, self.days)
            held = await ledger.reads.held(connection, context.organization_id)
        return Economy(
            **{movement.name.lower(): Total(points) for movement, points in moved.items()},
            holding=Total(held),
            velocity=insight.share(moved[Movement.GIVEN], moved[Movement.ISSUED]),
        )

    @strawberry.field
    async def before(self, info: Info) -> "Insights":
        """The same for as many days just before, to compare with."""
        return await insights_of(info, self.days.before, self.scope_id)

    async def _total(self, info: Info) -> insight.reads.Total:
        if self.withheld:
            return insight.reads.Total()
        days = self.days

        async def read(connection: AsyncConnection, organization_id: UUID, scopes: list[UUID]) -> dict[UUID, insight.reads.Total]:
            return await insight.reads.totals(connection, organization_id, scopes, days)

        return await info.context.loader(f"totals of {days}", read).load(self.scope_id) or insight.reads.Total()

    async def _facts(self, info: Info) -> Facts:
        return await facts(info, self.days, {self.scope_id, info.context.organization_id})

    async def _top(self, info: Info, part: Part, first: int | None) -> list[MemberCount]:
        context, number = info.context, 10 if first is None else first
        if not 1 <= number <= TOP_MAX:
            raise Refusal(Code.INVALID_INPUT, f"A top list has 1 to {TOP_MAX} places; first is {number}.", "first")
        async with context.read() as connection:
            here = await organization.reads.organization_row(connection, context.organization_id)
            if not (here.leaderboard_enabled or context.actor.may(Permission.INSIGHT_GROUPS)):
                raise Forbidden("The leaderboard is off in your organization. Admins and auditors see it.")
            if self.withheld:
                return []
            within = (await self._facts(info)).roster.active(self.scope_id) if self.scope_id != context.organization_id else None
            found = await insight.reads.top(connection, context.organization_id, self.days, part, number, within)
            members = await organization.reads.members_by_ordinal(
                connection, context.organization_id, [one.ordinal for one in found]
            )
        return [
            MemberCount(member=member_of(info, members[one.ordinal]), recognition_count=one.recognitions, points=one.points)
            for one in found
        ]


def _withheld(group: organization.Group) -> GroupCount:
    return GroupCount(
        group=group_of(group),
        withheld=True,
        given=None,
        received=None,
        points_given=None,
        points_received=None,
        giving_rate=None,
        receiving_rate=None,
    )


def _counted(
    group: organization.Group, total: insight.reads.Total, roster: Roster, people: dict[tuple[UUID, Part], BitMap]
) -> GroupCount:
    givers, receivers = roster.givers(group.id), roster.receivers(group.id)
    return GroupCount(
        group=group_of(group),
        withheld=False,
        given=total.given,
        received=total.received,
        points_given=total.points_given,
        points_received=total.points_received,
        giving_rate=insight.share(len(givers & people[group.id, Part.GAVE]), len(givers)),
        receiving_rate=insight.share(len(receivers & people[group.id, Part.RECEIVED]), len(receivers)),
    )


async def insights_in(info: Info, range_: DateRange, group_id: str | None) -> Insights:
    """Insights of a range, in all or in one group. Raises Forbidden, NOT_FOUND or INVALID_INPUT."""
    scope_id = info.context.organization_id
    if group_id is not None:
        see_groups(info)
        scope_id = uuid_of(group_id, "Group", "groupId")
    return await insights_of(info, Days(range_.from_, range_.to), scope_id)


async def insights_of(info: Info, days: Days, scope_id: UUID) -> Insights:
    """Insights of a range and a scope."""
    context, secret = info.context, False
    if scope_id != context.organization_id:
        group = await context.loader("groups", organization.reads.groups_by_id).load(scope_id)
        if group is None:
            raise not_found("groupId")
        secret = scope_id in await hidden(info, days, await kind_of(info, group.kind))
    async with context.read() as connection:
        as_of = await audit.feed.as_of(connection, context.organization_id, insight.READER, context.database.clock())
    return Insights(days=days, scope_id=scope_id, as_of=as_of, withheld=secret)
