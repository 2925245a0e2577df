"""News about rewards: members are told what became of their requests, and admins are asked, in direct messages."""

from collections.abc import Awaitable, Callable, Sequence
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from app import reward
from app.core.actor import Permission
from app.db import Database, columns, scoped
from app.organization import MemberStatus
from app.reward import Provider, RedemptionStatus
from integrations.slack import gifts, jobs, layouts, people, preferences, rewards
from integrations.slack.api import Denied, Slack
from integrations.slack.jobs import Job, Kind, spoken
from integrations.slack.layouts import News
from integrations.slack.models import Choice, SlackDelivery
from integrations.slack.workspaces import Workspace

_STANDS = {
    "approved": RedemptionStatus.TO_FULFIL,
    "rejected": RedemptionStatus.REJECTED,
    "fulfilled": RedemptionStatus.FULFILLED,
    "refunded": RedemptionStatus.REFUNDED,
}
"""While what is to be told is the last that became of it."""
_GONE = frozenset({"message_not_found", "channel_not_found", "cant_update_message"})


class RewardNews:
    """Does the jobs about redemptions."""

    def __init__(self, database: Database, slack: Slack) -> None:
        self.database = database
        self.slack = slack
        self.does: dict[Kind, Callable[[Workspace, Job], Awaitable[Sequence[sa.Executable]]]] = {
            Kind.ASK: self._ask,
            Kind.SETTLE: self._settle,
            Kind.NEWS: self._tell,
        }

    async def _tell(self, workspace: Workspace, job: Job) -> Sequence[sa.Executable]:
        """Tells a member, however it is told of thanks: it has asked for this itself. What was overtaken is left unsaid."""
        here, id_ = workspace.organization_id, UUID(job.redemption)
        async with self.database.read() as connection:
            row = await rewards.redeemed(connection, workspace, id_)
            if row is None or row.status is not _STANDS[job.step]:
                return ()
            balance = await gifts.balance(connection, workspace, row.member_id)
            said = await reward.reads.words(connection, here, [UUID(job.said)]) if job.said else {}
        has_code = row.provider is Provider.VOUCHER and row.status is RedemptionStatus.FULFILLED
        words = said.get(UUID(job.said), "") if job.said else ""
        shown = layouts.Claimed(
            job.redemption,
            row.reward_name,
            row.price_points,
            cast(News, job.step),
            balance,
            words,
            has_code,
        )
        message = layouts.claimed(workspace.unit, shown)
        await self.slack.call(workspace, "chat.postMessage", channel=job.user, unfurl_links=False, **spoken(message))
        return ()

    async def _ask(self, workspace: Workspace, job: Job) -> Sequence[sa.Executable]:
        """Asks an admin, unless it is decided, or the admin is none any more or wants no messages: Home shows it anyway."""
        async with self.database.read() as connection:
            question = await rewards.question(connection, workspace, UUID(job.redemption))
            account = (await people.by_user(connection, workspace, [job.user])).get(job.user)
            preference = await preferences.of(connection, workspace, job.user)
        if question is None or question.step == "over" or (preference is not None and preference.notify is Choice.NEVER):
            return ()
        if account is None or account.member_id is None or account.status is not MemberStatus.ACTIVE:
            return ()
        if not account.actor(workspace.organization_id).may(Permission.REDEMPTION_DECIDE):
            return ()
        message = layouts.asked(workspace.unit, question)
        told = await self.slack.call(workspace, "chat.postMessage", channel=job.user, unfurl_links=False, **spoken(message))
        channel, ts = str(told.get("channel") or job.user), str(told["ts"])
        return (jobs.told_at(workspace.organization_id, job, channel, ts),)

    async def _settle(self, workspace: Workspace, job: Job) -> Sequence[sa.Executable]:
        """What was decided takes the place of what could be pressed."""
        once = jobs.asking(UUID(job.redemption), job.user)
        asked = scoped(SlackDelivery, workspace.organization_id).where(columns(SlackDelivery).once == once)
        async with self.database.read() as connection:
            row = (await connection.execute(asked)).one_or_none()
            question = await rewards.question(connection, workspace, UUID(job.redemption))
        place = jobs.parse(row.job) if row is not None else None
        if place is None or not place.ts or question is None:
            return ()  # It was never asked.
        message = layouts.asked(workspace.unit, question)
        try:
            await self.slack.call(workspace, "chat.update", channel=place.channel, ts=place.ts, **spoken(message))
        except Denied as denied:
            if denied.error not in _GONE:
                raise
        return ()
