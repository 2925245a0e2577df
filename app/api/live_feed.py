"""The live feed: one reading of each organization's chain, fanned out to all who are connected to this process."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from app import access, audit, recognition
from app.core.actor import Actor, Role, system
from app.core.errors import Busy
from app.db import Database
from app.recognition import Origin, Recognition, Visibility

EVENTS_MAX = 200
"""Events of one organization that are read at a time."""
WAITING_MAX = 1_000
"""Recognitions that may wait for one subscription. They wait as ids; more than one reading brings, so that a burst alone is no
reason to close."""
POLL_SECONDS = 1.0
"""Where nobody rings (other processes on SQLite), the chains are looked at so often."""
REST_SECONDS = 0.05
"""After a round the reader rests so long: what is committed meanwhile is read together."""
JUDGED_SECONDS = 2.0
"""Also where nothing happens, everyone who is connected is judged anew so often."""
FRESH_SECONDS = 1.0
"""What was read for one is good for all others so long."""
READERS_MAX = 3
"""Database connections that all live subscriptions of this process read on at a time."""
ASKED_AT_ONCE = 500
TOO_SLOW = f"Too slow: {WAITING_MAX:,} recognitions wait. Connect again, and read the feed for what you missed."

log = logging.getLogger("plaudit.live")
K = TypeVar("K")
V = TypeVar("V")


class _SharedLoader(DataLoader[K, V]):
    """Whoever stops waiting for a row must not take it away from the others who wait for it."""

    def load(self, key: K) -> Awaitable[V]:
        return asyncio.shield(super().load(key))


class Store:
    """What is read for several subscriptions together: nothing in it depends on who looks."""

    def __init__(self, live: "LiveFeed", organization_id: UUID) -> None:
        self.live = live
        self.organization_id = organization_id
        self.made_at = time.monotonic()
        self._loaders: dict[str, DataLoader[Any, Any]] = {}

    @property
    def fresh(self) -> bool:
        """Whether it may still be shown."""
        return time.monotonic() < self.made_at + FRESH_SECONDS

    def loader(
        self, name: str, read: Callable[[AsyncConnection, UUID, list[K]], Awaitable[dict[K, V]]]
    ) -> DataLoader[K, V | None]:
        """The loader of this name: many subscriptions ask, one statement answers."""
        found = self._loaders.get(name)
        if found is None:

            async def load(keys: list[K]) -> Sequence[V | None]:
                async with self.live.read() as connection:
                    rows = await read(connection, self.organization_id, keys)
                return [rows.get(key) for key in keys]

            found = self._loaders[name] = _SharedLoader(load, max_batch_size=ASKED_AT_ONCE)
        return found

    async def recognition(self, recognition_id: UUID) -> tuple[Recognition, list[UUID]] | None:
        """A recognition with its recipients, whoever may see it."""

        async def read(
            connection: AsyncConnection, organization_id: UUID, ids: list[UUID]
        ) -> dict[UUID, tuple[Recognition, list[UUID]]]:
            return await recognition.reads.seen_by(connection, system(organization_id), ids)

        return await self.loader("recognitions given", read).load(recognition_id)


@dataclass(frozen=True, slots=True)
class Given:
    """A recognition, as the chain tells of it."""

    sequence: int
    recognition_id: UUID
    is_public: bool
    people: frozenset[UUID]
    """Its giver and its recipients."""
    group_ids: frozenset[UUID]
    """Groups that were thanked as groups, and those that its people were in."""
    store: Store

    def may_concern(self, actor: Actor) -> bool:
        """Whether the live feed of this member may show it: public ones, and the member's own private ones."""
        return self.is_public or actor.member_id in self.people


class Viewer:
    """Someone who is connected, as judged last."""

    def __init__(self, actor: Actor, end: Callable[[int, str], None]) -> None:
        assert actor.token_id is not None, "whoever connects shows a token"
        self.actor = actor
        self.token_id = actor.token_id
        self.end = end
        """Closes the connection with a code and a reason."""


