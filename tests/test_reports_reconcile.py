"""Reports, whatever happens: they say what the ledger says to the point, and a month that is over stays as it was told."""

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app import ledger, organization, recognition, reward
from app.core.errors import PlauditError
from app.files import reports
from app.organization import Currency, Member, UpdateOrganization
from app.recognition.case import Wish
from app.reward import Redemption, RedemptionStatus, Verb
from tests.letterbox import Letterbox, by_transfer, opened_letterbox, refusal, rows_of  # noqa: F401 (fixture)
from tests.shop import SOUND, Shop, opened_shop  # noqa: F401 (fixture)
from tests.world import NOON, World

FITTING = {
    Verb.APPROVE: {RedemptionStatus.PENDING_APPROVAL},
    Verb.REJECT: reward.OPEN,
    Verb.CANCEL: {RedemptionStatus.PENDING_APPROVAL},
    Verb.FULFIL: {RedemptionStatus.TO_FULFIL},
    Verb.REFUND: {RedemptionStatus.FULFILLED},
}
"""Where what people do with a redemption may succeed."""


class Story:
    """What chance makes of the shop."""

    def __init__(self, world: World, shop: Shop, letterbox: Letterbox, seed: int) -> None:
        self.world, self.shop, self.letterbox = world, shop, letterbox
        self.chance = random.Random(seed)
        self.people = [world.ann, world.bob, world.cem, world.admin, world.owner]
        self.rewards: list[UUID] = []
        self.closed: dict[str, bytes] = {}
        self.done: Counter[str] = Counter()

    async def begins(self) -> None:
        for price, approval in ((0, False), (3, True), (7, False), (12, True)):
            self.rewards.append(await self.shop.sells(f"Reward {price}", price, approval=approval, stock=None if price else 5))
        await self.shop.earns(40, *self.people)
        await self.shop.redeems(self.world.ann, self.rewards[1])
        self.rewards.append(await self.shop.sells_vouchers(*(f"CODE-{number}" for number in range(6)), price=4))

    async def goes_on(self) -> None:
        """Something happens, or is refused."""
        verb = self.chance.choice(
            ["give"] * 3
            + ["redeem"] * 6
            + ["decide"] * 7
            + ["adjust", "worth", "price", "zone", "deliver", "calendar", "calendar"]
        )
        try:
            await getattr(self, f"_{verb}")()
            self.done[verb] += 1
        except PlauditError:
            self.done["refused"] += 1

    async def _give(self) -> None:
        giver, *to = self.chance.sample(self.people, self.chance.randint(2, 4))
        wish = Wish(giver.key, tuple(one.key for one in to), (), self.chance.randint(0, 9), "Thank you for the release")
        visibility = self.chance.choice(list(recognition.Visibility))
        await self.world.database.submit(recognition.GiveRecognition(giver.actor, wish, visibility, self.world.new_key(), b""))

    async def _adjust(self) -> None:
        await self.shop.earns(self.chance.choice([-20, -5, 15]), self.chance.choice(self.people))

    async def _redeem(self) -> None:
        note = self.chance.choice([None, "=1+1", "Please"])
        await self.shop.redeems(self.chance.choice(self.people), self.chance.choice(self.rewards), note=note)

    async def _decide(self) -> None:
        verb = self.chance.choice(list(FITTING))
        known = sorted(await self.world.rows(Redemption), key=lambda row: row.id)
        fitting = [row for row in known if row.status in FITTING[verb]]
        one = self.chance.choice(fitting if fitting and self.chance.random() < 0.8 else known)
        (member,) = [somebody for somebody in self.people if somebody.key == one.member_id]
        who = member if verb is Verb.CANCEL else self.chance.choice([self.world.admin, self.world.owner])
        words = ["For a reason"] if verb in (Verb.REJECT, Verb.REFUND) else []
        restock = verb is Verb.REFUND and self.chance.random() < 0.3
        await self.world.database.submit(self.shop.deciding(who, verb, one.id, *words, restock=restock))
        self.done[verb] += 1

    async def _worth(self) -> None:
        worth = Currency(minor_units_per_point=self.chance.choice([0, 1, 3, 10]), code=self.chance.choice(["USD", "EUR", "CHF"]))
        await self.world.database.submit(UpdateOrganization(self.world.admin.actor, currency=worth))

    async def _price(self) -> None:
        await self.shop.changes(self.chance.choice(self.rewards), price_points=self.chance.randint(0, 12))

    async def _zone(self) -> None:
        zone = self.chance.choice(["Pacific/Kiritimati", "Europe/Madrid", "America/Los_Angeles", "Pacific/Pago_Pago"])
        await self.world.database.submit(UpdateOrganization(self.world.admin.actor, time_zone=zone))

    async def _deliver(self) -> None:
        await self.shop.goes_round()

    async def _calendar(self) -> None:
        """Straight to the end of a month, where a zone further west could bring the old one back."""
        month = (self.world.now + timedelta(days=32)).replace(day=1, hour=self.chance.choice([0, 10, 12]), minute=0)
        self.world.now = month - timedelta(hours=self.chance.choice([0, 1, 12, 24]))

    async def text(self, kind: str, **given: str) -> str:
        """A report as HTTP gives it."""
        answer = await self.letterbox.gives(self.world.auditor, kind, **given)
        assert answer.status_code == 200
        return str(answer.text)

    async def statements(self) -> dict[str, str]:
        """Every month's."""
        async with self.world.database.read() as connection:
            months = await reward.reports.statement_months(connection, self.world.organization_id)
        return {f"{month:%Y-%m}": await self.text("statement", month=f"{month:%Y-%m}") for month in months}

    async def closes(self) -> None:
        """What was said of a month that is over stays what it was, to the byte."""
        async with self.world.database.read() as connection:
            here = await organization.reads.organization_row(connection, self.world.organization_id)
        this_month = organization.today(here, self.world.now).replace(day=1)
        statements = await self.statements()
        for month in {*self.closed, *statements}:
            if reward.reports.is_closed(here, reward.reports.month_of(month), self.world.now):
                content = statements.get(month, "").encode()
                assert self.closed.setdefault(month, content) == content
            else:
                assert month == f"{this_month:%Y-%m}", "nothing is billed ahead"
                assert month not in self.closed, "what was closed is not opened again"

    async def reconciles(self) -> None:
        """All four reports say what the ledger says."""
        balances = await self.world.balances()
        escrow, redeemed = await self.shop.held()
        redemptions = {row["id"]: row for row in rows_of(await self.text("redemptions"))}
        billed = [row for text in (await self.statements()).values() for row in rows_of(text)]
        orders = rows_of(await self.text("fulfilment"))
        points = rows_of(await self.text("points"))

        assert len(redemptions) == len(await self.world.rows(Redemption))
        assert sum(int(row["points"]) for row in billed) == redeemed
        for row in billed:
            asked = redemptions[row["redemption_id"]]
            assert int(row["minor_units"]) == int(row["points"]) * int(asked["minor_units_per_point"])
            assert (row["currency"], row["email"], row["reward"]) == (asked["currency"], asked["email"], asked["reward"])
            assert abs(int(row["points"])) == int(asked["price_points"])
        assert sum(int(row["price_points"]) for row in redemptions.values() if row["status"] in reward.OPEN) == escrow
        kinds: dict[str, list[str]] = defaultdict(list)
        for row in billed:
            kinds[row["redemption_id"]].append(row["kind"])
        expected = {"FULFILLED": ["FULFILMENT"], "REFUNDED": ["FULFILMENT", "REFUND"]}
        assert {id_: sorted(kinds[id_]) for id_ in kinds} == {
            id_: expected[row["status"]] for id_, row in redemptions.items() if row["status"] in expected
        }
        delivered = ("TO_FULFIL", "FULFILLED", "REFUNDED")
        assert {row["redemption_id"]: row["status"] for row in orders} == {
            id_: row["status"] for id_, row in redemptions.items() if row["status"] in delivered
        }

        emails = {row.id: row.email for row in await self.world.rows(Member)}
        sums: Counter[tuple[str, str]] = Counter()
        for row in points:
            sums[row["account"], row["email"]] += int(row["points"])
        assert sums == {(str(kind), emails.get(owner, "")): points for (kind, owner), points in balances.items()}
        assert set(by_transfer(points).values()) <= {0}
        order = [row["transfer_id"] for row in points]
        assert order == sorted(order)
        await self.proves()

    async def proves(self) -> None:
        assert await self.shop.proved() == SOUND
        assert (await ledger.prove(self.world.database, self.world.organization_id)).ok

    async def adds_up_by_parts(self) -> None:
        """Two reports of neighbouring days are one of both."""
        async with self.world.database.read() as connection:
            here = await organization.reads.organization_row(connection, self.world.organization_id)
        day = organization.today(here, NOON + (self.world.now - NOON) * self.chance.random())
        for kind in ("points", "redemptions"):
            early = rows_of(await self.text(kind, to=str(day)))
            late = rows_of(await self.text(kind, from_=str(day + timedelta(days=1))))
            assert early + late == rows_of(await self.text(kind))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
