"""Founding the demo's organization: name, currency, values, groups, people and policies, in one act."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from app import allowance, organization, recognition
from app.core.actor import Actor, system
from app.db import Draft, Want, row, rows
from app.demo import people
from app.demo.people import Person
from app.organization import Audience, CompanyValue, CreateGroup, CreateMember, Group, Member, MemberStatus, Organization

ORGANIZATION_ID = UUID("0198fa20-1a00-7000-8000-6661726f6c61")
"""Always the same, so that a later start knows its own."""
NAME = "Farola"
TIME_ZONE = "Europe/Madrid"
CURRENCY = organization.Currency(singular="lumen", plural="lumens", emoji="✨", minor_units_per_point=10, code="EUR")
BASE_POINTS = 100
ROLLOVER = 20
RECIPIENTS_MAX = 40
VALUES = (
    ("seaworthy", "Build it seaworthy", "⚓"),
    ("teamwork", "Crew first", "🤝"),
    ("lighton", "Leave a light on", "💡"),
    ("plainwords", "Plain words", "💬"),
    ("everyharbour", "Every harbour matters", "🚢"),
    ("boldcourse", "Set a bold course", "🧭"),
)
GROUPS = (*((name, "team") for name in people.teams()), *((name, "location") for name in people.PLACES.values()))
HOUSE = system(ORGANIZATION_ID)


@dataclass(frozen=True, slots=True)
class FoundDemo:
    """Founds Farola with everyone who is there when the story begins. Where it stands already, nothing happens."""

    actor: Actor = HOUSE

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield row(Organization, ORGANIZATION_ID)
        yield from (row(CompanyValue, ORGANIZATION_ID, hashtag) for hashtag, _, _ in VALUES)
        yield from (rows(Group, ORGANIZATION_ID, kind=kind, name=name) for name, kind in GROUPS)
        yield from (rows(Member, ORGANIZATION_ID, email=person.email) for person in people.cast())

    def decide(self, draft: Draft) -> bool:
        """Whether it was founded now."""
        if draft.get(Organization) is not None:
            return False
        organization.found(draft, NAME, TIME_ZONE, CURRENCY)
        for hashtag, name, emoji in VALUES:
            organization.create_value(draft, name, hashtag, emoji)
        groups = {name: CreateGroup(self.actor, name, kind).decide(draft) for name, kind in GROUPS}
        ids: dict[str, UUID] = {}
        for number, person in enumerate(people.cast()):
            if person.joins is None:
                command = joining(person, ids, groups)
                # The first came to found the company, the others over the years.
                years = timedelta(days=2_400 - 19 * number)
                ids[person.email] = _join(draft, command, person, joined_before=years)
        allowance.found(draft, allowance_policy(ids))
        recognition.found(draft, giving_policy(ids, groups, pricing=False))
        return True


def joining(person: Person, ids: dict[str, UUID], groups: dict[str, UUID]) -> CreateMember:
    """How somebody becomes known."""
    return CreateMember(
        HOUSE,
        person.name,
        email=person.email,
        job_title=person.job_title,
        manager_id=ids[person.manager] if person.manager else None,
        group_ids=(groups[person.team], groups[person.place]),
        mode=person.mode,
    )


def _join(draft: Draft, command: CreateMember, person: Person, joined_before: timedelta) -> UUID:
    command = replace(command, status=MemberStatus.ACTIVE, joined_at=draft.now - joined_before)
    return organization.create_member(draft, command, person.role).id


def allowance_policy(ids: dict[str, UUID], *, rollover: int = ROLLOVER) -> allowance.AllowancePolicy:
    """100 a month; 50 more for heads, and 5 more for each person who reports to one."""
    heads = frozenset(ids[person.email] for person in people.cast() if "Head of" in person.job_title)
    add = allowance.AllowanceEffect.ADD
    return allowance.AllowancePolicy(
        allowance.Period.MONTH,
        BASE_POINTS,
        TIME_ZONE,
        rollover,
        (
            allowance.AllowanceRule(add, 50, Audience(member_ids=heads)),
            allowance.AllowanceRule(add, 5, organization.EVERYONE, per_direct_report=True),
        ),
    )


def giving_policy(ids: dict[str, UUID], groups: dict[str, UUID], *, pricing: bool = True) -> recognition.GivingPolicy:
    """Everyone to everyone, but for two matters of independence, of which `pricing` came up later in the year."""

    def persons(mark: str) -> Audience:
        return Audience(member_ids=frozenset(ids[person.email] for person in people.marked(mark)))

    audit = recognition.GivingRule(
        recognition.Effect.DENY,
        persons("finance"),
        persons("auditor"),
        "Keeps our auditor independent of those she audits.",
    )
    discounts = recognition.GivingRule(
        recognition.Effect.DENY,
        Audience(group_ids=frozenset({groups["Sales"]})),
        persons("pricing"),
        "Who sells does not give to who approves the discounts.",
    )
    limits = recognition.GivingLimits(recipients_max=RECIPIENTS_MAX)
    return recognition.GivingPolicy(rules=(audit, discounts) if pricing else (audit,), limits=limits)
