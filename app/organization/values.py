"""Company values: what the organization praises, by hashtag."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal, not_found
from app.core.texts import clean
from app.db import Draft, Want, row
from app.organization import authority
from app.organization.models import CompanyValue

NAME_CHARS_MAX = 100
EMOJI_CHARS_MAX = 60
HASHTAG_CHARS_MAX = 50
_HASH_IN_TEXT = re.compile(r"(?<![\w#&])#")


@dataclass(frozen=True, slots=True)
class CreateCompanyValue:
    """Makes a value, or brings an archived one of the same hashtag back."""

    actor: Actor
    name: str
    hashtag: str
    emoji: str | None = None

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)

    def decide(self, draft: Draft) -> str:
        """The value's hashtag."""
        authority.require(draft, Permission.POLICY_EDIT)
        return create(draft, self.name, self.hashtag, self.emoji).hashtag


@dataclass(frozen=True, slots=True)
class ArchiveCompanyValue:
    """Takes a value out of use; what it was given for stays."""

    actor: Actor
    hashtag: str

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from authority.needs(self.actor)
        yield row(CompanyValue, self.actor.organization_id, self.hashtag)

    def decide(self, draft: Draft) -> str:
        """The value's hashtag."""
        authority.require(draft, Permission.POLICY_EDIT)
        value = draft.get(CompanyValue, self.hashtag)
        if value is None:
            raise not_found("id")
        if value.archived_at is None:
            draft.change(value, archived_at=draft.now)
            draft.tell("company_value.archived", f"company_value:{value.hashtag}")
        return value.hashtag


def create(draft: Draft, name: str, hashtag: str, emoji: str | None = None) -> CompanyValue:
    """The value. Who may do this was asked before."""
    hashtag = checked_hashtag(hashtag)
    name = clean(name, "name", chars_max=NAME_CHARS_MAX, chars_min=1)
    emoji = clean(emoji, "emoji", chars_max=EMOJI_CHARS_MAX) or None if emoji is not None else None
    here = draft.get(CompanyValue, hashtag)
    if here is None:
        value = draft.add(CompanyValue, hashtag=hashtag, name=name, emoji=emoji)
    elif here.archived_at is not None:
        value = draft.change(here, name=name, emoji=emoji, archived_at=None)
    else:
        raise Refusal(Code.INVALID_INPUT, f"There is a value #{hashtag} already.", "hashtag")
    draft.tell("company_value.created", f"company_value:{hashtag}")
    return value


def checked_hashtag(hashtag: str) -> str:
    """The hashtag without # and in lower case. Raises INVALID_INPUT."""
    kept = clean(hashtag, "hashtag", chars_max=HASHTAG_CHARS_MAX + 1).removeprefix("#").lower()
    if not 1 <= len(kept) <= HASHTAG_CHARS_MAX or not all(map(_belongs, kept)):
        raise Refusal(Code.INVALID_INPUT, "A hashtag has 1 to 50 letters, digits, - or _.", "hashtag")
    return kept


def hashtags(message: str) -> list[str]:
    """The hashtags of a message in lower case, each once, in order; company values or not."""
    found = ("".join(takewhile(_belongs, message[hash_.end() :])).lower() for hash_ in _HASH_IN_TEXT.finditer(message))
    return list(dict.fromkeys(tag for tag in found if 1 <= len(tag) <= HASHTAG_CHARS_MAX))


def _belongs(character: str) -> bool:
    """Letters with their marks (without which Thai or Hindi cannot be written), digits, - and _."""
    return character.isalnum() or character in "-_" or unicodedata.category(character)[0] == "M"
