"""What is at stake with each customer: the margin they bring if they stay, and where it comes from.

The best basis that the question and the model allow is taken, row by row; the formulas are in
``ebbtide.lifetime`` and ``ebbtide.economics``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ebbtide import economics, lifetime
from ebbtide.scorer.horizons import RiskCurves

if TYPE_CHECKING:
    from ebbtide.answer.model import Model
    from ebbtide.definition import ChurnDefinition
    from ebbtide.grouped import IndexArray
    from ebbtide.policy.policy import Policy
    from ebbtide.scorer.scores import FloatArray, Scores

ValueBasis = Literal["given", "subscription", "expected", "spend"]

PRICE_FEATURE = "contract_price_30d"
HISTORY_FEATURES = ("purchase_days_365d", "first_purchase_age_days", "btyd_spend_expected")
"""What the buying model asks of a row: how many purchase days, since when, at which spend."""

LONGEST_HISTORY_DAYS = 365
"""Beyond it ``purchase_days_365d`` does not count the days that the buying model was fitted on."""


BASES: tuple[ValueBasis, ...] = get_args(ValueBasis)
_MANY = 64
"""From so many rows on, equal histories are looked for: they are many among customers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stakes:
    """How one model and one policy estimate what is at stake.

    Parameters
    ----------
    definition : what counts as churn.
    policy : margin, value horizon and discounting.
    price, spend : columns of these features; None where the model lacks them, or they do not count.
    history : columns of ``HISTORY_FEATURES``; None where purchases cannot be expected.
    rates : the buying model; None where purchases cannot be expected.
    """

    definition: ChurnDefinition
    policy: Policy
    price: int | None
    spend: int | None
    history: tuple[int, ...] | None
    rates: lifetime.BuyingRates | None

    @classmethod
    def of(cls, model: Model, policy: Policy) -> Stakes:
        """Find what the model and the policy allow."""
        column_of = {
            feature.name: column
            for column, feature in enumerate(model.scorer.features)
            if not feature.is_categorical
        }
        definition, held = model.definition, model.expectations
        price = column_of.get(PRICE_FEATURE) if definition.kind == "contract_end" else None
        history, rates = None, None
        is_counted = model.lookback_days <= LONGEST_HISTORY_DAYS
        if held is not None and definition.kind == "inactivity" and is_counted:
            columns = [column_of[name] for name in HISTORY_FEATURES if name in column_of]
            if len(columns) == len(HISTORY_FEATURES):
                history, rates = tuple(columns), lifetime.BuyingRates.from_json(held)
        return cls(
            definition=definition,
            policy=policy,
            price=price,
            spend=column_of.get(economics.VALUE_FEATURE),
            history=history,
            rates=rates,
        )

    def values(
        self, values: FloatArray, *, scores: Scores, given: FloatArray
    ) -> tuple[FloatArray, IndexArray]:
        """Return the margin at stake of each customer, and its basis; NaN and -1 where unknown.

        Parameters
        ----------
        values : feature values, shape (features, n); NaN is missing.
        scores : of the customers.
        given : values that were sent, currency, NaN for none, shape (n,); they win.

        Returns
        -------
        tuple[FloatArray, IndexArray]
            Of shape (n,); a basis is a place in ``BASES``.
        """
        is_given = np.isfinite(given)
        value = np.where(is_given, given, np.nan)
        basis = np.where(is_given, 0, -1)
        for place, estimate in enumerate((self._by_contract, self._by_buying, self._by_spend), 1):
            rest = (basis < 0).nonzero()[0]
            if not rest.size:
                break
            estimated = estimate(values, rest, scores)
            if estimated is None:
                continue
            is_known = np.isfinite(estimated)
            value[rest[is_known]] = estimated[is_known]
            basis[rest[is_known]] = place
        return value, basis

    def _by_contract(
        self, values: FloatArray, rest: IndexArray, scores: Scores
    ) -> FloatArray | None:
        """Price times survival, where a contract decides who has left."""
        if self.price is None:
            return None
        curves = scores.risk_by_day
        days: tuple[int, ...] = (self.definition.horizon_days,)
        probability = scores.p_churn[:, None]
        if curves is not None:
            days, probability = curves.days, curves.probability
        return lifetime.subscription_margin(
            values[self.price, rest],
            curves=RiskCurves(days=days, probability=probability[rest]),
            stay_days=self.definition.horizon_days,
            margin_rate=self.policy.margin_rate,
            value_horizon_days=self.policy.value_horizon_days,
            discount_rate_yearly=self.policy.discount_rate_yearly,
        )

    def _by_buying(self, values: FloatArray, rest: IndexArray, _: Scores) -> FloatArray | None:
        """Purchases times spend, where a silence decides who has left and they can be expected."""
        if self.history is None or self.rates is None:
            return None
        days, age, spend = (values[column, rest] for column in self.history)
        is_known = (days >= 1) & (age >= 0) & np.isfinite(spend) & np.isfinite(age)
        estimate = np.full(len(rest), np.nan)
        repeats, age = days[is_known] - 1, np.floor(age[is_known])
        which = np.arange(len(repeats))
        if len(repeats) >= _MANY:
            pairs, which = np.unique(repeats + 1j * age, return_inverse=True)
            repeats, age = pairs.real, pairs.imag
        bought = lifetime.expected_purchases(
            self.rates,
            repeats=repeats,
            age_days=age,
            stay_days=self.definition.gap_days + self.definition.horizon_days,
            value_horizon_days=self.policy.value_horizon_days,
            discount_rate_yearly=self.policy.discount_rate_yearly,
        )
        estimate[is_known] = lifetime.margin_of(
            bought[which], spend=spend[is_known], margin_rate=self.policy.margin_rate
        )
        return estimate

    def _by_spend(self, values: FloatArray, rest: IndexArray, _: Scores) -> FloatArray | None:
        """Go on at the past year's rate of spend."""
        if self.spend is None:
            return None
        return economics.customer_value(
            values[self.spend, rest],
            margin_rate=self.policy.margin_rate,
            value_horizon_days=self.policy.value_horizon_days,
        )
