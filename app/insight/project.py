"""The projection: reads the feed, and keeps the rollups that insights are answered from."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import audit, organization
from app.audit import AuditEvent, DeadLetter
from app.core.errors import not_found
from app.db import Database, columns, scoped, table_of
from app.insight.delta import Delta, Gift, gift
from app.insight.models import (
    InsightFlow,
    InsightMember,
    InsightPair,
    InsightPeople,
    InsightPoints,
    InsightStanding,
    InsightTotal,
    InsightValue,
    InsightZone,
    Movement,
    Standing,
)
from app.insight.store import write
from app.organization import Member, MemberStatus

EVENT = ""
"""The subject of dead letters that are events themselves."""
READER = "insight"
"""The reader's name in the feed."""
EVENTS_MAX = 2_000
"""Events that are counted in one transaction when there are many."""
ROLLUPS = (
    InsightTotal,
    InsightValue,
    InsightFlow,
    InsightMember,
    InsightPeople,
    InsightPair,
    InsightPoints,
    InsightStanding,
    InsightZone,
)
_GIFTS = frozenset({"recognition.given", "recognition.boosted"})
_MOVEMENTS = {
    "allowance.issued": Movement.ISSUED,
    "allowance.raised": Movement.ISSUED,
    "allowance.topped_up": Movement.ISSUED,
    "allowance.expired": Movement.EXPIRED,
    "points.adjusted": Movement.ADJUSTED,
    "redemption.requested": Movement.REDEEMED,
    "redemption.rejected": Movement.RETURNED,
    "redemption.cancelled": Movement.RETURNED,
    "redemption.fulfilled": Movement.FULFILLED,
    "redemption.refunded": Movement.REFUNDED,
}
"""Events whose points, or price, move."""
_MODES = {mode.value: Standing(mode.value) for mode in organization.ParticipationMode}


