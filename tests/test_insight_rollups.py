"""Rollups: on histories of all kinds they say what counting everything again says, and made anew they are the same bytes."""

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app import audit, insight, ledger, organization, reward
from app.api.ids import uuid_of
from app.db import scoped, table_of
from app.insight import Bucket, Days, Movement, Part
from app.ledger import AccountKind, TransferKind
from app.organization import ParticipationMode
from app.recognition import Boost, Grant, Recognition, RecognitionValue
from app.reward import RewardKind, Verb
from tests.world import Somebody, World

ZONE = ZoneInfo("Europe/Madrid")


class Naive:
    """What there is, counted row by row from the recognitions themselves; groups never change in these histories."""

    def __init__(self, world: World, groups: dict[UUID, set[UUID]]) -> None:
        self.world = world
        self.groups = groups
        """Members of each group."""
        self.gifts: list[tuple[date, UUID, list[UUID], int, list[str], bool]] = []
        """Day, giver, recipients, points each, hashtags, whether it is a boost."""

    async def count(self) -> "Naive":
        """Reads everything that stands."""
        recognitions = {row.id: row for row in await self.world.rows(Recognition) if row.revoked_at is None}
        boosts = {row.id: row for row in await self.world.rows(Boost) if row.revoked_at is None}
        tags = defaultdict(list)
        for row in await self.world.rows(RecognitionValue):
            tags[row.recognition_id].append(row.hashtag)
        shares = defaultdict(list)
        for row in await self.world.rows(Grant):
            if not row.revoked:
                shares[row.gift_id].append(row)
        for gift_id, grants in shares.items():
            gift = boosts.get(gift_id) or recognitions[gift_id]
            day = gift.given_at.astimezone(ZONE).date()
            people = [grant.recipient_id for grant in grants]
            first = grants[0]
            self.gifts.append((day, first.giver_id, people, first.points, tags[first.recognition_id], first.is_boost))
        return self

    def within(self, days: Days) -> list[tuple[date, UUID, list[UUID], int, list[str], bool]]:
        """Those of a range."""
        return [gift for gift in self.gifts if days.first <= gift[0] <= days.last]

    def touches(self, scope: UUID, member_id: UUID) -> bool:
        """Whether somebody is of a scope."""
        return scope == self.world.organization_id or member_id in self.groups.get(scope, ())

    def total(self, scope: UUID, days: Days) -> insight.reads.Total:
        """What a scope gave and received."""
        found = [0] * 5
        for _, giver, people, points, _, is_boost in self.within(days):
            gives = self.touches(scope, giver)
            receiving = [one for one in people if self.touches(scope, one)]
            once = 0 if is_boost else 1
            found[0] += once if gives or receiving else 0
            found[1] += once if gives else 0
            found[2] += once if receiving else 0
            found[3] += points * len(people) if gives else 0
            found[4] += points * len(receiving)
        return insight.reads.Total(*found)

    def flows(self, scopes: list[UUID], days: Days) -> set[tuple[Any, ...]]:
        """What groups gave each other."""
        found: dict[tuple[UUID, UUID], list[int]] = defaultdict(lambda: [0, 0])
        for _, giver, people, points, _, is_boost in self.within(days):
            for here in scopes:
                for there in scopes:
                    reached = sum(self.touches(there, one) for one in people)
                    if self.touches(here, giver) and reached:
                        found[here, there][0] += 0 if is_boost else 1
                        found[here, there][1] += points * reached
        return {(here, there, *numbers) for (here, there), numbers in found.items() if any(numbers)}

    def values(self, scope: UUID, days: Days) -> dict[str, tuple[int, int]]:
        """What was given for each value."""
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for _, giver, people, points, tags, is_boost in self.within(days):
            if any(self.touches(scope, one) for one in (giver, *people)):
                for tag in tags:
                    found[tag][0] += 0 if is_boost else 1
                    found[tag][1] += points * len(people)
        return {tag: (numbers[0], numbers[1]) for tag, numbers in found.items() if any(numbers)}


