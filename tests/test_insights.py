"""Insights through the API: what everyone sees, what only some see, what is withheld, and what is counted how."""

from typing import Any

import pytest

from app import insight, organization
from app.core.actor import Role
from app.core.ids import new_id
from app.insight import gini, share, withheld
from tests.world import NOON, Answer, Somebody, World

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


async def asks(who: Somebody, shown: str, range_: dict[str, str] = MARCH, group: str | None = None) -> Answer:
    """insights, when everything that happened has been counted."""
    await insight.catch_up(who.world.database, who.world.organization_id)
    document = f"query I($range: DateRange!, $group: ID) {{ insights(range: $range, groupId: $group) {{ {shown} }} }}"
    return await who.asks(document, range=range_, group=group)


async def crowd(world: World, number: int) -> list[Somebody]:
    """More people."""
    return [await world.hires(f"Person{place} {place}") for place in range(number)]


async def test_an_organization_that_has_just_begun_shows_zeros(world: World):
    shown = "recognitionCount pointsGiven participation { activeMembers givers receivers givingRate receivingRate } "
    shown += "trend(bucket: WEEK) { start recognitionCount points givers receivers } byValue { recognitionCount } "
    shown += "funnel { joined gave received redeemed } before { recognitionCount participation { givingRate } }"

    found = (await asks(world.ann, shown)).payload

    assert (found["recognitionCount"], found["pointsGiven"], found["byValue"]) == (0, 0, [])
    assert found["participation"] == {
        "activeMembers": 7,
        "givers": 0,
        "receivers": 0,
        "givingRate": 0.0,
        "receivingRate": 0.0,
    }
    mondays = ["2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]
    assert [point["start"] for point in found["trend"]] == mondays
    assert {point["recognitionCount"] for point in found["trend"]} == {0}
    assert found["funnel"] == {"joined": 7, "gave": 0, "received": 0, "redeemed": 0}
    assert found["before"] == {"recognitionCount": 0, "participation": {"givingRate": None}}


async def test_boosts_are_points_and_no_recognitions_and_what_was_taken_back_is_neither(world: World):
    await world.praises("care")
    given = (await world.ann.gives(to=[world.bob, world.cem], points=10, message="Thank you, that was #care")).payload
    await world.dee.boosts(given["recognition"]["id"], points=5)
    gone = (await world.bob.gives(to=[world.ann], points=7)).payload
    await world.bob.revokes(gone["recognition"]["id"])
    await world.ann.gives(to=[world.dee], points=3, visibility="PRIVATE")

    shown = (
        "recognitionCount pointsGiven participation { givers receivers } byValue { value { hashtag } recognitionCount points }"
    )
    found = (await asks(world.ann, shown)).payload

    assert found == {
        "recognitionCount": 2,
        "pointsGiven": 33,
        "participation": {"givers": 2, "receivers": 3},
        "byValue": [{"value": {"hashtag": "care"}, "recognitionCount": 1, "points": 30}],
    }


async def test_modes_decide_who_is_in_which_denominator(world: World):
    await world.sets_mode(world.ann, "GIVER")
    await world.sets_mode(world.bob, "RECEIVER")
    await world.sets_mode(world.cem, "OBSERVER")
    await world.deactivates(world.dee)
    await world.ann.gives(to=[world.bob], points=1)
    world.passes(days=1)

    found = (await asks(world.owner, "participation { activeMembers givers receivers givingRate receivingRate }")).payload
    later = (await asks(world.owner, "participation { activeMembers }", {"from": "2026-03-11", "to": "2026-03-12"})).payload

    # Of seven: one observes; six are left, Dee among them, who was here until noon.
    assert found["participation"] == {
        "activeMembers": 6,
        "givers": 1,
        "receivers": 1,
        "givingRate": pytest.approx(1 / 5),
        "receivingRate": pytest.approx(1 / 5),
    }
    assert later["participation"]["activeMembers"] == 5


async def test_a_group_that_is_too_small_is_withheld_and_so_is_the_next_smallest(world: World):
    people = await crowd(world, 14)
    small = await world.groups("Small", *people[:4])
    await world.groups("Middle", *people[4:9])
    await world.groups("Large", *people[8:14], world.ann)
    await people[0].gives(to=[people[5]], points=2)
    await people[5].gives(to=[people[9]], points=4)
    shown = 'byGroup(kind: "team") { group { name } withheld given received pointsGiven pointsReceived givingRate } '
    shown += 'flows(kind: "team") { from { name } to { name } withheld recognitionCount points }'

    admin, owner = (await asks(world.admin, shown)).payload, (await asks(world.owner, shown)).payload

    null = dict.fromkeys(("given", "received", "pointsGiven", "pointsReceived", "givingRate"))
    assert admin["byGroup"] == [
        {
            "group": {"name": "Large"},
            "withheld": False,
            "given": 0,
            "received": 1,
            "pointsGiven": 0,
            "pointsReceived": 4,
            "givingRate": 0.0,
        },
        {"group": {"name": "Middle"}, "withheld": True, **null},
        {"group": {"name": "Small"}, "withheld": True, **null},
    ]
    assert [(group["group"]["name"], group["given"], group["received"]) for group in owner["byGroup"]] == [
        ("Large", 0, 1),
        ("Middle", 1, 1),
        ("Small", 1, 0),
    ]
    assert {(flow["from"]["name"], flow["to"]["name"], flow["recognitionCount"]) for flow in owner["flows"]} == {
        ("Small", "Middle", 1),
        ("Middle", "Large", 1),
    }
    assert {(flow["withheld"], flow["recognitionCount"], flow["points"]) for flow in admin["flows"]} == {(True, None, None)}
    figures = (
        "withheld recognitionCount participation { activeMembers givers } trend(bucket: DAY) { points } topGivers { points }"
    )
    assert (await asks(world.admin, figures, group=small)).payload == {
        "withheld": True,
        "recognitionCount": 0,
        "participation": {"activeMembers": 0, "givers": 0},
        "trend": [],
        "topGivers": [],
    }
    assert (await asks(world.auditor, figures, group=small)).payload["recognitionCount"] == 1


async def test_what_only_some_may_see(world: World):
    group = await world.groups("Kitchen", world.ann)
    forbidden = {
        "groups": await asks(world.ann, 'byGroup(kind: "team") { given }'),
        "flows": await asks(world.ann, 'flows(kind: "team") { points }'),
        "concentration": await asks(world.ann, "concentration { reciprocity }"),
        "top": await asks(world.ann, "topGivers { points }"),
        "one group": await asks(world.ann, "recognitionCount", group=group),
    }
    assert {name: answer.error_codes for name, answer in forbidden.items()} == {name: ["FORBIDDEN"] for name in forbidden}

    switch = "mutation { updateOrganization(input: {leaderboardEnabled: true}) { userErrors { code } } }"
    assert (await world.admin.asks(switch)).user_errors == []
    await world.ann.gives(to=[world.bob], points=2)
    top = (await asks(world.cem, "topGivers { member { displayName } recognitionCount points }")).payload["topGivers"]
    assert top == [{"member": {"displayName": "Ann"}, "recognitionCount": 1, "points": 2}]


async def test_lists_of_members_leave_out_what_was_private(world: World):
    await world.ann.gives(to=[world.bob], points=9, visibility="PRIVATE")
    await world.cem.gives(to=[world.dee], points=1)
    shown = (
        "topGivers { member { displayName } } topReceivers { member { displayName } } concentration { neverRecognised giniGiven }"
    )

    found = (await asks(world.admin, shown)).payload

    assert [one["member"]["displayName"] for one in found["topGivers"]] == ["Cem"]
    assert [one["member"]["displayName"] for one in found["topReceivers"]] == ["Dee"]
    assert found["concentration"]["neverRecognised"] == 5
    assert found["concentration"]["giniGiven"] == pytest.approx(gini([9, 1, 0, 0, 0, 0, 0]))


async def test_a_month_is_compared_with_the_days_before_it(world: World):
    await world.ann.gives(to=[world.bob], points=2)
    world.passes(days=31)
    await world.ann.gives(to=[world.bob], points=3)

    found = (await asks(world.ann, "pointsGiven before { pointsGiven }", {"from": "2026-04-10", "to": "2026-04-10"})).payload
    april = (await asks(world.ann, "pointsGiven before { pointsGiven }", {"from": "2026-04-01", "to": "2026-04-30"})).payload

    assert found == {"pointsGiven": 3, "before": {"pointsGiven": 0}}
    assert april == {"pointsGiven": 3, "before": {"pointsGiven": 2}}


@pytest.mark.parametrize(
    ("range_", "code"),
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, "INVALID_INPUT"),
        ({"from": "2000-01-01", "to": "2026-03-01"}, "INVALID_INPUT"),
        ({"from": "yesterday", "to": "2026-03-01"}, "BAD_USER_INPUT"),
    ],
)
async def test_a_range_that_is_none_is_refused(world: World, range_: dict[str, str], code: str):
    assert (await asks(world.ann, "recognitionCount", range_)).error_codes == [code]


