"""What may be asked about recognition: the feed with its filters, and what hangs on each recognition."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from unicodedata import normalize
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actor import Actor
from app.core.ids import first_id, last_id
from app.db import Page, Slice, columns, page, row_type, scoped, table_of
from app.organization import CompanyValue, Group, Member, Membership
from app.recognition.models import (
    Boost,
    Comment,
    GivingPolicyNow,
    Grant,
    Reaction,
    Recognition,
    RecognitionGroup,
    RecognitionValue,
    Visibility,
)
from app.recognition.sight import may_see
from app.recognition.terms import GivingPolicy, parse

SEARCHED_DAYS = 366
BOOSTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class RecognitionFilter:
    """Which recognitions are wanted; None does not look."""

    giver_id: UUID | None = None
    recipient_id: UUID | None = None
    group_id: UUID | None = None
    """Thanked as a group, or giver or a recipient is in it now."""
    hashtag: str | None = None
    visibility: Visibility | None = None
    since: datetime | None = None
    before: datetime | None = None
    search: str | None = None
    """Part of the message, whatever its case, within the last 12 months."""


def feed(actor: Actor, wanted: RecognitionFilter, now: datetime) -> sa.Select[Any]:
    """Recognitions that the actor's feed shows, in no order: public ones and the actor's own private ones; with the filter
    PRIVATE, admins and auditors see those of others. Nothing that was taken back."""
    organization_id, recognition = actor.organization_id, columns(Recognition)
    statement = scoped(Recognition, organization_id).where(recognition.revoked_at.is_(None))
    mine = sa.or_(recognition.giver_id == actor.member_id, recognition.id.in_(_received(organization_id, actor.member_id)))
    if wanted.visibility is Visibility.PUBLIC:
        statement = statement.where(recognition.visibility == Visibility.PUBLIC)
    elif wanted.visibility is Visibility.PRIVATE:
        statement = statement.where(recognition.visibility == Visibility.PRIVATE)
        if not actor.sees_everyone:
            statement = statement.where(mine)
    else:
        statement = statement.where(sa.or_(recognition.visibility == Visibility.PUBLIC, mine))
    return _filtered(statement, organization_id, wanted, now)


def _filtered(statement: sa.Select[Any], organization_id: UUID, wanted: RecognitionFilter, now: datetime) -> sa.Select[Any]:
    recognition = columns(Recognition)
    if wanted.giver_id is not None:
        statement = statement.where(recognition.giver_id == wanted.giver_id)
    if wanted.recipient_id is not None:
        statement = statement.where(recognition.id.in_(_received(organization_id, wanted.recipient_id)))
    if wanted.group_id is not None:
        statement = statement.where(_about_group(organization_id, wanted.group_id))
    if wanted.hashtag is not None:
        value = columns(RecognitionValue)
        tagged = scoped(RecognitionValue, organization_id, value.recognition_id).where(value.hashtag == wanted.hashtag)
        statement = statement.where(recognition.id.in_(tagged))
    if wanted.since is not None:
        statement = statement.where(recognition.id >= first_id(wanted.since), recognition.given_at >= wanted.since)
    if wanted.before is not None:
        # Ids count milliseconds: the bound on them is wide, and lets the index end where the answer does.
        statement = statement.where(recognition.id < last_id(wanted.before), recognition.given_at < wanted.before)
    if wanted.search:
        floor = first_id(now - timedelta(days=SEARCHED_DAYS))
        found = sa.func.lower(recognition.message).contains(normalize("NFC", wanted.search).lower(), autoescape=True)
        statement = statement.where(recognition.id >= floor, recognition.hidden_at.is_(None), found)
    return statement


def _received(organization_id: UUID, member_id: UUID | None) -> sa.Select[Any]:
    grant = columns(Grant)
    return scoped(Grant, organization_id, grant.recognition_id).where(
        grant.recipient_id == member_id, grant.is_boost == sa.false()
    )


def _about_group(organization_id: UUID, group_id: UUID) -> Any:
    recognition, grant, thanked, membership = columns(Recognition), columns(Grant), columns(RecognitionGroup), columns(Membership)
    inside = scoped(Membership, organization_id, membership.member_id).where(membership.group_id == group_id)
    as_group = scoped(RecognitionGroup, organization_id, thanked.recognition_id).where(thanked.group_id == group_id)
    received = scoped(Grant, organization_id, grant.recognition_id).where(
        grant.recipient_id.in_(inside), grant.is_boost == sa.false()
    )
    return sa.or_(recognition.giver_id.in_(inside), recognition.id.in_(as_group), recognition.id.in_(received))


async def feed_page(connection: AsyncConnection, statement: sa.Select[Any], part: Slice) -> Page[Recognition]:
    """One page of `feed`, newest first; the key of a row is its id."""
    return await page(connection, statement, [columns(Recognition).id], part, descending=True)


async def recipients(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Recipients of each of the recognitions, in the order of their ids."""
    grant = columns(Grant)
    statement = (
        scoped(Grant, organization_id, grant.recognition_id, grant.recipient_id)
        .where(grant.recognition_id.in_(set(ids)), grant.is_boost == sa.false())
        .order_by(grant.recognition_id, grant.recipient_id)
    )
    found: dict[UUID, list[UUID]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement):
        found[row.recognition_id].append(row.recipient_id)
    return found


