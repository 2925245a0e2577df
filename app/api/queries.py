"""The root of reading: what may be asked."""

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from app import organization, recognition
from app.api.context import Info
from app.api.described import described
from app.api.figures import DateRange
from app.api.filters import AuditFilter, MemberFilter, RecognitionFilter, audit_filter, feed_filter, member_filter
from app.api.ids import hashtag_of, uuid_of, uuids_of
from app.api.insights import Insights, insights_in
from app.api.nodes import node_by_id
from app.api.paging import Node, by_id, connect, counting, part
from app.api.payloads import query
from app.api.people import (
    GroupConnection,
    Member,
    MemberConnection,
    Organization,
    group_of,
    member_of,
    organization_here,
)
from app.api.quiet import Activity, quiet_members
from app.api.recognitions import (
    GivingCheck,
    RecognitionConnection,
    giving_check_of,
    recognitions_page,
)
from app.api.reports import (
    FulfilmentConnection,
    Liability,
    PointActivity,
    Statement,
    fulfilments_page,
    liability_of,
    point_activity,
    statement_of,
)
from app.api.rewards import RedemptionConnection, RewardConnection, redemptions_page, rewards_page
from app.api.trail import (
    AuditEventConnection,
    LedgerHealth,
    TokenConnection,
    audit_page,
    ledger_health,
    tokens_page,
)
from app.core.actor import Permission
from app.core.errors import Code, Forbidden, Refusal, not_found
from app.recognition import Visibility
from app.reward import RedemptionStatus, RewardKind


@described
@strawberry.type
class Viewer:
    """Whoever asks."""

    member: Member
    """The member."""
    organization: Organization
    """Their organization."""
    permissions: list[str]
    """What their role and mode allow, as words: recognition.give, policy.edit, member.edit, reward.edit, redemption.decide,
    audit.read, insight.groups, token.edit."""


