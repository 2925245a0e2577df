"""What may be asked about rewards: the catalog as a member sees it, and redemptions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import ledger, organization
from app.audit import Remark
from app.core.actor import Actor
from app.core.errors import Refusal
from app.db import Page, Slice, columns, page, scoped
from app.organization import Audience, Membership
from app.reward import rules
from app.reward.models import (
    OPEN,
    RETURNED,
    FulfilmentOrder,
    Provider,
    Redemption,
    RedemptionStatus,
    Reward,
    RewardGroup,
    RewardKind,
    RewardMember,
)


@dataclass(frozen=True, slots=True)
class RewardFilter:
    """Which rewards are wanted."""

    kind: RewardKind | None = None
    price_max: int | None = None
    """Points; None does not look."""
    everything: bool = False
    """Archived ones and those meant for others, too: what admins see."""


def catalog(actor: Actor, wanted: RewardFilter) -> sa.Select[Any]:
    """The rewards that the filter means, in no order: those meant for the actor and not archived, unless everything is wanted."""
    reward = columns(Reward)
    statement = scoped(Reward, actor.organization_id)
    if wanted.kind is not None:
        statement = statement.where(reward.kind == wanted.kind)
    if wanted.price_max is not None:
        statement = statement.where(reward.price_points <= wanted.price_max)
    if not wanted.everything:
        statement = statement.where(reward.archived_at.is_(None), _is_meant_for(actor))
    return statement


def _is_meant_for(actor: Actor) -> sa.ColumnElement[bool]:
    reward, by_group, by_member, membership = columns(Reward), columns(RewardGroup), columns(RewardMember), columns(Membership)
    organization_id = actor.organization_id
    mine = scoped(Membership, organization_id, membership.group_id).where(membership.member_id == actor.member_id)
    as_group = scoped(RewardGroup, organization_id, by_group.reward_id).where(by_group.group_id.in_(mine))
    in_person = scoped(RewardMember, organization_id, by_member.reward_id).where(by_member.member_id == actor.member_id)
    return sa.or_(reward.for_everyone == sa.true(), reward.id.in_(as_group), reward.id.in_(in_person))


async def catalog_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[Reward]:
    """One page of `catalog`, the cheapest first; the keys of a row are its price_points and id."""
    reward = columns(Reward)
    return await page(connection, statement, [reward.price_points, reward.id], part)


async def rewards_by_id(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Reward]:
    """Those of the rewards that exist here, archived ones too."""
    rows = await connection.execute(scoped(Reward, organization_id).where(columns(Reward).id.in_(set(ids))))
    return {row.id: cast(Reward, row) for row in rows}


async def visible(connection: AsyncConnection, actor: Actor, ids: Iterable[UUID]) -> dict[UUID, Reward]:
    """Those of the rewards that the actor could find: in its catalog, or once redeemed by it."""
    redemption = columns(Redemption)
    had = scoped(Redemption, actor.organization_id, redemption.reward_id).where(redemption.member_id == actor.member_id)
    listed = sa.and_(columns(Reward).archived_at.is_(None), _is_meant_for(actor))
    statement = scoped(Reward, actor.organization_id).where(columns(Reward).id.in_(set(ids)))
    rows = await connection.execute(statement.where(sa.or_(listed, columns(Reward).id.in_(had))))
    return {row.id: cast(Reward, row) for row in rows}


async def audiences(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Audience]:
    """Whom each of the rewards is meant for besides everyone: its groups and members."""
    wanted = set(ids)
    by_group, by_member = columns(RewardGroup), columns(RewardMember)
    groups: dict[UUID, set[UUID]] = {id_: set() for id_ in wanted}
    members: dict[UUID, set[UUID]] = {id_: set() for id_ in wanted}
    for row in await connection.execute(scoped(RewardGroup, organization_id).where(by_group.reward_id.in_(wanted))):
        groups[row.reward_id].add(row.group_id)
    for row in await connection.execute(scoped(RewardMember, organization_id).where(by_member.reward_id.in_(wanted))):
        members[row.reward_id].add(row.member_id)
    return {id_: Audience(False, frozenset(groups[id_]), frozenset(members[id_])) for id_ in wanted}


@dataclass(frozen=True, slots=True)
class RedemptionFilter:
    """Which redemptions are wanted; None does not look."""

    status: RedemptionStatus | None = None
    member_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None


def redemptions(actor: Actor, wanted: RedemptionFilter) -> sa.Select[Any]:
    """Redemptions that the actor sees, in no order: its own; admins and auditors see all."""
    redemption = columns(Redemption)
    statement = scoped(Redemption, actor.organization_id)
    if not actor.sees_everyone:
        statement = statement.where(redemption.member_id == actor.member_id)
    if wanted.status is not None:
        statement = statement.where(redemption.status == wanted.status)
    if wanted.member_id is not None:
        statement = statement.where(redemption.member_id == wanted.member_id)
    if wanted.since is not None:
        statement = statement.where(redemption.requested_at >= wanted.since)
    if wanted.before is not None:
        statement = statement.where(redemption.requested_at < wanted.before)
    return statement


async def redemptions_page(
    connection: AsyncConnection, statement: sa.Select[Any], part: Slice, *, descending: bool = True
) -> Page[Redemption]:
    """One page of `redemptions`, newest first unless told otherwise; the key of a row is its id."""
    return await page(connection, statement, [columns(Redemption).id], part, descending=descending)


async def redemptions_seen(connection: AsyncConnection, actor: Actor, ids: Iterable[UUID]) -> dict[UUID, Redemption]:
    """Those of the redemptions that exist and that the actor sees."""
    statement = redemptions(actor, RedemptionFilter()).where(columns(Redemption).id.in_(set(ids)))
    return {row.id: cast(Redemption, row) for row in await connection.execute(statement)}


async def words(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    """What people said with a redemption, by the id of the remark."""
    statement = scoped(Remark, organization_id).where(columns(Remark).id.in_(set(ids)))
    return {row.id: row.words for row in await connection.execute(statement)}


async def pending(connection: AsyncConnection, organization_id: UUID, member_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Points of each member that are held for open redemptions."""
    redemption = columns(Redemption)
    total = sa.func.sum(redemption.price_points).label("points")
    statement = scoped(Redemption, organization_id, redemption.member_id, total)
    statement = statement.where(redemption.member_id.in_(set(member_ids)), redemption.status.in_(OPEN))
    found = {row.member_id: int(row.points) for row in await connection.execute(statement.group_by(redemption.member_id))}
    return {member_id: found.get(member_id, 0) for member_id in member_ids}


