"""Reports as CSV: they say what the ledger says, to the point; none is a formula; long ones are sent as they are read."""

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import files, ledger, recognition, reward
from app.core.actor import system
from app.db import Slice
from app.files import reports
from app.files.reports import REPORTS
from app.ledger import Account
from app.organization import Currency, Member, UpdateMember, UpdateOrganization
from app.reward import Verb
from tests.command import Plaudit
from tests.letterbox import Letterbox, by_transfer, opened_letterbox, refusal, rows_of  # noqa: F401 (fixture)
from tests.shop import SOUND, Shop, opened_shop  # noqa: F401 (fixture)
from tests.test_export import another
from tests.world import World

DOCUMENT = (Path(__file__).parents[1] / "docs" / "reports.md").read_text(encoding="utf-8")


async def test_a_statement_says_what_is_to_be_paid(world: World, shop: Shop, letterbox: Letterbox):
    mug = await shop.sells("Mug, blue", price=30)
    await shop.earns(90, world.ann)
    first, second = await shop.redeems(world.ann, mug), await shop.redeems(world.ann, mug)
    worth = Currency(minor_units_per_point=5, code="EUR")
    await world.database.submit(UpdateOrganization(world.admin.actor, currency=worth))
    third = await shop.redeems(world.ann, mug)
    world.passes(hours=1)
    at = world.now
    await shop.decides(world.admin, Verb.FULFIL, first)
    await shop.decides(world.admin, Verb.FULFIL, third)
    await shop.decides(world.admin, Verb.REFUND, first, "It broke")
    world.passes(days=30)
    await shop.decides(world.admin, Verb.FULFIL, second)

    answer = await letterbox.gives(world.auditor, "statement", month="2026-03")

    when = [(at + timedelta(milliseconds=number)).isoformat().replace("+00:00", "Z") for number in (1, 2, 3)]
    assert answer.status_code == 200
    assert answer.text.splitlines() == [
        "month,at,kind,redemption_id,reward,member,email,points,minor_units,currency",
        f'2026-03,{when[0]},FULFILMENT,{first},"Mug, blue",Ann,ann@acorn.example,30,30,USD',
        f'2026-03,{when[1]},FULFILMENT,{third},"Mug, blue",Ann,ann@acorn.example,30,150,EUR',
        f'2026-03,{when[2]},REFUND,{first},"Mug, blue",Ann,ann@acorn.example,-30,-30,USD',
    ]
    april = rows_of((await letterbox.gives(world.owner, "statement", month="2026-04")).text)
    assert [(row["redemption_id"], row["points"]) for row in april] == [(str(second), "30")]
    assert (await letterbox.gives(world.owner, "statement", month="2026-05")).text.count("\n") == 1


async def test_orders_say_how_far_they_are(world: World, shop: Shop, letterbox: Letterbox):
    mug, card = await shop.sells("Mug", 10, approval=True), await shop.sells_vouchers(name="Card", price=20)
    await shop.earns(100, world.ann)
    waiting, approved, empty = await shop.redeems(world.ann, mug), await shop.redeems(world.ann, mug), None
    await shop.changes(mug, name="Cup")
    await shop.decides(world.admin, Verb.APPROVE, approved)
    await shop.adds_codes(card, "A-CODE")
    done = await shop.redeems(world.ann, card)
    await shop.goes_round()
    await shop.adds_codes(card, "B-CODE")
    empty = await shop.redeems(world.ann, card)
    rejected = await shop.redeems(world.ann, mug)
    await shop.decides(world.admin, Verb.REJECT, rejected, "No")
    await shop.reads_the_feed()
    world.passes(days=3, hours=1)

    answer = await letterbox.gives(world.admin, "fulfilment")

    rows = rows_of(answer.text)
    assert [row["redemption_id"] for row in rows] == [str(approved), str(done), str(empty)]
    assert [row["days_waiting"] for row in rows] == ["3", "", "3"]
    assert [row["status"] for row in rows] == ["TO_FULFIL", "FULFILLED", "TO_FULFIL"]
    assert [row["provider"] for row in rows] == ["MANUAL", "VOUCHER", "VOUCHER"]
    assert [row["tries"] for row in rows] == ["0", "", "0"]
    assert [bool(row["approved_at"]) for row in rows] == [True, False, False]
    assert [bool(row["fulfilled_at"]) for row in rows] == [False, True, False]
    assert {(row["member"], row["email"]) for row in rows} == {("Ann", "ann@acorn.example")}
    assert [row["reward"] for row in rows] == ["Mug", "Card", "Card"]
    assert "-CODE" not in answer.text
    assert str(waiting) not in answer.text


