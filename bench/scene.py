"""What is measured: a PostgreSQL on a real disk, organizations with people in them, and the server as a process of its own."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.error import URLError
from urllib.request import urlopen
from uuid import UUID

import sqlalchemy as sa

from app import access, allowance, audit, ledger, migrations, organization, recognition
from app.core.actor import Actor, Door, Role, system
from app.core.ids import new_id
from app.db import Database, table_of
from app.founding import FoundOrganization
from app.organization import MemberStatus
from tests import postgres
from tests.postgres import Postgres

ORGANIZATIONS = 50
MEMBERS = 20
"""In each organization."""
CONNECTIONS = 64
BASE_POINTS = 1_000_000
"""Nobody runs dry."""
MESSAGE = "Thank you for staying late and finding what broke the release"
WARM_UP_SECONDS = 1.0
START_SECONDS_MAX = 30
SERVE = "from app.core.settings import load; from app.main import serve; serve(load())"
DISK = Path("/var/tmp")
"""Unlike /tmp it is nowhere kept in memory: fsync shall cost what it costs."""


def start_postgres() -> Postgres:
    """The tests' server, with a disk under it and with room: no checkpoint in the middle, and autovacuum as in production."""
    postgres.SETTINGS |= {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "30min", "autovacuum": "on"}
    postgres.MEMORY = Path("/nowhere")
    tempfile.tempdir = str(DISK) if DISK.is_dir() else None
    return postgres.start()


class Pair(NamedTuple):
    """Who gives to whom over one connection."""

    organization_id: UUID
    giver_id: UUID
    recipient_id: UUID
    token: str


class Pairs(NamedTuple):
    """One for each connection, by whether they are spread over all organizations or all in the first."""

    spread: list[Pair]
    together: list[Pair]

    def over(self, organizations: int) -> list[Pair]:
        """The pairs for this many organizations."""
        return self.together if organizations == 1 else self.spread

    @property
    def organization_ids(self) -> list[UUID]:
        """Every organization, the busiest first."""
        return list(dict.fromkeys(pair.organization_id for pair in (*self.together, *self.spread)))


async def found(url: str) -> Pairs:
    """Migrates, founds the organizations, and lets each pair give once, so that every account is there."""
    await asyncio.to_thread(migrations.upgrade, url)
    database = Database(url, audit.AuditChain())
    await database.open()
    try:
        staff = await asyncio.gather(*[_staff(database, number) for number in range(ORGANIZATIONS)])
        spread, together = [], []
        for number in range(CONNECTIONS):
            people, turn = staff[number % ORGANIZATIONS], number // ORGANIZATIONS
            spread.append(await _pair(database, people, turn, turn + 1, f"spread {number}"))
            giver, turn = number % MEMBERS, number // MEMBERS
            together.append(await _pair(database, staff[0], giver, (giver + turn + 1) % MEMBERS, f"together {number}"))
        return Pairs(spread, together)
    finally:
        await database.close()


class _Staff(NamedTuple):
    organization_id: UUID
    members: list[UUID]
    tokens: dict[UUID, str]


async def _staff(database: Database, number: int) -> _Staff:
    organization_id = new_id(datetime.now(UTC))
    house = system(organization_id)
    act = FoundOrganization(house, f"Organization {number}", "UTC", "Olga Owner", "olga@example.com", base_points=BASE_POINTS)
    members = [await database.submit(act)]
    hires = [
        organization.CreateMember(house, f"Member {n}", email=f"member.{n}@example.com", status=MemberStatus.ACTIVE)
        for n in range(1, MEMBERS)
    ]
    members += await asyncio.gather(*[database.submit(allowance.Followed(hire)) for hire in hires])
    return _Staff(organization_id, members, {})


