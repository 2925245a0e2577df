"""People of a workspace: everyone is a member here, by team and user id, without having asked for it."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app import allowance, organization
from app.core.actor import PERMISSIONS, Actor, Door, Permission, Role, system
from app.core.errors import PlauditError, Refusal
from app.db import Batch, Database, Draft, Want, columns, row, rows, scoped, table_of
from app.organization import Group, Member, Membership, MemberStatus, Organization, ParticipationMode
from integrations.slack.api import Slack
from integrations.slack.models import PersonKind, SlackPerson, SlackWorkspace
from integrations.slack.workspaces import Workspace

GUESTS, KIND = "Guests", "slack"
PAGE = 200
REMEMBERED_SECONDS = 1.0
GIVING_SECONDS = 60.0
"""For giving, which asks nothing of an account but whose it is: status, mode and rules are judged under the lock."""
REMEMBERED_MAX = 50_000
AT_ONCE = 100
_PEOPLE = frozenset({PersonKind.PERSON, PersonKind.GUEST, PersonKind.INVITED})
_SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class SlackUser:
    """A user as Slack tells of it."""

    team_id: str
    id: str
    kind: PersonKind
    deleted: bool
    name: str
    email: str | None
    picture: str | None
    title: str | None
    is_admin: bool
    """Owner or admin of the workspace."""


def read_user(told: Mapping[str, Any], team_id: str) -> SlackUser:
    """A user out of users.list, users.info or an event. Whoever is not of this team is a stranger."""
    profile = told.get("profile") or {}
    teams = {told.get("team_id") or team_id, *((told.get("enterprise_user") or {}).get("teams") or ())}
    if told.get("is_bot") or told.get("is_workflow_bot") or told.get("is_connector_bot") or told["id"] == _SLACKBOT:
        kind = PersonKind.APP
    elif told.get("is_stranger") or team_id not in teams:
        kind = PersonKind.STRANGER
    elif told.get("is_invited_user"):
        kind = PersonKind.INVITED
    elif told.get("is_restricted") or told.get("is_ultra_restricted"):
        kind = PersonKind.GUEST
    else:
        kind = PersonKind.PERSON
    names = (profile.get("real_name"), told.get("real_name"), profile.get("display_name"), told.get("name"), told["id"])
    picture = str(profile.get("image_192") or profile.get("image_72") or "")
    return SlackUser(
        team_id,
        str(told["id"]),
        kind,
        bool(told.get("deleted")),
        next(str(name).strip() for name in names if name and str(name).strip()),
        profile.get("email") or None,
        picture if picture.startswith("https://") else None,
        profile.get("title") or None,
        bool(told.get("is_admin") or told.get("is_owner")),
    )


@dataclass(frozen=True, slots=True)
class Enrol:
    """What Slack says of a user becomes true here: known, joined to its member, left, come back. The house itself acts."""

    actor: Actor
    user: SlackUser

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield row(SlackPerson, organization_id, self.user.team_id, self.user.id)
        yield row(Organization, organization_id)
        if self.user.email:
            yield rows(Member, organization_id, email=self.user.email.strip().lower())
        if self.user.kind is PersonKind.GUEST:
            yield rows(Group, organization_id, kind=KIND, name=GUESTS)

    def decide(self, draft: Draft) -> UUID | None:
        """The member's id; None for apps and strangers."""
        user = self.user
        before = draft.get(SlackPerson, user.team_id, user.id)
        if user.kind not in _PEOPLE or (user.deleted and (before is None or before.member_id is None)):
            self._remember(draft, before, before.member_id if before is not None else None, made=False)
            return None
        member = draft.get(Member, before.member_id) if before is not None and before.member_id is not None else None
        made = before is not None and before.made_member
        if member is None:
            member, made = self._joined(draft)
        self._remember(draft, before, member.id, made=made)
        self._follow(draft, before, member, made=made)
        return member.id

    def _remember(self, draft: Draft, before: SlackPerson | None, member_id: UUID | None, *, made: bool) -> None:
        values = {"kind": self.user.kind, "deleted": self.user.deleted, "member_id": member_id, "made_member": made}
        if before is None:
            draft.add(SlackPerson, team_id=self.user.team_id, user_id=self.user.id, **values)
        elif any(getattr(before, name) != value for name, value in values.items()):
            draft.change(before, **values)

    def _joined(self, draft: Draft) -> tuple[Member, bool]:
        """The member behind this user: one who has this address already, else a new one."""
        email = None
        if self.user.email:
            with contextlib.suppress(Refusal):
                email = organization.plain_email(self.user.email)
        if email is not None:
            for known in draft.list(Member, email=email):
                return known, False
        guest = self.user.kind is PersonKind.GUEST
        command = organization.CreateMember(
            self.actor,
            self.user.name[: organization.NAME_CHARS_MAX],
            email=email,
            avatar_url=self.user.picture,
            job_title=self.user.title[: organization.NAME_CHARS_MAX] if self.user.title else None,
            group_ids=(_guests(draft),) if guest else (),
            mode=ParticipationMode.OBSERVER if guest else ParticipationMode.NORMAL,
            status=MemberStatus.INVITED if self.user.kind is PersonKind.INVITED else MemberStatus.ACTIVE,
        )
        member = organization.create_member(draft, command)
        draft.tell("slack.person_enrolled", f"member:{member.id}", joined=False)
        return member, True

    def _follow(self, draft: Draft, before: SlackPerson | None, member: Member, *, made: bool) -> None:
        """What changed in Slack since it was last seen changes here; what an admin decided here stays."""
        user, status = self.user, member.status
        if before is None and not made:
            draft.tell("slack.person_enrolled", f"member:{member.id}", joined=True)
        if user.deleted and (before is None or not before.deleted):
            with contextlib.suppress(Refusal):  # the last owner stays
                organization.DeactivateMember(self.actor, member.id, "Deactivated in Slack.").decide(draft)
            return
        if before is not None and before.deleted and not user.deleted:
            self._followed(draft, organization.ReactivateMember(self.actor, member.id))
        seen = user.kind in {PersonKind.PERSON, PersonKind.GUEST}
        if seen and status is MemberStatus.INVITED:
            welcomed = Actor(draft.organization_id, member.id, member.role, Door.SLACK)
            self._followed(draft, organization.WelcomeMember(welcomed))
        if before is not None and before.kind in _PEOPLE and before.kind is not user.kind:
            self._change_kind(draft, before.kind, member.id)
        if made and before is not None:
            self._rename(draft, member)

    def _followed(self, draft: Draft, change: allowance.Changes) -> None:
        followed = allowance.Followed(change)
        draft.expect(followed.needs())
        followed.decide(draft)

    def _change_kind(self, draft: Draft, before: PersonKind, member_id: UUID) -> None:
        """A guest looks on, whoever is a guest no longer takes part."""
        group_id = _guests(draft)
        here = {membership.group_id: membership for membership in draft.list(Membership, member_id=member_id)}
        if self.user.kind is PersonKind.GUEST and group_id not in here:
            self._followed(draft, organization.SetParticipationMode(self.actor, member_id, ParticipationMode.OBSERVER))
            organization.UpdateMember(self.actor, member_id, group_ids=(*here, group_id)).decide(draft)
        elif before is PersonKind.GUEST and group_id in here:
            organization.UpdateMember(self.actor, member_id, group_ids=tuple(here.keys() - {group_id})).decide(draft)
            if organization.member_found(draft, member_id).mode is ParticipationMode.OBSERVER:
                self._followed(draft, organization.SetParticipationMode(self.actor, member_id, ParticipationMode.NORMAL))

    def _rename(self, draft: Draft, member: Member) -> None:
        name = self.user.name[: organization.NAME_CHARS_MAX]
        picture = self.user.picture or member.avatar_url
        if (name, picture) != (member.display_name, member.avatar_url):
            organization.UpdateMember(self.actor, member.id, display_name=name, avatar_url=picture).decide(draft)