async def test_an_order_in_trouble_says_so(world: World, shop: Shop, letterbox: Letterbox):
    class Broken:
        async def deliver(self, order: reward.Order) -> reward.Outcome:
            raise RuntimeError('=HYPERLINK("http://evil.example")')

    mug = await shop.sells()
    await shop.earns(10, world.ann)
    await shop.redeems(world.ann, mug)
    await shop.goes_round(shop.clerk(MANUAL=Broken()))

    (row,) = rows_of((await letterbox.gives(world.admin, "fulfilment")).text)
    assert row["tries"] == "1"
    assert row["trouble"].startswith(("'=HYPERLINK", "RuntimeError"))


async def test_redemptions_say_what_was_asked_for_and_what_became_of_it(world: World, shop: Shop, letterbox: Letterbox):
    mug = await shop.sells("Mug", 10, approval=True)
    await shop.earns(100, world.ann, world.bob)
    first = await shop.redeems(world.ann, mug, note="The blue one,\nplease")
    second = await shop.redeems(world.bob, mug)
    await shop.decides(world.admin, Verb.REJECT, first, "There is none in blue")

    text = (await letterbox.gives(world.auditor, "redemptions")).text

    rows = rows_of(text)
    assert [row["id"] for row in rows] == [str(first), str(second)]
    one, two = rows
    assert (one["note"], one["answer"], one["status"]) == ("The blue one,\nplease", "There is none in blue", "REJECTED")
    assert one["requested_at"] == "2026-03-10T12:00:00.001000Z"
    assert one["decided_at"] == one["closed_at"] == "2026-03-10T12:00:00.003000Z"
    assert (one["price_points"], one["minor_units_per_point"], one["currency"]) == ("10", "1", "USD")
    assert [two[name] for name in ("status", "decided_at", "fulfilled_at", "closed_at", "note", "answer")] == [
        "PENDING_APPROVAL",
        *[""] * 5,
    ]


