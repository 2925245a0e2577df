"""Channels: whether one is private or shared with another company, as Slack said within the hour."""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.core.clock import Clock
from app.db import Database, columns, insert, scoped
from integrations.slack.api import Slack, SlackError
from integrations.slack.models import SlackChannel
from integrations.slack.workspaces import Workspace

REMEMBERED = timedelta(hours=1)
SEEN = timedelta(minutes=1)
"""So long a process goes by what it read itself."""
UNANSWERED = timedelta(seconds=30)
"""A question that had no answer is not asked again for so long."""
SEEN_MAX = 10_000
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
        self._seen: dict[tuple[str, str], tuple[ChannelFacts | None, datetime]] = {}
        """What is known of a channel, and until when; None: nobody knows."""

    async def facts(self, workspace: Workspace, channel_id: str, *, seconds: float = 1.0) -> ChannelFacts | None:
        """What the channel is; None when nobody knows. Direct messages are private, and are not asked about."""
        if not channel_id or channel_id.startswith(("D", "U")):
            return ChannelFacts("", is_private=True, is_shared=False)
        key, now = (workspace.team_id, channel_id), self.clock()
        facts, until = self._seen.get(key, (None, now))
        if until > now:
            return facts
        facts = await self._kept(workspace, channel_id) or await self._asked(workspace, channel_id, seconds)
        if len(self._seen) >= SEEN_MAX:
            self._seen.clear()
        self._seen[key] = facts, now + (SEEN if facts is not None else UNANSWERED)
        return facts

    async def _kept(self, workspace: Workspace, channel_id: str) -> ChannelFacts | None:
        statement = scoped(SlackChannel, workspace.organization_id).where(columns(SlackChannel).channel_id == channel_id)
        async with self.database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None or self.clock() - row.seen_at >= REMEMBERED:
            return None
        return ChannelFacts(row.name, row.is_private, row.is_shared)

    async def _asked(self, workspace: Workspace, channel_id: str, seconds: float) -> ChannelFacts | None:
        if not workspace.scopes & _SCOPES:
            return None
        try:
            told = await self.slack.call(workspace, "conversations.info", seconds=seconds, channel=channel_id)
        except SlackError as error:
            log.info("channel %s of workspace %s: %s", channel_id, workspace.team_id, error)
            return None
        return await self._keep(workspace, channel_id, told["channel"])

    async def _keep(self, workspace: Workspace, channel_id: str, told: dict[str, Any]) -> ChannelFacts:
        private = bool(told.get("is_private") or told.get("is_im") or told.get("is_mpim") or told.get("is_group"))
        shared = bool(told.get("is_ext_shared") or told.get("is_pending_ext_shared"))
        facts = ChannelFacts(str(told.get("name") or ""), private, shared)
        key = {"organization_id": workspace.organization_id, "channel_id": channel_id}
        values = {**facts._asdict(), "seen_at": self.clock()}
        async with self.database.bookkeeping() as connection:
            row = insert(SlackChannel, self.database.dialect).values({**key, **values})
            await connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))
        return facts
