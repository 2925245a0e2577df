"""Four real processes in one shop: the last ones are sold once, points are spent once, and of two decisions one holds."""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app import organization
from app.ledger import AccountKind
from app.organization import MemberStatus
from app.reward import Redemption, VoucherCode
from tests.shop import Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import Somebody, World

pytestmark = pytest.mark.long

PROCESSES = 4
ROOT = Path(__file__).parent.parent
Act = dict[str, Any]


async def at_once(world: World, acts: list[Act]) -> list[str]:
    """What became of each act; they are dealt out to the processes, which all begin at the same word."""
    processes = []
    for number in range(PROCESSES):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.redeeming_process"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**22,
        )
        job = {"url": world.database.url, "organization": str(world.organization_id), "now": world.now.isoformat()}
        assert process.stdin is not None
        process.stdin.write(json.dumps({**job, "acts": acts[number::PROCESSES]}).encode() + b"\n")
        processes.append(process)
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n", process.stderr and (await process.stderr.read()).decode()
    outputs = await asyncio.gather(*[process.communicate(b"go\n") for process in processes])
    ended = [(process.returncode, errors.decode()) for process, (_, errors) in zip(processes, outputs, strict=True)]
    assert ended == [(0, "")] * PROCESSES
    answers: list[str] = [""] * len(acts)
    for number, (output, _) in enumerate(outputs):
        answers[number::PROCESSES] = json.loads(output)
    return answers


def act(what: str, who: Somebody, about: UUID, key: str = "", **more: Any) -> Act:
    return {"what": what, "who": str(who.key), "about": str(about), "key": key, **more}


async def crowd(shop: Shop, number: int, points: int) -> list[Somebody]:
    """So many people with so many points each, who need no token."""
    world = shop.world
    hired = [organization.CreateMember(world.house, f"Member {at}", status=MemberStatus.ACTIVE) for at in range(number)]
    ids = await asyncio.gather(*[world.database.submit(one) for one in hired])
    people = [Somebody(world, id_, f"Member {at}", "") for at, id_ in enumerate(ids)]
    await asyncio.gather(*[shop.earns(points, somebody) for somebody in people])
    return people


async def test_two_hundred_want_the_last_seven(world: World, shop: Shop):
    """Everyone asks twice, through two processes, and has points for two; one to each, says the shop."""
    people = await crowd(shop, 200, points=25)
    mug = await shop.sells(price=10, stock=7, per_member_limit=1)
    asks = [act("redeem", somebody, mug, f"{turn} {somebody.key}") for turn in "ab" for somebody in people]

    answers = await at_once(world, asks[:200] + asks[201:] + asks[200:201])

    said = Counter(answers)
    assert said["done"] == 7
    assert said["done"] + said["OUT_OF_STOCK"] + said["LIMIT_EXCEEDED"] == 400
    assert said["LIMIT_EXCEEDED"] <= 7, "only those who have one have reached their limit"
    rows = await world.rows(Redemption)
    lucky = {row.member_id for row in rows}
    assert (len(rows), len(lucky)) == (7, 7), "nobody has two"
    assert (await shop.stock(mug), await shop.held()) == (0, (70, 0))
    balances = await world.balances()
    for somebody in people:
        assert balances[AccountKind.WALLET, somebody.key] == (15 if somebody.key in lucky else 25)
    told = await world.told("redemption.requested")
    assert {UUID(one["member"]) for one in told} == lucky
    assert len(told) == 7


async def test_one_key_is_one_redemption(world: World, shop: Shop):
    mug = await shop.sells(stock=7)
    await shop.earns(100, world.ann)

    answers = await at_once(world, [act("redeem", world.ann, mug, "once") for _ in range(20)])

    assert Counter(answers) == {"done": 1, "again": 19}
    assert (await shop.stock(mug), await shop.held(), await shop.wallet(world.ann)) == (6, (10, 0), 90)


async def test_the_last_vouchers(world: World, shop: Shop):
    people = await crowd(shop, 40, points=10)
    card = await shop.sells_vouchers("A-1", "A-2", "A-3")

    answers = await at_once(world, [act("redeem", somebody, card, "mine") for somebody in people])

    assert Counter(answers) == {"done": 3, "OUT_OF_STOCK": 37}
    redemptions = [row.id for row in await world.rows(Redemption)]

    answers = await at_once(world, [act("hand out", world.ann, one) for one in redemptions for _ in range(5)])

    assert Counter(answers) == {"done": 15}, "asking again is no failure"
    handed = {row.number: row.redemption_id for row in await world.rows(VoucherCode)}
    assert (sorted(handed), set(handed.values())) == ([1, 2, 3], set(redemptions))
    assert len(await world.told("redemption.fulfilled")) == 3
    assert (await shop.stock(card), await shop.held()) == (0, (0, 30))


async def test_approved_or_cancelled(world: World, shop: Shop):
    people = await crowd(shop, 20, points=10)
    mug = await shop.sells(stock=20, approval=True)
    redemptions = {somebody.key: await shop.redeems(somebody, mug) for somebody in people}
    acts = []
    for at, somebody in enumerate(people):
        both = [act("approve", world.admin, redemptions[somebody.key]), act("cancel", somebody, redemptions[somebody.key])]
        acts += both if at % 4 < 2 else both[::-1]

    answers = await at_once(world, acts)

    assert Counter(answers) == {"done": 20, "INVALID_STATE": 20}
    won = {one["about"]: one["what"] for one, answer in zip(acts, answers, strict=True) if answer == "done"}
    assert len(won) == 20, "one of each pair"
    for somebody in people:
        approved = won[str(redemptions[somebody.key])] == "approve"
        assert await shop.status(redemptions[somebody.key]) == ("TO_FULFIL" if approved else "CANCELLED")
        assert await shop.wallet(somebody) == (0 if approved else 10)
    number = Counter(won.values())["approve"]
    assert (await shop.held(), await shop.stock(mug)) == ((10 * number, 0), 20 - number)


async def test_spent_or_taken_back(world: World, shop: Shop):
    """An admin takes points back while their member spends them: once only."""
    people = await crowd(shop, 20, points=10)
    mug = await shop.sells(price=10)
    acts = []
    for at, somebody in enumerate(people):
        spent = act("redeem", somebody, mug, "mine")
        taken = act("adjust", world.admin, somebody.key, f"from {somebody.key}", points=-10)
        acts += [spent, taken] if at % 4 < 2 else [taken, spent]

    answers = await at_once(world, acts)

    assert Counter(answers) == {"done": 20, "INSUFFICIENT_POINTS": 20}
    won = Counter(one["what"] for one, answer in zip(acts, answers, strict=True) if answer == "done")
    assert await shop.held() == (10 * won["redeem"], 0)
    balances = await world.balances()
    assert [balances[AccountKind.WALLET, somebody.key] for somebody in people] == [0] * 20
    assert len(await world.rows(Redemption)) == won["redeem"]
