"""The estimated cost of an operation, as a sum that waits only for the page sizes held in variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, IntValueNode, VariableNode
from graphql.utilities.coerce_input_value import coerce_default_value

PAGE_SIZE_ARGUMENT = "first"
PAGE_SIZE_MAX = 100
LIST_LENGTH_ASSUMED = 10


@dataclass(frozen=True, slots=True)
class PageSize:
    """A page size that is known only with the request's variables."""

    variable: str
    otherwise: int


@dataclass(frozen=True, slots=True)
class Cost:
    """A number, plus other costs, each times a number or a page size. Fragments are shared, not copied: see `evaluate`."""

    constant: int
    parts: tuple[tuple[int | PageSize, "Cost"], ...] = ()


NOTHING = Cost(0)


def total(costs: Iterable[Cost]) -> Cost:
    """The sum, folded into one number as far as no variable is in it."""
    constant = 0
    parts: list[tuple[int | PageSize, Cost]] = []
    for cost in costs:
        if cost.parts:
            parts.append((1, cost))
        else:
            constant += cost.constant
    if len(parts) == 1 and constant == 0:
        return parts[0][1]
    return Cost(constant, tuple(parts))


def times(factor: int | PageSize, cost: Cost) -> Cost:
    """The cost of `factor` such things."""
    if not cost.parts and (isinstance(factor, int) or cost.constant == 0):
        return Cost(factor * cost.constant) if isinstance(factor, int) else NOTHING
    return Cost(0, ((factor, cost),))


def evaluate(cost: Cost, variables: Mapping[str, Any]) -> int:
    """The number, each shared part worked out once, so that doubled fragments cost no more than single ones."""
    known: dict[int, int] = {}

    def value(part: Cost) -> int:
        if not part.parts:
            return part.constant
        number = known.get(id(part))
        if number is None:
            number = part.constant
            for factor, content in part.parts:
                number += (factor if isinstance(factor, int) else _page_size(factor, variables)) * value(content)
            known[id(part)] = number
        return number

    return value(cost)


def page_size(field: GraphQLField, node: FieldNode) -> int | PageSize | None:
    """How many items the field is asked for: its `first`, else that argument's default; None if it has no such argument."""
    argument = field.args.get(PAGE_SIZE_ARGUMENT)
    if argument is None:
        return None
    default = coerce_default_value(argument)
    otherwise = _clamped(default) if isinstance(default, int) else LIST_LENGTH_ASSUMED
    for given in node.arguments or ():
        if given.name.value == PAGE_SIZE_ARGUMENT:
            if isinstance(given.value, IntValueNode):
                return literal_page_size(given.value)
            if isinstance(given.value, VariableNode):
                return PageSize(given.value.name.value, otherwise)
    return otherwise


def literal_page_size(node: IntValueNode) -> int:
    """A number in the document, which may have thousands of digits: int() would refuse it."""
    text = node.value
    if len(text) > 9:
        return 1 if text.startswith("-") else PAGE_SIZE_MAX
    return _clamped(int(text))


def _page_size(size: PageSize, variables: Mapping[str, Any]) -> int:
    value = variables.get(size.variable)
    return _clamped(value) if isinstance(value, (int, float)) else size.otherwise


def _clamped(value: float) -> int:
    """Resolvers refuse a page size out of bounds; here it must only not turn a cost negative or huge."""
    return int(max(1, min(value, PAGE_SIZE_MAX)))
