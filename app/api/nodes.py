"""Anything by its global id: one reader for each kind of node."""

from typing import Any

from app import audit, ledger, organization, recognition
from app.api.context import Info
from app.api.ids import as_uuid, decode
from app.api.paging import Node
from app.api.people import Member, group_of, member_of, organization_here, value_of
from app.api.points import transfer_of
from app.api.recognitions import boost_of, comment_of, recognition_seen
from app.api.rewards import redemption_seen, reward_seen
from app.api.trail import event_of, token_by_id
from app.core.actor import Permission


async def node_by_id(info: Info, id_: str) -> Node | None:
    """The thing behind a global id; None when it does not exist here or is not the viewer's to see."""
    found = decode(id_)
    reader = _READERS.get(found[0]) if found is not None else None
    return await reader(info, found[1]) if reader is not None and found is not None else None


async def _member(info: Info, key: str) -> Member | None:
    id_ = as_uuid(key)
    row = await info.context.member(id_) if id_ is not None else None
    return member_of(info, row) if row is not None else None


async def _group(info: Info, key: str) -> Any:
    id_ = as_uuid(key)
    row = await info.context.loader("groups", organization.reads.groups_by_id).load(id_) if id_ is not None else None
    return group_of(row) if row is not None else None


async def _value(info: Info, key: str) -> Any:
    row = (await info.context.values()).get(key)
    return value_of(row) if row is not None else None


async def _organization(info: Info, key: str) -> Any:
    return await organization_here(info) if key == str(info.context.organization_id) else None


async def _recognition(info: Info, key: str) -> Any:
    id_ = as_uuid(key)
    return await recognition_seen(info, id_) if id_ is not None else None


async def _boost(info: Info, key: str) -> Any:
    id_, context = as_uuid(key), info.context
    if id_ is None:
        return None
    async with context.read() as connection:
        row = await recognition.reads.boost_row(connection, context.organization_id, id_)
    if row is None or await context.seen(row.recognition_id) is None:
        return None
    giver = await context.member(row.giver_id)
    assert giver is not None, "a foreign key says so"
    return boost_of(info, row, giver)


async def _comment(info: Info, key: str) -> Any:
    id_, context = as_uuid(key), info.context
    if id_ is None:
        return None
    async with context.read() as connection:
        row = await recognition.reads.comment_row(connection, context.organization_id, id_)
    if row is None or await context.seen(row.recognition_id) is None:
        return None
    author = await context.member(row.author_id)
    assert author is not None, "a foreign key says so"
    return comment_of(info, row, author)


async def _transfer(info: Info, key: str) -> Any:
    context = info.context
    transfer, _, owner = key.partition(":")
    id_, owner_id = as_uuid(transfer), as_uuid(owner)
    if id_ is None or owner_id is None or not (owner_id == context.actor.member_id or context.actor.sees_everyone):
        return None
    async with context.read() as connection:
        line = await ledger.reads.wallet_line(connection, context.organization_id, id_, owner_id)
    return transfer_of(line) if line is not None else None


async def _reward(info: Info, key: str) -> Any:
    id_ = as_uuid(key)
    return await reward_seen(info, id_) if id_ is not None else None


async def _redemption(info: Info, key: str) -> Any:
    id_ = as_uuid(key)
    return await redemption_seen(info, id_) if id_ is not None else None


async def _token(info: Info, key: str) -> Any:
    id_, context = as_uuid(key), info.context
    if id_ is None or not context.actor.may(Permission.TOKEN_EDIT):
        return None
    return await token_by_id(info, id_)


async def _event(info: Info, key: str) -> Any:
    context = info.context
    if not context.actor.may(Permission.AUDIT_READ) or not key.isascii() or not key.isdigit() or len(key) > 15:
        return None
    async with context.read() as connection:
        row = await audit.reads.event_row(connection, context.organization_id, int(key))
        if row is not None and row.actor_id is not None:
            await context.know(connection, [row.actor_id])
    return event_of(info, row) if row is not None else None


_READERS = {
    "AuditEvent": _event,
    "Boost": _boost,
    "Comment": _comment,
    "CompanyValue": _value,
    "Group": _group,
    "Member": _member,
    "Organization": _organization,
    "Recognition": _recognition,
    "Redemption": _redemption,
    "Reward": _reward,
    "Token": _token,
    "Transfer": _transfer,
}
