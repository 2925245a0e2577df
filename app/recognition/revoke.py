"""Taking back: a recognition with its boosts, or one boost, always by new transfers that mirror the old."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app import allowance, audit, ledger, organization
from app.core.actor import Actor, Role
from app.core.errors import Code, Refusal, not_found
from app.db import Draft, Want, row, rows
from app.ledger import Leg, Place, Transfer, TransferKind
from app.recognition import case as cases
from app.recognition import sight
from app.recognition.models import Boost, GivingPolicyNow, Grant, Origin, Recognition

_GIFTS = frozenset({TransferKind.RECOGNITION, TransferKind.BOOST, TransferKind.IMPORT})
_ADMINS = frozenset({Role.ADMIN, Role.OWNER})


@dataclass(frozen=True, slots=True)
class RevokeRecognition:
    """Takes a recognition back, boosts included: everything or nothing, unless an admin forces it."""

    actor: Actor
    recognition_id: UUID
    reason: str | None
    force: bool
    idempotency_key: str
    content: bytes

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield audit.receipt_want(self.actor.organization_id, self.actor.member_id, "revokeRecognition", self.idempotency_key)
        yield from organization.authority_needs(self.actor)
        yield row(GivingPolicyNow, self.actor.organization_id)
        yield from sight.needs(self.actor.organization_id, self.recognition_id)
        yield rows(Transfer, self.actor.organization_id, recognition_id=self.recognition_id)
        yield rows(Boost, self.actor.organization_id, recognition_id=self.recognition_id)

    def decide(self, draft: Draft) -> "Revoked":
        """The recognition's id."""
        before = audit.recall(draft, "revokeRecognition", self.idempotency_key, self.content)
        if before is not None:
            return Revoked(before, replayed=True)
        recognition = sight.seen(draft, self.recognition_id, "recognitionId")
        is_admin = organization.acting_role(draft) in _ADMINS
        if self.force and not is_admin:
            raise Refusal(Code.FORBIDDEN, "Only admins force an undo.", "force")
        if recognition.revoked_at is not None:
            raise Refusal(Code.INVALID_STATE, "This recognition has been taken back already.", "recognitionId")
        imported = recognition.origin is Origin.IMPORT
        _check_undo(draft, recognition.giver_id, recognition.given_at, "recognitionId", is_admin=is_admin, only_admins=imported)
        reason = audit.remark(draft, self.reason)
        grants = [grant for grant in sight.grants(draft, recognition.id, boosts=True) if not grant.revoked]
        undone = _take_back(draft, recognition, grants, "recognitionId", force=self.force)
        draft.change(recognition, revoked_at=draft.now)
        for boost in draft.list(Boost, recognition_id=recognition.id):
            if boost.revoked_at is None:
                draft.change(boost, revoked_at=draft.now)
        draft.tell(
            "recognition.revoked",
            f"recognition:{recognition.id}",
            given_at=recognition.given_at,
            force=self.force,
            **undone,
            **reason,
        )
        audit.remember(draft, "revokeRecognition", self.idempotency_key, self.content, recognition.id)
        return Revoked(recognition.id)


@dataclass(frozen=True, slots=True)
class RevokeBoost:
    """Takes one boost back."""

    actor: Actor
    boost_id: UUID
    idempotency_key: str
    content: bytes

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield audit.receipt_want(self.actor.organization_id, self.actor.member_id, "revokeBoost", self.idempotency_key)
        yield from organization.authority_needs(self.actor)
        yield row(GivingPolicyNow, self.actor.organization_id)
        yield row(Boost, self.actor.organization_id, self.boost_id)

    def decide(self, draft: Draft) -> "Revoked":
        """The boost's id."""
        before = audit.recall(draft, "revokeBoost", self.idempotency_key, self.content)
        if before is not None:
            return Revoked(before, replayed=True)
        boost = draft.get(Boost, self.boost_id)
        if boost is None:
            raise not_found("boostId")
        recognition = sight.seen(draft, boost.recognition_id, "boostId")
        if boost.revoked_at is not None:
            raise Refusal(Code.INVALID_STATE, "This boost has been taken back already.", "boostId")
        is_admin = organization.acting_role(draft) in _ADMINS
        _check_undo(draft, boost.giver_id, boost.given_at, "boostId", is_admin=is_admin)
        grants = [grant for grant in sight.grants(draft, recognition.id, boosts=True) if grant.gift_id == boost.id]
        undone = _take_back(draft, recognition, grants, "boostId", force=False)
        draft.change(boost, revoked_at=draft.now)
        points = sum(grant.points for grant in grants)
        draft.change(recognition, boost_count=recognition.boost_count - 1, boost_points=recognition.boost_points - points)
        draft.tell(
            "recognition.boost_revoked", f"recognition:{recognition.id}", boost=str(boost.id), given_at=boost.given_at, **undone
        )
        audit.remember(draft, "revokeBoost", self.idempotency_key, self.content, boost.id)
        return Revoked(boost.id)


@dataclass(frozen=True, slots=True)
class Revoked:
    """What was taken back."""

    id: UUID
    replayed: bool = False


