"""Customers of one period, what was promised of them, and what came: all that evaluation reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Promises made by a model that knew no outcome of these customers, beside the outcomes.

    Parameters
    ----------
    as_of : instant of the period; None for a table without dates.
    customer_ids : who, shape (n,).
    churned : 1 for churn, 0 for stayed, shape (n,).
    log_odds : raw scores before calibration, shape (n,).
    p_churn : calibrated on an earlier period, or without dates on other folds, shape (n,).
    rules : scores of every rival rule, higher is likelier to leave; each of shape (n,).
    value : margin at stake, currency, NaN where it is not known, shape (n,).
    attributes : slices by name, such as ``region``; each of shape (n,).
    """

    as_of: datetime | None
    customer_ids: NDArray[np.str_]
    churned: FloatArray
    log_odds: FloatArray
    p_churn: FloatArray
    rules: Mapping[str, FloatArray]
    value: FloatArray
    attributes: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
