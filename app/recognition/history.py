"""History brought in from elsewhere: recognitions as they were, judged by no rule, paid by issuance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app import audit, ledger, organization
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal
from app.core.ids import new_id
from app.core.texts import normalized
from app.db import Draft, Want, row
from app.ledger import POINTS_MAX, Leg, TransferKind
from app.organization import CompanyValue
from app.recognition import case as cases
from app.recognition.give import told
from app.recognition.models import Grant, Origin, Recognition, RecognitionValue, Visibility
from app.recognition.rules import MESSAGE_CHARS_MAX, RECIPIENTS_MAX

VERB = "importRecognition"


@dataclass(frozen=True, slots=True)
class ImportRecognition:
    """One recognition of another system's history. Its `external_id` makes it come in once."""

    actor: Actor
    external_id: str
    given_at: datetime
    giver_id: UUID
    recipient_ids: tuple[UUID, ...]
    points_each: int
    hashtag: str | None
    message: str
    content: bytes
    """The row as it stood in the file, for the receipt."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield audit.receipt_want(organization_id, self.actor.member_id, VERB, self.external_id)
        yield from organization.authority_needs(self.actor)
        yield from organization.person_needs(organization_id, self.giver_id, *self.recipient_ids)
        places = (ledger.issuance(organization_id), *map(ledger.wallet, self.recipient_ids))
        yield from ledger.want(organization_id, *places)
        if self.hashtag is not None:
            yield row(CompanyValue, organization_id, self.hashtag)

    def decide(self, draft: Draft) -> bool:
        """Whether it came in now; False when it was there already."""
        organization.require(draft, Permission.MEMBER_EDIT)
        if audit.recall(draft, VERB, self.external_id, self.content) is not None:
            return False
        self._check(draft)
        giver = cases.person(draft, self.giver_id)
        recipients = cases.people_of(draft, self.recipient_ids)
        message = normalized(self.message, "message")
        salt, digest = audit.salted(message)
        recognition = draft.add(
            Recognition,
            id=new_id(self.given_at),
            giver_id=giver.id,
            points_each=self.points_each,
            recipient_count=len(recipients),
            message=message,
            message_salt=salt,
            visibility=Visibility.PUBLIC,
            origin=Origin.IMPORT,
            given_at=self.given_at,
        )
        if self.hashtag is not None:
            draft.add(RecognitionValue, recognition_id=recognition.id, hashtag=self.hashtag)
        for recipient in recipients:
            draft.add(
                Grant,
                gift_id=recognition.id,
                recipient_id=recipient.id,
                recognition_id=recognition.id,
                giver_id=giver.id,
                points=self.points_each,
                is_boost=False,
            )
        if self.points_each:
            legs = [Leg(ledger.issuance(draft.organization_id), -self.points_each * len(recipients))]
            legs += [Leg(ledger.wallet(recipient.id), self.points_each) for recipient in recipients]
            ledger.post(draft, TransferKind.IMPORT, legs, recognition_id=recognition.id)
        draft.tell(
            "recognition.given",
            f"recognition:{recognition.id}",
            given_at=self.given_at,
            giver=told(giver),
            recipients=[told(recipient) for recipient in recipients],
            points_each=self.points_each,
            values=[self.hashtag] if self.hashtag is not None else [],
            groups=[],
            visibility=Visibility.PUBLIC,
            origin=Origin.IMPORT,
            policy_version=None,
            message_digest=digest,
        )
        audit.remember(draft, VERB, self.external_id, self.content, recognition.id)
        return True

    def _check(self, draft: Draft) -> None:
        if not self.recipient_ids:
            raise Refusal(Code.NO_RECIPIENTS, "no recipient", "recipient_emails")
        if len(self.recipient_ids) > RECIPIENTS_MAX:
            raise Refusal(Code.TOO_MANY_RECIPIENTS, f"more than {RECIPIENTS_MAX} recipients", "recipient_emails")
        if self.giver_id in self.recipient_ids:
            raise Refusal(Code.SELF_RECOGNITION, "giver and recipient are the same person", "recipient_emails")
        if not 0 <= self.points_each <= POINTS_MAX:
            raise Refusal(Code.INVALID_POINTS, f"points are not between 0 and {POINTS_MAX}", "points")
        if self.given_at > draft.now:
            raise Refusal(Code.INVALID_INPUT, "given_at is in the future", "given_at")
        if len(self.message) > MESSAGE_CHARS_MAX:
            raise Refusal(Code.MESSAGE_TOO_LONG, f"the message has more than {MESSAGE_CHARS_MAX} characters", "message")
