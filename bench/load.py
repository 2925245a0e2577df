"""The load: connections that each send the next grant when the answer to the last one is in, at little cost of their own.

A process of its own. Reads its plan from standard input as JSON and writes what it measured to standard output."""

import asyncio
import json
import re
import sys
import time
from statistics import quantiles
from typing import Any, cast

import uvloop

from app.api.ids import encode

DOCUMENT = """mutation Give($input: GiveRecognitionInput!) { giveRecognition(input: $input) {
  recognition { id totalPoints givenAt } replayed userErrors { code message field } } }"""
KEY_CHARS = 24
ANSWER_SECONDS_MAX = 30
ALL_IS_WELL = (b'"replayed":false', b'"userErrors":[]')
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class Giver(asyncio.Protocol):
    """One keep-alive connection: its requests are ready but for the idempotency key."""

    def __init__(self, head: bytes, tail: bytes, keys: str, load: "Load") -> None:
        self.head, self.tail, self.keys, self.load = head, tail, keys, load
        self.sent = 0
        self.sent_at = 0.0
        self.buffer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends the first grant."""
        self.transport = cast(asyncio.Transport, transport)
        self._give()

    def data_received(self, data: bytes) -> None:
        """Sends the next grant when the answer is complete."""
        self.buffer += data
        ends = self.buffer.find(b"\r\n\r\n")
        if ends < 0:
            return
        found = _LENGTH.search(self.buffer, 0, ends + 2)
        if found is None or len(self.buffer) < ends + 4 + int(found[1]):
            return
        now = time.perf_counter()
        if not self.buffer.startswith(b"HTTP/1.1 200 ") or not all(word in self.buffer for word in ALL_IS_WELL):
            self._end(RuntimeError(self.buffer.decode()))
            return
        self.buffer = b""
        self.load.answered(self.sent_at, now)
        if now < self.load.ends_at:
            self._give()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Before its time is a failure."""
        if not self.done.done():
            self.done.set_exception(exc or RuntimeError("the server closed a connection"))

    def _give(self) -> None:
        self.sent += 1
        key = f"{self.keys}{self.sent:0{KEY_CHARS - len(self.keys)}}".encode()
        self.sent_at = time.perf_counter()
        self.transport.write(self.head + key + self.tail)

    def _end(self, failure: Exception | None) -> None:
        if failure is not None:
            self.done.set_exception(failure)
        else:
            self.done.set_result(None)
        self.transport.close()


class Load:
    """What all connections together measure. Only answers between warm-up and end count."""

    def __init__(self, warm_up: float, seconds: float) -> None:
        self.seconds = seconds
        self.begins_at = time.perf_counter() + warm_up
        self.ends_at = self.begins_at + seconds
        self.latencies: list[float] = []
        self.answers = 0

    def answered(self, sent_at: float, now: float) -> None:
        """One more grant."""
        self.answers += 1
        if self.begins_at <= now < self.ends_at:
            self.latencies.append(now - sent_at)

    def figures(self) -> dict[str, float]:
        """What came out of it."""
        cuts = quantiles(self.latencies, n=100)
        return {
            "per_s": len(self.latencies) / self.seconds,
            "p50_ms": 1000 * cuts[49],
            "p99_ms": 1000 * cuts[98],
            "answers": self.answers,
        }


def request(port: int, token: str, recipient_id: str, message: str) -> tuple[bytes, bytes]:
    """What to send before and after the idempotency key."""
    mark = "k" * KEY_CHARS
    given = {"recipientIds": [encode("Member", recipient_id)], "pointsEach": 1, "message": message, "idempotencyKey": mark}
    body = json.dumps({"query": DOCUMENT, "operationName": "Give", "variables": {"input": given}}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n"
        f"accept: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    before, _, after = body.partition(mark.encode())
    return head.encode() + before, after


async def run(plan: dict[str, Any]) -> dict[str, float]:
    """All connections, until the last answer is in."""
    load = Load(plan["warm_up"], plan["seconds"])
    loop = asyncio.get_running_loop()
    givers = []
    for number, (token, recipient_id) in enumerate(plan["pairs"]):
        head, tail = request(plan["port"], token, recipient_id, plan["message"])
        giver = Giver(head, tail, f"{plan['run']}-{number}-", load)
        await loop.create_connection(lambda giver=giver: giver, "127.0.0.1", plan["port"])  # type: ignore[misc]
        givers.append(giver)
    async with asyncio.timeout(plan["warm_up"] + plan["seconds"] + ANSWER_SECONDS_MAX):
        await asyncio.gather(*[giver.done for giver in givers])
    return load.figures()


if __name__ == "__main__":
    json.dump(uvloop.run(run(json.load(sys.stdin))), sys.stdout)
