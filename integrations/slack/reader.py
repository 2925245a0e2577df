"""The reader of the feed: what happened becomes jobs for Slack, once, in order, and without a call to anyone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import audit, recognition
from app.audit import AuditEvent, DeadLetter
from app.core.actor import Permission
from app.core.clock import Clock
from app.core.errors import Code, Refusal
from app.db import columns, scoped, table_of
from app.recognition import Recognition, Visibility
from app.reward import Redemption
from integrations.slack import jobs, people, reward_jobs
from integrations.slack.jobs import Job, Kind
from integrations.slack.models import DeliveryState, PostKind, SlackDelivery, SlackOrigin, SlackPost, SlackPreference, Way
from integrations.slack.people import Known
from integrations.slack.workspaces import Workspace, Workspaces

NAME = "slack"
HOME_DAYS = 7
"""Whoever has not looked at Home for so long is shown it anew only when it is opened."""
_RECEIPTS = frozenset({Way.MENTION, Way.MESSAGE, Way.REACTION, Way.DIRECT})
"""Ways that answer nothing by themselves."""
_GIFTS = frozenset({"recognition.given", "recognition.boosted"})
_CHANGES = frozenset({"recognition.revoked", "recognition.boosted", "recognition.boost_revoked", "recognition.hidden"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the events of one round refer to."""

    workspace: Workspace
    now: datetime
    recognitions: dict[UUID, Recognition]
    origins: dict[UUID, SlackOrigin]
    """By gift."""
    accounts: dict[UUID, Known]
    """By member."""
    watched: frozenset[str]
    """Users who look at their Home."""
    places: dict[UUID, list[Job]]
    """By recognition or redemption: what was planned or posted about it."""
    recipients: dict[UUID, list[UUID]]
    """By recognition that was changed: whom it thanks."""
    redemptions: dict[UUID, Redemption]
    deciders: dict[UUID, Known]
    """Who decides about redemptions, by member; read where one is spoken of."""