async def test_it_says_until_when_everything_is_counted(world: World):
    await insight.catch_up(world.database, world.organization_id)
    world.passes(hours=1)
    document = "query I($range: DateRange!) { insights(range: $range) { asOf recognitionCount } }"
    assert (await world.ann.asks(document, range=MARCH)).payload["asOf"] == "2026-03-10T13:00:00+00:00"
    await world.ann.gives(to=[world.bob])
    world.passes(hours=1)

    behind = (await world.ann.asks(document, range=MARCH)).payload
    caught_up = (await asks(world.ann, "asOf recognitionCount")).payload

    assert behind == {"asOf": "2026-03-10T13:00:00+00:00", "recognitionCount": 0}
    assert caught_up == {"asOf": "2026-03-10T14:00:00+00:00", "recognitionCount": 1}


def test_gini_is_that_of_the_textbook():
    assert gini([]) == 0.0
    assert gini([0, 0]) == 0.0
    assert gini([5, 5, 5, 5]) == pytest.approx(0.0)
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert (share(1, 4), share(0, 0)) == (0.25, None)


def naive_gini(amounts: list[int]) -> float:
    """Mean absolute difference over twice the mean."""
    total = sum(abs(one - other) for one in amounts for other in amounts)
    return total / (2 * len(amounts) * sum(amounts)) if sum(amounts) else 0.0


