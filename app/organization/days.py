"""Days as an organization lives them: from local midnight to local midnight, and never twice."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.core.errors import Code, Refusal
from app.organization.models import Organization

YEAR_MIN, YEAR_MAX = 1970, 9000


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


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day that has begun last. Where the clock is turned back over midnight, the new day has begun and goes on."""
    day = _local(moment, zone)
    return day + timedelta(days=1) if first_moment(day + timedelta(days=1), zone) <= moment else day


def today(organization: Organization, moment: datetime) -> date:
    """The organization's day. Moving to a zone further west does not bring back a day that was over."""
    day = day_of(moment, ZoneInfo(organization.time_zone))
    return max(day, organization.reached_on) if organization.reached_on is not None else day


def moments(organization: Organization, first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """From the first moment of one day to the end of another, in UTC; None has no bound. Raises INVALID_INPUT for days that come
    in the wrong order, or of no calendar."""
    if first is not None and last is not None and last < first:
        raise Refusal(Code.INVALID_INPUT, "The first day is after the last one. Both days are included.", "from")
    zone = ZoneInfo(organization.time_zone)
    for day, field in ((first, "from"), (last, "to")):
        if day is not None and not YEAR_MIN <= day.year <= YEAR_MAX:
            raise Refusal(Code.INVALID_INPUT, f"A day is in the years {YEAR_MIN} to {YEAR_MAX}.", field)
    since = first_moment(first, zone) if first is not None else None
    return since, first_moment(last + timedelta(days=1), zone) if last is not None else None


def _local(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
