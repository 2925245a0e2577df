"""What every test may ask for: a fresh, migrated database of either kind."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.postgres import Postgres, start

pytest_plugins = ["tests.world", "tests.door", "tests.office", "tests.command"]

SERVER = pytest.StashKey[Postgres]()


def pytest_configure():
    """A shell that starts us in the background has us ignore Ctrl+C, and all whom we start. They are to listen to it again."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure_node(node):
    """With `-n`, the controller starts one server and tells each worker where it is."""
    node.workerinput["postgres_url"] = _server(node.config).admin_url


def pytest_unconfigure(config):
    if SERVER in config.stash:
        config.stash[SERVER].stop()


def _server(config) -> Postgres:
    if SERVER not in config.stash:
        told = getattr(config, "workerinput", {}).get("postgres_url")
        config.stash[SERVER] = Postgres(told) if told else start()
    return config.stash[SERVER]


@pytest.fixture(scope="session")
def postgres(pytestconfig) -> Postgres:
    return _server(pytestconfig)


@pytest.fixture(scope="session")
def worker(testrun_uid, worker_id) -> str:
    """A name that no other worker has, not even one of another run on the same server."""
    return f"{testrun_uid[:12]}_{worker_id}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    from app.migrations import upgrade

    path = tmp_path_factory.mktemp("template") / "plaudit.db"
    upgrade(f"sqlite:///{path}")
    leftovers = [f"{path}{suffix}" for suffix in ("-wal", "-shm", "-journal") if Path(f"{path}{suffix}").exists()]
    assert not leftovers, "the migration closes its database, so that one file holds it all"
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres, worker):
    from app.migrations import upgrade

    name = f"template_{worker}"
    upgrade(postgres.create(name))
    yield name
    postgres.drop(name)


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path) -> str:
    return f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'plaudit.db')}"


@pytest.fixture
def postgresql_url(postgres, postgres_template, worker):
    name = f"test_{worker}"
    yield postgres.create(name, template=postgres_template)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request) -> str:
    """A migrated database of the test's own: the test runs once on each kind."""
    return request.getfixturevalue(f"{request.param}_url")
