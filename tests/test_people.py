"""Administration: people, groups, values, the organization, points and tokens, by those who may."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from app import ledger, organization
from app.api.ids import encode
from app.core.actor import Actor, Role
from app.core.ids import new_id
from app.db import Draft, Want
from app.ledger import Leg, TransferKind
from app.organization import MemberStatus
from tests.world import NOON, Answer, Somebody, World

SHOWN = """member { id displayName email avatarUrl jobTitle role status mode manager { displayName } groups { name }
  allowance { total } }"""
NOWHERE = {kind: encode(kind, new_id(NOON)) for kind in ("Member", "Group", "Token", "Recognition", "Comment")}


async def test_a_member_is_created(world: World):
    team = await world.groups("Team")
    created = await world.admin.mutates(
        "createMember",
        SHOWN,
        displayName="  Zoë   Zimmer ",
        email=" Zoe@Acorn.Example ",
        avatarUrl="https://pictures.example/zoe.png",
        jobTitle="Gardener",
        managerId=world.ann.id,
        groupIds=[team, team],
        mode="GIVER",
        status="ACTIVE",
    )
    plain = await world.admin.mutates("createMember", SHOWN, displayName="Yan")

    shown = created.payload["member"]
    assert {name: shown[name] for name in ("displayName", "email", "jobTitle", "role", "status", "mode")} == {
        "displayName": "Zoë Zimmer",
        "email": "zoe@acorn.example",
        "jobTitle": "Gardener",
        "role": "MEMBER",
        "status": "ACTIVE",
        "mode": "GIVER",
    }
    assert (shown["manager"], shown["groups"], shown["allowance"]["total"]) == ({"displayName": "Ann"}, [{"name": "Team"}], 100)
    assert (
        plain.payload["member"]["status"],
        plain.payload["member"]["mode"],
        plain.payload["member"]["allowance"]["total"],
    ) == ("INVITED", "NORMAL", 0)
    before = await world.snapshot()
    bad: Any
    for bad, field in (
        ({"displayName": " "}, "displayName"),
        ({"displayName": "x" * 201}, "displayName"),
        ({"email": "ANN@acorn.example"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"avatarUrl": "javascript:alert(1)"}, "avatarUrl"),
        ({"status": "DEACTIVATED"}, "status"),
    ):
        refused = await world.admin.mutates("createMember", "", **{"displayName": "Xu", **bad})
        assert refused.user_errors == [("INVALID_INPUT", [field])], bad
    for bad, field in (
        ({"managerId": NOWHERE["Member"]}, "managerId"),
        ({"managerId": ""}, "managerId"),
        ({"groupIds": [NOWHERE["Group"]]}, "groupIds"),
    ):
        assert (await world.admin.mutates("createMember", "", displayName="Xu", **bad)).user_errors == [("NOT_FOUND", [field])]
    for nosy in (world.ann, world.auditor):
        assert (await nosy.mutates("createMember", "", displayName="Xu")).error_codes == ["FORBIDDEN"]
    assert await world.snapshot() == before


async def test_a_member_is_updated_in_part(world: World):
    teams = [await world.groups(f"Team {n:02}") for n in range(14)]
    first: dict[str, Any] = {
        "displayName": "Bobby",
        "email": "bobby@acorn.example",
        "jobTitle": "Cook",
        "avatarUrl": "https://a.example/b",
        "managerId": world.ann.id,
    }

    full = (await world.admin.mutates("updateMember", SHOWN, memberId=world.bob.id, groupIds=teams, **first)).payload["member"]
    assert (full["displayName"], full["email"], full["jobTitle"], len(full["groups"])) == (
        "Bobby",
        "bobby@acorn.example",
        "Cook",
        14,
    )
    part = (await world.admin.mutates("updateMember", SHOWN, memberId=world.bob.id, jobTitle="Chef")).payload["member"]
    assert part == {**full, "jobTitle": "Chef"}
    emptied: dict[str, Any] = {"email": None, "avatarUrl": None, "jobTitle": None, "managerId": None, "groupIds": None}
    empty = (await world.admin.mutates("updateMember", SHOWN, memberId=world.bob.id, **emptied)).payload["member"]
    assert empty == {**full, "email": None, "avatarUrl": None, "jobTitle": None, "manager": None, "groups": []}
    before = await world.snapshot()
    assert (await world.admin.mutates("updateMember", SHOWN, memberId=world.bob.id)).payload["member"] == empty
    assert (await world.admin.mutates("updateMember", SHOWN, memberId=world.bob.id, displayName="Bobby")).payload[
        "member"
    ] == empty
    bad: Any
    for bad, code, field in (
        ({"displayName": ""}, "INVALID_INPUT", "displayName"),
        ({"displayName": None}, "INVALID_INPUT", "displayName"),
        ({"email": ""}, "INVALID_INPUT", "email"),
        ({"email": "cem@acorn.example"}, "INVALID_INPUT", "email"),
        ({"managerId": world.bob.id}, "INVALID_INPUT", "managerId"),
        ({"managerId": ""}, "NOT_FOUND", "managerId"),
        ({"managerId": NOWHERE["Member"]}, "NOT_FOUND", "managerId"),
        ({"groupIds": [teams[0], NOWHERE["Group"]]}, "NOT_FOUND", "groupIds"),
        ({"memberId": NOWHERE["Member"]}, "NOT_FOUND", "memberId"),
        ({"memberId": teams[0]}, "NOT_FOUND", "memberId"),
    ):
        refused = await world.admin.mutates("updateMember", "", **{"memberId": world.bob.id, **bad})
        assert refused.user_errors == [(code, [field])], bad
    assert (await world.bob.mutates("updateMember", "", memberId=world.bob.id, displayName="Boss")).error_codes == ["FORBIDDEN"]
    # An owner's address opens an owner's account.
    taken = await world.admin.mutates("updateMember", "", memberId=world.owner.id, email="mine@acorn.example")
    assert taken.user_errors == [("FORBIDDEN", ["memberId"])]
    assert await world.snapshot() == before


async def test_nobody_is_above_themselves(world: World):
    line = [await world.hires(f"Level{n}") for n in range(45)]
    for lower, upper in pairwise(line):
        await world.database.submit(organization.UpdateMember(world.house, lower.key, manager_id=upper.key))
    before = await world.snapshot()

    for low, high in ((0, 1), (0, 12), (0, 44), (7, 44)):
        refused = await world.admin.mutates("updateMember", "", memberId=line[high].id, managerId=line[low].id)
        assert refused.user_errors == [("INVALID_INPUT", ["managerId"])]
    assert await world.snapshot() == before
    assert (await world.admin.mutates("updateMember", "", memberId=world.bob.id, managerId=line[0].id)).user_errors == []
    both = await asyncio.gather(
        world.admin.mutates("updateMember", "", memberId=world.cem.id, managerId=world.dee.id),
        world.admin.mutates("updateMember", "", memberId=world.dee.id, managerId=world.cem.id),
    )
    assert sorted(len(answer.user_errors) for answer in both) == [0, 1]


async def test_roles_are_for_owners_and_the_last_one_stays(world: World):
    async def sets(somebody: Somebody, whom: Somebody, role: str) -> Answer:
        return await somebody.does("setMemberRole", "member { role }", memberId=whom.id, role=role)

    before = await world.snapshot()
    for nosy in (world.ann, world.admin, world.auditor):
        assert (await sets(nosy, nosy, "OWNER")).error_codes == ["FORBIDDEN"]
    assert (await sets(world.owner, world.owner, "ADMIN")).user_errors == [("LAST_OWNER", ["memberId"])]
    assert (await world.owner.does("deactivateMember", memberId=world.owner.id)).user_errors == [("LAST_OWNER", ["memberId"])]
    assert (await world.admin.does("deactivateMember", memberId=world.owner.id)).user_errors == [("FORBIDDEN", ["memberId"])]
    assert (await world.owner.does("setMemberRole", memberId=NOWHERE["Member"], role="ADMIN")).user_errors == [
        ("NOT_FOUND", ["memberId"])
    ]
    assert await world.snapshot() == before

    assert (await sets(world.owner, world.ann, "OWNER")).payload["member"] == {"role": "OWNER"}
    invited = await world.hires("Ivy", status=MemberStatus.INVITED, role=Role.OWNER)
    both = await asyncio.gather(sets(world.owner, world.owner, "MEMBER"), sets(world.ann, world.ann, "MEMBER"))
    assert sorted(len(answer.user_errors) for answer in both) == [0, 1]
    assert [code for answer in both for code, _ in answer.user_errors] == ["LAST_OWNER"]  # who was only invited is no owner yet
    last = world.ann if both[1].user_errors else world.owner
    assert (await sets(last, world.ann, "MEMBER" if last is world.owner else "OWNER")).user_errors == []
    assert await invited.wallet() == 0
    assert (await sets(last, last, "AUDITOR")).payload["member"] == {"role": "AUDITOR"}
    assert (await sets(last, last, "OWNER")).error_codes == ["FORBIDDEN"]


async def test_leaving_ends_sign_in_at_once_and_freezes_the_wallet(world: World):
    await world.ann.gives(to=[world.bob], points=10)
    before = await world.snapshot()
    assert (await world.ann.does("deactivateMember", memberId=world.bob.id)).error_codes == ["FORBIDDEN"]
    assert (await world.admin.does("deactivateMember", memberId="?")).user_errors == [("NOT_FOUND", ["memberId"])]
    assert (await world.admin.does("reactivateMember", memberId=NOWHERE["Member"])).user_errors == [("NOT_FOUND", ["memberId"])]
    assert await world.snapshot() == before

    left = await world.admin.does(
        "deactivateMember", "member { status wallet { balance } }", memberId=world.bob.id, reason="Moved on"
    )

    assert left.payload["member"] == {"status": "DEACTIVATED", "wallet": {"balance": 10}}
    assert (await world.bob.asks("{ viewer { member { id } } }")).status == 401
    assert "Moved" not in str(await world.told("member.deactivated"))
    after = await world.snapshot()
    assert (await world.admin.does("deactivateMember", "member { status }", memberId=world.bob.id)).user_errors == []
    assert await world.snapshot() == after
    assert (await world.admin.adjusts(world.bob, -4)).user_errors == []
    await world.admin.does("reactivateMember", memberId=world.bob.id)
    assert await world.bob.wallet() == 6
    after = await world.snapshot()
    assert (await world.admin.does("reactivateMember", "member { status }", memberId=world.bob.id)).user_errors == []
    assert await world.snapshot() == after


async def test_who_was_never_seen_comes_back_invited(world: World):
    eve = await world.hires("Eve", status=MemberStatus.INVITED)
    await world.admin.does("deactivateMember", memberId=eve.id)

    back = await world.admin.does("reactivateMember", "member { status allowance { total } }", memberId=eve.id)

    assert back.payload["member"] == {"status": "INVITED", "allowance": {"total": 0}}
    assert (await eve.allowance())["total"] == 100  # seen for the first time


async def test_groups(world: World):
    shown = "group { id name kind memberCount }"
    created = await world.admin.mutates(
        "createGroup", shown, name=" Red  Team ", kind=" TEAM ", memberIds=[world.ann.id, world.ann.id]
    )
    group = created.payload["group"]
    assert (group["name"], group["kind"], group["memberCount"]) == ("Red Team", "team", 1)
    assert (await world.admin.mutates("createGroup", shown, name="Red Team", kind="location")).user_errors == []
    change = {
        "groupId": group["id"],
        "name": "Blue Team",
        "addMemberIds": [world.bob.id, world.ann.id],
        "removeMemberIds": [world.ann.id],
    }
    assert (await world.admin.mutates("updateGroup", shown, **change)).payload["group"] == {**group, "name": "Blue Team"}
    before = await world.snapshot()
    assert (await world.admin.mutates("updateGroup", shown, groupId=group["id"], name="Blue Team")).user_errors == []
    await world.admin.mutates("createGroup", "", name="Other", kind="location", memberIds=[NOWHERE["Member"]])
    bad: Any
    for bad, code, field in (
        ({"name": ""}, "INVALID_INPUT", "name"),
        ({"kind": " "}, "INVALID_INPUT", "kind"),
        ({"name": "Red Team", "kind": "Location"}, "INVALID_INPUT", "name"),
        ({"name": "x" * 101}, "INVALID_INPUT", "name"),
        ({"addMemberIds": [NOWHERE["Member"]]}, "NOT_FOUND", "addMemberIds"),
        ({"removeMemberIds": [NOWHERE["Member"]]}, "NOT_FOUND", "removeMemberIds"),
        ({"groupId": NOWHERE["Group"]}, "NOT_FOUND", "groupId"),
    ):
        refused = await world.admin.mutates("updateGroup", "", **{"groupId": group["id"], **bad})
        assert refused.user_errors == [(code, [field])], bad
    taken = await world.admin.mutates("createGroup", "", name="Blue Team", kind="Team")
    nobody = await world.admin.mutates("createGroup", "", name="New", kind="team", memberIds=[NOWHERE["Member"]])
    assert (taken.user_errors, nobody.user_errors) == ([("INVALID_INPUT", ["name"])], [("NOT_FOUND", ["memberIds"])])
    for name, given in (("createGroup", {"name": "A", "kind": "b"}), ("updateGroup", {"groupId": group["id"]})):
        assert (await world.ann.mutates(name, "", **given)).error_codes == ["FORBIDDEN"]
    assert await world.snapshot() == before


async def test_company_values(world: World):
    shown = "value { id name hashtag emoji archived }"
    created = await world.admin.mutates("createCompanyValue", shown, name="Team work", hashtag="#TeamWork", emoji="🤝")
    value = created.payload["value"]
    assert value == {**value, "name": "Team work", "hashtag": "teamwork", "emoji": "🤝", "archived": False}
    before = await world.snapshot()
    bad: Any
    for bad, field in (
        ({"hashtag": "teamWORK"}, "hashtag"),
        ({"hashtag": ""}, "hashtag"),
        ({"hashtag": "#"}, "hashtag"),
        ({"hashtag": "two words"}, "hashtag"),
        ({"hashtag": "x" * 51}, "hashtag"),
        ({"name": " "}, "name"),
    ):
        refused = await world.admin.mutates("createCompanyValue", "", **{"name": "N", "hashtag": "n", **bad})
        assert refused.user_errors == [("INVALID_INPUT", [field])], bad
    for bad in (encode("CompanyValue", "nothing"), world.ann.id, ""):
        assert (await world.admin.does("archiveCompanyValue", id=bad)).user_errors == [("NOT_FOUND", ["id"])]
    assert (await world.auditor.mutates("createCompanyValue", "", name="N", hashtag="n")).error_codes == ["FORBIDDEN"]
    assert (await world.ann.does("archiveCompanyValue", id=value["id"])).error_codes == ["FORBIDDEN"]
    assert await world.snapshot() == before
    given = (await world.ann.gives(to=[world.bob], message="Great #teamwork")).payload["recognition"]["id"]
    assert (await world.admin.does("archiveCompanyValue", shown, id=value["id"])).payload["value"] == {**value, "archived": True}
    after = await world.snapshot()
    assert (await world.admin.does("archiveCompanyValue", shown, id=value["id"])).user_errors == []
    assert await world.snapshot() == after
    kept = "query R($id: ID!) { node(id: $id) { ... on Recognition { values { name archived } } } }"
    assert (await world.bob.asks(kept, id=given)).data["node"]["values"] == [{"name": "Team work", "archived": True}]
    again = await world.admin.mutates("createCompanyValue", shown, name="Together", hashtag="teamwork")
    assert again.payload["value"] == {**value, "name": "Together", "emoji": None}


async def test_the_organization(world: World):
    shown = "organization { name timeZone leaderboardEnabled currency { singular plural emoji minorUnitsPerPoint code } }"
    euro = {"singular": "nut", "plural": "nuts", "emoji": "🌰", "minorUnitsPerPoint": 5, "code": "EUR"}

    changed = await world.admin.mutates("updateOrganization", shown, name="Acorn & Co", currency=euro, leaderboardEnabled=True)
    part = await world.admin.mutates("updateOrganization", shown, timeZone="UTC", name=None)

    assert changed.payload["organization"] == {
        "name": "Acorn & Co",
        "timeZone": "Europe/Madrid",
        "leaderboardEnabled": True,
        "currency": euro,
    }
    assert part.payload["organization"] == {**changed.payload["organization"], "timeZone": "UTC"}
    before = await world.snapshot()
    assert (await world.admin.mutates("updateOrganization", shown, timeZone="UTC")).user_errors == []
    bad: Any
    for bad, field in (
        ({"name": ""}, ["name"]),
        ({"timeZone": ""}, ["timeZone"]),
        ({"timeZone": "Mars/Olympus"}, ["timeZone"]),
        ({"timeZone": "../UTC"}, ["timeZone"]),
        ({"currency": {**euro, "code": "eur"}}, ["currency", "code"]),
        ({"currency": {**euro, "singular": ""}}, ["currency", "singular"]),
        ({"currency": {**euro, "minorUnitsPerPoint": -1}}, ["currency", "minorUnitsPerPoint"]),
    ):
        assert (await world.admin.mutates("updateOrganization", "", **bad)).user_errors == [("INVALID_INPUT", field)], bad
    assert (await world.auditor.mutates("updateOrganization", "", name="Mine")).error_codes == ["FORBIDDEN"]
    assert await world.snapshot() == before


async def test_wallets_are_adjusted_for_a_reason_and_never_below_zero(world: World):
    up = await world.admin.adjusts(world.bob, 50, key="k", reason="Won the quiz")
    assert up.payload == {"member": {"wallet": {"balance": 50}}, "replayed": False, "userErrors": []}
    before = await world.snapshot()
    assert (await world.admin.adjusts(world.bob, 50, key="k", reason="Won the quiz")).payload["replayed"] is True
    for points, code, field in (
        (51, "IDEMPOTENCY_KEY_REUSED", "idempotencyKey"),
        (-51, "INSUFFICIENT_POINTS", "points"),
        (0, "INVALID_POINTS", "points"),
        (1_000_001, "INVALID_POINTS", "points"),
        (-1_000_001, "INVALID_POINTS", "points"),
    ):
        assert (await world.admin.adjusts(world.bob, points, key="k" if points == 51 else None)).user_errors == [(code, [field])]
    assert (await world.admin.adjusts(world.bob, 1, reason=" \n ")).user_errors == [("INVALID_INPUT", ["reason"])]
    for nosy in (world.bob, world.auditor):
        assert (await nosy.adjusts(nosy, 1)).error_codes == ["FORBIDDEN"]
    assert await world.snapshot() == before
    assert (await world.admin.adjusts(world.bob, -50, reason="Was a mistake")).user_errors == []
    history = "{ viewer { member { wallet { balance transfers { nodes { kind points memo } } } } } }"
    wallet = (await world.bob.asks(history)).data["viewer"]["member"]["wallet"]
    assert sorted((node["kind"], node["points"], node["memo"]) for node in wallet["transfers"]["nodes"]) == [
        ("ADJUSTMENT", -50, "Was a mistake"),
        ("ADJUSTMENT", 50, "Won the quiz"),
    ]
    assert {body["judged_by"] for body in await world.told("points.adjusted")} == {"nothing"}


async def test_a_wallet_holds_no_more_than_fits(world: World):
    await world.database.submit(Pours(world.house, world.bob.key, 2**31 - 1 - 9))
    before = await world.snapshot()

    for refused in (await world.ann.gives(to=[world.cem, world.bob], points=10), await world.admin.adjusts(world.bob, 10)):
        assert refused.user_errors == [("INVALID_POINTS", None)]

    assert await world.snapshot() == before
    assert (await world.ann.gives(to=[world.bob], points=9)).user_errors == []
    assert await world.bob.wallet() == 2**31 - 1


@dataclass(frozen=True)
class Pours:
    """More points at once than anyone may type."""

    actor: Actor
    member_id: UUID
    points: int

    def needs(self) -> Iterable[Want]:
        return ()

    def decide(self, draft: Draft) -> None:
        places = ledger.issuance(draft.organization_id), ledger.wallet(self.member_id)
        ledger.post(draft, TransferKind.ADJUSTMENT, [Leg(places[0], -self.points), Leg(places[1], self.points)])
