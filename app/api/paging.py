"""Relay connections over keyset pages."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.sql import Select

from app.api.context import Info
from app.api.described import described
from app.api.ids import cursor_of, keys_of
from app.core.errors import Code, Refusal
from app.db import Page, Slice, count

FIRST_MAX = 100
FIRST_DEFAULT = 20

NodeType = TypeVar("NodeType")
R = TypeVar("R")


@described
@strawberry.interface
class Node:
    """Anything that has a global id."""

    id: strawberry.ID
    """Opaque, and the same for ever."""


@described
@strawberry.type
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool
    """Whether more follow: ask for them with `after: endCursor`."""
    has_previous_page: bool
    """Whether some came before."""
    start_cursor: str | None
    """Cursor of the first edge; null on an empty page."""
    end_cursor: str | None
    """Cursor of the last edge; null on an empty page."""


@described
@strawberry.type
class Edge(Generic[NodeType]):
    """One place in a list."""

    cursor: str
    """Opaque; give it as `after` to go on from here."""
    node: NodeType
    """What stands there."""


@described
@strawberry.type
class Connection(Generic[NodeType]):
    """A page of a list."""

    edges: list[Edge[NodeType]]
    """The page with a cursor for each place."""
    nodes: list[NodeType]
    """The page without cursors."""
    page_info: PageInfo
    """Where the page stands in the list."""
    counter: strawberry.Private[Callable[[], Awaitable[int | None]]]

    @strawberry.field
    async def total_count(self) -> int | None:
        """Length of the whole list, counted only when asked for; null past 10,000."""
        return await self.counter()


def part(first: int | None, after: str | None, *kinds: type) -> Slice:
    """Which part of a list is wanted. Raises INVALID_INPUT for a page size out of bounds or a cursor that is not of this list."""
    first = FIRST_DEFAULT if first is None else first
    if not 1 <= first <= FIRST_MAX:
        raise Refusal(Code.INVALID_INPUT, f"A page has 1 to {FIRST_MAX} items; first is {first}.", "first")
    return Slice(first, keys_of(after, *kinds) if after is not None and after is not strawberry.UNSET else None)


def by_id(first: int | None, after: str | None) -> Slice:
    """The part of a list that is sorted by id."""
    return part(first, after, UUID)


C = TypeVar("C", bound=Connection[Any])


def connect(
    kind: type[C],
    page: Page[R],
    wanted: Slice,
    node: Callable[[R], Any],
    keys: Callable[[R], tuple[object, ...]],
    counter: Callable[[], Awaitable[int | None]],
) -> C:
    """A page of rows as a connection of this kind."""
    nodes = [node(row) for row in page.rows]
    edges = [Edge(cursor=cursor_of(*keys(row)), node=shown) for row, shown in zip(page.rows, nodes, strict=True)]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=wanted.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return kind(edges=edges, nodes=nodes, page_info=info, counter=counter)


def counting(info: Info, statement: Select[Any]) -> Callable[[], Awaitable[int | None]]:
    """Counts the statement's rows when somebody asks."""

    async def number() -> int | None:
        async with info.context.read() as connection:
            return await count(connection, statement)

    return number
