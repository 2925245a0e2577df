"""The chain: every event carries the hash of the one before it. All hashing of the house is done here."""

import hashlib
from typing import Any
from uuid import UUID

import orjson

from app.audit.models import AuditEvent, ChainHead, Remark
from app.core.ids import new_salt
from app.core.texts import clean
from app.db import Draft, Event, TenantTable

REASON_CHARS_MAX = 1_000
GENESIS = bytes(32)
"""What the first event of an organization names as the hash before it."""


class AuditChain:
    """How the batch appends events: handed to the database when it is opened."""

    head: type[TenantTable] = ChainHead

    def link(self, draft: Draft, event: Event) -> tuple[int, bytes]:
        """Appends the event to the chain of the draft's organization; returns its sequence and hash."""
        head = draft.get(ChainHead)
        if head is None:
            head = draft.add(ChainHead, sequence=0, hash=GENESIS)
        sequence = head.sequence + 1
        actor = draft.actor
        record = orjson.dumps(
            {
                "action": event.action,
                "actor": actor.member_id,
                "at": draft.now,
                "body": event.body,
                "door": actor.door,
                "organization": draft.organization_id,
                "previous": head.hash.hex(),
                "sequence": sequence,
                "subject": event.subject,
                "token": actor.token_id,
            },
            option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
        )
        digest = sha256(record)
        draft.change(head, sequence=sequence, hash=digest)
        draft.add(
            AuditEvent,
            sequence=sequence,
            at=draft.now,
            actor_id=actor.member_id,
            door=actor.door,
            action=event.action,
            subject=event.subject,
            record=record,
            hash=digest,
        )
        return sequence, digest

    def event_key(self, sequence: int) -> tuple[type[TenantTable], str, tuple[Any, ...]]:
        """Where the event of that sequence stands."""
        return AuditEvent, "hash", (sequence,)


def previous_of(record: bytes) -> str:
    """The hash of the event before it, in hexadecimal, as the record says."""
    return str(orjson.loads(record)["previous"])


def sha256(content: bytes) -> bytes:
    """The digest of the chain, of tokens and of receipts."""
    return hashlib.sha256(content).digest()


def salted(text: str) -> tuple[bytes, str]:
    """A fresh salt and the digest of salt and text, in hexadecimal: what an audit body may say of a text. Erasing the salt with
    the text leaves a digest that nobody can guess back."""
    salt = new_salt()
    return salt, sha256(salt + text.encode()).hex()


def remark(
    draft: Draft, reason: str | None, *field: str, needed: bool = False, chars_max: int = REASON_CHARS_MAX
) -> dict[str, Any]:
    """Keeps a reason and returns what the event says of it: id and digest, or nothing for no reason.

    Raises INVALID_INPUT when a needed one is empty."""
    least = 1 if needed else 0
    words = clean(reason or "", *(field or ("reason",)), chars_max=chars_max, chars_min=least, one_line=False)
    if not words:
        return {}
    salt, digest = salted(words)
    kept = draft.add(Remark, id=draft.new_id(), salt=salt, words=words)
    return {"reason": kept.id, "reason_digest": digest}


def canonical(content: Any) -> bytes:
    """The one way to write down a value as bytes, for digests of what clients sent."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def subject(kind: str, id_: UUID | str | int) -> str:
    """What an event is about, as `kind:id`."""
    return f"{kind}:{id_}"
