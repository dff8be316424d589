"""Where most of a score was not learned, it hardly orders customers any more: hence no score."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ebbtide.answer.judged import UNLEARNED_TOLERATED
from features.snapshot_table.table import open_snapshot_table
from flat_table import RISK, flat_project, flat_rows
from row_by_row import unlearned_share
from training.snapshot_table.train import train_table

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NEW_RISK = RISK | {"platinum": -4.0, "flex": 4.0}
"""Two plans that came after training, one safer and one riskier than all that were learned."""


@pytest.fixture(scope="module", params=["logistic", "lightgbm"])
def moved_on(request, tmp_path_factory):
    """Customers of a company that has moved on: what the model says of them, and what is true.

    Tenures go on to 200 where up to 60 were learned, and fees to 200 where up to 90 were.
    """
    folder = tmp_path_factory.mktemp("moved")
    project = flat_project(folder, flat_rows(600), candidates=(request.param,))
    made = train_table(open_snapshot_table(project, now=NOW), project, now=NOW)
    scorer = made.scorer(made.best)
    rng = np.random.default_rng(1)
    rows, truth = [], []
    for _ in range(3000):
        plan, tenure = str(rng.choice(list(NEW_RISK))), float(rng.integers(0, 200))
        values = {
            "plan": plan,
            "tenure": tenure,
            "fee": float(rng.uniform(10, 200)),
            "paperless": str(rng.choice(["Yes", "No"])),
            "region": str(rng.integers(1, 5)),
        }
        rows.append(
            [
                f.learned.code(values[f.name]) if f.is_categorical else values[f.name]
                for f in scorer.features
            ]
        )
        truth.append(1 / (1 + np.exp(-(NEW_RISK[plan] - 0.05 * (tenure - 30)))))
    scores = scorer.score(np.array(rows))
    share = np.array(
        [
            unlearned_share(row, moved, scorer.features)
            for row, moved in zip(np.array(rows), scores.contributions, strict=True)
        ]
    )
    return scores.p_churn, np.array(truth), share


def order(moved_on, within):
    """Correlation of what is said with what is true."""
    said, truth, share = moved_on
    chosen = within(share)
    assert chosen.sum() > 300
    return float(np.corrcoef(said[chosen], truth[chosen])[0, 1])


def test_beyond_a_half_scores_order_customers_less_than_half_as_well(moved_on):
    up_to = order(moved_on, lambda share: share <= UNLEARNED_TOLERATED)
    beyond = order(moved_on, lambda share: share > UNLEARNED_TOLERATED)
    assert up_to > 0.4
    assert beyond < up_to / 2
