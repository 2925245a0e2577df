"""The limits of a document, found in one linear walk before any other rule runs.

Strawberry's own limiters walk a fragment again at every spread, which takes exponential time on doubled spreads. Here each
fragment is measured once, those it spreads first, and a spread adds the measures up. Nothing recurses deeper than
`NESTING_MAX` selection sets, and a cycle of fragments counts as empty: validation names it afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from app.api.costs import LIST_LENGTH_ASSUMED, NOTHING, Cost, literal_page_size, page_size, times, total
from app.api.rendering import ErrorCode, RequestRefused, refused

DEPTH_MAX = 10
INTROSPECTION_DEPTH_MAX = 15
NESTING_MAX = 40
"""Selection sets within one definition, those of inline fragments counted, which add no depth."""
ALIASES_MAX = 30
DIRECTIVES_MAX = 50
FRAGMENT_SPREADS_MAX = 50
MUTATIONS_MAX = 4
COST_MAX = 5_000
INTROSPECTION_COST_MAX = 40_000
"""The standard introspection query costs about 18,000 by the lengths below; fields of types of fields multiply beyond."""

INTROSPECTION_LIST_LENGTHS = {
    "types": 100,
    "fields": 6,
    "args": 1,
    "inputFields": 2,
    "interfaces": 1,
    "enumValues": 2,
    "possibleTypes": 1,
    "directives": 5,
}
INTROSPECTION_ROOTS = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Measures:
    """What a selection set amounts to, its fragments included. Sums grow with every spread, and so bound what is executed."""

    fields: int = 0
    """Fields standing directly in it, `__typename` left out."""
    depth: int = 0
    introspection_depth: int = 0
    """Levels down to the deepest field inside `__schema` or `__type`; 0 if there is none."""
    aliases: int = 0
    directives: int = 0
    introspection_cost: int = 0
    cost: Cost = NOTHING
    per_item: Cost = NOTHING
    """Lists without a page size of their own: `edges` and `nodes` take it from the connection that this set belongs to."""


EMPTY = Measures()


class MeasuredOperation(NamedTuple):
    """An operation that keeps every limit but cost, which waits for its variables."""

    node: OperationDefinitionNode
    cost: Cost
    page_sizes: Mapping[str, int]
    """Page sizes that the operation gives to its variables by default."""


class Analysis:
    """One walk over one document. `selections_seen` counts the work, for the test that it is linear."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.selections_seen = 0
        self.operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self.fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        self._measured: dict[str, Measures] = {}

    def run(self) -> list[MeasuredOperation]:
        """Measures the document. Raises RequestRefused for the first limit passed."""
        spreads = {name: _spreads(node.selection_set) for name, node in self.fragments.items()}
        count = sum(map(len, spreads.values())) + sum(len(_spreads(node.selection_set)) for node in self.operations)
        _refuse_beyond(FRAGMENT_SPREADS_MAX, count, ErrorCode.TOO_MANY_FRAGMENT_SPREADS, "fragment spreads")
        for name in _innermost_first(spreads):
            node = self.fragments[name]
            measures = self._measure(node.selection_set, self.schema.get_type(node.type_condition.name.value))
            self._measured[name] = _with_directives(measures, len(node.directives or ()))
        return [self._operation(node) for node in self.operations]

    def _operation(self, node: OperationDefinitionNode) -> MeasuredOperation:
        found = self._measure(node.selection_set, self.schema.get_root_type(node.operation))
        _check_depth(found)
        _refuse_beyond(ALIASES_MAX, found.aliases, ErrorCode.TOO_MANY_ALIASES, "aliases, fragments included")
        directives = found.directives + len(node.directives or ())
        directives += sum(len(variable.directives or ()) for variable in node.variable_definitions or ())
        _refuse_beyond(DIRECTIVES_MAX, directives, ErrorCode.TOO_MANY_DIRECTIVES, "directives, fragments included")
        if node.operation is OperationType.MUTATION:
            _refuse_beyond(MUTATIONS_MAX, found.fields, ErrorCode.TOO_MANY_MUTATIONS, "mutation fields")
        if found.introspection_cost > INTROSPECTION_COST_MAX:
            raise refused(400, ErrorCode.TOO_COSTLY, "Introspection asks for too much. Nest fewer lists of types and fields.")
        page_sizes = {
            variable.variable.name.value: literal_page_size(variable.default_value)
            for variable in node.variable_definitions or ()
            if isinstance(variable.default_value, IntValueNode)
        }
        cost = total((found.cost, times(LIST_LENGTH_ASSUMED, found.per_item)))
        return MeasuredOperation(node, cost, page_sizes)

    def _measure(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measures:
        found: list[Measures] = []
        for selection in selection_set.selections if selection_set else ():
            self.selections_seen += 1
            if isinstance(selection, FieldNode):
                measures = self._measure_field(selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                measures = self._measured.get(selection.name.value, EMPTY)
            else:
                assert isinstance(selection, InlineFragmentNode)
                condition = selection.type_condition
                inner = self.schema.get_type(condition.name.value) if condition else parent
                measures = self._measure(selection.selection_set, inner)
            found.append(_with_directives(measures, len(selection.directives or ())))
        return _sum(found)

    def _measure_field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measures:
        """What the field amounts to. A field that the schema lacks costs nothing: validation refuses it."""
        name = node.name.value
        field = self.schema.get_field(parent, name) if is_composite_type(parent) else None
        inner_type = get_named_type(field.type) if field else None
        inner = self._measure(node.selection_set, inner_type)
        is_introspection = name in INTROSPECTION_ROOTS
        deeper = 1 + inner.introspection_depth if inner.introspection_depth else 0
        cost, per_item, introspection_cost = NOTHING, NOTHING, inner.introspection_cost
        if field is not None and is_composite_type(inner_type):
            page = page_size(field, node)
            is_list = is_list_type(get_nullable_type(field.type))
            if parent is not None and parent.name.startswith("__") and is_list:
                page = INTROSPECTION_LIST_LENGTHS.get(name, LIST_LENGTH_ASSUMED)
            # Lists inside take this field's page size only if this is a connection: an object with a page size.
            own = total((Cost(1), inner.cost))
            if is_list:
                item = total((own, times(LIST_LENGTH_ASSUMED, inner.per_item)))
                cost, per_item = (NOTHING, item) if page is None else (times(page, item), NOTHING)
            else:
                cost = total((own, times(LIST_LENGTH_ASSUMED if page is None else page, inner.per_item)))
        if is_introspection:
            introspection_cost, cost = introspection_cost + cost.constant, NOTHING
        return Measures(
            fields=0 if name == "__typename" else 1,
            depth=0 if is_introspection else 1 + inner.depth,
            introspection_depth=1 + max(inner.depth, inner.introspection_depth) if is_introspection else deeper,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
            introspection_cost=introspection_cost,
            cost=cost,
            per_item=per_item,
        )


def _sum(found: list[Measures]) -> Measures:
    if not found:
        return EMPTY
    return Measures(
        sum(one.fields for one in found),
        max(one.depth for one in found),
        max(one.introspection_depth for one in found),
        sum(one.aliases for one in found),
        sum(one.directives for one in found),
        sum(one.introspection_cost for one in found),
        total(one.cost for one in found),
        total(one.per_item for one in found),
    )


def _with_directives(measures: Measures, directives: int) -> Measures:
    return _sum([measures, Measures(directives=directives)]) if directives else measures


def _check_depth(found: Measures) -> None:
    for depth, limit in ((found.depth, DEPTH_MAX), (found.introspection_depth, INTROSPECTION_DEPTH_MAX)):
        if depth > limit:
            raise refused(400, ErrorCode.TOO_DEEP, f"The operation is {depth} levels deep; at most {limit} are allowed.")


def _refuse_beyond(limit: int, count: int, code: ErrorCode, things: str) -> None:
    if count > limit:
        raise refused(400, code, f"The document has {count} {things}; at most {limit} are allowed.")


def nested_too_deeply() -> RequestRefused:
    """Selection sets or values nested so deeply that walking them by recursion would be unsafe."""
    return refused(400, ErrorCode.TOO_DEEP, f"The document is nested too deeply; fields may be at most {DEPTH_MAX} levels deep.")


def _spreads(selection_set: SelectionSetNode) -> list[str]:
    """The names of the fragments spread anywhere in a definition, found without recursion."""
    names: list[str] = []
    waiting = [(selection_set, 1)]
    while waiting:
        current, nesting = waiting.pop()
        if nesting > NESTING_MAX:
            raise nested_too_deeply()
        for selection in current.selections:
            if isinstance(selection, FragmentSpreadNode):
                names.append(selection.name.value)
            elif isinstance(selection, (FieldNode, InlineFragmentNode)) and selection.selection_set:
                waiting.append((selection.selection_set, nesting + 1))
    return names


def _innermost_first(spreads: Mapping[str, list[str]]) -> list[str]:
    """The fragments, each after all that it spreads, as far as they form no cycle; without recursion."""
    order: list[str] = []
    seen: set[str] = set()
    for start in spreads:
        path = [(start, iter(spreads[start]))] if start not in seen else []
        seen.add(start)
        while path:
            name, remaining = path[-1]
            following = next((spread for spread in remaining if spread in spreads and spread not in seen), None)
            if following is None:
                path.pop()
                order.append(name)
            else:
                seen.add(following)
                path.append((following, iter(spreads[following])))
    return order
