"""Ranks, model and calibrator as one scorer. Training and service score through this class only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from ebbtide.scorer.ranks import rank_columns
from ebbtide.scorer.scores import Scores
from ebbtide.scorer.typical import TypicalByOutcome

if TYPE_CHECKING:
    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.scorer.calibrator import Calibrator
    from ebbtide.scorer.calibrator_interval import ProbabilityInterval
    from ebbtide.scorer.horizons import HorizonModel, RiskCurves
    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scores import FloatArray

Kernel = Literal["compiled", "lightgbm"]


class Ranker(Protocol):
    """From values of all features to what a model reads."""

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Return the ranks of rows, shape (n, features)."""


class Curves(Protocol):
    """From probabilities to risk by day."""

    def curves(self, p_churn: FloatArray, ranked: FloatArray) -> RiskCurves:
        """Return the curves of customers."""


class Model(Protocol):
    """From ranks to log-odds and exact contributions."""

    def raw(self, ranked: FloatArray) -> FloatArray:
        """Return what contributions and a base add up to, shape (n,)."""

    def log_odds(self, ranked: FloatArray) -> FloatArray:
        """Return log-odds, shape (n,)."""

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return each feature's share, shape (n, features)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedScorer:
    """The scorer of a bundle.

    Parameters
    ----------
    features : contracts, in the order of the columns.
    scales : scale of each feature: ranks of a number, places of a category.
    typical : median of each feature in the reference snapshot, or its commonest category; NaN if
        most have none.
    by_outcome : the same of stayers and of leavers; None where nothing is known of them.
    model : linear, trees, or a blend of them.
    calibrator : makes probabilities of log-odds.
    interval : says how sure a probability is; None where it is not known.
    horizons : makes risk by day of probabilities; None where it could not be learned.
    ranker, curves : do what ``scales`` and ``horizons`` say, faster; None where they do it
        themselves. See ``ebbtide.scorer.compiled.choose``.
    kernel : what the model is computed by.
    """

    features: tuple[FeatureContract, ...]
    scales: tuple[Scale, ...]
    typical: FloatArray
    model: Model
    calibrator: Calibrator
    by_outcome: TypicalByOutcome | None = None
    horizons: HorizonModel | None = None
    interval: ProbabilityInterval | None = None
    ranker: Ranker | None = None
    curves: Curves | None = None
    kernel: Kernel = "lightgbm"

    @property
    def typical_by_outcome(self) -> TypicalByOutcome:
        """What is typical of stayers and of leavers."""
        return self.by_outcome or TypicalByOutcome.unknown(len(self.features))

    def score(self, rows: FloatArray, *, explain: bool = True) -> Scores:
        """Score rows of feature values, shape (n, features); NaN is missing.

        The same row gives the same bits alone and in any batch, with contributions or without.

        Parameters
        ----------
        rows : values of the features, in their order.
        explain : whether to return contributions, which cost more than all the rest.
        """
        ranked = self._ranked(rows)
        log_odds = self.model.log_odds(ranked)
        p_churn = self.calibrator.probability(log_odds)
        horizons, interval = self.curves or self.horizons, self.interval
        return Scores(
            p_churn=p_churn,
            contributions=self.model.contributions(ranked) if explain else None,
            risk_by_day=None if horizons is None else horizons.curves(p_churn, ranked),
            bounds=None if interval is None else interval.around(p_churn, log_odds=log_odds),
        )

    def contributions(self, rows: FloatArray) -> FloatArray:
        """Return contributions only, shape (n, features): equal to those of :meth:`score`."""
        return self.model.contributions(self._ranked(rows))

    def p_churn(self, rows: FloatArray) -> FloatArray:
        """Return probabilities only, shape (n,): equal to those of :meth:`score`, and faster."""
        return self.calibrator.probability(self.model.log_odds(self._ranked(rows)))

    def _ranked(self, rows: FloatArray) -> FloatArray:
        return rank_columns(self.scales, rows) if self.ranker is None else self.ranker(rows)


def median_present(column: FloatArray) -> float:
    """Return the median of a column, or NaN if most of it is missing."""
    missing = np.isnan(column)
    return float("nan") if missing.mean() > 0.5 else float(np.median(column[~missing]))


def commonest_present(column: FloatArray) -> float:
    """Return the commonest value of a column, the lowest of equals, or NaN if most is missing."""
    missing = np.isnan(column)
    if missing.mean() > 0.5:
        return float("nan")
    values, counts = np.unique(column[~missing], return_counts=True)
    return float(values[np.argmax(counts)])
