"""Broken wires: whatever is lost on the way to the database, every act is done once or not at all."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from app import audit, recognition
from app.core.errors import Busy, Misconfigured
from app.db import Database, postgres
from app.db.sqlite import SqliteStore
from app.recognition import Grant
from tests.proxy import Cut, Proxy
from tests.world import World


@pytest.fixture
async def wire(postgresql_url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(postgresql_url)
    await proxy.open()
    yield proxy
    await proxy.close()


@pytest.fixture
async def afar(wire: Proxy) -> AsyncIterator[World]:
    """The world at the other end of the wire. When the story ends, chain and ledger must hold."""
    world = World(wire.url)
    await world.open()
    await world.ann.gives(to=[world.bob], points=1)
    yield world
    assert await world.sound()
    await world.close()


@pytest.mark.parametrize("cut", [Cut.BEFORE_COMMIT, Cut.AFTER_COMMIT])
async def test_a_commit_without_an_answer_is_done_once(wire: Proxy, afar: World, cut: Cut):
    wire.cut = cut

    answer = await afar.ann.gives(to=[afar.cem], points=7, key="once")

    assert wire.cuts == 1
    assert answer.user_errors == []
    assert (answer.payload["recognition"]["pointsEach"], answer.payload["replayed"]) == (7, False)
    assert sorted(grant.points for grant in await afar.rows(Grant)) == [1, 7]
    assert await afar.cem.wallet() == 7
    again = await afar.ann.gives(to=[afar.cem], points=7, key="once")
    assert again.payload["replayed"] is True
    assert again.payload["recognition"]["id"] == answer.payload["recognition"]["id"]


@pytest.mark.parametrize("cut", [Cut.BEFORE_COMMIT, Cut.AFTER_COMMIT])
async def test_a_whole_batch_without_an_answer_is_done_once(wire: Proxy, afar: World, cut: Cut):
    wire.cut = cut

    answers = await asyncio.gather(*[afar.ann.gives(to=[afar.cem], points=points) for points in (2, 3, 4)])

    assert wire.cuts == 1
    assert [answer.user_errors for answer in answers] == [[], [], []]
    assert sorted(grant.points for grant in await afar.rows(Grant)) == [1, 2, 3, 4]


@pytest.mark.parametrize("cut", [Cut.BEFORE_COMMIT, Cut.AFTER_COMMIT])
async def test_while_the_database_is_away_nobody_guesses(wire: Proxy, afar: World, cut: Cut, monkeypatch: pytest.MonkeyPatch):
    """COMMIT may have been done: so nothing is tried again act by act, and the same key tells later."""
    monkeypatch.setattr(postgres, "RECONNECT_PAUSES_SECONDS", (0.0, 0.01))
    wire.cut, wire.stays_broken = cut, True
    comment = afar.ann.asks(COMMENT, id=(await feed(afar))[0], text="Well done")

    answers = await asyncio.gather(
        *[afar.ann.gives(to=[afar.cem], points=points, key=f"k{points}") for points in (2, 3)], comment
    )

    assert [(answer.status, answer.error_codes) for answer in answers] == [(503, ["BUSY"])] * 3
    assert "same idempotency key" in answers[0].body["errors"][0]["message"]
    wire.mend()
    landed = cut is Cut.AFTER_COMMIT
    assert sorted(grant.points for grant in await afar.rows(Grant)) == ([1, 2, 3] if landed else [1])
    assert len(await afar.rows(recognition.Comment)) == (1 if landed else 0)
    again = [await afar.ann.gives(to=[afar.cem], points=points, key=f"k{points}") for points in (2, 3)]
    assert [answer.payload["replayed"] for answer in again] == [landed, landed]
    assert sorted(grant.points for grant in await afar.rows(Grant)) == [1, 2, 3]


async def feed(world: World) -> list[str]:
    """Ids of the feed."""
    nodes = (await world.ann.asks(FEED)).data["recognitions"]["nodes"]
    return [node["id"] for node in nodes]


FEED = "{ recognitions { nodes { id } } }"
COMMENT = "mutation C($id: ID!, $text: String!) { commentOnRecognition(recognitionId: $id, text: $text) { comment { id } } }"


async def everyone_out(url: str) -> int:
    """Ends every connection to the database but this one."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        row: Any = await cursor.fetchone()
        return int(row[0])


