"""A raw table against its contract: everything that is wrong, at once, and never a value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest

from ebbtide.contracts.check import check_table
from ebbtide.contracts.findings import raise_if_errors
from ebbtide.contracts.tables import TABLES, table_contract
from ebbtide.errors import ContractError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {
    "transactions": {"customer_id": "c1", "occurred_at": "2025-05-01T10:00:00Z", "amount": "9.50"},
    "complaints": {"customer_id": "c1", "opened_at": "2025-05-01T10:00:00Z"},
    "activity": {"customer_id": "c1", "occurred_at": "2025-05-01T10:00:00Z"},
    "surveys": {
        "customer_id": "c1",
        "answered_at": "2025-05-01T10:00:00Z",
        "metric": "csat",
        "score": "4",
    },
    "subscriptions": {"customer_id": "c1", "started_at": "2025-05-01T10:00:00Z"},
    "payments": {"customer_id": "c1", "due_at": "2025-05-01T10:00:00Z"},
    "balances": {
        "customer_id": "c1",
        "measured_at": "2025-05-01T10:00:00Z",
        "name": "seats",
        "value": "3",
    },
    "customers": {"customer_id": "c1"},
    "treatments": {
        "customer_id": "c1",
        "assigned_at": "2025-05-01T10:00:00Z",
        "action": "call",
        "arm": "treated",
        "propensity": "0.5",
    },
}


def check(table: str, *rows: dict[str, str | None], now=NOW):
    """Check rows of text, as a CSV gives them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = ", ".join(f'"{name}" VARCHAR' for name in names)
        connection.execute(f"CREATE TABLE raw ({columns})")
        for row in rows:
            marks = ", ".join("?" for _ in names)
            connection.execute(f"INSERT INTO raw VALUES ({marks})", [row.get(n) for n in names])
        return check_table(connection, "raw", table_contract(table), now=now)


def places(findings, severity="error"):
    return [finding.place for finding in findings if finding.severity == severity]


@pytest.mark.parametrize("table", TABLES)
def test_a_good_row_of_every_table_has_no_findings(table) -> None:
    assert check(table, GOOD[table]) == []


PROBLEMS = [
    ("transactions", {"amount": "nine"}, "amount", "no money"),
    ("transactions", {"amount": "nan"}, "amount", "no money"),
    ("transactions", {"amount": None}, "amount", "is null"),
    ("transactions", {"occurred_at": "yesterday"}, "occurred_at", "no instant"),
    ("transactions", {"occurred_at": None}, "occurred_at", "is null"),
    ("transactions", {"occurred_at": "2026-01-01T00:00:01Z"}, "occurred_at", "in the future"),
    ("transactions", {"occurred_at": "25-05-14"}, "occurred_at", "written with two digits"),
    ("transactions", {"occurred_at": "00-01-02 00:00:00+14"}, "occurred_at", "with two digits"),
    ("transactions", {"occurred_at": "99-12-31 23:59:59-12"}, "occurred_at", "with two digits"),
    ("transactions", {"occurred_at": "1753-01-01"}, "occurred_at", "before the year 1900"),
    ("transactions", {"occurred_at": "0044-03-15 (BC)"}, "occurred_at", "before the year 1900"),
    ("transactions", {"occurred_at": "-infinity"}, "occurred_at", "infinitely far back"),
    ("customers", {"signed_up_at": "25-05-14"}, "signed_up_at", "written with two digits"),
    ("transactions", {"customer_id": None}, "customer_id", "is null"),
    ("transactions", {"customer_id": "  "}, "customer_id", "empty text"),
    ("transactions", {"discount": "-1"}, "discount", "expected at least 0."),
    ("transactions", {"known_at": "2026-02-01T00:00:00Z"}, "known_at", "in the future"),
    ("complaints", {"severity": "6"}, "severity", "expected between 1 and 5."),
    ("complaints", {"severity": "0"}, "severity", "expected between 1 and 5."),
    ("complaints", {"reopened": "maybe"}, "reopened", "no flag"),
    ("transactions", {"amount": "5.1e14"}, "amount", "beyond what can be summed exactly"),
    ("transactions", {"amount": "-100000000000000"}, "amount", "expected below 1e+14 in size"),
    ("transactions", {"discount": "1e300"}, "discount", "beyond what can be summed exactly"),
    ("transactions", {"quantity": "5.1e14"}, "quantity", "beyond what can be summed exactly"),
    ("activity", {"value": "1e14"}, "value", "beyond what can be summed exactly"),
    ("balances", {"value": "-1e300"}, "value", "beyond what can be summed exactly"),
    ("activity", {"value": "nan"}, "value", "NaN or infinity"),
    ("activity", {"value": "inf"}, "value", "NaN or infinity"),
    ("surveys", {"metric": "stars"}, "metric", "none of csat, nps, ces"),
    ("surveys", {"score": "9"}, "score", "csat 1 to 5"),
    ("surveys", {"score": "0"}, "score", "csat 1 to 5"),
    ("payments", {"known_at": "2026-02-01T00:00:00Z"}, "known_at", "in the future"),
    ("balances", {"value": None}, "value", "is null"),
    ("treatments", {"propensity": "1.5"}, "propensity", "expected between 0 and 1."),
    ("treatments", {"arm": "both"}, "arm", "none of treated, holdout"),
]


