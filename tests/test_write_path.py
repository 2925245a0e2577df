"""The write path: many acts in one batch, each on its own draft, and nothing half done whatever breaks."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from app import audit, ledger
from app.core.actor import Actor
from app.core.errors import Bug, Busy, Code, Refusal
from app.db import Batch, Database, Draft, Want, columns, row, scoped, sqlite_path
from app.db import committer as committers
from app.ledger import AccountKind
from app.organization import Group, Member, Membership
from tests.world import World


@dataclass(frozen=True)
class Does:
    """An act made of a function."""

    actor: Actor
    work: Callable[[Draft], Any]
    wants: tuple[Want, ...] = ()
    stands_alone: bool = False

    def needs(self) -> tuple[Want, ...]:
        return self.wants

    def decide(self, draft: Draft) -> Any:
        return self.work(draft)


async def together(world: World, *works: Callable[[Draft], Any]) -> list[Any]:
    """Submits them at once; answers and exceptions in their order."""
    acts = [world.database.submit(Does(world.house, work)) for work in works]
    return await asyncio.gather(*acts, return_exceptions=True)


def makes(name: str) -> Callable[[Draft], Any]:
    """Makes a group and tells of it."""

    def work(draft: Draft) -> Batch:
        group = draft.add(Group, id=draft.new_id(), kind="team", name=name)
        draft.tell("group.created", f"group:{group.id}")
        return draft.batch

    return work


def names(draft: Draft) -> list[str]:
    """The teams as an act sees them."""
    return sorted(group.name for group in draft.list(Group, kind="team"))


async def stored(world: World) -> list[str]:
    """The teams in the database."""
    return sorted(group.name for group in await world.rows(Group))


@asynccontextmanager
async def locked(world: World) -> AsyncIterator[None]:
    """Somebody else holds the lock."""
    if world.database.is_sqlite:
        holder = sqlite3.connect(sqlite_path(world.database.url), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        return
    async with await psycopg.AsyncConnection.connect(world.database.url) as connection:
        await connection.execute("SELECT 1 FROM chain_head FOR UPDATE")
        yield
        await connection.rollback()


def begins(world: World, work: Callable[[Draft], Any], **more: Any) -> "asyncio.Task[Any]":
    """Submits it and does not wait."""
    return asyncio.create_task(world.database.submit(Does(world.house, work, **more)))


async def settle(world: World) -> None:
    """The committer has taken what waits, and stands before the lock."""
    for _ in range(100):
        await asyncio.sleep(0.005)
        if not world.database.committer._waiting:
            return
    raise AssertionError("the committer takes nothing")


async def test_acts_of_one_batch_see_each_other(world: World):
    first, second, seen = await together(world, makes("Kitchen"), makes("Garden"), lambda draft: (draft.batch, names(draft)))

    assert first is second is seen[0]
    assert seen[1] == ["Garden", "Kitchen"] == await stored(world)
    assert len(await world.told("group.created")) == 2


async def test_a_refusal_drops_only_its_own_draft(world: World):
    def refuses(draft: Draft) -> None:
        makes("Nowhere")(draft)
        raise Refusal(Code.INVALID_INPUT, "No.", "name")

    batch, refusal, seen = await together(world, makes("Kitchen"), refuses, names)

    assert isinstance(batch, Batch)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (Code.INVALID_INPUT, ("name",))
    assert seen == ["Kitchen"] == await stored(world)


async def test_an_act_of_refusals_alone_writes_nothing(world: World):
    before = await world.snapshot()

    def refuses(draft: Draft) -> None:
        makes("Nowhere")(draft)
        raise Refusal(Code.INVALID_INPUT, "No.")

    answers = await together(world, refuses, refuses)

    assert [type(answer) for answer in answers] == [Refusal, Refusal]
    assert await world.snapshot() == before


async def test_a_bug_is_masked_and_its_neighbours_stand(world: World, caplog: pytest.LogCaptureFixture):
    def breaks(draft: Draft) -> None:
        makes("Nowhere")(draft)
        raise ZeroDivisionError("password=hunter2")

    first, bug, last = await together(world, makes("Kitchen"), breaks, makes("Garden"))

    assert first is last
    assert isinstance(bug, Bug)
    assert str(bug) == f"internal error {bug.reference}"
    assert bug.reference in caplog.text
    assert "hunter2" in caplog.text
    assert await stored(world) == ["Garden", "Kitchen"]


async def test_an_event_that_cannot_be_written_down_drops_its_act(world: World):
    def unspeakable(draft: Draft) -> None:
        makes("Nowhere")(draft)
        draft.tell("group.created", "group:x", what=object())

    batch, bug = await together(world, makes("Kitchen"), unspeakable)

    assert isinstance(bug, Bug)
    assert await stored(world) == ["Kitchen"]
    (last,) = [event for event in await world.rows(audit.AuditEvent) if event.sequence == batch.links[world.organization_id][0]]
    assert last.hash == batch.links[world.organization_id][1], "what the batch calls its last event is in the chain"


async def test_a_flush_that_fails_is_tried_act_by_act(world: World, caplog: pytest.LogCaptureFixture):
    def below_zero(draft: Draft) -> None:
        draft.add(ledger.Account, owner_id=world.ann.key, kind=AccountKind.WALLET, member_id=world.ann.key, balance=-1)
        draft.tell("group.created", "group:x")

    with caplog.at_level(logging.WARNING):
        first, bug, last = await together(world, makes("Kitchen"), below_zero, makes("Garden"))

    assert isinstance(first, Batch)
    assert isinstance(last, Batch)
    assert first is not last
    assert isinstance(bug, Bug)
    assert "a batch of 3 acts failed and is tried act by act" in caplog.text
    assert await stored(world) == ["Garden", "Kitchen"]
    assert await world.rows(ledger.Account) == [] or await world.sound()


async def test_an_act_whose_caller_has_gone_before_it_began_is_dropped(world: World):
    async with locked(world):
        first = begins(world, makes("Kitchen"))
        await settle(world)
        gone = begins(world, makes("Nowhere"))
        await asyncio.sleep(0)
        gone.cancel()
    await first
    await together(world, names)

    assert await stored(world) == ["Kitchen"]


async def test_an_act_whose_caller_goes_later_stands(world: World):
    async with locked(world):
        gone = begins(world, makes("Kitchen"))
        await settle(world)
        gone.cancel()
    await together(world, names)

    assert gone.cancelled()
    assert await stored(world) == ["Kitchen"]


async def test_too_many_acts_are_turned_away_with_nothing_changed(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(committers, "WAITING_MAX", 2)
    async with locked(world):
        waiting = [begins(world, makes("A"))]
        await settle(world)
        waiting += [begins(world, makes("B")), begins(world, makes("C"))]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="Nothing was changed"):
            await world.database.submit(Does(world.house, makes("Nowhere")))
    await asyncio.gather(*waiting)

    assert await stored(world) == ["A", "B", "C"]
    await together(world, makes("D"))


async def test_closing_commits_what_waits_and_accepts_nothing_more(world: World):
    database = Database(world.database.url, audit.AuditChain(), clock=lambda: world.now)
    await database.open()
    async with locked(world):
        waiting = [asyncio.create_task(database.submit(Does(world.house, makes(name)))) for name in ("A", "B")]
        await asyncio.sleep(0.02)
        waiting.append(asyncio.create_task(database.submit(Does(world.house, makes("C")))))
        await asyncio.sleep(0.02)
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0.02)
        with pytest.raises(Busy):
            await database.submit(Does(world.house, makes("Nowhere")))
        assert not closing.done()
    await asyncio.gather(*waiting, closing)

    assert await stored(world) == ["A", "B", "C"]


async def test_an_act_that_stands_alone_is_a_batch_of_its_own(world: World):
    tasks = [
        begins(world, makes("A")),
        begins(world, makes("B"), stands_alone=True),
        begins(world, makes("C")),
        begins(world, makes("D")),
    ]
    a, b, c, d = await asyncio.gather(*tasks)

    assert a is not b
    assert b is not c
    assert c is d


async def test_with_the_setting_a_batch_holds_one_organization(world: World):
    neighbour = World(world.database.url)
    await neighbour.open()
    for apart in (False, True):
        world.database.committer.one_organization_per_batch = apart
        actors = [world.house, world.house, neighbour.house, neighbour.house, world.house]
        acts = [world.database.submit(Does(actor, lambda draft: draft.batch)) for actor in actors]
        batches = await asyncio.gather(*acts)
        assert len({id(batch) for batch in batches}) == (3 if apart else 1)
    await neighbour.close()


async def test_a_batch_is_not_larger_than_its_bound(world: World):
    world.database.committer.batch_max = 2
    a, b, c = await together(world, makes("A"), makes("B"), makes("C"))

    assert a is b
    assert b is not c


async def test_lists_show_what_was_added_changed_and_removed(world: World):
    await together(world, makes("Stays"), makes("Goes"), makes("Moves"))

    def changes(draft: Draft) -> list[str]:
        groups = {group.name: group for group in draft.list(Group, kind="team")}
        draft.remove(groups["Goes"])
        draft.change(groups["Moves"], kind="club")
        draft.change(groups["Stays"], name="Stayed")
        draft.add(Group, id=draft.new_id(), kind="team", name="Comes")
        return names(draft)

    def undecided(draft: Draft) -> None:
        draft.add(Group, id=draft.new_id(), kind="club", name="Nowhere")
        assert clubs(draft) == ["Moves", "Nowhere"]
        raise Refusal(Code.INVALID_INPUT, "No.")

    def clubs(draft: Draft) -> list[str]:
        return sorted(group.name for group in draft.list(Group, kind="club"))

    mine, refusal, theirs, others = await together(world, changes, undecided, names, clubs)

    assert isinstance(refusal, Refusal)
    assert mine == theirs == ["Comes", "Stayed"]
    assert others == ["Moves"]
    assert await stored(world) == ["Comes", "Moves", "Stayed"]


async def test_a_row_may_come_and_go_any_number_of_times_in_a_batch(world: World):
    """Who is in a group: one act puts somebody in and takes them out again, the next one puts them in."""
    await together(world, makes("Kitchen"))
    (group,) = await world.rows(Group)
    key = {"group_id": group.id, "member_id": world.ann.key}

    def enters(draft: Draft) -> None:
        draft.add(Membership, **key, since=draft.now)

    def leaves(draft: Draft) -> None:
        membership = draft.get(Membership, group.id, world.ann.key)
        assert membership is not None
        draft.remove(membership)

    def each(*works: Callable[[Draft], None]) -> Callable[[Draft], None]:
        return lambda draft: [work(draft) for work in works].clear()

    stories: list[list[Callable[[Draft], None]]] = [
        [each(enters, leaves), enters],
        [leaves],
        [each(enters, leaves, enters)],
        [each(leaves, enters, leaves)],
        [enters, leaves],
    ]
    there = []
    for story in stories:
        assert await together(world, *story) == [None] * len(story)
        there.append(len(await world.rows(Membership)))

    assert there == [1, 0, 1, 0, 0]


async def test_what_will_be_asked_for_is_loaded_at_once(world: World):
    keys = [somebody.key for somebody in (world.ann, world.bob, world.cem, world.dee)]
    rounds = {"said": 0, "unsaid": 0}

    def asks(how: str) -> Callable[[Draft], list[str]]:
        def work(draft: Draft) -> list[str]:
            rounds[how] += 1
            if how == "said":
                draft.expect(row(Member, world.organization_id, key) for key in keys)
            return [member.display_name for key in keys if (member := draft.get(Member, key))]

        return work

    for how in rounds:
        assert await together(world, asks(how)) == [["Ann", "Bob", "Cem", "Dee"]]

    assert rounds == {"said": 2, "unsaid": 5}


async def test_an_act_that_never_stops_asking_is_a_bug(world: World):
    def asks(draft: Draft) -> None:
        draft.get(Member, world.organization_id.__class__(int=len(draft.batch.rows)))

    bug, batch = await together(world, asks, makes("Kitchen"))

    assert isinstance(bug, Bug)
    assert isinstance(batch, Batch)


async def test_a_rehearsal_answers_and_leaves_no_trace(world: World):
    before = await world.snapshot()

    def refuses(draft: Draft) -> None:
        raise Refusal(Code.INVALID_INPUT, "No.")

    acts = [Does(world.house, work) for work in (makes("A"), names, refuses, lambda draft: 1 // 0)]
    batch, seen, refusal, bug = await world.database.rehearse(acts)

    assert isinstance(batch, Batch)
    assert seen == [], "rehearsed acts do not see each other"
    assert isinstance(refusal, Refusal)
    assert isinstance(bug, Bug)
    assert await world.snapshot() == before
    async with world.database.read() as connection:
        group = columns(Group)
        assert (await connection.execute(scoped(Group, world.organization_id, sa.func.count(group.id)))).scalar_one() == 0
