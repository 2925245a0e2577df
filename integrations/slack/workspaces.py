"""Workspaces: connected to an organization by an act, looked up for each request without asking Slack."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app import organization
from app.core.actor import Actor
from app.core.errors import Code, Misconfigured, Refusal
from app.core.seal import Seal
from app.core.texts import clean
from app.db import Batch, Database, Draft, Want, columns, row, table_of
from app.organization import Organization
from integrations.slack import terms
from integrations.slack.layouts import Unit
from integrations.slack.models import SlackRound, SlackWorkspace
from integrations.slack.terms import Terms

REMEMBERED_SECONDS = 2.0
"""How long another process's change of a workspace may go unnoticed."""
SEALED_FOR = "slack"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as the door knows it."""

    organization_id: UUID
    team_id: str
    name: str
    url: str
    app_id: str
    bot_user_id: str
    token: str
    """Empty once it was revoked."""
    scopes: frozenset[str]
    terms: Terms
    unit: Unit
    time_zone: str
    has_leaderboard: bool
    aliases: str = "{}"
    """The workspace's own emoji that are other names of one, as JSON."""

    @property
    def connected(self) -> bool:
        """Whether Slack can be told anything."""
        return bool(self.token)


@dataclass(frozen=True, slots=True)
class ConnectWorkspace:
    """The app was installed in a workspace, for the first time or again. The actor is the house itself."""

    actor: Actor
    team_id: str
    name: str
    url: str
    app_id: str
    bot_user_id: str
    token: bytes
    """Sealed."""
    scopes: frozenset[str]

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield row(Organization, self.actor.organization_id)
        yield row(SlackWorkspace, self.actor.organization_id)

    def decide(self, draft: Draft) -> bool:
        """Whether it was not connected until now. Raises INVALID_STATE when the organization has another workspace."""
        here = draft.get(SlackWorkspace)
        values: dict[str, Any] = {
            "name": clean(self.name, "name", chars_max=200),
            "url": self.url,
            "app_id": self.app_id,
            "bot_user_id": self.bot_user_id,
            "token": self.token,
            "scopes": " ".join(sorted(self.scopes)),
            "uninstalled_at": None,
        }
        if here is None:
            assert draft.get(Organization) is not None, "an organization is founded before it is connected"
            settings = Terms().document()
            draft.add(SlackWorkspace, team_id=self.team_id, settings=settings, installed_at=draft.now, **values)
        elif here.team_id != self.team_id:
            raise Refusal(
                Code.INVALID_STATE,
                f"This organization is the Slack workspace {here.team_id} already, and {self.team_id} is another. "
                "Each workspace is an organization of its own.",
            )
        else:
            draft.change(here, **values, installed_at=draft.now)
        if here is None or here.uninstalled_at is not None or here.scopes != values["scopes"]:
            draft.tell("slack.installed", f"slack_workspace:{self.team_id}", scopes=sorted(self.scopes), first=here is None)
        return here is None or here.uninstalled_at is not None


