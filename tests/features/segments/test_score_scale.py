"""Scores from 1 to 5: fair to ties, monotone, the same for one row as for all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.segments.score_scale import ScoreScale

columns = st.lists(
    st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=60
).map(np.array)
splits = st.just("mean") | st.floats(0.01, 0.99)


@pytest.mark.parametrize(
    ("values", "scores"),
    [
        pytest.param([10, 20, 30, 40, 50], [1, 2, 3, 4, 5], id="five-customers"),
        pytest.param([50, 10, 40, 20, 30], [5, 1, 4, 2, 3], id="in-another-order"),
        pytest.param(range(10), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], id="ten-customers"),
        pytest.param([7, 7, 7, 7], [3, 3, 3, 3], id="all-equal-are-in-the-middle"),
        pytest.param([7], [3], id="a-customer-alone"),
        pytest.param([1, 1, 9, 9], [2, 2, 4, 4], id="two-values"),
        pytest.param([1, 1, 1, 1, 1, 1, 1, 2, 2, 5], [2] * 7 + [5, 5, 5], id="most-bought-once"),
    ],
)
def test_a_score_is_the_fifth_of_the_mid_rank(values, scores) -> None:
    column = np.array(values, dtype=float)
    scale = ScoreScale.of(column, more_is_better=True, split="mean")
    assert scale.scores(column).tolist() == scores
    turned = ScoreScale.of(-column, more_is_better=False, split="mean")
    assert turned.scores(-column).tolist() == scores


@pytest.mark.parametrize(
    ("split", "more_is_better", "high"),
    [
        pytest.param("mean", True, [0, 0, 0, 1], id="above-the-mean"),  # 1, 2, 3, 10: mean 4
        pytest.param("mean", False, [1, 1, 1, 0], id="below-the-mean"),
        pytest.param(0.5, True, [0, 0, 1, 1], id="better-than-half"),
        pytest.param(0.5, False, [1, 1, 0, 0], id="less-than-half"),
        pytest.param(0.75, True, [0, 0, 0, 1], id="better-than-three-quarters"),
        pytest.param(0.75, False, [1, 0, 0, 0], id="less-than-three-quarters"),
    ],
)
def test_high_lies_beyond_the_split(split, more_is_better, high) -> None:
    column = np.array([1.0, 2.0, 3.0, 10.0])
    scale = ScoreScale.of(column, more_is_better=more_is_better, split=split)
    assert scale.is_high(column).astype(int).tolist() == high


@pytest.mark.parametrize("split", ["mean", 0.3])
def test_what_equals_the_split_is_low(split) -> None:
    column = np.full(4, 2.5)
    assert not ScoreScale.of(column, more_is_better=True, split=split).is_high(column).any()


def test_an_unknown_recency_is_worst_and_does_not_move_the_mean() -> None:
    column = np.array([10.0, 20.0, np.inf])
    scale = ScoreScale.of(column, more_is_better=False, split="mean")
    assert scale.split == 15.0
    assert scale.scores(column).tolist() == [5, 3, 1]
    assert scale.is_high(column).tolist() == [True, False, False]


@pytest.mark.property
@given(column=columns, better=st.booleans(), split=splits)
def test_a_better_value_never_scores_less_nor_falls_from_high(column, better, split) -> None:
    scale = ScoreScale.of(column, more_is_better=better, split=split)
    order = np.argsort(column if better else -column)
    scores, high = scale.scores(column)[order], scale.is_high(column)[order].astype(int)
    assert (np.diff(scores) >= 0).all()
    assert (np.diff(high) >= 0).all()
    assert set(scores.tolist()) <= {1, 2, 3, 4, 5}


@pytest.mark.property
@given(column=columns, split=splits, data=st.data())
def test_the_order_of_customers_does_not_change_the_scale(column, split, data) -> None:
    shuffled = np.array(data.draw(st.permutations(column.tolist())))
    assert ScoreScale.of(column, more_is_better=True, split=split) == ScoreScale.of(
        shuffled, more_is_better=True, split=split
    )


@pytest.mark.property
@given(column=columns, better=st.booleans())
def test_scores_are_the_mid_ranks_and_turn_with_the_direction(column, better) -> None:
    """Against the definition, computed the slow way for every customer."""
    scale = ScoreScale.of(column, more_is_better=better, split="mean")
    sign = 1 if better else -1
    expected = []
    for value in column:
        worse, equal = (sign * column < sign * value).sum(), (column == value).sum()
        expected.append(5 * (2 * int(worse) + int(equal)) // (2 * column.size) + 1)
    assert scale.scores(column).tolist() == expected
