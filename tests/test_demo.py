"""The demo: founded by itself at the first start, the same at the second, and its two members can always give."""

import asyncio
import re
import socket
import stat
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2
import orjson
import pytest

from app import access, allowance, audit, demo, ledger, organization, recognition, reward
from app.core.actor import Actor, Role, system
from app.core.clock import now as present
from app.core.errors import Misconfigured
from app.core.ids import new_id
from app.core.settings import Settings, load
from app.db import Database, scoped
from app.demo import days, files, messages, people, story
from app.demo.founding import NAME, ORGANIZATION_ID, TIME_ZONE
from app.demo.start import ready
from app.founding import FoundOrganization
from tests.demo_process import serving

MADRID = ZoneInfo(TIME_ZONE)
WORDS = "Thank you for the lovely chart"
VIEWER = "{ viewer { member { displayName } } }"


def settings_of(url: str, folder: Path) -> Settings:
    return load(database_url=url, data_dir=folder, port=0)


async def opened(url: str, clock: Any = present) -> Database:
    database = Database(url, audit.AuditChain(), clock=clock)
    await database.open()
    return database


async def rows(database: Database, model: Any) -> list[Any]:
    async with database.read() as connection:
        return list(await connection.execute(scoped(model, ORGANIZATION_ID)))


async def found(url: str, folder: Path, now: datetime, length: int) -> dict[str, Any]:
    tokens = await ready(settings_of(url, folder), now, lambda done, total: None, length=length)
    assert tokens is not None
    return tokens


async def assert_promises(database: Database, tokens: dict[str, Any]) -> None:
    """Both demo members give in both directions, 40 points, without a hashtag."""
    members = {member.email: member for member in await rows(database, organization.Member)}
    pair = [members[member["email"]] for member in tokens["members"]]
    assert len(pair) == 2
    for giver, recipient in (pair, reversed(pair)):
        assert (giver.mode, giver.status, giver.role) == ("NORMAL", "ACTIVE", "MEMBER")
        assert giver.manager_id is not None
        actor = Actor(ORGANIZATION_ID, giver.id, Role.MEMBER, system(ORGANIZATION_ID).door)
        (standing,) = await database.rehearse([allowance.BringUpToDate(actor, giver.id)])
        assert not isinstance(standing, BaseException)
        assert standing.remaining >= 40
        (check,) = await database.rehearse(
            [recognition.CheckGiving(actor, recognition.Wish(giver.id, (recipient.id,), (), 40, WORDS))]
        )
        assert not isinstance(check, BaseException)
        assert check.allowed, check.verdicts


async def assert_a_year(database: Database) -> None:
    members = await rows(database, organization.Member)
    assert len(members) == 121
    assert Counter(member.role for member in members) == {"MEMBER": 117, "ADMIN": 2, "OWNER": 1, "AUDITOR": 1}
    assert Counter(member.status for member in members) == {"ACTIVE": 116, "INVITED": 2, "DEACTIVATED": 3}
    assert Counter(member.mode for member in members) == {"NORMAL": 117, "GIVER": 2, "RECEIVER": 1, "OBSERVER": 1}
    groups = await rows(database, organization.Group)
    assert Counter(group.kind for group in groups) == {"team": 8, "location": 3}
    assert len(await rows(database, organization.CompanyValue)) == 6
    given = await rows(database, recognition.Recognition)
    assert 2_800 <= len(given) <= 3_600
    assert 50 <= sum(row.visibility == "PRIVATE" for row in given) <= 250
    assert 150 <= sum(row.points_each == 0 for row in given) <= 500
    assert 1 <= sum(row.revoked_at is not None for row in given) <= 40
    assert sum(row.hidden_at is not None for row in given) == 1
    assert 150 <= len(await rows(database, recognition.Boost)) <= 500
    assert 350 <= len(await rows(database, recognition.Comment)) <= 1_000
    assert 2_000 <= len(await rows(database, recognition.Reaction)) <= 5_000
    weekdays = Counter(row.given_at.astimezone(MADRID).weekday() for row in given)
    assert min(weekdays[0], weekdays[4]) > max(weekdays[1], weekdays[2], weekdays[3])
    assert weekdays[5] + weekdays[6] < len(given) / 20
    assert [row.given_at for row in sorted(given, key=lambda row: row.id)] == sorted(row.given_at for row in given)
    assert max(row.given_at for row in given) <= present()
    received = {grant.recipient_id for grant in await rows(database, recognition.Grant)}
    never = [member.display_name for member in members if member.id not in received and member.mode == "NORMAL"]
    assert {"Anjali Deshpande", "Ruth Adler", "Gustavo Peralta"} <= set(never)
    kinds = Counter(transfer.kind for transfer in await rows(database, ledger.Transfer))
    assert kinds["ADJUSTMENT"] == 3
    assert kinds["ALLOWANCE_TOP_UP"] > 10
    assert (await ledger.prove(database, ORGANIZATION_ID)).ok
    assert (await audit.verify(database, ORGANIZATION_ID)).chain_intact


