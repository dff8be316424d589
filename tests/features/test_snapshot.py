"""Who is in a snapshot, what its rows look like, and the clock of the project."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from ebbtide.clock import parse_instant
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import ContractError, NotReady
from features.catalogue.catalogue import features_named
from features.snapshot import build_snapshot
from features.tables import connect, load_relation

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def living(company, *, active_within_days, lookback_days=365):
    return build_snapshot(
        company,
        as_of=AS_OF,
        features=features_named(["recency_days"]),
        lookback_days=lookback_days,
        definition=ChurnDefinition(
            horizon_days=90, gap_days=0, active_within_days=active_within_days
        ),
    )["customer_id"].to_pylist()


def test_the_living_purchased_within_the_days_of_the_definition(open_company, ago) -> None:
    rows = [
        {"customer_id": name, "occurred_at": at, "amount": amount}
        for name, at, amount in (
            ("just-inside", ago(30), 5),
            ("just-outside", ago(30, microseconds=1), 5),
            ("on-the-cutoff", ago(0), 5),
            ("returned-only", ago(3), -5),
            ("got-it-free", ago(3), 0),
        )
    ]
    company = open_company(transactions=rows)
    assert living(company, active_within_days=30) == ["got-it-free", "just-inside"]


def test_who_only_complains_is_not_alive(features_of, ago) -> None:
    found = features_of(
        "complaints_30d",
        transactions=[{"customer_id": "a", "occurred_at": ago(3), "amount": 5}],
        complaints=[{"customer_id": "z", "opened_at": ago(3)}],
    )
    assert found == {"a": {"complaints_30d": 0}}


def test_a_snapshot_is_ordered_typed_and_stamped(open_company, ago) -> None:
    rows = [{"customer_id": c, "occurred_at": ago(3), "amount": 5} for c in ("b", "a", "10", "9")]
    frame = build_snapshot(
        open_company(transactions=rows),
        as_of=AS_OF,
        features=features_named(["spend_30d", "gap_mean_days"]),
        lookback_days=365,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    )
    assert frame.schema.equals(
        pa.schema(
            [
                ("customer_id", pa.string()),
                ("as_of", pa.timestamp("us", tz="UTC")),
                ("spend_30d", pa.float64()),
                ("gap_mean_days", pa.float64()),
            ]
        )
    )
    assert frame["customer_id"].to_pylist() == ["10", "9", "a", "b"]
    assert set(frame["as_of"].to_pylist()) == {AS_OF}


def test_features_come_in_the_order_asked_for(features_of, ago) -> None:
    names = ("spend_share_90d", "recency_days", "basket_last_over_mean")
    rows = [{"customer_id": "a", "occurred_at": ago(3), "amount": 5}]
    assert tuple(features_of(*names, transactions=rows)["a"]) == names


def test_an_unknown_feature_is_named_with_the_nearest() -> None:
    with pytest.raises(ContractError, match=r"no feature 'recency_day'; did you mean 'recency_da"):
        features_named(["recency_day"])


LONDON = "Europe/London"


@pytest.mark.parametrize(
    ("typed", "utc"),
    [
        pytest.param("2011-03-27", "2011-03-27T00:00", id="the-day-clocks-go-forward"),
        pytest.param("2011-03-28", "2011-03-27T23:00", id="the-day-after"),
        pytest.param("2011-10-30", "2011-10-29T23:00", id="the-day-clocks-go-back"),
        pytest.param("2011-10-31", "2011-10-31T00:00", id="the-day-after-that"),
    ],
)
def test_midnight_is_where_the_project_is(typed, utc) -> None:
    assert parse_instant(typed, time_zone=LONDON) == datetime.fromisoformat(f"{utc}+00:00")


def test_wall_clocks_of_the_log_are_read_in_the_zone_of_the_project() -> None:
    connection = connect(LONDON)
    connection.execute(
        "CREATE VIEW raw_activity AS SELECT 'a' AS customer_id, * FROM (VALUES"
        " (1, TIMESTAMP '2011-03-27 00:30:00'), (2, TIMESTAMP '2011-03-27 02:30:00'),"
        " (3, TIMESTAMP '2011-10-30 00:30:00'), (4, TIMESTAMP '2011-10-30 02:30:00'))"
        " AS rows(value, occurred_at)"
    )
    load_relation(connection, "activity")
    read = connection.sql("SELECT occurred_at FROM activity ORDER BY value").fetchall()
    assert [at.isoformat() for (at,) in read] == [
        "2011-03-27T00:30:00",  # winter: as it stands
        "2011-03-27T01:30:00",  # summer: an hour earlier in UTC
        "2011-10-29T23:30:00",
        "2011-10-30T02:30:00",
    ]


def test_the_evening_of_a_summer_day_belongs_to_that_day(open_company) -> None:
    as_of = parse_instant("2011-07-02", time_zone=LONDON)
    rows = [
        {"customer_id": "a", "occurred_at": datetime(2011, 7, 1, 22, 59, tzinfo=UTC), "amount": 1},
        {"customer_id": "b", "occurred_at": datetime(2011, 7, 1, 23, 0, tzinfo=UTC), "amount": 1},
    ]
    frame = build_snapshot(
        open_company(time_zone=LONDON, transactions=rows),
        as_of=as_of,
        features=features_named(["recency_days"]),
        lookback_days=365,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    )
    assert frame["customer_id"].to_pylist() == ["a"]  # b bought at the midnight of London


def test_the_log_ends_at_the_midnight_after_the_last_purchase(open_company) -> None:
    rows = [
        {"customer_id": "a", "occurred_at": datetime(2011, 7, 1, 22, 59, tzinfo=UTC), "amount": 1},
        {"customer_id": "a", "occurred_at": datetime(2011, 6, 1, 8, 0, tzinfo=UTC), "amount": 1},
    ]
    log = open_company(time_zone=LONDON, transactions=rows)
    assert log.log_start(now=NOW) == datetime(2011, 6, 1, 8, tzinfo=UTC)
    assert log.log_end(now=NOW) == datetime(2011, 7, 1, 23, tzinfo=UTC)


def test_the_day_that_runs_is_not_over(open_company) -> None:
    rows = [{"customer_id": "a", "occurred_at": datetime(2011, 7, 1, 9, tzinfo=UTC), "amount": 1}]
    log = open_company(transactions=rows)
    assert log.log_end(now=datetime(2011, 7, 1, 10, tzinfo=UTC)) == datetime(2011, 7, 1, tzinfo=UTC)
    assert log.log_end(now=datetime(2011, 7, 2, tzinfo=UTC)) == datetime(2011, 7, 2, tzinfo=UTC)


def test_a_row_counts_for_the_start_of_the_log_once_it_is_known(open_company) -> None:
    old, recent = datetime(2009, 1, 1, tzinfo=UTC), datetime(2011, 1, 1, tzinfo=UTC)
    known = datetime(2011, 6, 1, tzinfo=UTC)
    rows = [
        {"customer_id": "a", "occurred_at": old, "amount": 1, "known_at": known},
        {"customer_id": "a", "occurred_at": recent, "amount": 1, "known_at": None},
    ]
    log = open_company(transactions=rows)
    assert log.log_start(now=known) == recent
    assert log.log_start(now=NOW) == old


@pytest.mark.parametrize(
    ("day", "is_observed"),
    [
        pytest.param(11, True, id="the end of the log"),
        pytest.param(14, True, id="as silent as once before"),
        pytest.param(15, False, id="more silent than ever"),
    ],
)
def test_time_beyond_the_longest_silence_is_not_observed(open_company, day, is_observed) -> None:
    days = (1, 2, 3, 6, 10)  # silent on the 7th, 8th and 9th
    rows = [
        {"customer_id": "a", "occurred_at": datetime(2011, 7, d, 9, tzinfo=UTC), "amount": 1}
        for d in days
    ]
    log = open_company(transactions=rows)
    instant = datetime(2011, 7, day, tzinfo=UTC)
    if is_observed:
        log.require_observed(instant, now=NOW)
        return
    with pytest.raises(NotReady, match="Use --as-of 2011-07-11, or bring newer data"):
        log.require_observed(instant, now=NOW)


def test_the_future_is_not_observed(open_company) -> None:
    rows = [
        {"customer_id": "a", "occurred_at": datetime(2011, 7, d, 9, tzinfo=UTC), "amount": 1}
        for d in (1, 20)
    ]
    with pytest.raises(NotReady, match="bring newer data"):
        open_company(transactions=rows).require_observed(
            datetime(2011, 7, 22, tzinfo=UTC), now=datetime(2011, 7, 21, tzinfo=UTC)
        )


def test_days_are_civil_days_where_the_clocks_change(open_company) -> None:
    """Five purchases at five midnights of London, the clocks going back in between."""
    zone = "Europe/London"
    rows = [
        {"customer_id": "a", "occurred_at": parse_instant(day, time_zone=zone), "amount": 1}
        for day in ("2011-10-28", "2011-10-29", "2011-10-30", "2011-10-31", "2011-11-01")
    ]
    names = ["gap_mean_days", "gap_max_days", "purchase_days_30d"]
    frame = build_snapshot(
        open_company(time_zone=zone, transactions=rows),
        as_of=parse_instant("2011-11-27", time_zone=zone),
        features=features_named(names),
        lookback_days=365,
        definition=ChurnDefinition(
            horizon_days=90, gap_days=0, active_within_days=365, time_zone=zone
        ),
    )
    assert [frame[name][0].as_py() for name in names] == [1.0, 1.0, 5.0]


def test_a_log_without_rows_is_not_ready(open_company, ago) -> None:
    log = open_company(transactions=[{"customer_id": "a", "occurred_at": ago(1), "amount": 1}])
    log.connection.execute("DELETE FROM transactions")
    with pytest.raises(NotReady, match="no transactions yet"):
        log.log_end(now=NOW)
