"""A shop in the world of the stories: rewards to be had, members with points who redeem them, and what becomes of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from app import audit, ledger, recognition, reward
from app.audit import DeadLetter
from app.core.actor import Actor, Door, system
from app.core.errors import Refusal
from app.db import Slice
from app.ledger import AccountKind
from app.reward import FulfilmentOrder, Provider, Redemption, Reward, RewardKind, RewardReport, StatementLine, Verb, Vouchers
from tests.world import Somebody, World

SOUND = RewardReport(0, 0, 0, 0)
SECRET = "the secret key of these stories, 32 bytes and more"
No = tuple[str, tuple[str, ...]]
"""Code and field of a refusal."""


@dataclass
class Shop:
    """What people do in it."""

    world: World
    vouchers: Vouchers = field(init=False)
    reader: reward.FulfilmentReader = field(init=False)

    def __post_init__(self) -> None:
        self.vouchers = Vouchers(self.world.database, SECRET)
        self.reader = reward.FulfilmentReader(self.world.database.clock)

    @property
    def house(self) -> Actor:
        """The worker."""
        return system(self.world.organization_id, Door.WORKER)

    async def sells(self, name: str = "Mug", price: int = 10, *, approval: bool = False, **more: Any) -> UUID:
        """A reward in the catalog, delivered by hand."""
        act = reward.CreateReward(self.world.admin.actor, name, RewardKind.CUSTOM, price, requires_approval=approval, **more)
        return await self.world.database.submit(act)

    async def sells_vouchers(self, *codes: str, name: str = "Gift card", price: int = 10, **more: Any) -> UUID:
        """A reward of voucher codes."""
        reward_id = await self.sells(name, price, provider=Provider.VOUCHER, **more)
        if codes:
            await self.adds_codes(reward_id, *codes)
        return reward_id

    async def adds_codes(self, reward_id: UUID, *codes: str) -> list[bool]:
        """The admin uploads; says of each code whether it was new."""
        sealed = tuple(self.vouchers.close(code) for code in codes)
        return list((await self.world.database.submit(reward.AddCodes(self.world.admin.actor, reward_id, sealed))).new)

    async def changes(self, reward_id: UUID, **values: Any) -> None:
        """The admin changes a reward."""
        await self.world.database.submit(reward.UpdateReward(self.world.admin.actor, reward_id, **values))

    async def earns(self, points: int, *people: Somebody) -> None:
        """Points in the wallet of each; below zero takes them back."""
        for somebody in people:
            key = self.world.new_key()
            act = recognition.AdjustPoints(self.world.admin.actor, somebody.key, points, "For the story", key, key.encode())
            await self.world.database.submit(act)

    def redeeming(
        self,
        who: Somebody,
        reward_id: UUID,
        *,
        expects: int | None = None,
        note: str | None = None,
        key: str | None = None,
        content: bytes | None = None,
    ) -> reward.RedeemReward:
        """The command."""
        said = content if content is not None else f"{reward_id} {expects} {note}".encode()
        return reward.RedeemReward(who.actor, reward_id, expects, note, key or self.world.new_key(), said)

    async def redeems(self, who: Somebody, reward_id: UUID, **more: Any) -> UUID:
        """A redemption's id. A millisecond later than what was before, so that everything has its order."""
        self.world.passes(milliseconds=1)
        redeemed = await self.world.database.submit(self.redeeming(who, reward_id, **more))
        assert not redeemed.replayed
        return redeemed.id

    async def decides(self, who: Somebody, verb: Verb, redemption_id: UUID, *words: str, restock: bool = False) -> Redemption:
        """A step, a millisecond later; the redemption after it."""
        self.world.passes(milliseconds=1)
        assert await self.world.database.submit(self.deciding(who, verb, redemption_id, *words, restock=restock)) == redemption_id
        return await self.redemption(redemption_id)

    def deciding(self, who: Somebody, verb: Verb, redemption_id: UUID, *words: str, restock: bool = False) -> reward.Decide:
        """The command."""
        return reward.Decide(who.actor, redemption_id, verb, words[0] if words else None, restock)

    async def refuses(self, act: Any) -> No:
        """The refusal of an act, which leaves no trace anywhere."""
        before = await self.world.snapshot()
        with pytest.raises(Refusal) as refused:
            await self.world.database.submit(act)
        assert await self.world.snapshot() == before
        return refused.value.code.value, refused.value.field

    async def redemption(self, redemption_id: UUID) -> Redemption:
        (found,) = [row for row in await self.world.rows(Redemption) if row.id == redemption_id]
        return found

    async def status(self, redemption_id: UUID) -> str:
        return (await self.redemption(redemption_id)).status.value

    async def stock(self, reward_id: UUID) -> int | None:
        (found,) = [row.stock for row in await self.world.rows(Reward) if row.id == reward_id]
        return found

    async def wallet(self, who: Somebody) -> int:
        return (await self.world.balances()).get((AccountKind.WALLET, who.key), 0)

    async def held(self) -> tuple[int, int]:
        """Points in escrow, and points spent for good."""
        balances, here = await self.world.balances(), self.world.organization_id
        return balances.get((AccountKind.ESCROW, here), 0), balances.get((AccountKind.REDEEMED, here), 0)

    async def moved(self, redemption_id: UUID) -> list[tuple[str, dict[str, int]]]:
        """The transfers of a redemption, the oldest first: why, and points by kind of account."""
        entries = await self.world.rows(ledger.Entry)
        transfers = sorted(await self.world.rows(ledger.Transfer), key=lambda row: row.id)
        return [
            (one.kind.value, {entry.account_kind.value: entry.points for entry in entries if entry.transfer_id == one.id})
            for one in transfers
            if one.redemption_id == redemption_id
        ]

    async def statement(self, month: str) -> list[tuple[str, int, int, str]]:
        """The lines of a month, the oldest first: kind, points, minor units, currency."""
        lines = sorted(await self.world.rows(StatementLine), key=lambda row: row.id)
        wanted = [line for line in lines if line.month == reward.reports.month_of(month)]
        return [(line.kind.value, line.points, line.minor_units, line.currency_code) for line in wanted]

    async def words(self, remark_id: UUID | None) -> str | None:
        """What was said."""
        if remark_id is None:
            return None
        async with self.world.database.read() as connection:
            return (await reward.reads.words(connection, self.world.organization_id, [remark_id]))[remark_id]

    async def reads_the_feed(self) -> None:
        """The reader catches up."""
        while await audit.feed.advance(self.world.database, self.reader, self.world.organization_id):
            pass

    async def orders(self) -> dict[UUID, FulfilmentOrder]:
        """Orders by redemption."""
        return {row.redemption_id: row for row in await self.world.rows(FulfilmentOrder)}

    async def letters(self) -> list[DeadLetter]:
        """What the clerk gave up."""
        async with self.world.database.read() as connection:
            page = await audit.letters.listed(connection, self.world.organization_id, self.reader.name, Slice(1_000))
        return page.rows

    def clerk(self, **providers: reward.Deliverer) -> reward.Clerk:
        """Somebody to go round, with these providers by name, and the house's own."""
        known: dict[Provider, reward.Deliverer] = {Provider.MANUAL: reward.Manual(), Provider.VOUCHER: self.vouchers}
        return reward.Clerk(self.world.database, known | {Provider(name): one for name, one in providers.items()})

    async def goes_round(self, clerk: reward.Clerk | None = None) -> int:
        """The feed is read and the clerk goes round once, then the feed is read again; how many orders were due."""
        await self.reads_the_feed()
        due = await (clerk or self.clerk()).round([self.world.organization_id])
        await self.reads_the_feed()
        return due

    async def code(self, who: Somebody, redemption_id: UUID) -> str | None:
        """The voucher code, as somebody reads it."""
        async with self.world.database.read() as connection:
            return (await self.vouchers.codes(connection, who.actor, [redemption_id])).get(redemption_id)

    async def proved(self) -> RewardReport:
        return await reward.prove(self.world.database, self.world.organization_id)


@pytest.fixture(name="shop")
async def opened_shop(world: World) -> AsyncIterator[Shop]:
    """The shop. When the story ends, redemptions, statements and ledger must agree."""
    shop = Shop(world)
    yield shop
    assert await shop.proved() == SOUND
