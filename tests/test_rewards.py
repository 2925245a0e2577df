"""Rewards through the API: the catalog, redeeming, deciding, and the reports, as clients see them."""

from typing import Any

import pytest

from app import audit, reward
from app.api.ids import encode, uuid_of
from app.reward import Provider
from tests.fields import document_of
from tests.world import Answer, Somebody, World

CATALOG = "query C($everything: Boolean, $affordable: Boolean) { rewards(everything: $everything, affordableOnly: $affordable) {"
CATALOG += (
    " totalCount nodes { id name pricePoints stock archived audience { everyone groups { name } members { displayName } } } } }"
)
MINE = "{ redemptions { nodes { id rewardName status pricePoints note answer daysWaiting voucherCode member { displayName } } } }"
WALLET = "{ viewer { member { wallet { balance pending transfers { nodes { kind points redemption { rewardName } } } } } } }"


async def creates(world: World, name: str = "Mug", price: int = 40, **more: Any) -> str:
    """The admin puts a reward into the catalog; returns its global id."""
    given = {"name": name, "kind": "MERCHANDISE", "pricePoints": price, **more}
    answer = await world.admin.asks(document_of("Mutation.createReward"), input=given)
    assert answer.user_errors == [], answer.body
    world.passes(seconds=1)
    return str(answer.payload["reward"]["id"])


async def redeems(who: Somebody, reward_id: str, key: str | None = None, **more: Any) -> Answer:
    """redeemReward."""
    given = {"rewardId": reward_id, "idempotencyKey": key or who.world.new_key(), **more}
    return await who.asks(document_of("Mutation.redeemReward"), input=given)


async def decides(who: Somebody, verb: str, redemption_id: str, **more: Any) -> Answer:
    """approveRedemption, rejectRedemption, …"""
    return await who.asks(document_of(f"Mutation.{verb}Redemption"), id=redemption_id, **more)


async def names(who: Somebody, **given: Any) -> list[str]:
    """What the catalog shows to somebody."""
    return [node["name"] for node in (await who.asks(CATALOG, **given)).payload["nodes"]]


async def with_points(world: World, points: int = 100) -> World:
    """With points in Ann's wallet; a moment later."""
    assert (await world.admin.adjusts(world.ann, points)).user_errors == []
    world.passes(seconds=1)
    return world


async def test_the_catalog_shows_what_is_meant_for_the_viewer(world: World):
    group = await world.groups("Kitchen", world.bob)
    await creates(world, "Dear", 90)
    await creates(world, "Free", 0)
    await creates(world, "For cooks", 10, audience={"groupIds": [group]})
    await creates(world, "For Cem", 10, audience={"memberIds": [world.cem.id]})
    gone = await creates(world, "Gone", 5)
    assert (await world.admin.asks(document_of("Mutation.archiveReward"), id=gone)).user_errors == []
    await with_points(world, 30)

    assert await names(world.ann) == ["Free", "Dear"]
    assert await names(world.ann, affordable=True) == ["Free"]
    assert await names(world.bob) == ["Free", "For cooks", "Dear"]
    assert await names(world.cem) == ["Free", "For Cem", "Dear"]
    assert await names(world.admin, everything=True) == ["Free", "Gone", "For cooks", "For Cem", "Dear"]
    assert (await world.ann.asks(CATALOG, everything=True)).error_codes == ["FORBIDDEN"]


async def test_what_is_out_of_reach_is_found_by_nobody_who_may_not_have_it(world: World):
    hidden = await creates(world, audience={"memberIds": [world.cem.id]})

    document = "query Q($id: ID!) { node(id: $id) { ... on Reward { name } } }"
    seen = {who.name: (await who.asks(document, id=hidden)).payload for who in (world.ann, world.cem, world.admin, world.auditor)}

    assert seen == {"Ann": None, "Cem": {"name": "Mug"}, "Ada Admin": {"name": "Mug"}, "Aud Auditor": {"name": "Mug"}}


