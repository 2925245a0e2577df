"""Receipts: the same request sent twice is done once."""

from uuid import UUID

from app.audit.chain import sha256
from app.audit.models import Receipt
from app.core.errors import Code, Refusal
from app.core.ids import new_salt
from app.core.texts import normalized
from app.db import Draft, Want, row

KEY_CHARS_MAX = 200


def checked_key(idempotency_key: str) -> str:
    """The key, if it is one. Raises INVALID_INPUT otherwise."""
    if not 1 <= len(idempotency_key) <= KEY_CHARS_MAX:
        raise Refusal(Code.INVALID_INPUT, f"An idempotency key has 1 to {KEY_CHARS_MAX} characters.", "idempotencyKey")
    normalized(idempotency_key, "idempotencyKey")  # for what it refuses; the key stays as it was sent
    return idempotency_key


def want(organization_id: UUID, actor_id: UUID | None, verb: str, idempotency_key: str) -> Want:
    """What an act with such a key will ask for."""
    return row(Receipt, organization_id, actor_id or organization_id, verb, idempotency_key)


def recall(draft: Draft, verb: str, idempotency_key: str, content: bytes, *, shared: bool = False) -> UUID | None:
    """The id that the same request made before, or None when it is new. Raises IDEMPOTENCY_KEY_REUSED when the input differs.
    `shared`: keys are the organization's, whoever sends them."""
    receipt = draft.get(Receipt, _owner(draft, shared), verb, idempotency_key)
    if receipt is None:
        return None
    if receipt.digest != sha256(receipt.salt + content):
        raise Refusal(
            Code.IDEMPOTENCY_KEY_REUSED,
            "This idempotency key was used before with other input. Use a new key for a new request.",
            "idempotencyKey",
        )
    return receipt.result_id


def remember(draft: Draft, verb: str, idempotency_key: str, content: bytes, result_id: UUID, *, shared: bool = False) -> None:
    """Keeps the key, in the same transaction as what it did."""
    salt = new_salt()
    draft.add(
        Receipt,
        actor_id=_owner(draft, shared),
        verb=verb,
        idempotency_key=idempotency_key,
        salt=salt,
        digest=sha256(salt + content),
        result_id=result_id,
    )


def _owner(draft: Draft, shared: bool) -> UUID:
    """Whose key it is: the member's; the organization's where the house itself acts, or where everybody shares keys."""
    return draft.organization_id if shared else draft.actor.member_id or draft.organization_id
