"""The organization itself: founded once, named, with its own word for points."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal
from app.core.texts import clean
from app.db import Draft, Want, row
from app.organization import authority
from app.organization.days import today
from app.organization.models import Organization

NAME_CHARS_MAX = 200
WORD_CHARS_MAX = 40
MINOR_UNITS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Currency:
    """What points are called here, and what one is worth."""

    singular: str = "point"
    plural: str = "points"
    emoji: str = "⭐"
    minor_units_per_point: int = 1
    code: str = "USD"


@dataclass(frozen=True, slots=True)
class UpdateOrganization:
    """Changes the organization's name, words, zone and whether everyone sees the top lists. None leaves a field as it is."""

    actor: Actor
    name: str | None = None
    currency: Currency | None = None
    time_zone: str | None = None
    leaderboard_enabled: bool | None = None

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(Organization, self.actor.organization_id)

    def decide(self, draft: Draft) -> UUID:
        """The organization's id."""
        authority.require(draft, Permission.POLICY_EDIT)
        organization = here(draft)
        values: dict[str, object] = {}
        if self.name is not None:
            values["name"] = clean(self.name, "name", chars_max=NAME_CHARS_MAX, chars_min=1)
        if self.currency is not None:
            values |= checked_currency(self.currency)
        if self.time_zone is not None:
            values["time_zone"] = checked_time_zone(self.time_zone)
        if self.leaderboard_enabled is not None:
            values["leaderboard_enabled"] = self.leaderboard_enabled
        changed = sorted(name for name, value in values.items() if getattr(organization, name) != value)
        if "time_zone" in changed:
            values["reached_on"] = today(organization, draft.now)
        if changed:
            draft.change(organization, **values)
            told = {
                name: values[name] for name in changed if name in {"leaderboard_enabled", "minor_units_per_point", "time_zone"}
            }
            draft.tell("organization.updated", f"organization:{draft.organization_id}", changed=changed, **told)
        return draft.organization_id


def found(draft: Draft, name: str, time_zone: str, currency: Currency) -> Organization:
    """A new organization with nobody in it."""
    name = clean(name, "name", chars_max=NAME_CHARS_MAX, chars_min=1)
    zone = checked_time_zone(time_zone)
    words = checked_currency(currency)
    draft.tell("organization.founded", f"organization:{draft.organization_id}", time_zone=zone)
    return draft.add(Organization, name=name, time_zone=zone, **words)


def here(draft: Draft) -> Organization:
    """The organization of this act."""
    organization = draft.get(Organization)
    assert organization is not None, "an act belongs to an organization that was founded"
    return organization


def checked_time_zone(name: str) -> str:
    """The name of a time zone. Raises INVALID_INPUT."""
    if name not in _time_zones():
        raise Refusal(Code.INVALID_INPUT, "This is not the name of a time zone; one looks like Europe/Madrid.", "timeZone")
    return name


def checked_currency(currency: Currency) -> dict[str, object]:
    """The columns of a currency. Raises INVALID_INPUT."""
    if not (len(currency.code) == 3 and currency.code.isascii() and currency.code.isalpha() and currency.code.isupper()):
        raise Refusal(
            Code.INVALID_INPUT, "A currency code is three capital letters of ISO 4217, such as EUR.", "currency", "code"
        )
    if not 0 <= currency.minor_units_per_point <= MINOR_UNITS_MAX:
        raise Refusal(
            Code.INVALID_INPUT,
            f"A point is worth 0 to {MINOR_UNITS_MAX} minor units of the currency.",
            "currency",
            "minorUnitsPerPoint",
        )
    return {
        "currency_singular": clean(currency.singular, "currency", "singular", chars_max=WORD_CHARS_MAX, chars_min=1),
        "currency_plural": clean(currency.plural, "currency", "plural", chars_max=WORD_CHARS_MAX, chars_min=1),
        "currency_emoji": clean(currency.emoji, "currency", "emoji", chars_max=WORD_CHARS_MAX),
        "currency_code": currency.code,
        "minor_units_per_point": currency.minor_units_per_point,
    }


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
