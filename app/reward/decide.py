"""Deciding: what becomes of a redemption, step by step, as the table in `rules` says; points and stock follow."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app import audit, ledger, organization
from app.core.actor import Actor, Role
from app.core.errors import not_found
from app.db import Draft, Want, row, rows
from app.ledger import Leg, Place, TransferKind
from app.organization import Member, MemberStatus, Organization
from app.reward import rules
from app.reward.models import LineKind, Redemption, Reward, StatementLine
from app.reward.rules import Stage, Verb

ADMINS = (Role.ADMIN, Role.OWNER)


@dataclass(frozen=True, slots=True)
class Decide:
    """One step of a redemption, asked for by a person: approve, reject, cancel, fulfil or refund."""

    actor: Actor
    redemption_id: UUID
    verb: Verb
    words: str | None = None
    """What to say to the member; rejecting and refunding need it."""
    restock: bool = False
    """Refunding only: whether the item goes back into stock."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield from organization.authority_needs(self.actor)
        yield from needs(organization_id, self.redemption_id)
        for role in ADMINS:
            yield rows(Member, organization_id, role=role)

    def decide(self, draft: Draft) -> UUID:
        """The redemption's id."""
        assert self.verb not in rules.BY_THE_HOUSE, "nobody asks for it at a door"
        role = organization.acting_role(draft)
        redemption = seen(draft, self.redemption_id, role)
        asker = _asker(draft, redemption, role)
        stage = rules.move(rules.stage_of(redemption), self.verb, asker)
        if self.verb is Verb.FULFIL:
            rules.check_by_hand(redemption)
        if self.restock:
            rules.check_restock(redemption)
        words = {Verb.REJECT: "reason", Verb.REFUND: "reason"}.get(self.verb, "note")
        said = audit.remark(draft, self.words, words, needed=words == "reason")
        alone = {"only_admin": True} if asker.is_own and self.verb in rules.NOT_ONES_OWN else {}
        step(draft, redemption, stage, said, restock=self.restock, **alone)
        return redemption.id


def needs(organization_id: UUID, redemption_id: UUID) -> Iterable[Want]:
    """What a step will ask for, as far as it is known."""
    yield row(Redemption, organization_id, redemption_id)
    yield row(Organization, organization_id)
    yield from ledger.want(organization_id, ledger.escrow(organization_id), ledger.redeemed(organization_id))


def seen(draft: Draft, redemption_id: UUID, role: Role) -> Redemption:
    """The redemption, if whoever acts sees it: the member's own, or anyone's for admins and auditors. Raises NOT_FOUND."""
    redemption = draft.get(Redemption, redemption_id)
    own = redemption is not None and redemption.member_id == draft.actor.member_id
    if redemption is None or (role is Role.MEMBER and not own):
        raise not_found("id")
    return redemption


def step(
    draft: Draft, redemption: Redemption, stage: Stage, said: dict[str, Any], *, restock: bool = False, **told: Any
) -> Redemption:
    """Takes the redemption to its next stage: points move, stock comes back, the statement gets its line, the event is told."""
    values: dict[str, Any] = {"status": stage.status}
    if said:
        values["answer_id"] = said["reason"]
    match stage:
        case Stage.TO_FULFIL:
            values |= {"decided_at": draft.now, "decided_by_id": draft.actor.member_id}
        case Stage.REJECTED:
            values |= {"decided_at": draft.now, "decided_by_id": draft.actor.member_id, "closed_at": draft.now}
            _return(draft, redemption, ledger.escrow(draft.organization_id))
            _restock(draft, redemption)
        case Stage.CANCELLED:
            values["closed_at"] = draft.now
            _return(draft, redemption, ledger.escrow(draft.organization_id))
            _restock(draft, redemption)
        case Stage.FULFILLED:
            values["fulfilled_at"] = draft.now
            _spend(draft, redemption)
            told["month"] = _bill(draft, redemption, LineKind.FULFILMENT)
        case Stage.REFUNDED:
            values["closed_at"] = draft.now
            _return(draft, redemption, ledger.redeemed(draft.organization_id))
            told["month"] = _bill(draft, redemption, LineKind.REFUND)
            told["restocked"] = restock and _restock(draft, redemption)
        case Stage.ACCEPTED | Stage.PENDING_APPROVAL:
            raise AssertionError("providers accept orders by an act of their own, and nothing goes back to waiting")
    changed = draft.change(redemption, **values)
    action = "approved" if stage is Stage.TO_FULFIL else stage.value.lower()
    body = {"reward": str(redemption.reward_id), "member": str(redemption.member_id), "price_points": redemption.price_points}
    draft.tell(f"redemption.{action}", f"redemption:{redemption.id}", **body, provider=redemption.provider, **told, **said)
    return changed


def _asker(draft: Draft, redemption: Redemption, role: Role) -> rules.Asker:
    own = redemption.member_id == draft.actor.member_id
    others = (member for role in ADMINS for member in draft.list(Member, role=role))
    alone = own and not any(other.id != redemption.member_id and other.status is MemberStatus.ACTIVE for other in others)
    return rules.Asker(role, is_house=draft.actor.member_id is None, is_own=own, is_only_admin=alone)


def _return(draft: Draft, redemption: Redemption, held: Place) -> None:
    """Points back to the wallet, which may be that of somebody who has left."""
    if redemption.price_points:
        legs = [Leg(held, -redemption.price_points), Leg(ledger.wallet(redemption.member_id), redemption.price_points)]
        ledger.post(draft, TransferKind.REDEMPTION_RETURN, legs, redemption_id=redemption.id)


def _spend(draft: Draft, redemption: Redemption) -> None:
    if redemption.price_points:
        escrow, redeemed = ledger.escrow(draft.organization_id), ledger.redeemed(draft.organization_id)
        legs = [Leg(escrow, -redemption.price_points), Leg(redeemed, redemption.price_points)]
        ledger.post(draft, TransferKind.FULFILMENT, legs, redemption_id=redemption.id)


def _restock(draft: Draft, redemption: Redemption) -> bool:
    """One back into stock, if one was taken from it and it is still counted. Whether it was."""
    reward = draft.get(Reward, redemption.reward_id)
    assert reward is not None, "a foreign key says so"
    if not redemption.took_stock or reward.stock is None:
        return False
    draft.change(reward, stock=reward.stock + 1)
    return True


def _bill(draft: Draft, redemption: Redemption, kind: LineKind) -> date:
    """A line on the statement of this month; a refund takes back what was billed, whatever the month. Returns the month."""
    sign = 1 if kind is LineKind.FULFILMENT else -1
    month = organization.today(organization.here(draft), draft.now).replace(day=1)
    draft.add(
        StatementLine,
        id=draft.new_id(),
        month=month,
        kind=kind,
        redemption_id=redemption.id,
        at=draft.now,
        points=sign * redemption.price_points,
        minor_units=sign * redemption.price_points * redemption.minor_units_per_point,
        currency_code=redemption.currency_code,
    )
    return month