def _check_undo(
    draft: Draft, giver_id: UUID, given_at: datetime, field: str, *, is_admin: bool, only_admins: bool = False
) -> None:
    """The giver within the window, an admin at any time."""
    if is_admin:
        return
    if only_admins or draft.actor.member_id != giver_id:
        raise Refusal(Code.FORBIDDEN, "Only the giver, or an admin, takes this back.", field)
    _, policy = cases.policy_now(draft)
    if draft.now > given_at + timedelta(minutes=policy.undo_window_minutes):
        raise Refusal(Code.UNDO_WINDOW_CLOSED, "The time to take this back is over. Ask an admin.", field)


def _take_back(draft: Draft, recognition: Recognition, grants: list[Grant], field: str, *, force: bool) -> dict[str, object]:
    """Posts the reversals and marks the shares. Returns what the event says: points by payer, and the shortfall."""
    paid = [grant for grant in grants if grant.points]
    draft.expect(ledger.want(draft.organization_id, *(ledger.wallet(grant.recipient_id) for grant in paid)))
    allowance.expect(draft, {grant.giver_id for grant in paid})
    recovered = _recovered(draft, paid, field, force=force)
    transfers = {
        transfer.boost_id or recognition.id: transfer
        for transfer in draft.list(Transfer, recognition_id=recognition.id)
        if transfer.kind in _GIFTS
    }
    returned: dict[str, int] = {}
    for gift_id, shares in _by_gift(paid).items():
        payer_id = shares[0].giver_id
        total = _reverse(draft, transfers[gift_id], shares, recovered, _home(draft, payer_id, transfers[gift_id]))
        returned[str(payer_id)] = returned.get(str(payer_id), 0) + total
    for grant in grants:
        draft.change(grant, revoked=True)
    _, policy = cases.policy_now(draft)
    cases.count(draft, policy, grants, -1)
    owed = sum(grant.points for grant in paid)
    taken = sum(shares.taken for shares in recovered.values())
    return {"returned": returned, "shortfall": owed - taken}


class Shares:
    """What one wallet gives back: `taken` of the points it `owed`, parted among those who paid in proportion, rounded down for
    each of them."""

    def __init__(self, owed: int, taken: int) -> None:
        self.owed = owed
        self.taken = taken
        self._to_part = owed
        self._left = taken
        self._paid: dict[UUID, int] = defaultdict(int)

    def part(self, payer_id: UUID, points: int) -> tuple[int, int]:
        """The payer's part for these points, and with the last ones what rounding left over."""
        before = self.taken * self._paid[payer_id] // self.owed
        self._paid[payer_id] += points
        part = self.taken * self._paid[payer_id] // self.owed - before
        self._to_part -= points
        self._left -= part
        return part, self._left if self._to_part == 0 else 0


def _recovered(draft: Draft, paid: list[Grant], field: str, *, force: bool) -> dict[UUID, Shares]:
    owed: dict[UUID, int] = defaultdict(int)
    for grant in paid:
        owed[grant.recipient_id] += grant.points
    shares = {}
    for recipient_id, points in owed.items():
        balance = ledger.balance(draft, ledger.wallet(recipient_id))
        if balance < points and not force:
            raise Refusal(
                Code.POINTS_SPENT,
                "The points have been spent in part, so this cannot be taken back. An admin can force it.",
                field,
            )
        shares[recipient_id] = Shares(points, min(balance, points))
    return shares


def _by_gift(grants: list[Grant]) -> dict[UUID, list[Grant]]:
    """Shares by what they came with, in the order of giving."""
    gifts: dict[UUID, list[Grant]] = {}
    for grant in sorted(grants, key=lambda grant: grant.gift_id):
        gifts.setdefault(grant.gift_id, []).append(grant)
    return gifts


def _home(draft: Draft, payer_id: UUID, transfer: Transfer) -> Place:
    """Where a payer's points go back to: its allowance if it gave in the current period, else issuance, which also paid for
    what was imported."""
    if transfer.kind is not TransferKind.IMPORT and transfer.posted_at >= allowance.current(draft, payer_id).period_start:
        return ledger.allowance(payer_id)
    return ledger.issuance(draft.organization_id)


def _reverse(draft: Draft, transfer: Transfer, shares: list[Grant], recovered: dict[UUID, Shares], home: Place) -> int:
    """Mirrors one transfer with what was recovered; what rounding leaves over goes to issuance."""
    legs: dict[Place, int] = defaultdict(int)
    returned = 0
    for share in shares:
        part, rounding = recovered[share.recipient_id].part(share.giver_id, share.points)
        returned += part
        legs[ledger.wallet(share.recipient_id)] -= part + rounding
        legs[ledger.issuance(draft.organization_id)] += rounding
    legs[home] += returned
    if any(legs.values()):
        ledger.post(
            draft,
            TransferKind.REVERSAL,
            [Leg(place, points) for place, points in legs.items()],
            recognition_id=transfer.recognition_id,
            boost_id=transfer.boost_id,
            reverses_id=transfer.id,
        )
    return returned
