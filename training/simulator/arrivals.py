"""Events of a Poisson process whose intensity is constant within a week.

Days are uniform within the week, so that counts in windows that begin and end at midnight are
independent and Poisson; the hour follows the habits of shoppers and carries no information.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.grid import WEEK_DAYS, Flags, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOUR_SECONDS = 3600
_DAY_SECONDS = 24 * _HOUR_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Events: whose, on which day, at which second of it; arrays of one length."""

    customer: Ints
    day: Ints
    second: Ints

    def where(self, keep: Flags | Ints) -> Arrivals:
        """Return the events that a mask keeps, or those at given places."""
        return Arrivals(customer=self.customer[keep], day=self.day[keep], second=self.second[keep])

    @property
    def week(self) -> Ints:
        """Week of each event."""
        return np.asarray(self.day // WEEK_DAYS)


def arrivals_in_week(
    mean: Floats, *, week: int, signup_day: Ints, rng: np.random.Generator
) -> Arrivals:
    """Draw the events of one week, only on days after sign-up.

    Parameters
    ----------
    mean : expected events of each customer in the week.
    week : index of the week.
    signup_day : day of sign-up of each customer.
    rng : source of chance.
    """
    counts = rng.poisson(mean)
    customer = np.repeat(np.arange(len(mean), dtype=np.int32), counts)
    day = (week * WEEK_DAYS + rng.integers(WEEK_DAYS, size=len(customer))).astype(np.int32)
    drawn = Arrivals(customer=customer, day=day, second=seconds_of_day(len(customer), rng=rng))
    return drawn.where(day > signup_day[customer])


def join_arrivals(parts: Sequence[Arrivals]) -> Arrivals:
    """Return several lots of events as one, in their order."""
    return Arrivals(
        customer=np.concatenate([part.customer for part in parts]),
        day=np.concatenate([part.day for part in parts]),
        second=np.concatenate([part.second for part in parts]),
    )


def seconds_of_day(count: int, *, rng: np.random.Generator) -> Ints:
    """Draw times of day: most before noon or in the evening.

    Parameters
    ----------
    count : how many.
    rng : source of chance.
    """
    hour = np.where(rng.random(count) < 0.45, rng.normal(11, 2, count), rng.normal(19, 2.2, count))
    return np.asarray(np.clip(hour * _HOUR_SECONDS, 0, _DAY_SECONDS - 1).astype(np.int32))
