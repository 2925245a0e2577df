"""The files door over HTTP: who asks, and refusals in the same form as GraphQL's, as JSON."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.actor import Actor
from app.core.errors import Bug, Busy, Code, Forbidden, Refusal, Unauthenticated
from app.core.ids import new_reference

Authenticate = Callable[[str | None], Awaitable[Actor]]
Answer = Callable[[Actor, Request], Awaitable[Response]]
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

log = logging.getLogger("plaudit.files")


class RequestRefused(Exception):
    """The request gets this status and this sentence."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Door:
    """An ASGI application for addresses that take one method: finds the actor, and answers well-formed whatever happens."""

    def __init__(self, method: str, sentence: str, authenticate: Authenticate, answer: Answer) -> None:
        self._method = method
        self._sentence = sentence
        self._authenticate = authenticate
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request, request_id = Request(scope, receive), new_reference() + new_reference()
        try:
            if request.method != self._method:
                raise RequestRefused(405, "METHOD_NOT_ALLOWED", self._sentence, allow=self._method)
            actor = await self._authenticate(request.headers.get("authorization"))
            response = await self._answer(actor, request)
        except ClientDisconnect:
            return
        except Exception as error:
            response = _refused(error, request_id)
        response.headers["x-request-id"] = request_id
        await response(scope, receive, send)


def json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    more = {**HEADERS, "content-type": "application/json; charset=utf-8", **(headers or {})}
    return Response(orjson.dumps(content), status, more)


def parameters(request: Request, known: Sequence[str]) -> dict[str, str]:
    """What stands in the address after the question mark. Raises RequestRefused for what is not known there, or there twice."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            expected = f"Known are: {', '.join(known)}." if known else "There are none here."
            raise RequestRefused(400, "BAD_REQUEST", f"The parameter {name[:100]} is not known. {expected}")
        if name in given:
            raise RequestRefused(400, "BAD_REQUEST", f"The parameter {name} stands in the address twice.")
        given[name] = value
    return given


def _refused(error: Exception, request_id: str) -> Response:
    match error:
        case RequestRefused():
            return _error(error.status, error.code, error.message, error.headers)
        case Unauthenticated():
            message = str(error) or "Sign in: send the header Authorization: Bearer and a valid token."
            return _error(401, "UNAUTHENTICATED", message, {"www-authenticate": "Bearer"})
        case Forbidden():
            return _error(403, "FORBIDDEN", str(error) or "Your role does not allow this.")
        case Refusal():
            more: dict[str, Any] = {"field": list(error.field)} if error.field else {}
            return _error(_STATUS.get(error.code, 400), error.code, error.message, **more)
        case Busy():
            message = str(error) or "The server is busy. Nothing was changed; try again in a moment."
            return _error(503, "BUSY", message, {"retry-after": "1"})
    reference = error.reference if isinstance(error, Bug) else new_reference()
    log.error("internal error %s in request %s", reference, request_id, exc_info=error)
    message = f"Something went wrong on our side. Quote {reference} to your administrator."
    return _error(500, "INTERNAL_SERVER_ERROR", message, reference=reference)


_STATUS = {Code.NOT_FOUND: 404, Code.FORBIDDEN: 403}
"""Of refusals; the others are 400."""


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    return json({"errors": [{"message": message, "extensions": {"code": code, **more}}]}, status, headers)
