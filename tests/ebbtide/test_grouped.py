"""Sums of groups: each customer's own bits, whoever stands beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.grouped import Groups, added_in_order

members = st.lists(st.lists(st.integers(0, 5), unique=True, max_size=6), min_size=1, max_size=5)
tables = st.lists(st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6), min_size=1, max_size=9)


@pytest.mark.property
@given(members, tables)
def test_sums_are_added_one_after_another_in_any_batch(groups, customers):
    found = Groups.of(groups).sums(np.array(customers).T)
    for place, values in enumerate(customers):
        assert found[:, place].tolist() == [
            sum((values[member] for member in group), start=0.0) for group in groups
        ]


@pytest.mark.property
@given(members, tables)
def test_the_greatest_is_at_least_zero(groups, customers):
    found = Groups.of(groups).greatest(np.array(customers).T)
    for place, values in enumerate(customers):
        assert found[:, place].tolist() == [
            max([0.0, *(values[member] for member in group)]) for group in groups
        ]


@pytest.mark.property
@given(members, tables)
def test_a_customer_among_many_has_the_bits_of_one_among_few(groups, customers):
    few = np.array(customers).T
    many = np.tile(few, 100)
    by_group = Groups.of(groups)
    for found, expected in (
        (by_group.sums(many), by_group.sums(few)),
        (by_group.greatest(many), by_group.greatest(few)),
        (added_in_order(many), added_in_order(few)),
    ):
        np.testing.assert_array_equal(found, np.tile(expected, 100))


def test_rows_are_added_one_after_another():
    column = [1e16, 1.0, 1.0, -1e16]
    for count in (1, 2, 500):
        table = np.tile(np.array(column)[:, None], count)
        assert added_in_order(table).tolist() == [sum(column, start=0.0)] * count


def test_nothing_adds_up_to_zero():
    assert added_in_order(np.zeros((0, 2))).tolist() == [0.0, 0.0]
