"""Drafts: a gift as it was typed, kept while its giver is asked something."""

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.ids import new_id
from app.db import Database, columns, scoped, table_of
from integrations.slack.models import SlackDraft, Way
from integrations.slack.workspaces import Workspace

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody wants to give, and where."""

    way: Way
    people: tuple[str, ...] = ()
    """Ids in Slack."""
    groups: tuple[str, ...] = ()
    """Ids of user groups."""
    points: int | None = None
    message: str = ""
    """Plain text."""
    channel: str = ""
    """Where it was typed."""
    private: bool = False
    post_to: str = ""
    thread: str = ""
    ts: str = ""
    permalink: str = ""
    url: str = ""
    """Sealed: the address to speak by where the bot is not."""
    hashtags: tuple[str, ...] = field(default=())
    """Company values that were chosen besides."""

    def document(self) -> str:
        """As JSON."""
        return orjson.dumps(asdict(self)).decode()

    def but(self, **changes: object) -> "Typed":
        """The same with something changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


_TUPLES = {"people", "groups", "hashtags"}


def parse(document: str) -> Typed:
    """What was typed, from its document."""
    content = orjson.loads(document)
    known = {one.name: content[one.name] for one in fields(Typed) if one.name in content}
    known |= {name: tuple(known[name]) for name in _TUPLES & known.keys()}
    return Typed(**{**known, "way": Way(content["way"])})


async def keep(database: Database, workspace: Workspace, user_id: str, typed: Typed) -> str:
    """Keeps a draft for a day; returns its id."""
    now = database.clock()
    id_ = new_id(now)
    values = {"organization_id": workspace.organization_id, "id": id_, "user_id": user_id}
    async with database.bookkeeping() as connection:
        await connection.execute(sa.insert(table_of(SlackDraft)).values(**values, content=typed.document(), made_at=now))
    return str(id_)


async def kept(connection: AsyncConnection, workspace: Workspace, user_id: str, draft_id: str) -> Typed | None:
    """The draft, if there is one of this person's still."""
    try:
        id_ = UUID(draft_id)
    except ValueError:
        return None
    draft = columns(SlackDraft)
    statement = scoped(SlackDraft, workspace.organization_id).where(draft.id == id_, draft.user_id == user_id)
    row = (await connection.execute(statement)).one_or_none()
    return parse(row.content) if row is not None else None


async def drop(database: Database, workspace: Workspace, user_id: str, draft_id: str) -> None:
    """Forgets a draft of this person's."""
    try:
        id_ = UUID(draft_id)
    except ValueError:
        return
    draft = columns(SlackDraft)
    mine = (draft.organization_id == workspace.organization_id, draft.id == id_, draft.user_id == user_id)
    async with database.bookkeeping() as connection:
        await connection.execute(sa.delete(table_of(SlackDraft)).where(*mine))


async def purge(connection: AsyncConnection, organization_id: UUID, now: datetime) -> None:
    """Forgets drafts of yesterday: they hold what people wrote."""
    draft = columns(SlackDraft)
    await connection.execute(
        sa.delete(table_of(SlackDraft)).where(draft.organization_id == organization_id, draft.made_at < now - KEPT)
    )
