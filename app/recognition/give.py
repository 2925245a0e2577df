"""Giving: one recognition, each recipient gets the points in full, the giver's allowance pays."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app import audit, ledger, organization
from app.core.actor import Actor, Permission
from app.db import Draft, Want
from app.ledger import Leg, TransferKind
from app.organization import Member
from app.recognition import case as cases
from app.recognition import rules
from app.recognition.models import Grant, Origin, Recognition, RecognitionGroup, RecognitionValue, Visibility
from app.recognition.rules import LeftOut, Verdict
from app.recognition.terms import Person

VERB = "giveRecognition"


@dataclass(frozen=True, slots=True)
class GiveRecognition:
    """The command of `giveRecognition`."""

    actor: Actor
    wish: cases.Wish
    visibility: Visibility
    idempotency_key: str
    content: bytes
    """The input as the client sent it, for the receipt."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield audit.receipt_want(organization_id, self.actor.member_id, VERB, self.idempotency_key)
        yield from ledger.want(organization_id, ledger.issuance(organization_id))
        yield from cases.needs(organization_id, self.wish)

    def decide(self, draft: Draft) -> "Given":
        """The recognition, and who was left out of its groups."""
        before = audit.recall(draft, VERB, self.idempotency_key, self.content)
        if before is not None:
            return Given(before, (), replayed=True)
        facts = cases.gather(draft, self.wish, sees_numbers=False)
        rules.judge(facts.case)
        recognition = _write(draft, facts, self.visibility)
        audit.remember(draft, VERB, self.idempotency_key, self.content, recognition.id)
        people = (facts.case.giver, *facts.case.recipients)
        members = tuple(organization.member_found(draft, person.id) for person in people)
        return Given(recognition.id, facts.left_out, row=recognition, people=members)


@dataclass(frozen=True, slots=True)
class Given:
    """What giving or boosting made."""

    id: UUID
    left_out: tuple[LeftOut, ...]
    replayed: bool = False
    row: Recognition | None = None
    """The new recognition, for doors that show it at once."""
    people: tuple[Member, ...] = ()
    """Its giver, then its recipients."""


def _write(draft: Draft, facts: cases.Facts, visibility: Visibility) -> Recognition:
    case = facts.case
    assert case.message is not None
    salt, digest = audit.salted(case.message)
    recognition = draft.add(
        Recognition,
        id=draft.new_id(),
        giver_id=case.giver.id,
        points_each=case.points_each,
        recipient_count=len(case.recipients),
        message=case.message,
        message_salt=salt,
        visibility=visibility,
        origin=Origin.GIVEN,
        given_at=draft.now,
    )
    for hashtag in facts.hashtags:
        draft.add(RecognitionValue, recognition_id=recognition.id, hashtag=hashtag)
    for group_id in facts.group_ids:
        draft.add(RecognitionGroup, recognition_id=recognition.id, group_id=group_id)
    grants = grant_all(draft, recognition.id, recognition.id, case, is_boost=False)
    if case.cost:
        legs = [Leg(ledger.allowance(case.giver.id), -case.cost)]
        legs += [Leg(ledger.wallet(recipient.id), case.points_each) for recipient in case.recipients]
        draft.expect(ledger.want(draft.organization_id, *(leg.place for leg in legs)))
        ledger.post(draft, TransferKind.RECOGNITION, legs, recognition_id=recognition.id)
    cases.count(draft, case.policy, grants, 1)
    version, _ = cases.policy_now(draft)
    draft.tell(
        "recognition.given",
        f"recognition:{recognition.id}",
        given_at=recognition.given_at,
        giver=told(case.giver),
        recipients=[told(recipient) for recipient in case.recipients],
        points_each=case.points_each,
        values=list(facts.hashtags),
        groups=[str(group_id) for group_id in facts.group_ids],
        visibility=visibility,
        origin=Origin.GIVEN,
        policy_version=version,
        message_digest=digest,
    )
    return recognition


def grant_all(draft: Draft, recognition_id: UUID, gift_id: UUID, case: rules.Case, *, is_boost: bool) -> list[Grant]:
    """Each recipient's share."""
    return [
        draft.add(
            Grant,
            gift_id=gift_id,
            recipient_id=recipient.id,
            recognition_id=recognition_id,
            giver_id=case.giver.id,
            points=case.points_each,
            is_boost=is_boost,
        )
        for recipient in case.recipients
    ]


def told(person: Person) -> dict[str, object]:
    """What an event says of a person: ids and numbers, with the groups of the day."""
    return {"id": str(person.id), "ordinal": person.ordinal, "groups": sorted(map(str, person.group_ids))}


@dataclass(frozen=True, slots=True)
class CheckGiving:
    """ "Why can, or can't, I give?" Only ever rehearsed: it runs what giving runs, and stops before writing."""

    actor: Actor
    wish: cases.Wish

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        return cases.needs(self.actor.organization_id, self.wish)

    def decide(self, draft: Draft) -> "GivingCheck":
        """Every rule's verdict."""
        sees_numbers = self.actor.may(Permission.POLICY_EDIT)
        facts = cases.gather(draft, self.wish, sees_numbers=sees_numbers)
        said = rules.verdicts(facts.case)
        return GivingCheck(
            allowed=all(verdict.allowed for verdict in said),
            total_cost=facts.case.cost,
            recipient_count=len(facts.case.recipients),
            remaining_after=facts.case.remaining - facts.case.cost,
            left_out=facts.left_out,
            verdicts=tuple(said),
        )


@dataclass(frozen=True, slots=True)
class GivingCheck:
    """The answer to whether one can give, and why."""

    allowed: bool
    total_cost: int
    recipient_count: int
    remaining_after: int
    """Points left after it; below zero when they do not suffice."""
    left_out: tuple[LeftOut, ...]
    verdicts: tuple[Verdict, ...]
