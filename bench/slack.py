"""The Slack door under load: commands on schedule, messages that Slack sends again and again, and forgeries.

`python -m bench.slack` measures it alone."""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles
from typing import NamedTuple
from uuid import UUID

import aiohttp
import psycopg
import uvloop
from psycopg import sql

from app import audit, ledger, migrations
from app.core.actor import Door, system
from app.core.ids import new_id
from app.core.seal import Seal
from app.db import Database
from app.founding import FoundOrganization
from bench import baseline, scene, slack_api
from bench.scene import BASE_POINTS, WARM_UP_SECONDS
from bench.slack_api import APP, BOT, PEOPLE, SIGNING_SECRET, TEAM, SlackApi
from integrations.slack import manifest
from integrations.slack.terms import ChangeSlackSettings
from integrations.slack.workspaces import SEALED_FOR, ConnectWorkspace
from tests.postgres import Postgres

RATE = 200
"""Commands a second."""
P99_MS_TARGET = 300
SLACK_SECONDS = 3.0
"""Slack waits no longer for an answer."""
DELIVERIES = 4
"""Of each event: the first two at the same time, as after a time-out, the others later."""
EVENTS_AT_ONCE = 16
FORGERIES_AT_ONCE = 20
ANSWER_SECONDS_MAX = 120
ROUND_SECONDS_MAX = 60
IDLE_SECONDS = 3.0
"""No connection waits longer for its next request: the server lets go of it after five."""
OTHERS_SHOWN = 5
SERVE = "from app.cli import main; main()"
SECRET_KEY = "bench " * 8


class Sizes(NamedTuple):
    """How much of each is sent."""

    seconds: float
    """Of commands, after the warm-up."""
    events: int
    forgeries: int
    history: int
    """Commands before anything is measured: of empty tables the planner knows nothing, and nobody's are."""


FULL = Sizes(60.0, 2_000, 1_000, 3_000)
SHORT = Sizes(2.0, 50, 100, 300)
AT_ONCE = 16
HISTORY_BEGINS = 50_000_000
Report = dict[str, dict[str, float]]


class Server(scene.Server):
    """`plaudit serve` with the Slack door open, one process, for the length of a `with`."""

    def __init__(self, url: str, api_url: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {
            "PLAUDIT_DATABASE_URL": url,
            "PLAUDIT_PORT": str(self.port),
            "PLAUDIT_SECRET_KEY": SECRET_KEY,
            "PLAUDIT_LOG_LEVEL": "error",
            "PLAUDIT_SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "PLAUDIT_SLACK_API_URL": f"{api_url}api/",
        }
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
        command, environment = [sys.executable, "-c", SERVE, "serve"], ours | settings
        # Not in a terminal's group: Ctrl-C is for the bench, which then stops the server.
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)

    def cpu_seconds(self) -> float:
        """User and system time until now; 0 where the machine does not tell."""
        return self._cpu_seconds()


