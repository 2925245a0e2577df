"""What is remembered of access: bearer tokens, never their secrets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint

from app.db import TenantTable, binary, identifier, key, moment, refers, text


class Token(TenantTable, table=True):
    """A bearer token of a member: whoever shows its secret acts as that member."""

    __tablename__ = "token"
    __table_args__ = (
        refers("member_id", "member", "id"),
        UniqueConstraint("organization_id", "digest"),
        Index("ix_token_by_member", "organization_id", "member_id"),
    )

    id: UUID = key()
    member_id: UUID = identifier()
    name: str = text()
    """What it is for, in the words of whoever made it."""
    digest: bytes = binary()
    """SHA-256 of the secret, which has 256 bits of chance and so needs no salt."""
    created_at: datetime = moment()
    expires_at: datetime | None = moment(default=None)
    revoked_at: datetime | None = moment(default=None)
    last_used_at: datetime | None = moment(default=None)
    """To the minute or so: written down from time to time."""
