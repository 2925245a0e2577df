"""The limits of GraphQL documents, and that finding them takes linear work."""

import pytest
import strawberry
from graphql import get_introspection_query, parse, version_info

from app.api.costs import evaluate
from app.api.documents import Documents, check_cost
from app.api.limits import COST_MAX, INTROSPECTION_COST_MAX, Analysis
from app.api.rendering import RequestRefused


@strawberry.type
class Thing:
    name: str = "thing"

    @strawberry.field
    def child(self) -> "Thing":
        return self

    @strawberry.field
    def things(self) -> list["Thing"]:
        return [self]

    @strawberry.field
    def page(self, first: int | None = 20) -> "ThingConnection":
        return ThingConnection()

    @strawberry.field
    def some(self, first: int = 5, depths: list[int] | None = None) -> list["Thing"]:
        return [self]


@strawberry.type
class ThingEdge:
    cursor: str = ""
    node: Thing = strawberry.field(default_factory=Thing)


@strawberry.type
class ThingConnection:
    @strawberry.field
    def edges(self) -> list[ThingEdge]:
        return []

    @strawberry.field
    def nodes(self) -> list[Thing]:
        return []


@strawberry.type
class Query(Thing):
    pass


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> Thing:
        return Thing()


SCHEMA = strawberry.Schema(Query, Mutation)


def code(text: str, variables: dict[str, object] | None = None) -> str | None:
    """The code that a document is refused with; None if it is not."""
    try:
        operation = next(iter(Documents(SCHEMA).get(text).operations.values()))
        check_cost(operation, variables or {})
    except RequestRefused as refusal:
        return refusal.errors[0]["extensions"]["code"]
    return None


def cost(text: str, **variables: object) -> int:
    operation = Documents(SCHEMA).get(text).operation(None)
    return evaluate(operation.cost, {**operation.page_sizes, **variables})


def doubled(levels: int, innermost: str = "name") -> str:
    """Fragments, each of which spreads the one before it twice: 2^levels selections, if they are counted one by one."""
    fragments = [f"fragment F{n} on Thing {{ ...F{n - 1} ...F{n - 1} }}" for n in range(1, levels + 1)]
    return f"{{ child {{ ...F{levels} }} }} fragment F0 on Thing {{ {innermost} }} {' '.join(fragments)}"


def work(text: str) -> int:
    analysis = Analysis(SCHEMA._schema, parse(text))
    analysis.run()
    return analysis.selections_seen


def test_graphql_core_is_there_and_not_a_folder_of_that_name():
    assert version_info[:2] == (3, 3)


def test_twice_the_doubled_fragments_are_twice_the_work():
    few, many = work(doubled(10)), work(doubled(20))

    assert (few, many) == (3 + 2 * 10, 3 + 2 * 20)
    assert code(doubled(20)) is None


def test_the_cost_of_doubled_fragments_is_worked_out_once_per_fragment():
    text = doubled(20, innermost="page(first: $n) { nodes { name } }").replace("{", "query ($n: Int!) {", 1)

    lookups = []

    class Variables(dict[str, int]):
        def get(self, name, default=None):
            lookups.append(name)
            return super().get(name, default)

    operation = Documents(SCHEMA).get(text).operation(None)
    assert evaluate(operation.cost, Variables(n=7)) == 1 + 2**20 * (1 + 7)
    assert lookups == ["n"]


