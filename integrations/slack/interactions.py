"""What members press and fill in: buttons under answers and posts, shortcuts, the form for giving, Home."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from app.core.errors import Code, Refusal
from app.core.ids import new_key
from app.recognition import BoostRecognition, CommentOnRecognition
from integrations.slack import drafts, gifts, jobs, layouts, markup, preferences, telling
from integrations.slack.api import Denied, Slack, SlackError
from integrations.slack.desk import Asker, Desk, Stopped
from integrations.slack.drafts import Typed
from integrations.slack.giving import BoostInSlack, Place, Sent, ThankOnce
from integrations.slack.jobs import Job, Kind
from integrations.slack.layouts import Json, Message
from integrations.slack.models import Choice, Way
from integrations.slack.words import Words

OPEN_SECONDS = 2.0
log = logging.getLogger("plaudit.slack")
THANK_YOU = "Thank you!"
_UNSHOWN = frozenset({"invalid_blocks", "invalid_arguments"})
"""How Slack refuses a view that it cannot show."""


@dataclass(frozen=True, slots=True)
class Press:
    """Something that was pressed, chosen or sent."""

    asker: Asker
    name: str
    """The action's id, or the callback id of a shortcut or a form."""
    value: str
    body: dict[str, Any]
    state: dict[str, Any] = field(default_factory=dict)
    """What was filled in, by block."""

    @property
    def channel(self) -> str:
        """The channel that it was pressed in, or that its form was opened in."""
        here = (self.body.get("channel") or {}).get("id") or (self.body.get("container") or {}).get("channel_id")
        return str(here or self.metadata.get("ch") or "")

    @property
    def trigger(self) -> str:
        """What opens a form, once, within three seconds."""
        return str(self.body.get("trigger_id") or "")

    @property
    def metadata(self) -> dict[str, Any]:
        """What the view carries along."""
        written = (self.body.get("view") or {}).get("private_metadata") or "{}"
        return dict(orjson.loads(written))  # our own words: Slack signs what it sends back

    def chosen(self, block: str) -> Any:
        """What was filled in or chosen in a block; None when it was left empty."""
        element: dict[str, Any] = next(iter((self.state.get(block) or {}).values()), {})
        for name in ("value", "selected_user", "selected_conversation", "selected_users", "selected_conversations"):
            if element.get(name) is not None:
                return element[name]
        if "selected_options" in element:
            return [one["value"] for one in element["selected_options"]]
        return (element.get("selected_option") or {}).get("value")


Answer = dict[str, Any] | None
"""What the press is answered with: `response_action` and the like; None: nothing."""


