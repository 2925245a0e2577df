"""A small world for stories: an organization on a real database, people who act through the real GraphQL door, a clock to set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.routing import Route

from app import access, audit, ledger, organization, reward
from app.api import schema
from app.api.context import Context
from app.api.endpoint import GraphQLEndpoint
from app.api.ids import encode
from app.core.actor import Actor, Role, system
from app.core.ids import new_id
from app.db import Database, scoped
from app.founding import FoundOrganization
from app.organization import MemberStatus

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday. Where every story begins."""
SECRET_KEY = "what seals the codes of these stories"


@dataclass
class Answer:
    """What the door said."""

    status: int
    body: dict[str, Any]
    headers: Any

    @property
    def data(self) -> Any:
        """The data; there must be no errors."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def payload(self) -> Any:
        """The only root field."""
        (found,) = self.data.values()
        return found

    @property
    def user_errors(self) -> list[tuple[str, list[str] | None]]:
        """Code and field of each refusal."""
        return [(error["code"], error["field"]) for error in self.payload["userErrors"]]

    @property
    def error_codes(self) -> list[str]:
        """`extensions.code` of each GraphQL error."""
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]


@dataclass
class Somebody:
    """A member with a token."""

    world: "World"
    key: UUID
    name: str
    token: str
    id: str = field(init=False)
    """Global id."""

    def __post_init__(self) -> None:
        self.id = encode("Member", self.key)

    @property
    def actor(self) -> Actor:
        """As an act knows this member; its role is read anew under the lock."""
        return Actor(self.world.organization_id, self.key, Role.MEMBER, system(self.world.organization_id).door)

    async def asks(self, document: str, **variables: Any) -> Answer:
        """Sends a document."""
        return await self.world.send(self.token, {"query": document, "variables": variables})

    async def mutates(self, name: str, shown: str = "", /, **given: Any) -> Answer:
        """A mutation that takes one input."""
        kind = name[0].upper() + name[1:] + "Input"
        document = f"mutation M($input: {kind}!) {{ {name}(input: $input) {{ {shown} {_REFUSED} }} }}"
        return await self.asks(document, input=given)

    async def does(self, name: str, shown: str = "", /, **given: Any) -> Answer:
        """A mutation that takes plain arguments."""
        kinds = dict.fromkeys(given, "ID!") | {
            "role": "Role!",
            "mode": "ParticipationMode!",
            "text": "String!",
            "emoji": "String!",
        }
        kinds |= {"reason": "String!" if name == "hideRecognition" else "String", "on": "Boolean"}
        declared = ", ".join(f"${key}: {kinds[key]}" for key in given)
        passed = ", ".join(f"{key}: ${key}" for key in given)
        document = f"mutation M({declared}) {{ {name}({passed}) {{ {shown} {_REFUSED} }} }}"
        return await self.asks(document, **given)

    async def gives(
        self,
        to: Sequence["Somebody"] = (),
        points: int = 10,
        message: str = "Thank you for the release",
        *,
        groups: Sequence[str] = (),
        key: str | None = None,
        **more: Any,
    ) -> Answer:
        """giveRecognition."""
        given = {"pointsEach": points, "message": message, "idempotencyKey": key or self.world.new_key(), **more}
        if to:
            given["recipientIds"] = [somebody.id for somebody in to]
        if groups:
            given["groupIds"] = list(groups)
        return await self.asks(GIVE, input=given)

    async def boosts(self, recognition_id: str, points: int = 5, key: str | None = None) -> Answer:
        """boostRecognition."""
        given = {"recognitionId": recognition_id, "pointsEach": points, "idempotencyKey": key or self.world.new_key()}
        return await self.asks(BOOST, input=given)

    async def revokes(self, recognition_id: str, key: str | None = None, **more: Any) -> Answer:
        """revokeRecognition."""
        given = {"recognitionId": recognition_id, "idempotencyKey": key or self.world.new_key(), **more}
        return await self.asks(REVOKE, input=given)

    async def checks(
        self,
        to: Sequence["Somebody"] = (),
        points: int = 10,
        *,
        groups: Sequence[str] = (),
        message: str | None = None,
        **more: Any,
    ) -> Answer:
        """givingCheck."""
        given = {"pointsEach": points, "recipientIds": [somebody.id for somebody in to], "groupIds": list(groups), **more}
        return await self.asks(CHECK, **given | ({"message": message} if message is not None else {}))

    async def adjusts(self, whom: "Somebody", points: int, key: str | None = None, reason: str = "A correction") -> Answer:
        """adjustPoints."""
        given = {"memberId": whom.id, "points": points, "reason": reason, "idempotencyKey": key or self.world.new_key()}
        return await self.asks(ADJUST, input=given)

    async def wallet(self) -> int:
        """Spendable points."""
        return int(
            (await self.asks("{ viewer { member { wallet { balance } } } }")).data["viewer"]["member"]["wallet"]["balance"]
        )

    async def allowance(self) -> Any:
        """total, remaining, periodStart, resetsAt, explanation."""
        document = "{ viewer { member { allowance { total remaining periodStart resetsAt explanation } } } }"
        return (await self.asks(document)).data["viewer"]["member"]["allowance"]


class World:
    """One organization (Acorn, Europe/Madrid, 100 points a month): an owner, an admin, an auditor, and Ann, Bob, Cem and Dee."""

    def __init__(self, url: str) -> None:
        self.now = NOON
        self.database = Database(url, audit.AuditChain(), clock=lambda: self.now)
        self.sign_in = access.SignIn(self.database)
        self.vouchers = reward.Vouchers(self.database, SECRET_KEY)
        endpoint = GraphQLEndpoint(schema.build(), authenticate=self.sign_in.actor, context=self._context)
        transport = httpx2.ASGITransport(app=Starlette(routes=[Route("/graphql", endpoint)]))
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://plaudit")
        self.organization_id = new_id(NOON)
        self.house = system(self.organization_id)
        self._keys = count(1)
        self.owner: Somebody
        self.admin: Somebody
        self.auditor: Somebody
        self.ann: Somebody
        self.bob: Somebody
        self.cem: Somebody
        self.dee: Somebody

    def _context(self, actor: Actor, request_id: str) -> Context:
        return Context(actor, self.database, request_id, self.vouchers)

    async def open(self) -> None:
        """Founds the organization."""
        await self.database.open()
        act = FoundOrganization(self.house, "Acorn", "Europe/Madrid", "Olga Owner", "olga@acorn.example")
        self.owner = await self._somebody(await self.database.submit(act), "Olga Owner")
        self.admin = await self.hires("Ada Admin", role=Role.ADMIN)
        self.auditor = await self.hires("Aud Auditor", role=Role.AUDITOR)
        self.ann, self.bob, self.cem, self.dee = [await self.hires(name) for name in ("Ann", "Bob", "Cem", "Dee")]

    async def close(self) -> None:
        """Lets go of everything."""
        await self.client.aclose()
        await self.database.close()

    async def hires(
        self, name: str, *, role: Role = Role.MEMBER, status: MemberStatus = MemberStatus.ACTIVE, **more: Any
    ) -> Somebody:
        """Another member, with a token."""
        email = f"{name.split()[0].lower()}@acorn.example"
        command = organization.CreateMember(self.house, name, email=email, status=status, **more)
        key = await self.database.submit(command)
        if role is not Role.MEMBER:
            await self.database.submit(organization.SetMemberRole(self.house, key, role))
        return await self._somebody(key, name)

    async def _somebody(self, key: UUID, name: str) -> Somebody:
        issued = await self.database.submit(access.CreateToken(self.house, key, "test"))
        return Somebody(self, key, name, issued.secret)

    async def groups(self, name: str, *people: Somebody, kind: str = "team") -> str:
        """A group; returns its global id."""
        act = organization.CreateGroup(self.house, name, kind, tuple(somebody.key for somebody in people))
        return encode("Group", await self.database.submit(act))

    async def praises(self, hashtag: str) -> str:
        """A company value; returns its global id."""
        await self.database.submit(organization.CreateCompanyValue(self.house, hashtag.title(), hashtag))
        return encode("CompanyValue", hashtag)

    async def sets_giving_policy(self, **changes: Any) -> Answer:
        """The admin changes parts of the giving policy in force."""
        now = (await self.admin.asks(POLICY)).data["organization"]["givingPolicy"]
        limits = {**now.pop("limits"), **changes.pop("limits", {})}
        return await self.admin.asks(SET_GIVING_POLICY, input={**now, "rules": [], "limits": limits, **changes})

    async def sets_allowance_policy(self, **changes: Any) -> Answer:
        """The admin changes parts of the newest allowance policy."""
        now = (await self.admin.asks(ALLOWANCE_POLICY)).data["organization"]["allowancePolicy"]
        return await self.admin.asks(SET_ALLOWANCE_POLICY, input={**now, "rules": [], **changes})

    async def send(self, token: str | None, body: Any) -> Answer:
        """A POST with a JSON body."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        response = await self.client.post("/graphql", json=body, headers=headers)
        return Answer(response.status_code, response.json(), response.headers)

    def passes(self, **time: float) -> None:
        """Time passes: `passes(days=3)`."""
        self.now += timedelta(**time)

    def new_key(self) -> str:
        """An idempotency key nobody has used."""
        return f"key {next(self._keys)}"

    async def rows(self, model: Any) -> list[Any]:
        """Every row of the organization's table."""
        async with self.database.read() as connection:
            return list(await connection.execute(scoped(model, self.organization_id)))

    async def balances(self) -> dict[tuple[str, UUID], int]:
        """Every account's balance."""
        return {(str(row.kind), row.owner_id): row.balance for row in await self.rows(ledger.Account)}

    async def snapshot(self) -> dict[str, Any]:
        """Everything of every table, to be compared with itself after a refusal."""
        from app.db import metadata

        async with self.database.read() as connection:
            found = {}
            for table in metadata.sorted_tables:
                rows = (await connection.execute(sa.select(table))).all()
                # A token's last use is bookkeeping; a mark of the verifier too.
                found[table.name] = sorted(map(repr, rows)) if table.name not in {"token", "chain_mark"} else len(rows)
            return found

    async def told(self, action: str) -> list[dict[str, Any]]:
        """The bodies of the audit events of this action, the oldest first."""
        events = sorted(await self.rows(audit.AuditEvent), key=lambda event: event.sequence)
        return [orjson.loads(event.record)["body"] for event in events if event.action == action]

    async def sets_mode(self, whom: Somebody, mode: str) -> Answer:
        """The admin decides whether somebody gives and receives."""
        return await self.admin.does("setParticipationMode", memberId=whom.id, mode=mode)

    async def deactivates(self, whom: Somebody) -> Answer:
        """The admin ends somebody's part."""
        return await self.admin.does("deactivateMember", memberId=whom.id)

    async def sound(self) -> bool:
        """Whether chain, ledger and rewards hold."""
        chain = await audit.verify(self.database, self.organization_id)
        points = await ledger.prove(self.database, self.organization_id)
        return chain.chain_intact and points.ok and (await reward.prove(self.database, self.organization_id)).ok


