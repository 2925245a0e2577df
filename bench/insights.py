"""Insights over twelve months: how long an answer takes when there are many recognitions, and when there are ten times as many.

`python -m bench.insights` measures it alone."""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.request import Request, urlopen
from uuid import UUID

from app import access, audit, insight, migrations, organization
from app.core.actor import system
from app.core.clock import now
from app.core.ids import new_id
from app.db import Database
from app.founding import FoundOrganization
from app.insight.delta import Delta, Gift, Person
from app.insight.store import write
from app.organization import MemberStatus
from bench import baseline, scene
from bench.scene import Server
from tests.postgres import Postgres

OPERATIONS = Path(__file__).parent.parent / "graphql" / "operations" / "insights.graphql"
DAYS = 365
MEMBERS = 5_000
TEAMS = 50
PLACES = 8
VALUES = ("care", "craft", "courage", "candour", "calm", "cheer")
P95_MS_TARGET = 50
RATIO_TARGET = 1.5
SIZES = (100_000, 1_000_000)
SHORT = (500, 5_000)
REQUESTS = 100
"""Of each document, one after the other."""
ASKED = {"insights": ("Insights", {"bucket": "MONTH"}), "groups": ("GroupInsights", {"kind": "team"}), "top": ("Leaderboard", {})}
"""Documents of the dashboard, with their variables besides the range."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who there is."""

    organization_id: UUID
    people: list[Person]
    token: str


def measure(postgres: Postgres, sizes: tuple[int, int], requests: int) -> dict[str, Any]:
    """p50 and p95 of each document at both sizes."""
    found: dict[str, Any] = {}
    for size in sizes:
        url = postgres.create(f"insights_{size}")
        began = time.monotonic()
        crowd = asyncio.run(_prepare(url, size))
        baseline.settle(url)
        print(f"insights: {size:,} recognitions counted in {time.monotonic() - began:.0f} s", file=sys.stderr)
        with Server(url) as server:
            found[str(size)] = {name: _ask(server, crowd, *asked, requests) for name, asked in ASKED.items()}
    few, many = (found[str(size)] for size in sizes)
    ratios = {name: round(many[name]["p95_ms"] / few[name]["p95_ms"], 2) for name in ASKED}
    return {
        "insights": {"by_recognitions": found, "p95_ratio": ratios, "p95_ms_target": P95_MS_TARGET, "ratio_target": RATIO_TARGET}
    }


def show(found: dict[str, Any]) -> None:
    """For people to read."""
    figures = found["insights"]
    for size, documents in figures["by_recognitions"].items():
        for name, times in documents.items():
            print(f"insights, {int(size):,} recognitions, {name}: p50 {times['p50_ms']:.1f} ms, p95 {times['p95_ms']:.1f} ms")
    print(f"insights, p95 at ten times as many: {figures['p95_ratio']} (target {RATIO_TARGET}; p95 {P95_MS_TARGET} ms)")


async def _prepare(url: str, size: int) -> Crowd:
    """An organization whose rollups are those of so many recognitions in the last year, made by the projection's own counting."""
    await asyncio.to_thread(migrations.upgrade, url)
    database = Database(url, audit.AuditChain())
    await database.open()
    try:
        crowd = await _found(database)
        await insight.catch_up(database, crowd.organization_id)
        for gifts in _days(crowd, size):
            delta = Delta(crowd.organization_id)
            for gift in gifts:
                delta.count(gift, 1)
            async with database.bookkeeping() as connection:
                await write(connection, delta, {})
        return crowd
    finally:
        await database.close()


async def _found(database: Database) -> Crowd:
    organization_id = new_id(now())
    house = system(organization_id)
    owner = await database.submit(FoundOrganization(house, "Many", "UTC", "Olga Owner", "olga@example.com"))
    for tag in VALUES:
        await database.submit(organization.CreateCompanyValue(house, tag.title(), tag))
    kinds = (("team", TEAMS), ("location", PLACES))
    groups = {
        kind: [await database.submit(organization.CreateGroup(house, f"{kind} {place}", kind)) for place in range(number)]
        for kind, number in kinds
    }
    hires = []
    for number in range(MEMBERS):
        mine = (groups["team"][number % TEAMS], groups["location"][number % PLACES])
        hires.append(
            organization.CreateMember(
                house, f"Member {number}", email=f"m{number}@example.com", status=MemberStatus.ACTIVE, group_ids=mine
            )
        )
    for first in range(0, MEMBERS, 500):
        await asyncio.gather(*map(database.submit, hires[first : first + 500]))
    issued = await database.submit(access.CreateToken(house, owner, "bench"))
    # The owner is the first of all; the others came in this order.
    people = [Person(number + 2, hire.group_ids) for number, hire in enumerate(hires)]
    return Crowd(organization_id, people, issued.secret)


def _days(crowd: Crowd, size: int) -> Iterator[list[Gift]]:
    """What is given on each day: mostly to people nearby."""
    chance, today = random.Random(size), now().date()
    for number in range(DAYS):
        day = today - timedelta(days=DAYS - 1 - number)
        each = size * (number + 1) // DAYS - size * number // DAYS
        yield [_gift(crowd, chance, day) for _ in range(each)]


def _gift(crowd: Crowd, chance: random.Random, day: date) -> Gift:
    people = crowd.people
    place = chance.randrange(len(people))
    near = {(place + TEAMS * chance.randrange(1, 8)) % len(people) for _ in range(chance.choice((1, 1, 1, 2, 3)))}
    recipients = tuple(people[one] for one in near if one != place)
    tags = (chance.choice(VALUES),)
    return Gift(day, people[place], recipients, chance.randrange(1, 20), tags, chance.random() < 0.1, False)


def _ask(server: Server, crowd: Crowd, name: str, variables: dict[str, Any], requests: int) -> dict[str, float]:
    today = now().date()
    range_ = {"from": str(today - timedelta(days=DAYS - 1)), "to": str(today)}
    body = {"query": OPERATIONS.read_text(), "operationName": name, "variables": {"range": range_, **variables}}
    request = Request(
        f"http://127.0.0.1:{server.port}/graphql",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {crowd.token}", "content-type": "application/json"},
    )
    times = []
    for _ in range(requests + 5):
        began = time.perf_counter()
        with urlopen(request) as response:
            answer = json.load(response)
        times.append(1000 * (time.perf_counter() - began))
        assert "errors" not in answer, answer
    cuts = quantiles(times[5:], n=20)
    return {"p50_ms": round(cuts[9], 2), "p95_ms": round(cuts[18], 2)}


def main() -> None:
    """Measures insights alone."""
    parser = argparse.ArgumentParser(prog="python -m bench.insights", description=__doc__)
    parser.add_argument("--short", action="store_true", help="little data, to see that it runs: the figures mean little")
    parser.add_argument("--sizes", type=int, nargs=2, default=SIZES, help="numbers of recognitions")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of each kind (default %(default)s)")
    wanted = parser.parse_args()
    postgres = scene.start_postgres()
    try:
        sizes = SHORT if wanted.short else (wanted.sizes[0], wanted.sizes[1])
        show(measure(postgres, sizes, 20 if wanted.short else wanted.requests))
    finally:
        postgres.stop()


if __name__ == "__main__":
    main()
