"""Signing in: from the header of a request to the actor behind it."""

import time
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from app import allowance, audit, organization
from app.access.models import Token
from app.core.actor import Actor, Door, Role
from app.core.errors import Unauthenticated
from app.core.ids import organization_of
from app.db import Batch, Database, columns, scoped, table_of
from app.organization import Member, MemberStatus

REMEMBERED_SECONDS = 1.0
"""How long another process's change of a role, a status or a token may go unseen. Acts judge by the row under the lock."""
REMEMBERED_MAX = 10_000
SCHEME = "bearer "


class _Known(NamedTuple):
    actor: Actor
    status: MemberStatus
    until: float
    expires_at: float | None


class SignIn:
    """Knows who stands behind a token."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: dict[bytes, _Known] = {}
        self._forgotten = 0
        """How often everything was forgotten: what was read before that must not be remembered after it."""
        self._used: dict[tuple[UUID, UUID], Any] = {}
        database.committer.listeners.append(self._forget)

    async def actor(self, authorization: str | None, door: Door = Door.GRAPHQL) -> Actor:
        """The actor of a request by its Authorization header. An invited member who shows up becomes active.

        Raises Unauthenticated."""
        if authorization is None or not authorization.lower().startswith(SCHEME):
            raise Unauthenticated("Send a token: Authorization: Bearer plaudit_…")
        secret = authorization[len(SCHEME) :].strip()
        organization_id = organization_of(secret)
        if organization_id is None:
            raise Unauthenticated("This is no token of ours; one looks like plaudit_… Ask an owner of your organization for one.")
        digest = audit.sha256(secret.encode())
        known = self._known.get(digest)
        if known is None or known.until < time.monotonic():
            known = await self._look_up(organization_id, digest, door)
            if known.status is MemberStatus.INVITED:
                await self.database.submit(allowance.Followed(organization.WelcomeMember(known.actor)))
                known = await self._look_up(organization_id, digest, door)
        if known.expires_at is not None and known.expires_at <= self.database.clock().timestamp():
            raise Unauthenticated("This token has expired. Ask an owner of your organization for a new one.")
        assert known.actor.token_id is not None
        self._used[organization_id, known.actor.token_id] = None
        return known.actor

    async def _look_up(self, organization_id: UUID, digest: bytes, door: Door) -> _Known:
        forgotten = self._forgotten
        async with self.database.read() as connection:
            asked = {"the_organization": organization_id, "the_digest": digest}
            row = (await connection.execute(_by_digest(), asked)).one_or_none()
        if row is None or row.revoked_at is not None:
            raise Unauthenticated(
                "This token is not known, or has been revoked. Ask an owner of your organization for a new one."
            )
        if row.status is MemberStatus.DEACTIVATED:
            raise Unauthenticated("The member of this token has been deactivated.")
        actor = Actor(organization_id, row.member_id, Role(row.role), door, row.id)
        expires_at = row.expires_at.timestamp() if row.expires_at is not None else None
        known = _Known(actor, row.status, time.monotonic() + REMEMBERED_SECONDS, expires_at)
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        if forgotten == self._forgotten:
            self._known[digest] = known
        return known

    def _forget(self, batch: Batch) -> None:
        """What this process changed counts at once."""
        if batch.touched(Token) or batch.touched(Member):
            self._known.clear()
            self._forgotten += 1

    async def write_down_use(self) -> None:
        """Notes when tokens were last used. Bookkeeping: losing it loses nothing."""
        used, self._used = self._used, {}
        if not used:
            return
        token = columns(Token)
        statement = (
            sa.update(table_of(Token))
            .where(token.organization_id == sa.bindparam("the_organization"), token.id == sa.bindparam("the_token"))
            .values(last_used_at=self.database.clock())
        )
        async with self.database.bookkeeping() as connection:
            await connection.execute(
                statement,
                [{"the_organization": organization_id, "the_token": token_id} for organization_id, token_id in sorted(used)],
            )


@cache
def _by_digest() -> sa.Select[Any]:
    """A token with its member. Built once, since putting it together costs as much as asking it."""
    token, member = columns(Token), columns(Member)
    the_organization: Any = sa.bindparam("the_organization")
    return (
        scoped(Token, the_organization, token.id, token.member_id, token.expires_at, token.revoked_at, member.role, member.status)
        .join_from(
            table_of(Token),
            table_of(Member),
            sa.and_(member.organization_id == token.organization_id, member.id == token.member_id),
        )
        .where(token.digest == sa.bindparam("the_digest"))
    )