class Interactions:
    """Takes what members press."""

    def __init__(self, desk: Desk, words: Words, slack: Slack) -> None:
        self.desk = desk
        self.words = words
        self.slack = slack
        self.database = desk.database
        self.takes: dict[str, Callable[[Press], Awaitable[Answer]]] = {
            "give_open": self._open,
            "give_first": self._open,
            "give_kudos": self._open,
            "give_kudos_message": self._open_for_message,
            "give_edit": self._edit,
            "give_send": self._send,
            "give_again": self._again,
            "give_cancel": self._cancel,
            "give_retry": self._retry,
            "give_value": self._value,
            "give": self._submitted,
            "rec_undo": self._undo,
            "rec_menu": self._menu,
            "rec_add": self._add,
            "boost": self._added,
            "say_thanks": self._thank,
            "home_history": self._history,
            "home_page_newer": self._history,
            "home_page_older": self._history,
            "home_back": self._back,
            "home_tab_me": self._back,
            "home_settings": self._notifications,
            "notifications_save": self._notified,
        }

    async def open(self, press: Press, view: Json, *, otherwise: Json | None = None) -> None:
        """Opens a form: the one call that is made at once, as its trigger lives for three seconds. `otherwise`: what to open
        where Slack cannot show the first, as it does not get at a picture."""
        method = "views.push" if (press.body.get("view") or {}).get("type") == "modal" else "views.open"
        given: dict[str, Any] = {"seconds": OPEN_SECONDS, "trigger_id": press.trigger}
        try:
            try:
                await self.slack.call(press.asker.workspace, method, view=view, **given)
            except Denied as denied:
                if otherwise is None or denied.error not in _UNSHOWN:
                    raise
                await self.slack.call(press.asker.workspace, method, view=otherwise, **given)
        except SlackError as error:
            log.info("a form in workspace %s was not opened: %s", press.asker.workspace.team_id, error)
            raise Stopped(layouts.note("Slack didn't open the form. Please try again.")) from error

    async def tell(self, press: Press, message: Message, *, replace: bool = False, once: str = "") -> None:
        """Answers a press in words, in the place of what was pressed where only its reader sees that, once. `once`: what the
        answer is to, where the same may be sent again by another press."""
        workspace, user, url = press.asker.workspace, press.asker.user_id, str(press.body.get("response_url") or "")
        said = jobs.spoken(message)
        once = once or f"press:{press.trigger or new_key()}"
        lane = f"tell:{press.channel}:{user}"
        if url and replace:
            sealed = self.desk.seal.close(url).decode()
            job = Job(Kind.ANSWER, once, lane, url=sealed, message={**said, "replace_original": True})
        else:
            job = Job(Kind.TELL, once, lane, channel=press.channel, user=user, message=said)
        async with self.database.bookkeeping() as connection:
            await jobs.plan(connection, workspace.organization_id, [(0, job)], self.database.clock())

    async def show_form(self, press: Press, typed: Typed, *, quoted: str | None = None) -> None:
        """Opens the form for giving."""
        metadata = {
            "v": 1,
            "k": new_key(),
            "ch": typed.channel,
            "th": typed.thread,
            "ts": typed.ts,
            "pl": typed.permalink,
            "pr": typed.private,
            "u": typed.url,
        }
        try:
            view = await self.desk.form(press.asker, typed, orjson.dumps(metadata).decode(), quoted=quoted)
        except Stopped as stopped:
            await self.tell(press, stopped.message)
            return
        await self.open(press, view)

    async def _open(self, press: Press) -> Answer:
        channel = press.channel if press.value == "command" else ""
        name = str((press.body.get("channel") or {}).get("name") or "")
        private = await self._is_private(press, name) if channel else False
        await self.show_form(press, Typed(Way.FORM, channel=channel, private=private))
        return None

    async def _open_for_message(self, press: Press) -> Answer:
        message = press.body.get("message") or {}
        author = str(message.get("user") or "")
        workspace, ts = press.asker.workspace, str(message.get("ts") or "")
        thread = str(message.get("thread_ts") or "")
        people = (author,) if author and author not in {press.asker.user_id, workspace.bot_user_id} else ()
        link = telling.permalink(workspace, press.channel, ts, thread)
        private = await self._is_private(press, str((press.body.get("channel") or {}).get("name") or ""))
        typed = Typed(Way.FORM, people, channel=press.channel, thread=thread or ts, ts=ts, permalink=link, private=private)
        quoted = markup.plain(str(message.get("text") or ""), {}, {}, {})
        await self.show_form(press, typed, quoted=quoted)
        return None

    async def _is_private(self, press: Press, name: str) -> bool:
        if name:
            return is_private_name(press.channel, name)
        facts = await self.desk.channels.facts(press.asker.workspace, press.channel)
        return facts is None or facts.is_private

    async def _draft(self, press: Press, draft_id: str) -> Typed:
        async with self.database.read() as connection:
            typed = await drafts.kept(connection, press.asker.workspace, press.asker.user_id, draft_id)
        if typed is None:
            raise Stopped(layouts.note("This is too long ago. Please type it again."))
        return typed

    async def _give(self, press: Press, draft_id: str, typed: Typed, *, confirmed: bool, again: bool = False) -> Answer:
        message = await self.desk.give(press.asker, typed, f"slack:draft:{draft_id}", confirmed=confirmed, again=again)
        await self.tell(press, message, replace=True)
        return None

    async def _send(self, press: Press) -> Answer:
        return await self._give(press, press.value, await self._draft(press, press.value), confirmed=True, again=True)

    async def _again(self, press: Press) -> Answer:
        return await self._give(press, press.value, await self._draft(press, press.value), confirmed=False, again=True)

    async def _retry(self, press: Press) -> Answer:
        asked = orjson.loads(press.value)
        typed = (await self._draft(press, str(asked["d"]))).but(points=int(asked["n"]))
        return await self._give(press, f"{asked['d']}:{int(asked['n'])}", typed, confirmed=False)

    async def _value(self, press: Press) -> Answer:
        action = press.body["actions"][0]
        draft_id, hashtag = str(action["block_id"]).removeprefix("draft:"), str(action["selected_option"]["value"])
        typed = await self._draft(press, draft_id)
        typed = typed.but(message=f"{typed.message} #{hashtag}".strip())
        return await self._give(press, f"{draft_id}:{hashtag}", typed, confirmed=False)

    async def _edit(self, press: Press) -> Answer:
        await self.show_form(press, (await self._draft(press, press.value)).but(way=Way.FORM))
        return None

    async def _cancel(self, press: Press) -> Answer:
        await drafts.drop(self.database, press.asker.workspace, press.asker.user_id, press.value)
        await self.tell(press, layouts.note("Nothing was sent."), replace=True)
        return None

    async def _submitted(self, press: Press) -> Answer:
        """The form for giving was sent. What is wrong is said beside what it is wrong with."""
        metadata, where = press.metadata, str(press.chosen("where") or "")
        private = not where or (where == metadata.get("ch") and bool(metadata.get("pr")))
        if where and not private:
            facts = await self.desk.channels.facts(press.asker.workspace, where)
            private = facts.is_private if facts is not None else where != metadata.get("ch")
        value = press.chosen("value")
        typed = Typed(
            Way.FORM,
            tuple(press.chosen("to") or ()),
            points=int(press.chosen("amount") or 0),
            message=str(press.chosen("why") or ""),
            channel=str(metadata.get("ch") or ""),
            private=private,
            post_to=where,
            thread=str(metadata.get("th") or "") if where == metadata.get("ch") else "",
            ts=str(metadata.get("ts") or ""),
            permalink=str(metadata.get("pl") or ""),
            url=str(metadata.get("u") or "") if where == metadata.get("ch") else "",
            hashtags=(str(value),) if value else (),
        )
        try:
            sent = await self.desk.submit(press.asker, typed, f"slack:form:{metadata['k']}", confirmed=True, again=True)
        except Stopped as stopped:
            block = "where" if where in press.asker.workspace.terms.muted_channels else "to"
            return _errors(block, await self._named(press, stopped.message.text.removeprefix("Not sent. "), typed.people))
        except Refusal as refusal:
            block = _FIELDS.get(refusal.field[0] if refusal.field else "", "to")
            if refusal.code is Code.VALUE_REQUIRED and "value" in press.state:
                block = "value"
            return _errors(block, refusal.message)
        await self.tell(press, await self.desk.receipt(press.asker, sent, typed), once=f"form:{metadata['k']}")
        return {"response_action": "clear"}

    async def _named(self, press: Press, sentence: str, user_ids: tuple[str, ...]) -> str:
        """A sentence as plain text: beside a field nothing is read as markup."""
        known = await self.desk.people.known(press.asker.workspace, user_ids)
        names = {user_id: person.name for user_id, person in known.items() if person.name}
        return markup.plain(sentence, names, {}, {})

    async def _undo(self, press: Press) -> Answer:
        key = f"slack:undo:{press.value}"
        message = await self.words.take_back(press.asker, UUID(press.value), key)
        await self.tell(press, message, replace=bool((press.body.get("container") or {}).get("is_ephemeral")))
        return None

    async def _menu(self, press: Press) -> Answer:
        verb, _, id_ = press.value.partition(":")
        if verb == "undo":
            await self.tell(press, await self.words.take_back(press.asker, UUID(id_), f"slack:undo:{id_}"))
        return None

    async def _add(self, press: Press) -> Answer:
        """Opens the form that adds points to a recognition."""
        workspace, id_ = press.asker.workspace, UUID(press.value)
        standing = await self.desk.homes.standing(workspace, press.asker.member_id)
        if standing is None:
            raise Stopped(layouts.note("You aren't set up to give at the moment."))
        async with self.database.read() as connection:
            found = (await gifts.shown(connection, workspace, [id_])).get(id_)
        if found is None or found.row.revoked_at is not None or found.gift.private:
            raise Stopped(layouts.note("This can't be added to any more."))
        metadata = orjson.dumps({"v": 1, "k": new_key(), "r": press.value, "ch": press.channel}).decode()
        initial = min(workspace.terms.points_default or 1, max(standing.remaining, 1))
        await self.open(press, layouts.boost_form(workspace.unit, found.gift, standing, initial, metadata))
        return None

    async def _added(self, press: Press) -> Answer:
        workspace, metadata = press.asker.workspace, press.metadata
        points, key = int(press.chosen("amount") or 0), f"slack:boost:{metadata['k']}"
        boost = BoostRecognition(press.asker.actor, UUID(metadata["r"]), points, key, b"slack")
        place = Place(workspace.team_id, press.asker.user_id, Way.BUTTON, str(metadata.get("ch") or ""))
        try:
            sent: Sent = await self.database.submit(BoostInSlack(boost, place))
        except Refusal as refusal:
            return _errors("amount", refusal.message)
        left = gifts.standing(sent.left, workspace)
        said = f":white_check_mark: Added *{layouts.points(workspace.unit, points)}*. You have {layouts.left(left)}."
        await self.tell(press, layouts.note(said), once=f"form:{metadata['k']}")
        return {"response_action": "clear"}

    async def _thank(self, press: Press) -> Answer:
        """A recipient says thanks: a word under the recognition, of which its giver is told."""
        workspace, id_ = press.asker.workspace, UUID(press.value)
        try:
            await self.database.submit(ThankOnce(CommentOnRecognition(press.asker.actor, id_, THANK_YOU), f"slack:thanks:{id_}"))
        except Refusal as refusal:
            raise Stopped(layouts.note(markup.escape(refusal.message))) from refusal
        user = press.asker.user_id
        change = Job(Kind.CHANGE, f"thanked:{id_}:{user}", jobs.directs(user), str(id_), user=user, gift=str(Kind.DIRECT))
        async with self.database.bookkeeping() as connection:
            await jobs.plan(connection, workspace.organization_id, [(0, change)], self.database.clock())
        return None

    async def show_home(self, press: Press, **state: Any) -> None:
        """Turns Home to one of its parts."""
        workspace, user, now = press.asker.workspace, press.asker.user_id, self.database.clock()
        await preferences.change(self.database, workspace, user, home=orjson.dumps(state).decode(), home_opened_at=now)
        job = Job(Kind.HOME, f"home:press:{press.trigger or new_key()}", jobs.homes(user), user=user)
        async with self.database.bookkeeping() as connection:
            await jobs.plan(connection, workspace.organization_id, [(0, job)], now)

    async def _history(self, press: Press) -> Answer:
        await self.show_home(press, tab="history", page=max(0, int(press.value or 0)))
        return None

    async def _back(self, press: Press) -> Answer:
        await self.show_home(press, tab="me")
        return None

    async def _notifications(self, press: Press) -> Answer:
        async with self.database.read() as connection:
            now = await preferences.of(connection, press.asker.workspace, press.asker.user_id)
        choice = now.notify if now is not None else Choice.ALWAYS
        await self.open(press, layouts.notifications_form(choice, "{}"))
        return None

    async def _notified(self, press: Press) -> Answer:
        choice = Choice(press.chosen("dm") or Choice.ALWAYS)
        await preferences.change(self.database, press.asker.workspace, press.asker.user_id, notify=choice)
        return {"response_action": "clear"}


_FIELDS = {
    "recipientIds": "to",
    "groupIds": "to",
    "pointsEach": "amount",
    "message": "why",
    "valueIds": "value",
    "giverId": "to",
}


def _errors(block: str, sentence: str) -> Answer:
    return {"response_action": "errors", "errors": {block: sentence}}


def is_private_name(channel_id: str, name: str) -> bool:
    """Whether a channel is private, by the name that Slack sends in the place of a private one's."""
    return name in {"directmessage", "privategroup"} or name.startswith("mpdm-") or channel_id.startswith(("D", "G"))
