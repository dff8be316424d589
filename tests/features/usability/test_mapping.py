"""A column that is mapped to several of ours is named, unless that is as it should be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from features.usability.mapping import mapped_twice
from features.usability.report import usability_report

HEAD = "customer_id,when,total,id\n"


@pytest.fixture
def mapped(shop):
    def make(columns: str):
        rows = HEAD + "c1,2025-05-01,9.5,7\n"
        return shop(f'path = "t.csv"\ncolumns = {{ {columns} }}', t_dot_csv=rows)

    return make


@pytest.mark.parametrize(
    ("columns", "severity", "said"),
    [
        ('amount = "total", discount = "total"', "warning", "same column as discount."),
        ('amount = "total", quantity = "TOTAL"', "warning", "same column as quantity."),
        ('order_id = "id", product_id = "id"', "advice", "same column as product_id."),
        (
            'amount = "total", discount = "total", quantity = "total"',
            "warning",
            "same column as discount and quantity.",
        ),
    ],
    ids=["money", "case-apart", "ids", "three"],
)
def test_a_column_that_serves_several_times_is_named(mapped, columns, severity, said) -> None:
    [finding] = mapped_twice(mapped(columns))
    assert (finding.severity, finding.table) == (severity, "transactions")
    assert finding.message.endswith(said)


@pytest.mark.parametrize(
    "columns",
    ['amount = "total"', 'occurred_at = "when", known_at = "when"'],
    ids=["each-its-own", "known-when-it-happened"],
)
def test_nothing_is_said_of_what_is_as_it_should_be(mapped, columns) -> None:
    assert mapped_twice(mapped(columns)) == []


def test_the_report_says_it(mapped, found) -> None:
    project = mapped('occurred_at = "when", amount = "total", discount = "total"')
    report = usability_report(project, now=datetime(2026, 1, 1, tzinfo=UTC))
    assert found(report, "same column as").column == "amount"
