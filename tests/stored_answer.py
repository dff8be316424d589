"""An answer as the log keeps it, from which tests of the store make theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ebbtide.answer.answer import Answer

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ANSWER = Answer(
    prediction_id="0",
    customer_id="c1",
    status="scored",
    as_of=MARCH,
    scored_at=MARCH,
    valid_until=MARCH + 14 * DAY,
    model_version="m",
    policy_version="p",
    definition="d",
    language="en",
    churn_probability=0.5,
    risk_band="medium",
)
