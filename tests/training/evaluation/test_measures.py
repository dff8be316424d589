"""Measures against answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.measures import auc, calibration_error, measures, top_decile_lift

CHURNED = np.array([1.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        pytest.param([0.9, 0.1, 0.8, 0.2], 1.0, id="leavers above stayers"),
        pytest.param([0.1, 0.9, 0.2, 0.8], 0.0, id="leavers below stayers"),
        pytest.param([0.5, 0.5, 0.5, 0.5], 0.5, id="all tied"),
        pytest.param([0.9, 0.1, 0.1, 0.2], 0.625, id="one tie counts half"),
    ],
)
def test_auc_counts_pairs(score: list[float], expected: float) -> None:
    assert auc(CHURNED, np.array(score)) == pytest.approx(expected)


def test_lift_does_not_depend_on_the_order_of_tied_customers() -> None:
    score = np.array([1.0] * 4 + [0.0] * 16)
    leavers_first = np.array([1.0, 1.0, 0.0, 0.0] + [0.0] * 16)
    leavers_last = np.array([0.0, 0.0, 1.0, 1.0] + [0.0] * 16)
    assert top_decile_lift(leavers_first, score) == top_decile_lift(leavers_last, score) == 5.0


def test_calibration_error_is_the_weighted_gap_of_the_bins() -> None:
    churned = np.array([0.0, 0.0, 1.0, 1.0])
    p_churn = np.array([0.1, 0.3, 0.7, 0.9])
    assert calibration_error(churned, p_churn, bins=2) == pytest.approx(0.2)


def test_a_promise_that_is_too_high_everywhere_shows_its_whole_gap() -> None:
    churned = np.array([0.0, 1.0] * 50)
    assert calibration_error(churned, np.full(100, 0.8)) == pytest.approx(0.3)


def test_perfect_foresight_scores_perfectly() -> None:
    found = measures(CHURNED, np.array([1 - 1e-12, 1e-12, 1 - 1e-12, 1e-12]))
    assert found["auc"] == found["average_precision"] == 1.0
    assert found["brier"] == pytest.approx(0.0)
    assert found["log_loss"] == pytest.approx(0.0)
    assert found["churned_share"] == 0.5
