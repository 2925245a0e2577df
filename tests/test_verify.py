"""Verification: whoever changes the database behind the program's back is found, at the exact event or account."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa

from app import audit, ledger
from app.audit import ChainReport, sha256
from app.db import driver_url
from app.ledger import LedgerReport
from tests.world import World

SOUND = LedgerReport(0, 0, 0, 0)


class Intruder:
    """Somebody with the password of the database: no trigger and no constraint is in the way."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(driver_url(url, asynchronous=False), poolclass=sa.NullPool)
        self.is_sqlite = url.startswith("sqlite")

    def does(self, statement: str, **values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            if self.is_sqlite:
                connection.execute(sa.text("PRAGMA ignore_check_constraints=ON"))
                for name in connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
                    connection.execute(sa.text(f"DROP TRIGGER {name}"))
            else:
                connection.execute(sa.text("SET session_replication_role = replica"))
                for table, name in (("account", "never_below_zero"), ("audit_event", "door")):
                    connection.execute(sa.text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}"))
            result = connection.execute(sa.text(statement), values)
            return list(result.all()) if result.returns_rows else []

    def record(self, sequence: int) -> dict[str, Any]:
        ((record,),) = self.does("SELECT record FROM audit_event WHERE sequence = :at", at=sequence)
        return orjson.loads(record)

    def writes(self, sequence: int, record: dict[str, Any], *, hashed: bool) -> bytes:
        """Puts another record in the place of one, with its right hash or with the old one."""
        content = orjson.dumps(record)
        digest = sha256(content)
        self.does("UPDATE audit_event SET record = :record WHERE sequence = :at", record=content, at=sequence)
        if hashed:
            self.does("UPDATE audit_event SET hash = :hash WHERE sequence = :at", hash=digest, at=sequence)
        return digest

    def rewrites_history(self, begin: int, end: int) -> None:
        """Changes an event and makes every hash after it right again, up to the head."""
        digest = self.writes(begin, self.record(begin) | {"body": {"points": 1_000_000}}, hashed=True)
        for sequence in range(begin + 1, end + 1):
            digest = self.writes(sequence, self.record(sequence) | {"previous": digest.hex()}, hashed=True)
        self.does("UPDATE chain_head SET hash = :hash", hash=digest)


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[World]:
    """The world after a gift, in which things may go wrong."""
    world = World(database_url)
    await world.open()
    await world.ann.gives(to=[world.bob, world.cem], points=10)
    yield world
    await world.close()


@pytest.fixture
def intruder(scene: World) -> Intruder:
    return Intruder(scene.database.url)


async def events(world: World) -> list[Any]:
    return sorted(await world.rows(audit.AuditEvent), key=lambda row: row.sequence)


async def verified(world: World) -> ChainReport:
    return await audit.verify(world.database, world.organization_id)


async def verified_from_mark(world: World) -> ChainReport:
    return await audit.verify_from_mark(world.database, world.organization_id)


async def proved(world: World) -> LedgerReport:
    return await ledger.prove(world.database, world.organization_id)


async def test_an_untouched_organization_is_sound(scene):
    told = await events(scene)
    whole = ChainReport(True, len(told), len(told), None, None, told[-1].hash.hex())

    assert await verified(scene) == whole
    assert await verified_from_mark(scene) == whole
    assert await proved(scene) == SOUND


async def test_an_organization_that_does_not_exist_has_nothing_to_verify(scene):
    nobody = UUID(int=7)

    assert await audit.verify(scene.database, nobody) == ChainReport(True, 0, 0, None, None, "00" * 32)
    assert await ledger.prove(scene.database, nobody) == SOUND


async def test_a_changed_record_is_named_with_both_hashes(scene, intruder):
    before = (await events(scene))[6].hash
    forged = intruder.writes(7, intruder.record(7) | {"action": "nothing.happened"}, hashed=False)

    report = await verified(scene)

    assert (report.chain_intact, report.verified_through, report.first_broken_sequence) == (False, 6, 7)
    assert report.problem == f"event 7: the record was changed: its hash is {forged.hex()}, not {before.hex()}"


async def test_a_changed_record_with_its_right_hash_breaks_the_link_after_it(scene, intruder):
    before = (await events(scene))[6].hash
    forged = intruder.writes(7, intruder.record(7) | {"action": "member.updated"}, hashed=True)
    intruder.does("UPDATE audit_event SET action = 'member.updated' WHERE sequence = 7")

    report = await verified(scene)

    assert (report.verified_through, report.first_broken_sequence) == (7, 8)
    assert report.problem == f"event 8: it names {before.hex()} as the hash of the one before it, and that is {forged.hex()}"


COLUMNS = {
    "action": ("'member.seen'", "the column action says member.seen, and the record {action}"),
    "subject": ("'member:1'", "the column subject says member:1, and the record {subject}"),
    "door": ("'slack'", "the column door says slack, and the record system"),
    "actor_id": ("organization_id", "the column actor_id says {organization}, and the record None"),
    "at": ("'2020-02-02 02:02:02'", "the column at says 2020-02-02T02:02:02+00:00, and the record {at}"),
}


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_changed_column_contradicts_the_record(scene, intruder, column):
    value, problem = COLUMNS[column]
    intruder.does(f"UPDATE audit_event SET {column} = {value} WHERE sequence = 7")

    report = await verified(scene)

    assert report.first_broken_sequence == 7
    assert report.problem == "event 7: " + problem.format(**intruder.record(7))


async def test_a_column_that_cannot_even_be_read_is_found(scene, intruder):
    intruder.does("UPDATE audit_event SET door = 'cellar' WHERE sequence = 7")

    report = await verified(scene)

    assert (report.verified_through, report.first_broken_sequence) == (6, 7)
    assert report.problem == "event 7: a column holds what was never written there: 'cellar' is not a valid Door"


async def test_a_record_of_something_else_is_found(scene, intruder):
    first = (await events(scene))[5].hash
    intruder.writes(7, {"previous": first.hex()}, hashed=True)

    assert (await verified(scene)).problem == "event 7: the record is not one that we wrote"

    intruder.writes(7, intruder.record(6), hashed=True)

    report = await verified(scene)
    assert (report.verified_through, report.first_broken_sequence) == (6, 7)


async def test_a_gap_is_found(scene, intruder):
    intruder.does("DELETE FROM audit_event WHERE sequence = 7")

    report = await verified(scene)

    assert (report.verified_through, report.first_broken_sequence) == (6, 7)
    assert report.problem == "event 7: it is missing; the next one is 8"


async def test_a_missing_beginning_is_found(scene, intruder):
    intruder.does("DELETE FROM audit_event WHERE sequence = 1")

    assert (await verified(scene)).problem == "event 1: it is missing; the next one is 2"

    intruder.does("UPDATE audit_event SET sequence = 0 WHERE sequence = 2")

    assert (await verified(scene)).problem == "event 0: there is no such number: the first event is 1"


async def test_a_missing_end_is_found(scene, intruder):
    last = len(await events(scene))
    intruder.does("DELETE FROM audit_event WHERE sequence = :last", last=last)

    report = await verified(scene)

    assert (report.verified_through, report.first_broken_sequence) == (last - 1, last)
    assert report.problem == f"event {last}: it is missing; the head says that the last one is {last}"


async def test_an_event_behind_the_head_is_found(scene, intruder):
    last = len(await events(scene))
    intruder.does(
        "INSERT INTO audit_event SELECT organization_id, sequence + 1, at, actor_id, door, action, subject, record, hash "
        "FROM audit_event WHERE sequence = :last",
        last=last,
    )

    report = await verified(scene)

    assert (report.verified_through, report.first_broken_sequence) == (last, last + 1)
    assert report.problem == f"event {last + 1}: it stands behind the head, which names {last} as the last one"


async def test_a_head_with_another_hash_is_found(scene, intruder):
    last = (await events(scene))[-1]
    intruder.does("UPDATE chain_head SET hash = :hash", hash=bytes(32))

    report = await verified(scene)

    assert report.first_broken_sequence == last.sequence
    assert report.problem == (
        f"event {last.sequence}: the head names {'00' * 32} as the hash of the last one, and that is {last.hash.hex()}"
    )


async def test_a_chain_without_a_head_is_found(scene, intruder):
    intruder.does("DELETE FROM chain_head")

    assert (await verified(scene)).problem == "event 1: it stands behind the head, which names 0 as the last one"


async def test_the_mark_finds_a_history_that_was_rewritten_to_its_end(scene, intruder):
    told = await events(scene)
    marked = await verified_from_mark(scene)
    intruder.rewrites_history(7, len(told))

    report = await verified(scene)

    now = (await events(scene))[-1].hash
    assert (report.verified_through, report.first_broken_sequence) == (len(told) - 1, len(told))
    assert report.problem == (
        f"event {len(told)}: at the verification of 2026-03-10T12:00:00+00:00 its hash was {marked.head_hash}, and is {now.hex()}"
    )
    assert await verified_from_mark(scene) == report


async def test_without_a_mark_only_a_hash_that_was_written_down_tells(scene, intruder):
    told = await events(scene)
    intruder.rewrites_history(7, len(told))

    report = await verified(scene)

    assert report.chain_intact
    assert report.head_hash != told[-1].hash.hex()


async def test_the_mark_finds_an_end_that_was_cut_off(scene, intruder):
    told = await events(scene)
    await verified_from_mark(scene)
    intruder.does("DELETE FROM audit_event WHERE sequence > 7")
    intruder.does("UPDATE chain_head SET sequence = 7, hash = :hash", hash=told[6].hash)

    report = await verified_from_mark(scene)

    assert (report.verified_through, report.first_broken_sequence) == (7, 8)
    assert report.problem == f"event 8: it is missing; an earlier verification went up to {len(told)}"
    assert (await verified(scene)).problem == report.problem


async def test_the_mark_moves_forward_over_what_is_intact_only(scene, intruder):
    first = await verified_from_mark(scene)
    await scene.bob.gives(to=[scene.ann])
    second = await verified_from_mark(scene)
    (mark,) = await scene.rows(audit.ChainMark)
    assert second.events > first.events
    assert (mark.sequence, mark.hash.hex(), mark.verified_at) == (second.events, second.head_hash, scene.now)

    await scene.bob.gives(to=[scene.cem])
    broken = second.events + 1
    intruder.does("UPDATE audit_event SET action = 'member.seen' WHERE sequence = :at", at=broken)

    assert (await verified_from_mark(scene)).first_broken_sequence == broken
    assert await scene.rows(audit.ChainMark) == [mark]


async def test_from_the_mark_what_lies_before_it_is_not_read_again(scene, intruder):
    await verified_from_mark(scene)
    intruder.does("UPDATE audit_event SET action = 'member.seen' WHERE sequence = 7")

    assert (await verified_from_mark(scene)).chain_intact
    assert (await verified(scene)).first_broken_sequence == 7


async def test_chunks_of_any_size_see_the_same(scene, intruder, monkeypatch):
    told = []
    monkeypatch.setattr(importlib.import_module("app.audit.verify"), "CHUNK", 3)
    whole = await audit.verify(scene.database, scene.organization_id, lambda done, total: told.append((done, total)))
    assert whole.chain_intact
    assert told == [(done, whole.events) for done in range(3, whole.events, 3)] + [(whole.events, whole.events)]

    intruder.does("UPDATE audit_event SET door = 'cellar' WHERE sequence = 8")

    assert (await verified(scene)).first_broken_sequence == 8


async def test_a_chain_that_grows_meanwhile_is_intact(scene):
    gifts = [scene.ann.gives(to=[scene.dee], points=0) for _ in range(20)]

    reports = await asyncio.gather(verified(scene), *gifts, verified_from_mark(scene), verified(scene))

    assert [report.chain_intact for report in (reports[0], *reports[-2:])] == [True] * 3
    assert await proved(scene) == SOUND


WRONG = {
    "a balance": ("UPDATE account SET balance = balance + 5 WHERE kind = 'wallet'", LedgerReport(10, 0, 2, 0)),
    "a balance below zero": (
        "UPDATE account SET balance = -10 WHERE kind = 'wallet'",
        LedgerReport(-40, 2, 2, 0),
    ),
    "points moved aside": (
        "UPDATE account SET balance = CASE kind WHEN 'issuance' THEN balance - 20 ELSE balance + 10 END "
        "WHERE kind IN ('issuance', 'wallet')",
        LedgerReport(0, 0, 3, 0),
    ),
    "an entry": ("UPDATE entry SET points = points + 1 WHERE account_kind = 'wallet'", LedgerReport(0, 0, 2, 1)),
    "entries gone": ("DELETE FROM entry WHERE account_kind = 'wallet'", LedgerReport(0, 0, 2, 1)),
    "an account gone": ("DELETE FROM account WHERE kind = 'wallet'", LedgerReport(-20, 0, 2, 0)),
    "a transfer without entries": (
        "INSERT INTO transfer (organization_id, id, kind, posted_at) "
        "SELECT organization_id, organization_id, 'AWARD', posted_at FROM transfer WHERE kind = 'RECOGNITION'",
        LedgerReport(0, 0, 0, 1),
    ),
    "entries without a transfer": ("DELETE FROM transfer WHERE kind = 'RECOGNITION'", LedgerReport(0, 0, 0, 1)),
}


@pytest.mark.parametrize("what", WRONG)
async def test_the_proofs_find(scene, intruder, what):
    statement, expected = WRONG[what]
    intruder.does(statement)

    assert await proved(scene) == expected
    assert not expected.ok


def test_a_proof_that_fails_says_so():
    assert SOUND.ok
    assert SOUND.problem is None
    assert (
        replace(SOUND, sum_of_balances=5, negative_accounts=1).problem
        == "the balances sum to 5, not to 0; accounts below zero: 1"
    )
    assert replace(SOUND, mismatched_accounts=2, unbalanced_transfers=3).problem == (
        "accounts that are not the sum of their entries: 2; transfers that do not balance: 3"
    )
