"""The desk: what somebody typed, pressed or filled in becomes an act, and its outcome an answer."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app import allowance, organization, recognition
from app.core.actor import Actor
from app.core.errors import Code, PlauditError, Refusal
from app.core.seal import Seal
from app.db import Database
from app.organization import MemberStatus
from app.recognition import GiveRecognition, Visibility, Wish
from integrations.slack import drafts, gifts, groups, layouts, markup, refusals
from integrations.slack.channels import Channels
from integrations.slack.drafts import Typed
from integrations.slack.giving import AskFirst, GiveInSlack, JustSent, Left, Place, Sent
from integrations.slack.grammar import Giving
from integrations.slack.homes import Homes
from integrations.slack.layouts import Button, Gift, GiveFields, GiveTerms, Json, Message, Person, Value
from integrations.slack.models import PersonKind, Way
from integrations.slack.people import GIVING_SECONDS, REMEMBERED_SECONDS, Known, People, by_member
from integrations.slack.workspaces import Workspace

log = logging.getLogger("plaudit.slack")
_CANNOT = {PersonKind.APP: "APP", PersonKind.STRANGER: "STRANGER"}
POINTS_FORM_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever speaks to us, as a member of the workspace."""

    workspace: Workspace
    known: Known
    met: Mapping[str, Known] = field(default_factory=dict)
    """Others whom the request names, by user: looked up together."""

    @property
    def user_id(self) -> str:
        """Its id in Slack."""
        return self.known.user_id

    @property
    def member_id(self) -> UUID:
        """Its id here."""
        assert self.known.member_id is not None, "whoever asks is a member"
        return self.known.member_id

    @property
    def actor(self) -> Actor:
        """It acts through Slack."""
        return self.known.actor(self.workspace.organization_id)


