"""Sources: the kinds of questions that a batch asks the database, each with many keys at once."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import sqlalchemy as sa

from app.db.tables import TenantTable, table_of

Row = TypeVar("Row")
Key = tuple[Any, ...]


class Source:
    """One kind of question that a batch asks the database with many keys at once. Every key begins with the organization."""

    def __init__(self, name: str, keys: list[sa.Column[Any]], statement: Callable[[Any], sa.Select[Any]]) -> None:
        self.name = name
        self.keys = keys
        self.statement = statement

    def __repr__(self) -> str:
        return self.name


class Rows(Source):
    """Rows of a table by the values of some of its columns: one row by its primary key, or a list by an index."""

    def __init__(self, model: type[TenantTable], by: tuple[str, ...]) -> None:
        table = table_of(model)
        self.model = model
        self.by = by
        self.key = _getter(("organization_id", *by))

        def statement(keys: Any) -> sa.Select[Any]:
            matches = sa.and_(*[column == keys.c[column.name] for column in self.keys])
            return sa.select(*table.c).select_from(keys.join(table, matches))

        super().__init__(
            f"{table.name} by {', '.join(by)}", [table.c.organization_id, *(table.c[name] for name in by)], statement
        )


class Reading(Source, Generic[Row]):
    """One row computed by the database for each key, such as a sum. Acts of a batch change it among themselves; it is never
    written. `statement(keys)` selects the key's columns and then the values, one row for every key."""

    def __init__(self, row: type[Row], keys: list[sa.Column[Any]], statement: Callable[[Any], sa.Select[Any]]) -> None:
        super().__init__(row.__name__, keys, statement)
        self.row = row
        self.key = _getter(tuple(column.name for column in keys))


@cache
def row_type(model: type[TenantTable]) -> Any:
    """A row at work: a named tuple with the columns of its table, many times cheaper to make than an instance of the model."""
    table = table_of(model)
    fields = [(column.name, Any) for column in table.c]
    kind = NamedTuple(model.__name__, fields)  # type: ignore[misc]
    defaults = {name: field.default for name, field in model.model_fields.items() if not field.is_required()}
    kind.__new__.__defaults__ = tuple(defaults[column.name] for column in _trailing(table, defaults))
    return kind


def _trailing(table: sa.Table, defaults: dict[str, Any]) -> list[sa.Column[Any]]:
    """The columns after the last one without a default: Python wants defaults last."""
    trailing: list[sa.Column[Any]] = []
    for column in reversed(list(table.c)):
        if column.name not in defaults:
            break
        trailing.insert(0, column)
    assert len(trailing) == len(defaults), f"{table.name}: columns with a default come last"
    return trailing


def _getter(names: tuple[str, ...]) -> Callable[[Any], Key]:
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


@cache
def one(model: type[TenantTable]) -> Rows:
    """The question for one row by its primary key."""
    names = [column.name for column in table_of(model).primary_key.columns]
    assert names[0] == "organization_id"
    return Rows(model, tuple(names[1:]))


@cache
def many(model: type[TenantTable], by: tuple[str, ...]) -> Rows:
    """The question for all rows with these values, an index away."""
    return Rows(model, by)


class Want(NamedTuple):
    """Something an act will ask its draft for. `needs()` naming it beforehand saves a round trip; forgetting it costs one."""

    source: Source
    key: Key
    listed: bool


def computed(reading: Reading[Any], organization_id: UUID, *key: Any) -> Want:
    """The want for one reading."""
    return Want(reading, (organization_id, *key), listed=False)


def row(model: type[TenantTable], organization_id: UUID, *key: Any) -> Want:
    """The want for one row by its key."""
    return Want(one(model), (organization_id, *key), listed=False)


def rows(model: type[TenantTable], organization_id: UUID, **by: Any) -> Want:
    """The want for a list of rows by some of their values."""
    return Want(many(model, tuple(by)), (organization_id, *by.values()), listed=True)
