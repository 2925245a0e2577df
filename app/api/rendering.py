"""How refusals and failures become GraphQL errors in JSON."""

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import orjson
from graphql import ExecutionResult, FieldNode, GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from app.core.errors import Bug, Busy, Forbidden, Refusal, Unauthenticated
from app.core.ids import new_reference

ERRORS_MAX = 5
"""Errors in one response; the rest are left out."""

Header = tuple[bytes, bytes]

logger = logging.getLogger("plaudit.api")


class ErrorCode(StrEnum):
    """Values of `extensions.code`, besides the codes of refusals that escape a resolver."""

    BAD_REQUEST = "BAD_REQUEST"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    TOO_MANY_TOKENS = "TOO_MANY_TOKENS"
    TOO_DEEP = "TOO_DEEP"
    TOO_MANY_ALIASES = "TOO_MANY_ALIASES"
    TOO_MANY_DIRECTIVES = "TOO_MANY_DIRECTIVES"
    TOO_MANY_FRAGMENT_SPREADS = "TOO_MANY_FRAGMENT_SPREADS"
    TOO_MANY_MUTATIONS = "TOO_MANY_MUTATIONS"
    TOO_COSTLY = "TOO_COSTLY"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BUSY = "BUSY"
    TIMEOUT = "TIMEOUT"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"


class RequestRefused(Exception):
    """The request as a whole gets this status and these errors instead of data."""

    def __init__(self, status: int, errors: Sequence[dict[str, Any]], headers: Sequence[Header] = ()) -> None:
        super().__init__(errors[0]["message"])
        self.status = status
        self.errors = errors
        self.headers = headers

    @property
    def body(self) -> bytes:
        """A response without `data`: nothing was executed, or its outcome is not to be shown."""
        return orjson.dumps({"errors": self.errors})


def refused(status: int, code: ErrorCode, message: str, *headers: Header) -> RequestRefused:
    """A refusal with one sentence."""
    return RequestRefused(status, [{"message": message, "extensions": {"code": code}}], headers)


def refused_by_graphql(code: ErrorCode, errors: Iterable[GraphQLError]) -> RequestRefused:
    """A refusal with what graphql-core found wrong in the document or its variables."""
    return RequestRefused(400, [_located(error, error.message, code) for error in list(errors)[:ERRORS_MAX]])


def refused_by_exception(error: Exception, request_id: str) -> RequestRefused:
    """What the whole request gets when this was raised outside of any field."""
    match error:
        case RequestRefused():
            return error
        case Unauthenticated():
            message = str(error) or "Sign in: send the header Authorization: Bearer and a valid token."
            return refused(401, ErrorCode.UNAUTHENTICATED, message, (b"www-authenticate", b"Bearer"))
        case Forbidden():
            return refused(403, ErrorCode.FORBIDDEN, str(error) or "Your role does not allow this.")
        case Busy():
            message = str(error) or "The server is busy. Nothing was changed; try again in a moment."
            return refused(503, ErrorCode.BUSY, message, (b"retry-after", b"1"))
    return RequestRefused(500, [_masked(error, request_id, "outside of any field")])


def render_result(result: ExecutionResult, request_id: str) -> bytes:
    """The response to an executed operation. Raises RequestRefused where the answer concerns the request as a whole."""
    if not result.errors:
        return orjson.dumps({"data": result.data})
    causes = [_cause(error) for error in result.errors]
    for cause in causes:
        if isinstance(cause, (Unauthenticated, Busy)):
            raise refused_by_exception(cause, request_id)
    without_path = [error for error in result.errors if error.path is None]
    if result.data is None and without_path:
        # graphql-core found a variable or directive unusable before the first field ran.
        raise refused_by_graphql(ErrorCode.BAD_USER_INPUT, without_path)
    shown = zip(result.errors[:ERRORS_MAX], causes, strict=False)
    return orjson.dumps({"data": result.data, "errors": [_field_error(error, cause, request_id) for error, cause in shown]})


def _field_error(error: GraphQLError, cause: Exception | None, request_id: str) -> dict[str, Any]:
    match cause:
        case Forbidden():
            return _located(error, str(cause) or "Your role does not allow this.", ErrorCode.FORBIDDEN)
        case Refusal():
            entry = _located(error, cause.message, cause.code)
            if cause.field:
                entry["extensions"]["field"] = list(cause.field)
            return entry
        case StrawberryInputCoercionError():
            return _located(error, error.message, ErrorCode.BAD_USER_INPUT)
        case None if error.nodes and not isinstance(error.nodes[0], FieldNode):
            # graphql-core points at the argument, not at the field, when a value could not be coerced while executing.
            return _located(error, error.message, ErrorCode.BAD_USER_INPUT)
    path = ".".join(map(str, error.path or ()))
    masked = _masked(cause or error, request_id, f"at {path}")
    return _located(error, masked["message"], **masked["extensions"])


def _cause(error: GraphQLError) -> Exception | None:
    """What a resolver raised, under the layers graphql-core wraps it in; None if graphql-core itself found the error."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError) and not isinstance(cause, StrawberryInputCoercionError):
        cause = cause.original_error
    return cause


def _masked(error: Exception, request_id: str, where: str) -> dict[str, Any]:
    reference = error.reference if isinstance(error, Bug) else new_reference()
    logger.error("internal error %s in request %s, %s", reference, request_id, where, exc_info=error)
    return {
        "message": f"Something went wrong on our side. Quote {reference} to your administrator.",
        "extensions": {"code": ErrorCode.INTERNAL_SERVER_ERROR, "reference": reference},
    }


def _located(error: GraphQLError, message: str, code: str, **extensions: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": message}
    if error.locations:
        entry["locations"] = [{"line": location.line, "column": location.column} for location in error.locations]
    if error.path is not None:
        entry["path"] = error.path
    entry["extensions"] = {"code": code, **extensions}
    return entry
