"""Boosting: another member adds points to a recognition; every original recipient gets them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from app import allowance, audit, ledger
from app.core.actor import Actor
from app.core.errors import Code, Refusal
from app.db import Draft, Want, row, rows
from app.ledger import Leg, TransferKind
from app.organization import Membership
from app.recognition import case as cases
from app.recognition import rules, sight
from app.recognition.give import Given, grant_all, told
from app.recognition.models import Boost, GivingPolicyNow, Recognition, RecognitionValue, Visibility
from app.recognition.rules import Case

VERB = "boostRecognition"


@dataclass(frozen=True, slots=True)
class BoostRecognition:
    """The command of `boostRecognition`."""

    actor: Actor
    recognition_id: UUID
    points_each: int
    idempotency_key: str
    content: bytes
    """The input as the client sent it, for the receipt."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id, member_id = self.actor.organization_id, self.actor.member_id
        assert member_id is not None, "only members boost"
        yield audit.receipt_want(organization_id, member_id, VERB, self.idempotency_key)
        yield row(GivingPolicyNow, organization_id)
        yield from sight.needs(organization_id, self.recognition_id)
        yield from allowance.needs(organization_id, member_id)
        yield rows(Membership, organization_id, member_id=member_id)

    def decide(self, draft: Draft) -> Given:
        """The boost's id, and which of the recipients were left out."""
        before = audit.recall(draft, VERB, self.idempotency_key, self.content)
        if before is not None:
            return Given(before, (), replayed=True)
        recognition = sight.seen(draft, self.recognition_id, "recognitionId")
        case, left_out = self._case(draft, recognition)
        rules.judge(case)
        boost = _write(draft, recognition, case)
        audit.remember(draft, VERB, self.idempotency_key, self.content, boost.id)
        return Given(boost.id, left_out)

    def _case(self, draft: Draft, recognition: Recognition) -> tuple[Case, tuple[rules.LeftOut, ...]]:
        assert self.actor.member_id is not None
        if recognition.revoked_at is not None:
            raise Refusal(Code.INVALID_STATE, "This recognition has been taken back and cannot be boosted.", "recognitionId")
        if recognition.visibility is Visibility.PRIVATE:
            raise Refusal(Code.INVALID_STATE, "A private recognition cannot be boosted.", "recognitionId")
        if recognition.giver_id == self.actor.member_id:
            raise Refusal(Code.SELF_RECOGNITION, "Nobody boosts their own recognition. Give again instead.", "recognitionId")
        _, policy = cases.policy_now(draft)
        giver = cases.person(draft, self.actor.member_id)
        standing = allowance.current(draft, giver.id)
        remaining = ledger.balance(draft, ledger.allowance(giver.id))
        case = Case(policy, giver, (), self.points_each, remaining, standing.period_end, "recognitionId", is_boost=True)
        ids = [grant.recipient_id for grant in sight.grants(draft, recognition.id) if grant.recipient_id != giver.id]
        recipients, left_out = rules.parted(case, cases.people_of(draft, ids))
        return cases.completed(draft, replace(case, recipients=recipients)), left_out


def _write(draft: Draft, recognition: Recognition, case: Case) -> Boost:
    boost = draft.add(
        Boost,
        id=draft.new_id(),
        recognition_id=recognition.id,
        giver_id=case.giver.id,
        points_each=case.points_each,
        recipient_count=len(case.recipients),
        given_at=draft.now,
    )
    grants = grant_all(draft, recognition.id, boost.id, case, is_boost=True)
    legs = [Leg(ledger.allowance(case.giver.id), -case.cost)]
    legs += [Leg(ledger.wallet(recipient.id), case.points_each) for recipient in case.recipients]
    draft.expect(ledger.want(draft.organization_id, *(leg.place for leg in legs)))
    ledger.post(draft, TransferKind.BOOST, legs, recognition_id=recognition.id, boost_id=boost.id)
    draft.change(recognition, boost_count=recognition.boost_count + 1, boost_points=recognition.boost_points + case.cost)
    cases.count(draft, case.policy, grants, 1)
    version, _ = cases.policy_now(draft)
    draft.tell(
        "recognition.boosted",
        f"recognition:{recognition.id}",
        boost=str(boost.id),
        giver=told(case.giver),
        recipients=[told(recipient) for recipient in case.recipients],
        points_each=case.points_each,
        values=[value.hashtag for value in draft.list(RecognitionValue, recognition_id=recognition.id)],
        policy_version=version,
    )
    return boost
