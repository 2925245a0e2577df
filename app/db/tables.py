"""Tables as the house writes them: column types for both databases, the tenant's table, and the way in to its rows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Dialect, ForeignKeyConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = SQLModel.metadata


class Id(TypeDecorator[UUID]):
    """A UUID: native in PostgreSQL, 16 bytes in SQLite, in the same order in both."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The column's type in this database."""
        return dialect.type_descriptor(sa.LargeBinary(16) if dialect.name == "sqlite" else sa.Uuid())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """Into the database."""
        return value.bytes if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        """Out of the database."""
        return UUID(bytes=value) if value is not None and dialect.name == "sqlite" else value


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, always aware: SQLite, which keeps no zone, is told on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into the database."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Out of the database."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Word(TypeDecorator[StrEnum]):
    """A word out of a short list: text in the database, a member of its StrEnum here."""

    impl = sa.String(40)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Into the database."""
        return str.__str__(value) if value is not None else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Out of the database."""
        return self.kind(value) if value is not None else None


def identifier(*, default: Any = ..., primary_key: bool = False) -> Any:
    """A column that holds an id."""
    return Field(default=default, sa_type=cast(Any, Id()), primary_key=primary_key)


def key() -> Any:
    """An id that is part of the primary key."""
    return identifier(primary_key=True)


def identifier_column(name: str) -> sa.Column[Any]:
    """A column with an id in it that belongs to no table: part of a reading's key."""
    return sa.Column(name, Id())


def moment(*, default: Any = ...) -> Any:
    """A column that holds a moment."""
    return Field(default=default, sa_type=cast(Any, Moment()))


def word(kind: type[StrEnum], *, default: Any = ..., primary_key: bool = False) -> Any:
    """A column that holds one word of `kind`; give the table `one_of(column, kind)` as well."""
    return Field(default=default, sa_type=cast(Any, Word(kind)), primary_key=primary_key)


def text(*, default: Any = ..., primary_key: bool = False) -> Any:
    """A column that holds text; bounds are checked by the rules."""
    return Field(default=default, sa_type=cast(Any, sa.Text()), primary_key=primary_key)


def whole(*, default: Any = ..., primary_key: bool = False) -> Any:
    """A column that holds a whole number of up to 64 bits."""
    return Field(
        default=default,
        sa_type=cast(Any, sa.BigInteger()),
        primary_key=primary_key,
        sa_column_kwargs={"autoincrement": False} if primary_key else {},
    )


def real() -> Any:
    """A column that holds a measured number, such as a score. Points are never one."""
    return Field(sa_type=cast(Any, sa.Double()))


def day(*, default: Any = ..., primary_key: bool = False) -> Any:
    """A column that holds a date."""
    return Field(default=default, sa_type=cast(Any, sa.Date()), primary_key=primary_key)


def binary(*, default: Any = ...) -> Any:
    """A column that holds bytes."""
    return Field(default=default, sa_type=cast(Any, sa.LargeBinary()))


def one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    """A CHECK that the column holds one of the words."""
    words = ", ".join(f"'{member.value}'" for member in kind)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def refers(columns: str, table: str, keys: str) -> ForeignKeyConstraint:
    """A foreign key inside the organization: `refers("giver_id", "member", "id")`; several columns are parted by spaces."""
    mine = ["organization_id", *columns.split()]
    theirs = [f"{table}.{name}" for name in ("organization_id", *keys.split())]
    return ForeignKeyConstraint(mine, theirs)


class TenantTable(SQLModel):
    """A table whose rows belong to an organization: its id leads the primary key, every unique key and every foreign key."""

    organization_id: UUID = key()

    model_config: ClassVar[Any] = {"arbitrary_types_allowed": True}


T = TypeVar("T", bound=SQLModel)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The SQLAlchemy table behind a model."""
    return cast(sa.Table, cast(Any, model).__table__)


def columns(model: type[SQLModel]) -> Any:
    """The columns of a model by name, for conditions and order: `columns(Member).status == …`."""
    return table_of(model).c


def scoped(model: type[TenantTable], organization_id: UUID, *chosen: Any) -> sa.Select[Any]:
    """The way in to a tenant's table: a SELECT that sees one organization only, of all columns or of the `chosen`."""
    table = table_of(model)
    return sa.select(*(chosen or table.c)).where(table.c.organization_id == organization_id)


def insert(model: type[SQLModel], dialect: str) -> Any:
    """An INSERT that can say what becomes of a row that is there already (`on_conflict_…`), in this database's dialect."""
    return (sqlite if dialect == "sqlite" else postgresql).insert(table_of(model))


def tenant_models() -> Iterator[type[TenantTable]]:
    """Every table that belongs to an organization."""
    for mapper in SQLModel._sa_registry.mappers:
        if issubclass(mapper.class_, TenantTable):
            yield mapper.class_


Codec = Callable[[Any], Any] | None


def codecs(types: list[Any], dialect: Dialect) -> tuple[list[Codec], list[Codec]]:
    """How values of these column types are written to and read from a database, as SQLAlchemy itself would."""
    # A Double comes as a float from both drivers, and PostgreSQL's dialect would ask what the driver calls it.
    read = [
        kind.dialect_impl(dialect).result_processor(dialect, None) if not isinstance(kind, sa.Double) else None for kind in types
    ]
    return [kind.dialect_impl(dialect).bind_processor(dialect) for kind in types], read


def coded(codec_list: list[Codec], rows: list[Any]) -> list[tuple[Any, ...]]:
    """Rows with every column put through its codec; column by column, since most columns need none."""
    if not rows or not any(codec_list):
        return rows
    turned = [
        column if codec is None else [codec(value) for value in column]
        for codec, column in zip(codec_list, zip(*rows, strict=True), strict=True)
    ]
    return list(zip(*turned, strict=True))
