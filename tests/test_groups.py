"""Giving to groups: expanded at the moment of giving, each person once."""

from app import organization
from app.organization import MemberStatus, ParticipationMode
from app.recognition import Grant
from tests.world import Answer, Somebody, World


def left_out(answer: Answer) -> dict[str, str]:
    return {one["member"]["id"]: one["code"] for one in answer.payload["leftOut"]}


async def names(answer: Answer) -> list[str]:
    return sorted(somebody["displayName"] for somebody in answer.payload["recognition"]["recipients"])


async def hires_many(world: World, number: int) -> list[Somebody]:
    """Members without tokens."""
    keys = [
        await world.database.submit(organization.CreateMember(world.house, f"Nº {n:03}", status=MemberStatus.ACTIVE))
        for n in range(number)
    ]
    return [Somebody(world, key, f"Nº {n:03}", "") for n, key in enumerate(keys)]


async def test_each_person_of_all_groups_gets_the_points_once(world: World):
    team = await world.groups("Team", world.ann, world.bob, world.cem)
    city = await world.groups("Bilbao", world.ann, world.cem, world.dee, kind="location")

    answer = await world.ann.gives(to=[world.cem], groups=[team, city, team], points=10)

    assert answer.payload["leftOut"] == []
    assert await names(answer) == ["Bob", "Cem", "Dee"]
    assert {group["id"] for group in answer.payload["recognition"]["groups"]} == {team, city}
    assert answer.payload["recognition"]["totalPoints"] == 30
    assert [await somebody.wallet() for somebody in (world.ann, world.bob, world.cem, world.dee)] == [0, 10, 10, 10]


async def test_a_group_is_who_is_in_it_now(world: World):
    team = await world.groups("Team", world.bob)
    update = "mutation U($input: UpdateGroupInput!) { updateGroup(input: $input) { userErrors { code } } }"
    await world.admin.asks(update, input={"groupId": team, "addMemberIds": [world.cem.id], "removeMemberIds": [world.bob.id]})

    answer = await world.ann.gives(groups=[team], points=10)

    assert await names(answer) == ["Cem"]
    replay = await world.admin.asks(update, input={"groupId": team, "addMemberIds": [world.dee.id]})
    assert replay.user_errors == []
    assert await names(answer) == ["Cem"]


async def test_who_may_not_receive_is_left_out_of_a_group_and_named(world: World):
    team = await world.groups("Team", world.ann, world.bob, world.cem, world.dee, world.auditor)
    await world.deactivates(world.bob)
    await world.sets_mode(world.cem, "GIVER")
    await world.sets_mode(world.dee, "OBSERVER")

    answer = await world.ann.gives(groups=[team], points=10)

    assert await names(answer) == ["Aud Auditor"]
    assert left_out(answer) == {
        world.bob.id: "RECIPIENT_INACTIVE",
        world.cem.id: "RECIPIENT_NOT_ALLOWED",
        world.dee.id: "RECIPIENT_NOT_ALLOWED",
    }
    before = await world.snapshot()
    for named, code in ((world.bob, "RECIPIENT_INACTIVE"), (world.cem, "RECIPIENT_NOT_ALLOWED")):
        refused = await world.ann.gives(to=[named], groups=[team], points=10)
        assert refused.user_errors == [(code, ["recipientIds"])]
        assert refused.payload["leftOut"] == []
    assert (await world.ann.gives(to=[world.ann], groups=[team])).user_errors == [("SELF_RECOGNITION", ["recipientIds"])]
    assert await world.snapshot() == before


async def test_a_group_with_nobody_to_give_to_is_refused(world: World):
    empty, alone = await world.groups("Empty"), await world.groups("Alone", world.ann)
    gone = await world.groups("Gone", world.bob)
    await world.deactivates(world.bob)
    before = await world.snapshot()

    for group in (empty, alone, gone):
        assert (await world.ann.gives(groups=[group], points=0)).user_errors == [("NO_RECIPIENTS", ["groupIds"])]

    assert await world.snapshot() == before
    assert await names(await world.ann.gives(to=[world.cem], groups=[gone])) == ["Cem"]


