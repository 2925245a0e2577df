"""The HTTP door of the GraphQL API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

import strawberry
from graphql import ExecutionResult, OperationType
from starlette.types import Receive, Scope, Send
from strawberry.execution import optimized_is_awaitable

from app.api.documents import Documents, check_cost
from app.api.reading import (
    HTML,
    JSON,
    ClientLeft,
    GraphQLRequest,
    Headers,
    check_content_type,
    has_parameter,
    negotiate,
    read_body,
    read_headers,
    request_from_body,
    request_from_query_string,
)
from app.api.rendering import (
    ERRORS_MAX,
    ErrorCode,
    Header,
    RequestRefused,
    refused,
    refused_by_exception,
    refused_by_graphql,
    render_result,
)
from app.core.actor import Actor
from app.core.errors import Misconfigured
from app.core.ids import new_reference

Authenticate = Callable[[str | None], Awaitable[Actor]]

# Strawberry types it as a plain predicate, graphql-core wants a type guard.
IS_AWAITABLE: Any = optimized_is_awaitable


class GraphQLEndpoint:
    """An ASGI application for one address: queries and mutations by POST, queries by GET, a page for browsers."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        authenticate: Authenticate,
        context: Callable[[Actor, str], Any],
        page: str | None = None,
        deadline_seconds: float = 10.0,
    ) -> None:
        if schema.extensions or schema.directives or schema.config.enable_experimental_incremental_execution:
            raise Misconfigured("The GraphQL endpoint runs no Strawberry extensions, directives or incremental delivery.")
        self._schema = schema._schema
        self._executor_class = schema.execution_context_class
        self._documents = Documents(schema)
        self._authenticate = authenticate
        self._context = context
        self._page = page.encode() if page is not None else None
        self._deadline_seconds = deadline_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. Whatever happens, the answer is well-formed; a failure of ours goes to the log."""
        assert scope["type"] == "http"
        request_id = new_reference() + new_reference()
        headers = read_headers(scope)
        accepted = negotiate(headers.accept)
        status, media_type = 200, accepted.media_type or JSON
        more: Sequence[Header] = ()
        try:
            if self._page is not None and accepted.prefers_html and _asks_for_page(scope):
                media_type, body = HTML, self._page
            else:
                body = await self._answer(scope, receive, headers, accepted.media_type, request_id)
        except ClientLeft:
            return
        except Exception as error:
            refusal = refused_by_exception(error, request_id)
            status, body, more = refusal.status, refusal.body, refusal.headers
        try:
            await _send(send, status, body, _headers(media_type, len(body), request_id, more))
        except OSError:
            # The client has gone; some servers say so here. What it asked for is done.
            return

    async def _answer(self, scope: Scope, receive: Receive, headers: Headers, media_type: str | None, request_id: str) -> bytes:
        method = scope["method"]
        if method not in ("GET", "POST"):
            raise _method_refused("Send queries and mutations by POST, or queries by GET.", b"GET, POST")
        # Nothing of a stranger's body is read.
        actor = await self._authenticate(headers.authorization)
        if media_type is None:
            message = "The answer comes as application/graphql-response+json or application/json; Accept admits neither."
            raise refused(406, ErrorCode.NOT_ACCEPTABLE, message)
        if method == "POST":
            check_content_type(headers)
            request = request_from_body(await self._body(receive, headers))
        else:
            request = request_from_query_string(scope["query_string"])
        return await self._execute(request, actor, request_id, reads_only=method == "GET")

    async def _execute(self, request: GraphQLRequest, actor: Actor, request_id: str, *, reads_only: bool) -> bytes:
        document = self._documents.get(request.query)
        operation = document.operation(request.operation_name)
        kind = operation.node.operation
        if kind is OperationType.SUBSCRIPTION:
            raise refused(400, ErrorCode.BAD_REQUEST, "Subscriptions go over WebSocket (graphql-transport-ws), not over HTTP.")
        if reads_only and kind is not OperationType.QUERY:
            raise _method_refused("Send mutations by POST; GET only reads.", b"POST")
        check_cost(operation, request.variables)
        executor = self._executor_class.build(
            self._schema,
            document.node,
            context_value=self._context(actor, request_id),
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=ERRORS_MAX,
            is_awaitable=IS_AWAITABLE,
            operation_extensions=request.extensions,
        )
        if isinstance(executor, list):
            raise refused_by_graphql(ErrorCode.BAD_USER_INPUT, executor)
        result = executor.execute_operation()
        if IS_AWAITABLE(result):
            result = await self._before_deadline(cast("Awaitable[Any]", result))
        assert isinstance(result, ExecutionResult), "incremental delivery is off"
        return render_result(result, request_id)

    async def _body(self, receive: Receive, headers: Headers) -> bytes:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await read_body(receive, headers)
        except TimeoutError:
            message = f"The body did not come within {self._deadline_seconds:g} seconds. Nothing was changed."
            raise refused(408, ErrorCode.TIMEOUT, message, (b"connection", b"close")) from None

    async def _before_deadline(self, running: Awaitable[Any]) -> Any:
        # A TimeoutError of a resolver's own never gets here: graphql-core has made a field error of it.
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await running
        except TimeoutError:
            message = (
                f"This took longer than {self._deadline_seconds:g} seconds and was given up. A change may still have been made: "
                "sending it again with the same idempotency key is safe."
            )
            raise refused(503, ErrorCode.TIMEOUT, message) from None


def _asks_for_page(scope: Mapping[str, Any]) -> bool:
    return scope["method"] == "GET" and not has_parameter(scope["query_string"], "query")


def _method_refused(message: str, allowed: bytes) -> RequestRefused:
    return refused(405, ErrorCode.METHOD_NOT_ALLOWED, message, (b"allow", allowed))


def _headers(media_type: str, length: int, request_id: str, more: Sequence[Header]) -> list[Header]:
    return [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(length).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", request_id.encode()),
        *more,
    ]


async def _send(send: Send, status: int, body: bytes, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
