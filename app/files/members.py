"""People come in here, by e-mail address: made when unknown, brought up to date when known."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeVar
from uuid import UUID

from app import allowance, organization
from app.core.actor import Actor
from app.core.errors import Code, Refusal
from app.core.texts import normalized
from app.db import Database
from app.files.sheet import Progress, Reject, Rejects, Report, Row, Sheet, reason
from app.organization import KEEP, Group, Member, MemberStatus, ParticipationMode

REQUIRED = ("email", "display_name")
OPTIONAL = ("job_title", "manager_email", "groups", "mode", "status")
E = TypeVar("E", bound=StrEnum)


class _Person(NamedTuple):
    """A row that can be read. What its cell leaves empty is None, and stays as it is."""

    row: Row
    email: str
    display_name: str
    job_title: str | None
    manager_email: str | None
    groups: tuple[tuple[str, str], ...]
    """Kind and name of each. Of these kinds the member is in these groups only; groups of other kinds stay."""
    mode: ParticipationMode | None
    status: MemberStatus | None


@dataclass(slots=True)
class _Run:
    """One import on its way."""

    database: Database
    actor: Actor
    rejects: Rejects
    report: Report = field(default_factory=Report)
    group_ids: dict[tuple[str, str], UUID] = field(default_factory=dict)
    line_of: dict[str, int] = field(default_factory=dict)
    """Where each address stands that went in."""
    changed: set[int] = field(default_factory=set)
    """Lines that changed something."""

    def reject(self, row: Row, why: str) -> None:
        """One that does not go in, or not wholly."""
        self.rejects.add(Reject(row.line, why, row.original))
        self.changed.discard(row.line)
        for email in [email for email in [row.cells["email"].lower()] if self.line_of.get(email) == row.line]:
            self.line_of[email] = -row.line  # known, but not to be looked at again

    async def settle(self, people: list[_Person], work: Callable[[_Person], Awaitable[bool]]) -> None:
        """Runs the work of each person at the same time, so that their acts are committed together."""
        outcomes = await asyncio.gather(*map(work, people), return_exceptions=True)
        for person, outcome in zip(people, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                self.reject(person.row, reason(outcome))
            elif isinstance(outcome, BaseException):
                raise outcome
            elif outcome:
                self.changed.add(person.row.line)
