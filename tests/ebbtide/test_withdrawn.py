"""A stored answer that does not hold any more keeps its identity and nothing to rely on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.answer.answer import ABSTAIN, Answer
from ebbtide.answer.withdrawn import why_withdrawn, withdrawn

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("in_force", "now", "why"),
    [
        pytest.param("d", MARCH, None, id="holds-to-the-end"),
        pytest.param("d", MARCH + MICROSECOND, "expired", id="expired"),
        pytest.param("other", MARCH, "definition_changed", id="redefined"),
        pytest.param("other", MARCH + MICROSECOND, "definition_changed", id="both"),
        pytest.param(None, MARCH, None, id="no-model-served"),
    ],
)
def test_it_holds_until_it_expires_or_churn_is_defined_anew(in_force, now, why):
    found = why_withdrawn(valid_until=MARCH, definition="d", in_force=in_force, now=now)
    assert found == why


def test_nothing_to_rely_on_is_left():
    answer = Answer(
        prediction_id="p",
        customer_id="c",
        status="scored",
        as_of=MARCH,
        scored_at=MARCH,
        valid_until=MARCH,
        model_version="m",
        policy_version="p",
        definition="d",
        language="en",
        churn_probability=0.9,
        churn_score=90,
        risk_band="high",
        action_code="call",
        action_text="Call",
        value=5.0,
    )
    left = withdrawn(answer, "expired", language="zh")
    assert left == Answer(
        prediction_id="p",
        customer_id="c",
        status="abstained",
        as_of=MARCH,
        scored_at=MARCH,
        valid_until=MARCH,
        model_version="m",
        policy_version="p",
        definition="d",
        language="zh",
        abstain_code="expired",
        abstain_text=ABSTAIN["expired"].zh,
    )
