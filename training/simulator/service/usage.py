"""Visits of subscribers while a contract runs: fewer, the stronger a spell of disengagement is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.service.calendar import DAY
from training.simulator.streams import stream

if TYPE_CHECKING:
    from training.simulator.grid import Floats, Ints
    from training.simulator.service.calendar import Calendar
    from training.simulator.service.lives import Contracts
    from training.simulator.service.subscribers import Subscribers

KINDS = ("visit", "login", "download")
_FADES = 0.85
"""Share of visits that are missing at the height of a spell."""
_LEAD_DAYS = 21.0
"""Visits fade so long before the wish to leave grows."""
_WEEK = 7 * DAY
_OF_ALL_WEEKS = 2**16
"""The stream of what is drawn for all weeks together."""
_CUSTOMER = 2**32
"""Above all seconds, so that customer and second make one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Visits; arrays of one length, by customer and time."""

    customer: Ints
    at: Ints
    kind: Ints
    minutes: Floats


def draw_usage(
    people: Subscribers, contracts: Contracts, *, calendar: Calendar, seed: int
) -> Usage:
    """Draw the visits of the log.

    Parameters
    ----------
    people : the subscribers.
    contracts : when they could visit at all.
    calendar : begin and end of the log.
    seed : seed of the service.
    """
    everybody = np.arange(len(people))
    who, at = [], []
    for week, begins in enumerate(range(calendar.log_starts, calendar.log_ends, _WEEK)):
        rng = stream(seed, "usage", week=week)
        day = np.full(len(people), begins / DAY + 3.5 + _LEAD_DAYS)
        fading = people.disengagement.strength(day, of=everybody)
        visits = rng.poisson(people.visits_weekly * (1 - _FADES * fading))
        customer = np.repeat(everybody, visits)
        second = begins + rng.integers(_WEEK, size=len(customer))
        kept = second < calendar.log_ends
        who.append(customer[kept])
        at.append(second[kept])
    visitor, moment = _running(np.concatenate(who), np.concatenate(at), contracts)
    rng = stream(seed, "usage", week=_OF_ALL_WEEKS)
    return Usage(
        customer=visitor,
        at=moment,
        kind=rng.choice(len(KINDS), p=[0.6, 0.25, 0.15], size=len(moment)),
        minutes=np.round(rng.lognormal(2.0, 0.7, len(moment)), 1),
    )


def _running(customer: Ints, at: Ints, contracts: Contracts) -> tuple[Ints, Ints]:
    """Keep, by customer and time, the visits at which a contract runs."""
    order = np.argsort(contracts.customer * _CUSTOMER + contracts.started)
    starts = (contracts.customer * _CUSTOMER + contracts.started)[order]
    visits = np.unique(customer * _CUSTOMER + at)
    place = np.searchsorted(starts, visits, side="right") - 1
    is_his = (place >= 0) & (contracts.customer[order][place] == visits // _CUSTOMER)
    runs = is_his & (visits % _CUSTOMER < contracts.ended[order][place])
    return visits[runs] // _CUSTOMER, visits[runs] % _CUSTOMER
