"""What is at stake with each customer: the margin they bring if they stay, and where it comes from.

The best basis that the question and the model allow is taken, row by row; the formulas are in
``ebbtide.lifetime`` and ``ebbtide.economics``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from ebbtide import economics, lifetime
from ebbtide.scorer.horizons import RiskCurves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.answer.answer import Question
    from ebbtide.answer.model import Model
    from ebbtide.policy.policy import Policy
    from ebbtide.scorer.scores import FloatArray, Scores

ValueBasis = Literal["given", "subscription", "expected", "spend"]

PRICE_FEATURE = "contract_price_30d"
HISTORY_FEATURES = ("purchase_days_365d", "first_purchase_age_days", "btyd_spend_expected")
"""What the buying model asks of a row: how many purchase days, since when, at which spend."""

LONGEST_HISTORY_DAYS = 365
"""Beyond it ``purchase_days_365d`` does not count the days that the buying model was fitted on."""


def values_at_stake(
    rows: FloatArray,
    scores: Scores,
    *,
    questions: Sequence[Question],
    model: Model,
    policy: Policy,
) -> tuple[FloatArray, list[ValueBasis | None]]:
    """Return the margin at stake of each customer, and its basis; NaN and None where unknown.

    Parameters
    ----------
    rows : feature values, shape (n, features); NaN is missing.
    scores : of the rows.
    questions : who is asked about, in the order of the rows; a value that was sent wins.
    model : says what churn is, and holds the buying model.
    policy : margin, value horizon and discounting.
    """
    estimates: dict[ValueBasis, FloatArray | None] = {
        "given": np.array([math.nan if q.value is None else q.value for q in questions]),
        "subscription": _by_contract(rows, scores, model=model, policy=policy),
        "expected": _by_buying_model(rows, model=model, policy=policy),
        "spend": _by_spend(rows, model=model, policy=policy),
    }
    value = np.full(len(rows), np.nan)
    basis: list[ValueBasis | None] = [None] * len(rows)
    for name, estimate in estimates.items():
        if estimate is None:
            continue
        for row in np.flatnonzero(np.isnan(value) & np.isfinite(estimate)):
            value[row], basis[row] = estimate[row], name
    return value, basis


def _column(name: str, rows: FloatArray, model: Model) -> FloatArray | None:
    for column, feature in enumerate(model.scorer.features):
        if feature.name == name and not feature.is_categorical:
            return rows[:, column]
    return None


def _by_contract(
    rows: FloatArray, scores: Scores, *, model: Model, policy: Policy
) -> FloatArray | None:
    """Price times survival, where a contract decides who has left."""
    definition = model.definition
    price = _column(PRICE_FEATURE, rows, model)
    if definition.kind != "contract_end" or price is None:
        return None
    curves = scores.risk_by_day or RiskCurves(
        days=(definition.horizon_days,), probability=scores.p_churn[:, None]
    )
    return lifetime.subscription_margin(
        price,
        curves=curves,
        stay_days=definition.horizon_days,
        margin_rate=policy.margin_rate,
        value_horizon_days=policy.value_horizon_days,
        discount_rate_yearly=policy.discount_rate_yearly,
    )


def _by_buying_model(rows: FloatArray, *, model: Model, policy: Policy) -> FloatArray | None:
    """Purchases times spend, where a silence decides who has left and a buying model is held."""
    definition, held = model.definition, model.expectations
    columns = [_column(name, rows, model) for name in HISTORY_FEATURES]
    days, age, spend = columns
    if held is None or definition.kind != "inactivity" or days is None or age is None:
        return None
    if spend is None or model.lookback_days > LONGEST_HISTORY_DAYS:
        return None
    is_known = (days >= 1) & (age >= 0) & np.isfinite(spend) & np.isfinite(age)
    estimate = np.full(len(rows), np.nan)
    estimate[is_known] = lifetime.expected_margin(
        lifetime.BuyingRates.from_json(held),
        repeats=days[is_known] - 1,
        age_days=np.floor(age[is_known]),
        spend=spend[is_known],
        stay_days=definition.gap_days + definition.horizon_days,
        margin_rate=policy.margin_rate,
        value_horizon_days=policy.value_horizon_days,
        discount_rate_yearly=policy.discount_rate_yearly,
    )
    return estimate


def _by_spend(rows: FloatArray, *, model: Model, policy: Policy) -> FloatArray | None:
    """Go on at the past year's rate of spend."""
    spend = _column(economics.VALUE_FEATURE, rows, model)
    if spend is None:
        return None
    return economics.customer_value(
        spend,
        margin_rate=policy.margin_rate,
        value_horizon_days=policy.value_horizon_days,
    )
