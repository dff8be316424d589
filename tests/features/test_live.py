"""Features of one customer from raw events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from ebbtide.definition import ChurnDefinition
from ebbtide.errors import ContractError
from features.live import features_of_events

AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)


def live(events, *names, as_of=AS_OF):
    return features_of_events(
        events,
        customer_id="a",
        as_of=as_of,
        names=names,
        lookback_days=365,
        definition=YEAR,
    )


def bought(at, amount=5.0):
    return {"occurred_at": at, "amount": amount}


@pytest.mark.parametrize(
    "transactions",
    [
        pytest.param([], id="no-events"),
        pytest.param([bought(AS_OF)], id="bought-on-the-cutoff"),
        pytest.param([bought(AS_OF - timedelta(days=366))], id="bought-too-long-ago"),
        pytest.param([bought(AS_OF - timedelta(days=9), -5.0)], id="returned-only"),
    ],
)
def test_who_is_not_alive_has_no_features(transactions) -> None:
    found = live({"transactions": transactions}, "recency_days")
    assert not found.is_alive
    assert found.values.size == 0


def test_tables_that_were_not_sent_are_named_and_count_as_empty() -> None:
    events = {"transactions": [bought(AS_OF - timedelta(days=9))], "activity": []}
    names = ["complaints_90d", "complaint_open_days", "activity_30d", "recency_days"]
    found = live(events, *names)
    assert found.tables_absent == ("complaints",)
    np.testing.assert_array_equal(found.values, [0, np.nan, 0, 9])


def test_offsets_are_understood() -> None:
    east = timezone(timedelta(hours=8))
    at = datetime(2011, 2, 28, 8, 0, tzinfo=east)  # midnight in UTC
    assert live({"transactions": [bought(at)]}, "recency_days").values.tolist() == [1.0]
    late = datetime(2011, 3, 1, 0, 0, tzinfo=timezone(-timedelta(hours=1)))  # 01:00 in UTC
    assert not live({"transactions": [bought(late)]}, "recency_days").is_alive


def test_columns_that_a_row_leaves_out_are_missing() -> None:
    rows = [bought(AS_OF - timedelta(days=3)) | {"product_id": "p1"}]
    rows.append(bought(AS_OF - timedelta(days=4)))
    assert live({"transactions": rows}, "products_90d", "spend_30d").values.tolist() == [1, 10]


def test_who_asks_for_no_feature_gets_none() -> None:
    found = live({"transactions": [bought(AS_OF - timedelta(days=9))]})
    assert found.is_alive
    assert found.values.shape == (0,)


def test_values_come_in_the_order_asked_for() -> None:
    events = {"transactions": [bought(AS_OF - timedelta(days=9))]}
    assert live(events, "spend_30d", "recency_days").values.tolist() == [5, 9]
    assert live(events, "recency_days", "spend_30d").values.tolist() == [9, 5]


def test_an_unknown_feature_is_an_error_of_the_request() -> None:
    with pytest.raises(ContractError, match="no feature 'wealth'"):
        live({}, "wealth")


PLAIN = {"transactions": {"customer_id", "occurred_at", "amount"}}
RICH = {"transactions": PLAIN["transactions"] | {"order_id", "discount"}}


def with_columns(rows, columns, *names):
    return features_of_events(
        {"transactions": rows},
        customer_id="a",
        as_of=AS_OF,
        names=names,
        lookback_days=365,
        definition=YEAR,
        columns=columns,
    )


def test_a_column_that_the_company_did_not_have_changes_nothing() -> None:
    day = AS_OF - timedelta(days=3)
    rows = [bought(day) | {"order_id": order} for order in ("o1", "o2")]
    assert with_columns(rows, PLAIN, "orders_365d").values.tolist() == [1]
    assert with_columns(rows, RICH, "orders_365d").values.tolist() == [2]
    assert with_columns(rows, PLAIN, "orders_365d").columns_absent == ()


def test_a_column_that_training_had_and_no_row_brings_is_named() -> None:
    rows = [bought(AS_OF - timedelta(days=days)) for days in (3, 4)]
    found = with_columns(rows, RICH, "orders_365d", "recency_days")
    assert found.columns_absent == ("transactions.order_id",)
    rows[1] |= {"order_id": None, "discount": 0.0}  # said to be nothing is not the same as unsaid
    assert with_columns(rows, RICH, "orders_365d").columns_absent == ()
    assert with_columns([], RICH, "orders_365d").columns_absent == ()


def test_columns_of_tables_that_no_feature_reads_are_not_asked_for() -> None:
    rows = [bought(AS_OF - timedelta(days=3))]
    rich = RICH | {"complaints": {"customer_id", "opened_at", "resolved_at"}}
    assert "complaints" not in " ".join(with_columns(rows, rich, "recency_days").columns_absent)


def test_what_was_known_later_is_not_seen_though_training_knew_no_such_column() -> None:
    as_of = datetime(2011, 3, 1, tzinfo=UTC)
    bought = {"occurred_at": as_of - timedelta(days=3), "amount": 20.0}
    late = {**bought, "known_at": as_of}
    found = features_of_events(
        {"transactions": [bought, late]},
        customer_id="a",
        as_of=as_of,
        names=["spend_90d"],
        lookback_days=365,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
        columns={"transactions": {"customer_id", "occurred_at", "amount"}},
    )
    assert found.values.tolist() == [20.0]
