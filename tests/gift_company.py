"""A pretend gift-card service, which no part of the house knows: a third provider, as unreliable as the story wants it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from app import reward
from app.reward import Delivered, FulfilmentOrder, Order, Outcome
from tests.shop import Shop
from tests.world import Somebody

Step = Outcome | BaseException | Callable[[Order], Coroutine[Any, Any, Outcome]]


@dataclass
class Company:
    """A pretend gift-card service somewhere outside: it does an order once, however often it is asked, and may lose its word."""

    script: list[Step] = field(default_factory=list)
    """How it answers, one after the other; when nothing is left it does what it is asked for."""
    asked: list[UUID] = field(default_factory=list)
    done: dict[UUID, str] = field(default_factory=dict)
    """What was sent, by the order's id."""

    async def deliver(self, order: Order) -> Outcome:
        self.asked.append(order.id)
        step = self.script.pop(0) if self.script else self.sends
        if isinstance(step, BaseException):
            raise step
        return await step(order) if callable(step) else step

    async def sends(self, order: Order) -> Outcome:
        """As it should be: the order is accepted, and the same id is sent once."""
        await order.accept()
        return Delivered(self.done.setdefault(order.id, f"card {len(self.done) + 1}"))


async def ordered(shop: Shop, who: Somebody | None = None, **more: Any) -> UUID:
    """Somebody has redeemed a mug, which the company is to deliver."""
    mug = await shop.sells(stock=5, **more)
    await shop.earns(10, who or shop.world.ann)
    return await shop.redeems(who or shop.world.ann, mug)


@pytest.fixture(name="company")
def pretended_company() -> Company:
    return Company()


@pytest.fixture(name="clerk")
def clerk_of_the_company(shop: Shop, company: Company) -> reward.Clerk:
    """Whose rewards by hand the company delivers."""
    return shop.clerk(MANUAL=company)


async def order_of(shop: Shop, redemption_id: UUID) -> FulfilmentOrder:
    return (await shop.orders())[redemption_id]
