"""What happens once in the story: people come and go, policies change, an admin steps in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from app import allowance, audit, organization, recognition
from app.core.actor import Actor
from app.db import Act
from app.demo import founding
from app.demo.days import HIRED_AT, SETTLING, Gift
from app.demo.people import Person, cast
from app.organization import ParticipationMode


class Told(Protocol):
    """A recognition that was given."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def gift(self) -> Gift:
        """What it was."""


class Stage(Protocol):
    """What an episode may know of the story."""

    ids: dict[str, UUID]
    groups: dict[str, UUID]

    def actor(self, person: Person) -> Actor:
        """The person, at the GraphQL door."""

    @property
    def latest(self) -> Sequence[Told]:
        """What was given lately."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Acts for one morning. They can be told twice, and the second time nothing happens."""

    at: float
    """Which part of the story has passed by then, from 0 to 1."""
    acts: Callable[[Stage], Iterable[Act[Any]]]


@cache
def episodes() -> tuple[Episode, ...]:
    """Everything that happens once, in order."""
    once = [
        Episode(0.05, _open_the_leaderboard),
        Episode(0.27, lambda stage: [_adjust(stage, "Sanna Korhonen", 60, "First prize of the harbour hackathon.")]),
        Episode(0.29, lambda stage: [_adjust(stage, "Kenji Yamamoto", 30, "Hackathon: prize of the audience.")]),
        Episode(0.3, lambda stage: [_adjust(stage, "Kenji Yamamoto", -10, "The audience prize was 20, not 30. Sorry, Kenji!")]),
        Episode(0.4, _keep_prices_independent),
        Episode(0.45, lambda stage: [_top_up(stage, "Field Crew", 25, "Storm season: thank each other while it blows.")]),
        Episode(0.5, _let_more_be_kept),
        Episode(0.52, _promote),
        Episode(0.55, _hide_a_name),
        Episode(0.57, _move_to_platform),
        Episode(HIRED_AT, _hire_the_intern),
        Episode(0.8, lambda stage: [_top_up(stage, "Harbour Care", 20, "Forty new harbours in one quarter.")]),
    ]
    for person in cast():
        if person.joins is not None:
            once.append(Episode(person.joins, _Coming(person)))
            if "invited" not in person.marks:
                once.append(Episode(person.joins + SETTLING / 2, _Welcome(person)))
        if person.leaves is not None:
            once.append(Episode(person.leaves, _Leaving(person)))
    return tuple(sorted(once, key=lambda episode: episode.at))


@dataclass(frozen=True, slots=True)
class _Coming:
    person: Person

    def __call__(self, stage: Stage) -> Iterable[Act[Any]]:
        yield replace(founding.joining(self.person, stage.ids, stage.groups), actor=_admin(stage))


@dataclass(frozen=True, slots=True)
class _Welcome:
    person: Person

    def __call__(self, stage: Stage) -> Iterable[Act[Any]]:
        yield allowance.Followed(organization.WelcomeMember(stage.actor(self.person)))


@dataclass(frozen=True, slots=True)
class _Leaving:
    person: Person

    def __call__(self, stage: Stage) -> Iterable[Act[Any]]:
        yield organization.DeactivateMember(_admin(stage), stage.ids[self.person.email], "Left Farola for new shores.")


def _open_the_leaderboard(stage: Stage) -> Iterable[Act[Any]]:
    yield organization.UpdateOrganization(_admin(stage), leaderboard_enabled=True)


def _keep_prices_independent(stage: Stage) -> Iterable[Act[Any]]:
    yield recognition.SetGivingPolicy(_admin(stage), 1, founding.giving_policy(stage.ids, stage.groups))


def _let_more_be_kept(stage: Stage) -> Iterable[Act[Any]]:
    yield allowance.SetAllowancePolicy(_admin(stage), 1, founding.allowance_policy(stage.ids, rollover=founding.ROLLOVER + 5))


def _promote(stage: Stage) -> Iterable[Act[Any]]:
    yield organization.UpdateMember(_admin(stage), stage.ids[_named("Nadia Petrova").email], job_title="Senior Frontend Engineer")


def _hide_a_name(stage: Stage) -> Iterable[Act[Any]]:
    for told in stage.latest[-1:]:
        yield recognition.HideRecognition(_admin(stage), told.id, "Names a customer who asked us not to.")


def _move_to_platform(stage: Stage) -> Iterable[Act[Any]]:
    yield organization.UpdateMember(
        _admin(stage),
        stage.ids[_named("Vikram Iyer").email],
        job_title="Backend Engineer",
        manager_id=stage.ids[_named("Mateusz Wiśniewski").email],
        group_ids=(stage.groups["Platform"], stage.groups["Valencia"]),
    )


def _hire_the_intern(stage: Stage) -> Iterable[Act[Any]]:
    intern = stage.ids[_named("Oskar Nilsson").email]
    yield organization.UpdateMember(_admin(stage), intern, job_title="Software Engineer")
    yield allowance.Followed(organization.SetParticipationMode(_admin(stage), intern, ParticipationMode.NORMAL))


def _adjust(stage: Stage, name: str, points: int, reason: str) -> recognition.AdjustPoints:
    member_id, key = stage.ids[_named(name).email], f"demo adjust {name} {points}"
    return recognition.AdjustPoints(_admin(stage), member_id, points, reason, key, audit.canonical([key, reason]))


def _top_up(stage: Stage, group: str, points: int, reason: str) -> allowance.TopUpAllowance:
    key = f"demo top up {group}"
    return allowance.TopUpAllowance(
        _admin(stage), (), (stage.groups[group],), points, reason, key, audit.canonical([key, points])
    )


def _admin(stage: Stage) -> Actor:
    return stage.actor(_named("Noor El-Amin"))


@cache
def _named(name: str) -> Person:
    return next(person for person in cast() if person.name == name)
