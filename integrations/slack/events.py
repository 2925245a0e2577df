"""What happens in Slack without a word to us: messages, mentions, reactions, people who come and go."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from app.core.actor import Door, system
from app.core.errors import Refusal
from app.db import columns, scoped
from app.recognition import BoostRecognition
from integrations.slack import emoji, jobs, layouts, markup, preferences, refusals, telling
from integrations.slack.desk import Asker, Desk, Stopped
from integrations.slack.drafts import Typed
from integrations.slack.giving import Place, ReactInSlack, UnreactInSlack, undo
from integrations.slack.grammar import Giving, Ignored, Mistake, Open, Subcommand, read
from integrations.slack.grammar import Way as Spoken
from integrations.slack.jobs import Job, Kind
from integrations.slack.layouts import Message
from integrations.slack.models import SlackOrigin, SlackPost, Way
from integrations.slack.words import Words
from integrations.slack.workspaces import DisconnectWorkspace, Workspace

FOR_THIS = "for this message"
_SPOKEN_SUBTYPES = frozenset({None, "thread_broadcast", "file_share"})


class Events:
    """Takes events. Whatever it raises makes Slack send the event again, and nothing is done twice."""

    def __init__(self, desk: Desk, words: Words) -> None:
        self.desk = desk
        self.words = words
        self.database = desk.database
        self._takes: dict[str, Callable[[Workspace, dict[str, Any], dict[str, Any]], Awaitable[None]]] = {
            "app_home_opened": self._home_opened,
            "app_mention": self._mentioned,
            "app_uninstalled": self._uninstalled,
            "message": self._message,
            "reaction_added": self._reaction_added,
            "reaction_removed": self._reaction_removed,
            "team_join": self._person,
            "tokens_revoked": self._tokens_revoked,
            "user_change": self._person,
        }

    async def take(self, workspace: Workspace, body: dict[str, Any]) -> None:
        """Takes one event; kinds that nobody asked for are let go."""
        event = body.get("event") or {}
        takes = self._takes.get(str(event.get("type")))
        if takes is not None:
            await takes(workspace, event, body)

    async def _tell(self, workspace: Workspace, event: Mapping[str, Any], message: Message, once: str) -> None:
        """Answers whoever caused the event, once, where only they see it."""
        channel, user = str(event.get("channel") or ""), str(event["user"])
        said = jobs.spoken(message)
        job = Job(Kind.TELL, once, f"tell:{channel}:{user}", channel=channel, user=user, thread=_thread(event), message=said)
        async with self.database.bookkeeping() as connection:
            await jobs.plan(connection, workspace.organization_id, [(0, job)], self.database.clock())

    async def _asker(self, workspace: Workspace, event: Mapping[str, Any]) -> Asker | None:
        """The member who caused the event; None for apps and strangers, to whom nothing is said."""
        try:
            return await self.desk.asker(workspace, str(event["user"]), event.get("user_team") or event.get("team"))
        except Stopped:
            return None

    async def _mentioned(self, workspace: Workspace, event: dict[str, Any], _body: dict[str, Any]) -> None:
        ours = f"<@{workspace.bot_user_id}"
        text = str(event.get("text") or "").lstrip()
        if event.get("bot_id") or event.get("edited") or not event.get("user") or not text.startswith(ours):
            return
        said = text[text.index(">") + 1 :] if ">" in text else ""
        facts = await self.desk.channels.facts(workspace, str(event["channel"]))
        # Where nobody knows whether a channel is private, it is: what was said in one never leaves it.
        private = facts is None or facts.is_private
        typed = _typed(workspace, event, Way.MENTION, private=private, post_to=str(event["channel"]))
        await self._spoken(workspace, event, said, typed, Spoken.MENTION)

    async def _message(self, workspace: Workspace, event: dict[str, Any], body: dict[str, Any]) -> None:
        subtype = event.get("subtype")
        if subtype == "message_deleted":
            await self._deleted(workspace, event)
        elif subtype == "message_changed":
            await self._edited(workspace, event)
        elif subtype in _SPOKEN_SUBTYPES and event.get("user") and not event.get("bot_id"):
            if event.get("channel_type") == "im":
                await self._direct(workspace, event)
            elif workspace.terms.messages:
                await self._overheard(workspace, event)

    async def _direct(self, workspace: Workspace, event: dict[str, Any]) -> None:
        """What is said to us alone is read as after the command."""
        if event.get("edited"):
            return
        typed = _typed(workspace, event, Way.DIRECT, private=True)
        await self._spoken(workspace, event, str(event.get("text") or ""), typed, Spoken.DIRECT)

    async def _overheard(self, workspace: Workspace, event: dict[str, Any]) -> None:
        """A message in a channel gives where it says so: `@name ++`."""
        text = markup.from_blocks(event.get("blocks") or [])
        if text is None:
            text = markup.without_code_and_quotes(str(event.get("text") or ""))
        if f"<@{workspace.bot_user_id}" in text:
            return  # A mention of ours comes as an event of its own.
        if isinstance(read(text, Spoken.MESSAGE, emoji.words(workspace)), Ignored):
            return
        kind = event.get("channel_type")
        facts = await self.desk.channels.facts(workspace, str(event["channel"])) if kind is None else None
        private = kind != "channel" if kind is not None else facts is None or facts.is_private
        typed = _typed(workspace, event, Way.MESSAGE, private=private, post_to=str(event["channel"]))
        await self._spoken(workspace, event, text, replace(typed, thread=_thread(event) or typed.ts), Spoken.MESSAGE)

    async def _spoken(self, workspace: Workspace, event: dict[str, Any], text: str, typed: Typed, how: Spoken) -> None:
        """Reads what was said, and gives; the receipt of what was given follows by way of the feed."""
        asker = await self._asker(workspace, event)
        if asker is None:
            return
        reading = read(text, how, emoji.words(workspace))
        key = f"slack:message:{typed.channel}:{typed.ts}:{asker.user_id}"
        once = f"answer:{typed.channel}:{typed.ts}"
        if isinstance(reading, Giving) and reading.points is not None:
            said = await self.desk.typed(asker, reading, typed)
            outcome = await self.desk.outcome(asker, said, key)
            if isinstance(outcome, Message):
                await self._tell(workspace, event, outcome, once)
        elif isinstance(reading, Subcommand):
            try:
                await self._tell(workspace, event, await self.words.answer(asker, reading, key), once)
            except Refusal as refusal:
                await self._tell(workspace, event, refusals.failed(refusal), once)
        elif isinstance(reading, Mistake):
            await self._tell(workspace, event, refusals.mistyped(reading), once)
        elif isinstance(reading, Open | Giving):
            await self._tell(workspace, event, layouts.refusal("Say how much, or use the form.", [refusals.OPEN_FORM]), once)

    async def _deleted(self, workspace: Workspace, event: dict[str, Any]) -> None:
        """A message that gave was deleted: what it gave is taken back, within the window."""
        channel, ts = str(event["channel"]), str(event.get("deleted_ts") or "")
        origin = await self._origin(workspace, channel, ts)
        if origin is None:
            return
        try:
            asker = await self.desk.asker(workspace, origin.user_id)
            await self.database.submit(undo(asker.actor, origin.gift_id, f"slack:deleted:{channel}:{ts}", is_boost=False))
        except (Stopped, Refusal) as refusal:
            said = {"channel": channel, "user": origin.user_id}
            if isinstance(refusal, Refusal):
                await self._tell(workspace, said, refusals.not_undone(refusal), f"deleted:{channel}:{ts}")

    async def _edited(self, workspace: Workspace, event: dict[str, Any]) -> None:
        """Editing changes no points: whoever edits a message that gave is told so, once."""
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        if not message.get("edited") or message.get("text") == before.get("text"):
            return
        channel, ts = str(event["channel"]), str(message.get("ts") or "")
        origin = await self._origin(workspace, channel, ts)
        if origin is not None:
            told = layouts.note("Editing doesn't change what was given. To change it, undo it and give again.")
            await self._tell(workspace, {"channel": channel, "user": origin.user_id}, told, f"edited:{channel}:{ts}")

    async def _origin(self, workspace: Workspace, channel: str, ts: str) -> SlackOrigin | None:
        """What a message gave by what it says."""
        origin = columns(SlackOrigin)
        statement = scoped(SlackOrigin, workspace.organization_id).where(
            origin.channel_id == channel, origin.message_ts == ts, origin.way.in_([Way.MESSAGE, Way.MENTION])
        )
        async with self.database.read() as connection:
            return cast(SlackOrigin | None, (await connection.execute(statement.limit(1))).one_or_none())

    async def _reaction_added(self, workspace: Workspace, event: dict[str, Any], _body: dict[str, Any]) -> None:
        item = event.get("item") or {}
        if not workspace.terms.reactions or not await self._counts(workspace, event) or item.get("type") != "message":
            return
        asker = await self._asker(workspace, {"user": event["user"]})
        if asker is None:
            return
        channel, ts = str(item["channel"]), str(item["ts"])
        about = {"channel": channel, "user": event["user"]}
        once = f"answer:reaction:{channel}:{ts}:{asker.user_id}:{event['event_ts']}"
        try:
            act = await self._reacted(asker, event, channel, ts)
            if act is not None:
                await self.database.submit(act)
        except Stopped as stopped:
            await self._tell(workspace, about, stopped.message, once)
        except Refusal as refusal:
            await self._tell(workspace, about, refusals.failed(refusal), once)

    async def _reacted(self, asker: Asker, event: dict[str, Any], channel: str, ts: str) -> ReactInSlack | None:
        """What a reaction does: it adds to a post of ours, or thanks whoever wrote the message."""
        workspace, moved = asker.workspace, str(event["event_ts"])
        key = f"slack:reaction:{channel}:{ts}:{asker.user_id}:{moved}"
        points = workspace.terms.points_per_emoji
        post = columns(SlackPost)
        ours = scoped(SlackPost, workspace.organization_id).where(post.channel_id == channel, post.message_ts == ts)
        async with self.database.read() as connection:
            row = (await connection.execute(ours)).one_or_none()
        place = Place(workspace.team_id, asker.user_id, Way.REACTION, channel, "", "", ts)
        if row is not None:
            return ReactInSlack(BoostRecognition(asker.actor, row.recognition_id, points, key, b"slack"), place, moved)
        author = str(event.get("item_user") or "")
        if not author or author == workspace.bot_user_id:
            return None
        facts = await self.desk.channels.facts(workspace, channel)
        link = telling.permalink(workspace, channel, ts)
        typed = Typed(
            Way.REACTION,
            (author,),
            points=points,
            message=f"{FOR_THIS} {link}",
            channel=channel,
            private=facts is None or facts.is_private,
            ts=ts,
            permalink=link,
        )
        return ReactInSlack(await self.desk.command(asker, typed, key), replace(place, permalink=link), moved)

    async def _reaction_removed(self, workspace: Workspace, event: dict[str, Any], _body: dict[str, Any]) -> None:
        item = event.get("item") or {}
        if not await self._counts(workspace, event) or item.get("type") != "message":
            return
        asker = await self._asker(workspace, {"user": event["user"]})
        if asker is None:
            return
        channel, ts = str(item["channel"]), str(item["ts"])
        place = Place(workspace.team_id, asker.user_id, Way.REACTION, channel, "", "", ts)
        try:
            await self.database.submit(UnreactInSlack(asker.actor, place, str(event["event_ts"])))
        except Refusal as refusal:
            about = {"channel": channel, "user": event["user"]}
            once = f"answer:unreaction:{channel}:{ts}:{asker.user_id}:{event['event_ts']}"
            await self._tell(workspace, about, refusals.not_undone(refusal), once)

    async def _counts(self, workspace: Workspace, event: Mapping[str, Any]) -> bool:
        """Whether a reaction is with the emoji that gives."""
        if not event.get("user"):
            return False
        words = emoji.words(workspace)
        return markup.emoji_name(str(event.get("reaction") or "")) in words.emoji

    async def _home_opened(self, workspace: Workspace, event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab", "home") != "home":
            return
        asker = await self._asker(workspace, event)
        if asker is None:
            return
        user, now = asker.user_id, self.database.clock()
        await preferences.change(self.database, workspace, user, home_opened_at=now)
        job = Job(Kind.HOME, f"home:opened:{body.get('event_id')}", jobs.homes(user), user=user)
        async with self.database.bookkeeping() as connection:
            await jobs.plan(connection, workspace.organization_id, [(0, job)], now)

    async def _person(self, workspace: Workspace, event: dict[str, Any], _body: dict[str, Any]) -> None:
        await self.desk.people.enrol(workspace, event["user"])

    async def _uninstalled(self, workspace: Workspace, _event: dict[str, Any], body: dict[str, Any]) -> None:
        await self._disconnect(workspace, body)

    async def _tokens_revoked(self, workspace: Workspace, event: dict[str, Any], body: dict[str, Any]) -> None:
        if (event.get("tokens") or {}).get("bot"):
            await self._disconnect(workspace, body)

    async def _disconnect(self, workspace: Workspace, body: dict[str, Any]) -> None:
        actor = system(workspace.organization_id, Door.SLACK)
        told_at = int(body.get("event_time") or 0)
        await self.database.submit(DisconnectWorkspace(actor, workspace.team_id, told_at))


def _typed(workspace: Workspace, event: Mapping[str, Any], way: Way, *, private: bool, post_to: str = "") -> Typed:
    """Where something was said."""
    channel, ts = str(event["channel"]), str(event["ts"])
    link = telling.permalink(workspace, channel, ts, _thread(event)) if way is not Way.DIRECT else ""
    return Typed(way, channel=channel, private=private, post_to=post_to, thread=_thread(event), ts=ts, permalink=link)


def _thread(event: Mapping[str, Any]) -> str:
    return str(event.get("thread_ts") or "")
