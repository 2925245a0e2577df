"""History brought in from elsewhere: recognitions as they were, judged by no rule, paid by issuance."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app import audit, ledger, organization
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal
from app.core.ids import new_id
from app.core.texts import clean, normalized
from app.db import Draft, Want, row
from app.ledger import POINTS_MAX, Leg, TransferKind
from app.organization import CompanyValue
from app.recognition import case as cases
from app.recognition.give import told
from app.recognition.models import Grant, Origin, Recognition, RecognitionValue, Visibility
from app.recognition.terms import MESSAGE_CHARS_MAX, RECIPIENTS_MAX

VERB = "importRecognition"
EXTERNAL_ID_CHARS_MAX = 200
GIVEN_AT_MIN = datetime(1970, 1, 1, tzinfo=UTC)
"""Ids cannot carry an earlier time."""


@dataclass(frozen=True, slots=True)
class ImportRecognition:
    """One recognition of another system's history. Its `external_id` makes it come in once, whoever brings it.

    Givers and recipients may have left since, and values may have been archived: it was so at that time."""

    actor: Actor
    external_id: str
    given_at: datetime
    giver_id: UUID
    recipient_ids: tuple[UUID, ...]
    points_each: int
    hashtags: tuple[str, ...]
    message: str
    content: bytes
    """What the other system says of it, for the receipt."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield audit.receipt_want(organization_id, None, VERB, self.external_id)
        yield from organization.authority_needs(self.actor)
        yield from organization.person_needs(organization_id, self.giver_id, *self.recipient_ids)
        yield from ledger.want(organization_id, ledger.issuance(organization_id), *map(ledger.wallet, self.recipient_ids))
        yield from (row(CompanyValue, organization_id, hashtag) for hashtag in self.hashtags)
        own_id = _own_id(self.external_id)
        if own_id is not None:
            yield row(Recognition, organization_id, own_id)

    def decide(self, draft: Draft) -> bool:
        """Whether it came in now; False when it was there already."""
        organization.require(draft, Permission.MEMBER_EDIT)
        if audit.recall(draft, VERB, self.external_id, self.content, shared=True) is not None:
            return False
        own_id = _own_id(self.external_id)
        if own_id is not None and draft.get(Recognition, own_id) is not None:
            return False  # it was given here: an export names it by its id
        said = (self.points_each, self.hashtags, self.message)
        check_history(draft.now, self.external_id, self.given_at, self.giver_id, self.recipient_ids, *said)
        recognition_id = self._write(draft)
        audit.remember(draft, VERB, self.external_id, self.content, recognition_id, shared=True)
        return True

    def _write(self, draft: Draft) -> UUID:
        giver = cases.person(draft, self.giver_id, "giver_email")
        recipients = cases.people_of(draft, self.recipient_ids, "recipient_emails")
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
        for hashtag in self.hashtags:
            if draft.get(CompanyValue, hashtag) is None:
                raise Refusal(Code.NOT_FOUND, f"there is no company value #{hashtag}", "value")
            draft.add(RecognitionValue, recognition_id=recognition.id, hashtag=hashtag)
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
            values=list(self.hashtags),
            groups=[],
            visibility=Visibility.PUBLIC,
            origin=Origin.IMPORT,
            policy_version=None,
            message_digest=digest,
        )
        return recognition.id


def check_history(
    now: datetime,
    external_id: str,
    given_at: datetime,
    giver: Hashable,
    recipients: Sequence[Hashable],
    points_each: int,
    hashtags: Sequence[str],
    message: str,
) -> None:
    """What history must be, whatever names its people: ids here, e-mail addresses in a file. Raises a Refusal that names the
    column."""
    if clean(external_id, "external_id", chars_max=EXTERNAL_ID_CHARS_MAX, chars_min=1) != external_id:
        raise Refusal(Code.INVALID_INPUT, "it begins or ends with blanks, or has several in a row", "external_id")
    if given_at > now:
        raise Refusal(Code.INVALID_INPUT, "it is in the future", "given_at")
    if given_at < GIVEN_AT_MIN:
        raise Refusal(Code.INVALID_INPUT, f"it is before {GIVEN_AT_MIN:%Y}", "given_at")
    if not recipients:
        raise Refusal(Code.NO_RECIPIENTS, "there is no recipient", "recipient_emails")
    if len(recipients) > RECIPIENTS_MAX:
        raise Refusal(Code.TOO_MANY_RECIPIENTS, f"there are more than {RECIPIENTS_MAX} recipients", "recipient_emails")
    if len(set(recipients)) < len(recipients):
        raise Refusal(Code.INVALID_INPUT, "the same recipient is named twice", "recipient_emails")
    if giver in recipients:
        raise Refusal(Code.SELF_RECOGNITION, "giver and recipient are the same person", "recipient_emails")
    if not 0 <= points_each <= POINTS_MAX:
        raise Refusal(Code.INVALID_POINTS, f"it is not between 0 and {POINTS_MAX}", "points")
    if len(set(hashtags)) < len(hashtags):
        raise Refusal(Code.INVALID_INPUT, "the same value is named twice", "value")
    if len(normalized(message, "message")) > MESSAGE_CHARS_MAX:
        raise Refusal(Code.MESSAGE_TOO_LONG, f"it has more than {MESSAGE_CHARS_MAX} characters", "message")


def _own_id(external_id: str) -> UUID | None:
    try:
        return UUID(external_id)
    except ValueError:
        return None
