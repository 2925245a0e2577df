"""GraphQL types of recognition: the feed, boosts, comments, and the check before giving."""

from datetime import datetime
from uuid import UUID

import strawberry

from app import recognition as rooms
from app.api.context import Info
from app.api.described import described
from app.api.ids import encode
from app.api.paging import Connection, Node, by_id, connect, counting
from app.api.people import CompanyValue, Group, Member, group_of, member_of, value_of
from app.core.errors import Code
from app.db import Slice
from app.organization import Member as MemberRow
from app.recognition import Visibility

strawberry.enum(Visibility)


INT_MAX = 2**31 - 1


@described
@strawberry.type
class Boost(Node):
    """Points that another member added; every original recipient got them."""

    giver: Member
    """Who boosted."""
    points_each: int
    """Points to each recipient."""
    given_at: datetime
    """When it was given."""
    revoked_at: datetime | None
    """When it was taken back."""


@described
@strawberry.type
class Comment(Node):
    """A word under a recognition."""

    author: Member
    """Who wrote it."""
    text: str
    """Plain text."""
    at: datetime
    """When it was written."""


@described
@strawberry.type
class CommentConnection(Connection[Comment]):
    """Comments, newest first."""


@described
@strawberry.type
class ReactionCount:
    """How often an emoji was put on a recognition."""

    emoji: str
    """The emoji itself, or its name."""
    count: int
    """Members who put it there."""
    mine: bool
    """Whether the viewer is one of them."""


@described
@strawberry.type
class Recognition(Node):
    """One giver thanks one or more people, for something, with or without points."""

    row: strawberry.Private[rooms.Recognition]
    giver: Member
    """Who gave."""
    recipients: list[Member]
    """Who received, each the full `pointsEach`."""
    points_each: int
    """Points to each recipient; 0 is plain thanks."""
    total_points: int
    """pointsEach × recipients, boosts not counted."""
    message: str
    """Plain text; empty for one that was taken back or hidden, but for the giver, admins and auditors."""
    visibility: Visibility
    """Who sees it."""
    given_at: datetime
    """When it was given; imported ones keep their time."""
    revoked_at: datetime | None
    """When it was taken back."""
    hidden: bool
    """Whether an admin has hidden the message."""
    boost_count: int
    """Boosts that stand."""
    boost_points: int
    """Points that boosts added, all recipients together."""

    @strawberry.field
    async def groups(self, info: Info) -> list[Group]:
        """Groups that were thanked as groups."""
        found = await info.context.loader("thanked groups", rooms.reads.groups).load(self.row.id) or []
        return [group_of(group) for group in found]

    @strawberry.field
    async def values(self, info: Info) -> list[CompanyValue]:
        """Company values it was given for."""
        found = await info.context.loader("values of recognitions", rooms.reads.values).load(self.row.id) or []
        return [value_of(value) for value in found]

    @strawberry.field
    async def boosts(self, info: Info) -> list[Boost]:
        """The latest 100, newest first."""
        if not self.row.boost_count:
            return []
        return [boost_of(info, row, giver) for row, giver in await info.context.boosts(self.row.id)]

    @strawberry.field
    async def comments(self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET) -> CommentConnection:
        """What people said about it, newest first."""
        wanted = by_id(first, after)
        page = await info.context.comments(self.row.id, wanted)
        statement = rooms.reads.comments(info.context.organization_id, self.row.id)
        return connect(
            CommentConnection,
            page,
            wanted,
            lambda said: comment_of(info, *said),
            lambda said: (said[0].id,),
            counting(info, statement),
        )

    @strawberry.field
    async def reactions(self, info: Info) -> list[ReactionCount]:
        """Emoji that people put on it, the most frequent first."""
        viewer_id = info.context.actor.member_id
        found = await info.context.loader(
            "reactions",
            lambda connection, organization_id, ids: rooms.reads.reactions(connection, organization_id, ids, viewer_id),
        ).load(self.row.id)
        return [ReactionCount(emoji=one.emoji, count=one.number, mine=one.mine) for one in found or []]


@described
@strawberry.type
class RecognitionConnection(Connection[Recognition]):
    """Recognitions, newest first."""


def recognition_of(info: Info, row: rooms.Recognition, giver: MemberRow, recipients: list[MemberRow]) -> Recognition:
    """A recognition as GraphQL shows it to this viewer, who was found to see it."""
    actor = info.context.actor
    return Recognition(
        id=encode("Recognition", row.id),
        row=row,
        giver=member_of(info, giver),
        recipients=[member_of(info, recipient) for recipient in recipients],
        points_each=row.points_each,
        total_points=row.points_each * row.recipient_count,
        message=row.message if rooms.may_read_message(row, actor.member_id, actor.role) else "",
        visibility=row.visibility,
        given_at=row.given_at,
        revoked_at=row.revoked_at,
        hidden=row.hidden_at is not None,
        boost_count=row.boost_count,
        boost_points=row.boost_points,
    )


