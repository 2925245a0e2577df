"""How much may be given: the policy, what it grants a person, and what is due when a period turns. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from app.allowance.calendar import Period, bounds
from app.organization import GIVING_MODES, Audience, MemberStatus, ParticipationMode

RULES_MAX = 100


class AllowanceEffect(StrEnum):
    """What a matching rule does with what was there before it."""

    ADD = "ADD"
    """Adds to it."""
    REPLACE = "REPLACE"
    """Takes its place."""


@dataclass(frozen=True, slots=True)
class AllowanceRule:
    """More, or another amount, for an audience."""

    effect: AllowanceEffect
    points: int
    audience: Audience
    per_direct_report: bool = False
    """Multiplies the points by the number of active direct reports."""


@dataclass(frozen=True, slots=True)
class AllowancePolicy:
    """One version of how much may be given per period."""

    period: Period
    base_points: int
    time_zone: str
    rollover: int = 0
    """Points that may be kept from one period to the next, at most."""
    rules: tuple[AllowanceRule, ...] = ()
    apply_now: bool = False
    """Whether it raised the allowances of the period in which it was set."""

    def document(self) -> dict[str, Any]:
        """As JSON, without the time zone's own rules."""
        return {
            "period": self.period,
            "base_points": self.base_points,
            "time_zone": self.time_zone,
            "rollover": self.rollover,
            "apply_now": self.apply_now,
            "rules": [
                {
                    "effect": rule.effect,
                    "points": rule.points,
                    "per_direct_report": rule.per_direct_report,
                    "audience": rule.audience.document(),
                }
                for rule in self.rules
            ],
        }


@lru_cache(maxsize=1024)
def parse(document: bytes) -> AllowancePolicy:
    """The policy from its document. Cached by content, so that a draft that is dropped cannot poison it."""
    content = orjson.loads(document)
    return AllowancePolicy(
        Period(content["period"]),
        content["base_points"],
        content["time_zone"],
        content["rollover"],
        tuple(
            AllowanceRule(
                AllowanceEffect(rule["effect"]),
                rule["points"],
                Audience.of(rule["audience"]),
                per_direct_report=rule["per_direct_report"],
            )
            for rule in content["rules"]
        ),
        content["apply_now"],
    )


class Version(NamedTuple):
    """A policy with its number and its times."""

    number: int
    set_at: datetime
    effective_from: datetime
    policy: AllowancePolicy


class Span(NamedTuple):
    """A period as it was in fact: from its start, or that of its policy, to its end, or the start of the next one."""

    start: datetime
    end: datetime
    version: Version


def span_at(versions: Sequence[Version], moment: datetime) -> Span:
    """The period that holds the moment. `versions` are in the order of their numbers."""
    begun = [version for version in versions if version.effective_from <= moment]
    version = max(begun, key=lambda v: (v.effective_from, v.number)) if begun else versions[0]
    start, end = bounds(version.policy.period, moment, ZoneInfo(version.policy.time_zone))
    later = [other.effective_from for other in versions if other.effective_from > moment]
    if begun:
        start = max(start, version.effective_from)
    return Span(start, min([end, *later]), version)


