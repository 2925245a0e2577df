"""The directory: every organization of the database, and people and groups by the names that files give them."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import columns, scoped, table_of
from app.organization.models import Group, Member, Organization


async def all_organizations(connection: AsyncConnection) -> list[Organization]:
    """Every organization, by name: the one question that goes across tenants, for the command line and the worker."""
    table = table_of(Organization)
    rows = await connection.execute(sa.select(*table.c).order_by(table.c.name, table.c.organization_id))
    return [cast(Organization, row) for row in rows]


def meant(known: Iterable[Organization], named: str) -> list[Organization]:
    """Those of the organizations that an id or a name means, whatever its case; with "" all of them."""
    wanted = named.strip().casefold()
    return [row for row in known if not wanted or wanted in {str(row.organization_id), row.name.casefold()}]


async def members_by_email(connection: AsyncConnection, organization_id: UUID, emails: Iterable[str]) -> dict[str, Member]:
    """Those of the addresses (in lower case) that a member has, whatever its status."""
    wanted = set(emails)
    if not wanted:
        return {}
    rows = await connection.execute(scoped(Member, organization_id).where(columns(Member).email.in_(wanted)))
    return {row.email: cast(Member, row) for row in rows}


async def groups_by_name(
    connection: AsyncConnection, organization_id: UUID, names: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Group]:
    """Those of the groups, each by its kind and name, that exist here."""
    wanted = set(names)
    if not wanted:
        return {}
    group = columns(Group)
    rows = await connection.execute(scoped(Group, organization_id).where(group.name.in_({name for _, name in wanted})))
    return {(row.kind, row.name): cast(Group, row) for row in rows if (row.kind, row.name) in wanted}
