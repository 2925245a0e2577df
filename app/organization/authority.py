"""Authority: whether the actor may do this, judged again under the lock with the role of this moment."""

from collections.abc import Iterable
from uuid import UUID

from app.core.actor import PERMISSIONS, Actor, Permission, Role
from app.core.errors import Code, Forbidden, Refusal, Unauthenticated
from app.db import Draft, Want, row, rows
from app.organization.models import Member, MemberStatus


def needs(actor: Actor) -> Iterable[Want]:
    """What `require` will ask for."""
    if actor.member_id is not None:
        yield row(Member, actor.organization_id, actor.member_id)


def acting_role(draft: Draft) -> Role:
    """The actor's role now. Raises Unauthenticated when the member has left since the request came in."""
    if draft.actor.member_id is None:
        return draft.actor.role
    member = draft.get(Member, draft.actor.member_id)
    if member is None or member.status is MemberStatus.DEACTIVATED:
        raise Unauthenticated("This member has been deactivated.")
    return member.role


def require(draft: Draft, permission: Permission) -> None:
    """Raises Forbidden unless the actor's role carries this right now."""
    if permission not in PERMISSIONS[acting_role(draft)]:
        raise Forbidden(f"Your role does not carry the right {permission}. Ask an owner of your organization.")


def require_over(draft: Draft, member: Member) -> None:
    """An owner's account is changed by owners only, else an admin could become one by way of it."""
    if member.role is Role.OWNER and acting_role(draft) is not Role.OWNER:
        raise Refusal(Code.FORBIDDEN, "Only an owner may change this for an owner.", "memberId")


def other_owner_needs(organization_id: UUID) -> Want:
    """What `keep_an_owner` will ask for."""
    return rows(Member, organization_id, role=Role.OWNER)


def keep_an_owner(draft: Draft, leaving: Member) -> None:
    """Raises LAST_OWNER when nobody else who is active would be owner."""
    if leaving.role is not Role.OWNER:
        return
    owners = draft.list(Member, role=Role.OWNER)
    if not any(owner.id != leaving.id and owner.status is MemberStatus.ACTIVE for owner in owners):
        raise Refusal(Code.LAST_OWNER, "This is the last owner. Make someone else an owner first.", "memberId")