class SlackReader:
    """Reads the feed of every organization that is a workspace."""

    name = NAME

    def __init__(self, workspaces: Workspaces, clock: Clock, planned: Callable[[], None] = lambda: None) -> None:
        self.workspaces = workspaces
        self.clock = clock
        self.planned = planned
        """Called when something was planned, just before it is committed."""

    async def take(self, connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
        """Plans what the events ask for. Where the app is not installed (any more), nothing is."""
        workspace = await self.workspaces.of(events[0].organization_id)
        if workspace is None or not workspace.connected:
            return
        facts = await _facts(connection, workspace, events, self.clock())
        planned: list[tuple[int, Job]] = []
        for event in events:
            for job in _wanted(event, facts):
                planned.append((event.sequence, job))
                if job.kind in jobs.TELLING:
                    facts.places.setdefault(UUID(job.recognition or job.redemption), []).append(job)
        await jobs.plan(connection, workspace.organization_id, planned, facts.now)
        self.planned()

    async def again(self, connection: AsyncConnection, letter: DeadLetter) -> None:
        """Takes up what was given up: a delivery, or the planning of an event. Raises NOT_FOUND when it is forgotten."""
        if letter.subject:
            delivery = columns(SlackDelivery)
            revived = (
                sa.update(table_of(SlackDelivery))
                .where(delivery.organization_id == letter.organization_id, delivery.once == letter.subject)
                .values(state=DeliveryState.WAITING, tries=0, not_before=None, claimed_until=None)
            )
            if (await connection.execute(revived)).rowcount == 0:
                raise Refusal(Code.NOT_FOUND, "This delivery is no longer known.", "id")
            return
        event = await audit.reads.event_row(connection, letter.organization_id, letter.sequence)
        if event is not None:
            await self.take(connection, [event])


def _wanted(event: AuditEvent, facts: Facts) -> list[Job]:
    """What one event asks for."""
    kind, _, subject = event.subject.partition(":")
    if event.action == "slack.settings_changed":
        channel = str(audit.feed.body(event).get("feed_channel") or "")
        return [Job(Kind.JOIN, f"join:{event.sequence}", jobs.posts(channel), channel=channel)] if channel else []
    if kind == "redemption":
        return _redemption(event, facts)
    if kind != "recognition":
        members = {UUID(subject)} if kind == "member" else set()
        return _homes(event, facts, members | ({event.actor_id} if event.actor_id is not None else set()))
    recognition_id = UUID(subject)
    row = facts.recognitions.get(recognition_id)
    if row is None:
        return []
    body = audit.feed.body(event)
    found: list[Job] = []
    if event.action == "recognition.given":
        found += _given(facts, row, body)
    if event.action == "recognition.boosted":
        found += _added(facts, row, body)
    if event.action in _CHANGES:
        found += [_change(job, event) for job in facts.places.get(recognition_id, ())]
    if event.action == "recognition.commented" and event.actor_id != row.giver_id:
        giver = facts.accounts.get(row.giver_id)
        if giver is not None:
            once = f"thanked:{body['comment']}"
            lane = jobs.directs(giver.user_id)
            found.append(Job(Kind.THANKED, once, lane, str(row.id), user=giver.user_id, gift=str(body["comment"])))
    return found + _homes(event, facts, _concerned(event, facts, row, body))


def _redemption(event: AuditEvent, facts: Facts) -> list[Job]:
    """What became of a redemption is told to its member and to those who decide, each of whom sees it in Home, too."""
    row = facts.redemptions.get(UUID(event.subject.partition(":")[2]))
    if row is None:
        return []
    found = reward_jobs.wanted(event, row, facts.accounts.get(row.member_id), facts.deciders, facts.places.get(row.id, ()))
    return found + _homes(event, facts, {row.member_id, *facts.deciders})


def _given(facts: Facts, row: Recognition, body: dict[str, Any]) -> list[Job]:
    """A recognition is told in its channel, in the feed channel, to its recipients, and to its giver."""
    id_, origin, found = str(row.id), facts.origins.get(row.id), []
    terms = facts.workspace.terms
    post_to = origin.post_to if origin is not None else ""
    if origin is not None and post_to:
        once = f"post:{id_}:{post_to}"
        found.append(Job(Kind.POST, once, jobs.posts(post_to), id_, post_to, thread=origin.thread_ts))
    if origin is not None and origin.way in {Way.REACTION, Way.MESSAGE}:
        lane = f"mark:{origin.channel_id}"
        found.append(Job(Kind.MARK, f"mark:{id_}:{origin.channel_id}", lane, id_, origin.channel_id, ts=origin.message_ts))
    if row.visibility is Visibility.PUBLIC and terms.feed_channel and terms.feed_channel != post_to:
        once = f"post:{id_}:{terms.feed_channel}"
        found.append(Job(Kind.POST, once, jobs.posts(terms.feed_channel), id_, terms.feed_channel, feed=True))
    for recipient in body["recipients"]:
        account = facts.accounts.get(UUID(recipient["id"]))
        if account is not None:
            lane = jobs.directs(account.user_id)
            found.append(Job(Kind.DIRECT, f"direct:{id_}:{account.user_id}", lane, id_, user=account.user_id))
    if origin is not None and origin.way in _RECEIPTS:
        found.append(_receipt(origin, id_, ""))
    return found


def _added(facts: Facts, row: Recognition, body: dict[str, Any]) -> list[Job]:
    """Points that were added are told to those who got them, and to whoever added them by an emoji."""
    boost_id, found = str(body["boost"]), []
    for recipient in body["recipients"]:
        account = facts.accounts.get(UUID(recipient["id"]))
        if account is not None:
            once = f"added:{boost_id}:{account.user_id}"
            lane = jobs.directs(account.user_id)
            found.append(Job(Kind.ADDED, once, lane, str(row.id), user=account.user_id, gift=boost_id))
    origin = facts.origins.get(UUID(boost_id))
    if origin is not None and origin.way in _RECEIPTS:
        found.append(_receipt(origin, str(row.id), boost_id))
    return found


def _receipt(origin: SlackOrigin, recognition_id: str, boost_id: str) -> Job:
    lane = f"tell:{origin.channel_id}:{origin.user_id}"
    once = f"receipt:{boost_id or recognition_id}"
    channel, user = origin.channel_id, origin.user_id
    return Job(Kind.RECEIPT, once, lane, recognition_id, channel, user, origin.thread_ts, gift=boost_id)


def _change(job: Job, event: AuditEvent) -> Job:
    once = f"change:{event.sequence}:{job.channel}:{job.user}:{job.kind}"
    return Job(Kind.CHANGE, once, job.lane, job.recognition, job.channel, job.user, ts=job.ts, gift=str(job.kind))


def _concerned(event: AuditEvent, facts: Facts, row: Recognition, body: dict[str, Any]) -> set[UUID]:
    """Whose Home an event about a recognition changes."""
    members = {row.giver_id, *facts.recipients.get(row.id, ())}
    members |= {UUID(recipient["id"]) for recipient in body.get("recipients", ())}
    members |= {UUID(payer) for payer in body.get("returned", ())}
    if event.actor_id is not None:
        members.add(event.actor_id)
    return members


def _homes(event: AuditEvent, facts: Facts, members: set[UUID]) -> list[Job]:
    users = {facts.accounts[id_].user_id for id_ in members if id_ in facts.accounts} & facts.watched
    return [Job(Kind.HOME, f"home:{event.sequence}:{user}", jobs.homes(user), user=user) for user in sorted(users)]


async def _facts(connection: AsyncConnection, workspace: Workspace, events: Sequence[AuditEvent], now: datetime) -> Facts:
    organization_id = workspace.organization_id
    about = {UUID(event.subject.partition(":")[2]) for event in events if event.subject.startswith("recognition:")}
    bodies = [audit.feed.body(event) for event in events if event.action in _GIFTS | {"recognition.revoked"}]
    gifts = about | {UUID(body["boost"]) for body in bodies if "boost" in body}
    members = {event.actor_id for event in events if event.actor_id is not None}
    members |= {UUID(event.subject.partition(":")[2]) for event in events if event.subject.startswith("member:")}
    members |= {UUID(one["id"]) for body in bodies for one in body.get("recipients", ())}
    rows = await _by(connection, Recognition, organization_id, columns(Recognition).id, about)
    recognitions = {row.id: cast(Recognition, row) for row in rows}
    members |= {row.giver_id for row in recognitions.values()}
    changed = {UUID(event.subject.partition(":")[2]) for event in events if event.action in _CHANGES}
    recipients = await recognition.reads.recipients(connection, organization_id, changed) if changed else {}
    members |= {member_id for ids in recipients.values() for member_id in ids}
    origins = await _by(connection, SlackOrigin, organization_id, columns(SlackOrigin).gift_id, gifts)
    claimed = {UUID(event.subject.partition(":")[2]) for event in events if event.subject.startswith("redemption:")}
    redemptions = await _by(connection, Redemption, organization_id, columns(Redemption).id, claimed)
    deciders = await people.with_right(connection, workspace, Permission.REDEMPTION_DECIDE) if claimed else {}
    members |= {row.member_id for row in redemptions} | deciders.keys()
    accounts = await people.by_member(connection, workspace, members)
    watched = await _watched(connection, organization_id, {account.user_id for account in accounts.values()}, now)
    places = {id_: await _places(connection, organization_id, id_) for id_ in changed | claimed}
    by_gift = {row.gift_id: cast(SlackOrigin, row) for row in origins}
    by_id = {row.id: cast(Redemption, row) for row in redemptions}
    return Facts(workspace, now, recognitions, by_gift, accounts, watched, places, recipients, by_id, deciders)


async def _by(connection: AsyncConnection, model: Any, organization_id: UUID, column: Any, ids: set[UUID]) -> Sequence[Any]:
    if not ids:
        return []
    return list(await connection.execute(scoped(model, organization_id).where(column.in_(list(ids)))))


async def _watched(connection: AsyncConnection, organization_id: UUID, users: set[str], now: datetime) -> frozenset[str]:
    if not users:
        return frozenset()
    preference = columns(SlackPreference)
    statement = scoped(SlackPreference, organization_id, preference.user_id).where(
        preference.user_id.in_(users), preference.home_opened_at > now - timedelta(days=HOME_DAYS)
    )
    return frozenset((await connection.execute(statement)).scalars())


async def _places(connection: AsyncConnection, organization_id: UUID, recognition_id: UUID) -> list[Job]:
    """Where a recognition (or redemption) was told, or is about to be: posts that are out, and those that wait in their lanes."""
    found: dict[tuple[str, str, Kind], Job] = {}
    for row in await connection.execute(jobs.planned(organization_id, recognition_id)):
        job = jobs.parse(row.job)
        found[job.channel, job.user, job.kind] = job
    post = columns(SlackPost)
    statement = scoped(SlackPost, organization_id).where(post.recognition_id == recognition_id)
    for row in await connection.execute(statement):
        kind = {PostKind.DIRECT: Kind.DIRECT, PostKind.MARK: Kind.MARK}.get(row.kind, Kind.POST)
        channel = "" if kind is Kind.DIRECT else row.channel_id
        lanes = {Kind.DIRECT: jobs.directs(row.user_id), Kind.MARK: f"mark:{channel}", Kind.POST: jobs.posts(channel)}
        job = Job(kind, "", lanes[kind], str(recognition_id), channel, row.user_id, feed=row.kind is PostKind.FEED)
        found.setdefault((channel, row.user_id, kind), job)
    return list(found.values())
