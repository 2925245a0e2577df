"""Setting the allowance policy, topping up, and what follows for allowances when a person or the organization changes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from app import audit, ledger, organization
from app.allowance import rules
from app.allowance.calendar import bounds
from app.allowance.issue import add_to, current, expect, needs, period, settle, versions
from app.allowance.models import AllowancePolicyVersion
from app.allowance.rules import AllowancePolicy
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal, not_found
from app.db import Draft, Want, row, rows
from app.ledger import POINTS_MAX, Leg, TransferKind
from app.organization import GIVING_MODES, Group, Member, Membership, MemberStatus

TOP_UP_MEMBERS_MAX = 500


@dataclass(frozen=True, slots=True)
class SetAllowancePolicy:
    """A new version. It counts from the end of the current period; with `apply_now` it also raises allowances at once."""

    actor: Actor
    version: int
    """The newest version that the admin knew; VERSION_CONFLICT otherwise."""
    policy: AllowancePolicy
    """Its time zone is not looked at: the organization's counts."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(organization.Organization, self.actor.organization_id)
        yield rows(AllowancePolicyVersion, self.actor.organization_id)
        yield from organization.audience_needs(self.actor.organization_id, (rule.audience for rule in self.policy.rules))

    def decide(self, draft: Draft) -> int:
        """The new version's number."""
        organization.require(draft, Permission.POLICY_EDIT)
        newest = versions(draft)[-1].number
        if self.version != newest:
            raise Refusal(Code.VERSION_CONFLICT, f"The policy has changed to version {newest}. Read it again first.", "version")
        _check(draft, self.policy)
        return _set(draft, replace(self.policy, time_zone=organization.here(draft).time_zone))


def found(draft: Draft, policy: AllowancePolicy) -> None:
    """The first version, in force from the beginning."""
    draft.add(
        AllowancePolicyVersion,
        version=1,
        set_at=draft.now,
        effective_from=bounds(policy.period, draft.now, ZoneInfo(policy.time_zone))[0],
        document=orjson.dumps(policy.document()),
    )
    draft.tell("allowance.policy_set", "allowance_policy:1", version=1, **policy.document())


def _set(draft: Draft, policy: AllowancePolicy) -> int:
    number = versions(draft)[-1].number + 1
    ends = period(draft).end
    draft.add(
        AllowancePolicyVersion, version=number, set_at=draft.now, effective_from=ends, document=orjson.dumps(policy.document())
    )
    draft.tell("allowance.policy_set", f"allowance_policy:{number}", version=number, effective_from=ends, **policy.document())
    return number


def _check(draft: Draft, policy: AllowancePolicy) -> None:
    for name, points in (("basePoints", policy.base_points), ("rollover", policy.rollover)):
        if not 0 <= points <= POINTS_MAX:
            raise Refusal(Code.INVALID_POINTS, f"Between 0 and {POINTS_MAX} points, please.", name)
    if len(policy.rules) > rules.RULES_MAX:
        raise Refusal(Code.INVALID_INPUT, f"At most {rules.RULES_MAX} rules, please.", "rules")
    for number, rule in enumerate(policy.rules):
        if not 0 <= rule.points <= POINTS_MAX:
            raise Refusal(Code.INVALID_POINTS, f"Between 0 and {POINTS_MAX} points, please.", "rules", str(number), "points")
        organization.check_audience(draft, rule.audience, "rules", str(number), "audience")


