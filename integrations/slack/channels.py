"""Channels: whether one is private or shared with another company, as Slack said within the hour."""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.dialects import postgresql, sqlite

from app.core.clock import Clock
from app.db import Database, columns, scoped, table_of
from integrations.slack.api import Slack, SlackError
from integrations.slack.models import SlackChannel
from integrations.slack.workspaces import Workspace

REMEMBERED = timedelta(hours=1)
SEEN = timedelta(minutes=1)
"""So long a process goes by what it read itself."""
FORGOTTEN = timedelta(seconds=30)
"""A question that had no answer is not asked again for so long."""
_SCOPES = frozenset({"channels:read", "groups:read"})
log = logging.getLogger("plaudit.slack")


class ChannelFacts(NamedTuple):
    """What is known of a channel."""

    name: str
    is_private: bool
    is_shared: bool


class Channels:
    """Asks Slack about a channel once an hour at most, and never where the scope for it is missing."""

    def __init__(self, database: Database, slack: Slack, clock: Clock) -> None:
        self.database = database
        self.slack = slack
        self.clock = clock
        self._unanswered: dict[tuple[str, str], Any] = {}
        self._seen: dict[tuple[str, str], tuple[ChannelFacts, datetime]] = {}

    async def facts(self, workspace: Workspace, channel_id: str, *, seconds: float = 1.0) -> ChannelFacts | None:
        """What the channel is; None when nobody knows. Direct messages are private, and are not asked about."""
        if not channel_id or channel_id.startswith(("D", "U")):
            return ChannelFacts("", is_private=True, is_shared=False)
        now, key = self.clock(), (workspace.team_id, channel_id)
        facts, seen_at = self._seen.get(key, (None, now))
        if facts is not None and now - seen_at < SEEN:
            return facts
        statement = scoped(SlackChannel, workspace.organization_id).where(columns(SlackChannel).channel_id == channel_id)
        async with self.database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is not None and now - row.seen_at < REMEMBERED:
            known = ChannelFacts(row.name, row.is_private, row.is_shared)
            self._seen[key] = known, now
            return known
        asked = self._unanswered.get((workspace.team_id, channel_id))
        if not workspace.scopes & _SCOPES or (asked is not None and now - asked < FORGOTTEN):
            return None
        try:
            told = await self.slack.call(workspace, "conversations.info", seconds=seconds, channel=channel_id)
        except SlackError as error:
            log.info("channel %s of workspace %s: %s", channel_id, workspace.team_id, error)
            self._unanswered[workspace.team_id, channel_id] = now
            return None
        return await self._keep(workspace, channel_id, told["channel"])

    async def _keep(self, workspace: Workspace, channel_id: str, told: dict[str, Any]) -> ChannelFacts:
        private = bool(told.get("is_private") or told.get("is_im") or told.get("is_mpim") or told.get("is_group"))
        shared = bool(told.get("is_ext_shared") or told.get("is_pending_ext_shared"))
        facts = ChannelFacts(str(told.get("name") or ""), private, shared)
        table = table_of(SlackChannel)
        insert: Any = sqlite.insert(table) if self.database.is_sqlite else postgresql.insert(table)
        key = {"organization_id": workspace.organization_id, "channel_id": channel_id}
        values = {**facts._asdict(), "seen_at": self.clock()}
        async with self.database.bookkeeping() as connection:
            row = insert.values({**key, **values})
            await connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))
        return facts
