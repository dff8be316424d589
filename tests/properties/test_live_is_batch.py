"""A customer's events sent to the service give the features that training computed for them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalogue.catalogue import CATALOGUE
from features.live import features_of_events

pytestmark = pytest.mark.property
NAMES = [feature.name for feature in CATALOGUE]


def events_of(company, customer_id):
    """Rows of one customer as the service takes them: no id, numbers instead of decimals."""
    return {
        name: [
            {
                key: float(value) if isinstance(value, Decimal) else value
                for key, value in row.items()
                if key != "customer_id"
            }
            for row in rows
            if row["customer_id"] == customer_id
        ]
        for name, rows in company.items()
    }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_events_of_a_customer_give_the_bits_of_the_batch(world, data) -> None:
    """Whatever columns the company has; what the caller sends beyond them changes nothing."""
    company = data.draw(world.companies())
    having = data.draw(world.columns_of_a_company())
    taken = world.snapshot(company, having=having)
    names = [name for name in NAMES if name in taken.column_names]
    batch = {row["customer_id"]: row for row in taken.to_pylist()}
    for customer_id in "abc":
        live = features_of_events(
            events_of(company, customer_id),
            customer_id=customer_id,
            as_of=world.as_of,
            names=names,
            lookback_days=365,
            definition=world.definition,
            columns=having,
        )
        assert live.is_alive == (customer_id in batch)
        if live.is_alive:
            expected = [batch[customer_id][name] for name in names]
            expected = np.array([np.nan if v is None else v for v in expected], dtype=float)
            np.testing.assert_array_equal(live.values, expected)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_feature_keeps_its_promise_of_range_and_of_nulls(world, data) -> None:
    frame = world.snapshot(data.draw(world.companies()))
    for feature in CATALOGUE:
        contract = feature.contract
        for value in frame[feature.name].to_pylist():
            if value is None:
                assert contract.is_nullable, f"{feature.name} is null and does not say why"
                continue
            assert np.isfinite(value), feature.name
            assert contract.low is None or value >= contract.low, (feature.name, value)
            assert contract.high is None or value <= contract.high, (feature.name, value)
