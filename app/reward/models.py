"""What is remembered of rewards: the catalog, who claimed what at which price, orders, voucher codes, and what was billed."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from app.db import TenantTable, binary, day, identifier, key, moment, one_of, refers, text, whole, word


class RewardKind(StrEnum):
    """What sort of thing a reward is; for people to choose by."""

    CUSTOM = "CUSTOM"
    """Anything of the organization's own."""
    GIFT_CARD = "GIFT_CARD"
    """To be spent elsewhere."""
    DONATION = "DONATION"
    """To somebody who needs it more."""
    EXPERIENCE = "EXPERIENCE"
    """Something to do."""
    MERCHANDISE = "MERCHANDISE"
    """Something to hold."""
    TIME_OFF = "TIME_OFF"
    """Hours or days away."""


class Provider(StrEnum):
    """Who delivers what was redeemed."""

    MANUAL = "MANUAL"
    """An admin does it, and says so."""
    VOUCHER = "VOUCHER"
    """A code out of the reward's pool is handed out at once."""


class RedemptionStatus(StrEnum):
    """Where a redemption stands."""

    PENDING_APPROVAL = "PENDING_APPROVAL"
    """An admin has to say yes or no; the points are held."""
    TO_FULFIL = "TO_FULFIL"
    """To be delivered; the points are held."""
    FULFILLED = "FULFILLED"
    """Delivered; the points are spent."""
    REJECTED = "REJECTED"
    """An admin said no; the points are back."""
    CANCELLED = "CANCELLED"
    """The member changed its mind; the points are back."""
    REFUNDED = "REFUNDED"
    """It was delivered and came to nothing; the points are back."""


OPEN = frozenset({RedemptionStatus.PENDING_APPROVAL, RedemptionStatus.TO_FULFIL})
"""Points of these are held in escrow."""
RETURNED = frozenset({RedemptionStatus.REJECTED, RedemptionStatus.CANCELLED, RedemptionStatus.REFUNDED})
"""Points of these went back to the wallet."""


class LineKind(StrEnum):
    """Why a line stands on a statement."""

    FULFILMENT = "FULFILMENT"
    """A reward was delivered: the organization pays."""
    REFUND = "REFUND"
    """What was paid came to nothing: a negative line."""


class Reward(TenantTable, table=True):
    """An item of the catalog."""

    __tablename__ = "reward"
    __table_args__ = (
        refers("", "organization", ""),
        one_of("kind", RewardKind),
        one_of("provider", Provider),
        CheckConstraint("price_points >= 0", name="price"),
        CheckConstraint("stock >= 0", name="stock"),
        Index("ix_reward_by_price", "organization_id", "price_points", "id"),
    )

    id: UUID = key()
    name: str = text()
    description: str = text()
    kind: RewardKind = word(RewardKind)
    provider: Provider = word(Provider)
    price_points: int = whole()
    requires_approval: bool
    for_everyone: bool
    """Otherwise for the groups and members named beside it."""
    stock: int | None = whole(default=None)
    """How many are left; empty: as many as are wanted. Of vouchers, the codes that nobody was promised."""
    per_member_limit: int | None = whole(default=None)
    """How many one member may have; those that came back do not count."""
    image_url: str | None = text(default=None)
    archived_at: datetime | None = moment(default=None)


class RewardGroup(TenantTable, table=True):
    """A group that a reward is meant for."""

    __tablename__ = "reward_group"
    __table_args__ = (
        refers("reward_id", "reward", "id"),
        refers("group_id", "member_group", "id"),
        Index("ix_reward_group_by_group", "organization_id", "group_id"),
    )

    reward_id: UUID = key()
    group_id: UUID = key()


class RewardMember(TenantTable, table=True):
    """A member that a reward is meant for."""

    __tablename__ = "reward_member"
    __table_args__ = (
        refers("reward_id", "reward", "id"),
        refers("member_id", "member", "id"),
        Index("ix_reward_member_by_member", "organization_id", "member_id"),
    )

    reward_id: UUID = key()
    member_id: UUID = key()


