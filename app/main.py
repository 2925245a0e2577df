"""The composition root: wires the house into a web application, and decides nothing."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from app import access, audit, files, migrations, organization, pages, port, reward, worker
from app.api import schema
from app.api.context import Context
from app.api.endpoint import GraphQLEndpoint
from app.api.ids import uuid_of
from app.api.live import MESSAGE_BYTES_MAX, LiveEndpoint
from app.api.live_feed import LiveFeed
from app.api.live_origins import Origins
from app.core.actor import Actor
from app.core.errors import Busy, Misconfigured
from app.core.settings import Settings, load
from app.db import Database

if TYPE_CHECKING:
    from integrations.slack.door import SlackDoor

PAGE = Path(__file__).parent / "static" / "graphql.html"
PICTURES = Path(__file__).parent / "static" / "pictures"
PICTURE_HEADERS = {"cache-control": "public, max-age=604800", "x-content-type-options": "nosniff"}
"""A week: a picture may be drawn anew."""
READY_SECONDS = 2.0
FIRST_COMMAND = 'plaudit organization create --name "…" --owner-name "…" --owner-email you@example.com --token'

GARBAGE_MAX = 10_000
"""Objects made and not freed between two rounds of the garbage collector."""
log = logging.getLogger("plaudit")


def open_database(settings: Settings) -> Database:
    """The database as this process uses it; `await` its `open()`."""
    return Database(settings.database, audit.AuditChain(), one_organization_per_batch=settings.one_organization_per_batch)


def build(settings: Settings, *, with_worker: bool = False, with_recorder: bool = False) -> Starlette:
    """The web application. With the worker inside, one process does everything. With the recorder, we play Slack."""
    database = open_database(settings)
    door = _slack_door(settings, database, with_recorder=with_recorder)
    sign_in = access.SignIn(database)
    vouchers = reward.Vouchers(database, settings.secret_key.get_secret_value())
    endpoint = GraphQLEndpoint(
        schema.build(),
        authenticate=sign_in.actor,
        context=partial(_context, database, vouchers),
        page=PAGE.read_text(encoding="utf-8"),
    )
    live = _live(settings, database, sign_in, vouchers)

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        await database.open()
        await _welcome(database)
        clocks = [asyncio.create_task(worker.every(worker.BOOKKEEPING_SECONDS, sign_in.write_down_use), name="bookkeeping")]
        clocks.append(asyncio.create_task(live.feed.run(), name="live"))
        if with_worker:
            clocks.append(asyncio.create_task(worker.calendar(database), name="calendar"))
            clocks.append(asyncio.create_task(worker.read_feed(database, settings), name="feed"))
        if door is not None:
            await door.start()
        try:
            yield
        finally:
            if door is not None:
                await door.stop()
            for clock in clocks:
                clock.cancel()
            await asyncio.gather(*clocks, return_exceptions=True)
            try:
                await sign_in.write_down_use()
            finally:
                await database.close()

    async def ready(_request: Request) -> Response:
        """Whether this process can answer: it reaches its database."""
        try:
            async with asyncio.timeout(READY_SECONDS), database.read() as connection:
                await connection.execute(sa.text("SELECT 1"))
        except (Busy, sa.exc.SQLAlchemyError, TimeoutError):
            return PlainTextResponse("the database does not answer", status_code=503)
        if door is not None and door.trouble():
            return PlainTextResponse(door.trouble(), status_code=503)
        return PlainTextResponse("ready")

    routes = [
        Route("/graphql", endpoint),
        WebSocketRoute("/graphql", live),
        Route("/healthz", _healthy),
        Route("/readyz", ready),
        *files.routes(database, sign_in.actor, vouchers, lambda id_: uuid_of(id_, "Reward", "reward")),
        Route("/pictures/{name}", partial(_picture, {path.name: path.read_bytes() for path in PICTURES.glob("*.png")})),
        *pages.routes(),
        *(door.routes() if door is not None else ()),
    ]
    return Starlette(routes=routes, middleware=_middleware(settings), lifespan=lifespan)


def _live(settings: Settings, database: Database, sign_in: access.SignIn, vouchers: reward.Vouchers) -> LiveEndpoint:
    """The WebSocket side of the GraphQL address."""
    origins = Origins(settings.public_url, settings.allowed_origins)
    feed = LiveFeed(database)
    return LiveEndpoint(schema.build(), feed, authenticate=sign_in.actor, vouchers=vouchers, origins=origins)


def _middleware(settings: Settings) -> list[Middleware]:
    """Lets pages of other addresses ask, where the settings name such."""
    if not settings.allowed_origins:
        return []
    origins, methods, headers = list(settings.allowed_origins), ["GET", "POST"], ["authorization", "content-type"]
    return [Middleware(CORSMiddleware, allow_origins=origins, allow_methods=methods, allow_headers=headers)]


def _slack_door(settings: Settings, database: Database, *, with_recorder: bool) -> "SlackDoor | None":
    """Slack, where the settings ask for it: without it, nothing of it is loaded."""
    if not (settings.slack_signing_secret.get_secret_value() or settings.slack_app_token.get_secret_value()):
        return None
    from integrations.slack.door import SlackDoor
    from integrations.slack.recorder import Recorder

    return SlackDoor(settings, database, slack=Recorder(database) if with_recorder else None)


async def _welcome(database: Database) -> None:
    """On an empty database, says how to begin."""
    async with database.read() as connection:
        if not await organization.all_organizations(connection):
            log.warning("There is no organization yet. Make the first, with its owner's token: %s", FIRST_COMMAND)


def _context(database: Database, vouchers: reward.Vouchers, actor: Actor, request_id: str) -> Context:
    return Context(actor, database, request_id, vouchers)


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _picture(known: dict[str, bytes], request: Request) -> Response:
    """One of the pictures that we brought: the name is looked up among theirs, and never made a path."""
    picture = known.get(request.path_params["name"])
    if picture is None:
        return PlainTextResponse("there is no such picture", status_code=404)
    return Response(picture, media_type="image/png", headers=PICTURE_HEADERS)


def from_environment() -> Starlette:
    """The application of one of several server processes, which read their settings anew."""
    settings = load()
    _tell(settings)
    application = build(settings)
    _settle()
    return application


def serve(
    settings: Settings, *, with_worker: bool = False, with_recorder: bool = False, listening: socket.socket | None = None
) -> None:
    """Serves until told to stop. `listening` is a socket that is bound already."""
    _tell(settings)
    _check(settings)
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "log_level": settings.log_level,
        "access_log": settings.log_level == "debug",
        "lifespan": "on",
        "server_header": False,
        "timeout_graceful_shutdown": 20,
        "ws_max_size": MESSAGE_BYTES_MAX,
        "ws_per_message_deflate": False,  # One message to hundreds would be compressed hundreds of times.
    }
    if settings.workers > 1:
        uvicorn.run("app.main:from_environment", factory=True, workers=settings.workers, **options)
        return
    if listening is None:
        listening = port.bind(settings)
        port.listen(listening, settings)
    server = uvicorn.Server(uvicorn.Config(build(settings, with_worker=with_worker, with_recorder=with_recorder), **options))
    _settle()
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has stopped cleanly by then, and only passes it on
        server.run(sockets=[listening])
    if not server.started:
        raise Misconfigured("The server could not start; the reason stands above.")


def _tell(settings: Settings) -> None:
    """What we have to say goes where the server's own words go."""
    ours = logging.getLogger("plaudit")
    ours.setLevel(settings.log_level.upper())
    if not ours.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s:     %(message)s"))
        ours.addHandler(handler)
        ours.propagate = False


def _settle() -> None:
    """What was made until now stays for ever, and the garbage collector need not walk it again and again: left alone, that took a
    fifth of a busy server's time."""
    # A Ctrl+C that fell into the collector would be swallowed by whatever finalizer runs just then.
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number))
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_MAX)
    signal.signal(signal.SIGINT, before)
    if interrupts:
        raise KeyboardInterrupt


def _check(settings: Settings) -> None:
    """What would make every process fail is said once, before any begins."""
    if not settings.secret_key.get_secret_value():
        raise Misconfigured("PLAUDIT_SECRET_KEY: it is empty. Make one with: openssl rand -hex 32")
    if settings.workers > 1 and settings.database.startswith("sqlite"):
        log.warning("Several server processes take turns on SQLite. Use PostgreSQL for more than one.")
    migrations.require_current(settings.database)
