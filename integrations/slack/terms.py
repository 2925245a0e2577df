"""What a workspace sets: its emoji, its channels, which ways of giving are on. Changed by one act, audited."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from app import organization
from app.core.actor import Actor, Permission
from app.core.errors import Code, Refusal
from app.db import Draft, Want, row
from app.ledger import POINTS_MAX
from integrations.slack.markup import emoji_name
from integrations.slack.models import SlackWorkspace

_EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,20}")
MUTED_MAX = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings of one workspace."""

    emoji: str = "taco"
    """The emoji that gives, without colons."""
    points_per_emoji: int = 1
    """Points that each such emoji gives."""
    points_default: int | None = 10
    """Points where no number is said; None: the form asks."""
    messages: bool = False
    """Whether `@name ++` in a message gives."""
    reactions: bool = True
    """Whether reacting with the emoji gives."""
    groups: bool = False
    """Whether a user group can be thanked at once."""
    feed_channel: str = ""
    """The channel that every public recognition is posted in; empty: none."""
    muted_channels: tuple[str, ...] = ()
    """Channels where nothing is given."""
    confirm_percent: int = 50
    """More than this share of what is left is asked about first, in percent; 100: never."""
    confirm_points: int = 100
    """This many points or more are asked about first."""

    def document(self) -> str:
        """As JSON."""
        return orjson.dumps(asdict(self)).decode()


@lru_cache(maxsize=1024)
def parse(document: str) -> Terms:
    """The settings from their document; what it does not say is as at first."""
    content = orjson.loads(document or "{}")
    known = {name: content[name] for name in Terms.__slots__ if name in content}
    if "muted_channels" in known:
        known["muted_channels"] = tuple(known["muted_channels"])
    return Terms(**known)


@dataclass(frozen=True, slots=True)
class ChangeSlackSettings:
    """Changes what the workspace of an organization has set. What is not named stays."""

    actor: Actor
    changes: tuple[tuple[str, Any], ...]
    """Names of `Terms` with their new values."""

    def needs(self) -> Iterable[Want]:
        """What `decide` will ask for."""
        yield from organization.authority_needs(self.actor)
        yield row(SlackWorkspace, self.actor.organization_id)

    def decide(self, draft: Draft) -> UUID:
        """The organization's id."""
        organization.require(draft, Permission.POLICY_EDIT)
        workspace = draft.get(SlackWorkspace)
        if workspace is None:
            raise Refusal(Code.NOT_FOUND, "This organization has no Slack workspace yet. Install the app first.")
        before = parse(workspace.settings)
        after = checked(before, dict(self.changes))
        changed = {name: getattr(after, name) for name in Terms.__slots__ if getattr(after, name) != getattr(before, name)}
        if changed:
            draft.change(workspace, settings=after.document())
            draft.tell("slack.settings_changed", f"slack_workspace:{workspace.team_id}", **changed)
        return draft.organization_id


def checked(before: Terms, changes: dict[str, Any]) -> Terms:
    """The settings with these changes. Raises INVALID_INPUT, which names the one at fault."""
    for name in changes.keys() - set(Terms.__slots__):
        raise Refusal(Code.INVALID_INPUT, f"There is no setting {name}. There are: {', '.join(Terms.__slots__)}.", name)
    if "emoji" in changes:
        changes["emoji"] = emoji_name(str(changes["emoji"]).strip().strip(":"))
    after = replace(before, **changes)
    if not _EMOJI.fullmatch(after.emoji):
        raise Refusal(Code.INVALID_INPUT, "The name of an emoji is like taco, with or without colons.", "emoji")
    _within("points_per_emoji", after.points_per_emoji, 1, POINTS_MAX)
    if after.points_default is not None:
        _within("points_default", after.points_default, 0, POINTS_MAX)
    _within("confirm_percent", after.confirm_percent, 0, 100)
    _within("confirm_points", after.confirm_points, 1, POINTS_MAX)
    for name in ("messages", "reactions", "groups"):
        if not isinstance(getattr(after, name), bool):
            raise Refusal(Code.INVALID_INPUT, "This is on or off.", name)
    channels = [("feed_channel", after.feed_channel), *(("muted_channels", channel) for channel in after.muted_channels)]
    for name, channel in channels:
        if channel and not _CHANNEL.fullmatch(channel):
            raise Refusal(Code.INVALID_INPUT, f"{channel[:40]} is no id of a channel; one looks like C0123456789.", name)
    if len(after.muted_channels) > MUTED_MAX:
        raise Refusal(Code.INVALID_INPUT, f"At most {MUTED_MAX} channels, please.", "muted_channels")
    return after


def _within(name: str, number: object, least: int, most: int) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise Refusal(Code.INVALID_INPUT, f"A whole number between {least} and {most}, please.", name)
