"""What may be asked about people: lists, look-ups, who is in which group."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast
from unicodedata import normalize
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actor import Role
from app.db import Page, Slice, columns, page, scoped, table_of
from app.organization.models import CompanyValue, Group, Member, Membership, MemberStatus, Organization, ParticipationMode


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """Which members are wanted; None does not look."""

    search: str | None = None
    """Part of a name, or of an e-mail address where `search_email` says so."""
    search_email: bool = False
    group_id: UUID | None = None
    status: MemberStatus | None = MemberStatus.ACTIVE
    mode: ParticipationMode | None = None
    role: Role | None = None


async def organization_row(connection: AsyncConnection, organization_id: UUID) -> Organization:
    """The organization."""
    return cast(Organization, (await connection.execute(scoped(Organization, organization_id))).one())


def members(organization_id: UUID, wanted: MemberFilter) -> sa.Select[Any]:
    """The members that the filter means, in no order."""
    member = columns(Member)
    statement = scoped(Member, organization_id)
    for column, value in ((member.status, wanted.status), (member.mode, wanted.mode), (member.role, wanted.role)):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.search:
        pattern = normalize("NFC", wanted.search).strip().casefold()
        found = member.name_key.contains(pattern, autoescape=True)
        if wanted.search_email:
            found = sa.or_(found, member.email.contains(pattern, autoescape=True))
        statement = statement.where(found)
    if wanted.group_id is not None:
        inside = scoped(Membership, organization_id, columns(Membership).member_id).where(
            columns(Membership).group_id == wanted.group_id
        )
        statement = statement.where(member.id.in_(inside))
    return statement


async def members_page(connection: AsyncConnection, organization_id: UUID, wanted: MemberFilter, part: Slice) -> Page[Member]:
    """Members by name; the keys of a row are its name_key and id."""
    member = columns(Member)
    return await page(connection, members(organization_id, wanted), [member.name_key, member.id], part)


async def members_by_id(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Member]:
    """Those of the members that exist here."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await connection.execute(scoped(Member, organization_id).where(columns(Member).id.in_(wanted)))
    return {row.id: cast(Member, row) for row in rows}


async def members_by_ordinal(connection: AsyncConnection, organization_id: UUID, ordinals: Iterable[int]) -> dict[int, Member]:
    """The members with these places in bitmaps."""
    rows = await connection.execute(scoped(Member, organization_id).where(columns(Member).ordinal.in_(set(ordinals))))
    return {row.ordinal: cast(Member, row) for row in rows}


async def member_by_email(connection: AsyncConnection, organization_id: UUID, email: str) -> Member | None:
    """The member with this address, whatever its status."""
    statement = scoped(Member, organization_id).where(columns(Member).email == email.strip().lower())
    return cast(Member | None, (await connection.execute(statement)).one_or_none())


def groups(organization_id: UUID, kind: str | None) -> sa.Select[Any]:
    """Groups, all or of one kind, in no order."""
    statement = scoped(Group, organization_id)
    return statement if kind is None else statement.where(columns(Group).kind == kind.lower())


async def groups_page(connection: AsyncConnection, organization_id: UUID, kind: str | None, part: Slice) -> Page[Group]:
    """Groups by name; the keys of a row are its name and id."""
    group = columns(Group)
    return await page(connection, groups(organization_id, kind), [group.name, group.id], part)


async def groups_of_kinds(connection: AsyncConnection, organization_id: UUID, kinds: Iterable[str]) -> dict[str, list[Group]]:
    """All groups of each kind, by name."""
    group = columns(Group)
    statement = scoped(Group, organization_id).where(group.kind.in_(set(kinds))).order_by(group.name, group.id)
    found: dict[str, list[Group]] = {kind: [] for kind in kinds}
    for row in await connection.execute(statement):
        found[row.kind].append(cast(Group, row))
    return found


async def groups_by_id(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Group]:
    """Those of the groups that exist here."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await connection.execute(scoped(Group, organization_id).where(columns(Group).id.in_(wanted)))
    return {row.id: cast(Group, row) for row in rows}


async def groups_of_members(
    connection: AsyncConnection, organization_id: UUID, member_ids: Iterable[UUID]
) -> dict[UUID, list[Group]]:
    """The groups each of the members is in now, by name."""
    group, membership = columns(Group), columns(Membership)
    statement = (
        scoped(Group, organization_id, membership.member_id, *table_of(Group).c)
        .join_from(
            table_of(Group),
            table_of(Membership),
            sa.and_(membership.organization_id == group.organization_id, membership.group_id == group.id),
        )
        .where(membership.member_id.in_(set(member_ids)))
        .order_by(group.kind, group.name)
    )
    found: dict[UUID, list[Group]] = {id_: [] for id_ in member_ids}
    for row in await connection.execute(statement):
        found[row.member_id].append(cast(Group, row))
    return found


async def member_counts(connection: AsyncConnection, organization_id: UUID, group_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many members who have not left are in each group."""
    member, membership = columns(Member), columns(Membership)
    statement = (
        scoped(Membership, organization_id, membership.group_id, sa.func.count().label("number"))
        .join_from(
            table_of(Membership),
            table_of(Member),
            sa.and_(member.organization_id == membership.organization_id, member.id == membership.member_id),
        )
        .where(membership.group_id.in_(set(group_ids)), member.status != MemberStatus.DEACTIVATED)
        .group_by(membership.group_id)
    )
    counted = {row.group_id: row.number for row in await connection.execute(statement)}
    return {group_id: counted.get(group_id, 0) for group_id in group_ids}


async def values(connection: AsyncConnection, organization_id: UUID) -> dict[str, CompanyValue]:
    """Every company value by its hashtag, archived ones too, by name."""
    statement = scoped(CompanyValue, organization_id).order_by(columns(CompanyValue).name)
    return {row.hashtag: cast(CompanyValue, row) for row in await connection.execute(statement)}
