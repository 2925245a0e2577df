"""Telling Slack: how each job is done, from what is true at the moment when it is done."""

import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import organization, recognition
from app.core.errors import Misconfigured
from app.db import Database, Slice, columns, insert, scoped, table_of
from app.recognition import Boost
from integrations.slack import gifts, jobs, layouts, people, preferences, rewards
from integrations.slack.api import Denied, Slack
from integrations.slack.channels import Channels
from integrations.slack.gifts import Shown
from integrations.slack.homes import Homes
from integrations.slack.jobs import TELLING, Job, Kind, spoken
from integrations.slack.layouts import Message
from integrations.slack.models import Choice, PostKind, SlackOrigin, SlackPost, Way
from integrations.slack.reward_news import RewardNews
from integrations.slack.workspaces import Workspace, Workspaces

MARK = "white_check_mark"
LATELY_SECONDS = 1.0
REACTIONS_TOLD = 3
"""Receipts that somebody is shown for points given by an emoji; after that the mark on the message says enough."""
_NOT_IN = frozenset({"channel_not_found", "not_in_channel"})
_NOT_THERE = _NOT_IN | frozenset({"user_not_in_channel", "restricted_action", "is_archived"})
_GONE = frozenset({"message_not_found", "channel_not_found", "no_reaction", "already_reacted", "cant_update_message"})


Statements = Sequence[sa.Executable]
"""What is to be written down in the transaction that says that a job is done."""


