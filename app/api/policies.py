"""GraphQL types and inputs of policy: who may give what to whom, and how much."""

from datetime import datetime
from uuid import UUID

import strawberry

from app import allowance, organization, recognition
from app.allowance import AllowanceEffect, Period
from app.api.context import Info
from app.api.described import described
from app.api.ids import encode, uuids_of
from app.api.people import Group, Member, group_of, member_of
from app.recognition import Effect, ValueRequirement

for _enum in (Effect, ValueRequirement, Period, AllowanceEffect):
    strawberry.enum(_enum)


@described
@strawberry.type
class Audience:
    """A set of members: the union of everyone, groups and members."""

    everyone: bool
    """Whether it is everyone."""
    group_ids: strawberry.Private[frozenset[UUID]]
    member_ids: strawberry.Private[frozenset[UUID]]

    @strawberry.field
    async def groups(self, info: Info) -> list[Group]:
        """Groups whose members belong."""
        found = await info.context.loader("groups", organization.reads.groups_by_id).load_many(sorted(self.group_ids))
        return [group_of(group) for group in found if group is not None]

    @strawberry.field
    async def members(self, info: Info) -> list[Member]:
        """Members who belong, whatever their groups."""
        found = await info.context.loader("members", organization.reads.members_by_id).load_many(sorted(self.member_ids))
        return [member_of(info, member) for member in found if member is not None]


