"""GraphQL types of rewards: the catalog, and what members redeemed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from app import ledger, reward
from app.api.context import Info
from app.api.described import described
from app.api.ids import encode
from app.api.paging import Connection, Node, by_id, connect, counting, part
from app.api.people import Member, member_of
from app.api.policies import Audience, audience_of
from app.core.actor import Permission
from app.core.errors import Forbidden
from app.ledger import POINTS_MAX
from app.organization import EVERYONE
from app.reward import Provider, RedemptionStatus, RewardKind

strawberry.enum(Provider, name="RewardProvider")
for _enum in (RewardKind, RedemptionStatus):
    strawberry.enum(_enum)


@described
@strawberry.type
class Reward(Node):
    """An item of the catalog."""

    row: strawberry.Private[reward.Reward]
    name: str
    """As people read it."""
    description: str
    """What one gets, and how; may be empty."""
    kind: RewardKind
    """What sort of thing it is."""
    provider: Provider
    """Who delivers it."""
    price_points: int
    """What it costs now; 0 is free."""
    stock: int | None
    """How many are left; null: as many as are wanted. Of vouchers, the codes that nobody was promised."""
    per_member_limit: int | None
    """How many one member may have; null: as many as it likes."""
    requires_approval: bool
    """Whether an admin has to say yes first."""
    image_url: str | None
    """A picture, by https, or a path on this server."""
    archived: bool
    """Whether it is no longer to be had."""

    @strawberry.field
    async def audience(self, info: Info) -> Audience | None:
        """Whom it is meant for; null: everyone."""
        if self.row.for_everyone:
            return None
        found = await info.context.loader("reward audiences", reward.reads.audiences).load(self.row.id)
        return audience_of(found or EVERYONE)

    @strawberry.field
    async def median_weeks_to_reach(self, info: Info) -> float | None:
        """Weeks of receiving that it takes at the median of active members, as they received in the last 12 weeks; null where
        half of them receive nothing, and for all but admins and auditors."""
        if not info.context.actor.may(Permission.INSIGHT_GROUPS):
            return None
        context = info.context

        async def read(connection: Any, organization_id: UUID, prices: list[int]) -> dict[int, float | None]:
            return await reward.reports.weeks_to_reach(connection, organization_id, prices, context.database.clock())

        return await context.loader("weeks to reach", read).load(self.row.price_points)


def reward_of(row: reward.Reward) -> Reward:
    """A reward as GraphQL shows it."""
    return Reward(
        id=encode("Reward", row.id),
        row=row,
        name=row.name,
        description=row.description,
        kind=row.kind,
        provider=row.provider,
        price_points=row.price_points,
        stock=row.stock,
        per_member_limit=row.per_member_limit,
        requires_approval=row.requires_approval,
        image_url=row.image_url,
        archived=row.archived_at is not None,
    )


@described
@strawberry.type
class RewardConnection(Connection[Reward]):
    """Rewards, the cheapest first."""


@described
@strawberry.type
class Redemption(Node):
    """One member's claim on a reward."""

    row: strawberry.Private[reward.Redemption]
    reward_name: str
    """As it was called when it was redeemed."""
    price_points: int
    """What it cost."""
    minor_units_per_point: int
    """What a point was worth, in whole minor units of the currency of that day."""
    currency_code: str
    """That currency, ISO 4217."""
    status: RedemptionStatus
    """Where it stands."""
    requested_at: datetime
    """When it was redeemed."""
    decided_at: datetime | None
    """When an admin approved or rejected it."""
    accepted_at: datetime | None
    """When its provider accepted the order: from then on it cannot be rejected."""
    fulfilled_at: datetime | None
    """When it was delivered."""
    closed_at: datetime | None
    """When it was rejected, cancelled or refunded, and the points came back."""

    @strawberry.field
    async def reward(self, info: Info) -> Reward:
        """The reward as it is now."""
        row = await info.context.loader("rewards", reward.reads.rewards_by_id).load(self.row.reward_id)
        assert row is not None, "a foreign key says so"
        return reward_of(row)

    @strawberry.field
    async def member(self, info: Info) -> Member:
        """Who redeemed it."""
        row = await info.context.member(self.row.member_id)
        assert row is not None, "a foreign key says so"
        return member_of(info, row)

    @strawberry.field
    async def note(self, info: Info) -> str | None:
        """What the member said with it."""
        return await _words(info, self.row.note_id)

    @strawberry.field
    async def answer(self, info: Info) -> str | None:
        """What an admin said last: with the approval, the rejection, the delivery or the refund."""
        return await _words(info, self.row.answer_id)

    @strawberry.field
    async def days_waiting(self, info: Info) -> int | None:
        """Whole days since it waits for an admin or for its delivery; null when it waits for nothing."""
        return reward.reads.days_waiting(self.row, info.context.database.clock())

    @strawberry.field
    async def voucher_code(self, info: Info) -> str | None:
        """The code that was handed out, for the member who redeemed it; null to everyone else."""
        if self.row.provider is not Provider.VOUCHER or self.row.member_id != info.context.actor.member_id:
            return None
        context = info.context

        async def read(connection: Any, _organization_id: UUID, ids: list[UUID]) -> dict[UUID, str]:
            return await context.vouchers.codes(connection, context.actor, ids)

        return await context.loader("voucher codes", read).load(self.row.id)


