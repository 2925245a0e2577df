"""A reader of the feed that keeps a diary, in the world of the stories: what happens, what was read, and how far."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app import organization
from app.audit import AuditEvent, DeadLetter, FeedCursor, feed, letters
from app.db import Slice
from tests.world import NOON, World

ALL = Slice(1_000)


@dataclass
class Diary:
    """A reader that writes down every event it takes, in the reader's own table: that of the dead letters, as it has no other."""

    name: str = "diary"
    poison: set[int] = field(default_factory=set)
    """Events on which it fails."""
    calls: list[list[int]] = field(default_factory=list)
    """What it was handed, also in vain."""
    between: Callable[[AsyncConnection], Awaitable[Any]] | None = None
    """What happens while it takes events."""

    async def take(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        self.calls.append([event.sequence for event in events])
        for event in events:
            await self.writes(connection, event.organization_id, event.sequence)
            if self.between is not None:
                await self.between(connection)
            if event.sequence in self.poison:
                raise ValueError(f"cannot stomach event {event.sequence}\nof many lines")

    async def again(self, connection: AsyncConnection, letter: DeadLetter) -> None:
        await self.writes(connection, letter.organization_id, letter.sequence)
        if letter.sequence in self.poison:
            raise ValueError(f"still cannot stomach {letter.subject or 'it'}")

    async def writes(self, connection: AsyncConnection, organization_id: UUID, sequence: int) -> None:
        await letters.bury(connection, organization_id, f"page of {self.name}", sequence, "", "", 0, NOON)

    async def pages(self, world: World) -> list[int]:
        """What it has kept, in order."""
        return sorted(row.sequence for row in await world.rows(DeadLetter) if row.reader == f"page of {self.name}")


@pytest.fixture(name="diary")
async def begun_diary(world: World) -> Diary:
    """Of a reader that begins with what is told from now on."""
    await feed.place(world.database, "diary", world.organization_id, at_head=True)
    return Diary()


async def head(world: World) -> int:
    return max(row.sequence for row in await world.rows(AuditEvent))


async def happens(world: World, times: int) -> list[int]:
    """So many events; their numbers."""
    before = await head(world)
    for number in range(times):
        await world.database.submit(
            organization.CreateCompanyValue(world.house, f"Value {before} {number}", f"v{before}x{number}")
        )
    return list(range(before + 1, await head(world) + 1))


async def advance(world: World, reader: Diary, **limits: int) -> int:
    return await feed.advance(world.database, reader, world.organization_id, **limits)


async def cursor(world: World, name: str = "diary") -> Any:
    (found,) = [row for row in await world.rows(FeedCursor) if row.reader == name]
    return found


async def given_up(world: World, name: str = "diary") -> list[DeadLetter]:
    async with world.database.read() as connection:
        return (await letters.listed(connection, world.organization_id, name, ALL)).rows


@asynccontextmanager
async def following(world: World, *readers: Diary, seconds: float = 60.0, wakes: bool = True) -> AsyncIterator[None]:
    """The loop, for the time of a story."""
    wake = asyncio.Event()
    if wakes:
        feed.wake_on_commit(world.database, wake)

    async def everyone() -> Iterable[UUID]:
        async with world.database.read() as connection:
            return [row.organization_id for row in await organization.all_organizations(connection)]

    task = asyncio.create_task(feed.follow(world.database, readers, everyone, wake, seconds=seconds))
    try:
        yield
    finally:
        assert not task.done(), "it never ends by itself"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(world: World, reader: Diary, pages: list[int]) -> None:
    """Waits for the reader to have kept these."""
    async with asyncio.timeout(10):
        while await reader.pages(world) != pages:  # noqa: ASYNC110  # it is the database that tells, as it would an admin
            await asyncio.sleep(0.01)


async def at_rest() -> None:
    """Waits until the follower waits."""
    await asyncio.sleep(6 * feed.GATHER_SECONDS)
