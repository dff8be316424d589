"""Logistic regression: bent lines, equal to scikit-learn's where both can be asked."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ebbtide.scorer.linear import read_linear
from training.models import logistic
from training.models.logistic import fit_logistic

N = 1500


@pytest.fixture
def ranked():
    rows = np.random.default_rng(0).random((N, 4))
    rows[::7, 3] = np.nan
    return rows


def outcomes(z):
    return (np.random.default_rng(1).random(N) < 1 / (1 + np.exp(-z))).astype(float)


def fitted(ranked, churned, **parameters):
    return read_linear(fit_logistic(ranked, churned, seed=0, parameters=parameters)[1])


@pytest.mark.parametrize("variance", [0.002, 1.0, 10.0])
@pytest.mark.parametrize("bends", [0, 4])
def test_the_fit_is_that_of_scikit_learn_on_the_same_terms(ranked, variance, bends) -> None:
    churned = outcomes(4 * ranked[:, 0] - 2)
    model = fitted(ranked, churned, C=variance, bends=bends)
    missing = np.isnan(ranked)
    filled = np.where(missing, 0.5, ranked)
    hinges = [np.maximum(filled - knot, 0) for knot in model.knots]
    terms = np.hstack([filled, *hinges, missing])
    theirs = LogisticRegression(C=variance, max_iter=5000, tol=1e-8)
    theirs.fit(terms - terms.mean(axis=0), churned)
    said = theirs.decision_function(terms - terms.mean(axis=0))
    np.testing.assert_allclose(model.log_odds(ranked), said, atol=5e-3)


def test_rows_may_count_more_than_once(ranked) -> None:
    churned = outcomes(4 * ranked[:, 0] - 2)
    twice = np.where(np.arange(N) < 500, 2.0, 1.0)
    plain = {"C": 0.1}
    weighed = fit_logistic(ranked, churned, seed=0, parameters=plain, weights=twice)[1]
    more = np.vstack([ranked, ranked[:500]]), np.append(churned, churned[:500])
    repeated = fitted(*more, **plain)
    differing = read_linear(weighed).log_odds(ranked) - repeated.log_odds(ranked)
    assert np.ptp(differing) < 0.01


def test_a_line_bends_where_the_risk_turns(ranked) -> None:
    churned = outcomes(16 * np.abs(ranked[:, 0] - 0.5) - 4)
    model = fitted(ranked, churned, C=1.0)
    low, middle, high = model.log_odds(np.array([[rank, 0.5, 0.5, 0.5] for rank in (0.02, 0.5, 1)]))
    assert low > middle + 2
    assert high > middle + 2


def test_blocks_and_what_is_held_give_the_same_bytes(ranked, monkeypatch) -> None:
    churned = outcomes(4 * ranked[:, 0] - 2)
    held = fit_logistic(ranked, churned, seed=0)
    monkeypatch.setattr(logistic, "MOST_HELD", 0)
    assert fit_logistic(ranked, churned, seed=0) == held


def test_straight_lines_hold_no_knots(ranked) -> None:
    text = fit_logistic(ranked, outcomes(ranked[:, 0]), seed=0, parameters={"bends": 0})[1]
    assert "knots" not in text
    assert read_linear(text).knots == ()


def test_contributions_are_zero_for_the_average_and_sum_to_the_log_odds(ranked) -> None:
    model = fitted(ranked, outcomes(4 * ranked[:, 0] - 2), C=1.0)
    contributions = model.contributions(ranked)
    np.testing.assert_allclose(contributions.mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(
        contributions.sum(axis=1) + model.intercept, model.log_odds(ranked), atol=1e-9
    )
