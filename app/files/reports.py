"""Reports as CSV: the statement, orders, redemptions, and what moved on the ledger; a page at a time, however long they are."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import ledger, organization, reward
from app.core.actor import Actor, Permission
from app.core.errors import Code, Forbidden, Refusal
from app.db import Database, Page, Slice, columns, scoped
from app.files.sheet import CHUNK, lines_of, moment
from app.ledger import Entry
from app.organization import Member

ENTRIES_MAX = 2_000
"""Entries that are held at a time; one transfer has at most a few hundred."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Lines = AsyncIterator[tuple[int, str]]
"""How many rows, and their lines. The first ones are the header."""
Cells = Sequence[str]
Show = Callable[[AsyncConnection, Sequence[Any]], Awaitable[Iterable[Cells]]]
"""Makes rows of a page of what was found."""


class Kind(NamedTuple):
    """A kind of report: its columns, and what may be asked of it."""

    columns: tuple[str, ...]
    parameters: tuple[str, ...] = ()


_PERSON = ("member", "email")
_ASKED = ("redemption_id", "reward", *_PERSON)
REPORTS = {
    "statement": Kind(("month", "at", "kind", *_ASKED, "points", "minor_units", "currency"), ("month",)),
    "fulfilment": Kind(
        (
            *_ASKED,
            "provider",
            "status",
            "requested_at",
            "approved_at",
            "accepted_at",
            "fulfilled_at",
            "days_waiting",
            "tries",
            "trouble",
            "reference",
        )
    ),
    "redemptions": Kind(
        (
            "id",
            "requested_at",
            "status",
            "reward",
            *_PERSON,
            "price_points",
            "minor_units_per_point",
            "currency",
            "decided_at",
            "fulfilled_at",
            "closed_at",
            "note",
            "answer",
        ),
        ("from", "to"),
    ),
    "points": Kind(
        ("transfer_id", "posted_at", "kind", "account", *_PERSON, "points", "recognition_id", "redemption_id", "memo"),
        ("from", "to"),
    ),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A report that was opened: what its file is called, and its lines."""

    file_name: str
    lines: Lines


class _Span(NamedTuple):
    """From the first moment of one day to the last of another; None: without bound."""

    since: datetime | None
    before: datetime | None


async def report(database: Database, actor: Actor, kind: str, given: Mapping[str, str]) -> Paper:
    """A report of this kind, one of `REPORTS`, with what is given for its parameters; empty means not given. Its rows are
    not read yet. Raises Forbidden without the right audit.read, and INVALID_INPUT for what cannot be asked."""
    if not actor.may(Permission.AUDIT_READ):
        raise Forbidden(f"Your role does not carry the right {Permission.AUDIT_READ}. Ask an owner of your organization.")
    async with database.read() as connection:
        here = await organization.reads.organization_row(connection, actor.organization_id)
    match kind:
        case "statement":
            month = _month(given.get("month", ""))
            return Paper(f"plaudit-statement-{month:%Y-%m}.csv", _statement(database, actor, month))
        case "fulfilment":
            today = organization.today(here, database.clock())
            return Paper(f"plaudit-fulfilment-{today}.csv", _fulfilment(database, actor))
    first, last = (_day(given.get(name, ""), name) for name in REPORTS[kind].parameters)
    span = _Span(*organization.moments(here, first, last))
    name = "-".join(["plaudit", kind, *([f"from-{first}"] if first else []), *([f"to-{last}"] if last else [])])
    lines = _redemptions(database, actor, span) if kind == "redemptions" else _points(database, actor, span)
    return Paper(f"{name}.csv", lines)


def _month(text: str) -> date:
    if not text:
        raise Refusal(Code.INVALID_INPUT, "Say which month the statement is of, such as 2026-11.", "month")
    return reward.reports.month_of(text, "month")


def _day(text: str, name: str) -> date | None:
    if not text:
        return None
    try:
        # Python reads days in other forms, too.
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise Refusal(Code.INVALID_INPUT, "A day is written like 2026-11-30.", name) from None


def _statement(database: Database, actor: Actor, month: date) -> Lines:
    async def show(connection: AsyncConnection, rows: Sequence[Any]) -> Iterable[Cells]:
        person = await _people(connection, actor, {row.member_id for row in rows})
        return (
            (
                f"{row.month:%Y-%m}",
                moment(row.at),
                row.kind,
                str(row.redemption_id),
                row.reward_name,
                *person(row.member_id),
                str(row.points),
                str(row.minor_units),
                row.currency_code,
            )
            for row in rows
        )

    statement = reward.reports.statement_lines(actor.organization_id, month)
    return _lines(database, "statement", statement, reward.reports.statement_page, show)


def _fulfilment(database: Database, actor: Actor) -> Lines:
    now = database.clock()

    async def show(connection: AsyncConnection, rows: Sequence[Any]) -> Iterable[Cells]:
        person = await _people(connection, actor, {row.member_id for row in rows})
        return (
            (
                str(row.id),
                row.reward_name,
                *person(row.member_id),
                row.provider,
                row.status,
                *map(moment, (row.requested_at, row.decided_at, row.accepted_at, row.fulfilled_at)),
                _text(reward.reads.days_waiting(row, now)),
                _text(row.tries),
                row.trouble or "",
                row.reference or "",
            )
            for row in rows
        )

    return _lines(database, "fulfilment", reward.reports.orders(actor.organization_id), reward.reports.orders_page, show)


def _redemptions(database: Database, actor: Actor, span: _Span) -> Lines:
    async def show(connection: AsyncConnection, rows: Sequence[Any]) -> Iterable[Cells]:
        person = await _people(connection, actor, {row.member_id for row in rows})
        remarks = {id_ for row in rows for id_ in (row.note_id, row.answer_id) if id_ is not None}
        words = await reward.reads.words(connection, actor.organization_id, remarks)
        return (
            (
                str(row.id),
                moment(row.requested_at),
                row.status,
                row.reward_name,
                *person(row.member_id),
                str(row.price_points),
                str(row.minor_units_per_point),
                row.currency_code,
                *map(moment, (row.decided_at, row.fulfilled_at, row.closed_at)),
                words.get(row.note_id, ""),
                words.get(row.answer_id, ""),
            )
            for row in rows
        )

    async def oldest_first(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[Any]:
        return await reward.reads.redemptions_page(connection, statement, part, descending=False)

    wanted = reward.reads.RedemptionFilter(since=span.since, before=span.before)
    return _lines(database, "redemptions", reward.reads.redemptions(actor, wanted), oldest_first, show)


async def _lines(
    database: Database,
    kind: str,
    statement: sa.Select[Any],
    page: Callable[[AsyncConnection, sa.Select[Any], Slice], Awaitable[Page[Any]]],
    show: Show,
) -> Lines:
    """A report whose rows have ids, page by page. No connection is held while a page is on its way out."""
    yield 0, lines_of([REPORTS[kind].columns])
    part = Slice(CHUNK)
    while True:
        async with database.read() as connection:
            found = await page(connection, statement, part)
            rows = await show(connection, found.rows)
        if found.rows:
            yield len(found.rows), lines_of(rows)
        if not found.has_next:
            return
        part = Slice(CHUNK, (found.rows[-1].id,))


async def _points(database: Database, actor: Actor, span: _Span) -> Lines:
    """One row for each entry. A page of transfers may have many, which are read in parts."""
    yield 0, lines_of([REPORTS["points"].columns])
    organization_id, part = actor.organization_id, Slice(CHUNK)
    statement = ledger.reads.activity(organization_id, span.since, span.before)
    while True:
        async with database.read() as connection:
            found = await ledger.reads.activity_page(connection, statement, part)
            numbers = await _entry_numbers(connection, organization_id, [transfer.id for transfer in found.rows])
        for transfers in _parts(found.rows, numbers):
            async with database.read() as connection:
                entries = await ledger.reads.entries_of(connection, organization_id, [transfer.id for transfer in transfers])
                owners = {entry.owner_id for sides in entries.values() for entry in sides}
                person = await _people(connection, actor, owners)
            rows = [_sides(transfer, entries[transfer.id], person) for transfer in transfers]
            yield sum(map(len, rows)), lines_of(row for sides in rows for row in sides)
        if not found.has_next:
            return
        part = Slice(CHUNK, (found.rows[-1].id,))


async def _entry_numbers(connection: AsyncConnection, organization_id: UUID, ids: list[UUID]) -> dict[UUID, int]:
    entry = columns(Entry)
    counted = scoped(Entry, organization_id, entry.transfer_id, sa.func.count().label("number"))
    found = await connection.execute(counted.where(entry.transfer_id.in_(ids)).group_by(entry.transfer_id))
    return {row.transfer_id: row.number for row in found}


def _parts(transfers: Sequence[Any], numbers: Mapping[UUID, int]) -> Iterator[list[Any]]:
    """The transfers in order, so many at a time that their entries are no more than can be held."""
    part: list[Any] = []
    held = 0
    for transfer in transfers:
        number = numbers.get(transfer.id, 0)
        if part and held + number > ENTRIES_MAX:
            yield part
            part, held = [], 0
        part.append(transfer)
        held += number
    if part:
        yield part


def _sides(transfer: Any, entries: Sequence[Entry], person: "Person") -> list[Cells]:
    return [
        (
            str(transfer.id),
            moment(transfer.posted_at),
            transfer.kind,
            entry.account_kind,
            *person(entry.owner_id),
            str(entry.points),
            _text(transfer.recognition_id),
            _text(transfer.redemption_id),
            transfer.words or "",
        )
        for entry in entries
    ]


Person = Callable[[UUID], tuple[str, str]]
"""Name and address of a member as they are now; of the organization, nothing."""


async def _people(connection: AsyncConnection, actor: Actor, ids: Iterable[UUID]) -> Person:
    members: dict[UUID, Member] = await organization.reads.members_by_id(connection, actor.organization_id, ids)

    def person(id_: UUID) -> tuple[str, str]:
        member = members.get(id_)
        return (member.display_name, member.email or "") if member is not None else ("", "")

    return person


def _text(value: object) -> str:
    return str(value) if value is not None else ""
