"""What is given on a day at Farola: decided by chance, and always the same for the same date."""

import calendar
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from app.core.actor import Role
from app.demo import messages
from app.demo.people import Person, cast
from app.organization import GIVING_MODES, RECEIVING_MODES, ParticipationMode

GIFTS_A_DAY = 12.9
"""On an ordinary day in the middle of the year."""
BUSY_BY_WEEKDAY = (1.3, 0.9, 0.85, 1.0, 1.45, 0.07, 0.04)
"""Mondays look back on the weekend's storms, Fridays on the week."""
HOLIDAYS = {(1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 24), (12, 25), (12, 26), (12, 31)}
SLOTS = ((9, 5), (10, 35), (12, 20), (15, 30), (17, 10))
"""Local hours and minutes at which people find the time; up to an hour later, in fact."""
SLOT_WEIGHTS = (2, 4, 3, 4, 3)
QUIET = 0.1
"""Less than this is going on at weekends and on holidays."""
POINTS = (5, 10, 15, 20, 25, 30)
POINTS_WEIGHTS = (28, 36, 13, 11, 8, 4)
SHY_CHANCE = 0.08
DEMO_GIFTS_A_MONTH = 3
DEMO_POINTS = (5, 10, 10, 15)
"""Three of these a month leave at least 55 of 100, whatever the day."""
THANKED_GROUPS = ("Platform", "Berths", "Tides", "Design", "Field Crew", "Harbour Care", "Sales", "Lisbon", "Rotterdam")
HIRED_AT = 0.6
"""When the intern becomes a colleague, and gives, too."""
SETTLING = 0.01
"""How long the new ones are not yet known, and the leaving ones already quiet, as a part of the story."""


@dataclass(frozen=True, slots=True)
class Gift:
    """A recognition that somebody is going to give."""

    key: str
    slot: int
    giver: Person
    recipients: tuple[Person, ...]
    group: str | None
    points_each: int
    message: str
    is_private: bool = False


def gifts(day: date, part: float) -> list[Gift]:
    """Everything that is given on a day. `part` says how much of the story has passed, from 0 to 1."""
    chance = random.Random(f"gifts {day}")
    number = GIFTS_A_DAY * busyness(day) * (0.82 + 0.36 * part) * chance.uniform(0.75, 1.25)
    whole = int(number) + (chance.random() < number % 1)
    givers = [person for person in cast() if gives(person, part) and not person.is_demo_member]
    weights = [_generosity(person) for person in givers]
    writer = _Writer(day, chance, part)
    made = [writer.gift(person, f"{day}/{index}") for index, person in enumerate(chance.choices(givers, weights, k=whole))]
    for person in cast():
        if person.is_demo_member and day.day in _demo_days(person.email, day.year, day.month):
            made.append(writer.small_gift(person, f"{day}/{person.first_name}"))
    return sorted(made, key=lambda gift: gift.slot)


def busyness(day: date) -> float:
    """How much is going on, by weekday and season; 1 is ordinary."""
    if (day.month, day.day) in HOLIDAYS:
        return 0.05
    season = 1.0
    if day.month == 8:
        season = 0.4
    elif (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 5):
        season = 0.15
    return season * BUSY_BY_WEEKDAY[day.weekday()]


def is_here(person: Person, part: float) -> bool:
    """Whether somebody has come, and has not left."""
    return (person.joins is None or part > person.joins + SETTLING) and (person.leaves is None or part < person.leaves - SETTLING)


def mode_at(person: Person, part: float) -> ParticipationMode:
    """The participation mode at that time."""
    return ParticipationMode.NORMAL if "hired" in person.marks and part > HIRED_AT + SETTLING else person.mode


def gives(person: Person, part: float) -> bool:
    """Whether somebody may give at that time."""
    return is_here(person, part) and mode_at(person, part) in GIVING_MODES and "invited" not in person.marks


def receives(person: Person, part: float) -> bool:
    """Whether somebody may receive at that time, and ever does."""
    return is_here(person, part) and mode_at(person, part) in RECEIVING_MODES and "unsung" not in person.marks


@cache
def _demo_days(email: str, year: int, month: int) -> frozenset[int]:
    """The days of the month on which a demo member gives."""
    numbers = range(1, calendar.monthrange(year, month)[1] + 1)
    working = [number for number in numbers if busyness(date(year, month, number)) > QUIET]
    return frozenset(random.Random(f"{email} {year}-{month}").sample(working, DEMO_GIFTS_A_MONTH))


