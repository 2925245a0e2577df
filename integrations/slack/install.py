"""Installing: a bot token in the settings, or Slack's OAuth for many workspaces, becomes a connected workspace."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from slack_bolt.error import BoltError
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from app import allowance, audit, organization, recognition
from app.core.actor import Actor, Door, Role, system
from app.core.clock import Clock
from app.core.errors import Code, Misconfigured, PlauditError, Refusal
from app.core.ids import id_of
from app.core.seal import Seal
from app.core.settings import Settings
from app.db import Database, Draft, Want, row
from app.organization import Organization
from integrations.slack import jobs, manifest
from integrations.slack.api import WebApi
from integrations.slack.people import Enrol, SlackUser, read_user
from integrations.slack.reader import NAME
from integrations.slack.workspaces import ConnectWorkspace, Workspaces

STATE_SECONDS = 600
BASE_POINTS = 50
log = logging.getLogger("plaudit.slack")


@dataclass(frozen=True, slots=True)
class FoundWorkspace:
    """A workspace that nobody knows becomes an organization, and whoever installed the app its owner; done once."""

    actor: Actor
    name: str
    time_zone: str
    installer: SlackUser

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield row(Organization, self.actor.organization_id)

    def decide(self, draft: Draft) -> bool:
        """Whether it was founded now."""
        if draft.get(Organization) is not None:
            return False
        organization.found(draft, self.name, self.time_zone, organization.Currency())
        allowance.found(draft, allowance.AllowancePolicy(allowance.Period.MONTH, BASE_POINTS, self.time_zone))
        recognition.found(draft, recognition.GivingPolicy())
        owner = Enrol(self.actor, self.installer).decide(draft)
        if owner is not None:
            organization.SetMemberRole(self.actor, owner, Role.OWNER).decide(draft)
        return True


class Installer:
    """Connects workspaces, and keeps the interface that Bolt's OAuth flow wants of an installation store."""

    def __init__(self, database: Database, workspaces: Workspaces, api: WebApi) -> None:
        self.database = database
        self.workspaces = workspaces
        self.api = api

    async def connect_token(self, token: str, organization_id: UUID) -> tuple[str, bool]:
        """Connects the workspace of a bot token to an organization; returns its team id, and whether it was not connected before.
        Raises what `Slack.call` raises, and INVALID_STATE for a workspace that is another organization already."""
        told, scopes = await self.api.identify(token)
        team_id = str(told["team_id"])
        known = await self.workspaces.by_team(team_id)
        if known is not None and known.organization_id != organization_id:
            raise Refusal(
                Code.INVALID_STATE,
                f"The workspace {team_id} is the organization {known.organization_id} already. Name that one in "
                "PLAUDIT_SLACK_ORGANIZATION, or use a token of another workspace.",
            )
        connected = ConnectWorkspace(
            system(organization_id, Door.SLACK),
            team_id,
            str(told.get("team") or team_id),
            str(told.get("url") or ""),
            str(told.get("app_id") or ""),
            str(told["user_id"]),
            self.workspaces.seal.close(token),
            scopes,
        )
        return team_id, await self._connect(connected)

    async def _connect(self, act: ConnectWorkspace) -> bool:
        # What happened before the workspace was connected is not told there.
        await audit.feed.place(self.database, NAME, act.actor.organization_id, at_head=True)
        is_new = await self.database.submit(act)
        self.workspaces.forget()  # A row that is new has touched none, and who looks for it next must find it.
        async with self.database.bookkeeping() as connection:
            await jobs.resume(connection, act.actor.organization_id)
        return is_new

    async def connect_installation(self, installation: Installation) -> UUID:
        """Connects the workspace that has just installed the app; returns its organization. Raises BoltError with what to say to
        whoever installs."""
        if installation.is_enterprise_install or not installation.team_id or not installation.bot_token:
            raise BoltError("Installing for a whole Enterprise Grid is not possible yet. Install it in one workspace.")
        token, team_id = installation.bot_token, installation.team_id
        try:
            known = await self.workspaces.by_team(team_id)
            organization_id = known.organization_id if known is not None else id_of(f"slack workspace {team_id}")
            told, _ = await self.api.identify(token)
            actor = system(organization_id, Door.SLACK)
            if known is None:
                user = (await self.api.call_with(token, "users.info", user=installation.user_id))["user"]
                name = str(installation.team_name or told.get("team") or team_id)
                founding = FoundWorkspace(actor, name, str(user.get("tz") or "UTC"), read_user(user, team_id))
                await self.database.submit(founding)
            scopes = installation.bot_scopes or ()
            await self._connect(
                ConnectWorkspace(
                    actor,
                    team_id,
                    str(installation.team_name or team_id),
                    str(told.get("url") or ""),
                    str(installation.app_id or ""),
                    str(installation.bot_user_id or told["user_id"]),
                    self.workspaces.seal.close(token),
                    frozenset(scopes.split(",") if isinstance(scopes, str) else scopes),
                )
            )
        except PlauditError as error:
            log.warning("workspace %s could not be installed: %s", team_id, error)
            raise BoltError(str(error)) from error
        return organization_id