@dataclass(frozen=True, slots=True)
class Person:
    """What an allowance depends on: who someone is at this moment."""

    id: UUID
    status: MemberStatus
    mode: ParticipationMode
    group_ids: frozenset[UUID]
    direct_reports: int
    """Active members whose manager this is; counted only where a rule asks."""

    @property
    def may_give(self) -> bool:
        """Whether anything is issued to this person at all."""
        return self.status is MemberStatus.ACTIVE and self.mode in GIVING_MODES


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands in a period; the columns of `AllowanceStanding`."""

    period_start: datetime
    period_end: datetime
    issued: bool
    entitlement: int
    total: int
    policy_version: int
    lines: tuple[str, ...]


class StepKind(StrEnum):
    """What has to be posted."""

    EXPIRE = "expire"
    ISSUE = "issue"
    RAISE = "raise"


class Step(NamedTuple):
    """One posting that is due. `period_start` is the period it belongs to."""

    kind: StepKind
    points: int
    period_start: datetime
    policy_version: int


@dataclass(slots=True)
class Due:
    """What has to be posted, in order, and where the person stands after it."""

    standing: Standing
    balance: int
    """Points left to give after the steps."""
    steps: list[Step] = field(default_factory=list)


def entitlement(policy: AllowancePolicy, person: Person) -> tuple[int, tuple[str, ...]]:
    """Points that base and rules grant, and a sentence for each thing that counted."""
    points = policy.base_points
    lines = [f"{points} for everyone who gives"]
    for number, rule in enumerate(policy.rules, 1):
        if not rule.audience.includes(person.id, person.group_ids):
            continue
        amount = rule.points * person.direct_reports if rule.per_direct_report else rule.points
        reason = f"rule {number}" + (
            f", {rule.points} for each of {person.direct_reports} direct reports" if rule.per_direct_report else ""
        )
        if rule.effect is AllowanceEffect.REPLACE:
            points = amount
            lines = [f"{amount} instead, by {reason}"]
        else:
            points += amount
            lines.append(f"+{amount} by {reason}")
    return points, tuple(lines)


def due(standing: Standing | None, balance: int, versions: Sequence[Version], person: Person, now: datetime) -> Due:
    """What a person's allowance needs to be right at this moment. Reads show the answer; acts post it."""
    state = Due(standing or _nowhere(now), balance)
    if standing is None:
        state = _entered(span_at(versions, now), state, person)
    while state.standing.period_end <= now:
        _raise(state, versions, person)
        state = _entered(span_at(versions, state.standing.period_end), state, person)
    if not state.standing.issued and person.may_give:
        _issue(state, span_at(versions, state.standing.period_start).version, person)
    _raise(state, versions, person)
    return state


def _nowhere(now: datetime) -> Standing:
    return Standing(now, now, issued=False, entitlement=0, total=0, policy_version=0, lines=())


def _entered(span: Span, state: Due, person: Person) -> Due:
    """Into the next period: what is left expires but for the rollover, and what is due is issued."""
    kept = min(state.balance, span.version.policy.rollover)
    if state.balance > kept:
        state.steps.append(Step(StepKind.EXPIRE, state.balance - kept, span.start, span.version.number))
        state.balance = kept
    lines = (f"{kept} kept from the period before",) if kept else ()
    state.standing = Standing(
        span.start, span.end, issued=False, entitlement=0, total=kept, policy_version=span.version.number, lines=lines
    )
    if person.may_give:
        _issue(state, span.version, person)
    return state


def _issue(state: Due, version: Version, person: Person) -> None:
    points, lines = entitlement(version.policy, person)
    if points:
        state.steps.append(Step(StepKind.ISSUE, points, state.standing.period_start, version.number))
    state.balance += points
    state.standing = replace(
        state.standing,
        issued=True,
        entitlement=points,
        total=state.standing.total + points,
        policy_version=version.number,
        lines=(*lines, *state.standing.lines),
    )


def _raise(state: Due, versions: Sequence[Version], person: Person) -> None:
    """Policies set in this period that are to count at once raise what was issued, and never lower it."""
    for version in versions:
        standing = state.standing
        if version.number <= standing.policy_version or not standing.period_start <= version.set_at < standing.period_end:
            continue
        state.standing = replace(standing, policy_version=version.number)
        if not version.policy.apply_now or not standing.issued or not person.may_give:
            continue
        points = entitlement(version.policy, person)[0] - standing.entitlement
        if points > 0:
            state.steps.append(Step(StepKind.RAISE, points, standing.period_start, version.number))
            state.balance += points
            state.standing = replace(
                state.standing,
                entitlement=standing.entitlement + points,
                total=standing.total + points,
                lines=(*standing.lines, f"+{points} because policy version {version.number} counted at once"),
            )
