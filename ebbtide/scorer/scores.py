"""What a scorer promises, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.horizons import RiskCurves
    from ebbtide.scorer.typical import TypicalByOutcome

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of n rows.

    Parameters
    ----------
    p_churn : calibrated probability of churn within the horizon, in [0, 1], shape (n,).
    contributions : share of each feature in the distance of the row's raw score from the average
        row's, exact; above zero raises the risk. Shape (n, features); log-odds, or probability
        for a forest. None where they were not asked for.
    risk_by_day : by which day customers are expected to leave; None where the model has not learned
        it.
    bounds : lower and upper bounds of ``p_churn``, each of shape (n,); None where the bundle does
        not say how sure it is.
    """

    p_churn: FloatArray
    contributions: FloatArray | None
    risk_by_day: RiskCurves | None = None
    bounds: tuple[FloatArray, FloatArray] | None = None


class Scorer(Protocol):
    """Anything that turns feature rows into scores.

    The same row gives the same bits alone and in any batch.
    """

    @property
    def features(self) -> tuple[FeatureContract, ...]:
        """The features it reads, in the order of the columns."""

    @property
    def typical(self) -> FloatArray:
        """Median of each feature among living customers, NaN where most have none."""

    @property
    def typical_by_outcome(self) -> TypicalByOutcome:
        """The same of stayers and of leavers."""

    def score(self, rows: FloatArray, *, explain: bool = True) -> Scores:
        """Score rows of feature values, shape (n, features); NaN is missing.

        Contributions cost more than all the rest: without ``explain`` they are left out, and
        everything else has the same bits.
        """

    def contributions(self, rows: FloatArray) -> FloatArray:
        """Return the contributions alone, shape (n, features): the bits of :meth:`score`."""
