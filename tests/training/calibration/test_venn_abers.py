"""Intervals hold the truth as often as they say, and widen where less is known."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.scorer.calibrator import sigmoid
from training.calibration import choose_calibrator, interval_of
from training.calibration.isotonic import pooled
from training.calibration.venn_abers import venn_abers


def _period(n: int, *, seed: int, level: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    said = rng.normal(0, 1.3, n)
    true = sigmoid(0.8 * said - 0.3 + level)
    return said, (rng.random(n) < true) * 1.0, true


def test_the_bounds_are_those_of_adding_one_customer_by_hand() -> None:
    """Two groups of 25; the first had 5 leavers, the second 15; one more in each, either way."""
    said = np.repeat([0.0, 1.0], 25)
    came = np.concatenate([np.arange(25) < 5, np.arange(25) < 15]) * 1.0
    scores, low, high, block = venn_abers(said, came)
    assert scores.tolist() == [0.0, 1.0]
    assert low.tolist() == pytest.approx([5 / 26, 15 / 26])
    assert high.tolist() == pytest.approx([6 / 26, 16 / 26])
    assert block.tolist() == [25, 25]


def test_bounds_rise_with_the_score_and_enclose_the_isotonic_fit() -> None:
    said, came, _ = _period(3_000, seed=1)
    _, low, high, _ = venn_abers(said, came)
    assert (np.diff(low) >= -1e-12).all()
    assert (np.diff(high) >= -1e-12).all()
    assert (low < high).all()


def test_neighbours_are_pooled_until_shares_rise() -> None:
    assert pooled(np.array([0.5, 0.4, 0.3, 0.2]), np.ones(4)).tolist() == [0, 0, 0, 0]
    assert pooled(np.array([0.1, 0.2, 0.3]), np.ones(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize("n", [150, 1_000, 6_000])
def test_nine_of_ten_intervals_hold_the_true_probability(n: int) -> None:
    held = []
    for seed in range(20):
        said, came, _ = _period(n, seed=seed)
        others, _, true = _period(500, seed=1_000 + seed)
        learned = choose_calibrator(said, came)
        band = interval_of(learned, said, came, level_spread=0.0)
        low, high = band.around(learned.probability(others), log_odds=others)
        held.append(((low <= true) & (true <= high)).mean())
    assert np.mean(held) >= 0.9


def test_where_levels_move_the_interval_holds_only_with_their_spread() -> None:
    spread = 0.4
    held: dict[float, list[float]] = {0.0: [], spread: []}
    for seed in range(40):
        said, came, _ = _period(3_000, seed=seed)
        moved = float(np.random.default_rng(500 + seed).normal(0, spread))
        others, _, true = _period(300, seed=1_000 + seed, level=moved)
        learned = choose_calibrator(said, came)
        for assumed, shares in held.items():
            band = interval_of(learned, said, came, level_spread=assumed)
            low, high = band.around(learned.probability(others), log_odds=others)
            shares.append(float(((low <= true) & (true <= high)).mean()))
    assert np.mean(held[spread]) >= 0.9
    assert np.mean(held[0.0]) < 0.7


def test_more_customers_make_it_narrower() -> None:
    widths = []
    for n in (200, 2_000, 20_000):
        said, came, _ = _period(n, seed=3)
        learned, grid = choose_calibrator(said, came), np.linspace(-1.5, 1.5, 50)
        band = interval_of(learned, said, came, level_spread=0.0)
        low, high = band.around(learned.probability(grid), log_odds=grid)
        widths.append(float((high - low).mean()))
    assert widths[0] > 1.5 * widths[1] > 2.25 * widths[2]
