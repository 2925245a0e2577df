"""Vouchers in Slack: the code is shown to its owner alone, in a window, and stands in no message, log or row."""

import logging

import orjson
import pytest

from app.reward import VoucherCode
from tests.played_slack import buttons, words
from tests.slack_office import ADA, OLGA, Office, connected_office  # noqa: F401 (fixture)
from tests.slack_shop import Shop, open_shop  # noqa: F401 (fixture)
from tests.stand_in import BOB, CEM

CODE = "SPRING-7F3A-99"


async def test_the_owner_alone_is_shown_the_code(office: Office, shop: Shop, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    await shop.offers_codes("Book voucher", 100, CODE)
    await shop.earns(office.world.bob, 120)
    await shop.redeems(BOB, "Book voucher")
    await shop.delivers()
    told = office.slack.direct(BOB)[-1]
    assert told["text"] == "Book voucher has been delivered to you."
    assert list(buttons(told)) == ["Show code"]
    assert shop.said(ADA) == shop.said(OLGA) == [], "nobody needs to do anything"

    await office.presses(BOB, told, "Show code")
    assert (office.form["callback_id"], CODE in words(office.form)) == ("code", True)
    opened = len(office.slack.views)
    for who in (CEM, ADA, OLGA):
        await office.presses(who, told, "Show code")
    await office.settle()

    assert len(office.slack.views) == opened
    assert [shop.said(who)[-1] for who in (CEM, ADA, OLGA)] == ["There is no code of yours here."] * 3
    sent = [call for call in office.slack.calls if CODE in orjson.dumps(call.arguments).decode()]
    assert [call.method for call in sent] == ["views.open"]
    assert CODE not in caplog.text
    assert not any(CODE in row for rows in (await office.world.snapshot()).values() if isinstance(rows, list) for row in rows)
    assert [row.redemption_id is not None for row in await office.world.rows(VoucherCode)] == [True]


async def test_an_approved_voucher_is_told_of_once_it_is_there(office: Office, shop: Shop):
    reward_id = await shop.offers_codes("Book voucher", 100, CODE)
    await shop.changes(reward_id, requires_approval=True)
    await shop.earns(office.world.bob, 120)
    await shop.redeems(BOB, "Book voucher")
    (asked,) = office.slack.direct(ADA)
    assert list(buttons(asked)) == ["Approve", "Decline…"]

    await office.presses(ADA, asked, "Approve")
    await shop.delivers()

    assert shop.said(BOB)[1:] == ["Book voucher has been delivered to you."]
    (asked,) = office.slack.direct(ADA)
    assert (buttons(asked), asked["text"]) == ({}, "Bob has redeemed Book voucher for 100 points. Delivered.")
