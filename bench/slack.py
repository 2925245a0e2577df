"""The Slack door under load: commands on schedule, events sent again and again, and forgeries.

`python -m bench.slack` measures it alone."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles
from typing import NamedTuple
from uuid import UUID

import aiohttp
import psycopg
import uvloop
from psycopg import sql

from app import audit, ledger, migrations
from app.core.actor import Door, system
from app.core.ids import new_id
from app.core.seal import Seal
from app.db import Database
from app.founding import FoundOrganization
from bench import baseline, scene, slack_api
from bench.scene import BASE_POINTS, WARM_UP_SECONDS
from bench.slack_api import APP, BOT, PEOPLE, RETRIES_MAX, SIGNING_SECRET, TEAM, SlackApi
from integrations.slack import manifest
from integrations.slack.guard import BODY_BYTES_MAX, CLOCK_SECONDS_APART_MAX, FORM, JSON, SIGNATURE, TIMESTAMP, sign
from integrations.slack.terms import ChangeSlackSettings
from integrations.slack.workspaces import SEALED_FOR, ConnectWorkspace
from tests.postgres import Postgres

RATE = 200
"""Commands a second."""
P99_MS_TARGET = 300
SLACK_SECONDS = 3.0
"""So long Slack waits for an answer."""
EVENTS_AT_ONCE = 16
FORGERIES_AT_ONCE = 20
ANSWER_SECONDS_MAX = 120
ROUND_SECONDS_MAX = 60
IDLE_SECONDS = 3.0
"""No connection waits longer for its next request: the server lets go of it after five."""
SERVE = "from app.cli import main; main()"
PATH = "/slack/events"
SECRET_KEY = "bench " * 8


class Sizes(NamedTuple):
    """How much of each is sent."""

    seconds: float
    """Of commands, after the warm-up."""
    events: int
    forgeries: int


FULL = Sizes(60.0, 2_000, 1_000)
SHORT = Sizes(2.0, 50, 100)
Report = dict[str, dict[str, float]]


class SlackServer(scene.Server):
    """`plaudit serve` with the Slack door open."""

    def __init__(self, url: str, api_url: str) -> None:
        self.port = scene.free_port()
        settings = {
            "PLAUDIT_DATABASE_URL": url,
            "PLAUDIT_PORT": str(self.port),
            "PLAUDIT_SECRET_KEY": SECRET_KEY,
            "PLAUDIT_LOG_LEVEL": "error",
            "PLAUDIT_SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "PLAUDIT_SLACK_API_URL": f"{api_url}api/",
        }
