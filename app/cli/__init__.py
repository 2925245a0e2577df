"""The command line: `plaudit`, another door to the same verbs."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import typer

from app.cli import checks, feed, files, people, server, slack
from app.core.errors import Misconfigured, PlauditError

REFUSED, MISUSED = 1, 2
"""Exit statuses: the answer is no · the command or the configuration is not as it must be."""

app = typer.Typer(
    name="plaudit",
    help="Plaudit: people give each other points with a message; every point is accounted for.",
    epilog="Settings come from the environment: see `plaudit config check`. To look around: `plaudit demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Plain help comes in half the time.
)
server.add_to(app)
checks.add_to(app)
app.add_typer(people.organizations, name="organization")
app.add_typer(people.members, name="member")
app.add_typer(people.tokens, name="token")
app.add_typer(files.imports, name="import")
app.add_typer(files.exports, name="export")
app.add_typer(slack.slack, name="slack")
app.add_typer(feed.feeds, name="feed")
app.add_typer(feed.rebuilds, name="rebuild")


def main() -> None:
    """The command `plaudit`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status. People get sentences, never a traceback, unless they asked for debugging."""
    try:
        typer.main.get_command(app).main(list(arguments), prog_name="plaudit")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else REFUSED if end.code else 0
    except Misconfigured as error:
        status = _say(str(error), MISUSED)
    except PlauditError as error:
        status = _say(str(error), REFUSED)
    except OSError as error:
        status = _say(f"{error.filename}: {error.strerror}" if error.filename else str(error), REFUSED)
    except Exception as error:
        status = _unexpected(error)
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read us has seen enough
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _say(sentence: str, status: int) -> int:
    for line in sentence.splitlines():
        print(f"plaudit: {line}", file=sys.stderr)
    return status


def _unexpected(error: Exception) -> int:
    from app.cli.session import is_debugging
    from app.core.ids import new_reference

    if is_debugging():
        import traceback

        traceback.print_exception(error)
    said = (
        f"internal error {new_reference()} ({type(error).__name__}). Set PLAUDIT_LOG_LEVEL=debug and run it again to see where."
    )
    return _say(said, REFUSED)
