"""Socket Mode: a server without a public address, which opens the connection itself and leaves it when it falls silent."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from slack_bolt.async_app import AsyncApp

from integrations.slack.api import WebApi
from integrations.slack.socket_mode import SocketMode
from tests.slack_server import (  # noqa: F401 (fixtures)
    ONE_WORKSPACE,
    Serve,
    Server,
    Wire,
    passes,
    said,
    server_maker,
    until,
)
from tests.stand_in import (  # noqa: F401 (fixtures)
    ANA,
    APP_ID,
    BOB,
    BOT_TOKEN,
    BOT_USER,
    GENERAL,
    TEAM,
    StandIn,
    fresh_stand_in,
    running_stand_in,
)

APP_TOKEN = "xapp-1-the-app-itself"
ALWAYS = {"team_id": TEAM, "api_app_id": APP_ID, "token": "verification"}
SILENT_SECONDS = 1.2
numbers = itertools.count(1)


class Sockets(Wire):
    """The wire, with what the stand-in lacks: apps.connections.open, and the sockets that it leads to."""

    def __init__(self, behind: StandIn) -> None:
        super().__init__(behind)
        self.opened: list[web.WebSocketResponse] = []
        """Every socket, the newest last."""
        self.acknowledged: dict[str, list[Any]] = {}
        """By envelope: what came with each acknowledgement."""
        self.is_silent = False
        """New sockets answer no ping and say hello once; others say it all the time."""

    async def _serve(self, request: web.Request) -> web.StreamResponse:  # type: ignore[override]
        return await self._socket(request) if request.path == "/link" else await super()._serve(request)

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        if request.path != "/api/apps.connections.open":
            return await super()._pass_on(request, body)
        assert request.headers["Authorization"] == f"Bearer {APP_TOKEN}"
        return web.json_response({"ok": True, "url": f"{self.behind.front.replace('http', 'ws', 1)}/link"})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=not self.is_silent)
        await socket.prepare(request)
        self.opened.append(socket)
        speaking = asyncio.create_task(self._speak(socket, once=self.is_silent))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                told = json.loads(message.data)
                self.acknowledged.setdefault(told["envelope_id"], []).append(told.get("payload"))
        speaking.cancel()
        return socket

    async def _speak(self, socket: web.WebSocketResponse, *, once: bool) -> None:
        while not socket.closed:
            await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP_ID}})
            await asyncio.sleep(3_600 if once else 0.1)

    async def send(self, kind: str, payload: dict[str, Any], envelope_id: str = "") -> str:
        """Sends an envelope by the newest socket; its id."""
        id_ = envelope_id or f"envelope-{next(numbers)}"
        envelope = {"type": kind, "envelope_id": id_, "payload": {**ALWAYS, **payload}, "accepts_response_payload": True}
        await self.opened[-1].send_json(envelope)
        return id_

    async def answered(self, kind: str, payload: dict[str, Any]) -> Any:
        """Sends an envelope, and waits for what is answered with its acknowledgement."""
        id_ = await self.send(kind, payload)
        return (await until(lambda: self.acknowledged.get(id_), of="the acknowledgement"))[0]

    async def close_all(self) -> None:
        """Hangs up."""
        await asyncio.gather(*(socket.close() for socket in self.opened))


@pytest.fixture(name="sockets")
async def open_sockets(stand_in: StandIn) -> AsyncIterator[Sockets]:
    """What the app connects to."""
    sockets = Sockets(stand_in)
    async with sockets:
        yield sockets
        await sockets.close_all()


@pytest.fixture
async def indoors(stand_in: StandIn, sockets: Sockets, serve: Serve, sqlite_url: str) -> Server:
    """A server that Slack cannot reach: it has an app token, and no signing secret."""
    more = {**ONE_WORKSPACE, "slack_signing_secret": "", "slack_app_token": APP_TOKEN, "public_url": ""}
    server = serve(sqlite_url, slack_api_url=stand_in.url, **more)
    await server.found_acme()
    return server


def command(text: str) -> dict[str, Any]:
    """What Ana types in #general."""
    where = {"channel_id": GENERAL, "channel_name": "general", "response_url": "https://hooks.slack.com/commands/1"}
    return {"command": "/kudos", "text": text, "user_id": ANA, "trigger_id": f"1.{next(numbers)}", **where}


def mention(text: str, ts: str, **event: Any) -> dict[str, Any]:
    """Somebody speaks to the app in #general."""
    said_ = {"type": "app_mention", "user": ANA, "text": f"<@{BOT_USER}> {text}", "ts": ts, "channel": GENERAL, "event_ts": ts}
    return {"type": "event_callback", "event_id": f"Ev{ts}", "event_time": 1, "event": {**said_, **event}}


