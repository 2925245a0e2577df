"""The WebSocket door of the GraphQL API: subscriptions by graphql-transport-ws, and nothing else."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing, suppress
from typing import Any, cast
from uuid import UUID

import orjson
import strawberry
from graphql import ExecutionResult, OperationType
from graphql.execution import create_source_event_stream, map_source_to_response_event
from starlette.types import Receive, Scope, Send

from app import reward
from app.api.documents import Documents, check_cost
from app.api.endpoint import IS_AWAITABLE, Authenticate
from app.api.live_context import LiveContext
from app.api.live_feed import LiveFeed, Viewer
from app.api.live_origins import Origins
from app.api.reading import GraphQLRequest, request_from_payload
from app.api.rendering import (
    ERRORS_MAX,
    ErrorCode,
    RequestRefused,
    refused,
    refused_by_exception,
    refused_by_graphql,
    render_result,
)
from app.core.ids import new_reference

PROTOCOL = "graphql-transport-ws"
CONNECTIONS_MAX = 2_000
"""Connections to one server process."""
MEMBER_CONNECTIONS_MAX = 10
"""Connections of one member to one server process."""
SUBSCRIPTIONS_MAX = 10
"""Subscriptions of one connection."""
MESSAGE_BYTES_MAX = 100_000
ID_CHARS_MAX = 128
REASON_BYTES_MAX = 123
"""What a close frame has room for."""
INIT_SECONDS = 3.0
PING_SECONDS = 15.0
"""How often we ask whether the client is still there; whoever says nothing until the next time is not."""
CLOSE_SECONDS = 2.0
"""A client that does not read is told why it is cut off for so long, and then no more."""

log = logging.getLogger("plaudit.live")


class _Closed(Exception):
    """The connection ends, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class LiveEndpoint:
    """An ASGI application for the WebSocket side of one address."""

    def __init__(
        self,
        schema: strawberry.Schema,
        feed: LiveFeed,
        *,
        authenticate: Authenticate,
        vouchers: reward.Vouchers,
        origins: Origins,
    ) -> None:
        self._schema = schema._schema
        self._executor_class = schema.execution_context_class
        self._documents = Documents(schema)
        self._vouchers = vouchers
        self._origins = origins
        self.feed = feed
        self.authenticate = authenticate
        self.connections = 0
        self.members: Counter[UUID | None] = Counter()
        """Connections of each member."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection until either side ends it."""
        assert scope["type"] == "websocket"
        if (await receive())["type"] != "websocket.connect":
            return
        if not self._origins.allow(scope["headers"]):
            # Before the connection is accepted, a server says 403 for this.
            await send({"type": "websocket.close", "code": 1008})
            return
        speaks = PROTOCOL in scope["subprotocols"]
        self.connections += 1
        try:
            with suppress(OSError):
                await send({"type": "websocket.accept", "subprotocol": PROTOCOL if speaks else None})
                connection = _Connection(self, receive, send)
                if not speaks:
                    connection.end(4406, f"Subprotocol not acceptable: this server speaks {PROTOCOL} only.")
                if self.connections > CONNECTIONS_MAX:
                    connection.end(1013, "This server has as many live connections as it takes. Try again later.")
                await connection.run()
        finally:
            self.connections -= 1

    async def open(self, request: GraphQLRequest, viewer: Viewer) -> tuple[AsyncIterator[ExecutionResult], LiveContext]:
        """Subscribes. What is given from now on comes out of the stream. Raises RequestRefused."""
        request_id = new_reference() + new_reference()
        context = LiveContext(self.feed, viewer, request_id, self._vouchers)
        try:
            return await self._stream(request, context), context
        except BaseException as error:
            context.leave()
            if not isinstance(error, Exception):
                raise
            raise refused_by_exception(error, request_id) from None

    async def _stream(self, request: GraphQLRequest, context: LiveContext) -> AsyncIterator[ExecutionResult]:
        document = self._documents.get(request.query)
        operation = document.operation(request.operation_name)
        if operation.node.operation is not OperationType.SUBSCRIPTION:
            message = "Only subscriptions go over WebSocket. Send queries and mutations by HTTP to the same address."
            raise refused(400, ErrorCode.BAD_REQUEST, message)
        check_cost(operation, request.variables)
        executor = self._executor_class.build(
            self._schema,
            document.node,
            context_value=context,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=ERRORS_MAX,
            is_awaitable=IS_AWAITABLE,
            operation_extensions=request.extensions,
        )
        if isinstance(executor, list):
            raise refused_by_graphql(ErrorCode.BAD_USER_INPUT, executor)
        source: Any = create_source_event_stream(executor)
        if IS_AWAITABLE(source):
            source = await cast("Awaitable[Any]", source)
        if isinstance(source, ExecutionResult):
            said = orjson.loads(render_result(source, context.request_id))
            raise RequestRefused(400, said["errors"])
        return map_source_to_response_event(executor, source)


