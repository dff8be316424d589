"""A small signed model whose answers a reader can follow: seven features, given weights."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.bundle.contents import Golden, Reference
from ebbtide.bundle.write import write_bundle
from ebbtide.definition import ChurnDefinition
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.calibrator_interval import ProbabilityInterval
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.ranks import RankScale
from ebbtide.scorer.scorer import RankedScorer
from ebbtide.scorer.typical import TypicalByOutcome
from features.catalogue.catalogue import catalogue_version, features_named
from training.explanation.drivers import drivers

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.scorer.scores import FloatArray

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = b"a key for tests"
NAMES = (
    "recency_days",
    "spend_365d",
    "purchase_days_90d",
    "discount_share_365d",
    "complaints_90d",
    "complaint_open_days",
    "payments_overdue",
)
COLUMNS = {
    "transactions": {"customer_id", "occurred_at", "amount", "discount"},
    "complaints": {"customer_id", "opened_at", "resolved_at", "severity"},
    "payments": {"customer_id", "due_at", "paid_at"},
}
WEIGHTS = np.array([4.0, -1.0, -1.0, 1.0, 3.0, 1.0, 6.0])
FEATURES = {
    "recency_days": 143,
    "spend_365d": 840.5,
    "purchase_days_90d": 0,
    "discount_share_365d": 0.25,
    "complaints_90d": 2,
    "complaint_open_days": None,
    "payments_overdue": 0,
}
ROW = {"customer_id": "c-1", "features": FEATURES}


def scorer(intercept: float) -> RankedScorer:
    count = len(NAMES)
    scales = [RankScale.of(np.array([0.0, 0.0, 10.0, 100.0, 400.0])) for _ in NAMES]
    return RankedScorer(
        features=tuple(feature.contract for feature in features_named(NAMES)),
        scales=tuple(scales),
        typical=np.array([30.0, 400.0, 2.0, np.nan, 0.0, np.nan, 0.0]),
        by_outcome=TypicalByOutcome(
            stayers=np.array([22.0, 610.0, 3.0, np.nan, 0.0, np.nan, 0.0]),
            leavers=np.array([96.0, 180.0, 1.0, np.nan, 0.0, np.nan, 0.0]),
        ),
        model=LinearModel(
            intercept=intercept,
            weights=WEIGHTS,
            missing_weights=np.zeros(count),
            centers=np.full(count, 0.4),
            missing_centers=np.zeros(count),
        ),
        calibrator=PlattCalibrator(slope=1.0, intercept=0.0),
        interval=ProbabilityInterval(scores=(0.0,), below=(0.3,), above=(0.4,), level_spread=0.1),
    )


def reference_rows(count: int) -> FloatArray:
    """Return feature values of customers, the same at each call; the two sums spread smoothly."""
    rows = np.tile([0.0, 0.0, 2.0, 0.25, 0.0, np.nan, 0.0], (count, 1))
    rows[:, 0] = np.linspace(0.0, 365.0, count).round()
    rows[:, 1] = np.linspace(0.0, 2_000.0, count)[::-1]
    return rows


def write_small_bundle(
    folder: Path, *, intercept: float = 0.0, key: bytes | None = KEY, golden_off: float = 0.0
) -> None:
    """Write the model as a bundle; the intercept makes one differ from another."""
    model = scorer(intercept)
    rows = np.array([[10.0, 100.0, 1.0, np.nan, 0.0, np.nan, 0.0]])
    write_bundle(
        folder,
        kind="logistic",
        model_files={"linear.json": json.dumps(model.model.to_json())},
        scorer=model,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
        lookback_days=365,
        catalogue_version=catalogue_version(features_named(NAMES)),
        columns=COLUMNS,
        reference=Reference.of(
            reference_rows(1000),
            p_churn=np.linspace(0.0, 1.0, 1000),
            scales=model.scales,
            as_of="2026-02-01",
        ),
        golden=Golden(rows=rows, p_churn=model.p_churn(rows) + golden_off),
        card="# Model card\n",
        drivers=drivers(model, rows),
        metrics={
            "auc": 0.8,
            "calibration_error": 0.02,
            "calibration_checked_on": "a later period",
        },
        lineage={},
        key=key,
    )
