"""Survey answers, each metric on its own scale."""

from __future__ import annotations

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
