"""The door itself: everything that Slack needs, put together, started and stopped with the server."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from uuid import UUID

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app import audit
from app.core.errors import Busy, PlauditError
from app.core.settings import Settings
from app.db import Database, Slice
from app.reward import Vouchers
from integrations.slack import install
from integrations.slack.administering import Administering
from integrations.slack.administration import Administration
from integrations.slack.api import Slack, WebApi
from integrations.slack.bolt import Listeners, endpoint
from integrations.slack.channels import Channels
from integrations.slack.desk import Desk
from integrations.slack.events import Events
from integrations.slack.guard import Guard
from integrations.slack.homes import Homes
from integrations.slack.interactions import Interactions
from integrations.slack.people import People
from integrations.slack.reader import NAME, SlackReader
from integrations.slack.recorder import Recorder
from integrations.slack.rounds import Rounds
from integrations.slack.sender import Sender
from integrations.slack.shopping import Shopping
from integrations.slack.socket_mode import SocketMode
from integrations.slack.telling import Teller
from integrations.slack.words import Words
from integrations.slack.workspaces import Workspace, Workspaces, organization_for

ROUND_SECONDS = 60.0
CONNECT_SECONDS_MAX = 15.0
"""Between two tries to hear from Slack whose token ours is; the first pauses are shorter."""
WAKE_SECONDS = 0.05
EVENTS, INSTALL, REDIRECT, RECORDED = "/slack/events", "/slack/install", "/slack/oauth_redirect", "/slack/recorded"
log = logging.getLogger("plaudit.slack")


class SlackDoor:
    """Slack's way in and out. `slack`: who plays it, in the place of the real one."""

    def __init__(self, settings: Settings, database: Database, *, slack: Slack | None = None) -> None:
        self.settings = settings
        self.database = database
        self.recorder = slack if isinstance(slack, Recorder) else None
        secret_key = settings.secret_key.get_secret_value()
        install_url = f"{settings.public_url.rstrip('/')}{INSTALL}" if settings.slack_client_id else None
        web_url = None  # There is no page for people to look at yet.
        self.api = WebApi(settings.slack_api_url)
        self.slack: Slack = slack or self.api
        self.workspaces = Workspaces(database, secret_key)
        self.people = People(database, self.slack)
        self.channels = Channels(database, self.slack, database.clock)
        self.administration = Administration(database, web_url, install_url)
        self.homes = Homes(database, self.administration, web_url)
        self.desk = Desk(database, self.workspaces.seal, self.people, self.channels, self.homes)
        self.words = Words(self.desk)
        self.events = Events(self.desk, self.words)
        self.interactions = Interactions(self.desk, self.words, self.slack)
        self.teller = Teller(database, self.workspaces, self.slack, self.channels, self.homes)
        self.sender = Sender(database, self.workspaces, self.teller)
        self.reader = SlackReader(self.workspaces, database.clock, self._planned)
        self.rounds = Rounds(database, self.workspaces, self.people, self.slack)
        self.installer = install.Installer(database, self.workspaces, self.api)
        self.socket: SocketMode | None = None
        self._round = asyncio.Event()
        administering = Administering(self.interactions, self.administration, self.replay)
        self.shopping = Shopping(administering.windows, Vouchers(database, secret_key), settings.public_url)
        takes = {**self.interactions.takes, **self.shopping.takes, **administering.takes}
        listeners = Listeners(self.shopping, self.events, takes)
        self.bolt = self._bolt(listeners)
        app_token = settings.slack_app_token.get_secret_value()
        if app_token:
            self.socket = SocketMode(self.bolt, app_token, self.api)
        self._tasks: list[asyncio.Task[None]] = []

    def _bolt(self, listeners: Listeners) -> AsyncApp:
        flow = None
        if self.settings.slack_client_id:
            store = install.Store(self.installer, self._installed)
            flow = install.oauth_flow(self.settings, self.database.clock, store)
        return listeners.bolt(self.workspaces, self.api.api_url, flow)

    def routes(self) -> list[BaseRoute]:
        """Where Slack and whoever installs the app arrive."""
        handler = AsyncSlackRequestHandler(self.bolt)
        signing_secret = self.settings.slack_signing_secret.get_secret_value()
        found: list[BaseRoute] = []
        if signing_secret:
            inner = Route(EVENTS, endpoint(self.bolt), methods=["POST"]).app
            found.append(Route(EVENTS, Guard(inner, signing_secret, clock=self.database.clock)))
        if self.settings.slack_client_id:
            found += [Route(INSTALL, handler.handle, methods=["GET"]), Route(REDIRECT, handler.handle, methods=["GET"])]
        if self.recorder is not None and signing_secret:
            shown = Route(RECORDED, self._recorded, methods=["POST"]).app
            found.append(Route(RECORDED, Guard(shown, signing_secret, clock=self.database.clock)))
        return found

    async def start(self) -> None:
        """Begins to read the feed, to tell Slack, and to go round. Slack need not answer for it."""
        wake = asyncio.Event()
        audit.feed.wake_on_commit(self.database, wake)
        work = {
            "slack feed": audit.feed.follow(self.database, [self.reader], self._organizations, wake),
            "slack sender": self.sender.run(),
            "slack rounds": self._go_round(),
        }
        if self.settings.slack_bot_token.get_secret_value():
            work["slack token"] = self._connect()
        if self.socket is not None:
            work["slack socket"] = self.socket.run()
        self._tasks = [asyncio.create_task(one, name=name) for name, one in work.items()]

    async def stop(self) -> None:
        """Ends what was begun. What was not told waits in the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.slack.close()
        await self.api.close()

    def trouble(self) -> str:
        """Why this process cannot serve Slack; empty: it can."""
        return self.socket.trouble() if self.socket is not None else ""

    async def settle(self) -> None:
        """Reads the feed and tells Slack everything that is due: for tests and the simulation."""
        for organization_id in await self._organizations():
            while await audit.feed.advance(self.database, self.reader, organization_id):
                pass
        await self.sender.settle()

    async def replay(self, workspace: Workspace) -> int:
        """Takes up again everything that was given up; returns how much that was."""
        async with self.database.read() as connection:
            page = await audit.letters.listed(connection, workspace.organization_id, NAME, Slice(500))
        number = 0
        for letter in page.rows:
            with contextlib.suppress(PlauditError):
                number += await audit.feed.replay(self.database, self.reader, workspace.organization_id, letter.id)
        self.sender.wake.set()
        return number

    async def _organizations(self) -> Iterable[UUID]:
        return await self.workspaces.organizations()

    async def _go_round(self) -> None:
        while True:
            self._round.clear()
            try:
                await self.rounds.go()
            except Busy as error:
                log.warning("the round of workspaces waits: %s", error)
            except Exception:
                log.exception("the round of workspaces failed; it goes on in %s seconds", ROUND_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUND_SECONDS):
                    await self._round.wait()

    async def _connect(self) -> None:
        """Connects the workspace of the bot token, as soon as Slack says whose it is."""
        token, pause = self.settings.slack_bot_token.get_secret_value(), 1.0
        while True:
            try:
                organization_id = await organization_for(self.database, self.settings.slack_organization)
                team_id, is_new = await self.installer.connect_token(token, organization_id)
                await self._installed(organization_id, is_new=is_new)
            except Exception as error:
                log.warning("Slack is not connected yet: %s", error, exc_info=None if isinstance(error, PlauditError) else error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, CONNECT_SECONDS_MAX)
                continue
            log.info("connected to the Slack workspace %s", team_id)
            return

    async def _installed(self, organization_id: UUID, *, is_new: bool = True) -> None:
        """A workspace was connected: what waited is told, and after an installation its people are looked through at once."""
        if is_new:
            await self.rounds.again(organization_id)
        self._round.set()
        self.sender.wake.set()

    def _planned(self) -> None:
        """A moment later, when it is committed, the sender looks."""
        asyncio.get_running_loop().call_later(WAKE_SECONDS, self.sender.wake.set)

    async def _recorded(self, request: Request) -> Response:
        """What the recorder was told to show, since a number, once everything planned is told."""
        assert self.recorder is not None
        await self.settle()
        asked = await request.json()
        return JSONResponse({"shown": self.recorder.since(int(asked.get("since", 0)))})
