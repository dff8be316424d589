"""Intervals of shares and of differences of shares, good for small counts and for shares near 0.

They are closed formulas on counts: the same counts give the same ends on every machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.95
"""Part of such intervals that hold the truth, over many repetitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with the ends of its interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What became of the two arms, counted among customers with equal chances.

    Parameters
    ----------
    holdout, treated : how many customers are in either arm, >= 1.
    holdout_left, treated_left : how many of them churned.
    """

    holdout: int
    holdout_left: int
    treated: int
    treated_left: int


def share_interval(left: int, n: int, *, level: float = LEVEL) -> Interval:
    """Return the score interval of a share.

    Parameters
    ----------
    left : how many did.
    n : of how many, >= 1.
    level : in (0, 1).

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of
    the American Statistical Association 22 (1927), 209-212.

    Examples
    --------
    >>> found = share_interval(5, 10)
    >>> round(found.low, 4), found.estimate, round(found.high, 4)
    (0.2366, 0.5, 0.7634)
    """
    share, square = left / n, two_sided(level) ** 2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = math.sqrt(square * (share * (1 - share) / n + square / (4 * n * n))) / (1 + square / n)
    return Interval(
        estimate=share,
        low=0.0 if left == 0 else max(0.0, middle - half),
        high=1.0 if left == n else min(1.0, middle + half),
    )


def effect_interval(split: Split, *, level: float = LEVEL) -> Interval:
    """Return by how much fewer of the treated churned, with the hybrid score interval.

    Parameters
    ----------
    split : what became of the arms.
    level : in (0, 1).

    References
    ----------
    R. G. Newcombe, Interval estimation for the difference between independent proportions:
    comparison of eleven methods, Statistics in Medicine 17 (1998), 873-890, method 10.

    Examples
    --------
    The first example of the paper's table II: 56 of 70 against 48 of 80.

    >>> split = Split(holdout=70, holdout_left=56, treated=80, treated_left=48)
    >>> found = effect_interval(split)
    >>> round(found.low, 4), round(found.estimate, 4), round(found.high, 4)
    (0.0524, 0.2, 0.3339)
    """
    holdout = share_interval(split.holdout_left, split.holdout, level=level)
    treated = share_interval(split.treated_left, split.treated, level=level)
    difference = holdout.estimate - treated.estimate
    below = math.hypot(holdout.estimate - holdout.low, treated.high - treated.estimate)
    above = math.hypot(holdout.high - holdout.estimate, treated.estimate - treated.low)
    return Interval(
        estimate=difference,
        low=max(-1.0, difference - below),
        high=min(1.0, difference + above),
    )


def pooled_effect_interval(splits: Sequence[Split], *, level: float = LEVEL) -> Interval:
    """Return the effect over splits with different chances, compared only within each.

    Where the hold-out's share changed in time, arms of different times must not be compared: their
    customers differ. Effects are averaged with the weights of Mantel and Haenszel, and intervals
    put together from the distances to their ends. One split gives its own interval.

    Parameters
    ----------
    splits : at least one.
    level : in (0, 1).

    References
    ----------
    S. Greenland and J. M. Robins, Estimation of a common effect parameter from sparse follow-up
    data, Biometrics 41 (1985), 55-68.
    G. Y. Zou and A. Donner, Construction of confidence limits about effect measures: a general
    approach, Statistics in Medicine 27 (2008), 1693-1702.

    Examples
    --------
    >>> split = Split(holdout=70, holdout_left=56, treated=80, treated_left=48)
    >>> pooled_effect_interval([split]) == effect_interval(split)
    True
    """
    parts = [effect_interval(split, level=level) for split in splits]
    if len(parts) == 1:
        return parts[0]
    weights = [each.holdout * each.treated / (each.holdout + each.treated) for each in splits]
    whole = math.fsum(weights)
    shares = [weight / whole for weight in weights]
    pairs = list(zip(shares, parts, strict=True))
    estimate = math.fsum(share * part.estimate for share, part in pairs)
    below = math.hypot(*(share * (part.estimate - part.low) for share, part in pairs))
    above = math.hypot(*(share * (part.high - part.estimate) for share, part in pairs))
    return Interval(
        estimate=estimate, low=max(-1.0, estimate - below), high=min(1.0, estimate + above)
    )


def two_sided(level: float) -> float:
    """Return how many standard deviations hold a central part of the normal distribution.

    Examples
    --------
    >>> round(two_sided(0.95), 4)
    1.96
    """
    return NormalDist().inv_cdf((1 + level) / 2)
