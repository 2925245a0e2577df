"""The clock: the only place that asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present moment, aware, in UTC. Microseconds are the finest unit that both databases keep."""
    return datetime.now(UTC)
