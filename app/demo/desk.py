"""The desk behind Farola's rewards: opens the catalog, lets people claim, and decides about claims, each on its day."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app import audit, ledger, reward
from app.core.actor import Actor, Door, Role
from app.db import Act, Database, Slice
from app.demo.catalog import ITEMS, Item
from app.demo.claims import Claim, Step, claims
from app.demo.episodes import Stage
from app.demo.founding import HOUSE, ORGANIZATION_ID, TIME_ZONE
from app.demo.people import Person, cast
from app.organization import EVERYONE, Audience

YEAR = 364
"""Days between the first and the last of a year's story. A shorter story is told faster."""
CODES = 12
CLAIM_SLOTS = (0, 1, 2)
"""The times of the day at which people claim something."""
DECISION_SLOTS = (3, 4)
"""And at which it is decided: always after it was claimed."""
AT_ONCE = Slice(1_000)


@dataclass(slots=True)
class _Standing:
    """What there is in the catalog, who has claimed what, and who can afford what."""

    rewards: dict[str, reward.Reward]
    """By name."""
    redemptions: Sequence[reward.Redemption]
    wallets: dict[UUID, int]
    busy: set[UUID] = field(default_factory=set)
    """Members who wait for something already."""


class Desk:
    """Knows what is due on a day. Told of the same day twice, it asks for nothing twice."""

    def __init__(self, database: Database, vouchers: reward.Vouchers, start: date, length: int) -> None:
        self._database = database
        self._vouchers = vouchers
        self._start = start
        self._length = length
        self._zone = ZoneInfo(TIME_ZONE)
        self._claims: defaultdict[tuple[date, int], list[Claim]] = defaultdict(list)
        self._steps: defaultdict[tuple[date, int], list[tuple[Claim, Step]]] = defaultdict(list)
        for claim in claims():
            self._claims[self._day(claim.days_ago), _slot(claim, CLAIM_SLOTS)].append(claim)
            for step in claim.steps:
                self._steps[self._day(step.days_ago), _slot(claim, DECISION_SLOTS)].append((claim, step))

    async def stock_up(self, stage: Stage, day: date) -> None:
        """Brings into the catalog what is new today, and takes out what is gone."""
        here = [item for item in ITEMS if day in map(self._day, filter(None, (item.opened, item.sold_out, item.archived)))]
        if not here:
            return
        known = (await self._look()).rewards
        for item in here:
            if item.name not in known:
                await self._database.submit(_creation(_admin(stage), item, stage.groups))
        known = (await self._look()).rewards
        for item in here:
            for act in self._changes(_admin(stage), day, item, known[item.name].id):
                await self._database.submit(act)

    def _changes(self, admin: Actor, day: date, item: Item, reward_id: UUID) -> Iterator[Act[Any]]:
        if item.provider is reward.Provider.VOUCHER:
            yield reward.AddCodes(admin, reward_id, tuple(map(self._vouchers.close, _codes())))
        if item.sold_out is not None and day == self._day(item.sold_out):
            yield reward.UpdateReward(admin, reward_id, stock=0)
        if item.archived is not None and day == self._day(item.archived):
            yield reward.ArchiveReward(admin, reward_id)

    async def acts(self, stage: Stage, day: date, slot: int, crowd: Sequence[Person]) -> list[Act[Any]]:
        """What people claim in this slot of the day, and what is decided about claims."""
        made, steps = self._claims.get((day, slot), ()), self._steps.get((day, slot), ())
        if not (made or steps):
            return []
        standing = await self._look(stage.ids.values())
        claimed = (self._claimed(stage, claim, standing, crowd) for claim in made)
        decided = (self._decided(stage, claim, step, standing) for claim, step in steps)
        return [act for act in (*claimed, *decided) if act is not None]

    async def hand_out(self, answers: Sequence[Any]) -> None:
        """Delivers the vouchers among what was claimed just now. What is left over, the clerk of a running server delivers."""
        for answer in answers:
            row = answer.row if isinstance(answer, reward.Redeemed) else None
            if row is not None and row.provider is reward.Provider.VOUCHER:
                await self._vouchers.deliver(_order(row))

    def _claimed(self, stage: Stage, claim: Claim, standing: _Standing, crowd: Sequence[Person]) -> reward.RedeemReward | None:
        item = next(item for item in ITEMS if item.key == claim.item)
        wanted = standing.rewards.get(item.name)
        if wanted is None or self._found(claim, standing) is not None:
            return None
        had = {redemption.member_id for redemption in standing.redemptions if redemption.reward_id == wanted.id}

        def would(person: Person) -> bool:
            if claim.first_name is not None:
                return person.first_name == claim.first_name
            member_id = stage.ids[person.email]
            fits = person.role is Role.MEMBER and not person.is_demo_member and item.group in (None, person.team)
            return fits and member_id not in had | standing.busy and standing.wallets[member_id] >= item.price

        people = [person for person in crowd if would(person)]
        if not people:
            return None
        chosen = random.Random(f"claim {self._day(claim.days_ago)} {claim.item}").choice(people)
        actor = stage.actor(chosen)
        standing.busy.add(stage.ids[chosen.email])
        key = f"demo claim {claim.days_ago} {claim.item}"
        return reward.RedeemReward(actor, wanted.id, item.price, claim.note, key, audit.canonical([key, claim.note]))

    def _decided(self, stage: Stage, claim: Claim, step: Step, standing: _Standing) -> reward.Decide | None:
        redemption = self._found(claim, standing)
        if redemption is None:
            return None
        itself = Actor(ORGANIZATION_ID, redemption.member_id, Role.MEMBER, Door.GRAPHQL)
        actor = itself if step.verb is reward.Verb.CANCEL else _admin(stage)
        return reward.Decide(actor, redemption.id, step.verb, step.words, step.restock)

    def _found(self, claim: Claim, standing: _Standing) -> reward.Redemption | None:
        """The redemption that a claim became: that of this reward on that day, of which there is one at most."""
        name = next(item.name for item in ITEMS if item.key == claim.item)
        day = self._day(claim.days_ago)
        for redemption in standing.redemptions:
            if redemption.reward_name == name and redemption.requested_at.astimezone(self._zone).date() == day:
                return redemption
        return None

    async def _look(self, member_ids: Iterable[UUID] = ()) -> _Standing:
        everything = reward.reads.catalog(HOUSE, reward.reads.RewardFilter(everything=True))
        all_claims = reward.reads.redemptions(HOUSE, reward.reads.RedemptionFilter())
        async with self._database.read() as connection:
            rewards = (await reward.reads.catalog_page(connection, everything, AT_ONCE)).rows
            redemptions = (await reward.reads.redemptions_page(connection, all_claims, AT_ONCE)).rows
            wallets = await ledger.reads.wallet_balances(connection, ORGANIZATION_ID, member_ids)
        busy = {redemption.member_id for redemption in redemptions if redemption.status in reward.OPEN}
        return _Standing({row.name: row for row in rewards}, redemptions, wallets, busy)

    def _day(self, days_ago: int) -> date:
        return self._start + timedelta(days=round(self._length * (1 - days_ago / YEAR)))


