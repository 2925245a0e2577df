"""Managers: who reports to whom, near and far."""

from itertools import pairwise
from uuid import UUID

import sqlalchemy as sa

from app.core.errors import Code, Refusal, not_found
from app.db import Draft, Reading, identifier_column, row, table_of
from app.organization.models import Member

MANAGERS_MAX = 64
"""Managers above one another."""
READ_AT_ONCE = 32


class Line:
    """The next managers above a member as they are stored, the nearest first."""

    def __init__(self, organization_id: UUID, member_id: UUID, *above: UUID | None) -> None:
        self.organization_id = organization_id
        self.member_id = member_id
        self.above = [manager_id for manager_id in above if manager_id is not None]


def _line(keys: sa.FromClause) -> sa.Select[tuple[object, ...]]:
    first, *_ = levels = _levels()
    joined = keys.outerjoin(first, sa.and_(first.c.organization_id == keys.c.organization_id, first.c.id == keys.c.member_id))
    for lower, upper in pairwise(levels):
        above = sa.and_(upper.c.organization_id == lower.c.organization_id, upper.c.id == lower.c.manager_id)
        joined = joined.outerjoin(upper, above)
    managers = [level.c.manager_id.label(f"above_{number}") for number, level in enumerate(levels)]
    return sa.select(*keys.c, *managers).select_from(joined)


def _levels() -> list[sa.FromClause]:
    """The table once for each level; the reading keeps all of them in the organization of its key."""
    return [table_of(Member).alias(f"level_{level}") for level in range(READ_AT_ONCE)]


LINE = Reading(Line, [identifier_column(name) for name in ("organization_id", "member_id")], _line)


def checked_manager(draft: Draft, manager_id: UUID | None, member_id: UUID | None) -> UUID | None:
    """The manager, who exists and does not report to the member, near or far. Raises NOT_FOUND and INVALID_INPUT."""
    above = manager_id
    for _ in range(MANAGERS_MAX):
        if above is None:
            return manager_id
        if above == member_id:
            raise Refusal(Code.INVALID_INPUT, "Nobody reports to themselves, directly or by way of others.", "managerId")
        if not draft.batch.knows(row(Member, draft.organization_id, above)):  # then many levels in one round
            draft.expect(row(Member, draft.organization_id, id_) for id_ in [above, *draft.read(LINE, above).above])
        manager = draft.get(Member, above)
        if manager is None:
            raise not_found("managerId")
        above = manager.manager_id
    raise Refusal(Code.INVALID_INPUT, f"There are more than {MANAGERS_MAX} managers above this one.", "managerId")
