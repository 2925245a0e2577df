"""Descriptions of the schema, taken from the docstrings of the classes, fields and enum members that stand in the code."""

import ast
import inspect
import sys
from functools import cache
from typing import Any, TypeVar

from graphql import GraphQLEnumType, GraphQLSchema

C = TypeVar("C")


def described(kind: type[C]) -> type[C]:
    """Gives a Strawberry type the docstrings of its class, attributes and resolvers as descriptions. Stands above the Strawberry
    decorator."""
    definition: Any = kind.__strawberry_definition__  # type: ignore[attr-defined]
    definition.description = inspect.cleandoc(kind.__doc__ or "")
    texts: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__):
        texts |= _attribute_docs(ancestor)
    for field in definition.fields:
        resolver = field.base_resolver
        text = texts.get(field.python_name) or (inspect.getdoc(resolver.wrapped_func) if resolver is not None else None)
        if text:
            field.description = _one_line(text)
    return kind


def describe_enums(schema: GraphQLSchema) -> None:
    """Gives every enum and its members the docstrings of the Python enum behind them."""
    for kind in schema.type_map.values():
        definition = kind.extensions.get("strawberry-definition")
        if not isinstance(kind, GraphQLEnumType) or definition is None:
            continue
        source = definition.wrapped_cls
        kind.description = _one_line(inspect.getdoc(source) or "")
        texts = _attribute_docs(source)
        for name, value in kind.values.items():
            value.description = texts.get(name)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _attribute_docs(kind: type) -> dict[str, str]:
    """The string that follows an attribute in the source of its class."""
    return _module_docs(kind.__module__).get(kind.__qualname__, {})


@cache
def _module_docs(module: str) -> dict[str, dict[str, str]]:
    """Attribute docstrings of every class in a module, by qualified name of the class."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, KeyError):
        return {}
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        texts: dict[str, str] = {}
        for statement, following in zip(node.body, node.body[1:], strict=False):
            name = _assigned(statement)
            if name and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                texts[name] = _one_line(str(following.value.value))
        found[node.name] = texts
    return found


def _assigned(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None
