"""With which probability a contract ends in each period, by cause.

At the beginning of a period its price is due. The first attempt may fail; it may still be paid
within the dunning days, and if it is not, the contract ends then, for want of payment. Who has paid
may cancel, and the contract ends with the period. Some of either kind come back within the grace
days: they are no loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.simulator.service.calendar import DAY

if TYPE_CHECKING:
    from training.simulator.grid import Floats, Ints
    from training.simulator.service.subscribers import Subscribers

PERIOD_DAYS = 30
DUNNING_DAYS = 14
RETURNS = {"voluntary": 0.06, "payment": 0.25}
"""Share of ends after which another contract begins within a few days."""
DISENGAGED = 3.1
"""Rise of the log-odds to cancel at the height of a spell of disengagement."""
YOUNG = 1.1
"""The same for a contract that has just begun, ..."""
YOUTH_DAYS = 75.0
"""... fading with this time constant."""


def cancels(people: Subscribers, ends: Ints, *, since: Ints, of: Ints) -> Floats:
    """Return the probability that some subscribers cancel, so that their contract ends.

    Parameters
    ----------
    people : the subscribers.
    ends : end of the period, seconds.
    since : when they subscribed, or came back, seconds.
    of : which subscribers.
    """
    spell = people.disengagement.strength(ends / DAY, of=of)
    youth = np.exp(-(ends - since) / (DAY * YOUTH_DAYS))
    odds = np.exp(people.restlessness[of] + DISENGAGED * spell + YOUNG * youth)
    return np.asarray(odds / (1 + odds))


def fails(people: Subscribers, due: Ints, *, of: Ints) -> Floats:
    """Return the probability that the first attempt to collect a price fails."""
    return np.asarray(0.025 + 0.5 * people.trouble.strength(due / DAY, of=of))


def recovers(people: Subscribers, due: Ints, *, of: Ints) -> Floats:
    """Return the probability that a price is paid in the dunning days after the first failure.

    If it is, then at any moment of those days with equal probability.
    """
    return np.asarray(0.85 - 0.45 * people.trouble.strength(due / DAY, of=of))