@dataclass(frozen=True, slots=True)
class TopUpAllowance:
    """Adds points to give to members now, for a reason. Named in person, each must be able to give; who cannot is left out of
    a group."""

    actor: Actor
    member_ids: tuple[UUID, ...]
    group_ids: tuple[UUID, ...]
    points: int
    reason: str
    idempotency_key: str
    content: bytes
    """The input as the client sent it."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield audit.receipt_want(self.actor.organization_id, self.actor.member_id, "topUpAllowance", self.idempotency_key)
        for group_id in self.group_ids:
            yield rows(Membership, self.actor.organization_id, group_id=group_id)
        for member_id in self.member_ids:
            yield from needs(self.actor.organization_id, member_id)

    def decide(self, draft: Draft) -> tuple[tuple[UUID, ...], bool]:
        """The members topped up, and whether this was a replay (then nobody is named)."""
        organization.require(draft, Permission.POLICY_EDIT)
        if audit.recall(draft, "topUpAllowance", self.idempotency_key, self.content) is not None:
            return (), True
        if not 1 <= self.points <= POINTS_MAX:
            raise Refusal(Code.INVALID_POINTS, f"Between 1 and {POINTS_MAX} points, please.", "points")
        reason = audit.remark(draft, self.reason, needed=True)
        members = self._members(draft)
        expect(draft, (member.id for member in members))
        for member in members:
            current(draft, member.id)
            legs = [Leg(ledger.issuance(draft.organization_id), -self.points), Leg(ledger.allowance(member.id), self.points)]
            transfer = ledger.post(draft, TransferKind.ALLOWANCE_TOP_UP, legs, remark_id=reason["reason"])
            add_to(draft, member.id, self.points, f"+{self.points} topped up by an admin")
            draft.tell("allowance.topped_up", f"member:{member.id}", points=self.points, transfer=transfer.id, **reason)
        audit.remember(draft, "topUpAllowance", self.idempotency_key, self.content, members[0].id)
        return tuple(member.id for member in members), False

    def _members(self, draft: Draft) -> list[Member]:
        organization_id = draft.organization_id
        draft.expect(row(Member, organization_id, id_) for id_ in self.member_ids)
        draft.expect(row(Group, organization_id, id_) for id_ in self.group_ids)
        draft.expect(rows(Membership, organization_id, group_id=id_) for id_ in self.group_ids)
        members = {id_: organization.member_found(draft, id_, "memberIds") for id_ in self.member_ids}
        for member in members.values():
            if not _gives(member):
                raise Refusal(Code.GIVER_NOT_ALLOWED, "This member may not give, so points to give are of no use.", "memberIds")
        for group_id in self.group_ids:
            if draft.get(Group, group_id) is None:
                raise not_found("groupIds")
            memberships = draft.list(Membership, group_id=group_id)
            draft.expect(row(Member, organization_id, membership.member_id) for membership in memberships)
            for membership in memberships:
                member = organization.member_found(draft, membership.member_id)
                if _gives(member):
                    members.setdefault(member.id, member)
        if not members:
            raise Refusal(
                Code.NO_RECIPIENTS, "Nobody here can give. Name members, or a group with someone in it who gives.", "memberIds"
            )
        if len(members) > TOP_UP_MEMBERS_MAX:
            raise Refusal(
                Code.TOO_MANY_RECIPIENTS, f"At most {TOP_UP_MEMBERS_MAX} members at once; these are {len(members)}.", "groupIds"
            )
        return list(members.values())


def _gives(member: Member) -> bool:
    return member.status is MemberStatus.ACTIVE and member.mode in GIVING_MODES


class Changes(Protocol):
    """An act that changes a member or the organization, and answers with the id of what it changed."""

    @property
    def actor(self) -> Actor:
        """Who acts."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""

    def decide(self, draft: Draft) -> UUID:
        """The id of the member or organization."""


@runtime_checkable
class _OfMember(Protocol):
    """A change of a member who was there before."""

    @property
    def member_id(self) -> UUID | None:
        """Whom it changes."""


@dataclass(frozen=True, slots=True)
class Followed:
    """An act with what follows from it for allowances, in one batch: a member who may now give is issued the full amount at once,
    and a new time zone makes a new version of the policy."""

    change: Changes

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.change.actor

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from self.change.needs()
        yield rows(AllowancePolicyVersion, self.actor.organization_id)
        if self._member_id is not None:
            yield from needs(self.actor.organization_id, self._member_id)

    def decide(self, draft: Draft) -> UUID:
        """The id that the change answers with."""
        if self._member_id is not None and draft.get(Member, self._member_id) is not None:
            settle(draft, self._member_id)
        changed = self.change.decide(draft)
        if changed != draft.organization_id:
            current(draft, changed)
            return changed
        zone = organization.here(draft).time_zone
        newest = versions(draft)[-1].policy
        if newest.time_zone != zone:
            _set(draft, replace(newest, time_zone=zone, apply_now=False))
        return changed

    @property
    def _member_id(self) -> UUID | None:
        return self.change.member_id if isinstance(self.change, _OfMember) else None
