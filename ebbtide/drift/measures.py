"""How far counts of now are from counts of then, and how far chance alone may carry them.

Nothing here knows features or models.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PSEUDO_COUNT = 0.5


def population_stability(now: ArrayLike, before: ArrayLike) -> float:
    """Return the population stability index (PSI) of two samples in the same bins, 0 or more.

    The sum over bins of ``(p - q) * ln(p / q)``. So that an empty bin is no infinity, each sample
    is given half a value for each bin that is not empty in both, dealt as both together are
    spread: then two samples of one spread keep the same expected shares, whatever their sizes.

    Parameters
    ----------
    now, before : counts by bin, shape (bins,).

    References
    ----------
    H. Jeffreys, An invariant form for the prior probability in estimation problems, Proceedings of
    the Royal Society A 186 (1946): the divergence. N. Siddiqi, Credit Risk Scorecards (2006): its
    use for populations.

    Examples
    --------
    >>> population_stability([50, 50], [50, 50]), round(population_stability([80, 20], [50, 50]), 2)
    (0.0, 0.41)
    """
    ours, theirs = (np.asarray(each, dtype=np.float64) for each in (now, before))
    n, m = ours.sum(), theirs.sum()
    kept = ours + theirs > 0
    if not (n and m) or kept.sum() < 2:
        return 0.0
    ours, theirs = ours[kept], theirs[kept]
    added = PSEUDO_COUNT * len(ours)
    dealt = added * (ours + theirs) / (n + m)
    p, q = (ours + dealt) / (n + added), (theirs + dealt) / (m + added)
    return float(np.sum((p - q) * np.log(p / q)))


def critical_stability(level: float, *, bins: int, n: int, n_before: int) -> float:
    """Return the PSI that two samples of one spread exceed with a probability.

    Under no change, ``PSI / (1/n + 1/m)`` is about chi-square with ``bins - 1`` degrees of freedom.

    Parameters
    ----------
    level : the probability, in (0, 1).
    bins : how many bins are not empty in both samples.
    n, n_before : sizes of the samples.

    References
    ----------
    B. Yurdakul, Statistical properties of population stability index, Western Michigan University
    (2018).

    Examples
    --------
    >>> round(critical_stability(0.05, bins=10, n=1000, n_before=1000), 3)
    0.034
    """
    from scipy.special import chdtri

    if bins < 2 or min(n, n_before) < 1:
        return math.inf
    return float(chdtri(bins - 1, level)) * (1 / n + 1 / n_before)


def distance(now: ArrayLike, before: ArrayLike) -> float:
    """Return the largest difference between two distribution functions (Kolmogorov-Smirnov).

    It is looked for at the ends of the bins only, so that it may be a little below that of the
    values themselves, never above.

    Parameters
    ----------
    now, before : counts by bin, the bins in the order of their values, shape (bins,).

    Examples
    --------
    >>> distance([0, 10], [10, 0]), distance([1, 2, 1], [2, 4, 2])
    (1.0, 0.0)
    """
    ours, theirs = (np.cumsum(np.asarray(each, dtype=np.float64)) for each in (now, before))
    if not (ours[-1] and theirs[-1]):
        return 0.0
    return float(np.max(np.abs(ours / ours[-1] - theirs / theirs[-1])))


def critical_distance(level: float, *, n: int, n_before: int) -> float:
    """Return the distance that two samples of one spread exceed with a probability at most.

    That of Kolmogorov's distribution; ties and bins only make it rarer.

    Parameters
    ----------
    level : the probability, in (0, 1).
    n, n_before : sizes of the samples.

    References
    ----------
    N. Smirnov, Table for estimating the goodness of fit of empirical distributions, Annals of
    Mathematical Statistics 19 (1948). G. Noether, Note on the Kolmogorov statistic in the discrete
    case, Metrika 7 (1963): ties make the test conservative.

    Examples
    --------
    >>> round(critical_distance(0.01, n=1000, n_before=1000), 3)
    0.073
    """
    from scipy.special import kolmogi

    if min(n, n_before) < 1:
        return math.inf
    return float(kolmogi(level)) * math.sqrt(1 / n + 1 / n_before)


def critical_difference(
    level: float, *, missing: int, n: int, missing_before: int, n_before: int
) -> float:
    """Return the difference of two shares that chance exceeds with a probability, either way.

    Parameters
    ----------
    level : the probability, in (0, 1).
    missing, missing_before : how many have what is counted.
    n, n_before : out of how many.

    References
    ----------
    The pooled test of two proportions; A. Agresti, Categorical Data Analysis (2002), section 3.1.

    Examples
    --------
    >>> round(critical_difference(0.05, missing=50, n=500, missing_before=50, n_before=500), 3)
    0.037
    """
    from scipy.special import ndtri

    if min(n, n_before) < 1:
        return math.inf
    share = (missing + missing_before) / (n + n_before)
    spread = math.sqrt(share * (1 - share) * (1 / n + 1 / n_before))
    return -float(ndtri(level / 2)) * spread