async def assert_the_two_were_sparing(database: Database) -> None:
    """In no month of the year did they spend more than 50; they gave, and they were thanked."""
    ids = {member.email: member.id for member in await rows(database, organization.Member)}
    pair = {ids[person.email] for person in people.cast() if person.is_demo_member}
    spent: defaultdict[tuple[UUID, int, int], int] = defaultdict(int)
    for grant in await rows(database, recognition.Grant):
        if grant.giver_id in pair:
            at = datetime.fromtimestamp((grant.gift_id.int >> 80) / 1000, UTC).astimezone(MADRID)
            spent[grant.giver_id, at.year, at.month] += grant.points
    assert {giver_id for giver_id, _, _ in spent} == pair
    assert max(spent.values()) <= 50
    received = Counter(grant.recipient_id for grant in await rows(database, recognition.Grant))
    assert all(received[member_id] > 10 for member_id in pair)


async def assert_redemptions(database: Database, settings: Settings) -> None:
    """In every state, of every kind; statements of all months but the first; and each of the two has something to wait for."""
    rewards = {row.id: row for row in await rows(database, reward.Reward)}
    claims = await rows(database, reward.Redemption)
    assert Counter(row.status for row in claims) == {
        "PENDING_APPROVAL": 5,
        "TO_FULFIL": 4,
        "FULFILLED": 45,
        "REJECTED": 3,
        "CANCELLED": 2,
        "REFUNDED": 2,
    }
    assert {rewards[row.reward_id].kind for row in claims} == set(reward.RewardKind)
    assert {row.provider for row in claims if row.status == "TO_FULFIL"} == {"MANUAL"}
    now = present()
    waiting = [reward.reads.days_waiting(row, now) for row in claims if row.status == "PENDING_APPROVAL"]
    assert len(set(waiting)) == 5
    assert [row.name for row in rewards.values() if row.stock == 0] == ["The enamel mug"]
    assert [row.name for row in rewards.values() if row.archived_at] == ["Basil for your desk"]
    lines = await rows(database, reward.StatementLine)
    assert len({line.month for line in lines}) >= 12
    assert sum(line.minor_units < 0 for line in lines) == 2
    (pool,) = await rows(database, reward.VoucherPool)
    assert (pool.added, pool.handed) == (12, 9)
    ids = {member.email: member.id for member in await rows(database, organization.Member)}
    vouchers = reward.Vouchers(database, files.with_secret_key(settings).secret_key.get_secret_value())
    for member_id in (ids[person.email] for person in people.cast() if person.is_demo_member):
        mine = [row for row in claims if row.member_id == member_id]
        assert Counter(row.status in reward.OPEN for row in mine) == {True: 1, False: 1}
        actor = Actor(ORGANIZATION_ID, member_id, Role.MEMBER, system(ORGANIZATION_ID).door)
        async with database.read() as connection:
            balance = (await ledger.reads.wallet_balances(connection, ORGANIZATION_ID, [member_id]))[member_id]
            codes = await vouchers.codes(connection, actor, [row.id for row in mine])
            seen = await connection.execute(reward.reads.catalog(actor, reward.reads.RewardFilter()))
            prices = [row.price_points for row in seen if row.stock != 0]
        assert [re.fullmatch(r"FAROLA-\w{4}-\w{4}", code) is not None for code in codes.values()] == [True]
        assert sum(price <= balance for price in prices) >= 2
        assert sum(price > balance for price in prices) >= 2
    assert (await reward.prove(database, ORGANIZATION_ID)).ok


def asks(content: dict[str, Any], token: str) -> str:
    """Whose token it is."""
    answer = httpx2.post(content["graphql"], json={"query": VIEWER}, headers={"authorization": f"Bearer {token}"})
    return str(answer.json()["data"]["viewer"]["member"]["displayName"])


def pictured(content: dict[str, Any]) -> list[str]:
    """Where the pictures of all rewards are."""
    query = {"query": "{ rewards(first: 100, everything: true) { nodes { imageUrl } } }"}
    answer = httpx2.post(content["graphql"], json=query, headers={"authorization": f"Bearer {content['tokens']['admin']}"})
    return [node["imageUrl"] for node in answer.json()["data"]["rewards"]["nodes"]]


def assert_private(path: Path, mode: int) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == mode


