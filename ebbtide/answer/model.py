"""What answers questions: a scorer with its identity and its reference customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray, Scorer


class Reference(Protocol):
    """Where a probability stands among the reference customers."""

    def percentile(self, p_churn: FloatArray) -> FloatArray:
        """Return the share of reference customers with a lower probability, 0 to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What answers questions: a scorer with its identity and its reference.

    Parameters
    ----------
    version : digest of the bundle.
    definition : what counts as churn.
    lookback_days : how far before ``as_of`` its features look, days.
    scorer : from feature rows to scores.
    reference : for percentiles.
    """

    version: str
    definition: ChurnDefinition
    lookback_days: int
    scorer: Scorer
    reference: Reference
