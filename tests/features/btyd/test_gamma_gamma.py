"""Gamma-Gamma against simulated spends and its own limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from features.btyd import gamma_gamma
from features.btyd.gamma_gamma import GammaGamma, fit_gamma_gamma


def test_a_fit_expects_what_the_model_of_simulated_spends_expects() -> None:
    # p and gamma alone are loosely pinned down by means; what they say together is not.
    truth = GammaGamma(p=6.0, q=3.7, gamma=15.0)
    rng = np.random.default_rng(3)
    purchases = rng.integers(1, 12, 10_000).astype(float)
    rates = rng.gamma(truth.q, 1 / truth.gamma, 10_000)
    mean = rng.gamma(truth.p * purchases, 1 / (rates * purchases))
    model, fit = fit_gamma_gamma(purchases, mean)
    spent = gamma_gamma._Spent.of(purchases, mean)
    at_truth, _ = gamma_gamma._log_likelihood(np.array([6.0, 3.7, 15.0]), spent)
    assert at_truth < fit.log_likelihood < at_truth + 8  # three parameters: 8 is beyond chance
    found, wanted = (each.expected_spend(purchases, mean) for each in (model, truth))
    assert found.mean() == pytest.approx(wanted.mean(), rel=0.01)
    assert np.corrcoef(found, wanted)[0, 1] > 0.999
    assert fit.at_bound == ()


def test_the_gradient_is_the_slope_of_the_likelihood() -> None:
    purchases, mean = np.array([1.0, 3.0, 3.0, 8.0]), np.array([20.0, 31.0, 7.0, 12.0])
    theta = np.array([5.0, 3.0, 14.0])
    spent = gamma_gamma._Spent.of(purchases, mean)
    _, gradient = gamma_gamma._log_likelihood(theta, spent)
    slopes = approx_fprime(
        theta, lambda at: gamma_gamma._log_likelihood(at, spent)[0], 1e-7 * theta
    )
    assert gradient == pytest.approx(slopes, rel=1e-4, abs=1e-5)


def test_expected_spend_lies_between_all_and_own_and_nears_own_with_purchases() -> None:
    model = GammaGamma(p=6.25, q=3.74, gamma=15.45)
    of_all = model.expected_spend(np.zeros(1), np.zeros(1))[0]
    found = model.expected_spend(np.array([1.0, 4.0, 400.0]), np.full(3, 80.0))
    assert of_all < found[0] < found[1] < found[2] < 80
    assert found[2] == pytest.approx(80, rel=0.01)


def test_the_unit_of_money_scales_the_expectation() -> None:
    rng = np.random.default_rng(5)
    purchases = rng.integers(1, 6, 2_000).astype(float)
    mean = rng.gamma(4.0 * purchases, 1 / (rng.gamma(3, 1 / 10, 2_000) * purchases))
    pounds, _ = fit_gamma_gamma(purchases, mean)
    pence, _ = fit_gamma_gamma(purchases, 100 * mean)
    assert pence.expected_spend(purchases, 100 * mean) == pytest.approx(
        100 * pounds.expected_spend(purchases, mean), rel=1e-4
    )
