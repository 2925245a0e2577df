"""The rules of rewards, as tables of their own: what becomes of a redemption under each verb of everybody, and who claims one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from app import reward
from app.core.actor import Role
from app.core.errors import Code, Forbidden, Refusal
from app.organization import MemberStatus, Organization
from app.reward import Provider, Redemption, RedemptionStatus, Reward, RewardKind, Stage, Verb, reports, rules
from app.reward.rules import Asker, Claim
from tests.world import NOON


def table(text: str) -> dict[tuple[str, str], str]:
    """Words by row and column."""
    head, *lines = [line.split() for line in text.strip().splitlines()]
    return {(line[0], column): word for line in lines for column, word in zip(head, line[1:], strict=True)}


LEADS = table("""
                   approve    reject    cancel     fulfil     refund    accept    decline    deliver
PENDING_APPROVAL   TO_FULFIL  REJECTED  CANCELLED  -          -         -         -          -
TO_FULFIL          -          REJECTED  -          FULFILLED  -         ACCEPTED  -          FULFILLED
ACCEPTED           -          -         -          -          -         ACCEPTED  TO_FULFIL  FULFILLED
FULFILLED          -          -         -          -          REFUNDED  -         -          -
REJECTED           -          -         -          -          -         -         -          -
CANCELLED          -          -         -          -          -         -         -          -
REFUNDED           -          -         -          -          -         -         -          -
""")
"""Where each verb leads from where, by the rules of the program; `-` is refused: its state does not allow it."""

OTHERS = table("""
           MEMBER      AUDITOR     ADMIN       OWNER       HOUSE
approve    no-right    no-right    yes         yes         yes
reject     no-right    no-right    yes         yes         yes
cancel     not-theirs  not-theirs  not-theirs  not-theirs  not-theirs
fulfil     no-right    no-right    yes         yes         yes
refund     no-right    no-right    yes         yes         yes
accept     no-right    no-right    no-right    no-right    yes
decline    no-right    no-right    no-right    no-right    yes
deliver    no-right    no-right    no-right    no-right    yes
""")
"""Who may do what with somebody else's redemption. To the house, all are somebody else's."""

OWN = table("""
           MEMBER      AUDITOR     ADMIN       OWNER
