"""What layouts show: plain facts that the door has read, without a word of Slack's JSON but ids."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from integrations.slack.markup import cut, escape

NAME_CHARS_MAX = 80
"""Of a person's name, escaped: ten of them and a message must fit into one text."""

Json = dict[str, Any]
"""A block, an element or a view, ready for Slack's Web API."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready to be sent: `text` says in full what `blocks` show, for notifications and screen readers."""

    text: str
    blocks: list[Json]
    metadata: Json | None = None
    """Readable by everybody in the workspace, so that it carries nothing but an id."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What points are called in this organization."""

    singular: str
    plural: str

    def of(self, number: int) -> str:
        """So many of them, as plain text: `1 point`, `1,240 points`."""
        return f"{number:,} {self.singular if abs(number) == 1 else self.plural}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, who is not always somebody in Slack."""

    name: str
    slack_id: str | None = None

    @property
    def mention(self) -> str:
        """As mrkdwn: the person in Slack, or the escaped name."""
        return f"<@{self.slack_id}>" if self.slack_id else self.called

    @property
    def called(self) -> str:
        """The escaped name, cut to what fits into a list of names."""
        return cut(escape(self.name), NAME_CHARS_MAX)


class Value(NamedTuple):
    """A company value."""

    hashtag: str
    """Without #."""
    name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody has left to give."""

    remaining: int
    total: int
    resets_at: datetime
    """In the organization's time zone: the day that is written where Slack writes none."""


@dataclass(frozen=True, slots=True)
class Gift:
    """A recognition."""

    id: str
    giver: Person
    recipients: tuple[Person, ...]
    points_each: int
    message: str
    values: tuple[str, ...]
    """Hashtags without #."""
    channel_id: str | None
    permalink: str | None
    private: bool
    boost_points: int
    """Points that others added, all recipients together."""
    boosters: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Button:
    """A button under an answer."""

    action_id: str
    text: str
    value: str
    style: Literal["primary", "danger"] | None = None


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One thing given or received, as the person sees it who looks."""

    people: tuple[Person, ...]
    """The others: whoever gave it, or whom it was given to."""
    received: bool
    points_each: int
    message: str
    at: datetime
    boost: bool = False
    """Points added to a recognition that stood already."""
    private: bool = False
    taken_back: bool = False
    permalink: str | None = None


@dataclass(frozen=True, slots=True)
class Reward:
    """Something to be had for points."""

    id: str
    name: str
    description: str
    price: int
    in_reach: bool
    why_not: str = "Not yet"
    """What stands on its button when it is not in reach."""


@dataclass(frozen=True, slots=True)
class Request:
    """A redemption that is under way."""

    id: str
    name: str
    price: int
    status: str
    """In plain words: `waiting for approval`."""
    can_cancel: bool


@dataclass(frozen=True, slots=True)
class StaffHome:
    """Everything that somebody's Home shows."""

    balance: int
    standing: Standing | None
    """None: this person does not give."""
    received_points: int
    received_people: int
    given_points: int
    given_people: int
    items: tuple[HistoryItem, ...]
    updated_at: datetime
    has_older: bool = False
    """Whether there is more than `items`."""
    rewards: tuple[Reward, ...] | None = None
    """Those in reach, and then the nearest one out of reach. None: there is nothing to be had yet."""
    has_more_rewards: bool = False
    """Whether more are in reach than `rewards`."""
    requests: tuple[Request, ...] = ()
    has_more_requests: bool = False
    pending: int = 0
    """Points that are set aside for requests; not in the balance."""
    web_url: str | None = None
    is_admin: bool = False
    is_new: bool = False
    """Whether nothing was ever given or received."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of somebody's history, the newest first."""

    items: tuple[HistoryItem, ...]
    page: int
    """From 0."""
    has_older: bool
    updated_at: datetime
    is_admin: bool = False
    web_url: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """What an admin does before people begin, and whether it is done."""

    allowance: bool
    values: bool
    feed_channel: bool
    invited: bool
    rewards: bool | None = None
    """None: rewards are no part of it yet."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.allowance and self.values and self.feed_channel and self.invited and self.rewards is not False


@dataclass(frozen=True, slots=True)
class Approval:
    """A redemption that waits for an admin."""

    id: str
    person: Person
    reward: str
    price: int
    days: int
    """So long it has waited."""
    note: str = ""
    """What the person said with it."""
    step: Literal["decide", "deliver", "trouble"] = "decide"
    """What it waits for: a yes or no, a delivery by hand, or somebody to look after its order."""
    trouble: str = ""
    """Why the order failed."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule about giving, in plain words."""

    id: str
    name: str
    """Whom it is about: `Guests`."""
    words: str
    """What it says: `Give no · receive no`."""


@dataclass(frozen=True, slots=True)
class Month:
    """What happened since the month began."""

    points_given: int
    people_gave: int
    people: int
    top_value: str | None
    """A hashtag without #."""


@dataclass(frozen=True, slots=True)
class FeatureOff:
    """Something that is switched off because Slack has not granted what it needs."""

    name: str
    remedy: str
    url: str | None


@dataclass(frozen=True, slots=True)
class AdminHome:
    """Everything that an admin's Home shows."""

    setup: Setup
    admins: tuple[Person, ...]
    default_line: str
    """What goes for everyone whom no rule names: `Give 50 a month · receive yes`."""
    rules: tuple[RuleLine, ...]
    people_set: int
    """People whose mode an admin has set one by one."""
    paused: bool
    month: Month
    updated_at: datetime
    waiting: tuple[Approval, ...] = ()
    waiting_more: int = 0
    """So many more wait than `waiting`."""
    has_rewards: bool = False
    features_off: tuple[FeatureOff, ...] = ()
    undelivered: int = 0
    web_url: str | None = None


@dataclass(frozen=True, slots=True)
class GiveTerms:
    """What the form for giving asks for, and within which bounds."""

    points_max: int
    people_max: int
    message_chars_min: int
    values: tuple[Value, ...] = ()
    value_needed: bool = False


@dataclass(frozen=True, slots=True)
class GiveFields:
    """What stands in the form for giving when it opens."""

    people: tuple[str, ...] = ()
    """Slack ids."""
    points: int | None = None
    message: str = ""
    value: str | None = None
    """A hashtag without #."""
    channel_id: str | None = None
    """None: the channel that the form is opened in."""


@dataclass(frozen=True, slots=True)
class RuleFields:
    """What stands in the form for a rule."""

    scope: Literal["all", "group", "people"] = "all"
    group_id: str | None = None
    people: tuple[str, ...] = ()
    """Slack ids."""
    gives: bool = True
    points: int | None = None
    """To give per period; None: as before."""
    receives: bool = True
    note: str = ""


class VerdictLine(NamedTuple):
    """What one rule says about a person."""

    rule: str
    """Its name in the contract: `giver_mode`."""
    allowed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Somebody's rights, and what decides each."""

    person: Person
    member_id: str
    mode: str
    status: str
    verdicts: tuple[VerdictLine, ...]
    standing: Standing | None
    """None: no allowance."""
    balance: int


@dataclass(frozen=True, slots=True)
class AllowanceFields:
    """What stands in the form for the allowance."""

    base_points: int
    period: str
    """`MONTH`, as in the contract."""
    rollover: int = 0
