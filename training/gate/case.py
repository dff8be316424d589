"""What the gate looks at: the bundle of a challenger, that of the champion, the limits, the time.

It reads bundles only: what a registry says of a model in tags may be changed by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from training.snapshot_table.provenance import UNDATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.bundle.contents import Bundle
    from ebbtide.gate_settings import GateSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A challenger before the gate.

    Parameters
    ----------
    challenger : its bundle, verified.
    champion : the champion's; None where there is none, or it cannot be read.
    settings : limits.
    at : the present, aware.
    """

    challenger: Bundle
    champion: Bundle | None
    settings: GateSettings
    at: datetime

    @property
    def peer(self) -> Bundle | None:
        """The champion, where outcomes can be compared with its: churn means the same."""
        if self.champion is None or self.champion.definition != self.challenger.definition:
            return None
        return self.champion


def evaluation_of(bundle: Bundle) -> Mapping[str, Any] | None:
    """Return what was measured of a bundle's model; None where it was not judged."""
    found: Mapping[str, Any] | None = bundle.manifest["metrics"].get("evaluation")
    return found


def measured(bundle: Bundle, name: str) -> Mapping[str, float | None] | None:
    """Return a measure with its interval; None where it was not judged."""
    evaluation = evaluation_of(bundle)
    return None if evaluation is None else evaluation["measures"][name]


def trained_as_of(bundle: Bundle) -> datetime | None:
    """Return the instant of training; None where the data have no dates."""
    written = bundle.manifest["lineage"].get("trained_as_of", UNDATED)
    return None if written == UNDATED else datetime.fromisoformat(written)


def log_of(bundle: Bundle) -> Mapping[str, Mapping[str, Any]]:
    """Return how the raw tables looked; empty where there are none."""
    found: Mapping[str, Mapping[str, Any]] = bundle.manifest["lineage"].get("log", {})
    return found
