"""Rows lie by customer and time, exactly, however times are spread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.arrays.order import customer_order

LARGE = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), LARGE | st.integers(0, 3)), max_size=30
)


@given(rows=ROWS)
def test_rows_lie_as_comparisons_would_put_them(rows: list[tuple[int, int, int]]) -> None:
    customers = np.array([row[0] for row in rows], dtype=np.int32)
    words = np.array([row[1] for row in rows], dtype=np.uint8)
    times = np.array([row[2] for row in rows], dtype=np.int64)
    order = customer_order(customers, [words, times], n_customers=4)
    assert order.tolist() == np.lexsort([times, words, customers]).tolist()


@pytest.mark.parametrize("far", [0, 2**40, 2**62], ids=["near", "far", "farther"])
def test_times_are_told_apart_to_the_microsecond_however_far_one_lies(far: int) -> None:
    rng = np.random.default_rng(1)
    customers = rng.integers(0, 50, 5000).astype(np.int32)
    times = rng.integers(0, 10**9, 5000)
    times[7] += far
    order = customer_order(customers, [times], n_customers=50)
    assert (order == np.lexsort([times, customers])).all()


def test_without_a_clock_rows_lie_as_they_came() -> None:
    order = customer_order(np.array([1, 0, 1, 0], dtype=np.int32), [], n_customers=2)
    assert order.tolist() == [1, 3, 0, 2]
