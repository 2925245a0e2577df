"""Socket Mode: requests of Slack come in by a connection that we open, for a server without a public address."""

import asyncio
import logging

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from app.core.clock import now

SILENT_SECONDS_MAX = 60.0
"""Slack pings every few seconds; a connection that is silent for so long is dead, whatever it says itself."""
LOOK_SECONDS = 5.0
RETRY_SECONDS = 10.0
log = logging.getLogger("plaudit.slack")


class SocketMode:
    """Keeps one connection, and opens another when it falls silent: aiohttp's client alone has been seen to stall."""

    def __init__(self, bolt: AsyncApp, app_token: str, api_url: str, *, silent_seconds_max: float = SILENT_SECONDS_MAX) -> None:
        self.bolt = bolt
        self.app_token = app_token
        self.api_url = api_url
        self.silent_seconds_max = silent_seconds_max
        self._handler: AsyncSocketModeHandler | None = None
        self._heard = 0.0

    async def run(self) -> None:
        """Connects, listens, and connects again, for ever."""
        try:
            while True:
                try:
                    await self._connect()
                    while not self.trouble():  # noqa: ASYNC110 (silence is no event)
                        await asyncio.sleep(min(LOOK_SECONDS, self.silent_seconds_max / 4))
                    log.warning("Socket Mode fell silent; it is connected again")
                except Exception as error:
                    log.warning("Socket Mode is not connected: %s", error)
                    await self._close()
                    await asyncio.sleep(RETRY_SECONDS)
                await self._close()
        finally:
            await self._close()

    def trouble(self) -> str:
        """What is wrong with the connection; empty: nothing."""
        if self._handler is None:
            return "Socket Mode is not connected"
        client = self._handler.client
        heard = max(self._heard, client.last_ping_pong_time or 0.0)
        return "" if now().timestamp() - heard < self.silent_seconds_max else "Socket Mode has been silent for too long"

    async def _connect(self) -> None:
        web_client = AsyncWebClient(base_url=self.api_url.rstrip("/") + "/")
        handler = AsyncSocketModeHandler(self.bolt, self.app_token, web_client=web_client)
        handler.client.on_message_listeners.append(self._on_message)
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]
        except BaseException:
            await handler.client.close()  # type: ignore[no-untyped-call]
            raise
        self._heard = now().timestamp()
        self._handler = handler

    async def _on_message(self, *_message: object) -> None:
        self._heard = now().timestamp()

    async def _close(self) -> None:
        handler, self._handler = self._handler, None
        if handler is not None:
            try:
                async with asyncio.timeout(5):
                    await handler.close_async()  # type: ignore[no-untyped-call]
            except Exception as error:
                log.info("closing Socket Mode: %s", error)