@described
@strawberry.type
class Query:
    """What may be asked."""

    @query()
    async def viewer(info: Info) -> Viewer:
        """Whoever asks."""
        member = await info.context.member(info.context.member_id)
        assert member is not None, "a token has a member"
        gives = member.mode in organization.GIVING_MODES
        permissions = [
            permission.value
            for permission in Permission
            if info.context.actor.may(permission) and (gives or permission is not Permission.RECOGNITION_GIVE)
        ]
        return Viewer(member=member_of(info, member), organization=await organization_here(info), permissions=permissions)

    @query()
    async def organization(info: Info) -> Organization:
        """The viewer's organization. Others do not exist."""
        return await organization_here(info)

    @query()
    async def node(info: Info, id: strawberry.ID) -> Node | None:
        """Anything by its global id; null when it does not exist here or is not the viewer's to see."""
        return await node_by_id(info, id)

    @query()
    async def member(
        info: Info, id: strawberry.ID | None = strawberry.UNSET, email: str | None = strawberry.UNSET
    ) -> Member | None:
        """A member by id or by e-mail address, whatever the status; null when there is none."""
        if (id is None) == (email is None):
            raise Refusal(Code.INVALID_INPUT, "Ask by id or by email, one of the two.", "id")
        context = info.context
        if id is not None:
            found = await node_by_id(info, id)
            return found if isinstance(found, Member) else None
        async with context.read() as connection:
            row = await organization.reads.member_by_email(connection, context.organization_id, email or "")
        return member_of(info, row) if row is not None else None

    @query()
    async def members(
        info: Info,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
        search: str | None = strawberry.UNSET,
        filter: MemberFilter | None = strawberry.UNSET,
    ) -> MemberConnection:
        """Members by name. `search`: part of the name, for admins and auditors also of the e-mail address."""
        context, wanted = info.context, part(first, after, str, UUID)
        chosen = await member_filter(info, filter, search)
        async with context.read() as connection:
            page = await organization.reads.members_page(connection, context.organization_id, chosen, wanted)
        context.members |= {row.id: row for row in page.rows}
        statement = organization.reads.members(context.organization_id, chosen)
        counter = counting(info, statement)
        return connect(
            MemberConnection, page, wanted, lambda row: member_of(info, row), lambda row: (row.name_key, row.id), counter
        )

    @query()
    async def groups(
        info: Info, first: int | None = 50, after: str | None = strawberry.UNSET, kind: str | None = strawberry.UNSET
    ) -> GroupConnection:
        """Groups by name, all or of one kind."""
        context, wanted = info.context, part(first, after, str, UUID)
        async with context.read() as connection:
            page = await organization.reads.groups_page(connection, context.organization_id, kind, wanted)
        counter = counting(info, organization.reads.groups(context.organization_id, kind))
        return connect(GroupConnection, page, wanted, group_of, lambda row: (row.name, row.id), counter)

    @query()
    async def recognitions(
        info: Info,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
        filter: RecognitionFilter | None = strawberry.UNSET,
    ) -> RecognitionConnection:
        """The feed, newest first: public recognitions and the viewer's own private ones."""
        return await recognitions_page(info, await feed_filter(info, filter), by_id(first, after))

    @query()
    async def giving_check(
        info: Info,
        points_each: int,
        recipient_ids: list[strawberry.ID] | None = strawberry.UNSET,
        group_ids: list[strawberry.ID] | None = strawberry.UNSET,
        message: str | None = strawberry.UNSET,
        value_ids: list[strawberry.ID] | None = strawberry.UNSET,
        visibility: Visibility | None = Visibility.PUBLIC,
        giver_id: strawberry.ID | None = strawberry.UNSET,
    ) -> GivingCheck:
        """ "Why can, or can't, I give?", by the code that giving runs. Only admins ask for another giver."""
        context = info.context
        giver = uuid_of(giver_id, "Member", "giverId") if giver_id is not None else context.member_id
        if giver != context.actor.member_id and not context.actor.may(Permission.POLICY_EDIT):
            raise Forbidden("Only admins ask what somebody else could give.")
        wish = recognition.Wish(
            giver,
            uuids_of(recipient_ids, "Member", "recipientIds"),
            uuids_of(group_ids, "Group", "groupIds"),
            points_each,
            message,
            tuple(hashtag_of(id_, "valueIds") for id_ in value_ids or ()),
        )
        (answer,) = await context.database.rehearse([recognition.CheckGiving(context.actor, wish)])
        if isinstance(answer, BaseException):
            raise answer
        return await giving_check_of(info, answer)

    @query()
    async def rewards(
        info: Info,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
        kind: RewardKind | None = strawberry.UNSET,
        affordable_only: bool | None = False,
        everything: bool | None = False,
    ) -> RewardConnection:
        """The catalog, the cheapest first: what is meant for the viewer and not archived. `affordableOnly`: what the wallet pays
        for. `everything`: archived ones and those meant for others, too; for admins and auditors."""
        return await rewards_page(
            info, first, after, kind or None, affordable_only=bool(affordable_only), everything=bool(everything)
        )

    @query()
    async def redemptions(
        info: Info,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
        status: RedemptionStatus | None = strawberry.UNSET,
        member_id: strawberry.ID | None = strawberry.UNSET,
    ) -> RedemptionConnection:
        """Redemptions, newest first: the viewer's own; admins and auditors see everyone's."""
        member = uuid_of(member_id, "Member", "memberId") if member_id is not None else None
        if member is not None and await info.context.member(member) is None:
            raise not_found("memberId")
        return await redemptions_page(info, first, after, status or None, member)

    @query(Permission.AUDIT_READ)
    async def statement(info: Info, month: str | None = strawberry.UNSET) -> Statement:
        """What the organization pays for a month such as 2026-11: for what was delivered in it. Left out: this month so far. For
        admins and auditors."""
        return await statement_of(info, month or None)

    @query(Permission.AUDIT_READ)
    async def liability(info: Info) -> Liability:
        """What would be due if everything that people hold was redeemed now. For admins and auditors."""
        return await liability_of(info)

    @query(Permission.AUDIT_READ)
    async def fulfilments(
        info: Info, first: int | None = 20, after: str | None = strawberry.UNSET, waiting_only: bool | None = False
    ) -> FulfilmentConnection:
        """What is to be delivered and what was, the oldest first. For admins and auditors."""
        return await fulfilments_page(info, first, after, waiting_only=bool(waiting_only))

    @query(Permission.AUDIT_READ)
    async def point_activity(
        info: Info,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
        from_: Annotated[date | None, strawberry.argument(name="from")] = strawberry.UNSET,
        to: date | None = strawberry.UNSET,
    ) -> PointActivity:
        """Every movement of points between two days, both included, the oldest first. For admins and auditors."""
        return await point_activity(info, first, after, from_, to)

    @query()
    async def insights(info: Info, range: DateRange, group_id: strawberry.ID | None = strawberry.UNSET) -> Insights:
        """How recognition goes in a range of days. `groupId`: in one group, as it was on each day; for admins and auditors."""
        return await insights_in(info, range, group_id)

    @query()
    async def quiet_members(
        info: Info,
        activity: Activity,
        days: int | None = 30,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> MemberConnection:
        """Active members who were not recognised, or recognised nobody, in public for so many days, by name. Admins and auditors
        see all; others see who reports to them and was not recognised."""
        return await quiet_members(info, 30 if days is None else days, activity, first, after)

    @query(Permission.AUDIT_READ)
    async def audit_trail(
        info: Info, first: int | None = 50, after: str | None = strawberry.UNSET, filter: AuditFilter | None = strawberry.UNSET
    ) -> AuditEventConnection:
        """What happened, newest first. For admins and auditors."""
        return await audit_page(info, await audit_filter(info, filter), part(first, after, int))

    @query(Permission.AUDIT_READ)
    async def ledger_health(info: Info) -> LedgerHealth:
        """Whether every point is accounted for, computed now. For admins and auditors."""
        return await ledger_health(info)

    @query(Permission.TOKEN_EDIT)
    async def tokens(info: Info, first: int | None = 20, after: str | None = strawberry.UNSET) -> TokenConnection:
        """Tokens of the organization, newest first. For owners."""
        return await tokens_page(info, by_id(first, after))