@pytest.mark.parametrize(
    ("table", "bad", "column", "message"),
    PROBLEMS,
    ids=[f"{table}-{column}-{next(iter(bad.values()))}" for table, bad, column, _ in PROBLEMS],
)
def test_an_error_is_found_counted_and_placed(table, bad, column, message) -> None:
    found = check(table, GOOD[table], GOOD[table] | bad, GOOD[table] | {"customer_id": "c2"})
    errors = [finding for finding in found if finding.severity == "error"]
    assert f"{table}.{column}" in {error.place for error in errors}
    assert message in " ".join(error.message for error in errors)
    assert {error.count for error in errors} == {1}
    assert all(error.advice for error in errors)


@pytest.mark.parametrize(
    ("table", "column"),
    [("transactions", "amount"), ("transactions", "quantity"), ("balances", "value")],
)
def test_what_is_too_large_is_found_once_and_not_quoted(table, column) -> None:
    (finding,) = check(table, GOOD[table] | {column: "512345678901234"})
    assert finding.place == f"{table}.{column}"
    assert "5123" not in finding.message + finding.advice
    assert check(table, GOOD[table] | {column: "-99999999999999.9"}) == []


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [("transactions", "amount", "money"), ("transactions", "quantity", "number")],
)
def test_true_and_false_are_no_money_and_no_number(table, column, kind) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        good = ", ".join(f"'{value}' AS {name}" for name, value in GOOD[table].items())
        connection.execute(f"CREATE TABLE good AS SELECT {good}, '1' AS quantity")
        connection.execute(
            f"CREATE TABLE raw AS SELECT * REPLACE ({column} <> '' AS {column}) FROM good"
        )
        (finding,) = check_table(connection, "raw", table_contract(table), now=NOW)
    assert (finding.severity, finding.place, finding.count) == ("error", f"{table}.{column}", 1)
    assert finding.message == f"holds true and false where {kind} is expected."


AHEAD = "2026-01-01T00:00:01Z"
WARNINGS = [
    ("transactions", {"customer_id": "a\nb"}, "transactions.customer_id", "control characters"),
    ("transactions", {"customer_id": "x" * 129}, "transactions.customer_id", "more than 128"),
    ("transactions", {"customer_id": "12345.0"}, "transactions.customer_id", "'.0'"),
    (
        "complaints",
        {"resolved_at": "2025-04-01T00:00:00Z"},
        "complaints.resolved_at",
        "before opened_at",
    ),
    (
        "subscriptions",
        {"ended_at": "2025-04-01T00:00:00Z"},
        "subscriptions.ended_at",
        "before started_at",
    ),
    (
        "complaints",
        {"resolved_at": AHEAD},
        "complaints.resolved_at",
        "planned, or by a wrong clock",
    ),
    (
        "subscriptions",
        {"ended_at": AHEAD},
        "subscriptions.ended_at",
        "planned, or by a wrong clock",
    ),
    ("payments", {"paid_at": AHEAD}, "payments.paid_at", "planned, or by a wrong clock"),
    (
        "customers",
        {"signed_up_at": AHEAD},
        "customers.signed_up_at",
        "planned, or by a wrong clock",
    ),
    (
        "treatments",
        {"delivered_at": AHEAD},
        "treatments.delivered_at",
        "planned, or by a wrong clock",
    ),
]


