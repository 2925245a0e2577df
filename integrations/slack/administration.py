"""Administration: what admins look at in Slack is read here: their Home, the rules in words, one person's rights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import allowance, audit, organization, recognition, reward
from app.allowance import AllowancePolicy, AllowancePolicyVersion
from app.core.actor import Actor
from app.db import COUNTED_MAX, Database, Slice, columns, scoped
from app.organization import Audience, Group, Member, Membership, MemberStatus, ParticipationMode
from app.recognition import CheckGiving, Effect, GivingPolicy, GivingRule, Verdict, Wish
from integrations.slack import gifts, layouts, manifest, people, rewards, ruling
from integrations.slack.layouts import AdminHome, Checked, FeatureOff, Month, RuleLine, Setup, Standing, VerdictLine
from integrations.slack.layouts.wording import PEOPLE, listing
from integrations.slack.models import SlackOrigin
from integrations.slack.ruling import PER, Line
from integrations.slack.workspaces import Workspace

READER = "slack"
"""Whose dead letters are shown: what Slack could not be told."""
NAMED_MAX = 3
"""People that the name of a rule names before it counts the rest."""
ADMINS_MAX = 50
GROUPS_MAX = 1_000
FEATURES = {
    "reactions": "Giving by reaction",
    "marks": "Marking messages that counted",
    "direct": "Writing to the app",
    "channels": "Knowing channels",
    "messages": "Giving in messages",
    "groups": "Thanking user groups",
    "emoji": "Other names of emoji",
    "join": "Joining channels",
}
"""Features of the manifest in plain words."""
SWITCHED = frozenset({"reactions", "messages", "groups"})
"""Those that have a switch of the same name among the workspace's settings."""
_GIVES = frozenset({"paused", "giver_status", "giver_mode"})
_RECEIVES = frozenset({"recipient_status", "recipient_mode", "received_points"})
_ASIDE = frozenset({"self", "deny", "allow"})
"""Verdicts that a check of one person words anew, as they are about a pair."""


@dataclass(frozen=True, slots=True)
class RulesNow:
    """The policies as they stand, and their rules in lines with names."""

    giving_version: int
    giving: GivingPolicy
    allowance_version: int
    allowances: AllowancePolicy
    """The newest version."""
    effective_from: datetime
    """When that counts."""
    lines: tuple[Line, ...]
    groups: dict[UUID, Group]
    members: dict[UUID, Member]

    def name(self, audience: Audience) -> str:
        """Whom a rule is about, as plain text."""
        if audience.everyone:
            return "Everyone"
        named = [self.groups[id_].name for id_ in sorted(audience.group_ids) if id_ in self.groups]
        named += [self.members[id_].display_name for id_ in _first(audience) if id_ in self.members]
        rest = len(audience.group_ids) + len(audience.member_ids) - len(named)
        return f"{', '.join(named)} and {PEOPLE.of(rest)} more" if rest else listing(named)

    def words(self, line: Line) -> str:
        """What a line says."""
        recipient = self.name(line.other.recipient) if isinstance(line.other, GivingRule) else ""
        return ruling.words(line, self.allowances.period, recipient.lower() if recipient == "Everyone" else recipient)

    def shown(self) -> tuple[RuleLine, ...]:
        """The lines for a list, each with the versions that its number counts for."""
        versions = f"{self.giving_version}.{self.allowance_version}"
        return tuple(
            RuleLine(f"{versions}.{number}", self.name(line.rule.audience), self.words(line))
            for number, line in enumerate(self.lines)
        )


def _first(audience: Audience) -> list[UUID]:
    return sorted(audience.member_ids)[:NAMED_MAX]