async def recognition_seen(info: Info, key: UUID) -> Recognition | None:
    """A recognition, if it exists and the viewer sees it."""
    found = await info.context.seen(key)
    if found is None:
        return None
    row, recipient_ids = found
    members = info.context.members
    return recognition_of(info, row, members[row.giver_id], [members[id_] for id_ in recipient_ids])


async def recognitions_page(info: Info, wanted: rooms.reads.RecognitionFilter, part: Slice) -> RecognitionConnection:
    """A page of the viewer's feed: three statements, whatever its length."""
    context = info.context
    statement = rooms.reads.feed(context.actor, wanted, context.database.clock())
    async with context.read() as connection:
        page = await rooms.reads.feed_page(connection, statement, part)
        recipients = await rooms.reads.recipients(connection, context.organization_id, [row.id for row in page.rows])
        named = {row.giver_id for row in page.rows}.union(*recipients.values())
        await context.know(connection, named)
    members = context.members
    return connect(
        RecognitionConnection,
        page,
        part,
        lambda row: recognition_of(info, row, members[row.giver_id], [members[id_] for id_ in recipients[row.id]]),
        lambda row: (row.id,),
        counting(info, statement),
    )


def boost_of(info: Info, row: rooms.Boost, giver: MemberRow) -> Boost:
    """A boost as GraphQL shows it."""
    return Boost(
        id=encode("Boost", row.id),
        giver=member_of(info, giver),
        points_each=row.points_each,
        given_at=row.given_at,
        revoked_at=row.revoked_at,
    )


def comment_of(info: Info, row: rooms.Comment, author: MemberRow) -> Comment:
    """A comment as GraphQL shows it."""
    return Comment(id=encode("Comment", row.id), author=member_of(info, author), text=row.text, at=row.at)


@described
@strawberry.type
class LeftOut:
    """A member of a group, or a recipient of what is boosted, who gets nothing."""

    member: Member
    """Who."""
    code: Code
    """Why, for programs."""
    message: str
    """Why, for people."""


async def left_out_of(info: Info, left_out: tuple[rooms.LeftOut, ...]) -> list[LeftOut]:
    """Those left out as GraphQL shows them."""
    if not left_out:
        return []
    context = info.context
    async with context.read() as connection:
        await context.know(connection, [one.member_id for one in left_out])
    return [
        LeftOut(member=member_of(info, context.members[one.member_id]), code=one.refusal.code, message=one.refusal.message)
        for one in left_out
    ]


@described
@strawberry.type
class RuleVerdict:
    """What one rule says."""

    rule: str
    """Its name; they come in the order of judging."""
    allowed: bool
    """Whether it lets this through."""
    explanation: str
    """A sentence with the numbers it saw."""
    code: Code | None
    """What giving would be refused with."""
    available_again_at: datetime | None
    """When time heals it."""


@described
@strawberry.type
class GivingCheck:
    """ "Why can, or can't, I give?": every rule that applies, with its verdict. The same code as giving."""

    allowed: bool
    """Whether giving would go through now."""
    total_cost: int
    """Points it would take from the allowance."""
    recipient_count: int
    """People who would receive."""
    remaining_after: int
    """Points left after it; below zero when they do not suffice."""
    left_out: list[LeftOut]
    """Members of the groups who would get nothing."""
    rules: list[RuleVerdict]
    """In the order of judging."""


def _shown(points: int) -> int:
    """As far as GraphQL's Int reaches: someone may ask about more points than there can be."""
    return max(-INT_MAX, min(points, INT_MAX))


async def giving_check_of(info: Info, found: rooms.GivingCheck) -> GivingCheck:
    """A check as GraphQL shows it."""
    return GivingCheck(
        allowed=found.allowed,
        total_cost=_shown(found.total_cost),
        recipient_count=found.recipient_count,
        remaining_after=_shown(found.remaining_after),
        left_out=await left_out_of(info, found.left_out),
        rules=[
            RuleVerdict(
                rule=verdict.rule,
                allowed=verdict.allowed,
                explanation=verdict.explanation,
                code=verdict.code,
                available_again_at=verdict.available_again_at,
            )
            for verdict in found.verdicts
        ],
    )
