"""Compiled ranks: the bits of what each scale says by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.scorer.categories import CategoryScale
from ebbtide.scorer.compiled.ranks import CompiledRanks
from ebbtide.scorer.ranks import RankScale, rank_columns

finite = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(0, 5).map(float)
columns = st.lists(finite | st.just(float("nan")), min_size=1, max_size=400).map(np.array)
values = st.lists(st.floats() | st.integers(-3, 9).map(float), min_size=0, max_size=90).map(
    np.array
)


@pytest.mark.property
@settings(max_examples=150)
@given(column=columns, probes=values, count=st.integers(1, 5))
def test_every_value_has_the_bits_of_its_scale(column, probes, count) -> None:
    scales = (RankScale.of(column), CategoryScale(count=count), RankScale(values=(), ranks=()))
    near = np.concatenate([column, np.nextafter(column, np.inf), np.nextafter(column, -np.inf)])
    asked = np.concatenate([probes, near])
    rows = np.repeat(asked[:, None], 3, axis=1)
    with np.errstate(all="ignore"):
        expected = rank_columns(scales, rows)
    found = CompiledRanks(scales)(rows)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_array_equal(found, expected)


def test_many_knots_and_many_rows_have_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    column = rng.gamma(2, 50, 5000)
    scales = (RankScale.of(column), CategoryScale(count=3))
    rows = np.column_stack([rng.gamma(2, 60, 9000), rng.integers(-1, 5, 9000)])
    assert CompiledRanks(scales)(rows).tobytes() == rank_columns(scales, rows).tobytes()


def test_steps_too_steep_for_a_number_are_as_numpy_has_them() -> None:
    scale = RankScale(values=(0.0, 5e-324, 1.0, 1.7e308), ranks=(0.1, 0.4, 0.4, 0.9))
    rows = np.array([[0.0], [5e-324], [1e-323], [0.5], [1e308], [1.7e308], [-1.0], [np.inf]])
    with np.errstate(all="ignore"):
        expected = scale.rank(rows[:, 0])
    np.testing.assert_array_equal(CompiledRanks((scale,))(rows)[:, 0], expected)
