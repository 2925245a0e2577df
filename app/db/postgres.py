"""PostgreSQL behind the committer: one connection, and two round trips for a batch, since its statements travel in pipelines."""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.types.numeric import Int8BinaryDumper
from sqlalchemy.dialects import postgresql

from app.core.errors import Misconfigured
from app.db.batch import Batch
from app.db.committer import Locked, Lost, Wants
from app.db.sources import Reading, Rows, Source, one, row_type
from app.db.tables import TenantTable, codecs, coded, columns, table_of

LOCK_TIMEOUT_SECONDS = 10
ALIVE: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""What libpq is told on every connection: a network that has gone silent is noticed in half a minute, not after many."""
RECONNECT_PAUSES_SECONDS = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)
_DIALECT = postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
# Every statement, and every check of a foreign key, finds its rows by an index. Otherwise a plan made while a table was small
# would read all of it, and go on doing so: after 5,000 grants into a new database a batch took three times as long.
_INDEXES_ONLY = "-c enable_seqscan=off -c jit=off"
_OPTIONS = f"-c plan_cache_mode=force_generic_plan {_INDEXES_ONLY} -c lock_timeout={LOCK_TIMEOUT_SECONDS}s -c timezone=UTC"


class PostgresStore:
    """The writing store of a server process, or with `writes` off one that only rehearses."""

    def __init__(self, url: str, *, writes: bool = True) -> None:
        self.url = url
        self.writes = writes
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._wrote = False
        """Whether something was written in the open transaction."""

    @property
    def connection(self) -> psycopg.AsyncConnection[Any]:
        """The open connection. Raises Lost when there is none."""
        if self._connection is None:
            raise Lost("not connected")
        return self._connection

    async def connect(self) -> None:
        """Opens the connection and reads back that commits are durable."""
        try:
            # prepare_threshold=0: every statement text is one of a few, so each is prepared at its first use.
            connection = await psycopg.AsyncConnection.connect(
                self.url, autocommit=True, prepare_threshold=0, options=_OPTIONS, **ALIVE
            )
        except psycopg.OperationalError as error:
            raise Lost(str(error)) from error
        connection.prepared_max = None
        connection.adapters.register_dumper(int, Int8BinaryDumper)  # one parameter type whatever the size of the number
        self._connection = connection
        for setting in ("fsync", "synchronous_commit"):
            row = await (await connection.execute(f"SHOW {setting}")).fetchone()
            if row is None or (row[0] in {"off", "local"} and setting == "synchronous_commit") or row[0] == "off":
                raise Misconfigured(
                    f"PostgreSQL runs with {setting}={row and row[0]}: a power cut could lose points. Set {setting}=on."
                )

    async def close(self) -> None:
        """Lets go of the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def reconnect(self) -> None:
        """Opens the connection again, waiting a little longer after each failure."""
        if self._connection is not None:
            self._connection.pgconn.finish()
        for pause in RECONNECT_PAUSES_SECONDS:
            await asyncio.sleep(pause)
            try:
                return await self.connect()
            except Lost:
                continue
        raise Lost("the database cannot be reached")

    async def begin(self, batch: Batch, wants: Wants) -> None:
        """BEGIN, the lock on the chain heads, and everything that the acts named, in one round trip."""
        self._wrote = False
        opening = "BEGIN" if self.writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        await self._load(batch, wants, opening)

    async def load(self, batch: Batch, wants: Wants) -> None:
        """One statement per source, one round trip."""
        await self._load(batch, wants, None)

    async def _load(self, batch: Batch, wants: Wants, opening: str | None) -> None:
        cursors = []
        try:
            async with self.connection.pipeline():
                if opening:
                    await self.connection.execute(opening)
                for source, asked in wants.items():
                    lock = self.writes and isinstance(source, Rows) and source.model is batch.chain.head
                    cursor = self.connection.cursor(binary=True)
                    await cursor.execute(_select(source, lock), _arrays([want.key for want in asked], source.keys))
                    cursors.append((source, asked, cursor))
            for source, asked, cursor in cursors:
                batch.loaded(source, asked, _made(source, await cursor.fetchall()))
        except psycopg.OperationalError as error:
            raise self._fate(error) from error

    async def commit(self, batch: Batch) -> None:
        """Everything written and committed in one round trip."""
        batch.sealed = self._wrote = True
        try:
            async with self.connection.pipeline():
                for model, keys in batch.deletes():
                    await self.connection.execute(_delete(model), _arrays(keys, one(model).keys))
                for model, rows in batch.inserts():
                    await self.connection.execute(_insert(model), _arrays(rows, list(table_of(model).c)))
                for model, rows in batch.updates():
                    await self.connection.execute(_update(model), _arrays(rows, list(table_of(model).c)))
                await self.connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            raise self._fate(error) from error

    async def rollback(self) -> None:
        """Ends the transaction without a trace, if one is open."""
        connection = self.connection
        if connection.closed or connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            return
        try:
            # At a ROLLBACK psycopg forgets every prepared statement. Where nothing was written, COMMIT is the same.
            await connection.execute("ROLLBACK" if self._wrote else "COMMIT")
        except psycopg.OperationalError as error:
            raise self._fate(error) from error

    async def landed(self, batch: Batch) -> bool:
        """Looks for the event that the batch would have written, under the lock that its transaction would still hold."""
        organization_id, (sequence, digest) = next(iter(batch.links.items()))
        head = batch.chain.head
        event, hash_column, key = batch.chain.event_key(sequence)
        lock = sa.select(columns(head).organization_id).where(columns(head).organization_id == organization_id).with_for_update()
        found = sa.select(columns(event)[hash_column]).where(
            *[column == value for column, value in zip(table_of(event).primary_key, (organization_id, *key), strict=True)]
        )
        try:
            async with self.connection.transaction():
                for statement in (lock, found):
                    compiled = statement.compile(dialect=_DIALECT)
                    cursor = await self.connection.execute(
                        str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]
                    )
                row = await cursor.fetchone()
        except psycopg.OperationalError as error:
            raise self._fate(error) from error
        return row is not None and bytes(row[0]) == digest

    def _fate(self, error: psycopg.OperationalError) -> Exception:
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return Locked(str(error))
        return Lost(str(error)) if self.connection.closed or says_gone(error) else error


