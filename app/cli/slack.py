"""Commands about Slack: the app's manifest, what a workspace has set, and playing Slack towards a running server."""

from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from app.cli.session import Named, run, run_for, table
from app.core.errors import Misconfigured

if TYPE_CHECKING:
    from app.core.actor import Actor
    from app.db import Database
    from integrations.slack.simulation import Cast
    from integrations.slack.workspaces import Workspace

slack = typer.Typer(help="Connect Slack, and try it without.", no_args_is_help=True)


@slack.command("manifest")
def print_manifest(
    url: Annotated[str, typer.Option(help="Public address of this server; left out: PLAUDIT_PUBLIC_URL.")] = "",
    socket: Annotated[bool, typer.Option("--socket", help="For Socket Mode: no public address is needed.")] = False,
    features: Annotated[
        str, typer.Option("--with", help="Optional features, by commas: see docs/slack.md. Left out: PLAUDIT_SLACK_FEATURES.")
    ] = "",
) -> None:
    """Print the manifest that makes the app in Slack: paste it at api.slack.com/apps."""
    from app.core.settings import load
    from integrations.slack import manifest

    settings = load()
    address = None if socket else url or settings.public_url
    if address == "":
        raise Misconfigured("Slack must know where this server is: --url https://…, or PLAUDIT_PUBLIC_URL; or --socket.")
    chosen = [name.strip() for name in features.split(",") if name.strip()] if features else sorted(settings.slack_features)
    try:
        made = manifest.manifest(public_url=address, features=chosen)
    except ValueError as error:
        raise Misconfigured(str(error)) from error
    print(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())


@slack.command("settings")
def change_settings(
    changes: Annotated[list[str] | None, typer.Argument(help="What to change, as name=value. Left out: shows all.")] = None,
    named: Named = "",
) -> None:
    """Show what the workspace has set, or change some of it."""

    async def work(database: "Database", actor: "Actor") -> None:
        from integrations.slack import terms

        workspace = await _workspace(database, actor)
        if changes:
            wanted = tuple(_change(change) for change in changes)
            await database.submit(terms.ChangeSlackSettings(actor, wanted))
            workspace = await _workspace(database, actor)
        shown = [(name, _shown(getattr(workspace.terms, name))) for name in terms.Terms.__slots__]
        table([("SETTING", "VALUE"), *shown])

    run_for(named, work)


@slack.command("simulate")
def simulate(
    command: Annotated[str, typer.Argument(help='What to type in Slack: "/kudos @ana 10 for the release #teamwork".')],
    speaker: Annotated[str, typer.Option("--as", help="Who types it, by first name; left out: somebody who can give.")] = "",
    url: Annotated[str, typer.Option(help="The running server.")] = "",
    named: Named = "",
) -> None:
    """Send a command to the running server as Slack would, signed, and print what Slack would show."""
    if not command.startswith("/"):
        raise Misconfigured('What is typed begins with the command: "/kudos @ana 10 for the release".')

    async def work(database: "Database") -> None:
        from app.cli.session import one_organization
        from app.core.actor import Door, system
        from app.core.settings import load
        from app.demo.files import slack_signing_secret
        from integrations.slack import simulation

        settings = load()
        actor = system((await one_organization(database, named)).organization_id, Door.CLI)
        workspace = await _workspace(database, actor)
        cast = await simulation.cast_of(database, workspace)
        user_id = cast.one(speaker) if speaker else _demo_member(cast) or await simulation.speaker(database, workspace, cast)
        address = url or f"http://{_local(settings.host)}:{settings.port}"
        server = simulation.Simulation(address, slack_signing_secret(settings))
        answer, shown = await server.command(workspace, user_id, cast.mentioned(command))
        print(f"{cast.names[user_id]} types: {command}\n")
        print(simulation.told(answer, shown or (), cast, user_id))
        if shown is None:
            print("\nWhat else this asks for goes to Slack itself: this server has no recorder.")

    run(work)


async def _workspace(database: "Database", actor: "Actor") -> "Workspace":
    from app.core.settings import load
    from app.demo.files import with_secret_key
    from integrations.slack.workspaces import Workspaces

    settings = with_secret_key(load(), make=False)
    workspaces = Workspaces(database, settings.secret_key.get_secret_value())
    found = await workspaces.of(actor.organization_id)
    if found is None:
        raise Misconfigured("This organization has no Slack workspace yet: see docs/slack.md.")
    return found


def _demo_member(cast: "Cast") -> str | None:
    """The last member of demo.json, who always has something left to give."""
    from app.core.settings import load
    from app.demo.files import read_demo

    tokens = read_demo(load().data_dir)
    return cast.emails.get(tokens["members"][-1]["email"]) if tokens is not None else None


def _change(written: str) -> tuple[str, Any]:
    """`name=value`, the value being JSON where it is some, else a word; `none` is nothing."""
    name, equals, value = written.partition("=")
    if not equals:
        raise Misconfigured(f"{written}: say what it becomes, as name=value.")
    if value in {"on", "off"}:
        return name, value == "on"
    if name == "muted_channels":
        return name, tuple(one.strip() for one in value.split(",") if one.strip() and value != "none")
    if value == "none":
        return name, None if name == "points_default" else ""
    try:
        return name, int(value)
    except ValueError:
        return name, value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    return "none" if value is None else str(value) or "-"


def _local(host: str) -> str:
    return "127.0.0.1" if host in {"", "0.0.0.0", "::", "*"} else host
