"""Clients of the live door: one inside this process, which may stop reading, and what a browser would send."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from app.api import schema
from app.api.live import PROTOCOL, LiveEndpoint
from app.api.live_feed import LiveFeed
from app.api.live_origins import Origins
from tests.world import Somebody, World

WITHIN_SECONDS = 5.0
GIVEN = "subscription ($groupId: ID) { recognitionGiven(groupId: $groupId) { id message } }"


class Socket:
    """One WebSocket connection, spoken to as a server speaks to its application."""

    def __init__(self, endpoint: LiveEndpoint, *, protocols: tuple[str, ...] = (PROTOCOL,), **headers: str) -> None:
        self._to: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        """Cleared: the client no longer reads, and whatever is sent waits."""
        self.reads.set()
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": "/graphql", "headers": given, "subprotocols": list(protocols)}
        self._to.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(endpoint(scope, self._to.get, self._send))

    async def _send(self, message: Any) -> None:
        await self.reads.wait()
        self._from.put_nowait(message)

    async def event(self) -> dict[str, Any]:
        """The next thing that the application does."""
        async with asyncio.timeout(WITHIN_SECONDS):
            return await self._from.get()

    def says(self, **message: Any) -> None:
        """Sends a message."""
        self.raw(text=orjson.dumps(message).decode())

    def raw(self, **frame: Any) -> None:
        """Sends a frame."""
        self._to.put_nowait({"type": "websocket.receive", **frame})

    async def hears(self) -> dict[str, Any]:
        """The next message that is no ping."""
        while True:
            event = await self.event()
            assert event["type"] == "websocket.send", event
            message: dict[str, Any] = orjson.loads(event["text"])
            if message["type"] != "ping":
                return message

    async def closed(self) -> tuple[int, str]:
        """How it is closed; what comes before is not looked at."""
        while (event := await self.event())["type"] != "websocket.close":
            pass
        async with asyncio.timeout(WITHIN_SECONDS):
            await self.task
        return event["code"], event.get("reason", "")

    async def signs_in(self, token: str) -> None:
        """connection_init, and the answer to it."""
        self.says(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert await self.hears() == {"type": "connection_ack"}

    async def subscribes(self, id_: str = "1", document: str = GIVEN, **variables: Any) -> None:
        """Subscribes, and waits until that counts."""
        self.says(type="subscribe", id=id_, payload={"query": document, "variables": variables})
        self.says(type="ping")
        assert await self.hears() == {"type": "pong"}

    async def shown(self, id_: str = "1") -> Any:
        """The next recognition."""
        message = await self.hears()
        assert (message["type"], message["id"]) == ("next", id_), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]["recognitionGiven"]

    async def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while."""
        await asyncio.sleep(seconds)
        return self._from.empty()

    def leaves(self) -> None:
        """The client is gone."""
        self._to.put_nowait({"type": "websocket.disconnect", "code": 1005})


class Live:
    """The live door of the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.feed = LiveFeed(world.database)
        self.endpoint = LiveEndpoint(
            schema.build(),
            self.feed,
            authenticate=world.sign_in.actor,
            vouchers=world.vouchers,
            origins=Origins("https://plaudit.example/", ("https://people.example:8443",)),
        )
        self.sockets: list[Socket] = []

    def connects(self, **how: Any) -> Socket:
        """A connection that says nothing yet."""
        self.sockets.append(Socket(self.endpoint, **how))
        return self.sockets[-1]

    async def follows(self, somebody: Somebody, document: str = GIVEN, **variables: Any) -> Socket:
        """A connection of somebody with a subscription that counts."""
        socket = self.connects()
        await socket.event()
        await socket.signs_in(somebody.token)
        await socket.subscribes(document=document, **variables)
        return socket


@pytest.fixture
async def live(world: World) -> AsyncIterator[Live]:
    """The live door, open. When the story ends, nobody is remembered."""
    found = Live(world)
    following = asyncio.create_task(found.feed.run())
    yield found
    for socket in found.sockets:
        socket.reads.set()
        socket.leaves()
    await asyncio.gather(*[socket.task for socket in found.sockets])
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert (found.endpoint.connections, found.endpoint.members, found.feed._tails) == (0, {}, {})