async def history(world: World, chance: random.Random, steps: int) -> dict[UUID, set[UUID]]:
    """Something happens on every one of many days. Returns who is in which group."""
    people = [world.ann, world.bob, world.cem, world.dee, world.owner, world.admin]
    await world.sets_allowance_policy(basePoints=1_000, applyNow=True)
    for tag in ("care", "craft"):
        await world.praises(tag)
    groups = {}
    for name, members, kind in (("North", people[:3], "team"), ("South", people[2:5], "team"), ("All", people, "floor")):
        groups[uuid_of(await world.groups(name, *members, kind=kind), "Group")] = {one.key for one in members}
    standing: list[tuple[str, Somebody]] = []
    for _ in range(steps):
        world.passes(hours=chance.choice((1, 7, 30, 200)))
        giver = chance.choice(people)
        others = [one for one in people if one is not giver]
        roll = chance.random()
        if roll < 0.6 or not standing:
            whom = chance.sample(others, chance.choice((1, 1, 2, 3)))
            said = chance.choice(("Thank you very much", "Thank you for the #care", "That was #care and #craft"))
            given = await giver.gives(to=whom, points=chance.randrange(0, 4), message=said)
            if given.user_errors == []:
                standing.append((given.payload["recognition"]["id"], giver))
        elif roll < 0.8:
            await giver.boosts(chance.choice(standing)[0], points=chance.randrange(1, 3))
        else:
            gift = standing.pop(chance.randrange(len(standing)))
            await world.admin.revokes(gift[0], force=True)
    return groups


async def rollups(world: World) -> dict[str, list[Any]]:
    """Every row of every rollup."""
    found = {}
    async with world.database.read() as connection:
        for model in insight.ROLLUPS:
            rows = (await connection.execute(scoped(model, world.organization_id))).all()
            found[table_of(model).name] = sorted(map(tuple, rows), key=repr)
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_rollups_say_what_counting_again_says(world: World, seed: int):
    chance = random.Random(seed)
    groups = await history(world, chance, 60)
    await insight.catch_up(world.database, world.organization_id)
    naive = await Naive(world, groups).count()
    first, last = min(gift[0] for gift in naive.gifts), max(gift[0] for gift in naive.gifts)
    scopes = [world.organization_id, *groups]
    length = (last - first).days
    for _ in range(12):
        start = first + timedelta(days=chance.randrange(-5, length))
        days = Days(start, start + timedelta(days=chance.choice((0, 3, 40, 120, 400))))
        async with world.database.read() as connection:
            found = await insight.reads.totals(connection, world.organization_id, scopes, days)
            assert found == {scope: naive.total(scope, days) for scope in scopes}
            flows = await insight.reads.flows(connection, world.organization_id, groups, days)
            assert {tuple(flow) for flow in flows} == naive.flows(list(groups), days)
            for scope in scopes:
                values = await insight.reads.by_value(connection, world.organization_id, scope, days)
                assert {one.hashtag: (one.recognitions, one.points) for one in values} == naive.values(scope, days)
            await same_people(connection, world, naive, scopes, days)
            await same_trend(connection, world, naive, days)


async def same_people(connection: Any, world: World, naive: Naive, scopes: list[UUID], days: Days) -> None:
    """Who gave and who received."""
    ordinals = {row.id: row.ordinal for row in await world.rows(organization.Member)}
    found = await insight.reads.people(connection, world.organization_id, scopes, days)
    for scope in scopes:
        gave = {ordinals[giver] for _, giver, *_ in naive.within(days) if naive.touches(scope, giver)}
        got = {ordinals[one] for _, _, people, *_ in naive.within(days) for one in people if naive.touches(scope, one)}
        assert (set(found[scope, Part.GAVE]), set(found[scope, Part.RECEIVED])) == (gave, got)
    pairs = {(giver, one) for _, giver, people, _, _, boost in naive.within(days) if not boost for one in people}
    both = sum((there, here) in pairs for here, there in pairs)
    found_share = await insight.reads.reciprocity(connection, world.organization_id, days)
    assert found_share == pytest.approx(both / len(pairs) if pairs else 0.0)


async def same_trend(connection: Any, world: World, naive: Naive, days: Days) -> None:
    """Every bucket, empty ones too."""
    for bucket in Bucket:
        points = await insight.reads.trend(connection, world.organization_id, world.organization_id, days, bucket)
        assert len(points) == len(list(days.buckets(bucket)))
        for point, piece in zip(points, days.buckets(bucket), strict=True):
            total = naive.total(world.organization_id, piece)
            assert (point.recognitions, point.points) == (total.recognitions, total.points_given)
            assert point.givers == len({giver for _, giver, *_ in naive.within(piece)})
            assert point.receivers == len({one for _, _, people, *_ in naive.within(piece) for one in people})