class Redemption(TenantTable, table=True):
    """One member's claim on a reward, with what it cost and what a point was worth on that day."""

    __tablename__ = "redemption"
    __table_args__ = (
        refers("reward_id", "reward", "id"),
        refers("member_id", "member", "id"),
        refers("decided_by_id", "member", "id"),
        refers("note_id", "remark", "id"),
        refers("answer_id", "remark", "id"),
        one_of("provider", Provider),
        one_of("status", RedemptionStatus),
        CheckConstraint("price_points >= 0 AND minor_units_per_point >= 0", name="price"),
        CheckConstraint("(fulfilled_at IS NOT NULL) = (status IN ('FULFILLED', 'REFUNDED'))", name="fulfilled_at"),
        Index("ix_redemption_by_member", "organization_id", "member_id", "id"),
        Index("ix_redemption_by_reward", "organization_id", "reward_id", "member_id"),
        Index("ix_redemption_by_status", "organization_id", "status", "id"),
    )

    id: UUID = key()
    reward_id: UUID = identifier()
    member_id: UUID = identifier()
    reward_name: str = text()
    """As it was called then."""
    price_points: int = whole()
    """As it cost then."""
    minor_units_per_point: int = whole()
    """What a point was worth then."""
    currency_code: str = text()
    """ISO 4217, then."""
    provider: Provider = word(Provider)
    status: RedemptionStatus = word(RedemptionStatus)
    requested_at: datetime = moment()
    took_stock: bool
    """Whether it took one from a stock, which a rejection or cancellation gives back."""
    note_id: UUID | None = identifier(default=None)
    """What the member said with it."""
    answer_id: UUID | None = identifier(default=None)
    """What was said to the member last: with an approval, a rejection, the delivery or a refund."""
    decided_at: datetime | None = moment(default=None)
    """When an admin approved or rejected it."""
    decided_by_id: UUID | None = identifier(default=None)
    accepted_at: datetime | None = moment(default=None)
    """When the provider accepted the order: from then on nobody rejects it."""
    reference: str | None = text(default=None)
    """What the provider calls the order."""
    fulfilled_at: datetime | None = moment(default=None)
    closed_at: datetime | None = moment(default=None)
    """When it was rejected, cancelled or refunded."""


class FulfilmentOrder(TenantTable, table=True):
    """An order on its way to its provider, or waiting for an admin. Bookkeeping: what became of it stands on the redemption."""

    __tablename__ = "fulfilment_order"
    __table_args__ = (
        refers("redemption_id", "redemption", "id"),
        Index("ix_fulfilment_order_due", "organization_id", "next_at"),
    )

    redemption_id: UUID = key()
    sequence: int = whole()
    """Number of the event that asked for it."""
    tries: int = whole(default=0)
    """How often the provider was asked and failed since somebody last had it tried."""
    next_at: datetime | None = moment(default=None)
    """When the provider is asked next; empty: it waits for an admin."""
    claimed_until: datetime | None = moment(default=None)
    """While a process is at it."""
    trouble: str = text(default="")
    """Why it failed last; empty: it did not."""


class VoucherPool(TenantTable, table=True):
    """How many codes a reward was given, and how many it handed out: the next one is one further."""

    __tablename__ = "voucher_pool"
    __table_args__ = (refers("reward_id", "reward", "id"), CheckConstraint("0 <= handed AND handed <= added", name="handed"))

    reward_id: UUID = key()
    added: int = whole()
    handed: int = whole()


class VoucherCode(TenantTable, table=True):
    """A code that buys something elsewhere, encrypted. Its owner alone reads it."""

    __tablename__ = "voucher_code"
    __table_args__ = (
        refers("reward_id", "voucher_pool", "reward_id"),
        refers("redemption_id", "redemption", "id"),
        UniqueConstraint("organization_id", "reward_id", "mark"),
        UniqueConstraint("organization_id", "redemption_id"),
    )

    reward_id: UUID = key()
    number: int = whole(primary_key=True)
    """1, 2, 3, … in the order of the files; they are handed out in it."""
    mark: bytes = binary()
    """Tells equal codes, and nothing about them without the secret key."""
    sealed: bytes = binary()
    """The code, encrypted."""
    redemption_id: UUID | None = identifier(default=None)
    """Whom it was handed to; empty: nobody yet."""
    handed_at: datetime | None = moment(default=None)


class StatementLine(TenantTable, table=True):
    """Something to pay, or paid in vain: triggers in the database refuse to change or delete it."""

    __tablename__ = "statement_line"
    __table_args__ = (
        refers("redemption_id", "redemption", "id"),
        one_of("kind", LineKind),
        UniqueConstraint("organization_id", "redemption_id", "kind"),
        Index("ix_statement_line_by_month", "organization_id", "month", "id"),
    )

    id: UUID = key()
    month: date = day()
    """The first day of the organization's month that it is billed in."""
    kind: LineKind = word(LineKind)
    redemption_id: UUID = identifier()
    at: datetime = moment()
    points: int = whole()
    """Negative in a refund."""
    minor_units: int = whole()
    """Points × what one was worth when it was redeemed; negative in a refund."""
    currency_code: str = text()
    """ISO 4217."""