async def test_a_redemption_from_wish_to_delivery(world: World):
    mug = await creates(world, stock=3)
    await with_points(world)

    redemption = (await redeems(world.ann, mug, priceExpected=40, note="In blue")).payload["redemption"]
    assert (await world.ann.asks(WALLET)).payload["member"]["wallet"] == {
        "balance": 60,
        "pending": 40,
        "transfers": {
            "nodes": [
                {"kind": "REDEMPTION", "points": -40, "redemption": {"rewardName": "Mug"}},
                {"kind": "ADJUSTMENT", "points": 100, "redemption": None},
            ]
        },
    }
    world.passes(days=3)
    (waiting,) = (await world.admin.asks(MINE)).payload["nodes"]
    assert (waiting["status"], waiting["note"], waiting["daysWaiting"]) == ("PENDING_APPROVAL", "In blue", 3)

    assert (await decides(world.admin, "approve", redemption["id"], note="Ordered")).user_errors == []
    assert (await decides(world.owner, "fulfil", redemption["id"], note="On your desk")).user_errors == []

    (mine,) = (await world.ann.asks(MINE)).payload["nodes"]
    assert (mine["status"], mine["answer"], mine["daysWaiting"]) == ("FULFILLED", "On your desk", None)
    wallet = (await world.ann.asks(WALLET)).payload["member"]["wallet"]
    assert (wallet["balance"], wallet["pending"]) == (60, 0)
    assert (await world.bob.asks(MINE)).payload["nodes"] == []


@pytest.mark.parametrize(
    ("code", "field", "given", "changes"),
    [
        ("INSUFFICIENT_POINTS", "rewardId", {}, {"pricePoints": 101}),
        ("OUT_OF_STOCK", "rewardId", {}, {"stock": 0}),
        ("PRICE_CHANGED", "priceExpected", {"priceExpected": 39}, {}),
        ("REWARD_UNAVAILABLE", "rewardId", {}, {"audience": {"memberIds": ["bob"]}}),
        ("INVALID_INPUT", "note", {"note": "x" * 301}, {}),
        ("INVALID_INPUT", "idempotencyKey", {"idempotencyKey": ""}, {}),
    ],
)
async def test_a_redemption_refused_changes_nothing(
    world: World, code: str, field: str, given: dict[str, Any], changes: dict[str, Any]
):
    mug = await creates(world, stock=1)
    if "audience" in changes:
        changes = {"audience": {"memberIds": [world.bob.id]}}
    update = {"rewardId": mug, **changes}
    assert (await world.admin.asks(document_of("Mutation.updateReward"), input=update)).user_errors == []
    await with_points(world)
    before = await world.snapshot()

    answer = await world.ann.asks(document_of("Mutation.redeemReward"), input={"rewardId": mug, "idempotencyKey": "one", **given})

    assert answer.user_errors == [(code, [field])]
    assert answer.payload["redemption"] is None
    assert await world.snapshot() == before


async def test_more_than_one_may_have_is_over_the_limit(world: World):
    mug = await creates(world, price=1, perMemberLimit=1)
    await with_points(world)
    assert (await redeems(world.ann, mug)).user_errors == []
    before = await world.snapshot()

    answer = await redeems(world.ann, mug)

    (error,) = answer.payload["userErrors"]
    assert (error["code"], error["field"]) == ("LIMIT_EXCEEDED", ["rewardId"])
    assert await world.snapshot() == before


async def test_the_same_request_twice_redeems_once(world: World):
    mug = await creates(world, stock=1)
    await with_points(world)

    first = await redeems(world.ann, mug, key="mine")
    again = await redeems(world.ann, mug, key="mine")
    other = await redeems(world.ann, mug, key="mine", note="Another")

    assert (first.payload["replayed"], again.payload["replayed"]) == (False, True)
    assert again.payload["redemption"]["id"] == first.payload["redemption"]["id"]
    assert other.user_errors == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]
    assert await world.ann.wallet() == 60


