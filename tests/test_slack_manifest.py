"""The manifest of the Slack app: it asks for no more than the chosen features need, and for no less."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from integrations.slack.manifest import CORE, DEFAULT_FEATURES, FEATURES, bot_scopes, manifest, missing

SLACK = Path(__file__).parents[2] / "shared" / "data" / "slack"
OPTIONAL = [feature.name for feature in FEATURES if feature is not CORE]
CHOICES = [set(chosen) for size in range(len(OPTIONAL) + 1) for chosen in combinations(OPTIONAL, size)]
ADDRESS = "https://plaudit.example.com"

needs_slacks_data = pytest.mark.skipif(
    not SLACK.exists(), reason="Slack's own schemas and lists lie outside the repository, in ../shared/data/slack"
)


def read(name: str) -> Any:
    return json.loads((SLACK / name).read_text(encoding="utf-8"))


def written(made: dict[str, Any]) -> str:
    return json.dumps(made)


def events(made: dict[str, Any]) -> list[str]:
    return made["settings"]["event_subscriptions"]["bot_events"]


def scopes_of_events() -> dict[str, list[str]]:
    needed = {event["name"]: event["scopes"] for event in read("events.json") if "scopes" in event}
    # A slip in that list.
    assert needed["app_mention"] == ["app_mentions.read"]
    return needed | {"app_mention": ["app_mentions:read"]}


def keys_of(value: Any) -> set[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in keys_of(item)}
    return {key for item in value for key in keys_of(item)} if isinstance(value, list) else set()


def test_the_manifest_of_a_server_on_the_web():
    assert manifest(public_url=ADDRESS, features=DEFAULT_FEATURES) == {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Plaudit",
            "description": "Say thank you with points your team can spend",
            "long_description": (
                "Plaudit lets people thank each other in the channels where they already work. Each person gets an allowance of "
                "points to give every month. Points received add up to a balance that can be spent on rewards chosen by the "
                "company. Admins decide who can give, who can receive and how much. Plaudit is open source and runs on your own "
                "server."
            ),
            "background_color": "#4a154b",
        },
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": "Plaudit", "always_online": True},
            "shortcuts": [
                {"name": "Give kudos", "type": "global", "callback_id": "give_kudos",
                 "description": "Thank someone with points"},
                {"name": "Give kudos for this", "type": "message", "callback_id": "give_kudos_message",
                 "description": "Thank the author of this message"},
            ],
            "slash_commands": [
                {"command": "/kudos", "url": f"{ADDRESS}/slack/events", "description": "Give points, see your balance, redeem",
                 "usage_hint": "@name 10 for helping #teamwork | balance | help", "should_escape": True},
            ],
        },
        "oauth_config": {
            "redirect_urls": [f"{ADDRESS}/slack/oauth_redirect"],
            "scopes": {
                "bot": ["app_mentions:read", "channels:read", "chat:write", "chat:write.public", "commands", "groups:read",
                        "im:history", "im:write", "reactions:read", "reactions:write", "team:read", "users:read",
                        "users:read.email"],
                "bot_optional": ["channels:read", "groups:read", "im:history", "reactions:read", "reactions:write"],
            },
        },
        "settings": {
            "event_subscriptions": {
                "request_url": f"{ADDRESS}/slack/events",
                "bot_events": ["app_home_opened", "app_mention", "app_uninstalled", "message.im", "reaction_added",
                               "reaction_removed", "team_join", "tokens_revoked", "user_change"],
            },
            "interactivity": {
                "is_enabled": True,
                "request_url": f"{ADDRESS}/slack/events",
                "message_menu_options_url": f"{ADDRESS}/slack/events",
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }  # fmt: skip


def test_over_socket_mode_there_is_no_address_anywhere():
    on_the_web, by_socket = manifest(public_url=ADDRESS, features=OPTIONAL), manifest(public_url=None, features=OPTIONAL)

    assert not {key for key in keys_of(by_socket) if "url" in key}
    assert "http" not in written(by_socket)
    assert by_socket["settings"]["socket_mode_enabled"] is True
    assert keys_of(on_the_web) - keys_of(by_socket) == {"url", "request_url", "redirect_urls", "message_menu_options_url"}
    assert (events(by_socket), by_socket["oauth_config"]["scopes"]) == (events(on_the_web), on_the_web["oauth_config"]["scopes"])


@pytest.mark.parametrize("address", [ADDRESS, None])
def test_only_what_is_chosen_is_asked_for(address):
    for chosen in CHOICES:
        made = manifest(public_url=address, features=chosen)
        on = [feature for feature in FEATURES if feature is CORE or feature.name in chosen]
        wanted = {scope for feature in on for scope in feature.scopes}
        scopes = made["oauth_config"]["scopes"]

        # Slack wants an optional scope in both lists: the second one only says which of the first may be declined.
        assert scopes["bot"] == bot_scopes(chosen) == sorted(wanted)
        assert scopes.get("bot_optional", []) == sorted(wanted - set(CORE.scopes))
        assert ("bot_optional" in scopes) is bool(chosen)
        assert events(made) == sorted({event for feature in on for event in feature.events})


def test_the_core_asks_for_eight_scopes():
    assert bot_scopes([]) == sorted(
        ["commands", "chat:write", "chat:write.public", "users:read", "users:read.email", "im:write", "app_mentions:read",
         "team:read"]
    )  # fmt: skip
    assert OPTIONAL == ["reactions", "marks", "direct", "channels", "messages", "groups", "emoji", "join"]
    assert sorted(DEFAULT_FEATURES) == ["channels", "direct", "marks", "reactions"]


def test_features_do_not_overlap_and_each_says_a_sentence():
    for one, other in combinations(FEATURES, 2):
        assert not set(one.scopes) & set(other.scopes)
        assert not set(one.events) & set(other.events)
        assert not set(one.methods) & set(other.methods)
        assert one.name != other.name
    for feature in FEATURES:
        assert feature.scopes
        assert feature.says[0].isupper()
        assert feature.says.endswith(".")
        assert feature.says.count(".") == 1


def test_a_feature_is_missing_until_all_its_scopes_are_granted():
    assert [feature.name for feature in missing(bot_scopes(DEFAULT_FEATURES))] == ["messages", "groups", "emoji", "join"]
    assert [feature.name for feature in missing([])] == OPTIONAL
    assert missing(scope for scope in bot_scopes(OPTIONAL)) == []
    assert [feature.name for feature in missing(set(bot_scopes(OPTIONAL)) - {"groups:read"})] == ["channels"]


@pytest.mark.parametrize("features", [["reactions", "karma"], {"core"}, "reactions"])
def test_an_unknown_feature_is_refused_with_the_known_ones(features):
    known = "There are: reactions, marks, direct, channels, messages, groups, emoji, join."
    for use in (lambda: manifest(public_url=None, features=features), lambda: bot_scopes(features)):
        with pytest.raises(ValueError, match=r"^There is no feature '(karma|core|reactions)'\. " + known):
            use()


@pytest.mark.parametrize(
    ("public_url", "address"),
    [
        (ADDRESS + "/", ADDRESS),
        ("https://example.com/plaudit//", "https://example.com/plaudit"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://plaudit.localhost", "http://plaudit.localhost"),
        ("http://127.1.2.3:8000", "http://127.1.2.3:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_every_address_of_the_app_lies_under_the_public_one(public_url, address):
    made = manifest(public_url=public_url, features=[])

    assert made["oauth_config"]["redirect_urls"] == [address + "/slack/oauth_redirect"]
    assert written(made).count(f'"{address}/slack/events"') == 4
    assert written(made).count("://") == 5


@pytest.mark.parametrize(
    "public_url",
    ["", "/", "plaudit.example.com", "http://plaudit.example.com", "http://localhost.example.com", "http://10.0.0.1",
     "ftp://localhost", "https://", "https:///slack", "https://ann:secret@example.com", "https://example.com?x=1",
     "https://example.com/#x", "https://example.com:99999", "https://[::1", "https://exa mple.com", "https://example.com\n",
     "https://bücher.example", "https://example.com/" + "x" * 2400],
)  # fmt: skip
def test_an_address_that_slack_cannot_use_is_refused(public_url):
    with pytest.raises(ValueError, match=r"^The public address .+\.$"):
        manifest(public_url=public_url, features=[])


def test_the_app_may_have_another_name_and_command():
    made = manifest(public_url=None, features=[], name="Merci", command="/bravo-à_tous2")

    assert made["display_information"]["name"] == made["features"]["bot_user"]["display_name"] == "Merci"
    assert made["display_information"]["long_description"].startswith("Merci lets people thank")
    assert made["features"]["slash_commands"][0]["command"] == "/bravo-à_tous2"
    assert manifest(public_url=None, features=[]) is not manifest(public_url=None, features=[])
    for name in ("", " ", "x" * 36):
        with pytest.raises(ValueError, match="name of the app must have 1 to 35"):
            manifest(public_url=None, features=[], name=name)
    for command in ("", "/", "kudos", "/Kudos", "/ku dos", "/kudos\n", "//", "/" + "x" * 32):
        with pytest.raises(ValueError, match="command must be a / and a word"):
            manifest(public_url=None, features=[], command=command)


@pytest.mark.parametrize(("name", "command"), [("Plaudit", "/kudos"), ("x", "/x"), ("x" * 35, "/" + "x" * 31)])
def test_every_text_is_as_long_as_slack_takes_it(name, command):
    made = manifest(public_url=ADDRESS, features=OPTIONAL, name=name, command=command)
    shown, features = made["display_information"], made["features"]

    assert 1 <= len(shown["name"]) <= 35
    assert 1 <= len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert 1 <= len(features["bot_user"]["display_name"]) <= 80
    assert len(features["shortcuts"]) <= 5
    for shortcut in features["shortcuts"]:
        assert 1 <= len(shortcut["name"]) <= 24
        assert 1 <= len(shortcut["description"]) <= 150
    for slash_command in features["slash_commands"]:
        assert 2 <= len(slash_command["command"]) <= 32
        assert 1 <= len(slash_command["description"]) <= 2000
        assert 1 <= len(slash_command["usage_hint"]) <= 1000


@needs_slacks_data
@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_slacks_own_schema_accepts_every_choice(version):
    validator = Draft7Validator(read(f"manifest.schema.{version}.json"))
    broken = manifest(public_url=ADDRESS, features=[]) | {"feature": {}}
    assert [error.validator for error in validator.iter_errors(broken)] == ["additionalProperties"]
    longest = "https://example.com/" + "x" * 2380

    for address in (ADDRESS, None, longest):
        for chosen in CHOICES if address != longest else [OPTIONAL]:
            made = manifest(public_url=address, features=chosen, name="x" * 35, command="/" + "x" * 31)
            assert [error.message for error in validator.iter_errors(made)] == []


@needs_slacks_data
def test_every_event_has_its_scope():
    needed = scopes_of_events()
    for chosen in CHOICES:
        made = manifest(public_url=None, features=chosen)
        granted = set(made["oauth_config"]["scopes"]["bot"])

        assert [event for event in events(made) if not granted.issuperset(needed[event])] == []


@needs_slacks_data
def test_every_method_has_its_scope_and_a_rate():
    for feature in FEATURES:
        granted = {*CORE.scopes, *feature.scopes}
        for name in feature.methods:
            method = read(f"methods/{name}.json")
            enough = method["scope"].get("bot", [])

            assert method["rate_limits"] in {"t1", "t2", "t3", "t4", "t5"}, name
            assert granted.intersection(enough) or method.get("no_scope_required") or name == "oauth.v2.access", name


@needs_slacks_data
def test_no_scope_is_asked_for_in_vain():
    """Each scope serves an event or a method of its feature, or is one that only changes what others do."""
    needed = scopes_of_events()
    for feature in FEATURES:
        used = {"commands", "chat:write.public", "users:read.email"}
        for event in feature.events:
            used.update(needed[event])
        for name in feature.methods:
            used.update(read(f"methods/{name}.json")["scope"].get("bot", []))

        assert set(feature.scopes) <= used
