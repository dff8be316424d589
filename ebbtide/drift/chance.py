"""How counts fall into two samples by chance alone, counted out instead of approximated.

For tables in which few values are expected. All that was counted is given; the samples are a draw
of it without replacement.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray

_STEPS, _RANGE = 80, 6
"""Steps of the grid up to about the critical value, and how many times that is looked at."""

_AT_ONCE = 8
"""Turns that are transformed together: of all 241 it would take tens of megabytes."""

_DEVIATIONS, _BEYOND = 9.0, 30.0
"""Numbers farther out than so many standard deviations and so many more never come: all of them
together less than once in 10^17, by Bernstein's inequality."""

_ROUNDING = 1e-9


def chances_of(count: int, *, n: int, n_before: int) -> tuple[FloatArray, FloatArray]:
    """Return how many of a count may lie in the first sample, and each one's chance.

    Numbers so far out that they never come are left out, so that millions are counted as soon as
    thousands: some 18 standard deviations of numbers are looked at, at most 10,000 of a million.

    Parameters
    ----------
    count : how many there are in both samples together.
    n, n_before : sizes of the samples.

    References
    ----------
    The hypergeometric distribution; A. Agresti, Categorical Data Analysis (2002), section 3.5.

    Examples
    --------
    >>> here, chances = chances_of(2, n=1, n_before=3)
    >>> here.tolist(), chances.round(3).tolist()
    ([0.0, 1.0], [0.5, 0.5])
    """
    share = n / (n + n_before)
    deviation = math.sqrt(count * share * (1 - share) * (1 - count / (n + n_before)))
    least, most = max(0, count - n_before), min(count, n)
    here = _numbers(count * share, deviation=deviation, least=least, most=most)
    logs = _log_ways(n, here) + _log_ways(n_before, count - here)
    chances = np.exp(logs - logs.max())
    return here, chances / chances.sum()


def exceeded_at_most(level: float, values: FloatArray, chances: FloatArray) -> float:
    """Return the smallest value that is exceeded with a probability of the level at most.

    Examples
    --------
    >>> values, chances = np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.6, 0.3])
    >>> [round(exceeded_at_most(level, values, chances), 6) for level in (0.05, 0.2)]
    [3.0, 2.0]
    """
    order = np.argsort(values)[::-1]
    above = np.cumsum(chances[order])
    kept = values[order]
    # The chance to exceed a value is that of all values that are truly larger.
    place = int(np.searchsorted(above, level, side="right"))
    return float(kept[min(place, len(kept) - 1)]) * (1 + _ROUNDING)


def divergence(
    here: FloatArray, counts: FloatArray | float, *, n: int, n_before: int, added: float
) -> FloatArray:
    """Return what cells add to the population stability index.

    Parameters
    ----------
    here : values of the first sample in each cell.
    counts : of both samples.
    n, n_before : sizes of the samples.
    added : values that are added to either sample, dealt as both together are spread; above 0.

    Examples
    --------
    >>> each = divergence(np.array([8.0, 2.0]), np.array([10.0, 10.0]), n=10, n_before=10, added=1)
    >>> each.round(3).tolist()
    [0.668, 0.668]
    """
    dealt = added * counts / (n + n_before)
    p, q = (here + dealt) / (n + added), (counts - here + dealt) / (n_before + added)
    return np.asarray((p - q) * np.log(p / q), dtype=np.float64)


