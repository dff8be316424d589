"""The truth is true: outcomes, arms and campaigns agree with it within the limits of chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from ebbtide.causes import CAUSES
from training.simulator.effects import ACTION_CODES
from training.simulator.shop import DEFINITION

if TYPE_CHECKING:
    from collections.abc import Callable

Tables = "Callable[[str], pd.DataFrame]"
TOO_FAR = 4.0
"""Standard errors between what was foretold and what happened that no chance explains."""


def surprise(risk: pd.Series, churned: pd.Series) -> float:
    """Return by how many standard errors outcomes differ from their probabilities."""
    return float((churned.sum() - risk.sum()) / np.sqrt((risk * (1 - risk)).sum()))


def worst_surprise(risk: pd.Series, churned: pd.Series) -> float:
    """Return the largest surprise over all rows and over tenths of the risk."""
    tenth = pd.qcut(risk, 10, labels=False)
    parts = [surprise(risk[tenth == part], churned[tenth == part]) for part in range(10)]
    return max(abs(part) for part in (*parts, surprise(risk, churned)))


def alive_at(truth: pd.DataFrame, place: int) -> pd.DataFrame:
    instants = sorted(truth.as_of.unique())
    return truth[truth.is_alive & (truth.as_of == instants[place])]


@pytest.fixture(scope="module")
def assigned(table: Tables, truth: pd.DataFrame) -> pd.DataFrame:
    """Treatments of the last campaigns, with the truth at their assignment."""
    rows = table("treatments").merge(
        truth, left_on=["customer_id", "assigned_at"], right_on=["customer_id", "as_of"]
    )
    effect = [rows[f"effect_{code}"].where(rows.action == code, 0.0) for code in ACTION_CODES]
    return rows.assign(effect=sum(effect), is_treated=rows.arm == "treated")


@pytest.mark.parametrize("place", [0, -1], ids=["before any campaign", "end of the log"])
def test_outcomes_calibrate_against_the_true_risk(truth: pd.DataFrame, place: int) -> None:
    rows = alive_at(truth, place)
    assert worst_surprise(rows.true_risk, rows.churned) < TOO_FAR


@pytest.mark.parametrize("distort", [lambda p: p**1.15, lambda p: 0.5 + 0.9 * (p - 0.5)])
def test_a_risk_that_is_a_little_wrong_is_found_out(
    truth: pd.DataFrame, distort: Callable[[pd.Series], pd.Series]
) -> None:
    rows = alive_at(truth, -1)
    assert worst_surprise(distort(rows.true_risk), rows.churned) > TOO_FAR


def test_outcomes_in_the_truth_are_those_of_the_log(table: Tables, truth: pd.DataFrame) -> None:
    rows = alive_at(truth, 0)
    start = rows.as_of.iloc[0] + pd.Timedelta(days=DEFINITION.gap_days)
    bought = table("transactions").query("amount > 0")
    end = start + pd.Timedelta(days=DEFINITION.horizon_days)
    within = bought[(bought.occurred_at >= start) & (bought.occurred_at < end)]
    np.testing.assert_array_equal(~rows.customer_id.isin(within.customer_id), rows.churned)


def test_the_living_are_those_who_purchased_within_a_year(
    table: Tables, truth: pd.DataFrame
) -> None:
    bought = table("transactions").query("amount > 0")
    at = truth.as_of.max()
    since = at - pd.Timedelta(days=DEFINITION.active_within_days)
    recent = set(bought.customer_id[bought.occurred_at >= since])
    alive = set(truth.customer_id[(truth.as_of == at) & truth.is_alive])
    assert recent <= alive
    assert len(alive - recent) < 0.005 * len(alive)  # those whose only row is not known yet


def test_risk_is_spread_widely_and_ranks_well(truth: pd.DataFrame) -> None:
    rows = alive_at(truth, -1)
    ranks = rows.true_risk.rank()
    leavers = rows.churned.sum()
    auc = (ranks[rows.churned].sum() - leavers * (leavers + 1) / 2) / (
        leavers * (len(rows) - leavers)
    )
    assert 0.25 < rows.churned.mean() < 0.48
    assert 0.85 < auc < 0.92
    assert rows.true_risk.quantile(0.1) < 0.1
    assert rows.true_risk.quantile(0.9) > 0.8


def test_causes_are_words_that_others_know(truth: pd.DataFrame) -> None:
    assert set(truth.cause) == {*CAUSES, "none"}


def test_every_action_has_an_effect_column(truth: pd.DataFrame) -> None:
    columns = [name for name in truth.columns if name.startswith("effect_")]
    assert columns == [f"effect_{code}" for code in ACTION_CODES]


def test_an_action_helps_where_it_answers_the_cause(truth: pd.DataFrame) -> None:
    rows = alive_at(truth, -1)
    fits = rows.cause == "payment_failure"
    assert rows.effect_billing_contact[fits].mean() > 0.05
    assert rows.effect_billing_contact[~fits].mean() < 0


def test_some_customers_are_better_left_alone(truth: pd.DataFrame) -> None:
    rows = alive_at(truth, -1)
    assert (rows.effect_reactivation_email < -0.02).mean() > 0.1
    assert (rows.effect_discount_voucher > 0.02).mean() > 0.3


def test_the_holdout_behaves_as_if_nothing_had_been_done(assigned: pd.DataFrame) -> None:
    held = assigned[~assigned.is_treated]
    assert worst_surprise(held.true_risk, held.churned) < TOO_FAR


def test_the_treated_behave_as_the_effects_say(assigned: pd.DataFrame) -> None:
    treated = assigned[assigned.is_treated]
    assert worst_surprise(treated.true_risk - treated.effect, treated.churned) < TOO_FAR


@pytest.mark.parametrize(
    ("low", "high", "sign"), [(0.05, 1.0, 1), (-1.0, -0.03, -1)], ids=["helped", "sleeping dogs"]
)
def test_arms_differ_by_the_true_mean_effect(
    assigned: pd.DataFrame, low: float, high: float, sign: int
) -> None:
    rows = assigned[assigned.effect.between(low, high)]
    unforeseen = rows.churned - rows.true_risk  # known before the arms were drawn: less noise
    treated, held = unforeseen[rows.is_treated], unforeseen[~rows.is_treated]
    difference = held.mean() - treated.mean()
    error = np.sqrt(sum(arm.var() / len(arm) for arm in (treated, held)))
    assert sign * difference > 2 * error
    assert abs(difference - rows.effect[rows.is_treated].mean()) < 3 * error
