"""Subscriptions whose end is churn must tell when they ended, and had better tell why."""

from __future__ import annotations

import duckdb
import pytest

from ebbtide.contracts.ends import check_ends
from ebbtide.definition import ChurnDefinition

MONTHLY = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)
SILENCE = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)


@pytest.fixture
def found():
    """Return severity and column of what is found in a table with some columns."""

    def check(columns, definition):
        with duckdb.connect() as connection:
            named = ", ".join(f"NULL AS {column}" for column in columns)
            connection.execute(f"CREATE TABLE raw AS SELECT {named}")
            findings = check_ends(connection, {"subscriptions": "raw"}, definition)
            return [(finding.severity, finding.column) for finding in findings]

    return check


def test_a_table_without_ends_is_an_error_and_one_without_reasons_worth_a_word(found) -> None:
    assert found(["customer_id"], MONTHLY) == [("error", "ended_at"), ("advice", "end_reason")]
    assert found(["ended_at"], MONTHLY) == [("advice", "end_reason")]
    assert found(["ended_at", "end_reason"], MONTHLY) == []


def test_a_silence_asks_nothing_of_subscriptions(found) -> None:
    assert found(["customer_id"], SILENCE) == []
