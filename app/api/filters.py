"""Filters of lists: from what a client wants to what a room is asked."""

from datetime import UTC, datetime
from uuid import UUID

import strawberry

from app import audit, organization, recognition
from app.api.context import Info
from app.api.described import described
from app.api.ids import hashtag_of, uuid_of
from app.core.actor import Role
from app.core.errors import Code, Refusal, not_found
from app.organization import MemberStatus, ParticipationMode
from app.recognition import Visibility

SEARCH_CHARS_MAX = 200


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


async def feed_filter(info: Info, given: RecognitionFilter | None) -> recognition.reads.RecognitionFilter:
    """The recognitions that are wanted. Raises NOT_FOUND and INVALID_INPUT."""
    if not given:
        return recognition.reads.RecognitionFilter()
    return recognition.reads.RecognitionFilter(
        giver_id=await _id(info, given.giver_id, "Member", "giverId"),
        recipient_id=await _id(info, given.recipient_id, "Member", "recipientId"),
        group_id=await _id(info, given.group_id, "Group", "groupId"),
        hashtag=await _hashtag(info, given.value_id),
        visibility=given.visibility or None,
        since=_moment(given.from_, "from"),
        before=_moment(given.to, "to"),
        search=_search(given.search, "filter", "search"),
    )


async def member_filter(info: Info, given: MemberFilter | None, search: str | None) -> organization.reads.MemberFilter:
    """The members that are wanted. Raises NOT_FOUND and INVALID_INPUT."""
    given = given or MemberFilter()
    return organization.reads.MemberFilter(
        search=_search(search, "search"),
        search_email=info.context.actor.sees_everyone,
        group_id=await _id(info, given.group_id, "Group", "groupId"),
        status=MemberStatus.ACTIVE if given.status is strawberry.UNSET else given.status,
        mode=given.mode or None,
        role=given.role or None,
    )


async def audit_filter(info: Info, given: AuditFilter | None) -> audit.reads.AuditFilter:
    """The events that are wanted. Raises NOT_FOUND and INVALID_INPUT."""
    given = given or AuditFilter()
    return audit.reads.AuditFilter(
        actor_id=await _id(info, given.actor_id, "Member", "actorId"),
        actions=tuple(given.actions) if given.actions else None,
        subject=given.subject or None,
        since=_moment(given.from_, "from"),
        before=_moment(given.to, "to"),
    )


async def _id(info: Info, given: strawberry.ID | None, kind: str, name: str) -> UUID | None:
    """The key in a filter; None where it was left out. Raises NOT_FOUND when it names nothing here."""
    if not isinstance(given, str):
        return None
    key = uuid_of(given, kind, "filter", name)
    if kind == "Member":
        found: object = await info.context.member(key)
    else:
        found = await info.context.loader("groups", organization.reads.groups_by_id).load(key)
    if found is None:
        raise not_found("filter", name)
    return key


async def _hashtag(info: Info, given: strawberry.ID | None) -> str | None:
    """The company value in a filter, archived or not; None where it was left out. Raises NOT_FOUND when it is none here."""
    if not isinstance(given, str):
        return None
    hashtag = hashtag_of(given, "filter", "valueId")
    if hashtag not in await info.context.values():
        raise not_found("filter", "valueId")
    return hashtag


def _moment(given: datetime | None, name: str) -> datetime | None:
    """A moment with its zone. Raises INVALID_INPUT without one: two readers would take it for two moments."""
    if not given:
        return None
    if given.tzinfo is None:
        raise Refusal(Code.INVALID_INPUT, "Say the time with its zone, such as 2026-01-31T00:00:00Z.", "filter", name)
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise Refusal(
            Code.INVALID_INPUT, "This time is before the year 1 or after the year 9999 in UTC.", "filter", name
        ) from None


def _search(given: str | None, *field: str) -> str | None:
    """Part of a text to look for. Raises INVALID_INPUT for one that is longer than any that people type."""
    if not given:
        return None
    if len(given) > SEARCH_CHARS_MAX:
        raise Refusal(Code.INVALID_INPUT, f"Search for at most {SEARCH_CHARS_MAX} characters.", *field)
    return given
