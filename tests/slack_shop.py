"""A shop in the office: rewards that cost points, people who have some, and a clerk who delivers."""

from typing import Any
from uuid import UUID

import pytest

from app import audit, reward
from app.reward import Clerk, CreateReward, FulfilmentReader, Manual, Provider, Redemption, RewardKind, Vouchers
from integrations.slack import preferences
from integrations.slack.models import Choice
from tests.played_slack import Json, words
from tests.slack_office import SECRET_KEY, Office
from tests.world import Somebody


class Shop:
    """What tests of rewards arrange, and what they look at."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.world = office.world
        database = office.world.database
        self.vouchers = Vouchers(database, SECRET_KEY)
        self.clerk = Clerk(database, {Provider.MANUAL: Manual(), Provider.VOUCHER: self.vouchers})
        self.reader = FulfilmentReader(database.clock)

    async def offers(self, name: str, price: int, **more: Any) -> UUID:
        """A reward."""
        given = {"kind": RewardKind.CUSTOM, "description": f"All of a {name.lower()}", **more}
        return await self.world.database.submit(CreateReward(self.world.house, name, price_points=price, **given))

    async def offers_codes(self, name: str, price: int, *codes: str, **more: Any) -> UUID:
        """A reward of voucher codes."""
        reward_id = await self.offers(name, price, provider=Provider.VOUCHER, requires_approval=False, **more)
        sealed = tuple(map(self.vouchers.close, codes))
        await self.world.database.submit(reward.AddCodes(self.world.house, reward_id, sealed))
        return reward_id

    async def changes(self, reward_id: UUID, **changes: Any) -> None:
        """An admin changes a reward elsewhere."""
        await self.world.database.submit(reward.UpdateReward(self.world.house, reward_id, **changes))

    async def archives(self, reward_id: UUID) -> None:
        """An admin takes a reward out elsewhere."""
        await self.world.database.submit(reward.ArchiveReward(self.world.house, reward_id))

    async def earns(self, somebody: Somebody, points: int) -> None:
        """Somebody has points to spend."""
        assert (await self.world.owner.adjusts(somebody, points)).user_errors == []

    async def delivers(self) -> None:
        """The clerk goes round once, and Slack is told."""
        here = self.world.organization_id
        while await audit.feed.advance(self.world.database, self.reader, here):
            pass
        await self.clerk.round([here])
        await self.office.settle()

    async def looks(self, who: str) -> str:
        """Somebody opens Home; returns its words."""
        event = {"type": "app_home_opened", "user": who, "channel": f"D{who[1:]}", "tab": "home"}
        assert (await self.office.event(event)).status_code == 200
        await self.office.settle()
        return self.home(who)

    async def looks_after(self, who: str) -> str:
        """An admin opens Home and turns to the part for admins."""
        await self.looks(who)
        await self.office.presses(who, self.office.slack.homes[who], "Admin")
        await self.office.settle()
        return self.home(who)

    async def mutes(self, who: str) -> None:
        """Somebody wants to be told of no thanks."""
        await preferences.change(self.world.database, await self.office.workspace(), who, notify=Choice.NEVER)

    def home(self, who: str) -> str:
        """What somebody's Home shows."""
        return words(self.office.slack.homes[who])

    async def redeems(self, who: str, name: str, *, note: str | None = None) -> Json:
        """Somebody asks for a reward in Home, and is told what follows."""
        await self.looks(who)
        await self.office.presses(who, self.office.slack.homes[who], "Redeem", about=name)
        answer = await self.office.submits(who, self.office.form, note=note)
        await self.office.settle()
        return answer

    async def redemptions(self) -> list[Redemption]:
        """All of them, the oldest first."""
        return sorted(await self.world.rows(Redemption), key=lambda row: row.id)

    async def states(self) -> list[str]:
        """Where each of them stands."""
        return [row.status.value for row in await self.redemptions()]

    def said(self, who: str) -> list[str]:
        """What somebody was told in direct messages, the oldest first."""
        return [message["text"] for message in self.office.slack.direct(who)]


@pytest.fixture(name="shop")
async def open_shop(office: Office) -> Shop:
    """The shop; its shelves are empty."""
    return Shop(office)


__all__ = ["Shop"]
