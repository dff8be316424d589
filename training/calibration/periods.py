"""Scores of several periods, brought to the level of the latest, so that one calibrator learns all.

How far a model's scores should be stretched differs by period and is known of each only roughly;
its level is forecast elsewhere. So the shape is learned from all periods, the level from the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.calibrator import sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.scores import FloatArray

_STEPS = 100


def at_one_level(
    log_odds: Sequence[FloatArray], churned: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the scores and outcomes of all periods as if each had had the latest's level.

    One slope and an intercept for each period are fitted; the scores of the earlier periods are
    moved by what their intercepts differ from the latest's.

    Parameters
    ----------
    log_odds : scores of each period's customers, by a model that knew no outcome of theirs; the
        latest period first.
    churned : what came.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> z = [rng.normal(0, 1, 20_000), rng.normal(0, 1, 20_000)]
    >>> true = (sigmoid(z[0]), sigmoid(z[1] + 1))
    >>> came = [(rng.random(20_000) < p) * 1.0 for p in true]
    >>> scores, _ = at_one_level(z, came)
    >>> round(float(scores[20_000:].mean() - z[1].mean()), 1)
    1.0
    """
    scores, outcomes = np.concatenate(log_odds), np.concatenate(churned)
    if len(log_odds) == 1:
        return scores, outcomes
    period = np.repeat(np.arange(len(log_odds)), [len(part) for part in log_odds])
    design = np.column_stack([scores, period[:, None] == np.arange(len(log_odds))])
    weights = np.concatenate([[1.0], np.zeros(len(log_odds))])
    for _ in range(_STEPS):
        p = sigmoid(design @ weights)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(len(weights))
        step = np.linalg.solve(curvature, design.T @ (p - outcomes))
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    slope, intercepts = weights[0], weights[1:]
    if slope <= 0:  # whoever fits a calibrator to these scores will say so
        return scores, outcomes
    return scores + (intercepts - intercepts[0])[period] / slope, outcomes
