"""Sums of groups: each customer's own bits, whoever stands beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.grouped import Groups

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
