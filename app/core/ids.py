"""Identifiers: time-ordered ids for rows, unguessable secrets for people."""

import base64
import secrets
from datetime import datetime
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

TOKEN_PREFIX = "plaudit_"
_NAMED = UUID("6f0f7a52-6d0b-5c0e-9d55-706c61756469")


class Ids:
    """Time-ordered ids (UUIDv7) for one batch: each sorts after the one before it, although all carry the same millisecond."""

    __slots__ = ("last",)

    def __init__(self, moment: datetime) -> None:
        self.last = new_id(moment).int

    def next(self) -> UUID:
        """The next id: the last one plus a random step, so that ids stay unguessable and two processes do not meet."""
        self.last += 1 + secrets.randbits(32)
        return UUID(int=self.last)


def new_id(moment: datetime) -> UUID:
    """A UUIDv7 whose time is `moment` (milliseconds), so that sorting by id sorts by time."""
    return uuid7(nanoseconds=int(moment.timestamp() * 1000) * 1_000_000)


def first_id(moment: datetime) -> UUID:
    """The smallest id of that millisecond: `id >= first_id(moment)` is "at or after that moment" for an index on ids."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def last_id(moment: datetime) -> UUID:
    """The smallest id after that millisecond: `id < last_id(moment)` is "in that millisecond or before" for an index on ids."""
    return UUID(int=first_id(moment).int + (1 << 80))


def new_secret(organization_id: UUID) -> str:
    """A bearer secret with 256 bits of chance. It names its organization, so that looking it up stays inside that."""
    content = base64.urlsafe_b64encode(organization_id.bytes + secrets.token_bytes(32))
    return TOKEN_PREFIX + content.decode()


def organization_of(secret: str) -> UUID | None:
    """The organization that a bearer secret names; None when it is no such secret."""
    if not secret.startswith(TOKEN_PREFIX):
        return None
    try:
        content = base64.b64decode(secret.removeprefix(TOKEN_PREFIX), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return UUID(bytes=content[:16]) if len(content) == 48 else None


def new_key() -> str:
    """A key that nobody guesses, for a request that has none of its own."""
    return secrets.token_urlsafe(18)


def id_of(name: str) -> UUID:
    """Always the same id for the same name: what is made at two places at once is made once."""
    return uuid5(_NAMED, name)


def new_salt() -> bytes:
    """16 random bytes to stand beside a text whose digest goes into the chain."""
    return secrets.token_bytes(16)


def new_reference() -> str:
    """Eight letters by which a person can quote one failure and an operator can find it in the log."""
    return secrets.token_hex(4)
