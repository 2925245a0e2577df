"""What events about redemptions ask for: news to their members, questions to admins, and what was decided in place of these."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from app import audit
from app.audit import AuditEvent
from app.reward import Provider, Redemption, RedemptionStatus
from integrations.slack import jobs
from integrations.slack.jobs import Job, Kind
from integrations.slack.people import Known

ASKED_MAX = 20
"""Admins who are asked about a redemption in a direct message; whoever else decides finds it in Home."""
_NEWS = frozenset({"approved", "rejected", "fulfilled", "refunded"})
"""What a member is told of; the rest it did itself, or is none of its business."""


def wanted(
    event: AuditEvent, row: Redemption, owner: Known | None, deciders: Mapping[UUID, Known], places: Iterable[Job]
) -> list[Job]:
    """The jobs that an event asks for. `places`: what was planned about the redemption until now."""
    step, body, id_ = event.action.partition(".")[2], audit.feed.body(event), row.id
    if step == "requested":
        return [_ask(id_, account) for account in _asked(row, deciders)] if _waits(body["status"], row) else []
    found = [_settle(event, job) for job in places if job.kind is Kind.ASK]
    if step in _NEWS and owner is not None:
        once, lane = f"news:{event.sequence}", jobs.directs(owner.user_id)
        said = str(body.get("reason") or "")
        found.append(Job(Kind.NEWS, once, lane, user=owner.user_id, redemption=str(id_), step=step, said=said))
    return found


def _waits(status: str, row: Redemption) -> bool:
    """Whether it waits for an admin from the beginning: for a yes or no, or as nobody else delivers it."""
    return status == RedemptionStatus.PENDING_APPROVAL or row.provider is Provider.MANUAL


def _asked(row: Redemption, deciders: Mapping[UUID, Known]) -> list[Known]:
    """Never whoever would like to have it."""
    return [account for member_id, account in deciders.items() if member_id != row.member_id][:ASKED_MAX]


def _ask(redemption_id: UUID, account: Known) -> Job:
    user, once = account.user_id, jobs.asking(redemption_id, account.user_id)
    return Job(Kind.ASK, once, jobs.directs(user), user=user, redemption=str(redemption_id))


def _settle(event: AuditEvent, asked: Job) -> Job:
    once = f"settle:{event.sequence}:{asked.user}"
    return Job(Kind.SETTLE, once, asked.lane, user=asked.user, redemption=asked.redemption)
