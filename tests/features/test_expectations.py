"""What features expect of customers: fitted before the instant, told where it cannot be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from by_hand import BUYING
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from features.catalogue.catalogue import features_named
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
