"""How far counts of now are from counts of then, and how far chance alone may carry them.

Nothing here knows features or models.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.drift.chance import chances_of, critical_divergence, divergence, exceeded_at_most

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

PSEUDO_COUNT = 0.5
EXPECTED = 5.0
"""Values that a bin must expect in both samples to be compared by itself."""

MANY = 50.0
"""Values that it must expect for chi-square to hold far out, too."""

_TAIL = 3.0
"""Chi-square is stretched by so much divided by the fewest that are expected: from fifty on it is
exceeded no more often than is said then, by what :mod:`ebbtide.drift.chance` counts out."""

_SURELY = 4.0
"""So many times chi-square of one degree of freedom above that of all, nothing is expected."""


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
    n, m = int(ours.sum()), int(theirs.sum())
    kept = ours + theirs > 0
    if not (n and m) or kept.sum() < 2:
        return 0.0
    ours, theirs = ours[kept], theirs[kept]
    added = PSEUDO_COUNT * len(ours)
    return float(divergence(ours, ours + theirs, n=n, n_before=m, added=added).sum())


def critical_stability(
    level: float, *, pooled: ArrayLike, n: int, n_before: int, at_least: float = 0.0
) -> float:
    """Return the PSI that two samples of one spread exceed with a probability, or more rarely.

    Under no change, ``PSI / (1/n + 1/m)`` is about chi-square with ``bins - 1`` degrees of freedom,
    as long as both samples expect many values in each bin; far out it is exceeded a little more
    often, for which it is stretched by three divided by the fewest that are expected (E), to
    ``1 + 3/E`` times. Bins of which fewer than fifty are expected are not left to that: how far
    these and all others together may come apart is counted out at half of the level, and the others
    among themselves are left to chi-square at the other half; the PSI is the sum of both (its chain
    rule). Where there are no two others, all is counted out at the whole level.

    Parameters
    ----------
    level : the probability, in (0, 1).
    pooled : counts by bin of both samples together.
    n, n_before : sizes of the samples.
    at_least : what is returned where the critical value is hardly larger, without counting.

    References
    ----------
    B. Yurdakul, Statistical properties of population stability index, Western Michigan University
    (2018). S. Kullback, Information Theory and Statistics (1959), chapter 2: additivity.

    Examples
    --------
    >>> round(critical_stability(0.05, pooled=[200] * 10, n=1000, n_before=1000), 3)
    0.035
    >>> round(critical_stability(0.05, pooled=[40] * 10, n=200, n_before=200), 3)
    0.169
    """
    counts = np.asarray(pooled, dtype=np.float64)
    counts = counts[counts > 0]
    if len(counts) < 2 or min(n, n_before) < 1:
        return math.inf
    unit = 1 / n + 1 / n_before
    about = _chi_square(level, freedom=len(counts) - 1) * unit
    expected = counts * min(n, n_before) / (n + n_before)
    surely = about + _SURELY * _chi_square(level, freedom=1) * unit
    if len(counts) > 2 and expected.min() >= EXPECTED and surely <= at_least:
        return at_least
    is_few = expected < MANY
    if len(counts) > 2 and not is_few.any():
        return about * (1 + _TAIL / float(expected.min()))
    others = counts[~is_few]
    among = 0.0
    if len(counts) == 2 or len(others) < 2:
        part, apart = level, counts
    else:
        part, apart = level / 2, np.append(counts[is_few], others.sum())
        among = _chi_square(part, freedom=len(others) - 1) * unit
        among *= 1 + _TAIL / float(expected[~is_few].min())
    added = PSEUDO_COUNT * len(counts)
    scale = _chi_square(part, freedom=len(apart) - 1) * unit
    sizes = {"n": n, "n_before": n_before}
    return among + critical_divergence(part, counts=apart, added=added, scale=scale, **sizes)


def sparse(pooled: ArrayLike, *, n: int, n_before: int) -> NDArray[np.bool_]:
    """Return which bins expect too few values to be compared by themselves, in either sample.

    By both samples together: which bins these are does not favour one, whatever chance dealt.

    Examples
    --------
    >>> sparse([20, 180], n=100, n_before=100).tolist(), sparse([20, 180], n=40, n_before=160)[0]
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
    """Return the difference of two shares that chance exceeds with a probability at most.

    Either way. It is counted out whatever the sizes: the normal approximation is exceeded too often
    far out, 1.4 times as often as is said where one sample of 600 is compared with 100,000.

    Parameters
    ----------
    level : the probability, in (0, 1).
    missing, missing_before : how many have what is counted.
    n, n_before : out of how many.

    References
    ----------
    R. Fisher's exact test of two proportions; A. Agresti, Categorical Data Analysis (2002), section
    3.5.

    Examples
    --------
    >>> round(critical_difference(0.05, missing=90, n=500, missing_before=110, n_before=500), 3)
    0.048
    >>> round(critical_difference(0.05, missing=5, n=500, missing_before=5, n_before=500), 3)
    0.012
    """
    if min(n, n_before) < 1:
        return math.inf
    count = missing + missing_before
    here, chances = chances_of(count, n=n, n_before=n_before)
    apart = np.abs(here / n - (count - here) / n_before)
    return exceeded_at_most(level, apart, chances)


def _chi_square(level: float, *, freedom: int) -> float:
    from scipy.special import chdtri

    return float(chdtri(freedom, level))