@pytest.mark.parametrize(
    ("allowed", "refused", "expected"),
    [
        ("{" + "child{" * 9 + "name" + "}" * 10, "{" + "child{" * 10 + "name" + "}" * 11, "TOO_DEEP"),
        ("{child{...F}} fragment F on Thing{" + "child{" * 8 + "name" + "}" * 9,
         "{child{...F}} fragment F on Thing{" + "child{" * 9 + "name" + "}" * 10, "TOO_DEEP"),
        ("{" + "...{" * 38 + "name" + "}" * 39, "{" + "...{" * 40 + "name" + "}" * 41, "TOO_DEEP"),
        ("{" + " ".join(f"a{n}:name" for n in range(30)) + "}", "{" + " ".join(f"a{n}:name" for n in range(31)) + "}",
         "TOO_MANY_ALIASES"),
        ("{child{...F child{...F}}} fragment F on Thing{" + " ".join(f"a{n}:name" for n in range(15)) + "}",
         "{child{...F child{...F}}} fragment F on Thing{" + " ".join(f"a{n}:name" for n in range(16)) + "}", "TOO_MANY_ALIASES"),
        ("{" + "name @skip(if:true) " * 50 + "}", "{" + "name @skip(if:true) " * 51 + "}", "TOO_MANY_DIRECTIVES"),
        ("{" + "...F " * 50 + "} fragment F on Query{name}", "{" + "...F " * 51 + "} fragment F on Query{name}",
         "TOO_MANY_FRAGMENT_SPREADS"),
        ("mutation{" + " ".join(f"a{n}:change{{name}}" for n in range(4)) + "__typename}",
         "mutation{" + " ".join(f"a{n}:change{{name}}" for n in range(5)) + "}", "TOO_MANY_MUTATIONS"),
        ("mutation{change{name} ...{a:change{name} ...F}} fragment F on Mutation{b:change{name} c:change{name}}",
         "mutation{change{name} ...{a:change{name} ...F ...F}} fragment F on Mutation{b:change{name} c:change{name}}",
         "TOO_MANY_MUTATIONS"),
        ("{" + "name " * 998 + "}", "{" + "name " * 999 + "}", "TOO_MANY_TOKENS"),
        ("#\n" * 1000 + "{name}", "#\n" * 1001 + "{name}", "TOO_MANY_TOKENS"),
        ("{name}" + " " * 14_994, "{name}" + " " * 14_995, "DOCUMENT_TOO_LARGE"),
        ("{page(first:100){nodes{page(first:47){nodes{name}}}}}", "{page(first:100){nodes{page(first:48){nodes{name}}}}}",
         "TOO_COSTLY"),
    ],
)  # fmt: skip
def test_each_limit_allows_its_number_and_refuses_one_more(allowed, refused, expected):
    # So many repeated fields make graphql-core's own validation give up; that is later, and another matter.
    assert code(allowed) in (None, "GRAPHQL_VALIDATION_FAILED" if expected == "TOO_MANY_TOKENS" and "#" not in allowed else None)
    assert code(refused) == expected


@pytest.mark.parametrize("opening", ["{child", "{some(depths:[", "[", "{some(depths:" + "[" * 300, "{...", "{a:{b:"])
def test_a_thousand_nested_openings_are_refused_without_exhausting_the_stack(opening):
    assert code(opening * 1000) in {"TOO_MANY_TOKENS", "TOO_DEEP", "GRAPHQL_PARSE_FAILED", "DOCUMENT_TOO_LARGE"}


def test_nested_openings_within_the_tokens_are_too_deep():
    assert code("{child" * 400 + "}" * 400) == "TOO_DEEP"
    assert code("{some(depths:" + "[" * 400 + "]" * 400 + "){name}}") == "TOO_DEEP"


def test_a_chain_of_fragments_that_nests_all_it_can_is_measured_and_then_refused():
    chain = " ".join(f"fragment F{n} on Thing {{ {'... {' * 4} child {{ ...F{n + 1} }} {'}' * 4} }}" for n in range(40))

    assert code(f"{{ ...F0 }} {chain} fragment F40 on Thing {{ name }}") == "TOO_DEEP"


