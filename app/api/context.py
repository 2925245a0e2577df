"""The context of one request: who asks, where to read, and loaders that ask once for many rows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from app import allowance, ledger, organization, recognition, reward
from app.core.actor import Actor, Door, system
from app.core.errors import Forbidden
from app.db import Act, Database, Slice

READERS_MAX = 3
"""Connections that one request reads on at a time."""
K = TypeVar("K")
R = TypeVar("R")
V = TypeVar("V")


class Context:
    """What resolvers are given."""

    def __init__(self, actor: Actor, database: Database, request_id: str, vouchers: reward.Vouchers) -> None:
        self.actor = actor
        self.database = database
        self._reading = asyncio.Semaphore(READERS_MAX)
        self.request_id = request_id
        self.vouchers = vouchers
        """What opens the codes of vouchers."""
        self.organization_id = actor.organization_id
        self.members: dict[UUID, organization.Member] = {}
        """Members that a page brought along, so that nobody asks for them again."""
        self._loaders: dict[Any, DataLoader[Any, Any]] = {}

    @property
    def member_id(self) -> UUID:
        """The member who asks. Raises Forbidden when nobody but the house itself does."""
        if self.actor.member_id is None:
            raise Forbidden("Only members do this.")
        return self.actor.member_id

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading. One request holds few at a time, so that it cannot starve all others."""
        async with self._reading, self.database.read() as connection:
            yield connection

    async def submit(self, act: Act[R]) -> R:
        """One act through the write path. What was read before is forgotten, as the request may go on to read it again."""
        answer = await self.database.submit(act)
        self.members.clear()
        self._loaders.clear()
        return answer

    def loader(
        self, name: str, read: Callable[[AsyncConnection, UUID, list[K]], Awaitable[dict[K, V]]]
    ) -> DataLoader[K, V | None]:
        """The loader of this name: many resolvers ask, one statement answers."""
        found = self._loaders.get(name)
        if found is None:

            async def load(keys: list[K]) -> Sequence[V | None]:
                async with self.read() as connection:
                    rows = await read(connection, self.organization_id, keys)
                return [rows.get(key) for key in keys]

            found = self._loaders[name] = DataLoader(load)
        return found

    async def member(self, member_id: UUID) -> organization.Member | None:
        """A member of the organization."""
        known = self.members.get(member_id)
        if known is not None:
            return known
        return await self.loader("members", organization.reads.members_by_id).load(member_id)

    async def know(self, connection: AsyncConnection, member_ids: Iterable[UUID]) -> None:
        """Brings members along for a page."""
        missing = set(member_ids) - self.members.keys()
        self.members |= await organization.reads.members_by_id(connection, self.organization_id, missing)

    async def groups_of(self, member_id: UUID) -> list[organization.Group]:
        """The groups a member is in now."""
        return await self.loader("groups of members", organization.reads.groups_of_members).load(member_id) or []

    async def balance(self, member_id: UUID) -> int:
        """Spendable points of a member."""
        return await self.loader("balances", ledger.reads.wallet_balances).load(member_id) or 0

    async def pending(self, member_id: UUID) -> int:
        """Points of a member that are held for open redemptions."""
        return await self.loader("pending", reward.reads.pending).load(member_id) or 0

    async def allowance(self, member_id: UUID) -> allowance.Allowance:
        """A member's points to give: rehearsed, not stored, so that it is right before the period's first act."""
        found = self._loaders.get("allowances")
        if found is None:

            async def load(member_ids: list[UUID]) -> Sequence[Any]:
                reader = system(self.organization_id, Door.GRAPHQL)
                return await self.database.rehearse([allowance.BringUpToDate(reader, id_) for id_ in member_ids])

            found = self._loaders["allowances"] = DataLoader(load)
        return await found.load(member_id)  # type: ignore[no-any-return]

    async def values(self) -> dict[str, organization.CompanyValue]:
        """Every company value by hashtag: they are few."""

        async def read(connection: AsyncConnection, organization_id: UUID, _keys: list[str]) -> dict[str, Any]:
            return {"all": await organization.reads.values(connection, organization_id)}

        return await self.loader("values", read).load("all") or {}

    async def seen(self, recognition_id: UUID) -> tuple[recognition.Recognition, list[UUID]] | None:
        """A recognition with its recipients, if it exists and the actor sees it."""
        actor = self.actor

        async def read(
            connection: AsyncConnection, _organization_id: UUID, ids: list[UUID]
        ) -> dict[UUID, tuple[recognition.Recognition, list[UUID]]]:
            found = await recognition.reads.seen_by(connection, actor, ids)
            await self.know(connection, _people(found.values()))
            return found

        return await self.loader("recognitions", read).load(recognition_id)

    async def giving_case(self) -> recognition.Case:
        """The viewer as a giver, under the policy in force, for asking whom it may give to."""
        found = self._loaders.get("case")
        if found is None:

            async def load(_keys: list[int]) -> Sequence[Any]:
                viewer = await self.member(self.member_id)
                assert viewer is not None
                groups = frozenset(group.id for group in await self.groups_of(viewer.id))
                async with self.read() as connection:
                    _, policy = await recognition.reads.policy_in_force(connection, self.organization_id)
                return [recognition.Case(policy, recognition.person_of(viewer, groups), (), 0, 0, self.database.clock())]

            found = self._loaders["case"] = DataLoader(load)
        return await found.load(0)  # type: ignore[no-any-return]

    async def boosts(self, recognition_id: UUID) -> list[tuple[recognition.Boost, organization.Member]]:
        """The boosts of a recognition with their givers."""
        return await self.loader("boosts", recognition.reads.boosts).load(recognition_id) or []

    async def comments(self, recognition_id: UUID, part: Slice) -> Any:
        """A page of a recognition's comments with their authors; the same page of many in one statement."""

        async def read(connection: AsyncConnection, organization_id: UUID, ids: list[UUID]) -> dict[UUID, Any]:
            return await recognition.reads.comments_pages(connection, organization_id, ids, part)

        return await self.loader(f"comments {part}", read).load(recognition_id)


def _people(found: Iterable[tuple[recognition.Recognition, list[UUID]]]) -> Iterable[UUID]:
    for row, recipient_ids in found:
        yield row.giver_id
        yield from recipient_ids


Info = strawberry.Info[Context, None]
