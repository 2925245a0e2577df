"""What layouts about rewards show: plain facts that the door has read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from integrations.slack.layouts.shapes import Person, Reward

News = Literal["requested", "ordered", "approved", "rejected", "fulfilled", "refunded"]
"""What became of a request. `ordered`: nobody had to approve it."""
Wait = Literal["decide", "deliver", "over"]
"""What a request waits for: a yes or no, a delivery by hand, or nothing that an admin does."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some of the catalog, the cheapest first."""

    rewards: tuple[Reward, ...]
    balance: int
    page: int = 0
    """From 0."""
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class ShopPage:
    """One page of the catalog in Home."""

    shelf: Shelf
    updated_at: datetime
    is_admin: bool = False
    web_url: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as the form for redeeming shows it."""

    name: str
    description: str
    price: int
    balance: int
    """Before it is redeemed."""
    needs_approval: bool
    picture: str | None = None
    """An address that Slack can load."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A redemption as its member is told of it."""

    id: str
    name: str
    price: int
    step: News
    balance: int
    said: str = ""
    """What the admin said with it."""
    has_code: bool = False
    """Whether there is a voucher code to be shown."""


@dataclass(frozen=True, slots=True)
class Question:
    """A redemption as an admin is asked about it, and told what became of it."""

    id: str
    person: Person
    reward: str
    price: int
    note: str
    step: Wait
    outcome: str = ""
    """What was decided, as plain text: `Approved`; empty: nothing yet."""
    by: Person | None = None
    """Who decided it."""


@dataclass(frozen=True, slots=True)
class Article:
    """A reward as admins see it in the catalog."""

    id: str
    name: str
    price: int
    stock: int | None
    """None: as many as are wanted."""
    facts: tuple[str, ...] = ()
    """What else is to be known of it, in a few plain words each."""
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """One page of the catalog as admins see it."""

    articles: tuple[Article, ...]
    page: int
    """From 0."""
    has_more: bool


@dataclass(frozen=True, slots=True)
class RewardFields:
    """What stands in the form for a reward."""

    name: str = ""
    description: str = ""
    kind: str = "CUSTOM"
    price: int | None = None
    stock: int | None = None
    limit: int | None = None
    needs_approval: bool = True
    provider: str = "MANUAL"
    """Chosen when it is made, and never after."""
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Handed:
    """A redemption that was delivered."""

    id: str
    person: Person
    reward: str
    price: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HandedPage:
    """One page of what was delivered, the newest first."""

    handed: tuple[Handed, ...]
    page: int
    """From 0."""
    has_more: bool