async def test_a_restart_between_batches_heals(postgresql_url: str):
    world = World(postgresql_url)
    await world.open()
    await world.ann.gives(to=[world.bob], points=1)
    assert (await world.ann.allowance())["remaining"] == 99
    assert await everyone_out(postgresql_url) >= 3, "the committer, a reader and a rehearsal"

    given = await world.ann.gives(to=[world.bob], points=2)

    assert given.user_errors == []
    assert (await world.ann.allowance())["remaining"] == 97
    assert await everyone_out(postgresql_url) >= 3
    assert (await world.ann.allowance())["remaining"] == 97
    assert await world.sound()
    await world.close()


async def test_a_rehearsal_that_finds_no_database_does_not_use_up_its_place(wire: Proxy, afar: World):
    await wire.hang_up()
    for _ in range(6):
        with pytest.raises(Busy, match="cannot be reached"):
            await afar.database.rehearse([])
    wire.mend()

    assert (await asyncio.wait_for(afar.ann.allowance(), 5))["remaining"] == 99


async def test_whoever_reads_while_the_database_is_away_is_told_so(wire: Proxy, afar: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "RECONNECT_PAUSES_SECONDS", (0.0, 0.01))
    await afar.ann.allowance()
    await wire.hang_up()

    answers = [await afar.ann.asks(document) for document in (FEED, "{ viewer { member { allowance { total } } } }")]

    assert [(answer.status, answer.error_codes) for answer in answers] == [(503, ["BUSY"])] * 2
    wire.mend()
    assert len(await feed(afar)) == 1
    assert (await afar.ann.allowance())["remaining"] == 99


@pytest.mark.parametrize("value", ["off", "local"])
async def test_postgresql_that_forgets_is_refused(postgresql_url: str, value: str):
    async with await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as connection:
        await connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET synchronous_commit = {value}')
    database = Database(postgresql_url, audit.AuditChain())

    with pytest.raises(Misconfigured, match=f"synchronous_commit={value}"):
        await database.open()
    await database.close()


async def test_a_database_that_is_not_there_is_named(postgresql_url: str):
    database = Database(postgresql_url.replace("/test_", "/nowhere_"), audit.AuditChain())

    with pytest.raises(Misconfigured, match="PLAUDIT_DATABASE_URL"):
        await database.open()
    await database.close()


async def test_sqlite_in_memory_is_refused():
    with pytest.raises(Misconfigured, match="sqlite:///path"):
        Database("sqlite:///:memory:", audit.AuditChain())


async def test_sqlite_without_a_durable_journal_is_refused():
    """Such as on a disk without shared memory; here it has no disk at all."""
    store = SqliteStore(":memory:")
    with pytest.raises(Misconfigured, match="journal_mode=memory"):
        await store.connect()
    await store.close()


async def test_sqlite_is_durable_on_every_connection(sqlite_url: str):
    database = Database(sqlite_url, audit.AuditChain())
    await database.open()
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}

    store: Any = database.committer.store
    written = {name: store.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    async with database.read() as connection:
        read = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in wanted}

    assert written == wanted
    assert read == wanted
    await database.close()


async def test_a_refusal_does_not_cost_the_prepared_statements(postgresql_url: str):
    world = World(postgresql_url)
    await world.open()
    await world.ann.gives(to=[world.bob])
    store: Any = world.database.committer.store

    async def prepared() -> set[str]:
        cursor = await store.connection.execute("SELECT statement FROM pg_prepared_statements")
        return {row[0] for row in await cursor.fetchall()}

    before = await prepared()
    refused = await world.ann.gives(to=[world.ann])

    assert refused.user_errors == [("SELF_RECOGNITION", ["recipientIds"])]
    assert len(before) > 10
    assert before <= await prepared()
    assert store.connection.info.transaction_status.name == "IDLE"
    await world.close()


async def test_closing_twice_is_no_harm(database_url: str):
    database = Database(database_url, audit.AuditChain())
    await database.open()
    await database.close()
    await database.close()
