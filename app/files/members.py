"""People come in here, by e-mail address: made when unknown, brought up to date when known."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeVar
from uuid import UUID

from app import allowance, organization
from app.audit import Progress
from app.core.actor import Actor
from app.core.errors import Code, Refusal
from app.core.texts import normalized
from app.db import Database
from app.files.sheet import Reject, Rejects, RejectsTo, Report, Row, Sheet, Source, reason, rejects_to
from app.organization import KEEP, Group, Member, MemberStatus, ParticipationMode

REQUIRED = ("email", "display_name")
OPTIONAL = ("job_title", "manager_email", "groups", "mode", "status")
W = TypeVar("W", bound=StrEnum)


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
    """One import on its way: twice through the file, since a manager may stand below those who report to it."""

    database: Database
    actor: Actor
    rejects: Rejects
    report: Report = field(default_factory=Report)
    line_of: dict[str, int] = field(default_factory=dict)
    """Where each address was seen first."""
    group_ids: dict[tuple[str, str], UUID] = field(default_factory=dict)
    rejected: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    """Lines that changed something."""

    async def people_of(self, chunk: list[Row | Reject]) -> None:
        """Makes and changes the people of these rows, but for their managers."""
        people = []
        for row in chunk:
            self.report.rows += 1
            found = row if isinstance(row, Reject) else _read(row)
            if isinstance(found, _Person) and self.line_of.setdefault(found.email, row.line) != row.line:
                found = Reject(row.line, f"email: line {self.line_of[found.email]} has the same address", row.original)
            if isinstance(found, Reject):
                self._reject(found)
            else:
                people.append(found)
        known = await self._known({person.email for person in people})
        await self._make_groups({name for person in people for name in person.groups})
        async with self.database.read() as connection:
            groups = await organization.reads.groups_of_members(
                connection, self.actor.organization_id, [m.id for m in known.values()]
            )

        async def work(person: _Person) -> bool:
            member = known.get(person.email)
            if member is None:
                return await self._make(person)
            return await self._change(person, member, groups[member.id])

        await self._settle(people, work)

    async def managers_of(self, chunk: list[Row | Reject]) -> None:
        """Says who reports to whom, now that everyone is known."""
        people = [
            person
            for row in chunk
            if row.line not in self.rejected
            and isinstance(row, Row)
            and isinstance(person := _read(row), _Person)
            and person.manager_email
        ]
        known = await self._known({email for person in people for email in (person.email, person.manager_email) if email})

        async def work(person: _Person) -> bool:
            member, manager = known[person.email], known.get(person.manager_email or "")
            if manager is None:
                rest = "the rest of the row went in"
                raise Refusal(Code.NOT_FOUND, f"no member has the address {person.manager_email}; {rest}", "manager_email")
            if member.manager_id == manager.id:
                return False
            await self.database.submit(organization.UpdateMember(self.actor, member.id, manager_id=manager.id))
            return True

        await self._settle(people, work)

    async def _make(self, person: _Person) -> bool:
        status = MemberStatus.ACTIVE if person.status is MemberStatus.ACTIVE else MemberStatus.INVITED
        command = organization.CreateMember(
            self.actor,
            person.display_name,
            email=person.email,
            job_title=person.job_title,
            group_ids=tuple(self._group_ids(person)),
            mode=person.mode or ParticipationMode.NORMAL,
            status=status,
        )
        member_id = await self.database.submit(allowance.Followed(command))
        self.report.members_created += 1
        if person.status is MemberStatus.DEACTIVATED:
            await self.database.submit(organization.DeactivateMember(self.actor, member_id))
        return True

    async def _change(self, person: _Person, member: Member, groups: list[Group]) -> bool:
        kinds = {kind for kind, _ in person.groups}
        kept = {group.id for group in groups if group.kind not in kinds}
        wanted = kept.union(self._group_ids(person))
        changed = False
        title = member.job_title if person.job_title is None else person.job_title
        if (member.display_name, member.job_title) != (person.display_name, title) or wanted != {group.id for group in groups}:
            await self.database.submit(
                organization.UpdateMember(
                    self.actor,
                    member.id,
                    display_name=person.display_name,
                    job_title=title,
                    group_ids=tuple(wanted) if person.groups else KEEP,
                )
            )
            changed = True
        if person.mode is not None and member.mode is not person.mode:
            await self.database.submit(allowance.Followed(organization.SetParticipationMode(self.actor, member.id, person.mode)))
            changed = True
        has_left = member.status is MemberStatus.DEACTIVATED
        if person.status is MemberStatus.DEACTIVATED and not has_left:
            await self.database.submit(organization.DeactivateMember(self.actor, member.id))
            changed = True
        if person.status is MemberStatus.ACTIVE and has_left:
            await self.database.submit(allowance.Followed(organization.ReactivateMember(self.actor, member.id)))
            changed = True
        return changed

    async def _known(self, emails: set[str]) -> dict[str, Member]:
        async with self.database.read() as connection:
            return await organization.members_by_email(connection, self.actor.organization_id, emails)

    async def _make_groups(self, names: set[tuple[str, str]]) -> None:
        async with self.database.read() as connection:
            new = names - self.group_ids.keys()
            found = await organization.groups_by_name(connection, self.actor.organization_id, new)
        self.group_ids |= {name: group.id for name, group in found.items()}
        for kind, name in sorted(new - found.keys()):
            try:
                self.group_ids[kind, name] = await self.database.submit(organization.CreateGroup(self.actor, name, kind))
                self.report.groups_created += 1
            except Refusal:
                continue  # every row that names it says so

    def _group_ids(self, person: _Person) -> list[UUID]:
        unknown = [f"{kind}:{name}" for kind, name in person.groups if (kind, name) not in self.group_ids]
        if unknown:
            raise Refusal(Code.INVALID_INPUT, f"{unknown[0]} cannot be the kind and name of a group", "groups")
        return [self.group_ids[group] for group in person.groups]

    async def _settle(self, people: list[_Person], work: Callable[[_Person], Awaitable[bool]]) -> None:
        """Does the work of all at the same time, so that their acts are committed together."""
        outcomes = await asyncio.gather(*map(work, people), return_exceptions=True)
        for person, outcome in zip(people, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                self._reject(Reject(person.row.line, reason(outcome), person.row.original))
            elif isinstance(outcome, BaseException):
                raise outcome
            elif outcome:
                self.changed.add(person.row.line)

    def _reject(self, reject: Reject) -> None:
        self.rejects.add(reject)
        self.rejected.add(reject.line)


async def import_members(
    database: Database, actor: Actor, source: Source, rejects_where: RejectsTo, *, progress: Progress | None = None
) -> Report:
    """Brings in every good row of the file and adds the others to the rejects. A second run changes nothing.

    Groups that do not exist are made. Status: someone new becomes ACTIVE or else INVITED; DEACTIVATED ends anyone's part; ACTIVE
    brings a deactivated member back; an invited one becomes active when first seen. Raises INVALID_INPUT for a wrong header."""
    with Sheet(source, REQUIRED, OPTIONAL) as sheet, rejects_to(rejects_where, sheet.header) as rejects:
        run = _Run(database, actor, rejects)
        for chunk in sheet.chunks():
            await run.people_of(chunk)
            if progress is not None:
                progress(sheet.bytes_read, sheet.bytes_total)
        if "manager_email" in sheet.header:
            with Sheet(source, REQUIRED, OPTIONAL) as again:
                for chunk in again.chunks():
                    await run.managers_of(chunk)
        report = run.report
        report.rejected = len(run.rejected)
        report.imported = len(run.changed - run.rejected)
        report.already_there = report.rows - report.imported - report.rejected
        return report


def _read(row: Row) -> _Person | Reject:
    cells = row.cells
    try:
        return _Person(
            row,
            organization.plain_email(cells["email"]),
            _one_line(cells["display_name"]),
            _one_line(cells["job_title"]) or None,
            organization.plain_email(cells["manager_email"]) if cells["manager_email"] else None,
            tuple(dict.fromkeys(_group(part) for part in cells["groups"].split(";") if part.strip())),
            _word(ParticipationMode, cells["mode"], "mode"),
            _word(MemberStatus, cells["status"], "status"),
        )
    except Refusal as refusal:
        return Reject(row.line, reason(refusal), row.original)


def _one_line(cell: str) -> str:
    return " ".join(normalized(cell).split())


def _group(cell: str) -> tuple[str, str]:
    kind, colon, name = cell.partition(":")
    if not colon:
        raise Refusal(Code.INVALID_INPUT, f"{cell.strip()} is not written as kind:name, such as team:Platform", "groups")
    return _one_line(kind).lower(), _one_line(name)


def _word(words: type[W], cell: str, column: str) -> W | None:
    try:
        return words(cell.upper()) if cell else None
    except ValueError:
        raise Refusal(Code.INVALID_INPUT, f"it is one of {', '.join(words)}", column) from None
