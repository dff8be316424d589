"""Tables against their transactions: the same customers, and the same time."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from ebbtide.contracts.tables import TABLES, table_contract
from ebbtide.contracts.together import STALE_AFTER_DAYS, check_together

LAST = date(2025, 6, 30)
CANARY = "canary-9731"


def together(**tables):
    """Check tables of text: for each the customers, and the day on which all of it happened."""
    with duckdb.connect() as connection:
        for name, (customers, day) in tables.items():
            clock = table_contract(name).clock
            rows = ", ".join(f"('{customer}', '{day}')" for customer in customers) or "(NULL, NULL)"
            connection.execute(
                f"CREATE VIEW raw_{name} AS "
                f"SELECT * FROM (VALUES {rows}) AS t(customer_id, {clock})"
            )
        return check_together(connection, {name: f"raw_{name}" for name in tables})


def shown(findings):
    return [(finding.severity, finding.place, finding.message) for finding in findings]


@pytest.mark.parametrize("name", [name for name in TABLES if name != "transactions"])
def test_tables_of_the_same_customers_and_time_have_no_findings(name) -> None:
    assert together(transactions=("abc", LAST), **{name: ("b", LAST)}) == []


@pytest.mark.parametrize(
    ("customers", "expected"),
    [
        ("wxyz", [("error", "0 of its 4 customers are in transactions.")]),
        ("axyz", [("warning", "1 of its 4 customers are in transactions.")]),
        ("abyz", []),
        ("abc", []),
    ],
    ids=["none", "few", "half", "all"],
)
@pytest.mark.parametrize("name", ["complaints", "customers"])
def test_customers_without_a_purchase_are_found(name, customers, expected) -> None:
    found = together(transactions=("abcdef", LAST), **{name: (customers, LAST)})
    assert shown(found) == [(kind, f"{name}.customer_id", said) for kind, said in expected]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (STALE_AFTER_DAYS, []),
        (STALE_AFTER_DAYS + 1, ["ends 31 days before transactions do."]),
        (-5, []),
    ],
    ids=["recent", "stale", "later"],
)
def test_a_table_that_ends_long_before_the_transactions_is_found(days, expected) -> None:
    found = together(transactions=("ab", LAST), activity=("ab", LAST - timedelta(days=days)))
    assert [finding.message for finding in found] == expected
    assert {finding.severity for finding in found} <= {"warning"}
    assert {finding.place for finding in found} <= {"activity.occurred_at"}


def test_a_table_without_a_clock_cannot_be_stale() -> None:
    assert together(transactions=("ab", LAST), customers=("ab", LAST - timedelta(days=900))) == []


def test_ids_are_compared_as_texts() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE VIEW t AS SELECT 7 AS customer_id, DATE '2025-06-30' AS occurred_at"
        )
        connection.execute("CREATE VIEW c AS SELECT '7' AS customer_id, '2025-06-30' AS opened_at")
        assert check_together(connection, {"transactions": "t", "complaints": "c"}) == []


def test_tables_without_customers_are_left_to_their_own_check() -> None:
    assert together(transactions=("", LAST), activity=("a", LAST)) == []
    assert together(transactions=("a", LAST), activity=("", LAST)) == []
    with duckdb.connect() as connection:
        connection.execute("CREATE VIEW t AS SELECT 1 AS client")
        assert check_together(connection, {"transactions": "t", "complaints": "t"}) == []


def test_a_table_without_its_clock_is_compared_all_the_same() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE VIEW t AS SELECT 'a' AS customer_id")
        connection.execute("CREATE VIEW c AS SELECT 'z' AS customer_id")
        (finding,) = check_together(connection, {"transactions": "t", "complaints": "c"})
    assert finding.severity == "error"


def test_no_finding_between_tables_quotes_a_value() -> None:
    found = together(transactions=("a", LAST), complaints=([CANARY], date(2020, 1, 1)))
    assert len(found) == 2
    assert CANARY not in repr(found)
    assert "2020" not in repr(found)
    assert all(finding.advice for finding in found)
