"""Issuing: the first act that touches a member in a period posts what is due; reads rehearse the same and write nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from app import ledger, organization
from app.allowance import rules
from app.allowance.models import AllowancePolicyVersion, AllowanceStanding
from app.allowance.rules import Person, Span, Standing, StepKind, Version
from app.core.actor import Actor
from app.db import Draft, Want, row, rows
from app.ledger import Leg, TransferKind
from app.organization import Member, MemberStatus


def needs(organization_id: UUID, member_id: UUID) -> Iterable[Want]:
    """What `current` will ask for."""
    yield rows(AllowancePolicyVersion, organization_id)
    yield row(AllowanceStanding, organization_id, member_id)
    yield row(Member, organization_id, member_id)
    yield from ledger.want(organization_id, ledger.allowance(member_id))


def expect(draft: Draft, member_ids: Iterable[UUID]) -> None:
    """Says whose standing will be asked for, so that many take no more rounds than one."""
    member_ids = list(member_ids)
    draft.expect(want for member_id in member_ids for want in needs(draft.organization_id, member_id))
    draft.expect(want for member_id in member_ids for want in organization.person_needs(draft.organization_id, member_id))
    if _counts_reports(versions(draft)):
        draft.expect(rows(Member, draft.organization_id, manager_id=member_id) for member_id in member_ids)


def versions(draft: Draft) -> list[Version]:
    """Every version of the policy, in the order of their numbers."""
    return [
        Version(version.version, version.set_at, version.effective_from, rules.parse(version.document))
        for version in draft.list(AllowancePolicyVersion)
    ]


def period(draft: Draft) -> Span:
    """The organization's allowance period at this moment."""
    return rules.span_at(versions(draft), draft.now)


def current(draft: Draft, member_id: UUID) -> AllowanceStanding:
    """The member's standing in the period of this moment, with everything that was due posted."""
    member = organization.member_found(draft, member_id)
    row = draft.get(AllowanceStanding, member_id)
    known = versions(draft)
    if row is not None and row.period_end > draft.now and row.policy_version >= known[-1].number:
        may_give = member.status is MemberStatus.ACTIVE and member.mode in organization.GIVING_MODES
        if row.issued or not may_give:
            return row
    return _brought(draft, member, row, known, draft.now)


def _brought(
    draft: Draft, member: Member, row: AllowanceStanding | None, known: list[Version], moment: datetime
) -> AllowanceStanding:
    balance = ledger.balance(draft, ledger.allowance(member.id))
    state = rules.due(_standing(row), balance, known, person_facts(draft, member, known), moment)
    for step in state.steps:
        _post(draft, member.id, step)
    return _kept(draft, member.id, row, state.standing)


def settle(draft: Draft, member_id: UUID) -> None:
    """Posts what is due for the periods that went by, before a change of the member: it is not to reach back into them."""
    row = draft.get(AllowanceStanding, member_id)
    known = versions(draft)
    began = rules.span_at(known, draft.now).start
    if row is not None and row.period_end < began:
        _brought(draft, organization.member_found(draft, member_id), row, known, began - timedelta(microseconds=1))


def next_points(draft: Draft, member_id: UUID) -> int:
    """Points that the member will have to give when the next period begins, if none is given before."""
    standing = current(draft, member_id)
    known = versions(draft)
    person = person_facts(draft, organization.member_found(draft, member_id), known)
    balance = ledger.balance(draft, ledger.allowance(member_id))
    return rules.due(_standing(standing), balance, known, person, standing.period_end).balance


def person_facts(draft: Draft, member: Member, known: list[Version]) -> Person:
    """Who the member is now, as the rules want to know it."""
    reports = 0
    if _counts_reports(known):
        reports = sum(report.status is MemberStatus.ACTIVE for report in draft.list(Member, manager_id=member.id))
    return Person(member.id, member.status, member.mode, organization.group_ids(draft, member.id), reports)


def _counts_reports(known: list[Version]) -> bool:
    return any(rule.per_direct_report for version in known for rule in version.policy.rules)


def add_to(draft: Draft, member_id: UUID, points: int, line: str) -> None:
    """Points that came into the allowance in this period besides what policy issues: the total grows with them."""
    standing = current(draft, member_id)
    lines = [*orjson.loads(standing.lines), line]
    draft.change(standing, total=standing.total + points, lines=orjson.dumps(lines).decode())


def _post(draft: Draft, member_id: UUID, step: rules.Step) -> None:
    mine, source = ledger.allowance(member_id), ledger.issuance(draft.organization_id)
    kind, action, sign = {
        StepKind.EXPIRE: (TransferKind.ALLOWANCE_EXPIRY, "allowance.expired", -1),
        StepKind.ISSUE: (TransferKind.ALLOWANCE_ISSUE, "allowance.issued", 1),
        StepKind.RAISE: (TransferKind.ALLOWANCE_TOP_UP, "allowance.raised", 1),
    }[step.kind]
    ledger.post(draft, kind, [Leg(source, -sign * step.points), Leg(mine, sign * step.points)])
    draft.tell(
        action,
        f"member:{member_id}",
        points=step.points,
        period_start=step.period_start,
        policy_version=step.policy_version,
    )


def _standing(row: AllowanceStanding | None) -> Standing | None:
    if row is None:
        return None
    return Standing(
        row.period_start,
        row.period_end,
        issued=row.issued,
        entitlement=row.entitlement,
        total=row.total,
        policy_version=row.policy_version,
        lines=tuple(orjson.loads(row.lines)),
    )


def _kept(draft: Draft, member_id: UUID, row: AllowanceStanding | None, standing: Standing) -> AllowanceStanding:
    values = {
        "period_start": standing.period_start,
        "period_end": standing.period_end,
        "issued": standing.issued,
        "entitlement": standing.entitlement,
        "total": standing.total,
        "policy_version": standing.policy_version,
        "lines": orjson.dumps(standing.lines).decode(),
    }
    if row is None:
        return draft.add(AllowanceStanding, member_id=member_id, **values)
    return draft.change(row, **values)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A member's points to give, as they stand at a moment."""

    total: int
    """Points issued this period, rollover and top-ups included."""
    remaining: int
    period_start: datetime
    resets_at: datetime
    explanation: tuple[str, ...]
    may_be_given: bool
    """Whether status and mode let the member give any of it now."""


@dataclass(frozen=True, slots=True)
class BringUpToDate:
    """Posts what is due for a member. Rehearsed, it is how an allowance is read."""

    actor: Actor
    member_id: UUID

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        return needs(self.actor.organization_id, self.member_id)

    def decide(self, draft: Draft) -> Allowance:
        """The allowance after it."""
        standing = current(draft, self.member_id)
        member = organization.member_found(draft, self.member_id)
        lines = list(orjson.loads(standing.lines))
        if member.status is MemberStatus.INVITED:
            lines.append("nothing is issued before the first sign-in")
        elif member.status is MemberStatus.DEACTIVATED:
            lines.append("nothing is issued, and nothing left can be given, because this member has been deactivated")
        elif member.mode not in organization.GIVING_MODES:
            lines.append(f"nothing is issued, and nothing left can be given, in the mode {member.mode}")
        return Allowance(
            standing.total,
            ledger.balance(draft, ledger.allowance(self.member_id)),
            standing.period_start,
            standing.period_end,
            tuple(lines),
            member.status is MemberStatus.ACTIVE and member.mode in organization.GIVING_MODES,
        )
