"""Values written otherwise: told by their form, never quoted, and read by what is advised."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from ebbtide.contracts.check import check_table
from ebbtide.contracts.forms import FORMS
from ebbtide.contracts.tables import SQL_TYPES, table_contract

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {"customer_id": "c1", "occurred_at": "2025-05-01T10:00:00Z", "amount": "9.50"}


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def error_of(connection, column: str, *values: object):
    rows = ", ".join("(?, ?, ?)" for _ in values)
    names = [*(name for name in GOOD if name != column), column]
    written = [each for value in values for each in (*(GOOD[n] for n in names[:2]), value)]
    connection.execute(
        f"CREATE TABLE raw AS SELECT * FROM (VALUES {rows}) AS t({', '.join(names)})", written
    )
    found = check_table(connection, "raw", table_contract("transactions"), now=NOW)
    [error] = [finding for finding in found if finding.severity == "error"]
    assert error.place == f"transactions.{column}"
    return error


CAME = [
    ("amount", "12,50", "a decimal comma", "12.5000"),
    ("amount", "-0,5", "a decimal comma", "-0.5000"),
    ("amount", "0,125", "a decimal comma", "0.1250"),
    ("amount", "1,234.50", "commas between thousands", "1234.5000"),
    ("amount", "$12.50", "a currency beside the number", "12.5000"),
    ("amount", "-12.50 EUR", "a currency beside the number", "-12.5000"),
    ("amount", "€ 5", "a currency beside the number", "5.0000"),
    ("occurred_at", "31.12.2024 10:00", "day.month.year", "2024-12-31 10:00:00+00"),
    ("occurred_at", "31.12.2024", "day.month.year", "2024-12-31 00:00:00+00"),
    (
        "occurred_at",
        "12/31/2024",
        "month/day/year or day/month/year",
        "2024-12-31 00:00:00+00",
    ),
    ("occurred_at", "1700000000", "seconds since 1970", "2023-11-14 22:13:20+00"),
    ("occurred_at", 1_700_000_000, "seconds since 1970", "2023-11-14 22:13:20+00"),
    ("occurred_at", 1_700_000_000.0, "seconds since 1970", "2023-11-14 22:13:20+00"),
    ("occurred_at", "1700000000000", "milliseconds since 1970", "2023-11-14 22:13:20+00"),
    ("occurred_at", "20241201", "year, month and day as one number", "2024-12-01 00:00:00+00"),
    ("occurred_at", 20241201, "year, month and day as one number", "2024-12-01 00:00:00+00"),
]


@pytest.mark.parametrize(
    ("column", "value", "form", "read"), CAME, ids=[f"{type(v).__name__} {v}" for _, v, *_ in CAME]
)
def test_a_known_form_is_named_and_what_is_advised_reads_it(
    connection, column, value, form, read
) -> None:
    error = error_of(connection, column, value, value)
    assert f"Got {form} in 2 row(s)." in error.message
    assert str(value) not in error.message + error.advice
    named = next(each for forms in FORMS.values() for each in forms if each.name == form)
    sql = named.sql.format(column=column)
    assert f"{sql} AS {column}" in error.advice
    kind = "TIMESTAMPTZ" if column == "occurred_at" else SQL_TYPES["money"]
    query = f"SELECT DISTINCT CAST(CAST({sql} AS {kind}) AS VARCHAR) FROM raw"
    assert connection.sql(query).fetchall() == [(read,)]


def test_of_several_forms_the_most_frequent_is_named_first_and_none_is_advised_on(
    connection,
) -> None:
    """By the SQL of a decimal comma 1,234 would become 1.234."""
    error = error_of(connection, "amount", "1,234", "1,5", "2,5", "nine", "3.5")
    assert error.count == 4
    assert "Got a decimal comma in 2 row(s), commas between thousands in 1" in error.message
    assert "replace" not in error.advice
    assert "tell them apart at the source" in error.advice


@pytest.mark.parametrize(
    "value", ["01.02.2023 10:15:30.123", "31.12.2024T10:00", "1/2/2023 3:00 PM", "1/2/23"]
)
def test_what_the_advised_query_could_not_read_is_of_no_known_form(value) -> None:
    with duckdb.connect() as connection:
        for form in FORMS["instant"]:
            query = f"SELECT regexp_matches(?, '{form.pattern}')"
            assert connection.execute(query, [value]).fetchall() == [(False,)]


@pytest.mark.parametrize(
    "value",
    ["12,50", "1.234,50", "$12,50", "12,50 EUR", "1.234,50 €", "0,125", "1234,500", "1.234,500"],
)
def test_what_is_advised_never_reads_a_sum_as_another(connection, value) -> None:
    """Where one step is not enough, the next check says so."""
    error_of(connection, "amount", value)
    right = {"12.50", "1234.50", "0.13"}
    for form in FORMS["money"]:
        if not connection.sql(
            f"FROM raw WHERE regexp_matches(amount, '{form.pattern}')"
        ).fetchall():
            continue
        sql = form.sql.format(column="amount")
        query = f"SELECT CAST(TRY_CAST({sql} AS DECIMAL(18, 2)) AS VARCHAR) FROM raw"
        assert connection.sql(query).fetchall()[0][0] in {None, *right}


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("amount", "nine", "Expected 1234.50, a point for decimals"),
        ("occurred_at", "yesterday", "Expected 2026-03-01 09:00:00"),
    ],
)
def test_what_is_of_no_known_form_is_told_what_was_expected(
    connection, column, value, expected
) -> None:
    error = error_of(connection, column, value)
    assert expected in error.message
    assert "Got" not in error.message
    assert "Correct them at the source" in error.advice
