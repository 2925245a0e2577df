"""A real server for the tests of Slack: `plaudit serve` as processes of its own, looked at and ended from outside."""

import asyncio
import contextlib
import io
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import sqlalchemy as sa
from aiohttp import web

from app import cli
from app.db import driver_url
from integrations.slack.workspaces import REMEMBERED_SECONDS
from tests.fault_proxy import FaultProxy
from tests.stand_in import ANA, BOT_TOKEN, BOT_USER, CLIENT_ID, CLIENT_SECRET, SEED, SIGNING_SECRET, StandIn, client_of

ROOT = Path(__file__).parents[1]
SECRET_KEY = "of the black box, and long enough for it"
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 25
LOOK_SECONDS = 0.03
PORTS = itertools.cycle(range(12_000 + os.getpid() * 37 % 10_000, 32_000))
"""Below those that the system hands out by itself, so that nobody takes one between two lives of a server."""
ONE_WORKSPACE = {"slack_bot_token": BOT_TOKEN}
MANY_WORKSPACES = {"slack_client_id": CLIENT_ID, "slack_client_secret": CLIENT_SECRET}
COOKIE = "slack-app-oauth-state"
EVERYONE = [
    "ana@acme.example Ana OWNER NORMAL ACTIVE",
    "bob@acme.example Bob Baker MEMBER NORMAL ACTIVE",
    "cem@acme.example Cem Çelik MEMBER NORMAL ACTIVE",
    "dee@acme.example Dee O'Dell MEMBER NORMAL ACTIVE",
    "eve@acme.example Eve Ek ADMIN NORMAL ACTIVE",
    "gina@agency.example Gina Guest MEMBER OBSERVER ACTIVE",
    "ivan@acme.example Ivan Invited MEMBER NORMAL INVITED",
]


async def until(look: Callable[[], Any], seconds: float = 15, *, of: object = "it") -> Any:
    """Looks until there is something to see, and returns that; `look` may have to be awaited."""
    deadline = time.monotonic() + seconds
    while True:
        looked = look()
        seen = await looked if isinstance(looked, Awaitable) else looked
        if seen:
            return seen
        assert time.monotonic() < deadline, f"{of} did not come within {seconds} seconds: {seen!r}"
        await asyncio.sleep(LOOK_SECONDS)


async def passes(seconds: float) -> None:
    """Waits for what must not come."""
    over = time.monotonic() + seconds
    await until(lambda: time.monotonic() > over)


