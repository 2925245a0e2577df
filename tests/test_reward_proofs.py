"""The proofs of rewards: sound after every story, and whoever changes the tables behind the program's back is found."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import driver_url
from app.reward import RewardReport, Verb
from tests.shop import SOUND, Shop
from tests.world import World


class Intruder:
    """Somebody with the password of the database: no trigger, key or CHECK of these tables is in the way."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(driver_url(url, asynchronous=False), poolclass=sa.NullPool)
        self.is_sqlite = url.startswith("sqlite")

    def does(self, statement: str, **values: Any) -> int:
        """How many rows it hit."""
        with self.engine.begin() as connection:
            if self.is_sqlite:
                connection.execute(sa.text("PRAGMA ignore_check_constraints=ON"))
                for name in connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
                    connection.execute(sa.text(f"DROP TRIGGER {name}"))
            else:
                connection.execute(sa.text("SET session_replication_role = replica"))
                connection.execute(sa.text("ALTER TABLE redemption DROP CONSTRAINT IF EXISTS ck_redemption_fulfilled_at"))
            return connection.execute(sa.text(statement), values).rowcount


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Shop]:
    """A shop in which everything has happened, and things may go wrong."""
    world = World(database_url)
    await world.open()
    shop = Shop(world)
    mug = await shop.sells(price=10, approval=True, stock=20)
    await shop.earns(100, world.ann, world.bob)
    ends: list[list[tuple[Verb, bool]]] = [
        [],
        [(Verb.APPROVE, True)],
        [(Verb.REJECT, True)],
        [(Verb.CANCEL, False)],
        [(Verb.APPROVE, True), (Verb.FULFIL, True)],
        [(Verb.APPROVE, True), (Verb.FULFIL, True), (Verb.REFUND, True)],
    ]
    for steps in ends:
        redemption_id = await shop.redeems(world.ann, mug)
        for verb, by_admin in steps:
            await shop.decides(world.admin if by_admin else world.ann, verb, redemption_id, "Because")
    free = await shop.sells("A hug", price=0)
    await shop.decides(world.admin, Verb.FULFIL, await shop.redeems(world.ann, free))
    card = await shop.sells_vouchers("A-1", "A-2", "A-3", price=7)
    await shop.redeems(world.bob, card)
    await shop.goes_round()
    yield shop
    await world.close()


@pytest.fixture
def intruder(scene: Shop) -> Intruder:
    return Intruder(scene.world.database.url)


async def test_after_everything_has_happened_it_is_sound(scene: Shop):
    report = await scene.proved()

    assert report == SOUND
    assert report.ok
    assert report.problem is None
    assert await scene.held() == (20, 17)


async def test_it_is_sound_where_nothing_has_happened(world: World):
    assert await Shop(world).proved() == SOUND


async def test_another_organization_counts_for_itself(scene: Shop, intruder: Intruder):
    neighbour = World(scene.world.database.url)
    await neighbour.open()
    other = Shop(neighbour)
    await other.earns(50, neighbour.ann)
    await other.redeems(neighbour.ann, await other.sells(price=50))

    assert (await scene.proved(), await other.proved()) == (SOUND, SOUND)

    strange = "UPDATE account SET balance = balance + 5 WHERE kind = 'escrow' AND organization_id = :id"
    id_ = neighbour.organization_id.bytes if intruder.is_sqlite else neighbour.organization_id
    assert intruder.does(strange, id=id_) == 1
    assert (await scene.proved(), await other.proved()) == (SOUND, RewardReport(5, 0, 0, 0))
    await neighbour.close()


