"""BG/NBD and its modified form MBG/NBD: a customer may stop for good after each purchase.

While alive, a customer buys at a rate that is Gamma(r, alpha) among customers, and stops after a
purchase with a probability that is Beta(a, b) among them. In the BG/NBD nobody stops after the
first purchase; in the MBG/NBD anybody may.

References
----------
P. S. Fader, B. G. S. Hardie, K. L. Lee (2005), "Counting your customers" the easy way: an
alternative to the Pareto/NBD model, Marketing Science 24(2), 275-284.
E. P. Batislam, M. Denizel, A. Filiztekin (2007), Empirical validation and comparison of models for
customer base analysis, International Journal of Research in Marketing 24(3), 201-209.
D. Hoppe, U. Wagner (2007), Customer base analysis: the case for a central variant of the
Betageometric/NBD model, Marketing - Journal of Research and Management 3(2), 75-90.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import betaln, digamma, gammaln

from ebbtide.beta_posterior import beta_mean
from features.btyd.maximum_likelihood import Fit, maximise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from features.btyd.histories import Histories

    Floats = NDArray[np.float64]

Kind = Literal["bg_nbd", "mbg_nbd"]

NAMES = ("r", "alpha", "a", "b")


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaGeometric:
    """A BG/NBD or MBG/NBD with its parameters.

    Parameters
    ----------
    kind : which of the two.
    r : shape of the buying rates among customers.
    alpha : their inverse scale, days: the mean rate of a living customer is ``r / alpha`` a day.
    a, b : shapes of the probability to stop after a purchase, whose mean is ``a / (a + b)``.
    """

    kind: Kind
    r: float
    alpha: float
    a: float
    b: float

    @property
    def survivals(self) -> int:
        """Purchases survived beyond the repeats: 1 where the first purchase is one of them."""
        return 0 if self.kind == "bg_nbd" else 1

    def log_likelihood(self, seen: Histories) -> float:
        """Log-likelihood of all customers."""
        theta = np.array([self.r, self.alpha, self.a, self.b])
        return log_likelihood(theta, seen, survivals=self.survivals)[0]

    def p_alive(self, seen: Histories) -> Floats:
        """Probability that a customer has not stopped yet."""
        odds = _odds_of_having_stopped(
            np.array([self.r, self.alpha, self.a, self.b]), seen, survivals=self.survivals
        )
        return 1 / (1 + odds)

    def purchase_rate(self, seen: Histories) -> Floats:
        """Return the expected purchases a day while alive, now or before the customer stopped.

        Notes
        -----
        The rate is Gamma(r + x, alpha + T) for one who lives and Gamma(r + x, alpha + t_x) for one
        who stopped at ``t_x``; this is the mean of the two, weighted by P(alive).
        """
        alive = self.p_alive(seen)
        shape = self.r + seen.repeats
        return shape * (
            alive / (self.alpha + seen.age_days) + (1 - alive) / (self.alpha + seen.last_days)
        )

    def expected_purchases(
        self, seen: Histories, *, horizon_days: float, gap_days: float = 0.0
    ) -> Floats:
        """Return the purchases to expect within ``[gap, gap + horizon)`` after observation.

        Notes
        -----
        Alive with rate ``l`` and stopping probability ``p``, a customer stops at rate ``l p``, so
        the expectation is ``(exp(-l p gap) - exp(-l p (gap + horizon))) / p``. Over the rate this
        is elementary; over ``p``, which is Beta(a, b + x) for one who lives (b + x + 1 in the
        MBG/NBD), it is integrated by Gauss-Jacobi quadrature.
        """
        shape = self.r + seen.repeats
        start = gap_days / (self.alpha + seen.age_days)
        span = horizon_days / (self.alpha + seen.age_days)

        def of_living(p: Floats) -> Floats:
            until = np.exp(-shape[:, None] * np.log1p(p * start[:, None]))
            within = np.log1p(p * span[:, None] / (1 + p * start[:, None]))
            return until * -np.expm1(-shape[:, None] * within) / p

        return self.p_alive(seen) * self._mean_over_stopping(of_living, seen, span + start)

    def p_none(self, seen: Histories, *, horizon_days: float, gap_days: float = 0.0) -> Floats:
        """Probability of no purchase within ``[gap, gap + horizon)`` after observation.

        Notes
        -----
        To buy within the window one has to live, to survive the gap (``exp(-l p gap)``), and then
        to buy at all within the horizon (``1 - exp(-l horizon)``): whoever lives at its start
        makes a purchase before stopping, since one stops at purchases only.
        """
        shape = self.r + seen.repeats
        start = gap_days / (self.alpha + seen.age_days)
        span = horizon_days / (self.alpha + seen.age_days)

        def of_living(p: Floats) -> Floats:
            at_start = 1 + p * start[:, None]
            until = np.exp(-shape[:, None] * np.log(at_start))
            return until * -np.expm1(-shape[:, None] * np.log1p(span[:, None] / at_start))

        if gap_days == 0:
            buys = of_living(np.zeros((len(shape), 1)))[:, 0]
        else:
            buys = self._mean_over_stopping(of_living, seen, span + start)
        return 1 - self.p_alive(seen) * buys

    def _mean_over_stopping(
        self, of_living: Callable[[Floats], Floats], seen: Histories, span: Floats
    ) -> Floats:
        return beta_mean(
            of_living, a=self.a, b=self.b + self.survivals, repeats=seen.repeats, span=span
        )


def fit_beta_geometric(seen: Histories, *, kind: Kind) -> tuple[BetaGeometric, Fit]:
    """Fit a BG/NBD or MBG/NBD by maximum likelihood.

    Raises
    ------
    NotReady
        If the likelihood has no maximum that can be found.

    Examples
    --------
    >>> from features.btyd.histories import histories
    >>> seen = histories(
    ...     [0, 1, 2, 0, 5, 3], [0, 20, 50, 0, 80, 30], [90] * 6, weights=[50, 20, 10, 30, 5, 9]
    ... )
    >>> model, fit = fit_beta_geometric(seen, kind="bg_nbd")
    >>> model.kind, fit.customers
    ('bg_nbd', 124)
    """
    survivals = 0 if kind == "bg_nbd" else 1
    scale = float(np.average(seen.age_days, weights=seen.weights))
    best, fit = maximise(
        lambda theta: log_likelihood(theta, seen, survivals=survivals),
        names=NAMES,
        starts=[(0.5, 0.2 * scale, 0.8, 2.5), (2.0, scale, 0.3, 1.0)],
        bounds=[(1e-3, 1e3), (1e-4 * scale, 1e3 * scale), (0.01, 20), (0.05, 50)],
        customers=seen.customers,
    )
    r, alpha, a, b = (float(value) for value in best)
    return BetaGeometric(kind=kind, r=r, alpha=alpha, a=a, b=b), fit


def log_likelihood(theta: Floats, seen: Histories, *, survivals: int) -> tuple[float, Floats]:
    """Return the log-likelihood and its gradient by r, alpha, a, b."""
    r, alpha, a, b = theta
    x, last, age = seen.repeats, alpha + seen.last_days, alpha + seen.age_days
    log_age = np.log(age)
    odds = _odds_of_having_stopped(theta, seen, survivals=survivals)
    stopped = odds / (1 + odds)
    # What depends on x alone is computed once for each x that occurs: special functions are slow.
    level, at, number = seen.by_repeats
    survived = b + level + survivals
    of_level = betaln(a, survived) - betaln(a, b) + gammaln(r + level) - gammaln(r)
    value = r * np.log(alpha) - (r + x) * log_age + np.log1p(odds)
    all_in = digamma(a + b) - digamma(a + survived)
    stopped_weight = seen.weights * stopped
    stopped_at = np.bincount(at, stopped_weight)
    may_stop = level + survivals > 0
    # Sums, not dot products: those go to as many threads as there are, and are added in any order.
    gradient = np.array(
        [
            (number * (digamma(r + level) - digamma(r))).sum()
            + (seen.weights * (np.log(alpha) - log_age)).sum()
            + (stopped_weight * (log_age - np.log(last))).sum(),
            (seen.weights * (r / alpha - (r + x) / age)).sum()
            + (stopped_weight * (r + x) * (1 / age - 1 / last)).sum(),
            (number * all_in).sum() + stopped_weight.sum() / a,
            (number * (all_in + digamma(survived) - digamma(b))).sum()
            - (stopped_at[may_stop] / (survived[may_stop] - 1)).sum(),
        ]
    )
    return float((number * of_level).sum() + (seen.weights * value).sum()), gradient


def _odds_of_having_stopped(theta: Floats, seen: Histories, *, survivals: int) -> Floats:
    r, alpha, a, b = theta
    x = seen.repeats
    can_have_stopped = x + survivals > 0
    silence = np.log((alpha + seen.age_days) / (alpha + seen.last_days))
    survived = np.where(can_have_stopped, b + x + survivals - 1, 1.0)
    odds: Floats = np.where(
        can_have_stopped, a / survived * np.exp(np.minimum((r + x) * silence, 700)), 0.0
    )
    return odds
