"""Giving: the main job."""

from tests.world import World


async def test_points_go_from_the_allowance_to_the_wallet(world: World):
    answer = await world.ann.gives(to=[world.bob], points=10)

    given = answer.payload["recognition"]
    assert answer.user_errors == []
    assert (given["giver"]["id"], [somebody["id"] for somebody in given["recipients"]]) == (world.ann.id, [world.bob.id])
    assert (given["pointsEach"], given["totalPoints"]) == (10, 10)
    assert await world.bob.wallet() == 10
    assert (await world.ann.allowance())["remaining"] == 90


async def test_cannot_give_to_oneself(world: World):
    before = await world.snapshot()

    answer = await world.ann.gives(to=[world.ann], points=10)

    assert answer.user_errors == [("SELF_RECOGNITION", ["recipientIds"])]
    assert await world.snapshot() == before
