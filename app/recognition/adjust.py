"""Adjusting: an admin puts points into a wallet, or takes some out, for a reason; judged by no giving rule or limit."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app import audit, ledger, organization
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal
from app.db import Draft, Want, row
from app.ledger import POINTS_MAX, Leg, TransferKind
from app.organization import Member

VERB = "adjustPoints"


@dataclass(frozen=True, slots=True)
class AdjustPoints:
    """The command of `adjustPoints`."""

    actor: Actor
    member_id: UUID
    points: int
    """Up when positive, down when negative; the wallet never goes below zero."""
    reason: str
    idempotency_key: str
    content: bytes

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield audit.receipt_want(organization_id, self.actor.member_id, VERB, self.idempotency_key)
        yield from organization.authority_needs(self.actor)
        yield row(Member, organization_id, self.member_id)
        yield from ledger.want(organization_id, ledger.issuance(organization_id), ledger.wallet(self.member_id))

    def decide(self, draft: Draft) -> "Adjusted":
        """The member's id."""
        organization.require(draft, Permission.MEMBER_EDIT)
        before = audit.recall(draft, VERB, self.idempotency_key, self.content)
        if before is not None:
            return Adjusted(before, replayed=True)
        member = organization.member_found(draft, self.member_id)
        if not 1 <= abs(self.points) <= POINTS_MAX:
            raise Refusal(Code.INVALID_POINTS, f"Between 1 and {POINTS_MAX} points up or down, please.", "points")
        balance = ledger.balance(draft, ledger.wallet(member.id))
        if balance + self.points < 0:
            raise Refusal(Code.INSUFFICIENT_POINTS, f"The wallet holds {balance} points. Take no more than that.", "points")
        reason = audit.remark(draft, self.reason, needed=True)
        legs = [Leg(ledger.issuance(draft.organization_id), -self.points), Leg(ledger.wallet(member.id), self.points)]
        transfer = ledger.post(draft, TransferKind.ADJUSTMENT, legs, remark_id=reason["reason"])
        draft.tell(
            "points.adjusted", f"member:{member.id}", points=self.points, transfer=str(transfer.id), judged_by="nothing", **reason
        )
        audit.remember(draft, VERB, self.idempotency_key, self.content, member.id)
        return Adjusted(member.id)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Whose wallet was adjusted."""

    id: UUID
    replayed: bool = False
