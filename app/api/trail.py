"""GraphQL types of proof: the audit trail, the health of the ledger, and tokens."""

from datetime import datetime
from uuid import UUID

import strawberry

from app import access, audit, ledger, reward
from app.api.context import Info
from app.api.described import described
from app.api.ids import encode
from app.api.paging import Connection, Node, connect, counting
from app.api.people import Member, member_of
from app.db import Slice


@described
@strawberry.type
class AuditEvent(Node):
    """One fact, for ever."""

    sequence: int
    """1, 2, 3, … in the organization, without a gap."""
    at: datetime
    """When it was committed."""
    actor: Member | None
    """The member who acted; null for the house itself."""
    actor_label: str
    """The member's name as it is now, or the part of the house that acted."""
    action: str
    """A room and a past participle: recognition.given."""
    subject: str
    """What it is about: kind:id."""
    details: str
    """The record as it was hashed: a JSON object with ids and numbers, never names or free text."""
    hash: str
    """SHA-256 of the record, in hexadecimal."""
    previous_hash: str
    """Hash of the event before it, which stands in the record."""


@described
@strawberry.type
class AuditEventConnection(Connection[AuditEvent]):
    """The audit trail, newest first."""


def event_of(info: Info, row: audit.AuditEvent) -> AuditEvent:
    """An event as GraphQL shows it; its actor was brought along."""
    member = info.context.members.get(row.actor_id) if row.actor_id is not None else None
    actor = member_of(info, member) if member is not None else None
    return AuditEvent(
        id=encode("AuditEvent", row.sequence),
        sequence=row.sequence,
        at=row.at,
        actor=actor,
        actor_label=actor.display_name if actor is not None else str(row.door),
        action=row.action,
        subject=row.subject,
        details=row.record.decode(),
        hash=row.hash.hex(),
        previous_hash=audit.previous_of(row.record),
    )


async def audit_page(info: Info, wanted: audit.reads.AuditFilter, part: Slice) -> AuditEventConnection:
    """A page of the audit trail."""
    context = info.context
    statement = audit.reads.trail(context.organization_id, wanted)
    async with context.read() as connection:
        page = await audit.reads.trail_page(connection, statement, part)
        await context.know(connection, [row.actor_id for row in page.rows if row.actor_id is not None])
    return connect(
        AuditEventConnection,
        page,
        part,
        lambda row: event_of(info, row),
        lambda row: (row.sequence,),
        counting(info, statement),
    )


@described
@strawberry.type
class LedgerHealth:
    """Whether every point is accounted for: sums every balance now and checks the chain from the verifier's mark to the head.
    `plaudit verify` checks everything."""

    ok: bool
    """Whether all of it holds."""
    verified_through: int
    """The last event that has been verified."""
    sum_of_balances: int
    """Always 0."""
    negative_accounts: int
    """Accounts below zero that may not be."""
    mismatched_accounts: int
    """Accounts whose balance is not the sum of their entries."""
    rewards_intact: bool
    """Whether redemptions, statements and voucher pools bear out the ledger, to the point."""
    audit_events: int
    """Events in the trail."""
    chain_intact: bool
    """Whether every link that was checked holds."""
    first_broken_sequence: int | None
    """The first event that does not."""
    head_hash: str
    """Hash of the last event, in hexadecimal: write it down elsewhere, and nobody can rewrite what came before."""


async def ledger_health(info: Info) -> LedgerHealth:
    """The health of the viewer's ledger, now."""
    context = info.context
    chain = await audit.verify_from_mark(context.database, context.organization_id)
    proof = await ledger.prove(context.database, context.organization_id)
    rewards = await reward.prove(context.database, context.organization_id)
    return LedgerHealth(
        ok=chain.chain_intact and proof.ok and rewards.ok,
        verified_through=chain.verified_through,
        sum_of_balances=proof.sum_of_balances,
        negative_accounts=proof.negative_accounts,
        mismatched_accounts=proof.mismatched_accounts,
        rewards_intact=rewards.ok,
        audit_events=chain.events,
        chain_intact=chain.chain_intact,
        first_broken_sequence=chain.first_broken_sequence,
        head_hash=chain.head_hash,
    )


@described
@strawberry.type
class Token(Node):
    """A bearer token: whoever shows its secret acts as its member."""

    name: str
    """What it is for."""
    member: Member
    """As whom it acts."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime | None
    """When it stops to work; null: never."""
    revoked_at: datetime | None
    """When it was revoked."""
    last_used_at: datetime | None
    """To the minute or so; null: never."""


@described
@strawberry.type
class TokenConnection(Connection[Token]):
    """Tokens, newest first."""


def token_of(info: Info, row: access.Token) -> Token:
    """A token as GraphQL shows it; its member was brought along."""
    return Token(
        id=encode("Token", row.id),
        name=row.name,
        member=member_of(info, info.context.members[row.member_id]),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


async def token_by_id(info: Info, id_: UUID) -> Token | None:
    """A token of the organization."""
    context = info.context
    async with context.read() as connection:
        row = (await access.reads.tokens_by_id(connection, context.organization_id, [id_])).get(id_)
        if row is None:
            return None
        await context.know(connection, [row.member_id])
    return token_of(info, row)


async def tokens_page(info: Info, part: Slice) -> TokenConnection:
    """A page of the organization's tokens."""
    context = info.context
    statement = access.reads.tokens(context.organization_id)
    async with context.read() as connection:
        page = await access.reads.tokens_page(connection, statement, part)
        await context.know(connection, [row.member_id for row in page.rows])
    return connect(TokenConnection, page, part, lambda row: token_of(info, row), lambda row: (row.id,), counting(info, statement))