@dataclass(frozen=True, slots=True)
class DisconnectWorkspace:
    """The app was uninstalled, or its token revoked. The ledger and everybody in it stay as they are."""

    actor: Actor
    team_id: str
    told_at: int
    """When Slack says that it happened, in seconds since 1970: what is older than the installation is of the one before."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield row(SlackWorkspace, self.actor.organization_id)

    def decide(self, draft: Draft) -> bool:
        """Whether it was connected until now."""
        here = draft.get(SlackWorkspace)
        if here is None or here.team_id != self.team_id or here.uninstalled_at is not None:
            return False
        if self.told_at and self.told_at < int(here.installed_at.timestamp()):
            return False
        draft.change(here, token=b"", uninstalled_at=draft.now)
        draft.tell("slack.uninstalled", f"slack_workspace:{self.team_id}")
        return True


class Workspaces:
    """The directory of workspaces. A process remembers them for two seconds, and its own changes count at once."""

    def __init__(self, database: Database, secret_key: str) -> None:
        self.database = database
        self.seal = Seal(secret_key, SEALED_FOR)
        self._known: dict[str | UUID, tuple[Workspace | None, float]] = {}
        self._everyone: tuple[list[Workspace], float] = [], 0.0
        self._forgotten = 0
        database.committer.listeners.append(self._forget)

    async def by_team(self, team_id: str) -> Workspace | None:
        """The workspace with this id, uninstalled ones too; None when it was never installed here."""
        return await self._find(team_id, columns(SlackWorkspace).team_id == team_id)

    async def of(self, organization_id: UUID) -> Workspace | None:
        """The workspace that this organization is."""
        return await self._find(organization_id, columns(SlackWorkspace).organization_id == organization_id)

    async def connected(self) -> list[Workspace]:
        """Every workspace that the app is installed in."""
        return [workspace for workspace in await self._all() if workspace.connected]

    async def organizations(self) -> list[UUID]:
        """Every organization that is a workspace, uninstalled ones too: their feeds are read on, and nothing is told."""
        return [workspace.organization_id for workspace in await self._all()]

    async def _all(self) -> list[Workspace]:
        """Every workspace; remembered as single ones are, since the feed and the sender ask for them in each of their rounds."""
        known, until = self._everyone
        if until > time.monotonic():
            return known
        forgotten = self._forgotten
        async with self.database.read() as connection:
            found = [self._workspace(one) for one in await connection.execute(all_workspaces())]
        if forgotten == self._forgotten:
            self._everyone = found, time.monotonic() + REMEMBERED_SECONDS
        return found

    async def _find(self, key: str | UUID, condition: Any) -> Workspace | None:
        known = self._known.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        forgotten = self._forgotten
        async with self.database.read() as connection:
            rows = (await connection.execute(all_workspaces().where(condition))).all()
        workspace = self._workspace(rows[0]) if rows else None
        if forgotten == self._forgotten:
            self._known[key] = workspace, time.monotonic() + REMEMBERED_SECONDS
        return workspace

    def _workspace(self, found: Any) -> Workspace:
        return Workspace(
            found.organization_id,
            found.team_id,
            found.name,
            found.url,
            found.app_id,
            found.bot_user_id,
            self.seal.open(found.token) if found.token else "",
            frozenset(found.scopes.split()),
            terms.parse(found.settings),
            Unit(found.currency_singular, found.currency_plural),
            found.time_zone,
            found.leaderboard_enabled,
            found.emoji or "{}",
        )

    def _forget(self, batch: Batch) -> None:
        if batch.touched(SlackWorkspace) or batch.touched(Organization):
            self.forget()

    def forget(self) -> None:
        """Looks everything up anew; also that there was no such workspace is remembered until then."""
        self._known.clear()
        self._everyone = [], 0.0
        self._forgotten += 1


def all_workspaces() -> sa.Select[Any]:
    """Workspaces with their organizations: like the list of organizations, a question across tenants, asked by no request."""
    workspace, program = columns(SlackWorkspace), columns(Organization)
    seen = columns(SlackRound)
    joined = table_of(SlackWorkspace).join(table_of(Organization), workspace.organization_id == program.organization_id)
    joined = joined.outerjoin(table_of(SlackRound), workspace.organization_id == seen.organization_id)
    words = (program.currency_singular, program.currency_plural, program.time_zone, program.leaderboard_enabled, seen.emoji)
    return sa.select(*table_of(SlackWorkspace).c, *words).select_from(joined).order_by(workspace.installed_at)


async def organization_for(database: Database, named: str) -> UUID:
    """The organization that a bot token's workspace is: of this id or name, or the only one. Raises Misconfigured."""
    async with database.read() as connection:
        known = await organization.all_organizations(connection)
    found = organization.meant(known, named)
    if len(found) == 1:
        return found[0].organization_id
    if not known:
        raise Misconfigured("Slack waits for an organization. Found one with: plaudit organization create --help")
    raise Misconfigured(
        f"PLAUDIT_SLACK_ORGANIZATION: {'no' if not found else 'more than one'} organization is meant by {named!r}. "
        "Set it to an id: see plaudit organization list"
    )
