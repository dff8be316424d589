"""``[gate]`` of the project file: what a challenger may differ in from the champion.

Where the limits come from is in ``docs/gate.md``; how they are used is in ``training.gate``.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GateSettings(BaseModel):
    """``[gate]``: limits beyond which a challenger is not promoted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    slice_customers: int = Field(default=200, ge=20, le=1_000_000)
    """Slices of fewer customers are not asked about."""
    slice_gap: float = Field(default=0.1, gt=0, le=1)
    """Most that the mean promise of a slice may surely miss what came by, beside what that of all
    customers misses."""
    slice_auc_drop: float = Field(default=0.25, gt=0, le=1)
    """Most that the AUC within a slice may surely lie below that of all customers."""
    auc_jump: float = Field(default=0.05, gt=0, le=1)
    """A higher rise of AUC over the champion's is too good to be true, if the intervals of both lie
    apart."""
    churned_share_jump: float = Field(default=0.2, gt=0, le=1)
    """Most that the share of customers who left may differ from the champion's."""
    customers_factor: float = Field(default=1.6, gt=1, le=100)
    """Most times as many, or as few, living customers as when the champion was trained."""
    feature_distance: float = Field(default=0.5, gt=0, le=1)
    """Most that the distribution of a feature, or of the probabilities, may surely have moved: the
    largest difference between two distribution functions."""
    missing_jump: float = Field(default=0.25, gt=0, le=1)
    """Most that the share of missing values of a feature may have risen."""
    slowest_ms: float = Field(default=100.0, gt=0, le=60_000)
    """Most milliseconds to score one customer, with contributions."""