async def test_days_are_the_organizations_and_both_ends_are_included(world: World, shop: Shop, letterbox: Letterbox):
    """Madrid is an hour ahead of UTC in March, two from the 29th on."""
    mug = await shop.sells("Mug", 1)
    await shop.earns(100, world.ann)
    moments = [
        datetime(2026, 3, 14, 22, 59, 59, 999_000, tzinfo=UTC),
        datetime(2026, 3, 14, 23, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
    ]
    ids = []
    for at in moments:
        world.now = at
        ids.append((await world.database.submit(shop.redeeming(world.ann, mug))).id)

    async def found(kind: str, key: str, **given: str) -> list[int]:
        rows = rows_of((await letterbox.gives(world.admin, kind, **given)).text)
        return [number for number, id_ in enumerate(ids) if str(id_) in {row[key] for row in rows}]

    for kind, key in (("redemptions", "id"), ("points", "redemption_id")):
        assert await found(kind, key) == [0, 1, 2, 3]
        assert await found(kind, key, from_="2026-03-15", to="2026-03-29") == [1, 2]
        assert await found(kind, key, to="2026-03-14") == [0]
        assert await found(kind, key, from_="2026-03-30") == [3]
        assert await found(kind, key, from_="2026-03-30", to="2026-03-30") == [3]
        assert await found(kind, key, from_="9998-12-31") == []
        assert await found(kind, key, to="1970-01-01") == []


async def test_points_are_told_side_by_side_and_without_what_was_said(world: World, shop: Shop, letterbox: Letterbox):
    await world.ann.gives(to=[world.bob, world.cem], points=5, message="Nobody else shall read this", visibility="PRIVATE")
    world.passes(minutes=1)
    await shop.earns(-2, world.bob)

    text = (await letterbox.gives(world.auditor, "points")).text

    rows = [row for row in rows_of(text) if row["kind"] in ("RECOGNITION", "ADJUSTMENT")]
    (given,) = await world.rows(recognition.Recognition)
    shown = [(row["account"], row["member"], row["points"], row["memo"]) for row in rows]
    assert shown[0] == ("allowance", "Ann", "-10", "")
    assert sorted(shown[1:3]) == [("wallet", "Bob", "5", ""), ("wallet", "Cem", "5", "")]
    assert shown[3:] == [("wallet", "Bob", "-2", "For the story"), ("issuance", "", "2", "For the story")]
    assert [row["recognition_id"] for row in rows] == [str(given.id)] * 3 + [""] * 2
    assert "Nobody else" not in text
    balances: Counter[tuple[str, str]] = Counter()
    for row in rows_of(text):
        balances[row["account"], row["email"]] += int(row["points"])
    assert {place: points for place, points in balances.items() if points} == await balances_of(world)


async def balances_of(world: World) -> dict[tuple[str, str], int]:
    emails = {row.id: row.email for row in await world.rows(Member)}
    return {(str(row.kind), emails.get(row.owner_id, "")): row.balance for row in await world.rows(Account) if row.balance}


async def test_no_cell_is_a_formula(world: World, shop: Shop, letterbox: Letterbox):
    evil = '=HYPERLINK("http://evil.example";"x")'
    mug = await shop.sells(evil, 10)
    await world.database.submit(UpdateMember(world.admin.actor, world.ann.key, display_name="@Ann"))
    key = world.new_key()
    adjusting = recognition.AdjustPoints(world.admin.actor, world.ann.key, 50, "-2+3+cmd|' /C calc'!A0", key, b"")
    await world.database.submit(adjusting)
    redemption_id = await shop.redeems(world.ann, mug, note="+1 please\n=2")
    await shop.decides(world.admin, Verb.FULFIL, redemption_id, "\t=1+1")
    await shop.decides(world.admin, Verb.REFUND, redemption_id, "＝1+1")

    texts = {
        kind: (await letterbox.gives(world.admin, kind, **({"month": "2026-03"} if kind == "statement" else {}))).text
        for kind in REPORTS
    }

    formula = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
    cells = [cell for text in texts.values() for row in rows_of(text) for cell in row.values()]
    assert [cell for cell in cells if formula.match(cell) and not re.fullmatch(r"-[0-9]+", cell)] == []
    assert {"'@Ann", f"'{evil}", "'+1 please\n=2", "'＝1+1", "'-2+3+cmd|' /C calc'!A0", "-10"} <= set(cells)


async def test_only_those_who_read_the_trail_get_reports(world: World, letterbox: Letterbox):
    given = {"statement": {"month": "2026-03"}}
    before = await world.snapshot()
    for kind in REPORTS:
        assert refusal(await letterbox.gives(world.ann, kind, **given.get(kind, {}))) == (403, "FORBIDDEN")
        assert refusal(await letterbox.gives(None, kind)) == (401, "UNAUTHENTICATED")
        for who in (world.admin, world.auditor, world.owner):
            answer = await letterbox.gives(who, kind, **given.get(kind, {}))
            assert answer.status_code == 200
            assert answer.text.splitlines()[0] == ",".join(REPORTS[kind].columns)
    assert await world.snapshot() == before


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("pets", {}, (404, "NOT_FOUND")),
        ("points/", {}, (404, "NOT_FOUND")),
        ("", {}, (404, "NOT_FOUND")),
        ("statement", {}, (400, "INVALID_INPUT")),
        ("statement", {"month": ""}, (400, "INVALID_INPUT")),
        ("statement", {"month": "2026-13"}, (400, "INVALID_INPUT")),
        ("statement", {"month": "2026-3"}, (400, "INVALID_INPUT")),
        ("statement", {"month": "March"}, (400, "INVALID_INPUT")),
        ("statement", {"month": "2026-03", "from": "2026-03-01"}, (400, "BAD_REQUEST")),
        ("fulfilment", {"month": "2026-03"}, (400, "BAD_REQUEST")),
        ("points", {"from": "2026-02-30"}, (400, "INVALID_INPUT")),
        ("points", {"from": "20260301"}, (400, "INVALID_INPUT")),
        ("points", {"from": "2026-W01-1"}, (400, "INVALID_INPUT")),
        ("points", {"to": "0001-01-01"}, (400, "INVALID_INPUT")),
        ("points", {"to": "9999-12-31"}, (400, "INVALID_INPUT")),
        ("redemptions", {"to": "٢٠٢٦-٠٣-٠١"}, (400, "INVALID_INPUT")),
        ("redemptions", {"from": "2026-03-02", "to": "2026-03-01"}, (400, "INVALID_INPUT")),
        ("redemptions", {"form": "2026-03-02"}, (400, "BAD_REQUEST")),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    world: World, letterbox: Letterbox, kind: str, given: dict[str, str], expected: Any
):
    assert refusal(await letterbox.gives(world.admin, kind, **given)) == expected


