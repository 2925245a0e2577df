"""What can be asked in words: balance, history, values, top, undo, rewards, help."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from app import organization, recognition
from app.core.actor import Permission
from app.core.errors import Refusal
from app.db import Slice
from integrations.slack import gifts, layouts, markup, people, refusals, rewards
from integrations.slack.desk import Asker, Desk
from integrations.slack.giving import undo
from integrations.slack.grammar import Subcommand
from integrations.slack.homes import period_start
from integrations.slack.layouts import Message, Shelf

COMMAND = "/kudos"
WORDS = (
    ("balance", "what you have, and have left to give"),
    ("history", "what you gave and received lately"),
    ("values", "the company values"),
    ("top [week|month|quarter|year]", "who gave and received most, where that is switched on"),
    ("undo", "takes back what you gave last"),
    ("rewards", "what you can have for what you received"),
    ("redeem [reward]", "opens the form for a reward"),
    ("help", "this"),
)
PERIODS = {"week": "This week", "month": "This month", "quarter": "This quarter", "year": "This year"}


class Words:
    """Answers what is asked in words."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.database = desk.database
        self._answers: dict[str, Callable[[Asker, str, str], Awaitable[Message]]] = {
            "balance": self.balance,
            "history": self.history,
            "values": self.values,
            "top": self.top,
            "undo": self.undo,
            "rewards": self.rewards,
            "redeem": self.redeem,
            "settings": self.settings,
            "admin": self.settings,
        }

    async def answer(self, asker: Asker, asked: Subcommand, key: str) -> Message:
        """The answer to one of the words; help for what is none. `key` is the request's own."""
        return await self._answers.get(asked.word, self.help)(asker, asked.rest, key)

    async def help(self, asker: Asker, _rest: str, _key: str) -> Message:
        """How to give, and what can be asked."""
        terms, also = asker.workspace.terms, []
        if terms.reactions:
            unit = asker.workspace.unit.of(terms.points_per_emoji)
            also.append(f"Reacting with :{terms.emoji}: to a message gives {unit} to whoever wrote it.")
        if terms.messages:
            also.append("Where the app is in the channel, @name ++ in a message gives, too.")
        return layouts.help_text(COMMAND, asker.workspace.unit, WORDS, also)

    async def balance(self, asker: Asker, _rest: str, _key: str) -> Message:
        """What is in the wallet, and left to give."""
        async with self.database.read() as connection:
            balance = await gifts.balance(connection, asker.workspace, asker.member_id)
        standing = await self.desk.homes.standing(asker.workspace, asker.member_id)
        return layouts.balance(asker.workspace.unit, balance, standing)

    async def history(self, asker: Asker, _rest: str, _key: str) -> Message:
        """What was given and received lately."""
        page = await self.desk.homes.history(asker.workspace, asker.actor, 0)
        return layouts.history(asker.workspace.unit, page.items)

    async def values(self, asker: Asker, _rest: str, _key: str) -> Message:
        """The company values."""
        async with self.database.read() as connection:
            known = await organization.reads.values(connection, asker.workspace.organization_id)
        return layouts.values([(tag, value.name) for tag, value in known.items() if value.archived_at is None])

    async def top(self, asker: Asker, rest: str, _key: str) -> Message:
        """Who gave and received most, for all if the organization shows it, else for those who see such lists."""
        workspace = asker.workspace
        if not workspace.has_leaderboard and not asker.actor.may(Permission.INSIGHT_GROUPS):
            return layouts.note("Top lists are switched off here. What you gave and received is under `/kudos history`.")
        word = rest if rest in PERIODS else "month"
        since = period_start(word, self.database.clock(), workspace.time_zone)
        async with self.database.read() as connection:
            givers, receivers = await recognition.standings.top(connection, workspace.organization_id, since)
            ids = {member_id for member_id, _ in (*givers, *receivers)}
            members = await organization.reads.members_by_id(connection, workspace.organization_id, ids)
            accounts = await people.by_member(connection, workspace, ids)
        shown = [[(gifts.person(members[id_], accounts), points) for id_, points in ranked] for ranked in (givers, receivers)]
        return layouts.top(workspace.unit, PERIODS[word], shown[0], shown[1])

    async def undo(self, asker: Asker, _rest: str, key: str) -> Message:
        """Takes back the last one given."""
        wanted = recognition.reads.RecognitionFilter(giver_id=asker.member_id)
        async with self.database.read() as connection:
            feed = recognition.reads.feed(asker.actor, wanted, self.database.clock())
            page = await recognition.reads.feed_page(connection, feed, Slice(1))
        if not page.rows:
            return layouts.note("There is nothing of yours to take back.")
        return await self.take_back(asker, page.rows[0].id, key)

    async def take_back(self, asker: Asker, recognition_id: UUID, key: str) -> Message:
        """Takes back one, as its giver or an admin."""
        async with self.database.read() as connection:
            found = (await gifts.shown(connection, asker.workspace, [recognition_id])).get(recognition_id)
        try:
            await self.database.submit(undo(asker.actor, recognition_id, key, is_boost=False))
        except Refusal as refusal:
            return refusals.not_undone(refusal)
        people = layouts.mentions(found.gift.recipients) if found is not None else "them"
        left = await self.desk.homes.standing(asker.workspace, asker.member_id)
        rest = f" You have {layouts.left(left)}." if left is not None else ""
        return layouts.note(f"Taken back: what you gave {people}.{rest}")

    async def rewards(self, asker: Asker, _rest: str, _key: str) -> Message:
        """What there is for what was received."""
        async with self.database.read() as connection:
            shelf = await rewards.shelf(connection, asker.workspace, asker.actor, 0)
        return layouts.shop_message(asker.workspace.unit, shelf)

    async def redeem(self, asker: Asker, rest: str, _key: str) -> Message:
        """Rewards that are called so, to choose from: no form opens without a trigger, and of several none."""
        said = markup.plain(rest, {}, {}, {})
        async with self.database.read() as connection:
            found = await rewards.named(connection, asker.actor, said) if said else []
            shelf = await rewards.shelf(connection, asker.workspace, asker.actor, 0)
            if found:
                first = await rewards.offered(connection, asker.actor, found[: rewards.PER_PAGE])
                shelf = Shelf(first, shelf.balance, has_more=len(found) > len(first))
        sentence = "" if found or not said else f"No reward is called “{markup.escape(said)}”."
        return layouts.shop_message(asker.workspace.unit, shelf, "Which one?" if len(found) > 1 else sentence)

    async def settings(self, asker: Asker, _rest: str, _key: str) -> Message:
        """Where settings are."""
        if asker.actor.may(Permission.POLICY_EDIT):
            return layouts.note(
                "Who gives and receives, values, channels and settings are in the app's *Home* tab, under *Admin*."
            )
        return layouts.note("What you are told is in the app's *Home* tab, under *Notifications*. The rest is for admins.")
