"""The committer: takes every act that waits as one batch, under one lock per organization and one COMMIT."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from app.core.clock import Clock
from app.core.clock import now as present
from app.core.errors import Bug, Busy, InDoubt, PlauditError
from app.core.ids import new_reference
from app.db.batch import Act, Batch, Chain, Draft, Missing
from app.db.sources import Source, Want, one

BATCH_MAX = 256
WAITING_MAX = 2_000
ROUNDS_MAX = 10
ATTEMPTS_MAX = 5

log = logging.getLogger("plaudit.committer")
R = TypeVar("R")
Wants = dict[Source, dict[Want, None]]
Entry = tuple[Act[Any], "asyncio.Future[Any]"]
Listener = Callable[[Batch], None]


class Lost(Exception):
    """The connection is gone, and nobody knows yet whether COMMIT was done."""


class Locked(Exception):
    """Another process holds the lock for longer than anyone should wait."""


_BUSY = {
    Locked: "Someone else has been changing this organization for long. Nothing was changed; try again.",
    Lost: "The database cannot be reached, and nobody knows whether this was done. Send it again with the same idempotency key.",
}


class Store(Protocol):
    """A database behind the committer, on one connection of its own. Every method raises Lost when that connection is gone."""

    async def connect(self) -> None:
        """Opens the connection and reads back that commits are durable. Raises Misconfigured otherwise."""

    async def close(self) -> None:
        """Lets go of the connection."""

    async def reconnect(self) -> None:
        """Opens the connection again."""

    async def begin(self, batch: Batch, wants: Wants) -> None:
        """Opens a transaction, locks the chain heads among `wants` (a writing store only), and loads the rest."""

    async def load(self, batch: Batch, wants: Wants) -> None:
        """Loads what was found missing."""

    async def commit(self, batch: Batch) -> None:
        """One INSERT, UPDATE and DELETE per table, then COMMIT."""

    async def rollback(self) -> None:
        """Ends the transaction without a trace, if one is open."""

    async def landed(self, batch: Batch) -> bool:
        """Whether a COMMIT that nobody answered was done: the lock waits for it to end, the chain tells."""


class Committer:
    """Never waits for a batch to fill: alone, an act commits at once; under load, batches grow while the last one commits."""

    def __init__(
        self,
        store: Store,
        chain: Chain,
        *,
        clock: Clock = present,
        one_organization_per_batch: bool = False,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self.store = store
        self.chain = chain
        self.clock = clock
        self.one_organization_per_batch = one_organization_per_batch
        self.batch_max = batch_max
        self.listeners: list[Listener] = []
        """Called after each COMMIT, before its callers get their answers."""
        self._waiting: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connects and begins to take batches."""
        try:
            await self.store.connect()
        except BaseException:
            await self.store.close()
            raise
        self._task = asyncio.create_task(self._run(), name="committer")

    async def close(self) -> None:
        """Accepts nothing more, commits what waits, then lets go of the connection."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
            await self.store.close()

    async def submit(self, act: Act[R]) -> R:
        """Waits until the act is committed and returns its answer. Raises its Refusal, Busy when too many wait, Bug when it is
        our fault. A caller that goes away before its act began takes it along; one that goes later leaves the change standing."""
        if self._closing or len(self._waiting) >= WAITING_MAX:
            raise Busy("The server has too much to do at this moment. Nothing was changed; try again in a second.")
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((act, answer))
        self._wake.set()
        return await answer

    async def _run(self) -> None:
        while True:
            while not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(0)  # everyone who is ready in this turn of the loop comes along
            entries = self._take()
            if entries:
                await self._commit(entries)

    def _take(self) -> list[Entry]:
        """The acts of the next batch. One that changes the rules of others stands alone: it is a batch of its own."""
        entries: list[Entry] = []
        while self._waiting and len(entries) < self.batch_max:
            act, answer = self._waiting[0]
            if answer.done():  # its caller has gone before it began
                self._waiting.popleft()
                continue
            alone = getattr(act, "stands_alone", False)
            stranger = (
                self.one_organization_per_batch and entries and entries[0][0].actor.organization_id != act.actor.organization_id
            )
            if entries and (alone or stranger):
                break
            entries.append(self._waiting.popleft())
            if alone:
                break
        return entries

    async def _commit(self, entries: list[Entry]) -> None:
        try:
            outcomes = await self._attempt([act for act, _ in entries])
        except (Locked, Lost) as error:
            log.error("%d acts were not committed: %s", len(entries), error)
            kind = InDoubt if isinstance(error, Lost) else Busy
            outcomes = [kind(_BUSY[type(error)])] * len(entries)
        except Exception as error:
            if len(entries) > 1:
                log.warning("a batch of %d acts failed and is tried act by act: %r", len(entries), error)
                for entry in entries:
                    await self._commit([entry])
                return
            outcomes = [_bug(entries[0][0], error)]
        for (_, answer), outcome in zip(entries, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, BaseException):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    async def _attempt(self, acts: Sequence[Act[Any]]) -> list[Any]:
        for _ in range(ATTEMPTS_MAX):
            batch = Batch(self.clock, self.chain)
            outcomes: list[Any] = []
            try:
                await transact(self.store, batch, acts, outcomes)
            except Lost:
                if not await self._landed(batch):
                    continue
            self._tell(batch)
            return outcomes
        raise Lost("the database cannot be reached")

    def _tell(self, batch: Batch) -> None:
        """The batch is committed: a listener that fails must not look like a batch that did."""
        for listener in self.listeners:
            try:
                listener(batch)
            except Exception:
                log.exception("a listener failed after a COMMIT")

    async def _landed(self, batch: Batch) -> bool:
        """Connects again; then the chain says whether the COMMIT that nobody answered was done."""
        for _ in range(ATTEMPTS_MAX):
            try:
                await self.store.reconnect()
                return batch.sealed and bool(batch.links) and await self.store.landed(batch)
            except (Lost, Locked):
                continue
        raise Lost("the database cannot be reached")


async def transact(store: Store, batch: Batch, acts: Sequence[Act[Any]], outcomes: list[Any], *, keep: bool = True) -> None:
    """Loads, decides and commits one batch; `outcomes` receives an answer or an exception for each act. With `keep` off nothing
    is written: the acts are only rehearsed."""
    wants: Wants = {}
    if keep:
        head = one(batch.chain.head)
        wants[head] = {Want(head, (act.actor.organization_id,), listed=False): None for act in acts}
    for act in acts:
        for want in act.needs():
            wants.setdefault(want.source, {})[want] = None
    try:
        await store.begin(batch, wants)
        batch.locked()
        for _ in range(ROUNDS_MAX):
            missing = _decide(batch, acts, outcomes, keep)
            if not missing:
                break
            await store.load(batch, missing)
        else:
            raise AssertionError("an act keeps asking for more")
        if keep and batch.dirty:
            await store.commit(batch)
        else:
            await store.rollback()
    except Lost:
        raise
    except BaseException:
        await store.rollback()
        raise


def _decide(batch: Batch, acts: Sequence[Act[Any]], outcomes: list[Any], keep: bool) -> Wants:
    """Decides in order, from where it stopped. From the first act that lacks something on, the others only say what they lack."""
    missing: Wants = {}
    for act in acts[len(outcomes) :]:
        draft = Draft(batch, act.actor)
        try:
            outcome = act.decide(draft)
            if keep and not missing:
                draft.keep()
        except Missing as lack:
            for want in lack.wants:
                missing.setdefault(want.source, {})[want] = None
            continue
        except PlauditError as said:
            outcome = cast(Any, said)
        except Exception as error:
            outcome = cast(Any, _bug(act, error))
        if not missing:
            outcomes.append(outcome)
    return missing


def _bug(act: Act[Any], error: Exception) -> Exception:
    if isinstance(error, Bug | Busy):
        return error
    reference = new_reference()
    log.error("act %s failed: %s", reference, type(act).__name__, exc_info=error)
    return Bug(reference)
