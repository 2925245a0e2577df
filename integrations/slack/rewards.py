"""Rewards as they are shown: the catalog, requests and what waits for an admin, read with what can be done about each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app import organization, reward
from app.core.actor import Actor, Door, system
from app.core.errors import Code, Refusal
from app.db import COUNTED_MAX, Slice, columns, count
from app.reward import Provider, Redemption, RedemptionStatus, Reward, Stage, Verb
from integrations.slack import gifts, layouts, people
from integrations.slack.gifts import person
from integrations.slack.layouts import Approval, Question, Request, Shelf, Wait
from integrations.slack.workspaces import Workspace

PER_PAGE = 10
IN_HOME = 9
"""Rewards in reach that Home shows, before the nearest one out of reach."""
REACH_MAX = 100
"""Of the cheapest that the balance covers, so many are looked at for Home."""
NEAR_MAX = 20
"""Beyond the balance, so many are looked at for the nearest one that points alone are missing for."""
REQUESTS = 10
WAITING = 10
NAMED_MAX = 1_000
"""Rewards whose names are looked through."""
_LAST = UUID(int=2**128 - 1)
_WHY_NOT = {Code.OUT_OF_STOCK: "Out of stock", Code.LIMIT_EXCEEDED: "You had it"}
_STAGES = {
    Stage.PENDING_APPROVAL: "waiting for approval",
    Stage.TO_FULFIL: "on its way",
    Stage.ACCEPTED: "on its way, ordered",
}
"""Open states in plain words."""
_PASSED = {
    (Verb.APPROVE, Stage.TO_FULFIL): "It has been approved already.",
    (Verb.APPROVE, Stage.ACCEPTED): "It has been approved already.",
    (Verb.CANCEL, Stage.CANCELLED): "You have cancelled it already, and the price is back.",
    (Verb.CANCEL, Stage.TO_FULFIL): "It has been approved already and is on its way. Ask an admin if you don't want it any more.",
    (Verb.FULFIL, Stage.PENDING_APPROVAL): "It waits for approval. Approve it first.",
}
"""What to say where somebody was faster, and the room's sentence was made for somebody else."""


async def has_any(connection: AsyncConnection, actor: Actor) -> bool:
    """Whether there are rewards for somebody."""
    statement = reward.reads.catalog(actor, reward.reads.RewardFilter())
    return bool((await reward.reads.catalog_page(connection, statement, Slice(1))).rows)


async def offered(connection: AsyncConnection, actor: Actor, rows: Sequence[Reward]) -> tuple[layouts.Reward, ...]:
    """Rewards of somebody's catalog, each with whether it can be had now."""
    hindered = await reward.reads.hindrances(connection, actor, rows)
    return tuple(_offered(row, hindered[row.id]) for row in rows)


def _offered(row: Reward, hindrance: Refusal | None) -> layouts.Reward:
    why_not = _WHY_NOT.get(hindrance.code, "Not yet") if hindrance is not None else "Not yet"
    return layouts.Reward(str(row.id), row.name, row.description, row.price_points, hindrance is None, why_not)


async def in_home(connection: AsyncConnection, actor: Actor, balance: int) -> tuple[tuple[layouts.Reward, ...] | None, bool]:
    """Rewards in reach, the cheapest first, and then the nearest one for which points are missing; and whether more are in
    reach. None: there are none for this person."""
    covered = reward.reads.catalog(actor, reward.reads.RewardFilter(price_max=balance))
    beyond = reward.reads.catalog(actor, reward.reads.RewardFilter())
    page = await reward.reads.catalog_page(connection, covered, Slice(REACH_MAX))
    further = await reward.reads.catalog_page(connection, beyond, Slice(NEAR_MAX, (balance, _LAST)))
    if not page.rows and not further.rows:
        return None, False
    hindered = await reward.reads.hindrances(connection, actor, [*page.rows, *further.rows])
    reach = [_offered(row, None) for row in page.rows if hindered[row.id] is None]
    short = [(row, hindered[row.id]) for row in further.rows]
    near = [_offered(row, why) for row, why in short if why is not None and why.code is Code.INSUFFICIENT_POINTS]
    return (*reach[:IN_HOME], *near[:1]), page.has_next or len(reach) > IN_HOME