@pytest.fixture
async def world(database_url: str) -> Any:
    """The world, once on SQLite and once on PostgreSQL. When the story ends, chain, ledger and rewards must hold."""
    found = World(database_url)
    await found.open()
    yield found
    assert await found.sound()
    await found.close()


_RECOGNITION = """
  id message pointsEach totalPoints visibility givenAt revokedAt boostCount boostPoints
  giver { id displayName } recipients { id displayName } groups { id } values { hashtag }
"""
_REFUSED = "userErrors { code message field rule availableAgainAt }"
GIVE = f"""mutation Give($input: GiveRecognitionInput!) {{ giveRecognition(input: $input) {{
  recognition {{ {_RECOGNITION} }} leftOut {{ member {{ id }} code message }} replayed {_REFUSED} }} }}"""
BOOST = f"""mutation Boost($input: BoostRecognitionInput!) {{ boostRecognition(input: $input) {{
  recognition {{ {_RECOGNITION} }} boost {{ id pointsEach revokedAt }} replayed
  leftOut {{ member {{ id }} code }} {_REFUSED} }} }}"""
REVOKE = f"""mutation Revoke($input: RevokeRecognitionInput!) {{ revokeRecognition(input: $input) {{
  recognition {{ {_RECOGNITION} }} replayed {_REFUSED} }} }}"""
