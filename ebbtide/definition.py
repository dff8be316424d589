"""What counts as churn, as data that is hashed into every bundle and every score."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from ebbtide.clock import OutcomeWindow, shift_days
from ebbtide.errors import NotReady

if TYPE_CHECKING:
    from datetime import datetime

ChurnKind = Literal["inactivity", "contract_end", "label"]

UNUSED_ACTIVE_DAYS = 365
"""What stands for ``active_within_days`` where running contracts say who is alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnDefinition:
    """What counts as churn: a silence, the end of a contract, or the company's own label.

    Parameters
    ----------
    kind : how churn shows; ``inactivity`` is for companies whose customers never say goodbye,
        ``contract_end`` for those whose customers have subscriptions, ``label`` for a table in
        which the company says itself who churned.
    horizon_days : length of the outcome window, days, >= 1.
    gap_days : time needed to act, between ``as_of`` and the outcome window, days, >= 0.
    active_within_days : for ``inactivity``, a customer is alive who purchased in so many days
        before ``as_of``, >= 1.
    grace_days : for ``contract_end``, a contract that ended is no loss if another one runs or
        begins within so many days, >= 0; None for other kinds.
    time_zone : IANA name of the zone whose civil days are counted.
    label : for ``label``, the column and the value that stands for churn.

    Examples
    --------
    >>> ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365).sentence
    'no purchase in the 90 days from as_of, by a customer who purchased in the 365 days before'
    >>> ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7).sentence
    'a running contract that ends in the 30 days from as_of, without another within 7 days'
    """

    horizon_days: int
    gap_days: int
    active_within_days: int
    kind: ChurnKind = "inactivity"
    time_zone: str = "UTC"
    label: str | None = None
    grace_days: int | None = None

    @classmethod
    def of_contracts(
        cls, *, horizon_days: int, gap_days: int, grace_days: int, time_zone: str = "UTC"
    ) -> ChurnDefinition:
        """Return the definition for customers with contracts.

        Parameters
        ----------
        horizon_days, gap_days, grace_days, time_zone : as in the class.
        """
        return cls(
            kind="contract_end",
            horizon_days=horizon_days,
            gap_days=gap_days,
            active_within_days=UNUSED_ACTIVE_DAYS,
            grace_days=grace_days,
            time_zone=time_zone,
        )

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
            grace_days=self.grace_days or 0,
        )

    @property
    def outcome_days(self) -> int:
        """Days from ``as_of`` until the outcome is known: gap, horizon and grace."""
        return self.gap_days + self.horizon_days + (self.grace_days or 0)

    @property
    def outcome_in_words(self) -> str:
        """What ``outcome_days`` is the sum of."""
        return "gap, horizon and grace" if self.grace_days else "gap and horizon"

    @property
    def alive_setting(self) -> str:
        """Where the data say, or the project file says, who is alive."""
        if self.kind == "contract_end":
            return "subscriptions.ended_at"
        return "churn.active_within_days"

    @property
    def alive_in_words(self) -> str:
        """What a customer has who is alive at ``as_of``."""
        if self.kind == "contract_end":
            return "a running contract"
        if self.kind == "label":
            return "a row in the table"
        return f"a purchase in the {self.active_within_days} days before"

    @property
    def log_table(self) -> str:
        """Name of the table whose rows tell who lives and who leaves."""
        return "subscriptions" if self.kind == "contract_end" else "transactions"

    def alive_since(self, as_of: datetime) -> datetime:
        """Return the instant from which a purchase keeps a customer alive at ``as_of``."""
        return shift_days(as_of, -self.active_within_days, time_zone=self.time_zone)

    @property
    def sentence(self) -> str:
        """The definition in words."""
        if self.label is not None:
            return f"{self.label}, as the table says; {self._ahead}"
        start = "as_of" if self.gap_days == 0 else f"{self.gap_days} days after as_of"
        if self.kind == "contract_end":
            return (
                f"a running contract that ends in the {self.horizon_days} days from {start}, "
                f"without another within {self.grace_days} days"
            )
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
        return _code(self)


class NobodyAlive(NotReady):
    """A snapshot has no customers."""

    def __init__(self, day: str, definition: ChurnDefinition) -> None:
        super().__init__(
            f"Nobody is alive at {day}: expected customers with {definition.alive_in_words}, found "
            f"none. Choose an --as-of within the log."
        )


@lru_cache(maxsize=64)
def _code(definition: ChurnDefinition) -> str:
    """Return the code of a definition; every answer says it, and it never changes."""
    text = json.dumps(definition.to_json(), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{definition.kind}-{definition.horizon_days}d-{digest}"