async def test_reports_are_asked_for_by_get_and_once(world: World, letterbox: Letterbox):
    headers = {"authorization": f"Bearer {world.admin.token}"}
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await letterbox.client.request(method, "/reports/points", headers=headers)
        assert (*refusal(answer), answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "GET")
    twice = await letterbox.client.get("/reports/points?from=2026-01-01&from=2026-01-02", headers=headers)
    assert refusal(twice) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("kind", "given", "name"),
    [
        ("statement", {"month": "2026-11"}, "plaudit-statement-2026-11.csv"),
        ("fulfilment", {}, "plaudit-fulfilment-2026-03-10.csv"),
        ("redemptions", {}, "plaudit-redemptions.csv"),
        ("redemptions", {"from": "2026-01-01"}, "plaudit-redemptions-from-2026-01-01.csv"),
        ("points", {"from": "2026-01-01", "to": "2026-03-31"}, "plaudit-points-from-2026-01-01-to-2026-03-31.csv"),
    ],
)
async def test_a_report_is_a_file_with_a_telling_name(
    world: World, letterbox: Letterbox, kind: str, given: dict[str, str], name: str
):
    answer = await letterbox.gives(world.admin, kind, **given)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert len(answer.headers["x-request-id"]) == 16


async def test_another_organization_is_not_in_it(world: World, shop: Shop, letterbox: Letterbox):
    elsewhere = system(await another(world.database))
    mug = await shop.sells()
    await shop.earns(10, world.ann)
    await shop.decides(world.admin, Verb.FULFIL, await shop.redeems(world.ann, mug))

    for kind in REPORTS:
        paper = await files.report(world.database, elsewhere, kind, {"month": "2026-03"})
        lines = [text async for _, text in paper.lines]
        assert "ann@acorn.example" not in "".join(lines)
        assert [text for text in lines[1:] if "wallet" in text or "Mug" in text] == []


