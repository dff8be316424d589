"""What counts as churn, as data that is hashed into every bundle and every score."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from ebbtide.clock import OutcomeWindow, shift_days

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnDefinition:
    """Churn by inactivity: a customer who was alive and buys nothing within the horizon.

    Parameters
    ----------
    kind : how churn shows; ``inactivity`` is for companies whose customers never say goodbye.
    horizon_days : length of the outcome window, days, >= 1.
    gap_days : time needed to act, between ``as_of`` and the outcome window, days, >= 0.
    active_within_days : a customer is alive who purchased in so many days before ``as_of``, >= 1.
    time_zone : IANA name of the zone whose civil days are counted.

    Examples
    --------
    >>> ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365).sentence
    'no purchase in the 90 days from as_of, by a customer who purchased in the 365 days before'
    """

    horizon_days: int
    gap_days: int
    active_within_days: int
    kind: Literal["inactivity"] = "inactivity"
    time_zone: str = "UTC"

    def window(self, as_of: datetime) -> OutcomeWindow:
        """Return the outcome window of a snapshot."""
        return OutcomeWindow(
            as_of=as_of,
            gap_days=self.gap_days,
            horizon_days=self.horizon_days,
            time_zone=self.time_zone,
        )

    def alive_since(self, as_of: datetime) -> datetime:
        """Return the instant from which a purchase keeps a customer alive at ``as_of``."""
        return shift_days(as_of, -self.active_within_days, time_zone=self.time_zone)

    @property
    def sentence(self) -> str:
        """The definition in words."""
        start = "as_of" if self.gap_days == 0 else f"{self.gap_days} days after as_of"
        return (
            f"no purchase in the {self.horizon_days} days from {start}, by a customer who "
            f"purchased in the {self.active_within_days} days before"
        )

    @property
    def code(self) -> str:
        """Short name with a hash, equal exactly where the definition is equal."""
        text = json.dumps(asdict(self), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{self.kind}-{self.horizon_days}d-{digest}"