async def test_the_reports_reconcile_with_the_ledger_whatever_happens(
    world: World, shop: Shop, letterbox: Letterbox, seed: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reports, "CHUNK", 7)
    monkeypatch.setattr(reports, "ENTRIES_MAX", 12)
    story = Story(world, shop, letterbox, seed)
    await story.begins()
    for number in range(150):
        await story.goes_on()
        world.passes(hours=story.chance.choice([0, 1, 9, 70]))
        if number % 10 == 0:
            await story.closes()
        if number % 30 == 0:
            await story.reconciles()
    await story.closes()
    await story.reconciles()
    await story.adds_up_by_parts()
    assert len(story.closed) >= 3
    for verb in (*FITTING, "give", "redeem", "worth", "price", "zone", "deliver", "calendar", "refused"):
        assert story.done[verb] >= 1, verb


@pytest.mark.parametrize("seed", range(2))
async def test_a_month_that_is_over_is_not_opened_again_by_moving_west(world: World, shop: Shop, letterbox: Letterbox, seed: int):
    """On the first of April in Kiritimati it is still March in Pago Pago, for 25 hours."""
    mug = await shop.sells("Mug", 10)
    await shop.earns(50, world.ann)
    await world.database.submit(UpdateOrganization(world.admin.actor, time_zone="Pacific/Kiritimati"))
    first, second = await shop.redeems(world.ann, mug), await shop.redeems(world.ann, mug)
    await shop.decides(world.admin, Verb.FULFIL, first)
    world.now = datetime(2026, 3, 31, 11, 0, tzinfo=UTC) + timedelta(hours=12 * seed)
    march = (await letterbox.gives(world.auditor, "statement", month="2026-03")).content

    await world.database.submit(UpdateOrganization(world.admin.actor, time_zone="Pacific/Pago_Pago"))
    await shop.decides(world.admin, Verb.FULFIL, second)
    await shop.decides(world.admin, Verb.REFUND, first, "It broke")

    assert (await letterbox.gives(world.auditor, "statement", month="2026-03")).content == march
    april = rows_of((await letterbox.gives(world.auditor, "statement", month="2026-04")).text)
    assert [row["points"] for row in april] == ["10", "-10"]