@pytest.mark.parametrize(
    ("table", "odd", "place", "message"), WARNINGS, ids=[place for _, _, place, _ in WARNINGS]
)
def test_what_may_be_meant_is_a_warning(table, odd, place, message) -> None:
    (finding,) = check(table, GOOD[table] | odd)
    assert (finding.severity, finding.place, finding.count) == ("warning", place, 1)
    assert message in finding.message


def test_what_is_filled_in_later_has_a_rule_for_the_future_in_every_table() -> None:
    completed = {
        (table.name, column.name)
        for table in TABLES.values()
        for column in table.columns
        if column.completed_at == column.name
    }
    tried = {(table, next(iter(odd))) for table, odd, _, _ in WARNINGS if AHEAD in odd.values()}
    assert completed == tried


@pytest.mark.parametrize("table", ["transactions", "complaints", "treatments"])
def test_a_row_that_was_known_before_it_happened_is_advice(table) -> None:
    (finding,) = check(table, GOOD[table] | {"known_at": "2025-04-30T00:00:00Z"}, GOOD[table])
    clock = table_contract(table).clock
    assert (finding.severity, finding.place, finding.count) == ("advice", f"{table}.known_at", 1)
    assert finding.message == f"lies before {clock}."


@pytest.mark.parametrize(
    ("written", "naive"),
    [
        ("2025-05-01", 1),
        ("2025-05-01 10:00", 1),
        ("2025-05-01 10:00:00.5", 1),
        ("2025-05-01T10:00:00", 1),
        ("2025-05-01T10:00:01Z", 0),
        ("2025-05-01 10:00:00.5+02", 0),
        ("2025-05-01 10:00:00-05:30", 0),
        ("2025-05-01 10:00:00 Europe/Berlin", 0),
    ],
)
def test_instants_of_a_text_without_a_zone_are_counted_as_advice(written, naive) -> None:
    found = check("activity", GOOD["activity"], GOOD["activity"] | {"occurred_at": written})
    assert [(f.severity, f.place, f.count) for f in found] == [
        ("advice", "activity.occurred_at", 1)
    ] * naive


FINE = [
    ("payments", {"paid_at": "2025-04-01T00:00:00Z"}, "paid-before-due"),
    ("payments", {"due_at": "2026-05-01T00:00:00Z"}, "due-in-the-future"),
    ("surveys", {"metric": "nps", "score": "9"}, "nps-of-nine"),
    ("surveys", {"metric": "ces", "score": "7"}, "ces-of-seven"),
    ("transactions", {"amount": "-3"}, "return"),
    ("transactions", {"customer_id": "007"}, "leading-zeros"),
    ("payments", {"known_at": "2025-04-01T00:00:00Z"}, "known-before-due"),
    ("customers", {"known_at": "2025-04-01T00:00:00Z"}, "known-without-a-clock"),
    ("complaints", {"resolved_at": "2026-01-01T00:00:00Z"}, "resolved-at-the-present"),
    ("transactions", {"occurred_at": "2026-01-01T00:00:00Z"}, "on-the-present"),
    ("complaints", {"severity": None, "reopened": None}, "nulls-of-optional-columns"),
]


@pytest.mark.parametrize(
    ("table", "row"), [case[:2] for case in FINE], ids=[case[2] for case in FINE]
)
def test_what_is_fine_is_not_found(table, row) -> None:
    assert check(table, GOOD[table] | row) == []


def test_the_present_may_be_given_in_any_zone() -> None:
    late = GOOD["transactions"] | {"occurred_at": "2026-01-01T00:30:00Z"}
    east = timezone(timedelta(hours=2))
    assert check("transactions", late, now=datetime(2026, 1, 1, 3, tzinfo=east)) == []
    assert places(check("transactions", late, now=datetime(2026, 1, 1, 1, tzinfo=east))) == [
        "transactions.occurred_at"
    ]


def test_the_present_counts_to_the_microsecond() -> None:
    late = GOOD["transactions"] | {"occurred_at": "2026-01-01T00:00:00.000500Z"}
    assert check("transactions", late, now=NOW + timedelta(microseconds=500)) == []
    assert len(check("transactions", late, now=NOW + timedelta(microseconds=499))) == 1