class Store(AsyncInstallationStore):
    """What Bolt's OAuth flow hands a new installation to. Nothing is found here: requests are authorized from our own rows."""

    def __init__(self, installer: Installer, installed: Callable[[UUID], Awaitable[None]]) -> None:
        self.installer = installer
        self.installed = installed

    @property
    def logger(self) -> logging.Logger:
        """Where it writes."""
        return log

    async def async_save(self, installation: Installation) -> None:
        """Connects the workspace, and tells who waits for it."""
        await self.installed(await self.installer.connect_installation(installation))

    async def async_save_bot(self, bot: object) -> None:
        """A bot is saved with its installation."""


class SealedStates(AsyncOAuthStateStore):
    """States of installations under way. Each is sealed and dies after ten minutes, and Bolt ties it to its browser by a cookie;
    the code that comes with it works once. So none needs to be kept."""

    def __init__(self, secret_key: str, clock: Clock) -> None:
        self._seal = Seal(secret_key, "slack state")
        self.clock = clock

    @property
    def logger(self) -> logging.Logger:
        """Where it writes."""
        return log

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        """A new state."""
        return self._seal.close(str(int(self.clock().timestamp()) + STATE_SECONDS)).decode()

    async def async_consume(self, state: str) -> bool:
        """Whether it is one of ours and still counts."""
        try:
            return int(self._seal.open(str(state).encode())) >= self.clock().timestamp()
        except Misconfigured:
            return False


def _scopes(features: Iterable[str]) -> list[str]:
    try:
        return manifest.bot_scopes(list(features))
    except ValueError as error:
        raise Misconfigured(f"PLAUDIT_SLACK_FEATURES: {error}") from error


def oauth_flow(settings: Settings, clock: Clock, store: Store) -> AsyncOAuthFlow:
    """Bolt's flow for /slack/install and /slack/oauth_redirect."""
    api_url = settings.slack_api_url.rstrip("/") + "/"
    # A stand-in's authorization page is beside its API, as Slack's own is.
    authorization = api_url.removesuffix("api/") + "oauth/v2/authorize"
    return AsyncOAuthFlow(
        client=AsyncWebClient(base_url=api_url),
        settings=AsyncOAuthSettings(
            client_id=settings.slack_client_id,
            client_secret=settings.slack_client_secret.get_secret_value(),
            scopes=_scopes(settings.slack_features),
            redirect_uri=f"{settings.public_url.rstrip('/')}{manifest.REDIRECT_PATH}",
            authorization_url=authorization,
            installation_store=store,
            state_store=SealedStates(settings.secret_key.get_secret_value(), clock),
            state_expiration_seconds=STATE_SECONDS,
        ),
    )
