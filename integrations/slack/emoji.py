"""The emoji that give: the one that a workspace set, with the other names that Slack and the workspace have for it."""

import orjson

from integrations.slack.grammar import Words
from integrations.slack.markup import emoji_name
from integrations.slack.workspaces import Workspace


def words(workspace: Workspace) -> Words:
    """What the grammar needs to know of a workspace."""
    terms = workspace.terms
    return Words(named(terms.emoji, orjson.loads(workspace.aliases)), terms.points_per_emoji, terms.points_default)


def named(emoji: str, aliases: dict[str, str]) -> frozenset[str]:
    """Every name of an emoji. `aliases`: the workspace's own names with what each stands for."""
    found = {emoji, emoji_name(emoji)}
    if emoji in aliases:
        found.add(emoji_name(aliases[emoji]))
    return frozenset(found | {name for name, other in aliases.items() if emoji_name(other) in found})