async def shelf(connection: AsyncConnection, workspace: Workspace, actor: Actor, number: int) -> Shelf:
    """One page of somebody's catalog."""
    assert actor.member_id is not None, "whoever looks is a member"
    statement = reward.reads.catalog(actor, reward.reads.RewardFilter())
    # As with history, pages are asked for by number: everything before is read for its place.
    found = await reward.reads.catalog_page(connection, statement, Slice((number + 1) * PER_PAGE))
    shown = await offered(connection, actor, found.rows[number * PER_PAGE :])
    return Shelf(shown, await gifts.balance(connection, workspace, actor.member_id), number, found.has_next)


async def offered_to(connection: AsyncConnection, actor: Actor, reward_id: UUID) -> Reward | None:
    """A reward of somebody's catalog; None when it is not in there (any more)."""
    statement = reward.reads.catalog(actor, reward.reads.RewardFilter()).where(columns(Reward).id == reward_id)
    return cast(Reward | None, (await connection.execute(statement)).one_or_none())


async def named(connection: AsyncConnection, actor: Actor, text: str) -> list[Reward]:
    """Rewards of somebody's catalog by their name: the one that is called so, else all in whose names the words stand."""
    sought = text.casefold().split()
    statement = reward.reads.catalog(actor, reward.reads.RewardFilter())
    rows = (await reward.reads.catalog_page(connection, statement, Slice(NAMED_MAX))).rows
    exact = [row for row in rows if row.name.casefold().split() == sought]
    return exact or [row for row in rows if all(part in row.name.casefold() for part in sought)]


async def requests(connection: AsyncConnection, actor: Actor) -> tuple[tuple[Request, ...], bool]:
    """What somebody has asked for and not got yet, the newest first; and whether there is more."""
    wanted = reward.reads.RedemptionFilter(member_id=actor.member_id)
    statement = reward.reads.redemptions(actor, wanted).where(columns(Redemption).status.in_(reward.OPEN))
    page = await reward.reads.redemptions_page(connection, statement, Slice(REQUESTS))
    return tuple(_request(row) for row in page.rows), page.has_next


def _request(row: Redemption) -> Request:
    can_cancel = row.status is RedemptionStatus.PENDING_APPROVAL
    approved = "approved, " if row.decided_at is not None else ""
    return Request(
        str(row.id), row.reward_name, row.price_points, approved + _STAGES[reward.stage_of(row)], can_cancel=can_cancel
    )


async def waiting(connection: AsyncConnection, workspace: Workspace, now: datetime) -> tuple[tuple[Approval, ...], int]:
    """What waits for an admin, the oldest first; and how much more there is."""
    here = workspace.organization_id
    statement = reward.reads.waiting(here)
    page = await reward.reads.redemptions_page(connection, statement, Slice(WAITING), descending=False)
    if not page.rows:
        return (), 0
    more = (await count(connection, statement) or COUNTED_MAX) - len(page.rows) if page.has_next else 0
    names = await _people(connection, workspace, [row.member_id for row in page.rows])
    notes = await reward.reads.words(connection, here, [row.note_id for row in page.rows if row.note_id is not None])
    troubles = await reward.reads.troubles(connection, here, [row.id for row in page.rows])
    return tuple(_approval(row, names, notes, troubles, now) for row in page.rows), more


def _approval(
    row: Redemption, names: dict[UUID, layouts.Person], notes: dict[UUID, str], troubles: dict[UUID, str], now: datetime
) -> Approval:
    trouble = troubles.get(row.id, "")
    return Approval(
        str(row.id),
        names[row.member_id],
        row.reward_name,
        row.price_points,
        reward.reads.days_waiting(row, now) or 0,
        notes.get(row.note_id, "") if row.note_id is not None else "",
        "decide" if row.status is RedemptionStatus.PENDING_APPROVAL else "trouble" if trouble else "deliver",
        trouble,
    )


