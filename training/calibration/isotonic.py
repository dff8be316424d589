"""Isotonic calibration, learned: pool what does not rise, and join the blocks by lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.calibrator import logit
from ebbtide.scorer.calibrator_isotonic import IsotonicCalibrator
from training.calibration.platt import fit_platt

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray

MOST_GROUPS = 200
FEWEST_IN_A_GROUP = 25

_MARGIN = 1e-12
"""Shares are strictly inside 0 and 1; a wider margin would make rare ones equal."""


def fit_isotonic(log_odds: FloatArray, churned: FloatArray) -> IsotonicCalibrator:
    """Fit rising shares to groups of customers of like score, and join their centres.

    Parameters
    ----------
    log_odds : what the model said, shape (n,).
    churned : what came, shape (n,).

    Raises
    ------
    NotReady
        If the model ranks no better than chance.

    Notes
    -----
    A block's share is smoothed by half a leaver and half a stayer, so that no promise is 0 or 1.
    Where everything is pooled into one block, its line has the slope of Platt's.

    References
    ----------
    B. Zadrozny, C. Elkan, KDD 2002; M. Ayer et al., An empirical distribution function for
    sampling with incomplete information, 1955 (pooling adjacent violators).

    Examples
    --------
    >>> z = np.repeat([-2.0, 0.0, 2.0], 1000)
    >>> came = np.tile(np.arange(1000) / 1000, 3) < np.repeat([0.1, 0.2, 0.9], 1000)
    >>> fit_isotonic(z, came * 1.0).probability(np.array([-2.0, 0.0, 2.0])).round(2).tolist()
    [0.1, 0.2, 0.9]
    """
    line = fit_platt(log_odds, churned)
    scores, leavers, sizes = score_groups(log_odds, churned, at_most=MOST_GROUPS)
    block = pooled((leavers + 0.5) / (sizes + 1), sizes + 1)
    total = np.bincount(block, sizes).astype(np.float64)
    centres = np.bincount(block, scores * sizes) / total
    shares = (np.bincount(block, leavers) + 0.5) / (total + 1)
    # Smoothing pulls small blocks inwards, past their neighbours: they are pooled once more.
    again = pooled(shares, total)
    centres = np.bincount(again, centres * total) / np.bincount(again, total)
    shares = np.bincount(again, shares * total) / np.bincount(again, total)
    if len(centres) == 1:
        centres = np.array([centres[0], centres[0] + 1.0])
        joined = logit(shares, margin=_MARGIN)[0] + np.array([0.0, line.slope])
    else:
        joined = logit(shares, margin=_MARGIN)
    return IsotonicCalibrator(
        scores=tuple(centres.tolist()),
        log_odds=tuple(joined.tolist()),
        tail_slope=line.slope,
    )


def score_groups(
    log_odds: FloatArray, churned: FloatArray, *, at_most: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return groups of customers of like score: mean score, leavers, and size of each.

    Equal scores are never parted, and the lowest group comes first.
    """
    values, inverse = np.unique(log_odds, return_inverse=True)
    sizes = np.bincount(inverse).astype(np.float64)
    count = max(1, min(at_most, len(log_odds) // FEWEST_IN_A_GROUP))
    middle = (np.cumsum(sizes) - sizes / 2) / sizes.sum()
    group = np.unique(np.minimum((middle * count).astype(np.intp), count - 1), return_inverse=True)
    of = group[1]
    total = np.bincount(of, sizes).astype(np.float64)
    leavers = np.bincount(of, np.bincount(inverse, churned)).astype(np.float64)
    return np.bincount(of, values * sizes) / total, leavers, total


def pooled(shares: FloatArray, weights: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the block of each share, after pooling neighbours until shares strictly rise.

    Examples
    --------
    >>> pooled(np.array([0.1, 0.4, 0.2, 0.9]), np.ones(4)).tolist()
    [0, 1, 1, 2]
    """
    means: list[float] = []
    sums: list[float] = []
    counts: list[int] = []
    for share, weight in zip(shares.tolist(), weights.tolist(), strict=True):
        means.append(share)
        sums.append(weight)
        counts.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            last, held, many = means.pop(), sums.pop(), counts.pop()
            means[-1] = (means[-1] * sums[-1] + last * held) / (sums[-1] + held)
            sums[-1] += held
            counts[-1] += many
    return np.repeat(np.arange(len(counts)), counts)
