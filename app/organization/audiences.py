"""Audiences: sets of members named by everyone, groups and persons; rules and rewards are meant for one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from app.core.errors import Code, Refusal, not_found
from app.db import Draft, Want, row
from app.organization.models import Group, Member


@dataclass(frozen=True, slots=True)
class Audience:
    """The union of everyone, some groups and some members."""

    everyone: bool = False
    group_ids: frozenset[UUID] = frozenset()
    member_ids: frozenset[UUID] = frozenset()

    def includes(self, member_id: UUID, group_ids: frozenset[UUID]) -> bool:
        """Whether a member, who is in these groups now, belongs."""
        return self.everyone or member_id in self.member_ids or not self.group_ids.isdisjoint(group_ids)

    @property
    def is_empty(self) -> bool:
        """Whether it names nobody."""
        return not (self.everyone or self.group_ids or self.member_ids)

    def document(self) -> dict[str, Any]:
        """As JSON, sorted, so that the same audience is the same bytes."""
        return {
            "everyone": self.everyone,
            "groups": sorted(map(str, self.group_ids)),
            "members": sorted(map(str, self.member_ids)),
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """From `document()`."""
        return cls(document["everyone"], frozenset(map(UUID, document["groups"])), frozenset(map(UUID, document["members"])))


EVERYONE = Audience(everyone=True)


def needs(organization_id: UUID, audiences: Iterable[Audience]) -> Iterable[Want]:
    """What `check` will ask for."""
    for audience in audiences:
        yield from (row(Group, organization_id, id_) for id_ in audience.group_ids)
        yield from (row(Member, organization_id, id_) for id_ in audience.member_ids)


def check(draft: Draft, audience: Audience, *field: str) -> None:
    """Refuses an audience that names nobody (INVALID_INPUT), or someone who does not exist here (NOT_FOUND)."""
    if audience.is_empty:
        raise Refusal(Code.INVALID_INPUT, "An audience names everyone, at least one group, or at least one member.", *field)
    for group_id in audience.group_ids:
        if draft.get(Group, group_id) is None:
            raise not_found(*field, "groupIds")
    for member_id in audience.member_ids:
        if draft.get(Member, member_id) is None:
            raise not_found(*field, "memberIds")
