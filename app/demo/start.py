"""Starting the demo: a database with Farola in it, a port, demo.json, and the server with the worker inside."""

import asyncio
import contextlib
import gc
import os
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app import access, audit, insight, main, migrations, organization, port, reward
from app.core.actor import Role
from app.core.clock import now as present
from app.core.errors import Refusal, Unauthenticated
from app.core.settings import Settings
from app.db import Database, Slice, sqlite_path
from app.demo import files, people, slack, story
from app.demo.founding import HOUSE, NAME, ORGANIZATION_ID
from app.demo.story import STORY_DAYS, Progress, StoryClock

TOKEN_NAME = "demo"
EVERYWHERE = {"", "0.0.0.0", "::", "*"}


def run(settings: Settings) -> None:
    """Makes what is missing, says who is who, and serves until told to stop."""
    files.make_folder(settings.data_dir)
    listening = port.bind(settings)
    with contextlib.closing(listening):
        # One process, which holds the worker, too, and the port that demo.json names.
        if settings.workers > 1:
            print("The demo is one process: PLAUDIT_WORKERS counts for plaudit serve.", file=sys.stderr)
        settings = files.with_secret_key(settings).model_copy(update={"workers": 1})
        plays_slack = not slack.is_connected(settings)
        if plays_slack:
            settings = files.with_slack(settings)
        address = graphql_address(settings.host, listening)
        with files.alone(settings.data_dir):
            _make_private(settings.database)
            migrations.upgrade(settings.database)
            with _progress() as progress:
                tokens = asyncio.run(ready(settings, present(), progress))
            if plays_slack and tokens is not None:
                asyncio.run(slack.connect(settings))
            if tokens is not None:
                files.write_demo(settings.data_dir, address, tokens)
        print(_told(settings, address, tokens), flush=True)
        port.listen(listening, settings)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn passes on the Ctrl+C that it has stopped for
            main.serve(settings, with_worker=True, with_recorder=plays_slack, listening=listening)


async def ready(settings: Settings, now: datetime, progress: Progress, *, length: int = STORY_DAYS) -> dict[str, Any] | None:
    """The demo's tokens, when the database holds the demo or nothing yet; None when it holds other organizations only.

    The tokens are made last: ours without any was cut off while its story was told, and the telling goes on."""
    clock = StoryClock(now)
    one_each = settings.one_organization_per_batch
    database = Database(settings.database, audit.AuditChain(), clock=clock, one_organization_per_batch=one_each)
    try:
        kept = files.read_demo(settings.data_dir)
        if kept is not None and await _known(database, kept):
            return kept
        async with database.read() as connection:
            here = {row.organization_id for row in await organization.all_organizations(connection)}
            if here and ORGANIZATION_ID not in here:
                return None
            made = await access.reads.tokens_page(connection, access.reads.tokens(ORGANIZATION_ID), Slice(1))
        await database.open()
        if not made.rows:
            vouchers = reward.Vouchers(database, files.with_secret_key(settings).secret_key.get_secret_value())
            with _without_collections():
                await story.tell(database, clock, vouchers, progress, length=length)
                await insight.catch_up(database, ORGANIZATION_ID)
        return await _make_tokens(database)
    finally:
        await database.close()


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Nothing of a story is garbage in cycles, and looking for such takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _known(database: Database, tokens: dict[str, Any]) -> bool:
    """Whether these tokens are of this database. One is enough: the others may have been revoked since."""
    sign_in = access.SignIn(database)
    for secret in (*(tokens[role] for role in files.ROLES), *(member["token"] for member in tokens["members"])):
        with contextlib.suppress(Unauthenticated):
            await sign_in.actor(f"Bearer {secret}")
            return True
    return False


async def _make_tokens(database: Database) -> dict[str, Any] | None:
    """Tokens for one of each role and the two members; None when one of them cannot have one any more."""
    chosen = [*_one_of_each_role().values(), *_demo_members()]
    async with database.read() as connection:
        members = await organization.members_by_email(connection, ORGANIZATION_ID, [person.email for person in chosen])
    if len(members) < len(chosen):
        return None
    acts = [access.CreateToken(HOUSE, members[person.email].id, TOKEN_NAME) for person in chosen]
    try:
        issued = await asyncio.gather(*map(database.submit, acts))
    except Refusal:
        return None
    tokens = {person.email: answer.secret for person, answer in zip(chosen, issued, strict=True)}
    return {
        **{role: tokens[person.email] for role, person in _one_of_each_role().items()},
        "members": [{"email": person.email, "token": tokens[person.email]} for person in _demo_members()],
    }


def _one_of_each_role() -> dict[str, people.Person]:
    return {role: next(person for person in people.cast() if person.role is Role(role.upper())) for role in files.ROLES}


def _demo_members() -> list[people.Person]:
    return [person for person in people.cast() if person.is_demo_member]


def graphql_address(host: str, listening: socket.socket) -> str:
    """Where a client on this machine finds the API."""
    name = "127.0.0.1" if host in EVERYWHERE else host
    return f"http://{f'[{name}]' if ':' in name else name}:{listening.getsockname()[1]}/graphql"


def _make_private(url: str) -> None:
    """SQLite would make its file readable for everyone on this machine."""
    if url.startswith("sqlite"):
        with contextlib.suppress(OSError):  # whoever opens it next says better what is wrong with it
            os.close(os.open(sqlite_path(url), os.O_CREAT | os.O_RDWR, 0o600))


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on stderr, from the first day told on: a start that founds nothing shows none, and does not load it."""
    bars: list[Any] = []

    def show(done: int, total: int) -> None:
        if not sys.stderr.isatty():
            if done == 1:
                print(f"Founding {NAME}, with a year of thanks. This takes some seconds, once.", file=sys.stderr)
            return
        if not bars:
            from rich.console import Console
            from rich.progress import Progress as Bars

            bars.append(Bars(console=Console(stderr=True), transient=True))
            bars[0].start()
            bars[0].add_task(f"Founding {NAME}, with a year of thanks", total=total)
        bars[0].update(bars[0].task_ids[0], completed=done)

    try:
        yield show
    except KeyboardInterrupt:
        print("Stopped. The next start goes on from here.", file=sys.stderr)
        raise
    finally:
        for bar in bars:
            bar.stop()


def _told(settings: Settings, address: str, tokens: dict[str, Any] | None) -> str:
    """Who is who, for whoever has just started it."""
    head = ["", f"  GraphQL   {address}", "            Open it in a browser to try it out.", ""]
    if tokens is None:
        return "\n".join(
            [
                "",
                "  This database was in use already, so no demo was founded in it, and no tokens were made.",
                *head[1:],
                "  Make a token with: plaudit token create",
                "",
            ]
        )
    lines = ["", f"  {NAME} is open. Everyone below signs in with Authorization: Bearer and the token.", *head]
    shown = [(role, person, tokens[role]) for role, person in _one_of_each_role().items()]
    by_email = {member["email"]: member["token"] for member in tokens["members"]}
    shown += [("member", person, by_email[person.email]) for person in _demo_members() if person.email in by_email]
    for role, person, secret in shown:
        lines += [f"  {role:<9} {person.name}, {person.job_title} <{person.email}>", f"            {secret}"]
    if not slack.is_connected(settings):
        lines += ["", "  Slack     needs no installation to be tried. In another terminal, with .venv/bin on the path:"]
        lines += [f"            {slack.LINE}"]
    return "\n".join(
        [*lines, "", f"  The same is written in {settings.data_dir / files.DEMO_FILE}. Ctrl+C stops the server.", ""]
    )
