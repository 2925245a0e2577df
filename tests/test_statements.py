"""How many SQL statements an operation takes: the same for 2 rows and for 40, and each of them asks for one organization."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import organization, reward
from app.api.ids import uuid_of
from app.db import metadata
from app.organization import Audience
from app.reward import RewardKind, Verb
from app.worker import issue_allowances
from tests.world import Somebody, World

FEW, MANY = 2, 40
FEED = """query Feed($first: Int!) { recognitions(first: $first) { nodes {
  id message pointsEach giver { id displayName } recipients { id displayName } values { hashtag } groups { id name }
  boosts { id pointsEach giver { displayName } } reactions { emoji count mine }
  comments(first: 2) { nodes { id text author { displayName } } } } pageInfo { hasNextPage endCursor } } }"""
MEMBERS = """query Members($first: Int!) { members(first: $first, search: "person") { nodes {
  id displayName canReceive manager { displayName } groups { name memberCount }
  wallet { balance } allowance { total remaining } } } }"""
TRAIL = "query Trail($first: Int!) { auditTrail(first: $first) { nodes { sequence action actor { displayName } actorLabel } } }"
TRANSFERS = """query Transfers($first: Int!) { viewer { member { wallet { transfers(first: $first) { nodes {
  points memo recognition { message giver { displayName } recipients { displayName } } } } } } } }"""
GROUPS = "query Groups($first: Int!) { groups(first: $first) { nodes { name memberCount } } }"
TOKENS = "query Tokens($first: Int!) { tokens(first: $first) { nodes { name member { displayName } } } }"
REWARDS = """query Rewards($first: Int!) { rewards(first: $first, everything: true) { nodes {
  name pricePoints stock medianWeeksToReach audience { groups { name } members { displayName } } } } }"""
REDEMPTIONS = """query Redemptions($first: Int!) { redemptions(first: $first) { nodes { status daysWaiting note answer voucherCode
  reward { name audience { groups { name } } } member { displayName wallet { balance pending } } } } }"""
FULFILMENTS = """query Fulfilments($first: Int!) { fulfilments(first: $first) { nodes { provider daysWaiting trouble
  redemption { note reward { name } member { displayName } } } } }"""
STATEMENT = """query Statement($first: Int!) { statement { totals { minorUnits } lines(first: $first) { nodes { points
  redemption { rewardName note reward { name } member { displayName } } } } } }"""
ACTIVITY = """query Activity($first: Int!) { pointActivity(first: $first) { totals { closing } nodes { kind memo
  entries { account points member { displayName } } } } }"""
OPERATIONS: dict[str, tuple[str, str, int]] = {
    "feed": ("ann", FEED, 8),
    "members": ("admin", MEMBERS, 16),
    "audit trail": ("auditor", TRAIL, 2),
    "transfers": ("bob", TRANSFERS, 7),
    "groups": ("ann", GROUPS, 2),
    "tokens": ("owner", TOKENS, 2),
    "rewards": ("admin", REWARDS, 6),
    "redemptions": ("admin", REDEMPTIONS, 9),
    "fulfilments": ("auditor", FULFILMENTS, 5),
    "statement": ("auditor", STATEMENT, 9),
    "point activity": ("auditor", ACTIVITY, 9),
}
"""Who sends it, the document, and the most statements it may take."""


class Counted:
    """Statements that were sent to the database."""

    def __init__(self) -> None:
        self.statements: list[str] = []


@contextmanager
def counting(world: World) -> Iterator[Counted]:
    """Counts what readers and the rehearsing store send. Both go through the driver's cursor, or through our store."""
    counted = Counted()

    def heard(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counted.statements.append(statement)

    engine = world.database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", heard)
    stores = list(world.database._rehearsal_stores)
    for store in stores:
        listen(store, counted.statements.append)
    try:
        yield counted
    finally:
        sa.event.remove(engine, "before_cursor_execute", heard)
        for store in stores:
            listen(store, None)


def listen(store: Any, hear: Any) -> None:
    """Hears what a store of ours sends: SQLite's tracing, or a cursor that tells. On SQLite the store sends a small statement
    for each key, inside this process: there they count once for each kind."""
    if hasattr(store.connection, "set_trace_callback"):
        kinds: set[str] = set()

        def hear_kind(statement: str) -> None:
            kind = re.sub(r"x'[0-9a-f]*'|'[^']*'|\b\d+\b", "?", statement, flags=re.IGNORECASE)
            if kind not in kinds:
                kinds.add(kind)
                hear(kind)

        store.connection.set_trace_callback(hear_kind if hear else None)
        return

    import psycopg

    class Telling(psycopg.AsyncCursor[Any]):
        async def execute(self, query: Any, *rest: Any, **more: Any) -> Any:
            hear(str(query))
            return await super().execute(query, *rest, **more)

    store.connection.cursor_factory = Telling if hear else psycopg.AsyncCursor


def asked(statements: list[str]) -> list[str]:
    """Without what opens and closes a transaction, the ping of the pool, and asking once a second who it is that asks."""
    opening = ("BEGIN", "ROLLBACK", "COMMIT", "PRAGMA", "SELECT token.id, token.member_id, token.expires_at")
    return [text for text in statements if not text.startswith(opening) and text != ";"]


@pytest.fixture
async def crowd(world: World) -> World:
    """Forty people in forty groups, and forty recognitions with everything on them."""
    await world.praises("care")
    await world.sets_allowance_policy(basePoints=1_000, applyNow=True)
    people: list[Somebody] = []
    groups: list[UUID] = []
    for number in range(MANY):
        somebody = await world.hires(f"P{number:02} Person")
        boss = people[-1] if people else world.ann
        await world.database.submit(organization.UpdateMember(world.house, somebody.key, manager_id=boss.key))
        people.append(somebody)
        group = await world.groups(f"Group {number}", somebody, world.bob)
        groups.append(uuid_of(group, "Group"))
        given = await world.ann.gives(to=[world.bob, somebody], groups=[group], points=2, message=f"Number {number} #care")
        assert given.user_errors == []
        id_ = given.payload["recognition"]["id"]
        booster = people[number // 2] if people[number // 2] is not somebody else world.dee
        assert (await booster.boosts(id_, points=1)).user_errors == []
        for document in (COMMENT, REACT):
            answer = await booster.asks(document, id=id_)
            assert answer.user_errors == []
    for number in range(MANY):
        await redeems(world, number, people[number], groups[number])
    await issue_allowances(world.database)  # All alike: whoever was issued nothing yet takes one statement more.
    return world


async def redeems(world: World, number: int, somebody: Somebody, group: UUID) -> None:
    """A reward for a group and somebody, redeemed with a word and delivered with one; after everything before it."""
    world.passes(seconds=1)
    audience = Audience(group_ids=frozenset([group]), member_ids=frozenset([somebody.key]))
    made = reward.CreateReward(world.house, f"Mug {number}", RewardKind.CUSTOM, 1, requires_approval=False, audience=audience)
    claim = reward.RedeemReward(somebody.actor, await world.database.submit(made), 1, f"In blue, {number}", f"mug {number}", b"")
    claimed = await world.database.submit(claim)
    await world.database.submit(reward.Decide(world.house, claimed.id, Verb.FULFIL, f"Here it is, {number}"))


COMMENT = 'mutation C($id: ID!) { commentOnRecognition(recognitionId: $id, text: "Yes") { userErrors { code field } } }'
REACT = 'mutation R($id: ID!) { reactToRecognition(recognitionId: $id, emoji: "🎉") { userErrors { code field } } }'


async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(crowd: World, capsys: pytest.CaptureFixture[str]):
    numbers = {}
    for name, (who, document, at_most) in OPERATIONS.items():
        somebody: Somebody = getattr(crowd, who)
        taken = []
        for first in (FEW, MANY):
            await somebody.asks(document, first=1)  # Signs in, and opens what stays open.
            with counting(crowd) as counted:
                answer = await somebody.asks(document, first=first)
            assert rows(answer.data) == first, name
            taken.append(len(asked(counted.statements)))
            strays = [text for text in asked(counted.statements) if not scoped(text)]
            assert strays == [], f"{name} asks across organizations"
        numbers[name] = taken
        assert taken[0] == taken[1], f"{name}: {taken[0]} statements for {FEW} rows, {taken[1]} for {MANY}"
        assert taken[1] <= at_most, name
    with capsys.disabled():
        print(
            f"\nstatements on {'SQLite' if crowd.database.is_sqlite else 'PostgreSQL'}:",
            {name: two[0] for name, two in numbers.items()},
        )


async def test_a_page_of_fifty_takes_at_most_eight(crowd: World):
    await crowd.ann.asks(FEED, first=1)
    with counting(crowd) as counted:
        await crowd.ann.asks(FEED, first=50)

    assert 1 <= len(asked(counted.statements)) <= 8


async def test_what_is_not_asked_for_is_not_read(crowd: World):
    lean = "query Lean($first: Int!) { recognitions(first: $first) { nodes { id message } } }"
    await crowd.ann.asks(lean, first=1)
    with counting(crowd) as counted:
        await crowd.ann.asks(lean, first=50)

    assert len(asked(counted.statements)) <= 3


def rows(data: Any) -> int:
    """Length of the first list of nodes."""
    if isinstance(data, dict):
        if "nodes" in data:
            return len(data["nodes"])
        return next((found for value in data.values() if (found := rows(value)) >= 0), -1)
    return -1


def scoped(statement: str) -> bool:
    """Whether every table of ours that is read is narrowed to an organization."""
    tables = [
        table.name
        for table in metadata.sorted_tables
        if f" {table.name} " in statement.replace("\n", " ").replace(",", " ,") + " "
    ]
    return not tables or "organization_id =" in statement or "organization_id, " in statement.split(" IN ")[-1]


def test_a_statement_across_organizations_is_seen():
    assert not scoped("SELECT member.id FROM member WHERE member.id = ?")
    assert scoped("SELECT member.id FROM member WHERE member.organization_id = ?")


async def test_counting_hears_every_kind_of_reading(world: World):
    await world.ann.allowance()
    with counting(world) as counted:
        await world.ann.allowance()
        async with world.database.read() as connection:
            await connection.execute(sa.text("SELECT 42"))

    assert any("allowance_standing" in text for text in counted.statements), "the rehearsing store"
    assert "SELECT 42" in counted.statements
