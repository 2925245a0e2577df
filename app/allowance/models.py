"""What is remembered of allowances: every version of the policy, and where each member stands in the current period."""

from datetime import datetime
from uuid import UUID

from app.db import TenantTable, binary, key, moment, refers, text, whole


class AllowancePolicyVersion(TenantTable, table=True):
    """One version of how much may be given. Never changed; the newest one that has begun is in force."""

    __tablename__ = "allowance_policy_version"
    __table_args__ = (refers("", "organization", ""),)

    version: int = whole(primary_key=True)
    set_at: datetime = moment()
    effective_from: datetime = moment()
    """The end of the period in which it was set."""
    document: bytes = binary()
    """The policy as JSON: see `rules.AllowancePolicy`."""


class AllowanceStanding(TenantTable, table=True):
    """What a member was issued for the period it was last touched in."""

    __tablename__ = "allowance_standing"
    __table_args__ = (refers("member_id", "member", "id"),)

    member_id: UUID = key()
    period_start: datetime = moment()
    period_end: datetime = moment()
    issued: bool
    """Whether the full amount was issued in this period: it is, at most once."""
    entitlement: int = whole()
    """Points by base and rules that have been issued, rollover and top-ups left out."""
    total: int = whole()
    """Points issued in this period, rollover and top-ups included."""
    policy_version: int = whole()
    """The newest version that has been counted."""
    lines: str = text()
    """What made the total, as a JSON list of sentences."""
