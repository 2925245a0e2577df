"""A wire between the app and Slack that fails exactly where a test wants it to, and remembers every call."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

RESPONSE_URL = "response_url"
"""What stands for a method where the app speaks through a response_url."""


class Behind(Protocol):
    """What the wire leads to."""

    root: str
    front: str


@dataclass
class Fault:
    """What goes wrong, the next so many times."""

    method: str
    channel: str | None
    status: int | None
    retry_after: int | None
    error: str | None
    hangs: bool
    resets: bool
    seconds: float
    after: bool
    times: int


@dataclass
class Call:
    """One call, as it came."""

    method: str
    arguments: dict[str, Any]
    token: str
    at: float = field(default_factory=time.monotonic)
    outcome: str = "under way"
    """In the end: passed, slow, hangs, resets, the error, or the status as text."""
    answer: dict[str, Any] | None = None
    """What Slack answered, or we in its place, if it was JSON."""

    @property
    def channel(self) -> str:
        """Where it speaks, or to whom."""
        return str(self.arguments.get("channel") or self.arguments.get("user_id") or "")


class FaultProxy:
    """Listens on a free port, and is what `stand_in.url` and the response_urls of later payloads name while it is open."""

    def __init__(self, behind: Behind) -> None:
        self.behind = behind
        self.calls: list[Call] = []
        self._faults: list[Fault] = []
        self._ended = asyncio.Event()
        self._runner: web.AppRunner
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> "FaultProxy":
        """Listens."""
        served = web.Application(client_max_size=2**24)
        served.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._session = aiohttp.ClientSession()
        self.behind.front = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hangs up on everyone."""
        self.behind.front = self.behind.root
        self._ended.set()
        await self._runner.cleanup()
        await self._session.close()

    def add(
        self,
        method: str,
        *,
        channel: str | None = None,
        status: int | None = None,
        retry_after: int | None = None,
        error: str | None = None,
        hangs: bool = False,
        resets: bool = False,
        seconds: float = 0,
        after: bool = False,
        times: int = 1,
    ) -> None:
        """The next `times` calls of this method ("*": of any; a channel's alone, if one is named) fail in one way:

        with a status (429 with Retry-After), with an error in a 200, by never being answered, by a connection that breaks,
        or, given only seconds, by being slow. `after`: Slack has done it, and only its answer is lost. In the order added.
        """
        ways = [status is not None, error is not None, hangs, resets]
        assert sum(ways) == 1 or (seconds and not any(ways)), "one way to fail"
        self._faults.append(Fault(method, channel, status, retry_after, error, hangs, resets, seconds, after, times))

    def clear(self) -> None:
        """All is well again, and nothing was ever called."""
        self._faults.clear()
        self.calls.clear()

    def calls_of(self, method: str, channel: str | None = None) -> list[Call]:
        """The calls of a method, in the order in which they came."""
        return [call for call in self.calls if call.method == method and channel in (None, call.channel)]

    def count(self, method: str, channel: str | None = None) -> int:
        """How many there were."""
        return len(self.calls_of(method, channel))

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        call = Call(_method(request), _arguments(request, body), request.headers.get("Authorization", "").removeprefix("Bearer "))
        self.calls.append(call)
        fault = self._next(call)
        if fault is None:
            answer = await self._pass_on(request, body)
            call.outcome = "passed"
        else:
            answer = await self._fail(request, call, fault, body)
        with suppress(ValueError):
            call.answer = json.loads(answer.body) if isinstance(answer.body, bytes) else None
        return answer

    def _next(self, call: Call) -> Fault | None:
        for fault in self._faults:
            if fault.times and fault.method in (call.method, "*") and fault.channel in (None, call.channel):
                fault.times -= 1
                return fault
        return None

    async def _fail(self, request: web.Request, call: Call, fault: Fault, body: bytes) -> web.Response:
        slow = fault.status is None and fault.error is None and not fault.hangs and not fault.resets
        answer = await self._pass_on(request, body) if fault.after or slow else web.Response()
        if fault.seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), fault.seconds)
        if fault.status is not None:
            call.outcome = str(fault.status)
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            if fault.status == 429:
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
            return web.Response(text="upstream error", status=fault.status, headers=headers)
        if fault.error is not None:
            call.outcome = fault.error
            return web.json_response({"ok": False, "error": fault.error})
        if slow:
            call.outcome = "slow"
            return answer
        call.outcome = "hangs" if fault.hangs else "resets"
        if fault.hangs:
            await self._ended.wait()
        if request.transport is not None:
            request.transport.abort()
        return answer

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        kept = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        url = f"{self.behind.root}{request.path_qs}"
        async with self._session.request(request.method, url, data=body or None, headers=kept, allow_redirects=False) as got:
            passed = {name: got.headers[name] for name in ("Content-Type", "Location") if name in got.headers}
            return web.Response(body=await got.read(), status=got.status, headers=passed)


def _method(request: web.Request) -> str:
    if request.path.startswith("/responses/"):
        return RESPONSE_URL
    return request.path.removeprefix("/api/")


def _arguments(request: web.Request, body: bytes) -> dict[str, Any]:
    """What was asked for, whichever way it came; lists and objects in a form are JSON."""
    if "json" in request.content_type:
        return dict(json.loads(body))
    given: dict[str, Any] = {**request.query, **dict(parse_qsl(body.decode()))}
    for name in {"blocks", "attachments", "metadata", "view"} & given.keys():
        given[name] = json.loads(given[name])
    return given
