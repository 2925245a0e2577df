"""Foresight: what a rule would change for whom, found out by rehearsing it, in plain sentences."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app import recognition
from app.allowance import AllowanceRule
from app.db import COUNTED_MAX, Database, columns, count, scoped
from app.organization import EVERYONE, GIVING_MODES, Member, Membership, MemberStatus
from app.recognition import Person
from integrations.slack import layouts, ruling
from integrations.slack.layouts.wording import PEOPLE, listing
from integrations.slack.ruling import PER, Applied, ApplyRule, ForeseePoints, Seen
from integrations.slack.workspaces import Workspace

PEOPLE_MAX = 5_000
"""Whom the effect of a rule is computed for."""
AT_ONCE = 200
"""Allowances that are rehearsed in one go: other requests come in between."""
Changes = dict[str, list[UUID]]
"""Members by what becomes true of them: `can no longer give`."""


@dataclass(frozen=True, slots=True)
class Everybody:
    """Everyone who has not left, as far as they are looked at."""

    seen: list[Seen]
    names: dict[UUID, str]
    number: int | None
    """How many there are; None: more than are counted."""
    managers: frozenset[UUID]
    """Those of whom somebody is a direct report; looked at only where a rule counts them."""


async def effect(database: Database, workspace: Workspace, act: ApplyRule) -> list[str]:
    """What a rule would change; nothing: it changes nothing. Raises what applying it refuses."""
    (applied,) = await database.rehearse([act])
    if isinstance(applied, BaseException):
        raise applied
    if applied is None:
        return []
    async with database.read() as connection:
        people = await _everybody(connection, workspace.organization_id, applied)
    giving_before, giving_after = applied.before[0], applied.after[0]
    found = await asyncio.to_thread(ruling.foreseen, giving_before, giving_after, people.seen, database.clock())
    points = await _points(database, workspace, act, applied, people)
    told = _sentences({**(found or {}), **points}, people.names)
    if found is None:
        told.append("There are too many rules about different people to say who can give to whom.")
    if points:
        told.append(f"Points to give change on {layouts.day(applied.resets_at.astimezone(ZoneInfo(workspace.time_zone)))}.")
    if told and giving_after.paused:
        told.append("Giving is paused: nobody gives before it is started again.")
    if people.number is None or people.number > len(people.seen):
        of = f"{people.number:,}" if people.number is not None else f"more than {COUNTED_MAX:,}"
        told.append(f"Only the first {len(people.seen):,} of {of} people were looked at.")
    return told


def _sentences(changes: Changes, names: dict[UUID, str]) -> list[str]:
    """What changes for how many people, and for whom."""
    if not changes:
        return []
    number = len({id_ for ids in changes.values() for id_ in ids})
    parts = ", ".join(f"{len(ids):,} {phrase}" for phrase, ids in changes.items())
    told = [f"{PEOPLE.of(number)} {'changes' if number == 1 else 'change'}: {parts}."]
    for phrase, ids in changes.items():
        told.append(f"{phrase[:1].upper()}{phrase[1:]}: {listing(sorted(names[id_] for id_ in ids))}.")
    return told


async def _everybody(connection: AsyncConnection, here: UUID, applied: Applied) -> Everybody:
    member, membership = columns(Member), columns(Membership)
    present = scoped(Member, here).where(member.status != MemberStatus.DEACTIVATED)
    rows = [cast(Member, row) for row in await connection.execute(present.order_by(member.id).limit(PEOPLE_MAX))]
    number = len(rows) if len(rows) < PEOPLE_MAX else await count(connection, present)
    groups = _groups(_paid(applied))
    for giving in (applied.before[0], applied.after[0]):
        groups |= {id_ for rule in giving.rules for id_ in rule.giver.group_ids | rule.recipient.group_ids}
    inside: dict[UUID, set[UUID]] = {row.id: set() for row in rows}
    if groups and rows:
        wanted = scoped(Membership, here, membership.group_id, membership.member_id)
        wanted = wanted.where(membership.group_id.in_(groups), membership.member_id <= rows[-1].id)
        for group_id, member_id in await connection.execute(wanted):
            if member_id in inside:
                inside[member_id].add(group_id)
    managers: frozenset[UUID] = frozenset()
    if any(rule.per_direct_report for rule in _paid(applied)):
        has_manager = scoped(Member, here, member.manager_id).where(member.manager_id.is_not(None))
        managers = frozenset((await connection.execute(has_manager.distinct())).scalars())
    before = [recognition.person_of(row, frozenset(inside[row.id])) for row in rows]
    modes = applied.modes
    seen = [Seen(one, replace(one, mode=modes[one.id]) if one.id in modes else one) for one in before]
    return Everybody(seen, {row.id: row.display_name for row in rows}, number, managers)


async def _points(database: Database, workspace: Workspace, act: ApplyRule, applied: Applied, people: Everybody) -> Changes:
    """Whose points to give change, of those who give before and after. One of each kind is rehearsed: what is left over from
    before a period is the same before and after, so that those who match the same rules get as many points more."""
    before, after = (policy.rules for _, policy in (applied.before, applied.after))
    if before == after:
        return {}
    changed = [rule.audience for rule in {*before} ^ {*after}] or [EVERYONE]
    kinds: dict[object, list[UUID]] = {}
    rules = _paid(applied)
    groups, alone = _groups(rules), people.managers | {id_ for rule in rules for id_ in rule.audience.member_ids}
    for one, later in people.seen:
        if _gives(one, later) and any(audience.includes(one.id, one.group_ids) for audience in changed):
            kinds.setdefault((one.group_ids & groups, one.id if one.id in alone else None), []).append(one.id)
    told: dict[int, list[UUID]] = {}
    some = [ids[0] for ids in kinds.values()]
    more: dict[UUID, int] = {}
    for start in range(0, len(some), AT_ONCE):
        (found,) = await database.rehearse([ForeseePoints(act, tuple(some[start : start + AT_ONCE]))])
        if isinstance(found, BaseException):
            raise found
        more |= found
    for ids in kinds.values():
        told.setdefault(more[ids[0]], []).extend(ids)
    per = PER[applied.after[1].period]
    return {
        f"can give {workspace.unit.of(abs(number))} {'more' if number > 0 else 'less'} {per}": told[number]
        for number in sorted(told, reverse=True)
        if number
    }


def _paid(applied: Applied) -> Sequence[AllowanceRule]:
    return [*applied.before[1].rules, *applied.after[1].rules]


def _groups(rules: Collection[AllowanceRule]) -> frozenset[UUID]:
    return frozenset(id_ for rule in rules for id_ in rule.audience.group_ids)


def _gives(before: Person, after: Person) -> bool:
    return before.status is MemberStatus.ACTIVE and before.mode in GIVING_MODES and after.mode in GIVING_MODES