class Subscriber:
    """What waits for one subscription, in order."""

    def __init__(self, viewer: Viewer, since: int) -> None:
        self.viewer = viewer
        self.since = since
        """Number of the last event before it began."""
        self._waiting: deque[Given] = deque()
        self._arrived = asyncio.Event()

    def offer(self, given: Given) -> None:
        """Lets it wait here, if it is for this viewer; whoever lets too many wait is cut off."""
        if given.sequence <= self.since or not given.may_concern(self.viewer.actor):
            return
        if len(self._waiting) >= WAITING_MAX:
            self.viewer.end(1013, TOO_SLOW)
            return
        self._waiting.append(given)
        self._arrived.set()

    async def next(self) -> Given:
        """Waits for the next one."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()


class _Tail:
    """How far the chain of one organization was read, and for whom."""

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        self.viewers: dict[Viewer, None] = {}
        self.subscribers: dict[Subscriber, None] = {}
        self.judged_at = time.monotonic()
        self.store: Store | None = None


class LiveFeed:
    """Follows the chains of the organizations whose people are connected here, each from where its first one came in."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._tails: dict[UUID, _Tail] = {}
        self._wake = asyncio.Event()
        self._readers = asyncio.Semaphore(READERS_MAX)
        self._somebody = asyncio.Event()
        audit.feed.wake_on_commit(database, self._wake)

    async def run(self) -> None:
        """Follows, for ever."""
        await asyncio.gather(self._follow(), self._hear())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading. All that is live holds few at a time, so that it cannot starve what is not."""
        async with self._readers, self.database.read() as connection:
            yield connection

    async def enter(self, viewer: Viewer) -> None:
        """From now on the viewer is judged anew at every event, and ended when the token no longer opens the door."""
        tail = await self._tail(viewer.actor.organization_id)
        tail.viewers[viewer] = None

    async def subscribe(self, viewer: Viewer) -> Subscriber:
        """What is given from now on."""
        organization_id = viewer.actor.organization_id
        head = await self._head(organization_id)
        # From here on without a pause: nothing falls between what was read and who listens.
        tail = self._tails.setdefault(organization_id, _Tail(head))
        subscriber = Subscriber(viewer, max(head, tail.cursor))
        tail.subscribers[subscriber] = None
        return subscriber

    def leave(self, viewer: Viewer, *subscribers: Subscriber) -> None:
        """Forgets subscriptions; without any named, the viewer."""
        tail = self._tails.get(viewer.actor.organization_id)
        if tail is None:
            return
        for subscriber in subscribers:
            tail.subscribers.pop(subscriber, None)
        if not subscribers:
            tail.viewers.pop(viewer, None)
        if not tail.viewers and not tail.subscribers:
            del self._tails[viewer.actor.organization_id]

    def store(self, organization_id: UUID) -> Store:
        """A fresh store, for those who come late: what was read together long ago may have been taken back."""
        tail = self._tails.get(organization_id)
        if tail is None:
            return Store(self, organization_id)
        if tail.store is None or not tail.store.fresh:
            tail.store = Store(self, organization_id)
        return tail.store

    async def _tail(self, organization_id: UUID) -> _Tail:
        if organization_id not in self._tails:
            head = await self._head(organization_id)
            self._tails.setdefault(organization_id, _Tail(head))
        self._somebody.set()
        return self._tails[organization_id]

    async def _head(self, organization_id: UUID) -> int:
        async with self.read() as connection:
            return (await audit.reads.heads(connection, [organization_id]))[organization_id]

    async def _hear(self) -> None:
        """Listens to other processes once there is somebody to tell."""
        await self._somebody.wait()
        await self.database.hear(self._wake.set)

    async def _follow(self) -> None:
        while True:
            await self._somebody.wait()
            self._wake.clear()  # Before the round: what is committed during it is the next round's.
            try:
                more = await self._round()
            except Exception as error:
                log.warning("the live feed waits: %s", error, exc_info=None if isinstance(error, Busy) else error)
                more = False
            await asyncio.sleep(REST_SECONDS)
            if not self._tails:
                self._somebody.clear()
            elif not more:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._wake.wait()

    async def _round(self) -> bool:
        """Reads on wherever something has happened. Returns whether more waits already."""
        more, known = False, list(self._tails)
        for part in _parts(known):
            async with self.read() as connection:
                heads = await audit.reads.heads(connection, part)
            for organization_id in part:
                tail = self._tails.get(organization_id)
                if tail is None:
                    continue
                try:
                    more = await self._advance(organization_id, tail, heads.get(organization_id, 0)) or more
                except Busy:
                    raise
                except Exception:
                    log.exception("the live feed of organization %s stays where it is", organization_id)
        return more

    async def _advance(self, organization_id: UUID, tail: _Tail, head: int) -> bool:
        """Reads the next events, then judges everyone, then lets the events wait for whom they concern."""
        moved = head > tail.cursor
        if not moved and time.monotonic() < tail.judged_at + JUDGED_SECONDS:
            return False
        events: Sequence[audit.AuditEvent] = ()
        async with self.read() as connection:
            if moved:
                events = await audit.reads.events_after(connection, organization_id, tail.cursor, EVENTS_MAX)
            asked, roles = {viewer.token_id for viewer in tail.viewers}, dict[UUID, Role]()
            for part in _parts(list(asked)):
                roles |= await access.reads.standing(connection, organization_id, part, self.database.clock())
        # From here on without a pause.
        tail.judged_at = time.monotonic()
        for viewer in list(tail.viewers):
            if viewer.token_id in roles:
                viewer.actor = replace(viewer.actor, role=roles[viewer.token_id])
            elif viewer.token_id in asked:
                viewer.end(4403, "Forbidden: the token has expired or was revoked, or its member was deactivated.")
                self.leave(viewer, *[one for one in tail.subscribers if one.viewer is viewer])
                self.leave(viewer)
        if events:
            tail.cursor = events[-1].sequence
            tail.store = Store(self, organization_id)
            for given in _given(events, tail.store):
                for subscriber in tail.subscribers:
                    subscriber.offer(given)
        return len(events) == EVENTS_MAX


def _given(events: Iterable[audit.AuditEvent], store: Store) -> Iterable[Given]:
    """The recognitions among the events; history that was brought in is no news."""
    for event in events:
        if event.action != "recognition.given":
            continue
        said = audit.feed.body(event)
        if said["origin"] == Origin.IMPORT:
            continue
        people = [said["giver"], *said["recipients"]]
        yield Given(
            event.sequence,
            UUID(event.subject.partition(":")[2]),
            said["visibility"] == Visibility.PUBLIC,
            frozenset(UUID(person["id"]) for person in people),
            frozenset(UUID(id_) for ids in (said["groups"], *[person["groups"] for person in people]) for id_ in ids),
            store,
        )


def _parts(ids: list[UUID]) -> Iterable[list[UUID]]:
    return [ids[first : first + ASKED_AT_ONCE] for first in range(0, len(ids), ASKED_AT_ONCE)]
