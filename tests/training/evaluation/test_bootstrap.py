"""Resamples: paired, seeded, as wide as theory says, and quick."""

from __future__ import annotations

import numpy as np
import pytest

from training.definition_lab.auc_interval import auc_covariance
from training.evaluation.bootstrap import estimates, resampled_counts, resamples_for
from training.evaluation.ranking import Ranking, auc_of


def test_each_resample_draws_as_many_as_there_are():
    blocks = list(resampled_counts(300, resamples=2_000, seed=0))
    assert len(blocks) > 1
    counts = np.concatenate(blocks)
    assert counts.shape == (2_000, 300)
    assert (counts.sum(axis=1) == 300).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(300), abs=0.15)
    assert counts.var() == pytest.approx(1 - 1 / 300, rel=0.02)


def test_the_same_seed_draws_the_same_and_another_does_not():
    first, again, other = (
        next(iter(resampled_counts(50, resamples=3, seed=seed))).tolist() for seed in (4, 4, 5)
    )
    assert first == again != other


def test_the_interval_of_a_share_is_that_of_theory():
    left = np.array([1.0] * 80 + [0.0] * 320)
    found = estimates(lambda c: {"share": c @ left / 400}, 400, resamples=4_000, seed=0)["share"]
    half = 1.96 * np.sqrt(0.2 * 0.8 / 400)
    assert found.value == 0.2
    assert found.low == pytest.approx(0.2 - half, abs=0.004)
    assert found.high == pytest.approx(0.2 + half, abs=0.004)


def test_the_difference_of_like_scores_is_surer_than_either_as_delong_says():
    rng = np.random.default_rng(3)
    churned = (rng.random(800) < 0.4).astype(float)
    score = churned + rng.normal(0, 1, 800)
    other = score + rng.normal(0, 0.3, 800)
    first, second = Ranking.of(churned, score), Ranking.of(churned, other)

    def measure(counts):
        one, two = auc_of(first.tally(counts)), auc_of(second.tally(counts))
        return {"one": one, "difference": one - two}

    found = estimates(measure, 800, resamples=2_000, seed=0)
    _, covariance = auc_covariance(churned, [score, other])
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    for name, error in (("one", covariance[0, 0] ** 0.5), ("difference", variance**0.5)):
        width = found[name].high - found[name].low
        assert width == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert variance < covariance[0, 0] / 2


def test_a_measure_that_most_resamples_lack_has_the_interval_of_the_others():
    def measure(counts):
        return {"first": np.where(counts[:, 0] > 0, counts[:, 0], np.nan)}

    found = estimates(measure, 10, resamples=300, seed=0)["first"]
    assert (found.value, found.low) == (1.0, 1.0)
    assert found.high > 1.0


def test_what_cannot_be_measured_has_no_interval():
    found = estimates(lambda c: {"none": np.full(len(c), np.nan)}, 10, resamples=200, seed=0)
    assert np.isnan([found["none"].value, found["none"].low, found["none"].high]).all()


def test_of_many_customers_fewer_resamples_are_drawn_but_never_a_handful():
    assert [resamples_for(n, 1_000) for n in (10, 10_000, 20_000, 10**7)] == [1000, 1000, 500, 200]
