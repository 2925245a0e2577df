"""Rewards in Slack: what is in reach, asking for one at the price that was seen, and taking that back."""

import asyncio

from app.organization import Audience
from integrations.slack.api import Denied
from tests.played_slack import buttons, direct_id, words
from tests.slack_office import ADA, ANN, OLGA, Office, connected_office  # noqa: F401 (fixture)
from tests.slack_shop import Shop, open_shop  # noqa: F401 (fixture)
from tests.stand_in import BOB, CEM, GENERAL


async def test_a_reward_goes_from_home_to_its_member(office: Office, shop: Shop):
    await shop.offers("Mug", 100)
    await shop.earns(office.world.bob, 120)
    shown = await shop.looks(BOB)
    assert "Rewards you can have now" in shown
    assert "*Mug*  ·  100 points\nAll of a mug" in shown

    await office.presses(BOB, office.slack.homes[BOB], "Redeem")
    form = office.form
    assert form["submit"]["text"] == "Spend 100 points"
    assert "*Price*\n100 points\n*Balance after*\n20 points" in words(form)
    assert await office.submits(BOB, form, note="the blue one") == {"response_action": "clear"}
    await office.settle()

    assert await shop.states() == ["PENDING_APPROVAL"]
    assert shop.said(BOB) == ["Mug waits for approval. 100 points are set aside for it."]
    shown = shop.home(BOB)
    assert "*Balance to spend*\n20 points\nand 100 set aside for requests" in shown
    assert "*Mug*  ·  100 points  ·  waiting for approval" in shown
    assert "Cancel" in buttons(office.slack.homes[BOB])
    for admin in (ADA, OLGA):
        assert shop.said(admin) == ["Bob would like Mug for 100 points. It waits for you."]
    (asked,) = office.slack.direct(ADA)
    assert "the blue one" in words(asked)
    await office.presses(ADA, asked, "Approve")
    await office.settle()
    assert await shop.states() == ["TO_FULFIL"]
    assert shop.said(BOB)[-1] == "Mug was approved and is on its way."
    assert "approved, on its way" in shop.home(BOB)
    assert "Cancel" not in buttons(office.slack.homes[BOB])
    (asked,) = office.slack.direct(OLGA)
    assert list(buttons(asked)) == ["Mark as delivered", "Decline…"]
    assert f"Approved by <@{ADA}>  ·  to be delivered by hand" in words(asked)

    await office.presses(OLGA, asked, "Mark as delivered")
    await office.settle()

    assert await shop.states() == ["FULFILLED"]
    assert shop.said(BOB)[-1] == "Mug has been delivered to you."
    assert "Your requests" not in shop.home(BOB)
    assert await office.wallets() == {"bob": 20}
    for admin in (ADA, OLGA):
        (asked,) = office.slack.direct(admin)
        assert buttons(asked) == {}
        assert asked["text"] == "Bob has redeemed Mug for 100 points. Delivered."
    assert shop.said(ANN) == []


async def test_home_shows_what_is_in_reach_and_then_the_nearest_beyond(office: Office, shop: Shop):
    for name, price in (("Car", 9_000), ("Mug", 100), ("Tea", 5), ("Bike", 500), ("Hat", 130)):
        await shop.offers(name, price)
    await shop.offers("Coat", 121, stock=0)
    await shop.earns(office.world.bob, 120)

    shown = await shop.looks(BOB)

    assert [name for name in ("Tea", "Mug", "Hat", "Coat", "Bike", "Car") if f"*{name}*" in shown] == ["Tea", "Mug", "Hat"]
    assert shown.index("*Tea*") < shown.index("*Mug*") < shown.index("*Hat*")
    pressed = buttons(office.slack.homes[BOB], labelled=True)
    assert [name for name in pressed if "Redeem" in name or "Not yet" in name] == ["Redeem: Tea", "Redeem: Mug", "Not yet: Hat"]
    before = await office.record()
    await office.presses(BOB, office.slack.homes[BOB], "Not yet")
    await office.settle()
    assert shop.said(BOB) == ["Hat costs 130 points, and you have 120. Choose another, or wait."]
    assert await office.record() == before


