"""Maximum likelihood for a few positive parameters, from fixed starts, within bounds.

It knows no model: a model hands in its log-likelihood with the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import NotReady

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]

MOST_STEPS = 500
FLAT = 2e-6
"""Slope, per customer and by the logarithm of a parameter, at which a search that found no better
point has been as far as rounding lets it: up to 6e-7 was seen, with six customers in all."""
_NO_BETTER_STEP = 2
"""What scipy calls its status then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a fit went.

    Parameters
    ----------
    customers : how many customers the fit stands for.
    log_likelihood : at the parameters found, of all customers.
    evaluations : how often the likelihood was computed, over all starts.
    at_bound : names of the parameters that ended at a bound: the data do not pin them down.
    """

    customers: int
    log_likelihood: float
    evaluations: int
    at_bound: tuple[str, ...] = ()


def maximise(
    log_likelihood: Objective,
    *,
    names: Sequence[str],
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
    customers: float,
) -> tuple[NDArray[np.float64], Fit]:
    """Return the parameters with the highest likelihood, and how they were found.

    Parameters
    ----------
    log_likelihood : of positive parameters; returns the value and its gradient.
    names : of the parameters.
    starts : points to start from; the best end wins, the first of equals.
    bounds : lowest and highest value of each parameter, > 0.
    customers : how many customers the likelihood is of; keeps the scale of the search.

    Raises
    ------
    NotReady
        If no start converges.

    Notes
    -----
    The search runs over logarithms by L-BFGS-B, so that parameters stay positive and one step
    means the same share of each of them. Where the likelihood is flat but for rounding, a search
    may end without a step that improves it, on one processor and not on another: that is taken for
    a maximum.

    Examples
    --------
    >>> def likelihood(theta):
    ...     return -float((np.log(theta[0] / 3)) ** 2), -2 * np.log(theta / 3) / theta
    >>> best, fit = maximise(
    ...     likelihood, names=["a"], starts=[[1.0]], bounds=[(0.01, 100)], customers=1
    ... )
    >>> round(float(best[0]), 6), fit.at_bound
    (3.0, ())
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    limits = np.log(np.asarray(bounds, dtype=float))

    def loss(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        theta = np.exp(logs)
        value, gradient = log_likelihood(theta)
        return -value / customers, -gradient * theta / customers

    with threadpool_limits(1):  # matrices of four rows: threads would wait for each other
        ends = [
            minimize(
                loss,
                np.clip(np.log(start), limits[:, 0], limits[:, 1]),
                jac=True,
                method="L-BFGS-B",
                bounds=limits,
                options={"maxiter": MOST_STEPS, "ftol": 1e-13, "gtol": 1e-8},
            )
            for start in starts
        ]
    found = [
        end
        for end in ends
        if np.isfinite(end.fun)
        and (
            end.success or (end.status == _NO_BETTER_STEP and _slope(end.x, end.jac, limits) < FLAT)
        )
    ]
    if not found:
        said = "; ".join(sorted({str(end.message) for end in ends}))
        raise NotReady(
            f"The likelihood of {', '.join(names)} has no maximum that {len(starts)} starts reach "
            f"({said}). Bring more customers or a longer log."
        )
    best = min(found, key=lambda end: float(end.fun))
    near = np.abs(best.x[:, None] - limits).min(axis=1) < 1e-6
    return np.exp(best.x), Fit(
        customers=round(customers),
        log_likelihood=-float(best.fun) * customers,
        evaluations=sum(int(end.nfev) for end in ends),
        at_bound=tuple(name for name, is_near in zip(names, near, strict=True) if is_near),
    )


def _slope(
    x: NDArray[np.float64], gradient: NDArray[np.float64], limits: NDArray[np.float64]
) -> float:
    """Return how steeply a loss falls from a point in any direction that the limits leave open."""
    return float(np.abs(x - np.clip(x - gradient, limits[:, 0], limits[:, 1])).max())
