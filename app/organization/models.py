"""What is remembered of an organization: its name and currency, its people, their groups, and the values it praises."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from app.core.actor import Role
from app.db import TenantTable, day, identifier, key, moment, one_of, refers, text, whole, word


class ParticipationMode(StrEnum):
    """Whether one gives and receives. Whatever the mode, a member may spend what it has received."""

    NORMAL = "NORMAL"
    """Gives and receives."""
    GIVER = "GIVER"
    """Gives only."""
    RECEIVER = "RECEIVER"
    """Receives only."""
    OBSERVER = "OBSERVER"
    """Neither; looks on."""


GIVING_MODES = frozenset({ParticipationMode.NORMAL, ParticipationMode.GIVER})
RECEIVING_MODES = frozenset({ParticipationMode.NORMAL, ParticipationMode.RECEIVER})


class MemberStatus(StrEnum):
    """Where a member stands between being known and having left."""

    INVITED = "INVITED"
    """Known but not yet seen: receives, and the points wait; gives nothing and is issued no allowance."""
    ACTIVE = "ACTIVE"
    """Here, and may do what role and mode allow."""
    DEACTIVATED = "DEACTIVATED"
    """Has left: signs in nowhere, gives and receives nothing; its wallet is frozen as it is."""


class Organization(TenantTable, table=True):
    """The tenant: boundary of everything."""

    __tablename__ = "organization"
    __table_args__ = (refers("", "chain_head", ""),)

    name: str = text()
    currency_singular: str = text()
    """What one point is called here."""
    currency_plural: str = text()
    currency_emoji: str = text()
    currency_code: str = text()
    """ISO 4217."""
    minor_units_per_point: int = whole()
    """What a point is worth, in whole minor units of the currency."""
    time_zone: str = text()
    """IANA name; days and periods begin at its midnight."""
    leaderboard_enabled: bool = False
    """Whether everyone sees the top lists."""
    members_ever: int = whole(default=0)
    """The ordinal last given to a member."""
    reached_on: date | None = day(default=None)
    """The local day when the time zone was last changed; empty: it never was."""


class Member(TenantTable, table=True):
    """A person in an organization."""

    __tablename__ = "member"
    __table_args__ = (
        refers("", "organization", ""),
        refers("manager_id", "member", "id"),
        one_of("role", Role),
        one_of("status", MemberStatus),
        one_of("mode", ParticipationMode),
        UniqueConstraint("organization_id", "ordinal"),
        UniqueConstraint("organization_id", "email"),
        Index("ix_member_by_name", "organization_id", "name_key", "id"),
        Index("ix_member_by_manager", "organization_id", "manager_id"),
    )

    id: UUID = key()
    ordinal: int = whole()
    """1, 2, 3, … in the organization: its place in bitmaps of members."""
    display_name: str = text()
    name_key: str = text()
    """The name with its case folded: lists are sorted and searched by it, alike on both databases."""
    role: Role = word(Role)
    status: MemberStatus = word(MemberStatus)
    mode: ParticipationMode = word(ParticipationMode)
    joined_at: datetime = moment()
    email: str | None = text(default=None)
    """Lower case; unique in the organization."""
    avatar_url: str | None = text(default=None)
    job_title: str | None = text(default=None)
    manager_id: UUID | None = identifier(default=None)
    seen_at: datetime | None = moment(default=None)
    """When the member became active for the first time; empty while only invited."""
    deactivated_at: datetime | None = moment(default=None)


class Group(TenantTable, table=True):
    """People who belong together in one way: a team, a location, a department, a Slack user group."""

    __tablename__ = "member_group"
    __table_args__ = (refers("", "organization", ""), UniqueConstraint("organization_id", "kind", "name"))

    id: UUID = key()
    kind: str = text()
    """Lower case: team, location, department, slack, …"""
    name: str = text()


class Membership(TenantTable, table=True):
    """Who is in a group now."""

    __tablename__ = "membership"
    __table_args__ = (
        refers("group_id", "member_group", "id"),
        refers("member_id", "member", "id"),
        Index("ix_membership_by_member", "organization_id", "member_id"),
    )

    group_id: UUID = key()
    member_id: UUID = key()
    since: datetime = moment()


class CompanyValue(TenantTable, table=True):
    """What the organization praises. Its hashtag is its name for ever, so it is also its key."""

    __tablename__ = "company_value"
    __table_args__ = (refers("", "organization", ""), CheckConstraint("length(hashtag) BETWEEN 1 AND 50", name="hashtag"))

    hashtag: str = text(primary_key=True)
    """Without #, lower case, 1 to 50 letters, digits, - or _."""
    name: str = text()
    emoji: str | None = text(default=None)
    archived_at: datetime | None = moment(default=None)
