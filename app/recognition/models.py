"""What is remembered of recognition: who thanked whom, for what, with how many points, and the policy it was judged by."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index

from app.db import TenantTable, binary, identifier, key, moment, one_of, refers, text, whole, word


class Visibility(StrEnum):
    """Who sees a recognition."""

    PUBLIC = "PUBLIC"
    """Everyone in the organization."""
    PRIVATE = "PRIVATE"
    """Giver, recipients, admins and auditors."""


class Origin(StrEnum):
    """Where a recognition comes from."""

    GIVEN = "GIVEN"
    IMPORT = "IMPORT"
    """From another system's history: judged by no rule, paid by issuance."""


class GivingPolicyNow(TenantTable, table=True):
    """The giving policy in force."""

    __tablename__ = "giving_policy"
    __table_args__ = (refers("", "organization", ""),)

    version: int = whole()
    document: bytes = binary()
    """The policy as JSON: see `terms.GivingPolicy`."""


class GivingPolicyVersion(TenantTable, table=True):
    """Every version there was, so that a recognition's can be looked up."""

    __tablename__ = "giving_policy_version"
    __table_args__ = (refers("", "organization", ""),)

    version: int = whole(primary_key=True)
    set_at: datetime = moment()
    document: bytes = binary()


class Recognition(TenantTable, table=True):
    """The act of thanking: one giver, one message, one or more recipients."""

    __tablename__ = "recognition"
    __table_args__ = (
        refers("giver_id", "member", "id"),
        one_of("visibility", Visibility),
        one_of("origin", Origin),
        CheckConstraint("points_each >= 0 AND recipient_count >= 1 AND boost_points >= 0", name="points"),
        Index("ix_recognition_by_giver", "organization_id", "giver_id", "id"),
    )

    id: UUID = key()
    """Its time is `given_at`, so that feeds sort by it."""
    giver_id: UUID = identifier()
    points_each: int = whole()
    recipient_count: int = whole()
    message: str = text()
    """Plain text as it was typed; empty when erased."""
    message_salt: bytes = binary()
    """What the message was digested with in its audit event."""
    visibility: Visibility = word(Visibility)
    origin: Origin = word(Origin)
    given_at: datetime = moment()
    boost_count: int = whole(default=0)
    boost_points: int = whole(default=0)
    """Points that boosts added, all recipients together."""
    revoked_at: datetime | None = moment(default=None)
    hidden_at: datetime | None = moment(default=None)
    """When an admin hid the message."""


class Grant(TenantTable, table=True):
    """One recipient's share of a recognition, or of a boost."""

    __tablename__ = "recognition_grant"
    __table_args__ = (
        refers("recognition_id", "recognition", "id"),
        refers("recipient_id", "member", "id"),
        refers("giver_id", "member", "id"),
        CheckConstraint("points >= 0", name="points"),
        Index("ix_grant_by_recognition", "organization_id", "recognition_id"),
        Index("ix_grant_by_recipient", "organization_id", "recipient_id", "gift_id"),
    )

    gift_id: UUID = key()
    """The recognition, or the boost."""
    recipient_id: UUID = key()
    recognition_id: UUID = identifier()
    giver_id: UUID = identifier()
    """Who paid for this share."""
    points: int = whole()
    is_boost: bool
    revoked: bool = False


class RecognitionValue(TenantTable, table=True):
    """A company value that a recognition was given for."""

    __tablename__ = "recognition_value"
    __table_args__ = (
        refers("recognition_id", "recognition", "id"),
        refers("hashtag", "company_value", "hashtag"),
        Index("ix_recognition_value_by_value", "organization_id", "hashtag", "recognition_id"),
    )

    recognition_id: UUID = key()
    hashtag: str = text(primary_key=True)


class RecognitionGroup(TenantTable, table=True):
    """A group that was thanked as a group."""

    __tablename__ = "recognition_group"
    __table_args__ = (
        refers("recognition_id", "recognition", "id"),
        refers("group_id", "member_group", "id"),
        Index("ix_recognition_group_by_group", "organization_id", "group_id", "recognition_id"),
    )

    recognition_id: UUID = key()
    group_id: UUID = key()


class Boost(TenantTable, table=True):
    """Points that another member added to a recognition."""

    __tablename__ = "boost"
    __table_args__ = (
        refers("recognition_id", "recognition", "id"),
        refers("giver_id", "member", "id"),
        Index("ix_boost_by_recognition", "organization_id", "recognition_id", "id"),
    )

    id: UUID = key()
    recognition_id: UUID = identifier()
    giver_id: UUID = identifier()
    points_each: int = whole()
    recipient_count: int = whole()
    given_at: datetime = moment()
    revoked_at: datetime | None = moment(default=None)


class Comment(TenantTable, table=True):
    """A word under a recognition."""

    __tablename__ = "comment"
    __table_args__ = (
        refers("recognition_id", "recognition", "id"),
        refers("author_id", "member", "id"),
        Index("ix_comment_by_recognition", "organization_id", "recognition_id", "id"),
    )

    id: UUID = key()
    recognition_id: UUID = identifier()
    author_id: UUID = identifier()
    text: str = text()
    at: datetime = moment()
    deleted_at: datetime | None = moment(default=None)


class Reaction(TenantTable, table=True):
    """An emoji that a member put on a recognition."""

    __tablename__ = "reaction"
    __table_args__ = (refers("recognition_id", "recognition", "id"), refers("member_id", "member", "id"))

    recognition_id: UUID = key()
    member_id: UUID = key()
    emoji: str = text(primary_key=True)
    at: datetime = moment()