class Administration:
    """Reads what admins are shown."""

    def __init__(self, database: Database, web_url: str | None, install_url: str | None) -> None:
        self.database = database
        self.web_url = web_url
        self.install_url = install_url

    async def home(self, workspace: Workspace) -> AdminHome:
        """Everything that an admin's Home shows."""
        here, now = workspace.organization_id, self.database.clock()
        zone = ZoneInfo(workspace.time_zone)
        local, (month, _) = now.astimezone(zone), allowance.bounds(allowance.Period.MONTH, now, zone)
        async with self.database.read() as connection:
            rules = await self._rules(connection, here)
            values = await organization.reads.values(connection, here)
            given = await connection.execute(scoped(SlackOrigin, here, columns(SlackOrigin).gift_id).limit(1))
            totals = await recognition.standings.totals(connection, here, month)
            undelivered = await audit.letters.count(connection, here, READER)
            waiting, waiting_more = await rewards.waiting(connection, workspace, now)
            return AdminHome(
                setup=Setup(
                    # Version 1 was made with the organization: nobody has looked at it. Saving the form as it is makes the next.
                    allowance=rules.allowance_version > 1,
                    values=any(value.archived_at is None for value in values.values()),
                    feed_channel=bool(workspace.terms.feed_channel),
                    invited=given.one_or_none() is not None,
                    rewards=await _has_rewards(connection, here),
                ),
                admins=tuple(await gifts.admins(connection, workspace, ADMINS_MAX)),
                default_line=await self._default(connection, workspace, rules, now),
                rules=rules.shown(),
                people_set=await _people_set(connection, here),
                paused=rules.giving.paused,
                month=Month(totals.points, totals.people_gave, await _active(connection, here), totals.top_value),
                updated_at=local,
                waiting=waiting,
                waiting_more=waiting_more,
                has_rewards=True,
                features_off=self._features_off(workspace),
                undelivered=COUNTED_MAX if undelivered is None else undelivered,
                web_url=self.web_url,
            )

    async def rules(self, workspace: Workspace) -> RulesNow:
        """The rules as they stand."""
        async with self.database.read() as connection:
            return await self._rules(connection, workspace.organization_id)

    async def _rules(self, connection: AsyncConnection, here: UUID) -> RulesNow:
        version, giving = await recognition.reads.policy_in_force(connection, here)
        newest = await allowance.reads.newest_policy(connection, here)
        found = ruling.lines(giving, newest.policy)
        audiences = [line.rule.audience for line in found]
        audiences += [line.other.recipient for line in found if isinstance(line.other, GivingRule)]
        groups = {id_ for audience in audiences for id_ in audience.group_ids}
        members = {id_ for audience in audiences for id_ in _first(audience)}
        return RulesNow(
            version,
            giving,
            newest.number,
            newest.policy,
            newest.effective_from,
            tuple(found),
            await organization.reads.groups_by_id(connection, here, groups),
            await organization.reads.members_by_id(connection, here, members),
        )

    async def _default(self, connection: AsyncConnection, workspace: Workspace, rules: RulesNow, now: datetime) -> str:
        """What goes for everyone whom no rule names."""
        amount = await self._amount(connection, workspace, rules, now)
        allowed = [rule for rule in rules.giving.rules if rule.effect is Effect.ALLOW]
        nobody = any(
            rule.effect is Effect.DENY and rule.giver.everyone and rule.recipient.everyone for rule in rules.giving.rules
        )
        gives = not nobody and (not allowed or any(rule.giver.everyone for rule in allowed))
        receives = not nobody and (not allowed or any(rule.recipient.everyone for rule in allowed))
        where = " where a rule allows it" if gives and allowed else ""
        give = f"{'Paused, then give' if rules.giving.paused else 'Give'} {amount}{where}" if gives else "Give no"
        return f"{give} · receive {'yes' if receives else 'no'}"

    async def _amount(self, connection: AsyncConnection, workspace: Workspace, rules: RulesNow, now: datetime) -> str:
        """Points per period, and what they will be when a newer version of the policy counts."""
        at, newest = columns(AllowancePolicyVersion), rules.allowances
        begun = scoped(AllowancePolicyVersion, workspace.organization_id).order_by(at.version.desc()).limit(1)
        row = (await connection.execute(begun.where(at.effective_from <= now))).one_or_none()
        current = allowance.parse(row.document) if row is not None else newest
        said, coming = (f"{policy.base_points:,} {PER[policy.period]}" for policy in (current, newest))
        if said == coming or (newest.apply_now and newest.base_points > current.base_points):
            return coming
        return f"{said}, {coming} from {layouts.day(rules.effective_from.astimezone(ZoneInfo(workspace.time_zone)))} on"

    def _features_off(self, workspace: Workspace) -> tuple[FeatureOff, ...]:
        """What Slack has not granted, of what is switched on here or has no switch."""
        return tuple(
            FeatureOff(
                FEATURES[feature.name],
                f"{feature.says} This needs {', '.join(sorted(set(feature.scopes) - workspace.scopes))}: install the app again.",
                self.install_url,
            )
            for feature in manifest.missing(workspace.scopes)
            if (getattr(workspace.terms, feature.name) if feature.name in SWITCHED else feature.name in manifest.DEFAULT_FEATURES)
        )

    async def groups(self, workspace: Workspace, chosen: UUID | None = None) -> list[tuple[str, str]]:
        """Groups to choose from by id and name, the chosen one first: a menu holds no more than a hundred."""
        here = workspace.organization_id
        async with self.database.read() as connection:
            page = await organization.reads.groups_page(connection, here, None, Slice(GROUPS_MAX))
            first = await organization.reads.groups_by_id(connection, here, {chosen} if chosen is not None else ())
        rows = [*first.values(), *(row for row in page.rows if row.id not in first)]
        names = [row.name for row in rows]
        return [(str(row.id), row.name if names.count(row.name) == 1 else f"{row.name} ({row.kind})") for row in rows]

    async def check(self, workspace: Workspace, asker: Actor, member_id: UUID, standing: Standing | None) -> Checked:
        """Somebody's rights, and which rule decides each: what giving says of it, with a rule called by its name."""
        here = workspace.organization_id
        async with self.database.read() as connection:
            rules = await self._rules(connection, here)
            member = (await organization.reads.members_by_id(connection, here, [member_id]))[member_id]
            inside = await organization.reads.groups_of_members(connection, here, [member_id])
            accounts = await people.by_member(connection, workspace, [member_id])
            balance = await gifts.balance(connection, workspace, member_id)
            other = await _somebody_else(connection, here, member_id, asker.member_id)
        group_ids = frozenset(group.id for group in inside[member_id])
        others = (other,) if other is not None else ()
        wishes = [Wish(member_id, others, (), 1, None), *(Wish(one, (member_id,), (), 1, None) for one in others)]
        found = await self.database.rehearse([CheckGiving(asker, wish) for wish in wishes])
        said: list[Sequence[Verdict]] = []
        for outcome in found:
            if isinstance(outcome, BaseException):
                raise outcome
            said.append(outcome.verdicts)
        about = {verdict.rule: verdict for verdict in said[0] if others or verdict.rule != "recipients_max"}
        giving = [_line(verdict) for name, verdict in about.items() if name not in _RECEIVES | _ASIDE | _GIVES]
        receiving = [_line(verdict) for verdict in said[-1] if verdict.rule in _RECEIVES] if others else []
        verdicts = [_line(about[name]) for name in about if name in _GIVES]
        verdicts += [*_ruled(rules, member_id, group_ids, gives=True), *giving]
        verdicts += [*receiving, *_ruled(rules, member_id, group_ids, gives=False)]
        who = gifts.person(member, accounts)
        return Checked(who, str(member_id), member.mode, member.status, tuple(verdicts), standing, balance)