class Stopped(PlauditError):
    """The answer is known already, and it is no act: somebody unknown, an app, a channel where nothing is given."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class Desk:
    """Answers members."""

    def __init__(self, database: Database, seal: Seal, people: People, channels: Channels, homes: Homes) -> None:
        self.database = database
        self.seal = seal
        self.people = people
        self.channels = channels
        self.homes = homes

    async def asker(self, workspace: Workspace, user_id: str, team_id: str | None = None, named: Iterable[str] = ()) -> Asker:
        """The member behind a user, with those whom the request names. Raises Stopped for whoever is none: an app, somebody of
        another company."""
        if team_id is not None and team_id != workspace.team_id:
            raise Stopped(layouts.note("Only people of this company can use this here."))
        named = tuple(named)
        seconds = GIVING_SECONDS if named else REMEMBERED_SECONDS
        met = await self.people.known(workspace, [user_id, *named], seconds=seconds)
        known = met.get(user_id)
        if known is None:
            raise Stopped(layouts.note("I don't know you yet, and Slack doesn't answer. Try again in a minute."))
        if known.member_id is None or known.deleted or known.status is MemberStatus.DEACTIVATED:
            raise Stopped(layouts.note("This account can't take part here. Ask an admin."))
        asker = Asker(workspace, known, met)
        if known.status is MemberStatus.INVITED:  # Who speaks has come.
            await self.database.submit(allowance.Followed(organization.WelcomeMember(asker.actor)))
        return asker

    async def typed(self, asker: Asker, giving: Giving, typed: Typed) -> Typed:
        """What was typed, with its words as plain text."""
        workspace, said = asker.workspace, markup.mentioned(giving.reason)
        named = await self._met(asker, said.people)
        names = {user_id: known.name for user_id, known in named.items() if known.name}
        handles = await groups.names(self.database, workspace, said.groups)
        found = {}
        for channel_id in giving.channels:
            facts = await self.channels.facts(workspace, channel_id)
            if facts is not None and facts.name:
                found[channel_id] = facts.name
        message = markup.plain(giving.reason, names, found, handles)
        return typed.but(people=giving.people, groups=giving.groups, points=giving.points, message=message)

    async def give(self, asker: Asker, typed: Typed, key: str, *, confirmed: bool = False, again: bool = False) -> Message:
        """Gives, and answers with the receipt, a question or a refusal. Raises Busy, and bugs as they are."""
        outcome = await self.outcome(asker, typed, key, confirmed=confirmed, again=again)
        return await self.receipt(asker, outcome, typed) if isinstance(outcome, Sent) else outcome

    async def _met(self, asker: Asker, user_ids: Iterable[str]) -> Mapping[str, Known]:
        wanted = list(user_ids)
        if all(user_id in asker.met for user_id in wanted):
            return asker.met
        return await self.people.known(asker.workspace, wanted)

    async def outcome(
        self, asker: Asker, typed: Typed, key: str, *, confirmed: bool = False, again: bool = False
    ) -> Sent | Message:
        """What was given, or why nothing was, in words. Raises Busy, and bugs as they are."""
        workspace = asker.workspace
        try:
            return await self.submit(asker, typed, key, confirmed=confirmed, again=again)
        except Stopped as stopped:
            return stopped.message
        except AskFirst as first:
            return await self._preview(asker, typed, first)
        except JustSent:
            draft = await drafts.keep(self.database, workspace, asker.user_id, typed)
            return layouts.refusal("You just sent that.", [Button("give_again", "Send again", draft, "primary")])
        except Refusal as refusal:
            return await self._refused(asker, typed, refusal)

    async def submit(self, asker: Asker, typed: Typed, key: str, *, confirmed: bool = False, again: bool = False) -> Sent:
        """Gives. Raises Stopped, AskFirst, JustSent or a Refusal, and nothing has changed."""
        act = GiveInSlack(
            await self.command(asker, typed, key), self.place(asker, typed), asker.workspace.terms, confirmed, again
        )
        return await self.database.submit(act)

    async def command(self, asker: Asker, typed: Typed, key: str) -> GiveRecognition:
        """The command of giving. Raises Stopped for those who cannot be given to for what their account in Slack is."""
        workspace = asker.workspace
        spoken_in = typed.post_to if typed.way is Way.FORM else typed.channel
        if spoken_in in workspace.terms.muted_channels:
            sentence = "Kudos is off in this channel. Thank somewhere else, or by the form."
            raise Stopped(layouts.refusal(sentence, [refusals.OPEN_FORM]))
        recipients = await self.recipients(asker, typed.people)
        group_ids = await groups.ids(self.database, workspace, typed.groups)
        wish = Wish(
            asker.member_id,
            recipients,
            group_ids,
            typed.points or 0,
            typed.message,
            typed.hashtags,
            typed=typed.way is not Way.REACTION,
        )
        visibility = Visibility.PRIVATE if typed.private else Visibility.PUBLIC
        # A key is Slack's own number of the request: it says by itself whether it is the same.
        return GiveRecognition(asker.actor, wish, visibility, key, b"slack")

    async def recipients(self, asker: Asker, user_ids: Iterable[str]) -> tuple[UUID, ...]:
        """The members behind users, each once. Raises Stopped when one of them is none."""
        workspace, wanted = asker.workspace, list(user_ids)
        known = await self._met(asker, wanted)
        found: dict[UUID, None] = {}
        for user_id in wanted:
            person = known.get(user_id)
            if person is None:
                raise Stopped(refusals.account(workspace, "UNKNOWN", user_id))
            if person.member_id is None or person.kind in _CANNOT:
                raise Stopped(refusals.account(workspace, _CANNOT.get(person.kind, "DELETED"), user_id))
            if person.deleted:
                raise Stopped(refusals.account(workspace, "DELETED", user_id))
            found[person.member_id] = None
        return tuple(found)

    def place(self, asker: Asker, typed: Typed) -> Place:
        """Where a gift is made."""
        return Place(
            asker.workspace.team_id,
            asker.user_id,
            typed.way,
            typed.channel,
            typed.post_to,
            typed.thread,
            typed.ts,
            typed.permalink,
            typed.url.encode(),
        )

    async def receipt(self, asker: Asker, sent: Sent, typed: Typed) -> Message:
        """What was given, to whom, and what is left. It was given: whatever fails here, nobody is told otherwise."""
        try:
            return await self._receipt(asker, sent, typed)
        except Exception:
            log.exception("a receipt of workspace %s could not be written in full", asker.workspace.team_id)
            left = layouts.left(gifts.standing(sent.left, asker.workspace))
            return layouts.note(f":white_check_mark: Sent. You have {left}.")

    async def _receipt(self, asker: Asker, sent: Sent, typed: Typed) -> Message:
        workspace = asker.workspace
        if sent.row is not None and not sent.left_out and not typed.groups:
            known = await self._met(asker, typed.people)
            shown, is_there = _just_given(asker, sent.row, [known[user_id] for user_id in typed.people]), True
        else:
            async with self.database.read() as connection:
                found = (await gifts.shown(connection, workspace, [sent.id]))[sent.id]
            shown, is_there = found.gift, found.row.revoked_at is None
        left_out = await self._left_out(workspace, sent)
        standing = gifts.standing(sent.left, workspace)
        return layouts.receipt(workspace.unit, shown, standing, left_out=left_out, undo=is_there)

    async def _left_out(self, workspace: Workspace, sent: Sent) -> list[tuple[Person, str]]:
        if not sent.left_out:
            return []
        ids = [one.member_id for one in sent.left_out]
        async with self.database.read() as connection:
            members = await organization.reads.members_by_id(connection, workspace.organization_id, ids)
            accounts = await by_member(connection, workspace, ids)
        return [(gifts.person(members[one.member_id], accounts), one.refusal.message) for one in sent.left_out]

    async def _preview(self, asker: Asker, typed: Typed, first: AskFirst) -> Message:
        workspace = asker.workspace
        draft = await drafts.keep(self.database, workspace, asker.user_id, typed)
        names = await groups.names(self.database, workspace, typed.groups)
        known = await self._met(asker, typed.people)
        people = [Person(known[user_id].name, user_id) for user_id in typed.people]
        left = first.left
        before = gifts.standing(Left(left.remaining + first.cost, left.total, left.resets_at), workspace)
        return layouts.preview(
            workspace.unit,
            people,
            [names.get(group, group) for group in typed.groups],
            typed.points or 0,
            first.cost,
            before,
            typed.message,
            draft,
        )

    async def _refused(self, asker: Asker, typed: Typed, refusal: Refusal) -> Message:
        workspace = asker.workspace
        draft = await drafts.keep(self.database, workspace, asker.user_id, typed)
        async with self.database.read() as connection:
            admins = await gifts.admins(connection, workspace)
            _, policy = await recognition.reads.policy_in_force(connection, workspace.organization_id)
            values = await organization.reads.values(connection, workspace.organization_id)
        if refusal.code in {Code.VALUE_REQUIRED, Code.HASHTAG_REQUIRED}:
            choice = [(tag, value.name) for tag, value in values.items() if value.archived_at is None]
            return layouts.choose_value("Choose a company value.", choice, draft)
        people = len(typed.people)
        return refusals.refused(
            workspace,
            refusal,
            draft,
            points=typed.points or 0,
            people=max(people, 1),
            standing=await self.homes.standing(workspace, asker.member_id) if not typed.groups else None,
            admins=admins,
            most_each=policy.limits.points_per_recognition_max,
        )

    async def form(self, asker: Asker, typed: Typed, metadata: str, *, quoted: str | None = None) -> Json:
        """The form for giving, filled in as far as something is known. Raises Stopped for whoever does not give."""
        workspace = asker.workspace
        standing = await self.homes.standing(workspace, asker.member_id)
        if standing is None:
            async with self.database.read() as connection:
                admins = await gifts.admins(connection, workspace)
            asked = f" Ask an admin: {', '.join(person.mention for person in admins)}." if admins else ""
            raise Stopped(layouts.note(f"You aren't set up to give at the moment.{asked}"))
        async with self.database.read() as connection:
            _, policy = await recognition.reads.policy_in_force(connection, workspace.organization_id)
            values = await organization.reads.values(connection, workspace.organization_id)
        limits = policy.limits
        terms = GiveTerms(
            points_max=min(max(standing.remaining, 0), limits.points_per_recognition_max or POINTS_FORM_MAX),
            people_max=limits.recipients_max,
            message_chars_min=policy.message_chars_min,
            values=tuple(Value(tag, value.name) for tag, value in values.items() if value.archived_at is None),
            value_needed=policy.value_requirement is recognition.ValueRequirement.VALUE_REQUIRED,
        )
        points = typed.points if typed.points is not None else workspace.terms.points_default
        chosen = typed.hashtags[0] if typed.hashtags else None
        channel = typed.post_to if typed.post_to.startswith("C") else None  # a conversation of two is no choice there
        fields = GiveFields(typed.people, points, typed.message, chosen, channel)
        return layouts.give_form(workspace.unit, standing, terms, metadata, fields, quoted=quoted)


def _just_given(asker: Asker, row: recognition.Recognition, people: list[Known]) -> Gift:
    """What was given this moment, as its receipt shows it: nothing of it needs to be read back."""
    return Gift(
        str(row.id),
        Person(asker.known.name, asker.user_id),
        tuple(Person(person.name, person.user_id) for person in people),
        row.points_each,
        row.message,
        (),
        None,
        None,
        row.visibility is Visibility.PRIVATE,
        0,
        0,
        row.given_at,
    )
