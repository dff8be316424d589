"""How far two distributions are apart, by what bundles keep of them: scales and quantiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ebbtide.scorer.ranks import RankScale
    from ebbtide.scorer.scores import FloatArray

CRITICAL = 1.63
"""Distances of samples of one distribution exceed so many standard units once in a hundred times
(Kolmogorov; N. Smirnov, Table for estimating the goodness of fit of empirical distributions, Annals
of Mathematical Statistics 19 (1948))."""


def scale_distance(now: RankScale, before: RankScale) -> float:
    """Return the largest difference between the ranks that two scales give to a value, in [0, 1].

    Parameters
    ----------
    now, before : scales with values.

    Examples
    --------
    >>> from ebbtide.scorer.ranks import RankScale
    >>> euros = RankScale.of(np.arange(1.0, 101.0))
    >>> cents = RankScale.of(100 * np.arange(1.0, 101.0))
    >>> round(scale_distance(cents, euros), 2), scale_distance(euros, euros)
    (0.99, 0.0)
    """
    at = np.union1d(now.values, before.values)
    ours, theirs = (
        np.interp(at, each.values, each.ranks, left=0.0, right=1.0) for each in (now, before)
    )
    return float(np.max(np.abs(ours - theirs)))


def quantile_distance(now: FloatArray, before: FloatArray) -> float:
    """Return the largest difference between two distribution functions given by quantiles.

    Parameters
    ----------
    now, before : quantiles at equal steps from 0 to 1, rising, shape (k,).

    Examples
    --------
    >>> quantile_distance(np.linspace(0.5, 1.0, 101), np.linspace(0.0, 0.5, 101))
    1.0
    """
    shares = np.linspace(0, 1, len(now))
    at = np.union1d(now, before)
    ours, theirs = (_share_below(at, each, shares) for each in (now, before))
    return float(np.max(np.abs(ours - theirs)))


def surely_apart(distance: float, *, n: int, n_before: int) -> float:
    """Return a distance less what chance may bring between samples of one distribution.

    Parameters
    ----------
    distance : between the two samples, in [0, 1].
    n, n_before : their sizes.

    Examples
    --------
    >>> round(surely_apart(0.3, n=1000, n_before=1000), 3), surely_apart(0.3, n=10, n_before=10)
    (0.227, 0.0)
    """
    if min(n, n_before) < 1:
        return 0.0
    return max(0.0, distance - CRITICAL * math.sqrt(1 / n + 1 / n_before))


def _share_below(at: FloatArray, quantiles: FloatArray, shares: FloatArray) -> FloatArray:
    """Return the distribution function, half of a jump counted at it."""
    values, first = np.unique(quantiles, return_index=True)
    last = np.append(first[1:], len(quantiles)) - 1
    middle = (shares[first] + shares[last]) / 2
    return np.asarray(np.interp(at, values, middle, left=0.0, right=1.0), dtype=np.float64)
