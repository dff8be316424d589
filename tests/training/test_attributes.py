"""Slices are told from what was known at the instant, and nothing is made up where it was not."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from features.tables import Tables, connect, load_relation
from training.attributes import attributes_at, tenure_groups

MARCH = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def tables() -> Tables:
    opened = Tables(connection=connect("UTC"), columns={})
    opened.connection.execute(
        "CREATE TEMP TABLE raw_customers AS SELECT * FROM (VALUES "
        "('ann', 'north', TIMESTAMP '2024-01-01'), ('ann', 'south', TIMESTAMP '2024-02-01'), "
        "('ann', 'west', TIMESTAMP '2024-03-01'), ('bob', 'east', NULL), "
        "('dan', 'north', TIMESTAMP '2024-01-01'), ('dan', NULL, TIMESTAMP '2024-02-01')) "
        "AS held(customer_id, region, known_at)"
    )
    opened.columns["customers"] = load_relation(opened.connection, "customers")
    return opened


def test_the_region_is_the_last_one_known_before_the_instant(tables: Tables) -> None:
    found = attributes_at(tables, np.array(["ann", "bob", "cid"]), as_of=MARCH)
    assert {name: held.tolist() for name, held in found.items()} == {
        "region": ["south", "east", "unknown"]
    }


def test_without_a_table_of_customers_there_are_no_attributes() -> None:
    bare = Tables(connection=connect("UTC"), columns={})
    assert attributes_at(bare, np.array(["ann"]), as_of=MARCH) == {}


def test_tenure_ends_where_the_lookback_does() -> None:
    rows = np.array([[10.0], [100.0], [300.0], [np.nan]])
    held = tenure_groups(rows, ["first_purchase_age_days"], lookback_days=180)["tenure"]
    assert held.tolist() == ["up to 90 days", "over 90 days", "over 90 days", "unknown"]
    assert tenure_groups(rows, ["first_purchase_age_days"], lookback_days=60) == {}
    assert tenure_groups(rows, ["recency_days"], lookback_days=365) == {}


def test_a_region_that_was_taken_back_is_unknown(tables: Tables) -> None:
    assert attributes_at(tables, np.array(["dan"]), as_of=MARCH)["region"].tolist() == ["unknown"]
