"""One whole answer, frozen in both languages; changed only on purpose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROW = {
    "customer_id": "c-1",
    "as_of": "2026-03-01T00:00:00Z",
    "features": {
        "recency_days": 143,
        "spend_365d": 840.5,
        "purchase_days_90d": 0,
        "complaints_90d": 2,
        "complaint_open_days": 9.5,
        "payments_overdue": 0,
    },
}


@pytest.mark.golden
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_answer_is_as_it_was(client, language):
    answer = client.post("/v1/score", json=ROW, headers={"Accept-Language": language}).json()
    answer |= {"prediction_id": "0" * 32, "model_version": "model", "policy_version": "policy"}
    file = HERE / f"golden_answer_{language}.json"
    frozen = json.loads(file.read_text(encoding="utf-8"))
    assert answer.keys() == frozen.keys()
    for name, value in answer.items():
        if name != "reasons":
            expected = pytest.approx(frozen[name]) if isinstance(value, float) else frozen[name]
            assert value == expected, name
    for reason, expected in zip(answer["reasons"], frozen["reasons"], strict=True):
        assert reason == {**expected, "contribution": pytest.approx(expected["contribution"])}
