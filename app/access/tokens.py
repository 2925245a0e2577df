"""Tokens: made and revoked by owners; the secret is shown once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app import audit, organization
from app.access.models import Token
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal, not_found
from app.core.ids import new_secret
from app.core.texts import clean
from app.db import Draft, Want, row
from app.organization import Member, MemberStatus

NAME_CHARS_MAX = 100
EXPIRES_IN_DAYS_MAX = 3_650


@dataclass(frozen=True, slots=True)
class CreateToken:
    """Makes a token for a member."""

    actor: Actor
    member_id: UUID
    name: str
    expires_in_days: int | None = None
    """None: it does not expire."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(Member, self.actor.organization_id, self.member_id)

    def decide(self, draft: Draft) -> "Issued":
        """The token's id and its secret."""
        organization.require(draft, Permission.TOKEN_EDIT)
        member = organization.member_found(draft, self.member_id)
        if member.status is MemberStatus.DEACTIVATED:
            raise Refusal(Code.INVALID_STATE, "This member has been deactivated, so a token would open nothing.", "memberId")
        if self.expires_in_days is not None and not 1 <= self.expires_in_days <= EXPIRES_IN_DAYS_MAX:
            raise Refusal(Code.INVALID_INPUT, f"Between 1 and {EXPIRES_IN_DAYS_MAX} days, please.", "expiresInDays")
        secret = new_secret(draft.organization_id)
        token = draft.add(
            Token,
            id=draft.new_id(),
            member_id=member.id,
            name=clean(self.name, "name", chars_max=NAME_CHARS_MAX, chars_min=1),
            digest=audit.sha256(secret.encode()),
            created_at=draft.now,
            expires_at=draft.now + timedelta(days=self.expires_in_days) if self.expires_in_days is not None else None,
        )
        draft.tell("token.created", f"token:{token.id}", member=member.id, expires_at=token.expires_at)
        return Issued(token.id, secret)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token. The secret is nowhere else."""

    id: UUID
    secret: str


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """Makes a token useless."""

    actor: Actor
    token_id: UUID

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(Token, self.actor.organization_id, self.token_id)

    def decide(self, draft: Draft) -> UUID:
        """The token's id."""
        organization.require(draft, Permission.TOKEN_EDIT)
        token = draft.get(Token, self.token_id)
        if token is None:
            raise not_found("id")
        if token.revoked_at is None:
            draft.change(token, revoked_at=draft.now)
            draft.tell("token.revoked", f"token:{token.id}", member=token.member_id)
        return token.id
