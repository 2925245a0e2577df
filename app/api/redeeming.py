"""Mutations of rewards: the catalog, redeeming, and what becomes of a redemption."""

import strawberry

from app import audit, reward
from app.api.context import Info
from app.api.described import described
from app.api.ids import uuid_of
from app.api.payloads import Payload, content_of, mutation
from app.api.policies import AudienceInput, audience_from
from app.api.rewards import Redemption, Reward, redemption_seen, reward_seen
from app.core.actor import Permission
from app.core.errors import not_found
from app.organization import EVERYONE, KEEP
from app.reward import Provider, RewardKind, Verb


@described
@strawberry.input
class CreateRewardInput:
    """A reward to put into the catalog."""

    name: str
    """As people read it, 1–100 characters."""
    description: str | None = ""
    """What one gets, and how, at most 1,000 characters."""
    kind: RewardKind
    """What sort of thing it is."""
    price_points: int
    """0–1,000,000; 0 is free."""
    stock: int | None = strawberry.UNSET
    """How many there are; left out or null: as many as are wanted. Vouchers have the codes that are uploaded for them."""
    per_member_limit: int | None = strawberry.UNSET
    """How many one member may have, 1–1,000; left out or null: as many as it likes."""
    requires_approval: bool | None = True
    """Whether an admin has to say yes first."""
    audience: AudienceInput | None = strawberry.UNSET
    """Whom it is meant for; left out or null: everyone."""
    image_url: str | None = strawberry.UNSET
    """A picture, by https, or a path on this server."""
    provider: Provider | None = Provider.MANUAL
    """Who delivers it. It stays as it is."""


@described
@strawberry.input
class UpdateRewardInput:
    """What to change of a reward. What is left out stays; what was redeemed before keeps its name and price."""

    reward_id: strawberry.ID
    """Which."""
    name: str | None = strawberry.UNSET
    """As people read it."""
    description: str | None = strawberry.UNSET
    """What one gets, and how; null empties it."""
    kind: RewardKind | None = strawberry.UNSET
    """What sort of thing it is."""
    price_points: int | None = strawberry.UNSET
    """0–1,000,000; from the next redemption on."""
    stock: int | None = strawberry.UNSET
    """How many are left; null: as many as are wanted."""
    per_member_limit: int | None = strawberry.UNSET
    """How many one member may have; null: as many as it likes."""
    requires_approval: bool | None = strawberry.UNSET
    """Whether an admin has to say yes first."""
    audience: AudienceInput | None = strawberry.UNSET
    """Whom it is meant for; null: everyone."""
    image_url: str | None = strawberry.UNSET
    """A picture; null: none."""


@described
@strawberry.input
class RedeemRewardInput:
    """What one wants to have."""

    reward_id: strawberry.ID
    """Which reward."""
    price_expected: int | None = strawberry.UNSET
    """What one saw that it costs: another price is PRICE_CHANGED. Left out, any price will do."""
    note: str | None = strawberry.UNSET
    """For the admin, at most 300 characters."""
    idempotency_key: str
    """1–200 characters, unique per member and mutation, kept for ever: sent twice, it is redeemed once."""


@described
@strawberry.type
class RewardPayload(Payload):
    """A reward after a change."""

    reward: Reward | None = None
    """The reward as it is now."""


@described
@strawberry.type
class RedeemRewardPayload(Payload):
    """What redeeming made."""

    redemption: Redemption | None = None
    """The redemption as it is now."""
    replayed: bool = False
    """Whether this idempotency key had redeemed it before."""


@described
@strawberry.type
class RedemptionPayload(Payload):
    """A redemption after a change."""

    redemption: Redemption | None = None
    """The redemption as it is now."""


async def _shown(info: Info, act: reward.CreateReward | reward.UpdateReward | reward.ArchiveReward) -> RewardPayload:
    return RewardPayload(reward=await reward_seen(info, await info.context.submit(act)))


async def _decided(info: Info, id_: str, verb: Verb, words: str | None, *, restock: bool = False) -> RedemptionPayload:
    act = reward.Decide(info.context.actor, uuid_of(id_, "Redemption", "id"), verb, words, restock)
    return RedemptionPayload(redemption=await redemption_seen(info, await info.context.submit(act)))


