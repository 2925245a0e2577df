"""When a period begins and ends, in every zone of the world."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.allowance.calendar import Period, bounds
from app.organization import first_moment

ZONES = sorted(available_timezones())


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        ("UTC", "2026-03-10", "2026-03-10T00:00Z"),
        ("Europe/Madrid", "2026-03-30", "2026-03-29T22:00Z"),
        ("Europe/Madrid", "2026-03-29", "2026-03-28T23:00Z"),
        ("Asia/Kolkata", "2026-01-01", "2025-12-31T18:30Z"),
        # The clock jumps over midnight: the day begins with the jump.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00Z"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00Z"),
        ("America/Asuncion", "2023-10-01", "2023-10-01T04:00Z"),
        # It is turned back at midnight: the day before has an hour twice, and ends after the second.
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00Z"),
        ("Asia/Beirut", "2026-10-25", "2026-10-24T22:00Z"),
        ("Africa/Cairo", "2026-10-30", "2026-10-29T22:00Z"),
        # It is turned back to midnight: midnight comes twice, the day begins with the first.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00Z"),
        # Samoa went over the date line: 30 December 2011 was no day.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2012-01-01", "2011-12-31T10:00Z"),
        # St. John's turned its clock back at one minute past midnight: the new day had begun.
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30Z"),
    ],
)
def test_the_first_moment_of_a_day(zone: str, day: str, moment: str):
    assert first_moment(datetime.fromisoformat(day).date(), ZoneInfo(zone)) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("period", "zone", "moment", "start", "end"),
    [
        (Period.DAY, "Europe/Madrid", "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        (Period.DAY, "Europe/Madrid", "2026-03-28T22:59:59.999999Z", "2026-03-27T23:00Z", "2026-03-28T23:00Z"),
        (Period.DAY, "Pacific/Apia", "2011-12-30T09:59Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z"),
        (Period.DAY, "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z"),
        (Period.DAY, "America/St_Johns", "2010-11-07T03:00Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"),
        (Period.WEEK, "Europe/Madrid", "2026-03-10T12:00Z", "2026-03-08T23:00Z", "2026-03-15T23:00Z"),
        (Period.WEEK, "Europe/Madrid", "2026-03-08T22:59Z", "2026-03-01T23:00Z", "2026-03-08T23:00Z"),
        (Period.WEEK, "UTC", "2026-01-01T00:00Z", "2025-12-29T00:00Z", "2026-01-05T00:00Z"),
        (Period.MONTH, "UTC", "2024-02-29T23:59Z", "2024-02-01T00:00Z", "2024-03-01T00:00Z"),
        (Period.MONTH, "America/New_York", "2026-12-31T23:00Z", "2026-12-01T05:00Z", "2027-01-01T05:00Z"),
        (Period.MONTH, "Pacific/Kiritimati", "2026-12-31T10:00Z", "2026-12-31T10:00Z", "2027-01-31T10:00Z"),
        (Period.QUARTER, "UTC", "2026-02-28T00:00Z", "2026-01-01T00:00Z", "2026-04-01T00:00Z"),
        (Period.QUARTER, "UTC", "2026-12-31T23:59Z", "2026-10-01T00:00Z", "2027-01-01T00:00Z"),
        (Period.QUARTER, "Europe/London", "2026-06-30T23:00Z", "2026-06-30T23:00Z", "2026-09-30T23:00Z"),
    ],
)
def test_the_bounds_of_a_period(period: Period, zone: str, moment: str, start: str, end: str):
    found = bounds(period, datetime.fromisoformat(moment), ZoneInfo(zone))

    assert found == (datetime.fromisoformat(start), datetime.fromisoformat(end))


@given(
    some.sampled_from(Period),
    some.sampled_from(ZONES),
    some.datetimes(datetime(1970, 1, 1), datetime(2040, 1, 1), timezones=some.just(UTC)),
)
@settings(max_examples=400, deadline=None)
def test_periods_tile_time_without_gap_or_overlap(period: Period, name: str, moment: datetime):
    zone, tick = ZoneInfo(name), timedelta(microseconds=1)

    start, end = bounds(period, moment, zone)

    assert start <= moment < end
    assert bounds(period, start, zone) == bounds(period, end - tick, zone) == (start, end)
    assert bounds(period, end, zone)[0] == end
    assert bounds(period, start - tick, zone)[1] == start
    if period is not Period.DAY:
        assert bounds(Period.DAY, start, zone)[0] == start
