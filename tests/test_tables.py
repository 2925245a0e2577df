"""The tables: every row belongs to an organization, models and migrations agree, and the database refuses what must never be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from app import audit, ledger, migrations, organization, recognition, reward
from app.core.ids import new_id
from app.db import Database, driver_url, table_of, tenant_models
from app.db import insert as upsert
from app.db.tables import Word, metadata
from app.ledger import AccountKind, TransferKind
from tests.shop import Shop
from tests.world import NOON, World

TABLES = metadata.sorted_tables
HEADLESS = {"chain_head", "audit_event"}
"""Nothing stands before them: an organization begins with its chain, and an event must be written whatever else is there."""


def unscoped(table: sa.Table) -> list[str]:
    """Keys, indexes and foreign keys that do not begin with the organization."""
    found = []
    if [column.name for column in table.primary_key.columns][:1] != ["organization_id"]:
        found.append("primary key")
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint) and next(iter(constraint.columns)).name != "organization_id":
            found.append(f"unique {constraint.columns.keys()}")
        if isinstance(constraint, sa.ForeignKeyConstraint):
            pair = constraint.elements[0].parent.name, constraint.elements[0].column.name
            if pair != ("organization_id", "organization_id"):
                found.append(f"foreign key {constraint.column_keys}")
    return found + [f"index {index.name}" for index in table.indexes if next(iter(index.columns)).name != "organization_id"]


def test_the_rule_catches_what_crosses_organizations():
    table = sa.Table(
        "bad",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("organization_id", sa.Integer),
        sa.Column("email", sa.Text, unique=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("bad.id")),
        sa.Index("by_email", "email"),
    )
    assert sorted(unscoped(table)) == ["foreign key ['parent_id']", "index by_email", "primary key", "unique ['email']"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_key_begins_with_the_organization(table: sa.Table):
    assert unscoped(table) == []
    assert bool(table.foreign_key_constraints) is (table.name not in HEADLESS)


def test_every_table_belongs_to_an_organization():
    assert {table.name for table in TABLES} == {table_of(model).name for model in tenant_models()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_word_is_checked_by_the_database(table: sa.Table):
    checks = {str(one.name): str(one.sqltext) for one in table.constraints if isinstance(one, sa.CheckConstraint)}
    for column in table.columns:
        if isinstance(column.type, Word) and (table.name, column.name) != (
            "entry",
            "account_kind",
        ):  # A foreign key checks that one.
            written = [text for name, text in checks.items() if name.endswith(column.name)]
            assert len(written) == 1, f"{table.name}.{column.name} has no CHECK"
            assert all(f"'{word.value}'" in written[0] for word in column.type.kind)


def shape(url: str) -> dict[str, Any]:
    """What the database says of its tables: CHECKs and keys, which Alembic compares in part or not at all."""
    engine = sa.create_engine(driver_url(url, asynchronous=False), poolclass=sa.NullPool)
    with engine.connect() as connection:
        seen = sa.inspect(connection)
        return {
            name: {
                "checks": sorted(str(check["name"]) for check in seen.get_check_constraints(name)),
                "indexes": sorted(
                    str(index["name"]) for index in seen.get_indexes(name) if not index.get("duplicates_constraint")
                ),
                "uniques": sorted(tuple(unique["column_names"]) for unique in seen.get_unique_constraints(name)),
                "foreign": sorted(str(foreign["name"]) for foreign in seen.get_foreign_keys(name)),
            }
            for name in seen.get_table_names()
        }


def wanted() -> dict[str, Any]:
    """The same of the models."""
    found: dict[str, Any] = {}
    for table in TABLES:
        kinds: dict[type, list[Any]] = {sa.CheckConstraint: [], sa.UniqueConstraint: [], sa.ForeignKeyConstraint: []}
        for constraint in table.constraints:
            kinds.setdefault(type(constraint), []).append(constraint)
        found[table.name] = {
            "checks": sorted(metadata_name(check, table) for check in kinds[sa.CheckConstraint]),
            "indexes": sorted(str(index.name) for index in table.indexes),
            "uniques": sorted(tuple(unique.columns.keys()) for unique in kinds[sa.UniqueConstraint]),
            "foreign": sorted(f"fk_{table.name}_{'_'.join(foreign.column_keys)}" for foreign in kinds[sa.ForeignKeyConstraint]),
        }
    return found


def metadata_name(check: sa.CheckConstraint, table: sa.Table) -> str:
    """The CHECK's name by the naming convention."""
    name = str(check.name)
    return name if name.startswith("ck_") else f"ck_{table.name}_{name}"


