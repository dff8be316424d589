"""Examples of bodies for the OpenAPI document; tests send the requests and hold the answer."""

from __future__ import annotations

from typing import Any

ROW: dict[str, Any] = {
    "customer_id": "17850",
    "as_of": "2026-03-01T00:00:00Z",
    "events": {
        "transactions": [
            {"occurred_at": "2025-11-20T10:12:00Z", "amount": 54.9, "order_id": "A-1"},
            {"occurred_at": "2026-01-03T16:40:00Z", "amount": 21.5, "order_id": "A-2"},
        ],
        "complaints": [{"opened_at": "2026-02-11T08:00:00Z", "severity": 4}],
    },
}

ANSWER: dict[str, Any] = {
    "prediction_id": "7af7e9ea397c45eb97134b8ec1ab45d7",
    "customer_id": "17850",
    "status": "scored",
    "as_of": "2026-03-01T00:00:00Z",
    "scored_at": "2026-03-01T09:30:00Z",
    "valid_until": "2026-03-15T00:00:00Z",
    "model_version": "f2cc83d32ca4",
    "policy_version": "2026-01+62133207",
    "definition": "inactivity-90d-efd76623",
    "language": "en",
    "churn_probability": 0.3964,
    "churn_probability_low": None,
    "churn_probability_high": None,
    "churn_score": 40,
    "risk_band": "medium",
    "percentile": 39.64,
    "risk_by_day": [],
    "expected_days_to_churn": None,
    "reasons": [
        {
            "feature": "recency_days",
            "family": "recency",
            "cause": "disengagement",
            "contribution": 1.3147,
            "value": 143.0,
            "typical": 30.0,
            "typical_stayers": 22.0,
            "typical_leavers": 96.0,
            "text": "Last purchase 143 days ago; stayers typically 22, leavers 96",
        },
        {
            "feature": "purchase_days_90d",
            "family": "frequency",
            "cause": "disengagement",
            "contribution": 0.2,
            "value": 0.0,
            "typical": 2.0,
            "typical_stayers": 3.0,
            "typical_leavers": 1.0,
            "text": "0 purchase days in the last 90 days; stayers typically 3, leavers 1",
        },
        {
            "feature": "discount_share_365d",
            "family": "monetary",
            "cause": "value_for_money",
            "contribution": 0.1,
            "value": None,
            "typical": None,
            "typical_stayers": None,
            "typical_leavers": None,
            "text": "Bought nothing at a price in the last 365 days",
        },
    ],
    "reasons_asked": True,
    "action_code": "loyalty_points",
    "action_text": "Give 500 loyalty points worth 5.00 on the next purchase",
    "action_channel": "app",
    "no_action_code": None,
    "no_action_text": None,
    "action_family": "loyalty_points",
    "arm": "treated",
    "propensity": 0.9,
    "withheld_action_code": None,
    "value": 294.17,
    "value_basis": "spend",
    "expected_value": 7.94,
    "expected_cost": 2.03,
    "effect": 0.033895,
    "effect_low": 0.009116,
    "effect_high": 0.058674,
    "effect_basis": "assumed",
    "abstain_code": None,
    "abstain_text": None,
    "warnings": [
        {
            "code": "missing_feature",
            "subject": "discount_share_365d",
            "text": "discount_share_365d was not sent; taken as: Bought nothing at a price "
            "in the last 365 days",
        }
    ],
    "outcome_due_at": "2026-05-30T00:00:00Z",
    "reason_1": "Last purchase 143 days ago; stayers typically 22, leavers 96",
    "reason_2": "0 purchase days in the last 90 days; stayers typically 3, leavers 1",
    "reason_3": "Bought nothing at a price in the last 365 days",
    "reason_1_code": "recency_days",
    "reason_2_code": "purchase_days_90d",
    "reason_3_code": "discount_share_365d",
    "warning_codes": "missing_feature",
}
