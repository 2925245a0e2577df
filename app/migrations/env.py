"""Alembic's way in: runs the migrations on the connection that it is handed."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from sqlalchemy.types import TypeDecorator

from app.db import metadata


def render_item(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """Writes our column types as plain SQLAlchemy, so that old migrations do not change when the types do."""
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    implementation = item.impl_instance
    if isinstance(implementation, sa.DateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(implementation, sa.Uuid):
        return 'sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")'
    if isinstance(implementation, sa.String):
        return f"sa.String({implementation.length})"
    return False


def include_object(_item: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """SQLite's own tables are not ours."""
    return not (kind == "table" and name is not None and name.startswith("sqlite_"))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_item=render_item,
    include_object=include_object,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
