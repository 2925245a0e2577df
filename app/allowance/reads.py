"""What may be asked about allowances: the policy; what a member has is rehearsed (see `issue.BringUpToDate`)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.allowance.models import AllowancePolicyVersion, AllowanceStanding
from app.allowance.rules import Version, parse
from app.db import Page, Slice, columns, page, scoped, table_of
from app.organization import Member, MemberStatus


async def newest_policy(connection: AsyncConnection, organization_id: UUID) -> Version:
    """The newest version of the policy, in force or not yet."""
    statement = scoped(AllowancePolicyVersion, organization_id).order_by(columns(AllowancePolicyVersion).version.desc()).limit(1)
    row = (await connection.execute(statement)).one()
    return Version(row.version, row.set_at, row.effective_from, parse(row.document))


async def behind(connection: AsyncConnection, organization_id: UUID, now: datetime, part: Slice) -> Page[UUID]:
    """Ids of members for whom something may be due: active ones never touched, and those last touched in a period that is over or
    under an older policy. In the order of ids; the key of a row is the id."""
    newest = (await newest_policy(connection, organization_id)).number
    member, standing = columns(Member), columns(AllowanceStanding)
    statement = (
        scoped(Member, organization_id, member.id)
        .join_from(
            table_of(Member),
            table_of(AllowanceStanding),
            sa.and_(standing.organization_id == member.organization_id, standing.member_id == member.id),
            isouter=True,
        )
        .where(
            sa.or_(
                sa.and_(standing.member_id.is_(None), member.status == MemberStatus.ACTIVE),
                standing.period_end <= now,
                standing.policy_version < newest,
            )
        )
    )
    found = await page(connection, statement, [member.id], part)
    return Page([row.id for row in found.rows], found.has_next)
