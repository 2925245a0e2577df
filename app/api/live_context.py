"""The context of one live subscription: as a request's, but begun anew at every event, and sharing what it may share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from app import organization, reward
from app.api.context import Context
from app.api.live_feed import Given, LiveFeed, Store, Subscriber, Viewer
from app.core.actor import Role
from app.recognition import Recognition, may_see

SHARED = frozenset(
    {
        "balances",
        "boosts",
        "groups",
        "groups of members",
        "member counts",
        "members",
        "pending",
        "thanked groups",
        "values",
        "values of recognitions",
    }
)
"""Loaders whose rows are the same whoever looks: resolvers decide what of them is shown."""
SHARED_BEGINS = "comments "
K = TypeVar("K")
V = TypeVar("V")


class LiveContext(Context):
    """What resolvers of a subscription are given. Its events are executed one after the other."""

    def __init__(self, live: LiveFeed, viewer: Viewer, request_id: str, vouchers: reward.Vouchers) -> None:
        super().__init__(viewer.actor, live.database, request_id, vouchers)
        self.live = live
        self.viewer = viewer
        self.store: Store | None = None
        self._subscriber: Subscriber | None = None

    async def subscribe(self) -> Subscriber:
        """What is given from now on, until the context is left."""
        assert self._subscriber is None, "a subscription has one field"
        self._subscriber = await self.live.subscribe(self.viewer)
        return self._subscriber

    def leave(self) -> None:
        """Ends what was subscribed to."""
        if self._subscriber is not None:
            self.live.leave(self.viewer, self._subscriber)

    def renew(self, store: Store) -> None:
        """Begins anew: the viewer as judged last, and nothing read before this store was made."""
        self.actor = self.viewer.actor
        self.store = store if store.fresh else self.live.store(self.organization_id)
        self.members.clear()
        self._loaders.clear()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading; all subscriptions together hold few at a time."""
        async with self.live.read() as connection:
            yield connection

    def loader(
        self, name: str, read: Callable[[AsyncConnection, UUID, list[K]], Awaitable[dict[K, V]]]
    ) -> DataLoader[K, V | None]:
        """The loader of this name, everyone's where it may be."""
        if self.store is None:
            return super().loader(name, read)
        if name in SHARED or name.startswith(SHARED_BEGINS):
            return self.store.loader(name, read)
        if name == "reactions":
            return self._reactions(self.store, read)
        return super().loader(name, read)

    def _reactions(self, store: Store, read: Any) -> DataLoader[Any, Any]:
        """Reactions say which are the viewer's. What was given just now has none, and that much is the same for all."""
        found = self._loaders.get("reactions")
        if found is None:
            everyones, mine = store.loader("whether there are reactions", read), super().loader("viewer's reactions", read)

            async def load(keys: list[UUID]) -> list[Any]:
                counted = await everyones.load_many(keys)
                return [await mine.load(key) if some else [] for key, some in zip(keys, counted, strict=True)]

            found = self._loaders["reactions"] = DataLoader(load)
        return found

    async def shown(self, given: Given, group_id: UUID | None) -> tuple[Recognition, list[UUID]] | None:
        """The recognition with its recipients, if the viewer's feed shows it now and it is about the group. Brings its people
        along."""
        assert self.store is not None
        if group_id is not None and group_id not in given.group_ids:
            return None
        found = await self.store.recognition(given.recognition_id)
        if found is None:
            return None
        row, recipient_ids = found
        # As the feed does: nobody's role opens the private ones of others, and what was taken back is not there.
        if row.revoked_at is not None or not may_see(row, recipient_ids, self.actor.member_id, Role.MEMBER):
            return None
        loader = self.loader("members", organization.reads.members_by_id)
        members = await loader.load_many([row.giver_id, *recipient_ids])
        self.members |= {member.id: member for member in members if member is not None}
        return row, recipient_ids
