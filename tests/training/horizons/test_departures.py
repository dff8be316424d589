"""Departures: who has left by which day, by hand and against the usual outcome asked every day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.clock import parse_instant, shift_days
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from features.labels import label_snapshot
from features.tables import Tables, connect, load_relation
from training.horizons.departures import anchor_day, departures_at

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
LATER = AS_OF + timedelta(days=1000)
DAYS = (0, 30, 60, 90)


def company(
    times: dict[str, list[datetime]],
    *,
    time_zone: str = "UTC",
    known: dict[datetime, datetime] | None = None,
) -> Tables:
    """Purchases of customers, each known when it happened unless said otherwise."""
    connection = connect(time_zone)
    rows = [(name, at) for name, each in times.items() for at in each]
    instant = pa.timestamp("us", tz="UTC")
    connection.register(
        "raw_transactions",
        pa.table(
            {
                "customer_id": pa.array([name for name, _ in rows], pa.string()),
                "occurred_at": pa.array([at for _, at in rows], instant),
                "amount": pa.array([5] * len(rows), pa.decimal128(18, 4)),
                "known_at": pa.array([(known or {}).get(at, at) for _, at in rows], instant),
            }
        ),
    )
    columns = {"transactions": load_relation(connection, "transactions")}
    return Tables(connection=connection, columns=columns, time_zone=time_zone)


def churn(*, gap_days: int = 0, horizon_days: int = 90, zone: str = "UTC") -> ChurnDefinition:
    return ChurnDefinition(
        horizon_days=horizon_days, gap_days=gap_days, active_within_days=365, time_zone=zone
    )


def left(*after_days: float, gap_days: int = 0, now: datetime = LATER, known=None) -> list[float]:
    """By which days somebody had left who bought the day before, and so many days later."""
    times = [AS_OF - timedelta(days=1), *(AS_OF + timedelta(days=day) for day in after_days)]
    known_at = {AS_OF + timedelta(days=day): at for day, at in (known or {}).items()}
    tables = company({"a": times}, known=known_at)
    found = departures_at(
        tables, as_of=AS_OF, now=now, definition=churn(gap_days=gap_days), days=DAYS
    )
    assert found.customer_ids.tolist() == ["a"]
    return found.left[0].tolist()


@pytest.mark.parametrize(
    ("after_days", "expected"),
    [
        pytest.param([], [1, 1, 1, 1], id="silent-at-once"),
        pytest.param([90], [1, 1, 1, 1], id="back-after-the-horizon"),
        pytest.param([10], [0, 1, 1, 1], id="last-purchase-on-day-10"),
        pytest.param([10, 50], [0, 0, 1, 1], id="last-purchase-on-day-50"),
        pytest.param([10, 50, 130], [0, 0, 0, 0], id="last-purchase-after-the-last-day"),
        pytest.param([10, 100], [0, 0, 0, 0], id="back-on-the-last-day-of-the-silence"),
        pytest.param([10, 100.001], [0, 1, 1, 1], id="back-just-after-the-silence"),
        pytest.param([0], [0, 1, 1, 1], id="last-purchase-as-the-window-begins"),
        pytest.param([29.999], [0, 1, 1, 1], id="last-purchase-just-before-day-30"),
        pytest.param([30], [0, 0, 1, 1], id="last-purchase-on-day-30"),
        pytest.param([10, 10], [0, 1, 1, 1], id="two-lines-of-one-purchase"),
    ],
)
def test_left_by_a_day_is_a_whole_silence_begun_by_then(after_days, expected) -> None:
    assert left(*after_days) == expected


def test_the_gap_moves_every_day() -> None:
    assert left(6, gap_days=7) == [1, 1, 1, 1]
    assert left(36, gap_days=7) == [0, 1, 1, 1]
    assert left(37, gap_days=7) == [0, 0, 1, 1]


def test_a_day_matures_a_horizon_after_it() -> None:
    now = AS_OF + timedelta(days=150)
    assert left(10, now=now) == [0, 1, 1]
    assert left(10, now=now - timedelta(microseconds=1)) == [0, 1]
    with pytest.raises(NotReady):
        left(10, now=AS_OF + timedelta(days=89))


def test_purchases_that_became_known_later_are_not_seen() -> None:
    assert left(10, 50, known={50: LATER}) == [0, 1, 1, 1]
    assert left(10, 50, known={50: LATER - timedelta(days=1)}) == [0, 0, 1, 1]


def test_purchases_after_now_do_not_end_a_silence() -> None:
    now = AS_OF + timedelta(days=120)
    assert left(10, now=now) == left(10, 120, now=now) == [0, 1]


def test_departures_of_some_customers_are_theirs() -> None:
    bought = AS_OF - timedelta(days=1)
    tables = company({"a": [bought], "b": [bought, AS_OF + timedelta(days=5)], "c": [bought]})
    found = departures_at(tables, as_of=AS_OF, now=LATER, definition=churn(), days=(0, 30))
    some = found.of(np.array(["b", "c"]))
    assert some.left.tolist() == [[0, 1], [1, 1]]
    with pytest.raises(AssertionError, match="without outcome"):
        found.of(np.array(["z"]))


hours = st.lists(st.integers(0, 24 * 40), max_size=8)


@pytest.mark.property
@settings(max_examples=25)
@given(st.lists(hours, min_size=1, max_size=4), st.sampled_from([0, 3]))
def test_left_by_a_day_is_churn_asked_at_some_instant_until_then(purchases, gap_days) -> None:
    """Half-hours lie between purchases on whole hours: they stand for all instants."""
    definition = churn(gap_days=gap_days, horizon_days=9)
    times = {
        f"c{index}": [AS_OF - timedelta(days=1), *(AS_OF + timedelta(hours=h) for h in each)]
        for index, each in enumerate(purchases)
    }
    tables = company(times)
    found = departures_at(tables, as_of=AS_OF, now=LATER, definition=definition, days=(0, 2, 5))
    came = {name: sorted(each) for name, each in times.items()}
    for row, name in enumerate(found.customer_ids.tolist()):
        for column, day in enumerate(found.days):
            asked = (
                definition.window(AS_OF + timedelta(minutes=30 * half))
                for half in range(48 * day + 1)
            )
            is_left = any(
                not any(window.starts_at <= at < window.ends_at for at in came[name])
                for window in asked
            )
            assert bool(found.left[row, column]) == is_left, (name, day)
    assert (np.diff(found.left, axis=1) >= 0).all()


def test_left_by_day_0_is_churn_by_definition() -> None:
    rng = np.random.default_rng(4)
    times = {
        f"c{index:02}": [
            AS_OF + timedelta(hours=int(hour)) for hour in rng.integers(-4000, 4000, 6)
        ]
        for index in range(40)
    }
    tables = company(times)
    labels = label_snapshot(tables, as_of=AS_OF, now=LATER, definition=churn())
    found = departures_at(tables, as_of=AS_OF, now=LATER, definition=churn(), days=DAYS)
    assert found.customer_ids.tolist() == labels["customer_id"].to_pylist()
    assert found.left[:, 0].tolist() == labels["churned"].to_pylist()
    assert 0 < found.left[:, 0].mean() < 1


def test_a_silence_lasts_civil_days_where_the_clocks_change() -> None:
    zone = "Europe/London"
    as_of = parse_instant("2011-03-01", time_zone=zone)
    bought = parse_instant("2011-03-10T12:00:00", time_zone=zone)
    back = shift_days(bought, 90, time_zone=zone)
    assert back - bought == timedelta(days=90, hours=-1)
    before = as_of - timedelta(days=1)
    tables = company(
        {
            "on-the-day": [before, bought, back],
            "an-hour-later": [before, bought, back + timedelta(hours=1)],
        },
        time_zone=zone,
    )
    found = departures_at(tables, as_of=as_of, now=LATER, definition=churn(zone=zone), days=(0, 30))
    assert dict(zip(found.customer_ids.tolist(), found.left[:, 1].tolist(), strict=True)) == {
        "on-the-day": 0.0,
        "an-hour-later": 1.0,
    }


def contracts(rows: list[tuple[str, float, float | None, str | None]]) -> Tables:
    """Subscriptions: whose, from which day to which day after as_of, and why they ended."""
    connection = connect("UTC")
    instant = pa.timestamp("us", tz="UTC")

    def at(day: float | None) -> datetime | None:
        return None if day is None else AS_OF + timedelta(days=day)

    connection.register(
        "raw_subscriptions",
        pa.table(
            {
                "customer_id": pa.array([row[0] for row in rows], pa.string()),
                "started_at": pa.array([at(row[1]) for row in rows], instant),
                "ended_at": pa.array([at(row[2]) for row in rows], instant),
                "end_reason": pa.array([row[3] for row in rows], pa.string()),
            }
        ),
    )
    columns = {"subscriptions": load_relation(connection, "subscriptions")}
    return Tables(connection=connection, columns=columns)


MONTH = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)


def test_a_contract_has_left_by_the_day_after_its_end() -> None:
    tables = contracts(
        [
            ("ends-on-10", -100, 10, "voluntary"),
            ("ends-on-30", -100, 30, "payment"),
            ("renewed", -100, 10, None),
            ("renewed", 15, None, None),
            ("renewed-in-vain", -100, 10, "voluntary"),
            ("renewed-in-vain", 12, 50, None),
            ("runs", -100, None, None),
            ("gone", -100, -1, "voluntary"),
        ]
    )
    found = departures_at(tables, as_of=AS_OF, now=LATER, definition=MONTH, days=(15, 30, 60, 90))
    assert found.causes is not None
    assert {
        name: (left.tolist(), cause)
        for name, left, cause in zip(
            found.customer_ids.tolist(), found.left, found.causes.tolist(), strict=True
        )
    } == {
        "ends-on-10": ([1, 1, 1, 1], "voluntary"),
        "ends-on-30": ([0, 0, 1, 1], "payment"),
        "renewed": ([0, 0, 0, 0], ""),
        "renewed-in-vain": ([0, 0, 1, 1], "unknown"),
        "runs": ([0, 0, 0, 0], ""),
    }
    assert anchor_day(MONTH) == 30
    labels = label_snapshot(tables, as_of=AS_OF, now=LATER, definition=MONTH)
    assert found.left[:, 1].tolist() == labels["churned"].to_pylist()


def test_the_end_of_a_contract_matures_after_its_grace() -> None:
    tables = contracts([("a", -100, None, None)])
    for days_later, matured in ((37, (15, 30)), (36, (15,)), (97, (15, 30, 60, 90))):
        now = AS_OF + timedelta(days=days_later)
        found = departures_at(tables, as_of=AS_OF, now=now, definition=MONTH, days=(15, 30, 60, 90))
        assert found.days == matured
    with pytest.raises(NotReady):
        departures_at(tables, as_of=AS_OF, now=AS_OF, definition=MONTH, days=(15, 30))
