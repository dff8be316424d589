"""Linear models on ranks, and curves of risk by day, in compiled code."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np

from ebbtide.scorer.compiled.jit import compiled


@compiled
def write_terms(
    ranked: Any,
    parts: Any,
    knots: Any,
    bends: Any,
    columns: Any,
    starts: Any,
    of_places: Any,
    terms: Any,
) -> None:
    """Write the terms of a linear model.

    Parameters
    ----------
    ranked : ranks, shape (n, features).
    parts : weights, weights of missing values, centres and centres of missing values, shape
        (4, features).
    knots : ranks at which lines bend.
    bends : weights and centres of bends, shape (2, knots, features).
    columns : which features are categories.
    starts : where the log-odds of their places begin, one more than columns.
    of_places : log-odds of all places.
    terms : where each feature's share goes, shape (n, features).
    """
    for row in range(len(ranked)):
        for feature in range(ranked.shape[1]):
            rank = ranked[row, feature]
            is_missing = 1.0 if np.isnan(rank) else 0.0
            filled = 0.5 if np.isnan(rank) else rank
            term = (filled - parts[2, feature]) * parts[0, feature]
            term += (is_missing - parts[3, feature]) * parts[1, feature]
            for knot in range(len(knots)):
                above = max(filled - knots[knot], 0.0)
                term += (above - bends[1, knot, feature]) * bends[0, knot, feature]
            terms[row, feature] = term
        for at in range(len(columns)):
            place, last = ranked[row, columns[at]], starts[at + 1] - starts[at] - 1
            inside = np.int64(place) if 0 <= place <= last else last
            terms[row, columns[at]] = of_places[starts[at] + inside]


@compiled
def write_sums(terms: Any, intercept: float, out: Any) -> None:
    """Write an intercept with the terms of each row added, in the order of the features."""
    for row in range(len(terms)):
        total = intercept
        for feature in range(terms.shape[1]):
            total += terms[row, feature]
        out[row] = total


@compiled
def write_curves(
    p_churn: Any, ranked: Any, intercepts: Any, parts: Any, anchor: int, days: int, out: Any
) -> None:
    """Write curves of risk by day, and after them the share that leaves for want of payment.

    Parameters
    ----------
    p_churn : probability of churn, shape (n,).
    ranked : ranks, shape (n, features).
    intercepts : of the models before the anchor, the nearest last, of those after it, and of the
        one for want of payment if there is one.
    parts : of the same models, as in :func:`write_terms`, shape (models, 4, features).
    anchor : which day is the anchor.
    days : how many there are.
    out : shape (n, days), with one more column where there is a model for want of payment.
    """
    chances = np.empty(len(intercepts))
    for row in range(len(ranked)):
        for model in range(len(intercepts)):
            chances[model] = intercepts[model]
        for feature in range(ranked.shape[1]):
            rank = ranked[row, feature]
            is_missing = 1.0 if np.isnan(rank) else 0.0
            filled = 0.5 if np.isnan(rank) else rank
            for model in range(len(intercepts)):
                term = (filled - parts[model, 2, feature]) * parts[model, 0, feature]
                term += (is_missing - parts[model, 3, feature]) * parts[model, 1, feature]
                chances[model] += term
        for model in range(len(intercepts)):
            positive = exp(-abs(chances[model]))
            chances[model] = (1.0 if chances[model] >= 0 else positive) / (1.0 + positive)
        out[row, anchor] = p_churn[row]
        for day in range(anchor - 1, -1, -1):
            out[row, day] = out[row, day + 1] * chances[day]
        for day in range(anchor + 1, days):
            before = out[row, day - 1]
            out[row, day] = before + (1.0 - before) * chances[day - 1]
        for day in range(days):
            out[row, day] = min(out[row, day], 1.0)
        if len(intercepts) == days:
            out[row, days] = chances[days - 1]