def _guests(draft: Draft) -> UUID:
    """The group that guests of the workspace are in, made for the first of them."""
    for group in draft.list(Group, kind=KIND, name=GUESTS):
        return group.id
    group = organization.create_group(draft, GUESTS, KIND)
    draft.tell("group.created", f"group:{group.id}", joined=[])
    return group.id


@dataclass(frozen=True, slots=True)
class Staff:
    """At the first install the workspace's owners and admins become admins here. Later, our own list counts."""

    actor: Actor
    member_ids: tuple[UUID, ...]

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield row(SlackWorkspace, self.actor.organization_id)
        yield from (row(Member, self.actor.organization_id, member_id) for member_id in self.member_ids)

    def decide(self, draft: Draft) -> int:
        """How many became admins."""
        workspace = draft.get(SlackWorkspace)
        if workspace is None or workspace.staffed:
            return 0
        draft.change(workspace, staffed=True)
        draft.expect(want for id_ in self.member_ids for want in organization.SetMemberRole(self.actor, id_, Role.ADMIN).needs())
        made = 0
        for member_id in self.member_ids:
            if organization.member_found(draft, member_id).role is Role.MEMBER:
                organization.SetMemberRole(self.actor, member_id, Role.ADMIN).decide(draft)
                made += 1
        return made


