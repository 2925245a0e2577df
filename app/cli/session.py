"""What a command works with: an open database, an organization, its members by address, a bar that shows how far it is."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.core.errors import Code, Misconfigured, PlauditError, Refusal

if TYPE_CHECKING:
    from app.audit import Progress
    from app.core.actor import Actor
    from app.core.settings import Settings
    from app.db import Database
    from app.organization import Member, Organization

R = TypeVar("R")
W = TypeVar("W", bound=StrEnum)
Named = Annotated[
    str, typer.Option("--organization", help="Id or name of the organization; may be left out where there is only one.")
]


def run(work: Callable[["Database"], Awaitable[R]]) -> R:
    """Runs the work on the database of the settings. Raises Misconfigured when that is not there, or was never migrated."""
    from app.core.settings import load
    from app.db import sqlite_path

    settings = load()
    _quieten(settings.log_level)
    if settings.database.startswith("sqlite") and not Path(sqlite_path(settings.database)).exists():
        raise Misconfigured(f"There is no database at {sqlite_path(settings.database)}. Make it with: plaudit migrate")

    async def whole() -> R:
        async with _opened(settings) as database:
            return await work(database)

    return asyncio.run(whole())


def run_for(named: str, work: Callable[["Database", "Actor"], Awaitable[R]]) -> R:
    """Runs the work as the house itself, in the organization of this id or name; with "" in the only one there is."""

    async def whole(database: "Database") -> R:
        from app.core.actor import Door, system

        return await work(database, system((await one_organization(database, named)).organization_id, Door.CLI))

    return run(whole)


@asynccontextmanager
async def _opened(settings: "Settings") -> AsyncIterator["Database"]:
    import sqlite3

    import sqlalchemy as sa

    from app import audit, migrations
    from app.db import Database, safe_url

    url = settings.database
    database = Database(url, audit.AuditChain(), one_organization_per_batch=settings.one_organization_per_batch)
    try:
        try:
            await database.open()
            is_current = await asyncio.to_thread(migrations.is_current, url)
        except (sqlite3.Error, sa.exc.DBAPIError) as error:
            raise Misconfigured(f"The database {safe_url(url)} cannot be used: {getattr(error, 'orig', error)}") from error
        if not is_current:
            raise Misconfigured("The database has not the shape that this version needs. Run: plaudit migrate")
        yield database
    finally:
        await database.close()


def is_debugging() -> bool:
    """Whether the settings ask for everything to be shown."""
    from app.core.settings import load

    try:
        return load().log_level == "debug"
    except PlauditError:
        return False


def _quieten(level: str) -> None:
    """What goes wrong is said in one sentence at the end; the log is for whoever asks for it."""
    if level == "debug":
        logging.basicConfig(level=logging.DEBUG)
    else:
        log = logging.getLogger("plaudit")
        log.addHandler(logging.NullHandler())
        log.propagate = False


async def one_organization(database: "Database", named: str) -> "Organization":
    """The organization of this id or name; with "" the only one there is. Raises Misconfigured, with what to do."""
    from app import organization

    async with database.read() as connection:
        known = await organization.all_organizations(connection)
    if not known:
        raise Misconfigured("There is no organization yet. Found one with: plaudit organization create --help")
    found = organization.meant(known, named)
    if not found:
        raise Misconfigured(f"There is no organization {named}. See: plaudit organization list")
    if len(found) > 1:
        names = "\n".join(f"  {row.organization_id}  {row.name}" for row in found)
        raise Misconfigured(f"Say which organization is meant, with --organization and its id:\n{names}")
    return found[0]


async def member(database: "Database", actor: "Actor", email: str) -> "Member":
    """The member with this address. Raises NOT_FOUND."""
    from app import organization

    async with database.read() as connection:
        found = await organization.reads.member_by_email(connection, actor.organization_id, email)
    if found is None:
        raise Refusal(Code.NOT_FOUND, f"No member has the address {email}. See: plaudit member list", "email")
    return found


@contextmanager
def bar(title: str) -> Iterator["Progress"]:
    """A bar on the terminal, if there is one to look at."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Prints rows in columns, the first row being their names."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def word(words: type[W], given: str, option: str) -> W:
    """One word out of a short list. Raises typer.BadParameter, which names the list."""
    try:
        return words(given.upper())
    except ValueError:
        raise typer.BadParameter(f"{given} is not one of {', '.join(words)}.", param_hint=option) from None
