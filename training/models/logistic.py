"""Logistic regression on ranks: a bent line for each feature, and a weight for a missing value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

from ebbtide.scorer.calibrator import logit, sigmoid
from ebbtide.scorer.linear import LinearModel
from training.models.logistic_terms import Terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.scorer.scores import FloatArray

BY_ROWS = "by rows"

PARAMETERS: dict[str, object] = {"C": BY_ROWS, "bends": 4, "max_iter": 1000}
"""``C`` is the variance of the weights' prior, on ranks that run from 0 to 1; unless it is given,
:func:`usual_variance` says it. A line may bend at so many ranks, evenly laid."""

MOST_HELD = 50_000_000
"""Terms of all rows are kept up to so many numbers; more of them are made anew in every step."""

CURVATURE_ROWS = 20_000
"""How many rows say how the loss bends."""


def fit_logistic(
    ranked: FloatArray,
    churned: FloatArray,
    *,
    seed: int,
    categories: Mapping[int, int] | None = None,
    parameters: Mapping[str, object] | None = None,
    weights: FloatArray | None = None,
) -> tuple[str, str]:
    """Fit on ranks and return name and text of the model file.

    Parameters
    ----------
    ranked : ranks of the training rows, NaN where missing, shape (n, features).
    churned : 1 for churn, 0 for stayed, shape (n,).
    seed : unused, since nothing is drawn; kept so that all kinds are fitted alike.
    categories : columns of categories with the number of their places; each place gets a weight.
    parameters : what differs from ``PARAMETERS``.
    weights : how much each row counts, shape (n,); None if all count alike.

    Notes
    -----
    Bends are the truncated lines of a linear spline; the prior on their weights keeps a line
    straight where the data do not ask for a bend.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2009, section 5.2.
    """
    del seed
    chosen = {**PARAMETERS, **(parameters or {})}
    places = dict(sorted((categories or {}).items()))
    bends = int(str(chosen["bends"]))
    knots = tuple(round((place + 1) / (bends + 1), 6) for place in range(bends))
    terms = Terms(n_features=ranked.shape[1], places=places, knots=knots)
    centers = terms.means(ranked)
    found = _weights_of(
        terms,
        centers,
        ranked,
        churned,
        np.ones(len(churned)) if weights is None else weights,
        variance=(
            usual_variance(len(churned)) if chosen["C"] == BY_ROWS else float(str(chosen["C"]))
        ),
        max_iter=int(str(chosen["max_iter"])),
    )
    ends = np.cumsum(terms.sizes)[:-1]
    own, middle = np.split(found[:-1], ends), np.split(centers, ends)
    missing = 1 + bends
    model = LinearModel(
        intercept=float(found[-1]),
        weights=own[0],
        missing_weights=own[missing],
        centers=middle[0],
        missing_centers=middle[missing],
        categories={
            column: _centred(part, shares)
            for column, part, shares in zip(
                places, own[missing + 1 :], middle[missing + 1 :], strict=True
            )
        },
        knots=knots,
        bend_weights=np.array(own[1:missing]).reshape(bends, ranked.shape[1]),
        bend_centers=np.array(middle[1:missing]).reshape(bends, ranked.shape[1]),
    )
    return "linear.json", json.dumps(model.to_json(), sort_keys=True) + "\n"


def usual_variance(n_rows: int) -> float:
    """Return the prior variance of a weight where nobody chose one.

    Many rows are snapshots that show the same customers again and again: they say less than their
    number, so that they are given less say. Few rows would be silenced by so narrow a prior.

    Examples
    --------
    >>> usual_variance(200), usual_variance(4_000), usual_variance(100_000)
    (0.1, 0.01, 0.002)
    """
    return min(0.1, max(0.002, 40.0 / n_rows))


def _weights_of(
    terms: Terms,
    centers: FloatArray,
    ranked: FloatArray,
    churned: FloatArray,
    counted: FloatArray,
    *,
    variance: float,
    max_iter: int,
) -> FloatArray:
    """Return the weights of the terms and, last, the intercept: those likeliest after the data.

    Steps are taken in coordinates in which the loss is about as steep in every direction, by its
    curvature where all customers are alike: ranks go hand in hand, and would need many more steps.
    """
    is_small = len(ranked) * len(centers) <= MOST_HELD
    held = list(terms.blocks(ranked)) if is_small else None
    share = float(np.average(churned, weights=counted))
    every = max(1, len(ranked) // CURVATURE_ROWS)
    curvature = np.diag(np.full(len(centers), 1.0 / variance))
    for rows, block in terms.blocks(ranked[::every]):
        centred = block - centers
        weight = counted[::every][rows, None] * share * (1 - share) * every
        curvature += centred.T @ (centred * weight)
    root = cholesky(curvature, lower=False)
    width = float(np.sqrt(counted.sum() * share * (1 - share)))

    def loss(given: FloatArray) -> tuple[float, FloatArray]:
        weights = solve_triangular(root, given[:-1])
        level = given[-1] / width - float(centers @ weights)
        total = 0.5 * float(weights @ weights) / variance
        slope, intercept_slope = weights / variance, 0.0
        for rows, block in terms.blocks(ranked) if held is None else held:
            z = block @ weights + level
            outcome, count = churned[rows], counted[rows]
            total += float(count @ np.logaddexp(0.0, np.where(outcome == 1, -z, z)))
            wrong = count * (sigmoid(z) - outcome)
            slope += wrong @ block - wrong.sum() * centers
            intercept_slope += float(wrong.sum())
        turned = solve_triangular(root, slope, trans="T")
        return total, np.append(turned, intercept_slope / width)

    start = np.append(np.zeros(len(centers)), width * logit(np.array([share])))
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "gtol": 1e-3, "ftol": 1e-10, "maxcor": 20},
    ).x
    return np.append(solve_triangular(root, found[:-1]), found[-1] / width)


def _centred(weights: FloatArray, shares: FloatArray) -> FloatArray:
    """Return each place's log-odds against the average row; zero where training had no such row."""
    mean = float(np.sum(weights * shares))
    return np.where(shares > 0, weights - mean, 0.0)
