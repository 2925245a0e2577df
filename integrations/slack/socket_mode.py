"""Socket Mode: requests of Slack come in by a connection that we open, for a server without a public address."""

import asyncio
import logging

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from app.core.clock import now
from integrations.slack.api import WebApi

SILENT_SECONDS_MAX = 60.0
"""Slack pings every few seconds; a connection that is silent for so long is dead, whatever it says itself."""
LOOK_SECONDS = 5.0
RETRY_SECONDS = 10.0
log = logging.getLogger("plaudit.slack")
_QUIET = logging.getLogger("plaudit.slack.socket")
"""The client writes a traceback for whatever the network does; what matters of it is said here."""
_QUIET.setLevel(logging.CRITICAL)


class SocketMode:
    """Keeps one connection, and opens another when it falls silent: aiohttp's client alone has been seen to stall."""

    def __init__(self, bolt: AsyncApp, app_token: str, api: WebApi, *, silent_seconds_max: float = SILENT_SECONDS_MAX) -> None:
        self.bolt = bolt
        self.app_token = app_token
        self.api = api
        self.api_url = api.api_url
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
        handler = AsyncSocketModeHandler(
            self.bolt, self.app_token, logger=_QUIET, web_client=AsyncWebClient(base_url=self.api_url)
        )
        handler.client.on_message_listeners.append(self._on_message)
        try:
            # Asked for by ourselves: the client would try for ever, and in silence.
            handler.client.wss_uri = (await self.api.call_with(self.app_token, "apps.connections.open"))["url"]
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
