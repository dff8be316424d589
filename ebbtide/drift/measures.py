"""How far counts of now are from counts of then, and how far chance alone may carry them.

Nothing here knows features or models.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ebbtide.scorer.scores import FloatArray

PSEUDO_COUNT = 0.5
EXPECTED = 10.0
"""Values that a bin must expect in both samples for chi-square to hold far out, too."""

_TAIL = 3.0
_NORMAL_FROM = 100.0
_ROUNDING = 1e-9


def population_stability(now: ArrayLike, before: ArrayLike) -> float:
    """Return the population stability index (PSI) of two samples in the same bins, 0 or more.

    The sum over bins of ``(p - q) * ln(p / q)``. So that an empty bin is no infinity, each sample
    is given half a value for each bin in which either has any, dealt as both together are
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


def critical_stability(level: float, *, pooled: ArrayLike, n: int, n_before: int) -> float:
    """Return the PSI that two samples of one spread exceed with a probability, or more rarely.

    Under no change, ``PSI / (1/n + 1/m)`` is about chi-square with ``bins - 1`` degrees of freedom,
    as long as both samples expect some ten values in each bin; far out it is exceeded a little more
    often, for which it is stretched by three divided by the fewest that are expected. One bin may
    expect fewer: how far its share against all others may come apart is then counted exactly at
    half of the level, and the others are left to chi-square at the other half; the PSI is the sum
    of both (its chain rule). Of two bins all is counted exactly.

    Parameters
    ----------
    level : the probability, in (0, 1).
    pooled : counts by bin of both samples together; of those not empty one at most is sparse
        (:func:`sparse`).
    n, n_before : sizes of the samples.

    References
    ----------
    B. Yurdakul, Statistical properties of population stability index, Western Michigan University
    (2018). S. Kullback, Information Theory and Statistics (1959), chapter 2: additivity.

    Examples
    --------
    >>> round(critical_stability(0.05, pooled=[200] * 10, n=1000, n_before=1000), 3)
    0.035
    """
    from scipy.special import chdtri

    counts = np.asarray(pooled, dtype=np.float64)
    counts = counts[counts > 0]
    if len(counts) < 2 or min(n, n_before) < 1:
        return math.inf
    unit = 1 / n + 1 / n_before
    is_sparse = sparse(counts, n=n, n_before=n_before)
    if len(counts) == 2:
        is_sparse = np.arange(2) == np.argmin(counts)
    others = counts[~is_sparse]
    among = 0.0
    part = level / 2 if is_sparse.any() and len(others) > 1 else level
    if len(others) > 1:
        expected = float(others.min()) * min(n, n_before) / (n + n_before)
        among = float(chdtri(len(others) - 1, part)) * unit * (1 + _TAIL / expected)
    if not is_sparse.any():
        return among
    few = int(counts[is_sparse].sum())
    added = PSEUDO_COUNT * len(counts)
    here, chances = _chances(few, n=n, n_before=n_before)
    dealt = added * few / (n + n_before)
    p, q = (here + dealt) / (n + added), (few - here + dealt) / (n_before + added)
    apart = (p - q) * (np.log(p / q) - np.log((1 - p) / (1 - q)))
    return _exceeded_at_most(part, apart, chances) + among


def sparse(pooled: ArrayLike, *, n: int, n_before: int) -> NDArray[np.bool_]:
    """Return which bins expect too few values for chi-square, in either sample.

    By both samples together: which bins these are does not favour one, whatever chance dealt.

    Examples
    --------
    >>> sparse([30, 170], n=100, n_before=100).tolist(), sparse([30, 170], n=40, n_before=160)[0]
    ([False, False], np.True_)
    """
    smaller = min(n, n_before) / max(n + n_before, 1)
    return np.asarray(pooled, dtype=np.float64) * smaller < EXPECTED


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
    The pooled test of two proportions, and R. Fisher's exact one where few have it; A. Agresti,
    Categorical Data Analysis (2002), sections 3.1 and 3.5.

    Examples
    --------
    >>> round(critical_difference(0.05, missing=90, n=500, missing_before=110, n_before=500), 3)
    0.05
    >>> round(critical_difference(0.05, missing=5, n=500, missing_before=5, n_before=500), 3)
    0.012
    """
    from scipy.special import ndtri

    if min(n, n_before) < 1:
        return math.inf
    count, everybody = missing + missing_before, n + n_before
    if min(count, everybody - count) * min(n, n_before) / everybody < _NORMAL_FROM:
        here, chances = _chances(count, n=n, n_before=n_before)
        apart = np.abs(here / n - (count - here) / n_before)
        return _exceeded_at_most(level, apart, chances)
    share = count / everybody
    spread = math.sqrt(share * (1 - share) * (1 / n + 1 / n_before))
    return -float(ndtri(level / 2)) * spread


def _chances(count: int, *, n: int, n_before: int) -> tuple[FloatArray, FloatArray]:
    """Return how many of a count may lie in the first sample by chance, and each one's chance.

    That of a draw without replacement (hypergeometric), all that was drawn being given.
    """
    from scipy.special import gammaln

    here = np.arange(max(0, count - n_before), min(count, n) + 1, dtype=np.float64)

    def ways(total: float, chosen: FloatArray) -> FloatArray:
        each = gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)
        return np.asarray(each, dtype=np.float64)

    logs = ways(n, here) + ways(n_before, count - here)
    chances = np.exp(logs - logs.max())
    return here, chances / chances.sum()


def _exceeded_at_most(level: float, values: FloatArray, chances: FloatArray) -> float:
    """Return the smallest value that is exceeded with a probability of the level at most."""
    order = np.argsort(values)[::-1]
    above = np.cumsum(chances[order])
    kept = values[order]
    # The chance to exceed a value is that of all values that are truly larger.
    place = int(np.searchsorted(above, level, side="right"))
    return float(kept[min(place, len(kept) - 1)]) * (1 + _ROUNDING)
