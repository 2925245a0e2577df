"""Standings: how much somebody gave and received since a moment, what of it, and who gave and received most."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actor import Actor
from app.core.ids import first_id
from app.db import Page, Slice, columns, page, scoped, table_of
from app.recognition.models import Grant, Recognition, RecognitionValue, Visibility


class Numbers(NamedTuple):
    """What one member gave and received; private recognitions count, revoked ones do not."""

    received_points: int
    received_people: int
    given_points: int
    given_people: int


class Totals(NamedTuple):
    """What an organization gave."""

    points: int
    people_gave: int
    top_value: str | None
    """The hashtag of the company value that most recognitions were given for."""


async def numbers(connection: AsyncConnection, organization_id: UUID, member_id: UUID, since: datetime) -> Numbers:
    """What the member gave and received since then, boosts included, and how many people that were."""
    grant = columns(Grant)
    mine = _since(organization_id, since, grant.points, grant.giver_id, grant.recipient_id)
    mine = mine.where(sa.or_(grant.giver_id == member_id, grant.recipient_id == member_id))
    received = given = 0
    givers, recipients = set(), set()
    for row in await connection.execute(mine):
        if row.recipient_id == member_id:
            received += row.points
            givers.add(row.giver_id)
        else:
            given += row.points
            recipients.add(row.recipient_id)
    return Numbers(received, len(givers), given, len(recipients))


async def totals(connection: AsyncConnection, organization_id: UUID, since: datetime) -> Totals:
    """What everybody gave since then, boosts included."""
    grant, value, recognition = columns(Grant), columns(RecognitionValue), columns(Recognition)
    summed = sa.func.coalesce(sa.func.sum(grant.points), 0)
    row = (await connection.execute(_since(organization_id, since, summed, sa.func.count(grant.giver_id.distinct())))).one()
    number = sa.func.count().label("number")
    praised = (
        scoped(RecognitionValue, organization_id, value.hashtag, number)
        .join_from(
            table_of(RecognitionValue),
            table_of(Recognition),
            sa.and_(recognition.organization_id == value.organization_id, recognition.id == value.recognition_id),
        )
        .where(value.recognition_id >= first_id(since), recognition.revoked_at.is_(None))
        .group_by(value.hashtag)
        .order_by(number.desc(), value.hashtag)
        .limit(1)
    )
    top = (await connection.execute(praised)).one_or_none()
    return Totals(int(row[0]), row[1], top.hashtag if top is not None else None)


async def top(
    connection: AsyncConnection, organization_id: UUID, since: datetime, most: int = 10
) -> tuple[list[tuple[UUID, int]], list[tuple[UUID, int]]]:
    """Who gave and who received most points since then, each with the points; private recognitions are in no such list."""
    grant = columns(Grant)
    found = []
    for member_id in (grant.giver_id, grant.recipient_id):
        points = sa.func.sum(grant.points).label("points")
        statement = _public(_since(organization_id, since, member_id.label("member_id"), points))
        statement = statement.group_by(member_id).having(points > 0).order_by(points.desc(), member_id).limit(most)
        found.append([(row.member_id, int(row.points)) for row in await connection.execute(statement)])
    return found[0], found[1]


async def own_page(connection: AsyncConnection, actor: Actor, part: Slice) -> Page[Recognition]:
    """Recognitions that the actor gave or received, those taken back too, newest first; the key of a row is its id."""
    recognition, grant = columns(Recognition), columns(Grant)
    received = scoped(Grant, actor.organization_id, grant.recognition_id).where(
        grant.recipient_id == actor.member_id, grant.is_boost == sa.false()
    )
    mine = sa.or_(recognition.giver_id == actor.member_id, recognition.id.in_(received))
    return await page(connection, scoped(Recognition, actor.organization_id).where(mine), [recognition.id], part, descending=True)


def _since(organization_id: UUID, since: datetime, *chosen: Any) -> sa.Select[Any]:
    grant = columns(Grant)
    return scoped(Grant, organization_id, *chosen).where(grant.gift_id >= first_id(since), grant.revoked == sa.false())


def _public(statement: sa.Select[Any]) -> sa.Select[Any]:
    grant, recognition = columns(Grant), columns(Recognition)
    same = sa.and_(recognition.organization_id == grant.organization_id, recognition.id == grant.recognition_id)
    return statement.join(table_of(Recognition), same).where(recognition.visibility == Visibility.PUBLIC)
