"""The recorder: plays Slack for the demo. It answers every call, and keeps what would have been shown."""

from collections import deque
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app import organization
from app.db import Database, columns, scoped, table_of
from app.organization import Member
from integrations.slack.models import SlackPerson
from integrations.slack.workspaces import Workspace

KEPT_MAX = 500
TOKEN = "xoxb-recorder"
GENERAL, KUDOS = "C0GENERAL", "C0KUDOS"
CHANNELS = {GENERAL: "general", KUDOS: "kudos"}


class Recorder:
    """Slack, as far as the demo needs one: nothing leaves this machine."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.shown: deque[dict[str, Any]] = deque(maxlen=KEPT_MAX)
        self._number = 0

    async def call(self, workspace: Workspace, method: str, *, seconds: float = 0, **arguments: Any) -> dict[str, Any]:
        """Answers as Slack would, and keeps what was to be shown."""
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        if method == "users.list":
            async with self.database.read() as connection:
                return {"ok": True, "members": await _users(connection, workspace)}
        if method == "conversations.info":
            return {"ok": True, "channel": {"id": given["channel"], "name": CHANNELS.get(given["channel"], "somewhere")}}
        self._keep(method, given)
        ts = f"{int(self.database.clock().timestamp())}.{self._number:06d}"
        return {"ok": True, "ts": ts, "channel": given.get("channel", ""), "message": {}, "usergroups": [], "emoji": {}}

    async def respond(self, url: str, message: dict[str, Any], *, seconds: float = 0) -> None:
        """Keeps what was said through a response_url."""
        self._keep("response_url", message)

    async def close(self) -> None:
        """Nothing is open."""

    def _keep(self, method: str, arguments: dict[str, Any]) -> None:
        self._number += 1
        self.shown.append({"number": self._number, "method": method, **arguments})

    def since(self, number: int) -> list[dict[str, Any]]:
        """What was to be shown after that number."""
        return [one for one in self.shown if one["number"] > number]


async def _users(connection: AsyncConnection, workspace: Workspace) -> list[dict[str, Any]]:
    """Everyone whom the demo's workspace has, as users.list tells of them."""
    person, member = columns(SlackPerson), columns(Member)
    statement = scoped(SlackPerson, workspace.organization_id, person.user_id, member.display_name, member.email, member.status)
    joined = statement.join_from(
        table_of(SlackPerson),
        table_of(Member),
        (member.organization_id == person.organization_id) & (member.id == person.member_id),
    )
    return [
        {
            "id": row.user_id,
            "team_id": workspace.team_id,
            "deleted": row.status is organization.MemberStatus.DEACTIVATED,
            "profile": {"real_name": row.display_name, "email": row.email},
        }
        for row in await connection.execute(joined)
    ]