CHECK = """query Check($recipientIds: [ID!], $groupIds: [ID!], $pointsEach: Int!,
    $message: String, $valueIds: [ID!], $giverId: ID) {
  givingCheck(recipientIds: $recipientIds, groupIds: $groupIds, pointsEach: $pointsEach, message: $message, valueIds: $valueIds,
      giverId: $giverId) {
    allowed totalCost recipientCount remainingAfter leftOut { member { id } code }
    rules { rule allowed explanation code availableAgainAt } } }"""
ADJUST = f"""mutation Adjust($input: AdjustPointsInput!) {{ adjustPoints(input: $input) {{
  member {{ wallet {{ balance }} }} replayed {_REFUSED} }} }}"""
POLICY = """{ organization { givingPolicy { version givingPaused valueRequirement minMessageLength undoWindowMinutes
  limits { maxPointsPerRecognition maxRecipients maxPointsToSamePersonPerPeriod maxRecognitionsToSamePersonPerPeriod
    maxPointsReceivedPerPeriod } } } }"""
SET_GIVING_POLICY = f"""mutation Set($input: GivingPolicyInput!) {{ setGivingPolicy(input: $input) {{
  givingPolicy {{ version }} {_REFUSED} }} }}"""
ALLOWANCE_POLICY = "{ organization { allowancePolicy { version period basePoints rollover } } }"
SET_ALLOWANCE_POLICY = f"""mutation Set($input: AllowancePolicyInput!) {{ setAllowancePolicy(input: $input) {{
  allowancePolicy {{ version effectiveFrom }} {_REFUSED} }} }}"""