@described
@strawberry.type
class RewardMutations:
    """Changes of rewards and redemptions."""

    @mutation()
    async def redeem_reward(info: Info, input: RedeemRewardInput) -> RedeemRewardPayload:
        """Claims a reward: its price is held, and one is taken from stock, at once. Members redeem what they have received,
        whatever their mode."""
        act = reward.RedeemReward(
            info.context.actor,
            uuid_of(input.reward_id, "Reward", "rewardId"),
            input.price_expected if isinstance(input.price_expected, int) else None,
            input.note or None,
            audit.checked_key(input.idempotency_key),
            content_of(input=input),
        )
        made = await info.context.submit(act)
        return RedeemRewardPayload(redemption=await redemption_seen(info, made.id), replayed=made.replayed)

    @mutation(Permission.REDEMPTION_DECIDE)
    async def approve_redemption(info: Info, id: strawberry.ID, note: str | None = strawberry.UNSET) -> RedemptionPayload:
        """Says yes: it is to be delivered now. Not to one's own, unless there is no other admin."""
        return await _decided(info, id, Verb.APPROVE, note)

    @mutation(Permission.REDEMPTION_DECIDE)
    async def reject_redemption(info: Info, id: strawberry.ID, reason: str) -> RedemptionPayload:
        """Says no, until its provider has accepted the order: points and stock come back. The member reads the reason."""
        return await _decided(info, id, Verb.REJECT, reason)

    @mutation()
    async def cancel_redemption(info: Info, id: strawberry.ID) -> RedemptionPayload:
        """Takes one's own redemption back while it waits for approval: points and stock come back."""
        return await _decided(info, id, Verb.CANCEL, None)

    @mutation(Permission.REDEMPTION_DECIDE)
    async def fulfil_redemption(info: Info, id: strawberry.ID, note: str | None = strawberry.UNSET) -> RedemptionPayload:
        """Says that it has been delivered by hand: the points are spent, and the organization pays. What a provider delivers is
        called delivered by that alone."""
        return await _decided(info, id, Verb.FULFIL, note)

    @mutation(Permission.REDEMPTION_DECIDE)
    async def refund_redemption(info: Info, id: strawberry.ID, reason: str, restock: bool | None = False) -> RedemptionPayload:
        """Gives the points of what was delivered back, and to the organization what it was billed: a negative line of this month.
        `restock`: the item goes back into stock, which a voucher code never does."""
        return await _decided(info, id, Verb.REFUND, reason, restock=bool(restock))

    @mutation(Permission.REDEMPTION_DECIDE)
    async def retry_fulfilment(info: Info, id: strawberry.ID) -> RedemptionPayload:
        """Has an order in trouble tried again by its provider, at once."""
        context, key = info.context, uuid_of(id, "Redemption", "id")
        async with context.database.bookkeeping() as connection:
            if not await reward.try_again(connection, context.organization_id, key, context.database.clock()):
                raise not_found("id")
        return RedemptionPayload(redemption=await redemption_seen(info, key))

    @mutation(Permission.REWARD_EDIT)
    async def create_reward(info: Info, input: CreateRewardInput) -> RewardPayload:
        """Puts a reward into the catalog."""
        act = reward.CreateReward(
            info.context.actor,
            input.name,
            input.kind,
            input.price_points,
            input.description or "",
            input.stock if isinstance(input.stock, int) else None,
            input.per_member_limit if isinstance(input.per_member_limit, int) else None,
            requires_approval=input.requires_approval is not False,
            audience=audience_from(input.audience, "audience") if isinstance(input.audience, AudienceInput) else EVERYONE,
            image_url=input.image_url or None,
            provider=input.provider or Provider.MANUAL,
        )
        return await _shown(info, act)

    @mutation(Permission.REWARD_EDIT)
    async def update_reward(info: Info, input: UpdateRewardInput) -> RewardPayload:
        """Changes a reward, from the next redemption on."""
        audience = input.audience
        meant = audience_from(audience, "audience") if isinstance(audience, AudienceInput) else EVERYONE
        act = reward.UpdateReward(
            info.context.actor,
            uuid_of(input.reward_id, "Reward", "rewardId"),
            name=KEEP if input.name is strawberry.UNSET else input.name or "",
            description=KEEP if input.description is strawberry.UNSET else input.description or "",
            kind=KEEP if input.kind is None or input.kind is strawberry.UNSET else input.kind,
            price_points=KEEP if input.price_points is None or input.price_points is strawberry.UNSET else input.price_points,
            stock=KEEP if input.stock is strawberry.UNSET else input.stock,
            per_member_limit=KEEP if input.per_member_limit is strawberry.UNSET else input.per_member_limit,
            requires_approval=input.requires_approval if isinstance(input.requires_approval, bool) else KEEP,
            audience=KEEP if audience is strawberry.UNSET else meant,
            image_url=KEEP if input.image_url is strawberry.UNSET else input.image_url,
        )
        return await _shown(info, act)

    @mutation(Permission.REWARD_EDIT)
    async def archive_reward(info: Info, id: strawberry.ID, archived: bool | None = True) -> RewardPayload:
        """Takes a reward out of the catalog, or puts it back. What was redeemed goes on as it was."""
        act = reward.ArchiveReward(info.context.actor, uuid_of(id, "Reward", "id"), archived is not False)
        return await _shown(info, act)
