"""The blend is best unless a single kind is surely ahead."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from ebbtide.errors import NotReady
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.calibrator_interval import ProbabilityInterval
from training.candidates import Candidate
from training.evaluation.judged import Judged
from training.evaluation.measures import auc
from training.merit import auc_lead, best_first, is_surely_ahead

N = 1000
RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=N)
CHURNED = (RNG.random(N) < 1 / (1 + np.exp(-TRUTH))) * 1.0
NOISE = RNG.normal(size=N)


def candidate(kind, *scores, log_loss=0.5):
    judged = tuple(
        Judged(
            as_of=None,
            customer_ids=np.arange(N).astype(np.str_),
            churned=CHURNED,
            log_odds=score,
            p_churn=1 / (1 + np.exp(-score)),
            rules={},
            value=np.ones(N),
        )
        for score in scores
    )
    return Candidate(
        kind=kind,
        model_files=MappingProxyType({}),
        calibrator=PlattCalibrator(slope=1.0, intercept=0.0),
        interval=ProbabilityInterval(scores=(0.0,), below=(0.1,), above=(0.1,), level_spread=0.0),
        judged=judged,
        metrics={"log_loss": log_loss},
        calibration_checked_on="a later period",
        auc_by_origin={str(at): auc(CHURNED, score) for at, score in enumerate(scores)},
    )


def kinds(*candidates):
    return [each.kind for each in best_first(candidates, {})]


def test_a_small_lead_does_not_win_over_the_blend() -> None:
    blend, lucky = TRUTH + NOISE / 10, TRUTH + NOISE / 12
    assert auc(CHURNED, lucky) > auc(CHURNED, blend)
    ordered = kinds(candidate("lightgbm", lucky), candidate("blend", blend))
    assert ordered == ["blend", "lightgbm"]


def test_a_sure_lead_wins_over_the_blend() -> None:
    ordered = kinds(candidate("blend", TRUTH + 2 * NOISE), candidate("lightgbm", TRUTH))
    assert ordered == ["lightgbm", "blend"]


def test_a_lead_at_one_period_must_hold_over_all() -> None:
    """Surely ahead at the first, behind by as much at the second."""
    good, bad = TRUTH, TRUTH + 2 * NOISE
    one, blend = candidate("lightgbm", good, bad), candidate("blend", bad, good)
    assert not is_surely_ahead(one, blend)
    assert is_surely_ahead(candidate("lightgbm", good, good), blend)


def test_single_kinds_stand_by_mean_auc_and_then_log_loss() -> None:
    worst = candidate("random_forest", TRUTH + 3 * NOISE)
    even = candidate("logistic", TRUTH, log_loss=0.6)
    assert kinds(worst, even, candidate("lightgbm", TRUTH)) == [
        "lightgbm",
        "logistic",
        "random_forest",
    ]


def test_without_a_candidate_the_reasons_are_told() -> None:
    with pytest.raises(NotReady, match="logistic: too few"):
        best_first([], {"logistic": "too few"})


def test_the_variance_of_a_lead_is_that_of_resamples() -> None:
    one, other = TRUTH + NOISE / 2, TRUTH + RNG.normal(size=N)
    lead, variance = auc_lead(CHURNED, one, other)
    drawn = [np.random.default_rng(seed).integers(0, N, N) for seed in range(400)]
    leads = [auc(CHURNED[d], one[d]) - auc(CHURNED[d], other[d]) for d in drawn]
    assert lead == pytest.approx(auc(CHURNED, one) - auc(CHURNED, other))
    assert np.sqrt(variance) == pytest.approx(np.std(leads), rel=0.15)


def test_scores_that_are_alike_lead_by_nothing() -> None:
    assert auc_lead(CHURNED, TRUTH, TRUTH) == (0.0, 0.0)
    same = candidate("lightgbm", TRUTH)
    assert not is_surely_ahead(same, replace(same, kind="blend"))
