"""The customers who lived at one instant, by what their silence says, and how likely such leave.

Few columns in absolute units, so that the crowds of two instants can be compared: a model that
reads ranks cannot see that everybody has grown more silent. How customers differ from one another
is the model's work, not this module's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.scorer.scores import FloatArray
    from training.calibration.trade import Trade
    from training.definition_lab.purchase_days import PurchaseDays

MOST_CUSTOMERS = 30_000
"""A level needs no more: a sample of so many tells it to a third of a percent."""

_RIDGE = 1e-3
_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The living of one instant.

    Parameters
    ----------
    silence : days since the last purchase, by the clock in use, shape (n,).
    columns : of the silence and of the purchase days of late, shape (n, 4).
    churned : 1 for churn, 0 for stayed, shape (n,); None while the outcome is open.
    """

    silence: FloatArray
    columns: FloatArray
    churned: FloatArray | None

    @property
    def share(self) -> float:
        """Share of the crowd that churned."""
        assert self.churned is not None, "an open crowd was asked for its outcome"
        return float(self.churned.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How the chance of leaving goes with what silence says, and how it differed by period.

    ``p_churn = exp(-exp(level of the period + columns * weights))``: whoever buys at random at
    some rate stays silent with the probability ``exp(-rate * time)``, so that the level is the log
    of the rate that all have in common.

    Parameters
    ----------
    levels : of each crowd it was fitted on, in their order, shape (crowds,).
    weights : of the columns, shape (4,).
    """

    levels: FloatArray
    weights: FloatArray

    def share(self, columns: FloatArray, *, level: float) -> float:
        """Return the share of a crowd that is expected to churn, at a level."""
        return float(np.exp(-np.exp(level + columns @ self.weights)).mean())


def sampled(purchases: PurchaseDays, *, before: int) -> PurchaseDays:
    """Return what was seen before a day, of evenly spaced customers where there are over 30,000.

    Parameters
    ----------
    purchases : the purchase days.
    before : the first day that is not seen; who came later takes no one's place.
    """
    seen = (purchases.day < before) & (purchases.known_day < before)
    customers = np.unique(purchases.customer[seen])
    chosen = customers[:: max(1, -(-len(customers) // MOST_CUSTOMERS))]
    kept = seen & np.isin(purchases.customer, chosen)
    return replace(
        purchases,
        customer_ids=purchases.customer_ids[chosen],
        customer=np.searchsorted(chosen, purchases.customer[kept]),
        day=purchases.day[kept],
        known_day=purchases.known_day[kept],
    )


def crowd_at(
    purchases: PurchaseDays,
    day: int,
    *,
    clock: Trade,
    active_within_days: int,
    horizon_days: int,
    outcome: tuple[int, int, int] | None,
) -> Crowd:
    """Return who lives at a day.

    Parameters
    ----------
    purchases : the purchase days.
    day : the day of the snapshot, exclusive.
    clock : what silence is measured with; it must reach ``day``.
    active_within_days : a customer is alive who purchased in so many days before.
    horizon_days : purchase days of the last two spans of this length are counted, by the clock.
    outcome : first day of the outcome window, the day it ends before, and the day before which
        a purchase must be known; None leaves the outcome open.
    """
    customer, bought, known = purchases.customer, purchases.day, purchases.known_day
    size = len(purchases.customer_ids)
    seen = (bought < day) & (known < day) & (bought >= clock.starts_on)
    last = np.full(size, day - active_within_days - 1, dtype=np.int64)
    np.maximum.at(last, customer[seen], bought[seen])
    alive = np.flatnonzero(last >= day - active_within_days)
    present = clock.clock[day - clock.starts_on]
    ago = present - clock.clock[bought[seen] - clock.starts_on]

    def counts(low: int, high: int) -> FloatArray:
        inside = (ago > low) & (ago <= high)
        return np.log1p(np.bincount(customer[seen][inside], minlength=size)[alive])

    silence = present - clock.clock[last[alive] - clock.starts_on]
    log_silence = np.log1p(silence)
    columns = [
        log_silence,
        log_silence**2 / 10,
        counts(0, horizon_days),
        counts(horizon_days, 2 * horizon_days),
    ]
    churned = None
    if outcome is not None:
        first, end, known_before = outcome
        came = (bought >= first) & (bought < end) & (known < known_before)
        bought_again = np.zeros(size, dtype=bool)
        bought_again[customer[came]] = True
        churned = (~bought_again[alive]).astype(np.float64)
    return Crowd(silence=silence, columns=np.column_stack(columns), churned=churned)


def fit_leaving(crowds: Sequence[Crowd]) -> Leaving:
    """Fit one set of weights and a level for each crowd, by maximum likelihood.

    Parameters
    ----------
    crowds : with outcomes.

    References
    ----------
    P. McCullagh, J. A. Nelder, Generalized Linear Models, 1989, section 4.3 (complementary
    log-log link) and 2.5 (Fisher scoring).
    """
    columns = np.vstack([crowd.columns for crowd in crowds])
    stayed = 1 - np.concatenate([crowd.churned for crowd in crowds if crowd.churned is not None])
    of = np.repeat(np.arange(len(crowds)), [len(crowd.columns) for crowd in crowds])
    count, width = len(crowds), columns.shape[1]
    theta = np.concatenate([np.full(count, -1.0), np.zeros(width)])
    for _ in range(_STEPS):
        rate = np.exp(np.clip(theta[:count][of] + columns @ theta[count:], -10, 3.5))
        bought = np.clip(-np.expm1(-rate), 1e-9, 1 - 1e-9)
        slope = rate * np.exp(-rate)
        weight = slope**2 / (bought * (1 - bought))
        pull = slope * (stayed - bought) / (bought * (1 - bought))
        weighted = columns * weight[:, None]
        between = np.column_stack([np.bincount(of, part, minlength=count) for part in weighted.T])
        curvature = np.block(
            [
                [np.diag(np.bincount(of, weight, minlength=count)), between],
                [between.T, columns.T @ weighted],
            ]
        )
        gradient = np.concatenate([np.bincount(of, pull, minlength=count), columns.T @ pull])
        ridge = _RIDGE * np.eye(count + width)
        step = np.linalg.solve(curvature + ridge, gradient - _RIDGE * theta)
        theta = theta + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return Leaving(levels=theta[:count], weights=theta[count:])
