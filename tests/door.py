"""A small schema behind the real HTTP endpoint, for the tests of the door itself."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import httpx2
import pytest
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.schema.config import StrawberryConfig

from app.api.endpoint import GraphQLEndpoint
from app.api.names import RememberedNames
from app.core.actor import Actor, Door, Role
from app.core.errors import Bug, Busy, Code, Forbidden, Refusal, Unauthenticated

ANN = Actor(UUID(int=1), UUID(int=2), Role.MEMBER, Door.GRAPHQL)
PAGE = "<!doctype html><title>Plaudit</title>"
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
RAISES = {
    "forbidden": Forbidden("Only admins may do this."),
    "refusal": Refusal(Code.INVALID_INPUT, "first must be 1 to 100.", "first"),
    "bug": Bug("cafe0001"),
    "crash": RuntimeError("password=hunter2"),
    "busy": Busy("Too many acts wait."),
    "unauthenticated": Unauthenticated("The token was revoked."),
    "timeout": TimeoutError("of its own"),
    "surrogate": None,
}


@strawberry.input
class ChangeInput:
    point_count: int
    message_text: str = ""


@strawberry.type
class Query:
    @strawberry.field
    def who_am_i(self, info: strawberry.Info) -> str:
        return f"{info.context['actor'].role} {info.context['request_id']}"

    @strawberry.field
    def echo(self, text: str = "", number: int = 0) -> str:
        return f"{text}{number}"

    @strawberry.field
    async def fails(self, how: str) -> str | None:
        error = RAISES[how]
        if error is None:
            return "\ud800"
        raise error

    @strawberry.field
    def items(self, count: int) -> list["Item"]:
        return [Item() for _ in range(count)]

    @strawberry.field
    def broken_list(self) -> list[int]:
        return [2**40]

    @strawberry.field
    async def slow(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"


@strawberry.type
class Item:
    @strawberry.field
    async def crash(self) -> str | None:
        raise RuntimeError("each")

    @strawberry.field
    def items(self) -> list["Item"]:
        return []


CHANGES: list[int] = []


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def change(self, input: ChangeInput) -> int:
        await asyncio.sleep(0)
        CHANGES.append(input.point_count)
        return input.point_count


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int]:
        yield 1


SCHEMA = strawberry.Schema(Query, Mutation, Subscription, config=StrawberryConfig(name_converter=RememberedNames()))


async def authenticate(authorization: str | None) -> Actor:
    if authorization == "Bearer broken":
        raise RuntimeError("the database is away")
    if authorization == "Bearer busy":
        raise Busy
    if authorization != "Bearer good":
        raise Unauthenticated
    return ANN


def build(**options) -> GraphQLEndpoint:
    return GraphQLEndpoint(
        SCHEMA, authenticate=authenticate, context=lambda actor, request_id: {"actor": actor, "request_id": request_id}, **options
    )


def client_of(endpoint: GraphQLEndpoint) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(Starlette(routes=[Route("/graphql", endpoint)]))
    return httpx2.AsyncClient(transport=transport, base_url="http://plaudit", headers={"authorization": "Bearer good"})


@pytest.fixture
async def client():
    CHANGES.clear()
    async with client_of(build(page=PAGE)) as client:
        yield client


async def ask(client, query, headers=None, **more):
    return await client.post("/graphql", json={"query": query, **more}, headers=headers or {})


def codes(response) -> list[str]:
    assert "data" not in response.json() or response.status_code == 200
    return [error["extensions"]["code"] for error in response.json()["errors"]]


CHANGE = "mutation ($input: ChangeInput!) { change(input: $input) }"
