"""Commands that run the house: serve, worker, demo, migrate."""

import typer

from app.core.errors import Misconfigured


def add_to(app: typer.Typer) -> None:
    """Makes them known."""
    for command in (serve, worker, demo, migrate):
        app.command()(command)


def serve() -> None:
    """Serve the GraphQL API.

    Address, port, database and the rest come from the environment: plaudit config check shows them.
    """
    from app import main
    from app.core.settings import load

    main.serve(load())


def worker() -> None:
    """Run the clocks: what is done when nobody asks. As many as wanted may run at once."""
    from app import worker as clocks
    from app.core.settings import load

    clocks.run(load())


def demo() -> None:
    """Found a demo organization on SQLite and serve it: nothing to set up."""
    from app import demo as show
    from app.core.settings import load

    show.run(load())


def migrate() -> None:
    """Bring the database to the shape that this version needs. Does nothing where it has it."""
    from alembic.util import CommandError

    from app import migrations
    from app.core.settings import load
    from app.db import safe_url

    settings = load()
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        migrations.upgrade(settings.database)
    except CommandError as error:
        raise Misconfigured(
            f"This version does not know the shape of the database: {error}. Was a newer one used on it?"
        ) from error
    print(f"{safe_url(settings.database)} is up to date.")
