"""The story of a year at Farola, told through the write path as its people would have acted."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app import audit, organization, recognition, reward
from app.core.actor import Actor, Door
from app.core.errors import Forbidden, Refusal, Unauthenticated
from app.db import Act, Database, Slice
from app.demo import days, episodes, messages
from app.demo.days import Gift
from app.demo.desk import Desk
from app.demo.founding import GROUPS, HOUSE, ORGANIZATION_ID, TIME_ZONE, FoundDemo
from app.demo.people import Person, cast
from app.recognition import Given, Visibility

STORY_DAYS = 365
BATCH_SECONDS = 7
"""What passes between two batches of the same hour."""
BOOSTED_RECIPIENTS_MAX = 3
COMMENT_CHANCE = 0.19
BOOST_CHANCE = 0.09
REVOKE_CHANCE = 0.004
REACTIONS_WEIGHTS = (46, 27, 14, 8, 4, 1)
"""How often a recognition gets none, one, two … emoji."""

Progress = Callable[[int, int], None]
"""Told how much of how much has been done."""


class StoryClock:
    """A clock that the story moves forward: every batch takes its time from it. It never runs ahead of the present."""

    def __init__(self, present: datetime) -> None:
        self.present = present
        self.moment = present

    def __call__(self) -> datetime:
        """The moment of this batch; the next one is a little later."""
        moment = min(self.moment, self.present)
        self.moment = moment + timedelta(seconds=BATCH_SECONDS, microseconds=104_729)
        return moment

    def move_to(self, moment: datetime) -> None:
        """Forward, never back."""
        self.moment = max(moment, self.moment)


@dataclass(frozen=True, slots=True)
class Told:
    """A recognition that was given."""

    id: UUID
    gift: Gift


class Story:
    """Knows who stands behind a name, what was given lately, and what is going to be said about it."""

    def __init__(self, database: Database, clock: StoryClock, start: date, desk: Desk) -> None:
        self.database = database
        self.clock = clock
        self.start = start
        self.desk = desk
        self.ids: dict[str, UUID] = {}
        self.groups: dict[str, UUID] = {}
        self.latest: list[Told] = []
        self._zone = ZoneInfo(TIME_ZONE)
        self._later: defaultdict[int, list[Act[Any]]] = defaultdict(list)
        self._slots = 0
        self._crowd: list[Person] = []

    def actor(self, person: Person) -> Actor:
        """The person, at the GraphQL door."""
        return Actor(ORGANIZATION_ID, self.ids[person.email], person.role, Door.GRAPHQL)

    async def meet(self) -> None:
        """Learns the ids of everyone and every group."""
        async with self.database.read() as connection:
            members = await organization.members_by_email(connection, ORGANIZATION_ID, [person.email for person in cast()])
            groups = await organization.groups_by_name(connection, ORGANIZATION_ID, [(kind, name) for name, kind in GROUPS])
        self.ids = {email: member.id for email, member in members.items()}
        self.groups = {name: group.id for (_, name), group in groups.items()}

    async def tell(self, first: date, length: int, progress: Progress) -> None:
        """Every day from `first` until the present. `length` is the number of days that the whole story was meant to have."""
        todays = days.days(first, self.clock.present.astimezone(self._zone).date())
        for number, day in enumerate(todays):
            await self._tell_day(day, length)
            progress(number + 1, len(todays))
        self.clock.move_to(self.clock.present)

    async def _tell_day(self, day: date, length: int) -> None:
        index = (day - self.start).days
        part = index / length
        self._crowd = [person for person in cast() if days.is_here(person, part) and "invited" not in person.marks]
        gifts = days.gifts(day, part)
        for slot, (hour, minute) in enumerate(days.SLOTS):
            minute += random.Random(f"{day} {slot}").randrange(50)
            moment = datetime(day.year, day.month, day.day, hour, tzinfo=self._zone) + timedelta(minutes=minute)
            if moment > self.clock.present:
                return
            self.clock.move_to(moment.astimezone(UTC))
            if slot == 0:
                await self._tell_episodes(index, length)
                await self.desk.stock_up(self, day)
            now = [gift for gift in gifts if gift.slot == slot]
            at_the_desk = await self.desk.acts(self, day, slot, self._crowd)
            if now or at_the_desk or days.busyness(day) > days.QUIET:
                await self._tell_slot(now, part, at_the_desk)

    async def _tell_episodes(self, index: int, length: int) -> None:
        for episode in episodes.episodes():
            if round(episode.at * length) == index:
                for act in episode.acts(self):
                    await self.submit([act])
                await self.meet()

    async def _tell_slot(self, gifts: Sequence[Gift], part: float, others: Sequence[Act[Any]]) -> None:
        """All at once, so that they share a commit."""
        self._slots += 1
        later = self._later.pop(self._slots, [])
        answers = await self.submit([*map(self._give, gifts), *later, *others])
        for gift, given in zip(gifts, answers, strict=False):
            if isinstance(given, Given) and not given.replayed:
                told = Told(given.id, gift)
                self.latest = [*self.latest[-20:], told]
                self._follow(told, part)
        await self.desk.hand_out(answers)

    async def submit(self, acts: Sequence[Act[Any]]) -> list[Any]:
        """The answers, or the refusals: whoever has nothing left to give, or has left, is refused as in life."""
        answers = await asyncio.gather(*map(self.database.submit, acts), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Refusal | Forbidden | Unauthenticated):
                raise answer
        return answers

    def _give(self, gift: Gift) -> recognition.GiveRecognition:
        giver = self.actor(gift.giver)
        assert giver.member_id is not None
        wish = recognition.Wish(
            giver.member_id,
            tuple(self.ids[person.email] for person in gift.recipients),
            (self.groups[gift.group],) if gift.group is not None else (),
            gift.points_each,
            gift.message,
        )
        visibility = Visibility.PRIVATE if gift.is_private else Visibility.PUBLIC
        # The key lets a story that was cut off go on: what was given already is answered, and not given again.
        return recognition.GiveRecognition(giver, wish, visibility, f"demo {gift.key}", audit.canonical([gift.key, gift.message]))

    def _follow(self, told: Told, part: float) -> None:
        """Decides what others will do about it in the hours to come."""
        gift, chance = told.gift, random.Random(f"about {told.gift.key}")
        if chance.random() < REVOKE_CHANCE:
            self._soon(1, self._revoke(told))
            return
        if gift.is_private:
            return
        crowd = [person for person in self._crowd if person != gift.giver]
        teams = {gift.giver.team, *(person.team for person in gift.recipients)}
        near = [person for person in crowd if person.team in teams] or crowd
        thanked = [person for person in gift.recipients if "invited" not in person.marks]
        reactions = chance.choices(range(len(REACTIONS_WEIGHTS)), REACTIONS_WEIGHTS)[0]
        for person in dict.fromkeys(chance.choice(near if chance.random() < 0.7 else crowd) for _ in range(reactions)):
            emoji = chance.choice(messages.EMOJI)
            self._soon(chance.randint(1, 5), recognition.ReactToRecognition(self.actor(person), told.id, emoji, on=True))
        if chance.random() < COMMENT_CHANCE:
            author = chance.choice(thanked if thanked and chance.random() < 0.5 else crowd)
            comment = recognition.CommentOnRecognition(self.actor(author), told.id, chance.choice(messages.COMMENTS))
            self._soon(chance.randint(1, 6), comment)
        if gift.recipients and len(gift.recipients) <= BOOSTED_RECIPIENTS_MAX and chance.random() < BOOST_CHANCE:
            boosters = [p for p in crowd if days.gives(p, part) and not p.is_demo_member and p not in gift.recipients]
            self._soon(chance.randint(1, 9), self._boost(chance.choice(boosters), told, chance.choice((5, 5, 10))))

    def _soon(self, slots: int, act: Act[Any]) -> None:
        self._later[self._slots + slots].append(act)

    def _boost(self, booster: Person, told: Told, points: int) -> recognition.BoostRecognition:
        key = f"demo boost {told.gift.key}"
        return recognition.BoostRecognition(self.actor(booster), told.id, points, key, audit.canonical([key, points]))

    def _revoke(self, told: Told) -> recognition.RevokeRecognition:
        key = f"demo revoke {told.gift.key}"
        reason = "Meant for someone else with a similar name."
        return recognition.RevokeRecognition(self.actor(told.gift.giver), told.id, reason, False, key, audit.canonical([key]))


async def tell(
    database: Database, clock: StoryClock, vouchers: reward.Vouchers, progress: Progress, *, length: int = STORY_DAYS
) -> None:
    """Founds Farola and tells its story until the clock's present, or goes on where an earlier telling was cut off."""
    zone = ZoneInfo(TIME_ZONE)
    present = clock.present
    clock.moment = present - timedelta(days=length)
    await database.submit(FoundDemo())
    everything = recognition.reads.feed(HOUSE, recognition.reads.RecognitionFilter(), present)
    async with database.read() as connection:
        first_event = await audit.reads.event_row(connection, ORGANIZATION_ID, 1)
        newest = (await recognition.reads.feed_page(connection, everything, Slice(1))).rows
    assert first_event is not None
    start = first_event.at.astimezone(zone).date() + timedelta(days=1)
    story = Story(database, clock, start, Desk(database, vouchers, start, length - 1))
    await story.meet()
    reached = newest[0].given_at.astimezone(zone).date() if newest else start
    await story.tell(max(start, reached), length - 1, progress)
