"""What only a simulation can know of a contract: the risk of each cause, and what came.

Exact by construction: in the thirty days from any instant lie one end of a period and one or two
ends of dunning days, and their probabilities are those of ``hazards``, given all that has happened
by the instant. Nothing but tests and benchmarks may read this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.definition import ChurnDefinition
from training.simulator.service.calendar import DAY
from training.simulator.service.hazards import (
    DUNNING_DAYS,
    PERIOD_DAYS,
    RETURNS,
    cancels,
    fails,
    recovers,
)

if TYPE_CHECKING:
    from training.simulator.grid import Flags, Floats, Ints
    from training.simulator.service.calendar import Calendar
    from training.simulator.service.lives import Lives
    from training.simulator.service.subscribers import Subscribers

DEFINITION = ChurnDefinition.of_contracts(horizon_days=PERIOD_DAYS, gap_days=0, grace_days=7)
"""What churn means for a simulated service. The formulas below hold for no other one."""
STEPS = 12
"""Truth is written for the end of the log and so many four-week steps before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Truth at one instant; arrays with one entry for each customer whose contract runs."""

    at: int
    customer: Ints
    risk_voluntary: Floats
    """Probability of a loss by cancelling in the outcome window."""
    risk_payment: Floats
    """The same for want of payment."""
    churned: Flags
    cause: Ints
    """Place in ``lives.CAUSES``; -1 for who stayed."""

    @property
    def true_risk(self) -> Floats:
        """Probability of a loss by either cause."""
        return self.risk_voluntary + self.risk_payment


def truth_seconds(calendar: Calendar) -> tuple[int, ...]:
    """Return the instants for which truth is written, in seconds, earliest first."""
    return tuple(calendar.log_ends - 28 * DAY * back for back in reversed(range(STEPS + 1)))


def truth_at(people: Subscribers, lives: Lives, *, at: int) -> Truth:
    """Return the truth at an instant.

    Parameters
    ----------
    people : the subscribers.
    lives : what became of them.
    at : the instant, seconds, exclusive.
    """
    every = lives.periods
    over = every.due + PERIOD_DAYS * DAY
    now = np.flatnonzero((every.due < at) & (at <= over) & (every.lost_at >= at))
    now = now[np.argsort(every.customer[now], kind="stable")]
    who, due, over = every.customer[now], every.due[now], over[now]
    waits = every.failed[now] & (every.paid[now] >= at)
    lost_now = np.where(waits, _never_pays(people, due, at=at, of=who), 0.0)
    cancelled = cancels(people, over, since=every.since[now], of=who)
    lost_next = fails(people, over, of=who) * (1 - recovers(people, over, of=who))
    lost_next = lost_next * (over + DUNNING_DAYS * DAY < at + PERIOD_DAYS * DAY)
    churned, cause = _outcomes(lives, who, at=at)
    stays_out = {name: 1 - share for name, share in RETURNS.items()}
    return Truth(
        at=at,
        customer=who,
        risk_voluntary=(1 - lost_now) * cancelled * stays_out["voluntary"],
        risk_payment=(lost_now + (1 - lost_now) * (1 - cancelled) * lost_next)
        * stays_out["payment"],
        churned=churned,
        cause=cause,
    )


def _never_pays(people: Subscribers, due: Ints, *, at: int, of: Ints) -> Floats:
    """Return the probability that a price is never paid that has not been paid by an instant."""
    pays = recovers(people, due, of=of)
    ahead = np.clip(1 - (at - due) / (DUNNING_DAYS * DAY), 0.0, 1.0)
    return np.asarray((1 - pays) / ((1 - pays) + pays * ahead))


def _outcomes(lives: Lives, who: Ints, *, at: int) -> tuple[Flags, Ints]:
    """Return who is lost within the window, and by which cause: that of the first loss."""
    losses = lives.losses
    within = np.flatnonzero((losses.at >= at) & (losses.at < at + PERIOD_DAYS * DAY))
    latest_first = within[np.argsort(-losses.at[within], kind="stable")]
    count = 1 + max(int(who.max(initial=-1)), int(losses.customer.max(initial=-1)))
    cause = np.full(count, -1)
    cause[losses.customer[latest_first]] = losses.cause[latest_first]
    return cause[who] >= 0, cause[who]