async def _words(info: Info, remark_id: UUID | None) -> str | None:
    return await info.context.loader("words", reward.reads.words).load(remark_id) if remark_id is not None else None


def redemption_of(row: reward.Redemption) -> Redemption:
    """A redemption as GraphQL shows it to somebody who may see it."""
    return Redemption(
        id=encode("Redemption", row.id),
        row=row,
        reward_name=row.reward_name,
        price_points=row.price_points,
        minor_units_per_point=row.minor_units_per_point,
        currency_code=row.currency_code,
        status=row.status,
        requested_at=row.requested_at,
        decided_at=row.decided_at,
        accepted_at=row.accepted_at,
        fulfilled_at=row.fulfilled_at,
        closed_at=row.closed_at,
    )


@described
@strawberry.type
class RedemptionConnection(Connection[Redemption]):
    """Redemptions, newest first."""


async def reward_seen(info: Info, id_: UUID) -> Reward | None:
    """A reward, if the viewer could find it: in the catalog, or once redeemed; admins and auditors find all."""
    context = info.context

    async def read(connection: Any, _organization_id: UUID, ids: list[UUID]) -> dict[UUID, reward.Reward]:
        return await reward.reads.visible(connection, context.actor, ids)

    loader = context.loader("rewards", reward.reads.rewards_by_id) if context.actor.sees_everyone else None
    row = await (loader or context.loader("rewards seen", read)).load(id_)
    return reward_of(row) if row is not None else None


async def redemption_seen(info: Info, id_: UUID) -> Redemption | None:
    """A redemption, if the viewer sees it: one's own; admins and auditors see all."""
    context = info.context

    async def read(connection: Any, _organization_id: UUID, ids: list[UUID]) -> dict[UUID, reward.Redemption]:
        return await reward.reads.redemptions_seen(connection, context.actor, ids)

    row = await context.loader("redemptions", read).load(id_)
    return redemption_of(row) if row is not None else None


async def rewards_page(
    info: Info, first: int | None, after: str | None, kind: RewardKind | None, *, affordable_only: bool, everything: bool
) -> RewardConnection:
    """A page of the catalog."""
    context, wanted = info.context, part(first, after, int, UUID)
    if everything and not context.actor.sees_everyone:
        raise Forbidden("Only admins and auditors see rewards that are archived or meant for others.")
    async with context.read() as connection:
        price_max = POINTS_MAX
        if affordable_only:
            member_id = context.member_id
            price_max = (await ledger.reads.wallet_balances(connection, context.organization_id, [member_id]))[member_id]
        chosen = reward.reads.RewardFilter(kind, price_max, everything)
        statement = reward.reads.catalog(context.actor, chosen)
        page = await reward.reads.catalog_page(connection, statement, wanted)
    counter = counting(info, statement)
    return connect(RewardConnection, page, wanted, reward_of, lambda row: (row.price_points, row.id), counter)


async def redemptions_page(
    info: Info, first: int | None, after: str | None, status: RedemptionStatus | None, member_id: UUID | None
) -> RedemptionConnection:
    """A page of the redemptions that the viewer sees."""
    context, wanted = info.context, by_id(first, after)
    statement = reward.reads.redemptions(context.actor, reward.reads.RedemptionFilter(status, member_id))
    async with context.read() as connection:
        page = await reward.reads.redemptions_page(connection, statement, wanted)
        await context.know(connection, [row.member_id for row in page.rows])
    return connect(RedemptionConnection, page, wanted, redemption_of, lambda row: (row.id,), counting(info, statement))
