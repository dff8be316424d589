"""Weights of a blend, learned from scores of customers whose outcome its members did not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from ebbtide.scorer.calibrator import sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.project import CandidateName
    from ebbtide.scorer.scores import FloatArray

PULL = 20.0
"""How strongly weights are drawn to equal shares, in customers whose evidence weighs as much."""

PULL_BETWEEN_FOLDS = 1.0
"""The same where members are judged on other customers of one time: nothing has moved since, so
that what was seen counts for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendWeights:
    """Log-odds as ``intercept + sum of weight * raw score``.

    Parameters
    ----------
    intercept : log-odds where all members say zero.
    weights : of each kind, >= 0.
    """

    intercept: float
    weights: Mapping[CandidateName, float]

    def log_odds(self, raw: Mapping[CandidateName, FloatArray]) -> FloatArray:
        """Return the blend's log-odds of customers from its members' raw scores, shape (n,)."""
        total = np.full(len(next(iter(raw.values()))), self.intercept)
        for kind, weight in self.weights.items():
            total += weight * raw[kind]
        return total


def equal_blend(raw: Mapping[CandidateName, FloatArray]) -> BlendWeights:
    """Return weights that give every member an equal say, from scores alone.

    Each raw score is brought to mean zero and the spread of the mean member's log-odds.

    Parameters
    ----------
    raw : raw scores of the same customers by each member, each of shape (n,).

    Examples
    --------
    >>> raw = {"logistic": np.array([-1.0, 1.0]), "random_forest": np.array([0.25, 0.75])}
    >>> equal_blend(raw).log_odds(raw).tolist()
    [-1.0, 1.0]
    """
    share = 1.0 / len(raw)
    weights, intercept = {}, 0.0
    for kind, said in raw.items():
        spread = float(said.std())
        weights[kind] = share / spread if spread > 0 else 0.0
        intercept -= weights[kind] * float(said.mean())
    return BlendWeights(intercept=intercept, weights=weights)


def fit_blend(
    raw: Mapping[CandidateName, Sequence[FloatArray]],
    churned: Sequence[FloatArray],
    *,
    pull: float = PULL,
) -> BlendWeights:
    """Learn the weights of a blend from periods that its members were not fitted on.

    Parameters
    ----------
    raw : for each member its raw scores in each period, each of shape (customers of the period,).
    churned : outcomes of each period, 1 for churn.
    pull : how strongly weights are drawn to equal shares, > 0.

    Notes
    -----
    A logistic regression with weights of at least zero (Breiman, Stacked regressions, 1996), an
    intercept for each period, since the level of a period is the calibrator's affair, and a prior
    that draws the members to equal say where there is little evidence between them.
    """
    kinds = list(raw)
    equal = equal_blend({kind: np.concatenate(list(raw[kind])) for kind in kinds})
    scaled = [
        np.column_stack([equal.weights[kind] * len(kinds) * raw[kind][at] for kind in kinds])
        for at in range(len(churned))
    ]
    centers = [each.mean(axis=0) for each in scaled]
    start = np.concatenate([np.full(len(kinds), 1.0 / len(kinds)), np.zeros(len(churned))])

    def loss(given: FloatArray) -> tuple[float, FloatArray]:
        weights, levels = given[: len(kinds)], given[len(kinds) :]
        total = pull * float(((weights - weights.mean()) ** 2).sum())
        slope = np.zeros_like(given)
        slope[: len(kinds)] = 2 * pull * (weights - weights.mean())
        for at, (each, center, outcome) in enumerate(zip(scaled, centers, churned, strict=True)):
            z = (each - center) @ weights + levels[at]
            total += float(np.logaddexp(0.0, np.where(outcome == 1, -z, z)).sum())
            wrong = sigmoid(z) - outcome
            slope[: len(kinds)] += (each - center).T @ wrong
            slope[len(kinds) + at] = wrong.sum()
        return total, slope

    bounds = [(0.0, None)] * len(kinds) + [(None, None)] * len(churned)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    if not (found[: len(kinds)] > 0).any():
        return equal
    weights = {
        kind: round(float(found[place]) * equal.weights[kind] * len(kinds), 12)
        for place, kind in enumerate(kinds)
    }
    latest = equal_level(weights, {kind: raw[kind][0] for kind in kinds})
    return BlendWeights(intercept=latest, weights=weights)


def equal_level(
    weights: Mapping[CandidateName, float], raw: Mapping[CandidateName, FloatArray]
) -> float:
    """Return the intercept at which the mean log-odds of some customers is zero."""
    mean = sum(weight * float(raw[kind].mean()) for kind, weight in weights.items())
    return round(-float(mean), 12)
