"""The sender: walks the lanes of what Slack is to be told, in order, at Slack's pace, until it is told or given up."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from app import audit
from app.core.errors import Busy
from app.db import Database, columns, scoped, table_of
from integrations.slack import jobs, reader
from integrations.slack.api import Away, Denied, Disconnected, Limited
from integrations.slack.jobs import Job
from integrations.slack.models import DeliveryState, SlackDelivery
from integrations.slack.workspaces import Workspace, Workspaces

LANES_AT_ONCE = 4
LAG_SECONDS_MAX = 0.005
"""Once the event loop is so late, whoever waits for an answer goes first, and what Slack is to be told waits."""
LOOKS_SHARE = 10
"""Between two looks at all lanes passes at least so many times as long as a look takes: of much that waits, a look is long."""
OTHERS_FIRST_MAX = 20
WRITES_MAX = 5
"""Attempts at writing down what became of a delivery, while the database is busy."""
CLAIM_SECONDS = 60
"""So long a delivery belongs to the process that took it up; if that dies, another goes on."""
SPACING_SECONDS = {"post": 1.0, "direct": 1.0, "home": 2.0}
"""Between two calls in one lane: Slack takes about one message a second per channel, and a direct message is in one, too."""
DENIED_MAX = 3
AWAY_HOURS_MAX = 24
"""So long a delivery waits for Slack to come back."""
PAUSE_SECONDS_MAX = 300

log = logging.getLogger("plaudit.slack")
Work = Callable[[Workspace, Job], Awaitable[Sequence[sa.Executable]]]


class Delivery(NamedTuple):
    """A delivery that this process has taken up."""

    once: str
    lane: str
    job: Job
    sequence: int
    tries: int
    made_at: datetime


class Sender:
    """Does the jobs of connected workspaces. Several processes may run one each: every delivery is claimed before it is made."""

    def __init__(self, database: Database, workspaces: Workspaces, work: Work) -> None:
        self.database = database
        self.workspaces = workspaces
        self.work = work
        self.wake = asyncio.Event()
        self._ready: dict[tuple[str, str], float] = {}
        """When a lane may be used again, by the monotonic clock."""
        self._room = asyncio.Semaphore(LANES_AT_ONCE)
        self._look_seconds = 0.0
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def run(self, seconds: float = 1.0) -> None:
        """Goes round for ever: whenever there is something new, and each so many seconds."""
        try:
            while True:
                self.wake.clear()
                try:
                    await self.round()
                except Busy as error:
                    log.warning("what Slack is to be told waits: %s", error)
                except Exception:
                    log.exception("a round of the sender failed; the next one tries again")
                try:
                    async with asyncio.timeout(self._rest(seconds)):
                        await self.wake.wait()
                except TimeoutError:
                    pass
                # What is planned together is taken up together.
                await asyncio.sleep(max(0.02, LOOKS_SHARE * self._look_seconds))
        finally:
            for task in list(self._running.values()):
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _rest(self, seconds: float) -> float:
        """Until the next lane may be used again, at most so many seconds."""
        now = time.monotonic()
        self._ready = {key: moment for key, moment in self._ready.items() if moment > now}
        return min([seconds, *(moment - now for moment in self._ready.values())])

    async def round(self) -> int:
        """Takes up the head of every lane that is free and due; returns the number of lanes taken up."""
        known = {workspace.organization_id: workspace for workspace in await self.workspaces.connected()}
        started, began = 0, time.monotonic()
        async with self.database.read() as connection:
            due = (await connection.execute(_heads(list(known), self.database.clock()))).all()
        self._look_seconds = time.monotonic() - began
        for organization_id, lane in due:
            workspace = known[organization_id]
            key = (workspace.team_id, lane)
            if key in self._running or self._ready.get(key, 0.0) > time.monotonic():
                continue
            task = asyncio.create_task(self._safely(workspace, lane), name=f"slack {lane}")
            self._running[key] = task
            task.add_done_callback(lambda _done, key=key: self._running.pop(key, None))  # type: ignore[misc]
            started += 1
        return started

    async def settle(self, seconds: float = 10.0) -> None:
        """Goes round until nothing is due and nothing runs: for tests and the simulation."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._ready.clear()
            if not await self.round() and not self._running:
                return
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _safely(self, workspace: Workspace, lane: str) -> None:
        """Walks a lane; what fails besides its deliveries is logged, and the next round goes on where it stood."""
        try:
            await self._walk(workspace, lane)
        except Busy as error:
            log.info("the lane %s of workspace %s waits: %s", lane, workspace.team_id, error)
        except Exception:
            log.exception("the lane %s of workspace %s failed", lane, workspace.team_id)

    async def _walk(self, workspace: Workspace, lane: str) -> None:
        """Makes the deliveries of a lane, one after the other, as long as they are due."""
        kind = lane.partition(":")[0]
        while True:
            async with self._room:
                await self._others_first()
                taken = await self._claim(workspace, lane)
                if taken is None:
                    return
                went_on = await self._make(workspace, taken)
            if not went_on:
                return
            if kind in SPACING_SECONDS:
                self._ready[workspace.team_id, lane] = time.monotonic() + SPACING_SECONDS[kind]
                return

    async def _others_first(self) -> None:
        """Waits as long as the process is behind with its answers."""
        for _ in range(OTHERS_FIRST_MAX):
            began = time.monotonic()
            await asyncio.sleep(0)
            lag = time.monotonic() - began
            if lag < LAG_SECONDS_MAX:
                return
            await asyncio.sleep(max(0.05, 10 * lag))

    async def _claim(self, workspace: Workspace, lane: str) -> Delivery | None:
        """The head of the lane, for this process alone; None when there is none that is due."""
        delivery, now = columns(SlackDelivery), self.database.clock()
        head = (
            scoped(SlackDelivery, workspace.organization_id)
            .where(delivery.lane == lane, delivery.state == DeliveryState.WAITING)
            .order_by(delivery.sequence, delivery.id)
            .limit(1)
        )
        # The head is locked, so that whoever comes second sees it claimed; then it is found again by its key alone.
        mine = delivery.organization_id == workspace.organization_id
        async with self.database.bookkeeping() as connection:
            row = (await connection.execute(head.with_for_update())).one_or_none()
            if row is None or (row.not_before or now) > now or (row.claimed_until or now) > now:
                return None
            until = now + timedelta(seconds=CLAIM_SECONDS)
            await connection.execute(
                sa.update(table_of(SlackDelivery)).where(mine, delivery.once == row.once).values(claimed_until=until)
            )
        made_at = datetime.fromtimestamp((row.id.int >> 80) / 1000, now.tzinfo)
        return Delivery(row.once, lane, jobs.parse(row.job), row.sequence, row.tries, made_at)

    async def _make(self, workspace: Workspace, taken: Delivery) -> bool:
        """Does the job, and writes down how it ended; returns whether the lane goes on."""
        try:
            aftermath = await self.work(workspace, taken.job)
        except Limited as limit:
            await self._later(workspace, taken, limit.seconds, tries=taken.tries)
            return False
        except Disconnected as gone:
            # The lanes stand still until the app is installed again; Slack tells us of an uninstallation by itself.
            log.info("workspace %s: %s", workspace.team_id, gone)
            await self._later(workspace, taken, PAUSE_SECONDS_MAX, tries=taken.tries)
            return False
        except (Away, Busy) as error:
            waited = self.database.clock() - taken.made_at
            if waited > timedelta(hours=AWAY_HOURS_MAX):
                await self._give_up(workspace, taken, str(error))
                return True
            await self._later(workspace, taken, min(PAUSE_SECONDS_MAX, 2.0**taken.tries), tries=taken.tries + 1)
            return False
        except Denied as denied:
            await self._give_up(workspace, taken, str(denied))
            return True
        except Exception as error:
            log.exception("delivery %s of workspace %s failed", taken.once, workspace.team_id)
            if taken.tries + 1 >= DENIED_MAX:
                await self._give_up(workspace, taken, audit.letters.sentence(error))
                return True
            await self._later(workspace, taken, 2.0**taken.tries, tries=taken.tries + 1)
            return False
        now = self.database.clock()
        await self._write(workspace, taken, *aftermath, state=DeliveryState.DONE, done_at=now, claimed_until=None)
        return True

    async def _later(self, workspace: Workspace, taken: Delivery, seconds: float, *, tries: int) -> None:
        moment = self.database.clock() + timedelta(seconds=seconds)
        await self._write(workspace, taken, not_before=moment, claimed_until=None, tries=tries)

    async def _give_up(self, workspace: Workspace, taken: Delivery, error: str) -> None:
        """A dead letter: an admin sees it and can have it tried again."""
        now, tries = self.database.clock(), taken.tries + 1
        log.warning("delivery %s of workspace %s is given up: %s", taken.once, workspace.team_id, error)
        async with self.database.bookkeeping() as connection:
            delivery = columns(SlackDelivery)
            statement = sa.update(table_of(SlackDelivery)).where(
                delivery.organization_id == workspace.organization_id, delivery.once == taken.once
            )
            await connection.execute(statement.values(state=DeliveryState.DEAD, claimed_until=None, tries=tries))
            letter = (taken.sequence, taken.once, error, tries, now)
            await audit.letters.bury(connection, workspace.organization_id, reader.NAME, *letter)

    async def _write(self, workspace: Workspace, taken: Delivery, *more: sa.Executable, **values: Any) -> None:
        """Writes down what became of a delivery. It was made: were that not written down, it would be made again."""
        for attempt in range(WRITES_MAX):
            try:
                return await self._written(workspace, taken, *more, **values)
            except Busy:
                if attempt == WRITES_MAX - 1:
                    raise
                await asyncio.sleep(0.2 * 2**attempt)
        return None

    async def _written(self, workspace: Workspace, taken: Delivery, *more: sa.Executable, **values: Any) -> None:
        delivery = columns(SlackDelivery)
        async with self.database.bookkeeping() as connection:
            for statement in more:
                await connection.execute(statement)
            statement = sa.update(table_of(SlackDelivery)).where(
                delivery.organization_id == workspace.organization_id, delivery.once == taken.once
            )
            await connection.execute(statement.values(**values))


def _heads(keys: Sequence[UUID], now: datetime) -> sa.Select[Any]:
    """The lanes of these organizations whose head may be taken up now."""
    delivery = columns(SlackDelivery)
    rank = (
        sa.func.row_number()
        .over(partition_by=(delivery.organization_id, delivery.lane), order_by=(delivery.sequence, delivery.id))
        .label("rank")
    )
    heads = (
        sa.select(delivery.organization_id, delivery.lane, delivery.not_before, delivery.claimed_until, rank)
        .where(delivery.organization_id.in_(keys), delivery.state == DeliveryState.WAITING)
        .subquery()
    )
    return (
        sa.select(heads.c.organization_id, heads.c.lane)
        .where(heads.c.rank == 1)
        .where(sa.or_(heads.c.not_before.is_(None), heads.c.not_before <= now))
        .where(sa.or_(heads.c.claimed_until.is_(None), heads.c.claimed_until <= now))
    )
