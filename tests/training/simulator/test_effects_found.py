"""Effects that are told from arms and outcomes alone are those that the shop was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ebbtide.effects.estimate import estimate_effect
from ebbtide.effects.tally import Tally
from training.simulator.effects import ACTION_CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from ebbtide.effects.estimate import Effect

HOLDOUT = 0.30


@pytest.fixture(scope="module")
def assigned(table: Callable[[str], pd.DataFrame], truth: pd.DataFrame) -> pd.DataFrame:
    """First assignments at the instants of the truth, with outcome and true effect."""
    rows = (
        table("treatments")
        .merge(truth, left_on=["customer_id", "assigned_at"], right_on=["customer_id", "as_of"])
        .sort_values("assigned_at")
        .drop_duplicates("customer_id")
    )
    effect = [rows[f"effect_{code}"].where(rows.action == code, 0.0) for code in ACTION_CODES]
    return rows.assign(effect=sum(effect))


def told(rows: pd.DataFrame) -> Effect:
    return estimate_effect(
        [
            Tally(
                arm=arm,
                propensity=1 - HOLDOUT,
                assigned=len(own),
                matured=len(own),
                known=len(own),
                left=int(own.churned.sum()),
            )
            for arm, own in rows.groupby("arm")
        ],
        save_rate=0.05,
    )


def test_the_interval_of_each_action_holds_its_true_effect(assigned: pd.DataFrame) -> None:
    outside = []
    for code, rows in assigned.groupby("action"):
        found = told(rows).effect
        assert found is not None
        if not found.low <= rows.effect.mean() <= found.high:
            outside.append(code)
    assert len(outside) <= 1, outside  # of nine, at 0.95 each


def test_arms_of_the_simulator_are_sound_and_their_effect_is_not_that_of_another(
    assigned: pd.DataFrame,
) -> None:
    found = told(assigned)
    assert found.warnings == ()
    assert found.effect is not None
    assert found.effect.low <= assigned.effect.mean() <= found.effect.high
    unlike = assigned.effect.mean() + 0.1
    assert not found.effect.low <= unlike <= found.effect.high


def test_comparing_treated_with_everybody_else_would_be_wrong(
    assigned: pd.DataFrame, truth: pd.DataFrame
) -> None:
    # Campaigns pick customers at risk: beside those who were not picked they look harmful.
    treated = assigned[assigned.arm == "treated"].churned.mean()
    others = truth[truth.is_alive & ~truth.customer_id.isin(assigned.customer_id)].churned.mean()
    assert others - treated < assigned.effect.mean() - 0.05
