"""What is due when a period turns, as tables: policy and person in, postings and standing out."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.allowance.calendar import Period
from app.allowance.rules import (
    AllowanceEffect,
    AllowancePolicy,
    AllowanceRule,
    Due,
    Person,
    Standing,
    Version,
    due,
    entitlement,
    span_at,
)
from app.organization import EVERYONE, Audience, MemberStatus, ParticipationMode

ANN, TEAM, OTHERS = UUID(int=1), UUID(int=2), UUID(int=3)
GIVER = Person(ANN, MemberStatus.ACTIVE, ParticipationMode.NORMAL, frozenset({TEAM}), direct_reports=3)
OBSERVER = replace(GIVER, mode=ParticipationMode.OBSERVER)
INVITED = replace(GIVER, status=MemberStatus.INVITED)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def policy(points: int = 100, **more: Any) -> AllowancePolicy:
    return AllowancePolicy(**{"period": Period.MONTH, "base_points": points, "time_zone": "UTC", **more})


FIRST = Version(1, at("2026-01-10"), at("2026-01-01"), policy())


def rule(effect: str, points: int, audience: Audience = EVERYONE, *, each: bool = False) -> AllowanceRule:
    return AllowanceRule(AllowanceEffect(effect), points, audience, per_direct_report=each)


IN_TEAM, IN_OTHERS, JUST_ANN = (
    Audience(group_ids=frozenset({TEAM})),
    Audience(group_ids=frozenset({OTHERS})),
    Audience(member_ids=frozenset({ANN})),
)


@pytest.mark.parametrize(
    ("rules", "points", "lines"),
    [
        ((), 100, ["100 for everyone who gives"]),
        ((rule("ADD", 20, IN_TEAM), rule("ADD", 30, IN_OTHERS)), 120, ["100 for everyone who gives", "+20 by rule 1"]),
        (
            (rule("ADD", 20), rule("REPLACE", 50, JUST_ANN), rule("ADD", 5, IN_TEAM)),
            55,
            ["50 instead, by rule 2", "+5 by rule 3"],
        ),
        ((rule("REPLACE", 0, IN_TEAM),), 0, ["0 instead, by rule 1"]),
        ((rule("ADD", 10, each=True),), 130, ["100 for everyone who gives", "+30 by rule 1, 10 for each of 3 direct reports"]),
        ((rule("REPLACE", 10, each=True),), 30, ["30 instead, by rule 1, 10 for each of 3 direct reports"]),
        ((rule("REPLACE", 7, IN_OTHERS), rule("ADD", 0)), 100, ["100 for everyone who gives", "+0 by rule 2"]),
    ],
)
def test_base_then_rules_in_order(rules: tuple[AllowanceRule, ...], points: int, lines: list[str]):
    assert entitlement(policy(rules=rules), GIVER) == (points, tuple(lines))


def posted(found: Due) -> list[tuple[str, int, str]]:
    return [(step.kind.value, step.points, f"{step.period_start:%m-%d}") for step in found.steps]


def standing(
    start: str, end: str, *, issued: bool = True, total: int = 100, entitlement: int = 100, version: int = 1
) -> Standing:
    return Standing(at(start), at(end), issued=issued, entitlement=entitlement, total=total, policy_version=version, lines=())


JANUARY = standing("2026-01-01", "2026-02-01")


@pytest.mark.parametrize(
    ("before", "balance", "person", "now", "steps", "after"),
    [
        # Whoever joins in the middle of a period gets the full amount.
        (None, 0, GIVER, "2026-01-31T23:59:59", [("issue", 100, "01-01")], (100, 100)),
        (None, 0, OBSERVER, "2026-01-15", [], (0, 0)),
        (None, 0, INVITED, "2026-01-15", [], (0, 0)),
        (JANUARY, 40, GIVER, "2026-01-31T23:59:59", [], (40, 100)),
        (JANUARY, 40, GIVER, "2026-02-01", [("expire", 40, "02-01"), ("issue", 100, "02-01")], (100, 100)),
        (JANUARY, 0, GIVER, "2026-02-01", [("issue", 100, "02-01")], (100, 100)),
        (JANUARY, 40, OBSERVER, "2026-01-20", [], (40, 100)),
        (JANUARY, 40, OBSERVER, "2026-02-20", [("expire", 40, "02-01")], (0, 0)),
        # Becoming a giver issues at once, once a period.
        (replace(JANUARY, issued=False, total=0, entitlement=0), 0, GIVER, "2026-01-20", [("issue", 100, "01-01")], (100, 100)),
        (replace(JANUARY, issued=False, total=25, entitlement=0), 25, GIVER, "2026-01-20", [("issue", 100, "01-01")], (125, 125)),
        # Skipped periods, one by one.
        (
            JANUARY,
            40,
            GIVER,
            "2026-04-30",
            [
                ("expire", 40, "02-01"),
                ("issue", 100, "02-01"),
                ("expire", 100, "03-01"),
                ("issue", 100, "03-01"),
                ("expire", 100, "04-01"),
                ("issue", 100, "04-01"),
            ],
            (100, 100),
        ),
    ],
)
def test_what_is_due(
    before: Standing | None, balance: int, person: Person, now: str, steps: list[object], after: tuple[int, int]
):
    found = due(before, balance, [FIRST], person, at(now))

    assert posted(found) == steps
    assert (found.balance, found.standing.total) == after
    assert found.standing.period_start <= at(now) < found.standing.period_end
    again = due(found.standing, found.balance, [FIRST], person, at(now))
    assert (again.steps, again.standing) == ([], found.standing)


@pytest.mark.parametrize(
    ("left", "steps", "after"),
    [
        (10, [("issue", 100, "02-01")], (110, 110)),
        (30, [("issue", 100, "02-01")], (130, 130)),
        (31, [("expire", 1, "02-01"), ("issue", 100, "02-01")], (130, 130)),
    ],
)
def test_rollover_keeps_so_many_and_no_more(left: int, steps: list[object], after: tuple[int, int]):
    keeping = FIRST._replace(policy=policy(rollover=30))

    found = due(JANUARY, left, [keeping], GIVER, at("2026-02-10"))

    assert (posted(found), (found.balance, found.standing.total)) == (steps, after)
    assert found.standing.lines[-1] == f"{min(left, 30)} kept from the period before"
    # It does not pile up.
    assert due(JANUARY, left, [keeping], GIVER, at("2026-06-10")).balance == 130


SECOND = Version(2, at("2026-02-10"), at("2026-03-01"), policy(200))


@pytest.mark.parametrize(
    ("before", "versions", "person", "now", "steps", "after"),
    [
        # A change counts from the next period, each skipped one under the policy in force at its start.
        (JANUARY, [FIRST, SECOND], GIVER, "2026-02-28", [("expire", 100, "02-01"), ("issue", 100, "02-01")], 100),
        (
            JANUARY,
            [FIRST, SECOND],
            GIVER,
            "2026-03-01",
            [("expire", 100, "02-01"), ("issue", 100, "02-01"), ("expire", 100, "03-01"), ("issue", 200, "03-01")],
            200,
        ),
        (None, [FIRST, SECOND], GIVER, "2026-02-28", [("issue", 100, "02-01")], 100),
        # At once: raised by the difference, never lowered.
        (
            None,
            [FIRST, SECOND._replace(policy=policy(200, apply_now=True))],
            GIVER,
            "2026-02-28",
            [("issue", 100, "02-01"), ("raise", 100, "02-01")],
            200,
        ),
        (None, [FIRST, SECOND._replace(policy=policy(60, apply_now=True))], GIVER, "2026-02-28", [("issue", 100, "02-01")], 100),
        (
            None,
            [
                FIRST,
                SECOND._replace(policy=policy(200, apply_now=True)),
                Version(3, at("2026-02-11"), at("2026-03-01"), policy(150, apply_now=True)),
            ],
            GIVER,
            "2026-02-28",
            [("issue", 100, "02-01"), ("raise", 100, "02-01")],
            200,
        ),
        (
            None,
            [
                FIRST,
                SECOND._replace(policy=policy(200, apply_now=True)),
                Version(3, at("2026-02-11"), at("2026-03-01"), policy(250, apply_now=True)),
            ],
            GIVER,
            "2026-02-28",
            [("issue", 100, "02-01"), ("raise", 100, "02-01"), ("raise", 50, "02-01")],
            250,
        ),
        # Whoever may give only later in that period gets what the others have.
        (
            standing("2026-02-01", "2026-03-01", issued=False, total=0, entitlement=0, version=2),
            [FIRST, SECOND._replace(policy=policy(200, apply_now=True))],
            GIVER,
            "2026-02-28",
            [("issue", 100, "02-01"), ("raise", 100, "02-01")],
            200,
        ),
        (None, [FIRST, SECOND._replace(policy=policy(200, apply_now=True))], OBSERVER, "2026-02-28", [], 0),
        # A longer period ends the last short one where it would have ended.
        (
            standing("2026-02-01", "2026-03-01", version=2),
            [FIRST, SECOND._replace(policy=policy(200, period=Period.QUARTER))],
            GIVER,
            "2026-03-15",
            [("expire", 100, "03-01"), ("issue", 200, "03-01")],
            200,
        ),
    ],
)
def test_versions_of_the_policy(
    before: Standing | None, versions: list[Version], person: Person, now: str, steps: list[object], after: int
):
    found = due(before, 100 if before is not None and before.issued else 0, versions, person, at(now))

    assert (posted(found), found.balance) == (steps, after)


def test_periods_follow_the_version_in_force():
    madrid = SECOND._replace(policy=policy(time_zone="Europe/Madrid"))
    tokyo = SECOND._replace(policy=policy(time_zone="Asia/Tokyo", period=Period.DAY))

    assert span_at([FIRST], at("2025-12-05"))[:2] == (at("2025-12-01"), at("2026-01-01"))
    assert span_at([FIRST, madrid], at("2026-02-28"))[:2] == (at("2026-02-01"), at("2026-03-01"))
    assert span_at([FIRST, madrid], at("2026-03-01"))[:2] == (at("2026-03-01"), at("2026-03-31T22:00"))
    assert span_at([FIRST, tokyo], at("2026-03-01"))[:2] == (at("2026-03-01"), at("2026-03-01T15:00"))
    assert span_at([FIRST, tokyo], at("2026-03-01T15:00"))[:2] == (at("2026-03-01T15:00"), at("2026-03-02T15:00"))
