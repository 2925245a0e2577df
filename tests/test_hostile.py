"""Hostile input, through the door to the database: refused in words, never a failure of ours, never half a change."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from graphql import GraphQLEnumType, get_named_type, get_nullable_type, is_list_type
from hypothesis import strategies as st

from app.api.ids import encode
from app.core.ids import new_id
from app.core.texts import normalized
from tests.fields import FIELDS, Scene, document_of, places, put
from tests.test_write_path import locked, settle
from tests.world import GIVE, NOON, World

SEED = 20_260_310
SECONDS = 6.0
"""For each database: how long junk is thrown at it."""

TEXTS = {
    "empty": "",
    "blank": " \t\n\u00a0\u3000",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 20,
    "right to left": "\u202eمرحبا بالعالم שלום\u202c",
    "zalgo": "Z̷̢̛͉a̸l̵g̶o̸" * 50,
    "combining only": "\u0301" * 40,
    "quotes": "'; DROP TABLE member; -- \" \\ %s %(x)s {0} ${x} $1 ?",
    "like": "%_\\%",
    "markup": "<script>alert(1)</script><!-- ]]> &amp;",
    "line ends": "a\r\nb\rc\u2028d\u2029e\x85f",
    "control": "a\x01b\x1b[31m\x7f",
    "not a character": "\ufffe\uffff\U0010ffff",
    "private use": "\ue000\U000f0000",
    "folds longer": "ŉ" * 200 + "İ" * 200,
    "normalizes longer": "\ufdfa" * 111 + "\u1e9b\u0323" * 99,
    "long": "x" * 3_000,
    "enormous": "y" * 90_000,
}
"""Every one of these is text; what may be kept of it is kept as it is."""
NUMBERS: list[Any] = [0, -1, 1, 501, 2**31 - 1, -(2**31), 2**31, 2**63, -(2**63) - 1, 10**30, 1.5, 1e300, True, None, "1", [], {}]


def whole(answer_status: int, body: dict[str, Any], place: str) -> None:
    """An answer that is ours to give: no failure, and well-formed."""
    assert answer_status < 500, f"{place}: {answer_status} {body}"
    codes = [error["extensions"]["code"] for error in body.get("errors", [])]
    assert "INTERNAL_SERVER_ERROR" not in codes, f"{place}: {body}"


def refused(body: dict[str, Any]) -> bool:
    """Whether nothing may have changed."""
    if body.get("errors") or not body.get("data"):
        return True
    (payload,) = body["data"].values()
    return bool(isinstance(payload, dict) and payload.get("userErrors"))


@pytest.fixture
async def scene(world: World) -> Scene:
    return await Scene(world).set()


class Watch:
    """Sends as an owner, who may do everything, and sees to it that a refusal leaves everything as it was."""

    def __init__(self, scene: Scene) -> None:
        self.world = scene.world
        self.last: dict[str, Any] | None = None

    async def throws(self, name: str, variables: dict[str, Any], place: str) -> None:
        """One request."""
        if self.last is None:
            self.last = await self._snapshot()
        answer = await self.world.send(self.world.owner.token, {"query": document_of(name), "variables": variables})
        whole(answer.status, answer.body, place)
        if name.startswith("Mutation."):
            now = await self._snapshot()
            assert now == self.last or not refused(answer.body), place
            self.last = now

    async def _snapshot(self) -> dict[str, Any]:
        """Everything but how far somebody verified the chain, which is bookkeeping."""
        return {**await self.world.snapshot(), "chain_mark": None}


async def text_places(scene: Scene, *kinds: str) -> list[tuple[str, dict[str, Any], Any, bool]]:
    """Every argument of these scalar kinds: field, arguments that work, path, whether it is a list."""
    found = []
    for name, row in FIELDS.items():
        variables = await row.variables(scene, scene.world.owner)
        for path, kind in places(name, variables):
            if get_named_type(kind).name in kinds:
                found.append((name, variables, path, is_list_type(get_nullable_type(kind))))
    return found


async def test_strange_texts_in_every_text(scene: Scene):
    found = await text_places(scene, "String", "ID")
    assert len(found) >= 70
    for name, variables, path, is_list in found:
        for what, text in TEXTS.items():
            bad = put(variables, path, [text] if is_list else text)
            answer = await scene.world.send(scene.world.owner.token, {"query": document_of(name), "variables": bad})
            whole(answer.status, answer.body, f"{name} {path} {what}")
    assert await scene.world.sound()


async def test_strange_numbers_in_every_number(scene: Scene):
    found = await text_places(scene, "Int")
    assert len(found) >= 20
    watch = Watch(scene)
    for name, variables, path, _ in found:
        for number in NUMBERS:
            await watch.throws(name, put(variables, path, number), f"{name} {path} {number}")


async def test_text_is_kept_as_it_was_typed_or_refused(world: World):
    kept = {}
    for what, text in TEXTS.items():
        if len(text) < 2_000:
            answer = await world.ann.gives(to=[world.bob], points=0, message=f"Thank you {text} very much")
            whole(answer.status, answer.body, what)
            kept[what] = not answer.user_errors
            if kept[what]:
                shown = answer.payload["recognition"]["message"]
                found = await world.bob.asks(MESSAGE, id=answer.payload["recognition"]["id"])
                assert found.payload["message"] == shown == normalized(f"Thank you {text} very much")

    assert {what for what, is_kept in kept.items() if not is_kept} == {"control", "line ends"}, "U+0085, U+0001, U+001B, U+007F"


MESSAGE = "query Q($id: ID!) { node(id: $id) { ... on Recognition { message } } }"


async def test_many_and_no_recipients(world: World):
    before = await world.snapshot()
    nobody = await world.ann.gives(to=[], points=1)
    unknown = [encode("Member", new_id(NOON)) for _ in range(501)]
    many = await world.ann.gives(points=1, recipientIds=unknown)
    same = await world.ann.gives(points=1, recipientIds=[world.bob.id] * 500)

    assert nobody.user_errors == [("NO_RECIPIENTS", ["recipientIds"])]
    assert [code for code, _ in many.user_errors] in (["TOO_MANY_RECIPIENTS"], ["NOT_FOUND"])
    assert same.user_errors == [], "named often, paid once"
    assert same.payload["recognition"]["totalPoints"] == 1
    again = await world.ann.revokes(same.payload["recognition"]["id"])
    assert again.user_errors == []
    assert {name: rows for name, rows in before.items() if name == "member"} == {"member": (await world.snapshot())["member"]}


@pytest.mark.parametrize("points", [-1, 1_000_001, 2**31 - 1, -(2**31)])
async def test_points_that_cannot_be(world: World, points: int):
    before = await world.snapshot()

    answer = await world.ann.gives(to=[world.bob], points=points)

    assert answer.user_errors == [("INVALID_POINTS", ["pointsEach"])]
    assert await world.snapshot() == before


def bodies(world: World) -> Iterator[tuple[str, bytes, int]]:
    """Bodies that are no request, with the status they get."""
    for what in ("null", "1", '"text"', "[]", "[{}]", "true", "{}", '{"query": null}', '{"query": ""}', '{"query": 1}', ""):
        yield what, what.encode(), 400
    yield "deep array", b"[" * 50_000, 400
    yield "deep object", b'{"a":' * 19_000, 400
    yield "deep variables", b'{"query":"{viewer{permissions}}","variables":{"a":' + b"[" * 900 + b"]" * 900 + b"}}", 200
    yield "deep selection", json.dumps({"query": "{viewer" * 1_500 + "}" * 1_500}).encode(), 400
    yield "deep list", json.dumps({"query": '{node(id: "' + "[" * 5_000 + '")}'}).encode(), 400
    yield "deep value", json.dumps({"query": "{node(id: " + "[" * 400 + "]" * 400 + "){id}}"}).encode(), 400
    yield "invalid UTF-8", b'{"query":"{viewer{permissions}}\xff\xfe"}', 400
    yield "lone surrogate", b'{"query":"{ members(search: \\"\\ud800\\") { totalCount } }"}', 400
    yield (
        "lone surrogate in variables",
        b'{"query":"query($s:String){members(search:$s){totalCount}}","variables":{"s":"\\udfff"}}',
        400,
    )
    yield "NUL", json.dumps({"query": SEARCH, "variables": {"s": "a\0b"}}).encode(), 400
    yield "huge number", b'{"query":"{members(first: ' + b"9" * 5_000 + b'){totalCount}}"}', 400
    yield "huge number in variables", FIRST + b"9" * 5_000 + b"}}", 400
    yield "huge exponent", FIRST + b"1e999}}", 400
    yield "not a number", FIRST + b"NaN}}", 400
    yield "twice the same name", b'{"query":"{viewer{permissions}}","query":"{viewer{nothing}}"}', 400
    yield "too large", b'{"query":"' + b" " * 100_001 + b'"}', 413


SEARCH = "query Q($s: String) { members(search: $s) { totalCount } }"
FIRST = b'{"query":"query($f:Int){members(first:$f){totalCount}}","variables":{"f":'


async def test_bodies_that_are_no_request(world: World):
    headers = {"authorization": f"Bearer {world.ann.token}", "content-type": "application/json"}
    for what, body, status in bodies(world):
        response = await world.client.post("/graphql", content=body, headers=headers)

        whole(response.status_code, response.json(), what)
        assert response.status_code == status, f"{what}: {response.text[:300]}"


# ---------------------------------------------------------------- junk, at random but the same every time

_TEXT = st.one_of(
    st.text(max_size=60), st.sampled_from(sorted(TEXTS.values())), st.text(alphabet="%_\\'\"#@:<>&\n\t\u200f", max_size=30)
)
_ID = st.one_of(
    _TEXT,
    st.builds(encode, st.sampled_from(["Member", "Group", "Recognition", "Boost", "Comment", "CompanyValue", "Token"]), _TEXT),
    st.builds(lambda kind, key: encode(kind, key), st.sampled_from(["Member", "Group", "Transfer", "AuditEvent"]), st.uuids()),
)
_JUNK: dict[str, st.SearchStrategy[Any]] = {
    "String": _TEXT,
    "ID": _ID,
    "Int": st.one_of(st.integers(-(2**33), 2**33), st.integers(-3, 600)),
    "Boolean": st.booleans(),
    "DateTime": st.one_of(
        _TEXT, st.datetimes().map(lambda moment: moment.isoformat() + "Z"), st.just("0001-01-01T00:00:00+23:59")
    ),
}


def junk(kind: Any) -> st.SearchStrategy[Any]:
    """Values for an argument: of its own kind mostly, else of any."""
    named = get_named_type(kind)
    own = st.sampled_from(sorted(named.values)) if isinstance(named, GraphQLEnumType) else _JUNK.get(named.name, _TEXT)
    if is_list_type(get_nullable_type(kind)):
        own = st.lists(own, max_size=3)
    anything = st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False), _TEXT), lambda inner: st.lists(inner, max_size=2)
    )
    return st.one_of(own, own, own, st.none(), anything)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
async def test_junk_everywhere(scene: Scene):
    """Random arguments for every field, twice at least and for some seconds, the same at every run as far as the time reaches."""
    chance = random.Random(SEED)
    prepared = [(name, await row.variables(scene, scene.world.owner)) for name, row in FIELDS.items()]
    spots = {name: list(places(name, variables)) for name, variables in prepared}
    drawn = {str(kind): examples(junk(kind)) for _, kind in chain.from_iterable(spots.values())}
    watch = Watch(scene)
    sent, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until or sent < 2 * len(prepared):
        name, variables = prepared[sent % len(prepared)]
        changed = variables
        for path, kind in chance.sample(spots[name], k=min(len(spots[name]), chance.choice([1, 1, 1, 2, 3]))):
            changed = put(changed, path, chance.choice(drawn[str(kind)]))
        await watch.throws(name, changed, f"request {sent}: {name} {json.dumps(changed)[:500]}")
        sent += 1
    print(f"{sent} requests")


def examples(strategy: st.SearchStrategy[Any], number: int = 30) -> list[Any]:
    """Some values of the strategy."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    found: list[Any] = []

    @seed(SEED)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found


# ---------------------------------------------------------------- clients that leave


async def test_a_client_that_leaves_while_its_act_is_under_way_finds_it_done_once(world: World):
    given = {"recipientIds": [world.bob.id], "pointsEach": 7, "message": "Sent, and gone", "idempotencyKey": "once"}
    async with locked(world):
        leaving = asyncio.create_task(world.ann.asks(GIVE, input=given))
        await asyncio.sleep(0.1)
        await settle(world)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    await asyncio.sleep(0.05)

    again = await world.ann.asks(GIVE, input=given)

    assert again.user_errors == []
    assert again.payload["replayed"] is True
    assert await world.bob.wallet() == 7
    assert (await world.ann.allowance())["remaining"] == 93
    other = await world.ann.asks(GIVE, input={**given, "pointsEach": 8})
    assert other.user_errors == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]
