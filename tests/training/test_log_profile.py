"""What is kept of raw tables: how large they were, how far they reached, at which hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from features.tables import Tables, connect, load_relation
from training.log_profile import log_profile

NOW = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def tables() -> Tables:
    connection = connect("Europe/Berlin")
    connection.execute(
        "CREATE VIEW raw_transactions AS SELECT * FROM (VALUES "
        "('a', TIMESTAMPTZ '2023-01-01 12:00+00', 5), "
        "('a', TIMESTAMPTZ '2024-02-01 08:30+00', 5), "
        "('a', TIMESTAMPTZ '2024-02-01 08:30+00', 5), "
        "('b', TIMESTAMPTZ '2024-02-29 22:59+00', 7), "
        "('b', TIMESTAMPTZ '2024-03-01 00:00+00', 7)"
        ") AS t(customer_id, occurred_at, amount)"
    )
    columns = load_relation(connection, "transactions")
    return Tables(
        connection=connection, columns={"transactions": columns}, time_zone="Europe/Berlin"
    )


def test_rows_are_counted_before_the_instant_and_hours_in_the_zone(tables: Tables) -> None:
    found = log_profile(tables, now=NOW)["transactions"]
    assert found["rows"] == 4
    assert found["first_at"] == "2023-01-01T12:00:00+00:00"
    assert found["last_at"] == "2024-02-29T22:59:00+00:00"
    assert (found["recent_rows"], found["recent_different"]) == (3, 2)
    assert {hour: n for hour, n in enumerate(found["recent_hours"]) if n} == {9: 2, 23: 1}


def test_an_empty_table_has_no_first_row(tables: Tables) -> None:
    found = log_profile(tables, now=datetime(2020, 1, 1, tzinfo=UTC))["transactions"]
    assert (found["rows"], found["first_at"], found["recent_rows"]) == (0, None, 0)