async def test_what_comes_by_the_socket_is_acknowledged_and_done_once(stand_in: StandIn, sockets: Sockets, indoors: Server):
    await indoors.start()
    await indoors.people_are_known()
    await until(lambda: sockets.opened, of="a socket")

    told = await sockets.answered("slash_commands", command(f"<@{BOB}> 10 for helping with the release"))
    assert told["text"].startswith("Sent. You gave 10 points to Bob Baker.")
    event = mention(f"<@{BOB}> 5 for helping once more", "1795305215.000900")
    for _ in range(2):  # Where an acknowledgement is lost, the envelope comes again.
        assert await sockets.answered("events_api", event) is None
    refused = await sockets.answered("slash_commands", command(f"<@{ANA}> 10 for helping myself"))
    assert refused["text"].startswith("Not sent.")
    await indoors.has_told()

    words = [text.partition(": ")[2] for text in await said(stand_in, GENERAL)]
    assert words == ["helping with the release", "helping once more"]
    assert (await indoors.wallet("bob@acme.example"), await indoors.is_sound()) == (15, True)
    assert (await indoors.get("/slack/install")).status_code == 404
    assert (await stand_in.command(indoors.url, "balance")).status_code == 404


async def test_what_fails_is_not_acknowledged_and_comes_again(sockets: Sockets, indoors: Server):
    await indoors.start()
    await indoors.people_are_known()
    await until(lambda: sockets.opened, of="a socket")
    indoors.may_be_surprised = True
    await indoors.alter("ALTER TABLE slack_origin RENAME TO slack_origin_away")
    event = mention(f"<@{BOB}> 5 for helping once more", "1795305215.000900")

    failed = await sockets.send("events_api", event)
    await until(lambda: "a request of Slack failed" in indoors.log, of="the failure")
    assert failed not in sockets.acknowledged
    await indoors.alter("ALTER TABLE slack_origin_away RENAME TO slack_origin")
    await sockets.send("events_api", {**event, "retry_attempt": 1, "retry_reason": "timeout"}, failed)

    await until(lambda: sockets.acknowledged.get(failed), of="the acknowledgement")
    assert await indoors.given() == [("Ana", ["Bob Baker"], 5)]


async def test_a_socket_that_slack_closes_is_followed_by_another(sockets: Sockets, indoors: Server):
    await indoors.start()
    await indoors.people_are_known()
    await until(lambda: sockets.opened, of="a socket")

    await sockets.opened[0].send_json({"type": "disconnect", "reason": "refresh_requested"})
    await until(lambda: len(sockets.opened) == 2, of="another socket")
    assert (await sockets.answered("slash_commands", command("balance")))["text"]
    await sockets.opened[1].close()
    await until(lambda: len(sockets.opened) == 3, of="a third socket")
    assert (await sockets.answered("slash_commands", command("balance")))["text"]
    assert await indoors.readiness() == (200, "ready")


@pytest.mark.long
async def test_a_server_without_a_socket_is_not_ready(sockets: Sockets, indoors: Server):
    sockets.add("apps.connections.open", status=500, times=1_000)

    await indoors.start(503, "Socket Mode is not connected")
    await until(lambda: sockets.count("apps.connections.open"), of="a first try")
    assert await indoors.readiness() == (503, "Socket Mode is not connected")
    assert await indoors.given() == []
    sockets.clear()
    await until(indoors.is_ready, 30, of="the socket")
    assert len(sockets.opened) == 1


@pytest.mark.long
async def test_a_socket_that_falls_silent_is_left_for_another(stand_in: StandIn, sockets: Sockets):
    api = WebApi(stand_in.url)
    socket = SocketMode(AsyncApp(token=BOT_TOKEN), APP_TOKEN, api, silent_seconds_max=SILENT_SECONDS)
    assert socket.trouble() == "Socket Mode is not connected"
    sockets.is_silent = True
    running = asyncio.create_task(socket.run())
    try:
        await until(lambda: sockets.opened and not socket.trouble(), of="a socket")
        await until(lambda: len(sockets.opened) > 1, of="another socket, as the first one was silent")
        sockets.is_silent = False
        await until(lambda: sockets.opened[0].closed and not socket.trouble(), of="a socket that speaks")
        assert sockets.opened[0].closed

        await passes(SILENT_SECONDS)
        number = len(sockets.opened)
        await passes(2 * SILENT_SECONDS)
        assert (len(sockets.opened), socket.trouble()) == (number, "")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await api.close()
    assert socket.trouble() == "Socket Mode is not connected"
    assert await until(lambda: all(one.closed for one in sockets.opened), of="the end of every socket")
