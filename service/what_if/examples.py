"""Examples of bodies for the OpenAPI document; tests send the request."""

from __future__ import annotations

from typing import Any

from ebbtide.what_if import NOTICE

ASKED: dict[str, Any] = {
    "features": {
        "recency_days": 143,
        "spend_365d": 840.5,
        "purchase_days_90d": 0,
        "complaints_90d": 2,
        "payments_overdue": 0,
    },
    "changes": {"complaints_90d": 0},
}

ANSWER: dict[str, Any] = {
    "model_version": "f2cc83d32ca4",
    "definition": "inactivity-90d-efd76623",
    "language": "en",
    "status": "scored",
    "churn_probability_before": 0.3964,
    "churn_probability_after": 0.3107,
    "difference": -0.0857,
    "changed": [
        {
            "feature": "complaints_90d",
            "family": "complaints",
            "before": 2.0,
            "after": 0.0,
            "contribution_before": 0.2,
            "contribution_after": -0.6,
        }
    ],
    "kept_in_families": ["complaint_open_days"],
    "notice": NOTICE.en,
    "abstain_code": None,
    "abstain_text": None,
    "warnings": [],
}
