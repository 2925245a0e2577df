"""The guard in front of Bolt: what is signed and well formed gets through as it came; everything else gets a sentence."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.internals import parse_body
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.applications import Starlette
from starlette.routing import Route

from integrations.slack.guard import BODY_BYTES_MAX, DEPTH_MAX, FIELDS_MAX, FORM, JSON, Guard, sign, verdict

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = int(NOON.timestamp())
EVENT = b'{"type": "event_callback", "event": {"text": "thanks \xc3\xa9"}}'
DEEP = {depth: b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}" for depth in (DEPTH_MAX, DEPTH_MAX + 1, 100_000)}
COMMAND = urlencode({"command": "/kudos", "text": "<@U1|bob> 10 for the payload\n& more", "ssl_check": "0", "empty": ""}).encode()


class Inner:
    """Stands where Bolt does, and remembers what gets there."""

    def __init__(self):
        self.bodies = []
        self.after = []

    async def __call__(self, scope, receive, send):
        message = await receive()
        assert message == {"type": "http.request", "body": message["body"], "more_body": False}
        self.bodies.append(message["body"])
        self.after.append(asyncio.ensure_future(receive()))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})


class Answer:
    """What the server was told to send, and how much of what the client sends nobody asked for."""

    def __init__(self):
        self.sent = []
        self.unread = 0

    async def take(self, message):
        self.sent.append(message)

    @property
    def status(self):
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self):
        return dict(self.sent[0]["headers"])

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent).decode()


def signed(body, content_type=JSON, at=NOW):
    pairs = {"content-type": content_type, **sign(SECRET, body, at)}
    return [(name.lower().encode(), value.encode()) for name, value in pairs.items()]


def said(headers, body):
    rejection = verdict(headers, body, SECRET, NOON)
    assert rejection is not None
    return rejection.status, rejection.sentence


async def nothing():
    """What comes from a client that is silent."""
    await asyncio.Event().wait()
    return {}


async def ask(headers=(), *chunks, method="POST", query=b"", leaves=False):
    """One request to the guard, in as many pieces as wanted; the client stays, or leaves before the last piece."""
    inner, answer = Inner(), Answer()
    coming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks] or [{"type": "http.request"}]
    coming[-1] = {"type": "http.disconnect"} if leaves else coming[-1] | {"more_body": False}

    async def receive():
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    scope = {"type": "http", "method": method, "headers": headers, "query_string": query}
    await Guard(inner, SECRET, clock=lambda: NOON)(scope, receive, answer.take)
    answer.unread = len(coming)
    return answer, inner


async def stopped(*request, **more):
    """The answer to a request that must not get through."""
    answer, inner = await ask(*request, **more)
    assert inner.bodies == []
    return answer


async def test_what_slack_sends_gets_through_byte_for_byte():
    for body, content_type in [
        (EVENT, JSON),
        (EVENT, "application/json; charset=utf-8"),
        (EVENT, 'Application/JSON;charset="UTF-8"'),
        (DEEP[DEPTH_MAX], JSON),
        (COMMAND, FORM),
        (b'payload={"type":"block_actions"}&x=%C3%A9', FORM),
        (b"payload=%7B%22a%22%3A%5B1%2C+2.5%2Cnull%5D%7D", FORM + "; charset=utf-8"),
    ]:
        answer, inner = await ask(signed(body, content_type), body[:7], b"", body[7:])

        assert (answer.status, answer.text, inner.bodies) == (200, "in", [body])


async def test_who_has_read_the_body_waits_for_the_connection_to_end():
    inner, gone = Inner(), asyncio.Event()
    coming = [{"type": "http.request", "body": EVENT}]

    async def receive():
        if not coming:
            await gone.wait()
            return {"type": "http.disconnect"}
        return coming.pop()

    scope = {"type": "http", "method": "POST", "headers": signed(EVENT)}
    await Guard(inner, SECRET, clock=lambda: NOON)(scope, receive, Answer().take)
    await asyncio.sleep(0)
    assert not inner.after[0].done()

    gone.set()
    assert await inner.after[0] == {"type": "http.disconnect"}


@pytest.mark.parametrize(
    "timestamp",
    [b"abc", b"", b"-1", b"1e9", b" 1", b"1.5", b"+1", "١٢".encode(), b"\xff", b"1" * 13, b"1" * 5000, b"%d\n" % NOW],
)
async def test_a_timestamp_must_be_a_number(timestamp):
    headers = [pair for pair in signed(EVENT) if pair[0] != b"x-slack-request-timestamp"]

    answer = await stopped([*headers, (b"x-slack-request-timestamp", timestamp)], EVENT)
    assert (answer.status, answer.text) == (401, "Send X-Slack-Request-Timestamp once, as seconds since 1970.")


async def test_clocks_may_differ_by_five_minutes():
    for at in (NOW - 300, NOW, NOW + 300):
        assert (await ask(signed(EVENT, at=at), EVENT))[0].status == 200

    for at in (0, NOW - 301, NOW + 301, 10**12 - 1):
        answer = await stopped(signed(EVENT, at=at), EVENT)
        assert answer.status == 401
        assert answer.text == "X-Slack-Request-Timestamp is more than 300 seconds away from this server's clock."


@pytest.mark.parametrize(
    "signature",
    [b"", b"v0=", b"v0=" + b"0" * 64, "v0=é".encode(), b"\xff\xfe", b"v0=" + b"0" * 100_000,
     sign(SECRET, EVENT, NOW)["X-Slack-Signature"].upper().encode(), sign(SECRET, EVENT, NOW)["X-Slack-Signature"][3:].encode(),
     sign(SECRET, EVENT, NOW - 1)["X-Slack-Signature"].encode(), sign(SECRET, EVENT + b" ", NOW)["X-Slack-Signature"].encode(),
     sign("another secret", EVENT, NOW)["X-Slack-Signature"].encode()],
)  # fmt: skip
async def test_a_wrong_signature_is_turned_away(signature):
    answer = await stopped([*signed(EVENT)[:2], (b"x-slack-signature", signature)], EVENT)

    assert (answer.status, answer.text) == (401, "X-Slack-Signature does not fit the request. Check the signing secret.")


async def test_each_header_comes_once():
    whole = signed(EVENT)
    for name, status in [(b"x-slack-request-timestamp", 401), (b"x-slack-signature", 401), (b"content-type", 415)]:
        without = [pair for pair in whole if pair[0] != name]
        twice = [*whole, *(pair for pair in whole if pair[0] == name)]

        assert (await stopped(without, EVENT)).status == (await stopped(twice, EVENT)).status == status


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"1", b'"text"', b"[]", b"[{}]", b"{", b"{}{}", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1e999}', b"\xff",
     b'{"a": "\xff"}', b"\xef\xbb\xbf{}", b'{"a": "\\ud800"}', b'{"a": "\x00"}', b'{"a": ' + b"1" * 5000 + b"}",
     DEEP[DEPTH_MAX + 1], DEEP[100_000], b"[" * 100_000, b'{"a":' * 50_000, "{}".encode("utf-16")],
)  # fmt: skip
async def test_signed_json_that_is_no_sane_object_is_refused(body):
    form = urlencode({"payload": body}).encode()

    assert (await stopped(signed(body), body)).status == 400
    assert (await stopped(signed(form, FORM), form)).status == 400


async def test_a_signed_form_must_be_a_form():
    for body in [b"", b"text", b"a=1&&b=2", b"a=%ff", b"a=\xff", b"payload", b"payload=", b"payload=x", b"payload={}&payload={}",
                 b"%70ayload=null", "a=é".encode("utf-16"), b"&".join([b"a=1"] * (FIELDS_MAX + 1))]:  # fmt: skip
        assert (await stopped(signed(body, FORM), body)).status == 400


async def test_json_begins_with_a_brace_and_a_form_does_not_since_bolt_judges_by_it():
    for body, content_type in [(b" {}", JSON), (b'{"a"=1', FORM), (b'{"a": 1}', FORM)]:
        assert (await stopped(signed(body, content_type), body)).status == 400


async def test_other_content_types_are_not_read():
    for content_type in ["", "text/plain", "application/xml", "multipart/form-data; boundary=x", JSON + "; charset=utf-16",
                         "application/jsonp", f"{JSON}, {FORM}"]:  # fmt: skip
        assert (await stopped(signed(EVENT, content_type), EVENT)).status == 415


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_slack_posts(method):
    answer = await stopped(signed(EVENT), EVENT, method=method)
    assert (answer.status, answer.headers[b"allow"]) == (405, b"POST")
    assert answer.text == "Slack sends its requests to this address by POST."


async def test_the_probe_of_the_certificate_is_answered_unsigned_and_goes_no_further():
    probe = b"token=x&ssl_check=1"
    form = [(b"content-type", FORM.encode())]

    for answer in (await stopped(form, probe), await stopped(method="GET", query=probe)):
        assert (answer.status, answer.text) == (200, "")

    assert (await stopped(form, b"ssl_check=10")).status == 401
    assert (await stopped(form, b"ssl_check=1&" + b"x" * 1000)).status == 401
    assert (await stopped(form, b"x=1", query=probe)).status == 401
    assert (await stopped([(b"content-type", JSON.encode())], probe)).status == 401
    assert (await stopped(method="GET", query=b"ssl_check=0")).status == 405
    assert (await stopped(method="HEAD", query=probe)).status == 405


async def test_a_body_that_announces_itself_too_large_is_not_read():
    for length, status in [(b"1000001", 413), (b"9" * 5000, 413), (b"-1", 400), (b"", 400), (b"1e3", 400), ("٣".encode(), 400)]:
        answer = await stopped([*signed(EVENT), (b"content-length", length)], EVENT)

        assert (answer.status, answer.unread, answer.headers[b"connection"]) == (status, 1, b"close")
    assert (await stopped([*signed(EVENT), *[(b"content-length", b"5")] * 2], EVENT)).status == 400


async def test_a_body_that_grows_too_large_is_read_no_further():
    whole = b'{"a": "%b"}' % (b"x" * (BODY_BYTES_MAX - 9))
    assert len(whole) == BODY_BYTES_MAX
    assert (await ask([*signed(whole), (b"content-length", b"1000000")], whole[:500_000], whole[500_000:]))[0].status == 200

    chunks = [b"x" * 400_000] * 10
    answer = await stopped(signed(b"".join(chunks)), *chunks)

    assert (answer.status, answer.text, answer.unread) == (413, "The body is larger than 1,000,000 bytes.", 7)
    assert said(signed(whole + b" "), whole + b" ") == (413, "The body is larger than 1,000,000 bytes.")


async def test_a_client_that_leaves_half_way_gets_no_answer():
    assert (await stopped(signed(EVENT), EVENT[:5], EVENT[5:], leaves=True)).status is None


async def test_a_client_that_is_gone_when_it_is_answered_is_no_failure():
    async def send(message):
        raise OSError("gone")

    await Guard(Inner(), SECRET)({"type": "http", "method": "PUT", "headers": []}, nothing, send)


async def test_a_body_that_does_not_come_is_given_up():
    inner, answer = Inner(), Answer()

    guard = Guard(inner, SECRET, deadline_seconds=0.05)
    await guard({"type": "http", "method": "POST", "headers": signed(EVENT)}, nothing, answer.take)

    assert (answer.status, answer.headers[b"connection"], inner.bodies) == (408, b"close", [])


async def test_there_is_no_web_socket_behind_the_guard():
    inner, answer = Inner(), Answer()

    await Guard(inner, SECRET)({"type": "websocket", "headers": signed(b"")}, nothing, answer.take)

    assert (answer.sent, inner.bodies) == ([{"type": "websocket.close"}], [])


@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_nobody_is_guarded_by_an_empty_secret(secret):
    for use in (lambda: Guard(Inner(), secret), lambda: sign(secret, b"", NOW), lambda: verdict(signed(b""), b"", secret, NOON)):
        with pytest.raises(AssertionError, match="anybody could sign"):
            use()


def test_a_rejection_repeats_nothing_of_the_request():
    marked = b"hunter2"
    for headers, body in [
        ([(b"x-slack-request-timestamp", marked)], marked),
        ([*signed(marked)[:2], (b"x-slack-signature", marked)], marked),
        (signed(marked), marked),
        (signed(marked, "hunter2"), marked),
        (signed(b"payload=" + marked, FORM), b"payload=" + marked),
        (signed(marked, FORM), marked),
    ]:
        _, sentence = said(headers, body)

        assert "hunter2" not in sentence
        assert re.fullmatch(r"[A-Z].{20,120}\.", sentence)


FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.text(st.characters(codec="utf-8"))


@FUZZ
@given(TEXTS, st.integers(0, 10**12 - 1), TEXTS.filter(str.strip))
def test_we_sign_as_slack_does(body, timestamp, secret):
    class At(Clock):
        def now(self):
            return float(timestamp)

    headers = sign(secret, body.encode(), timestamp)

    assert SignatureVerifier(secret, At()).is_valid_request(body, headers)
    assert list(headers) == ["X-Slack-Request-Timestamp", "X-Slack-Signature"]


METHODS = st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT"])
NAMES = st.sampled_from([b"x-slack-request-timestamp", b"x-slack-signature", b"content-type", b"content-length", b"host"])
VALUES = st.binary(max_size=70) | st.sampled_from(
    [b"%d" % NOW, b"v0=" + b"0" * 64, JSON.encode(), FORM.encode(), b"12", b"1000001", b"text/plain"]
)
HEADERS = st.lists(st.tuples(NAMES | st.binary(max_size=20), VALUES), max_size=8)


@FUZZ
@given(METHODS, HEADERS, st.lists(st.binary(), max_size=4))
def test_strangers_never_get_through_and_never_break_it(method, headers, chunks):
    assert asyncio.run(stopped(headers, *chunks, method=method)).status in {400, 401, 405, 413, 415}


VALUES_OF_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXTS, inside, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES_OF_JSON, max_size=5)
FIELDS = st.dictionaries(TEXTS.filter(lambda name: name != "payload"), TEXTS, min_size=1, max_size=5)


@FUZZ
@given(OBJECTS, FIELDS, st.booleans())
def test_every_well_formed_request_gets_through(content, fields, escaped):
    written = json.dumps(content, ensure_ascii=escaped)
    interaction = urlencode(fields | {"payload": written})
    for text, content_type in [(written, JSON), (urlencode(fields), FORM), (interaction, FORM)]:
        body = text.encode()
        answer, inner = asyncio.run(ask(signed(body, content_type), body))

        assert (answer.status, inner.bodies) == (200, [body])


@st.composite
def mangled(draw):
    """A signed body that was once well formed: cut, doubled, or with something strange put in its middle."""
    written = json.dumps(draw(OBJECTS | VALUES_OF_JSON), ensure_ascii=draw(st.booleans()))
    forms = [urlencode({"payload": written}), "payload=" + written, urlencode(draw(FIELDS))]
    body = draw(st.sampled_from([written, *forms])).encode()
    place = draw(st.integers(0, len(body)))
    put = draw(st.binary(max_size=4) | st.sampled_from([b"[" * 200, b"\\ud800", b"%ff", b"&payload=", b"{", b"9" * 5000, b"NaN"]))
    return body[:place] + put + body[draw(st.integers(0, len(body))) :]


@FUZZ
@given(st.binary() | mangled(), st.sampled_from([JSON, FORM, JSON.upper(), JSON + " ; x", "text/plain"]))
def test_whatever_gets_through_is_read_by_bolt(body, content_type):
    answer, inner = asyncio.run(ask(signed(body, content_type), body))

    assert (answer.status, inner.bodies) in [(200, [body]), (400, []), (415, [])] or body == b"ssl_check=1"
    if inner.bodies:
        assert content_type != "text/plain"
        assert isinstance(parse_body(body.decode(), content_type.split(";")[0]), dict)


async def test_bolt_answers_through_the_guard():
    bolt = AsyncApp(token="xoxb-1", signing_secret=SECRET, process_before_response=True)
    handler = AsyncSlackRequestHandler(bolt)

    async def events(request):
        return await handler.handle(request)

    inner = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
    app = Starlette(routes=[Route("/slack/events", Guard(inner, SECRET))])
    challenge = b'{"type": "url_verification", "challenge": "3eZbrw1aB"}'
    headers = {"content-type": JSON, **sign(SECRET, challenge, int(time.time()))}

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://plaudit") as client:
        known = await client.post("/slack/events", content=challenge, headers=headers)
        strange = await client.post("/slack/events", content=b"\xff", headers=headers | {"x-slack-request-timestamp": "abc"})

    assert (known.status_code, known.json()) == (200, {"challenge": "3eZbrw1aB"})
    assert (strange.status_code, strange.headers["content-type"]) == (401, "text/plain; charset=utf-8")
