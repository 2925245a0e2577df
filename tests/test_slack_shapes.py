"""Signed requests of any shape: whoever holds the secret may still send what Slack never would, and nothing breaks."""

import random
from typing import Any
from urllib.parse import urlencode

import httpx2
import orjson
import pytest

from tests.slack_office import ANN, TEAM, Office, connected_office  # noqa: F401 (fixture)

JUNK: list[Any] = [1, "x", None, [], {}, [1], {"a": 1}, ANN, True, -1, TEAM, {"id": TEAM}, {"id": 5}, "message", "0.0"]
KEYS = [
    "type",
    "team_id",
    "team",
    "user",
    "user_id",
    "event",
    "authorizations",
    "channel",
    "ts",
    "text",
    "blocks",
    "item",
    "reaction",
    "event_ts",
    "actions",
    "view",
    "state",
    "trigger_id",
    "callback_id",
    "private_metadata",
    "container",
    "message",
    "subtype",
    "previous_message",
    "tokens",
    "enterprise",
    "api_app_id",
    "channel_id",
    "event_time",
]
KINDS = [
    "event_callback",
    "block_actions",
    "view_submission",
    "shortcut",
    "message_action",
    "view_closed",
    "url_verification",
    "block_suggestion",
    "app_rate_limited",
    "workflow_step_edit",
]
EVENTS = [
    "message",
    "app_mention",
    "reaction_added",
    "reaction_removed",
    "app_home_opened",
    "user_change",
    "team_join",
    "tokens_revoked",
    "app_uninstalled",
    "junk",
]
NUMBER = 400


def anything(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    """An object of Slack's words with values that do not belong there."""
    chosen = chance.sample(KEYS, chance.randint(0, 12))
    return {key: anything(chance, depth + 1) if depth < 3 and chance.random() < 0.3 else chance.choice(JUNK) for key in chosen}


def request(chance: random.Random) -> tuple[bytes, str]:
    """A body and its content type."""
    body = anything(chance) | {"type": chance.choice(KINDS)}
    if chance.random() < 0.8:
        body |= {"team_id": TEAM, "team": {"id": TEAM}}
    if chance.random() < 0.7:
        body["user"] = {"id": ANN, "team_id": TEAM}
    if body["type"] == "event_callback":
        body["event"] = anything(chance) | {"type": chance.choice(EVENTS)}
        return orjson.dumps(body), "application/json"
    if chance.random() < 0.2:
        form = {key: str(value) for key, value in body.items()} | {"command": "/kudos"}
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    return urlencode({"payload": orjson.dumps(body).decode()}).encode(), "application/x-www-form-urlencoded"


async def sent(office: Office, chance: random.Random) -> httpx2.Response:
    """The answer to such a request, rightly signed."""
    body, content_type = request(chance)
    return await office.post.send(office.app, body, content_type=content_type)


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_shape_makes_the_server_fail(office: Office, seed: int):
    chance, points = random.Random(seed), await office.wallets()

    answers = [(await sent(office, chance)).status_code for _ in range(NUMBER)]

    assert set(answers) <= {200, 400}
    assert answers.count(200) > NUMBER / 10
    assert await office.wallets() == points
    assert await office.world.sound()