def _line(verdict: Verdict) -> VerdictLine:
    return VerdictLine(verdict.rule, verdict.allowed, verdict.explanation)


def _ruled(rules: RulesNow, member_id: UUID, group_ids: frozenset[UUID], *, gives: bool) -> list[VerdictLine]:
    """What the rules that forbid and those that allow say of somebody, as a giver or as a recipient."""
    doing, towards = ("giving", "to") if gives else ("receiving", "from")
    forbids, partly, allows = [], [], []
    for rule in rules.giving.rules:
        mine, theirs = (rule.giver, rule.recipient) if gives else (rule.recipient, rule.giver)
        if not mine.includes(member_id, group_ids):
            continue
        if rule.effect is Effect.ALLOW:
            allows.append(rules.name(rule.giver))
        elif theirs.everyone:
            forbids.append(rules.name(mine))
        else:
            partly.append(rules.name(theirs))
    denied = f"No {doing}, by the rule {listing(forbids)}." if forbids else f"No rule forbids {doing}."
    if partly and not forbids:
        denied = f"No rule forbids {doing}, but {towards} {listing(partly)}."
    allowed = f"No rule is needed to allow {doing}."
    if rules.giving.has_allow_rules:
        allowed = f"Allowed by the rule {listing(allows)}." if allows else f"No rule allows {doing}."
    may = bool(allows) or not rules.giving.has_allow_rules
    return [VerdictLine("deny", not forbids, denied), VerdictLine("allow", may, allowed)]


async def _somebody_else(connection: AsyncConnection, here: UUID, member_id: UUID, asker_id: UUID | None) -> UUID | None:
    """With whom somebody's giving is checked: whoever asks, or for their own check any other."""
    if asker_id is not None and asker_id != member_id:
        return asker_id
    member = columns(Member)
    others = scoped(Member, here, member.id).where(member.status == MemberStatus.ACTIVE, member.id != member_id)
    return cast(UUID | None, (await connection.execute(others.order_by(member.id).limit(1))).scalar_one_or_none())


async def _people_set(connection: AsyncConnection, here: UUID) -> int:
    """People whose mode an admin has set: guests look on without that."""
    member, group, membership = columns(Member), columns(Group), columns(Membership)
    guests = scoped(Group, here, group.id).where(group.kind == people.KIND, group.name == people.GUESTS)
    inside = scoped(Membership, here, membership.member_id).where(membership.group_id.in_(guests))
    wanted = scoped(Member, here, sa.func.count()).where(
        member.mode != ParticipationMode.NORMAL, member.status != MemberStatus.DEACTIVATED, member.id.not_in(inside)
    )
    return int((await connection.execute(wanted)).scalar_one())


async def _has_rewards(connection: AsyncConnection, here: UUID) -> bool:
    """Whether there is anything to be had."""
    wanted = scoped(reward.Reward, here, columns(reward.Reward).id).where(columns(reward.Reward).archived_at.is_(None))
    return (await connection.execute(wanted.limit(1))).one_or_none() is not None


async def _active(connection: AsyncConnection, here: UUID) -> int:
    counted = scoped(Member, here, sa.func.count()).where(columns(Member).status == MemberStatus.ACTIVE)
    return int((await connection.execute(counted)).scalar_one())
