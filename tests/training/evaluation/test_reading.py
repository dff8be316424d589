"""What a bundle holds of an evaluation is read back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from ebbtide.evaluation_settings import EvaluationSettings
from training.evaluation.evaluate import evaluate
from training.evaluation.judged import Judged
from training.evaluation.reading import evaluation_from_json

N = 120
P_CHURN = np.linspace(0.05, 0.95, N)


def judged(**changes) -> Judged:
    parts = {
        "as_of": datetime(2026, 3, 1, tzinfo=UTC),
        "customer_ids": np.arange(N).astype(str),
        "churned": (np.arange(N) % 3 == 0) * 1.0,
        "log_odds": P_CHURN,
        "p_churn": P_CHURN,
        "rules": {"recency": P_CHURN[::-1]},
        "value": np.arange(N) * 1.0,
        "attributes": {"region": np.array(["north"] * 60 + ["south"] * 58 + ["east"] * 2)},
    }
    return Judged(**{**parts, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"as_of": None, "rules": {}, "attributes": {}, "value": np.full(N, np.nan)},
        {"p_churn": np.full(N, 0.3)},
    ],
    ids=["whole", "without rules and dates", "without a slope"],
)
def test_what_was_written_reads_back_as_the_same_data(changes) -> None:
    settings = EvaluationSettings(resamples=200, smallest_slice=20)
    written = evaluate(judged(**changes), settings=settings, seed=0).to_json()
    read = evaluation_from_json(json.loads(json.dumps(written, allow_nan=False)))
    assert read.to_json() == written


def test_what_could_not_be_measured_is_nan() -> None:
    settings = EvaluationSettings(resamples=200)
    written = evaluate(judged(p_churn=np.full(N, 0.3)), settings=settings, seed=0).to_json()
    assert written["measures"]["calibration_slope"]["value"] is None
    assert np.isnan(evaluation_from_json(written).measures["calibration_slope"].value)
