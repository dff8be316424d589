"""Two frames are compared to the last bit, customer by customer."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from features.audit.movement import Movement, movement


def frame(**values):
    rows = len(next(iter(values.values())))
    return pa.table({"customer_id": [f"c{row}" for row in range(rows)], **values})


def test_missing_equals_missing_and_nan_equals_nan():
    one = frame(x=[None, math.nan, 1.0])
    assert movement(one, one) == Movement()
    assert not movement(one, one)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (1.0, 1.0 + 2**-52, 2**-52),
        (None, 0.0, None),
        (0.0, None, None),
        (math.nan, 0.0, None),
        ("a", "b", None),
        (1, 2, 1.0),
    ],
    ids=["last-bit", "came", "went", "nan-to-zero", "text", "whole-number"],
)
def test_the_smallest_difference_is_a_movement(before, after, change):
    [moved] = movement(frame(x=[before, None]), frame(x=[after, None])).columns
    assert (moved.column, moved.customers) == ("x", 1)
    assert moved.largest_change == change


def test_customers_who_come_and_go_are_counted_and_the_others_compared():
    before = pa.table({"customer_id": ["a", "b"], "x": [1.0, 2.0]})
    after = pa.table({"customer_id": ["c", "b", "d"], "x": [9.0, 3.0, 9.0]})
    found = movement(before, after)
    assert (found.appeared, found.gone) == (2, 1)
    assert [one.customers for one in found.columns] == [1]