async def test_made_anew_they_are_the_same_bytes(world: World):
    groups = await history(world, random.Random(99), 50)
    await insight.catch_up(world.database, world.organization_id)
    member = organization.UpdateMember(world.house, world.dee.key, group_ids=tuple(groups)[:1])
    await world.database.submit(member)
    await world.database.submit(organization.SetParticipationMode(world.house, world.bob.key, ParticipationMode.OBSERVER))
    await world.database.submit(organization.DeactivateMember(world.house, world.cem.key))
    await insight.catch_up(world.database, world.organization_id)
    await world.database.submit(organization.ReactivateMember(world.house, world.cem.key))
    await world.database.submit(organization.DeactivateMember(world.house, world.cem.key))
    await world.database.submit(organization.UpdateOrganization(world.house, time_zone="Asia/Tokyo"))
    await world.ann.gives(to=[world.dee], points=1)
    free = await world.database.submit(reward.CreateReward(world.house, "Free", RewardKind.CUSTOM, 0))
    await world.database.submit(reward.RedeemReward(world.ann.actor, free, None, None, "one", b""))
    await insight.catch_up(world.database, world.organization_id)
    before = await rollups(world)
    assert all(before.values()), "every rollup has rows"

    events = await insight.rebuild(world.database, world.organization_id)

    assert events > 100
    assert await rollups(world) == before


async def test_what_was_given_up_is_counted_once_although_it_is_made_anew(world: World):
    await world.ann.gives(to=[world.bob], points=2)
    await insight.catch_up(world.database, world.organization_id)
    right = await rollups(world)
    (event,) = [row for row in await world.rows(audit.AuditEvent) if row.action == "recognition.given"]
    async with world.database.bookkeeping() as connection:
        letter = await audit.letters.bury(
            connection, world.organization_id, insight.READER, event.sequence, "", "The disk was full", 5, world.now
        )

    await insight.rebuild(world.database, world.organization_id)

    assert not await audit.feed.replay(world.database, insight.InsightReader(), world.organization_id, letter)
    assert await rollups(world) == right


async def test_what_is_taken_back_leaves_no_row(world: World):
    """But in the economy of points: there they moved twice."""
    await insight.catch_up(world.database, world.organization_id)
    before = await rollups(world)
    given = await world.ann.gives(to=[world.bob, world.cem], points=2)
    await world.dee.boosts(given.payload["recognition"]["id"], points=1)
    await insight.catch_up(world.database, world.organization_id)
    assert await rollups(world) != before

    await world.admin.revokes(given.payload["recognition"]["id"])
    await insight.catch_up(world.database, world.organization_id)

    after = await rollups(world)
    assert {name: rows for name, rows in after.items() if name != "insight_points"} == {
        name: rows for name, rows in before.items() if name != "insight_points"
    }


async def test_who_was_here_is_known_for_every_day(world: World):
    team = uuid_of(await world.groups("North", world.ann, world.bob), "Group")
    ordinals = {row.id: row.ordinal for row in await world.rows(organization.Member)}
    ann, bob, cem = (ordinals[one.key] for one in (world.ann, world.bob, world.cem))
    world.passes(days=10)
    await world.deactivates(world.bob)
    await world.database.submit(organization.UpdateMember(world.house, world.ann.key, group_ids=()))
    await world.sets_mode(world.cem, "OBSERVER")
    await insight.catch_up(world.database, world.organization_id)
    founded, changed = date(2026, 3, 10), date(2026, 3, 20)

    async def roster(first: date, last: date) -> insight.Roster:
        async with world.database.read() as connection:
            return await insight.read_roster(connection, world.organization_id, [team], first, last)

    day = timedelta(days=1)
    before = await roster(founded - 9 * day, founded - day)
    during = await roster(founded + day, changed - day)
    change = await roster(changed, changed)
    after = await roster(changed + day, changed + 9 * day)
    whole = await roster(founded, changed + day)

    assert set(before.active()) == set()
    assert (set(during.active(team)), set(change.active(team)), set(after.active(team))) == ({ann, bob}, {ann, bob}, set())
    assert (bob in during.active(), bob in change.active(), bob in after.active()) == (True, True, False)
    assert (cem in during.members(), cem in change.members(), cem in whole.receivers()) == (True, False, False)
    assert set(whole.active(team)) == {ann, bob}
    assert len(whole.active()) == 7


