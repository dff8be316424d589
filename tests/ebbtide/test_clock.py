"""Instants, midnights and the window of an outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.clock import (
    OutcomeWindow,
    day_in_words,
    next_midnight,
    parse_instant,
    shift_days,
    whole_days,
    zone,
)
from ebbtide.errors import SettingsError

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "time_zone", "utc"),
    [
        pytest.param("2011-03-01", "UTC", "2011-03-01T00:00:00", id="date"),
        pytest.param("2011-07-01", "Europe/London", "2011-06-30T23:00:00", id="summer-midnight"),
        pytest.param("2011-03-01T09:30", "Asia/Shanghai", "2011-03-01T01:30:00", id="local-time"),
        pytest.param("2011-03-01T09:00:00Z", "Asia/Shanghai", "2011-03-01T09:00:00", id="utc"),
        pytest.param("2011-03-01T09:00:00+01:00", "UTC", "2011-03-01T08:00:00", id="offset"),
        pytest.param(" 2011-03-01 ", "UTC", "2011-03-01T00:00:00", id="blanks-around"),
    ],
)
def test_instants_are_read_into_utc(text, time_zone, utc) -> None:
    read = parse_instant(text, time_zone=time_zone)
    assert read == datetime.fromisoformat(utc + "+00:00")
    assert read.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "yesterday", "2011-02-30", "01/03/2011", "2011-13-01"])
def test_what_is_no_date_says_what_would_be(text) -> None:
    with pytest.raises(SettingsError, match="such as 2011-03-01"):
        parse_instant(text)


@pytest.mark.parametrize("name", ["Europe/Londn", "", "../etc/passwd", "+01:00"])
def test_an_unknown_zone_says_what_would_be_one(name) -> None:
    with pytest.raises(SettingsError, match="'Europe/London' or 'UTC'"):
        zone(name)


@pytest.mark.parametrize(
    ("instant", "time_zone", "midnight"),
    [
        pytest.param("2011-03-01T00:00", "UTC", "2011-03-02T00:00", id="midnight-is-not-its-own"),
        pytest.param("2011-03-01T23:59", "UTC", "2011-03-02T00:00", id="evening"),
        pytest.param("2011-07-01T22:59", "Europe/London", "2011-07-01T23:00", id="summer"),
        pytest.param("2011-03-26T12:00", "Europe/London", "2011-03-27T00:00", id="before-forward"),
        pytest.param("2011-03-27T12:00", "Europe/London", "2011-03-27T23:00", id="day-of-23-hours"),
        pytest.param("2011-10-30T12:00", "Europe/London", "2011-10-31T00:00", id="day-of-25-hours"),
        pytest.param("2011-12-31T12:00", "UTC", "2012-01-01T00:00", id="new-year"),
    ],
)
def test_the_next_midnight_is_that_of_the_zone(instant, time_zone, midnight) -> None:
    found = next_midnight(datetime.fromisoformat(f"{instant}+00:00"), time_zone=time_zone)
    assert found == datetime.fromisoformat(f"{midnight}+00:00")


def test_a_window_starts_after_the_gap_and_matures_at_its_end() -> None:
    as_of = datetime(2011, 1, 1, tzinfo=UTC)
    window = OutcomeWindow(as_of=as_of, gap_days=7, horizon_days=90)
    assert window.starts_at == as_of + timedelta(days=7)
    assert window.ends_at == as_of + timedelta(days=97)
    assert window.has_matured(now=window.ends_at)
    assert not window.has_matured(now=window.ends_at - TICK)


@pytest.mark.parametrize(
    ("start", "days", "ends"),
    [
        pytest.param("2011-01-15", 90, "2011-04-15", id="over the spring change"),
        pytest.param("2011-10-01", 60, "2011-11-30", id="over the autumn change"),
        pytest.param("2011-04-15", -90, "2011-01-15", id="back over the spring change"),
    ],
)
def test_a_window_of_civil_days_ends_at_a_midnight(start: str, days: int, ends: str) -> None:
    london = "Europe/London"
    as_of = parse_instant(start, time_zone=london)
    wanted = parse_instant(ends, time_zone=london)
    assert shift_days(as_of, days, time_zone=london) == wanted
    if days > 0:
        window = OutcomeWindow(as_of=as_of, gap_days=30, horizon_days=days - 30, time_zone=london)
        assert window.ends_at == wanted


@pytest.mark.parametrize(
    ("instant", "time_zone", "words"),
    [
        pytest.param("2007-08-31T22:00", "Europe/Vienna", "2007-09-01", id="summer"),
        pytest.param("2007-12-30T23:00", "Europe/Vienna", "2007-12-31", id="winter"),
        pytest.param("2007-08-31T00:00", "Europe/Vienna", "2007-08-31T02:00+02:00", id="utc"),
        pytest.param("2011-12-30T10:00", "Pacific/Apia", "2011-12-31", id="after-the-lost-day"),
        pytest.param("2007-10-14T04:00", "America/Santiago", "2007-10-14", id="no-00:00"),
        pytest.param("2007-10-28T00:30", "Europe/Vienna", "2007-10-28T02:30+02:00", id="first"),
        pytest.param("2007-10-28T01:30", "Europe/Vienna", "2007-10-28T02:30+01:00", id="second"),
        pytest.param("2007-01-01T00:00:30", "UTC", "2007-01-01T00:00:30+00:00", id="seconds"),
        pytest.param("2007-01-01T00:00", "UTC", "2007-01-01", id="midnight-in-utc"),
    ],
)
def test_a_day_in_words_is_that_of_the_zone_and_reads_back_the_same(
    instant, time_zone, words
) -> None:
    meant = datetime.fromisoformat(f"{instant}+00:00")
    assert day_in_words(meant, time_zone=time_zone) == words
    assert parse_instant(words, time_zone=time_zone) == meant


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        pytest.param("2011-03-01", "2011-04-01", 31, id="over-the-day-of-23-hours"),
        pytest.param("2011-10-01", "2011-11-01", 31, id="over-the-day-of-25-hours"),
        pytest.param("2011-10-01T00:30", "2011-11-01", 30, id="half-an-hour-short"),
        pytest.param("2011-01-01T10:00", "2011-01-03", 1, id="part-of-a-day-is-none"),
    ],
)
def test_whole_days_are_those_of_the_calendar(start: str, end: str, days: int) -> None:
    first, last = (parse_instant(text, time_zone="Europe/Vienna") for text in (start, end))
    assert whole_days(first, last, time_zone="Europe/Vienna") == days
