"""Gifts as they are shown: recognitions read with their people, their values and where in Slack they were made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app import ledger, organization, recognition
from app.core.actor import Door, Role, system
from app.db import columns, scoped
from app.organization import Member
from app.recognition import Recognition, Visibility
from integrations.slack import people
from integrations.slack.giving import Left
from integrations.slack.layouts import Gift, Person, Standing
from integrations.slack.models import SlackOrigin
from integrations.slack.people import Known
from integrations.slack.workspaces import Workspace


@dataclass(frozen=True, slots=True)
class Shown:
    """A recognition with what it takes to show it and to decide who is told."""

    gift: Gift
    row: Recognition
    recipient_ids: tuple[UUID, ...]
    accounts: dict[UUID, Known]
    """Accounts in Slack of giver and recipients, by member."""
    origin: SlackOrigin | None
    """Where it was made; None when not in Slack."""

    def with_permalink(self, link: str) -> "Shown":
        """The same, with where it can be seen."""
        return replace(self, gift=replace(self.gift, permalink=link))


async def shown(connection: AsyncConnection, workspace: Workspace, ids: Iterable[UUID]) -> dict[UUID, Shown]:
    """Those of the recognitions that are there, taken back or not. A message that an admin hid is not in them."""
    house = system(workspace.organization_id, Door.SLACK)
    found = await recognition.reads.seen_by(connection, house, ids)
    if not found:
        return {}
    values = await recognition.reads.hashtags(connection, workspace.organization_id, found)
    boosted = [id_ for id_, (row, _) in found.items() if row.boost_count or row.revoked_at is not None]
    boosts = await recognition.reads.boosts(connection, workspace.organization_id, boosted) if boosted else {}
    wanted = {row.giver_id for row, _ in found.values()} | {id_ for _, recipients in found.values() for id_ in recipients}
    members = await organization.reads.members_by_id(connection, workspace.organization_id, wanted)
    accounts = await people.by_member(connection, workspace, wanted)
    origins = await _origins(connection, workspace.organization_id, found)
    here = {}
    for id_, (row, recipients) in found.items():
        origin = origins.get(id_)
        gift = Gift(
            str(id_),
            person(members[row.giver_id], accounts),
            tuple(person(members[recipient], accounts) for recipient in recipients),
            row.points_each,
            "" if row.hidden_at is not None else row.message,
            tuple(values[id_]),
            origin.channel_id or None if origin is not None else None,
            origin.permalink or None if origin is not None else None,
            row.visibility is Visibility.PRIVATE,
            row.boost_points,
            len({booster.id for _, booster in boosts.get(id_, ())}),
            row.given_at,
        )
        here[id_] = Shown(gift, row, tuple(recipients), accounts, origin)
    return here


def person(member: Member, accounts: dict[UUID, Known]) -> Person:
    """A member as layouts show one."""
    account = accounts.get(member.id)
    return Person(member.display_name, account.user_id if account is not None else None)


def standing(left: Left, workspace: Workspace) -> Standing:
    """What is left to give, as layouts show it."""
    return Standing(left.remaining, left.total, left.resets_at.astimezone(ZoneInfo(workspace.time_zone)))


async def balance(connection: AsyncConnection, workspace: Workspace, member_id: UUID) -> int:
    """Points in somebody's wallet."""
    return (await ledger.reads.wallet_balances(connection, workspace.organization_id, [member_id]))[member_id]


async def admins(connection: AsyncConnection, workspace: Workspace, most: int = 3) -> list[Person]:
    """Some of those whom one may ask, those in Slack first."""
    member = columns(Member)
    statement = (
        scoped(Member, workspace.organization_id)
        .where(member.role.in_([Role.ADMIN, Role.OWNER]), member.status == organization.MemberStatus.ACTIVE)
        .order_by(member.name_key, member.id)
        .limit(50)
    )
    rows = [cast(Member, row) for row in await connection.execute(statement)]
    accounts = await people.by_member(connection, workspace, [row.id for row in rows])
    return [person(row, accounts) for row in sorted(rows, key=lambda row: row.id not in accounts)[:most]]


async def _origins(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, SlackOrigin]:
    statement = scoped(SlackOrigin, organization_id).where(columns(SlackOrigin).gift_id.in_(list(ids)))
    return {row.gift_id: cast(Any, row) for row in await connection.execute(statement)}
