"""Migrations: the database's shape, step by step, alike on SQLite and PostgreSQL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app import access, insight, recognition, reward
from app.core.errors import Misconfigured
from app.db import driver_url, metadata, safe_url, sqlite_path
from integrations.slack import models as slack

_ROOMS = (access, insight, recognition, reward, slack)
"""Imported for their tables, and by way of them all others."""
_LOCK = 0x706C6175
"""PostgreSQL advisory lock, so that two servers starting at once migrate one after the other."""


def configuration() -> Config:
    """Alembic's configuration; there is no file for it."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database to the newest shape. Does nothing when it is there already. A new SQLite file is its owner's alone."""
    if url.startswith("sqlite"):
        path = Path(sqlite_path(url))
        if path.parent.is_dir():
            path.touch(mode=0o600)
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Back to an older shape, for tests."""
    _run(url, lambda config: command.downgrade(config, revision))


def check(url: str) -> None:
    """Raises when models and migrations do not agree."""
    _run(url, command.check)


def is_current(url: str) -> bool:
    """Whether the database has the newest shape."""
    engine = sa.create_engine(driver_url(url, asynchronous=False), poolclass=sa.NullPool)
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    return here == ScriptDirectory.from_config(configuration()).get_current_head()


def require_current(url: str) -> None:
    """Raises Misconfigured, with what to do, unless the database is there and has the newest shape."""
    if url.startswith("sqlite") and not Path(sqlite_path(url)).exists():
        raise Misconfigured(f"There is no database at {sqlite_path(url)}. Make it with: plaudit migrate")
    try:
        current = is_current(url)
    except sa.exc.DBAPIError as error:
        raise Misconfigured(
            f"The database {safe_url(url)} cannot be used: {error.orig}. Check that it runs, and its address."
        ) from error
    if not current:
        raise Misconfigured("The database has not the shape that this version needs. Run: plaudit migrate")


def _run(url: str, work: Callable[[Config], Any]) -> None:
    engine = sa.create_engine(driver_url(url, asynchronous=False), poolclass=sa.NullPool)
    config = configuration()
    if engine.dialect.name == "sqlite":
        # The driver would commit each statement of a migration by itself: a crash would leave half of it, for ever.
        sa.event.listen(engine, "connect", lambda connection, _record: setattr(connection, "isolation_level", None))
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
                connection.commit()
            else:
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.commit()
            config.attributes["connection"] = connection
            work(config)
            connection.commit()
            if connection.dialect.name == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                assert not broken, f"migrations broke foreign keys: {broken[:3]}"
    except sa.exc.OperationalError as error:
        raise Misconfigured(
            f"The database {safe_url(url)} cannot be used: {error.orig}. Check that it runs, and PLAUDIT_DATABASE_URL."
        ) from error
    finally:
        engine.dispose()


__all__ = ["check", "configuration", "downgrade", "is_current", "metadata", "require_current", "upgrade"]
