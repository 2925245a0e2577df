"""The family of errors, raised once and rendered once at a door.

PlauditError
├── Refusal        an expected "no": stable code, a sentence that says what to do, the field at fault; nothing has changed
├── Unauthenticated  nobody is known behind the request
├── Forbidden      the role of the actor may not do this at all
├── Busy           too many acts wait, or the server is going down: try again soon
├── Misconfigured  a setting or the database is not as it must be: the server does not start
└── Bug            ours: logged under a reference, masked to the caller
"""

from datetime import datetime
from enum import StrEnum


class Code(StrEnum):
    """Stable codes of refusals; the contract's `UserErrorCode`."""

    GIVING_PAUSED = "GIVING_PAUSED"
    INSUFFICIENT_ALLOWANCE = "INSUFFICIENT_ALLOWANCE"
    INSUFFICIENT_POINTS = "INSUFFICIENT_POINTS"
    POINTS_SPENT = "POINTS_SPENT"
    SELF_RECOGNITION = "SELF_RECOGNITION"
    GIVER_NOT_ALLOWED = "GIVER_NOT_ALLOWED"
    RECIPIENT_NOT_ALLOWED = "RECIPIENT_NOT_ALLOWED"
    RECIPIENT_INACTIVE = "RECIPIENT_INACTIVE"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    MESSAGE_TOO_SHORT = "MESSAGE_TOO_SHORT"
    MESSAGE_TOO_LONG = "MESSAGE_TOO_LONG"
    HASHTAG_REQUIRED = "HASHTAG_REQUIRED"
    VALUE_REQUIRED = "VALUE_REQUIRED"
    INVALID_POINTS = "INVALID_POINTS"
    NO_RECIPIENTS = "NO_RECIPIENTS"
    TOO_MANY_RECIPIENTS = "TOO_MANY_RECIPIENTS"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    REWARD_UNAVAILABLE = "REWARD_UNAVAILABLE"
    PRICE_CHANGED = "PRICE_CHANGED"
    OWN_REDEMPTION = "OWN_REDEMPTION"
    INVALID_STATE = "INVALID_STATE"
    UNDO_WINDOW_CLOSED = "UNDO_WINDOW_CLOSED"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    LAST_OWNER = "LAST_OWNER"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INVALID_INPUT = "INVALID_INPUT"


class PlauditError(Exception):
    """Anything this project raises on purpose."""


class Refusal(PlauditError):
    """An expected "no". `message` tells the person what to do; `field` is the path of the input at fault, in the contract's
    names; `rule` names the giving rule or limit; `available_again_at` says when time heals it."""

    def __init__(
        self,
        code: Code,
        message: str,
        *field: str,
        rule: str | None = None,
        available_again_at: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.rule = rule
        self.available_again_at = available_again_at


class Unauthenticated(PlauditError):
    """No token, or one that is unknown, expired or revoked, or whose member has left."""


class Forbidden(PlauditError):
    """The actor's role lacks a right that the operation needs."""


class Busy(PlauditError):
    """Too many acts wait, or the server is going down. Nothing was changed; the caller may try again."""


class Misconfigured(PlauditError):
    """A setting or the database is not as it must be. The sentence names it and says what to do."""


class Bug(PlauditError):
    """A failure of ours. The caller sees only `reference`; the log has the rest."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"internal error {reference}")
        self.reference = reference


def not_found(*field: str) -> Refusal:
    """An id that is malformed, unknown, of another organization or out of sight: they cannot be told apart."""
    return Refusal(Code.NOT_FOUND, "There is no such thing here, or it is not yours to see. Check the id.", *field)
