"""The schema: every type and field with its description, put together."""

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from app.api.administration import AdministrationMutations
from app.api.arguments import plan_inputs
from app.api.described import describe_enums
from app.api.giving import GivingMutations
from app.api.names import RememberedNames
from app.api.numbers import SCALARS
from app.api.queries import Query, Viewer
from app.api.recognitions import Boost, Comment
from app.api.redeeming import RewardMutations
from app.api.subscriptions import Subscription
from app.api.trail import AuditEvent, Token

Mutation = merge_types("Mutation", (GivingMutations, RewardMutations, AdministrationMutations))
_REACHED_BY_ID = [AuditEvent, Boost, Comment, Token, Viewer]


@cache
def build() -> strawberry.Schema:
    """The schema, made once."""
    config = StrawberryConfig(name_converter=RememberedNames(), scalar_map=SCALARS)
    schema = strawberry.Schema(Query, Mutation, Subscription, types=_REACHED_BY_ID, config=config)
    mutation = schema._schema.mutation_type
    assert mutation is not None
    mutation.description = (
        "What may be changed. A refusal that a person can cause is data: `userErrors`, and nothing has changed."
    )
    describe_enums(schema._schema)
    plan_inputs(schema)
    return schema


def sdl() -> str:
    """The schema in GraphQL's own language, sorted, as it is committed in graphql/schema.graphql."""
    from graphql import lexicographic_sort_schema, print_schema

    return print_schema(lexicographic_sort_schema(build()._schema)) + "\n"
