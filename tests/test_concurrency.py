"""Four real processes on one database: no point too many, no key used twice, no link of the chain out of order."""

import asyncio
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from app import audit, ledger
from app.ledger import AccountKind, TransferKind
from app.recognition import Grant, Recognition
from tests.world import Somebody, World

PROCESSES = 4
ROOT = Path(__file__).parent.parent
Give = dict[str, Any]


def give(giver: Somebody, *to: Somebody, points: int = 1, key: str) -> Give:
    return {"giver": str(giver.key), "to": [str(somebody.key) for somebody in to], "points": points, "key": key}


async def at_once(world: World, gives: list[Give]) -> list[dict[str, Any]]:
    """The gives, dealt out to the processes, which all begin at the same word."""
    processes = []
    for number in range(PROCESSES):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.giving_process"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**22,
        )
        job = {"url": world.database.url, "organization": str(world.organization_id), "now": world.now.isoformat()}
        assert process.stdin is not None
        process.stdin.write(json.dumps({**job, "gives": gives[number::PROCESSES]}).encode() + b"\n")
        processes.append(process)
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n", process.stderr and (await process.stderr.read()).decode()
    outputs = await asyncio.gather(*[process.communicate(b"go\n") for process in processes])
    assert [(process.returncode, errors.decode()) for process, (_, errors) in zip(processes, outputs, strict=True)] == [
        (0, "")
    ] * PROCESSES
    return [answer for output, _ in outputs for answer in json.loads(output)]


async def test_an_allowance_of_a_hundred_is_a_hundred(world: World):
    answers = await at_once(world, [give(world.ann, world.bob, key=f"k{number}") for number in range(200)])

    assert Counter(answer.get("code", "given") for answer in answers) == {"given": 100, "INSUFFICIENT_ALLOWANCE": 100}
    assert (await world.ann.allowance())["remaining"] == 0
    assert (await world.ann.allowance())["total"] == 100
    assert await world.bob.wallet() == 100
    assert len(await world.rows(Grant)) == 100
    issued = [row for row in await world.rows(ledger.Transfer) if row.kind is TransferKind.ALLOWANCE_ISSUE]
    entries = {entry.transfer_id: entry for entry in await world.rows(ledger.Entry) if entry.owner_id == world.ann.key}
    assert len([row for row in issued if row.id in entries]) == 1, "issued once, whichever process came first"


async def test_one_key_is_one_grant(world: World):
    answers = await at_once(world, [give(world.ann, world.bob, points=7, key="once") for _ in range(10)])

    assert Counter(answer["replayed"] for answer in answers) == {False: 1, True: 9}
    assert len({answer["id"] for answer in answers}) == 1
    assert [grant.points for grant in await world.rows(Grant)] == [7]
    assert await world.bob.wallet() == 7
    assert len(await world.told("recognition.given")) == 1


async def test_whatever_is_given_at_once_adds_up(world: World):
    chance = random.Random(7)
    people = [world.ann, world.bob, world.cem, world.dee, world.owner, world.admin]
    gives = []
    for number in range(200):
        giver = chance.choice(people)
        others = [somebody for somebody in people if somebody is not giver]
        gives.append(give(giver, *chance.sample(others, chance.randint(1, 3)), points=chance.randint(0, 9), key=f"k{number}"))

    answers = await at_once(world, gives)

    given = [answer["id"] for answer in answers if "id" in answer]
    assert {answer["code"] for answer in answers if "code" in answer} <= {"INSUFFICIENT_ALLOWANCE"}
    assert len(given) >= 50
    assert sorted(given) == sorted(str(row.id) for row in await world.rows(Recognition))
    received = Counter[Any]()
    paid = Counter[Any]()
    for grant in await world.rows(Grant):
        received[grant.recipient_id] += grant.points
        paid[grant.giver_id] += grant.points
    balances = await world.balances()
    for somebody in people:
        assert balances.get((AccountKind.WALLET, somebody.key), 0) == received[somebody.key]
        assert balances.get((AccountKind.ALLOWANCE, somebody.key), 100) == 100 - paid[somebody.key]
    events = sorted(event.sequence for event in await world.rows(audit.AuditEvent))
    assert events == list(range(1, len(events) + 1))
    assert (await audit.verify(world.database, world.organization_id)).chain_intact
    assert (await ledger.prove(world.database, world.organization_id)).ok