async def test_what_cannot_be_had_leaves_no_trace_in_home(office: Office, shop: Shop):
    await shop.archives(await shop.offers("Mug", 0))
    await shop.offers("Tea", 0, audience=Audience(member_ids=frozenset([office.world.cem.key])))

    assert "Rewards" not in await shop.looks(BOB)
    assert "All rewards" not in buttons(office.slack.homes[BOB])
    assert "*Tea*  ·  0 points" in await shop.looks(CEM)


async def test_more_than_home_holds_is_a_press_away(office: Office, shop: Shop):
    for number in range(23):
        await shop.offers(f"Book {number:02}", number)
    await shop.earns(office.world.bob, 22)
    shown = await shop.looks(BOB)
    assert shown.count("*Book") == 9
    assert "There are more under *All rewards*." in shown

    seen = []
    await office.presses(BOB, office.slack.homes[BOB], "All rewards")
    for turn in ("More", "More", "Cheaper", "Back"):
        await office.settle()
        seen.append([number for number in range(23) if f"*Book {number:02}*" in shop.home(BOB)])
        await office.presses(BOB, office.slack.homes[BOB], turn)
    await office.settle()

    assert seen == [list(range(10)), list(range(10, 20)), [20, 21, 22], list(range(10, 20))]
    assert "Your kudos" in shop.home(BOB)


async def test_what_is_out_of_stock_or_was_had_says_so(office: Office, shop: Shop):
    await shop.offers("Mug", 0, stock=0)
    await shop.offers("Tea", 0, per_member_limit=1)
    await shop.redeems(BOB, "Tea")
    await office.presses(BOB, office.slack.homes[BOB], "All rewards")
    await office.settle()
    said = len(shop.said(BOB))

    assert {"Out of stock", "You had it"} <= buttons(office.slack.homes[BOB]).keys()
    for name in ("Out of stock", "You had it"):
        await office.presses(BOB, office.slack.homes[BOB], name)
    await office.settle()
    assert shop.said(BOB)[said:] == [
        "Mug is out of stock. Choose another reward, or wait.",
        "Everyone can have Tea once, and you have had it. Choose another reward.",
    ]


async def test_another_price_is_shown_before_it_is_paid(office: Office, shop: Shop):
    mug = await shop.offers("Mug", 100)
    await shop.earns(office.world.bob, 120)
    await shop.looks(BOB)
    await office.presses(BOB, office.slack.homes[BOB], "Redeem")
    await shop.changes(mug, price_points=110)
    before = await office.record()

    answer = await office.submits(BOB, office.form, note="the blue one")

    assert answer["response_action"] == "update"
    anew = answer["view"]
    assert "The price changed from 100 points to 110 points. Look at it again." in words(anew)
    assert "*Price*\n110 points\n*Balance after*\n10 points" in words(anew)
    assert anew["submit"]["text"] == "Spend 110 points"
    assert await office.record() == before
    assert await office.submits(BOB, {**anew, "id": "V9"}) == {"response_action": "clear"}
    (row,) = await shop.redemptions()
    assert (row.price_points, row.status) == (110, "PENDING_APPROVAL")
    assert await office.wallets() == {"bob": 10}


async def test_a_refusal_says_in_the_form_what_to_do(office: Office, shop: Shop):
    mug, tea, hat = [await shop.offers(name, 100, stock=1) for name in ("Mug", "Tea", "Hat")]
    await shop.earns(office.world.bob, 120)
    await shop.looks(BOB)
    forms = {}
    for name in ("Mug", "Tea", "Hat"):
        await office.presses(BOB, office.slack.homes[BOB], "Redeem", about=name)
        forms[name] = office.form
    await shop.changes(mug, stock=0)
    await shop.archives(tea)
    await shop.changes(hat, price_points=130)
    before = await office.record()

    answers = {name: await office.submits(BOB, form) for name, form in forms.items()}

    assert {name: answer["errors"]["note"] for name, answer in answers.items()} == {
        "Mug": "Mug is out of stock. Choose another reward, or wait.",
        "Tea": "This reward cannot be had. Choose another one.",
        "Hat": "Hat costs 130 points, and you have 120. Choose another, or wait.",
    }
    assert await office.record() == before
    await office.settle()
    assert shop.said(BOB) == shop.said(ADA) == []


