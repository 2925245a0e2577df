"""Rounds: once a day, and after an installation, everyone in a workspace is looked through; and yesterday's papers go."""

import logging
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.core.errors import Busy, PlauditError
from app.db import Database, columns, scoped, table_of
from integrations.slack import drafts, groups, jobs
from integrations.slack.api import Slack, SlackError
from integrations.slack.models import SlackRound
from integrations.slack.people import People
from integrations.slack.workspaces import Workspace, Workspaces

EVERY = timedelta(hours=24)
CLAIMED = timedelta(minutes=15)
AGAIN = timedelta(minutes=5)
"""After trouble with Slack."""
log = logging.getLogger("plaudit.slack")


class Rounds:
    """Goes round workspaces. Several processes may try; each round belongs to one."""

    def __init__(self, database: Database, workspaces: Workspaces, people: People, slack: Slack) -> None:
        self.database = database
        self.workspaces = workspaces
        self.people = people
        self.slack = slack

    async def go(self) -> int:
        """Goes round every workspace for which it is time; returns their number."""
        number = 0
        for workspace in await self.workspaces.connected():
            if not await self._claim(workspace):
                continue
            number += 1
            try:
                await self.visit(workspace)
            except (SlackError, Busy) as error:
                log.warning("the people of workspace %s wait for the next round: %s", workspace.team_id, error)
                await self._write(workspace, claimed_until=self.database.clock() + AGAIN, trouble=str(error))
            except PlauditError:
                log.exception("the round of workspace %s failed", workspace.team_id)
                await self._write(workspace, claimed_until=self.database.clock() + AGAIN, trouble="internal error")
        return number

    async def visit(self, workspace: Workspace) -> int:
        """Looks through people, user groups and emoji of a workspace; returns the number of people."""
        people = await self.people.enrol_all(workspace)
        await groups.follow_all(self.database, self.slack, workspace)
        aliases: dict[str, str] = {}
        if "emoji:read" in workspace.scopes:
            told = await self.slack.call(workspace, "emoji.list")
            for name, target in (told.get("emoji") or {}).items():
                if str(target).startswith("alias:"):
                    aliases[str(name)] = str(target).removeprefix("alias:")
        now = self.database.clock()
        emoji = orjson.dumps(aliases).decode()
        await self._write(workspace, people_at=now, claimed_until=None, trouble="", emoji=emoji)
        async with self.database.bookkeeping() as connection:
            await jobs.purge(connection, workspace.organization_id, now)
            await drafts.purge(connection, workspace.organization_id, now)
        log.info("workspace %s has %d people", workspace.team_id, people)
        return people

    async def again(self, workspace: Workspace) -> None:
        """Makes the next round due at once."""
        await self._write(workspace, people_at=None, claimed_until=None)

    async def _claim(self, workspace: Workspace) -> bool:
        seen, now = columns(SlackRound), self.database.clock()
        async with self.database.read() as connection:
            row = (await connection.execute(scoped(SlackRound, workspace.organization_id))).one_or_none()
        if row is not None and row.people_at is not None and now - row.people_at < EVERY:
            return False
        if row is not None and row.claimed_until is not None and row.claimed_until > now:
            return False
        if row is None:
            await self._write(workspace)
        claimed = (
            sa.update(table_of(SlackRound))
            .where(seen.organization_id == workspace.organization_id)
            .where(sa.or_(seen.claimed_until.is_(None), seen.claimed_until <= now))
            .where(sa.or_(seen.people_at.is_(None), seen.people_at <= now - EVERY))
            .values(claimed_until=now + CLAIMED)
        )
        async with self.database.bookkeeping() as connection:
            return (await connection.execute(claimed)).rowcount == 1

    async def _write(self, workspace: Workspace, **values: Any) -> None:
        table = table_of(SlackRound)
        insert: Any = sqlite.insert(table) if self.database.is_sqlite else postgresql.insert(table)
        row = insert.values({"organization_id": workspace.organization_id, "trouble": "", "emoji": "{}", **values})
        async with self.database.bookkeeping() as connection:
            if values:
                await connection.execute(row.on_conflict_do_update(index_elements=["organization_id"], set_=values))
            else:
                await connection.execute(row.on_conflict_do_nothing())