async def had(connection: AsyncConnection, organization_id: UUID, member_id: UUID, ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many of each reward a member has had, as its limit counts them."""
    redemption = columns(Redemption)
    counted = (
        scoped(Redemption, organization_id, redemption.reward_id, sa.func.count().label("number"))
        .where(redemption.member_id == member_id, redemption.reward_id.in_(set(ids)), redemption.status.not_in(RETURNED))
        .group_by(redemption.reward_id)
    )
    found = {row.reward_id: row.number for row in await connection.execute(counted)}
    return {id_: found.get(id_, 0) for id_ in ids}


async def hindrances(connection: AsyncConnection, actor: Actor, rewards: Iterable[Reward]) -> dict[UUID, Refusal | None]:
    """What redeeming each of these rewards, all of the actor's own catalog, would be refused with now; None: it could be had."""
    asked, here = list(rewards), actor.organization_id
    assert actor.member_id is not None, "only members redeem"
    member = (await organization.reads.members_by_id(connection, here, [actor.member_id]))[actor.member_id]
    balance = (await ledger.reads.wallet_balances(connection, here, [actor.member_id]))[actor.member_id]
    numbers = await had(connection, here, actor.member_id, [reward.id for reward in asked])
    found: dict[UUID, Refusal | None] = {}
    for reward in asked:
        try:
            rules.judge(rules.Claim(member.status, reward, True, numbers[reward.id], balance, None))
            found[reward.id] = None
        except Refusal as refusal:
            found[reward.id] = refusal
    return found


def waiting(organization_id: UUID) -> sa.Select[Any]:
    """Redemptions that wait for an admin, in no order: for a yes or no, to be delivered by hand, or with an order in trouble."""
    redemption, order = columns(Redemption), columns(FulfilmentOrder)
    in_trouble = scoped(FulfilmentOrder, organization_id, order.redemption_id).where(order.trouble != "")
    by_an_admin = sa.or_(redemption.provider == Provider.MANUAL, redemption.id.in_(in_trouble))
    to_deliver = sa.and_(redemption.status == RedemptionStatus.TO_FULFIL, by_an_admin)
    return scoped(Redemption, organization_id).where(sa.or_(redemption.status == RedemptionStatus.PENDING_APPROVAL, to_deliver))


async def troubles(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Why the orders of these redemptions failed last; those that did not are not among them."""
    order = columns(FulfilmentOrder)
    statement = scoped(FulfilmentOrder, organization_id, order.redemption_id, order.trouble)
    rows = await connection.execute(statement.where(order.redemption_id.in_(set(ids)), order.trouble != ""))
    return {row.redemption_id: row.trouble for row in rows}


def waiting_since(redemption: Redemption) -> datetime:
    """Since when it waits for what comes next."""
    return redemption.decided_at or redemption.requested_at


def days_waiting(redemption: Redemption, now: datetime) -> int | None:
    """Whole days since it waits for an admin or its delivery; None when it waits for nothing."""
    return (now - waiting_since(redemption)) // timedelta(days=1) if redemption.status in OPEN else None
