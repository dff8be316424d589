"""The risks are true: as many leave, by each cause, as the hazards promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

RISKS = ["risk_voluntary", "risk_payment"]


def off_by(promised: pd.Series, came: pd.Series) -> float:
    """How many standard deviations a count lies from what was promised."""
    return float((came.sum() - promised.sum()) / np.sqrt((promised * (1 - promised)).sum()))


def of_cause(truth: pd.DataFrame, risk: str) -> pd.Series:
    return (truth.churn_cause == risk.removeprefix("risk_")).astype(float)


@pytest.mark.parametrize("risk", RISKS)
def test_as_many_leave_by_each_cause_as_was_promised(truth, risk) -> None:
    assert abs(off_by(truth[risk], of_cause(truth, risk))) < 3


@pytest.mark.parametrize("risk", RISKS)
def test_at_every_level_of_risk_as_many_leave_as_was_promised(truth, risk) -> None:
    came = of_cause(truth, risk)
    levels = pd.qcut(truth[risk], 10, labels=False, duplicates="drop")
    off = [off_by(truth[risk][levels == k], came[levels == k]) for k in range(levels.max() + 1)]
    assert len(off) >= 4
    assert np.square(off).sum() < 2.5 * len(off) + 6


def test_risks_are_probabilities_and_spread(truth) -> None:
    assert truth.true_risk.between(0, 1).all()
    assert np.allclose(truth.true_risk, truth[RISKS].sum(axis=1))
    assert truth.true_risk.quantile(0.99) > 10 * truth.true_risk.median()
    assert 0.02 < truth.churned.mean() < 0.08
    assert 0.1 < (truth.churn_cause == "payment").sum() / truth.churned.sum() < 0.5


def test_a_failed_payment_comes_before_every_loss_for_want_of_payment(table) -> None:
    ended = table("subscriptions").query("end_reason == 'payment'")
    unpaid = table("payments").query("status == 'failed'")
    due = unpaid.assign(ended_at=unpaid.due_at + pd.Timedelta(days=14))
    joined = ended.merge(due, on=["customer_id", "ended_at"], how="left")
    after_start = joined[joined.ended_at > table("payments").due_at.min() + pd.Timedelta(days=14)]
    assert len(after_start) > 100
    assert after_start.due_at.notna().all()


def test_visits_fade_before_a_customer_cancels(table) -> None:
    held, visits = table("subscriptions"), table("activity")
    gone = held[(held.end_reason == "voluntary") & (held.ended_at > "2024-01-01")]
    returned = held.customer_id.value_counts()
    gone = gone[gone.customer_id.map(returned) == 1]
    weeks = {}
    for name, first, last in (("late", 28, 0), ("early", 182, 154)):
        spans = gone[gone.ended_at - gone.started_at > pd.Timedelta(days=190)]
        seen = visits.merge(spans[["customer_id", "ended_at"]], on="customer_id")
        before = (seen.ended_at - seen.occurred_at).dt.total_seconds() / 86_400
        weeks[name] = before.between(last, first).sum()
    assert weeks["late"] < 0.75 * weeks["early"]


def test_nobody_visits_without_a_contract(table) -> None:
    held = table("subscriptions").assign(
        ended_at=lambda rows: rows.ended_at.fillna(pd.Timestamp("2100-01-01", tz="UTC"))
    )
    some = table("activity").sample(2000, random_state=0)
    joined = some.merge(held, on="customer_id")
    inside = joined[
        (joined.started_at <= joined.occurred_at) & (joined.occurred_at < joined.ended_at)
    ]
    keys = ["customer_id", "occurred_at"]
    assert len(inside.drop_duplicates(keys)) == len(some.drop_duplicates(keys))
