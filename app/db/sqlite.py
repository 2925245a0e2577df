"""SQLite behind the committer: one connection, one BEGIN IMMEDIATE … COMMIT for a batch."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from app.core.errors import Misconfigured
from app.db.batch import Batch
from app.db.committer import Locked, Wants
from app.db.sources import Reading, Rows, Source, one, row_type
from app.db.tables import Codec, TenantTable, codecs, coded, table_of

BUSY_TIMEOUT_MILLISECONDS = 30_000
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
"""Every connection's. In WAL only FULL keeps acknowledged commits through a power cut."""

_DIALECT = sqlite.dialect(paramstyle="qmark")
R = TypeVar("R")


class SqliteStore:
    """The writing store of a server process, or with `writes` off one that only rehearses. Statements run on the event loop, as
    each takes microseconds; waiting for another process and the fsync of COMMIT run in a thread beside it."""

    def __init__(self, path: str, *, writes: bool = True) -> None:
        self.path = path
        self.writes = writes
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection."""
        assert self._connection is not None, "connect() comes first"
        return self._connection

    async def connect(self) -> None:
        """Opens the connection and reads back that commits are durable."""
        self._connection = await self._beside(self._open)

    def _open(self) -> sqlite3.Connection:
        # isolation_level=None: Python begins no transactions of its own, and a writing one begins with its lock.
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=512)
        try:
            configure(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _beside(self, function: Callable[..., R], *values: Any) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *values)

    async def close(self) -> None:
        """Lets go of the connection."""
        if self._connection is not None:
            await self._beside(self._connection.close)
            self._connection = None
        self._thread.shutdown()

    async def reconnect(self) -> None:
        """Nothing to do: a file is not lost as a connection is."""

    async def begin(self, batch: Batch, wants: Wants) -> None:
        """BEGIN IMMEDIATE is the lock; then loads what the acts named."""
        if not self.writes:
            self.connection.execute("BEGIN")
        else:
            try:
                self.connection.execute("PRAGMA busy_timeout=0")
                self.connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                await self._wait_for_the_lock()
            finally:
                self.connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
        await self.load(batch, wants)

    async def _wait_for_the_lock(self) -> None:
        self.connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
        try:
            await self._beside(self.connection.execute, "BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Locked(str(error)) from error

    async def load(self, batch: Batch, wants: Wants) -> None:
        """One SELECT per key: on SQLite a statement costs less than a join over many keys would."""
        for source, asked in wants.items():
            sql, key_codecs, row_codecs = _select(source)
            found: list[Any] = []
            for key in coded(key_codecs, [want.key for want in asked]):
                found.extend(self.connection.execute(sql, key))
            batch.loaded(source, asked, _made(source, row_codecs, found))

    async def commit(self, batch: Batch) -> None:
        """Everything written on the loop, committed beside it."""
        for model, keys in batch.deletes():
            self.connection.executemany(_statements(model).delete, coded(_select(one(model)).key_codecs, keys))
        for model, rows in batch.inserts():
            written = _statements(model)
            self.connection.executemany(written.insert, coded(written.codecs, rows))
        for model, rows in batch.updates():
            written = _statements(model)
            values = coded(written.codecs, rows)
            self.connection.executemany(written.update, [[row[place] for place in written.update_order] for row in values])
        batch.sealed = True
        await self._beside(self.connection.execute, "COMMIT")

    async def rollback(self) -> None:
        """Ends the transaction without a trace, if one is open."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    async def landed(self, batch: Batch) -> bool:
        """Never asked: COMMIT on a file answers."""
        raise AssertionError("a SQLite connection is never lost")


def configure(connection: Any) -> None:
    """Sets the pragmas and reads them back. Raises Misconfigured when the file cannot keep what is committed to it."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if journal != "wal" or synchronous != 2:
        raise Misconfigured(
            f"SQLite runs with journal_mode={journal} and synchronous={synchronous}, not WAL and FULL (2): acknowledged points "
            "could be lost. Put the data directory on a local disk that allows shared memory."
        )


class _Select(NamedTuple):
    sql: str
    key_codecs: list[Codec]
    row_codecs: list[Codec]


class _Statements(NamedTuple):
    insert: str
    update: str
    delete: str
    codecs: list[Codec]
    update_order: list[int]


def _made(source: Source, row_codecs: list[Codec], found: list[Any]) -> Iterable[Any]:
    if isinstance(source, Reading):
        return [source.row(*row) for row in coded(row_codecs, found)]
    assert isinstance(source, Rows)
    return map(row_type(source.model)._make, coded(row_codecs, found))


@cache
def _select(source: Source) -> _Select:
    """The source's own statement, with its keys given one at a time."""
    given = sa.select(*[sa.bindparam(f"k_{c.name}", type_=c.type).label(c.name) for c in source.keys]).subquery("given")
    statement = source.statement(given)
    return _Select(
        str(statement.compile(dialect=_DIALECT)),
        codecs([column.type for column in source.keys], _DIALECT)[0],
        codecs([column.type for column in statement.selected_columns], _DIALECT)[1],
    )


@cache
def _statements(model: type[TenantTable]) -> _Statements:
    table = table_of(model)
    names = [column.name for column in table.c]
    key = [column.name for column in table.primary_key.columns]
    rest = [name for name in names if name not in key]
    where = " AND ".join(f"{name} = ?" for name in key)
    return _Statements(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        f"UPDATE {table.name} SET {', '.join(f'{name} = ?' for name in rest or key)} WHERE {where}",
        f"DELETE FROM {table.name} WHERE {where}",
        codecs([column.type for column in table.c], _DIALECT)[0],
        [names.index(name) for name in (rest or key) + key],
    )
