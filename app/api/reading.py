"""How an HTTP request becomes a GraphQL request."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope

from app.api.rendering import ErrorCode, RequestRefused, refused

BODY_BYTES_MAX = 100_000
ACCEPT_CHARS_REMEMBERED = 500
PARAMETERS_MAX = 20

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"

_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


class ClientLeft(Exception):
    """The connection was lost before the body was complete. There is nobody to answer."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What a client asks, well-formed, but neither parsed nor checked against the schema."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


class Headers(NamedTuple):
    """The few headers that matter here."""

    authorization: str | None
    content_type: str
    content_encoding: str
    content_length: str
    accept: str


class Accepted(NamedTuple):
    """What the Accept header asks for: the media type to answer with (None: we have nothing) and whether a page is preferred."""

    media_type: str | None
    prefers_html: bool


def read_headers(scope: Scope) -> Headers:
    """Finds the headers in one pass. Several Accept lines count as one list, as HTTP says."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name == b"accept" and name in found:
            found[name] += b"," + value
        else:
            found.setdefault(name, value)
    authorization = found.get(b"authorization")
    return Headers(
        None if authorization is None else authorization.decode("latin-1"),
        found.get(b"content-type", b"").decode("latin-1"),
        found.get(b"content-encoding", b"").decode("latin-1"),
        found.get(b"content-length", b"").decode("latin-1"),
        found.get(b"accept", b"").decode("latin-1"),
    )


def negotiate(accept: str) -> Accepted:
    """Chooses the media type of the answer. Only short headers are remembered, so that nobody fills the memory."""
    return _negotiate_once(accept) if len(accept) <= ACCEPT_CHARS_REMEMBERED else _negotiate(accept)


def _negotiate(accept: str) -> Accepted:
    if not accept.strip():
        return Accepted(JSON, False)
    qualities: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        written = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        qualities[name] = float(written) if _QUALITY.fullmatch(written) else 1.0

    def quality(media_type: str) -> float:
        """The most specific range that covers the type decides."""
        ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
        return next((qualities[name] for name in ranges if name in qualities), 0.0)

    json, response, html = quality(JSON), quality(GRAPHQL_RESPONSE), quality(HTML)
    # A wildcard alone means an old client: it gets plain JSON. At equal quality, one that names the newer type gets it.
    if response > 0 and (response > json or (response == json and GRAPHQL_RESPONSE in qualities)):
        media_type: str | None = GRAPHQL_RESPONSE
    else:
        media_type = JSON if json > 0 else None
    return Accepted(media_type, html > max(json, response))


_negotiate_once = lru_cache(maxsize=128)(_negotiate)


def check_content_type(headers: Headers) -> None:
    """Only JSON in UTF-8, not compressed. That also keeps plain HTML forms of other sites out."""
    name, *parameters = (piece.strip() for piece in headers.content_type.split(";"))
    if name.lower() != JSON:
        raise refused(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the request as Content-Type: application/json.")
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            raise refused(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the request in UTF-8; other character sets are not read.")
    if headers.content_encoding.strip().lower() not in {"", "identity"}:
        raise refused(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the request uncompressed, without Content-Encoding.")


async def read_body(receive: Receive, headers: Headers) -> bytes:
    """The body, counted while it streams in: a Content-Length may be missing, or lie."""
    length = headers.content_length
    if length and not (length.isascii() and length.isdigit()):
        raise refused(400, ErrorCode.BAD_REQUEST, "Content-Length is not a number.")
    # Compared by its length first: int() refuses numbers of thousands of digits.
    if len(length) > 18 or (length and int(length) > BODY_BYTES_MAX):
        raise _too_large()
    chunks: list[bytes] = []
    total = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk = message.get("body", b"")
        total += len(chunk)
        if total > BODY_BYTES_MAX:
            raise _too_large()
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def request_from_body(body: bytes) -> GraphQLRequest:
    """A POST: one JSON object. Parsed by orjson, which refuses what Python's own parser chokes on."""
    content = _json(body, "The body")
    if not isinstance(content, dict):
        hint = " Several operations in one request are not supported." if isinstance(content, list) else ""
        raise _bad_request(f"The body must be a JSON object with a query.{hint}")
    # A JSON text holds a NUL character only as this escape.
    return _checked(content, may_hold_nul=b"\\u0000" in body)


def request_from_payload(content: dict[str, Any]) -> GraphQLRequest:
    """The payload of a message over WebSocket, parsed already."""
    return _checked(content, may_hold_nul=True)


def request_from_query_string(query_string: bytes) -> GraphQLRequest:
    """A GET: the same four parts as parameters, two of them JSON."""
    if len(query_string) > BODY_BYTES_MAX:
        raise _too_large()
    try:
        pairs = parse_qsl(query_string.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise _bad_request("The address is not readable: its parameters must be percent-encoded UTF-8.") from None
    content: dict[str, str] = {}
    for name, value in pairs:
        if name in content:
            raise _bad_request(f"The parameter {name[:100]} stands in the address twice.")
        content[name] = value
    # An address cannot say null: an empty parameter means that.
    given: dict[str, Any] = {name: value for name, value in content.items() if value}
    for name in given.keys() & {"variables", "extensions"}:
        given[name] = _json(given[name].encode(), f"The parameter {name}")
    return _checked(given, may_hold_nul=True)


def has_parameter(query_string: bytes, name: str) -> bool:
    """Whether the address carries this parameter, however badly the rest is written."""
    return any(part.partition(b"=")[0] == name.encode() for part in query_string.split(b"&"))


def _checked(content: dict[str, Any], *, may_hold_nul: bool) -> GraphQLRequest:
    query = content.get("query")
    if not isinstance(query, str) or not query:
        raise _bad_request("The request needs a query: a string with a GraphQL document.")
    operation_name = content.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _bad_request("operationName must be a string or null.")
    variables = content.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise _bad_request("variables must be a JSON object or null.")
    extensions = content.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad_request("extensions must be a JSON object or null.")
    if may_hold_nul and _holds_nul([query, operation_name, variables]):
        raise nul_refused()
    return GraphQLRequest(query, operation_name, variables or {}, extensions or {})


def nul_refused() -> RequestRefused:
    """PostgreSQL cannot store a NUL character, so none gets past the door."""
    return _bad_request("The request holds a NUL character (U+0000), which cannot be stored. Remove it.")


def _holds_nul(value: Any) -> bool:
    """Walks without recursion: the value may be nested a thousand deep."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text if "\0" in text:
                return True
            case dict() as mapping:
                waiting.extend(mapping)
                waiting.extend(mapping.values())
            case list() as items:
                waiting.extend(items)
    return False


def _json(text: bytes, name: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _bad_request(f"{name} is not valid JSON: {error.msg}.") from None


def _bad_request(message: str) -> RequestRefused:
    return refused(400, ErrorCode.BAD_REQUEST, message)


def _too_large() -> RequestRefused:
    return refused(413, ErrorCode.BODY_TOO_LARGE, f"The request is larger than {BODY_BYTES_MAX:,} bytes. Ask for less at once.")
