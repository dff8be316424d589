"""Spans of age are found in conditions, and lie where the rows of a group say."""

from __future__ import annotations

import numpy as np
import pytest
import sqlglot

from features.arrays.column import Column
from features.arrays.frame import Frame
from features.arrays.select import by_customer
from features.arrays.spans import Span, Spans, span_of


def spans_over(ages: list[int], customers: list[int], valid: list[bool] | None = None) -> Spans:
    age = Column(np.array(ages), None if valid is None else np.array(valid))
    rows = Frame.of({"customer_id": Column(np.array(customers)), "age_day": age}, {})
    return by_customer(rows).spans


@pytest.mark.parametrize(
    ("condition", "span"),
    [
        ("age_day < 90", Span("age_day", None, 90)),
        ("age_day BETWEEN 90 AND 179", Span("age_day", 90, 180)),
        ("age_day <= 90", None),
        ("90 < age_day", None),
        ("age_day < 1.5", None),
        ("age_day < -5", None),
        ("age_day < gap_days", None),
        ("age_day BETWEEN 90 AND gap_days", None),
        ("age_day + 1 < 90", None),
        ("NOT age_day < 90", None),
        ("age_day < 90 AND orders > 1", None),
    ],
)
def test_a_span_is_a_column_below_or_between_whole_numbers(condition: str, span) -> None:
    assert span_of(sqlglot.condition(condition, dialect="duckdb")) == span


def test_a_span_is_a_stretch_of_each_group_with_ties_and_gaps() -> None:
    spans = spans_over([9, 5, 5, 1, 4, 4, 7], [0, 0, 0, 0, 1, 1, 2])
    ends = spans.ends(Span("age_day", 4, 6))
    assert [each.tolist() for each in ends] == [[1, 4, 7], [3, 6, 7]]
    values = np.array([1, 2, 4, 8, 16, 32, 64])
    assert spans.total(ends, "values", lambda: values).tolist() == [6, 48, 0]
    younger = spans.ends(Span("age_day", None, 5))
    assert spans.total(younger, "values", lambda: 1 / 0).tolist() == [8, 48, 0]


def test_a_span_that_ends_before_it_begins_holds_nothing() -> None:
    spans = spans_over([9, 5, 1], [0, 0, 0])
    first, end = spans.ends(Span("age_day", 8, 3))
    assert first.tolist() == end.tolist()


@pytest.mark.parametrize(
    "spans",
    [spans_over([5, 6], [0, 0]), spans_over([6, 5], [0, 0], valid=[True, False])],
    ids=["rising", "null"],
)
def test_rows_out_of_order_have_no_spans(spans: Spans) -> None:
    assert spans.ends(Span("age_day", None, 9)) is None


def test_what_cannot_be_summed_is_told_once() -> None:
    spans, asked = spans_over([5, 4], [0, 0]), []
    ends = spans.ends(Span("age_day", None, 9))
    for _ in range(2):
        assert spans.total(ends, "values", lambda: asked.append(1)) is None
    assert asked == [1]
