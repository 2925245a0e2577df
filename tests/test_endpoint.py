"""The HTTP half of the GraphQL door: media types, bodies, malformed requests."""

import pytest

from tests.door import CHANGE, CHANGES, GRAPHQL, JSON, ask, build, codes


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