async def test_decisions_refused_change_nothing(world: World):
    mug = await creates(world, price=0)
    (own, passed) = [(await redeems(who, mug)).payload["redemption"]["id"] for who in (world.admin, world.ann)]
    assert (await decides(world.admin, "reject", passed, reason="No more")).user_errors == []
    before = await world.snapshot()

    assert (await decides(world.admin, "approve", own)).user_errors == [("OWN_REDEMPTION", ["id"])]
    assert (await decides(world.admin, "approve", passed)).user_errors == [("INVALID_STATE", ["id"])]
    assert (await decides(world.ann, "cancel", passed)).user_errors == [("INVALID_STATE", ["id"])]
    assert (await decides(world.admin, "refund", passed, reason="x")).user_errors == [("INVALID_STATE", ["id"])]
    assert (await decides(world.owner, "cancel", own)).user_errors == [("FORBIDDEN", ["id"])]
    assert (await decides(world.owner, "reject", own, reason=" ")).user_errors == [("INVALID_INPUT", ["reason"])]
    assert (await decides(world.ann, "cancel", own)).user_errors == [("NOT_FOUND", ["id"])]
    assert (await decides(world.ann, "approve", own)).error_codes == ["FORBIDDEN"]
    assert await world.snapshot() == before


@pytest.mark.parametrize(
    ("code", "field", "given"),
    [
        ("INVALID_POINTS", ["pricePoints"], {"pricePoints": -1}),
        ("INVALID_POINTS", ["pricePoints"], {"pricePoints": 1_000_001}),
        ("INVALID_INPUT", ["stock"], {"stock": -1}),
        ("INVALID_INPUT", ["stock"], {"stock": 3, "provider": "VOUCHER"}),
        ("INVALID_INPUT", ["perMemberLimit"], {"perMemberLimit": 0}),
        ("INVALID_INPUT", ["name"], {"name": " "}),
        ("INVALID_INPUT", ["description"], {"description": "x" * 1001}),
        ("INVALID_INPUT", ["audience"], {"audience": {}}),
        ("INVALID_INPUT", ["imageUrl"], {"imageUrl": "http://example.com/a.png"}),
        ("INVALID_INPUT", ["imageUrl"], {"imageUrl": "javascript:alert(1)"}),
        ("INVALID_INPUT", ["imageUrl"], {"imageUrl": "//example.com/a.png"}),
        ("INVALID_INPUT", ["imageUrl"], {"imageUrl": "https://[bad/a.png"}),
    ],
)
async def test_a_reward_that_cannot_be_is_refused(world: World, code: str, field: list[str], given: dict[str, Any]):
    before = await world.snapshot()

    answer = await world.admin.asks(
        document_of("Mutation.createReward"), input={"name": "Mug", "kind": "CUSTOM", "pricePoints": 1, **given}
    )

    assert answer.user_errors == [(code, field)]
    assert await world.snapshot() == before


async def test_changing_a_reward_leaves_out_what_is_left_out(world: World):
    mug = await creates(world, stock=3, perMemberLimit=2, imageUrl="/pictures/mug.png", description="Big")
    update = "mutation U($input: UpdateRewardInput!) { updateReward(input: $input) { reward { "
    update += "name stock perMemberLimit imageUrl description } userErrors { code } } }"

    first = (await world.admin.asks(update, input={"rewardId": mug, "name": "Cup"})).payload["reward"]
    emptied = {"rewardId": mug, "stock": None, "perMemberLimit": None, "imageUrl": None, "description": None}
    second = (await world.admin.asks(update, input=emptied)).payload["reward"]

    shown = ("name", "stock", "perMemberLimit", "imageUrl", "description")
    assert [first[name] for name in shown] == ["Cup", 3, 2, "/pictures/mug.png", "Big"]
    assert [second[name] for name in shown] == ["Cup", None, None, None, ""]
    assert [sorted(body["changed"]) for body in await world.told("reward.updated")] == [
        ["name"],
        ["description", "image_url", "per_member_limit", "stock"],
    ]


