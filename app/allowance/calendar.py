"""The calendar: when a period begins and ends, in an organization's own time zone."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Period(StrEnum):
    """How long an allowance lasts."""

    DAY = "DAY"
    """From midnight to midnight."""
    WEEK = "WEEK"
    """Begins on Monday."""
    MONTH = "MONTH"
    """Begins on the first of a month."""
    QUARTER = "QUARTER"
    """Begins on the first of January, April, July or October."""


def first_moment(day: date, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, whose local date is `day` or later: midnight, or the jump of a clock that jumps over midnight."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    if _local(midnight - timedelta(microseconds=1), zone) < day <= _local(midnight, zone):
        return midnight
    early, late = midnight - timedelta(days=2), midnight + timedelta(days=2)
    while late - early > timedelta(microseconds=1):
        middle = early + (late - early) / 2
        early, late = (early, middle) if _local(middle, zone) >= day else (middle, late)
    return late


def bounds(period: Period, moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end, in UTC, of the period that holds the moment; the end belongs to the next."""
    day = _day(moment, zone)
    if period is Period.DAY:
        start, following = day, day + timedelta(days=1)
    elif period is Period.WEEK:
        start = day - timedelta(days=day.weekday())
        following = start + timedelta(days=7)
    else:
        months = 1 if period is Period.MONTH else 3
        first = (day.month - 1) // months * months
        start = date(day.year, first + 1, 1)
        following = date(day.year + (first + months) // 12, (first + months) % 12 + 1, 1)
    return first_moment(start, zone), first_moment(following, zone)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    """The day that has begun last. Where the clock is turned back over midnight, the new day has begun and goes on."""
    day = _local(moment, zone)
    return day + timedelta(days=1) if first_moment(day + timedelta(days=1), zone) <= moment else day


def _local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
