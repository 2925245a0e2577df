"""Who acts now, through which door, and what that role may do."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What one may administer. A role adds rights and takes none: everyone gives and receives as their mode says."""

    MEMBER = "MEMBER"
    """Sees public recognitions, its own wallet and allowance."""
    ADMIN = "ADMIN"
    """Manages people, policy, rewards and redemptions."""
    AUDITOR = "AUDITOR"
    """Reads the ledger, the audit trail and insights; administers nothing."""
    OWNER = "OWNER"
    """An admin who also manages roles and tokens."""


class Door(StrEnum):
    """The way an act came in; stands in its audit event."""

    GRAPHQL = "graphql"
    SLACK = "slack"
    CLI = "cli"
    WORKER = "worker"
    SYSTEM = "system"


class Permission(StrEnum):
    """Rights as words, shown to clients in `viewer.permissions`."""

    RECOGNITION_GIVE = "recognition.give"
    POLICY_EDIT = "policy.edit"
    MEMBER_EDIT = "member.edit"
    REWARD_EDIT = "reward.edit"
    REDEMPTION_DECIDE = "redemption.decide"
    AUDIT_READ = "audit.read"
    INSIGHT_GROUPS = "insight.groups"
    TOKEN_EDIT = "token.edit"


_EVERYONE = frozenset({Permission.RECOGNITION_GIVE})
_ADMIN = _EVERYONE | {
    Permission.POLICY_EDIT,
    Permission.MEMBER_EDIT,
    Permission.REWARD_EDIT,
    Permission.REDEMPTION_DECIDE,
    Permission.AUDIT_READ,
    Permission.INSIGHT_GROUPS,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.MEMBER: _EVERYONE,
    Role.ADMIN: _ADMIN,
    Role.AUDITOR: _EVERYONE | {Permission.AUDIT_READ, Permission.INSIGHT_GROUPS},
    Role.OWNER: _ADMIN | {Permission.TOKEN_EDIT},
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts now: a member through a door, or the system itself (no member)."""

    organization_id: UUID
    member_id: UUID | None
    role: Role
    door: Door
    token_id: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role carries this right. Acts ask again under the lock, with the role of that moment."""
        return permission in PERMISSIONS[self.role]

    @property
    def sees_everyone(self) -> bool:
        """Admins, auditors and owners see private recognitions, wallets and e-mail addresses of others."""
        return self.role is not Role.MEMBER


def system(organization_id: UUID, door: Door = Door.SYSTEM) -> Actor:
    """The house itself: the worker, the command line. It has an owner's rights and no member."""
    return Actor(organization_id, None, Role.OWNER, door)
