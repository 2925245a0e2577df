"""Jobs: what Slack is to be told, planned as rows, and the lanes in which their order is kept."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.ids import Ids, last_id
from app.db import columns, insert, scoped, table_of
from integrations.slack.layouts import Message
from integrations.slack.models import DeliveryState, SlackDelivery

KEPT_DAYS = 7
"""So long a delivery is remembered after it was made: Slack sends no event again after that."""


class Kind(StrEnum):
    """What is to be done."""

    POST = "post"
    """Tell a channel of a recognition."""
    CHANGE = "change"
    """Bring a message of ours about a recognition up to date, or take it back."""
    DIRECT = "direct"
    """Tell a recipient in a direct message."""
    ADDED = "added"
    """Tell a recipient of points that were added."""
    RECEIPT = "receipt"
    """Tell the giver, where nobody else sees it, what was given and what is left."""
    THANKED = "thanked"
    """Tell the giver what a recipient said."""
    MARK = "mark"
    """Put our own reaction on a message that counted, or take it off."""
    TELL = "tell"
    """Show somebody a few words that nobody else sees."""
    ANSWER = "answer"
    """Put an answer in the place of a message that only its reader sees, by the address that came with the press."""
    JOIN = "join"
    """Become a member of the feed channel: only there are reactions on our posts told to us."""
    HOME = "home"
    """Publish somebody's Home anew."""
    ASK = "ask"
    """Ask an admin about a redemption."""
    SETTLE = "settle"
    """Bring such a question up to date: what was decided stands in the place of its buttons."""
    NEWS = "news"
    """Tell a member what became of its redemption."""


TELLING = frozenset({Kind.POST, Kind.DIRECT, Kind.MARK, Kind.ASK})
"""What tells of a recognition or a redemption for the first time."""
ASKED_DAYS = 365
"""So long a question to an admin is remembered after it was told, as it is changed when it is decided."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing that Slack is to be told. It carries ids; what is shown is read when it is told."""

    kind: Kind
    once: str
    """What makes it itself."""
    lane: str
    recognition: str = ""
    channel: str = ""
    user: str = ""
    thread: str = ""
    ts: str = ""
    gift: str = ""
    """The boost or comment that it is about."""
    feed: bool = False
    """Whether the channel is the feed channel."""
    url: str = ""
    """Sealed: the address to answer by."""
    message: dict[str, Any] = field(default_factory=dict)
    """What to say, where it says no more than its reader knows already."""
    redemption: str = ""
    """The redemption, where it is about one and not about a recognition."""
    step: str = ""
    """What became of the redemption: the event's last word, `approved`."""
    said: str = ""
    """The remark that was made with that."""

    def document(self) -> str:
        """As JSON, without what is empty."""
        return orjson.dumps({name: value for name, value in asdict(self).items() if value}).decode()


_NAMES = frozenset(one.name for one in fields(Job))


def parse(document: str) -> Job:
    """The job from its document."""
    content = orjson.loads(document)
    known = {name: value for name, value in content.items() if name in _NAMES}
    return Job(**{**known, "kind": Kind(content["kind"])})


def posts(channel_id: str) -> str:
    """The lane of a channel's messages."""
    return f"post:{channel_id}"


def directs(user_id: str) -> str:
    """The lane of somebody's direct messages."""
    return f"direct:{user_id}"


def asking(redemption_id: UUID, user_id: str) -> str:
    """What makes the question to an admin itself."""
    return f"{Kind.ASK}:{redemption_id}:{user_id}"


def homes(user_id: str) -> str:
    """The lane of somebody's Home."""
    return f"home:{user_id}"


async def plan(connection: AsyncConnection, organization_id: UUID, jobs: Iterable[tuple[int, Job]], now: datetime) -> None:
    """Writes down what is to be done, in this order, each with the number of the event that asks for it (0: none). What was
    planned before stays as it is."""
    ids = Ids(now)  # one for all of them: they keep their order, although they carry one moment
    rows = [
        {
            "organization_id": organization_id,
            "once": job.once,
            "id": ids.next(),
            "lane": job.lane,
            "job": job.document(),
            "sequence": sequence,
            "recognition_id": UUID(job.recognition or job.redemption) if job.kind in TELLING else None,
            "state": DeliveryState.WAITING,
            "tries": 0,
        }
        for sequence, job in jobs
    ]
    if rows:
        await connection.execute(insert(SlackDelivery, connection.dialect.name).on_conflict_do_nothing(), rows)


async def resume(connection: AsyncConnection, organization_id: UUID) -> None:
    """Makes everything due that waits: the workspace is connected again. What some process is at stays that one's."""
    delivery = columns(SlackDelivery)
    waiting = (delivery.organization_id == organization_id, delivery.state == DeliveryState.WAITING)
    await connection.execute(sa.update(table_of(SlackDelivery)).where(*waiting).values(not_before=None))


def overtaken(organization_id: UUID, lane: str, moment: datetime) -> sa.Executable:
    """The statement that lets go what was planned in a lane until that moment, and says no more than what was just told."""
    delivery = columns(SlackDelivery)
    waiting = (delivery.organization_id == organization_id, delivery.lane == lane, delivery.state == DeliveryState.WAITING)
    told = sa.update(table_of(SlackDelivery)).where(*waiting, delivery.id < last_id(moment))
    return told.values(state=DeliveryState.DONE, done_at=moment, claimed_until=None)


async def purge(connection: AsyncConnection, organization_id: UUID, now: datetime) -> int:
    """Forgets what was delivered a week ago; a question to an admin, a year ago."""
    delivery = columns(SlackDelivery)
    is_past = sa.or_(delivery.once.not_like(f"{Kind.ASK}:%"), delivery.done_at < now - timedelta(days=ASKED_DAYS))
    statement = sa.delete(table_of(SlackDelivery)).where(
        delivery.organization_id == organization_id,
        delivery.state == DeliveryState.DONE,
        delivery.done_at < now - timedelta(days=KEPT_DAYS),
        is_past,
    )
    return (await connection.execute(statement)).rowcount


def planned(organization_id: UUID, id_: UUID) -> sa.Select[Any]:
    """Everything planned that tells of a recognition or a redemption for the first time."""
    return scoped(SlackDelivery, organization_id).where(columns(SlackDelivery).recognition_id == id_)


def told_at(organization_id: UUID, job: Job, channel: str, ts: str) -> sa.Executable:
    """The statement that remembers where a job was told, so that the message can be changed."""
    delivery = columns(SlackDelivery)
    this = (delivery.organization_id == organization_id, delivery.once == job.once)
    return sa.update(table_of(SlackDelivery)).where(*this).values(job=replace(job, channel=channel, ts=ts).document())


def spoken(message: Message) -> dict[str, Any]:
    """A message as arguments of a call."""
    said: dict[str, Any] = {"text": message.text, "blocks": message.blocks}
    return said | ({"metadata": message.metadata} if message.metadata is not None else {})