async def test_reading_them_takes_no_look_at_recognitions(world: World):
    """Insights are answered from rollups alone."""
    await world.ann.gives(to=[world.bob], points=2)
    await insight.catch_up(world.database, world.organization_id)
    heard: list[str] = []
    engine = world.database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: heard.append(statement))
    days = Days(date(2026, 1, 1), date(2026, 12, 31))

    async with world.database.read() as connection:
        await insight.reads.totals(connection, world.organization_id, [world.organization_id], days)
        await insight.reads.trend(connection, world.organization_id, world.organization_id, days, Bucket.WEEK)
        await insight.reads.top(connection, world.organization_id, days, Part.GAVE, 3)
        await insight.reads.points_of_members(connection, world.organization_id, days)

    assert [statement for statement in heard if "FROM insight_" not in statement and "SELECT" in statement] == []


KINDS = {
    Movement.ISSUED: ({TransferKind.ALLOWANCE_ISSUE, TransferKind.ALLOWANCE_TOP_UP}, AccountKind.ALLOWANCE, 1),
    Movement.EXPIRED: ({TransferKind.ALLOWANCE_EXPIRY}, AccountKind.ALLOWANCE, -1),
    Movement.GIVEN: ({TransferKind.RECOGNITION, TransferKind.BOOST}, AccountKind.WALLET, 1),
    Movement.TAKEN_BACK: ({TransferKind.REVERSAL}, AccountKind.WALLET, -1),
    Movement.ADJUSTED: ({TransferKind.ADJUSTMENT}, AccountKind.WALLET, 1),
    Movement.IMPORTED: ({TransferKind.IMPORT}, AccountKind.WALLET, 1),
    Movement.REDEEMED: ({TransferKind.REDEMPTION}, AccountKind.WALLET, -1),
    Movement.FULFILLED: ({TransferKind.FULFILMENT}, AccountKind.ESCROW, -1),
}
"""What of the ledger each movement is: kinds of transfers, one side of them, and its sign."""


async def test_the_economy_is_what_the_ledger_says(world: World):
    await history(world, random.Random(5), 60)
    await world.admin.adjusts(world.ann, 60)
    mug = await world.database.submit(reward.CreateReward(world.house, "Mug", RewardKind.CUSTOM, 10))
    made = []
    for number in range(4):
        claim = reward.RedeemReward(world.ann.actor, mug, None, None, f"mug {number}", b"")
        made.append((await world.database.submit(claim)).id)
    for verb, id_ in ((Verb.REJECT, made[0]), (Verb.APPROVE, made[1]), (Verb.FULFIL, made[1]), (Verb.APPROVE, made[2])):
        await world.database.submit(reward.Decide(world.house, id_, verb, "So it is"))
    await world.database.submit(reward.Decide(world.house, made[2], Verb.FULFIL))
    await world.database.submit(reward.Decide(world.house, made[2], Verb.REFUND, "It broke"))
    await insight.catch_up(world.database, world.organization_id)
    posted = {row.id: row for row in await world.rows(ledger.Transfer)}
    entries = await world.rows(ledger.Entry)
    first = min(row.posted_at for row in posted.values()).astimezone(ZONE).date()

    for days in (Days(first, first + timedelta(days=400)), Days(first + timedelta(days=20), first + timedelta(days=75))):
        async with world.database.read() as connection:
            found = await insight.reads.economy(connection, world.organization_id, days)
        wanted = dict.fromkeys(KINDS, 0)
        for movement, (kinds, account, sign) in KINDS.items():
            for entry in entries:
                transfer = posted[entry.transfer_id]
                within = days.first <= transfer.posted_at.astimezone(ZONE).date() <= days.last
                if within and transfer.kind in kinds and entry.account_kind == account:
                    wanted[movement] += sign * entry.points
        assert {movement: found[movement] for movement in KINDS} == wanted
        assert found[Movement.REFUNDED] + found[Movement.RETURNED] == sum(
            entry.points
            for entry in entries
            if posted[entry.transfer_id].kind is TransferKind.REDEMPTION_RETURN
            and entry.account_kind is AccountKind.WALLET
            and days.first <= posted[entry.transfer_id].posted_at.astimezone(ZONE).date() <= days.last
        )
