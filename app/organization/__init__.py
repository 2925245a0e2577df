"""The front desk of the people's hall: organizations, members, groups, values, audiences, and who may do what."""

from app.organization import reads
from app.organization.audiences import EVERYONE, Audience
from app.organization.audiences import check as check_audience
from app.organization.audiences import needs as audience_needs
from app.organization.authority import acting_role, require
from app.organization.authority import needs as authority_needs
from app.organization.days import day_of, first_moment, moments, today
from app.organization.directory import all_organizations, groups_by_name, meant, members_by_email
from app.organization.groups import CreateGroup, UpdateGroup
from app.organization.groups import create as create_group
from app.organization.members import (
    KEEP,
    NAME_CHARS_MAX,
    CreateMember,
    DeactivateMember,
    Keep,
    ReactivateMember,
    SetMemberRole,
    SetParticipationMode,
    UpdateMember,
    WelcomeMember,
    group_ids,
    person_needs,
    plain_email,
)
from app.organization.members import create as create_member
from app.organization.members import found as member_found
from app.organization.models import (
    GIVING_MODES,
    RECEIVING_MODES,
    CompanyValue,
    Group,
    Member,
    Membership,
    MemberStatus,
    Organization,
    ParticipationMode,
)
from app.organization.program import Currency, UpdateOrganization, found, here
from app.organization.values import ArchiveCompanyValue, CreateCompanyValue, hashtags
from app.organization.values import checked_hashtag as plain_hashtag
from app.organization.values import create as create_value

__all__ = [
    "EVERYONE",
    "GIVING_MODES",
    "KEEP",
    "NAME_CHARS_MAX",
    "RECEIVING_MODES",
    "ArchiveCompanyValue",
    "Audience",
    "CompanyValue",
    "CreateCompanyValue",
    "CreateGroup",
    "CreateMember",
    "Currency",
    "DeactivateMember",
    "Group",
    "Keep",
    "Member",
    "MemberStatus",
    "Membership",
    "Organization",
    "ParticipationMode",
    "ReactivateMember",
    "SetMemberRole",
    "SetParticipationMode",
    "UpdateGroup",
    "UpdateMember",
    "UpdateOrganization",
    "WelcomeMember",
    "acting_role",
    "all_organizations",
    "audience_needs",
    "authority_needs",
    "check_audience",
    "create_group",
    "create_member",
    "create_value",
    "day_of",
    "first_moment",
    "found",
    "group_ids",
    "groups_by_name",
    "hashtags",
    "here",
    "meant",
    "member_found",
    "members_by_email",
    "moments",
    "person_needs",
    "plain_email",
    "plain_hashtag",
    "reads",
    "require",
    "today",
]