class InsightReader:
    """Keeps the rollups up to date."""

    name = READER

    async def take(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Counts what these events tell."""
        await _Round(connection, events[0].organization_id).take(events)

    async def again(self, connection: AsyncConnection, letter: DeadLetter) -> None:
        """Counts an event that was given up. Rollups are sums: they may come late."""
        event = await audit.reads.event_row(connection, letter.organization_id, letter.sequence)
        if event is None:
            raise not_found("id")
        await self.take(connection, [event])


async def rebuild(database: Database, organization_id: UUID) -> int:
    """Makes the rollups anew from the first event; returns the number of events. Until it is done, insights show what has been
    counted so far, and say as of when."""
    await audit.feed.place(database, READER, organization_id, at_head=False)
    async with database.bookkeeping() as connection:
        for model in ROLLUPS:
            await connection.execute(sa.delete(table_of(model)).where(columns(model).organization_id == organization_id))
        # What was given up is counted now like everything else; counted again later, it would count twice.
        await audit.letters.forget(connection, organization_id, READER, [EVENT])
        await audit.feed.rewind(connection, organization_id, READER)
    return await catch_up(database, organization_id)


async def catch_up(database: Database, organization_id: UUID) -> int:
    """Counts everything that has happened until now; returns the number of events."""
    reader, number = InsightReader(), 0
    while read := await audit.feed.advance(database, reader, organization_id, events_max=EVENTS_MAX):
        number += read
    return number


class _Round:
    """Some events of one organization on their way into the rollups."""

    def __init__(self, connection: AsyncConnection, organization_id: UUID) -> None:
        self._connection = connection
        self._organization_id = organization_id
        self._delta = Delta(organization_id)
        self._standings: dict[tuple[UUID, Standing, date], list[tuple[int, bool]]] = {}
        """Who came to be something (True) or ceased to be it, in their order, by scope, standing and day."""
        self._zones: list[tuple[datetime, ZoneInfo]] = []
        self._ordinals: dict[UUID, int] = {}

    async def take(self, events: Sequence[AuditEvent]) -> None:
        """Counts them all, and writes it down."""
        await self._read_zones()
        bodies = [audit.feed.body(event) for event in events]
        await self._read_ordinals(zip(events, bodies, strict=True))
        for event, body in zip(events, bodies, strict=True):
            await self._count(event, body)
        await write(self._connection, self._delta, self._standings)

    async def _count(self, event: AuditEvent, body: dict[str, Any]) -> None:
        match event.action.split("."):
            case ["recognition", "given" | "boosted"]:
                given = self._gift(event, body)
                self._delta.count(given, 1)
                imported = body.get("origin") == "IMPORT"
                self._move(event, Movement.IMPORTED if imported else Movement.GIVEN, given.points)
            case ["recognition", "revoked" | "boost_revoked"]:
                gone = await self._taken_back(event, body)
                for given in gone:
                    self._delta.count(given, -1)
                self._move(event, Movement.TAKEN_BACK, sum(given.points for given in gone) - body["shortfall"])
            case ["redemption", _]:
                self._redemption(event, body)
            case ["allowance" | "points", _] if event.action in _MOVEMENTS:
                self._move(event, _MOVEMENTS[event.action], body["points"])
            case ["organization", _] if "time_zone" in body:
                await self._change_zone(event, body["time_zone"])
            case ["member", verb]:
                self._member(event, verb, body)
            case ["group", "created" | "updated"]:
                self._group(event, body)

    def _move(self, event: AuditEvent, movement: Movement, points: int) -> None:
        self._delta.move(movement, points, self._day(event.at))

    def _redemption(self, event: AuditEvent, body: dict[str, Any]) -> None:
        movement = _MOVEMENTS.get(event.action)
        if movement is not None:
            self._move(event, movement, body["price_points"])
        if movement is Movement.REDEEMED:
            self._delta.redeemed(self._ordinals[UUID(body["member"])], self._day(event.at))

    def _gift(self, event: AuditEvent, body: dict[str, Any]) -> Gift:
        is_boost = event.action == "recognition.boosted"
        given_at = event.at if is_boost else datetime.fromisoformat(body["given_at"])
        return gift(body, self._day(given_at), is_boost=is_boost)

    async def _taken_back(self, event: AuditEvent, body: dict[str, Any]) -> list[Gift]:
        """What is taken out of its day again: one boost, or a recognition with those of its boosts that stood."""
        at = columns(AuditEvent)
        statement = scoped(AuditEvent, self._organization_id).where(at.subject == event.subject, at.sequence < event.sequence)
        earlier: Any = (await self._connection.execute(statement.order_by(at.sequence))).all()
        bodies = {one.sequence: audit.feed.body(one) for one in earlier}
        gone = {bodies[one.sequence]["boost"] for one in earlier if one.action == "recognition.boost_revoked"}
        found = []
        for one in earlier:
            said = bodies[one.sequence]
            if one.action not in _GIFTS or said.get("boost") in gone:
                continue
            if event.action == "recognition.revoked" or said.get("boost") == body["boost"]:
                found.append(self._gift(one, said))
        return found

    def _member(self, event: AuditEvent, verb: str, body: dict[str, Any]) -> None:
        member_id = UUID(event.subject.removeprefix("member:"))
        here, day = self._organization_id, self._day(event.at)
        match verb:
            case "created":
                joined = self._day(datetime.fromisoformat(body["joined_at"]))
                if body["status"] == MemberStatus.ACTIVE:
                    self._stand(here, Standing.ACTIVE, joined, member_id, comes=True)
                self._stand(here, _MODES[body["mode"]], joined, member_id, comes=True)
                for group_id in body["groups"]:
                    self._stand(UUID(group_id), Standing.BELONGS, joined, member_id, comes=True)
            case "reactivated" | "welcomed":
                if body.get("after", MemberStatus.ACTIVE) == MemberStatus.ACTIVE:
                    self._stand(here, Standing.ACTIVE, day, member_id, comes=True)
            case "deactivated":
                self._stand(here, Standing.ACTIVE, day, member_id, comes=False)
            case "mode_changed":
                self._stand(here, _MODES[body["before"]], day, member_id, comes=False)
                self._stand(here, _MODES[body["after"]], day, member_id, comes=True)
            case "updated":
                for group_id in body.get("joined", ()):
                    self._stand(UUID(group_id), Standing.BELONGS, day, member_id, comes=True)
                for group_id in body.get("left", ()):
                    self._stand(UUID(group_id), Standing.BELONGS, day, member_id, comes=False)

    def _group(self, event: AuditEvent, body: dict[str, Any]) -> None:
        group_id, day = UUID(event.subject.removeprefix("group:")), self._day(event.at)
        for member_id in body.get("joined", ()):
            self._stand(group_id, Standing.BELONGS, day, UUID(member_id), comes=True)
        for member_id in body.get("left", ()):
            self._stand(group_id, Standing.BELONGS, day, UUID(member_id), comes=False)

    def _stand(self, scope_id: UUID, standing: Standing, day: date, member_id: UUID, *, comes: bool) -> None:
        self._standings.setdefault((scope_id, standing, day), []).append((self._ordinals[member_id], comes))

    def _day(self, moment: datetime) -> date:
        """The organization's day of that moment, in the zone of its time."""
        zones = [zone for since, zone in self._zones if since <= moment] or [zone for _, zone in self._zones[:1]]
        return organization.day_of(moment, zones[-1])

    async def _change_zone(self, event: AuditEvent, zone: str) -> None:
        """From this event on, days are those of another zone."""
        self._zones.append((event.at, ZoneInfo(zone)))
        row = {"organization_id": self._organization_id, "sequence": event.sequence, "since": event.at, "zone": zone}
        await self._connection.execute(sa.insert(table_of(InsightZone)).values(row))

    async def _read_zones(self) -> None:
        statement = scoped(InsightZone, self._organization_id).order_by(columns(InsightZone).sequence)
        self._zones = [(row.since, ZoneInfo(row.zone)) for row in await self._connection.execute(statement)]

    async def _read_ordinals(self, events: Iterable[tuple[AuditEvent, dict[str, Any]]]) -> None:
        """Places in bitmaps of everybody whom these events name by id alone."""
        named = set[UUID]()
        for event, body in events:
            kind, _, id_ = event.subject.partition(":")
            if kind == "member":
                named.add(UUID(id_))
            elif kind in ("group", "redemption"):
                named |= {UUID(one) for name in ("joined", "left") for one in body.get(name, ())}
                named |= {UUID(body["member"])} if "member" in body else set()
        if named:
            member = columns(Member)
            statement = scoped(Member, self._organization_id, member.id, member.ordinal).where(member.id.in_(named))
            self._ordinals = {row.id: row.ordinal for row in await self._connection.execute(statement)}