async def _pair(database: Database, staff: _Staff, giver: int, recipient: int, key: str) -> Pair:
    organization_id, giver_id, recipient_id = staff.organization_id, staff.members[giver], staff.members[recipient]
    if giver_id not in staff.tokens:
        issued = await database.submit(access.CreateToken(system(organization_id), giver_id, "bench"))
        staff.tokens[giver_id] = issued.secret
    actor = Actor(organization_id, giver_id, Role.MEMBER, Door.GRAPHQL)
    wish = recognition.Wish(giver_id, (recipient_id,), (), 1, MESSAGE)
    await database.submit(recognition.GiveRecognition(actor, wish, recognition.Visibility.PUBLIC, key, b""))
    return Pair(organization_id, giver_id, recipient_id, staff.tokens[giver_id])


@dataclass(frozen=True, slots=True)
class Figures:
    """What one measurement found."""

    per_s: float
    p50_ms: float
    p99_ms: float
    answers: int
    """All grants that were answered, the warm-up's too."""
    cpu_ms: float
    """CPU time of the server for one grant; 0 where the machine does not tell."""


class Server:
    """The application as it is run, one process, for the length of a `with`."""

    def __init__(self, url: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {
            "PLAUDIT_DATABASE_URL": url,
            "PLAUDIT_PORT": str(self.port),
            "PLAUDIT_SECRET_KEY": "bench " * 8,
            "PLAUDIT_LOG_LEVEL": "warning",
        }
        # Not in a terminal's group: Ctrl-C is for the bench, which then stops the server.
        command, environment = [sys.executable, "-c", SERVE], _environment() | settings
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self) -> Self:
        try:
            self._wait()
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(URLError, OSError):
                urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1).close()
                return
            time.sleep(0.05)
        raise RuntimeError("The server did not start.")

    def load(self, pairs: list[Pair], seconds: float) -> Figures:
        """Gives over one connection for each pair for a while, from another process."""
        plan = {
            "port": self.port,
            "run": os.urandom(4).hex(),
            "warm_up": WARM_UP_SECONDS,
            "seconds": seconds,
            "message": MESSAGE,
            "pairs": [[pair.token, str(pair.recipient_id)] for pair in pairs],
        }
        before = self._cpu_seconds()
        done = subprocess.run(
            [sys.executable, "-m", "bench.load"], input=json.dumps(plan), stdout=subprocess.PIPE, text=True, check=True
        )
        found = json.loads(done.stdout)
        cpu = self._cpu_seconds() - before
        return Figures(found["per_s"], found["p50_ms"], found["p99_ms"], found["answers"], 1000 * cpu / found["answers"])

    def _cpu_seconds(self) -> float:
        """User and system time of the server's process until now; 0 where there is no /proc."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _environment() -> dict[str, str]:
    """Ours without settings of Plaudit's that happen to be in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}


async def problems(url: str, pairs: Pairs, answers: int, verified: int) -> list[str]:
    """What is wrong after the load: a grant that was answered and is not there, a broken chain, a ledger that does not add up."""
    database = Database(url, audit.AuditChain())
    found = []
    async with database.read() as connection:
        counted = (
            await connection.execute(sa.select(sa.func.count()).select_from(table_of(recognition.Recognition)))
        ).scalar_one()
    expected = answers + len(pairs.spread) + len(pairs.together)
    if counted != expected:
        found.append(f"{expected:,} recognitions were given, and {counted:,} are there.")
    for organization_id in pairs.organization_ids[:verified]:
        chain = await audit.verify(database, organization_id)
        if not chain.chain_intact:
            found.append(f"The chain of {organization_id}: {chain.problem}")
    await database.engine.dispose()
    return found + await ledger_problems(url, pairs, verified)


async def ledger_problems(url: str, pairs: Pairs, verified: int) -> list[str]:
    """What does not add up."""
    database = Database(url, audit.AuditChain())
    proofs = [await ledger.prove(database, organization_id) for organization_id in pairs.organization_ids[:verified]]
    await database.engine.dispose()
    return [f"The ledger in {url}: {proof.problem}" for proof in proofs if not proof.ok]
