"""What the ledger remembers: accounts with balances, transfers, and the entries that make them up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as text_clause

from app.db import TenantTable, identifier, key, moment, one_of, refers, whole, word
from app.ledger.chart import AccountKind, TransferKind

_REDEEMED = text_clause("redemption_id IS NOT NULL")


class Account(TenantTable, table=True):
    """Holds points. Its key says whose it is, so that nobody has to look one up."""

    __tablename__ = "account"
    __table_args__ = (
        refers("", "organization", ""),
        refers("member_id", "member", "id"),
        one_of("kind", AccountKind),
        CheckConstraint("kind = 'issuance' OR balance >= 0", name="never_below_zero"),
        CheckConstraint("(member_id IS NOT NULL) = (kind IN ('allowance', 'wallet'))", name="owner"),
        CheckConstraint("owner_id = coalesce(member_id, organization_id)", name="owner_id"),
    )

    owner_id: UUID = key()
    """The member, or the organization for accounts of its own."""
    kind: AccountKind = word(AccountKind, primary_key=True)
    member_id: UUID | None = identifier()
    """The member again where there is one, for the foreign key."""
    balance: int = whole()
    """Points; always the sum of the account's entries."""


class Transfer(TenantTable, table=True):
    """One movement of points, for ever: triggers in the database refuse to change or delete it, and its entries."""

    __tablename__ = "transfer"
    __table_args__ = (
        one_of("kind", TransferKind),
        refers("", "organization", ""),
        refers("reverses_id", "transfer", "id"),
        refers("recognition_id", "recognition", "id"),
        refers("boost_id", "boost", "id"),
        refers("redemption_id", "redemption", "id"),
        refers("remark_id", "remark", "id"),
        Index("ix_transfer_by_recognition", "organization_id", "recognition_id"),
        Index(
            "ix_transfer_by_redemption",
            "organization_id",
            "redemption_id",
            postgresql_where=_REDEEMED,
            sqlite_where=_REDEEMED,
        ),
    )

    id: UUID = key()
    kind: TransferKind = word(TransferKind)
    posted_at: datetime = moment()
    recognition_id: UUID | None = identifier(default=None)
    """The recognition that it is about."""
    boost_id: UUID | None = identifier(default=None)
    """The boost that it is about, besides the recognition."""
    reverses_id: UUID | None = identifier(default=None)
    """The transfer that it mirrors."""
    remark_id: UUID | None = identifier(default=None)
    """Why, in a person's words, kept where it can be erased."""
    redemption_id: UUID | None = identifier(default=None)
    """The redemption that it is about."""


class Entry(TenantTable, table=True):
    """One side of a transfer. Its key follows the account, so that an account's history is one range."""

    __tablename__ = "entry"
    __table_args__ = (
        refers("owner_id account_kind", "account", "owner_id kind"),
        refers("transfer_id", "transfer", "id"),
        CheckConstraint("points <> 0", name="points"),
        Index("ix_entry_by_transfer", "organization_id", "transfer_id"),
    )

    owner_id: UUID = key()
    account_kind: AccountKind = word(AccountKind, primary_key=True)
    transfer_id: UUID = key()
    points: int = whole()
    """As seen from the account: + in, − out."""
