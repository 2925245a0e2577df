"""Every root field of the schema with arguments that work, and documents written from the schema."""

from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_list_type,
)

from app import audit, recognition, reward
from app.api import schema
from app.core.actor import Role
from tests.world import Somebody, World

SCHEMA = schema.build()._schema
REFUSED = "userErrors { code message field }"


def roots() -> Iterator[tuple[str, GraphQLField]]:
    """`Query.viewer`, `Mutation.giveRecognition`, … with what the schema says of them."""
    for root in (SCHEMA.query_type, SCHEMA.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            yield f"{root.name}.{name}", field


def document_of(name: str) -> str:
    """A document that asks the root field with every argument as a variable, and shows little."""
    root, field_name = name.split(".")
    field = dict(roots())[name]
    declared = ", ".join(f"${argument}: {given.type}" for argument, given in field.args.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    head = f"{root.lower()} Asks" + (f"({declared})" if declared else "")
    return f"{head} {{ {field_name}{f'({passed})' if passed else ''} {_selection(field)} }}"


def _selection(field: GraphQLField) -> str:
    kind = get_named_type(field.type)
    if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
        return "{ __typename }"
    if not isinstance(kind, GraphQLObjectType):
        return ""
    if kind.name.endswith("Connection"):
        return "{ totalCount nodes { __typename } pageInfo { endCursor } }"
    shown = [name for name, inner in kind.fields.items() if is_leaf_type(get_named_type(inner.type)) and not inner.args]
    for name, inner in kind.fields.items():
        within = get_named_type(inner.type)
        if isinstance(within, GraphQLObjectType) and "id" in within.fields:
            shown.append(f"{name} {{ id }}")
    return f"{{ __typename {' '.join(shown)} {REFUSED if 'userErrors' in kind.fields else ''} }}"


Path = tuple[str | int, ...]


def places(name: str, variables: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Every place in the variables where a scalar or an enum value stands or could stand, with its type."""
    for argument, given in dict(roots())[name].args.items():
        yield from _places((argument,), given.type, variables.get(argument))


def _places(path: Path, kind: Any, value: Any) -> Iterator[tuple[Path, Any]]:
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType):
        yield path, kind
        return
    plain = getattr(kind, "of_type", kind)
    if is_list_type(kind) or is_list_type(plain):
        for number, item in enumerate(value or ()):
            yield from _places((*path, number), named, item)
        return
    for part, inner in named.fields.items():
        within = value.get(part) if isinstance(value, dict) else None
        yield from _places((*path, part), inner.type, within)


def put(variables: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The variables with another value at this place; what is missing on the way is made."""

    def changed(here: Any, rest: Path) -> Any:
        if not rest:
            return value
        if isinstance(rest[0], int):
            return [changed(item, rest[1:]) if number == rest[0] else item for number, item in enumerate(here)]
        return {**(here or {}), rest[0]: changed((here or {}).get(rest[0]), rest[1:])}

    return changed(variables, path)


class Scene:
    """Things to act on, made anew wherever acting on them uses them up."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = count(1)

    async def set(self) -> "Scene":
        """A group, two values, and something given."""
        self.group = await self.world.groups("Kitchen", self.world.bob)
        self.value = await self.world.praises("care")
        return self

    def key(self) -> str:
        """An idempotency key that nobody has used."""
        return self.world.new_key()

    async def given(self, by: Somebody) -> str:
        """A recognition; returns its id."""
        to = self.world.bob if by.key != self.world.bob.key else self.world.cem
        answer = await by.gives(to=[to], points=0)
        assert answer.user_errors == []
        return str(answer.payload["recognition"]["id"])

    async def boosted(self, by: Somebody) -> str:
        """A boost; returns its id."""
        answer = await by.boosts(await self.given(self.world.dee), points=1)
        assert answer.user_errors == []
        return str(answer.payload["boost"]["id"])

    async def commented(self, by: Somebody) -> str:
        """A comment; returns its id."""
        given = {"recognitionId": await self.given(self.world.dee), "text": "Well done"}
        answer = await by.asks(document_of("Mutation.commentOnRecognition"), **given)
        return str(answer.payload["comment"]["id"])

    async def hired(self) -> str:
        """A new member; returns its id."""
        return (await self.world.hires(f"Newcomer{next(self.number)} {self.key()}")).id

    async def token(self) -> str:
        """A new token of Bob's; returns its id."""
        given = {"memberId": self.world.bob.id, "name": "spare"}
        answer = await self.world.owner.asks(document_of("Mutation.createToken"), input=given)
        return str(answer.payload["token"]["id"])

    async def reward(self, **more: Any) -> str:
        """A new reward that needs approval and costs a point; returns its id."""
        given = {"name": f"Mug {self.key()}", "kind": "MERCHANDISE", "pricePoints": 1, **more}
        answer = await self.world.admin.asks(document_of("Mutation.createReward"), input=given)
        return str(answer.payload["reward"]["id"])

    async def redemption(self, by: Somebody, *, then: str | None = None) -> str:
        """A redemption, and what was done with it; returns its id."""
        await self.world.database.submit(recognition.AdjustPoints(self.world.house, by.key, 1, "For a mug", self.key(), b""))
        given = {"rewardId": await self.reward(requiresApproval=then is None), "idempotencyKey": self.key()}
        answer = await by.asks(document_of("Mutation.redeemReward"), input=given)
        redemption_id = str(answer.payload["redemption"]["id"])
        if then == "delivered":
            answer = await self.world.owner.asks(document_of("Mutation.fulfilRedemption"), id=redemption_id)
            assert answer.user_errors == []
        return redemption_id

    async def order(self) -> str:
        """A redemption that waits for its delivery, with its order planned; returns its id."""
        redemption_id = await self.redemption(self.world.dee, then="waits")
        reader = reward.FulfilmentReader(self.world.database.clock)
        while await audit.feed.advance(self.world.database, reader, self.world.organization_id):
            pass
        return redemption_id

    async def giving_policy(self) -> dict[str, Any]:
        """A new giving policy."""
        document = "{ organization { givingPolicy { version } } }"
        version = (await self.world.admin.asks(document)).payload["givingPolicy"]["version"]
        rule = {"effect": "ALLOW", "giver": {"everyone": True}, "recipient": {"everyone": True, "groupIds": [self.group]}}
        return {"version": version, "rules": [rule], "limits": {}, "valueRequirement": "OPTIONAL"} | {
            "minMessageLength": 10,
            "undoWindowMinutes": 60,
        }

    async def allowance_policy(self) -> dict[str, Any]:
        """A new allowance policy."""
        document = "{ organization { allowancePolicy { version } } }"
        version = (await self.world.admin.asks(document)).payload["allowancePolicy"]["version"]
        rule = {"effect": "ADD", "points": 1, "audience": {"everyone": True}}
        return {"version": version, "period": "MONTH", "basePoints": 100, "rules": [rule]}


Arguments = Callable[[Scene, Somebody], dict[str, Any] | Awaitable[dict[str, Any]]]


class Row(NamedTuple):
    """Who may use a field, and arguments with which it works."""

    allowed: frozenset[Role]
    arguments: Arguments = lambda _scene, _who: {}

    async def variables(self, scene: Scene, who: Somebody) -> dict[str, Any]:
        """Arguments for this person, made anew."""
        found = self.arguments(scene, who)
        return await found if isinstance(found, Awaitable) else found


ALL = frozenset(Role)
ADMINS = frozenset({Role.ADMIN, Role.OWNER})
READERS = ADMINS | {Role.AUDITOR}
OWNERS = frozenset({Role.OWNER})


def _input(**values: Callable[[Scene, Somebody], Any]) -> Arguments:
    """`input:` with values made by functions, which may have to wait."""

    async def arguments(scene: Scene, who: Somebody) -> dict[str, Any]:
        return {"input": await _made(scene, who, values)}

    return arguments


def _plain(**values: Callable[[Scene, Somebody], Any]) -> Arguments:
    """Arguments made by functions, which may have to wait."""
    return lambda scene, who: _made(scene, who, values)


async def _made(scene: Scene, who: Somebody, values: dict[str, Callable[[Scene, Somebody], Any]]) -> dict[str, Any]:
    found = {name: make(scene, who) for name, make in values.items()}
    return {name: await value if isinstance(value, Awaitable) else value for name, value in found.items()}


def _is(value: Any) -> Callable[[Scene, Somebody], Any]:
    return lambda _scene, _who: value


def _key(scene: Scene, _who: Somebody) -> str:
    return scene.key()


def _bob(scene: Scene, _who: Somebody) -> str:
    return scene.world.bob.id


def _dees(scene: Scene, _who: Somebody) -> Awaitable[str]:
    return scene.given(scene.world.dee)


def _group_of(scene: Scene, who: Somebody) -> dict[str, Any]:
    """A filter by group, for those who see figures of groups."""
    return {"groupId": scene.group} if who in (scene.world.owner, scene.world.admin, scene.world.auditor) else {}


def _dees_redemption(scene: Scene, _who: Somebody) -> Awaitable[str]:
    return scene.redemption(scene.world.dee)


async def _redeeming(scene: Scene, who: Somebody) -> dict[str, Any]:
    given = {"rewardId": await scene.reward(pricePoints=0), "priceExpected": 0, "note": "In blue", "idempotencyKey": scene.key()}
    return {"input": given}


def _hired(scene: Scene, _who: Somebody) -> Awaitable[str]:
    return scene.hired()


FIELDS: dict[str, Row] = {
    "Query.viewer": Row(ALL),
    "Query.organization": Row(ALL),
    "Query.node": Row(ALL, lambda scene, who: {"id": scene.group}),
    "Query.member": Row(ALL, lambda scene, who: {"id": scene.world.bob.id}),
    "Query.members": Row(ALL, lambda scene, who: {"first": 3, "search": "b", "filter": {"groupId": scene.group}}),
    "Query.groups": Row(ALL, lambda scene, who: {"first": 3, "kind": "team"}),
    "Query.recognitions": Row(ALL, lambda scene, who: {"first": 3, "filter": {"giverId": scene.world.ann.id}}),
    "Query.givingCheck": Row(ALL, lambda scene, who: {"recipientIds": [scene.world.bob.id], "pointsEach": 1}),
    "Query.auditTrail": Row(READERS, lambda scene, who: {"first": 3, "filter": {"actorId": scene.world.ann.id}}),
    "Query.ledgerHealth": Row(READERS),
    "Query.rewards": Row(ALL, lambda scene, who: {"first": 3, "kind": "MERCHANDISE", "affordableOnly": True}),
    "Query.redemptions": Row(ALL, lambda scene, who: {"first": 3, "status": "PENDING_APPROVAL", "memberId": scene.world.ann.id}),
    "Query.statement": Row(READERS, lambda scene, who: {"month": "2026-03"}),
    "Query.liability": Row(READERS),
    "Query.fulfilments": Row(READERS, lambda scene, who: {"first": 3, "waitingOnly": True}),
    "Query.pointActivity": Row(READERS, lambda scene, who: {"first": 3, "from": "2026-03-01", "to": "2026-03-31"}),
    "Query.insights": Row(ALL, lambda scene, who: {"range": {"from": "2026-03-01", "to": "2026-03-31"}} | _group_of(scene, who)),
    "Query.quietMembers": Row(ALL, lambda scene, who: {"activity": "RECEIVING", "days": 7, "first": 3}),
    "Query.tokens": Row(OWNERS, lambda scene, who: {"first": 3}),
    "Mutation.giveRecognition": Row(
        ALL,
        _input(
            recipientIds=lambda s, w: [s.world.bob.id], pointsEach=_is(1), message=_is("Thank you very much"), idempotencyKey=_key
        ),
    ),
    "Mutation.boostRecognition": Row(ALL, _input(recognitionId=_dees, pointsEach=_is(1), idempotencyKey=_key)),
    "Mutation.revokeRecognition": Row(ALL, _input(recognitionId=lambda s, w: s.given(w), idempotencyKey=_key)),
    "Mutation.revokeBoost": Row(ALL, _input(boostId=lambda s, w: s.boosted(w), idempotencyKey=_key)),
    "Mutation.commentOnRecognition": Row(ALL, _plain(recognitionId=_dees, text=_is("Well done"))),
    "Mutation.deleteComment": Row(ALL, _plain(commentId=lambda s, w: s.commented(w))),
    "Mutation.reactToRecognition": Row(ALL, _plain(recognitionId=_dees, emoji=_is("🎉"))),
    "Mutation.hideRecognition": Row(ADMINS, _plain(recognitionId=_dees, reason=_is("Not kind"))),
    "Mutation.redeemReward": Row(ALL, lambda s, w: _redeeming(s, w)),
    "Mutation.cancelRedemption": Row(ALL, _plain(id=lambda s, w: s.redemption(w))),
    "Mutation.approveRedemption": Row(ADMINS, _plain(id=_dees_redemption, note=_is("Enjoy"))),
    "Mutation.rejectRedemption": Row(ADMINS, _plain(id=_dees_redemption, reason=_is("Not now"))),
    "Mutation.fulfilRedemption": Row(ADMINS, _plain(id=lambda s, w: s.redemption(s.world.dee, then="waits"), note=_is("Here"))),
    "Mutation.refundRedemption": Row(
        ADMINS, _plain(id=lambda s, w: s.redemption(s.world.dee, then="delivered"), reason=_is("Broken"), restock=_is(False))
    ),
    "Mutation.retryFulfilment": Row(ADMINS, _plain(id=lambda s, w: s.order())),
    "Mutation.createReward": Row(
        ADMINS,
        _input(name=_key, kind=_is("CUSTOM"), pricePoints=_is(5), stock=_is(3), audience=lambda s, w: {"groupIds": [s.group]}),
    ),
    "Mutation.updateReward": Row(ADMINS, _input(rewardId=lambda s, w: s.reward(), name=_is("Cup"), stock=_is(9))),
    "Mutation.archiveReward": Row(ADMINS, _plain(id=lambda s, w: s.reward(), archived=_is(True))),
    "Mutation.createMember": Row(ADMINS, _input(displayName=_is("Eve"), groupIds=lambda s, w: [s.group])),
    "Mutation.updateMember": Row(ADMINS, _input(memberId=_bob, jobTitle=_is("Cook"), groupIds=lambda s, w: [s.group])),
    "Mutation.setParticipationMode": Row(ADMINS, _plain(memberId=_hired, mode=_is("RECEIVER"))),
    "Mutation.setMemberRole": Row(OWNERS, _plain(memberId=_hired, role=_is("AUDITOR"))),
    "Mutation.deactivateMember": Row(ADMINS, _plain(memberId=_hired, reason=_is("Left"))),
    "Mutation.reactivateMember": Row(ADMINS, _plain(memberId=_hired)),
    "Mutation.createGroup": Row(ADMINS, _input(name=_key, kind=_is("team"))),
    "Mutation.updateGroup": Row(ADMINS, _input(groupId=lambda s, w: s.group, addMemberIds=lambda s, w: [s.world.cem.id])),
    "Mutation.createCompanyValue": Row(ADMINS, _input(name=_is("V"), hashtag=lambda s, w: s.key().replace(" ", "-"))),
    "Mutation.archiveCompanyValue": Row(ADMINS, _plain(id=lambda s, w: s.world.praises(s.key().replace(" ", "-")))),
    "Mutation.updateOrganization": Row(ADMINS, _input(name=_is("Oak"))),
    "Mutation.setGivingPolicy": Row(ADMINS, _plain(input=lambda s, w: s.giving_policy())),
    "Mutation.setAllowancePolicy": Row(ADMINS, _plain(input=lambda s, w: s.allowance_policy())),
    "Mutation.adjustPoints": Row(ADMINS, _input(memberId=_bob, points=_is(1), reason=_is("Found"), idempotencyKey=_key)),
    "Mutation.topUpAllowance": Row(
        ADMINS, _input(memberIds=lambda s, w: [s.world.bob.id], points=_is(1), reason=_is("Feast"), idempotencyKey=_key)
    ),
    "Mutation.createToken": Row(OWNERS, _input(memberId=_bob, name=_is("laptop"), expiresInDays=_is(30))),
    "Mutation.revokeToken": Row(OWNERS, _plain(id=lambda s, w: s.token())),
}
