"""The point-in-time filter at its edges, to the microsecond."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from features.seen import at_instant, seen_sql, timestamp_sql

DAY_US = 86_400_000_000
OCCURRED = datetime(2011, 3, 1, tzinfo=ZoneInfo("UTC"))


def seen(company, table, *, as_of, columns="*", lookback_days=365):
    sql = at_instant(
        seen_sql(table, company.columns[table]),
        as_of=as_of,
        lookback_days=lookback_days,
        time_zone="UTC",
    )
    return company.connection.sql(f"SELECT {columns} FROM ({sql}) ORDER BY ALL").fetchall()


@pytest.mark.parametrize(
    ("days", "microseconds", "is_seen"),
    [
        pytest.param(0, -1, False, id="after-the-cutoff"),
        pytest.param(0, 0, False, id="on-the-cutoff"),
        pytest.param(0, 1, True, id="just-before-the-cutoff"),
        pytest.param(365, -1, True, id="inside-the-lookback"),
        pytest.param(365, 0, True, id="on-the-start-of-the-lookback"),
        pytest.param(365, 1, False, id="before-the-lookback"),
    ],
)
def test_rows_are_seen_strictly_before_the_cutoff_within_the_lookback(
    open_company, ago, days, microseconds, is_seen
) -> None:
    at = ago(days, microseconds=microseconds)
    company = open_company(activity=[{"customer_id": "a", "occurred_at": at}])
    assert len(seen(company, "activity", as_of=OCCURRED)) == is_seen


@pytest.mark.parametrize(
    ("known", "is_seen"),
    [
        pytest.param(timedelta(microseconds=-1), True, id="known-just-before"),
        pytest.param(timedelta(), False, id="known-on-the-cutoff"),
        pytest.param(timedelta(days=9), False, id="known-later"),
        pytest.param(None, True, id="known-when-it-happened"),
        pytest.param(timedelta(days=-900), True, id="known-long-before-it-happened"),
    ],
)
def test_rows_are_seen_once_they_were_known(open_company, ago, known, is_seen) -> None:
    row = {
        "customer_id": "a",
        "occurred_at": ago(5),
        "known_at": None if known is None else OCCURRED + known,
    }
    other = {"customer_id": "b", "occurred_at": ago(5), "known_at": ago(4)}
    company = open_company(activity=[row, other])
    assert len(seen(company, "activity", as_of=OCCURRED)) == 1 + is_seen


@pytest.mark.parametrize(
    ("age_us", "age_day"),
    [
        pytest.param(1, 0, id="a-microsecond"),
        pytest.param(DAY_US, 0, id="exactly-a-day"),
        pytest.param(DAY_US + 1, 1, id="a-microsecond-more"),
        pytest.param(30 * DAY_US, 29, id="exactly-thirty-days"),
        pytest.param(30 * DAY_US + 1, 30, id="thirty-days-and-a-microsecond"),
    ],
)
def test_ages_are_exact(open_company, ago, age_us, age_day) -> None:
    at = ago(0, microseconds=age_us)
    company = open_company(activity=[{"customer_id": "a", "occurred_at": at}])
    found = seen(company, "activity", as_of=OCCURRED, columns="age_us, age_day, age_days")
    assert found == [(age_us, age_day, age_us / DAY_US)]


def test_a_day_of_a_window_is_as_long_as_any_other(features_of, ago) -> None:
    rows = [{"customer_id": "a", "occurred_at": ago(30), "amount": 1}]
    rows += [{"customer_id": "b", "occurred_at": ago(30, microseconds=1), "amount": 1}]
    found = features_of("spend_30d", "spend_90d", transactions=rows)
    assert found == {
        "a": {"spend_30d": 1, "spend_90d": 1},
        "b": {"spend_30d": 0, "spend_90d": 1},
    }


@pytest.mark.parametrize(
    ("resolved", "expected"),
    [
        pytest.param(timedelta(microseconds=-1), True, id="just-before"),
        pytest.param(timedelta(), None, id="on-the-cutoff"),
        pytest.param(timedelta(days=1), None, id="later"),
    ],
)
def test_a_completion_is_seen_strictly_before_the_cutoff(
    open_company, ago, resolved, expected
) -> None:
    row = {
        "customer_id": "a",
        "opened_at": ago(9),
        "resolved_at": OCCURRED + resolved,
        "reopened": True,
        "severity": 3.0,
    }
    company = open_company(complaints=[row])
    found = seen(
        company, "complaints", as_of=OCCURRED, columns="reopened, resolved_at IS NOT NULL, severity"
    )
    assert found == [(expected, expected is True, 3.0)]


def test_what_has_no_instant_of_completion_is_not_believed(open_company, ago) -> None:
    row = {"customer_id": "a", "opened_at": ago(9), "reopened": True}
    company = open_company(complaints=[row])
    assert seen(company, "complaints", as_of=OCCURRED, columns="reopened") == [(None,)]


def test_a_table_without_a_clock_of_its_own_is_cut_by_known_at_only(open_company, ago) -> None:
    rows = [
        {"customer_id": "a", "segment": "s1", "known_at": ago(5000)},
        {"customer_id": "b", "segment": "s2", "known_at": None},
        {"customer_id": "c", "segment": "s3", "known_at": OCCURRED},
    ]
    company = open_company(customers=rows)
    found = seen(company, "customers", as_of=OCCURRED, columns="segment")
    assert found == [("s1",), ("s2",)]


def test_an_instant_is_written_in_utc_whatever_its_zone() -> None:
    summer = datetime(2011, 6, 1, 0, 0, 0, 7, tzinfo=ZoneInfo("Europe/London"))
    assert timestamp_sql(summer) == "TIMESTAMP '2011-05-31 23:00:00.000007'"