def test_models_and_migrations_agree(database_url: str):
    migrations.check(database_url)
    assert migrations.is_current(database_url)

    made = shape(database_url)

    assert made.pop("alembic_version")
    assert made == wanted()


def test_a_difference_is_found(database_url: str):
    engine = sa.create_engine(driver_url(database_url, asynchronous=False), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_token_by_member")
        connection.exec_driver_sql("ALTER TABLE token ADD COLUMN colour TEXT")

    with pytest.raises(Exception, match="colour"):
        migrations.check(database_url)


def test_down_to_nothing_and_up_again_step_by_step(database_url: str):
    before = shape(database_url)
    revisions = [one.revision for one in ScriptDirectory.from_config(migrations.configuration()).walk_revisions()]
    assert len(ScriptDirectory.from_config(migrations.configuration()).get_heads()) == 1

    for _ in revisions:
        migrations.downgrade(database_url, "-1")
    assert list(shape(database_url)) == ["alembic_version"]
    assert not migrations.is_current(database_url)

    for revision in reversed(revisions):
        migrations.upgrade(database_url, revision)
    assert shape(database_url) == before
    migrations.check(database_url)
    migrations.upgrade(database_url)


async def refused(database: Database, statement: sa.Executable, sentence: str) -> None:
    """The database says no, for this reason."""
    async with database.engine.connect() as connection:
        with pytest.raises(sa.exc.DBAPIError, match=sentence):
            await connection.execute(statement)


APPEND_ONLY: list[type[Any]] = [audit.AuditEvent, ledger.Transfer, ledger.Entry, reward.StatementLine]


@pytest.mark.parametrize("model", APPEND_ONLY, ids=lambda model: model.__name__)
async def test_history_is_append_only(world: World, model: type[Any]):
    await something_happens(world)
    before = await world.snapshot()
    table = table_of(model)
    name = next(column for column in table.columns if not column.primary_key)

    await refused(world.database, sa.update(table).values({name: name}), f"{table.name} is append-only")
    await refused(world.database, sa.delete(table), f"{table.name} is append-only")
    again = upsert(model, world.database.dialect).from_select(table.columns.keys(), sa.select(table).where(sa.true()))
    changed = again.on_conflict_do_update(index_elements=table.primary_key.columns, set_={name: name})
    await refused(world.database, changed, f"{table.name} is append-only")
    if not world.database.is_sqlite:
        await refused(world.database, sa.text(f"TRUNCATE {table.name} CASCADE"), "is append-only")

    assert await world.snapshot() == before


async def something_happens(world: World) -> None:
    """Somebody gives points, and somebody has a reward delivered."""
    await world.ann.gives(to=[world.bob], points=10)
    shop = Shop(world)
    await shop.decides(world.admin, reward.Verb.FULFIL, await shop.redeems(world.bob, await shop.sells(price=10)))


async def replaced(world: World, model: type[Any], **values: sa.ColumnElement[Any]) -> None:
    """Puts rows in the place of rows, by SQLite's own word for it. The same but for these values."""
    table = table_of(model)
    same = sa.select(*(values.get(column.name, column) for column in table.columns))
    statement = sa.insert(table).prefix_with("OR REPLACE").from_select(table.columns.keys(), same)
    before = await world.snapshot()
    await refused(world.database, statement, f"{table.name} is append-only")
    assert await world.snapshot() == before


@pytest.mark.parametrize("model", APPEND_ONLY, ids=lambda model: model.__name__)
async def test_history_is_not_replaced(world: World, model: type[Any]):
    """REPLACE deletes without a DELETE trigger on SQLite, unless recursive triggers are on: it must fail all the same."""
    if not world.database.is_sqlite:
        return
    await something_happens(world)

    await replaced(world, model)


async def test_a_line_is_not_replaced_by_way_of_its_redemption(sqlite_url: str):
    """A line has two keys, and REPLACE deletes by either."""
    world = World(sqlite_url)
    await world.open()
    await something_happens(world)
    try:
        await replaced(world, reward.StatementLine, id=sa.literal(new_id(NOON)), minor_units=sa.literal(0))
    finally:
        await world.close()


Broken = Callable[["Facts"], sa.Executable]


class Facts:
    """Rows to break: this organization, and another one with somebody in it."""

    def __init__(self, world: World, other: UUID, stranger: UUID, transfer: UUID, recognition_id: UUID) -> None:
        self.here = world.organization_id
        self.ann = world.ann.key
        self.bob = world.bob.key
        self.other = other
        self.stranger = stranger
        self.transfer = transfer
        self.recognition = recognition_id


def insert(model: type[Any], **values: Any) -> sa.Executable:
    return sa.insert(table_of(model)).values(**values)


def change(model: type[Any], facts: Facts, owner: UUID, kind: AccountKind, **values: Any) -> sa.Executable:
    account = table_of(model).c
    return (
        sa.update(table_of(model))
        .where(account.organization_id == facts.here, account.owner_id == owner, account.kind == kind)
        .values(**values)
    )


def member(facts: Facts, **values: Any) -> sa.Executable:
    given = {
        "organization_id": facts.here,
        "id": new_id(NOON),
        "ordinal": 99,
        "display_name": "X",
        "name_key": "x",
        "role": "MEMBER",
        "status": "ACTIVE",
        "mode": "NORMAL",
        "joined_at": NOON,
    }
    return insert(organization.Member, **{**given, **values})


def entry(facts: Facts, **values: Any) -> sa.Executable:
    given = {
        "organization_id": facts.here,
        "owner_id": facts.ann,
        "account_kind": "wallet",
        "transfer_id": facts.transfer,
        "points": 5,
    }
    return insert(ledger.Entry, **{**given, **values})


def grant(facts: Facts, **values: Any) -> sa.Executable:
    given = {
        "organization_id": facts.here,
        "gift_id": new_id(NOON),
        "recipient_id": facts.bob,
        "recognition_id": facts.recognition,
        "giver_id": facts.ann,
        "points": 1,
        "is_boost": False,
        "revoked": False,
    }
    return insert(recognition.Grant, **{**given, **values})


CHECK = r"(?i)check constraint"
FOREIGN = r"(?i)foreign key constraint"
UNIQUE = r"(?i)unique constraint|duplicate key"
BROKEN: dict[str, tuple[Broken, str]] = {
    "a wallet below zero": (lambda f: change(ledger.Account, f, f.bob, AccountKind.WALLET, balance=-1), CHECK),
    "an allowance below zero": (lambda f: change(ledger.Account, f, f.ann, AccountKind.ALLOWANCE, balance=-1), CHECK),
    "an account of an unknown kind": (
        lambda f: insert(ledger.Account, organization_id=f.here, owner_id=f.here, kind=sa.literal_column("'sock'"), balance=0),
        CHECK,
    ),
    "a wallet of the organization": (
        lambda f: insert(ledger.Account, organization_id=f.here, owner_id=f.here, kind=AccountKind.WALLET, balance=0),
        CHECK,
    ),
    "an account whose owner is not its member": (
        lambda f: insert(
            ledger.Account, organization_id=f.here, owner_id=f.bob, member_id=f.ann, kind=AccountKind.ALLOWANCE, balance=0
        ),
        CHECK,
    ),
    "an account of a stranger": (
        lambda f: insert(
            ledger.Account, organization_id=f.here, owner_id=f.stranger, member_id=f.stranger, kind=AccountKind.WALLET, balance=0
        ),
        FOREIGN,
    ),
    "an entry of nothing": (lambda f: entry(f, points=0), CHECK),
    "an entry of no transfer": (lambda f: entry(f, owner_id=f.bob, transfer_id=new_id(NOON)), FOREIGN),
    "an entry in a stranger's account": (lambda f: entry(f, owner_id=f.stranger), FOREIGN),
    "an entry of another organization's transfer": (lambda f: entry(f, organization_id=f.other, owner_id=f.stranger), FOREIGN),
    "a transfer for no reason": (
        lambda f: insert(
            ledger.Transfer, organization_id=f.here, id=new_id(NOON), kind=sa.literal_column("'WHIM'"), posted_at=NOON
        ),
        CHECK,
    ),
    "a transfer of no organization": (
        lambda f: insert(ledger.Transfer, organization_id=new_id(NOON), id=new_id(NOON), kind=TransferKind.AWARD, posted_at=NOON),
        FOREIGN,
    ),
    "a transfer about another organization's recognition": (
        lambda f: insert(
            ledger.Transfer,
            organization_id=f.other,
            id=new_id(NOON),
            kind=TransferKind.RECOGNITION,
            posted_at=NOON,
            recognition_id=f.recognition,
        ),
        FOREIGN,
    ),
    "a member whose manager is a stranger": (lambda f: member(f, manager_id=f.stranger), FOREIGN),
    "a member with an unknown role": (lambda f: member(f, role=sa.literal_column("'KING'")), CHECK),
    "two members with one ordinal": (lambda f: member(f, ordinal=1), UNIQUE),
    "two members with one address": (lambda f: member(f, email="ann@acorn.example"), UNIQUE),
    "a grant to a stranger": (lambda f: grant(f, recipient_id=f.stranger), FOREIGN),
    "a grant of less than nothing": (lambda f: grant(f, points=-1), CHECK),
    "a grant of another organization's recognition": (
        lambda f: grant(f, organization_id=f.other, recipient_id=f.stranger, giver_id=f.stranger),
        FOREIGN,
    ),
}


async def facts_of(world: World) -> Facts:
    """Something given here, and a neighbour on the same database."""
    assert (await world.ann.gives(to=[world.bob], points=10)).user_errors == []
    neighbour = World(world.database.url)
    await neighbour.open()
    await neighbour.close()
    (transfer,) = [row.id for row in await world.rows(ledger.Transfer) if row.kind is TransferKind.RECOGNITION]
    (recognized,) = [row.id for row in await world.rows(recognition.Recognition)]
    return Facts(world, neighbour.organization_id, neighbour.ann.key, transfer, recognized)


async def test_the_database_refuses_what_must_never_be(world: World):
    facts = await facts_of(world)
    before = await world.snapshot()

    for name, (broken, sentence) in BROKEN.items():
        try:
            await refused(world.database, broken(facts), sentence)
        except BaseException as error:
            raise AssertionError(f"{name}: {error}") from error

    assert await world.snapshot() == before


async def test_what_is_right_goes_through(world: World):
    """The rows above break one rule each: with that put right, the same statements pass."""
    facts = await facts_of(world)
    right = [
        change(ledger.Account, facts, facts.here, AccountKind.ISSUANCE, balance=-5),
        insert(
            ledger.Account,
            organization_id=facts.here,
            owner_id=facts.ann,
            member_id=facts.ann,
            kind=AccountKind.WALLET,
            balance=0,
        ),
        entry(facts),
        insert(
            ledger.Transfer, organization_id=facts.other, id=new_id(NOON), kind=TransferKind.AWARD, posted_at=NOON + timedelta(1)
        ),
        member(facts, manager_id=facts.bob),
        grant(facts),
    ]
    async with world.database.engine.connect() as connection:
        if not world.database.is_sqlite:
            await connection.execution_options(isolation_level="READ COMMITTED")
        for statement in right:
            await connection.execute(statement)
        await connection.rollback()