async def test_a_code_is_read_by_its_owner_and_an_order_is_seen_on_its_way(world: World):
    card = await creates(world, "Card", 10, provider="VOUCHER", requiresApproval=False)
    await with_points(world)
    assert (await redeems(world.ann, card)).user_errors == [("OUT_OF_STOCK", ["rewardId"])]
    codes = tuple(world.vouchers.close(code) for code in ("SESAME-1", "SESAME-2"))
    await world.database.submit(reward.AddCodes(world.admin.actor, uuid_of(card, "Reward"), codes))
    await redeems(world.ann, card)
    reader = reward.FulfilmentReader(world.database.clock)
    await audit.feed.advance(world.database, reader, world.organization_id)
    orders = "{ fulfilments(waitingOnly: true) { nodes { provider tries trouble daysWaiting redemption { rewardName } } } }"
    assert (await world.auditor.asks(orders)).payload["nodes"] == [
        {"provider": "VOUCHER", "tries": 0, "trouble": None, "daysWaiting": 0, "redemption": {"rewardName": "Card"}}
    ]

    await reward.Clerk(world.database, {Provider.VOUCHER: world.vouchers}).round([world.organization_id])

    codes_seen = {who.name: (await who.asks(MINE)).payload["nodes"][0]["voucherCode"] for who in (world.ann, world.admin)}
    assert codes_seen == {"Ann": "SESAME-1", "Ada Admin": None}
    assert (await world.auditor.asks(orders)).payload["nodes"] == []
    assert (await names_and_stock(world)) == {"Card": 1}


async def names_and_stock(world: World) -> dict[str, int | None]:
    return {node["name"]: node["stock"] for node in (await world.admin.asks(CATALOG)).payload["nodes"]}


STATEMENT = """query S($month: String) { statement(month: $month) { month closed months
  totals { currencyCode fulfilledCount fulfilledPoints refundedCount refundedPoints minorUnits }
  lines { nodes { kind points minorUnits redemption { rewardName } } } } }"""
CURRENCY = {"singular": "point", "plural": "points", "emoji": "⭐", "code": "EUR", "minorUnitsPerPoint": 5}


async def test_the_statement_bills_what_was_delivered_when_it_was_delivered(world: World):
    await world.admin.asks(document_of("Mutation.updateOrganization"), input={"currency": CURRENCY})
    mug = await creates(world, requiresApproval=False)
    await with_points(world)
    first, second = [(await redeems(world.ann, mug)).payload["redemption"]["id"] for _ in range(2)]
    await world.admin.asks(document_of("Mutation.updateOrganization"), input={"currency": {**CURRENCY, "minorUnitsPerPoint": 7}})
    await decides(world.admin, "fulfil", first)
    march = (await world.auditor.asks(STATEMENT)).payload
    world.passes(days=30)
    await decides(world.admin, "fulfil", second)
    world.passes(seconds=1)
    await decides(world.admin, "refund", first, reason="It broke")

    april = (await world.auditor.asks(STATEMENT)).payload
    closed = (await world.auditor.asks(STATEMENT, month="2026-03")).payload

    assert march["totals"] == [
        {
            "currencyCode": "EUR",
            "fulfilledCount": 1,
            "fulfilledPoints": 40,
            "refundedCount": 0,
            "refundedPoints": 0,
            "minorUnits": 200,
        }
    ]
    assert (march["month"], march["closed"], closed["closed"]) == ("2026-03", False, True)
    assert closed["totals"] == march["totals"]
    assert april["months"] == ["2026-04", "2026-03"]
    assert [(line["kind"], line["points"], line["minorUnits"]) for line in april["lines"]["nodes"]] == [
        ("FULFILMENT", 40, 200),
        ("REFUND", -40, -200),
    ]
    assert april["totals"][0]["minorUnits"] == 0
    assert (await world.auditor.asks(STATEMENT, month="2026-13")).error_codes == ["INVALID_INPUT"]


