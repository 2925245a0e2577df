"""The demo's workspace: Farola is in Slack, too, with everyone in it, and a recorder plays Slack."""

import asyncio
import contextlib

from app import audit, organization
from app.core.actor import Actor, Door, system
from app.core.errors import Misconfigured
from app.core.seal import Seal
from app.core.settings import Settings
from app.db import Database, Slice
from app.demo.founding import NAME, ORGANIZATION_ID
from app.organization import Member, MemberStatus
from integrations.slack import manifest
from integrations.slack.models import PersonKind
from integrations.slack.people import Enrol, SlackUser
from integrations.slack.reader import NAME as READER
from integrations.slack.recorder import KUDOS, TOKEN
from integrations.slack.terms import ChangeSlackSettings
from integrations.slack.workspaces import SEALED_FOR, ConnectWorkspace, Workspaces

TEAM_ID = "T0FAROLA"
LINE = 'plaudit slack simulate "/kudos @ana 10 for the release #teamwork"'
_ACTOR: Actor = system(ORGANIZATION_ID, Door.SLACK)


def is_connected(settings: Settings) -> bool:
    """Whether the settings name a real Slack."""
    return bool(settings.slack_bot_token.get_secret_value() or settings.slack_client_id)


async def connect(settings: Settings) -> None:
    """Connects the demo's workspace, once, with a member behind every account. Where it stands already, nothing happens."""
    database = Database(settings.database, audit.AuditChain())
    try:
        with contextlib.suppress(Misconfigured):  # sealed under a key that is gone: connected anew
            if await Workspaces(database, settings.secret_key.get_secret_value()).of(ORGANIZATION_ID) is not None:
                return
        await database.open()
        await audit.feed.place(database, READER, ORGANIZATION_ID, at_head=True)
        scopes = manifest.bot_scopes([feature.name for feature in manifest.FEATURES[1:]])
        token = Seal(settings.secret_key.get_secret_value(), SEALED_FOR).close(TOKEN)
        url = f"https://{NAME.lower()}.slack.com/"
        workspace = ConnectWorkspace(_ACTOR, TEAM_ID, NAME, url, "A0PLAUDIT", "U0PLAUDIT", token, frozenset(scopes))
        # The workspace comes last, and says that all of it was done.
        await asyncio.gather(*(database.submit(Enrol(_ACTOR, user)) for user in await _users(database)))
        if await database.submit(workspace):
            await database.submit(ChangeSlackSettings(_ACTOR, (("feed_channel", KUDOS),)))
    finally:
        await database.close()


async def _users(database: Database) -> list[SlackUser]:
    found: list[Member] = []
    part = Slice(100)
    while True:
        async with database.read() as connection:
            page = await organization.reads.members_page(connection, ORGANIZATION_ID, organization.reads.MemberFilter(), part)
        found += page.rows
        if not page.has_next:
            break
        part = Slice(100, (page.rows[-1].name_key, page.rows[-1].id))
    return [_user(member) for member in found if member.status is not MemberStatus.DEACTIVATED]


def _user(member: Member) -> SlackUser:
    id_ = f"U0{member.ordinal:06d}"
    kind = PersonKind.INVITED if member.status is MemberStatus.INVITED else PersonKind.PERSON
    return SlackUser(TEAM_ID, id_, kind, False, member.display_name, member.email, None, member.job_title, False)
