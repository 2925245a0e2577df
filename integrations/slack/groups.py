"""User groups of Slack, followed by groups of ours, so that a group can be thanked and ruled by."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app import organization
from app.core.actor import Actor, Door, system
from app.core.errors import Code, Refusal
from app.db import Database, Draft, Want, columns, row, rows, scoped
from app.organization import Group, Membership
from integrations.slack import people
from integrations.slack.api import Slack
from integrations.slack.models import SlackUserGroup
from integrations.slack.workspaces import Workspace

KIND = "slack"
SCOPE = "usergroups:read"
HANDLE_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class FollowUserGroup:
    """What a user group of Slack is becomes true of the group that follows it. The actor is the house itself."""

    actor: Actor
    user_group_id: str
    handle: str
    member_ids: frozenset[UUID]

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield row(SlackUserGroup, self.actor.organization_id, self.user_group_id)
        yield rows(Group, self.actor.organization_id, kind=KIND, name=self._name)

    @property
    def _name(self) -> str:
        return f"@{self.handle[:HANDLE_CHARS_MAX]}"

    def decide(self, draft: Draft) -> UUID:
        """The group's id."""
        here = draft.get(SlackUserGroup, self.user_group_id)
        if here is None:
            taken = draft.list(Group, kind=KIND, name=self._name)
            group_id = taken[0].id if taken else organization.CreateGroup(self.actor, self._name, KIND).decide(draft)
            here = draft.add(SlackUserGroup, user_group_id=self.user_group_id, handle=self.handle, group_id=group_id)
        name = self._name if here.handle != self.handle else None
        if name is not None:
            draft.change(here, handle=self.handle)
        members = {membership.member_id for membership in draft.list(Membership, group_id=here.group_id)}
        come, gone = tuple(self.member_ids - members), tuple(members - self.member_ids)
        if name is not None or come or gone:
            organization.UpdateGroup(self.actor, here.group_id, name=name, add_member_ids=come, remove_member_ids=gone).decide(
                draft
            )
        return here.group_id


async def follow_all(database: Database, slack: Slack, workspace: Workspace) -> int:
    """Looks through the user groups of the workspace; returns their number. Raises what `Slack.call` raises."""
    if SCOPE not in workspace.scopes:
        return 0
    told = await slack.call(workspace, "usergroups.list", include_users=True)
    actor, number = system(workspace.organization_id, Door.SLACK), 0
    for one in told.get("usergroups") or []:
        if one.get("date_delete"):
            continue
        users = one.get("users")
        if users is None:
            users = (await slack.call(workspace, "usergroups.users.list", usergroup=one["id"]))["users"]
        async with database.read() as connection:
            known = await people.by_user(connection, workspace, users)
        ids = frozenset(person.member_id for person in known.values() if person.member_id is not None)
        await database.submit(FollowUserGroup(actor, one["id"], str(one.get("handle") or one["id"]), ids))
        number += 1
    return number


async def names(database: Database, workspace: Workspace, user_group_ids: Iterable[str]) -> dict[str, str]:
    """What the user groups are called, without @."""
    found = await _followed(database, workspace, user_group_ids)
    return {id_: group.handle for id_, group in found.items()}


async def ids(database: Database, workspace: Workspace, user_group_ids: Iterable[str]) -> tuple[UUID, ...]:
    """The groups that follow them. Raises a Refusal where groups cannot be thanked, or one is not known."""
    wanted = list(user_group_ids)
    if not wanted:
        return ()
    if not workspace.terms.groups:
        raise Refusal(
            Code.INVALID_INPUT,
            "Thanking a whole group is switched off here. Name the people, or ask an admin to switch it on.",
            "groupIds",
        )
    found = await _followed(database, workspace, wanted)
    if len(found) < len(set(wanted)):
        raise Refusal(Code.NOT_FOUND, "This group is not known here yet. Name the people instead.", "groupIds")
    return tuple(found[id_].group_id for id_ in dict.fromkeys(wanted))


async def _followed(database: Database, workspace: Workspace, user_group_ids: Iterable[str]) -> dict[str, SlackUserGroup]:
    wanted = set(user_group_ids)
    if not wanted:
        return {}
    statement = scoped(SlackUserGroup, workspace.organization_id).where(columns(SlackUserGroup).user_group_id.in_(wanted))
    async with database.read() as connection:
        return {one.user_group_id: one for one in await connection.execute(statement)}
