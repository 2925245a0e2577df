"""People: who is known, with what role and mode, and who has left."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app import audit
from app.core.actor import Actor, Permission, Role
from app.core.errors import Code, Refusal, not_found
from app.core.texts import clean
from app.db import Draft, Want, row, rows
from app.organization import authority
from app.organization.managers import checked_manager
from app.organization.models import Group, Member, Membership, MemberStatus, Organization, ParticipationMode

NAME_CHARS_MAX = 200
EMAIL_CHARS_MAX = 320
URL_CHARS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class CreateMember:
    """Makes a person known. INVITED until seen, unless it is said to be ACTIVE."""

    actor: Actor
    display_name: str
    email: str | None = None
    avatar_url: str | None = None
    job_title: str | None = None
    manager_id: UUID | None = None
    group_ids: tuple[UUID, ...] = ()
    mode: ParticipationMode = ParticipationMode.NORMAL
    status: MemberStatus = MemberStatus.INVITED
    joined_at: datetime | None = None
    """When the person came, for history that is brought in; None: now. Never in the future."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Organization, self.actor.organization_id)

    def decide(self, draft: Draft) -> UUID:
        """The new member's id."""
        authority.require(draft, Permission.MEMBER_EDIT)
        return create(draft, self).id


def create(draft: Draft, command: CreateMember, role: Role = Role.MEMBER) -> Member:
    """The person, with the next ordinal. Who may do this was asked before."""
    organization = draft.get(Organization)
    assert organization is not None, "an organization is founded before its members"
    if command.status is MemberStatus.DEACTIVATED:
        raise Refusal(Code.INVALID_INPUT, "A new member is INVITED or ACTIVE.", "status")
    joined_at = command.joined_at or draft.now
    if joined_at > draft.now:
        raise Refusal(Code.INVALID_INPUT, "Nobody joins in the future.", "joinedAt")
    name = checked_name(command.display_name)
    member = draft.add(
        Member,
        id=draft.new_id(),
        ordinal=organization.members_ever + 1,
        display_name=name,
        name_key=name.casefold(),
        role=role,
        status=command.status,
        mode=command.mode,
        joined_at=joined_at,
        email=checked_email(draft, command.email, None),
        avatar_url=checked_url(command.avatar_url),
        job_title=_optional(command.job_title, "jobTitle"),
        manager_id=checked_manager(draft, command.manager_id, None),
        seen_at=draft.now if command.status is MemberStatus.ACTIVE else None,
    )
    draft.change(organization, members_ever=member.ordinal)
    _join(draft, member, dict.fromkeys(command.group_ids))
    draft.tell(
        "member.created",
        f"member:{member.id}",
        ordinal=member.ordinal,
        role=member.role,
        status=member.status,
        mode=member.mode,
        joined_at=member.joined_at,
        manager=member.manager_id,
        groups=sorted(map(str, set(command.group_ids))),
    )
    return member


class Keep:
    """Says that a field is left as it is; None empties it."""


KEEP = Keep()


@dataclass(frozen=True, slots=True)
class UpdateMember:
    """Changes what is known of a person. Fields left at KEEP stay as they are."""

    actor: Actor
    member_id: UUID
    display_name: str | Keep = KEEP
    email: str | Keep | None = KEEP
    avatar_url: str | Keep | None = KEEP
    job_title: str | Keep | None = KEEP
    manager_id: UUID | Keep | None = KEEP
    group_ids: tuple[UUID, ...] | Keep = KEEP

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Member, self.actor.organization_id, self.member_id)

    def decide(self, draft: Draft) -> UUID:
        """The member's id."""
        authority.require(draft, Permission.MEMBER_EDIT)
        member = found(draft, self.member_id)
        values: dict[str, object] = {}
        if not isinstance(self.display_name, Keep):
            name = checked_name(self.display_name)
            values |= {"display_name": name, "name_key": name.casefold()}
        if not isinstance(self.email, Keep):
            authority.require_over(draft, member)
            values["email"] = checked_email(draft, self.email, member.id)
        if not isinstance(self.avatar_url, Keep):
            values["avatar_url"] = checked_url(self.avatar_url)
        if not isinstance(self.job_title, Keep):
            values["job_title"] = _optional(self.job_title, "jobTitle")
        if not isinstance(self.manager_id, Keep):
            values["manager_id"] = checked_manager(draft, self.manager_id, member.id)
        changed = sorted(name for name, value in values.items() if getattr(member, name) != value)
        if changed:
            member = draft.change(member, **values)
        groups = None if isinstance(self.group_ids, Keep) else _set_groups(draft, member, frozenset(self.group_ids))
        if changed or groups:
            body = {"changed": changed, "manager": member.manager_id, **(groups or {})}
            draft.tell("member.updated", f"member:{member.id}", **body)
        return member.id


@dataclass(frozen=True, slots=True)
class SetParticipationMode:
    """Decides whether a member gives and receives. Counts from the next act."""

    actor: Actor
    member_id: UUID
    mode: ParticipationMode

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Member, self.actor.organization_id, self.member_id)

    def decide(self, draft: Draft) -> UUID:
        """The member's id."""
        authority.require(draft, Permission.MEMBER_EDIT)
        member = found(draft, self.member_id)
        if member.mode is not self.mode:
            draft.change(member, mode=self.mode)
            draft.tell("member.mode_changed", f"member:{member.id}", before=member.mode, after=self.mode)
        return member.id


