"""Who may do what: every root field and every private field, asked for real by everyone there is."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from graphql import get_named_type

from app import audit, organization, reward
from app.api.ids import encode, uuid_of
from app.core.actor import Role
from app.core.ids import new_id, new_secret
from app.reward import Provider
from tests.fields import FIELDS, SCHEMA, Path, Row, Scene, document_of, places, put, roots
from tests.world import NOON, Answer, Somebody, World

WITHIN_SECONDS = 1.5
"""How long another process may not know: one second, and what a busy machine adds."""


@pytest.fixture
async def scene(world: World) -> Scene:
    return await Scene(world).set()


def of_each_role(world: World) -> dict[Role, Somebody]:
    return {Role.MEMBER: world.ann, Role.ADMIN: world.admin, Role.AUDITOR: world.auditor, Role.OWNER: world.owner}


def test_every_root_field_has_a_row():
    assert sorted(FIELDS) == sorted(name for name, _ in roots())


def verdict(answer: Answer) -> str:
    """allowed, FORBIDDEN, or what else came."""
    if answer.error_codes:
        return f"{answer.status} {','.join(answer.error_codes)}"
    refused = (answer.payload or {}).get("userErrors", [])
    return "null" if answer.payload is None else f"refused {refused}" if refused else "allowed"


async def test_every_root_field_asks_for_the_role(scene: Scene):
    found, wanted = {}, {}
    for name, row in FIELDS.items():
        for role, somebody in of_each_role(scene.world).items():
            answer = await somebody.asks(document_of(name), **await row.variables(scene, somebody))
            found[name, role] = verdict(answer)
            wanted[name, role] = "allowed" if role in row.allowed else "200 FORBIDDEN"

    assert {key: said for key, said in found.items() if said != wanted[key]} == {}


async def test_a_forbidden_mutation_changes_nothing(scene: Scene):
    prepared = []
    for name, row in FIELDS.items():
        for role, somebody in of_each_role(scene.world).items():
            if role not in row.allowed and name.startswith("Mutation."):
                prepared.append((somebody, document_of(name), await row.variables(scene, somebody)))
    assert len(prepared) >= 30
    before = await scene.world.snapshot()

    for somebody, document, variables in prepared:
        assert (await somebody.asks(document, **variables)).error_codes == ["FORBIDDEN"]

    assert await scene.world.snapshot() == before


def nobodies(world: World) -> dict[str, str | None]:
    """Secrets that open nothing."""
    mine = world.ann.token
    return {
        "none": None,
        "of nobody": new_secret(world.organization_id),
        "of no organization": new_secret(new_id(NOON)),
        "cut off": mine[:-4],
        "longer": mine + "AAAA",
        "other case": mine.swapcase(),
        "not ours": "ghp_abcdefgh",
        "not even text": "plaudit_\u00e9\u00ff",
        "empty": "plaudit_",
    }


async def test_nobody_gets_in(scene: Scene):
    prepared = [(document_of(name), await row.variables(scene, scene.world.owner)) for name, row in FIELDS.items()]
    before = await scene.world.snapshot()
    for token in nobodies(scene.world).values():
        asked = prepared if token is None else prepared[:1]
        for document, variables in asked:
            headers = {b"authorization": f"Bearer {token}".encode("latin-1")} if token else {}
            body = {"query": document, "variables": variables}
            response = await scene.world.client.post("/graphql", json=body, headers=headers)

            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
            assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["UNAUTHENTICATED"]
            assert "data" not in response.json()
    assert await scene.world.snapshot() == before


# ---------------------------------------------------------------- private fields

PUBLIC = {
    "Member": "id displayName avatarUrl jobTitle role status mode manager groups canReceive recognitionsReceived "
    "recognitionsGiven",
    "Recognition": "id giver recipients groups pointsEach totalPoints visibility givenAt revokedAt hidden boosts boostCount "
    "boostPoints comments reactions values",
    "Wallet": "balance pending transfers",
    "Allowance": "total remaining periodStart resetsAt explanation",
    "Reward": "id name description kind provider pricePoints stock perMemberLimit requiresApproval audience imageUrl archived",
    "Redemption": "id reward member rewardName pricePoints minorUnitsPerPoint currencyCode status requestedAt decidedAt "
    "acceptedAt fulfilledAt closedAt daysWaiting note answer",
}
"""Fields that whoever sees the object may see."""
PRIVATE = {
    "Member.email": ("{ member(id: $id) { found: email } }", "bob"),
    "Member.wallet": ("{ member(id: $id) { found: wallet { balance transfers { nodes { id } } } } }", "bob"),
    "Member.allowance": ("{ member(id: $id) { found: allowance { remaining } } }", "bob"),
    "Recognition.message": ("{ node(id: $id) { ... on Recognition { found: message } } }", "revoked"),
    "Node.AuditEvent": ("{ node(id: $id) { found: __typename } }", "event"),
    "Node.Transfer": ("{ node(id: $id) { found: __typename } }", "transfer"),
    "Node.Recognition": ("{ node(id: $id) { found: __typename } }", "private"),
    "Node.Redemption": ("{ node(id: $id) { found: __typename } }", "redemption"),
    "Node.Reward": ("{ node(id: $id) { found: __typename } }", "reward"),
    "Redemption.voucherCode": ("{ node(id: $id) { ... on Redemption { found: voucherCode } } }", "redemption"),
    "Reward.medianWeeksToReach": ("{ node(id: $id) { ... on Reward { found: medianWeeksToReach } } }", "everyones"),
    "Node.Token": ("{ node(id: $id) { found: __typename } }", "token"),
}
"""What is somebody's own, with a document that asks for Bob's."""
SEEN_BY = {"Node.Token": {"owner"}} | {name: {"admin", "auditor", "owner", "bob"} for name in PRIVATE if name != "Node.Token"}
SEEN_BY["Redemption.voucherCode"] = {"bob"}
SEEN_BY["Reward.medianWeeksToReach"] = {"admin", "auditor", "owner"}
SEEN_BY["Node.AuditEvent"] = {"admin", "auditor", "owner"}
SEEN_BY["Recognition.message"] = {"admin", "auditor", "owner", "dee"}  # A message taken back: its giver, not its recipient.


def test_every_field_of_a_person_is_public_or_has_a_row():
    types = {name: set(getattr(SCHEMA.type_map[name], "fields", {})) for name in PUBLIC}
    private = {name.split(".")[0]: set[str]() for name in PRIVATE} | {name: set[str]() for name in PUBLIC}
    for name in PRIVATE:
        private[name.split(".")[0]].add(name.split(".")[1])

    assert {name: fields - set(PUBLIC[name].split()) for name, fields in types.items()} == {
        name: private[name] for name in PUBLIC
    }


async def given_out(world: World, to: Somebody) -> tuple[str, str]:
    """A reward meant for nobody else, and its redemption, for which a code was handed out."""
    scene = Scene(world)
    id_ = await scene.reward(provider="VOUCHER", requiresApproval=False, pricePoints=0, audience={"memberIds": [to.id]})
    key = uuid_of(id_, "Reward")
    await world.database.submit(reward.AddCodes(world.house, key, (world.vouchers.close("OPEN-SESAME"),)))
    claim = reward.RedeemReward(to.actor, key, None, None, scene.key(), b"")
    made = await world.database.submit(claim)
    clerk, reader = (
        reward.Clerk(world.database, {Provider.VOUCHER: world.vouchers}),
        reward.FulfilmentReader(world.database.clock),
    )
    await audit.feed.advance(world.database, reader, world.organization_id)
    assert await clerk.round([world.organization_id]) == 1
    return id_, encode("Redemption", made.id)


async def test_what_is_private_is_seen_by_its_owner_and_those_who_look_after_it(world: World):
    dee, bob = world.dee, world.bob
    revoked = (await dee.gives(to=[bob], points=3)).payload["recognition"]["id"]
    await dee.revokes(revoked)
    private = (await dee.gives(to=[bob], points=4, visibility="PRIVATE")).payload["recognition"]["id"]
    transfers = "{ viewer { member { wallet { transfers { nodes { id } } } } } }"
    transfer = (await bob.asks(transfers)).payload["member"]["wallet"]["transfers"]["nodes"][0]["id"]
    token = (await world.owner.asks("{ tokens { nodes { id } } }")).payload["nodes"][0]["id"]
    await world.owner.gives(to=[world.ann, bob, world.cem, world.admin, world.auditor], points=1)
    item, redemption = await given_out(world, bob)
    ids = {
        "bob": bob.id,
        "reward": item,
        "redemption": redemption,
        "everyones": await Scene(world).reward(),
        "revoked": revoked,
        "private": private,
        "transfer": transfer,
        "token": token,
        "event": encode("AuditEvent", 1),
    }
    people = {"ann": world.ann, "bob": bob, "dee": dee, "admin": world.admin, "auditor": world.auditor, "owner": world.owner}
    wanted = {name: set(who) for name, who in SEEN_BY.items()}
    wanted["Node.Recognition"].add("dee")

    found: dict[str, set[str]] = {name: set() for name in PRIVATE}
    for name, (document, of) in PRIVATE.items():
        for who, somebody in people.items():
            answer = await somebody.asks(f"query Q($id: ID!) {document}", id=ids[of])
            if (answer.payload or {}).get("found"):
                found[name].add(who)

    assert found == wanted


async def test_only_admins_ask_what_somebody_else_could_give(scene: Scene):
    said = {}
    for role, somebody in of_each_role(scene.world).items():
        variables = {"recipientIds": [scene.world.bob.id], "pointsEach": 1, "giverId": scene.world.cem.id}
        said[role] = verdict(await somebody.asks(document_of("Query.givingCheck"), **variables))

    forbidden = "200 FORBIDDEN"
    assert said == {Role.MEMBER: forbidden, Role.AUDITOR: forbidden, Role.ADMIN: "allowed", Role.OWNER: "allowed"}


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("Mutation.deleteComment", {"admin", "owner"}),
        ("Mutation.revokeRecognition", {"admin", "owner"}),
        ("Mutation.revokeBoost", {"admin", "owner"}),
    ],
)
async def test_what_somebody_else_did_is_undone_by_admins_only(scene: Scene, name: str, allowed: set[str]):
    said = {}
    for who in ("ann", "admin", "auditor", "owner"):
        variables = await FIELDS[name].variables(scene, scene.world.cem)
        if name == "Mutation.deleteComment":
            variables["reason"] = "Not kind"
        before = await scene.world.snapshot()
        answer = await getattr(scene.world, who).asks(document_of(name), **variables)
        said[who] = [code for code, _ in answer.user_errors]
        assert (await scene.world.snapshot() == before) is (who not in allowed)

    assert said == {who: [] if who in allowed else ["FORBIDDEN"] for who in said}


# ---------------------------------------------------------------- ids of another organization

KINDS = {
    "memberId": "Member", "memberIds": "Member", "recipientIds": "Member", "recipientId": "Member", "giverId": "Member",
    "managerId": "Member", "actorId": "Member", "addMemberIds": "Member", "removeMemberIds": "Member", "groupId": "Group",
    "groupIds": "Group", "recognitionId": "Recognition", "boostId": "Boost", "commentId": "Comment", "valueId": "CompanyValue",
    "valueIds": "CompanyValue", "Query.member.id": "Member", "Query.node.id": "Recognition", "Mutation.revokeToken.id": "Token",
    "Mutation.archiveCompanyValue.id": "CompanyValue", "rewardId": "Reward", "Mutation.archiveReward.id": "Reward",
    **{f"Mutation.{verb}.id": "Redemption" for verb in ("approveRedemption", "rejectRedemption", "cancelRedemption",
       "fulfilRedemption", "refundRedemption", "retryFulfilment")},
}  # fmt: skip


async def id_places(scene: Scene) -> list[tuple[str, Row, Path, str, bool]]:
    """Every argument that takes an id: field, path, kind of thing, and whether it is a list."""
    found = []
    for name, row in FIELDS.items():
        for path, kind in places(name, await row.variables(scene, scene.world.owner)):
            if get_named_type(kind).name == "ID":
                leaf = str(path[-1])
                thing = KINDS.get(f"{name}.{leaf}") or KINDS[leaf]
                found.append((name, row, path, thing, "[" in str(kind)))
    return found


@pytest.fixture
async def neighbour(world: World) -> AsyncIterator[World]:
    """Another organization on the same database."""
    found = World(world.database.url)
    await found.open()
    yield found
    await found.close()


async def test_ids_from_elsewhere_are_not_found(scene: Scene, neighbour: World):
    there = await Scene(neighbour).set()
    theirs = {
        "Member": neighbour.bob.id,
        "Group": there.group,
        "Recognition": await there.given(neighbour.ann),
        "Boost": await there.boosted(neighbour.ann),
        "Comment": await there.commented(neighbour.ann),
        "Token": await there.token(),
        "CompanyValue": await neighbour.praises("birch"),
        "Reward": await there.reward(),
        "Redemption": await there.order(),
    }
    taken = await id_places(scene)
    assert len(taken) >= 45
    for name, row, path, kind, is_list in taken:
        unknown = encode(kind, new_id(NOON) if kind != "CompanyValue" else "nowhere")
        wrong = encode("Organization", new_id(NOON))
        variables = await row.variables(scene, scene.world.owner)
        before = await scene.world.snapshot()
        for bad in (theirs[kind], unknown, wrong, "junk", "", "💥"):
            answer = await scene.world.owner.asks(document_of(name), **put(variables, path, [bad] if is_list else bad))

            place = f"{name} {path} {bad}: {answer.body}"
            if name in {"Query.node", "Query.member"}:
                assert answer.payload is None, place
            elif name.startswith("Query."):
                assert answer.error_codes == ["NOT_FOUND"], place
            else:
                said = [(code, (field or [""])[-1]) for code, field in answer.user_errors]
                assert said == [("NOT_FOUND", path[-1])], place
        assert await scene.world.snapshot() == before, name


# ---------------------------------------------------------------- changes count at once

AUDIT = "{ auditTrail(first: 1) { nodes { id } } }"
MAKE = 'mutation { createGroup(input: {name: "Sneaky", kind: "team"}) { group { id } userErrors { code } } }'
WHO = "{ viewer { member { role } } }"


@pytest.fixture
async def elsewhere(world: World) -> AsyncIterator[World]:
    """Another server process of the same organization."""
    found = World(world.database.url)
    found.organization_id = world.organization_id
    await found.database.open()
    yield found
    await found.close()


async def becomes(world: World, somebody: Somebody, wanted: str, document: str = AUDIT) -> float:
    """Seconds until this process answers so."""
    start = time.monotonic()
    while True:
        answer = await world.send(somebody.token, {"query": document})
        said = ",".join(answer.error_codes) or "allowed"
        if said == wanted:
            return time.monotonic() - start
        assert time.monotonic() - start < WITHIN_SECONDS, f"still {said}, not {wanted}"
        await asyncio.sleep(0.05)


async def set_role(world: World, somebody: Somebody, role: str) -> None:
    assert (await world.owner.asks(document_of("Mutation.setMemberRole"), memberId=somebody.id, role=role)).user_errors == []


async def test_a_role_counts_at_once_here_and_within_a_second_elsewhere(world: World, elsewhere: World):
    assert await becomes(elsewhere, world.ann, "FORBIDDEN") < WITHIN_SECONDS
    for role, said in (("AUDITOR", "allowed"), ("MEMBER", "FORBIDDEN"), ("ADMIN", "allowed"), ("MEMBER", "FORBIDDEN")):
        await set_role(world, world.ann, role)
        answer = await world.ann.asks(AUDIT)
        assert (",".join(answer.error_codes) or "allowed") == said
        await becomes(elsewhere, world.ann, said)


async def test_a_lost_role_does_nothing_elsewhere_even_before_it_is_noticed(world: World, elsewhere: World):
    await set_role(world, world.ann, "ADMIN")
    await becomes(elsewhere, world.ann, "allowed")
    await set_role(world, world.ann, "MEMBER")

    answer = await elsewhere.send(world.ann.token, {"query": MAKE})

    assert answer.error_codes == ["FORBIDDEN"]
    assert await world.rows(organization.Group) == []


async def test_deactivation_and_reactivation_count_at_once(world: World, elsewhere: World):
    await becomes(elsewhere, world.ann, "allowed", WHO)
    await world.deactivates(world.ann)

    assert (await world.ann.asks(WHO)).status == 401
    given = {"recipientIds": [world.bob.id], "pointsEach": 1, "message": "Before I go, thank you", "idempotencyKey": "1"}
    sneaky = await elsewhere.send(
        world.ann.token, {"query": document_of("Mutation.giveRecognition"), "variables": {"input": given}}
    )
    assert sneaky.status == 401 or sneaky.user_errors == [("GIVER_NOT_ALLOWED", None)]
    await becomes(elsewhere, world.ann, "UNAUTHENTICATED", WHO)

    await world.admin.asks(document_of("Mutation.reactivateMember"), memberId=world.ann.id)
    assert (await world.ann.asks(WHO)).status == 200
    await becomes(elsewhere, world.ann, "allowed", WHO)


async def test_a_change_counts_at_once_for_requests_that_were_under_way(world: World):
    """A look-up that began before the change must not be remembered after it."""
    for _ in range(8):
        others = [world.ann.asks(WHO) for _ in range(6)]
        await asyncio.gather(*others[:3], world.deactivates(world.ann), *others[3:])
        assert (await world.ann.asks(WHO)).status == 401
        await world.admin.asks(document_of("Mutation.reactivateMember"), memberId=world.ann.id)
        assert (await world.ann.asks(WHO)).status == 200


async def test_a_revoked_token_opens_nothing_at_once_here_and_within_a_second_elsewhere(world: World, elsewhere: World):
    tokens = "{ tokens(first: 50) { nodes { id member { id } } } }"
    nodes = (await world.owner.asks(tokens)).payload["nodes"]
    (mine,) = [node["id"] for node in nodes if node["member"]["id"] == world.ann.id]
    await becomes(elsewhere, world.ann, "allowed", WHO)

    await world.owner.asks(document_of("Mutation.revokeToken"), id=mine)

    assert (await world.ann.asks(WHO)).status == 401
    await becomes(elsewhere, world.ann, "UNAUTHENTICATED", WHO)
    assert (await world.bob.asks(WHO)).status == 200


async def test_a_token_expires_on_the_dot(world: World):
    made = await world.owner.asks(
        document_of("Mutation.createToken"), input={"memberId": world.ann.id, "name": "x", "expiresInDays": 1}
    )
    secret = made.payload["secret"]
    assert (await world.send(secret, {"query": WHO})).status == 200

    world.passes(days=1, seconds=-1)
    assert (await world.send(secret, {"query": WHO})).status == 200
    world.passes(seconds=1)
    assert (await world.send(secret, {"query": WHO})).status == 401