class Known(NamedTuple):
    """An account in Slack, with what is known of the member behind it."""

    user_id: str
    kind: PersonKind
    deleted: bool
    member_id: UUID | None
    name: str
    role: Role
    status: MemberStatus | None

    def actor(self, organization_id: UUID) -> Actor:
        """It acts through Slack."""
        assert self.member_id is not None
        return Actor(organization_id, self.member_id, self.role, Door.SLACK)


class People:
    """Who is who in the workspaces: known from our own tables, asked of Slack only on first sight."""

    def __init__(self, database: Database, slack: Slack) -> None:
        self.database = database
        self.slack = slack
        self._remembered: dict[tuple[str, str], tuple[Known, float]] = {}
        self._forgotten = 0
        database.committer.listeners.append(self._forget)

    async def known(
        self, workspace: Workspace, user_ids: Iterable[str], *, seconds: float = REMEMBERED_SECONDS
    ) -> dict[str, Known]:
        """Those of the users that are known here, as of at most so many seconds ago; others are asked for and enrolled, unless
        Slack does not answer. What this process changed counts at once, and acts look again under the lock."""
        wanted, found = list(dict.fromkeys(user_ids)), {}
        for user_id in wanted:
            known, since = self._remembered.get((workspace.team_id, user_id), (None, 0.0))
            if known is not None and since + seconds > time.monotonic():
                found[user_id] = known
        unseen = [user_id for user_id in wanted if user_id not in found]
        return found | await self._look_up(workspace, unseen) if unseen else found

    async def _look_up(self, workspace: Workspace, wanted: list[str]) -> dict[str, Known]:
        forgotten = self._forgotten
        async with self.database.read() as connection:
            found = await by_user(connection, workspace, wanted)
        missing = [user_id for user_id in wanted if user_id not in found]
        if missing:
            await asyncio.gather(*(self._meet(workspace, user_id) for user_id in missing))
            async with self.database.read() as connection:
                found |= await by_user(connection, workspace, missing)
        elif forgotten == self._forgotten:
            if len(self._remembered) > REMEMBERED_MAX:
                self._remembered.clear()
            since = time.monotonic()
            self._remembered |= {(workspace.team_id, user_id): (known, since) for user_id, known in found.items()}
        return found

    def _forget(self, batch: Batch) -> None:
        if batch.touched(SlackPerson) or batch.touched(Member):
            self._remembered.clear()
            self._forgotten += 1

    async def _meet(self, workspace: Workspace, user_id: str) -> None:
        with contextlib.suppress(PlauditError):
            told = await self.slack.call(workspace, "users.info", seconds=1.5, user=user_id)
            await self.enrol(workspace, told["user"])

    async def enrol(self, workspace: Workspace, told: Mapping[str, Any]) -> UUID | None:
        """Makes true here what Slack says of one user."""
        user = read_user(told, workspace.team_id)
        return await self.database.submit(Enrol(system(workspace.organization_id, Door.SLACK), user))

    async def enrol_all(self, workspace: Workspace) -> int:
        """Looks through everyone in the workspace; returns how many people there are. Raises what `Slack.call` raises."""
        staff: list[UUID] = []
        number, cursor = 0, ""
        while True:
            told = await self.slack.call(workspace, "users.list", limit=PAGE, cursor=cursor)
            users = [read_user(one, workspace.team_id) for one in told["members"]]
            actor = system(workspace.organization_id, Door.SLACK)
            for start in range(0, len(users), AT_ONCE):
                part = users[start : start + AT_ONCE]
                ids = await asyncio.gather(*(self.database.submit(Enrol(actor, user)) for user in part))
                staff += [id_ for user, id_ in zip(part, ids, strict=True) if id_ is not None and user.is_admin]
                number += sum(id_ is not None for id_ in ids)
            cursor = (told.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                await self.database.submit(Staff(actor, tuple(staff)))
                return number


async def by_user(connection: AsyncConnection, workspace: Workspace, user_ids: Iterable[str]) -> dict[str, Known]:
    """Those of the users that are known."""
    wanted = list(user_ids)
    if not wanted:
        return {}
    asked = {"the_organization": workspace.organization_id, "the_team": workspace.team_id, "the_users": wanted}
    return {found.user_id: _known(found) for found in await connection.execute(_by_user(), asked)}


@cache
def _by_user() -> sa.Select[Any]:
    """Built once, since putting it together costs as much as asking it."""
    person = columns(SlackPerson)
    the_organization: Any = sa.bindparam("the_organization")
    return _people(the_organization).where(
        person.team_id == sa.bindparam("the_team"), person.user_id.in_(sa.bindparam("the_users", expanding=True))
    )


async def by_member(connection: AsyncConnection, workspace: Workspace, member_ids: Iterable[UUID]) -> dict[UUID, Known]:
    """The accounts behind the members, as far as they have one."""
    person = columns(SlackPerson)
    wanted = set(member_ids)
    if not wanted:
        return {}
    statement = _people(workspace.organization_id).where(
        person.team_id == workspace.team_id, person.member_id.in_(wanted), person.deleted == sa.false()
    )
    return {found.member_id: _known(found) for found in await connection.execute(statement.order_by(person.user_id))}


async def with_right(connection: AsyncConnection, workspace: Workspace, right: Permission) -> dict[UUID, Known]:
    """The accounts of everyone active whose role carries a right, by member, those who were here first before the others."""
    person, member = columns(SlackPerson), columns(Member)
    roles = [role for role in Role if right in PERMISSIONS[role]]
    statement = _people(workspace.organization_id).where(
        person.team_id == workspace.team_id,
        person.deleted == sa.false(),
        member.role.in_(roles),
        member.status == MemberStatus.ACTIVE,
    )
    rows = await connection.execute(statement.order_by(member.id, person.user_id.desc()))
    return {found.member_id: _known(found) for found in rows}


def _people(organization_id: UUID) -> sa.Select[Any]:
    person, member = columns(SlackPerson), columns(Member)
    chosen = (person.user_id, person.kind, person.deleted, person.member_id, member.display_name, member.role, member.status)
    return scoped(SlackPerson, organization_id, *chosen).join_from(
        table_of(SlackPerson),
        table_of(Member),
        sa.and_(member.organization_id == person.organization_id, member.id == person.member_id),
        isouter=True,
    )


def _known(found: Any) -> Known:
    return Known(
        found.user_id,
        found.kind,
        found.deleted,
        found.member_id,
        found.display_name or "",
        cast(Role, found.role or Role.MEMBER),
        found.status,
    )
