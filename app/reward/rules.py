"""What is allowed with rewards: who may claim one, and how a redemption goes from state to state, as a table. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.actor import PERMISSIONS, Permission, Role
from app.core.errors import Code, Forbidden, Refusal
from app.organization import MemberStatus
from app.reward.models import Provider, Redemption, RedemptionStatus, Reward


class Stage(StrEnum):
    """Where a redemption stands, for the rules: its status, with the one that has two meanings taken apart."""

    PENDING_APPROVAL = "PENDING_APPROVAL"
    TO_FULFIL = "TO_FULFIL"
    """To be delivered, and nobody has begun."""
    ACCEPTED = "ACCEPTED"
    """To be delivered, and the provider has accepted the order."""
    FULFILLED = "FULFILLED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"

    @property
    def status(self) -> RedemptionStatus:
        """What everyone calls it."""
        return RedemptionStatus.TO_FULFIL if self is Stage.ACCEPTED else RedemptionStatus(self.value)


class Verb(StrEnum):
    """What may be done with a redemption."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    """By the member itself."""
    FULFIL = "fulfil"
    """An admin has delivered it."""
    REFUND = "refund"
    ACCEPT = "accept"
    """The provider takes the order: it can no longer be called back."""
    DECLINE = "decline"
    """The provider gives the order back."""
    DELIVER = "deliver"
    """The provider has delivered it."""


MOVES: dict[Verb, dict[Stage, Stage]] = {
    Verb.APPROVE: {Stage.PENDING_APPROVAL: Stage.TO_FULFIL},
    Verb.REJECT: {Stage.PENDING_APPROVAL: Stage.REJECTED, Stage.TO_FULFIL: Stage.REJECTED},
    Verb.CANCEL: {Stage.PENDING_APPROVAL: Stage.CANCELLED},
    Verb.FULFIL: {Stage.TO_FULFIL: Stage.FULFILLED},
    Verb.REFUND: {Stage.FULFILLED: Stage.REFUNDED},
    Verb.ACCEPT: {Stage.TO_FULFIL: Stage.ACCEPTED, Stage.ACCEPTED: Stage.ACCEPTED},
    Verb.DECLINE: {Stage.ACCEPTED: Stage.TO_FULFIL},
    Verb.DELIVER: {Stage.TO_FULFIL: Stage.FULFILLED, Stage.ACCEPTED: Stage.FULFILLED},
}
"""The state machine: from where each verb leads where. What is not here is refused with INVALID_STATE."""
BY_ADMINS = frozenset({Verb.APPROVE, Verb.REJECT, Verb.FULFIL, Verb.REFUND})
"""For these the right redemption.decide is needed."""
BY_THE_MEMBER = frozenset({Verb.CANCEL})
BY_THE_HOUSE = frozenset({Verb.ACCEPT, Verb.DECLINE, Verb.DELIVER})
"""Nobody asks for these at a door: the clerk does, when a provider says so."""
NOT_ONES_OWN = frozenset({Verb.APPROVE, Verb.REJECT, Verb.REFUND})
"""Nobody decides these about its own redemption, unless there is no other admin."""

_WHY_NOT = {
    Stage.PENDING_APPROVAL: "It still waits for approval. Approve or reject it first.",
    Stage.TO_FULFIL: "It is to be delivered and not delivered yet.",
    Stage.ACCEPTED: "It is on its way: its provider has accepted the order, and it cannot be called back.",
    Stage.FULFILLED: "It has been delivered already.",
    Stage.REJECTED: "It has been rejected already, and the points were returned.",
    Stage.CANCELLED: "It has been cancelled by its member, and the points were returned.",
    Stage.REFUNDED: "It has been refunded already.",
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever wants to do something with a redemption."""

    role: Role
    is_house: bool = False
    """The worker or the command line, who are no member."""
    is_own: bool = False
    """Whether it is their own redemption."""
    is_only_admin: bool = False
    """Whether nobody else who is active could decide about it."""


