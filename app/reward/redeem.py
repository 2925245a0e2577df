"""Redeeming: a member claims a reward; its points are held and one is taken from stock, in one act."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app import audit, ledger, organization
from app.core.actor import Actor
from app.core.errors import Code, Refusal
from app.db import Draft, Want, row, rows
from app.ledger import Leg, TransferKind
from app.organization import Member, Membership, Organization
from app.reward import catalog, rules
from app.reward.models import RETURNED, Redemption, RedemptionStatus, Reward

VERB = "redeemReward"
NOTE_CHARS_MAX = 300


@dataclass(frozen=True, slots=True)
class RedeemReward:
    """The command of `redeemReward`."""

    actor: Actor
    reward_id: UUID
    price_expected: int | None
    """What the member believes that it costs; None: does not say."""
    note: str | None
    """For the admin."""
    idempotency_key: str
    content: bytes
    """The input as the client sent it, for the receipt."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id, member_id = self.actor.organization_id, self.actor.member_id
        yield audit.receipt_want(organization_id, member_id, VERB, self.idempotency_key)
        yield row(Organization, organization_id)
        yield from catalog.needs(organization_id, self.reward_id)
        if member_id is not None:
            yield row(Member, organization_id, member_id)
            yield rows(Membership, organization_id, member_id=member_id)
            yield rows(Redemption, organization_id, reward_id=self.reward_id, member_id=member_id)
            yield from ledger.want(organization_id, ledger.wallet(member_id), ledger.escrow(organization_id))

    def decide(self, draft: Draft) -> "Redeemed":
        """The redemption."""
        if self.actor.member_id is None:
            raise Refusal(Code.FORBIDDEN, "Only members redeem.", "rewardId")
        organization.acting_role(draft)  # Whoever has left since is turned away.
        before = audit.recall(draft, VERB, self.idempotency_key, self.content)
        if before is not None:
            return Redeemed(before, replayed=True)
        member = organization.member_found(draft, self.actor.member_id)
        reward = catalog.found(draft, self.reward_id)
        rules.judge(_claim(draft, member, reward, self.price_expected))
        redemption = _write(draft, member, reward, self.note)
        audit.remember(draft, VERB, self.idempotency_key, self.content, redemption.id)
        return Redeemed(redemption.id, row=redemption)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What redeeming made."""

    id: UUID
    replayed: bool = False
    row: Redemption | None = None


def _claim(draft: Draft, member: Member, reward: Reward, price_expected: int | None) -> rules.Claim:
    had = draft.list(Redemption, reward_id=reward.id, member_id=member.id)
    return rules.Claim(
        status=member.status,
        reward=reward,
        is_meant=catalog.audience_of(draft, reward).includes(member.id, organization.group_ids(draft, member.id)),
        had=sum(redemption.status not in RETURNED for redemption in had),
        balance=ledger.balance(draft, ledger.wallet(member.id)),
        price_expected=price_expected,
    )


def _write(draft: Draft, member: Member, reward: Reward, note: str | None) -> Redemption:
    here = organization.here(draft)
    said = audit.remark(draft, note, "note", chars_max=NOTE_CHARS_MAX)
    redemption = draft.add(
        Redemption,
        id=draft.new_id(),
        reward_id=reward.id,
        member_id=member.id,
        reward_name=reward.name,
        price_points=reward.price_points,
        minor_units_per_point=here.minor_units_per_point,
        currency_code=here.currency_code,
        provider=reward.provider,
        status=RedemptionStatus.PENDING_APPROVAL if reward.requires_approval else RedemptionStatus.TO_FULFIL,
        requested_at=draft.now,
        took_stock=reward.stock is not None,
        note_id=said.get("reason"),
    )
    if reward.stock is not None:
        draft.change(reward, stock=reward.stock - 1)
    if reward.price_points:
        legs = [
            Leg(ledger.wallet(member.id), -reward.price_points),
            Leg(ledger.escrow(draft.organization_id), reward.price_points),
        ]
        ledger.post(draft, TransferKind.REDEMPTION, legs, redemption_id=redemption.id)
    draft.tell(
        "redemption.requested",
        f"redemption:{redemption.id}",
        reward=str(reward.id),
        member=str(member.id),
        price_points=reward.price_points,
        minor_units_per_point=here.minor_units_per_point,
        status=redemption.status,
        provider=redemption.provider,
        **said,
    )
    return redemption
