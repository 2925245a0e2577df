"""Admins in Slack decide about redemptions: once, with a reason for a no, never about their own, and only while they are."""

import asyncio
from typing import Any
from uuid import UUID

from app import organization, reward
from app.core.actor import Role
from app.reward import Clerk, Declined, Delivered, FulfilmentOrder, Order, Outcome, Provider
from integrations.slack import reward_jobs
from integrations.slack.administering import ONLY_ADMINS
from integrations.slack.api import Denied
from tests.played_slack import Json, buttons, direct_id, words
from tests.slack_office import ADA, ANN, OLGA, Office, connected_office  # noqa: F401 (fixture)
from tests.slack_shop import Shop, open_shop  # noqa: F401 (fixture)
from tests.stand_in import BOB, CEM


async def bob_wants(shop: Shop, name: str = "Mug", price: int = 100, *, note: str | None = None, **more: Any) -> UUID:
    """A reward that Bob has asked for, having 120 points."""
    reward_id = await shop.offers(name, price, **more)
    await shop.earns(shop.world.bob, 120)
    await shop.redeems(BOB, name, note=note)
    return reward_id


def menu(home: Json) -> list[list[str]]:
    """What can be chosen beside each that waits, without the ids."""
    found = [block["accessory"] for block in home["blocks"] if block.get("accessory", {}).get("type") == "overflow"]
    return [[option["value"].partition(":")[0] for option in one["options"]] for one in found]


class Stubborn:
    """A provider that cannot deliver, until it can."""

    def __init__(self) -> None:
        self.outcome: Outcome = Declined("The supplier is closed.")

    async def deliver(self, _order: Order) -> Outcome:
        return self.outcome


async def test_what_waits_is_seen_and_decided_in_home(office: Office, shop: Shop):
    await bob_wants(shop, note="the blue one")
    office.world.passes(days=3)

    shown = await shop.looks_after(ADA)

    assert f"<@{BOB}> wants *Mug* (100 points)\nWaits for approval for 3 days\n" in shown
    assert "the blue one" in shown
    assert menu(office.slack.homes[ADA]) == [["ok", "no"]]
    await office.chooses(ADA, office.slack.homes[ADA], "ok:")
    await office.settle()
    shown = shop.home(ADA)
    assert f"<@{BOB}> gets *Mug* (100 points)\nTo be delivered by hand since today" in shown
    assert menu(office.slack.homes[ADA]) == [["done", "no"]]
    await office.chooses(ADA, office.slack.homes[ADA], "done:")
    await office.settle()
    assert "Waiting for you" not in shop.home(ADA)
    assert await shop.states() == ["FULFILLED"]


async def test_a_second_press_is_answered_kindly_and_does_nothing(office: Office, shop: Shop):
    await bob_wants(shop)
    (asked,) = office.slack.direct(ADA)

    await asyncio.gather(*(office.presses(ADA, asked, "Approve") for _ in range(2)), office.presses(OLGA, asked, "Approve"))
    await office.settle()

    assert await shop.states() == ["TO_FULFIL"]
    said = [text for who in (ADA, OLGA) for text in shop.said(who) if "already" in text]
    assert said == ["It has been approved already."] * 2
    assert len(await office.world.told("redemption.approved")) == 1
    before = await office.record()
    approved = office.slack.direct(ADA)[0]
    await office.presses(ADA, approved, "Mark as delivered")
    await office.presses(ADA, approved, "Mark as delivered")
    await office.settle()
    assert shop.said(ADA)[-1] == "It has been delivered already."
    assert await shop.states() == ["FULFILLED"]
    assert await office.record() != before
    assert len(await office.world.told("redemption.fulfilled")) == 1


async def test_no_is_said_with_a_reason(office: Office, shop: Shop):
    await bob_wants(shop, stock=1)
    (asked,) = office.slack.direct(ADA)
    await office.presses(ADA, asked, "Decline…")
    form = office.form
    assert f"<@{BOB}> is told why *Mug* is declined." in words(form)
    before = await office.record()

    assert (await office.submits(ADA, form, reason="  "))["errors"].keys() == {"reason"}
    assert await office.record() == before
    assert await office.submits(ADA, form, reason="We are out of *blue* ones") == {"response_action": "clear"}
    again = await office.submits(OLGA, form, reason="Too slow")
    await office.settle()

    assert again["response_action"] == "update"
    assert "It has been rejected already, and the points were returned." in words(again["view"])
    assert await shop.states() == ["REJECTED"]
    assert await office.wallets() == {"bob": 120}
    assert shop.said(BOB)[1:] == [
        "Mug was declined. The 100 points are back: you have 120 points. The admin says: We are out of *blue* ones"
    ]
    (asked,) = office.slack.direct(OLGA)
    assert (buttons(asked), asked["text"]) == ({}, "Bob has redeemed Mug for 100 points. Declined by Ada Admin.")
    assert f"Declined by <@{ADA}>" in words(asked)


