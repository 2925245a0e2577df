"""Commands about the feed: how far its readers are, what they gave up on, and doing that again."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.session import Named, run_for, table
from app.core.errors import Code, Refusal

if TYPE_CHECKING:
    from uuid import UUID

    from app.audit import DeadLetter, Reader
    from app.core.actor import Actor
    from app.core.settings import Settings
    from app.db import Database

feeds = typer.Typer(help="Look after those who act on what happened.", no_args_is_help=True)
rebuilds = typer.Typer(help="Make anew what follows from what happened.", no_args_is_help=True)
PAGE = 500


def readers(database: "Database", settings: "Settings") -> "dict[str, Reader]":
    """Every reader by name, as this command line can run it again. The one place where they are named."""
    from app import insight, reward
    from app.demo.files import with_secret_key
    from integrations.slack.reader import SlackReader
    from integrations.slack.workspaces import Workspaces

    secret_key = with_secret_key(settings, make=False).secret_key.get_secret_value()
    slack = SlackReader(Workspaces(database, secret_key), database.clock)
    known: list[Reader] = [reward.FulfilmentReader(database.clock), insight.InsightReader(), slack]
    return {reader.name: reader for reader in known}


@rebuilds.callback()
def _rebuild() -> None:
    """Make anew what follows from what happened."""


@rebuilds.command("insights")
def rebuild_insights(named: Named = "") -> None:
    """Count for insights everything that has happened, from the first event on.

    The same rollups come out of it, byte for byte. Until it is done, insights show what has been counted, and as of when.
    """

    async def work(database: "Database", actor: "Actor") -> None:
        from app import insight

        number = await insight.rebuild(database, actor.organization_id)
        print(f"{number} events counted.")

    run_for(named, work)


@feeds.command("status")
def show_status(named: Named = "") -> None:
    """Show how far each reader is, and what waits for it."""

    async def work(database: "Database", actor: "Actor") -> None:
        from app import audit

        async with database.read() as connection:
            found = await audit.feed.status(connection, actor.organization_id)
        rows: list[tuple[str, ...]] = [("READER", "READ", "OF", "BEHIND", "FAILED", "AGAIN AT", "DEAD LETTERS")]
        for one in found:
            numbers = (one.sequence, one.head, one.behind, one.tries)
            again_at = f"{one.not_before:%Y-%m-%d %H:%M:%S}" if one.not_before else "-"
            rows.append((one.reader, *map(str, numbers), again_at, str(one.dead_letters)))
        table(rows)

    run_for(named, work)


@feeds.command("dead-letters")
def list_dead_letters(reader: Annotated[str | None, typer.Option(help="Of this reader only.")] = None, named: Named = "") -> None:
    """List what was given up after several tries, the oldest first."""

    async def work(database: "Database", actor: "Actor") -> None:
        rows: list[tuple[str, ...]] = [("ID", "READER", "EVENT", "WHAT", "TRIES", "AT", "ERROR")]
        async for one in _letters(database, actor.organization_id, reader):
            at = f"{one.at:%Y-%m-%d %H:%M:%S}"
            rows.append((str(one.id), one.reader, str(one.sequence), one.subject or "-", str(one.tries), at, one.error))
        table(rows)

    run_for(named, work)


@feeds.command()
def replay(
    letter_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="This one, as dead-letters shows it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, the oldest first.")] = False,
    named: Named = "",
) -> None:
    """Have dead letters done again.

    What works is one no more; what fails stays, with its new error. Exit status 1 if anything failed.

    \b
    Example:
      plaudit feed replay --all
    """
    from uuid import UUID

    if (letter_id is None) is not everything:
        raise typer.BadParameter("Name one dead letter with --id, or mean them with --all.", param_hint="--id")
    try:
        wanted = UUID(letter_id) if letter_id is not None else None
    except ValueError:
        raise typer.BadParameter(f"{letter_id} is no id. See: plaudit feed dead-letters", param_hint="--id") from None
    if not run_for(named, lambda database, actor: _replay(database, actor, wanted)):
        raise typer.Exit(1)


async def _replay(database: "Database", actor: "Actor", wanted: "UUID | None") -> bool:
    """Whether all went well."""
    from app import audit
    from app.core.settings import load

    known = readers(database, load())
    if wanted is not None:
        async with database.read() as connection:
            letter = await audit.letters.one(connection, actor.organization_id, wanted)
        if letter is None:
            raise Refusal(Code.NOT_FOUND, f"There is no dead letter {wanted}. See: plaudit feed dead-letters", "id")
        await _again(database, known, letter)
        print("It is done.")
        return True
    done = failed = 0
    async for letter in _letters(database, actor.organization_id, None):
        try:
            await _again(database, known, letter)
            done += 1
        except Refusal as error:
            failed += 1
            print(f"{letter.id}: {error}")
    print(f"{done} done, {failed} failed.")
    return failed == 0


async def _again(database: "Database", known: "Mapping[str, Reader]", letter: "DeadLetter") -> None:
    """Raises a Refusal when it fails, or when nobody here is that reader."""
    from app import audit

    if letter.reader not in known:
        raise Refusal(Code.NOT_FOUND, f"This version has no reader {letter.reader}, which gave it up. It stays as it is.", "id")
    await audit.feed.replay(database, known[letter.reader], letter.organization_id, letter.id)


async def _letters(database: "Database", organization_id: "UUID", reader: str | None) -> "AsyncIterator[DeadLetter]":
    """All there are, page by page."""
    from app import audit
    from app.db import Slice

    part = Slice(PAGE)
    while True:
        async with database.read() as connection:
            page = await audit.letters.listed(connection, organization_id, reader, part)
        for letter in page.rows:
            yield letter
        if not page.has_next:
            return
        part = Slice(PAGE, (page.rows[-1].id,))
