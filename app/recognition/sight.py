"""Sight: who sees a recognition, and its message."""

from collections.abc import Collection, Iterable
from uuid import UUID

from app.core.actor import Role
from app.core.errors import not_found
from app.db import Draft, Want, row, rows
from app.organization import acting_role
from app.recognition.models import Grant, Recognition, Visibility


def needs(organization_id: UUID, recognition_id: UUID) -> Iterable[Want]:
    """What `seen` will ask for."""
    yield row(Recognition, organization_id, recognition_id)
    yield rows(Grant, organization_id, recognition_id=recognition_id)


def seen(draft: Draft, recognition_id: UUID, *field: str) -> Recognition:
    """The recognition, if the actor sees it. Raises NOT_FOUND otherwise, as for one that is not there."""
    recognition = draft.get(Recognition, recognition_id)
    if recognition is None:
        raise not_found(*field)
    recipients = {grant.recipient_id for grant in grants(draft, recognition_id)}
    if not may_see(recognition, recipients, draft.actor.member_id, acting_role(draft)):
        raise not_found(*field)
    return recognition


def may_see(recognition: Recognition, recipient_ids: Collection[UUID | None], viewer_id: UUID | None, role: Role) -> bool:
    """Public ones are for all. Private and revoked ones are for giver, recipients, admins and auditors."""
    if recognition.visibility is Visibility.PUBLIC and recognition.revoked_at is None:
        return True
    return role is not Role.MEMBER or viewer_id == recognition.giver_id or viewer_id in recipient_ids


def may_read_message(recognition: Recognition, viewer_id: UUID | None, role: Role) -> bool:
    """A revoked or hidden message is for the giver, admins and auditors only."""
    if recognition.revoked_at is None and recognition.hidden_at is None:
        return True
    return role is not Role.MEMBER or viewer_id == recognition.giver_id


def grants(draft: Draft, recognition_id: UUID, *, boosts: bool = False) -> list[Grant]:
    """Shares of the recognition itself, or with `boosts` also those of its boosts; revoked ones too."""
    return [grant for grant in draft.list(Grant, recognition_id=recognition_id) if boosts or not grant.is_boost]
