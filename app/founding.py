"""Founding an organization: its head, its program and its first owner, in one act."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from app import allowance, organization, recognition
from app.core.actor import Actor, Role
from app.db import Draft, Want


@dataclass(frozen=True, slots=True)
class FoundOrganization:
    """The actor is the house itself, in an organization whose id is new."""

    actor: Actor
    name: str
    time_zone: str
    owner_name: str
    owner_email: str
    currency: organization.Currency = field(default_factory=organization.Currency)
    period: allowance.Period = allowance.Period.MONTH
    base_points: int = 100

    def needs(self) -> Iterable[Want]:
        """Nothing is there yet."""
        return ()

    def decide(self, draft: Draft) -> UUID:
        """The first owner's member id."""
        organization.found(draft, self.name, self.time_zone, self.currency)
        allowance.found(draft, allowance.AllowancePolicy(self.period, self.base_points, self.time_zone))
        recognition.found(draft, recognition.GivingPolicy())
        command = organization.CreateMember(
            self.actor, self.owner_name, email=self.owner_email, status=organization.MemberStatus.ACTIVE
        )
        owner = organization.create_member(draft, command, Role.OWNER)
        allowance.current(draft, owner.id)
        return owner.id