class Server:
    """One `plaudit serve`, of one process or several, which keeps its port and its database when it is started again."""

    def __init__(self, database_url: str, log: Path, **settings: str) -> None:
        self.database_url = database_url
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = ""
        """By which `ask` is let in."""
        self.may_be_surprised = False
        self.settings = {
            "database_url": database_url,
            "secret_key": SECRET_KEY,
            "slack_signing_secret": SIGNING_SECRET,
            "port": str(self.port),
            "public_url": self.url,
            **settings,
        }
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that its processes have written."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    async def start(self, *says: int | str) -> None:
        """Starts it, and waits until it says that it is ready, or else this."""
        assert self._process is None, "it runs"
        self._process = _started(self.settings, self._log)
        await until(lambda: self.is_ready(*says), START_SECONDS_MAX, of=f"that of {self.url}")

    async def is_ready(self, *says: int | str) -> bool:
        """Whether that is what /readyz says."""
        assert self._process is not None
        assert self._process.poll() is None, f"The server ended:\n{self.log}"
        return await self.readiness() == (says or (200, "ready"))

    async def readiness(self) -> tuple[int, str]:
        """What /readyz says."""
        try:
            answer = await self.get("/readyz")
        except httpx2.TransportError:
            return 0, "nobody there"
        return answer.status_code, answer.text

    async def stop(self) -> None:
        """Ends it as an operator does, and expects it to go in good order."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise AssertionError(f"The server did not stop:\n{self.log}") from None

    def kill(self) -> None:
        """kill -9, of all its processes: nothing is said, written or tidied up any more."""
        process, self._process = self._process, None
        if process is not None:
            _kill(process)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """As a browser asks, one that follows nothing."""
        async with client_of() as client:
            return await client.get(f"{self.url}{path}", headers=headers)

    async def cli(self, *arguments: str) -> list[str]:
        """What a command answers, line by line. It must go well."""
        return await asyncio.to_thread(_commanded, self.settings, arguments)

    async def found_acme(self) -> str:
        """Ana's organization, by the command line; its id. From then on it is Ana who asks."""
        owner = ("--owner-name", "Ana", "--owner-email", "ana@acme.example")
        id_, self.token = await self.cli("organization", "create", "--name", "Acme", *owner, "--token")
        return id_

    async def sign_in(self, email: str) -> None:
        """From now on it is this member who asks."""
        (self.token,) = await self.cli("token", "create", "--member", email)

    async def ask(self, query: str) -> dict[str, Any]:
        """What GraphQL answers."""
        async with client_of() as client:
            headers = {"Authorization": f"Bearer {self.token}"}
            answer = (await client.post(f"{self.url}/graphql", json={"query": query}, headers=headers)).json()
        assert "errors" not in answer, answer
        return dict(answer["data"])

    async def wallet(self, email: str) -> int:
        """What somebody has received and not spent."""
        found = await self.ask(f'{{ member(email: "{email}") {{ wallet {{ balance }} }} }}')
        return int(found["member"]["wallet"]["balance"])

    async def given(self) -> list[tuple[str, list[str], int]]:
        """Who gave to whom, and how much, the newest first, without what was taken back."""
        wanted = "giver { displayName } recipients { displayName } pointsEach"
        nodes = (await self.ask(f"{{ recognitions(first: 100) {{ nodes {{ {wanted} }} }} }}"))["recognitions"]["nodes"]
        names = [(node["giver"]["displayName"], [one["displayName"] for one in node["recipients"]]) for node in nodes]
        return [(*two, node["pointsEach"]) for two, node in zip(names, nodes, strict=True)]

    async def members(self) -> list[str]:
        """Everyone who is a member and has not left: e-mail, name, role, mode and status."""
        return [" ".join(line.split()) for line in (await self.cli("member", "list"))[1:]]

    async def people_are_known(self, number: int = 7) -> None:
        """Waits until the workspace was looked through."""

        async def look() -> bool:
            return len(await self.rows("SELECT 1 FROM slack_person WHERE member_id IS NOT NULL")) >= number

        await until(look, 20, of="the round of people")
        await until(self._is_round, of="its end")

    async def _is_round(self) -> bool:
        return bool(await self.rows("SELECT 1 FROM slack_round WHERE people_at IS NOT NULL AND claimed_until IS NULL"))

    async def has_told(self, seconds: float = 20) -> None:
        """Waits until the feed is read, and everything that it asks for was told to Slack or given up."""
        await until(self._nothing_waits, seconds, of="the end of what Slack is to be told")

    async def _nothing_waits(self) -> bool:
        behind = "SELECT 1 FROM chain_head h JOIN feed_cursor c USING (organization_id) WHERE c.sequence < h.sequence"
        return not await self.rows(behind) and not await self.waiting()

    async def waiting(self) -> list[tuple[str, int, bool]]:
        """What Slack is to be told yet: its lane, how often it was tried, and whether a process is at it."""
        found = await self.rows("SELECT lane, tries, claimed_until FROM slack_delivery WHERE state = 'WAITING' ORDER BY id")
        return [(lane, tries, claimed is not None) for lane, tries, claimed in found]

    async def waits_alone(self, lane: str) -> bool:
        """Whether this is the only lane where something waits, one thing, and no process is at it."""
        return [(name, is_claimed) for name, _, is_claimed in await self.waiting()] == [(lane, False)]

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database itself answers."""
        return await asyncio.to_thread(_rows, self.database_url, statement)

    async def alter(self, statement: str) -> None:
        """Changes the database behind the server's back."""
        await asyncio.to_thread(_altered, self.database_url, statement)

    async def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table: the same before and after, if nothing has happened."""
        return await asyncio.to_thread(_everything, self.database_url)

    async def begins_with_20_mb(self) -> bytes:
        """How a body of 20 MB is answered, when no more than its beginning was sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: plaudit\r\nContent-Length: 20000000\r\n\r\n" + bytes(100_000))
        answer = await asyncio.wait_for(reader.read(12), 5)
        writer.close()
        return answer

    async def is_sound(self) -> bool:
        """Whether `plaudit verify` finds all well."""
        return "all is well" in (await self.cli("verify"))[-1]


def _commanded(settings: dict[str, str], arguments: tuple[str, ...]) -> list[str]:
    said, complaints = io.StringIO(), io.StringIO()
    environment = {f"PLAUDIT_{name.upper()}": value for name, value in settings.items()}
    with patch.dict(os.environ, environment), contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints):
        status = cli.run(arguments)
    assert status == 0, f"{arguments}: {complaints.getvalue()}"
    return said.getvalue().splitlines()