def assert_form(content: dict[str, Any]) -> None:
    assert list(content) == ["graphql", "tokens"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/graphql", content["graphql"])
    assert list(content["tokens"]) == ["owner", "admin", "auditor", "members"]
    assert [list(member) for member in content["tokens"]["members"]] == [["email", "token"]] * 2
    assert [member["email"] for member in content["tokens"]["members"]] == [
        "ana.ferreira@farola.example",
        "kofi.mensah@farola.example",
    ]


@pytest.mark.long
def test_the_first_start_needs_nothing(tmp_path):
    folder = tmp_path / "new" / "data"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(folder, port=port) as served:
        content = served.until_it_answers(port)
        assert_form(content)
        assert content["graphql"] == f"http://127.0.0.1:{port}/graphql"
        assert asks(content, content["tokens"]["owner"]) == "Lucía Ferrer"
        assert asks(content, content["tokens"]["admin"]) == "Beatriz Carvalho"
        assert asks(content, content["tokens"]["auditor"]) == "Renske de Groot"
        assert [asks(content, member["token"]) for member in content["tokens"]["members"]] == ["Ana Ferreira", "Kofi Mensah"]
        pictures = [f"http://127.0.0.1:{port}{path}" for path in pictured(content)]
        assert len(pictures) == 10
        assert all(httpx2.get(picture).headers["content-type"] == "image/png" for picture in pictures)
        said = served.ends()
    assert content["graphql"] in said
    assert all(secret in said for secret in re.findall(r"plaudit_[\w-]+=*", str(content)))
    assert_private(folder, 0o700)
    for name in (files.DEMO_FILE, files.KEY_FILE, "plaudit.db"):
        assert_private(folder / name, 0o600)

    async def look() -> None:
        database = await opened(f"sqlite:///{folder}/plaudit.db")
        try:
            await assert_a_year(database)
            await assert_the_two_were_sparing(database)
            await assert_redemptions(database, settings_of("", folder))
            await assert_promises(database, content["tokens"])
        finally:
            await database.close()

    asyncio.run(look())


@pytest.mark.long
async def test_a_year_on_postgresql(postgresql_url, tmp_path):
    tokens = await found(postgresql_url, tmp_path, present(), story.STORY_DAYS)

    database = await opened(postgresql_url)
    try:
        await assert_a_year(database)
        await assert_the_two_were_sparing(database)
        await assert_redemptions(database, settings_of(postgresql_url, tmp_path))
        await assert_promises(database, tokens)
    finally:
        await database.close()


def test_the_second_start_changes_nothing(database_url, tmp_path):
    """Even when demo.json was lost before: then new tokens are made."""

    async def facts() -> tuple[int, int, int]:
        database = await opened(database_url)
        try:
            given, tokens = await rows(database, recognition.Recognition), await rows(database, access.Token)
            events = [
                event for event in await rows(database, audit.AuditEvent) if not event.action.startswith(("allowance.", "slack."))
            ]
            return len(given), len(tokens), len(events)
        finally:
            await database.close()

    folder = tmp_path / "data"
    first = asyncio.run(found(database_url, tmp_path, present(), 20))
    before = asyncio.run(facts())
    with serving(folder, database_url) as served:
        content = served.until_it_answers()
        assert_form(content)
        served.ends()
    assert content["tokens"] != first
    assert asyncio.run(facts()) == (before[0], before[1] + 5, before[2] + 5)
    key = (folder / files.KEY_FILE).read_text()
    (folder / files.DEMO_FILE).write_bytes(orjson.dumps(content | {"graphql": "http://127.0.0.1:1/graphql"}))

    with serving(folder, database_url) as served:
        time.sleep(0.1)
        while orjson.loads((folder / files.DEMO_FILE).read_bytes())["graphql"].endswith(":1/graphql"):
            assert served.process.poll() is None
            time.sleep(0.02)
        again = served.until_it_answers()
        assert asks(again, again["tokens"]["members"][0]["token"]) == "Ana Ferreira"
        served.ends()
    assert again["tokens"] == content["tokens"]
    assert_private(folder / files.DEMO_FILE, 0o600)
    assert (folder / files.KEY_FILE).read_text() == key
    assert asyncio.run(facts()) == (before[0], before[1] + 5, before[2] + 5)


async def test_a_story_that_was_cut_off_goes_on(database_url, tmp_path):
    now = datetime(2026, 10, 15, 16, 0, tzinfo=UTC)

    def stumble(done: int, total: int) -> None:
        if done == 12:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await ready(settings_of(database_url, tmp_path), now, stumble, length=30)
    database = await opened(database_url)
    halfway = await rows(database, recognition.Recognition)
    assert not await rows(database, access.Token)
    await database.close()

    await found(database_url, tmp_path, now, 30)

    database = await opened(database_url, lambda: now)
    given = await rows(database, recognition.Recognition)
    assert len(await rows(database, access.Token)) == 5
    assert (await ledger.prove(database, ORGANIZATION_ID)).ok
    await database.close()
    told = Counter((row.given_at.astimezone(MADRID).date(), row.message) for row in given)
    start = now.astimezone(MADRID).date() - timedelta(days=29)
    planned = Counter(
        (day, gift.message) for number, day in enumerate(days.days(start, now.date())) for gift in days.gifts(day, number / 29)
    )
    assert 0 < len(halfway) < len(given)
    assert not told - planned, "nothing is told twice"
    assert len(given) > 0.85 * planned.total()


@pytest.mark.parametrize(
    "today",
    [
        datetime(2027, 1, 1, 0, 10, tzinfo=MADRID),
        datetime(2028, 2, 29, 23, 50, tzinfo=MADRID),
        datetime(2026, 10, 31, 23, 59, tzinfo=MADRID),
        datetime(2027, 3, 1, 6, 0, tzinfo=MADRID),
        datetime(2027, 7, 15, 13, 0, tzinfo=MADRID),
    ],
    ids=lambda today: f"{today:%Y-%m-%d}",
)
async def test_the_two_members_can_give_whatever_the_day(sqlite_url, tmp_path, today):
    now = today.astimezone(UTC)
    tokens = await found(sqlite_url, tmp_path, now, 45)

    database = await opened(sqlite_url, lambda: now)
    try:
        await assert_promises(database, tokens)
        assert (await ledger.prove(database, ORGANIZATION_ID)).ok
        given = await rows(database, recognition.Recognition)
        assert now - timedelta(days=4) < max(row.given_at for row in given) <= now
    finally:
        await database.close()


async def test_an_organization_of_ones_own_is_left_alone(database_url, tmp_path):
    database = await opened(database_url)
    own = new_id(present())
    await database.submit(FoundOrganization(system(own), "Harbour Trust", "Europe/Oslo", "Kari", "kari@example.com"))
    await database.close()

    folder = tmp_path / "data"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(folder, database_url, port) as served:
        await asyncio.to_thread(served.until_it_accepts, port)
        said = served.ends()
    assert "plaudit token create" in said
    assert "Bearer" not in said
    assert not (folder / files.DEMO_FILE).exists()
    database = await opened(database_url)
    async with database.read() as connection:
        assert [row.name for row in await organization.all_organizations(connection)] == ["Harbour Trust"]
    await database.close()


def test_a_busy_port_is_named(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Misconfigured, match=r"PLAUDIT_PORT: port \d+ is in use"):
            demo.run(load(data_dir=tmp_path / "data", port=other.getsockname()[1]))
    assert not (tmp_path / "data" / "plaudit.db").exists()


def test_two_at_once_do_not_found_twice(tmp_path):
    with files.alone(tmp_path), pytest.raises(Misconfigured, match="Another plaudit demo"):
        demo.run(load(data_dir=tmp_path, port=0))


def test_the_secret_key_is_made_once_and_the_one_that_is_set_wins(tmp_path):
    unset = load(data_dir=tmp_path, secret_key="")
    made = files.with_secret_key(unset).secret_key.get_secret_value()
    assert re.fullmatch("[0-9a-f]{64}", made)
    assert_private(tmp_path / files.KEY_FILE, 0o600)
    assert files.with_secret_key(unset).secret_key.get_secret_value() == made
    own = load(data_dir=tmp_path, secret_key="a key of our own, which is long enough")
    assert files.with_secret_key(own) is own


def test_everyone_has_a_name_of_their_own():
    cast = people.cast()
    names = Counter(person.first_name for person in cast)
    assert [name for name, number in names.items() if number > 1] == ["Marta"]
    assert all(re.fullmatch(r"[a-z.-]+@farola\.example", person.email) for person in cast)
    demo_members = [person for person in cast if person.is_demo_member]
    assert len({person.team for person in demo_members}) == 2
    assert all(sum(person.first_name.lower() in other.name.lower() for other in cast) == 1 for person in demo_members)
    assert NAME == "Farola"


def test_nobody_says_a_thing_with_a_hole_in_it():
    banks = [*messages.ABOUT_WORK.values(), messages.ANYONE, messages.SMALL_THANKS, messages.TO_A_GROUP, messages.IN_PRIVATE]
    sentences = [sentence for bank in banks for sentence in bank]
    assert len(set(sentences)) == len(sentences) > 120
    tags = {tag for sentence in sentences for tag in re.findall(r"#(\w+)", sentence)}
    assert {"seaworthy", "teamwork", "lighton", "plainwords", "everyharbour", "boldcourse"} <= tags
    assert set(messages.ABOUT_WORK) == set(people.teams())
    year = days.days(datetime(2026, 1, 1).date(), datetime(2026, 12, 31).date())
    said = [gift.message for number, day in enumerate(year) for gift in days.gifts(day, number / 365)]
    assert all(len(message) >= 10 and "{" not in message for message in said)
    assert len(set(said)) > len(said) / 2
