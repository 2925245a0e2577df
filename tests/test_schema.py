"""The contract: the written schema is what the code says, everything in it is described, and every written operation works."""

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    parse,
    print_ast,
    validate,
)

from app.api import schema
from tests import fields
from tests.world import Answer, Somebody, World

CONTRACT = Path(__file__).parent.parent / "graphql"
FILES = sorted((CONTRACT / "operations").glob("*.graphql"))


def operations(text: str) -> Iterator[tuple[str, str]]:
    """Name and document of each operation in a file, with the fragments it uses: what a client sends."""
    tree = parse(text)
    fragments = {node.name.value: node for node in tree.definitions if isinstance(node, FragmentDefinitionNode)}
    for node in tree.definitions:
        if isinstance(node, OperationDefinitionNode):
            assert node.name is not None, "an operation has a name"
            used, waiting = {}, [print_ast(node)]
            while waiting:
                for name in re.findall(r"\.\.\.(\w+)", waiting.pop()):
                    if name not in used and name != "on":
                        used[name] = print_ast(fragments[name])
                        waiting.append(used[name])
            yield node.name.value, "\n".join([print_ast(node), *used.values()])


TEXTS = [file.read_text(encoding="utf-8") for file in FILES]
OPERATIONS = {name: document for text in TEXTS for name, document in operations(text)}


def test_the_written_schema_is_what_the_code_says():
    written = (CONTRACT / "schema.graphql").read_text(encoding="utf-8")

    assert written == schema.sdl(), "run: make schema"
    assert set(build_schema(written).type_map) == set(schema.build()._schema.type_map)


def undescribed(of: GraphQLSchema) -> Iterator[str]:
    """Types, fields, input fields and enum values that say nothing. Arguments speak by their names and by their field."""
    for name, kind in of.type_map.items():
        if not name.startswith("__"):
            yield from _undescribed(name, kind)


def _undescribed(name: str, kind: GraphQLNamedType) -> Iterator[str]:
    if not kind.description:
        yield name
    for parts in (getattr(kind, "fields", {}), getattr(kind, "values", {})):
        yield from (f"{name}.{part}" for part, content in parts.items() if not content.description)


def test_everything_in_the_schema_is_described():
    bad = build_schema('"A." type Query { a: E } "E." enum E { "X." X Y } input I { "B." b: Int c: Int }')
    standard = {"String", "Int", "Boolean", "Float", "ID"}
    assert [what for what in undescribed(bad) if what not in standard] == ["Query.a", "E.Y", "I", "I.c"]

    assert list(undescribed(schema.build()._schema)) == []


