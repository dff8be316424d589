"""Curves and staircases that are learned: they come true, rise, and fall back on few outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.errors import NotReady
from ebbtide.scorer.calibrator import PlattCalibrator, sigmoid
from training.calibration import at_level, at_one_level, choose_calibrator
from training.calibration.beta import fit_beta
from training.calibration.isotonic import fit_isotonic
from training.calibration.platt import fit_platt

FITS = {"platt": fit_platt, "beta": fit_beta, "isotonic": fit_isotonic}
each_fit = pytest.mark.parametrize("fit", FITS.values(), ids=FITS)


def _drawn(true: np.ndarray, *, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(true)) < true) * 1.0


def _scores(n: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1.5, n)


@each_fit
def test_whatever_is_learned_rises_strictly(fit) -> None:
    said = _scores(3_000)
    learned = fit(said, _drawn(sigmoid(0.8 * said), seed=1))
    assert (np.diff(learned.probability(np.linspace(-6, 6, 2_000))) > 0).all()


@each_fit
def test_scores_that_rank_backwards_are_refused(fit) -> None:
    said = _scores(3_000)
    with pytest.raises(NotReady, match="no better than chance"):
        fit(said, _drawn(sigmoid(-said), seed=2))


@each_fit
def test_scores_that_part_leavers_from_stayers_stay_finite(fit) -> None:
    said = np.repeat([-4.0, 4.0], 400) + np.tile(np.linspace(-1, 1, 400), 2)
    p_churn = fit(said, (said > 0) * 1.0).probability(said)
    assert ((p_churn > 0) & (p_churn < 1)).all()
    assert p_churn[said > 0].min() > 0.9


def test_beta_follows_a_bend_that_a_line_cannot() -> None:
    said = _scores(20_000)
    true = sigmoid(np.where(said < 0, 0.4 * said, 1.6 * said))
    came = _drawn(true, seed=3)
    off = {
        name: np.abs(fit(said, came).probability(said) - true).mean() for name, fit in FITS.items()
    }
    assert 1.4 * off["beta"] < off["platt"]


def test_isotonic_follows_steps_that_beta_cannot() -> None:
    said = _scores(20_000)
    true = np.where(said < -1, 0.1, np.where(said < 1, 0.4, 0.85))
    came = _drawn(true, seed=4)
    off = {
        name: np.abs(fit(said, came).probability(said) - true).mean() for name, fit in FITS.items()
    }
    assert 2 * off["isotonic"] < off["beta"]


def test_few_outcomes_bend_no_curve() -> None:
    said = _scores(60)
    learned = fit_beta(said, _drawn(sigmoid(said), seed=5))
    assert learned.low == pytest.approx(learned.high, rel=1.5)


@pytest.mark.parametrize(
    ("rarer", "kind"),
    [(199, "platt"), (200, "beta"), (4_999, "beta"), (5_000, "isotonic")],
)
def test_the_number_of_the_rarer_outcome_decides(rarer: int, kind: str) -> None:
    came = np.repeat([0.0, 1.0], [20_000, rarer])
    said = np.concatenate([_scores(20_000, seed=6) - 1, _scores(rarer, seed=7) + 1])
    assert choose_calibrator(said, came).to_json()["kind"] == kind


def test_periods_of_other_levels_teach_the_shape_and_not_the_level() -> None:
    said = [_scores(4_000, seed=seed) for seed in (8, 9, 10)]
    levels = (-0.7, 0.4, 1.1)
    came = [
        _drawn(sigmoid(0.6 * z + level), seed=20 + place)
        for place, (z, level) in enumerate(zip(said, levels, strict=True))
    ]
    learned = fit_platt(*at_one_level(said, came))
    assert learned.slope == pytest.approx(0.6, abs=0.04)
    assert learned.intercept == pytest.approx(-0.7, abs=0.08)
    naive = fit_platt(np.concatenate(said), np.concatenate(came))
    assert naive.intercept > 0


def test_one_period_is_left_as_it_is() -> None:
    said, came = _scores(50), _drawn(np.full(50, 0.5), seed=11)
    scores, outcomes = at_one_level([said], [came])
    assert (scores == said).all()
    assert (outcomes == came).all()


def test_at_a_level_the_mean_is_as_asked_and_the_order_stays() -> None:
    said = _scores(1_000)
    raised = at_level(PlattCalibrator(slope=0.9, intercept=0.0), log_odds=said, share=0.7)
    p_churn = raised.probability(said)
    assert p_churn.mean() == pytest.approx(0.7, abs=1e-9)
    assert (np.argsort(p_churn) == np.argsort(said)).all()


def test_beta_that_is_held_from_falling_still_promises_the_share_that_came() -> None:
    said = _scores(4_000)
    came = _drawn(sigmoid(np.where(said < 0, 1.5 * said, -0.8 * said) - 0.3), seed=7)
    learned = fit_beta(said, came)
    assert learned.high < learned.low
    assert learned.probability(said).mean() == pytest.approx(came.mean(), abs=0.002)


def test_isotonic_rises_where_leavers_are_one_in_ten_thousand() -> None:
    leavers, each = [0, 2, 6, 12, 400], 100_000
    came = np.concatenate([np.arange(each) < many for many in leavers]) * 1.0
    learned = fit_isotonic(np.repeat(np.arange(5.0), each), came)
    assert (np.diff(learned.log_odds) > 0).all()