async def test_what_is_owed_is_shown_by_age(world: World):
    await world.admin.asks(document_of("Mutation.updateOrganization"), input={"currency": CURRENCY})
    await with_points(world, 100)
    world.passes(days=100)
    await with_points(world, 50)
    await world.bob.gives(to=[world.ann], points=7)
    mug = await creates(world, price=120, requiresApproval=False)
    await redeems(world.ann, mug)
    document = "{ liability { points walletPoints escrowPoints minorUnits byAge { daysMin daysMax points minorUnits } } }"

    held = (await world.auditor.asks(document)).payload
    (redemption,) = (await world.ann.asks(MINE)).payload["nodes"]
    await decides(world.admin, "fulfil", redemption["id"])
    spent = (await world.auditor.asks(document)).payload

    assert (held["points"], held["walletPoints"], held["escrowPoints"], held["minorUnits"]) == (157, 37, 120, 785)
    assert [age["points"] for age in held["byAge"]] == [57, 0, 100, 0, 0]
    assert (spent["points"], spent["minorUnits"]) == (37, 185)
    assert [(age["daysMin"], age["daysMax"], age["points"]) for age in spent["byAge"]] == [
        (0, 30, 37),
        (30, 90, 0),
        (90, 180, 0),
        (180, 365, 0),
        (365, None, 0),
    ]


async def test_the_ledger_is_shown_movement_by_movement(world: World):
    mug = await creates(world, requiresApproval=False)
    await with_points(world)
    world.passes(days=1)
    await redeems(world.ann, mug)
    document = """query A($from: Date, $to: Date) { pointActivity(from: $from, to: $to) {
      totals { account opening cameIn wentOut closing }
      nodes { kind memo entries { account points member { displayName } } redemption { rewardName } } } }"""

    day = (await world.auditor.asks(document, **{"from": "2026-03-11", "to": "2026-03-11"})).payload
    wrong = await world.auditor.asks(document, **{"from": "2026-03-11", "to": "2026-03-10"})

    assert day["nodes"] == [
        {
            "kind": "REDEMPTION",
            "memo": None,
            "entries": [
                {"account": "WALLET", "points": -40, "member": {"displayName": "Ann"}},
                {"account": "ESCROW", "points": 40, "member": None},
            ],
            "redemption": {"rewardName": "Mug"},
        }
    ]
    totals = {total["account"]: [total[name] for name in ("opening", "cameIn", "wentOut", "closing")] for total in day["totals"]}
    assert totals["WALLET"] == [100, 0, 40, 60]
    assert totals["ESCROW"] == [0, 40, 0, 40]
    assert sum(total["closing"] for total in day["totals"]) == 0
    assert wrong.error_codes == ["INVALID_INPUT"]


async def test_weeks_to_reach_a_reward_are_those_of_the_median_member(world: World):
    await creates(world, "Mug", 40)
    await creates(world, "Free", 0)
    document = "{ rewards { nodes { name medianWeeksToReach } } }"
    assert (await world.admin.asks(document)).payload["nodes"][1] == {"name": "Mug", "medianWeeksToReach": None}
    everyone = [world.admin, world.auditor, world.ann, world.bob, world.cem, world.dee]
    await world.owner.gives(to=everyone, points=10)

    assert (await world.admin.asks(document)).payload["nodes"] == [
        {"name": "Free", "medianWeeksToReach": 0.0},
        {"name": "Mug", "medianWeeksToReach": 4.0},
    ]
    world.passes(days=13)
    assert (await world.admin.asks(document)).payload["nodes"][1]["medianWeeksToReach"] == 8.0
    assert (await world.ann.asks(document)).payload["nodes"][1]["medianWeeksToReach"] is None


async def test_an_order_is_tried_again_only_where_there_is_one(world: World):
    retry = document_of("Mutation.retryFulfilment")
    mug = await creates(world, price=0)
    redemption = (await redeems(world.ann, mug)).payload["redemption"]["id"]

    for id_ in (redemption, encode("Redemption", world.organization_id), "junk"):
        assert (await world.admin.asks(retry, id=id_)).user_errors == [("NOT_FOUND", ["id"])]
