"""The root of reading: what may be asked."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from app import audit, ledger, organization, recognition
from app.api.context import Info
from app.api.described import described
from app.api.ids import as_uuid, decode, hashtag_of, uuid_of, uuids_of
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
    value_of,
)
from app.api.points import transfer_of
from app.api.recognitions import (
    GivingCheck,
    RecognitionConnection,
    boost_of,
    comment_of,
    giving_check_of,
    recognition_seen,
    recognitions_page,
)
from app.api.trail import (
    AuditEventConnection,
    LedgerHealth,
    TokenConnection,
    audit_page,
    event_of,
    ledger_health,
    token_by_id,
    tokens_page,
)
from app.core.actor import Permission, Role
from app.core.errors import Code, Forbidden, Refusal
from app.organization import MemberStatus, ParticipationMode
from app.recognition import Visibility


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
@strawberry.input
class RecognitionFilter:
    """Which recognitions are wanted; what is left out does not look."""

    giver_id: strawberry.ID | None = strawberry.UNSET
    """Given by this member."""
    recipient_id: strawberry.ID | None = strawberry.UNSET
    """Received by this member."""
    group_id: strawberry.ID | None = strawberry.UNSET
    """Thanked as this group, or given or received by somebody who is in it now."""
    value_id: strawberry.ID | None = strawberry.UNSET
    """Given for this company value."""
    visibility: Visibility | None = strawberry.UNSET
    """PRIVATE shows admins and auditors those of others, too."""
    from_: datetime | None = strawberry.field(name="from", default=strawberry.UNSET)
    """Given at this moment or later."""
    to: datetime | None = strawberry.UNSET
    """Given before this moment."""
    search: str | None = strawberry.UNSET
    """Part of the message, whatever its case, within 12 months."""


@described
@strawberry.input
class MemberFilter:
    """Which members are wanted. What is left out does not look, but that status is ACTIVE unless named."""

    group_id: strawberry.ID | None = strawberry.UNSET
    """In this group now."""
    status: MemberStatus | None = strawberry.UNSET
    """Left out: ACTIVE. Null: whatever the status."""
    mode: ParticipationMode | None = strawberry.UNSET
    """With this mode."""
    role: Role | None = strawberry.UNSET
    """With this role."""


@described
@strawberry.input
class AuditFilter:
    """Which events are wanted; what is left out does not look."""

    actor_id: strawberry.ID | None = strawberry.UNSET
    """Done by this member."""
    actions: list[str] | None = strawberry.UNSET
    """One of these actions, such as recognition.given."""
    subject: str | None = strawberry.UNSET
    """About exactly this: kind:id."""
    from_: datetime | None = strawberry.field(name="from", default=strawberry.UNSET)
    """At this moment or later."""
    to: datetime | None = strawberry.UNSET
    """Before this moment."""


def _feed_filter(given: RecognitionFilter | None) -> recognition.reads.RecognitionFilter:
    if not given:
        return recognition.reads.RecognitionFilter()
    return recognition.reads.RecognitionFilter(
        giver_id=_id(given.giver_id, "Member", "giverId"),
        recipient_id=_id(given.recipient_id, "Member", "recipientId"),
        group_id=_id(given.group_id, "Group", "groupId"),
        hashtag=hashtag_of(given.value_id, "filter", "valueId") if isinstance(given.value_id, str) else None,
        visibility=given.visibility or None,
        since=_moment(given.from_, "from"),
        before=_moment(given.to, "to"),
        search=given.search or None,
    )


def _id(given: strawberry.ID | None, kind: str, name: str) -> UUID | None:
    """The key in a filter; None where it was left out. An empty id names nothing: NOT_FOUND."""
    return uuid_of(given, kind, "filter", name) if isinstance(given, str) else None


def _moment(given: datetime | None, name: str) -> datetime | None:
    """A moment with its zone. Raises INVALID_INPUT without one: two readers would take it for two moments."""
    if not given:
        return None
    if given.tzinfo is None:
        raise Refusal(Code.INVALID_INPUT, "Say the time with its zone, such as 2026-01-31T00:00:00Z.", "filter", name)
    return given


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
        found = decode(id)
        reader = _NODES.get(found[0]) if found is not None else None
        return await reader(info, found[1]) if reader is not None and found is not None else None

    @query()
    async def member(
        info: Info, id: strawberry.ID | None = strawberry.UNSET, email: str | None = strawberry.UNSET
    ) -> Member | None:
        """A member by id or by e-mail address, whatever the status; null when there is none."""
        if (id is None) == (email is None):
            raise Refusal(Code.INVALID_INPUT, "Ask by id or by email, one of the two.", "id")
        context = info.context
        if id is not None:
            found = decode(id)
            return await _member(info, found[1]) if found is not None and found[0] == "Member" else None
        async with context.database.read() as connection:
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
        given = filter or MemberFilter()
        chosen = organization.reads.MemberFilter(
            search=search or None,
            search_email=context.actor.sees_everyone,
            group_id=_id(given.group_id, "Group", "groupId"),
            status=organization.MemberStatus.ACTIVE if given.status is strawberry.UNSET else given.status,
            mode=given.mode or None,
            role=given.role or None,
        )
        async with context.database.read() as connection:
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
        async with context.database.read() as connection:
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
        return await recognitions_page(info, _feed_filter(filter), by_id(first, after))

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

    @query(Permission.AUDIT_READ)
    async def audit_trail(
        info: Info, first: int | None = 50, after: str | None = strawberry.UNSET, filter: AuditFilter | None = strawberry.UNSET
    ) -> AuditEventConnection:
        """What happened, newest first. For admins and auditors."""
        given = filter or AuditFilter()
        chosen = audit.reads.AuditFilter(
            actor_id=_id(given.actor_id, "Member", "actorId"),
            actions=tuple(given.actions) if given.actions else None,
            subject=given.subject or None,
            since=_moment(given.from_, "from"),
            before=_moment(given.to, "to"),
        )
        return await audit_page(info, chosen, part(first, after, int))

    @query(Permission.AUDIT_READ)
    async def ledger_health(info: Info) -> LedgerHealth:
        """Whether every point is accounted for, computed now. For admins and auditors."""
        return await ledger_health(info)

    @query(Permission.TOKEN_EDIT)
    async def tokens(info: Info, first: int | None = 20, after: str | None = strawberry.UNSET) -> TokenConnection:
        """Tokens of the organization, newest first. For owners."""
        return await tokens_page(info, by_id(first, after))


async def _member(info: Info, key: str) -> Member | None:
    id_ = as_uuid(key)
    row = await info.context.member(id_) if id_ is not None else None
    return member_of(info, row) if row is not None else None


async def _group(info: Info, key: str) -> Any:
    id_ = as_uuid(key)
    row = await info.context.loader("groups", organization.reads.groups_by_id).load(id_) if id_ is not None else None
    return group_of(row) if row is not None else None


async def _value(info: Info, key: str) -> Any:
    row = (await info.context.values()).get(key)
    return value_of(row) if row is not None else None


async def _organization(info: Info, key: str) -> Any:
    return await organization_here(info) if key == str(info.context.organization_id) else None


async def _recognition(info: Info, key: str) -> Any:
    id_ = as_uuid(key)
    return await recognition_seen(info, id_) if id_ is not None else None


async def _boost(info: Info, key: str) -> Any:
    id_, context = as_uuid(key), info.context
    if id_ is None:
        return None
    async with context.database.read() as connection:
        row = await recognition.reads.boost_row(connection, context.organization_id, id_)
    if row is None or await context.seen(row.recognition_id) is None:
        return None
    giver = await context.member(row.giver_id)
    assert giver is not None, "a foreign key says so"
    return boost_of(info, row, giver)


async def _comment(info: Info, key: str) -> Any:
    id_, context = as_uuid(key), info.context
    if id_ is None:
        return None
    async with context.database.read() as connection:
        row = await recognition.reads.comment_row(connection, context.organization_id, id_)
    if row is None or await context.seen(row.recognition_id) is None:
        return None
    author = await context.member(row.author_id)
    assert author is not None, "a foreign key says so"
    return comment_of(info, row, author)


async def _transfer(info: Info, key: str) -> Any:
    context = info.context
    transfer, _, owner = key.partition(":")
    id_, owner_id = as_uuid(transfer), as_uuid(owner)
    if id_ is None or owner_id is None or not (owner_id == context.actor.member_id or context.actor.sees_everyone):
        return None
    async with context.database.read() as connection:
        line = await ledger.reads.wallet_line(connection, context.organization_id, id_, owner_id)
    return transfer_of(line) if line is not None else None


async def _token(info: Info, key: str) -> Any:
    id_, context = as_uuid(key), info.context
    if id_ is None or not context.actor.may(Permission.TOKEN_EDIT):
        return None
    return await token_by_id(info, id_)


async def _event(info: Info, key: str) -> Any:
    context = info.context
    if not context.actor.may(Permission.AUDIT_READ) or not key.isascii() or not key.isdigit() or len(key) > 15:
        return None
    async with context.database.read() as connection:
        row = await audit.reads.event_row(connection, context.organization_id, int(key))
        if row is not None and row.actor_id is not None:
            await context.know(connection, [row.actor_id])
    return event_of(info, row) if row is not None else None


_NODES = {
    "AuditEvent": _event,
    "Boost": _boost,
    "Comment": _comment,
    "CompanyValue": _value,
    "Group": _group,
    "Member": _member,
    "Organization": _organization,
    "Recognition": _recognition,
    "Token": _token,
    "Transfer": _transfer,
}