@described
@strawberry.input
class AudienceInput:
    """A set of members; one that names nobody is refused."""

    everyone: bool | None = False
    """Everyone."""
    group_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Groups whose members belong."""
    member_ids: list[strawberry.ID] | None = strawberry.UNSET
    """Members who belong."""


def audience_of(found: organization.Audience) -> Audience:
    """An audience as GraphQL shows it."""
    return Audience(everyone=found.everyone, group_ids=found.group_ids, member_ids=found.member_ids)


def audience_from(given: AudienceInput, *field: str) -> organization.Audience:
    """An audience from its input. Raises NOT_FOUND for an id that cannot be one."""
    return organization.Audience(
        bool(given.everyone),
        frozenset(uuids_of(given.group_ids or None, "Group", *field, "groupIds")),
        frozenset(uuids_of(given.member_ids or None, "Member", *field, "memberIds")),
    )


@described
@strawberry.type
class GivingRule:
    """Allows or denies giving from one audience to another. A matching DENY always wins. If there is any ALLOW rule, a pair must
    match one; with no ALLOW rule, every pair that is not denied may give."""

    id: strawberry.ID
    """Good for this version of the policy."""
    effect: Effect
    """ALLOW or DENY."""
    giver: Audience
    """Who would give."""
    recipient: Audience
    """Who would receive."""
    note: str | None
    """Why, for other admins; null to members."""


@described
@strawberry.type
class GivingLimits:
    """Bounds on giving; null is no bound. A period is the allowance period; boosts count as points."""

    max_points_per_recognition: int | None
    """Points to each person at once."""
    max_recipients: int
    """People in one recognition, groups expanded."""
    max_points_to_same_person_per_period: int | None
    """Points from one giver to one person."""
    max_recognitions_to_same_person_per_period: int | None
    """Recognitions from one giver to one person, plain thanks included."""
    max_points_received_per_period: int | None
    """Points that one person may receive."""


@described
@strawberry.type
class GivingPolicy:
    """Who may give what to whom."""

    version: int
    """Grows by one with every change; setGivingPolicy wants the newest."""
    giving_paused: bool
    """Whether nobody may give."""
    rules: list[GivingRule]
    """Judged pair by pair, with the groups of the moment."""
    limits: GivingLimits
    """Bounds on giving."""
    value_requirement: ValueRequirement
    """What a message must carry."""
    min_message_length: int
    """Unicode characters that a message must have."""
    undo_window_minutes: int
    """How long a giver may take back what was given."""


def giving_policy_of(info: Info, version: int, policy: recognition.GivingPolicy) -> GivingPolicy:
    """The giving policy as GraphQL shows it to this viewer."""
    reads_notes = info.context.actor.sees_everyone
    limits = policy.limits
    return GivingPolicy(
        version=version,
        giving_paused=policy.paused,
        rules=[
            GivingRule(
                id=encode("GivingRule", f"{version}:{number}"),
                effect=rule.effect,
                giver=audience_of(rule.giver),
                recipient=audience_of(rule.recipient),
                note=rule.note if reads_notes else None,
            )
            for number, rule in enumerate(policy.rules)
        ],
        limits=GivingLimits(
            max_points_per_recognition=limits.points_per_recognition_max,
            max_recipients=limits.recipients_max,
            max_points_to_same_person_per_period=limits.pair_points_max,
            max_recognitions_to_same_person_per_period=limits.pair_recognitions_max,
            max_points_received_per_period=limits.received_points_max,
        ),
        value_requirement=policy.value_requirement,
        min_message_length=policy.message_chars_min,
        undo_window_minutes=policy.undo_window_minutes,
    )


async def giving_policy_now(info: Info) -> GivingPolicy:
    """The giving policy in force."""
    async with info.context.read() as connection:
        return giving_policy_of(info, *await recognition.reads.policy_in_force(connection, info.context.organization_id))


@described
@strawberry.input
class GivingRuleInput:
    """A rule of the giving policy."""

    effect: Effect
    """ALLOW or DENY."""
    giver: AudienceInput
    """Who would give."""
    recipient: AudienceInput
    """Who would receive."""
    note: str | None = strawberry.UNSET
    """Why, for other admins."""


@described
@strawberry.input
class GivingLimitsInput:
    """Bounds on giving; null is no bound."""

    max_points_per_recognition: int | None = strawberry.UNSET
    """Points to each person at once."""
    max_recipients: int | None = 50
    """People in one recognition, 1–500."""
    max_points_to_same_person_per_period: int | None = strawberry.UNSET
    """Points from one giver to one person."""
    max_recognitions_to_same_person_per_period: int | None = strawberry.UNSET
    """Recognitions from one giver to one person."""
    max_points_received_per_period: int | None = strawberry.UNSET
    """Points that one person may receive."""


@described
@strawberry.input
class GivingPolicyInput:
    """The whole giving policy at once."""

    version: int
    """The version that this replaces; a stale one is refused with VERSION_CONFLICT."""
    giving_paused: bool | None = False
    """Whether nobody may give."""
    rules: list[GivingRuleInput]
    """Who may give to whom; none: everybody to everybody."""
    limits: GivingLimitsInput
    """Bounds on giving."""
    value_requirement: ValueRequirement
    """What a message must carry."""
    min_message_length: int
    """Unicode characters that a message must have, 0–2,000."""
    undo_window_minutes: int
    """How long a giver may take back what was given."""


def giving_policy_from(given: GivingPolicyInput) -> recognition.GivingPolicy:
    """The giving policy from its input. Raises NOT_FOUND for an id that cannot be one."""
    limits = given.limits
    return recognition.GivingPolicy(
        paused=bool(given.giving_paused),
        rules=tuple(
            recognition.GivingRule(
                rule.effect,
                audience_from(rule.giver, "rules", str(number), "giver"),
                audience_from(rule.recipient, "rules", str(number), "recipient"),
                rule.note or None,
            )
            for number, rule in enumerate(given.rules)
        ),
        limits=recognition.GivingLimits(
            _none(limits.max_points_per_recognition),
            limits.max_recipients if limits.max_recipients is not None else recognition.GivingLimits().recipients_max,
            _none(limits.max_points_to_same_person_per_period),
            _none(limits.max_recognitions_to_same_person_per_period),
            _none(limits.max_points_received_per_period),
        ),
        value_requirement=given.value_requirement,
        message_chars_min=given.min_message_length,
        undo_window_minutes=given.undo_window_minutes,
    )


def _none(number: int | None) -> int | None:
    return None if number is strawberry.UNSET else number


@described
@strawberry.type
class AllowanceRule:
    """More points to give, or another amount, for an audience. Matching rules add to the base, in order; REPLACE takes the place
    of everything before it."""

    id: strawberry.ID
    """Good for this version of the policy."""
    effect: AllowanceEffect
    """ADD or REPLACE."""
    points: int
    """Points per period."""
    per_direct_report: bool
    """Whether the points are multiplied by the number of active direct reports."""
    audience: Audience
    """Whom it is for."""


@described
@strawberry.type
class AllowancePolicy:
    """How much may be given per period."""

    version: int
    """Grows by one with every change; setAllowancePolicy wants the newest."""
    effective_from: datetime
    """When it begins to count: the end of the period in which it was set."""
    period: Period
    """How long an allowance lasts."""
    base_points: int
    """Points for everyone who gives."""
    rollover: int
    """Points that may be kept from one period to the next, at most."""
    rules: list[AllowanceRule]
    """In the order in which they count."""


async def allowance_policy_now(info: Info) -> AllowancePolicy:
    """The newest version of the allowance policy."""
    async with info.context.read() as connection:
        found = await allowance.reads.newest_policy(connection, info.context.organization_id)
    return AllowancePolicy(
        version=found.number,
        effective_from=found.effective_from,
        period=found.policy.period,
        base_points=found.policy.base_points,
        rollover=found.policy.rollover,
        rules=[
            AllowanceRule(
                id=encode("AllowanceRule", f"{found.number}:{number}"),
                effect=rule.effect,
                points=rule.points,
                per_direct_report=rule.per_direct_report,
                audience=audience_of(rule.audience),
            )
            for number, rule in enumerate(found.policy.rules)
        ],
    )


@described
@strawberry.input
class AllowanceRuleInput:
    """A rule of the allowance policy."""

    effect: AllowanceEffect
    """ADD or REPLACE."""
    points: int
    """Points per period."""
    per_direct_report: bool | None = False
    """Multiplies the points by the number of active direct reports."""
    audience: AudienceInput
    """Whom it is for."""


@described
@strawberry.input
class AllowancePolicyInput:
    """The whole allowance policy at once."""

    version: int
    """The version that this replaces; a stale one is refused with VERSION_CONFLICT."""
    apply_now: bool | None = False
    """Raises everyone's current allowance by the difference at once; never lowers one."""
    period: Period
    """How long an allowance lasts."""
    base_points: int
    """Points for everyone who gives."""
    rollover: int | None = 0
    """Points that may be kept from one period to the next, at most."""
    rules: list[AllowanceRuleInput]
    """In the order in which they count."""


def allowance_policy_from(given: AllowancePolicyInput) -> allowance.AllowancePolicy:
    """The allowance policy from its input. Raises NOT_FOUND for an id that cannot be one."""
    return allowance.AllowancePolicy(
        period=given.period,
        base_points=given.base_points,
        time_zone="",
        rollover=given.rollover or 0,
        rules=tuple(
            allowance.AllowanceRule(
                rule.effect,
                rule.points,
                audience_from(rule.audience, "rules", str(number), "audience"),
                per_direct_report=bool(rule.per_direct_report),
            )
            for number, rule in enumerate(given.rules)
        ),
        apply_now=bool(given.apply_now),
    )
