"""The HTTP half of the GraphQL door: methods, media types, malformed requests, errors and deadlines."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator
from uuid import UUID

import httpx2
import pytest
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig

from app.api.endpoint import GraphQLEndpoint
from app.api.names import RememberedNames
from app.core.actor import Actor, Door, Role
from app.core.errors import Bug, Busy, Code, Forbidden, Misconfigured, Refusal, Unauthenticated

ANN = Actor(UUID(int=1), UUID(int=2), Role.MEMBER, Door.GRAPHQL)
PAGE = "<!doctype html><title>Plaudit</title>"
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
RAISES = {
    "forbidden": Forbidden("Only admins may do this."),
    "refusal": Refusal(Code.INVALID_INPUT, "first must be 1 to 100.", "first"),
    "bug": Bug("cafe0001"),
    "crash": RuntimeError("password=hunter2"),
    "busy": Busy("Too many acts wait."),
    "unauthenticated": Unauthenticated("The token was revoked."),
    "timeout": TimeoutError("of its own"),
    "surrogate": None,
}


@strawberry.input
class ChangeInput:
    point_count: int
    message_text: str = ""


@strawberry.type
class Query:
    @strawberry.field
    def who_am_i(self, info: strawberry.Info) -> str:
        return f"{info.context['actor'].role} {info.context['request_id']}"

    @strawberry.field
    def echo(self, text: str = "", number: int = 0) -> str:
        return f"{text}{number}"

    @strawberry.field
    async def fails(self, how: str) -> str | None:
        error = RAISES[how]
        if error is None:
            return "\ud800"
        raise error

    @strawberry.field
    def items(self, count: int) -> list["Item"]:
        return [Item() for _ in range(count)]

    @strawberry.field
    def broken_list(self) -> list[int]:
        return [2**40]

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"


@strawberry.type
class Item:
    @strawberry.field
    async def crash(self) -> str | None:
        raise RuntimeError("each")

    @strawberry.field
    def items(self) -> list["Item"]:
        return []


CHANGES: list[int] = []


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def change(self, input: ChangeInput) -> int:
        await asyncio.sleep(0)
        CHANGES.append(input.point_count)
        return input.point_count


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int]:
        yield 1


SCHEMA = strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(name_converter=RememberedNames()))


async def authenticate(authorization: str | None) -> Actor:
    if authorization == "Bearer broken":
        raise RuntimeError("the database is away")
    if authorization == "Bearer busy":
        raise Busy
    if authorization != "Bearer good":
        raise Unauthenticated
    return ANN


def build(**options) -> GraphQLEndpoint:
    return GraphQLEndpoint(
        SCHEMA, authenticate=authenticate, context=lambda actor, request_id: {"actor": actor, "request_id": request_id}, **options
    )


def client_of(endpoint: GraphQLEndpoint) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(Starlette(routes=[Route("/graphql", endpoint)]))
    return httpx2.AsyncClient(transport=transport, base_url="http://plaudit", headers={"authorization": "Bearer good"})


@pytest.fixture
async def client():
    CHANGES.clear()
    async with client_of(build(page=PAGE)) as client:
        yield client


async def ask(client, query, headers=None, **more):
    return await client.post("/graphql", json={"query": query, **more}, headers=headers or {})


def codes(response) -> list[str]:
    assert "data" not in response.json() or response.status_code == 200
    return [error["extensions"]["code"] for error in response.json()["errors"]]


CHANGE = "mutation ($input: ChangeInput!) { change(input: $input) }"


async def test_a_query_and_a_mutation_are_answered(client):
    changed = await ask(client, CHANGE, variables={"input": {"pointCount": 5, "messageText": "hé"}})
    who = await ask(client, "{ whoAmI }")

    assert (changed.status_code, changed.json(), CHANGES) == (200, {"data": {"change": 5}}, [5])
    assert who.json() == {"data": {"whoAmI": f"MEMBER {who.headers['x-request-id']}"}}


async def test_every_answer_says_that_it_is_not_to_be_kept_and_carries_our_own_request_id(client):
    answers = [
        await ask(client, "{ echo }", {"x-request-id": "mine"}),
        await ask(client, "{ echo }", {"authorization": "nobody", "x-request-id": "mine"}),
        await client.get("/graphql", headers={"accept": "text/html"}),
        await client.delete("/graphql"),
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 200, 405]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 4
    assert {len(one) for one in ids} == {16}


async def test_a_stranger_is_turned_away_before_the_body_is_read(client):
    for method, content in [("POST", b"{" * 200_000), ("POST", b""), ("GET", None)]:
        answer = await client.request(method, "/graphql", content=content, headers={"authorization": "Bearer wrong"})

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert codes(answer) == ["UNAUTHENTICATED"]

    async def receive():
        raise AssertionError("the body was read")

    sent = []

    async def send(message):
        sent.append(message)

    await build()({"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}, receive, send)
    assert sent[0]["status"] == 401


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json, application/json", GRAPHQL),
        ("application/graphql-response+json;q=0.5, application/json;q=0.9", JSON),
        ("application/json;q=0.5, application/graphql-response+json;charset=utf-8;q=0.9", GRAPHQL),
        ("application/json;q=0, */*", GRAPHQL),
        ("text/html, */*;q=0.1", JSON),
        ("*/*;q=0.1, APPLICATION/GraphQL-Response+JSON", GRAPHQL),
        ("application/json;q=nonsense", JSON),
        ("text/html", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("image/png, text/*", None),
        (",;,=" * 20_000, None),
    ],
)
async def test_the_media_type_is_negotiated(client, accept, expected):
    client.headers["accept"] = accept or ""
    if accept is None:
        del client.headers["accept"]
    answer = await ask(client, "{ echo }")

    if expected is None:
        assert (answer.status_code, codes(answer)) == (406, ["NOT_ACCEPTABLE"])
    else:
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"{expected}; charset=utf-8")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", 200),
        ("Application/JSON ; Charset=UTF-8", 200),
        ('application/json; charset="utf-8"', 200),
        ("application/json; charset=iso-8859-1", 415),
        ("application/json; charset=utf-16", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/graphql", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_only_json_in_utf_8_is_read(client, content_type, expected):
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await client.post("/graphql", content=b'{"query": "{ echo }"}', headers=headers)

    assert answer.status_code == expected
    assert expected == 200 or codes(answer) == ["UNSUPPORTED_MEDIA_TYPE"]


async def test_a_compressed_body_is_not_read(client):
    answer = await client.post("/graphql", content=b"x", headers={"content-type": JSON, "content-encoding": "gzip"})

    assert (answer.status_code, codes(answer)) == (415, ["UNSUPPORTED_MEDIA_TYPE"])


GOOD = b'{"query": "{ echo }", "variables": %s}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"null",
        b"1",
        b'"{ echo }"',
        b"[]",
        b'[{"query": "{ echo }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 1}',
        b'{"query": ["{ echo }"]}',
        GOOD % b"[]",
        GOOD % b'"{}"',
        GOOD % b"1",
        b'{"query": "{ echo }", "operationName": 1}',
        b'{"query": "{ echo }", "extensions": []}',
        b"[" * 50_000,
        b'{"a":' * 19_000,
        GOOD % (b'{"a":' + b"[" * 40_000 + b"]" * 40_000 + b"}"),
        GOOD % (b'{"a": ' + b"9" * 5_000 + b"}"),
        GOOD % b'{"a": 1e999}',
        GOOD % b'{"a": NaN}',
        GOOD % b'{"a": -Infinity}',
        GOOD % b'{"a": "\\ud800"}',
        GOOD % b'{"\\udfff": 1}',
        GOOD % b'{"a": "\x00"}',
        b'{"query": "{ echo(text: \\"\\\\ud800\\") }"}',
        b'\xef\xbb\xbf{"query": "{ echo }"}',
        b'{"query": "{ echo \xff }"}',
        '{"query": "{ echo }"}'.encode("utf-16"),
        b'{"query": "{ echo }"} {"query": "{ echo }"}',
        b'{"query": "{ echo }", "operationName": "Other"}',
        b'{"query": "query A { echo } query B { echo }"}',
        b'{"query": "subscription { ticks }"}',
        b'{"query": "fragment A on Query { echo }"}',
        b'{"query": "{ echo(number: ' + b"9" * 5_000 + b') }"}',
        b'{"query": "{ echo(number: 1e999) }"}',
    ],
)
async def test_what_is_malformed_is_the_clients_fault_and_never_ours(client, body, caplog):
    for accept in (JSON, GRAPHQL):
        answer = await client.post("/graphql", content=body, headers={"content-type": JSON, "accept": accept})

        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith(accept)
        assert codes(answer)[0] in {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
    assert caplog.records == []


@pytest.mark.parametrize(
    "body",
    [
        GOOD % b'{"a": "\\u0000"}',
        GOOD % b'{"a": ["x", {"b": "c\\u0000d"}]}',
        GOOD % b'{"a\\u0000": 1}',
        b'{"query": "{ echo(text: \\"a\\\\u0000\\") }"}',
        b'{"query": "{ echo(text: \\"a\\\\u{0}\\") }"}',
        b'{"query": "query ($t: String = \\"\\\\u{000}\\") { echo(text: $t) }"}',
        b'{"query": "{ echo(text: \\"\\u0000\\") }"}',
        b'{"query": "{ echo(text: \\"\\"\\"\\u0000\\"\\"\\") }"}',
        b'{"query": "{ echo }\\u0000"}',
        b'{"query": "{ echo }", "operationName": "a\\u0000"}',
    ],
)
async def test_a_nul_character_is_refused_wherever_it_hides(client, body):
    answer = await client.post("/graphql", content=body, headers={"content-type": JSON})

    assert (answer.status_code, codes(answer)) == (400, ["BAD_REQUEST"])
    assert "NUL" in answer.json()["errors"][0]["message"]


async def test_what_only_looks_strange_is_answered(client):
    for body, expected in [
        (b'{"query": "{ nope }", "query": "{ echo }"}', "0"),
        (b'{"query": "{ echo }", "variables": null, "operationName": null, "extensions": null, "more": 1}', "0"),
        (b'{"query": "query ($t: String!) { echo(text: $t) }", "variables": {"t": "\\\\u0000"}}', "\\u00000"),
        (b'{"query": "query A { echo } query B { echo(number: 2) }", "operationName": "B"}', "2"),
        ('{"query": "{ echo(text: \\"👏\\") }"}'.encode(), "👏0"),
    ]:
        answer = await client.post("/graphql", content=body, headers={"content-type": JSON})

        assert (answer.status_code, answer.json()) == (200, {"data": {"echo": expected}})


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        ("{ echo", {}, "GRAPHQL_PARSE_FAILED"),
        ("{}", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ ehco }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int!) { echo(number: $n) }", {}, "BAD_USER_INPUT"),
        ("query ($n: Int!) { echo(number: $n) }", {"n": "1"}, "BAD_USER_INPUT"),
        ("query ($n: Int!) { echo(number: $n) }", {"n": 2**31}, "BAD_USER_INPUT"),
        ("query ($n: Int!) { echo(number: $n) }", {"n": 10**30}, "BAD_USER_INPUT"),
        (CHANGE, {"input": {"pointCount": 1, "nope": 1}}, "BAD_USER_INPUT"),
        ("query ($b: Boolean = true) { echo @include(if: $b) }", {"b": None}, "BAD_USER_INPUT"),
    ],
)
async def test_a_request_that_cannot_be_executed_is_400_for_both_media_types(client, query, variables, expected, accept):
    answer = await ask(client, query, {"accept": accept}, variables=variables)

    assert (answer.status_code, codes(answer)) == (400, [expected])
    assert answer.json()["errors"][0].get("locations") or expected == "BAD_USER_INPUT"


async def test_a_null_where_none_may_be_is_told_at_the_field(client, caplog):
    answer = await ask(client, "query ($n: Int = 1) { echo(number: $n) }", variables={"n": None})

    assert answer.status_code == 200
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert answer.json()["errors"][0]["path"] == ["echo"]
    assert caplog.records == []


async def test_at_most_five_errors_are_answered(client):
    fields = " ".join(f"nope{n}" for n in range(9))
    variables = " ".join(f"$v{n}: Int!" for n in range(9))
    used = " ".join(f"a{n}: echo(number: $v{n})" for n in range(9))

    assert len(codes(await ask(client, f"{{ {fields} }}"))) == 5
    assert len(codes(await ask(client, f"query ({variables}) {{ {used} }}"))) == 5
    assert len(codes(await ask(client, "{ items(count: 9) { crash } }"))) == 5


@pytest.mark.parametrize(("size", "expected"), [(100_000, 200), (100_001, 413)])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_may_have_100_kilobytes(client, size, expected, streamed):
    body = b'{"query": "{ echo }"}'.ljust(size)

    async def chunks():
        for start in range(0, size, 9_999):
            yield body[start : start + 9_999]

    answer = await client.post("/graphql", content=chunks() if streamed else body, headers={"content-type": JSON})

    assert answer.status_code == expected
    assert expected == 200 or codes(answer) == ["BODY_TOO_LARGE"]


@pytest.mark.parametrize(("length", "expected"), [("9" * 5_000, 413), ("-1", 400), ("x", 400), ("\u00b2", 400), ("100001", 413)])
async def test_a_content_length_that_lies_is_not_believed(length, expected):
    sent = []

    async def receive():
        raise AssertionError("the body was read")

    async def send(message):
        sent.append(message)

    headers = [
        (b"authorization", b"Bearer good"),
        (b"content-type", b"application/json"),
        (b"content-length", length.encode("latin-1")),
    ]
    await build()({"type": "http", "method": "POST", "headers": headers}, receive, send)

    assert sent[0]["status"] == expected


async def test_nobody_is_answered_who_has_left():
    messages = [{"type": "http.request", "body": b'{"query": "{ echo }"', "more_body": True}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    async def send(message):
        raise AssertionError("an answer was sent")

    headers = [(b"authorization", b"Bearer good"), (b"content-type", b"application/json")]
    await build()({"type": "http", "method": "POST", "headers": headers}, receive, send)

    assert messages == []


async def test_a_connection_lost_while_answering_is_no_failure(caplog):
    async def receive():
        return {"type": "http.request", "body": b'{"query": "{ echo }"}'}

    async def send(message):
        raise OSError("gone")

    headers = [(b"authorization", b"Bearer good"), (b"content-type", b"application/json")]
    await build()({"type": "http", "method": "POST", "headers": headers}, receive, send)

    assert caplog.records == []


async def test_limits_have_codes_and_sentences(client):
    for query, expected in [
        ("{ echo" + " " * 15_000 + "}", "DOCUMENT_TOO_LARGE"),
        ("{" + "echo " * 1_000 + "}", "TOO_MANY_TOKENS"),
        ("{a" * 500, "TOO_DEEP"),
        ("{ items(count: 1) { items { items { items { crash } } } } }", "TOO_COSTLY"),
        ("mutation {" + " ".join(f"a{n}: change(input: {{pointCount: 1}})" for n in range(5)) + "}", "TOO_MANY_MUTATIONS"),
    ]:
        answer = await ask(client, query)

        assert (answer.status_code, codes(answer)) == (400, [expected])
        assert answer.json()["errors"][0]["message"].endswith(".")
    assert CHANGES == []


async def test_get_reads_and_only_reads(client):
    read = await client.get("/graphql", params={"query": "query A($t: String!) { echo(text: $t) }", "variables": '{"t": "é+ "}',
                                                "operationName": "A", "extensions": "{}"})  # fmt: skip
    written = await client.get("/graphql", params={"query": "mutation { change(input: {pointCount: 1}) }"})
    subscribed = await client.get("/graphql", params={"query": "subscription { ticks }"})

    assert (read.status_code, read.json()) == (200, {"data": {"echo": "é+ 0"}})
    assert (written.status_code, written.headers["allow"], codes(written)) == (405, "POST", ["METHOD_NOT_ALLOWED"])
    assert (subscribed.status_code, codes(subscribed)) == (400, ["BAD_REQUEST"])
    assert CHANGES == []


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=",
        "query=%ff",
        "query={echo}&query={echo}",
        "query={echo}&variables=[]",
        "query={echo}&variables={",
        "query={echo}&variables=1",
        'query={echo}&variables={"a":"\\u0000"}',
        "query={echo}&extensions=[]",
        "query=%00",
        "query={echo(text:%22%ff%22)}",
        "query={echo}&operationName=B",
        "query={echo(text:%22%00%22)}",
        "&".join(f"p{n}=1" for n in range(50)),
    ],
)
async def test_a_malformed_address_is_the_clients_fault(client, query_string):
    answer = await client.get(f"/graphql?{query_string}")

    assert answer.status_code == 400
    assert codes(answer)[0] in {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED"}


@pytest.mark.parametrize(
    "query_string",
    ["query={echo}&operationName=&variables=&extensions=", "query={echo}&variables=null&other=1", "query=%7Becho%7D"],
)
async def test_an_address_may_leave_things_empty(client, query_string):
    assert (await client.get(f"/graphql?{query_string}")).json() == {"data": {"echo": "0"}}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
async def test_other_methods_are_not_allowed(client, method):
    answer = await client.request(method, "/graphql")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_browser_gets_the_page_without_signing_in(client):
    browser = {"authorization": "", "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page = await client.get("/graphql?theme=dark", headers=browser)

    assert (page.status_code, page.text, page.headers["content-type"]) == (200, PAGE, "text/html; charset=utf-8")
    assert (await client.get("/graphql?query={echo}", headers=browser)).status_code == 401
    assert (await client.post("/graphql", headers=browser)).status_code == 401
    assert (await client.get("/graphql", headers=browser | {"accept": "*/*"})).status_code == 401
    async with client_of(build()) as without_page:
        assert (await without_page.get("/graphql", headers=browser)).status_code == 401


async def test_introspection_is_for_those_who_are_signed_in(client):
    assert (await ask(client, "{ __schema { queryType { name } } }")).json() == {
        "data": {"__schema": {"queryType": {"name": "Query"}}}
    }


async def test_what_a_resolver_refuses_stands_at_its_field(client):
    answer = await ask(client, '{ echo a: fails(how: "forbidden") b: fails(how: "refusal") }', {"accept": GRAPHQL})

    assert answer.status_code == 200
    assert answer.json() == {
        "data": {"echo": "0", "a": None, "b": None},
        "errors": [
            {"message": "Only admins may do this.", "locations": [{"line": 1, "column": 8}], "path": ["a"],
             "extensions": {"code": "FORBIDDEN"}},
            {"message": "first must be 1 to 100.", "locations": [{"line": 1, "column": 35}], "path": ["b"],
             "extensions": {"code": "INVALID_INPUT", "field": ["first"]}},
        ],
    }  # fmt: skip


async def test_busy_and_unauthenticated_answer_for_the_whole_request(client):
    busy = await ask(client, '{ echo fails(how: "busy") }')
    revoked = await ask(client, '{ echo fails(how: "unauthenticated") }')

    assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
    assert busy.json() == {"errors": [{"message": "Too many acts wait.", "extensions": {"code": "BUSY"}}]}
    assert (revoked.status_code, revoked.headers["www-authenticate"], codes(revoked)) == (401, "Bearer", ["UNAUTHENTICATED"])
    assert (await ask(client, "{ echo }", {"authorization": "Bearer busy"})).status_code == 503


@pytest.mark.parametrize("how", ["crash", "bug", "timeout"])
async def test_a_bug_is_masked_and_logged_under_its_reference(client, caplog, how):
    answer = await ask(client, f'{{ fails(how: "{how}") }}')

    [error] = answer.json()["errors"]
    reference = error["extensions"]["reference"]
    assert answer.status_code == 200
    assert error["message"] == f"Something went wrong on our side. Quote {reference} to your administrator."
    assert (error["extensions"]["code"], error["path"], answer.json()["data"]) == (
        "INTERNAL_SERVER_ERROR",
        ["fails"],
        {"fails": None},
    )
    assert (reference == "cafe0001") is (how == "bug")
    [record] = caplog.records
    assert (record.name, record.levelno) == ("plaudit.api", logging.ERROR)
    assert reference in record.getMessage()
    assert answer.headers["x-request-id"] in record.getMessage()
    assert "raise error" in logging.Formatter().formatException(record.exc_info)


@pytest.mark.parametrize(("query", "status"), [("{ brokenList }", 200), ('{ fails(how: "surrogate") }', 500)])
async def test_a_value_that_cannot_be_rendered_is_our_bug(client, caplog, query, status):
    answer = await ask(client, query)

    assert (answer.status_code, codes(answer)) == (status, ["INTERNAL_SERVER_ERROR"])
    assert len(caplog.records) == 1


async def test_a_failure_outside_of_resolvers_is_masked_too(client, caplog):
    answer = await ask(client, "{ echo }", {"authorization": "Bearer broken"})

    assert (answer.status_code, codes(answer)) == (500, ["INTERNAL_SERVER_ERROR"])
    assert "database" not in answer.text
    assert "the database is away" in logging.Formatter().formatException(caplog.records[0].exc_info)


async def test_what_takes_too_long_is_given_up(caplog):
    async with client_of(build(deadline_seconds=0.05)) as client:
        late = await ask(client, "{ a: slow(seconds: 5) b: slow(seconds: 0) c: slow(seconds: 6) }")
        in_time = await ask(client, "{ slow(seconds: 0) }")

    assert (late.status_code, codes(late), in_time.json()) == (503, ["TIMEOUT"], {"data": {"slow": "done"}})
    assert "same idempotency key" in late.json()["errors"][0]["message"]
    assert [task for task in asyncio.all_tasks() if "slow" in repr(task)] == []
    assert caplog.records == []


def test_what_the_endpoint_would_not_run_is_refused_at_the_start():
    extended = strawberry.Schema(Query, extensions=[strawberry.extensions.SchemaExtension])

    with pytest.raises(Misconfigured):
        GraphQLEndpoint(extended, authenticate=authenticate, context=lambda actor, request_id: None)


@pytest.mark.parametrize("http", ["httptools", "h11"])
async def test_a_client_that_leaves_half_way_leaves_no_trace(caplog, http):
    endpoint = build()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(Starlette(routes=[Route("/graphql", endpoint)]), http=http, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it.
            await asyncio.sleep(0.01)
        port = listener.getsockname()[1]
        body = json.dumps({"query": "{ slow(seconds: 0.05) }"}).encode()
        head = b"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\n"
        head += b"content-type: application/json\r\ncontent-length: %d\r\n\r\n"
        # Half a body; then a whole one, leaving before the answer.
        for sent in (head % 5_000 + body, head % len(body) + body):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.transport.abort()
        await asyncio.sleep(0.15)
        async with httpx2.AsyncClient() as client:
            answer = await client.post(f"http://127.0.0.1:{port}/graphql", content=body,
                                       headers={"authorization": "Bearer good", "content-type": JSON})  # fmt: skip
        server.should_exit = True
        await running

    assert answer.json() == {"data": {"slow": "done"}}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
