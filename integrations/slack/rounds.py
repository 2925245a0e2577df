"""Rounds: once a day, and after an installation, everyone in a workspace is looked through; and yesterday's papers go."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from app.core.errors import Busy, PlauditError
from app.db import Database, columns, insert, scoped, table_of
from integrations.slack import drafts, groups, jobs
from integrations.slack.api import Slack, SlackError
from integrations.slack.models import SlackRound
from integrations.slack.people import People
from integrations.slack.workspaces import Workspace, Workspaces

EVERY = timedelta(hours=24)
CLAIMED = timedelta(minutes=15)
TIDY = timedelta(hours=1)
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
        self._tidied_at: datetime | None = None

    async def go(self) -> int:
        """Goes round every workspace for which it is time; returns their number. Old papers go whether Slack answers or not."""
        await self._tidy()
        number = 0
        for workspace in await self.workspaces.connected():
            if not await self._claim(workspace):
                continue
            number += 1
            try:
                await self.visit(workspace)
            except (SlackError, Busy) as error:
                log.warning("the people of workspace %s wait for the next round: %s", workspace.team_id, error)
                await self._write(workspace.organization_id, claimed_until=self.database.clock() + AGAIN)
            except PlauditError:
                log.exception("the round of workspace %s failed", workspace.team_id)
                await self._write(workspace.organization_id, claimed_until=self.database.clock() + AGAIN)
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
        seen = {"people_at": self.database.clock(), "claimed_until": None, "emoji": orjson.dumps(aliases).decode()}
        await self._write(workspace.organization_id, **seen)
        log.info("workspace %s has %d people", workspace.team_id, people)
        return people

    async def _tidy(self) -> None:
        """Forgets, once an hour, what was kept for a time: also where Slack does not answer, or the app is gone."""
        now = self.database.clock()
        if self._tidied_at is not None and now - self._tidied_at < TIDY:
            return
        for organization_id in await self.workspaces.organizations():
            async with self.database.bookkeeping() as connection:
                await jobs.purge(connection, organization_id, now)
                await drafts.purge(connection, organization_id, now)
        self._tidied_at = now

    async def again(self, organization_id: UUID) -> None:
        """Makes the next round of a workspace due at once."""
        await self._write(organization_id, people_at=None, claimed_until=None)

    async def _claim(self, workspace: Workspace) -> bool:
        seen, now = columns(SlackRound), self.database.clock()
        async with self.database.read() as connection:
            row = (await connection.execute(scoped(SlackRound, workspace.organization_id))).one_or_none()
        if row is not None and row.people_at is not None and now - row.people_at < EVERY:
            return False
        if row is not None and row.claimed_until is not None and row.claimed_until > now:
            return False
        if row is None:
            await self._write(workspace.organization_id)
        claimed = (
            sa.update(table_of(SlackRound))
            .where(seen.organization_id == workspace.organization_id)
            .where(sa.or_(seen.claimed_until.is_(None), seen.claimed_until <= now))
            .where(sa.or_(seen.people_at.is_(None), seen.people_at <= now - EVERY))
            .values(claimed_until=now + CLAIMED)
        )
        async with self.database.bookkeeping() as connection:
            return (await connection.execute(claimed)).rowcount == 1

    async def _write(self, organization_id: UUID, **values: Any) -> None:
        row = insert(SlackRound, self.database.dialect).values({"organization_id": organization_id, "emoji": "{}", **values})
        async with self.database.bookkeeping() as connection:
            if values:
                await connection.execute(row.on_conflict_do_update(index_elements=["organization_id"], set_=values))
            else:
                await connection.execute(row.on_conflict_do_nothing())
