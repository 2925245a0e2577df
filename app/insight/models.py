"""What is remembered of insights: rollups of the feed by day and by month, which can be made anew from it at any time."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint

from app.db import TenantTable, binary, day, key, moment, one_of, real, refers, text, whole, word


class Span(StrEnum):
    """How long a rollup's row is: a range is read as whole months and the days at its edges."""

    DAY = "DAY"
    """One day of the organization's."""
    MONTH = "MONTH"
    """One of its months; begins on the first."""


class Part(StrEnum):
    """Which people a bitmap holds."""

    GAVE = "GAVE"
    """Gave a recognition or a boost."""
    RECEIVED = "RECEIVED"
    """Received one."""
    REDEEMED = "REDEEMED"
    """Redeemed a reward."""


class Standing(StrEnum):
    """What somebody was, from a day on."""

    ACTIVE = "ACTIVE"
    """Here: neither only invited nor gone."""
    BELONGS = "BELONGS"
    """In a group."""
    NORMAL = "NORMAL"
    GIVER = "GIVER"
    RECEIVER = "RECEIVER"
    OBSERVER = "OBSERVER"


class Movement(StrEnum):
    """Why points moved, in the economy of points."""

    ISSUED = "ISSUED"
    """To allowances: at the beginning of periods, by raises and top-ups."""
    GIVEN = "GIVEN"
    """From allowances to wallets: recognitions and boosts."""
    TAKEN_BACK = "TAKEN_BACK"
    """Out of wallets again, as what was given was revoked."""
    EXPIRED = "EXPIRED"
    """Out of allowances that nobody gave."""
    ADJUSTED = "ADJUSTED"
    """Into wallets, or out of them, by admins."""
    IMPORTED = "IMPORTED"
    """Into wallets, with another system's history."""
    REDEEMED = "REDEEMED"
    """Out of wallets, held for rewards."""
    RETURNED = "RETURNED"
    """Back to wallets, as a redemption came to nothing before it was delivered."""
    FULFILLED = "FULFILLED"
    """Spent for good."""
    REFUNDED = "REFUNDED"
    """Back to wallets, after the delivery."""


class InsightPoints(TenantTable, table=True):
    """How many points moved, on the day when they did."""

    __tablename__ = "insight_points"
    __table_args__ = (refers("", "organization", ""), one_of("span", Span), one_of("movement", Movement))

    span: Span = word(Span, primary_key=True)
    start: date = day(primary_key=True)
    movement: Movement = word(Movement, primary_key=True)
    points: int = whole()


class InsightTotal(TenantTable, table=True):
    """What a group, or the organization, gave and received. Its rows that say nothing are not there, as in all rollups."""

    __tablename__ = "insight_total"
    __table_args__ = (refers("", "organization", ""), one_of("span", Span))

    span: Span = word(Span, primary_key=True)
    start: date = day(primary_key=True)
    scope_id: UUID = key()
    """The group; the organization's own id for all of it."""
    recognitions: int = whole()
    """That it gave or received."""
    given: int = whole()
    """Recognitions by somebody of it."""
    received: int = whole()
    """Recognitions to somebody of it."""
    points_given: int = whole()
    """Boosts included."""
    points_received: int = whole()


class InsightValue(TenantTable, table=True):
    """What was given for a company value."""

    __tablename__ = "insight_value"
    __table_args__ = (refers("", "organization", ""), one_of("span", Span))

    span: Span = word(Span, primary_key=True)
    start: date = day(primary_key=True)
    scope_id: UUID = key()
    hashtag: str = text(primary_key=True)
    recognitions: int = whole()
    points: int = whole()


class InsightFlow(TenantTable, table=True):
    """What one group gave another, or itself."""

    __tablename__ = "insight_flow"
    __table_args__ = (refers("", "organization", ""), one_of("span", Span))

    span: Span = word(Span, primary_key=True)
    start: date = day(primary_key=True)
    from_id: UUID = key()
    to_id: UUID = key()
    recognitions: int = whole()
    points: int = whole()


class InsightMember(TenantTable, table=True):
    """What one member gave and received; what was private stands apart, as lists of members leave it out."""

    __tablename__ = "insight_member"
    __table_args__ = (refers("", "organization", ""), one_of("span", Span))

    span: Span = word(Span, primary_key=True)
    start: date = day(primary_key=True)
    ordinal: int = whole(primary_key=True)
    """The member's place in bitmaps."""
    given: int = whole()
    received: int = whole()
    points_given: int = whole()
    points_received: int = whole()
    private_given: int = whole()
    private_received: int = whole()
    private_points_given: int = whole()
    private_points_received: int = whole()


class InsightPeople(TenantTable, table=True):
    """Who gave, received or redeemed, and how often: counts by ordinal, as compressed bitmaps of their binary digits."""

    __tablename__ = "insight_people"
    __table_args__ = (refers("", "organization", ""), one_of("span", Span), one_of("part", Part))

    span: Span = word(Span, primary_key=True)
    start: date = day(primary_key=True)
    scope_id: UUID = key()
    part: Part = word(Part, primary_key=True)
    tally: bytes = binary()
    """See `tally.Tally`."""


class InsightPair(TenantTable, table=True):
    """Who gave to whom, and how often: each pair is one number made of two ordinals, the smaller one first."""

    __tablename__ = "insight_pair"
    __table_args__ = (refers("", "organization", ""), one_of("span", Span))

    span: Span = word(Span, primary_key=True)
    start: date = day(primary_key=True)
    upward: bytes = binary()
    """Those where the giver has the smaller ordinal, as a `tally.Tally`."""
    downward: bytes = binary()


class InsightStanding(TenantTable, table=True):
    """Who came to be something on a day, and who ceased to be it."""

    __tablename__ = "insight_standing"
    __table_args__ = (refers("", "organization", ""), one_of("standing", Standing))

    scope_id: UUID = key()
    standing: Standing = word(Standing, primary_key=True)
    on_day: date = day(primary_key=True)
    came: bytes = binary()
    """Ordinals, as a compressed bitmap."""
    went: bytes = binary()


class InsightZone(TenantTable, table=True):
    """The time zone that days were counted in from a moment on."""

    __tablename__ = "insight_zone"
    __table_args__ = (refers("", "organization", ""),)

    sequence: int = whole(primary_key=True)
    """Number of the event that said so."""
    since: datetime = moment()
    zone: str = text()


class InsightOutcome(TenantTable, table=True):
    """What a group achieved in a month, by a measure of the organization's own. Uploaded by admins; no rollup."""

    __tablename__ = "insight_outcome"
    __table_args__ = (
        refers("group_id", "member_group", "id"),
        CheckConstraint("length(metric) BETWEEN 1 AND 50", name="metric"),
    )

    metric: str = text(primary_key=True)
    """The measure's name: 1 to 50 lower-case letters, digits, - or _."""
    group_id: UUID = key()
    month: date = day(primary_key=True)
    """Its first day."""
    value: float = real()
