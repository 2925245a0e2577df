"""Giving from Slack: the acts of the other halls, with where the gift was made kept in the same transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app import allowance, audit, ledger
from app.core.actor import Actor
from app.core.errors import PlauditError
from app.db import Draft, Want, row
from app.organization import Member
from app.recognition import (
    Boost,
    BoostRecognition,
    CommentOnRecognition,
    Given,
    GiveRecognition,
    LeftOut,
    Recognition,
    RevokeBoost,
    RevokeRecognition,
)
from integrations.slack.models import SlackLastGift, SlackOrigin, SlackReaction, Way
from integrations.slack.terms import Terms

TWICE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gift is made."""

    team_id: str
    user_id: str
    way: Way
    channel_id: str = ""
    post_to: str = ""
    thread_ts: str = ""
    message_ts: str = ""
    permalink: str = ""
    response_url: bytes = b""

    def written(self, draft: Draft, gift_id: UUID, recognition_id: UUID) -> None:
        """Keeps where this gift was made."""
        draft.add(
            SlackOrigin,
            gift_id=gift_id,
            recognition_id=recognition_id,
            way=self.way,
            user_id=self.user_id,
            channel_id=self.channel_id,
            post_to=self.post_to,
            thread_ts=self.thread_ts,
            message_ts=self.message_ts,
            permalink=self.permalink,
            response_url=self.response_url,
        )


@dataclass(frozen=True, slots=True)
class Left:
    """What the giver has left after it, and until when."""

    remaining: int
    total: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What was given, or had been given before by the same request."""

    id: UUID
    left: Left
    left_out: tuple[LeftOut, ...]
    replayed: bool
    row: Recognition | None = None
    people: tuple[Member, ...] = ()
    """The giver, then the recipients; empty when it was given before."""


class AskFirst(PlauditError):
    """It would go through, and is large enough to be looked at once more. Nothing was given."""

    def __init__(self, given: Given, cost: int, left: Left) -> None:
        super().__init__(f"this costs {cost} of {left.remaining + cost} points")
        self.given = given
        self.cost = cost
        self.left = left
        """As it would be afterwards."""


class JustSent(PlauditError):
    """The same people, points and words were sent a moment ago: a key pressed twice, or meant. Nothing was given."""


@dataclass(frozen=True, slots=True)
class GiveInSlack:
    """Gives, unless it has to be asked about first."""

    give: GiveRecognition
    place: Place
    terms: Terms
    confirmed: bool = False
    """It was looked at, or the way of giving shows the cost beforehand."""
    again: bool = False
    """Sending the same twice is meant."""

    @property
    def actor(self) -> Actor:
        """Who gives."""
        return self.give.actor

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from self.give.needs()
        yield row(SlackLastGift, self.actor.organization_id, self.give.wish.giver_id)

    def decide(self, draft: Draft) -> Sent:
        """What was given. Raises AskFirst or JustSent, besides what giving refuses."""
        given = self.give.decide(draft)
        left = left_to(draft, self.give.wish.giver_id)
        if given.replayed:
            return Sent(given.id, left, (), replayed=True)
        assert given.row is not None
        self._not_twice(draft)
        cost = given.row.points_each * given.row.recipient_count
        if not self.confirmed and self._is_large(cost, left.remaining + cost):
            raise AskFirst(given, cost, left)
        self.place.written(draft, given.id, given.id)
        return Sent(given.id, left, given.left_out, replayed=False, row=given.row, people=given.people)

    def _is_large(self, cost: int, before: int) -> bool:
        terms = self.terms
        if self.give.wish.group_ids or cost >= terms.confirm_points:
            return True
        return terms.confirm_percent < 100 and cost * 100 > before * terms.confirm_percent

    def _not_twice(self, draft: Draft) -> None:
        wish = self.give.wish
        last = draft.get(SlackLastGift, wish.giver_id)
        same = audit.canonical([sorted(map(str, wish.recipient_ids + wish.group_ids)), wish.points_each, wish.message])
        digest = audit.sha256(draft.organization_id.bytes + same)
        if last is None:
            draft.add(SlackLastGift, member_id=wish.giver_id, digest=digest, at=draft.now)
            return
        if last.digest == digest and draft.now - last.at < timedelta(seconds=TWICE_SECONDS) and not self.again:
            raise JustSent
        draft.change(last, digest=digest, at=draft.now)


def left_to(draft: Draft, member_id: UUID) -> Left:
    """What a member has left to give."""
    standing = allowance.current(draft, member_id)
    return Left(ledger.balance(draft, ledger.allowance(member_id)), standing.total, standing.period_end)


@dataclass(frozen=True, slots=True)
class BoostInSlack:
    """Adds points to a recognition."""

    boost: BoostRecognition
    place: Place

    @property
    def actor(self) -> Actor:
        """Who adds."""
        return self.boost.actor

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        return self.boost.needs()

    def decide(self, draft: Draft) -> Sent:
        """What was added."""
        given = self.boost.decide(draft)
        if not given.replayed:
            self.place.written(draft, given.id, self.boost.recognition_id)
        assert self.actor.member_id is not None
        return Sent(given.id, left_to(draft, self.actor.member_id), given.left_out, given.replayed)


@dataclass(frozen=True, slots=True)
class ReactInSlack:
    """The give emoji was put on a message: points for its author, or on a post of ours, for those whom it thanks."""

    gift: GiveRecognition | BoostRecognition
    place: Place
    moved_ts: str
    """When Slack saw it."""

    @property
    def actor(self) -> Actor:
        """Who reacted."""
        return self.gift.actor

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from self.gift.needs()
        yield reaction_want(self.actor.organization_id, self.place)

    def decide(self, draft: Draft) -> Sent | None:
        """What was given; None when this reaction gives already, or came late."""
        here = draft.get(SlackReaction, self.place.channel_id, self.place.message_ts, self.place.user_id)
        if here is not None and not is_later(self.moved_ts, here.moved_ts):
            return None
        if here is not None and here.gift_id is not None and _stands(draft, here):
            draft.change(here, moved_ts=self.moved_ts)
            return None
        given = self.gift.decide(draft)
        is_boost = isinstance(self.gift, BoostRecognition)
        recognition_id = self.gift.recognition_id if isinstance(self.gift, BoostRecognition) else given.id
        self.place.written(draft, given.id, recognition_id)
        _moved(draft, self.place, here, self.moved_ts, given.id, is_boost=is_boost)
        assert self.actor.member_id is not None
        return Sent(given.id, left_to(draft, self.actor.member_id), given.left_out, given.replayed)


@dataclass(frozen=True, slots=True)
class UnreactInSlack:
    """The give emoji was taken off: what it gave is taken back, within the window."""

    actor: Actor
    place: Place
    moved_ts: str

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield reaction_want(self.actor.organization_id, self.place)

    def decide(self, draft: Draft) -> UUID | None:
        """What was taken back; None when nothing was. Raises what undoing refuses."""
        here = draft.get(SlackReaction, self.place.channel_id, self.place.message_ts, self.place.user_id)
        if here is not None and not is_later(self.moved_ts, here.moved_ts):
            return None
        taken = None
        if here is not None and here.gift_id is not None and _stands(draft, here):
            act = undo(self.actor, here.gift_id, f"slack:unreact:{here.gift_id}", is_boost=here.is_boost)
            draft.expect(act.needs())
            taken = act.decide(draft).id
        _moved(draft, self.place, here, self.moved_ts, None, is_boost=False)
        return taken


@dataclass(frozen=True, slots=True)
class ThankOnce:
    """A recipient says thanks under a recognition; a second press says nothing more."""

    comment: CommentOnRecognition
    key: str

    @property
    def actor(self) -> Actor:
        """Who says thanks."""
        return self.comment.actor

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from self.comment.needs()
        yield audit.receipt_want(self.actor.organization_id, self.actor.member_id, "slackThanks", self.key)

    def decide(self, draft: Draft) -> UUID:
        """The comment's id."""
        before = audit.recall(draft, "slackThanks", self.key, b"")
        if before is not None:
            return before
        made = self.comment.decide(draft)
        audit.remember(draft, "slackThanks", self.key, b"", made)
        return made