approve    no-right    no-right    own         own
reject     no-right    no-right    own         own
cancel     yes         yes         yes         yes
fulfil     no-right    no-right    yes         yes
refund     no-right    no-right    own         own
accept     no-right    no-right    no-right    no-right
decline    no-right    no-right    no-right    no-right
deliver    no-right    no-right    no-right    no-right
""")
"""Who may do what with their own, while there is another admin."""

OWN_AND_ALONE = {place: word.replace("own", "yes") for place, word in OWN.items()}
"""The only admin decides about its own as well."""


def asker(who: str, *, own: bool, alone: bool) -> Asker:
    if who == "HOUSE":
        return Asker(Role.OWNER, is_house=True, is_own=own, is_only_admin=alone)
    return Asker(Role(who), is_own=own, is_only_admin=alone)


def outcome(stage: Stage, verb: Verb, who: Asker) -> str:
    try:
        return rules.move(stage, verb, who).value
    except Forbidden:
        return "no-right"
    except Refusal as refusal:
        return refusal.code.value if refusal.field == ("id",) else f"field {refusal.field}"


def expected(stage: Stage, verb: Verb, may: str) -> str:
    """Rights are asked first, then the state, then whose it is."""
    leads = LEADS[stage.value, verb.value]
    if may in ("no-right", "not-theirs"):
        return {"no-right": "no-right", "not-theirs": "FORBIDDEN"}[may]
    if leads == "-":
        return "INVALID_STATE"
    return "OWN_REDEMPTION" if may == "own" else leads


@pytest.mark.parametrize(("stage", "verb"), list(product(Stage, Verb)), ids=lambda word: word.value)
def test_what_becomes_of_it(stage: Stage, verb: Verb):
    wanted, found = {}, {}
    for alone in (False, True):
        for who in ("MEMBER", "AUDITOR", "ADMIN", "OWNER", "HOUSE"):
            wanted[f"{who}, another's", alone] = expected(stage, verb, OTHERS[verb.value, who])
            found[f"{who}, another's", alone] = outcome(stage, verb, asker(who, own=False, alone=alone))
            if who != "HOUSE":
                wanted[f"{who}, own", alone] = expected(stage, verb, (OWN_AND_ALONE if alone else OWN)[verb.value, who])
                found[f"{who}, own", alone] = outcome(stage, verb, asker(who, own=True, alone=alone))

    assert found == wanted


def test_the_tables_are_complete():
    assert set(LEADS) == set(product(Stage, Verb))
    assert set(OTHERS) == set(product(Verb, [*Role, "HOUSE"]))
    assert set(OWN) == set(product(Verb, Role))


SENTENCES = {
    "PENDING_APPROVAL": "It still waits for approval. Approve or reject it first.",
    "TO_FULFIL": "It is to be delivered and not delivered yet.",
    "ACCEPTED": "It is on its way: its provider has accepted the order, and it cannot be called back.",
    "FULFILLED": "It has been delivered already.",
    "REJECTED": "It has been rejected already, and the points were returned.",
    "CANCELLED": "It has been cancelled by its member, and the points were returned.",
    "REFUNDED": "It has been refunded already.",
}


@pytest.mark.parametrize("stage", Stage)
def test_a_state_that_is_passed_says_where_it_stands(stage: Stage):
    verb = Verb.APPROVE if stage is not Stage.PENDING_APPROVAL else Verb.FULFIL

    with pytest.raises(Refusal) as refused:
        rules.move(stage, verb, Asker(Role.ADMIN))

    assert refused.value.message == SENTENCES[stage.value]


def test_other_refusals_say_what_to_do():
    with pytest.raises(Refusal, match=r"^Nobody decides about their own redemption. Ask another admin.$"):
        rules.move(Stage.PENDING_APPROVAL, Verb.APPROVE, Asker(Role.ADMIN, is_own=True))
    with pytest.raises(Refusal, match=r"^Only the member who redeemed it cancels it. An admin rejects it instead.$"):
        rules.move(Stage.PENDING_APPROVAL, Verb.CANCEL, Asker(Role.ADMIN))
    with pytest.raises(Forbidden, match=r"^Your role does not carry the right redemption.decide. "):
        rules.move(Stage.PENDING_APPROVAL, Verb.APPROVE, Asker(Role.AUDITOR))
    with pytest.raises(Forbidden, match=r"^Only the house itself does this.$"):
        rules.move(Stage.TO_FULFIL, Verb.DELIVER, Asker(Role.OWNER))


def reachable(begin: Stage) -> set[Stage]:
    """Where one comes to from there, in any number of steps."""
    found, edge = {begin}, {begin}
    while edge:
        edge = {moves[stage] for moves in rules.MOVES.values() for stage in edge if stage in moves} - found
        found |= edge
    return found


END = {Stage.REJECTED, Stage.CANCELLED, Stage.REFUNDED}


def test_there_is_no_dead_end_and_nothing_out_of_reach():
    assert reachable(Stage.PENDING_APPROVAL) == set(Stage)
    assert reachable(Stage.TO_FULFIL) == set(Stage) - {Stage.PENDING_APPROVAL, Stage.CANCELLED}
    for stage in set(Stage) - END:
        assert reachable(stage) & END, f"points are stuck in {stage}"
    for stage in END:
        assert reachable(stage) == {stage}, "what came to an end stays so"
    assert reachable(Stage.FULFILLED) == {Stage.FULFILLED, Stage.REFUNDED}, "what was paid is never held again"


def test_every_verb_has_moves_and_belongs_to_somebody():
    assert set(rules.MOVES) == set(Verb)
    belongs = [rules.BY_ADMINS, rules.BY_THE_MEMBER, rules.BY_THE_HOUSE]
    assert [sum(verb in some for some in belongs) for verb in Verb] == [1] * len(Verb)


@pytest.mark.parametrize(
    ("status", "accepted_at", "stage"),
    [
        ("PENDING_APPROVAL", None, Stage.PENDING_APPROVAL),
        ("TO_FULFIL", None, Stage.TO_FULFIL),
        ("TO_FULFIL", NOON, Stage.ACCEPTED),
        ("FULFILLED", None, Stage.FULFILLED),
        ("FULFILLED", NOON, Stage.FULFILLED),
        ("REJECTED", None, Stage.REJECTED),
        ("CANCELLED", None, Stage.CANCELLED),
        ("REFUNDED", NOON, Stage.REFUNDED),
    ],
)
def test_where_a_redemption_stands(status: str, accepted_at: datetime | None, stage: Stage):
    assert rules.stage_of(redemption(status=RedemptionStatus(status), accepted_at=accepted_at)) is stage
    assert stage.status is RedemptionStatus(status)


def redemption(**values: Any) -> Redemption:
    given: dict[str, Any] = {
        "organization_id": UUID(int=1),
        "id": UUID(int=2),
        "provider": Provider.MANUAL,
        "status": RedemptionStatus.TO_FULFIL,
        "requested_at": NOON,
    }
    return Redemption(**given | values)


def test_by_hand_only_what_nobody_else_delivers():
    rules.check_by_hand(redemption())
    with pytest.raises(Refusal, match=r"^This is delivered by itself, and is not done by hand. ") as refused:
        rules.check_by_hand(redemption(provider=Provider.VOUCHER))
    assert (refused.value.code, refused.value.field) == (Code.INVALID_STATE, ("id",))


def test_a_code_does_not_go_back_into_stock():
    rules.check_restock(redemption())
    with pytest.raises(Refusal, match=r"^A voucher code that was handed out does not go back into stock.$") as refused:
        rules.check_restock(redemption(provider=Provider.VOUCHER))
    assert (refused.value.code, refused.value.field) == (Code.INVALID_INPUT, ("restock",))


def mug(**values: Any) -> Reward:
    given: dict[str, Any] = {
        "organization_id": UUID(int=1),
        "id": UUID(int=3),
        "name": "Mug",
        "description": "",
        "kind": RewardKind.CUSTOM,
        "provider": Provider.MANUAL,
        "price_points": 10,
        "requires_approval": True,
        "for_everyone": True,
    }
    return Reward(**given | values)


def judged(claim: Claim) -> tuple[str, str, tuple[str, ...], str | None]:
    with pytest.raises(Refusal) as refused:
        rules.judge(claim)
    return refused.value.code.value, refused.value.message, refused.value.field, refused.value.rule


RIGHT = Claim(MemberStatus.ACTIVE, mug(), is_meant=True, had=0, balance=10, price_expected=10)


def test_refusals_come_in_their_order():
    """Everything is wrong at first; each thing that is put right brings the next one to light."""
    item = {"archived_at": NOON, "stock": 0, "per_member_limit": 1}
    claim = Claim(MemberStatus.INVITED, mug(**item), is_meant=False, had=1, balance=9, price_expected=8)
    unavailable = ("REWARD_UNAVAILABLE", "This reward cannot be had. Choose another one.", ("rewardId",), None)

    assert judged(claim) == (
        "FORBIDDEN",
        "Only active members redeem. Sign in first, or ask an admin.",
        ("rewardId",),
        None,
    )
    claim = replace(claim, status=MemberStatus.ACTIVE)
    assert judged(claim) == unavailable
    claim = replace(claim, reward=mug(**item | {"archived_at": None}))
    assert judged(claim) == unavailable
    claim = replace(claim, is_meant=True)
    assert judged(claim) == (
        "PRICE_CHANGED",
        "Mug costs 10 points now. Look at it again before you redeem it.",
        ("priceExpected",),
        None,
    )
    claim = replace(claim, price_expected=10)
    assert judged(claim) == (
        "OUT_OF_STOCK",
        "Mug is out of stock. Choose another reward, or wait.",
        ("rewardId",),
        None,
    )
    claim = replace(claim, reward=mug(stock=1, per_member_limit=1))
    assert judged(claim) == (
        "LIMIT_EXCEEDED",
        "Everyone can have Mug once, and you have had it. Choose another reward.",
        ("rewardId",),
        "per_member_limit",
    )
    claim = replace(claim, had=0)
    assert judged(claim) == (
        "INSUFFICIENT_POINTS",
        "Mug costs 10 points, and you have 9. Choose another, or wait.",
        ("rewardId",),
        None,
    )
    rules.judge(replace(claim, balance=10))


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        (replace(RIGHT, status=MemberStatus.INVITED), "FORBIDDEN"),
        (replace(RIGHT, status=MemberStatus.DEACTIVATED), "FORBIDDEN"),
        (replace(RIGHT, reward=mug(archived_at=NOON)), "REWARD_UNAVAILABLE"),
        (replace(RIGHT, is_meant=False), "REWARD_UNAVAILABLE"),
        (replace(RIGHT, price_expected=11), "PRICE_CHANGED"),
        (replace(RIGHT, price_expected=9), "PRICE_CHANGED"),
        (replace(RIGHT, price_expected=0), "PRICE_CHANGED"),
        (replace(RIGHT, reward=mug(stock=0)), "OUT_OF_STOCK"),
        (replace(RIGHT, reward=mug(per_member_limit=2), had=2), "LIMIT_EXCEEDED"),
        (replace(RIGHT, reward=mug(per_member_limit=2), had=3), "LIMIT_EXCEEDED"),
        (replace(RIGHT, balance=0), "INSUFFICIENT_POINTS"),
    ],
)
def test_one_thing_wrong_is_enough(claim: Claim, code: str):
    assert judged(claim)[0] == code


@pytest.mark.parametrize(
    "claim",
    [
        RIGHT,
        replace(RIGHT, price_expected=None),
        replace(RIGHT, reward=mug(stock=1)),
        replace(RIGHT, reward=mug(stock=None), had=1_000),
        replace(RIGHT, reward=mug(per_member_limit=2), had=1),
        replace(RIGHT, reward=mug(price_points=0), balance=0, price_expected=0),
    ],
)
def test_what_is_right_passes(claim: Claim):
    rules.judge(claim)


def test_the_sentence_counts_how_often():
    said = judged(replace(RIGHT, reward=mug(per_member_limit=3), had=3))[1]
    assert said == "Everyone can have Mug 3 times, and you have had it. Choose another reward."


@pytest.mark.parametrize(
    ("price", "paces", "weeks"),
    [
        (100, [], None),
        (0, [], 0.0),
        (0, [0.0], 0.0),
        (100, [0.0], None),
        (100, [10.0], 10.0),
        (100, [0.0, 10.0], None),
        (100, [0.0, 10.0, 50.0], 10.0),
        (100, [0.0, 0.0, 50.0], None),
        (100, [10.0, 20.0], 7.5),
        (100, [1.0, 10.0, 20.0, 1_000.0], 7.5),
        (100, [-3.0], None),
        (10, [30.0], 0.3),
        (1_000_000, [1 / 12], 12_000_000.0),
    ],
)
def test_the_weeks_to_a_reward_are_those_of_the_one_in_the_middle(price: int, paces: list[float], weeks: float | None):
    assert reports._median_weeks(price, paces) == weeks


def test_a_month_is_written_in_one_way():
    assert reports.month_of("2026-11") == date(2026, 11, 1)
    for text in (
        "",
        "2026",
        "2026-1",
        "2026-13",
        "2026-00",
        "2026-11-01",
        "26-11-1",
        " 2026-1",
        "2026/11",
        "2026-W1",
        "２０２６-11",
    ):
        with pytest.raises(Refusal, match=r"^A month is written like 2026-11.$") as refused:
            reports.month_of(text, "month")
        assert (refused.value.code, refused.value.field) == (Code.INVALID_INPUT, ("month",))


def test_a_month_is_closed_at_midnight_of_the_organization():
    here = Organization(organization_id=UUID(int=1), time_zone="Europe/Madrid")
    midnight = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)

    assert not reports.is_closed(here, date(2026, 10, 1), midnight - timedelta(microseconds=1))
    assert reports.is_closed(here, date(2026, 10, 1), midnight)
    assert not reports.is_closed(here, date(2026, 11, 1), midnight)


def test_a_month_that_was_closed_stays_so_wherever_the_organization_moves():
    here = Organization(organization_id=UUID(int=1), time_zone="Pacific/Honolulu", reached_on=date(2026, 11, 1))

    assert reports.is_closed(here, date(2026, 10, 1), datetime(2026, 10, 31, 23, 30, tzinfo=UTC))


def test_it_waits_since_the_last_decision():
    waiting = redemption(status=RedemptionStatus.PENDING_APPROVAL)
    approved = redemption(decided_at=NOON + timedelta(days=2))
    now = NOON + timedelta(days=3, hours=-1)

    assert reward.reads.days_waiting(waiting, now) == 2
    assert reward.reads.days_waiting(approved, now) == 0
    assert reward.reads.days_waiting(redemption(status=RedemptionStatus.FULFILLED), now) is None
