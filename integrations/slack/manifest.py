"""The manifest that an administrator gives to Slack to make the app, over HTTP or Socket Mode, from one table of features."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

EVENTS_PATH = "/slack/events"
REDIRECT_PATH = "/slack/oauth_redirect"

# Slack's own limits, in characters. An address must leave room for our paths in the 2,500 of a redirect URL.
NAME_CHARS_MAX = 35
COMMAND_CHARS_MAX = 32
PUBLIC_URL_CHARS_MAX = 2_400


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that works in Slack, with what it takes: scopes granted, events subscribed to, Web API methods called."""

    name: str
    says: str
    """One sentence for administrators: what works with it."""
    scopes: tuple[str, ...]
    events: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


CORE = Feature(
    "core",
    "People give with the command, a shortcut or a mention of the app, get told in a direct message, and see where they stand "
    "in the app's Home.",
    scopes=(
        "app_mentions:read",
        "chat:write",
        "chat:write.public",
        "commands",
        "im:write",
        "team:read",
        "users:read",
        "users:read.email",
    ),
    events=("app_home_opened", "app_mention", "app_uninstalled", "team_join", "tokens_revoked", "user_change"),
    methods=(
        "auth.test",
        "chat.delete",
        "chat.getPermalink",
        "chat.postEphemeral",
        "chat.postMessage",
        "chat.update",
        "conversations.open",
        "oauth.v2.access",
        "team.info",
        "users.info",
        "users.list",
        "views.open",
        "views.publish",
        "views.push",
        "views.update",
    ),
)
"""What is always on: without any of these there is no app."""

FEATURES: tuple[Feature, ...] = (
    CORE,
    Feature(
        "reactions",
        "An emoji reaction to a message gives points to its author, and taking it away takes them back.",
        scopes=("reactions:read",),
        events=("reaction_added", "reaction_removed"),
        methods=("reactions.get",),
    ),
    Feature(
        "marks",
        "The app marks a message that it has counted with a reaction of its own.",
        scopes=("reactions:write",),
        methods=("reactions.add", "reactions.remove"),
    ),
    Feature(
        "direct",
        "People can write to the app in a direct message as they would write the command.",
        scopes=("im:history",),
        events=("message.im",),
    ),
    Feature(
        "channels",
        "The app knows the name of a channel, and whether it is private, archived or shared with another company.",
        scopes=("channels:read", "groups:read"),
        methods=("conversations.info",),
    ),
    Feature(
        "messages",
        "People can give in an ordinary message of a channel that the app is in.",
        scopes=("channels:history", "groups:history"),
        events=("message.channels", "message.groups"),
    ),
    Feature(
        "groups",
        "Naming a user group thanks everybody in it.",
        scopes=("usergroups:read",),
        methods=("usergroups.list", "usergroups.users.list"),
    ),
    Feature(
        "emoji",
        "A custom emoji counts under every name that the workspace has given it.",
        scopes=("emoji:read",),
        methods=("emoji.list",),
    ),
    Feature(
        "join",
        "The app joins a public channel by itself where an administrator sets it up, without an invitation.",
        scopes=("channels:join",),
        methods=("conversations.join",),
    ),
)
"""All features: the core, and those that an organization may do without."""

DEFAULT_FEATURES: frozenset[str] = frozenset({"reactions", "marks", "direct", "channels"})
"""The optional features that are on where nobody has chosen."""


def missing(granted: Iterable[str]) -> list[Feature]:
    """The optional features that cannot work with the granted scopes."""
    scopes = set(granted)
    return [feature for feature in FEATURES if feature is not CORE and not scopes.issuperset(feature.scopes)]


def bot_scopes(features: Collection[str]) -> list[str]:
    """The scopes to ask for when a workspace installs the app: those of the core, and of the chosen features."""
    return sorted({scope for feature in _chosen(features) for scope in feature.scopes})


