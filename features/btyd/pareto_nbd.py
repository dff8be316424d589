"""Pareto/NBD: a customer may stop for good at any moment.

The yardstick for the models that the catalogue can write in SQL; no feature is computed from it.

References
----------
D. C. Schmittlein, D. G. Morrison, R. Colombo (1987), Counting your customers: who are they and
what will they do next?, Management Science 33(1), 1-24.
P. S. Fader, B. G. S. Hardie (2005), A note on deriving the Pareto/NBD model and related
expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import exprel, gammaln

from features.btyd.maximum_likelihood import Fit, maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.btyd.histories import Histories

    Floats = NDArray[np.float64]

NAMES = ("r", "alpha", "s", "beta")
NODES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoNbd:
    """A Pareto/NBD with its parameters.

    Parameters
    ----------
    r, alpha : shape and inverse scale (days) of the buying rates among customers.
    s, beta : shape and inverse scale (days) of the rates at which they stop.
    """

    r: float
    alpha: float
    s: float
    beta: float

    @property
    def _theta(self) -> Floats:
        return np.array([self.r, self.alpha, self.s, self.beta])

    def log_likelihood(self, seen: Histories) -> float:
        """Log-likelihood of all customers."""
        return _log_likelihood(self._theta, seen)

    def p_alive(self, seen: Histories) -> Floats:
        """Probability that a customer has not stopped yet."""
        alive, stopped = _log_parts(self._theta, seen)
        p: Floats = np.exp(alive - np.logaddexp(alive, stopped))
        return p

    def expected_purchases(
        self, seen: Histories, *, horizon_days: float, gap_days: float = 0.0
    ) -> Floats:
        """Return the purchases to expect within ``[gap, gap + horizon)`` after observation."""
        later = self.beta + seen.age_days
        rate = (self.r + seen.repeats) / (self.alpha + seen.age_days)
        until = np.log1p(gap_days / later)
        within = np.log1p(horizon_days / (later + gap_days))
        lived = later * np.exp((1 - self.s) * until) * within * exprel((1 - self.s) * within)
        expected: Floats = self.p_alive(seen) * rate * lived
        return expected

    def p_none(self, seen: Histories, *, horizon_days: float, gap_days: float = 0.0) -> Floats:
        """Probability of no purchase within ``[gap, gap + horizon)`` after observation.

        Notes
        -----
        The first purchase of the window falls ``u`` after its start with density
        ``l exp(-l u - m (gap + u))`` for one who lives; over both Gamma posteriors that is
        elementary, over ``u`` it is integrated by Gauss-Legendre quadrature.
        """
        shape = (self.r + seen.repeats)[:, None]
        age, later = self.alpha + seen.age_days, self.beta + seen.age_days
        u, weights = _unit_rule()
        # Equal steps of the probability to have bought, had nobody stopped.
        farthest = -np.expm1(-shape * np.log1p(horizon_days / age)[:, None])
        waited = age[:, None] * np.expm1(-np.log1p(-farthest * u) / shape)
        lives = np.exp(-self.s * np.log1p((gap_days + waited) / later[:, None]))
        p: Floats = 1 - self.p_alive(seen) * (farthest[:, 0] * (lives * weights).sum(axis=1))
        return p


def fit_pareto_nbd(seen: Histories) -> tuple[ParetoNbd, Fit]:
    """Fit a Pareto/NBD by maximum likelihood.

    Raises
    ------
    NotReady
        If the likelihood has no maximum that can be found.
    """
    scale = float(np.average(seen.age_days, weights=seen.weights))
    best, fit = maximise(
        lambda theta: _with_gradient(theta, seen),
        names=NAMES,
        starts=[(0.5, 0.3 * scale, 0.6, 0.4 * scale)],
        bounds=[(1e-3, 1e3), (1e-4 * scale, 1e3 * scale), (1e-3, 50), (1e-3 * scale, 1e3 * scale)],
        customers=seen.customers,
    )
    r, alpha, s, beta = (float(value) for value in best)
    return ParetoNbd(r=r, alpha=alpha, s=s, beta=beta), fit


def _with_gradient(theta: Floats, seen: Histories) -> tuple[float, Floats]:
    """Return the log-likelihood and its gradient by central differences."""
    steps = np.diag(1e-5 * theta)
    slopes = [
        (_log_likelihood(theta + step, seen) - _log_likelihood(theta - step, seen)) / 2e-5
        for step in steps
    ]
    return _log_likelihood(theta, seen), np.array(slopes) / theta


def _log_likelihood(theta: Floats, seen: Histories) -> float:
    r, alpha, s, beta = theta
    alive, stopped = _log_parts(theta, seen)
    shared = gammaln(r + seen.repeats) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return float((seen.weights * (shared + np.logaddexp(alive, stopped))).sum())


def _log_parts(theta: Floats, seen: Histories) -> tuple[Floats, Floats]:
    """Return the logarithms of what a customer who lives and one who stopped adds.

    The second is ``s`` times the integral of ``(alpha + u)**-(r + x) (beta + u)**-(s + 1)`` over
    the silence. It is taken over ``((alpha + t_x) / (alpha + u))**(r + x + s)``, in which the
    integrand hardly bends, so that no hypergeometric function with its cancellations is needed.
    """
    r, alpha, s, beta = theta
    shape = r + seen.repeats
    last, age = alpha + seen.last_days, alpha + seen.age_days
    alive = -shape * np.log(age) - s * np.log(beta + seen.age_days)
    total = (shape + s)[:, None]
    silence = np.log(age / last)[:, None]
    u, weights = _unit_rule()
    farthest = -np.expm1(-total * silence)
    at = last[:, None] * np.exp(-np.log1p(-farthest * u) / total)
    bends = np.exp((s + 1) * (np.log(at) - np.log(at + (beta - alpha))))
    with np.errstate(divide="ignore"):
        mass = np.log(farthest[:, 0] * (bends * weights).sum(axis=1))
    stopped = np.log(s / total[:, 0]) - total[:, 0] * np.log(last) + mass
    return alive, stopped


@cache
def _unit_rule() -> tuple[Floats, Floats]:
    """Return the nodes and weights of Gauss-Legendre on (0, 1)."""
    roots, weights = np.polynomial.legendre.leggauss(NODES)
    return (roots + 1) / 2, weights / 2
