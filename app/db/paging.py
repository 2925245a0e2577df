"""Pages of a list: keyset paging, so that page 1,000 costs what page 1 does and nothing is shown twice while rows come in."""

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
COUNTED_MAX = 10_000
"""Lists longer than this are not counted."""


class Page(NamedTuple, Generic[T]):
    """Some rows of a list, and whether more follow."""

    rows: list[T]
    has_next: bool


class Slice(NamedTuple):
    """Which part of a list is wanted: `first` rows after the row whose sort keys are `after`."""

    first: int
    after: tuple[Any, ...] | None = None


async def page(
    connection: AsyncConnection, statement: sa.Select[Any], keys: Sequence[Any], wanted: Slice, *, descending: bool = False
) -> Page[Any]:
    """One page of the statement, sorted by `keys`, which together are unique."""
    if wanted.after is not None:
        place, mark = sa.tuple_(*keys), sa.tuple_(*wanted.after, types=[key.type for key in keys])
        statement = statement.where(place < mark if descending else place > mark)
    order = [key.desc() if descending else key.asc() for key in keys]
    rows = (await connection.execute(statement.order_by(*order).limit(wanted.first + 1))).all()
    return Page(list(rows[: wanted.first]), len(rows) > wanted.first)


async def count(connection: AsyncConnection, statement: sa.Select[Any]) -> int | None:
    """How many rows the statement has; None when they are more than are counted."""
    counted = sa.select(sa.func.count()).select_from(statement.limit(COUNTED_MAX + 1).subquery())
    number = (await connection.execute(counted)).scalar_one()
    return number if number <= COUNTED_MAX else None
