"""The HTTP half of the GraphQL door: methods, refusals, failures, deadlines, clients that leave."""

import asyncio
import json
import logging
import socket

import httpx2
import pytest
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from app.api.endpoint import GraphQLEndpoint
from app.core.errors import Misconfigured
from tests.door import CHANGES, GRAPHQL, JSON, PAGE, Query, ask, authenticate, build, client_of, codes


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
