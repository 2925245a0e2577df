"""The clerk: has orders delivered by their providers, again until they are, and writes down what became of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app import audit
from app.core.actor import Door, system
from app.core.errors import Busy, Code, Misconfigured, Refusal
from app.db import Database, columns, scoped, table_of
from app.reward.fulfilment import READER, ByHand, Declined, Delivered, Deliverer, Order, Outcome, Report, UnderWay
from app.reward.models import FulfilmentOrder, Provider, Redemption, RedemptionStatus
from app.reward.rules import Verb

ORDERS_AT_ONCE = 4
ORGANIZATIONS_AT_ONCE = 500
DUE_MAX = 100
"""Orders that one look brings, of some organizations."""
DELIVER_SECONDS_MAX = 60.0
"""So long a provider may take to answer."""
CLAIM_SECONDS = 120
"""So long an order belongs to the process that took it up; if that dies, another goes on."""
PAUSE_SECONDS_FIRST = 5
PAUSE_SECONDS_MAX = 3600
TRIES_MAX = 20
"""An order that has failed so often, over half a day, becomes a dead letter, which an admin has tried again."""

log = logging.getLogger("plaudit.fulfilment")


class Clerk:
    """Goes round the orders that are due. Several processes may have one each: every order is claimed before it is asked for."""

    def __init__(self, database: Database, providers: Mapping[Provider, Deliverer]) -> None:
        self._database = database
        self._providers = providers
        self.wake = asyncio.Event()
        """Set when an order was planned."""

    async def run(self, organizations: Callable[[], Awaitable[Iterable[UUID]]], seconds: float = 2.0) -> None:
        """Goes round for ever: whenever an order was planned, and each so many seconds."""
        while True:
            self.wake.clear()
            try:
                while await self.round(list(await organizations())) >= DUE_MAX:
                    log.debug("there are more orders than one look brought")
            except Busy as error:
                log.warning("orders wait %s seconds: %s", seconds, error)
            except Exception:
                log.exception("a round of the clerk failed; the next one tries again")
            try:
                async with asyncio.timeout(seconds):
                    await self.wake.wait()
                await asyncio.sleep(0.05)  # The transaction that planned it ends first.
            except TimeoutError:
                pass

    async def round(self, organization_ids: Sequence[UUID]) -> int:
        """Asks for every order that is due; returns their number."""
        room, number = asyncio.Semaphore(ORDERS_AT_ONCE), 0
        for first in range(0, len(organization_ids), ORGANIZATIONS_AT_ONCE):
            part = organization_ids[first : first + ORGANIZATIONS_AT_ONCE]
            async with self._database.read() as connection:
                due = (await connection.execute(_due(part, self._database.clock()))).all()
            await asyncio.gather(*(self._safely(room, *row) for row in due))
            number += len(due)
        return number

    async def _safely(self, room: asyncio.Semaphore, organization_id: UUID, redemption_id: UUID) -> None:
        async with room:
            try:
                if await self._claim(organization_id, redemption_id):
                    await self._ask(organization_id, redemption_id)
            except Busy as error:
                log.warning("order %s waits: %s", redemption_id, error)
            except Exception:
                log.exception("what became of order %s could not be written down; it is asked for again", redemption_id)

    async def _claim(self, organization_id: UUID, redemption_id: UUID) -> bool:
        """Whether the order is ours to ask for: it is due, and nobody else is at it."""
        order, now = columns(FulfilmentOrder), self._database.clock()
        free = sa.or_(order.claimed_until.is_(None), order.claimed_until <= now)
        until = now + timedelta(seconds=CLAIM_SECONDS)
        return await self._note(organization_id, redemption_id, free, order.next_at <= now, claimed_until=until)

    async def _ask(self, organization_id: UUID, redemption_id: UUID) -> None:
        async with self._database.read() as connection:
            redemption: Any = (
                await connection.execute(scoped(Redemption, organization_id).where(columns(Redemption).id == redemption_id))
            ).one()
            statement = scoped(FulfilmentOrder, organization_id)
            placed: Any = (
                await connection.execute(statement.where(columns(FulfilmentOrder).redemption_id == redemption_id))
            ).one_or_none()
        if placed is None:  # Settled meanwhile.
            return
        if redemption.status is not RedemptionStatus.TO_FULFIL:  # Settled as well, and the feed is about to tell.
            await self._next(redemption, None)
            return
        try:
            outcome: Outcome | Exception = await self._outcome(redemption)
        except Busy:
            raise
        except Exception as error:
            outcome = error
        await self._settle(redemption, placed, outcome)

    async def _outcome(self, redemption: Redemption) -> Outcome:
        provider = self._providers.get(redemption.provider)
        if provider is None:
            raise Misconfigured(f"This version has no provider {redemption.provider}.")  # Another one may have, and have begun.
        async with asyncio.timeout(DELIVER_SECONDS_MAX):
            return await provider.deliver(self._order(redemption))

    def _order(self, redemption: Redemption) -> Order:
        return Order(
            organization_id=redemption.organization_id,
            id=redemption.id,
            reward_id=redemption.reward_id,
            member_id=redemption.member_id,
            reward_name=redemption.reward_name,
            price_points=redemption.price_points,
            minor_units=redemption.price_points * redemption.minor_units_per_point,
            currency_code=redemption.currency_code,
            accept=partial(self._report, redemption, Verb.ACCEPT),
        )

    async def _report(self, redemption: Redemption, verb: Verb, reference: str | None = None) -> None:
        actor = system(redemption.organization_id, Door.WORKER)
        await self._database.submit(Report(actor, redemption.id, verb, reference))

    async def _settle(self, redemption: Redemption, placed: FulfilmentOrder, outcome: Outcome | Exception) -> None:
        """Writes down what became of it. What the feed tells of removes the order."""
        now = self._database.clock()
        match outcome:
            case Delivered(reference):
                await self._report(redemption, Verb.DELIVER, reference)
                await self._next(redemption, None)
            case ByHand():
                await self._next(redemption, None)
            case UnderWay(reference, seconds):
                await self._report(redemption, Verb.ACCEPT, reference)
                await self._next(redemption, now + timedelta(seconds=seconds))
            case Declined(reason):
                await self._report(redemption, Verb.DECLINE)
                await self._give_up(redemption, placed, reason)
            case Refusal(code=Code.INVALID_STATE):
                # Somebody was faster: it was rejected, and the feed is about to tell.
                await self._next(redemption, None)
            case error:
                trouble, tries = audit.letters.sentence(error), placed.tries + 1
                log.info("order %s failed: %s", redemption.id, trouble, exc_info=error)
                if tries >= TRIES_MAX:
                    await self._give_up(redemption, placed, trouble)
                    return
                pause = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS_FIRST * 2**placed.tries)
                await self._next(redemption, now + timedelta(seconds=pause), tries=tries, trouble=trouble)

    async def _next(self, redemption: Redemption, next_at: datetime | None, *, tries: int = 0, trouble: str = "") -> None:
        values = {"next_at": next_at, "claimed_until": None, "tries": tries, "trouble": trouble}
        await self._note(redemption.organization_id, redemption.id, **values)

    async def _give_up(self, redemption: Redemption, placed: FulfilmentOrder, trouble: str) -> None:
        """Nothing is tried until an admin says so: it is a dead letter, and its trouble stands beside the order."""
        log.warning("order %s is given up: %s", redemption.id, trouble)
        organization_id, now, tries = redemption.organization_id, self._database.clock(), placed.tries + 1
        order = columns(FulfilmentOrder)
        this = (order.organization_id == organization_id, order.redemption_id == redemption.id)
        values = {"next_at": None, "claimed_until": None, "tries": tries, "trouble": trouble}
        async with self._database.bookkeeping() as connection:
            noted = await connection.execute(sa.update(table_of(FulfilmentOrder)).where(*this).values(values))
            if noted.rowcount == 0:  # Settled meanwhile: there is nothing left to try again.
                return
            await audit.letters.bury(
                connection, organization_id, READER, placed.sequence, str(redemption.id), trouble, tries, now
            )

    async def _note(self, organization_id: UUID, redemption_id: UUID, *only_if: Any, **values: Any) -> bool:
        order = columns(FulfilmentOrder)
        this = (order.organization_id == organization_id, order.redemption_id == redemption_id)
        async with self._database.bookkeeping() as connection:
            noted = await connection.execute(sa.update(table_of(FulfilmentOrder)).where(*this, *only_if).values(values))
        return noted.rowcount == 1


def _due(keys: Sequence[UUID], now: datetime) -> sa.Select[Any]:
    """Orders of these organizations that may be asked for now."""
    order = columns(FulfilmentOrder)
    free = sa.or_(order.claimed_until.is_(None), order.claimed_until <= now)
    return (
        sa.select(order.organization_id, order.redemption_id)
        .where(order.organization_id.in_(keys), order.next_at <= now, free)
        .order_by(order.next_at)
        .limit(DUE_MAX)
    )