def manifest(
    *, public_url: str | None, features: Collection[str], name: str = "Plaudit", command: str = "/kudos"
) -> dict[str, Any]:
    """The manifest of an app with these features. Without a public address it is one for Socket Mode."""
    if not 1 <= len(name.strip()) <= len(name) <= NAME_CHARS_MAX:
        raise ValueError(f"The name of the app must have 1 to {NAME_CHARS_MAX} characters.")
    if len(command) > COMMAND_CHARS_MAX or not re.fullmatch(r"/[\w-]+", command) or command != command.lower():
        raise ValueError(f"The command must be a / and a word in lower case, {COMMAND_CHARS_MAX} characters at most.")
    address = None if public_url is None else _checked_address(public_url)
    oauth: dict[str, Any] = {"scopes": _scopes(features)}
    if address is not None:
        oauth = {"redirect_urls": [address + REDIRECT_PATH], **oauth}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": _display_information(name),
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                # Without this tab Slack refuses direct messages of the app.
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": _shortcuts(),
            "slash_commands": [_slash_command(command, address)],
        },
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": {
                **_at("request_url", address),
                "bot_events": sorted({event for feature in _chosen(features) for event in feature.events}),
            },
            "interactivity": {
                "is_enabled": True,
                **_at("request_url", address),
                **_at("message_menu_options_url", address),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": address is None,
            # Once on, it can never be turned off.
            "token_rotation_enabled": False,
        },
    }


def _chosen(names: Collection[str]) -> list[Feature]:
    known = [feature.name for feature in FEATURES if feature is not CORE]
    # A text is a collection too, of letters.
    unknown = [names] if isinstance(names, str) else sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"There is no feature {', '.join(map(repr, unknown))}. There are: {', '.join(known)}.")
    return [feature for feature in FEATURES if feature is CORE or feature.name in names]


def _scopes(features: Collection[str]) -> dict[str, list[str]]:
    """An optional scope stands in both lists: Slack asks only for those in `bot`, and lets people decline those that are in
    `bot_optional` as well."""
    optional = sorted(set(bot_scopes(features)) - set(CORE.scopes))
    return {"bot": bot_scopes(features)} | ({"bot_optional": optional} if optional else {})


def _display_information(name: str) -> dict[str, str]:
    return {
        "name": name,
        "description": "Say thank you with points your team can spend",
        "long_description": (
            f"{name} lets people thank each other in the channels where they already work. Each person gets an allowance of "
            "points to give every month. Points received add up to a balance that can be spent on rewards chosen by the "
            "company. Admins decide who can give, who can receive and how much. Plaudit is open source and runs on your own "
            "server."
        ),
        "background_color": "#4a154b",
    }


def _shortcuts() -> list[dict[str, str]]:
    return [
        {
            "name": "Give kudos",
            "type": "global",
            "callback_id": "give_kudos",
            "description": "Thank someone with points",
        },
        {
            "name": "Give kudos for this",
            "type": "message",
            "callback_id": "give_kudos_message",
            "description": "Thank the author of this message",
        },
    ]


def _slash_command(command: str, address: str | None) -> dict[str, Any]:
    return {
        "command": command,
        **_at("url", address),
        "description": "Give points, see your balance, redeem",
        "usage_hint": "@name 10 for helping #teamwork | balance | help",
        # Otherwise people and channels arrive as bare names, which can be anybody's.
        "should_escape": True,
    }


def _at(key: str, address: str | None) -> dict[str, str]:
    """Where Slack posts to; over Socket Mode it posts nowhere, and the key is left out."""
    return {} if address is None else {key: address + EVENTS_PATH}


def _checked_address(public_url: str) -> str:
    address = public_url.rstrip("/")
    if len(address) > PUBLIC_URL_CHARS_MAX or not re.fullmatch(r"[!-~]+", address):
        raise ValueError(f"The public address must be {PUBLIC_URL_CHARS_MAX} printable ASCII characters at most.")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("The public address is not one, such as https://plaudit.example.com.") from None
    if not host or "@" in parts.netloc or "?" in address or "#" in address:
        raise ValueError("The public address must be a host and perhaps a path, such as https://plaudit.example.com.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError("The public address must begin with https://: Slack sends what people write there.")
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
