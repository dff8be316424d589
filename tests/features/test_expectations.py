"""What features expect of customers: fitted before the instant, told where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from by_hand import BUYING
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from features.catalogue import buy_till_you_die
from features.catalogue.catalogue import features_named, operands
from features.duckdb_snapshot import duckdb_snapshot
from features.expectations import needs_expectations, with_expectations
from features.snapshot import SnapshotBuilder

YEAR = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
NAMES = ["btyd_p_none", "btyd_spend_expected", "recency_days"]


@pytest.fixture
def shop(open_company, ago):
    """A hundred and fifty customers: every third comes again, some of them often."""

    def make(*, later: int = 0, price: float | None = None):
        rows = [
            {
                "customer_id": f"c{place}",
                "occurred_at": ago(200 - visit * (9 + place % 20)),
                "amount": price or 5 + (place * 7 + visit * 3) % 40,
            }
            for place in range(150)
            for visit in range(1 + (place % 3 == 0) * (1 + place % 6))
        ]
        rows += [
            {"customer_id": f"c{place}", "occurred_at": ago(0) + timedelta(days=1), "amount": 9}
            for place in range(later)
        ]
        return SnapshotBuilder.of(
            open_company(transactions=rows),
            features=features_named(NAMES),
            lookback_days=365,
            definition=YEAR,
        )

    return make


def test_a_fit_knows_nothing_of_what_came_later(shop, ago) -> None:
    before = shop().fit(ago(0))
    assert before is not None
    assert shop(later=150).fit(ago(0)) == before
    assert shop(later=150).fit(ago(-2)) != before


def test_a_snapshot_fits_before_its_own_instant_unless_it_is_told_the_parameters(shop, ago) -> None:
    builder = shop()
    fitted = builder.at(ago(0), expectations=builder.fit(ago(0)))
    assert builder.at(ago(0)).equals(fitted)
    assert not builder.at(ago(0), expectations=BUYING).equals(fitted)


@pytest.mark.parametrize("block", [60_000, 7], ids=["one-block", "many-blocks"])
@pytest.mark.parametrize("kind", ["inactivity", "contract_end"])
def test_one_pass_gives_what_a_fit_and_then_the_features_give(
    open_company, ago, monkeypatch, kind, block
) -> None:
    monkeypatch.setattr("features.arrays.snapshot.BLOCK", block)
    monkeypatch.setattr("features.arrays.snapshot._STEPS", 1)
    bought = [
        {
            "customer_id": f"c{place}",
            "occurred_at": ago(200 - visit * (9 + place % 20)),
            "amount": 5 + (place * 7 + visit * 3) % 40,
        }
        for place in range(0, 300, 2)
        for visit in range(1 + (place % 3 == 0) * (1 + place % 6))
    ]
    runs = [
        {"customer_id": f"c{place}", "started_at": ago(150), "ended_at": None, "price": 9}
        for place in range(300)
    ]
    definition = YEAR
    if kind == "contract_end":
        definition = ChurnDefinition(
            horizon_days=90, gap_days=0, active_within_days=365, kind="contract_end"
        )
    asked = {
        "features": features_named([*NAMES, "btyd_value_expected", "btyd_expected_purchases"]),
        "lookback_days": 365,
        "definition": definition,
    }
    tables = open_company(transactions=bought, subscriptions=runs)
    builder = SnapshotBuilder.of(tables, **asked)
    known = builder.fit(ago(0))
    assert known is not None
    assert known.purchases_fit.customers == 150
    fitted = builder.fitted(ago(0))
    assert fitted.expectations == known
    assert fitted.table.equals(builder.at(ago(0), expectations=known))
    filled = with_expectations(asked["features"], known, definition=definition)
    of_duckdb = duckdb_snapshot(tables, as_of=ago(0), **asked | {"features": filled})
    assert fitted.table["customer_id"].to_pylist() == of_duckdb["customer_id"].to_pylist()
    for name in of_duckdb.column_names[2:]:
        assert fitted.table[name].null_count == of_duckdb[name].null_count
        found, wanted = (each[name].to_numpy() for each in (fitted.table, of_duckdb))
        np.testing.assert_allclose(found, wanted, rtol=1e-12, equal_nan=True)


def test_what_waits_for_a_fit_is_computed_from_nothing_else() -> None:
    for feature in buy_till_you_die.FEATURES:
        assert feature.view is None
        assert "$" not in feature.sql
        [filled] = with_expectations([feature], BUYING, definition=YEAR)
        assert set(operands([filled])) <= set(buy_till_you_die.FITTED_FROM)


def test_sql_that_is_not_understood_is_refused_before_anything_is_read(
    open_company, ago, monkeypatch
) -> None:
    monkeypatch.setattr("features.snapshot.sorted_tables", None)
    tables = open_company(transactions=[{"customer_id": "a", "occurred_at": ago(5), "amount": 3}])
    [feature] = features_named(["spend_90d"])
    with pytest.raises(NotImplementedError, match="Median"):
        SnapshotBuilder.of(
            tables,
            features=[replace(feature, sql="median(amount)")],
            lookback_days=365,
            definition=YEAR,
        )


def test_too_few_customers_leave_null_what_needs_a_model(open_company, ago) -> None:
    rows = [{"customer_id": "a", "occurred_at": ago(5), "amount": 3}]
    builder = SnapshotBuilder.of(
        open_company(transactions=rows),
        features=features_named(NAMES),
        lookback_days=365,
        definition=YEAR,
    )
    assert builder.fit(ago(0)) is None
    [row] = builder.at(ago(0)).to_pylist()
    assert (row["btyd_p_none"], row["btyd_spend_expected"], row["recency_days"]) == (None, None, 5)


def test_spend_that_cannot_be_fitted_takes_no_purchases_with_it(shop, ago, monkeypatch) -> None:
    def fails(*_):
        raise NotReady("no maximum")

    monkeypatch.setattr("features.btyd.parameters.fit_gamma_gamma", fails)
    fitted = shop().fit(ago(0))
    assert fitted is not None
    assert fitted.spend is None


def test_only_features_with_parameters_need_a_fit() -> None:
    assert needs_expectations(features_named(["btyd_p_none"]))
    assert not needs_expectations(features_named(["recency_days"]))
    filled = with_expectations(features_named(["btyd_p_none"]), BUYING, definition=YEAR)
    assert not needs_expectations(filled)
