"""Rounding many numbers gives the bits of rounding each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.rounding import rounded

halves = st.integers(-(10**9), 10**9).map(lambda whole: (2 * whole + 1) / 200)
numbers = st.one_of(
    st.floats(-1e3, 1e3), st.floats(allow_nan=False, allow_infinity=False), halves, st.just(-0.0)
)


def bits(values):
    return [each.hex() for each in values]


@pytest.mark.property
@given(st.lists(numbers, min_size=1, max_size=80), st.sampled_from([0, 1, 2, 6]))
def test_each_has_the_bits_of_round(values, digits):
    assert bits(rounded(np.array(values), digits).tolist()) == bits(
        [round(each, digits) for each in values]
    )


@pytest.mark.parametrize("copies", [1, 50])
def test_what_is_not_finite_stays(copies):
    made = rounded(np.array([math.nan, math.inf, -math.inf] * copies), 2).tolist()
    assert math.isnan(made[0])
    assert made[1:3] == [math.inf, -math.inf]


def test_many_halves_of_cents():
    values = np.arange(-5000, 5000) / 1000
    assert bits(rounded(values, 2).tolist()) == bits([round(each, 2) for each in values.tolist()])