@cache
def _generosity(person: Person) -> float:
    chance = random.Random(f"generosity {person.email}")
    if chance.random() < SHY_CHANCE:
        return 0.03
    return chance.lognormvariate(0, 0.7) * (5 if "generous" in person.marks else 1)


@cache
def _charm(person: Person) -> float:
    known = 2.5 if person.is_demo_member else 1
    return random.Random(f"charm {person.email}").lognormvariate(0, 0.55) * known


class _Writer:
    """Decides to whom, for what and in which words, one gift after another."""

    def __init__(self, day: date, chance: random.Random, part: float) -> None:
        self.day = day
        self.chance = chance
        self.recipients = [person for person in cast() if receives(person, part)]
        self.used: set[str] = set()

    def gift(self, giver: Person, key: str) -> Gift:
        """Something that a colleague gives."""
        chance, slot, dice = self.chance, self._slot(), self.chance.random()
        if dice < 0.025:
            team = giver.team if giver.team in THANKED_GROUPS and chance.random() < 0.6 else chance.choice(THANKED_GROUPS)
            message = messages.said(chance, self._sentence(messages.TO_A_GROUP), [team])
            return Gift(key, slot, giver, (), team, chance.choice((0, 1, 1, 2, 3)), message)
        whom = self._whom(giver, chance.choices((1, 2, 3), (86, 10, 4))[0])
        if dice < 0.065:
            message = self._said(messages.IN_PRIVATE, whom)
            return Gift(key, slot, giver, whom, None, chance.choice((0, 10, 20, 25)), message, is_private=True)
        if dice < 0.155:
            return Gift(key, slot, giver, whom, None, 0, self._said(messages.SMALL_THANKS, whom))
        points = chance.choices(POINTS, POINTS_WEIGHTS)[0]
        return Gift(key, slot, giver, whom, None, points, self._about_work(whom))

    def small_gift(self, giver: Person, key: str) -> Gift:
        """Something that a demo member gives: to one person, and often to the other demo member."""
        others = [person for person in self.recipients if person.is_demo_member and person != giver]
        whom = tuple(others[:1]) if others and self.chance.random() < 0.3 else self._whom(giver, 1)
        return Gift(key, self._slot(), giver, whom, None, self.chance.choice(DEMO_POINTS), self._about_work(whom))

    def _slot(self) -> int:
        return self.chance.choices(range(len(SLOTS)), SLOT_WEIGHTS)[0]

    def _whom(self, giver: Person, number: int) -> tuple[Person, ...]:
        """Mostly the own team, then those above and below, then anyone, neighbours first."""
        dice = self.chance.random()
        others = [person for person in self.recipients if person != giver and not _kept_apart(giver, person)]
        if dice < 0.66:
            near = [person for person in others if person.team == giver.team]
        elif dice < 0.76:
            near = [person for person in others if person.email == giver.manager or person.manager == giver.email]
        else:
            near = [person for person in others if person.team != giver.team and (dice < 0.88 or person.place == giver.place)]
        chosen: dict[str, Person] = {}
        candidates = near or others
        for person in self.chance.choices(candidates, [_charm(person) for person in candidates], k=number):
            chosen[person.email] = person
        return tuple(chosen.values())

    def _about_work(self, whom: Sequence[Person]) -> str:
        of_team = self.chance.random() < 0.7
        message = self._said(messages.ABOUT_WORK[whom[0].team] if of_team else messages.ANYONE, whom)
        return messages.with_aside(self.chance, message)

    def _said(self, bank: Sequence[str], whom: Sequence[Person]) -> str:
        return messages.said(self.chance, self._sentence(bank), [person.first_name for person in whom])

    def _sentence(self, bank: Sequence[str]) -> str:
        """One of those whose turn it is today, and not yet said: the same words come back on the fourth day at the earliest."""
        turn = self.day.toordinal()
        todays = [sentence for number, sentence in enumerate(bank) if (number + turn) % 3 == 0]
        fresh = [sentence for sentence in todays if sentence not in self.used]
        sentence = self.chance.choice(fresh or todays)
        self.used.add(sentence)
        return sentence


def _kept_apart(giver: Person, recipient: Person) -> bool:
    """What Farola's giving rules deny."""
    audited = "finance" in giver.marks and recipient.role is Role.AUDITOR
    return audited or (giver.team == "Sales" and "pricing" in recipient.marks)


def days(start: date, end: date) -> list[date]:
    """Every day from start to end, both included."""
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]
