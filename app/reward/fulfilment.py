"""Fulfilment: providers deliver what was redeemed; the feed says what is to be delivered, the clerk has it done.

A provider is asked by `deliver`, again and again until it has an answer; the order's id is the redemption's and stays the same,
so that asking twice delivers once. A new provider is a class with that one method, and a word in `models.Provider`."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import audit
from app.audit import AuditEvent, DeadLetter
from app.core.actor import Actor, Role
from app.core.clock import Clock
from app.core.errors import not_found
from app.db import Draft, Want, columns, insert, table_of
from app.reward import decide, rules
from app.reward.models import FulfilmentOrder, Redemption, RedemptionStatus
from app.reward.rules import Stage, Verb

READER = "fulfilment"
"""The reader's name in the feed."""
_BEGINS = frozenset({"redemption.requested", "redemption.approved"})
_ENDS = frozenset({"redemption.rejected", "redemption.fulfilled"})


@dataclass(frozen=True, slots=True)
class Order:
    """What a provider is asked to deliver."""

    organization_id: UUID
    id: UUID
    """The redemption. A provider outside uses it as its idempotency key."""
    reward_id: UUID
    member_id: UUID
    reward_name: str
    price_points: int
    minor_units: int
    """What it is worth: points × minor units of the currency, as frozen when it was redeemed."""
    currency_code: str
    accept: Callable[[], Awaitable[None]]
    """A provider that hands something out waits for this before: from then on nobody calls the order back. Raises INVALID_STATE
    when somebody has done so, and then nothing may be handed out."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """An admin delivers it and says so; the provider is not asked again."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The member has it."""

    reference: str | None = None
    """What the provider calls it."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The provider has it and needs time: it is asked again after so many seconds."""

    reference: str | None = None
    seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Declined:
    """It cannot be done as things stand. An admin reads why, and rejects it or has it tried again."""

    reason: str


Outcome = ByHand | Delivered | UnderWay | Declined


class Deliverer(Protocol):
    """A provider at work."""

    async def deliver(self, order: Order) -> Outcome:
        """Has it delivered. Called again with the same order after a failure, a crash, or `UnderWay`. Whatever it raises means:
        nobody knows, ask again later; the first line of it is shown to admins."""


class Manual:
    """Nobody but an admin delivers it."""

    async def deliver(self, order: Order) -> Outcome:
        """Leaves it to an admin."""
        return ByHand()


@dataclass(frozen=True, slots=True)
class Report:
    """What the house writes down of an order: its provider accepted it, gave it back, or delivered it. Saying it again changes
    nothing."""

    actor: Actor
    redemption_id: UUID
    verb: Verb
    reference: str | None = None

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        return decide.needs(self.actor.organization_id, self.redemption_id)

    def decide(self, draft: Draft) -> UUID:
        """The redemption's id."""
        redemption = draft.get(Redemption, self.redemption_id)
        if redemption is None:
            raise not_found("id")
        before = rules.stage_of(redemption)
        if self._is_said(redemption, before):
            return redemption.id
        stage = rules.move(before, self.verb, rules.Asker(Role.OWNER, is_house=self.actor.member_id is None))
        subject = f"redemption:{redemption.id}"
        reference = self.reference or redemption.reference
        match self.verb:
            case Verb.ACCEPT:
                draft.change(redemption, accepted_at=redemption.accepted_at or draft.now, reference=reference)
                draft.tell("redemption.accepted", subject, provider=redemption.provider, reference=reference)
            case Verb.DECLINE:
                draft.change(redemption, accepted_at=None, reference=None)
                draft.tell("redemption.declined", subject, provider=redemption.provider)
            case _:
                assert stage is Stage.FULFILLED, "the only other thing that a provider reports"
                decide.step(draft, draft.change(redemption, reference=reference), stage, {})
        return redemption.id

    def _is_said(self, redemption: Redemption, stage: Stage) -> bool:
        match self.verb:
            case Verb.ACCEPT:
                return stage is Stage.ACCEPTED and self.reference in (None, redemption.reference)
            case Verb.DECLINE:
                return stage is not Stage.ACCEPTED  # What was not accepted, or is settled, need not be given back.
        return stage is Stage.FULFILLED


class FulfilmentReader:
    """Reads in the feed what is to be delivered, and writes down an order for it."""

    name = READER

    def __init__(self, clock: Clock, planned: Callable[[], None] | None = None) -> None:
        self._clock = clock
        self._planned = planned

    async def take(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Plans the orders that these events ask for, and forgets those that are settled."""
        begun, ended = [], []
        for event in events:
            if event.action in _ENDS:
                ended.append(_redemption_of(event))
            elif event.action in _BEGINS and _is_to_fulfil(event):
                begun.append((_redemption_of(event), event.sequence))
        if not (begun or ended):
            return
        organization_id, now = events[0].organization_id, self._clock()
        if begun:
            rows = [_planned(organization_id, redemption_id, sequence, now) for redemption_id, sequence in begun]
            planned = insert(FulfilmentOrder, connection.dialect.name).on_conflict_do_nothing()
            await connection.execute(planned, rows)
        if ended:
            order = columns(FulfilmentOrder)
            settled = (order.organization_id == organization_id, order.redemption_id.in_(ended))
            await connection.execute(sa.delete(table_of(FulfilmentOrder)).where(*settled))
            await audit.letters.forget(connection, organization_id, READER, map(str, ended))
        if self._planned is not None:
            self._planned()

    async def again(self, connection: AsyncConnection, letter: DeadLetter) -> None:
        """Takes up what was given up: an order, or the planning of an event."""
        if not letter.subject:
            event = await audit.reads.event_row(connection, letter.organization_id, letter.sequence)
            await self.take(connection, [event] if event is not None else [])
            return
        await try_again(connection, letter.organization_id, UUID(letter.subject), self._clock())
        if self._planned is not None:
            self._planned()


async def try_again(connection: AsyncConnection, organization_id: UUID, redemption_id: UUID, now: datetime) -> bool:
    """Makes an order due, with all its tries before it; it is no dead letter any more. False where there is no such order."""
    await audit.letters.forget(connection, organization_id, READER, [str(redemption_id)])
    order = columns(FulfilmentOrder)
    this = (order.organization_id == organization_id, order.redemption_id == redemption_id)
    due = sa.update(table_of(FulfilmentOrder)).where(*this).values(next_at=now, tries=0)
    return (await connection.execute(due)).rowcount == 1


def _planned(organization_id: UUID, redemption_id: UUID, sequence: int, now: datetime) -> dict[str, Any]:
    row = {"organization_id": organization_id, "redemption_id": redemption_id, "sequence": sequence}
    return row | {"tries": 0, "next_at": now, "trouble": ""}


def _is_to_fulfil(event: AuditEvent) -> bool:
    """Whether nothing stands between it and its delivery: it was approved, or needs no approval."""
    return event.action == "redemption.approved" or audit.feed.body(event)["status"] == RedemptionStatus.TO_FULFIL


def _redemption_of(event: AuditEvent) -> UUID:
    return UUID(event.subject.removeprefix("redemption:"))