class _Connection:
    """One client. Its messages are taken up one after the other: who hears pong knows that what it sent before is done."""

    def __init__(self, door: LiveEndpoint, receive: Receive, send: Send) -> None:
        self._door = door
        self._receive = receive
        self._asgi_send = send
        self._viewer: Viewer | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ending: asyncio.Future[_Closed] = asyncio.get_running_loop().create_future()
        self._heard = True
        """Whether the client has said anything since we asked last."""
        self._keepalive: asyncio.Task[None] | None = None
        self._init_timer = asyncio.get_running_loop().call_later(
            INIT_SECONDS, self.end, 4408, "Connection initialisation timeout"
        )

    def end(self, code: int, reason: str) -> None:
        """Ends the connection soon. Only the first reason counts."""
        if not self._ending.done():
            self._ending.set_result(_Closed(code, reason))

    async def run(self) -> None:
        """Serves the client until either side ends the connection."""
        reading = asyncio.create_task(self._read())
        try:
            either: set[asyncio.Future[Any]] = {reading, self._ending}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._init_timer.cancel()
            tasks = [reading, *self._running.values(), *((self._keepalive,) if self._keepalive else ())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._viewer is not None:
                self._door.feed.leave(self._viewer)
                self._door.members.subtract([self._viewer.actor.member_id])
                if not self._door.members[self._viewer.actor.member_id]:
                    del self._door.members[self._viewer.actor.member_id]
        if self._ending.done():
            closed = self._ending.result()
            reason = closed.reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._asgi_send({"type": "websocket.close", "code": closed.code, "reason": reason})

    async def _read(self) -> None:
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                self._heard = True
                await self._take(_parsed(message))
        except _Closed as closed:
            self.end(closed.code, closed.reason)
        except OSError:
            return  # The client has gone.
        except Exception as error:
            self._end_by(error)

    def _end_by(self, error: Exception) -> None:
        """Ends the connection for what went wrong; a failure of ours goes to the log."""
        refusal = refused_by_exception(error, "of a live connection")
        code = {400: 4400, 401: 4403, 403: 4403, 503: 1013}.get(refusal.status, 1011)
        self.end(code, refusal.errors[0]["message"])

    async def _take(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._init(message.get("payload"))
            case "ping":
                _check_payload(message)
                await self._send({"type": "pong"})
            case "pong":
                _check_payload(message)
            case "subscribe":
                await self._subscribe(_id(message), message.get("payload"))
            case "complete":
                task = self._running.pop(_id(message), None)
                if task is not None:
                    task.cancel()
            case _:
                raise _Closed(4400, "Invalid message: its type is none that a client sends.")

    async def _init(self, payload: Any) -> None:
        self._init_timer.cancel()
        if self._viewer is not None:
            raise _Closed(4429, "Too many initialisation requests")
        if payload is not None and not isinstance(payload, dict):
            raise _Closed(4400, "Invalid message: the payload of connection_init must be an object.")
        authorization = (payload or {}).get("authorization")
        actor = await self._door.authenticate(authorization if isinstance(authorization, str) else None)
        members = self._door.members
        if members[actor.member_id] >= MEMBER_CONNECTIONS_MAX:
            raise _Closed(1013, f"This member has {MEMBER_CONNECTIONS_MAX} live connections already. Close one of them.")
        self._viewer = Viewer(actor, self.end)
        members[actor.member_id] += 1
        await self._door.feed.enter(self._viewer)
        self._keepalive = asyncio.create_task(self._ask_whether_there())
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, id_: str, payload: Any) -> None:
        if self._viewer is None:
            raise _Closed(4401, "Unauthorized: send connection_init first, and wait for connection_ack.")
        if id_ in self._running:
            raise _Closed(4409, f"Subscriber for {id_} already exists")
        if not isinstance(payload, dict):
            raise _Closed(4400, "Invalid message: the payload of subscribe must be an object.")
        try:
            request = request_from_payload(payload)
        except RequestRefused as refusal:
            raise _Closed(4400, f"Invalid message: {refusal}") from None
        try:
            if len(self._running) >= SUBSCRIPTIONS_MAX:
                message = f"This connection has {SUBSCRIPTIONS_MAX} subscriptions already. Complete one of them."
                raise refused(400, ErrorCode.BAD_REQUEST, message)
            stream, context = await self._door.open(request, self._viewer)
        except RequestRefused as refusal:
            await self._send({"id": id_, "type": "error", "payload": refusal.errors})
            return
        self._running[id_] = task = asyncio.create_task(self._tell(id_, stream, context))
        # Not in the task itself, which may be cancelled before it begins.
        task.add_done_callback(lambda _: context.leave())

    async def _tell(self, id_: str, stream: Any, context: LiveContext) -> None:
        """Sends what comes out of the stream. Rather than leave anything out, it ends the connection."""
        beginning = b'{"id":' + orjson.dumps(id_) + b',"type":"next","payload":'
        try:
            async with aclosing(stream):
                async for result in stream:
                    text = beginning + render_result(result, context.request_id) + b"}"
                    await self._asgi_send({"type": "websocket.send", "text": text.decode()})
        except OSError:
            return  # The client has gone; whoever reads finds out as well.
        except Exception as error:
            self._end_by(error)

    async def _ask_whether_there(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            if not self._heard:
                self.end(1011, "Keepalive: nothing was heard, not even a pong.")
            self._heard = False
            with suppress(OSError):
                await self._send({"type": "ping"})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._asgi_send({"type": "websocket.send", "text": orjson.dumps(message).decode()})


def _parsed(message: Any) -> dict[str, Any]:
    """The JSON object in a frame. Raises _Closed."""
    text = message.get("text")
    if text is None:
        raise _Closed(4400, "Invalid message: only text is read.")
    if len(text) > MESSAGE_BYTES_MAX or len(text.encode(errors="replace")) > MESSAGE_BYTES_MAX:
        raise _Closed(1009, f"The message is larger than {MESSAGE_BYTES_MAX:,} bytes.")
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _Closed(4400, "Invalid message: it is not JSON.") from None
    if not isinstance(content, dict):
        raise _Closed(4400, "Invalid message: it is not a JSON object.")
    return content


def _id(message: dict[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= ID_CHARS_MAX:
        raise _Closed(4400, f"Invalid message: its id must be text of 1 to {ID_CHARS_MAX} characters.")
    return found


def _check_payload(message: dict[str, Any]) -> None:
    if not isinstance(message.get("payload", {}), dict | None):
        raise _Closed(4400, "Invalid message: its payload must be an object.")
