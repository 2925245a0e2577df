"""The store of rollups: adds what changed to the rows that are there, and removes rows that say nothing any more."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pyroaring import BitMap
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import TenantTable, columns, insert, scoped, table_of
from app.insight.delta import Delta, Key
from app.insight.models import (
    InsightFlow,
    InsightMember,
    InsightPair,
    InsightPeople,
    InsightPoints,
    InsightStanding,
    InsightTotal,
    InsightValue,
    Span,
    Standing,
)
from app.insight.tally import Tally

Standings = Mapping[tuple[UUID, Standing, date], Iterable[tuple[int, bool]]]
_PAIR_BITS = 32


async def write(connection: AsyncConnection, delta: Delta, standings: Standings) -> None:
    """Writes everything down, inside the reader's transaction."""
    organization_id = delta.organization_id
    await _sum(connection, organization_id, InsightTotal, delta.totals)
    await _sum(connection, organization_id, InsightValue, delta.values)
    await _sum(connection, organization_id, InsightFlow, delta.flows)
    await _sum(connection, organization_id, InsightMember, delta.members)
    await _sum(connection, organization_id, InsightPoints, delta.points)
    await _count(connection, organization_id, delta)
    await _pair(connection, organization_id, delta)
    await _stand(connection, organization_id, standings)


async def _sum(
    connection: AsyncConnection, organization_id: UUID, model: type[TenantTable], changes: Mapping[Key, list[int]]
) -> None:
    """Adds numbers to rows, which are made where they are missing and go when all their numbers are zero."""
    table = table_of(model)
    keys = [column.name for column in table.primary_key.columns][1:]
    numbers = [column.name for column in table.c if column.name not in ("organization_id", *keys)]
    rows = [
        {"organization_id": organization_id, **dict(zip(keys, key, strict=True)), **dict(zip(numbers, change, strict=True))}
        for key, change in changes.items()
        if any(change)
    ]
    if not rows:
        return
    adding = insert(model, connection.dialect.name)
    summed = {name: table.c[name] + adding.excluded[name] for name in numbers}
    await connection.execute(adding.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=summed), rows)
    smaller = [row for row in rows if min(row[name] for name in numbers) < 0]
    if smaller:
        empty = [table.c[name] == 0 for name in numbers]
        named = [_bound({name: row[name] for name in ("organization_id", *keys)}) for row in smaller]
        await connection.execute(sa.delete(table).where(*_by_key(table), *empty), named)


async def _count(connection: AsyncConnection, organization_id: UUID, delta: Delta) -> None:
    """Brings the tallies of people up to date."""
    wanted: dict[tuple[Span, date], set[UUID]] = {}
    for span, start, scope_id, _ in delta.people:
        wanted.setdefault((span, start), set()).add(scope_id)
    people, found = columns(InsightPeople), dict[Key, bytes]()
    for (span, start), scope_ids in wanted.items():
        statement = scoped(InsightPeople, organization_id).where(people.span == span, people.start == start)
        for row in await connection.execute(statement.where(people.scope_id.in_(scope_ids))):
            found[row.span, row.start, row.scope_id, row.part] = row.tally
    tallies = {}
    for key, change in delta.people.items():
        tallies[key] = _changed(Tally(found.get(key, b"")), change).content()
    await _put(connection, organization_id, InsightPeople, {key: {"tally": tally} for key, tally in tallies.items()})


async def _pair(connection: AsyncConnection, organization_id: UUID, delta: Delta) -> None:
    """Brings the tallies of pairs up to date."""
    pair, rows = columns(InsightPair), dict[Key, dict[str, bytes]]()
    for (span, start), change in delta.pairs.items():
        statement = scoped(InsightPair, organization_id).where(pair.span == span, pair.start == start)
        before = (await connection.execute(statement)).one_or_none()
        upward = {giver << _PAIR_BITS | receiver: number for (giver, receiver), number in change.items() if giver < receiver}
        downward = {receiver << _PAIR_BITS | giver: number for (giver, receiver), number in change.items() if giver > receiver}
        rows[span, start] = {
            "upward": _changed(Tally(before.upward if before else b"", wide=True), upward).content(),
            "downward": _changed(Tally(before.downward if before else b"", wide=True), downward).content(),
        }
    await _put(connection, organization_id, InsightPair, rows)


async def _stand(connection: AsyncConnection, organization_id: UUID, standings: Standings) -> None:
    """Notes who came to be something on a day, and who ceased to be it. Whoever came and went on one day stands in both."""
    standing, rows = columns(InsightStanding), dict[Key, dict[str, bytes]]()
    for key, change in standings.items():
        scope_id, word, day = key
        statement = scoped(InsightStanding, organization_id).where(
            standing.scope_id == scope_id, standing.standing == word, standing.on_day == day
        )
        before = (await connection.execute(statement)).one_or_none()
        came = BitMap.deserialize(before.came) if before else BitMap()
        went = BitMap.deserialize(before.went) if before else BitMap()
        for ordinal, comes in change:
            if comes:
                came.add(ordinal)
                went.discard(ordinal)
            else:
                went.add(ordinal)
        rows[key] = {"came": came.serialize(), "went": went.serialize()}
    await _put(connection, organization_id, InsightStanding, rows)


async def _put(
    connection: AsyncConnection, organization_id: UUID, model: type[TenantTable], rows: Mapping[Key, Mapping[str, bytes]]
) -> None:
    """Writes rows over those that are there; removes those that hold nothing."""
    table = table_of(model)
    keys = [column.name for column in table.primary_key.columns][1:]
    named = {key: {"organization_id": organization_id, **dict(zip(keys, key, strict=True))} for key in rows}
    full = [{**named[key], **content} for key, content in rows.items() if any(content.values())]
    if full:
        putting = insert(model, connection.dialect.name)
        contents = {column.name: putting.excluded[column.name] for column in table.c if not column.primary_key}
        await connection.execute(
            putting.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=contents), full
        )
    empty = [named[key] for key, content in rows.items() if not any(content.values())]
    if empty:
        await connection.execute(sa.delete(table).where(*_by_key(table)), [_bound(row) for row in empty])


def _by_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """The row of a key that is bound later."""
    return [column == sa.bindparam(f"_{column.name}", type_=column.type) for column in table.primary_key.columns]


def _bound(key: Mapping[str, Any]) -> dict[str, Any]:
    return {f"_{name}": value for name, value in key.items()}


def _changed(tally: Tally, change: Mapping[int, int]) -> Tally:
    return tally.add(_repeated(change, 1)).take(_repeated(change, -1))


def _repeated(change: Mapping[int, int], sign: int) -> Iterable[int]:
    for number, times in change.items():
        yield from [number] * (sign * times)
