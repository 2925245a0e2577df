"""Who was not recognised, or recognised nobody, lately."""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

import strawberry

from app import insight, organization
from app.api.context import Info
from app.api.paging import connect, counting, part
from app.api.people import MemberConnection, member_of
from app.core.actor import Permission
from app.core.errors import Code, Forbidden, Refusal
from app.insight import Days, Part

QUIET_DAYS_MAX = 366


class Activity(StrEnum):
    """What somebody may not have done for a while."""

    GIVING = "GIVING"
    """Recognising others."""
    RECEIVING = "RECEIVING"
    """Being recognised."""


strawberry.enum(Activity)


async def quiet_members(info: Info, days: int, activity: Activity, first: int | None, after: str | None) -> MemberConnection:
    """Who did not give, or receive, lately: all for admins and auditors, else who reports to the viewer and received nothing."""
    if not 1 <= days <= QUIET_DAYS_MAX:
        raise Refusal(Code.INVALID_INPUT, f"Ask for 1 to {QUIET_DAYS_MAX} days; these are {days}.", "days")
    context, wanted = info.context, part(first, after, str, UUID)
    sees_all = context.actor.may(Permission.INSIGHT_GROUPS)
    if activity is Activity.GIVING and not sees_all:
        raise Forbidden("Only admins and auditors see who gives nothing.")
    async with context.read() as connection:
        here = await organization.reads.organization_row(connection, context.organization_id)
        today = organization.today(here, context.database.clock())
        range_ = Days(today - timedelta(days=days - 1), today)
        which = Part.GAVE if activity is Activity.GIVING else Part.RECEIVED
        manager_id = None if sees_all else context.member_id
        statement = insight.reads.quiet(context.organization_id, which, range_, manager_id)
        page = await insight.reads.quiet_page(connection, statement, wanted)
    context.members |= {row.id: row for row in page.rows}
    return connect(
        MemberConnection,
        page,
        wanted,
        lambda row: member_of(info, row),
        lambda row: (row.name_key, row.id),
        counting(info, statement),
    )