@pytest.mark.parametrize(
    "text",
    [
        "{ child { ...A } } fragment A on Thing { child { ...A } }",
        "{ child { ...A } } fragment A on Thing { ...B ...B } fragment B on Thing { child { ...A ...A } }",
        "{ child { ...Missing } }",
        "{ missing { deeper } }",
        "{ ... on Missing { name } }",
        "fragment A on Thing { name }",
        "{ name { deeper } }",
        "type A { b: Int }",
    ],
)
def test_a_document_that_makes_no_sense_is_left_to_validation(text):
    assert code(text) == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ name __typename }", 0),
        ("{ child { name } }", 1),
        ("{ things { name } }", 10),
        ("{ things { child { name } things { name } } }", 10 * (1 + 1 + 10)),
        ("{ some { name } }", 5),
        ("{ some(first: 7) { child { name } } }", 7 * 2),
        ("{ page { nodes { name } } }", 1 + 20),
        ("{ page(first: 30) { edges { cursor node { name } } nodes { name } } }", 1 + 30 * 2 + 30),
        ("{ page(first: 3) { ...N ... { nodes { things { name } } } } } fragment N on ThingConnection { nodes { name } }",
         1 + 3 + 3 * (1 + 10)),
        ("{ page(first: 2) { ...N } a: page(first: 5) { ...N } } fragment N on ThingConnection { nodes { name } }",
         1 + 2 + 1 + 5),
        ("{ page(first: -5) { nodes { name } } }", 1 + 1),
        ("{ page(first: 0) { nodes { name } } }", 1 + 1),
        ("{ page(first: 101) { nodes { name } } }", 1 + 100),
        ("{ page(first: null) { nodes { name } } }", 1 + 20),
        ("{ page(first: " + "9" * 5000 + ") { nodes { name } } }", None),
    ],
)  # fmt: skip
def test_the_cost_counts_objects_and_multiplies_by_pages(text, expected):
    if expected is None:
        # A number that Python's int() would refuse: not a 32-bit one either, says validation.
        assert code(text) == "GRAPHQL_VALIDATION_FAILED"
    else:
        assert cost(text) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, 1 + 30),
        ({"n": 50}, 1 + 50),
        ({"n": 10**12}, 1 + 100),
        ({"n": -1e300}, 1 + 1),
        ({"n": "x"}, 1 + 20),
        ({"n": None}, 1 + 20),
    ],
)
def test_the_cost_uses_the_page_size_in_the_variables(variables, expected):
    assert cost("query ($n: Int! = 30) { page(first: $n) { nodes { name } } }", **variables) == expected


def test_the_same_document_is_refused_or_not_by_its_variables():
    text = "query ($n: Int!) { page(first: $n) { nodes { page(first: $n) { nodes { name } } } } }"

    assert (code(text, {"n": 50}), code(text, {"n": 100})) == (None, "TOO_COSTLY")
    assert cost(text, n=100) == 1 + 100 * (1 + 1 + 100) > COST_MAX


def test_the_standard_introspection_query_passes_with_room_to_spare():
    # As GraphiQL sends it: with everything there is.
    text = get_introspection_query(True, True, True, True, True)

    assert code(text) is None
    assert cost(text) == 0
    assert code(text.replace("__schema", "a: __schema", 1)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{__schema{types{fields{type{fields{type{fields{type{fields{name}}}}}}}}}}", "TOO_COSTLY"),
        (
            "{" + " ".join(f"a{n}:__schema{{types{{fields{{args{{type{{ofType{{name}}}}}}}}}}}}" for n in range(25)) + "}",
            "TOO_COSTLY",
        ),
        ('{__type(name:"Thing"){' + "ofType{" * 13 + "name" + "}" * 15, None),
        ('{__type(name:"Thing"){' + "ofType{" * 14 + "name" + "}" * 16, "TOO_DEEP"),
        ("{child{child{child{name}}} __schema{queryType{name}}}", None),
    ],
)
def test_introspection_has_limits_of_its_own(text, expected):
    assert INTROSPECTION_COST_MAX == 40_000
    assert code(text) == expected


def test_a_document_is_checked_once_and_what_is_refused_is_not_kept():
    documents = Documents(SCHEMA)

    assert documents.get("{ name }") is documents.get("{ name }")
    for _ in range(2):
        with pytest.raises(RequestRefused):
            documents.get("{ missing }")
    assert documents._remembered.cache_info().currsize == 1