@dataclass(frozen=True, slots=True)
class SetMemberRole:
    """Decides what a member may administer. For owners only; the last owner stays."""

    actor: Actor
    member_id: UUID
    role: Role

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Member, self.actor.organization_id, self.member_id)
        yield authority.other_owner_needs(self.actor.organization_id)

    def decide(self, draft: Draft) -> UUID:
        """The member's id."""
        authority.require(draft, Permission.TOKEN_EDIT)
        member = found(draft, self.member_id)
        if member.role is not self.role:
            authority.keep_an_owner(draft, member)
            draft.change(member, role=self.role)
            draft.tell("member.role_changed", f"member:{member.id}", before=member.role, after=self.role)
        return member.id


@dataclass(frozen=True, slots=True)
class DeactivateMember:
    """Ends a member's part at once. Wallet and history stay as they are; the reason is kept for the audit trail."""

    actor: Actor
    member_id: UUID
    reason: str | None = None

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Member, self.actor.organization_id, self.member_id)
        yield authority.other_owner_needs(self.actor.organization_id)

    def decide(self, draft: Draft) -> UUID:
        """The member's id."""
        authority.require(draft, Permission.MEMBER_EDIT)
        member = found(draft, self.member_id)
        authority.require_over(draft, member)
        if member.status is not MemberStatus.DEACTIVATED:
            authority.keep_an_owner(draft, member)
            draft.change(member, status=MemberStatus.DEACTIVATED, deactivated_at=draft.now)
            draft.tell("member.deactivated", f"member:{member.id}", before=member.status, **audit.remark(draft, self.reason))
        return member.id


@dataclass(frozen=True, slots=True)
class ReactivateMember:
    """Brings a member back as it was."""

    actor: Actor
    member_id: UUID

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Member, self.actor.organization_id, self.member_id)

    def decide(self, draft: Draft) -> UUID:
        """The member's id."""
        authority.require(draft, Permission.MEMBER_EDIT)
        member = found(draft, self.member_id)
        authority.require_over(draft, member)
        if member.status is MemberStatus.DEACTIVATED:
            status = MemberStatus.INVITED if member.seen_at is None else MemberStatus.ACTIVE
            draft.change(member, status=status, deactivated_at=None)
            draft.tell("member.reactivated", f"member:{member.id}", after=status)
        return member.id


@dataclass(frozen=True, slots=True)
class WelcomeMember:
    """An invited person is seen for the first time, and is active from then on."""

    actor: Actor

    @property
    def member_id(self) -> UUID | None:
        """Who is welcome."""
        return self.actor.member_id

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)

    def decide(self, draft: Draft) -> UUID:
        """The member's id."""
        assert self.actor.member_id is not None
        member = found(draft, self.actor.member_id)
        if member.status is MemberStatus.INVITED:
            draft.change(member, status=MemberStatus.ACTIVE, seen_at=draft.now)
            draft.tell("member.welcomed", f"member:{member.id}")
        return member.id


def found(draft: Draft, member_id: UUID, *field: str) -> Member:
    """The member. Raises NOT_FOUND."""
    member = draft.get(Member, member_id)
    if member is None:
        raise not_found(*(field or ("memberId",)))
    return member


def group_ids(draft: Draft, member_id: UUID) -> frozenset[UUID]:
    """The groups a member is in now."""
    return frozenset(membership.group_id for membership in draft.list(Membership, member_id=member_id))


def person_needs(organization_id: UUID, *member_ids: UUID) -> Iterable[Want]:
    """What it takes to know these people and their groups."""
    for member_id in member_ids:
        yield row(Member, organization_id, member_id)
        yield rows(Membership, organization_id, member_id=member_id)


def checked_name(name: str) -> str:
    """A display name. Raises INVALID_INPUT."""
    return clean(name, "displayName", chars_max=NAME_CHARS_MAX, chars_min=1)


def checked_email(draft: Draft, email: str | None, member_id: UUID | None) -> str | None:
    """The address in lower case, free in the organization but for `member_id`. Raises INVALID_INPUT."""
    if email is None:
        return None
    address = plain_email(email)
    if any(other.id != member_id for other in draft.list(Member, email=address)):
        raise Refusal(Code.INVALID_INPUT, "Another member has this e-mail address.", "email")
    return address


def plain_email(email: str) -> str:
    """The address in lower case. Raises INVALID_INPUT when it cannot be one."""
    address = clean(email, "email", chars_max=EMAIL_CHARS_MAX, chars_min=3).lower()
    name, at, host = address.rpartition("@")
    if not name or not at or not host or " " in address:
        raise Refusal(Code.INVALID_INPUT, "This is not an e-mail address; one looks like ana@example.com.", "email")
    return address


def checked_url(url: str | None) -> str | None:
    """An address of a picture. Raises INVALID_INPUT unless it is https."""
    if url is None:
        return None
    address = clean(url, "avatarUrl", chars_max=URL_CHARS_MAX, chars_min=1)
    if not address.startswith("https://"):
        raise Refusal(Code.INVALID_INPUT, "The address of a picture begins with https://.", "avatarUrl")
    return address


def _optional(text: str | None, field: str) -> str | None:
    return clean(text, field, chars_max=NAME_CHARS_MAX) or None if text is not None else None


def _set_groups(draft: Draft, member: Member, wanted: frozenset[UUID]) -> dict[str, list[str]]:
    here = {membership.group_id: membership for membership in draft.list(Membership, member_id=member.id)}
    _join(draft, member, wanted - here.keys())
    for group_id in here.keys() - wanted:
        draft.remove(here[group_id])
    joined, left = sorted(map(str, wanted - here.keys())), sorted(map(str, here.keys() - wanted))
    return {"joined": joined, "left": left} if joined or left else {}


def _join(draft: Draft, member: Member, group_ids: Collection[UUID]) -> None:
    draft.expect(row(Group, draft.organization_id, group_id) for group_id in group_ids)
    for group_id in group_ids:
        if draft.get(Group, group_id) is None:
            raise not_found("groupIds")
        draft.add(Membership, group_id=group_id, member_id=member.id, since=draft.now)
