"""Examples of bodies for the OpenAPI document; tests send the request."""

from __future__ import annotations

from typing import Any

ASKED: dict[str, Any] = {
    "outcomes": [
        {"customer_id": "17850", "churned": False, "observed_at": "2026-02-28T00:00:00Z"},
        {
            "customer_id": "13047",
            "observed_at": "2026-02-28T10:15:00Z",
            "action_code": "loyalty_points",
            "delivered_at": "2026-02-28T10:15:00Z",
            "accepted": True,
            "cost": 5.0,
        },
    ]
}

ANSWER: dict[str, Any] = {
    "results": [
        {
            "status": "recorded",
            "outcome_id": "0c4f2f7d3c7a4c1e9b6c6b1fb0b0a7de",
            "outcomes": 1,
            "deliveries": 0,
            "corrections": 0,
            "unmatched_code": None,
        },
        {
            "status": "recorded",
            "outcome_id": "5b0c0d5b9a0e4b3e8f0e3a1f6f7c2d11",
            "outcomes": 0,
            "deliveries": 1,
            "corrections": 0,
            "unmatched_code": None,
        },
    ]
}
