"""What a person chose about being told, and what it has seen: small facts outside the chain."""

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import Database, columns, insert, scoped
from integrations.slack.models import Choice, SlackPreference
from integrations.slack.workspaces import Workspace

_AT_FIRST = {"notify": Choice.ALWAYS, "home": "", "received_before": False, "reactions_told": 0}


async def of(connection: AsyncConnection, workspace: Workspace, user_id: str) -> SlackPreference | None:
    """What this person chose and has seen; None: nothing yet."""
    statement = scoped(SlackPreference, workspace.organization_id).where(columns(SlackPreference).user_id == user_id)
    return cast(SlackPreference | None, (await connection.execute(statement)).one_or_none())


async def change(database: Database, workspace: Workspace, user_id: str, **values: Any) -> None:
    """Writes some of it down."""
    async with database.bookkeeping() as connection:
        await connection.execute(changed(database, workspace, user_id, **values))


def changed(database: Database, workspace: Workspace, user_id: str, **values: Any) -> sa.Executable:
    """The statement that writes some of it down."""
    key = {"organization_id": workspace.organization_id, "user_id": user_id}
    row = insert(SlackPreference, database.dialect).values({**key, **_AT_FIRST, **values})
    return cast(sa.Executable, row.on_conflict_do_update(index_elements=list(key), set_=values))
