"""The guard in front of Bolt: it lets through only well-formed requests that Slack has signed.

Bolt reads a body before it checks the signature, and answers 500 with a traceback to what it cannot read. So the signature
is checked here, on the raw bytes, before anything is parsed; and what Bolt could not parse is turned away here.
"""

import asyncio
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.clock import Clock
from app.core.clock import now as present

BODY_BYTES_MAX = 1_000_000
CLOCK_SECONDS_APART_MAX = 300
DEADLINE_SECONDS = 10.0
DEPTH_MAX = 100
FIELDS_MAX = 100
SSL_CHECK_BYTES_MAX = 1_000

TIMESTAMP = "X-Slack-Request-Timestamp"
SIGNATURE = "X-Slack-Signature"

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

CLOSING = ((b"connection", b"close"),)
"""With an answer given before the whole body has come: what is still to come is not read."""

Headers = Sequence[tuple[bytes, bytes]]
"""The headers of a request as ASGI gives them: names in lower case, in order, repeated ones repeated."""

_TIMESTAMP = re.compile(rb"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request does not get through: the status of the answer, and a sentence that repeats nothing of the request."""

    status: int
    sentence: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Guard:
    """An ASGI application around another one, for the one address that Slack posts to."""

    def __init__(
        self, app: ASGIApp, signing_secret: str, *, clock: Clock = present, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        assert signing_secret.strip(), "without a signing secret anybody could sign"
        self._app = app
        self._signing_secret = signing_secret
        self._clock = clock
        self._deadline_seconds = deadline_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on as it came, byte for byte, or answers it with a rejection."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        assert scope["type"] == "http"
        headers: Headers = list(scope["headers"])
        if scope["method"] == "GET" and _asks_for_ssl_check(scope.get("query_string", b"")):
            await _answer(send, 200, "")
            return
        rejection = _method_verdict(scope["method"]) or _length_verdict(headers)
        if rejection is not None:
            await _reject(send, rejection)
            return
        try:
            async with asyncio.timeout(self._deadline_seconds):
                body = await _read(receive)
        except TimeoutError:
            await _reject(send, _too_slow(self._deadline_seconds))
            return
        if body is None:
            return  # The client has left: there is nobody to answer.
        if _media_type(headers) == FORM and _asks_for_ssl_check(body):
            await _answer(send, 200, "")
            return
        rejection = verdict(headers, body, self._signing_secret, self._clock())
        if rejection is not None:
            await _reject(send, rejection)
            return
        await self._app(scope, _replay(body, receive), send)


def verdict(headers: Headers, body: bytes, signing_secret: str, now: datetime) -> Rejection | None:
    """What is wrong with a request, if anything. Nothing of a body is looked at before its signature has been found right."""
    if len(body) > BODY_BYTES_MAX:
        return _too_large()
    return _signature_verdict(headers, body, signing_secret, now) or _content_verdict(headers, body)


def sign(signing_secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    """The two headers with which Slack would send this body at this moment."""
    return {TIMESTAMP: str(timestamp), SIGNATURE: _signature(signing_secret, str(timestamp).encode(), body).decode()}


def _signature(signing_secret: str, timestamp: bytes, body: bytes) -> bytes:
    assert signing_secret.strip(), "without a signing secret anybody could sign"
    return b"v0=" + hmac.digest(signing_secret.encode(), b"v0:%b:%b" % (timestamp, body), "sha256").hex().encode()


def _method_verdict(method: str) -> Rejection | None:
    if method == "POST":
        return None
    return Rejection(405, "Slack sends its requests to this address by POST.", ((b"allow", b"POST"),))


def _length_verdict(headers: Headers) -> Rejection | None:
    """Judges the length that is announced, before a byte is read."""
    lengths = _values(headers, "Content-Length")
    if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
        return Rejection(400, "Content-Length must be one whole number.", CLOSING)
    # Compared by its length first: int() refuses numbers of thousands of digits.
    return _too_large() if any(len(length) > 18 or int(length) > BODY_BYTES_MAX for length in lengths) else None


def _signature_verdict(headers: Headers, body: bytes, signing_secret: str, now: datetime) -> Rejection | None:
    timestamps, signatures = _values(headers, TIMESTAMP), _values(headers, SIGNATURE)
    if len(timestamps) != 1 or _TIMESTAMP.fullmatch(timestamps[0]) is None:
        return Rejection(401, f"Send {TIMESTAMP} once, as seconds since 1970.")
    if abs(int(now.timestamp()) - int(timestamps[0])) > CLOCK_SECONDS_APART_MAX:
        return Rejection(401, f"{TIMESTAMP} is more than {CLOCK_SECONDS_APART_MAX} seconds away from this server's clock.")
    if len(signatures) != 1:
        return Rejection(401, f"Send {SIGNATURE} once.")
    # Both sides are bytes: compare_digest raises on a text that is not ASCII.
    if not hmac.compare_digest(signatures[0], _signature(signing_secret, timestamps[0], body)):
        return Rejection(401, f"{SIGNATURE} does not fit the request. Check the signing secret.")
    return None


def _content_verdict(headers: Headers, body: bytes) -> Rejection | None:
    """Judges by the declared type alone. Bolt takes any body that begins with a brace as JSON, so a form may not; and JSON
    must, so that Bolt never takes it for a form."""
    media_type = _media_type(headers)
    if media_type not in {JSON, FORM}:
        return Rejection(415, f"Send the body once as {JSON} or {FORM}, in UTF-8.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Rejection(400, "The body is not UTF-8.")
    if media_type == JSON:
        return None if text.startswith("{") and _is_sane_object(text) else _not_an_object("body")
    return _form_verdict(text)


def _form_verdict(text: str) -> Rejection | None:
    try:
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        fields = []
    if not fields or text.startswith("{"):
        return Rejection(400, f"The body is not a form of 1 to {FIELDS_MAX} fields in percent-encoded UTF-8.")
    payloads = [value for name, value in fields if name == "payload"]
    if len(payloads) > 1:
        return Rejection(400, "The form holds more than one payload.")
    return None if all(map(_is_sane_object, payloads)) else _not_an_object("payload")


def _is_sane_object(text: str) -> bool:
    """Whether this is a JSON object that Python's own parser reads as well. orjson refuses what that one chokes on, such as
    integers of thousands of digits; and half of a surrogate pair, which no database stores."""
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(content, dict) and _is_shallow(content)


def _is_shallow(content: Any) -> bool:
    """Walks level by level, without recursion."""
    level = [content]
    for _ in range(DEPTH_MAX):
        values = [value for item in level for value in (item.values() if isinstance(item, dict) else item)]
        level = [value for value in values if isinstance(value, (dict, list))]
        if not level:
            return True
    return False


def _not_an_object(what: str) -> Rejection:
    return Rejection(400, f"The {what} is not a JSON object, nested at most {DEPTH_MAX} deep.")


def _too_large() -> Rejection:
    return Rejection(413, f"The body is larger than {BODY_BYTES_MAX:,} bytes.", CLOSING)


def _too_slow(deadline_seconds: float) -> Rejection:
    # Slack itself gives up after three seconds: this is a stranger who holds the connection.
    return Rejection(408, f"The body did not come within {deadline_seconds:g} seconds.", CLOSING)


def _asks_for_ssl_check(form: bytes) -> bool:
    """Slack probes the certificate now and then, unsigned. It is found without decoding, as strangers can send this too."""
    return len(form) <= SSL_CHECK_BYTES_MAX and b"ssl_check=1" in form.split(b"&")


def _media_type(headers: Headers) -> str:
    """The declared type without its parameters; empty if there is none, or more than one, or its text is not in UTF-8."""
    values = _values(headers, "Content-Type")
    if len(values) != 1:
        return ""
    name, *parameters = (part.strip().lower() for part in values[0].decode("latin-1").split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8"}:
            return ""
    return name


def _values(headers: Headers, name: str) -> list[bytes]:
    wanted = name.lower().encode()
    return [value for key, value in headers if key == wanted]


async def _read(receive: Receive) -> bytes | None:
    """The body, counted while it streams in, or as much of it as shows that it is too large. None: the client has left."""
    chunks: list[bytes] = []
    total = 0
    while total <= BODY_BYTES_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        total += len(chunks[-1])
        if not message.get("more_body", False):
            break
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more. Whoever asks for more waits for the real connection to end."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


async def _reject(send: Send, rejection: Rejection) -> None:
    await _answer(send, rejection.status, rejection.sentence, *rejection.headers)


async def _answer(send: Send, status: int, text: str, *more: tuple[bytes, bytes]) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    except OSError:
        # The client has gone; some servers say so here.
        return
