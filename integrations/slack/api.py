"""Slack's Web API, at its edge: calls, and the four ways in which they fail."""

import asyncio
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.errors import PlauditError
from integrations.slack.workspaces import Workspace

CALL_SECONDS = 10.0
RETRY_AFTER_MAX = 3_600.0
_AWAY = frozenset({"service_unavailable", "internal_error", "fatal_error", "request_timeout", "team_added_to_org"})
_REVOKED = frozenset({"invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "org_login_required"})
_HOOKS = "https://hooks.slack.com/"


class SlackError(PlauditError):
    """A call to Slack that did not succeed."""


class Limited(SlackError):
    """Too many calls (429). `seconds`: when it may be tried again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Slack asks us to wait for {seconds:.0f} seconds")
        self.seconds = seconds


class Away(SlackError):
    """Slack does not answer, or answers that it has trouble: try again later."""


class Denied(SlackError):
    """Slack says no, and will say so again. `error` is its word for it."""

    def __init__(self, error: str, needed: str = "") -> None:
        super().__init__(f"Slack answers {error}" + (f", as the scope {needed} is missing" if needed else ""))
        self.error = error


class Disconnected(SlackError):
    """The workspace's token does not count any more, or there is none."""


class Slack(Protocol):
    """Whoever plays Slack: the real one over HTTP, or the recorder of the demo."""

    async def call(self, workspace: Workspace, method: str, *, seconds: float = CALL_SECONDS, **arguments: Any) -> dict[str, Any]:
        """Calls a method. Raises Limited, Away, Denied or Disconnected."""

    async def respond(self, url: str, message: dict[str, Any], *, seconds: float = CALL_SECONDS) -> None:
        """Speaks through a response_url. Raises as `call` does."""

    async def close(self) -> None:
        """Lets go of its connections."""


class WebApi:
    """Slack over HTTP."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url.rstrip("/") + "/"
        self._session: aiohttp.ClientSession | None = None

    async def call(self, workspace: Workspace, method: str, *, seconds: float = CALL_SECONDS, **arguments: Any) -> dict[str, Any]:
        """Calls a method with the workspace's token. Raises Limited, Away, Denied or Disconnected."""
        if not workspace.connected:
            raise Disconnected("The app is not installed in this workspace.")
        return await self.call_with(workspace.token, method, seconds=seconds, **arguments)

    async def call_with(self, token: str, method: str, *, seconds: float = CALL_SECONDS, **arguments: Any) -> dict[str, Any]:
        """The same with a token that no workspace has yet."""
        client = AsyncWebClient(token=token, base_url=self.api_url, timeout=int(seconds) + 1, session=self._opened())
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        as_json = any(isinstance(value, dict | list) for value in given.values())
        try:
            async with asyncio.timeout(seconds):
                if as_json:
                    answer = await client.api_call(method, json=given)
                else:
                    answer = await client.api_call(method, data=given)
        except SlackApiError as error:
            raise _failure(error) from error
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise Away(f"Slack does not answer: {type(error).__name__}") from error
        return cast(dict[str, Any], answer.data)

    async def identify(self, token: str) -> tuple[dict[str, Any], frozenset[str]]:
        """Whose token this is, and what it may do. Raises as `call` does."""
        client = AsyncWebClient(token=token, base_url=self.api_url, timeout=int(CALL_SECONDS), session=self._opened())
        try:
            answer = await client.auth_test()
        except SlackApiError as error:
            raise _failure(error) from error
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise Away(f"Slack does not answer: {type(error).__name__}") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        scopes = str(headers.get("x-oauth-scopes") or "")
        return cast(dict[str, Any], answer.data), frozenset(filter(None, (scope.strip() for scope in scopes.split(","))))

    async def respond(self, url: str, message: dict[str, Any], *, seconds: float = CALL_SECONDS) -> None:
        """Speaks through a response_url."""
        # The address came in a signed request; it is looked at all the same before anything is sent there.
        if not url.startswith(_HOOKS) and urlsplit(url).netloc != urlsplit(self.api_url).netloc:
            raise Denied("invalid_response_url")
        try:
            async with asyncio.timeout(seconds), self._opened().post(url, json=message) as answer:
                if answer.status == 429:
                    raise Limited(_seconds(answer.headers.get("Retry-After")))
                if answer.status >= 500:
                    raise Away(f"Slack answers {answer.status}")
                if answer.status >= 400:
                    raise Denied("expired_url")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Away(f"Slack does not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Lets go of its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20))
        return self._session


def _failure(error: SlackApiError) -> SlackError:
    response = cast(Any, error.response)
    status = getattr(response, "status_code", 0)
    content = response.data if isinstance(getattr(response, "data", None), dict) else {}
    word = str(content.get("error") or "")
    if status == 429 or word in {"ratelimited", "rate_limited"}:
        headers = {name.lower(): value for name, value in (getattr(response, "headers", None) or {}).items()}
        return Limited(_seconds(headers.get("retry-after")))
    if status >= 500 or word in _AWAY or not word:
        return Away(f"Slack answers {status} {word}".strip())
    if word in _REVOKED:
        return Disconnected(f"Slack answers {word}")
    return Denied(word, str(content.get("needed") or ""))


def _seconds(header: Any) -> float:
    try:
        return min(max(float(header), 0.5), RETRY_AFTER_MAX)
    except (TypeError, ValueError):
        return 30.0
