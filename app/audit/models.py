"""What the audit trail remembers: chain heads, events, who read how far, people's reasons, receipts of what was asked once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy import text as text_clause

from app.core.actor import Door
from app.db import TenantTable, binary, identifier, key, moment, one_of, refers, text, whole, word

_IMPORTED = text_clause("verb = 'importRecognition'")


class ChainHead(TenantTable, table=True):
    """The last link of an organization's chain. Whoever changes anything of the organization holds the lock on this row."""

    __tablename__ = "chain_head"

    sequence: int = whole()
    """Number of the last event; the first is 1."""
    hash: bytes = binary()
    """Digest of the last event; 32 zero bytes before the first."""


class ChainMark(TenantTable, table=True):
    """How far the chain was found intact. Bookkeeping: losing it costs the next verification time."""

    __tablename__ = "chain_mark"
    __table_args__ = (refers("", "chain_head", ""),)

    sequence: int = whole()
    """Number of the last event that was verified."""
    hash: bytes = binary()
    """Its digest: if the event has another one later, it was rewritten."""
    verified_at: datetime = moment()


class FeedCursor(TenantTable, table=True):
    """How far a reader has come in an organization's feed. Bookkeeping: it moves in the transaction of what the reader did."""

    __tablename__ = "feed_cursor"
    __table_args__ = (refers("", "chain_head", ""),)

    reader: str = text(primary_key=True)
    sequence: int = whole()
    """Number of the last event that was read; 0 before the first."""
    tries: int = whole(default=0)
    """How often the event that comes next has failed."""
    not_before: datetime | None = moment(default=None)
    """When that event is tried again; empty where nothing has failed."""


class DeadLetter(TenantTable, table=True):
    """Something that a reader gave up on after a bounded number of tries. An admin sees it and can have it done again."""

    __tablename__ = "dead_letter"
    __table_args__ = (refers("", "chain_head", ""),)

    id: UUID = key()
    reader: str = text()
    sequence: int = whole()
    """Number of the event that asked for it."""
    subject: str = text()
    """What of the event failed, in the reader's own words; empty for the event itself."""
    error: str = text()
    """A sentence: why it failed last."""
    at: datetime = moment()
    """When it failed last."""
    tries: int = whole()
    """How often it has failed."""


class AuditEvent(TenantTable, table=True):
    """One fact, for ever: triggers in the database refuse to change or delete it."""

    __tablename__ = "audit_event"
    __table_args__ = (one_of("door", Door), Index("ix_audit_event_by_subject", "organization_id", "subject"))

    sequence: int = whole(primary_key=True)
    """1, 2, 3, … without a gap."""
    at: datetime = moment()
    """When it was committed; the same for all acts of one batch."""
    actor_id: UUID | None = identifier()
    """The member who acted; empty for the house itself."""
    door: Door = word(Door)
    action: str = text()
    """A room and a past participle: `recognition.given`."""
    subject: str = text()
    """What it is about: `kind:id`."""
    record: bytes = binary()
    """The exact bytes that were hashed, a JSON object."""
    hash: bytes = binary()
    """SHA-256 of the record, which itself contains the hash before it."""


class Remark(TenantTable, table=True):
    """A reason in a person's words. The event names it and carries its salted digest, so that the words can be erased."""

    __tablename__ = "remark"
    __table_args__ = (refers("", "chain_head", ""),)

    id: UUID = key()
    salt: bytes = binary()
    words: str = text()


class Receipt(TenantTable, table=True):
    """The memory of an idempotency key: same key and input, the first answer again; same key, other input, a refusal."""

    __tablename__ = "receipt"
    __table_args__ = (
        refers("", "chain_head", ""),
        # Only what was imported is ever asked for its key; the others need no index to be kept up to date.
        Index("ix_receipt_of_import", "organization_id", "result_id", postgresql_where=_IMPORTED, sqlite_where=_IMPORTED),
    )

    actor_id: UUID = key()
    """The member who sent the key; the organization's id where the house itself did."""
    verb: str = text(primary_key=True)
    """The mutation the key was used with."""
    idempotency_key: str = text(primary_key=True)
    salt: bytes = binary()
    digest: bytes = binary()
    """SHA-256 of the salt and the input as the client sent it."""
    result_id: UUID = identifier()
    """What the act made."""
