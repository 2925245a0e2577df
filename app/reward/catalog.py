"""The catalog: admins make rewards, change them and take them out of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from app import organization
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal, not_found
from app.core.texts import clean
from app.db import Draft, Want, row, rows
from app.ledger import POINTS_MAX
from app.organization import EVERYONE, KEEP, Audience, Keep
from app.reward.models import Provider, Reward, RewardGroup, RewardKind, RewardMember, VoucherPool

NAME_CHARS_MAX = 100
DESCRIPTION_CHARS_MAX = 1_000
IMAGE_URL_CHARS_MAX = 2_000
STOCK_MAX = 1_000_000
"""Items in stock, and codes in a pool."""
LIMIT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class CreateReward:
    """Puts a reward into the catalog. Vouchers begin with none in stock: their codes are uploaded."""

    actor: Actor
    name: str
    kind: RewardKind
    price_points: int
    description: str = ""
    stock: int | None = None
    per_member_limit: int | None = None
    requires_approval: bool = True
    audience: Audience = EVERYONE
    image_url: str | None = None
    provider: Provider = Provider.MANUAL

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield from organization.audience_needs(self.actor.organization_id, [self.audience])

    def decide(self, draft: Draft) -> UUID:
        """The reward's id."""
        organization.require(draft, Permission.REWARD_EDIT)
        vouchers = self.provider is Provider.VOUCHER
        if vouchers and self.stock is not None:
            raise _stock_is_codes()
        organization.check_audience(draft, self.audience, "audience")
        reward = draft.add(
            Reward,
            id=draft.new_id(),
            name=_name(self.name),
            description=_description(self.description),
            kind=self.kind,
            provider=self.provider,
            price_points=_price(self.price_points),
            requires_approval=self.requires_approval,
            for_everyone=self.audience.everyone,
            stock=0 if vouchers else _stock(self.stock),
            per_member_limit=_limit(self.per_member_limit),
            image_url=_image_url(self.image_url),
        )
        if vouchers:
            draft.add(VoucherPool, reward_id=reward.id, added=0, handed=0)
        _mean(draft, reward.id, self.audience)
        draft.tell(
            "reward.created",
            f"reward:{reward.id}",
            **_facts(reward),
            kind=reward.kind,
            provider=reward.provider,
            audience=self.audience.document(),
        )
        return reward.id


@dataclass(frozen=True, slots=True)
class UpdateReward:
    """Changes a reward. Fields left at KEEP stay as they are; what was redeemed before keeps its name and price."""

    actor: Actor
    reward_id: UUID
    name: str | Keep = KEEP
    description: str | Keep = KEEP
    kind: RewardKind | Keep = KEEP
    price_points: int | Keep = KEEP
    stock: int | Keep | None = KEEP
    per_member_limit: int | Keep | None = KEEP
    requires_approval: bool | Keep = KEEP
    audience: Audience | Keep = KEEP
    image_url: str | Keep | None = KEEP

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        organization_id = self.actor.organization_id
        yield from organization.authority_needs(self.actor)
        yield from needs(organization_id, self.reward_id)
        if not isinstance(self.audience, Keep):
            yield from organization.audience_needs(organization_id, [self.audience])

    def decide(self, draft: Draft) -> UUID:
        """The reward's id."""
        organization.require(draft, Permission.REWARD_EDIT)
        reward = found(draft, self.reward_id)
        if not isinstance(self.stock, Keep) and reward.provider is Provider.VOUCHER:
            raise _stock_is_codes()
        checks: tuple[tuple[str, Any, Callable[[Any], Any]], ...] = (
            ("name", self.name, _name),
            ("description", self.description, _description),
            ("kind", self.kind, lambda kind: kind),
            ("price_points", self.price_points, _price),
            ("stock", self.stock, _stock),
            ("per_member_limit", self.per_member_limit, _limit),
            ("requires_approval", self.requires_approval, bool),
            ("image_url", self.image_url, _image_url),
        )
        values: dict[str, Any] = {name: check(value) for name, value, check in checks if not isinstance(value, Keep)}
        before = audience_of(draft, reward)
        meant = before if isinstance(self.audience, Keep) else self.audience
        if meant != before:
            organization.check_audience(draft, meant, "audience")
            values["for_everyone"] = meant.everyone
        changed = sorted(name for name, value in values.items() if getattr(reward, name) != value)
        if changed:
            reward = draft.change(reward, **values)
        if meant != before:
            _forget(draft, reward.id)
            _mean(draft, reward.id, meant)
        if changed or meant != before:
            told = {"audience": meant.document()} if meant != before else {}
            draft.tell("reward.updated", f"reward:{reward.id}", changed=changed, **_facts(reward), **told)
        return reward.id


