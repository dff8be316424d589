"""Intervals of effects: as published, in order, and holding the truth as often as they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.effects.intervals import (
    Split,
    effect_interval,
    pooled_effect_interval,
    share_interval,
)


def split(holdout_left: int, holdout: int, treated_left: int, treated: int) -> Split:
    return Split(
        holdout=holdout, holdout_left=holdout_left, treated=treated, treated_left=treated_left
    )


@pytest.mark.golden
@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
    ids="abcdefgh",
)
def test_differences_are_those_of_newcombes_table_of_examples(counts, low, high):
    found = effect_interval(split(*counts))
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.golden
@pytest.mark.parametrize(
    ("left", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_shares_are_those_of_newcombes_single_proportions(left, n, low, high):
    found = share_interval(left, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


arm = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.property
@given(st.lists(st.tuples(arm, arm), min_size=1, max_size=4), st.floats(0.5, 0.999))
def test_ends_hold_the_estimate_and_lie_within_reach(arms, level):
    splits = [split(*holdout, *treated) for holdout, treated in arms]
    found = pooled_effect_interval(splits, level=level)
    assert -1 <= found.low <= found.estimate + 1e-12
    assert found.estimate - 1e-12 <= found.high <= 1


@pytest.mark.property
@given(arm, arm)
def test_swapping_the_arms_turns_the_interval_around(holdout, treated):
    there, back = (
        effect_interval(split(*holdout, *treated)),
        effect_interval(split(*treated, *holdout)),
    )
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize("level", [0.90, 0.95])
@pytest.mark.parametrize(
    ("n", "share", "p_holdout", "p_treated"),
    [
        (2000, 0.1, 0.4, 0.32),
        (400, 0.1, 0.35, 0.35),
        (300, 0.3, 0.06, 0.03),
        (5000, 0.02, 0.5, 0.6),
    ],
    ids=["helps", "does nothing", "rare", "harms, few held out"],
)
def test_the_interval_holds_the_truth_as_often_as_it_promises(
    n, share, p_holdout, p_treated, level
):
    rng = np.random.default_rng(11)
    repetitions = 500
    held = np.clip(rng.binomial(n, share, repetitions), 1, n - 1)
    left = rng.binomial(held, p_holdout), rng.binomial(n - held, p_treated)
    found = [
        effect_interval(split(a, h, b, n - h), level=level)
        for h, a, b in zip(held.tolist(), left[0].tolist(), left[1].tolist(), strict=True)
    ]
    truth = p_holdout - p_treated
    covered = np.mean([each.low <= truth <= each.high for each in found])
    assert level - 0.04 <= covered <= level + 0.04  # three standard errors of 500 repetitions


def test_arms_of_different_times_are_compared_only_within_each():
    # In spring a tenth is held out and many leave, in autumn half and few do: no effect in either.
    spring, autumn = split(50, 100, 450, 900), split(50, 500, 50, 500)
    as_one = split(100, 600, 500, 1400)
    assert effect_interval(as_one).high < 0
    found = pooled_effect_interval([spring, autumn])
    assert found.estimate == pytest.approx(0.0)
    assert found.low < 0 < found.high


def test_times_weigh_as_mantel_and_haenszel_have_it():
    """0.1 with the weight 10 * 90 / 100, and 0.2 with 50 * 50 / 100."""
    first = Split(holdout=10, holdout_left=5, treated=90, treated_left=36)
    second = Split(holdout=50, holdout_left=20, treated=50, treated_left=10)
    pooled = pooled_effect_interval([first, second])
    assert pooled.estimate == pytest.approx((9 * 0.1 + 25 * 0.2) / 34)


def test_the_interval_of_several_times_holds_the_truth_too():
    rng = np.random.default_rng(12)
    covered = 0
    for _ in range(500):
        parts = [
            split(rng.binomial(held, base), held, rng.binomial(treated, base - 0.05), treated)
            for base, held, treated in ((0.5, 40, 360), (0.2, 200, 200), (0.35, 100, 400))
        ]
        found = pooled_effect_interval(parts)
        covered += found.low <= 0.05 <= found.high
    assert 0.91 <= covered / 500 <= 0.99
