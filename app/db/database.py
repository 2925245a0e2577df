"""A database with all that the house needs of it: connections that read, the committer that writes, rehearsals that only ask."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.core.clock import Clock
from app.core.clock import now as present
from app.core.errors import Busy, Misconfigured
from app.db import bell
from app.db.batch import Act, Batch, Chain
from app.db.committer import Committer, Lost, Store, transact
from app.db.postgres import ALIVE, PostgresStore, says_gone
from app.db.sqlite import SqliteStore, configure

READERS_MAX = 10
READER_SECONDS_MAX = 2.0
"""Whoever waits for a connection for so long is told to come again: Slack waits for three seconds in all."""
"""Connections that read lists and feeds, per process."""
REHEARSALS_MAX = 4
"""Connections that rehearse acts on PostgreSQL, per process."""
AWAY = "The database cannot be reached. Nothing was changed; try again in a moment."

R = TypeVar("R")


class Database:
    """Open it, use it, close it. `url` is `postgresql://…` or `sqlite:///path`."""

    def __init__(
        self,
        url: str,
        chain: Chain,
        *,
        clock: Clock = present,
        one_organization_per_batch: bool = False,
        batch_max: int | None = None,
    ) -> None:
        self.url = url
        self.chain = chain
        self.clock = clock
        self.is_sqlite = url.startswith("sqlite")
        self.engine = make_engine(url)
        self.committer = Committer(
            _store(url, writes=True),
            chain,
            clock=clock,
            one_organization_per_batch=one_organization_per_batch,
            **({"batch_max": batch_max} if batch_max else {}),
        )
        self._bell = None if self.is_sqlite else bell.Bell(_plain(url))
        self.committer.listeners.append(self._ring)
        self._rehearsals: asyncio.LifoQueue[Store] = asyncio.LifoQueue()
        self._rehearsal_stores: list[Store] = []

    async def open(self) -> None:
        """Connects. Raises Misconfigured, with what to do, when the database is not there or cannot keep what is committed."""
        try:
            await self.committer.start()
        except Lost as error:
            raise Misconfigured(
                f"The database cannot be reached: {error}. Check PLAUDIT_DATABASE_URL and that it is running."
            ) from error

    async def close(self) -> None:
        """Commits what waits and lets go of every connection."""
        await self.committer.close()
        if self._bell is not None:
            await self._bell.close()
        for store in self._rehearsal_stores:
            await store.close()
        await self.engine.dispose()

    async def submit(self, act: Act[R]) -> R:
        """One act through the write path: see Committer.submit."""
        return await self.committer.submit(act)

    async def rehearse(self, acts: Sequence[Act[R]]) -> list[R | BaseException]:
        """What the acts would answer now, each on its own: what submitting runs, without the lock and without a trace."""
        try:
            store = await self._borrow()
            try:
                return await self._rehearse(store, acts)
            finally:
                self._rehearsals.put_nowait(store)
        except Lost as error:
            raise Busy(AWAY) from error

    async def _rehearse(self, store: Store, acts: Sequence[Act[R]]) -> list[R | BaseException]:
        outcomes: list[Any] = []
        try:
            await transact(store, Batch(self.clock, self.chain), acts, outcomes, keep=False)
        except Lost:
            await store.reconnect()
            outcomes.clear()
            await transact(store, Batch(self.clock, self.chain), acts, outcomes, keep=False)
        return outcomes

    async def _borrow(self) -> Store:
        if self._rehearsals.empty() and len(self._rehearsal_stores) < (1 if self.is_sqlite else REHEARSALS_MAX):
            store = _store(self.url, writes=False)
            self._rehearsal_stores.append(store)
            try:
                await store.connect()
            except BaseException:
                # It must not count as one that comes back: the next one to ask tries again.
                self._rehearsal_stores.remove(store)
                await store.close()
                raise
            return store
        return await self._rehearsals.get()

    async def hear(self, heard: Callable[[], None]) -> None:
        """Calls back whenever a process, this one included, has committed something that the chain tells of; for ever. On SQLite
        nobody is heard."""
        if not self.is_sqlite:
            await bell.hear(_plain(self.url), heard)

    def _ring(self, batch: Batch) -> None:
        if self._bell is not None and batch.links:
            self._bell.ring()

    @property
    def dialect(self) -> str:
        """Which database it is, in SQLAlchemy's word."""
        return self.engine.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading, in one snapshot on SQLite and statement by statement on PostgreSQL. Raises Busy while the
        database is away."""
        try:
            async with self.engine.connect() as connection:
                yield connection
        except sa.exc.TimeoutError as error:
            raise Busy("Too many read at this moment. Try again in a second.") from error
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated or says_gone(error.orig):
                raise Busy(AWAY) from error
            raise

    @asynccontextmanager
    async def bookkeeping(self) -> AsyncIterator[AsyncConnection]:
        """A small transaction of its own for what the program does not mean: a token's last use, a reader's cursor. Raises Busy
        while the database is away."""
        async with self.read() as connection:
            if self.is_sqlite:
                await connection.execution_options(bookkeeping=True)
            else:
                await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                yield connection


def sqlite_path(url: str) -> str:
    """The file behind `sqlite:///path`."""
    return url.split("///", 1)[1]


def driver_url(url: str, *, asynchronous: bool = True) -> str:
    """The URL as SQLAlchemy wants it, with the driver named."""
    if url.startswith("sqlite"):
        return f"sqlite{'+aiosqlite' if asynchronous else ''}:///{sqlite_path(url)}"
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def _store(url: str, *, writes: bool) -> Store:
    if url.startswith("sqlite"):
        return SqliteStore(sqlite_path(url), writes=writes)
    return PostgresStore(_plain(url), writes=writes)


def _plain(url: str) -> str:
    """A PostgreSQL URL as libpq wants it."""
    return "postgresql://" + url.split("://", 1)[1]


def make_engine(url: str) -> AsyncEngine:
    """An engine whose connections are set up as the house wants them."""
    if not url.startswith("sqlite"):
        # A reading statement is its own snapshot: BEGIN and ROLLBACK around it would treble its round trips.
        return create_async_engine(
            driver_url(url),
            pool_size=READERS_MAX,
            pool_timeout=READER_SECONDS_MAX,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"options": "-c timezone=UTC", **ALIVE},
        )
    if sqlite_path(url) in {"", ":memory:"}:
        raise Misconfigured("A database in memory keeps nothing. Let PLAUDIT_DATABASE_URL name a file: sqlite:///path.")
    folder = Path(sqlite_path(url)).parent
    if not folder.is_dir():
        raise Misconfigured(
            f"The folder {folder} does not exist. Make it, or set PLAUDIT_DATA_DIR or PLAUDIT_DATABASE_URL to another."
        )
    engine = create_async_engine(
        driver_url(url),
        pool_size=READERS_MAX,
        pool_timeout=READER_SECONDS_MAX,
        max_overflow=0,
        connect_args={"isolation_level": None},
    )
    sa.event.listen(engine.sync_engine, "connect", _on_connect)
    sa.event.listen(engine.sync_engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    configure(connection)
    # SQLite's own folds the case of ASCII only; PostgreSQL's knows all letters.
    connection.create_function("lower", 1, lambda text: text.lower() if text is not None else None, deterministic=True)


def _on_begin(connection: sa.Connection) -> None:
    """The driver begins nothing by itself. A transaction that will write takes its lock first: reading before it would fail."""
    writes = connection.get_execution_options().get("bookkeeping")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def safe_url(url: str) -> str:
    """The URL without its password, for people to read."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url
