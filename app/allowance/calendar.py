"""The calendar: when a period begins and ends, in an organization's own time zone."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.organization import day_of, first_moment


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


def bounds(period: Period, moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end, in UTC, of the period that holds the moment; the end belongs to the next."""
    day = day_of(moment, zone)
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