def undo(actor: Actor, gift_id: UUID, key: str, *, is_boost: bool) -> RevokeRecognition | RevokeBoost:
    """The act that takes a gift back."""
    content = gift_id.bytes
    if is_boost:
        return RevokeBoost(actor, gift_id, key, content)
    return RevokeRecognition(actor, gift_id, None, False, key, content)


def reaction_want(organization_id: UUID, place: Place) -> Want:
    """What the acts of reactions ask for."""
    return row(SlackReaction, organization_id, place.channel_id, place.message_ts, place.user_id)


def is_later(one: str, other: str) -> bool:
    """Whether a moment as Slack writes it (seconds, a dot, microseconds) is after another."""
    return _moment(one) > _moment(other)


def _moment(written: str) -> tuple[int, int]:
    seconds, _, fraction = written.partition(".")
    return int(seconds or 0), int((fraction or "0")[:6].ljust(6, "0"))


def _stands(draft: Draft, here: SlackReaction) -> bool:
    """Whether what the reaction gave was not taken back in another way since."""
    assert here.gift_id is not None
    gift = draft.get(Boost, here.gift_id) if here.is_boost else draft.get(Recognition, here.gift_id)
    return gift is not None and gift.revoked_at is None


def _moved(
    draft: Draft, place: Place, here: SlackReaction | None, moved_ts: str, gift_id: UUID | None, *, is_boost: bool
) -> None:
    values = {"moved_ts": moved_ts, "gift_id": gift_id, "is_boost": is_boost}
    if here is None:
        key = {"channel_id": place.channel_id, "message_ts": place.message_ts, "user_id": place.user_id}
        draft.add(SlackReaction, **key, **values)
    else:
        draft.change(here, **values)