def test_descriptions_are_sentences_for_clients():
    """Not for us: none speaks of Python."""
    bad = re.compile(r"\b(None|True|False|self|dict|tuple|strawberry|resolver)\b")
    assert bad.search("The points; None if there are none.")
    texts = {}
    for name, kind in schema.build()._schema.type_map.items():
        if not name.startswith("__"):
            texts[name] = kind.description
            for part, content in [*getattr(kind, "fields", {}).items(), *getattr(kind, "values", {}).items()]:
                texts[f"{name}.{part}"] = content.description

    assert {name: text for name, text in texts.items() if text and bad.search(text)} == {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_written_operation_is_valid_and_says_what_it_is_for(file: Path):
    text = file.read_text(encoding="utf-8")
    assert validate(schema.build()._schema, parse(text)) == []
    for match in re.finditer(r"^(query|mutation|subscription) (\w+)", text, re.MULTILINE):
        above = text[: match.start()].rstrip("\n").rsplit("\n", 1)[-1]
        assert above.startswith("# "), f"{match[2]} has no comment above it"


def test_operation_names_are_unique():
    names = [name for text in TEXTS for name, _ in operations(text)]
    assert sorted(set(names)) == sorted(names)


class Scene:
    """What the operations are about: Bob was thanked by Ann, Cem boosted it, Dee said a word."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def set(self) -> "Scene":
        """Makes it all."""
        world = self.world
        self.group = await world.groups("Kitchen", world.bob, world.dee)
        self.value = await world.praises("teamwork")
        given = await world.ann.gives(to=[world.bob], groups=[self.group], points=5, message="Thank you for the #teamwork")
        self.recognition = given.payload["recognition"]["id"]
        self.boost = (await world.cem.boosts(self.recognition)).payload["boost"]["id"]
        said = await world.dee.asks(OPERATIONS["Comment"], recognitionId=self.recognition, text="Me too")
        self.comment = said.payload["comment"]["id"]
        stock = fields.Scene(world)
        self.reward = await stock.reward(stock=5, audience={"groupIds": [self.group]})
        self.pending = [await stock.redemption(world.bob) for _ in range(3)]
        self.waiting = await stock.order()
        self.delivered = await stock.redemption(world.dee, then="delivered")
        made = await world.owner.asks(OPERATIONS["CreateToken"], input={"memberId": world.ann.id, "name": "old"})
        self.token = made.payload["token"]["id"]
        return self

    async def policy(self, **changes: Any) -> dict[str, Any]:
        """The giving policy in force as input."""
        found = (await self.world.admin.asks(OPERATIONS["Policies"])).payload["givingPolicy"]
        return {**found, "rules": [], **changes}


Row = tuple[str, Callable[[Scene], Any]]
EVERYONE = {"everyone": True}
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
ROWS: dict[str, Row] = {
    "Viewer": ("ann", lambda s: {}),
    "Feed": ("ann", lambda s: {"first": 5, "filter": {"recipientId": s.world.bob.id}}),
    "Recognition": ("bob", lambda s: {"id": s.recognition}),
    "People": ("ann", lambda s: {"search": "b", "filter": {"groupId": s.group}}),
    "Person": ("admin", lambda s: {"id": s.world.bob.id}),
    "Groups": ("ann", lambda s: {"kind": "team"}),
    "Give": (
        "ann",
        lambda s: {
            "input": {"recipientIds": [s.world.cem.id], "pointsEach": 1, "message": "Well done, Cem", "idempotencyKey": "1"}
        },
    ),
    "CheckGiving": ("ann", lambda s: {"groupIds": [s.group], "pointsEach": 10, "message": "Well done, all"}),
    "Boost": ("dee", lambda s: {"input": {"recognitionId": s.recognition, "pointsEach": 2, "idempotencyKey": "1"}}),
    "RevokeBoost": ("cem", lambda s: {"input": {"boostId": s.boost, "idempotencyKey": "1"}}),
    "Revoke": ("ann", lambda s: {"input": {"recognitionId": s.recognition, "reason": "By mistake", "idempotencyKey": "1"}}),
    "Hide": ("admin", lambda s: {"id": s.recognition, "reason": "Not kind"}),
    "Comment": ("ann", lambda s: {"recognitionId": s.recognition, "text": "Again!"}),
    "DeleteComment": ("admin", lambda s: {"id": s.comment, "reason": "Not kind"}),
    "React": ("dee", lambda s: {"recognitionId": s.recognition, "emoji": "🎉"}),
    "CreateMember": ("admin", lambda s: {"input": {"displayName": "Eve", "email": "eve@acorn.example", "groupIds": [s.group]}}),
    "UpdateMember": ("admin", lambda s: {"input": {"memberId": s.world.bob.id, "jobTitle": "Cook", "managerId": s.world.ann.id}}),
    "SetParticipationMode": ("admin", lambda s: {"id": s.world.bob.id, "mode": "RECEIVER"}),
    "SetMemberRole": ("owner", lambda s: {"id": s.world.bob.id, "role": "AUDITOR"}),
    "DeactivateMember": ("admin", lambda s: {"id": s.world.bob.id, "reason": "Left"}),
    "ReactivateMember": ("admin", lambda s: {"id": s.world.bob.id}),
    "CreateGroup": ("admin", lambda s: {"input": {"name": "Garden", "kind": "team", "memberIds": [s.world.cem.id]}}),
    "UpdateGroup": ("admin", lambda s: {"input": {"groupId": s.group, "name": "Galley", "removeMemberIds": [s.world.dee.id]}}),
    "Policies": ("admin", lambda s: {}),
    "SetGivingPolicy": (
        "admin",
        lambda s: s.policy(rules=[{"effect": "ALLOW", "giver": EVERYONE, "recipient": {"groupIds": [s.group]}}]),
    ),
    "SetAllowancePolicy": (
        "admin",
        lambda s: {
            "input": {
                "version": 1,
                "period": "WEEK",
                "basePoints": 50,
                "rules": [{"effect": "ADD", "points": 5, "audience": EVERYONE}],
            }
        },
    ),
    "CreateCompanyValue": ("admin", lambda s: {"input": {"name": "Care", "hashtag": "#care", "emoji": "💚"}}),
    "ArchiveCompanyValue": ("admin", lambda s: {"id": s.value}),
    "UpdateOrganization": ("admin", lambda s: {"input": {"name": "Oak", "timeZone": "Asia/Tokyo"}}),
    "WalletHistory": ("auditor", lambda s: {"id": s.world.bob.id}),
    "AdjustPoints": (
        "admin",
        lambda s: {"input": {"memberId": s.world.bob.id, "points": 1, "reason": "Once more", "idempotencyKey": "1"}},
    ),
    "TopUpAllowance": (
        "admin",
        lambda s: {"input": {"memberIds": [s.world.cem.id], "points": 9, "reason": "Feast", "idempotencyKey": "1"}},
    ),
    "Rewards": ("bob", lambda s: {"first": 5, "kind": "MERCHANDISE", "affordableOnly": True}),
    "CatalogForAdmins": ("admin", lambda s: {}),
    "Redemptions": ("bob", lambda s: {"status": "PENDING_APPROVAL"}),
    "RedeemReward": ("bob", lambda s: {"input": {"rewardId": s.reward, "priceExpected": 1, "idempotencyKey": "1"}}),
    "CancelRedemption": ("bob", lambda s: {"id": s.pending[0]}),
    "ApproveRedemption": ("admin", lambda s: {"id": s.pending[1], "note": "Enjoy"}),
    "RejectRedemption": ("admin", lambda s: {"id": s.pending[2], "reason": "Sold out"}),
    "RetryFulfilment": ("admin", lambda s: {"id": s.waiting}),
    "FulfilRedemption": ("owner", lambda s: {"id": s.waiting, "note": "On your desk"}),
    "RefundRedemption": ("owner", lambda s: {"id": s.delivered, "reason": "It broke", "restock": False}),
    "CreateReward": ("admin", lambda s: {"input": {"name": "Lunch", "kind": "EXPERIENCE", "pricePoints": 40}}),
    "UpdateReward": ("admin", lambda s: {"input": {"rewardId": s.reward, "description": "Blue", "audience": None}}),
    "ArchiveReward": ("admin", lambda s: {"id": s.reward}),
    "Statement": ("auditor", lambda s: {"first": 5}),
    "Liability": ("auditor", lambda s: {}),
    "Fulfilments": ("auditor", lambda s: {"waitingOnly": True}),
    "PointActivity": ("auditor", lambda s: {"from": "2026-03-01"}),
    "Insights": ("ann", lambda s: {"range": MARCH, "bucket": "WEEK"}),
    "GroupInsights": ("auditor", lambda s: {"range": MARCH, "kind": "team"}),
    "OutcomeMetrics": ("auditor", lambda s: {"range": MARCH}),
    "InfluenceOnOutcome": ("admin", lambda s: {"range": MARCH, "metric": "engagement", "kind": "team"}),
    "Leaderboard": ("admin", lambda s: {"range": MARCH, "first": 3}),
    "QuietMembers": ("admin", lambda s: {"activity": "GIVING", "days": 30}),
    "AuditTrail": ("auditor", lambda s: {"filter": {"actions": ["recognition.given"]}}),
    "LedgerHealth": ("auditor", lambda s: {}),
    "Tokens": ("owner", lambda s: {"first": 2}),
    "CreateToken": ("owner", lambda s: {"input": {"memberId": s.world.ann.id, "name": "laptop", "expiresInDays": 30}}),
    "RevokeToken": ("owner", lambda s: {"id": s.token}),
}
LIVE = {name for name, document in OPERATIONS.items() if document.startswith("subscription")}
"""They go over WebSocket: test_live.py sends them."""


def test_every_written_operation_has_a_row():
    assert sorted({*ROWS, *LIVE}) == sorted(OPERATIONS)


async def answered(scene: Scene, name: str) -> Answer:
    """What the operation says to who sends it."""
    who, variables = ROWS[name]
    somebody: Somebody = getattr(scene.world, who)
    given = variables(scene)
    if isinstance(given, Awaitable):
        given = {"input": await given}
    return await somebody.asks(OPERATIONS[name], **given)


async def test_every_written_operation_works(world: World):
    scene = await Scene(world).set()
    # Reading comes first; what changes most comes last.
    last = ["RetryFulfilment", "FulfilRedemption", "Revoke", "ArchiveReward"]
    last += ["DeactivateMember", "ReactivateMember", "ArchiveCompanyValue"]
    for name in sorted(
        ROWS, key=lambda name: (name in last, "mutation" in OPERATIONS[name], last.index(name) if name in last else 0)
    ):
        answer = await answered(scene, name)

        assert answer.status == 200, (name, answer.body)
        assert answer.payload is not None, name
        if parse(OPERATIONS[name]).definitions[0].operation is OperationType.MUTATION:  # type: ignore[attr-defined]
            assert answer.payload["userErrors"] == [], name
            assert None not in answer.payload.values(), name


async def test_a_file_may_be_sent_as_it_is(world: World):
    """With all its operations, comments and fragments, within the limits of the door."""
    for text in TEXTS:
        name = next(name for name, _ in operations(text))

        answer = await world.send(world.owner.token, {"query": text, "operationName": name, "variables": {}})

        if name in LIVE:
            assert (answer.status, answer.error_codes) == (400, ["BAD_REQUEST"]), "over HTTP nothing is subscribed to"
        else:
            assert set(answer.error_codes) <= {"BAD_USER_INPUT"}, "only its variables are missing"


async def test_a_feed_card_shows_what_happened(world: World):
    scene = await Scene(world).set()

    (card,) = (await world.ann.asks(OPERATIONS["Feed"])).payload["nodes"]

    assert card["message"] == "Thank you for the #teamwork"
    assert (card["pointsEach"], card["totalPoints"], card["boostCount"], card["boostPoints"]) == (5, 10, 1, 10)
    assert {somebody["displayName"] for somebody in card["recipients"]} == {"Bob", "Dee"}
    assert [group["id"] for group in card["groups"]] == [scene.group]
    assert [value["hashtag"] for value in card["values"]] == ["teamwork"]
    assert (card["comments"]["totalCount"], card["comments"]["nodes"][0]["author"]["displayName"]) == (1, "Dee")


async def test_mutations_of_one_request_each_show_what_is_now(world: World):
    """Nothing that one of them read is shown again by the next."""
    document = """mutation M($bob: ID!, $r: ID!) {
      a: createCompanyValue(input: {name: "A", hashtag: "a"}) { value { hashtag } }
      b: createCompanyValue(input: {name: "B", hashtag: "b"}) { value { hashtag } }
      c: setParticipationMode(memberId: $bob, mode: GIVER) { member { mode } }
      d: reactToRecognition(recognitionId: $r, emoji: "🎉") { recognition { recipients { mode } reactions { emoji } } } }"""
    again = """mutation M($bob: ID!, $r: ID!) {
      a: reactToRecognition(recognitionId: $r, emoji: "👏") { recognition { recipients { mode } reactions { emoji } } }
      b: setParticipationMode(memberId: $bob, mode: RECEIVER) { member { mode } }
      c: reactToRecognition(recognitionId: $r, emoji: "🎈") { recognition { recipients { mode } reactions { emoji } } }
      d: reactToRecognition(recognitionId: $r, emoji: "🎉", on: false) { recognition { reactions { emoji } } } }"""
    id_ = (await world.ann.gives(to=[world.bob])).payload["recognition"]["id"]

    first = (await world.admin.asks(document, bob=world.bob.id, r=id_)).data
    second = (await world.admin.asks(again, bob=world.bob.id, r=id_)).data

    assert [first[name]["value"]["hashtag"] for name in "ab"] == ["a", "b"]
    assert first["c"]["member"]["mode"] == "GIVER"
    assert first["d"]["recognition"] == {"recipients": [{"mode": "GIVER"}], "reactions": [{"emoji": "🎉"}]}
    assert second["a"]["recognition"]["recipients"] == [{"mode": "GIVER"}]
    assert second["c"]["recognition"]["recipients"] == [{"mode": "RECEIVER"}]
    shown = [{one["emoji"] for one in second[name]["recognition"]["reactions"]} for name in "acd"]
    assert shown == [{"🎉", "👏"}, {"🎉", "👏", "🎈"}, {"👏", "🎈"}]