def says_gone(error: BaseException | None) -> bool:
    """Without SQLSTATE, or with one of the classes 08 and 57P, the connection is gone, whatever it says of itself."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


def _made(source: Source, rows: list[Any]) -> Iterable[Any]:
    if isinstance(source, Reading):
        return [source.row(*row) for row in rows]
    assert isinstance(source, Rows)
    return map(row_type(source.model)._make, coded(_codecs(tuple(table_of(source.model).c))[1], rows))


@cache
def _codecs(chosen: tuple[sa.Column[Any], ...]) -> Any:
    return codecs([column.type for column in chosen], _DIALECT)


def _arrays(rows: list[Any], chosen: list[sa.Column[Any]]) -> list[list[Any]]:
    """Rows as one array per column: the statement's text is then the same for 1 row and for 500, and so is its prepared plan."""
    return [list(column) for column in zip(*coded(_codecs(tuple(chosen))[0], rows), strict=True)]


def _sql(statement: Any) -> str:
    return str(statement.compile(dialect=_DIALECT)).replace("%s", "%b")  # %b: arrays travel in binary


def _unnest(chosen: list[sa.Column[Any]]) -> Any:
    function = sa.func.unnest(*[sa.bindparam(f"v_{c.name}", type_=postgresql.ARRAY(_plain(c.type))) for c in chosen])
    return function.table_valued(*[sa.column(c.name, c.type) for c in chosen], name="given").render_derived()


def _plain(kind: Any) -> Any:
    return kind.load_dialect_impl(_DIALECT) if isinstance(kind, sa.types.TypeDecorator) else kind


@cache
def _select(source: Source, lock: bool) -> str:
    statement = source.statement(_unnest(source.keys))
    if lock:
        assert isinstance(source, Rows)
        table = table_of(source.model)
        statement = statement.order_by(*table.primary_key.columns).with_for_update(of=table)
    return _sql(statement)


@cache
def _insert(model: type[TenantTable]) -> str:
    table = table_of(model)
    return _sql(sa.insert(table).from_select(list(table.c.keys()), sa.select(*_unnest(list(table.c)).c)))


@cache
def _update(model: type[TenantTable]) -> str:
    table = table_of(model)
    given = _unnest(list(table.c))
    key = {column.name for column in table.primary_key.columns}
    matches = [table.c[name] == given.c[name] for name in key]
    return _sql(sa.update(table).where(*matches).values({c.name: given.c[c.name] for c in table.c if c.name not in key}))


@cache
def _delete(model: type[TenantTable]) -> str:
    table = table_of(model)
    given = _unnest(one(model).keys)
    return _sql(sa.delete(table).where(*[column == given.c[column.name] for column in table.primary_key.columns]))