async def test_what_fails_before_the_first_row_is_an_error_and_later_breaks_off(
    world: World, shop: Shop, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(reports, "CHUNK", 2)
    for _ in range(8):
        await shop.earns(1, world.ann)
    page, times = ledger.reads.activity_page, []

    async def fails(*given: Any) -> Any:
        times.append(given)
        if len(times) == fails_at:
            raise RuntimeError("the disk is on fire")
        return await page(*given)

    monkeypatch.setattr(ledger.reads, "activity_page", fails)
    fails_at = 1
    assert refusal(await letterbox.gives(world.admin, "points")) == (500, "INTERNAL_SERVER_ERROR")
    assert "on fire" in caplog.text
    fails_at, times[:] = 3, []
    with pytest.raises(RuntimeError, match="on fire"):  # The server cuts the connection.
        await letterbox.gives(world.admin, "points")


async def test_a_long_report_is_sent_as_it_is_read(
    world: World, shop: Shop, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
):
    """The client takes one piece and waits: no more is read than the next ones."""
    monkeypatch.setattr(reports, "CHUNK", 10)
    monkeypatch.setattr(reports, "ENTRIES_MAX", 20)
    mug = await shop.sells("Mug", 1)
    await shop.earns(200, world.ann)
    made = await asyncio.gather(*(world.database.submit(shop.redeeming(world.ann, mug)) for _ in range(120)))
    await asyncio.gather(*(world.database.submit(shop.deciding(world.admin, Verb.FULFIL, one.id)) for one in made))
    read = 0
    for place, name in (
        (reward.reports, "statement_page"),
        (reward.reports, "orders_page"),
        (reward.reads, "redemptions_page"),
        (ledger.reads, "activity_page"),
    ):
        page = getattr(place, name)

        async def counting(connection: Any, statement: Any, part: Slice, page: Any = page, **more: Any) -> Any:
            nonlocal read
            read += 1
            assert part.first == 10
            return await page(connection, statement, part, **more)

        monkeypatch.setattr(place, name, counting)

    for kind in REPORTS:
        read = 0
        pieces = await pieces_of(letterbox, world, kind, 3)
        assert len(pieces) == 3
        assert max(piece.count("\n") for piece in pieces) <= 21
        assert read <= 4, kind
        whole = await letterbox.gives(world.admin, kind, **({"month": "2026-03"} if kind == "statement" else {}))
        assert len(whole.text.splitlines()) > 120
        assert read >= 12
        assert len(rows_of(whole.text)) == len({tuple(row.values()) for row in rows_of(whole.text)})


async def pieces_of(letterbox: Letterbox, world: World, kind: str, number: int) -> list[str]:
    """So many pieces of a report; then the client takes no more, and goes away."""
    (route,) = [route for route in letterbox.routes if route.path.startswith("/reports/")]
    pieces, taken = list[str](), asyncio.Event()
    scope = {
        "type": "http",
        "asgi": {"spec_version": "2.4"},
        "method": "GET",
        "path": f"/reports/{kind}",
        "path_params": {"kind": kind},
        "query_string": b"month=2026-03" if kind == "statement" else b"",
        "headers": [(b"authorization", f"Bearer {world.admin.token}".encode())],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            pieces.append(message["body"].decode())
        if len(pieces) == number:
            taken.set()
            await asyncio.sleep(60)

    sending = asyncio.create_task(route.endpoint(scope, receive, send))
    await asyncio.wait_for(taken.wait(), 20)
    await asyncio.sleep(0.1)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    return pieces


async def test_a_transfer_of_many_sides_is_read_in_parts(world: World, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reports, "ENTRIES_MAX", 3)
    await world.ann.gives(to=[world.bob, world.cem, world.dee], points=5)
    await world.bob.gives(to=[world.cem], points=5)

    rows = rows_of((await letterbox.gives(world.admin, "points")).text)

    assert len(rows) == len(await world.rows(ledger.Entry))
    assert [number for number in by_transfer(rows).values() if number] == []


def columns_documented(title: str) -> list[str]:
    """Names in the first column of the table under a heading."""
    section = re.split(r"\n#+ ", DOCUMENT.split(f"# {title}\n", 1)[1])[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize("kind", REPORTS)
def test_the_columns_are_documented(kind: str):
    assert columns_documented(f"`{kind}`") == list(REPORTS[kind].columns)


def test_uploads_are_documented():
    from app.files.members import OPTIONAL, REQUIRED
    from app.files.recognitions import COLUMNS
    from app.files.uploads import BODY_BYTES_MAX, BODY_SECONDS_MAX, UPLOADS

    assert columns_documented("People: `/upload/members`") == [*REQUIRED, *OPTIONAL]
    assert columns_documented("History: `/upload/recognitions`") == list(COLUMNS)
    assert columns_documented("Voucher codes: `/upload/vouchers`") == ["code"]
    assert set(re.findall(r"/upload/(\w+)", DOCUMENT)) == set(UPLOADS)
    assert set(re.findall(r"/reports/(\w+)", DOCUMENT)) == set(REPORTS)
    assert f"{BODY_BYTES_MAX // 1_000_000} MB" in DOCUMENT
    assert f"{BODY_SECONDS_MAX:g} seconds" in DOCUMENT
    for options in UPLOADS.values():
        for name in options.parameters:
            assert f"{name}=" in DOCUMENT
    for name, kind in REPORTS.items():
        for parameter in kind.parameters:
            assert f"{parameter}=" in DOCUMENT, name


def test_reports_leave_by_the_command_line(plaudit: Plaudit, tmp_path: Path):
    plaudit("organization", "create", "--name", "Acme", "--owner-name", "Ana", "--owner-email", "ana@acme.com")

    for arguments in (
        ("statement", "--month", "2026-11"),
        ("fulfilment",),
        ("redemptions", "--from", "2026-01-01", "--to", "2026-12-31"),
        ("points",),
    ):
        status, out, err = plaudit("export", *arguments)
        assert (status, err) == (0, "")
        assert out.splitlines()[0] == ",".join(REPORTS[arguments[0]].columns)
        path = tmp_path / "report.csv"
        assert plaudit("export", *arguments, "--out", str(path)) == (0, "", "")
        assert path.read_text(encoding="utf-8") == out

    assert plaudit("export", "statement", "--month", "November") == (1, "", "plaudit: A month is written like 2026-11.\n")
    assert plaudit("export", "points", "--from", "1.1.2026")[2] == "plaudit: A day is written like 2026-11-30.\n"
    assert plaudit("export", "statement")[0] == 2