@pytest.mark.parametrize("amounts", [[3, 1, 4, 1, 5, 9, 2, 6], [0, 0, 7], [10], [2, 2, 0, 1000]])
def test_gini_by_another_formula(amounts: list[int]):
    assert gini(amounts) == pytest.approx(naive_gini(amounts))


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([5, 6, 7], []),
        ([4, 6, 7], [4, 6]),
        ([3, 4, 7], [3, 4]),
        ([0, 6, 7], [0]),
        ([0, 4, 6, 7], [0, 4, 6]),
        ([4], [4]),
        ([], []),
    ],
)
def test_who_is_withheld(sizes: list[int], hidden: list[int]):
    ids: dict[Any, int] = {new_id(NOON): size for size in sizes}

    assert sorted(ids[one] for one in withheld(ids, Role.ADMIN)) == hidden
    assert withheld(ids, Role.OWNER) == withheld(ids, Role.AUDITOR) == frozenset()


async def names(who: Somebody, activity: str, days: int = 30) -> list[str]:
    """Whom quietMembers shows to somebody."""
    await insight.catch_up(who.world.database, who.world.organization_id)
    document = """query Q($activity: Activity!, $days: Int) {
      quietMembers(activity: $activity, days: $days) { nodes { displayName } } }"""
    return [node["displayName"] for node in (await who.asks(document, activity=activity, days=days)).payload["nodes"]]


async def test_who_was_quiet_is_seen_by_those_who_look_after_them(world: World):
    for report in (world.bob, world.cem):
        await world.database.submit(organization.UpdateMember(world.house, report.key, manager_id=world.ann.key))
    world.passes(days=40)
    await world.ann.gives(to=[world.bob], points=1)
    await world.bob.gives(to=[world.dee], points=1, visibility="PRIVATE")
    await world.sets_mode(world.auditor, "OBSERVER")
    newcomer = await world.hires("New Newcomer")

    assert await names(world.admin, "RECEIVING") == ["Ada Admin", "Ann", "Cem", "Dee", "Olga Owner"]
    assert await names(world.auditor, "GIVING") == ["Ada Admin", "Bob", "Cem", "Dee", "Olga Owner"]
    assert await names(world.ann, "RECEIVING") == ["Cem"]
    assert await names(newcomer, "RECEIVING") == []
    document = "{ quietMembers(activity: GIVING) { nodes { id } } }"
    assert (await world.ann.asks(document)).error_codes == ["FORBIDDEN"]
    too_many = "{ quietMembers(activity: RECEIVING, days: 400) { nodes { id } } }"
    assert (await world.ann.asks(too_many)).error_codes == ["INVALID_INPUT"]
