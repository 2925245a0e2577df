"""The bell between processes on PostgreSQL: whoever commits rings, and whoever follows the chain hears it and looks."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg

from app.db.postgres import ALIVE

CHANNEL = "plaudit_committed"
REST_SECONDS = 0.1
"""After a ring the bell rests so long: what is committed meanwhile rings together."""
AGAIN_SECONDS = 5.0
"""How long whoever cannot listen waits before trying again."""
CLOSE_SECONDS = 2.0
"""A last ring may take so long."""

log = logging.getLogger("plaudit.bell")


class Bell:
    """Rings after COMMIT, on a connection of its own, and never in the transaction: PostgreSQL lets transactions that notify
    commit only one after the other, each with its own flush to disk. A ring that is lost is no harm: listeners also look by
    themselves from time to time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._due = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Rings at once, or when the rest after the last ring is over."""
        self._due.set()
        if self._task is None and not self._closing:
            self._task = asyncio.create_task(self._run(), name="bell")

    async def close(self) -> None:
        """Rings a last time if that is due, and lets go of the connection."""
        self._closing = True
        if self._task is None:
            return
        if not self._due.is_set():
            self._task.cancel()
        await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        connection: psycopg.AsyncConnection[Any] | None = None
        try:
            while not self._closing or self._due.is_set():
                await self._due.wait()
                self._due.clear()
                try:
                    if connection is None or connection.closed:
                        connection = await _connect(self.url)
                    await connection.execute(f"NOTIFY {CHANNEL}")
                except psycopg.Error as error:
                    log.debug("the bell is not heard: %s", error)
                if not self._closing:
                    await asyncio.sleep(REST_SECONDS)
        finally:
            if connection is not None:
                await connection.close()


async def hear(url: str, heard: Callable[[], None]) -> None:
    """Calls back at every ring, for ever. While it cannot listen it tries again; nobody is told what rang meanwhile."""
    while True:
        try:
            connection = await _connect(url)
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                heard()
                async for _ in connection.notifies():
                    heard()
        except psycopg.Error as error:
            log.info("other processes are not heard for %s seconds: %s", AGAIN_SECONDS, error)
        await asyncio.sleep(AGAIN_SECONDS)


async def _connect(url: str) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(url, autocommit=True, **ALIVE)