def _slot(claim: Claim, slots: Sequence[int]) -> int:
    return slots[claim.days_ago % len(slots)]


def _admin(stage: Stage) -> Actor:
    return stage.actor(next(person for person in cast() if person.name == "Noor El-Amin"))


def _creation(admin: Actor, item: Item, groups: dict[str, UUID]) -> reward.CreateReward:
    audience = EVERYONE if item.group is None else Audience(group_ids=frozenset({groups[item.group]}))
    return reward.CreateReward(
        admin,
        item.name,
        item.kind,
        item.price,
        item.description,
        item.stock,
        item.per_member_limit,
        item.requires_approval,
        audience,
        item.image_url,
        item.provider,
    )


def _codes() -> list[str]:
    """Codes that look like some, and buy nothing."""
    chance = random.Random("codes of the bookshop")
    letters = "ACDEFGHJKLMNPQRTUVWXY34679"
    return ["-".join(("FAROLA", *("".join(chance.choices(letters, k=4)) for _ in range(2)))) for _ in range(CODES)]


def _order(redemption: reward.Redemption) -> reward.Order:
    async def accept() -> None:
        """Vouchers are accepted and delivered in one."""

    return reward.Order(
        redemption.organization_id,
        redemption.id,
        redemption.reward_id,
        redemption.member_id,
        redemption.reward_name,
        redemption.price_points,
        redemption.price_points * redemption.minor_units_per_point,
        redemption.currency_code,
        accept,
    )
