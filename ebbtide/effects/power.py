"""How many customers it takes to tell an effect of a given size from none."""

from __future__ import annotations

import math
from statistics import NormalDist

from ebbtide.effects.intervals import LEVEL, two_sided

POWER = 0.8
"""Chance with which an effect of that size is to be found."""


def needed(
    *, churn_share: float, effect: float, propensity: float, level: float = LEVEL
) -> int | None:
    """Return how many customers both arms need together; None where no number would do.

    Parameters
    ----------
    churn_share : share of those left alone who churn, in (0, 1).
    effect : reduction of it that is to be found, in [0, churn_share].
    propensity : probability of being treated, in (0, 1).
    level : of the interval that must not hold zero.

    References
    ----------
    J. L. Fleiss, Statistical Methods for Rates and Proportions, 2nd edition, Wiley 1981, chapter 3.

    Examples
    --------
    40 % against 30 %: a hold-out of a tenth asks for more customers than equal arms do.

    >>> needed(churn_share=0.4, effect=0.1, propensity=0.5)
    707
    >>> needed(churn_share=0.4, effect=0.1, propensity=0.9)
    2067
    >>> needed(churn_share=0.4, effect=0.0, propensity=0.9) is None
    True
    """
    if effect <= 0 or not 0 < propensity < 1:
        return None
    treated_share = max(churn_share - effect, 0.0)
    distance = two_sided(level) + NormalDist().inv_cdf(POWER)
    variance = (
        churn_share * (1 - churn_share) / (1 - propensity)
        + treated_share * (1 - treated_share) / propensity
    )
    return math.ceil(variance * (distance / effect) ** 2)
