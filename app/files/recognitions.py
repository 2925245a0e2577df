"""Recognitions of another system's history come in here, row by row, each once."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from app import audit, organization, recognition
from app.audit import Progress
from app.core.actor import Actor
from app.core.errors import Code, Refusal
from app.core.texts import normalized
from app.db import Database
from app.files.sheet import CHUNK, Reject, Rejects, RejectsTo, Report, Row, Sheet, Source, reason, rejects_to

COLUMNS = ("external_id", "given_at", "giver_email", "recipient_emails", "points", "value", "message")
DIGITS_MAX = 12
_WHOLE = re.compile(r"[+-]?[0-9]+")
NAME_CHARS_MAX = 100


class Options(NamedTuple):
    """What the two options are called at the door that the file came through: rejects say how to bring them in."""

    create_members: str
    create_values: str


ON_THE_COMMAND_LINE = Options("--create-members", "--create-values")


class _Past(NamedTuple):
    """A row that can be read: one recognition of the past."""

    external_id: str
    given_at: datetime
    giver: str
    recipients: tuple[str, ...]
    points_each: int
    hashtags: tuple[str, ...]
    message: str

    @property
    def emails(self) -> tuple[str, ...]:
        return (self.giver, *self.recipients)

    def content(self) -> bytes:
        """The same for the same recognition, however its file is written."""
        return audit.canonical(
            [
                self.given_at,
                self.giver,
                sorted(self.recipients),
                self.points_each,
                sorted(self.hashtags),
                normalized(self.message),
            ]
        )


@dataclass(slots=True)
class _Known:
    """What the organization has of what the file names."""

    database: Database
    organization_id: UUID
    options: Options
    member_ids: dict[str, UUID] = field(default_factory=dict)
    hashtags: set[str] = field(default_factory=set)

    async def look_up(self, pasts: Iterable[_Past]) -> None:
        """Learns the people of these rows."""
        emails = {email for past in pasts for email in past.emails if email not in self.member_ids}
        async with self.database.read() as connection:
            found = await organization.members_by_email(connection, self.organization_id, emails)
        self.member_ids |= {email: member.id for email, member in found.items()}

    async def look_up_values(self) -> None:
        """Learns all company values, archived ones too."""
        async with self.database.read() as connection:
            self.hashtags = set(await organization.reads.values(connection, self.organization_id))


async def import_recognitions(
    database: Database,
    actor: Actor,
    source: Source,
    rejects_where: RejectsTo,
    *,
    create_members: bool = False,
    create_values: bool = False,
    options: Options = ON_THE_COMMAND_LINE,
    progress: Progress | None = None,
) -> Report:
    """Brings in every good row of the file and adds the others to the rejects. A second run changes nothing. With
    `create_members` unknown addresses become invited members, who joined at their first row; with `create_values` unknown values
    become company values. Raises INVALID_INPUT for a wrong header."""
    report = Report()
    known = _Known(database, actor.organization_id, options)
    await known.look_up_values()
    if create_members or create_values:
        with Sheet(source, COLUMNS) as sheet:
            await _create_unknown(actor, sheet, known, report, create_members, create_values)
    with Sheet(source, COLUMNS) as sheet, rejects_to(rejects_where, sheet.header) as rejects:
        for chunk in sheet.chunks():
            await _bring_in(actor, chunk, known, rejects, report)
            if progress is not None:
                progress(sheet.bytes_read, sheet.bytes_total)
        report.rejected = rejects.count
    return report


async def _create_unknown(
    actor: Actor, sheet: Sheet, known: _Known, report: Report, create_members: bool, create_values: bool
) -> None:
    """Goes through the file once, so that nobody is made for a row that will be rejected."""
    joined: dict[str, datetime] = {}
    hashtags: dict[str, None] = {}
    now = known.database.clock()
    for chunk in sheet.chunks():
        pasts = [past for row in chunk if isinstance(row, Row) and isinstance(past := _read(row, now), _Past)]
        await known.look_up(pasts)
        for past in pasts:
            new_emails = [email for email in past.emails if email not in known.member_ids]
            new_hashtags = [hashtag for hashtag in past.hashtags if hashtag not in known.hashtags]
            if (new_emails and not create_members) or (new_hashtags and not create_values):
                continue
            hashtags.update(dict.fromkeys(new_hashtags))
            for email in new_emails:
                joined[email] = min(past.given_at, joined.get(email, past.given_at))
        await asyncio.sleep(0)
    for hashtag in hashtags:
        await known.database.submit(organization.CreateCompanyValue(actor, hashtag, hashtag))
        report.values_created += 1
    await known.look_up_values()
    people = [organization.CreateMember(actor, _name(email), email=email, joined_at=at) for email, at in joined.items()]
    for start in range(0, len(people), CHUNK):
        part = people[start : start + CHUNK]
        made = await asyncio.gather(*map(known.database.submit, part), return_exceptions=True)
        for command, outcome in zip(part, made, strict=True):
            if isinstance(outcome, UUID) and command.email is not None:
                known.member_ids[command.email] = outcome
                report.members_created += 1
            elif isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
                raise outcome  # a refused one was made by somebody else meanwhile, or its rows will say that it is not known


async def _bring_in(actor: Actor, chunk: list[Row | Reject], known: _Known, rejects: Rejects, report: Report) -> None:
    """One chunk: its acts wait together, so that they are committed together."""
    now = known.database.clock()
    pasts = [row if isinstance(row, Reject) else _read(row, now) for row in chunk]
    await known.look_up(past for past in pasts if isinstance(past, _Past))
    judged = [
        past if isinstance(past, Reject) else _command(actor, row, past, known) for row, past in zip(chunk, pasts, strict=True)
    ]
    acts = [act for act in judged if not isinstance(act, Reject)]
    outcomes = iter(await asyncio.gather(*map(known.database.submit, acts), return_exceptions=True))
    for row, act in zip(chunk, judged, strict=True):
        report.rows += 1
        outcome = act if isinstance(act, Reject) else next(outcomes)
        if isinstance(outcome, Refusal):
            outcome = Reject(row.line, _said(outcome), row.original)
        if isinstance(outcome, BaseException):
            raise outcome
        if isinstance(outcome, Reject):
            rejects.add(outcome)
        elif outcome:
            report.imported += 1
        else:
            report.already_there += 1


def _read(row: Row, now: datetime) -> "_Past | Reject":
    try:
        cells = row.cells
        past = _Past(
            cells["external_id"],
            _moment(cells["given_at"]),
            _email(cells["giver_email"], "giver_email"),
            tuple(_email(part, "recipient_emails") for part in _parts(cells["recipient_emails"])),
            _points(cells["points"]),
            tuple(map(_hashtag, _parts(cells["value"]))),
            cells["message"],
        )
        recognition.check_history(
            now, past.external_id, past.given_at, past.giver, past.recipients, past.points_each, past.hashtags, past.message
        )
    except Refusal as refusal:
        return Reject(row.line, reason(refusal), row.original)
    return past


def _command(actor: Actor, row: Row | Reject, past: _Past, known: _Known) -> recognition.ImportRecognition | Reject:
    stranger = next((email for email in past.emails if email not in known.member_ids), None)
    if stranger is not None:
        column = "giver_email" if stranger == past.giver else "recipient_emails"
        hint = f"{known.options.create_members} would invite them"
        return Reject(row.line, f"{column}: no member has the address {stranger}; {hint}", row.original)
    strange = next((hashtag for hashtag in past.hashtags if hashtag not in known.hashtags), None)
    if strange is not None:
        hint = f"{known.options.create_values} would make it"
        return Reject(row.line, f"value: there is no company value #{strange}; {hint}", row.original)
    return recognition.ImportRecognition(
        actor,
        past.external_id,
        past.given_at,
        known.member_ids[past.giver],
        tuple(known.member_ids[email] for email in past.recipients),
        past.points_each,
        past.hashtags,
        past.message,
        past.content(),
    )


def _said(refusal: Refusal) -> str:
    if refusal.code is Code.IDEMPOTENCY_KEY_REUSED:
        return "external_id: it came in before, and was something else"
    return reason(refusal)


def _parts(cell: str) -> list[str]:
    return [part for part in map(str.strip, cell.split(";")) if part]


def _moment(cell: str) -> datetime:
    try:
        moment = datetime.fromisoformat(cell)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(Code.INVALID_INPUT, "it is not a time such as 2024-03-01T09:00:00Z", "given_at") from None
    raise Refusal(Code.INVALID_INPUT, "it says no time zone: write 2024-03-01T09:00:00Z or …+01:00", "given_at")


def _email(cell: str, column: str) -> str:
    try:
        return organization.plain_email(cell)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, column) from None


def _hashtag(cell: str) -> str:
    try:
        return organization.plain_hashtag(cell)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, "value") from None


def _points(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise Refusal(Code.INVALID_POINTS, "it is not a whole number", "points")
    if len(cell.lstrip("+-0")) > DIGITS_MAX:
        raise Refusal(Code.INVALID_POINTS, "the number is too large", "points")
    return int(cell)


def _name(email: str) -> str:
    """A name out of an address: ana.maria+x@example.com is Ana Maria, until somebody says it better."""
    local = email.partition("@")[0].partition("+")[0]
    words = re.split(r"[\W_]+", local)
    return " ".join(word[:1].upper() + word[1:] for word in words if word)[:NAME_CHARS_MAX] or email[:NAME_CHARS_MAX]