def stage_of(redemption: Redemption) -> Stage:
    """Where a redemption stands."""
    accepted = redemption.status is RedemptionStatus.TO_FULFIL and redemption.accepted_at is not None
    return Stage.ACCEPTED if accepted else Stage(redemption.status.value)


def move(stage: Stage, verb: Verb, asker: Asker) -> Stage:
    """Where the verb leads. Raises Forbidden for a role without the right, and refuses with FORBIDDEN what only the member does,
    OWN_REDEMPTION, or INVALID_STATE."""
    if verb in BY_THE_HOUSE and not asker.is_house:
        raise Forbidden("Only the house itself does this.")
    if verb in BY_ADMINS and not asker.is_house and Permission.REDEMPTION_DECIDE not in PERMISSIONS[asker.role]:
        raise Forbidden(f"Your role does not carry the right {Permission.REDEMPTION_DECIDE}. Ask an owner of your organization.")
    if verb in BY_THE_MEMBER and not asker.is_own:
        raise Refusal(Code.FORBIDDEN, "Only the member who redeemed it cancels it. An admin rejects it instead.", "id")
    following = MOVES[verb].get(stage)
    if following is None:
        raise Refusal(Code.INVALID_STATE, _WHY_NOT[stage], "id")
    if verb in NOT_ONES_OWN and asker.is_own and not asker.is_only_admin:
        raise Refusal(Code.OWN_REDEMPTION, "Nobody decides about their own redemption. Ask another admin.", "id")
    return following


@dataclass(frozen=True, slots=True)
class Claim:
    """What redeeming is judged by."""

    status: MemberStatus
    reward: Reward
    is_meant: bool
    """Whether the member is in the reward's audience."""
    had: int
    """How many of it the member has had; those that came back do not count."""
    balance: int
    """Points in the wallet."""
    price_expected: int | None
    """What the member believes that it costs; None: does not say."""


def judge(claim: Claim) -> None:
    """Raises the first refusal, if there is one."""
    reward = claim.reward
    if claim.status is not MemberStatus.ACTIVE:
        raise Refusal(Code.FORBIDDEN, "Only active members redeem. Sign in first, or ask an admin.", "rewardId")
    if reward.archived_at is not None or not claim.is_meant:
        # Its name is not said: it may be meant for others, who alone know of it.
        raise Refusal(Code.REWARD_UNAVAILABLE, "This reward cannot be had. Choose another one.", "rewardId")
    if claim.price_expected is not None and claim.price_expected != reward.price_points:
        message = f"{reward.name} costs {_points(reward.price_points)} now. Look at it again before you redeem it."
        raise Refusal(Code.PRICE_CHANGED, message, "priceExpected")
    if reward.stock == 0:
        raise Refusal(Code.OUT_OF_STOCK, f"{reward.name} is out of stock. Choose another reward, or wait.", "rewardId")
    if reward.per_member_limit is not None and claim.had >= reward.per_member_limit:
        times = "once" if reward.per_member_limit == 1 else f"{reward.per_member_limit} times"
        message = f"Everyone can have {reward.name} {times}, and you have had it. Choose another reward."
        raise Refusal(Code.LIMIT_EXCEEDED, message, "rewardId", rule="per_member_limit")
    if claim.balance < reward.price_points:
        message = f"{reward.name} costs {_points(reward.price_points)}, and you have {claim.balance}. Choose another, or wait."
        raise Refusal(Code.INSUFFICIENT_POINTS, message, "rewardId")


def _points(number: int) -> str:
    return "1 point" if number == 1 else f"{number} points"


def check_by_hand(redemption: Redemption) -> None:
    """Refuses to call delivered by an admin what a provider delivers: it would be delivered twice."""
    if redemption.provider is not Provider.MANUAL:
        message = "This is delivered by itself, and is not done by hand. Reject it if it cannot be delivered."
        raise Refusal(Code.INVALID_STATE, message, "id")


def check_restock(redemption: Redemption) -> None:
    """Refuses to put back into stock what has been seen."""
    if redemption.provider is Provider.VOUCHER:
        raise Refusal(Code.INVALID_INPUT, "A voucher code that was handed out does not go back into stock.", "restock")