WRONG = {
    "points in escrow that nobody holds": (
        "UPDATE account SET balance = balance + 5 WHERE kind = 'escrow'",
        RewardReport(5, 0, 0, 0),
    ),
    "points gone from escrow": (
        "UPDATE account SET balance = balance - 20 WHERE kind = 'escrow'",
        RewardReport(-20, 0, 0, 0),
    ),
    "points spent that nobody bills": (
        "UPDATE account SET balance = balance + 3 WHERE kind = 'redeemed'",
        RewardReport(0, 3, 0, 0),
    ),
    "a line gone from a statement": (
        "DELETE FROM statement_line WHERE kind = 'REFUND'",
        RewardReport(0, -10, 1, 0),
    ),
    "a line of more points": (
        "UPDATE statement_line SET points = points + 1 WHERE kind = 'FULFILMENT' AND points = 7",
        RewardReport(0, -1, 1, 0),
    ),
    "a redemption that says it was delivered": (
        "UPDATE redemption SET status = 'FULFILLED' WHERE status = 'PENDING_APPROVAL'",
        RewardReport(10, 0, 1, 0),
    ),
    "a redemption that says it was cancelled": (
        "UPDATE redemption SET status = 'CANCELLED' WHERE status = 'PENDING_APPROVAL'",
        RewardReport(10, 0, 1, 0),
    ),
    "a redemption that says it is open again": (
        "UPDATE redemption SET status = 'PENDING_APPROVAL' WHERE status = 'REJECTED'",
        RewardReport(-10, 0, 1, 0),
    ),
    "a price that was changed afterwards": (
        "UPDATE redemption SET price_points = 9 WHERE status = 'TO_FULFIL'",
        RewardReport(1, 0, 1, 0),
    ),
    "a redemption gone": (
        "DELETE FROM redemption WHERE status = 'PENDING_APPROVAL'",
        RewardReport(10, 0, 0, 0),
    ),
    "an entry that was changed": (
        "UPDATE entry SET points = points - 1 WHERE account_kind = 'wallet' AND transfer_id IN "
        "(SELECT t.id FROM transfer t JOIN redemption r ON t.redemption_id = r.id WHERE r.status = 'REJECTED' "
        "AND t.kind = 'REDEMPTION_RETURN')",
        RewardReport(0, 0, 1, 0),
    ),
    "points returned to somebody else": (
        "UPDATE entry SET owner_id = (SELECT id FROM member WHERE display_name = 'Cem') WHERE account_kind = 'wallet' "
        "AND transfer_id IN (SELECT id FROM transfer WHERE kind = 'REDEMPTION_RETURN')",
        RewardReport(0, 0, 3, 0),
    ),
    "a transfer that forgot its redemption": (
        "UPDATE transfer SET redemption_id = NULL WHERE kind = 'REDEMPTION_RETURN'",
        RewardReport(0, 0, 3, 0),
    ),
    "a code gone": (
        "DELETE FROM voucher_code WHERE number = 3",
        RewardReport(0, 0, 0, 1),
    ),
    "a code that was handed out behind the counter": (
        "UPDATE voucher_code SET redemption_id = (SELECT min(id) FROM redemption WHERE status = 'CANCELLED') WHERE number = 2",
        RewardReport(0, 0, 0, 1),
    ),
    "a pool that says it handed out more": (
        "UPDATE voucher_pool SET handed = handed + 1",
        RewardReport(0, 0, 0, 1),
    ),
    "a pool that says it was given more": (
        "UPDATE voucher_pool SET added = added + 1",
        RewardReport(0, 0, 0, 1),
    ),
}


@pytest.mark.parametrize("what", WRONG)
async def test_the_proofs_find(scene: Shop, intruder: Intruder, what: str):
    statement, expected = WRONG[what]
    if not intruder.is_sqlite:
        statement = statement.replace("min(id)", "min(id::text)::uuid")
    assert intruder.does(statement) >= 1

    report = await scene.proved()

    assert report == expected
    assert not report.ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE statement_line SET minor_units = minor_units + 1 WHERE kind = 'FULFILMENT' AND points = 7",
        "UPDATE statement_line SET currency_code = 'EUR' WHERE kind = 'FULFILMENT' AND points = 7",
        "UPDATE redemption SET minor_units_per_point = 2 WHERE status = 'FULFILLED'",
        "DELETE FROM statement_line WHERE points = 0",
        "UPDATE statement_line SET points = CASE points WHEN 7 THEN 8 ELSE 9 END WHERE points = 7 "
        "OR id = (SELECT id FROM statement_line WHERE points = 10 AND kind = 'FULFILMENT' LIMIT 1)",
        "UPDATE redemption SET status = 'REFUNDED' WHERE status = 'REJECTED'",
    ],
)
async def test_the_proofs_find_money(scene: Shop, intruder: Intruder, statement: str):
    assert intruder.does(statement) >= 1

    assert not (await scene.proved()).ok


def test_a_proof_that_fails_says_so():
    assert RewardReport(1, -2, 3, 4).problem == (
        "escrow and open redemptions differ by 1; points redeemed and statements differ by -2; "
        "redemptions that their transfers and lines do not bear out: 3; voucher pools that miscount: 4"
    )
    assert RewardReport(0, -2, 0, 0).problem == "points redeemed and statements differ by -2"
