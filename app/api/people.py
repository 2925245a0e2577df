"""GraphQL types of people: the organization, its members, groups and values."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from app import organization as rooms
from app import recognition as giving
from app.api.context import Info
from app.api.described import described
from app.api.ids import encode
from app.api.paging import Connection, Node, by_id
from app.api.points import Allowance, Wallet, allowance_of
from app.core.actor import Role
from app.organization import MemberStatus, ParticipationMode

for _enum in (Role, ParticipationMode, MemberStatus):
    strawberry.enum(_enum)

if TYPE_CHECKING:
    from app.api.policies import AllowancePolicy, GivingPolicy
    from app.api.recognitions import RecognitionConnection

LazyRecognitions = Annotated["RecognitionConnection", strawberry.lazy("app.api.recognitions")]
LazyGivingPolicy = Annotated["GivingPolicy", strawberry.lazy("app.api.policies")]
LazyAllowancePolicy = Annotated["AllowancePolicy", strawberry.lazy("app.api.policies")]


@described
@strawberry.type
class Currency:
    """What points are called here, and what one is worth. Price rewards accordingly."""

    singular: str
    """The word for one point."""
    plural: str
    """The word for several points."""
    emoji: str
    """Stands beside the number."""
    minor_units_per_point: int
    """What a point is worth, in whole minor units of the currency."""
    code: str
    """ISO 4217."""


@described
@strawberry.type
class CompanyValue(Node):
    """What the organization praises."""

    name: str
    """As people read it."""
    hashtag: str
    """Without #, lower case, 1–50 letters, digits, - or _."""
    emoji: str | None
    """Stands beside the name."""
    archived: bool
    """Whether it can no longer be given for."""


def value_of(row: rooms.CompanyValue) -> CompanyValue:
    """A company value as GraphQL shows it."""
    return CompanyValue(
        id=encode("CompanyValue", row.hashtag),
        name=row.name,
        hashtag=row.hashtag,
        emoji=row.emoji,
        archived=row.archived_at is not None,
    )


@described
@strawberry.type
class Group(Node):
    """People who belong together in one way."""

    name: str
    """Unique among groups of its kind."""
    kind: str
    """Lower case: team, location, department, slack, …"""
    key: strawberry.Private[UUID]

    @strawberry.field
    async def member_count(self, info: Info) -> int:
        """Members in it who have not left."""
        counted = info.context.loader("member counts", rooms.reads.member_counts)
        return await counted.load(self.key) or 0


def group_of(row: rooms.Group) -> Group:
    """A group as GraphQL shows it."""
    return Group(id=encode("Group", row.id), name=row.name, kind=row.kind, key=row.id)


@described
@strawberry.type
class Member(Node):
    """A person in the organization."""

    row: strawberry.Private[rooms.Member]
    display_name: str
    """The name to show."""
    email: str | None
    """Null if unknown, erased or not yours to see (yourself, admins and auditors see it)."""
    avatar_url: str | None
    """A picture."""
    job_title: str | None
    """What they do."""
    role: Role
    """What they may administer."""
    status: MemberStatus
    """Whether they are here."""
    mode: ParticipationMode
    """Whether they give and receive."""

    @strawberry.field
    async def manager(self, info: Info) -> "Member | None":
        """Whom they report to."""
        if self.row.manager_id is None:
            return None
        manager = await info.context.member(self.row.manager_id)
        return member_of(info, manager) if manager is not None else None

    @strawberry.field
    async def groups(self, info: Info) -> list[Group]:
        """The groups they are in now."""
        return [group_of(group) for group in await info.context.groups_of(self.row.id)]

    @strawberry.field
    async def can_receive(self, info: Info) -> bool:
        """Whether the viewer could give to them now, by status, mode and rules; limits are left to givingCheck."""
        if self.row.id == info.context.actor.member_id:
            return False
        case = await info.context.giving_case()
        groups = frozenset(group.id for group in await info.context.groups_of(self.row.id))
        return giving.may_give(case) and giving.receives(case, giving.person_of(self.row, groups)) is None

    @strawberry.field
    async def wallet(self, info: Info) -> Wallet | None:
        """Earned points; null for other members (admins and auditors see it)."""
        return Wallet(owner_id=self.row.id) if _private(info, self.row) else None

    @strawberry.field
    async def allowance(self, info: Info) -> Allowance | None:
        """Points to give in the current period; null for other members (admins and auditors see it)."""
        return allowance_of(await info.context.allowance(self.row.id)) if _private(info, self.row) else None

    @strawberry.field
    async def recognitions_received(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> LazyRecognitions:
        """Recognitions they received that the viewer sees, newest first."""
        from app.api.recognitions import recognitions_page

        return await recognitions_page(info, giving.reads.RecognitionFilter(recipient_id=self.row.id), by_id(first, after))

    @strawberry.field
    async def recognitions_given(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> LazyRecognitions:
        """Recognitions they gave that the viewer sees, newest first."""
        from app.api.recognitions import recognitions_page

        return await recognitions_page(info, giving.reads.RecognitionFilter(giver_id=self.row.id), by_id(first, after))


def _private(info: Info, row: rooms.Member) -> bool:
    """Whether the viewer may see what is private to this member."""
    return row.id == info.context.actor.member_id or info.context.actor.sees_everyone


def member_of(info: Info, row: rooms.Member) -> Member:
    """A member as GraphQL shows it to this viewer."""
    return Member(
        id=encode("Member", row.id),
        row=row,
        display_name=row.display_name,
        email=row.email if _private(info, row) else None,
        avatar_url=row.avatar_url,
        job_title=row.job_title,
        role=row.role,
        status=row.status,
        mode=row.mode,
    )


@described
@strawberry.type
class MemberConnection(Connection[Member]):
    """Members by name."""


@described
@strawberry.type
class GroupConnection(Connection[Group]):
    """Groups by name."""


@described
@strawberry.type
class Organization(Node):
    """The tenant: boundary of everything. Someone else's does not exist."""

    name: str
    """As people read it."""
    currency: Currency
    """What points are called here, their emoji, and what one is worth."""
    time_zone: str
    """IANA name; days and periods begin at its midnight."""
    leaderboard_enabled: bool
    """Whether everyone sees the top lists."""

    @strawberry.field
    async def values(self, info: Info) -> list[CompanyValue]:
        """Company values, archived ones too, by name."""
        return [value_of(value) for value in (await info.context.values()).values()]

    @strawberry.field
    async def giving_policy(self, info: Info) -> LazyGivingPolicy:
        """Who may give what to whom, now."""
        from app.api.policies import giving_policy_now

        return await giving_policy_now(info)

    @strawberry.field
    async def allowance_policy(self, info: Info) -> LazyAllowancePolicy:
        """How much may be given per period: the newest version, in force from `effectiveFrom`."""
        from app.api.policies import allowance_policy_now

        return await allowance_policy_now(info)


def organization_of(row: rooms.Organization) -> Organization:
    """The organization as GraphQL shows it."""
    return Organization(
        id=encode("Organization", row.organization_id),
        name=row.name,
        currency=Currency(
            singular=row.currency_singular,
            plural=row.currency_plural,
            emoji=row.currency_emoji,
            minor_units_per_point=row.minor_units_per_point,
            code=row.currency_code,
        ),
        time_zone=row.time_zone,
        leaderboard_enabled=row.leaderboard_enabled,
    )


async def organization_here(info: Info) -> Organization:
    """The viewer's organization."""
    async with info.context.read() as connection:
        return organization_of(await rooms.reads.organization_row(connection, info.context.organization_id))
