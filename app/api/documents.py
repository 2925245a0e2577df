"""Parsed and checked documents, remembered by their text."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import strawberry
from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, TokenKind, parse, specified_rules, validate
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.api.costs import evaluate
from app.api.limits import COST_MAX, Analysis, MeasuredOperation, nested_too_deeply
from app.api.reading import nul_refused
from app.api.rendering import ERRORS_MAX, ErrorCode, RequestRefused, refused, refused_by_graphql

DOCUMENT_CHARS_MAX = 15_000
TOKENS_MAX = 1_000
DOCUMENTS_REMEMBERED = 256

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
"""The rules that Strawberry itself applies."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is valid and within all limits that do not depend on variables."""

    node: DocumentNode
    operations: Mapping[str | None, MeasuredOperation]

    def operation(self, name: str | None) -> MeasuredOperation:
        """The operation to execute: the one of this name, or the only one."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is None:
            sentence = (
                "The document has several operations: choose one with operationName."
                if name is None
                else f"The document has no operation named {name[:100]!r}."
            )
            raise refused(400, ErrorCode.BAD_REQUEST, sentence)
        return found


class Documents:
    """Parses, measures and validates a document once per text. What is refused is not remembered."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema = schema._schema
        self._remembered = lru_cache(maxsize=DOCUMENTS_REMEMBERED)(self._check)

    def get(self, text: str) -> Document:
        """The document behind this text. Raises RequestRefused."""
        # Before the text is hashed, or kept, as a key.
        if len(text) > DOCUMENT_CHARS_MAX:
            message = f"The document has {len(text):,} characters; at most {DOCUMENT_CHARS_MAX:,} are allowed."
            raise refused(400, ErrorCode.DOCUMENT_TOO_LARGE, message)
        return self._remembered(text)

    def _check(self, text: str) -> Document:
        node = _parsed(text)
        operations = Analysis(self.schema, node).run()
        errors = validate(self.schema, node, RULES, max_errors=ERRORS_MAX)
        if errors:
            raise refused_by_graphql(ErrorCode.GRAPHQL_VALIDATION_FAILED, errors)
        if not operations:
            raise refused(400, ErrorCode.GRAPHQL_VALIDATION_FAILED, "The document has no operation to execute.")
        return Document(node, {one.node.name.value if one.node.name else None: one for one in operations})


def check_cost(operation: MeasuredOperation, variables: Mapping[str, Any]) -> None:
    """Refuses an operation that asks for too many objects, with the page sizes of this request."""
    cost = evaluate(operation.cost, {**operation.page_sizes, **variables} if operation.page_sizes else variables)
    if cost > COST_MAX:
        message = f"The operation may return about {cost:,} objects; at most {COST_MAX:,} are allowed. Ask for smaller pages."
        raise refused(400, ErrorCode.TOO_COSTLY, message)


def _parsed(text: str) -> DocumentNode:
    try:
        node = parse(text, max_lexical_tokens=TOKENS_MAX, max_comments=TOKENS_MAX, allow_empty_selection_sets=False)
    except GraphQLSyntaxError as error:
        raise _parse_refused(error) from None
    token = node.loc.start_token if node.loc else None
    while token is not None:
        if token.kind in (TokenKind.STRING, TokenKind.BLOCK_STRING) and token.value and "\0" in token.value:
            raise nul_refused()
        token = token.next
    return node


def _parse_refused(error: GraphQLError) -> RequestRefused:
    """graphql-core tells its own limits apart only by their sentences."""
    if f"more than {TOKENS_MAX} " in error.message:
        return refused(400, ErrorCode.TOO_MANY_TOKENS, f"The document has more than {TOKENS_MAX:,} tokens. Ask for less at once.")
    if "nested too deeply" in error.message:
        return nested_too_deeply()
    return refused_by_graphql(ErrorCode.GRAPHQL_PARSE_FAILED, [error])
