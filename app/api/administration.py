"""Mutations of administration: people, groups, values, policy, points, tokens."""

from uuid import UUID

import strawberry

from app import access, allowance, audit, organization, recognition
from app.api.context import Info
from app.api.described import described
from app.api.ids import hashtag_of, uuid_of, uuids_of
from app.api.inputs import (
    AdjustPointsInput,
    CreateCompanyValueInput,
    CreateGroupInput,
    CreateMemberInput,
    CreateTokenInput,
    TopUpAllowanceInput,
    UpdateGroupInput,
    UpdateMemberInput,
    UpdateOrganizationInput,
)
from app.api.payloads import Payload, content_of, mutation
from app.api.people import (
    CompanyValue,
    Group,
    Member,
    Organization,
    group_of,
    member_of,
    organization_here,
    value_of,
)
from app.api.policies import (
    AllowancePolicy,
    AllowancePolicyInput,
    GivingPolicy,
    GivingPolicyInput,
    allowance_policy_from,
    allowance_policy_now,
    giving_policy_from,
    giving_policy_now,
)
from app.api.trail import Token, token_by_id
from app.core.actor import Permission, Role
from app.organization import ParticipationMode


@described
@strawberry.type
class MemberPayload(Payload):
    """A member after a change."""

    member: Member | None = None
    """The member as they are now."""


@described
@strawberry.type
class GroupPayload(Payload):
    """A group after a change."""

    group: Group | None = None
    """The group as it is now."""


@described
@strawberry.type
class CompanyValuePayload(Payload):
    """A company value after a change."""

    value: CompanyValue | None = None
    """The value as it is now."""


@described
@strawberry.type
class OrganizationPayload(Payload):
    """The organization after a change."""

    organization: Organization | None = None
    """The organization as it is now."""


@described
@strawberry.type
class GivingPolicyPayload(Payload):
    """The giving policy after a change."""

    giving_policy: GivingPolicy | None = None
    """The policy in force from the next act."""


@described
@strawberry.type
class AllowancePolicyPayload(Payload):
    """The allowance policy after a change."""

    allowance_policy: AllowancePolicy | None = None
    """The newest version, in force from `effectiveFrom`."""


@described
@strawberry.type
class AdjustPointsPayload(Payload):
    """A wallet after an adjustment."""

    member: Member | None = None
    """Whose wallet it is."""
    replayed: bool = False
    """Whether this idempotency key had done it before."""


@described
@strawberry.type
class TopUpAllowancePayload(Payload):
    """Allowances after a top-up."""

    members: list[Member] = strawberry.field(default_factory=list)
    """Who got points to give; empty for a replay."""
    replayed: bool = False
    """Whether this idempotency key had done it before."""


@described
@strawberry.type
class CreateTokenPayload(Payload):
    """A new token."""

    token: Token | None = None
    """The token."""
    secret: str | None = None
    """What to send as `Authorization: Bearer …`. It is shown now and never again."""


@described
@strawberry.type
class TokenPayload(Payload):
    """A token after a change."""

    token: Token | None = None
    """The token as it is now."""


async def _changed(info: Info, act: allowance.Changes) -> MemberPayload:
    """Submits a change of a member, with what follows from it for the allowance."""
    id_ = await info.context.submit(allowance.Followed(act))
    member = await info.context.member(id_)
    assert member is not None, "it was just changed"
    return MemberPayload(member=member_of(info, member))


