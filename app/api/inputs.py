"""GraphQL inputs of administration."""

import strawberry

from app.api.described import described
from app.organization import MemberStatus, ParticipationMode


@described
@strawberry.input
class CreateMemberInput:
    """A person to make known."""

    display_name: str
    """The name to show, 1–200 characters."""
    email: str | None = strawberry.UNSET
    """Unique in the organization."""
    avatar_url: str | None = strawberry.UNSET
    """A picture, by https."""
    job_title: str | None = strawberry.UNSET
    """What they do."""
    manager_id: strawberry.ID | None = strawberry.UNSET
    """Whom they report to."""
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Groups they are in."""
    mode: ParticipationMode | None = ParticipationMode.NORMAL
    """Whether they give and receive."""
    status: MemberStatus | None = MemberStatus.INVITED
    """INVITED until their first sign-in, or ACTIVE at once."""


@described
@strawberry.input
class UpdateMemberInput:
    """What to change of a person. What is left out stays; null empties it."""

    member_id: strawberry.ID
    """Whom."""
    display_name: str | None = strawberry.UNSET
    """The name to show."""
    email: str | None = strawberry.UNSET
    """Unique in the organization."""
    avatar_url: str | None = strawberry.UNSET
    """A picture, by https."""
    job_title: str | None = strawberry.UNSET
    """What they do."""
    manager_id: strawberry.ID | None = strawberry.UNSET
    """Whom they report to."""
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    """All groups they are in from now on."""


@described
@strawberry.input
class CreateGroupInput:
    """A group to make."""

    name: str
    """Unique among groups of its kind."""
    kind: str
    """team, location, department, …"""
    member_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Who is in it."""


@described
@strawberry.input
class UpdateGroupInput:
    """What to change of a group. What is left out stays."""

    group_id: strawberry.ID
    """Which."""
    name: str | None = strawberry.UNSET
    """Unique among groups of its kind."""
    kind: str | None = strawberry.UNSET
    """team, location, department, …"""
    add_member_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Who joins."""
    remove_member_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Who leaves."""


@described
@strawberry.input
class CreateCompanyValueInput:
    """A value to praise."""

    name: str
    """As people read it."""
    hashtag: str
    """1–50 letters, digits, - or _; with or without #. It stays for ever."""
    emoji: str | None = strawberry.UNSET
    """Stands beside the name."""


@described
@strawberry.input
class CurrencyInput:
    """What points are called, and what one is worth."""

    singular: str
    """The word for one point."""
    plural: str
    """The word for several points."""
    emoji: str
    """Stands beside the number."""
    minor_units_per_point: int
    """Whole minor units of the currency."""
    code: str
    """ISO 4217."""


@described
@strawberry.input
class UpdateOrganizationInput:
    """What to change of the organization. What is left out stays."""

    name: str | None = strawberry.UNSET
    """As people read it."""
    currency: CurrencyInput | None = strawberry.UNSET
    """What points are called, and what one is worth."""
    time_zone: str | None = strawberry.UNSET
    """IANA name, such as Europe/Madrid. Periods follow it from the end of the current one."""
    leaderboard_enabled: bool | None = strawberry.UNSET
    """Whether everyone sees the top lists."""


@described
@strawberry.input
class AdjustPointsInput:
    """Points to put into a wallet, or to take out."""

    member_id: strawberry.ID
    """Whose."""
    points: int
    """Up when positive, down when negative; the wallet never goes below zero."""
    reason: str
    """Kept for the audit trail and shown in the wallet's history."""
    idempotency_key: str
    """1–200 characters, unique per member and mutation."""


@described
@strawberry.input
class TopUpAllowanceInput:
    """Points to give, for members or groups, now."""

    member_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Members; each must be able to give."""
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Everyone in them who gives."""
    points: int
    """To each, 1 or more."""
    reason: str
    """Kept for the audit trail."""
    idempotency_key: str
    """1–200 characters, unique per member and mutation."""


@described
@strawberry.input
class CreateTokenInput:
    """A token to make."""

    member_id: strawberry.ID
    """As whom it acts."""
    name: str
    """What it is for."""
    expires_in_days: int | None = strawberry.UNSET
    """1–3,650; left out, it does not expire."""