@dataclass(frozen=True, slots=True)
class ArchiveReward:
    """Takes a reward out of the catalog, or puts it back. What was redeemed goes on as it was."""

    actor: Actor
    reward_id: UUID
    archived: bool = True

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(Reward, self.actor.organization_id, self.reward_id)

    def decide(self, draft: Draft) -> UUID:
        """The reward's id."""
        organization.require(draft, Permission.REWARD_EDIT)
        reward = found(draft, self.reward_id, "id")
        if (reward.archived_at is not None) is not self.archived:
            draft.change(reward, archived_at=draft.now if self.archived else None)
            draft.tell("reward.archived" if self.archived else "reward.restored", f"reward:{reward.id}")
        return reward.id


def needs(organization_id: UUID, reward_id: UUID) -> Iterable[Want]:
    """What `found` and `audience_of` will ask for."""
    yield row(Reward, organization_id, reward_id)
    yield rows(RewardGroup, organization_id, reward_id=reward_id)
    yield rows(RewardMember, organization_id, reward_id=reward_id)


def found(draft: Draft, reward_id: UUID, *field: str) -> Reward:
    """The reward, archived or not. Raises NOT_FOUND."""
    reward = draft.get(Reward, reward_id)
    if reward is None:
        raise not_found(*(field or ("rewardId",)))
    return reward


def audience_of(draft: Draft, reward: Reward) -> Audience:
    """Whom a reward is meant for."""
    groups = frozenset(meant.group_id for meant in draft.list(RewardGroup, reward_id=reward.id))
    members = frozenset(meant.member_id for meant in draft.list(RewardMember, reward_id=reward.id))
    return Audience(reward.for_everyone, groups, members)


def _mean(draft: Draft, reward_id: UUID, audience: Audience) -> None:
    for group_id in audience.group_ids:
        draft.add(RewardGroup, reward_id=reward_id, group_id=group_id)
    for member_id in audience.member_ids:
        draft.add(RewardMember, reward_id=reward_id, member_id=member_id)


def _forget(draft: Draft, reward_id: UUID) -> None:
    for model in (RewardGroup, RewardMember):
        for meant in draft.list(model, reward_id=reward_id):
            draft.remove(meant)


def _facts(reward: Reward) -> dict[str, Any]:
    return {
        "price_points": reward.price_points,
        "stock": reward.stock,
        "per_member_limit": reward.per_member_limit,
        "requires_approval": reward.requires_approval,
    }


def _stock_is_codes() -> Refusal:
    message = "The stock of vouchers is the number of their codes. Upload more codes, and leave stock out."
    return Refusal(Code.INVALID_INPUT, message, "stock")


def _name(name: str) -> str:
    return clean(name, "name", chars_max=NAME_CHARS_MAX, chars_min=1)


def _description(description: str) -> str:
    return clean(description, "description", chars_max=DESCRIPTION_CHARS_MAX, one_line=False)


def _price(points: int) -> int:
    if not 0 <= points <= POINTS_MAX:
        raise Refusal(Code.INVALID_POINTS, f"A reward costs between 0 and {POINTS_MAX} points.", "pricePoints")
    return points


def _stock(number: int | None) -> int | None:
    if number is not None and not 0 <= number <= STOCK_MAX:
        raise Refusal(Code.INVALID_INPUT, f"Between 0 and {STOCK_MAX} in stock; leave it empty for as many as wanted.", "stock")
    return number


def _limit(number: int | None) -> int | None:
    if number is not None and not 1 <= number <= LIMIT_MAX:
        message = f"Between 1 and {LIMIT_MAX} for each member; leave it empty for as many as wanted."
        raise Refusal(Code.INVALID_INPUT, message, "perMemberLimit")
    return number


def _image_url(url: str | None) -> str | None:
    """An address that browsers and Slack can load, or a path on this server."""
    if not url:
        return None
    url = clean(url, "imageUrl", chars_max=IMAGE_URL_CHARS_MAX)
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    on_this_server = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not url.startswith("//")
    if " " in url or not ((parts.scheme == "https" and parts.netloc) or on_this_server):
        message = (
            "A picture has an address such as https://example.com/picture.png, or a path on this server such as /pictures/a.png."
        )
        raise Refusal(Code.INVALID_INPUT, message, "imageUrl")
    return url