def critical_divergence(
    level: float, *, counts: FloatArray, n: int, n_before: int, added: float, scale: float
) -> float:
    """Return the sum of divergences over cells that chance exceeds with a probability at most.

    Of two cells each draw is counted. Of more the distribution is found by Fourier transform: the
    cells of a draw without replacement are independent binomial numbers whose sum is given, so that
    the transform of (numbers drawn, divergence) is the product of those of the cells. Divergences
    are dealt to the two nearest points of a grid, and what is found is rounded up by a step of it.

    Parameters
    ----------
    level : the probability, in (0, 1).
    counts : of both samples together by cell, above 0, two cells at least; their sum is
        ``n + n_before``.
    n, n_before : sizes of the samples.
    added : as of :func:`divergence`.
    scale : about the result, which is looked for up to six times of it.

    References
    ----------
    J. Baglivo, D. Olivier and M. Pagano, Methods for exact goodness-of-fit tests, Journal of the
    American Statistical Association 87 (1992).

    Examples
    --------
    >>> drawn = {"n": 200, "n_before": 800, "added": 2.0, "scale": 0.05}
    >>> round(critical_divergence(0.05, counts=np.array([850.0, 100.0, 50.0]), **drawn), 3)
    0.04
    """
    if len(counts) == 2:
        fewer, more = sorted(counts.tolist())
        here, chances = chances_of(int(fewer), n=n, n_before=n_before)
        apart = divergence(here, fewer, n=n, n_before=n_before, added=added)
        apart += divergence(n - here, more, n=n, n_before=n_before, added=added)
        return exceeded_at_most(level, apart, chances)
    share = n / (n + n_before)
    cells = [_binomial(int(count), share=share, most=n) for count in counts]
    longest = max(len(here) for here, _ in cells)
    spread = _DEVIATIONS * math.sqrt(n * (1 - share)) + _BEYOND
    waves = 2 ** math.ceil(math.log2(max(longest, spread)))
    step, steps = scale / _STEPS, _STEPS * _RANGE
    laid = []
    for count, (here, chances) in zip(counts, cells, strict=True):
        places = divergence(here, count, n=n, n_before=n_before, added=added) / step
        below = np.floor(np.minimum(places, steps - 2))
        laid.append(_Laid(below=below, part=np.minimum(places - below, 1), chances=chances))
    turns = -2j * np.pi * np.arange(steps // 2 + 1)[:, None] / steps
    drawn = n - sum(int(here[0]) for here, _ in cells)
    of_sum = np.concatenate(
        [
            _of_sum(turns[first : first + _AT_ONCE], laid, waves=waves, drawn=drawn)
            for first in range(0, len(turns), _AT_ONCE)
        ]
    )
    by_step = np.fft.irfft(of_sum / of_sum[0].real, n=steps)
    above = 1 - np.cumsum(by_step)
    return float(np.argmax(above <= level) + 1) * step


class _Laid(NamedTuple):
    """Divergences of one cell on the grid: the points below, the parts above them, the chances."""

    below: FloatArray
    part: FloatArray
    chances: FloatArray


def _of_sum(
    turns: NDArray[np.complexfloating], laid: Iterable[_Laid], *, waves: int, drawn: int
) -> NDArray[np.complex128]:
    """Return the transform of the sum over cells at some turns, shape (turns,)."""
    product = np.ones((len(turns), waves), dtype=np.complex128)
    for below, part, chances in laid:
        dealt = np.exp(turns * below) * (1 - part + part * np.exp(turns))
        product *= np.fft.fft(dealt * chances, n=waves)
    back = np.exp(2j * np.pi * np.arange(waves) * drawn / waves)
    return np.asarray((product * back).mean(axis=1))


def _binomial(count: int, *, share: float, most: int) -> tuple[FloatArray, FloatArray]:
    """Return the numbers that may be drawn of a count, each alike, and the chance of each."""
    deviation = math.sqrt(count * share * (1 - share))
    here = _numbers(count * share, deviation=deviation, least=0, most=min(count, most))
    logs = here * math.log(share) + (count - here) * math.log1p(-share)
    return here, np.exp(_log_ways(count, here) + logs)


def _numbers(mean: float, *, deviation: float, least: int, most: int) -> FloatArray:
    """Return the numbers from the least to the most that may come."""
    far = _DEVIATIONS * deviation + _BEYOND
    first, last = max(least, int(mean - far)), min(most, int(mean + far))
    return np.arange(first, last + 1, dtype=np.float64)


def _log_ways(total: float, chosen: FloatArray) -> FloatArray:
    """Return the logarithm of how many ways there are to choose some of a total."""
    from scipy.special import gammaln

    ways = gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)
    return np.asarray(ways, dtype=np.float64)