class Teller:
    """Does jobs. What cannot be said (any more) is left unsaid; what fails is raised as the call raised it."""

    def __init__(self, database: Database, workspaces: Workspaces, slack: Slack, channels: Channels, homes: Homes) -> None:
        self.database = database
        self.workspaces = workspaces
        self.slack = slack
        self.channels = channels
        self.homes = homes
        self._lately: dict[str, tuple[Shown, float]] = {}
        self._does: dict[Kind, Callable[[Workspace, Job], Awaitable[Statements]]] = {
            Kind.POST: self._post,
            Kind.CHANGE: self._change,
            Kind.DIRECT: self._direct,
            Kind.ADDED: self._added,
            Kind.THANKED: self._thanked,
            Kind.MARK: self._mark,
            Kind.RECEIPT: self._receipt,
            Kind.TELL: self._tell,
            Kind.ANSWER: self._answer,
            Kind.JOIN: self._join,
            Kind.HOME: self._home,
            **RewardNews(database, slack).does,
        }

    async def __call__(self, workspace: Workspace, job: Job) -> Statements:
        """Does one job; returns what is to be written down with its end. Raises what `Slack.call` raises."""
        return await self._does[job.kind](workspace, job)

    async def _shown(self, workspace: Workspace, job: Job) -> Shown | None:
        """The recognition as it is; where it is told for the first time, as it was within the second: its channel and each of its
        recipients are told at once, and what changes meanwhile is told after it."""
        for id_ in [id_ for id_, (_, since) in self._lately.items() if since + LATELY_SECONDS < time.monotonic()]:
            del self._lately[id_]
        if job.kind in TELLING and job.recognition in self._lately:
            return self._lately[job.recognition][0]
        found = await self._read(workspace, job)
        if found is not None:
            self._lately[job.recognition] = found, time.monotonic()
        return found

    async def _read(self, workspace: Workspace, job: Job) -> Shown | None:
        async with self.database.read() as connection:
            found = (await gifts.shown(connection, workspace, [UUID(job.recognition)])).get(UUID(job.recognition))
            if found is None or found.gift.permalink is not None:
                return found
            link = await self._permalink(connection, workspace, job.recognition)
        return found.with_permalink(link) if link else found

    async def _permalink(self, connection: AsyncConnection, workspace: Workspace, recognition_id: str) -> str:
        """Where the recognition was posted."""
        post = columns(SlackPost)
        kinds = [PostKind.CHANNEL, PostKind.FEED]
        statement = scoped(SlackPost, workspace.organization_id).where(
            post.recognition_id == UUID(recognition_id), post.kind.in_(kinds)
        )
        row = (await connection.execute(statement.order_by(post.kind).limit(1))).one_or_none()
        return permalink(workspace, row.channel_id, row.message_ts) if row is not None else ""

    async def _post(self, workspace: Workspace, job: Job) -> Statements:
        found = await self._shown(workspace, job)
        if found is None or found.row.revoked_at is not None:
            return ()
        facts = await self.channels.facts(workspace, job.channel)
        if facts is not None and facts.is_shared:
            return ()  # What is said among us is not said in front of another company.
        source = found.gift.channel_id if job.feed else None
        message = layouts.post(workspace.unit, found.gift, can_open_url=None, source_channel=source)
        if job.channel.startswith("D"):
            await self._respond(workspace, found.origin, message)
            return ()
        arguments = {**spoken(message), "thread_ts": job.thread, "unfurl_links": False, "unfurl_media": False}
        try:
            told = await self.slack.call(workspace, "chat.postMessage", channel=job.channel, **arguments)
        except Denied as denied:
            if denied.error not in _NOT_IN or job.feed or found.origin is None:
                raise
            if found.origin.response_url:
                await self._respond(workspace, found.origin, message)
            else:
                sentence = (
                    f"I could not post in <#{job.channel}>, as I am not in it. Invite me there with `/invite`. All else is done."
                )
                await self.say(workspace, "", found.origin.user_id, "", spoken(layouts.note(sentence)))
            return ()
        kind = PostKind.FEED if job.feed else PostKind.CHANNEL
        return (self._remembered(workspace, job.recognition, str(told.get("channel") or job.channel), str(told["ts"]), kind),)

    async def _respond(self, workspace: Workspace, origin: SlackOrigin | None, message: Message) -> None:
        """Speaks where the bot is not, by the address that came with the command."""
        if origin is None or not origin.response_url:
            return
        with contextlib.suppress(Misconfigured):
            url = self.workspaces.seal.open(origin.response_url)
            # No `ts` comes back: it cannot be changed later, so that it offers nothing to press that would need it.
            await self.slack.respond(url, {"response_type": "in_channel", **spoken(message), "metadata": None})

    async def _change(self, workspace: Workspace, job: Job) -> Statements:
        found = await self._shown(workspace, job)
        if found is None:
            return ()
        if job.gift == Kind.MARK:
            await self._unmark(workspace, job, found)
            return ()
        post = columns(SlackPost)
        statement = scoped(SlackPost, workspace.organization_id).where(post.recognition_id == found.row.id)
        if job.gift == Kind.DIRECT:
            statement = statement.where(post.kind == PostKind.DIRECT, post.user_id == job.user)
        else:
            statement = statement.where(post.channel_id == job.channel, post.kind != PostKind.DIRECT)
        async with self.database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return ()
        with contextlib.suppress(_Gone):
            if job.gift == Kind.DIRECT:
                message = await self._received(workspace, found, job.user, first=False)
                if message is not None:
                    await self._update(workspace, row, message)
            elif found.row.revoked_at is None:
                source = found.gift.channel_id if row.kind is PostKind.FEED else None
                await self._update(
                    workspace, row, layouts.post(workspace.unit, found.gift, can_open_url=None, source_channel=source)
                )
            elif await self._has_answers(workspace, row):
                await self._update(workspace, row, layouts.taken_back(found.gift))
            else:
                await self._call(workspace, "chat.delete", channel=row.channel_id, ts=row.message_ts)
        return ()

    async def _update(self, workspace: Workspace, row: SlackPost, message: Message) -> None:
        await self._call(workspace, "chat.update", channel=row.channel_id, ts=row.message_ts, **spoken(message))

    async def _call(self, workspace: Workspace, method: str, **arguments: Any) -> dict[str, Any]:
        try:
            return await self.slack.call(workspace, method, **arguments)
        except Denied as denied:
            if denied.error in _GONE:
                raise _Gone from denied
            raise

    async def _has_answers(self, workspace: Workspace, row: SlackPost) -> bool:
        """Whether somebody has replied or reacted; where we may not look, as if."""
        if "reactions:read" not in workspace.scopes:
            return True
        told = await self._call(workspace, "reactions.get", channel=row.channel_id, timestamp=row.message_ts, full=True)
        message = told.get("message") or {}
        return bool(message.get("reactions") or message.get("reply_count"))

    async def _direct(self, workspace: Workspace, job: Job) -> Statements:
        found = await self._shown(workspace, job)
        if found is None or found.row.revoked_at is not None:
            return ()
        async with self.database.read() as connection:
            preference = await preferences.of(connection, workspace, job.user)
        if preference is not None and preference.notify is Choice.NEVER:
            return ()
        message = await self._received(workspace, found, job.user, first=preference is None or not preference.received_before)
        if message is None:
            return ()
        told = await self.slack.call(workspace, "chat.postMessage", channel=job.user, unfurl_links=False, **spoken(message))
        channel, ts = str(told.get("channel") or job.user), str(told["ts"])
        kept = self._remembered(workspace, job.recognition, channel, ts, PostKind.DIRECT, job.user)
        if preference is not None and preference.received_before:
            return (kept,)
        return (kept, preferences.changed(self.database, workspace, job.user, received_before=True))

    async def _received(self, workspace: Workspace, found: Shown, user_id: str, *, first: bool) -> Message | None:
        member_id = next((id_ for id_, account in found.accounts.items() if account.user_id == user_id), None)
        if member_id is None:
            return None
        actor = found.accounts[member_id].actor(workspace.organization_id)
        async with self.database.read() as connection:
            balance = await gifts.balance(connection, workspace, member_id)
            has_rewards = await rewards.has_any(connection, actor)
            said = await recognition.reads.comments_pages(connection, workspace.organization_id, [found.row.id], Slice(50))
        if found.row.revoked_at is not None:
            return layouts.received_taken_back(workspace.unit, found.gift, balance)
        thanked = any(author.id == member_id for _, author in said[found.row.id].rows)
        return layouts.received(workspace.unit, found.gift, balance, first=first, rewards=has_rewards, thanked=thanked)

    async def _added(self, workspace: Workspace, job: Job) -> Statements:
        found = await self._shown(workspace, job)
        async with self.database.read() as connection:
            boost = await recognition.reads.boost_row(connection, workspace.organization_id, UUID(job.gift))
            preference = await preferences.of(connection, workspace, job.user)
            if found is None or boost is None or boost.revoked_at is not None:
                return ()
            members = await organization.reads.members_by_id(connection, workspace.organization_id, [boost.giver_id])
            member_id = next((id_ for id_, account in found.accounts.items() if account.user_id == job.user), None)
            if member_id is None or (preference is not None and preference.notify is Choice.NEVER):
                return ()
            balance = await gifts.balance(connection, workspace, member_id)
            accounts = await people.by_member(connection, workspace, [boost.giver_id])
        booster = gifts.person(members[boost.giver_id], accounts)
        message = layouts.boosted(workspace.unit, found.gift, booster, boost.points_each, balance)
        await self.slack.call(workspace, "chat.postMessage", channel=job.user, unfurl_links=False, **spoken(message))
        return ()

    async def _thanked(self, workspace: Workspace, job: Job) -> Statements:
        found = await self._shown(workspace, job)
        async with self.database.read() as connection:
            comment = await recognition.reads.comment_row(connection, workspace.organization_id, UUID(job.gift))
            preference = await preferences.of(connection, workspace, job.user)
            if found is None or comment is None or found.row.revoked_at is not None:
                return ()
            if preference is not None and preference.notify is Choice.NEVER:
                return ()
            members = await organization.reads.members_by_id(connection, workspace.organization_id, [comment.author_id])
            accounts = await people.by_member(connection, workspace, [comment.author_id])
        message = layouts.thanked(gifts.person(members[comment.author_id], accounts), found.gift, comment.text)
        await self.slack.call(workspace, "chat.postMessage", channel=job.user, unfurl_links=False, **spoken(message))
        return ()

    async def _mark(self, workspace: Workspace, job: Job) -> Statements:
        found = await self._shown(workspace, job)
        if found is None or found.row.revoked_at is not None or "reactions:write" not in workspace.scopes:
            return ()
        with contextlib.suppress(_Gone):
            await self._call(workspace, "reactions.add", channel=job.channel, timestamp=job.ts, name=MARK)
        return ()

    async def _unmark(self, workspace: Workspace, job: Job, found: Shown) -> None:
        """Takes the mark off when nothing stands any more that the message has given."""
        if found.row.revoked_at is None or "reactions:write" not in workspace.scopes:
            return
        origin, thanked = columns(SlackOrigin), columns(recognition.Recognition)
        others = (
            scoped(SlackOrigin, workspace.organization_id, origin.gift_id)
            .join_from(
                table_of(SlackOrigin),
                table_of(recognition.Recognition),
                sa.and_(thanked.organization_id == origin.organization_id, thanked.id == origin.recognition_id),
            )
            .where(origin.channel_id == job.channel, origin.message_ts == job.ts, thanked.revoked_at.is_(None))
        )
        async with self.database.read() as connection:
            if (await connection.execute(others.limit(1))).one_or_none() is not None:
                return
        with contextlib.suppress(_Gone):
            await self._call(workspace, "reactions.remove", channel=job.channel, timestamp=job.ts, name=MARK)

    async def _receipt(self, workspace: Workspace, job: Job) -> Statements:
        found = await self._shown(workspace, job)
        if found is None or found.row.revoked_at is not None:
            return ()
        async with self.database.read() as connection:
            preference = await preferences.of(connection, workspace, job.user)
            account = (await people.by_user(connection, workspace, [job.user])).get(job.user)
            boost: Boost | None = None
            if job.gift:
                boost = await recognition.reads.boost_row(connection, workspace.organization_id, UUID(job.gift))
        if account is None or account.member_id is None:
            return ()
        origin = found.origin if not job.gift else None
        by_reaction = bool(job.gift) or (origin is not None and origin.way is Way.REACTION)
        told = preference.reactions_told if preference is not None else 0
        if by_reaction and told >= REACTIONS_TOLD:
            return ()
        standing = await self.homes.standing(workspace, account.member_id)
        if boost is not None:
            sentence = f"Added {workspace.unit.of(boost.points_each)} each to what {found.gift.giver.mention} gave."
            rest = f" You have {layouts.left(standing)}." if standing is not None else ""
            message = layouts.note(f":white_check_mark: {sentence}{rest}")
        else:
            message = layouts.receipt(workspace.unit, found.gift, standing)
        await self.say(workspace, job.channel, job.user, job.thread, spoken(message))
        if by_reaction:
            return (preferences.changed(self.database, workspace, job.user, reactions_told=told + 1),)
        return ()

    async def _tell(self, workspace: Workspace, job: Job) -> Statements:
        await self.say(workspace, job.channel, job.user, job.thread, job.message)
        return ()

    async def _answer(self, workspace: Workspace, job: Job) -> Statements:
        await self.slack.respond(self.workspaces.seal.open(job.url.encode()), job.message)
        return ()

    async def say(self, workspace: Workspace, channel: str, user: str, thread: str, message: dict[str, Any]) -> None:
        """Shows somebody a few words where nobody else sees them: in the channel if that can be, else in a direct message."""
        if channel and not channel.startswith("D"):
            try:
                await self.slack.call(workspace, "chat.postEphemeral", channel=channel, user=user, thread_ts=thread, **message)
                return
            except Denied as denied:
                if denied.error not in _NOT_THERE:
                    raise
        await self.slack.call(workspace, "chat.postMessage", channel=user, unfurl_links=False, **message)

    async def _join(self, workspace: Workspace, job: Job) -> Statements:
        if "channels:join" not in workspace.scopes:
            return ()
        with contextlib.suppress(Denied):  # A private channel is joined by invitation only.
            await self.slack.call(workspace, "conversations.join", channel=job.channel)
        return ()

    async def _home(self, workspace: Workspace, job: Job) -> Statements:
        began = self.database.clock()
        view = await self.homes.view(workspace, job.user)
        if view is None:
            return ()
        await self.slack.call(workspace, "views.publish", user_id=job.user, view=view)
        # It shows everything that was true when it was read: whatever asked for it until then has been told, too.
        return (jobs.overtaken(workspace.organization_id, job.lane, began),)

    def _remembered(
        self, workspace: Workspace, recognition_id: str, channel: str, ts: str, kind: PostKind, user: str = ""
    ) -> sa.Executable:
        values = {
            "organization_id": workspace.organization_id,
            "channel_id": channel,
            "message_ts": ts,
            "recognition_id": UUID(recognition_id),
            "kind": kind,
            "user_id": user,
        }
        return cast(sa.Executable, insert(SlackPost, self.database.dialect).values(values).on_conflict_do_nothing())


class _Gone(Exception):
    """What was to be changed is not there any more."""


def permalink(workspace: Workspace, channel_id: str, message_ts: str, thread_ts: str = "") -> str:
    """The address of a message, as Slack itself makes it."""
    if not (channel_id and message_ts):
        return ""
    thread = f"?thread_ts={thread_ts}&cid={channel_id}" if thread_ts and thread_ts != message_ts else ""
    return f"{workspace.url.rstrip('/')}/archives/{channel_id}/p{message_ts.replace('.', '')}{thread}"