async def test_a_form_that_is_sent_twice_redeems_once(office: Office, shop: Shop):
    await shop.offers("Mug", 50)
    await shop.earns(office.world.bob, 120)
    await shop.looks(BOB)
    await office.presses(BOB, office.slack.homes[BOB], "Redeem")
    form = office.form

    answers = await asyncio.gather(*(office.submits(BOB, form, note=note) for note in ("the blue one", "the red one")))
    await office.settle()

    assert answers == [{"response_action": "clear"}] * 2
    assert await shop.states() == ["PENDING_APPROVAL"]
    assert await office.wallets() == {"bob": 70}
    assert len(shop.said(BOB)) == len(shop.said(ADA)) == 1


async def test_a_request_is_cancelled_while_it_waits(office: Office, shop: Shop):
    await shop.offers("Mug", 100, stock=1)
    await shop.earns(office.world.bob, 120)
    await shop.redeems(BOB, "Mug")
    stale = office.slack.homes[BOB]
    sure = buttons(stale)["Cancel"]["confirm"]["text"]["text"]
    assert sure == "The *100 points* go back to your balance."

    await asyncio.gather(*(office.presses(BOB, stale, "Cancel") for _ in range(2)))
    await office.settle()

    assert await shop.states() == ["CANCELLED"]
    assert await office.wallets() == {"bob": 120}
    assert "Your requests" not in shop.home(BOB)
    assert "*Mug*  ·  100 points" in shop.home(BOB), "it is back on the shelf"
    assert shop.said(BOB)[1:] == ["You have cancelled it already, and the price is back."]
    (asked,) = office.slack.direct(ADA)
    assert asked["text"] == "Bob has redeemed Mug for 100 points. Cancelled by Bob."
    assert buttons(asked) == {}


async def test_what_is_approved_is_not_cancelled_any_more(office: Office, shop: Shop):
    await shop.offers("Mug", 100)
    await shop.earns(office.world.bob, 120)
    await shop.redeems(BOB, "Mug")
    stale = office.slack.homes[BOB]
    await office.presses(ADA, office.slack.direct(ADA)[0], "Approve")
    await office.settle()
    before = await office.record()

    await office.presses(BOB, stale, "Cancel")
    await office.presses(CEM, stale, "Cancel")
    await office.settle()

    assert await office.record() == before
    assert shop.said(BOB)[-1] == "It has been approved already and is on its way. Ask an admin if you don't want it any more."
    assert shop.said(CEM) == ["There is no such thing here, or it is not yours to see. Check the id."]


async def test_rewards_answer_in_words(office: Office, shop: Shop):
    for name, price in (("Red mug", 100), ("Blue mug", 130), ("Tea & cake", 5), ("Mug", 10)):
        await shop.offers(name, price)
    await shop.earns(office.world.bob, 120)

    answer = await office.commands(BOB, "rewards")
    assert answer.text == (
        "You have 120 points. Rewards: Tea &amp; cake (5 points), Mug (10 points), Red mug (100 points), Blue mug (130 points)."
    )
    assert list(buttons(answer.body, labelled=True)) == [
        "Redeem: Tea & cake",
        "Redeem: Mug",
        "Redeem: Red mug",
        "Not yet: Blue mug",
    ]
    assert (await office.commands(BOB, "redeem")).text == answer.text
    assert (await office.commands(BOB, "redeem MUG  red")).text == ""
    assert "*Red mug*" in words(office.form)
    await office.commands(BOB, "redeem mug")
    assert "*Mug*\nAll of a mug" in words(office.form), "the one that is called so"
    assert (await office.commands(BOB, "redeem tea &amp; cake")).text == ""
    assert "*Tea &amp; cake*" in words(office.form)
    several = await office.commands(BOB, "redeem m")
    assert several.words.startswith("Which one?")
    assert list(buttons(several.body, labelled=True)) == ["Redeem: Mug", "Redeem: Red mug", "Not yet: Blue mug"]
    opened = len(office.slack.views)
    assert (await office.commands(BOB, "redeem blue")).text == (
        "Blue mug costs 130 points, and you have 120. Choose another, or wait."
    )
    nothing = await office.commands(BOB, "redeem sun &lt;3")
    assert nothing.text == f"No reward is called “sun &lt;3”. {answer.text}"
    assert len(office.slack.views) == opened


