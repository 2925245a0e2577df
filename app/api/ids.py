"""Global ids: opaque to clients, a kind and a key to us; and the cursors of lists."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import strawberry

from app.core.errors import Code, Refusal, not_found


def encode(kind: str, key: object) -> strawberry.ID:
    """The global id of a thing."""
    return strawberry.ID(_encoded(f"{kind}:{key}"))


def decode(id_: str) -> tuple[str, str] | None:
    """Kind and key behind a global id; None when it is not one of ours."""
    kind, colon, key = (_decoded(id_) or "").partition(":")
    return (kind, key) if colon else None


def uuid_of(id_: str, kind: str, *field: str) -> UUID:
    """The key of a thing of this kind. Raises NOT_FOUND, naming the field."""
    found = decode(id_)
    if found is None or found[0] != kind:
        raise not_found(*field)
    key = as_uuid(found[1])
    if key is None:
        raise not_found(*field)
    return key


def uuids_of(ids: list[strawberry.ID] | None, kind: str, *field: str) -> tuple[UUID, ...]:
    """The keys of several things; none for no list."""
    return tuple(uuid_of(id_, kind, *field) for id_ in ids or ())


def hashtag_of(id_: str, *field: str) -> str:
    """The hashtag of a company value. Raises NOT_FOUND, naming the field."""
    found = decode(id_)
    if found is None or found[0] != "CompanyValue" or not found[1]:
        raise not_found(*field)
    return found[1]


def as_uuid(text: str) -> UUID | None:
    """The UUID in its one canonical form, else None."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def cursor_of(*keys: object) -> str:
    """The cursor of a row with these sort keys."""
    return _encoded(orjson.dumps([str(key) if isinstance(key, UUID) else key for key in keys]).decode())


def keys_of(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The sort keys behind a cursor. Raises INVALID_INPUT when it is not one of this list's."""
    try:
        keys = orjson.loads(_decoded(cursor) or "")
        if not isinstance(keys, list) or len(keys) != len(kinds):
            raise ValueError(cursor)
        return tuple(_key(key, kind) for key, kind in zip(keys, kinds, strict=True))
    except (ValueError, OverflowError):
        raise Refusal(Code.INVALID_INPUT, "This cursor is not from this list. Use an endCursor as it came.", "after") from None


def _key(key: Any, kind: type) -> Any:
    if kind is UUID and isinstance(key, str):
        return UUID(key)
    if kind is datetime and isinstance(key, str):
        return datetime.fromisoformat(key).astimezone(UTC)
    if type(key) is kind and not (isinstance(key, int) and abs(key) >= 2**63):
        return key
    raise ValueError(key)


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decoded(text: str) -> str | None:
    try:
        content = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
    return content if "\0" not in content else None
