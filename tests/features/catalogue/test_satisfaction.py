"""Survey answers, each metric on its own scale."""

from __future__ import annotations

import pytest

WHO = {"customer_id": "a"}


SURVEYS = ["csat_mean_365d", "nps_mean_365d", "ces_mean_365d", "survey_recency_days"]


def test_survey_means_keep_metrics_apart(one, ago, alive) -> None:
    rows = [
        WHO | {"answered_at": ago(days), "metric": metric, "score": score}
        for days, metric, score in (
            (10, "csat", 4.0),
            (20, "csat", 1.0),
            (5, "nps", 0.0),
            (364, "nps", 9.0),
        )
    ]
    assert one(SURVEYS, transactions=alive, surveys=rows) == {
        "csat_mean_365d": 2.5,
        "nps_mean_365d": 4.5,
        "ces_mean_365d": None,
        "survey_recency_days": 5,
    }


LATEST = ["csat_last", "nps_last", "survey_change", "survey_lowest_365d"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # CSAT rose by a quarter of its scale, NPS fell by three tenths; its worst lies at 0.2.
        pytest.param(
            [(10, "csat", 4), (90, "csat", 3), (5, "nps", 6), (300, "nps", 9), (364, "nps", 2)],
            [4, 6, -0.3, 0.2],
            id="worst-of-the-metrics",
        ),
        pytest.param([(10, "ces", 4), (30, "ces", 1)], [None, None, 0.5, 0], id="ease-only"),
        pytest.param([(10, "csat", 5)], [5, None, None, 1], id="asked-once"),
        pytest.param([], [None, None, None, None], id="never-asked"),
    ],
)
def test_the_latest_answers_and_the_worst(one, nearly, ago, alive, answers, expected) -> None:
    rows = [
        WHO | {"answered_at": ago(day), "metric": metric, "score": float(score)}
        for day, metric, score in answers
    ]
    rows.append({"customer_id": "b", "answered_at": ago(1), "metric": "csat", "score": 1.0})
    assert one(LATEST, transactions=alive, surveys=rows) == nearly(LATEST, expected)
