"""The AUC is the textbook's, and its error is that of repeated samples."""

from __future__ import annotations

import numpy as np
import pytest

from training.definition_lab.auc_interval import auc_covariance, mean_interval
from training.evaluation.measures import auc


def drawn(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    churned = (rng.random(n) < 0.4).astype(float)
    good = churned + rng.normal(0, 1, n)
    return churned, good, good + rng.normal(0, 0.7, n)


def test_the_auc_is_that_of_the_metrics_with_ties_counted_half():
    churned, good, _ = drawn(0)
    coarse = np.round(good)
    aucs, _ = auc_covariance(churned, [good, coarse])
    assert aucs == pytest.approx([auc(churned, good), auc(churned, coarse)])


def test_the_error_is_that_of_repeated_samples():
    found = [auc_covariance(*(lambda c, a, b: (c, [a, b]))(*drawn(seed))) for seed in range(300)]
    aucs = np.array([values for values, _ in found])
    covariance = np.mean([each for _, each in found], axis=0)
    assert np.cov(aucs.T) == pytest.approx(covariance, rel=0.25)


def test_two_equal_scores_differ_by_nothing_for_sure():
    churned, good, _ = drawn(1)
    _, covariance = auc_covariance(churned, [good, good])
    assert covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1] == pytest.approx(0.0)


def test_more_instants_are_surer():
    one, three = mean_interval([0.7], [1e-4]), mean_interval([0.7] * 3, [1e-4] * 3)
    assert three.high - three.low == pytest.approx((one.high - one.low) / np.sqrt(3))
