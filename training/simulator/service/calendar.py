"""When a simulated service lives: some time before its log, the log, and some time beyond.

Instants are whole seconds since the origin, so that contracts follow each other without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from training.simulator.grid import LOG_ENDS_AT

if TYPE_CHECKING:
    from datetime import datetime

    from training.simulator.grid import Ints

DAY = 86_400
"""Seconds."""
NEVER = 2**40
"""Seconds; later than everything."""
DAYS_BEFORE = 540
"""Days lived before the log begins, so that it begins with contracts of every age."""
DAYS_BEYOND = 60
"""Days lived beyond the log, so that outcomes are known at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The clock of a simulated service.

    Examples
    --------
    >>> calendar = Calendar(log_days=730)
    >>> calendar.instant(calendar.log_ends).isoformat()
    '2025-01-01T00:00:00+00:00'
    """

    log_days: int
    """Length of the log, days."""

    @property
    def log_starts(self) -> int:
        """First second of the log."""
        return DAYS_BEFORE * DAY

    @property
    def log_ends(self) -> int:
        """First second that the log no longer holds."""
        return self.log_starts + self.log_days * DAY

    @property
    def ends(self) -> int:
        """First second that is not lived any more."""
        return self.log_ends + DAYS_BEYOND * DAY

    def instant(self, second: int) -> datetime:
        """Return an instant."""
        return LOG_ENDS_AT + timedelta(seconds=second - self.log_ends)

    def microseconds(self, seconds: Ints) -> Ints:
        """Return instants as microseconds since 1970."""
        origin = round(LOG_ENDS_AT.timestamp()) - self.log_ends
        return np.asarray((origin + seconds.astype(np.int64)) * 1_000_000)
