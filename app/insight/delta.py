"""What one event adds to the rollups, or takes from them when it is taken back. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from app.insight.models import Movement, Part, Span

Key = tuple[Any, ...]


class Person(NamedTuple):
    """Somebody in an event, with the groups of the moment."""

    ordinal: int
    group_ids: tuple[UUID, ...]


class Gift(NamedTuple):
    """A recognition or a boost, as its event tells it."""

    day: date
    giver: Person
    recipients: tuple[Person, ...]
    points_each: int
    hashtags: tuple[str, ...]
    is_boost: bool
    is_private: bool

    @property
    def points(self) -> int:
        """All recipients together."""
        return self.points_each * len(self.recipients)


def person(told: dict[str, Any]) -> Person:
    """Somebody, from an event's body."""
    return Person(told["ordinal"], tuple(map(UUID, told["groups"])))


def gift(body: dict[str, Any], day: date, *, is_boost: bool) -> Gift:
    """A gift, from the body of its event."""
    recipients = tuple(person(told) for told in body["recipients"])
    private = body.get("visibility") == "PRIVATE"
    return Gift(day, person(body["giver"]), recipients, body["points_each"], tuple(body["values"]), is_boost, private)


class Delta:
    """Changes of rollup rows, summed up: numbers by table and key, and people who are counted once more or once less."""

    def __init__(self, organization_id: UUID) -> None:
        self.organization_id = organization_id
        self.totals: dict[Key, list[int]] = defaultdict(lambda: [0] * 5)
        """By span, start and scope: recognitions, given, received, points given, points received."""
        self.values: dict[Key, list[int]] = defaultdict(lambda: [0] * 2)
        """By span, start, scope and hashtag: recognitions, points."""
        self.flows: dict[Key, list[int]] = defaultdict(lambda: [0] * 2)
        """By span, start, from and to: recognitions, points."""
        self.members: dict[Key, list[int]] = defaultdict(lambda: [0] * 8)
        """By span, start and ordinal: the columns of `InsightMember`."""
        self.points: dict[Key, list[int]] = defaultdict(lambda: [0])
        """By span, start and movement: points."""
        self.people: dict[Key, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        """By span, start, scope and part: how much more often each ordinal counts."""
        self.pairs: dict[Key, dict[tuple[int, int], int]] = defaultdict(lambda: defaultdict(int))
        """By span and start: how much more often each pair of giver and recipient counts."""

    def count(self, given: Gift, sign: int) -> None:
        """Counts a gift (`sign` 1), or takes it out of its own day again (−1)."""
        for span, start in spans(given.day):
            self._totals(span, start, given, sign)
            self._values(span, start, given, sign)
            self._flows(span, start, given, sign)
            self._members(span, start, given, sign)
            self._people(span, start, given, sign)

    def move(self, movement: Movement, points: int, day: date) -> None:
        """Counts points that moved."""
        for span, start in spans(day):
            self.points[span, start, movement][0] += points

    def redeemed(self, ordinal: int, day: date) -> None:
        """Counts somebody who redeemed something."""
        for span, start in spans(day):
            self.people[span, start, self.organization_id, Part.REDEEMED][ordinal] += 1

    def _totals(self, span: Span, start: date, given: Gift, sign: int) -> None:
        once = 0 if given.is_boost else sign
        everything = (self.organization_id,)
        receiving = _scopes(given.recipients)
        for scope_id in {*everything, *given.giver.group_ids, *receiving}:
            total = self.totals[span, start, scope_id]
            total[0] += once
            if scope_id in everything or scope_id in given.giver.group_ids:
                total[1] += once
                total[3] += sign * given.points
            received = len(given.recipients) if scope_id in everything else receiving.get(scope_id, 0)
            if received:
                total[2] += once
                total[4] += sign * received * given.points_each

    def _values(self, span: Span, start: date, given: Gift, sign: int) -> None:
        for scope_id in {self.organization_id, *given.giver.group_ids, *_scopes(given.recipients)}:
            for hashtag in given.hashtags:
                value = self.values[span, start, scope_id, hashtag]
                value[0] += 0 if given.is_boost else sign
                value[1] += sign * given.points

    def _flows(self, span: Span, start: date, given: Gift, sign: int) -> None:
        for to_id, number in _scopes(given.recipients).items():
            for from_id in given.giver.group_ids:
                flow = self.flows[span, start, from_id, to_id]
                flow[0] += 0 if given.is_boost else sign
                flow[1] += sign * number * given.points_each

    def _members(self, span: Span, start: date, given: Gift, sign: int) -> None:
        once, hidden = (0 if given.is_boost else sign), (4 if given.is_private else 0)
        giver = self.members[span, start, given.giver.ordinal]
        giver[hidden] += once
        giver[hidden + 2] += sign * given.points
        for recipient in given.recipients:
            receiver = self.members[span, start, recipient.ordinal]
            receiver[hidden + 1] += once
            receiver[hidden + 3] += sign * given.points_each

    def _people(self, span: Span, start: date, given: Gift, sign: int) -> None:
        for scope_id in {self.organization_id, *given.giver.group_ids}:
            self.people[span, start, scope_id, Part.GAVE][given.giver.ordinal] += sign
        for recipient in given.recipients:
            for scope_id in {self.organization_id, *recipient.group_ids}:
                self.people[span, start, scope_id, Part.RECEIVED][recipient.ordinal] += sign
            if not given.is_boost:
                self.pairs[span, start][given.giver.ordinal, recipient.ordinal] += sign


def spans(day: date) -> Iterator[tuple[Span, date]]:
    """The rows that a day counts in."""
    yield Span.DAY, day
    yield Span.MONTH, day.replace(day=1)


def _scopes(people: Iterable[Person]) -> dict[UUID, int]:
    """How many of the people are in each of their groups."""
    found: dict[UUID, int] = defaultdict(int)
    for one in people:
        for group_id in one.group_ids:
            found[group_id] += 1
    return found