async def question(connection: AsyncConnection, workspace: Workspace, redemption_id: UUID) -> Question | None:
    """A redemption as admins are asked about it, or told what became of it."""
    here = workspace.organization_id
    row = await redeemed(connection, workspace, redemption_id)
    if row is None:
        return None
    deciders = [row.decided_by_id] if row.decided_by_id is not None else []
    names = await _people(connection, workspace, [row.member_id, *deciders])
    notes = await reward.reads.words(connection, here, [row.note_id] if row.note_id is not None else [])
    member, decider = names[row.member_id], names[row.decided_by_id] if row.decided_by_id is not None else None
    stage, by_hand = reward.stage_of(row), row.provider is Provider.MANUAL
    outcome, by = {
        Stage.PENDING_APPROVAL: ("", None),
        Stage.TO_FULFIL: ("Approved" if row.decided_at is not None else "" if by_hand else "On its way", decider),
        Stage.ACCEPTED: ("Approved and ordered" if row.decided_at is not None else "Ordered", decider),
        Stage.FULFILLED: ("Delivered", None),
        Stage.REJECTED: ("Declined", decider),
        Stage.CANCELLED: ("Cancelled", member),
        Stage.REFUNDED: ("Refunded", None),
    }[stage]
    step: Wait = "decide" if stage is Stage.PENDING_APPROVAL else "deliver" if stage is Stage.TO_FULFIL and by_hand else "over"
    note = notes.get(row.note_id, "") if row.note_id is not None else ""
    return Question(str(row.id), member, row.reward_name, row.price_points, note, step, outcome, by)


async def why_not(connection: AsyncConnection, workspace: Workspace, id_: UUID, verb: Verb, refusal: Refusal) -> str:
    """Why a step could not be taken, as plain text. Mostly somebody was faster, or has pressed twice."""
    row = await redeemed(connection, workspace, id_) if refusal.code is Code.INVALID_STATE else None
    return _PASSED.get((verb, reward.stage_of(row)), refusal.message) if row is not None else refusal.message


async def redeemed(connection: AsyncConnection, workspace: Workspace, redemption_id: UUID) -> Redemption | None:
    """A redemption, whoever's it is."""
    house = system(workspace.organization_id, Door.SLACK)
    return (await reward.reads.redemptions_seen(connection, house, [redemption_id])).get(redemption_id)


async def handed(connection: AsyncConnection, workspace: Workspace, actor: Actor, number: int) -> layouts.HandedPage:
    """One page of what was delivered, the newest first."""
    wanted = reward.reads.RedemptionFilter(status=RedemptionStatus.FULFILLED)
    statement = reward.reads.redemptions(actor, wanted)
    found = await reward.reads.redemptions_page(connection, statement, Slice((number + 1) * PER_PAGE))
    rows = found.rows[number * PER_PAGE :]
    names, zone = await _people(connection, workspace, [row.member_id for row in rows]), ZoneInfo(workspace.time_zone)
    shown = [
        layouts.Handed(
            str(row.id),
            names[row.member_id],
            row.reward_name,
            row.price_points,
            (row.fulfilled_at or row.requested_at).astimezone(zone),
        )
        for row in rows
    ]
    return layouts.HandedPage(tuple(shown), number, found.has_next)


async def who(connection: AsyncConnection, workspace: Workspace, member_id: UUID) -> layouts.Person:
    """A member as layouts show one."""
    return (await _people(connection, workspace, [member_id]))[member_id]


async def _people(connection: AsyncConnection, workspace: Workspace, ids: Iterable[UUID]) -> dict[UUID, layouts.Person]:
    wanted = set(ids)
    members = await organization.reads.members_by_id(connection, workspace.organization_id, wanted)
    accounts = await people.by_member(connection, workspace, wanted)
    return {id_: person(member, accounts) for id_, member in members.items()}