async def seen_by(connection: AsyncConnection, actor: Actor, ids: Iterable[UUID]) -> dict[UUID, tuple[Recognition, list[UUID]]]:
    """Those of the recognitions that exist and that the actor sees, with their recipients."""
    wanted = list(ids)
    statement = scoped(Recognition, actor.organization_id).where(columns(Recognition).id.in_(wanted))
    rows = {row.id: cast(Recognition, row) for row in await connection.execute(statement)}
    people = await recipients(connection, actor.organization_id, rows)
    return {id_: (row, people[id_]) for id_, row in rows.items() if may_see(row, people[id_], actor.member_id, actor.role)}


async def hashtags(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Company values of each of the recognitions, by hashtag."""
    value = columns(RecognitionValue)
    statement = scoped(RecognitionValue, organization_id, value.recognition_id, value.hashtag)
    statement = statement.where(value.recognition_id.in_(set(ids))).order_by(value.hashtag)
    found: dict[UUID, list[str]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement):
        found[row.recognition_id].append(row.hashtag)
    return found


async def values(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, list[CompanyValue]]:
    """Company values of each of the recognitions, by hashtag."""
    tag, value = columns(RecognitionValue), columns(CompanyValue)
    statement = (
        scoped(CompanyValue, organization_id, tag.recognition_id, *table_of(CompanyValue).c)
        .join_from(
            table_of(CompanyValue),
            table_of(RecognitionValue),
            sa.and_(tag.organization_id == value.organization_id, tag.hashtag == value.hashtag),
        )
        .where(tag.recognition_id.in_(set(ids)))
        .order_by(value.hashtag)
    )
    found: dict[UUID, list[CompanyValue]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement):
        found[row.recognition_id].append(cast(CompanyValue, row))
    return found


async def groups(connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]) -> dict[UUID, list[Group]]:
    """Groups that each of the recognitions thanked as groups."""
    thanked, group = columns(RecognitionGroup), columns(Group)
    statement = (
        scoped(Group, organization_id, thanked.recognition_id, *table_of(Group).c)
        .join_from(
            table_of(Group),
            table_of(RecognitionGroup),
            sa.and_(thanked.organization_id == group.organization_id, thanked.group_id == group.id),
        )
        .where(thanked.recognition_id.in_(set(ids)))
        .order_by(group.id)
    )
    found: dict[UUID, list[Group]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement):
        found[row.recognition_id].append(cast(Group, row))
    return found


async def boosts(
    connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID]
) -> dict[UUID, list[tuple[Boost, Member]]]:
    """The latest boosts of each of the recognitions with their givers, newest first; those taken back alone are left out."""
    boost, recognition = columns(Boost), columns(Recognition)
    rank = sa.func.row_number().over(partition_by=boost.recognition_id, order_by=boost.id.desc()).label("rank")
    ranked = (
        scoped(Boost, organization_id, *table_of(Boost).c, rank)
        .join_from(
            table_of(Boost),
            table_of(Recognition),
            sa.and_(recognition.organization_id == boost.organization_id, recognition.id == boost.recognition_id),
        )
        .where(boost.recognition_id.in_(set(ids)), sa.or_(boost.revoked_at.is_(None), recognition.revoked_at.is_not(None)))
        .subquery()
    )
    statement = _with_people(organization_id, ranked, ranked.c.giver_id).where(ranked.c.rank <= BOOSTS_SHOWN)
    found: dict[UUID, list[tuple[Boost, Member]]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement):
        found[row.recognition_id].append((cast(Boost, row), _person(row)))
    return found


def _with_people(organization_id: UUID, things: sa.Subquery, person_id: sa.ColumnElement[UUID]) -> sa.Select[Any]:
    """The things, newest first, each with the member behind it: the columns of the member come last."""
    member = table_of(Member)
    people = [column.label(f"person_{column.name}") for column in member.c]
    return (
        scoped(Member, organization_id, *things.c, *people)
        .join_from(things, member, member.c.id == person_id)
        .order_by(things.c.id.desc())
    )


def _person(row: Any) -> Member:
    kind = row_type(Member)
    return cast(Member, kind._make(row[-len(kind._fields) :]))


async def boost_row(connection: AsyncConnection, organization_id: UUID, boost_id: UUID) -> Boost | None:
    """One boost."""
    statement = scoped(Boost, organization_id).where(columns(Boost).id == boost_id)
    return cast(Boost | None, (await connection.execute(statement)).one_or_none())


def comments(organization_id: UUID, recognition_id: UUID) -> sa.Select[Any]:
    """Comments on a recognition that were not deleted, in no order."""
    comment = columns(Comment)
    return scoped(Comment, organization_id).where(comment.recognition_id == recognition_id, comment.deleted_at.is_(None))


async def comments_pages(
    connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID], part: Slice
) -> dict[UUID, Page[tuple[Comment, Member]]]:
    """The same page of the comments of each of the recognitions with their authors, newest first; the key of a row is its id."""
    comment = columns(Comment)
    rank = sa.func.row_number().over(partition_by=comment.recognition_id, order_by=comment.id.desc()).label("rank")
    statement = scoped(Comment, organization_id, *table_of(Comment).c, rank)
    statement = statement.where(comment.recognition_id.in_(set(ids)), comment.deleted_at.is_(None))
    if part.after is not None:
        statement = statement.where(comment.id < part.after[0])
    ranked = statement.subquery()
    found: dict[UUID, list[tuple[Comment, Member]]] = {id_: [] for id_ in ids}
    chosen = _with_people(organization_id, ranked, ranked.c.author_id).where(ranked.c.rank <= part.first + 1)
    for row in await connection.execute(chosen):
        found[row.recognition_id].append((cast(Comment, row), _person(row)))
    return {id_: Page(rows[: part.first], len(rows) > part.first) for id_, rows in found.items()}


async def comment_row(connection: AsyncConnection, organization_id: UUID, comment_id: UUID) -> Comment | None:
    """One comment that was not deleted."""
    comment = columns(Comment)
    statement = scoped(Comment, organization_id).where(comment.id == comment_id, comment.deleted_at.is_(None))
    return cast(Comment | None, (await connection.execute(statement)).one_or_none())


class EmojiCount(NamedTuple):
    """How often an emoji was put on a recognition, and whether by the viewer."""

    emoji: str
    number: int
    mine: bool


async def reactions(
    connection: AsyncConnection, organization_id: UUID, ids: Iterable[UUID], viewer_id: UUID | None
) -> dict[UUID, list[EmojiCount]]:
    """Emoji of each of the recognitions, the most frequent first."""
    reaction = columns(Reaction)
    number = sa.func.count().label("number")
    mine = sa.func.max(sa.case((reaction.member_id == viewer_id, 1), else_=0)).label("mine")
    statement = (
        scoped(Reaction, organization_id, reaction.recognition_id, reaction.emoji, number, mine)
        .where(reaction.recognition_id.in_(set(ids)))
        .group_by(reaction.recognition_id, reaction.emoji)
        .order_by(number.desc(), reaction.emoji)
    )
    found: dict[UUID, list[EmojiCount]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement):
        found[row.recognition_id].append(EmojiCount(row.emoji, row.number, bool(row.mine)))
    return found


async def policy_in_force(connection: AsyncConnection, organization_id: UUID) -> tuple[int, GivingPolicy]:
    """The giving policy, and its version."""
    row = (await connection.execute(scoped(GivingPolicyNow, organization_id))).one()
    return row.version, parse(row.document)
