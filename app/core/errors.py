"""The family of errors, raised once and rendered once at a door.

PlauditError
├── Refusal        an expected "no": stable code, a sentence that says what to do, the field at fault; nothing has changed
├── Unauthenticated  nobody is known behind the request
├── Forbidden      the role of the actor may not do this at all
├── Busy           too many acts wait, or the server is going down: try again soon
│   └── InDoubt    nobody knows whether it was done
├── Misconfigured  a setting or the database is not as it must be: the server does not start
└── Bug            ours: logged under a reference, masked to the caller
"""

from datetime import datetime
from enum import StrEnum


class Code(StrEnum):
    """Stable codes of refusals; the contract's `UserErrorCode`."""

    GIVING_PAUSED = "GIVING_PAUSED"
    """An admin has paused giving for everyone."""
    INSUFFICIENT_ALLOWANCE = "INSUFFICIENT_ALLOWANCE"
    """It costs more than there is left to give in this period."""
    INSUFFICIENT_POINTS = "INSUFFICIENT_POINTS"
    """The wallet holds fewer points than this needs."""
    POINTS_SPENT = "POINTS_SPENT"
    """What was given has been spent, so it cannot be taken back in full."""
    SELF_RECOGNITION = "SELF_RECOGNITION"
    """Nobody gives to themselves, or boosts what they gave."""
    GIVER_NOT_ALLOWED = "GIVER_NOT_ALLOWED"
    """The giver may not give: by mode, by status, or by a rule."""
    RECIPIENT_NOT_ALLOWED = "RECIPIENT_NOT_ALLOWED"
    """Somebody named may not receive: by mode, or by a rule for this giver."""
    RECIPIENT_INACTIVE = "RECIPIENT_INACTIVE"
    """Somebody named has left."""
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    """A limit of the giving policy; `rule` names it."""
    MESSAGE_TOO_SHORT = "MESSAGE_TOO_SHORT"
    """The message has fewer characters than the organization asks for."""
    MESSAGE_TOO_LONG = "MESSAGE_TOO_LONG"
    """The message has more characters than can be kept."""
    HASHTAG_REQUIRED = "HASHTAG_REQUIRED"
    """The message needs a #hashtag."""
    VALUE_REQUIRED = "VALUE_REQUIRED"
    """It needs a company value, by #hashtag or by id."""
    INVALID_POINTS = "INVALID_POINTS"
    """A number of points that cannot be: too small, too large, or more than an account can hold."""
    NO_RECIPIENTS = "NO_RECIPIENTS"
    """Nobody is left who would receive."""
    TOO_MANY_RECIPIENTS = "TOO_MANY_RECIPIENTS"
    """More people than one recognition may have, groups expanded."""
    NOT_FOUND = "NOT_FOUND"
    """There is no such thing here, or it is not yours to see. `field` names the id."""
    FORBIDDEN = "FORBIDDEN"
    """You see it, but may not act on it."""
    OUT_OF_STOCK = "OUT_OF_STOCK"
    """There is none of it left."""
    REWARD_UNAVAILABLE = "REWARD_UNAVAILABLE"
    """The reward is archived, or not meant for you."""
    PRICE_CHANGED = "PRICE_CHANGED"
    """The reward has another price than you saw."""
    OWN_REDEMPTION = "OWN_REDEMPTION"
    """Nobody decides about their own redemption."""
    INVALID_STATE = "INVALID_STATE"
    """Its state does not allow this any more: it was taken back, decided, or deactivated."""
    UNDO_WINDOW_CLOSED = "UNDO_WINDOW_CLOSED"
    """It was given too long ago to be taken back by its giver."""
    VERSION_CONFLICT = "VERSION_CONFLICT"
    """The policy has changed since you read it. Read it again first."""
    LAST_OWNER = "LAST_OWNER"
    """An organization keeps at least one owner."""
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    """This idempotency key was used before, with other input."""
    INVALID_INPUT = "INVALID_INPUT"
    """A value that cannot be; `field` names it."""


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


class InDoubt(Busy):
    """The database went away at the wrong moment: whether it was done is not known."""


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
