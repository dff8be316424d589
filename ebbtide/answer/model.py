"""What can answer questions: a verified bundle, or a fake of one in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray, Scorer


class Reference(Protocol):
    """Where a probability stands among the reference customers."""

    def percentile(self, p_churn: FloatArray) -> FloatArray:
        """Return the percentage of reference customers at strictly lower risk, shape (n,)."""


class Model(Protocol):
    """A scorer with its identity; :class:`ebbtide.bundle.contents.Bundle` is one."""

    @property
    def version(self) -> str:
        """Digest of the bundle."""

    @property
    def definition(self) -> ChurnDefinition:
        """What counts as churn."""

    @property
    def lookback_days(self) -> int:
        """How far before ``as_of`` the features look, days."""

    @property
    def scorer(self) -> Scorer:
        """From feature rows to scores."""

    @property
    def calibration_error(self) -> float:
        """Mean gap between promised and realised churn share when last checked, in [0, 1]."""

    @property
    def calibration_checked_on(self) -> str:
        """On whom: ``a later period``, or other customers of the same period."""

    @property
    def expectations(self) -> Mapping[str, Any] | None:
        """Parameters of the buying model, as plain data; None if there is none."""

    @property
    def reference(self) -> Reference:
        """For percentiles."""
