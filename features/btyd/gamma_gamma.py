"""Gamma-Gamma: what a customer spends on a purchase day, shrunk towards what all spend.

Each day's spend is Gamma(p, v) with one ``p`` for all, and ``v`` is Gamma(q, gamma) among
customers. Spend is taken to be independent of how often one buys.

References
----------
P. S. Fader, B. G. S. Hardie (2013), The Gamma-Gamma model of monetary value, note 025; first used
in P. S. Fader, B. G. S. Hardie, K. L. Lee (2005), RFM and CLV: using iso-value curves for customer
base analysis, Journal of Marketing Research 42(4), 415-430.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, digamma

from features.btyd.maximum_likelihood import Fit, maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NAMES = ("p", "q", "gamma")


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaGamma:
    """A Gamma-Gamma model with its parameters.

    Parameters
    ----------
    p : shape of one customer's spends.
    q : shape of the rates among customers, > 1, so that the mean exists.
    gamma : their inverse scale, currency.
    """

    p: float
    q: float
    gamma: float

    def expected_spend(self, purchases: Floats, mean_spend: Floats) -> Floats:
        """Return the expected spend on a future purchase day, currency.

        Parameters
        ----------
        purchases : purchase days that the mean is of, >= 0.
        mean_spend : mean spend on those days, currency.

        Examples
        --------
        >>> model = GammaGamma(p=6.25, q=3.74, gamma=15.45)
        >>> model.expected_spend(np.array([0, 1, 99]), np.array([0, 100, 100])).round(1).tolist()
        [35.2, 80.3, 99.7]
        """
        return self.p * (self.gamma + purchases * mean_spend) / (self.p * purchases + self.q - 1)


def fit_gamma_gamma(purchases: Floats, mean_spend: Floats) -> tuple[GammaGamma, Fit]:
    """Fit a Gamma-Gamma model by maximum likelihood.

    Parameters
    ----------
    purchases : purchase days that each customer's mean is of, >= 1.
    mean_spend : mean spend on those days, currency, > 0.

    Raises
    ------
    NotReady
        If the likelihood has no maximum that can be found.
    """
    scale = float(np.exp(np.mean(np.log(mean_spend))))
    spent = _Spent.of(purchases, mean_spend)
    best, fit = maximise(
        lambda theta: _log_likelihood(theta, spent),
        names=NAMES,
        starts=[(2.0, 3.0, scale), (6.0, 4.0, 0.4 * scale)],
        bounds=[(1e-2, 1e4), (1.01, 1e3), (1e-6 * scale, 1e4 * scale)],
        customers=len(purchases),
    )
    p, q, gamma = (float(value) for value in best)
    return GammaGamma(p=p, q=q, gamma=gamma), fit


@dataclass(frozen=True, slots=True)
class _Spent:
    """What of the likelihood depends on no parameter.

    What depends on the number of purchases alone is computed once for each that occurs, ``level``.
    """

    purchases: Floats
    total: Floats
    log_total: Floats
    log_mean: Floats
    level: Floats
    number: Floats

    @classmethod
    def of(cls, purchases: Floats, mean_spend: Floats) -> _Spent:
        total = purchases * mean_spend
        level, number = np.unique(purchases, return_counts=True)
        return cls(
            purchases=purchases,
            total=total,
            log_total=np.log(total),
            log_mean=np.log(mean_spend),
            level=level,
            number=number.astype(np.float64),
        )


def _log_likelihood(theta: Floats, spent: _Spent) -> tuple[float, Floats]:
    """Return the log-likelihood of mean spends and its gradient by p, q, gamma."""
    p, q, gamma = theta
    total, purchases, level = spent.total, spent.purchases, spent.level
    shared = np.log(gamma + total)
    by_all = digamma(p * level + q)
    of_total = spent.log_total - shared
    of_gamma = np.log(gamma) - shared
    value = q * of_gamma + p * purchases * of_total
    # Sums, not dot products: those go to as many threads as there are, and are added in any order.
    gradient = np.array(
        [
            (spent.number * level * (by_all - digamma(p * level))).sum()
            + (purchases * of_total).sum(),
            (spent.number * (by_all - digamma(q))).sum() + of_gamma.sum(),
            (q / gamma - (q + p * purchases) / (gamma + total)).sum(),
        ]
    )
    value -= spent.log_mean
    return float(value.sum() - (spent.number * betaln(p * level, q)).sum()), gradient