def _rows(database_url: str, statement: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(driver_url(database_url, asynchronous=False), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def _altered(database_url: str, statement: str) -> None:
    with sa.create_engine(driver_url(database_url, asynchronous=False), poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text(statement))


def _everything(database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = sa.create_engine(driver_url(database_url, asynchronous=False), poolclass=sa.NullPool)
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        return {name: sorted(map(tuple, connection.execute(sa.text(f"SELECT * FROM {name}"))), key=repr) for name in tables}


def _started(settings: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    environment |= {f"PLAUDIT_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
    with log.open("ab") as output:
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        # A session of its own: Ctrl-C is for pytest, and all its processes can be ended at once.
        return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **pipes)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    for port in PORTS:
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port is taken")


class Wire(FaultProxy):
    """Between the server and the stand-in, with the header in which Slack names the scopes of a token."""

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        answer = await super()._pass_on(request, body)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in SEED["tokens"]:
            answer.headers["X-OAuth-Scopes"] = SEED["tokens"][token]["scopes"].replace(" ", ",")
        return answer


@pytest.fixture(name="wire")
async def whole_wire(stand_in: StandIn) -> AsyncIterator[Wire]:
    """Whole until told otherwise."""
    wire = Wire(stand_in)
    async with wire:
        yield wire


async def said(stand_in: StandIn, where: str) -> list[str]:
    """What the app has said in a channel, or to a person alone, in the order in which it came."""
    state = await stand_in.state()
    ids = {channel["channel_id"] for channel in state["channels"] if where in (channel["channel_id"], channel.get("user"))}
    return [one["text"] for one in state["messages"] if one["channel_id"] in ids and one["user"] == BOT_USER]


Serve = Callable[..., Server]


@pytest.fixture(name="serve")
async def server_maker(tmp_path: Path) -> AsyncIterator[Serve]:
    """Makes servers, which go when the story ends, in good order and without ever having been surprised."""
    made: list[Server] = []

    def make(database_url: str, **settings: str) -> Server:
        made.append(Server(database_url, tmp_path / f"server{len(made)}.log", **settings))
        return made[-1]

    yield make
    for server in made:
        try:
            await server.stop()
        finally:
            server.kill()
    for server in made:
        surprised = re.search(r"Traceback|Exception in|never awaited|never retrieved", server.log)
        assert server.may_be_surprised or not surprised, server.log


async def connected(stand_in: StandIn, serve: Serve, database_url: str, *settings: str, **more: str) -> Server:
    """A server with Acme's workspace, whose people it knows."""
    server = serve(database_url, slack_api_url=stand_in.url, **ONE_WORKSPACE | more)
    await server.found_acme()
    await server.start()
    await stand_in.connect(server.url)
    await server.people_are_known()
    if settings:
        await server.cli("slack", "settings", *settings)
        await server.has_told()
        await passes(REMEMBERED_SECONDS)  # Another process's change may go unnoticed for so long.
    return server


@pytest.fixture(name="acme")
async def acme_server(stand_in: StandIn, wire: Wire, serve: Serve, sqlite_url: str) -> Server:
    return await connected(stand_in, serve, sqlite_url)


async def gives(stand_in: StandIn, server: Server, text: str, **more: Any) -> dict[str, Any]:
    """Ana, or whoever is named, types the command, and is told that it was sent."""
    answer = await stand_in.command(server.url, text, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"].startswith("Sent. "), answer.text
    return dict(answer.json())


def undo_of(answer: dict[str, Any]) -> str:
    return str(answer["blocks"][0]["accessory"]["value"])


async def begins(server: Server) -> tuple[str, str]:
    """Somebody opens /slack/install: the cookie that the browser gets, and where the page leads."""
    page = await server.get("/slack/install")
    cookie = page.headers["set-cookie"]
    assert page.status_code == 200, page.text
    assert {"Secure", "HttpOnly"} <= {part.strip() for part in cookie.split(";")}
    link = re.search(r'href="([^"]+authorize[^"]+)"', page.text)
    assert link is not None
    return cookie.partition(";")[0], unescape(link[1])


def query_of(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


async def installs(stand_in: StandIn, server: Server, user_id: str = ANA) -> httpx2.Response:
    """Somebody installs the app, from the first page to the last."""
    cookie, page = await begins(server)
    back = await stand_in.install(page, user_id)
    return await server.get(back.removeprefix(server.url), Cookie=cookie)


@pytest.fixture(name="open_house")
async def open_server(stand_in: StandIn, wire: Wire, serve: Serve, sqlite_url: str) -> Server:
    """A server that any workspace may install."""
    server = serve(sqlite_url, slack_api_url=stand_in.url, **MANY_WORKSPACES)
    await server.start()
    await stand_in.connect(server.url)
    return server


async def home_of(stand_in: StandIn, user_id: str, words: str = "") -> dict[str, Any] | None:
    """Somebody's Home, once it says these words."""
    views = [view for view in (await stand_in.state())["views"] if view["type"] == "home" and view["user_id"] == user_id]
    return views[-1] if views and words in json.dumps(views[-1]["blocks"], ensure_ascii=False) else None
