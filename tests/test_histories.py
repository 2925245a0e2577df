"""Random histories: whatever people do, in whatever order and at once, no point is made, lost or doubled."""

import asyncio
import random
from typing import Any

import pytest

from app import audit, ledger, worker
from app.ledger import Account, Entry
from app.recognition import Boost, Grant, Recognition
from tests.world import Answer, World

MODES = ("NORMAL", "NORMAL", "NORMAL", "GIVER", "RECEIVER", "OBSERVER")
REVOKE_BOOST = "mutation R($input: RevokeBoostInput!) { revokeBoost(input: $input) { replayed userErrors { code field } } }"
TOP_UP = "mutation T($input: TopUpAllowanceInput!) { topUpAllowance(input: $input) { replayed userErrors { code field } } }"


class History:
    """A story that chance tells."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.people = [world.ann, world.bob, world.cem, world.dee, world.admin, world.owner]
        self.recognitions: list[str] = []
        self.boosts: list[str] = []
        self.group = ""

    async def act(self) -> Answer:
        """Something that somebody does."""
        world, chance = self.world, self.chance
        somebody, key = chance.choice(self.people), f"k{chance.randrange(40)}"
        match chance.choice(
            ["give"] * 5 + ["boost"] * 3 + ["revoke", "revoke boost", "adjust", "top up", "mode", "policy", "allowance"]
        ):
            case "give":
                to = chance.sample(self.people, chance.randint(0, 3))
                groups = [self.group] * (chance.random() < 0.3)
                return self.seen(await somebody.gives(to, chance.choice([0, 1, 7, 25, 60]), groups=groups, key=key))
            case "boost" if self.recognitions:
                return self.seen(await somebody.boosts(chance.choice(self.recognitions), chance.choice([1, 3, 11]), key=key))
            case "revoke" if self.recognitions:
                who, force = chance.choice([(somebody, False), (world.admin, False), (world.admin, True)])
                return await who.revokes(chance.choice(self.recognitions), force=force, key=key)
            case "revoke boost" if self.boosts:
                given = {"boostId": chance.choice(self.boosts), "idempotencyKey": key}
                return await chance.choice([somebody, world.admin]).asks(REVOKE_BOOST, input=given)
            case "top up":
                more: dict[str, Any] = {"memberIds": [somebody.id], "points": 20, "reason": "More", "idempotencyKey": key}
                return await world.admin.asks(TOP_UP, input=more)
            case "mode":
                return await world.sets_mode(somebody, chance.choice(MODES))
            case "policy":
                limits = {
                    "maxPointsToSamePersonPerPeriod": chance.choice([None, 60]),
                    "maxPointsReceivedPerPeriod": chance.choice([None, 150]),
                }
                return await world.sets_giving_policy(limits=limits)
            case "allowance":
                wanted = {"basePoints": chance.choice([50, 100, 150]), "rollover": chance.choice([0, 30])}
                return await world.sets_allowance_policy(**wanted, applyNow=chance.random() < 0.5)
        return await world.admin.adjusts(somebody, chance.choice([-40, -15, -3, 5]), key=key)

    def seen(self, answer: Answer) -> Answer:
        """Keeps what was made, for others to boost and to take back."""
        if found := answer.payload["recognition"]:
            self.recognitions.append(found["id"])
        if boost := answer.payload.get("boost"):
            self.boosts.append(boost["id"])
        return answer

    async def holds(self) -> None:
        """What is always true."""
        accounts, entries = await self.world.rows(Account), await self.world.rows(Entry)
        assert sum(account.balance for account in accounts) == 0
        assert all(account.balance >= 0 for account in accounts if account.kind != "issuance")
        sums: dict[tuple[object, str], int] = {}
        for entry in entries:
            sums[entry.owner_id, str(entry.account_kind)] = sums.get((entry.owner_id, str(entry.account_kind)), 0) + entry.points
        assert {(account.owner_id, str(account.kind)): account.balance for account in accounts} == sums
        await self.counts_agree()

    async def counts_agree(self) -> None:
        """What recognitions say of their boosts is what the boosts and their shares say."""
        boosts, grants = await self.world.rows(Boost), await self.world.rows(Grant)
        for row in await self.world.rows(Recognition):
            mine = [grant for grant in grants if grant.recognition_id == row.id]
            assert sum(not grant.is_boost for grant in mine) == row.recipient_count
            if row.revoked_at is None:
                standing = [boost for boost in boosts if boost.recognition_id == row.id and boost.revoked_at is None]
                assert row.boost_count == len(standing)
                assert row.boost_points == sum(boost.points_each * boost.recipient_count for boost in standing)
                assert row.boost_points == sum(grant.points for grant in mine if grant.is_boost and not grant.revoked)
            else:
                assert all(grant.revoked for grant in mine)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_people_do_no_point_is_made_or_lost(world: World, seed: int):
    history = History(world, seed)
    history.group = await world.groups("Team", world.bob, world.cem, world.dee)
    codes = set()
    for _ in range(45):
        before = await world.snapshot()
        answer = await history.act()
        if answer.user_errors:
            assert await world.snapshot() == before
        codes |= {code for code, _ in answer.user_errors}
        await history.holds()
        world.passes(minutes=history.chance.choice([0, 1, 600, 6_000]))
    assert len(codes) >= 5
    chain = await audit.verify(world.database, world.organization_id)
    assert (chain.chain_intact, (await ledger.prove(world.database, world.organization_id)).ok) == (True, True)


async def test_whatever_people_do_at_once(world: World):
    history = History(world, 7)
    history.group = await world.groups("Team", world.bob, world.cem, world.dee)
    for _ in range(8):
        calendar = asyncio.create_task(worker.issue_allowances(world.database))
        answers = await asyncio.gather(*[history.act() for _ in range(15)])
        assert all("errors" not in answer.body for answer in answers)
        await calendar
        await history.holds()
        world.passes(days=history.chance.choice([0, 1, 9]))
