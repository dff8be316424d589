"""The clock on the wall is that of Python and of DuckDB, around every change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from features.arrays.clock import microseconds, wall_clock
from features.arrays.column import Column

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = 86_400_000_000
ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour
    "America/Sao_Paulo",  # at midnight, and no longer
]


def offset(utc_us: int, zone: ZoneInfo) -> timedelta:
    found = (EPOCH + timedelta(microseconds=utc_us)).astimezone(zone).utcoffset()
    assert found is not None
    return found


def around_changes(name: str) -> list[int]:
    """Instants at, and one microsecond beside, every change of a zone's clocks 1995 to 2030."""
    zone, hour = ZoneInfo(name), 3_600_000_000
    first, last = (microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (1995, 2031))
    near = [first, last]
    for day in range(first, last, DAY_US):
        if offset(day, zone) == offset(day + DAY_US, zone):
            continue
        for instant in range(day, day + DAY_US, hour // 2):
            if offset(instant - 1, zone) != offset(instant, zone):
                near += [instant - hour, instant - 1, instant, instant + 1, instant + hour]
    return near


@pytest.mark.parametrize("name", ZONES)
def test_the_wall_shows_what_python_and_duckdb_show(name: str) -> None:
    instants = around_changes(name)
    assert name in ("UTC", "Asia/Kathmandu") or len(instants) > 100
    shown = wall_clock(Column(np.array(instants)), name).values
    zone = ZoneInfo(name)
    python = [us + offset(us, zone) // timedelta(microseconds=1) for us in instants]
    assert shown.tolist() == python
    connection = duckdb.connect()
    connection.register("t", pa.table({"us": pa.array(instants)}))
    duck = connection.sql(
        f"SELECT epoch_us(timezone('{name}', timezone('UTC', make_timestamp(us)))) FROM t"
    ).fetchall()
    connection.close()
    assert shown.tolist() == [row[0] for row in duck]


def test_the_repeated_hour_of_autumn_is_shown_twice() -> None:
    """On 31 October 2010 the clocks of London went back from 02:00 to 01:00."""
    utc = [datetime(2010, 10, 31, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]
    held = Column(np.array([microseconds(each) for each in utc]))
    shown = [
        EPOCH + timedelta(microseconds=int(us)) for us in wall_clock(held, "Europe/London").values
    ]
    assert [each.hour for each in shown] == [1, 1, 2]


def test_null_instants_stay_null_whatever_they_hold() -> None:
    held = Column(np.array([0, 2**62, 1]), np.array([True, False, True]))
    shown = wall_clock(held, "America/New_York")
    assert shown.valid.tolist() == [True, False, True]
    assert shown.values[0] == -5 * 3_600_000_000
    empty = Column(np.zeros(0, dtype=np.int64))
    assert wall_clock(empty, "America/New_York") is empty


def test_the_first_and_the_last_years_of_the_calendar_have_a_clock() -> None:
    """Contracts that never end end in 9999; what was never dated began in year 1."""
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
    held = np.array([microseconds(each) for each in ends])
    assert (wall_clock(Column(held), "Asia/Kathmandu").values > held).all()
    assert (wall_clock(Column(held), "UTC").values == held).all()


def test_microseconds_count_from_1970_and_know_offsets() -> None:
    assert microseconds(EPOCH) == 0
    assert microseconds(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1
    assert microseconds(datetime(1970, 1, 1, 1, tzinfo=ZoneInfo("Europe/Paris"))) == 0