@dataclass(frozen=True, slots=True)
class Scene:
    """One workspace, the server, and Slack."""

    url: str
    organization_id: UUID
    server: Server
    session: aiohttp.ClientSession

    def one(self, query: str) -> int:
        """A number out of the database."""
        with psycopg.connect(self.url) as connection:
            (number,) = connection.execute(query.encode()).fetchone() or (0,)
            return int(number)

    def rows(self) -> dict[str, int]:
        """How many rows every table has, in one snapshot."""
        with psycopg.connect(self.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
            counted = {}
            for (name,) in tables:
                count = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
                counted[str(name)] = int(count[0]) if count else 0
            return counted

    def wait_for_people(self) -> None:
        """Until the server has met everybody in the workspace."""
        deadline = time.monotonic() + ROUND_SECONDS_MAX
        while not self.one("SELECT count(*) FROM slack_round WHERE people_at IS NOT NULL"):
            if time.monotonic() > deadline:
                raise RuntimeError("The server did not look through the people of the workspace.")
            time.sleep(0.1)
        assert self.one("SELECT count(*) FROM slack_person") == PEOPLE

    async def post(self, body: bytes, retry: int = 0) -> tuple[int, bytes]:
        """Sends what Slack would; returns status and body of the answer, 0 when there was none."""
        address = f"http://127.0.0.1:{self.server.port}{slack_api.PATH}"
        try:
            async with self.session.post(address, data=body, headers=slack_api.headers(body, retry)) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return 0, b""


GRANTS = "SELECT count(*) FROM recognition"


def measure(postgres: Postgres, sizes: Sizes) -> Report:
    """Founds a workspace in a database of its own, and measures; ends the program when what was written is wrong."""
    url = postgres.create("slack")
    migrations.upgrade(url)
    report, problems = uvloop.run(_measure(url, sizes))
    if problems:
        sys.exit("No figures of Slack: what was answered or written is wrong.\n" + "\n".join(problems))
    return report


async def _measure(url: str, sizes: Sizes) -> tuple[Report, list[str]]:
    organization_id = await _found(url)
    problems: list[str] = []
    async with SlackApi() as api, _opened(url, organization_id, api) as here:
        # Forgeries come while nothing else goes on: not a row may be made meanwhile.
        report = {"slack_forgeries": await _forge(here, sizes.forgeries, problems)}
        await _live(here, api, sizes.history)
        report["slack_commands"] = await _command(here, api, sizes.seconds, problems)
        report["slack_events"] = await _deliver(here, sizes.events, problems)
    for name, figures in report.items():
        print(f"{name}: {', '.join(f'{what} {number:,}' for what, number in figures.items())}", file=sys.stderr)
    database = Database(url, audit.AuditChain())
    chain = await audit.verify(database, organization_id)
    proof = await ledger.prove(database, organization_id)
    await database.engine.dispose()
    problems += [f"The chain: {chain.problem}"] if not chain.chain_intact else []
    problems += [f"The ledger: {proof.problem}"] if not proof.ok else []
    return report, problems


async def _live(here: Scene, api: SlackApi, commands: int) -> None:
    """Gives a history to the workspace, then statistics to the planner, as a database has that has been there for long."""
    room = asyncio.Semaphore(AT_ONCE)

    async def give(number: int) -> None:
        async with room:
            await here.post(slack_api.command(HISTORY_BEGINS + number, api.url))

    await asyncio.gather(*map(give, range(commands)))
    await asyncio.to_thread(baseline.settle, here.url)


async def _found(url: str) -> UUID:
    """An organization that is a workspace where messages may give."""
    database = Database(url, audit.AuditChain())
    await database.open()
    try:
        organization_id = new_id(datetime.now(UTC))
        house = system(organization_id)
        await database.submit(FoundOrganization(house, "Bench", "UTC", "Olga Owner", "olga@example.com", base_points=BASE_POINTS))
        await audit.feed.place(database, "slack", organization_id, at_head=True)
        slack = system(organization_id, Door.SLACK)
        token = Seal(SECRET_KEY, SEALED_FOR).close("xoxb-bench")
        features = [feature.name for feature in manifest.FEATURES if feature is not manifest.CORE]
        scopes = frozenset(manifest.bot_scopes(features))
        await database.submit(ConnectWorkspace(slack, TEAM, "Bench", "https://bench.slack.com/", APP, BOT, token, scopes))
        await database.submit(ChangeSlackSettings(slack, (("messages", True),)))
        return organization_id
    finally:
        await database.close()


@asynccontextmanager
async def _opened(url: str, organization_id: UUID, api: SlackApi) -> AsyncIterator[Scene]:
    """The server, when it has met everybody in the workspace."""
    connections = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
    patience = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
    async with aiohttp.ClientSession(connector=connections, timeout=patience) as session:
        with Server(url, api.url) as server:
            here = Scene(url, organization_id, server, session)
            await asyncio.to_thread(here.wait_for_people)
            yield here


async def _command(here: Scene, api: SlackApi, seconds: float, problems: list[str]) -> dict[str, float]:
    """Commands on schedule, whatever becomes of the answers; latencies count from the moment that was planned."""
    latencies: list[float] = []
    outcomes: Counter[str] = Counter()
    others: Counter[str] = Counter()
    behind = 0.0

    async def give(number: int, due: float) -> None:
        status, answer = await here.post(slack_api.command(number, api.url))
        took = time.perf_counter() - due
        outcomes["late"] += took > SLACK_SECONDS
        if status != 200:
            outcomes["errors"] += 1
        else:
            text = str(json.loads(answer or b"{}").get("text", ""))
            outcomes["sent"] += text.startswith("Sent")
            others[text] += not text.startswith("Sent")
        if number >= RATE * WARM_UP_SECONDS:
            latencies.append(took)

    grants, cpu = here.one(GRANTS), here.server.cpu_seconds()
    total = round(RATE * (WARM_UP_SECONDS + seconds))
    begins_at = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(total):
            due = begins_at + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            behind = max(behind, time.perf_counter() - due)
            tasks.create_task(give(number, due))
    cpu, grants = here.server.cpu_seconds() - cpu, here.one(GRANTS) - grants
    if grants != outcomes["sent"]:
        problems.append(f"{outcomes['sent']:,} commands were answered with Sent, and {grants:,} grants are there.")
        problems += [f"{times:,} commands were answered: {text}" for text, times in others.most_common(OTHERS_SHOWN) if times]
    cuts = quantiles(latencies, n=100)
    return {
        "per_s": RATE,
        "commands": total,
        "p50_ms": round(1000 * cuts[49], 1),
        "p99_ms": round(1000 * cuts[98], 1),
        "max_ms": round(1000 * max(latencies), 1),
        "sent_behind_schedule_max_ms": round(1000 * behind, 1),
        "later_than_3_s": outcomes["late"],
        "errors": outcomes["errors"],
        "answered_sent": outcomes["sent"],
        "answered_otherwise": others.total(),
        "grants": grants,
        "server_cpu_ms": round(1000 * cpu / total, 2),
        "deliveries_made": here.one("SELECT count(*) FROM slack_delivery WHERE state = 'DONE'"),
        "deliveries_left": here.one("SELECT count(*) FROM slack_delivery WHERE state = 'WAITING'"),
        "deliveries_given_up": here.one("SELECT count(*) FROM slack_delivery WHERE state = 'DEAD'"),
    }


async def _deliver(here: Scene, events: int, problems: list[str]) -> dict[str, float]:
    """Messages that give, each delivered as often as Slack delivers at most, and given once."""
    answers: Counter[int] = Counter()
    bodies = [slack_api.message(number) for number in range(events)]

    async def deliver(body: bytes, *retries: int) -> None:
        for status, _ in await asyncio.gather(*(here.post(body, retry) for retry in retries)):
            answers[status] += 1

    grants, begun = here.one(GRANTS), time.perf_counter()
    for retries in ((0, 1), (2,), (3,)):
        await _in_turns((deliver(body, *retries) for body in bodies), EVENTS_AT_ONCE)
    seconds, grants = time.perf_counter() - begun, here.one(GRANTS) - grants
    messages = here.one("SELECT count(DISTINCT message_ts) FROM slack_origin WHERE way = 'MESSAGE'")
    if (grants, messages) != (events, events):
        problems.append(f"{events:,} messages gave {grants:,} times, and {messages:,} of them gave at all.")
    if answers != {200: DELIVERIES * events}:
        problems.append(f"{DELIVERIES * events:,} deliveries were answered: {dict(answers)}")
    per_s = answers.total() / seconds
    return {
        "events": events,
        "deliveries": answers.total(),
        "answered_200": answers[200],
        "grants": grants,
        "per_s": round(per_s),
    }


async def _in_turns(work: Iterable[Awaitable[None]], at_once: int) -> None:
    """Does all of it, so much at the same time."""
    waiting = iter(work)

    async def walk() -> None:
        for one in waiting:
            await one

    await asyncio.gather(*(walk() for _ in range(at_once)))


async def _forge(here: Scene, forgeries: int, problems: list[str]) -> dict[str, float]:
    """Requests that are not Slack's. Each is turned away with the status that it should be, and leaves nothing behind."""
    answers: Counter[int] = Counter()
    wrong: Counter[str] = Counter()
    kinds = len(list(slack_api.forged(b"{}", 0)))

    async def send(number: int) -> None:
        body = slack_api.message(number) if number // kinds % 2 else slack_api.command(number, "http://127.0.0.1/")
        name, expected, request = next(
            one for at, one in enumerate(slack_api.forged(body, int(time.time()))) if at == number % kinds
        )
        status = await _status(here.server.port, request)
        answers[status] += 1
        if status != expected:
            wrong[f"{name}: {status} instead of {expected}"] += 1

    before, cpu, begun = here.rows(), here.server.cpu_seconds(), time.perf_counter()
    await _in_turns(map(send, range(forgeries)), FORGERIES_AT_ONCE)
    seconds, cpu = time.perf_counter() - begun, here.server.cpu_seconds() - cpu
    after = here.rows()
    made = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    if made:
        problems.append(f"Forgeries left rows behind: {made}")
    problems += [f"{times:,} forgeries, {what}" for what, times in wrong.items()]
    per_s, cpu_ms = round(forgeries / seconds), round(1000 * cpu / forgeries, 2)
    by_status = {f"answered_{status}": answers[status] for status in sorted(answers)}
    return {"forgeries": forgeries, **by_status, "rows_more": sum(made.values()), "per_s": per_s, "server_cpu_ms": cpu_ms}


async def _status(port: int, request: bytes) -> int:
    """The status that a request gets on a connection of its own; 0: none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            line = await reader.readline()
        return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
    except (OSError, TimeoutError):
        return 0
    finally:
        writer.close()


def show(report: Report, out: Callable[[str], None] = print) -> None:
    """The figures, for people to read."""
    given, events, forgeries = report["slack_commands"], report["slack_events"], report["slack_forgeries"]
    out(
        f"Slack: {given['per_s']:.0f} commands a second, {given['commands']:,.0f} in all: p50 {given['p50_ms']:.1f} ms, "
        f"p99 {given['p99_ms']:.1f} ms (target {P99_MS_TARGET}), at most {given['max_ms']:.1f} ms; {given['errors']:.0f} errors, "
        f"{given['answered_sent']:,.0f} times Sent and {given['grants']:,.0f} grants; server CPU {given['server_cpu_ms']:.2f} ms "
        f"a command; meanwhile {given['deliveries_made']:,.0f} deliveries made, {given['deliveries_left']:,.0f} left"
    )
    out(
        f"Slack: {events['events']:,.0f} messages, {events['deliveries']:,.0f} deliveries, {events['answered_200']:,.0f} of them "
        f"answered 200, {events['grants']:,.0f} grants"
    )
    by_status = ", ".join(f"{name[-3:]} {times:,.0f} times" for name, times in forgeries.items() if name.startswith("answered"))
    out(f"Slack: {forgeries['forgeries']:,.0f} forgeries: {by_status}; {forgeries['rows_more']:.0f} rows more")


def main() -> None:
    """Measures the Slack door alone, and writes nothing down."""
    parser = argparse.ArgumentParser(prog="python -m bench.slack", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few seconds, to see that it runs")
    sizes = SHORT if parser.parse_args().short else FULL
    postgres = scene.start_postgres()
    try:
        report = measure(postgres, sizes)
    finally:
        postgres.stop()
    show(report)


if __name__ == "__main__":
    main()