async def test_nobody_decides_about_their_own(office: Office, shop: Shop):
    await shop.offers("Mug", 0)
    await shop.redeems(ADA, "Mug")
    assert [len(office.slack.direct(who)) for who in (ADA, OLGA)] == [1, 1], "what follows, and the question"
    assert shop.said(ADA) == ["Mug waits for approval."]
    await shop.looks_after(ADA)
    before = await office.record()

    await office.chooses(ADA, office.slack.homes[ADA], "ok:")
    await office.settle()
    await office.chooses(ADA, office.slack.homes[ADA], "no:")
    refused = await office.submits(ADA, office.form, reason="Not for me")
    await office.settle()

    sentence = "Nobody decides about their own redemption. Ask another admin."
    assert shop.said(ADA)[1:] == [sentence]
    assert sentence in words(refused["view"])
    assert await office.record() == before
    assert await shop.states() == ["PENDING_APPROVAL"]
    await office.presses(OLGA, office.slack.direct(OLGA)[0], "Approve")
    assert await shop.states() == ["TO_FULFIL"]


async def test_whoever_is_no_admin_any_more_decides_nothing(office: Office, shop: Shop):
    await bob_wants(shop)
    await shop.looks_after(ADA)
    home, (asked,) = office.slack.homes[ADA], office.slack.direct(ADA)
    await office.presses(ADA, asked, "Decline…")
    form = office.form
    await office.world.database.submit(organization.SetMemberRole(office.world.house, office.world.admin.key, Role.MEMBER))
    await office.settle()
    before = await office.record()

    await office.chooses(ADA, home, "ok:")
    await office.presses(ADA, asked, "Approve")
    answer = await office.submits(ADA, form, reason="No")
    await office.presses(CEM, asked, "Approve")
    await office.settle()

    assert await office.record() == before
    assert await shop.states() == ["PENDING_APPROVAL"]
    assert (shop.said(ADA)[-2:], shop.said(CEM)) == ([ONLY_ADMINS] * 2, [ONLY_ADMINS])
    assert ONLY_ADMINS in words(answer["view"])


async def test_an_order_in_trouble_is_tried_again(office: Office, shop: Shop):
    provider = Stubborn()
    shop.clerk = Clerk(office.world.database, {Provider.MANUAL: provider})
    await bob_wants(shop, requires_approval=False)
    await shop.delivers()
    shown = await shop.looks_after(ADA)
    assert f"<@{BOB}> gets *Mug* (100 points)\n:warning: Not delivered: The supplier is closed." in shown
    assert menu(office.slack.homes[ADA]) == [["again", "no"]]
    await shop.delivers()
    assert [order.next_at for order in await office.world.rows(FulfilmentOrder)] == [None], "it waits for an admin"
    provider.outcome = Delivered("order 7")

    await office.chooses(ADA, office.slack.homes[ADA], "again:")
    await office.settle()
    assert shop.said(ADA)[-1] == "It is being tried again."
    stale = office.slack.homes[ADA]
    await shop.delivers()
    await office.settle()

    assert await shop.states() == ["FULFILLED"]
    assert "Waiting for you" not in shop.home(ADA)
    assert shop.said(BOB)[-1] == "Mug has been delivered to you."
    await shop.delivers()
    await office.chooses(ADA, stale, "again:")
    await office.settle()
    assert shop.said(ADA)[-1] == "There is nothing to try again: it was delivered or declined meanwhile."


async def test_what_was_delivered_is_refunded_with_a_reason(office: Office, shop: Shop):
    mug = await bob_wants(shop, stock=5)
    for press in ("Approve", "Mark as delivered"):
        await office.presses(ADA, office.slack.direct(ADA)[0], press)
        await office.settle()
    await shop.looks_after(ADA)

    await office.presses(ADA, office.slack.homes[ADA], "Rewards")
    await office.presses(ADA, office.form, "Delivered")
    assert f"<@{BOB}>  ·  *Mug*  ·  100 points  ·  " in words(office.form)
    await office.presses(ADA, office.form, "Refund…")
    form = office.form
    assert f"<@{BOB}> gets *100 points* back for *Mug*, and is told why." in words(form)
    assert await office.submits(ADA, form, reason="It came broken", restock=["restock"]) == {"response_action": "clear"}
    again = await office.submits(ADA, form, reason="It came broken", restock=["restock"])
    await office.settle()

    assert "It has been refunded already." in words(again["view"])
    assert await shop.states() == ["REFUNDED"]
    assert await office.wallets() == {"bob": 120}
    assert [row.stock for row in await office.world.rows(reward.Reward) if row.id == mug] == [5]
    assert shop.said(BOB)[-1] == (
        "Mug was refunded. The 100 points are back: you have 120 points. The admin says: It came broken"
    )


