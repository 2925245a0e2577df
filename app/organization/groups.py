"""Groups: people who belong together."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal, not_found
from app.core.texts import clean
from app.db import Draft, Want, row, rows
from app.organization import authority
from app.organization.members import found
from app.organization.models import Group, Member, Membership

NAME_CHARS_MAX = 100
KIND_CHARS_MAX = 40


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """Makes a group, with people in it if wanted."""

    actor: Actor
    name: str
    kind: str
    member_ids: tuple[UUID, ...] = ()

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)

    def decide(self, draft: Draft) -> UUID:
        """The group's id."""
        authority.require(draft, Permission.MEMBER_EDIT)
        group = create(draft, self.name, self.kind)
        added = _add(draft, group, self.member_ids, "memberIds")
        draft.tell("group.created", f"group:{group.id}", joined=added)
        return group.id


@dataclass(frozen=True, slots=True)
class UpdateGroup:
    """Renames a group, or changes who is in it."""

    actor: Actor
    group_id: UUID
    name: str | None = None
    kind: str | None = None
    add_member_ids: tuple[UUID, ...] = ()
    remove_member_ids: tuple[UUID, ...] = ()

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Group, self.actor.organization_id, self.group_id)
        yield rows(Membership, self.actor.organization_id, group_id=self.group_id)

    def decide(self, draft: Draft) -> UUID:
        """The group's id."""
        authority.require(draft, Permission.MEMBER_EDIT)
        group = draft.get(Group, self.group_id)
        if group is None:
            raise not_found("groupId")
        name = group.name if self.name is None else self.name
        kind = group.kind if self.kind is None else self.kind
        called = checked(draft, name, kind, group.id)
        renamed = called != (group.name, group.kind)
        if renamed:
            group = draft.change(group, name=called[0], kind=called[1])
        added = _add(draft, group, self.add_member_ids, "addMemberIds")
        removed = _remove(draft, group, self.remove_member_ids)
        if added or removed or renamed:
            draft.tell("group.updated", f"group:{group.id}", joined=added, left=removed, renamed=renamed)
        return group.id


def create(draft: Draft, name: str, kind: str) -> Group:
    """The group, empty. Who may do this was asked before."""
    name, kind = checked(draft, name, kind, None)
    return draft.add(Group, id=draft.new_id(), kind=kind, name=name)


def checked(draft: Draft, name: str, kind: str, group_id: UUID | None) -> tuple[str, str]:
    """Name and kind, free in the organization but for `group_id`. Raises INVALID_INPUT."""
    name = clean(name, "name", chars_max=NAME_CHARS_MAX, chars_min=1)
    kind = clean(kind, "kind", chars_max=KIND_CHARS_MAX, chars_min=1).lower()
    if any(other.id != group_id for other in draft.list(Group, kind=kind, name=name)):
        raise Refusal(Code.INVALID_INPUT, f"There is a {kind} with this name already.", "name")
    return name, kind


def _add(draft: Draft, group: Group, member_ids: Iterable[UUID], field: str) -> list[str]:
    here = {membership.member_id for membership in draft.list(Membership, group_id=group.id)}
    added = []
    for member_id in _people(draft, member_ids, field):
        if member_id not in here:
            draft.add(Membership, group_id=group.id, member_id=member_id, since=draft.now)
            added.append(str(member_id))
    return added


def _remove(draft: Draft, group: Group, member_ids: Iterable[UUID]) -> list[str]:
    here = {membership.member_id: membership for membership in draft.list(Membership, group_id=group.id)}
    removed = []
    for member_id in _people(draft, member_ids, "removeMemberIds"):
        if member_id in here:
            draft.remove(here[member_id])
            removed.append(str(member_id))
    return removed


def _people(draft: Draft, member_ids: Iterable[UUID], field: str) -> list[UUID]:
    """The members, each once, all of whom exist here."""
    people = list(dict.fromkeys(member_ids))
    draft.expect(row(Member, draft.organization_id, member_id) for member_id in people)
    for member_id in people:
        found(draft, member_id, field)
    return people
