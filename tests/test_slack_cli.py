"""`plaudit slack`: the manifest as JSON, the settings of a workspace shown and changed, and sentences for what is wrong."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from app import audit
from app.core.actor import Door, system
from app.core.ids import new_id
from app.core.seal import Seal
from app.db import Database, scoped
from app.organization import all_organizations
from integrations.slack import manifest
from integrations.slack.workspaces import SEALED_FOR, ConnectWorkspace
from tests.command import Plaudit, Said
from tests.slack_office import SCOPES, SECRET_KEY
from tests.stand_in import APP_ID, BOT_TOKEN, BOT_USER, TEAM
from tests.world import NOON

ACORN = ("--name", "Acorn", "--time-zone", "Europe/Madrid", "--owner-name", "Olga", "--owner-email", "olga@acorn.example")
AT_FIRST = {
    "emoji": "taco",
    "points_per_emoji": "1",
    "points_default": "10",
    "messages": "off",
    "reactions": "on",
    "groups": "off",
    "feed_channel": "-",
    "muted_channels": "-",
    "confirm_percent": "50",
    "confirm_points": "100",
}


def settings(said: Said) -> dict[str, str]:
    """The table, read."""
    head, *lines = [line.split(None, 1) for line in said.lines]
    assert head == ["SETTING", "VALUE"]
    return {name: value.strip() for name, value in lines}


@pytest.fixture
def plaudit(plaudit: Plaudit, monkeypatch, tmp_path) -> Plaudit:
    """The command, on a database with one organization."""
    for name, value in (("SECRET_KEY", SECRET_KEY), ("DATA_DIR", str(tmp_path))):
        monkeypatch.setenv(f"PLAUDIT_{name}", value)
    monkeypatch.delenv("PLAUDIT_PUBLIC_URL", raising=False)
    assert plaudit("organization", "create", *ACORN).status == 0
    return plaudit


@pytest.fixture
def connected(plaudit: Plaudit, database_url: str) -> Plaudit:
    """The same, with a workspace."""

    async def connect(database: Database) -> None:
        async with database.read() as connection:
            (acorn,) = await all_organizations(connection)
        actor, token = system(acorn.organization_id, Door.SLACK), Seal(SECRET_KEY, SEALED_FOR).close(BOT_TOKEN)
        workspace = (TEAM, "Acorn", "https://acorn.slack.com/", APP_ID, BOT_USER, token, SCOPES)
        await database.submit(ConnectWorkspace(actor, *workspace))

    on(database_url, connect)
    return plaudit


def on(database_url: str, work: Callable[[Database], Any]) -> Any:
    """Some work on the database."""

    async def whole() -> Any:
        database = Database(database_url, audit.AuditChain())
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(whole())


def test_the_manifest_is_printed_as_json(plaudit: Plaudit):
    said = plaudit("slack", "manifest", "--url", "https://plaudit.example.com/")

    made = json.loads(said.out)
    assert (said.status, said.err) == (0, "")
    assert made["settings"]["interactivity"]["request_url"] == "https://plaudit.example.com/slack/events"
    assert made["oauth_config"]["scopes"]["bot"] == manifest.bot_scopes(manifest.DEFAULT_FEATURES)


def test_the_manifest_takes_the_address_of_the_settings(plaudit: Plaudit, monkeypatch):
    monkeypatch.setenv("PLAUDIT_PUBLIC_URL", "https://kudos.example.com")

    made = json.loads(plaudit("slack", "manifest", "--with", "messages, groups").out)

    assert made["oauth_config"]["redirect_urls"] == ["https://kudos.example.com/slack/oauth_redirect"]
    assert made["oauth_config"]["scopes"]["bot"] == manifest.bot_scopes({"messages", "groups"})


def test_the_manifest_for_socket_mode_needs_no_address(plaudit: Plaudit):
    made = json.loads(plaudit("slack", "manifest", "--socket").out)

    assert made["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in json.dumps(made)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Slack must know where this server is: --url https://…, or PLAUDIT_PUBLIC_URL; or --socket."),
        (("--url", "http://plaudit.example.com"), "The public address must begin with https://"),
        (("--socket", "--with", "magic"), "There is no feature 'magic'. There are: reactions, marks, direct,"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused_in_words(plaudit: Plaudit, arguments: tuple[str, ...], said: str):
    answer = plaudit("slack", "manifest", *arguments)

    assert (answer.status, answer.out) != (0, "")
    assert answer.out == ""
    assert said in answer.err


def test_settings_are_shown_and_changed(connected: Plaudit):
    assert settings(connected("slack", "settings")) == AT_FIRST

    changed = connected(
        *("slack", "settings", "emoji=:thumbsup:", "messages=on", "reactions=off", "points_default=none"),
        *("feed_channel=C0123456789", "muted_channels=C0000000AA, C0000000BB", "confirm_points=40"),
    )

    now = AT_FIRST | {"emoji": "+1", "messages": "on", "reactions": "off", "points_default": "none", "confirm_points": "40"}
    now |= {"feed_channel": "C0123456789", "muted_channels": "C0000000AA, C0000000BB"}
    assert settings(changed) == settings(connected("slack", "settings")) == now
    assert settings(connected("slack", "settings", "feed_channel=", "muted_channels="))["feed_channel"] == "-"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("emoji", "emoji: say what it becomes, as name=value."),
        ("magic=on", "There is no setting magic."),
        ("emoji=not an emoji", "The name of an emoji is like taco, with or without colons."),
        ("messages=perhaps", "This is on or off."),
        ("points_default=-1", "A whole number between 0 and"),
        ("confirm_percent=101", "A whole number between 0 and 100, please."),
        ("confirm_points=none", "A whole number between 1 and"),
        ("feed_channel=#kudos", "#kudos is no id of a channel; one looks like C0123456789."),
    ],
)
def test_a_setting_that_cannot_be_changes_nothing(connected: Plaudit, change: str, said: str):
    answer = connected("slack", "settings", "groups=on", change)

    assert answer.status != 0
    assert said in answer.err
    assert answer.out == ""
    assert settings(connected("slack", "settings")) == AT_FIRST


def test_a_change_of_settings_is_audited(connected: Plaudit, database_url: str):
    connected("slack", "settings", "groups=on", "emoji=taco")

    async def told(database: Database) -> list[Any]:
        async with database.read() as connection:
            (acorn,) = await all_organizations(connection)
            events = (await connection.execute(scoped(audit.AuditEvent, acorn.organization_id))).all()
        return [audit.feed.body(cast(Any, event)) for event in events if event.action == "slack.settings_changed"]

    assert on(database_url, told) == [{"groups": True}]


def test_without_a_workspace_there_is_nothing_to_set(plaudit: Plaudit):
    for command in (("settings",), ("settings", "groups=on"), ("simulate", "/kudos help")):
        said = plaudit("slack", *command)
        assert said.status != 0
        assert "This organization has no Slack workspace yet: see docs/slack.md." in said.err


def test_what_is_simulated_begins_with_a_slash_and_needs_a_server(connected: Plaudit):
    assert 'What is typed begins with the command: "/kudos @ana 10 for the release".' in connected("slack", "simulate", "hi").err


def test_a_wrong_secret_key_is_named(connected: Plaudit, monkeypatch):
    monkeypatch.setenv("PLAUDIT_SECRET_KEY", "another key of the tests, thirty-two or more")

    said = connected("slack", "settings")

    assert said.status != 0
    assert "PLAUDIT_SECRET_KEY: it is not the one that stored secrets were encrypted under." in said.err


def test_what_was_given_up_is_listed_without_a_word_of_anyone(connected: Plaudit, database_url: str):
    async def bury(database: Database) -> None:
        async with database.read() as connection:
            (acorn,) = await all_organizations(connection)
        async with database.bookkeeping() as connection:
            once = f"post:{new_id(NOON)}:C0123456789"
            letter = (acorn.organization_id, "slack", 7, once, "Slack answers is_archived", 1, NOON)
            await audit.letters.bury(connection, *letter)

    on(database_url, bury)

    listed = connected("feed", "dead-letters", "--reader", "slack")
    assert "Slack answers is_archived" in listed.out
    replayed = connected("feed", "replay", "--all")
    assert replayed.status == 1
    assert "This delivery is no longer known." in replayed.err + replayed.out