async def test_denied_pairs_are_left_out_of_a_group_and_refuse_when_named(world: World):
    team = await world.groups("Team", world.bob, world.cem)
    deny = {"effect": "DENY", "giver": {"memberIds": [world.ann.id]}, "recipient": {"memberIds": [world.bob.id]}}
    await world.sets_giving_policy(rules=[deny])

    answer = await world.ann.gives(groups=[team], points=10)
    assert (await names(answer), left_out(answer)) == (["Cem"], {world.bob.id: "RECIPIENT_NOT_ALLOWED"})
    assert await names(await world.dee.gives(groups=[team], points=10)) == ["Bob", "Cem"]
    before = await world.snapshot()
    refused = await world.ann.gives(to=[world.bob], groups=[team])
    assert [(error["code"], error["rule"]) for error in refused.payload["userErrors"]] == [("RECIPIENT_NOT_ALLOWED", "deny")]
    assert await world.snapshot() == before


async def test_the_limit_on_people_counts_after_expansion(world: World):
    team = await world.groups("Team", world.ann, world.bob, world.cem)
    await world.sets_giving_policy(limits={"maxRecipients": 2})

    assert (await world.ann.gives(to=[world.cem], groups=[team], points=1)).user_errors == []
    before = await world.snapshot()
    for refused in (
        await world.ann.gives(to=[world.dee], groups=[team], points=1),
        await world.dee.gives(groups=[team], points=1),
        await world.ann.gives(to=[world.bob, world.cem, world.dee], points=0),
    ):
        (error,) = refused.payload["userErrors"]
        assert (error["code"], error["rule"], error["availableAgainAt"]) == ("TOO_MANY_RECIPIENTS", "recipients_max", None)
    assert await world.snapshot() == before
    await world.deactivates(world.bob)
    assert await names(await world.ann.gives(to=[world.dee], groups=[team], points=1)) == ["Cem", "Dee"]


async def test_a_large_group_takes_few_rounds(world: World):
    await world.sets_giving_policy(
        limits={"maxRecipients": 500, "maxPointsToSamePersonPerPeriod": 100, "maxPointsReceivedPerPeriod": 500}
    )
    people = await hires_many(world, 120)
    created = await world.admin.asks(
        "mutation C($input: CreateGroupInput!) { createGroup(input: $input) { group { id memberCount } userErrors { code } } }",
        input={"name": "All", "kind": "Company", "memberIds": [somebody.id for somebody in people]},
    )
    everybody = created.payload["group"]["id"]
    assert created.payload["group"]["memberCount"] == 120
    observer = organization.SetParticipationMode(world.house, people[0].key, ParticipationMode.OBSERVER)
    await world.database.submit(observer)
    top_up = "mutation T($input: TopUpAllowanceInput!) { topUpAllowance(input: $input) { members { id } userErrors { code } } }"
    topped = await world.admin.asks(
        top_up,
        input={"groupIds": [everybody], "memberIds": [world.ann.id], "points": 500, "reason": "A party", "idempotencyKey": "t"},
    )
    assert (topped.user_errors, len(topped.payload["members"])) == ([], 120)

    given = await world.ann.gives(groups=[everybody], points=1, message="Thank you all for a good year")

    assert (given.user_errors, given.payload["recognition"]["totalPoints"]) == ([], 119)
    assert left_out(given) == {people[0].id: "RECIPIENT_NOT_ALLOWED"}
    recognition_id = given.payload["recognition"]["id"]
    assert (await world.bob.boosts(recognition_id, 0)).user_errors == [("INVALID_POINTS", ["pointsEach"])]
    boosted = await world.admin.asks(
        top_up, input={"memberIds": [world.bob.id], "points": 200, "reason": "Big heart", "idempotencyKey": "b"}
    )
    assert boosted.user_errors == []
    assert (await world.bob.boosts(recognition_id, 1)).user_errors == []
    undone = await world.ann.revokes(recognition_id)
    assert undone.user_errors == []
    assert (await world.ann.allowance())["remaining"] == 600
    assert (await world.bob.allowance())["remaining"] == 300
    assert {grant.revoked for grant in await world.rows(Grant)} == {True}
    smaller = await world.admin.asks(
        "mutation U($input: UpdateGroupInput!) { updateGroup(input: $input) { group { memberCount } userErrors { code } } }",
        input={"groupId": everybody, "removeMemberIds": [somebody.id for somebody in people[:100]]},
    )
    assert smaller.payload["group"]["memberCount"] == 20
