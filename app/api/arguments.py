"""Inputs made out of what clients sent, by a plan that is drawn up once for each input type."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType
from strawberry.scalars import is_scalar
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition

Convert = Callable[[Any], Any]


def plan_inputs(schema: strawberry.Schema) -> None:
    """Strawberry finds out the type of every field of an input again at every call: that was a tenth of the work of giving."""
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            definition = kind.extensions["strawberry-definition"]
            definition.from_input = _maker(definition, schema)


def _maker(definition: Any, schema: strawberry.Schema) -> Callable[[Any, Mapping[str, Any], InputContext], Any]:
    name_of, scalars = schema.config.name_converter.from_field, schema.schema_converter.scalar_registry
    plan = []
    # graphql-core has seen to it that nothing is left out that may not be.
    left_out: dict[str, None] = {}
    for field in definition.fields:
        type_ = field.resolve_type(type_definition=definition)
        plan.append((name_of(field), field.python_name, type_, _conversion(type_, scalars)))
        if field.default_value is MISSING and field.default_factory is MISSING:
            left_out[field.python_name] = None

    def make(kind: Any, value: Mapping[str, Any], context: InputContext) -> Any:
        given: dict[str, Any] = dict(left_out)
        for name, python_name, type_, convert in plan:
            if name in value:
                found = value[name]
                given[python_name] = convert(found) if convert is not None else context.convert(found, type_, name)
        return kind(**given)

    return make


def _conversion(type_: Any, scalars: Any) -> Convert | None:
    """What becomes of a value of this type; None: what Strawberry makes of it."""
    if isinstance(type_, StrawberryOptional):
        return _conversion(type_.of_type, scalars)
    if is_scalar(type_, scalars) or isinstance(type_, StrawberryEnumDefinition):
        return _as_it_is
    if isinstance(type_, StrawberryList) and _conversion(type_.of_type, scalars) is _as_it_is:
        return _copied
    return None


def _as_it_is(value: Any) -> Any:
    return value


def _copied(value: Any) -> Any:
    """graphql-core gives one and the same default list to everyone."""
    return value if value is None or value is strawberry.UNSET else list(value)
