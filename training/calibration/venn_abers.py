"""How sure a calibrated probability is: Venn-Abers bounds and what was counted, as knots.

A Venn-Abers predictor says what an isotonic calibrator would have promised, had the customer in
question been one more of those it learned from, and stayed (the lower bound) or left (the upper).
The bounds hold whatever the scores are like, but they know nothing of periods that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.calibrator import logit
from ebbtide.scorer.calibrator_interval import ProbabilityInterval
from training.calibration.isotonic import pooled, score_groups

if TYPE_CHECKING:
    from ebbtide.scorer.calibrator import Calibrator
    from ebbtide.scorer.scores import FloatArray

MOST_KNOTS = 60
NORMAL_90 = 1.6449
"""Standard errors on either side that hold 90 % of a normal distribution."""


def venn_abers(
    log_odds: FloatArray, churned: FloatArray, *, at_most: int = MOST_KNOTS
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the knots of an inductive Venn-Abers predictor.

    Parameters
    ----------
    log_odds : raw scores of customers whom the model had not learned from, shape (n,).
    churned : what came, shape (n,).
    at_most : groups of like score, within which customers count as equal.

    Returns
    -------
    tuple
        Mean score of each group; its lower bound; its upper bound; how many customers share its
        block. Each of shape (groups,).

    References
    ----------
    V. Vovk, I. Petej, Venn-Abers predictors, UAI 2014; V. Vovk, I. Petej, V. Fedorova, Large-scale
    probabilistic predictors with and without guarantees of validity, NeurIPS 2015.

    Examples
    --------
    >>> scores, low, high, block = venn_abers(np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], 50))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.98], [0.02, 1.0])
    """
    scores, leavers, sizes = score_groups(log_odds, churned, at_most=at_most)
    bounds = [
        np.array(
            [_bound(leavers, sizes, at=place, left=left) for place in range(len(scores))],
            dtype=np.float64,
        )
        for left in (0.0, 1.0)
    ]
    block = pooled(leavers / sizes, sizes)
    counted = np.bincount(block, sizes).astype(np.float64)
    return scores, bounds[0], bounds[1], counted[block]


def _bound(leavers: FloatArray, sizes: FloatArray, *, at: int, left: float) -> float:
    """Return what the isotonic fit says at a group, to which one more customer was added."""
    more = np.arange(len(sizes)) == at
    came, total = leavers + more * left, sizes + more
    block = pooled(came / total, total)
    own = block == block[at]
    return float(came[own].sum() / total[own].sum())


def interval_of(
    calibrator: Calibrator,
    log_odds: FloatArray,
    churned: FloatArray,
    *,
    level_spread: float,
) -> ProbabilityInterval:
    """Return an interval around a calibrator's promises that holds the truth in nine of ten.

    It spans the Venn-Abers bounds of the customers that the calibrator was learned from, the
    standard error of the shares that were counted, and how far levels were from their forecast.

    Parameters
    ----------
    calibrator : learned from these customers.
    log_odds : their raw scores, shape (n,).
    churned : what came, shape (n,).
    level_spread : root mean square of past errors of the level, log-odds.
    """
    scores, low, high, block = venn_abers(log_odds, churned)
    margin = 0.5 / (len(churned) + 1)
    promised = logit(calibrator.probability(scores), margin=1e-9)
    middle = np.clip((low + high) / 2, margin, 1 - margin)
    counted = NORMAL_90 / np.sqrt(np.maximum(block * middle * (1 - middle), 1.0))
    below = np.maximum(promised - logit(low, margin=margin), 0.0)
    above = np.maximum(logit(high, margin=margin) - promised, 0.0)
    return ProbabilityInterval(
        scores=tuple(scores.tolist()),
        below=tuple(np.maximum(below, counted).tolist()),
        above=tuple(np.maximum(above, counted).tolist()),
        level_spread=NORMAL_90 * level_spread,
    )