async def test_a_form_of_the_command_is_answered_where_it_was_typed(office: Office, shop: Shop):
    await shop.offers("Tea", 5, requires_approval=False)
    await shop.earns(office.world.bob, 120)

    answer = await office.commands(BOB, "rewards")
    await office.presses(BOB, answer, "Redeem")
    assert await office.submits(BOB, office.form) == {"response_action": "clear"}
    await office.settle()

    assert [one["text"] for one in office.slack.whispers(BOB, GENERAL)] == ["Tea is on its way. 5 points are set aside for it."]
    assert shop.said(BOB) == []
    assert await shop.states() == ["TO_FULFIL"]


async def test_rewards_are_asked_for_by_writing_to_the_app(office: Office, shop: Shop):
    await shop.offers("Tea", 5)
    await shop.earns(office.world.bob, 120)

    await office.says(BOB, "redeem tea", channel=direct_id(BOB))
    await office.settle()

    (shown,) = office.slack.direct(BOB)
    assert list(buttons(shown)) == ["Redeem"]


async def test_thanks_lead_to_the_rewards(office: Office, shop: Shop):
    for number in range(12):
        await shop.offers(f"Book {number:02}", number)
    await office.commands(ANN, f"<@{BOB}> 10 for helping with the release")
    await office.settle()
    (told,) = office.slack.direct(BOB)

    await office.presses(BOB, told, "See rewards")
    shelf = office.form
    assert (shelf["callback_id"], words(shelf).count("*Book")) == ("shop", 10)
    await office.presses(BOB, shelf, "More")
    assert words(office.form).count("*Book") == 2
    await office.presses(BOB, office.form, "Cheaper")
    await office.presses(BOB, office.form, "Redeem", about="Book 07")
    assert office.slack.calls[-1].method == "views.push"
    assert await office.submits(BOB, office.form) == {"response_action": "clear"}
    await office.settle()
    assert shop.said(BOB)[-1] == "Book 07 waits for approval. 7 points are set aside for it."
    assert await office.wallets() == {"bob": 3}


async def test_a_picture_is_shown_where_slack_can_load_it(office: Office, shop: Shop):
    for name, url in (("Mug", "https://pictures.example/mug.png"), ("Tea", "/pictures/tea.png"), ("Hat", None)):
        await shop.offers(name, 0, image_url=url)
    await shop.looks(BOB)

    async def shown(name: str) -> str | None:
        await office.presses(BOB, office.slack.homes[BOB], "Redeem", about=name)
        pictures = [block["accessory"] for block in office.form["blocks"] if "accessory" in block]
        return pictures[0]["image_url"] if pictures else None

    assert [await shown(name) for name in ("Mug", "Tea", "Hat")] == ["https://pictures.example/mug.png", None, None]
    office.door.shopping.public_url = "https://plaudit.example.com"
    assert await shown("Tea") == "https://plaudit.example.com/pictures/tea.png"
    office.door.shopping.public_url = "http://plaudit.internal"
    assert await shown("Tea") is None
    office.slack.fails(Denied("invalid_blocks"), "views.open")
    assert await shown("Mug") is None
    assert office.form["callback_id"] == "redeem"
    assert [call.method for call in office.slack.calls[-2:]] == ["views.open"] * 2


async def test_a_price_of_nothing_is_not_spent(office: Office, shop: Shop):
    await shop.offers("Hug", 0)
    await shop.looks(BOB)
    await office.presses(BOB, office.slack.homes[BOB], "Redeem")

    assert office.form["submit"]["text"] == "Redeem"
    await office.submits(BOB, office.form)
    await office.settle()
    assert shop.said(BOB) == ["Hug waits for approval."]