async def test_what_was_delivered_is_turned_page_by_page(office: Office, shop: Shop):
    await shop.offers("Tea", 0, requires_approval=False)
    for _ in range(12):
        await shop.redeems(CEM, "Tea")
    for redemption in await shop.redemptions():
        await office.world.database.submit(reward.Decide(office.world.owner.actor, redemption.id, reward.Verb.FULFIL))
    await shop.looks_after(ADA)
    await office.presses(ADA, office.slack.homes[ADA], "Rewards")
    await office.presses(ADA, office.form, "Delivered")

    seen = []
    for turn in ("Older", "Newer", ""):
        seen.append(words(office.form).count("*Tea*"))
        if turn:
            await office.presses(ADA, office.form, turn)
    assert seen == [10, 2, 10]


async def test_admins_are_asked_but_for_the_muted_and_at_most_twenty(office: Office, shop: Shop):
    await shop.mutes(OLGA)
    await bob_wants(shop)
    assert [len(office.slack.direct(who)) for who in (ADA, OLGA, ANN)] == [1, 0, 0]
    assert f"<@{BOB}> wants *Mug*" in await shop.looks_after(OLGA)

    for number in range(25):
        user_id, email = f"U0000ADM{number:02}", f"adm{number}@acorn.example"
        await office.world.hires(f"Adm{number} Admin", role=Role.ADMIN)
        office.slack.hires(user_id, f"Adm{number}", email)
    office.world.passes(days=2)
    await office.door.rounds.go()
    await shop.offers("Tea", 0)
    await shop.redeems(BOB, "Tea")

    asked = [who for who in office.slack.users if any("Tea" in text for text in shop.said(who) if who != BOB)]
    assert len(asked) == reward_jobs.ASKED_MAX - 1, "one of the twenty is muted"
    assert ADA in asked


async def test_a_redemption_that_needs_no_approval_asks_for_its_delivery_only(office: Office, shop: Shop):
    await bob_wants(shop, requires_approval=False)
    (asked,) = office.slack.direct(ADA)
    assert asked["text"] == "Bob has redeemed Mug for 100 points. It is to be delivered by hand."
    assert list(buttons(asked)) == ["Mark as delivered", "Decline…"]

    await office.presses(ADA, asked, "Mark as delivered")
    await office.settle()

    assert shop.said(BOB) == ["Mug is on its way. 100 points are set aside for it.", "Mug has been delivered to you."]


async def test_homes_of_those_concerned_stay_true(office: Office, shop: Shop):
    for admin in (ADA, OLGA):
        await shop.looks_after(admin)
    await shop.looks(CEM)
    published = {who: len([c for c in office.slack.called("views.publish") if c.arguments["user_id"] == who]) for who in (CEM,)}

    await bob_wants(shop)
    for admin in (ADA, OLGA):
        assert f"<@{BOB}> wants *Mug*" in shop.home(admin)
    await office.presses(ADA, office.slack.direct(ADA)[0], "Approve")
    await office.settle()

    assert "To be delivered by hand" in shop.home(OLGA)
    assert "approved, on its way" in shop.home(BOB)
    assert published == {CEM: len([c for c in office.slack.called("views.publish") if c.arguments["user_id"] == CEM])}


async def test_what_is_decided_before_it_is_asked_is_not_asked(office: Office, shop: Shop):
    await shop.offers("Mug", 0)
    await shop.looks(BOB)
    await office.presses(BOB, office.slack.homes[BOB], "Redeem")
    await office.submits(BOB, office.form)
    (redemption,) = await shop.redemptions()
    await office.world.database.submit(
        reward.Decide(office.world.owner.actor, redemption.id, reward.Verb.REJECT, "We stopped this")
    )

    await office.settle()

    assert shop.said(ADA) == shop.said(OLGA) == []
    assert sorted(shop.said(BOB)) == ["Mug waits for approval.", "Mug was declined. The admin says: We stopped this"]


async def test_a_question_that_waited_long_is_answered_in_its_place(office: Office, shop: Shop):
    await bob_wants(shop)
    office.world.passes(days=40)
    await office.door.rounds.go()

    await office.presses(ADA, office.slack.direct(ADA)[0], "Approve")
    office.slack.fails(Denied("message_not_found"), "chat.update", direct_id(OLGA))
    await office.settle()

    assert "Approved by" in words(office.slack.direct(ADA)[0])
    assert await office.dead_letters() == [], "whoever has deleted the question needs no answer"


async def test_more_than_home_holds_is_counted(office: Office, shop: Shop):
    tea = await shop.offers("Tea", 0)
    for number in range(13):
        wish = reward.RedeemReward(office.world.cem.actor, tea, 0, f"cup {number}", f"key {number}", b"")
        await office.world.database.submit(wish)
        office.world.passes(minutes=1)

    shown = await shop.looks_after(ADA)

    assert [number for number in range(13) if f"cup {number}\n" in shown] == list(range(10))
    assert "and 3 more" in shown
