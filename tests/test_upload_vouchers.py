"""Uploads of voucher codes: they come in by HTTP or on the command line, in their order, and none is ever repeated."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from app import audit, reward
from app.api.ids import encode
from app.core.actor import system
from app.core.ids import new_id
from app.db import Database
from app.founding import FoundOrganization
from app.reward import RewardKind, VoucherCode
from tests.command import Plaudit
from tests.letterbox import MEMBERS, NO_REJECTS, Letterbox, opened_letterbox, refusal, reward_of  # noqa: F401 (fixture)
from tests.shop import SECRET, Shop, opened_shop  # noqa: F401 (fixture)
from tests.test_export import another
from tests.world import World


async def test_codes_come_in_in_their_order_and_are_never_repeated(
    world: World, shop: Shop, letterbox: Letterbox, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    card = await shop.sells_vouchers("OLD-CODE-1")
    bad = ["NEW-CODE-2", "   ", '"OPEN-CODE', "LONG-CODE" * 60, "CTRL-CODE\x07", "CODE-A,CODE-B", b"CODE-\xff".decode("latin-1")]
    lines = ["Code", "NEW-CODE-2", "OLD-CODE-1", "", *bad, " NEW-CODE-3 ", "'=CODE-4"]

    answer = await letterbox.takes_codes(card, "\n".join(lines).encode("latin-1"))

    assert answer.json() == NO_REJECTS | {"rows": 11, "imported": 3, "alreadyThere": 1, "rejected": 7} | {
        "rejects": [
            {"line": 5, "reason": "code: line 2 has the same code"},
            {"line": 6, "reason": "code: there is none"},
            {"line": 7, "reason": "a quotation mark is not closed, or stands where none may stand"},
            {"line": 8, "reason": "code: Between 1 and 500 characters, please; this has 540."},
            {"line": 9, "reason": "code: The character U+0007 cannot be kept. Leave it out."},
            {"line": 10, "reason": "it has 2 cells, and the header has 1"},
            {"line": 11, "reason": "it is not UTF-8"},
        ]
    }
    assert await shop.stock(card) == 4
    assert await codes_of(world, shop, card) == ["OLD-CODE-1", "NEW-CODE-2", "NEW-CODE-3", "=CODE-4"]
    assert [told["added"] for told in await world.told("reward.codes_added")] == [1, 3]
    shown = answer.text + caplog.text + repr(await world.snapshot())
    assert [word for word in ("NEW-CODE", "OLD-CODE", "CODE-4", "CODE-A", "OPEN", "LONG") if word.lower() in shown.lower()] == []

    before = await world.snapshot()
    again = await letterbox.takes_codes(card, "code\nNEW-CODE-3\nNEW-CODE-2\n", world.owner)
    assert again.json() == NO_REJECTS | {"rows": 2, "imported": 0, "alreadyThere": 2}
    assert await world.snapshot() == before


async def codes_of(world: World, shop: Shop, reward_id: UUID) -> list[str]:
    rows = sorted(await world.rows(VoucherCode), key=lambda row: row.number)
    return [shop.vouchers._seal.open(row.sealed) for row in rows if row.reward_id == reward_id]


async def test_uploaded_codes_are_handed_out(world: World, shop: Shop, letterbox: Letterbox):
    card = await shop.sells_vouchers()
    await letterbox.takes_codes(card, "code\nFIRST\nSECOND\n")
    await shop.earns(10, world.ann)

    redemption_id = await shop.redeems(world.ann, card)
    await shop.goes_round()

    assert await shop.code(world.ann, redemption_id) == "FIRST"


@pytest.mark.parametrize("first", ["NEW-CODE-1", "code,NEW-CODE-1", "code;NEW-CODE-1", '"NEW-CODE-1', "code,code", "name"])
async def test_a_header_that_is_none_repeats_no_code(world: World, shop: Shop, letterbox: Letterbox, first: str):
    card = await shop.sells_vouchers()
    before = await world.snapshot()

    answer = await letterbox.takes_codes(card, f"{first}\nNEW-CODE-2\n")

    assert refusal(answer) == (400, "INVALID_INPUT")
    assert answer.json()["errors"][0]["message"].endswith("Expected are: code.")
    assert "new-code" not in answer.text.lower()
    assert await world.snapshot() == before


async def test_more_than_one_chunk_of_codes_keeps_its_lines(world: World, shop: Shop, letterbox: Letterbox):
    card = await shop.sells_vouchers()
    codes = [f"CODE-{number}" for number in range(1_203)] + ["CODE-7"]

    answer = await letterbox.takes_codes(card, "\n".join(["code", *codes]))

    assert answer.json()["imported"] == 1_203
    assert answer.json()["rejects"] == [{"line": 1_205, "reason": "code: line 9 has the same code"}]
    assert await codes_of(world, shop, card) == codes[:-1]


async def test_what_a_full_pool_cannot_hold_is_rejected(
    world: World, shop: Shop, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
):
    card = await shop.sells_vouchers()
    monkeypatch.setattr("app.reward.vouchers.STOCK_MAX", 1)

    answer = await letterbox.takes_codes(card, "code\nA-CODE\nB-CODE\n")

    assert answer.json() == NO_REJECTS | {"rows": 2, "imported": 0, "rejected": 2} | {
        "rejects": [{"line": line, "reason": "code: A pool holds at most 1 codes."} for line in (2, 3)]
    }
    assert await shop.stock(card) == 0


async def test_a_thousand_rejects_are_shown_and_all_are_counted(world: World, shop: Shop, letterbox: Letterbox):
    card = await shop.sells_vouchers()

    answer = (await letterbox.takes_codes(card, "code\n" + "a,b\n" * 1_200)).json()

    assert (answer["rows"], answer["rejected"], len(answer["rejects"])) == (1_200, 1_200, 1_000)
    assert answer["rejects"][-1]["line"] == 1_001


async def test_only_a_reward_of_codes_of_this_organization_takes_them(world: World, shop: Shop, letterbox: Letterbox):
    mug = await shop.sells()
    elsewhere = await another(world.database)
    theirs = await world.database.submit(
        reward.CreateReward(system(elsewhere), "Card", RewardKind.GIFT_CARD, 10, provider=reward.Provider.VOUCHER)
    )
    before = await world.snapshot()

    cases: list[tuple[dict[str, str], tuple[int, str]]] = [
        ({"reward": encode("Reward", theirs)}, (404, "NOT_FOUND")),
        ({"reward": encode("Reward", new_id(world.now))}, (404, "NOT_FOUND")),
        ({"reward": encode("Member", world.ann.key)}, (404, "NOT_FOUND")),
        ({"reward": str(mug)}, (404, "NOT_FOUND")),
        ({"reward": "é\0"}, (404, "NOT_FOUND")),
        ({"reward": encode("Reward", mug)}, (400, "INVALID_INPUT")),
        ({"reward": ""}, (400, "INVALID_INPUT")),
        ({}, (400, "INVALID_INPUT")),
    ]
    for given, expected in cases:
        answer = await letterbox.takes(world.admin, "vouchers", "code\nA-CODE\n", **given)
        assert refusal(answer) == expected
        assert answer.json()["errors"][0]["extensions"]["field"] == ["reward"]
    assert await world.snapshot() == before


def test_codes_come_in_on_the_command_line(plaudit: Plaudit, database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    async def founds() -> tuple[UUID, list[str]]:
        database = Database(database_url, audit.AuditChain())
        await database.open()
        house = system(new_id(database.clock()))
        await database.submit(FoundOrganization(house, "Acme", "UTC", "Ana", "ana@acme.com"))
        act = reward.CreateReward(house, "Card", RewardKind.GIFT_CARD, 5, provider=reward.Provider.VOUCHER)
        card = await database.submit(act)
        await database.close()
        return card, [str(card), encode("Reward", card)]

    _, names = asyncio.run(founds())
    path = tmp_path / "codes.csv"
    path.write_text("code\nNEW-CODE-1\nNEW-CODE-1\nNEW-CODE-2\nNEW,CODE\n")
    rejects = tmp_path / "codes.csv.rejects.csv"
    monkeypatch.setenv("PLAUDIT_SECRET_KEY", SECRET)
    monkeypatch.setenv("PLAUDIT_DATA_DIR", str(tmp_path))

    status, out, err = plaudit("import", "vouchers", str(path), "--reward", names[0])
    assert (status, out) == (1, "4 rows: 2 came in, 0 were there already, 2 rejected.\n")
    assert err == f"The rejects, each with its line and the reason, are in {rejects}\n"
    assert rejects.read_text() == ('line,reason\n3,code: line 2 has the same code\n5,"it has 2 cells, and the header has 1"\n')

    path.write_text("code\nNEW-CODE-1\nNEW-CODE-3\n")
    assert plaudit("import", "vouchers", str(path), "--reward", names[1])[:2] == (
        0,
        "2 rows: 1 came in, 1 were there already, 0 rejected.\n",
    )
    assert not rejects.exists()

    status, _, err = plaudit("import", "vouchers", str(path), "--reward", "mug")
    assert (status, err) == (1, "plaudit: There is no such thing here, or it is not yours to see. Check the id.\n")
    path.write_text("NEW-CODE-1\nNEW-CODE-3\n")
    status, _, err = plaudit("import", "vouchers", str(path), "--reward", names[0])
    assert (status, err) == (1, "plaudit: The first line is not the names of the columns. Expected are: code.\n")
    monkeypatch.setenv("PLAUDIT_SECRET_KEY", "")
    status, _, err = plaudit("import", "vouchers", str(path), "--reward", names[0])
    assert (status, err.startswith("plaudit: PLAUDIT_SECRET_KEY: ")) == (2, True)
