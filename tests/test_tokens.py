"""Tokens: made and revoked by owners, shown once."""

from app.api.ids import encode
from app.core.ids import new_id
from tests.world import NOON, World

NOWHERE = {kind: encode(kind, new_id(NOON)) for kind in ("Member", "Token")}


async def test_tokens(world: World):
    shown = "token { id name member { displayName } expiresAt revokedAt lastUsedAt } secret"
    made = await world.owner.mutates("createToken", shown, memberId=world.bob.id, name="Robot", expiresInDays=1)
    token, secret = made.payload["token"], made.payload["secret"]
    asked = {"query": "{ viewer { member { displayName } } }"}
    assert token == {
        **token,
        "name": "Robot",
        "member": {"displayName": "Bob"},
        "expiresAt": "2026-03-11T12:00:00+00:00",
        "revokedAt": None,
        "lastUsedAt": None,
    }
    assert (await world.send(secret, asked)).data["viewer"]["member"] == {"displayName": "Bob"}
    await world.sign_in.write_down_use()
    listed = "{ tokens(first: 100) { nodes { name lastUsedAt } } }"
    used = {node["name"]: node["lastUsedAt"] for node in (await world.owner.asks(listed)).data["tokens"]["nodes"]}
    assert used["Robot"] == "2026-03-10T12:00:00+00:00"
    for nosy in (world.bob, world.admin, world.auditor):
        assert (await nosy.asks(listed)).error_codes == ["FORBIDDEN"]
        assert (await nosy.mutates("createToken", "", memberId=nosy.id, name="x")).error_codes == ["FORBIDDEN"]
        assert (await nosy.does("revokeToken", id=token["id"])).error_codes == ["FORBIDDEN"]
    before = await world.snapshot()
    for bad, code, field in (
        ({"expiresInDays": 0}, "INVALID_INPUT", "expiresInDays"),
        ({"expiresInDays": 3_651}, "INVALID_INPUT", "expiresInDays"),
        ({"name": ""}, "INVALID_INPUT", "name"),
        ({"memberId": NOWHERE["Member"]}, "NOT_FOUND", "memberId"),
    ):
        refused = await world.owner.mutates("createToken", "secret", **{"memberId": world.bob.id, "name": "x", **bad})
        assert (refused.user_errors, refused.payload["secret"]) == ([(code, [field])], None)
    assert (await world.owner.does("revokeToken", id=NOWHERE["Token"])).user_errors == [("NOT_FOUND", ["id"])]
    assert await world.snapshot() == before
    other = (await world.owner.mutates("createToken", shown, memberId=world.bob.id, name="Other")).payload
    assert (await world.send(other["secret"], asked)).status == 200
    revoked = await world.owner.does("revokeToken", "token { revokedAt }", id=other["token"]["id"])
    assert revoked.payload["token"] == {"revokedAt": "2026-03-10T12:00:00+00:00"}
    assert (await world.send(other["secret"], asked)).error_codes == ["UNAUTHENTICATED"]
    after = await world.snapshot()
    assert (await world.owner.does("revokeToken", id=other["token"]["id"])).user_errors == []
    assert await world.snapshot() == after
    world.passes(days=1)
    assert (await world.send(secret, asked)).status == 401
    await world.deactivates(world.bob)
    late = await world.owner.mutates("createToken", "secret", memberId=world.bob.id, name="Late")
    assert late.user_errors == [("INVALID_STATE", ["memberId"])]