@described
@strawberry.type
class AdministrationMutations:
    """Changes that admins and owners make."""

    @mutation(Permission.MEMBER_EDIT)
    async def create_member(info: Info, input: CreateMemberInput) -> MemberPayload:
        """Makes a person known; INVITED until seen, unless said to be ACTIVE."""
        act = organization.CreateMember(
            info.context.actor,
            input.display_name,
            input.email or None,
            input.avatar_url or None,
            input.job_title or None,
            uuid_of(input.manager_id, "Member", "managerId") if isinstance(input.manager_id, str) else None,
            uuids_of(input.group_ids or None, "Group", "groupIds"),
            input.mode or organization.ParticipationMode.NORMAL,
            input.status or organization.MemberStatus.INVITED,
        )
        return await _changed(info, act)

    @mutation(Permission.MEMBER_EDIT)
    async def update_member(info: Info, input: UpdateMemberInput) -> MemberPayload:
        """Changes what is known of a person. What is left out stays; null empties it."""
        keep = organization.KEEP
        manager: UUID | organization.Keep | None = keep if input.manager_id is strawberry.UNSET else None
        if isinstance(input.manager_id, str):
            manager = uuid_of(input.manager_id, "Member", "managerId")
        act = organization.UpdateMember(
            info.context.actor,
            uuid_of(input.member_id, "Member", "memberId"),
            display_name=keep if input.display_name is strawberry.UNSET else input.display_name or "",
            email=keep if input.email is strawberry.UNSET else input.email,
            avatar_url=keep if input.avatar_url is strawberry.UNSET else input.avatar_url,
            job_title=keep if input.job_title is strawberry.UNSET else input.job_title,
            manager_id=manager,
            group_ids=keep if input.group_ids is strawberry.UNSET else uuids_of(input.group_ids, "Group", "groupIds"),
        )
        return await _changed(info, act)

    @mutation(Permission.MEMBER_EDIT)
    async def set_participation_mode(info: Info, member_id: strawberry.ID, mode: ParticipationMode) -> MemberPayload:
        """Decides whether a member gives and receives. Counts from the next act."""
        return await _changed(
            info, organization.SetParticipationMode(info.context.actor, uuid_of(member_id, "Member", "memberId"), mode)
        )

    @mutation(Permission.MEMBER_EDIT)
    async def deactivate_member(info: Info, member_id: strawberry.ID, reason: str | None = strawberry.UNSET) -> MemberPayload:
        """Ends a member's part at once; the wallet is frozen as it is."""
        return await _changed(
            info, organization.DeactivateMember(info.context.actor, uuid_of(member_id, "Member", "memberId"), reason)
        )

    @mutation(Permission.MEMBER_EDIT)
    async def reactivate_member(info: Info, member_id: strawberry.ID) -> MemberPayload:
        """Brings a member back as it was."""
        return await _changed(info, organization.ReactivateMember(info.context.actor, uuid_of(member_id, "Member", "memberId")))

    @mutation(Permission.TOKEN_EDIT)
    async def set_member_role(info: Info, member_id: strawberry.ID, role: Role) -> MemberPayload:
        """Decides what a member may administer. For owners; the last owner stays."""
        return await _changed(
            info, organization.SetMemberRole(info.context.actor, uuid_of(member_id, "Member", "memberId"), role)
        )

    @mutation(Permission.MEMBER_EDIT)
    async def create_group(info: Info, input: CreateGroupInput) -> GroupPayload:
        """Makes a group, with people in it if wanted."""
        members = uuids_of(input.member_ids or None, "Member", "memberIds")
        act = organization.CreateGroup(info.context.actor, input.name, input.kind, members)
        return await _group(info, act)

    @mutation(Permission.MEMBER_EDIT)
    async def update_group(info: Info, input: UpdateGroupInput) -> GroupPayload:
        """Renames a group, or changes who is in it."""
        act = organization.UpdateGroup(
            info.context.actor,
            uuid_of(input.group_id, "Group", "groupId"),
            _said(input.name),
            _said(input.kind),
            uuids_of(input.add_member_ids or None, "Member", "addMemberIds"),
            uuids_of(input.remove_member_ids or None, "Member", "removeMemberIds"),
        )
        return await _group(info, act)

    @mutation(Permission.POLICY_EDIT)
    async def create_company_value(info: Info, input: CreateCompanyValueInput) -> CompanyValuePayload:
        """Makes a company value, or brings an archived one of the same hashtag back."""
        act = organization.CreateCompanyValue(info.context.actor, input.name, input.hashtag, input.emoji or None)
        return await _value(info, await info.context.submit(act))

    @mutation(Permission.POLICY_EDIT)
    async def archive_company_value(info: Info, id: strawberry.ID) -> CompanyValuePayload:
        """Takes a value out of use; what it was given for stays."""
        act = organization.ArchiveCompanyValue(info.context.actor, hashtag_of(id, "id"))
        return await _value(info, await info.context.submit(act))

    @mutation(Permission.POLICY_EDIT)
    async def update_organization(info: Info, input: UpdateOrganizationInput) -> OrganizationPayload:
        """Changes the organization's name, its word for points, its time zone (from the end of the current period) and whether
        everyone sees the top lists. What is left out stays."""
        given = input.currency or None
        currency = None
        if given is not None:
            currency = organization.Currency(given.singular, given.plural, given.emoji, given.minor_units_per_point, given.code)
        leaderboard = None if input.leaderboard_enabled is strawberry.UNSET else input.leaderboard_enabled
        act = organization.UpdateOrganization(
            info.context.actor, _said(input.name), currency, _said(input.time_zone), leaderboard
        )
        await info.context.submit(allowance.Followed(act))
        return OrganizationPayload(organization=await organization_here(info))

    @mutation(Permission.POLICY_EDIT)
    async def set_giving_policy(info: Info, input: GivingPolicyInput) -> GivingPolicyPayload:
        """Sets the whole giving policy at once; it counts from the next act. `version` guards against lost updates."""
        await info.context.submit(recognition.SetGivingPolicy(info.context.actor, input.version, giving_policy_from(input)))
        return GivingPolicyPayload(giving_policy=await giving_policy_now(info))

    @mutation(Permission.POLICY_EDIT)
    async def set_allowance_policy(info: Info, input: AllowancePolicyInput) -> AllowancePolicyPayload:
        """Sets the whole allowance policy at once; it counts from the end of the current period."""
        await info.context.submit(allowance.SetAllowancePolicy(info.context.actor, input.version, allowance_policy_from(input)))
        return AllowancePolicyPayload(allowance_policy=await allowance_policy_now(info))

    @mutation(Permission.MEMBER_EDIT)
    async def adjust_points(info: Info, input: AdjustPointsInput) -> AdjustPointsPayload:
        """Puts points into a wallet, or takes some out, for a reason; never below zero. Judged by no giving rule or limit."""
        act = recognition.AdjustPoints(
            info.context.actor,
            uuid_of(input.member_id, "Member", "memberId"),
            input.points,
            input.reason,
            audit.checked_key(input.idempotency_key),
            content_of(input=input),
        )
        adjusted = await info.context.submit(act)
        member = await info.context.member(adjusted.id)
        assert member is not None, "it was just adjusted"
        return AdjustPointsPayload(member=member_of(info, member), replayed=adjusted.replayed)

    @mutation(Permission.POLICY_EDIT)
    async def top_up_allowance(info: Info, input: TopUpAllowanceInput) -> TopUpAllowancePayload:
        """Adds points to give to members, or to everyone in groups who gives, now, for a reason."""
        act = allowance.TopUpAllowance(
            info.context.actor,
            uuids_of(input.member_ids or None, "Member", "memberIds"),
            uuids_of(input.group_ids or None, "Group", "groupIds"),
            input.points,
            input.reason,
            audit.checked_key(input.idempotency_key),
            content_of(input=input),
        )
        ids, replayed = await info.context.submit(act)
        async with info.context.read() as connection:
            await info.context.know(connection, ids)
        members = [member_of(info, info.context.members[id_]) for id_ in ids]
        return TopUpAllowancePayload(members=members, replayed=replayed)

    @mutation(Permission.TOKEN_EDIT)
    async def create_token(info: Info, input: CreateTokenInput) -> CreateTokenPayload:
        """Makes a bearer token for a member; its secret is shown now and never again. For owners."""
        days = None if input.expires_in_days is strawberry.UNSET else input.expires_in_days
        act = access.CreateToken(info.context.actor, uuid_of(input.member_id, "Member", "memberId"), input.name, days)
        issued = await info.context.submit(act)
        return CreateTokenPayload(token=await token_by_id(info, issued.id), secret=issued.secret)

    @mutation(Permission.TOKEN_EDIT)
    async def revoke_token(info: Info, id: strawberry.ID) -> TokenPayload:
        """Makes a token useless at once. For owners."""
        key = await info.context.submit(access.RevokeToken(info.context.actor, uuid_of(id, "Token", "id")))
        return TokenPayload(token=await token_by_id(info, key))


def _said(text: str | None) -> str | None:
    """None for what was left out. An empty text was said, and is judged."""
    return text if isinstance(text, str) else None


async def _group(info: Info, act: organization.CreateGroup | organization.UpdateGroup) -> GroupPayload:
    id_ = await info.context.submit(act)
    row = await info.context.loader("groups", organization.reads.groups_by_id).load(id_)
    assert row is not None, "it was just written"
    return GroupPayload(group=group_of(row))


async def _value(info: Info, hashtag: str) -> CompanyValuePayload:
    return CompanyValuePayload(value=value_of((await info.context.values())[hashtag]))
