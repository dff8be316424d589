"""Weights of a blend: equal where nothing tells members apart, and otherwise what the past says."""

from __future__ import annotations

import numpy as np
import pytest

from training.blend import equal_blend, fit_blend

N = 2000
RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=N)
CHURNED = (RNG.random(N) < 1 / (1 + np.exp(-TRUTH))) * 1.0
NOISE = RNG.normal(size=N)


def share(weights, kind, spread) -> float:
    """Return a member's part in the blend, its weight times the spread of its scores."""
    return weights.weights[kind] * spread


def test_an_equal_blend_gives_forest_and_log_odds_the_same_say() -> None:
    raw = {"logistic": TRUTH * 3, "random_forest": 0.5 + TRUTH / 20}
    weights = equal_blend(raw)
    assert share(weights, "logistic", raw["logistic"].std()) == pytest.approx(0.5)
    assert share(weights, "random_forest", raw["random_forest"].std()) == pytest.approx(0.5)
    assert weights.log_odds(raw).mean() == pytest.approx(0.0)


def test_a_member_that_collapsed_loses_its_say() -> None:
    """Ranks that say nothing, and ranks that say the opposite."""
    raw = {"lightgbm": [TRUTH], "random_forest": [TRUTH + NOISE / 4], "logistic": [NOISE]}
    found = fit_blend(raw, [CHURNED]).weights
    assert found["logistic"] < 0.1 * found["lightgbm"]
    against = fit_blend({**raw, "logistic": [NOISE - TRUTH]}, [CHURNED]).weights
    assert against["logistic"] == 0


def test_the_pull_keeps_members_of_equal_worth_equal() -> None:
    raw = {"lightgbm": [TRUTH + NOISE / 10], "logistic": [TRUTH - NOISE / 10]}
    found = fit_blend(raw, [CHURNED], pull=1e6).weights
    spreads = {kind: raw[kind][0].std() for kind in raw}
    first, second = (found[kind] * spreads[kind] for kind in raw)
    assert first == pytest.approx(second, rel=0.01)


def test_less_pull_lets_the_better_member_have_more_of_the_say() -> None:
    raw = {"lightgbm": [TRUTH], "logistic": [TRUTH + NOISE]}
    says = [
        found["lightgbm"] / (found["lightgbm"] + found["logistic"])
        for found in (fit_blend(raw, [CHURNED], pull=pull).weights for pull in (1000.0, 1.0))
    ]
    assert says[0] < says[1]


def test_the_level_of_a_period_does_not_touch_the_weights() -> None:
    """Two periods whose scores are off by a constant say the same as without it."""
    raw = {"lightgbm": [TRUTH, TRUTH], "logistic": [TRUTH + NOISE, TRUTH + NOISE]}
    shifted = {kind: [first, second + 3.0] for kind, (first, second) in raw.items()}
    plain = fit_blend(raw, [CHURNED, CHURNED], pull=1e-6).weights
    moved = fit_blend(shifted, [CHURNED, CHURNED], pull=1e-6).weights
    assert moved["lightgbm"] == pytest.approx(plain["lightgbm"], rel=0.02)


def test_members_that_all_mislead_are_left_equal() -> None:
    raw = {"lightgbm": [-TRUTH], "logistic": [-TRUTH + NOISE / 10]}
    found = fit_blend(raw, [CHURNED])
    assert found == equal_blend({kind: said[0] for kind, said in raw.items()})
