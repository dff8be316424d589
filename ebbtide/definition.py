"""What counts as churn, as data that is hashed into every bundle and every score."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.clock import OutcomeWindow, shift_days

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnDefinition:
    """Churn by inactivity: a customer who was alive and buys nothing within the horizon.

    Parameters
    ----------
    kind : how churn shows; ``inactivity`` is for companies whose customers never say goodbye,
        ``label`` for a table in which the company says itself who churned.
    horizon_days : length of the outcome window, days, >= 1.
    gap_days : time needed to act, between ``as_of`` and the outcome window, days, >= 0.
    active_within_days : a customer is alive who purchased in so many days before ``as_of``, >= 1.
    time_zone : IANA name of the zone whose civil days are counted.
    label : for ``label``, the column and the value that stands for churn.

    Examples
    --------
    >>> ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365).sentence
    'no purchase in the 90 days from as_of, by a customer who purchased in the 365 days before'
    """

    horizon_days: int
    gap_days: int
    active_within_days: int
    kind: Literal["inactivity", "label"] = "inactivity"
    time_zone: str = "UTC"
    label: str | None = None

    def by_label(self, label: str) -> ChurnDefinition:
        """Return the definition with the company's own label instead of inactivity.

        Parameters
        ----------
        label : column and value.
        """
        return replace(self, kind="label", label=label)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle, without a label where there is none."""
        return {name: value for name, value in asdict(self).items() if value is not None}

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
        if self.label is not None:
            return f"{self.label}, as the table says; {self._ahead}"
        start = "as_of" if self.gap_days == 0 else f"{self.gap_days} days after as_of"
        return (
            f"no purchase in the {self.horizon_days} days from {start}, by a customer who "
            f"purchased in the {self.active_within_days} days before"
        )

    @property
    def _ahead(self) -> str:
        gap = f" after a gap of {self.gap_days}" if self.gap_days else ""
        return f"the label is taken to look {self.horizon_days} days ahead{gap}"

    @property
    def code(self) -> str:
        """Short name with a hash, equal exactly where the definition is equal."""
        text = json.dumps(self.to_json(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{self.kind}-{self.horizon_days}d-{digest}"