def test_rows_that_repeat_are_counted() -> None:
    row = GOOD["transactions"]
    (finding,) = check("transactions", row, row, row, row | {"amount": "1"})
    assert (finding.severity, finding.count) == ("warning", 2)


def test_columns_that_nobody_reads_are_named_as_advice() -> None:
    (finding,) = check("activity", GOOD["activity"] | {"colour": "red"})
    assert finding.severity == "advice"
    assert "colour" in finding.message


def test_instants_without_a_zone_are_advice() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE raw AS SELECT 'c1' AS customer_id, TIMESTAMP '2025-05-01' AS occurred_at"
        )
        (finding,) = check_table(connection, "raw", table_contract("activity"), now=NOW)
        assert (finding.severity, finding.place) == ("advice", "activity.occurred_at")
        connection.execute("ALTER TABLE raw ALTER occurred_at TYPE TIMESTAMPTZ")
        assert check_table(connection, "raw", table_contract("activity"), now=NOW) == []


@pytest.mark.parametrize(
    ("table", "severity"), [("transactions", "error"), ("activity", "warning")]
)
def test_only_purchases_may_not_be_empty(table: str, severity: str) -> None:
    columns = ", ".join(f"{name} VARCHAR" for name in table_contract(table).required)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE raw ({columns})")
        (finding,) = check_table(connection, "raw", table_contract(table), now=NOW)
    assert (finding.severity, finding.message) == (severity, "has no rows.")


def test_everything_is_found_at_once_errors_first() -> None:
    good = GOOD["transactions"]
    found = check(
        "transactions",
        good,
        good,
        good
        | {
            "customer_id": "",
            "amount": "x",
            "occurred_at": "2031-01-01T00:00:00Z",
            "discount": "-2",
        },
        good | {"customer_id": "9.0", "colour": "red"},
    )
    assert sorted(places(found)) == [
        "transactions.amount",
        "transactions.customer_id",
        "transactions.discount",
        "transactions.occurred_at",
    ]
    assert places(found, "warning") == ["transactions.customer_id", "transactions"]
    assert places(found, "advice") == ["transactions"]
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=("error", "warning", "advice").index)
    with pytest.raises(ContractError, match=r"in 4 place\(s\)") as raised:
        raise_if_errors(found)
    assert all(place in str(raised.value) for place in places(found))
    assert str(raised.value).count(" Rows: 1.") == 4


@pytest.mark.parametrize("day", ["1899-12-30", "1900-01-01"])
def test_a_default_date_is_no_error_in_any_zone(day) -> None:
    rows = [GOOD["transactions"] | {"occurred_at": f"{day} 00:00:00{at}"} for at in ("+14", "-12")]
    assert places(check("transactions", *rows)) == []


def test_a_missing_column_hides_no_other_problem() -> None:
    row = {"customer_id": "", "score": "44", "answered_at": "never", "grade": "1"}
    found = check("surveys", row)
    assert places(found) == [
        "surveys",
        "surveys.customer_id",
        "surveys.answered_at",
        "surveys.score",
    ]
    assert "lacks metric; it has answered_at, customer_id, grade, score." in found[0].message
    assert 'columns = { metric = "..." }' in found[0].advice


def test_a_missing_clock_hides_no_other_problem() -> None:
    found = check("complaints", {"customer_id": "c1", "resolved_at": "2025-05-01", "severity": "9"})
    assert places(found) == ["complaints", "complaints.severity"]


CANARY = "canary-9731"


@pytest.mark.parametrize("table", TABLES)
def test_no_finding_quotes_a_value(table) -> None:
    bad = dict.fromkeys(table_contract(table).names, CANARY)
    found = check(table, bad, bad, bad | {"customer_id": f" {CANARY}.0"})
    assert found
    assert CANARY not in repr(found)


@pytest.mark.parametrize("table", ["transactions", "surveys", "treatments"])
def test_a_file_without_a_header_shows_none_of_its_first_line(table) -> None:
    names = {value: value for value in (CANARY, "2025-05-01", "17.50")}
    (finding,) = check(table, names)
    assert "first line" in finding.message
    assert CANARY not in repr(finding)
    assert "17.50" not in repr(finding)
