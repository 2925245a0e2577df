"""Commands that look and tell: verify, schema, config check."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.session import Named, bar, one_organization, run
from app.core.errors import Misconfigured

if TYPE_CHECKING:
    from app.db import Database
    from app.organization import Organization

config = typer.Typer(help="Settings.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Makes them known."""
    app.command()(verify)
    app.command()(schema)
    app.add_typer(config, name="config")


@config.callback()
def _config() -> None:
    """Settings."""


@config.command()
def check() -> None:
    """Show every setting as it is in force, secrets hidden, or say which one is wrong."""
    from app.core.settings import load

    for name, value in load().redacted().items():
        print(f"{name}={value}")


def verify(named: Named = "") -> None:
    """Prove that no event was rewritten and no point made or lost.

    Walks the audit chain from event 1, adds up the ledger, and compares it with redemptions and statements, of every
    organization or of one. Exit status 1 if anything is wrong. The hash of the head, written down elsewhere, shows the next
    time that nothing before it was rewritten.
    """
    if not run(lambda database: _verify_all(database, named)):
        raise typer.Exit(1)


async def _verify_all(database: "Database", named: str) -> bool:
    from app import organization

    if named:
        return await _verify(database, await one_organization(database, named))
    async with database.read() as connection:
        found = await organization.all_organizations(connection)
    if not found:
        print("There is no organization yet, so there is nothing to verify.")
    sound = [await _verify(database, row) for row in found]
    return all(sound)


async def _verify(database: "Database", row: "Organization") -> bool:
    from app import audit, ledger, reward

    with bar(row.name) as progress:
        chain = await audit.verify(database, row.organization_id, progress)
    points = await ledger.prove(database, row.organization_id)
    rewards = await reward.prove(database, row.organization_id)
    wrong = [*filter(None, [chain.problem, points.problem, rewards.problem])]
    said = f"WRONG: {'; '.join(wrong)}" if wrong else f"all is well: {chain.events} events, head {chain.head_hash}"
    print(f"{row.name} ({row.organization_id}): {said}", flush=True)
    return not wrong


def schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what differs, with exit status 1.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The file. [default: graphql/schema.graphql of the repository]", dir_okay=False)
    ] = None,
) -> None:
    """Write the GraphQL schema to its file, or compare the two."""
    import difflib

    from app.api.schema import sdl

    path = out if out is not None else _schema_file()
    now = sdl()
    if not check:
        path.write_text(now, encoding="utf-8")
        print(path)
        return
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before != now:
        for line in difflib.unified_diff(before.splitlines(), now.splitlines(), str(path), "the code", lineterm=""):
            print(line)
        raise typer.Exit(1)


def _schema_file() -> Path:
    folder = Path(__file__).parents[2] / "graphql"
    if not folder.is_dir():
        raise Misconfigured("This is not the repository: name the file with --out.")
    return folder / "schema.graphql"
