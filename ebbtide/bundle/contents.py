"""What a bundle holds once it is verified and parsed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.drift.spread import Spread
from ebbtide.scorer.categories import CategoryScale
from ebbtide.store.store import Basis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ebbtide.bundle.model_files import ModelKind
    from ebbtide.definition import ChurnDefinition
    from ebbtide.drivers import Drivers
    from ebbtide.scorer.ranks import Scale
    from ebbtide.scorer.scorer import RankedScorer
    from ebbtide.scorer.scores import FloatArray

FORMAT = 5
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
HORIZONS = "horizons.json"
"""The one file that may be absent: risk by day cannot be learned of every company."""
MAX_FILE_BYTES = 256 * 2**20
_SAME_RISK = 1e-12
MAX_BYTES_BESIDE_MODEL = 32 * 2**20
"""Of a file that describes a model: to read one takes many times its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Rows with the scores they must get, wherever the bundle is read.

    Parameters
    ----------
    rows : feature values, shape (n, features).
    p_churn : expected probabilities, shape (n,).
    """

    rows: FloatArray
    p_churn: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The newest snapshot that training saw, in summary: the background of percentiles and drift.

    Parameters
    ----------
    as_of : ISO date or instant of that snapshot, as it was written at training.
    n_customers : how many lived then.
    p_churn_quantiles : quantiles 0, 1, ... 100 percent of their scores, shape (101,).
    features : how the values of each feature were spread, in the order of the columns.
    scores : how their scores were spread.
    """

    as_of: str
    n_customers: int
    p_churn_quantiles: FloatArray
    features: tuple[Spread, ...]
    scores: Spread

    @classmethod
    def of(
        cls, rows: FloatArray, *, p_churn: FloatArray, scales: Sequence[Scale], as_of: str
    ) -> Reference:
        """Summarise a snapshot.

        Parameters
        ----------
        rows : feature values, shape (n, features); NaN is missing.
        p_churn : scores of the same customers, shape (n,).
        scales : of the features, which say what is a category.
        as_of : ISO date of the snapshot.
        """
        return cls(
            as_of=as_of,
            n_customers=len(rows),
            p_churn_quantiles=np.quantile(p_churn, np.linspace(0, 1, 101)),
            features=tuple(
                Spread.of_places(column, count=scale.count)
                if isinstance(scale, CategoryScale)
                else Spread.of(column)
                for column, scale in zip(rows.T, scales, strict=True)
            ),
            scores=Spread.of(p_churn),
        )

    @property
    def missing_share(self) -> FloatArray:
        """Share of missing values of each feature, shape (features,)."""
        return np.array([spread.missing_share for spread in self.features], dtype=np.float64)

    def percentile(self, p_churn: FloatArray) -> FloatArray:
        """Return the percentage of the reference customers at strictly lower risk, shape (n,).

        As far as the quantiles tell: between two of them it is interpolated, and customers at the
        same risk do not count as lower.

        Examples
        --------
        >>> half_at_zero = np.concatenate([np.zeros(51), np.linspace(0.01, 0.5, 50)])
        >>> reference = Reference(
        ...     as_of="2026-01-01",
        ...     n_customers=1000,
        ...     p_churn_quantiles=half_at_zero,
        ...     features=(),
        ...     scores=Spread.of(half_at_zero),
        ... )
        >>> reference.percentile(np.array([0.0, 0.01, 0.25, 0.9])).tolist()
        [0.0, 51.0, 75.0, 100.0]
        """
        quantiles = self.p_churn_quantiles
        # Quantiles are interpolated: the one at a customer's risk may lie a last bit below it.
        above = np.searchsorted(quantiles, p_churn - _SAME_RISK, side="left")
        above = np.minimum(np.maximum(above, 1), 100)
        low = quantiles[above - 1]
        width = quantiles[above] - low
        share = np.divide(p_churn - low, width, out=(p_churn > low).astype(float), where=width > 0)
        return np.asarray(above - 1 + np.minimum(np.maximum(share, 0.0), 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A verified model with everything that is needed to score and explain.

    Parameters
    ----------
    version : first twelve hex digits of the manifest's hash; equal bundles have equal versions.
    manifest : the manifest, as read.
    is_signed : whether a signature was there and verified.
    columns : the columns that the company had at training, for each table that the features read.
        With other columns the features would mean something else.
    drivers : what moves its scores most.
    calibration_error : mean gap between promised and realised churn share when last checked.
    calibration_checked_on : ``a later period``, or other customers of the same period.
    expectations : parameters of the buying model that features are filled with, as plain data; None
        if none could be fitted.
    """

    version: str
    manifest: dict[str, Any]
    is_signed: bool
    kind: ModelKind
    definition: ChurnDefinition
    lookback_days: int
    catalogue_version: str
    columns: Mapping[str, frozenset[str]]
    scorer: RankedScorer
    reference: Reference
    golden: Golden
    card: str
    drivers: Drivers
    calibration_error: float
    calibration_checked_on: str
    expectations: Mapping[str, Any] | None = None

    @property
    def basis(self) -> Basis:
        """What the features that it reads are computed with."""
        fitted = json.dumps(self.expectations, sort_keys=True).encode()
        digest = "" if self.expectations is None else f"+{hashlib.sha256(fitted).hexdigest()[:8]}"
        return Basis(
            catalogue_version=self.catalogue_version + digest,
            definition=self.definition.code,
            lookback_days=self.lookback_days,
        )
