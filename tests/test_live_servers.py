"""The live feed end to end: real server processes, a real WebSocket client, and a wire between them."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from app.api.live import PROTOCOL
from tests.live_client import GIVEN
from tests.test_schema import OPERATIONS
from tests.world import GIVE, SECRET_KEY, World

ROOT = Path(__file__).parent.parent
START_SECONDS = 20


class Server:
    """A server process of its own on loopback."""

    def __init__(self, url: str) -> None:
        self.url = url
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    async def start(self) -> "Server":
        """Starts it, and waits until it serves."""
        settings = {
            "PLAUDIT_DATABASE_URL": self.url,
            "PLAUDIT_PORT": str(self.port),
            "PLAUDIT_SECRET_KEY": SECRET_KEY,
            "PLAUDIT_ALLOWED_ORIGINS": "https://people.example",
        }
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from app.cli import main; main()", "serve"),
            cwd=ROOT,
            env={**os.environ, **settings, "PYTHONUNBUFFERED": "1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert self.process.stdout is not None
        said = ""
        async with asyncio.timeout(START_SECONDS):
            while "startup complete" not in said:
                line = (await self.process.stdout.readline()).decode()
                assert line, said
                said += line
        self._rest = asyncio.create_task(self.process.stdout.read())
        return self

    async def stop(self) -> str:
        """Stops it as an operator would; returns what it said."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(START_SECONDS):
            await self.process.wait()
        return (await asyncio.shield(self._rest)).decode()

    def connects(self, *, origin: str | None = None, protocol: str = PROTOCOL) -> Any:
        """A WebSocket to it."""
        said = Origin(origin) if origin else None
        return connect(f"ws://{self.address}/graphql", subprotocols=[Subprotocol(protocol)], origin=said)

    async def gives(self, token: str, recipient: str, message: str, key: str) -> None:
        """giveRecognition over HTTP."""
        given = {"recipientIds": [recipient], "pointsEach": 1, "message": message, "idempotencyKey": key}
        async with httpx2.AsyncClient() as http:
            answer = await http.post(
                f"http://{self.address}/graphql",
                json={"query": GIVE, "variables": {"input": given}},
                headers={"authorization": f"Bearer {token}"},
            )
        assert answer.json()["data"]["giveRecognition"]["userErrors"] == []


@pytest.fixture
async def servers(world: World) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes on one database."""
    one, other = await asyncio.gather(Server(world.database.url).start(), Server(world.database.url).start())
    yield one, other
    for said in await asyncio.gather(one.stop(), other.stop()):
        assert "Traceback" not in said, said


async def says(client: ClientConnection, **message: Any) -> None:
    await client.send(orjson.dumps(message).decode())


async def hears(client: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        while (message := orjson.loads(await client.recv()))["type"] == "ping":
            await says(client, type="pong")
        return message


async def follows(client: ClientConnection, token: str, document: str = GIVEN) -> None:
    await says(client, type="connection_init", payload={"authorization": f"Bearer {token}"})
    assert await hears(client) == {"type": "connection_ack"}
    await says(client, type="subscribe", id="1", payload={"query": document})
    await says(client, type="ping")
    assert await hears(client) == {"type": "pong"}


async def closed(client: ClientConnection) -> int:
    """The code that the server closes with."""
    async with asyncio.timeout(5):
        await client.wait_closed()
    assert client.close_code is not None
    return client.close_code


async def test_given_at_one_server_it_arrives_at_the_other(world: World, servers: tuple[Server, Server]):
    here, there = servers
    within = 2.0 if world.database.is_sqlite else 1.0
    async with here.connects() as near, there.connects() as far:
        assert far.subprotocol == PROTOCOL
        await follows(near, world.cem.token, OPERATIONS["Live"])
        await follows(far, world.dee.token, OPERATIONS["Live"])
        await asyncio.sleep(0.5)
        for number in range(5):
            began = time.monotonic()

            await here.gives(world.ann.token, world.bob.id, f"Thank you, number {number}", f"k{number}")

            for client in (near, far):
                shown = (await hears(client))["payload"]["data"]["recognitionGiven"]
                assert (shown["message"], shown["giver"]["displayName"]) == (f"Thank you, number {number}", "Ann")
            assert time.monotonic() - began < within
        # A token revoked through the one ends what hangs on the other.
        await world.deactivates(world.dee)
        assert await closed(far) == 4403
        await there.gives(world.ann.token, world.bob.id, "And one from over there", "k9")
        assert (await hears(near))["payload"]["data"]["recognitionGiven"]["message"] == "And one from over there"
        with pytest.raises(InvalidStatus) as refused:
            await here.connects(origin="https://evil.example").__aenter__()
        assert refused.value.response.status_code == 403
        async with here.connects(origin="https://people.example"), here.connects(origin=f"http://{here.address}"):
            pass
        stopping = asyncio.create_task(here.stop())
        assert await closed(near) == 1012
        await stopping


async def test_hostile_clients_leave_the_server_as_it_was(world: World, servers: tuple[Server, Server]):
    server, _ = servers
    async with server.connects(protocol="graphql-ws") as old:
        assert await closed(old) == 4406
    frames: list[tuple[str | bytes | list[str], int]] = [
        (b"\0\1\2", 4400),
        ("x", 4400),
        ("[" * 50_000, 4400),
        ("a" * 100_001, 1009),
        (["a" * 60_000, "b" * 60_000], 1009),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ a }"}}', 4401),
    ]
    for frame, code in frames:
        async with server.connects() as client:
            await client.send(frame)
            assert await closed(client) == code
    async with server.connects() as silent:
        assert await closed(silent) == 4408
    async with server.connects() as slow:
        await says(slow, type="connection_init", payload={"authorization": f"Bearer {world.cem.token}"})
        slow.transport.abort()
    async with server.connects() as client:
        await follows(client, world.cem.token)
        await server.gives(world.ann.token, world.bob.id, "All is well, still", "k1")
        assert (await hears(client))["payload"]["data"]["recognitionGiven"]["message"] == "All is well, still"
