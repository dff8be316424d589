"""Margin expected of customers over the value horizon if they stay: by buying model or price.

"If they stay" is the point: an action is worth what a customer who is kept brings, so the risk of
losing them must not be counted in the value too. What an action is worth is in
:mod:`ebbtide.economics`; which value an answer takes, in ``ebbtide.answer.value``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.beta_posterior import beta_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ebbtide.scorer.horizons import RiskCurves
    from ebbtide.scorer.scores import FloatArray

BILLING_DAYS = 30
"""Period in which margin is counted: of a contract, and where it is discounted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyingRates:
    """How often customers buy and when they stop: parameters of an MBG/NBD, per day.

    Parameters
    ----------
    r, alpha : shape and inverse scale (days) of the buying rates among customers.
    a, b : shapes of the probability to stop after a purchase.
    """

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def from_json(cls, expectations: Mapping[str, Any]) -> BuyingRates:
        """Make the parameters from the buying model that a bundle holds."""
        fitted = expectations["purchases"]
        return cls(**{name: float(fitted[name]) for name in ("r", "alpha", "a", "b")})


def purchase_days_if_staying(
    rates: BuyingRates,
    *,
    repeats: FloatArray,
    age_days: FloatArray,
    stay_days: float,
    until_days: float,
) -> FloatArray:
    """Purchase days to expect of a customer who buys at least once while that counts as staying.

    Parameters
    ----------
    rates : the buying model.
    repeats : purchase days after the first, shape (n,).
    age_days : days since the first purchase, shape (n,).
    stay_days : a purchase within so many days is to stay, > 0.
    until_days : over how many days purchases are counted, >= 0.

    Notes
    -----
    One who lives has a rate ``l`` that is Gamma(r + x, alpha + T) and stops after a purchase with a
    probability ``p`` that is Beta(a, b + x + 1). Over ``v`` days such a customer buys on
    ``(1 - exp(-l p v)) / p`` days, and on ``exp(-l s) (1 - exp(-l p (v - s))) / p`` of them after a
    silence of the first ``s`` days, which nobody dies of. The difference of the means, over the
    probability of a purchase in the first ``s`` days, is the expectation given one. The dead buy
    nothing, so that the probability to live cancels out.

    References
    ----------
    E. P. Batislam, M. Denizel, A. Filiztekin (2007), Empirical validation and comparison of models
    for customer base analysis, International Journal of Research in Marketing 24(3), 201-209; the
    condition is ours.

    Examples
    --------
    >>> rates = BuyingRates(r=1e6, alpha=3e7, a=1e-6, b=1.0)  # each buys every 30 days, for ever
    >>> year = purchase_days_if_staying(
    ...     rates,
    ...     repeats=np.array([5.0]),
    ...     age_days=np.array([150.0]),
    ...     stay_days=1e6,
    ...     until_days=360.0,
    ... )
    >>> year.round(3).tolist()
    [12.0]
    """
    shape, scale = rates.r + repeats, rates.alpha + age_days
    stay, span = stay_days / scale, until_days / scale
    after = np.maximum(until_days - stay_days, 0.0) / scale
    silent = np.exp(-shape * np.log1p(stay))

    def of_stayers(p: FloatArray) -> FloatArray:
        each = shape[:, None]
        all_days = -np.expm1(-each * np.log1p(p * span[:, None])) / p
        later = np.log1p(p * after[:, None] / (1 + stay[:, None]))
        return np.asarray(all_days + silent[:, None] * np.expm1(-each * later) / p)

    mean = beta_mean(of_stayers, a=rates.a, b=rates.b + 1, repeats=repeats, span=span)
    return np.asarray(mean / -np.expm1(-shape * np.log1p(stay)), dtype=np.float64)


def expected_margin(
    rates: BuyingRates,
    *,
    repeats: FloatArray,
    age_days: FloatArray,
    spend: FloatArray,
    stay_days: float,
    margin_rate: float,
    value_horizon_days: int,
    discount_rate_yearly: float = 0.0,
) -> FloatArray:
    """Margin to expect of customers who buy now and then, if they stay.

    Parameters
    ----------
    rates, repeats, age_days, stay_days : as in :func:`purchase_days_if_staying`.
    spend : spend to expect on a purchase day, currency, shape (n,); by a Gamma-Gamma model.
    margin_rate : margin as a share of spend, in (0, 1].
    value_horizon_days : over how many days margin is counted, >= 1.
    discount_rate_yearly : by which a sum that comes a year later is worth less, >= 0.

    References
    ----------
    P. S. Fader, B. G. S. Hardie, K. L. Lee (2005), RFM and CLV: using iso-value curves for customer
    base analysis, Journal of Marketing Research 42(4), 415-430: purchases times spend times margin.

    Examples
    --------
    >>> rates = BuyingRates(r=1e6, alpha=3e7, a=1e-6, b=1.0)
    >>> expected_margin(
    ...     rates,
    ...     repeats=np.array([5.0]),
    ...     age_days=np.array([150.0]),
    ...     spend=np.array([50.0]),
    ...     stay_days=1e6,
    ...     margin_rate=0.4,
    ...     value_horizon_days=360,
    ... ).round(2).tolist()
    [240.0]
    """
    bought = expected_purchases(
        rates,
        repeats=repeats,
        age_days=age_days,
        stay_days=stay_days,
        value_horizon_days=value_horizon_days,
        discount_rate_yearly=discount_rate_yearly,
    )
    return margin_of(bought, spend=spend, margin_rate=margin_rate)


def expected_purchases(
    rates: BuyingRates,
    *,
    repeats: FloatArray,
    age_days: FloatArray,
    stay_days: float,
    value_horizon_days: int,
    discount_rate_yearly: float = 0.0,
) -> FloatArray:
    """Purchase days over the value horizon of customers who stay, later ones discounted.

    Parameters
    ----------
    rates, repeats, age_days, stay_days : as in :func:`purchase_days_if_staying`.
    value_horizon_days, discount_rate_yearly : as in :func:`expected_margin`.
    """

    def until(days: float) -> FloatArray:
        return purchase_days_if_staying(
            rates, repeats=repeats, age_days=age_days, stay_days=stay_days, until_days=days
        )

    return _discounted(until, value_horizon_days, discount_rate_yearly)


def margin_of(purchases: FloatArray, *, spend: FloatArray, margin_rate: float) -> FloatArray:
    """Margin that purchases bring, currency, shape (n,).

    Parameters
    ----------
    purchases : how many purchase days, shape (n,).
    spend : spend to expect on each, currency, shape (n,).
    margin_rate : margin as a share of spend, in (0, 1].

    Examples
    --------
    >>> margin_of(np.array([12.0]), spend=np.array([50.0]), margin_rate=0.4).tolist()
    [240.0]
    """
    return np.maximum(purchases * spend, 0.0) * margin_rate


def _discounted(
    until: Callable[[float], FloatArray], horizon_days: int, rate_yearly: float
) -> FloatArray:
    """Return what accrues until the horizon, each billing period discounted from its middle."""
    if rate_yearly == 0:
        return until(float(horizon_days))
    total, before, start = np.zeros(1), np.zeros(1), 0.0
    while start < horizon_days:
        end = min(start + BILLING_DAYS, float(horizon_days))
        by_then = until(end)
        total = total + (by_then - before) * _discount((start + end) / 2, rate_yearly)
        before, start = by_then, end
    return total


def _discount(days: float, rate_yearly: float) -> float:
    return float((1.0 + rate_yearly) ** (-days / 365.0))


def survival(curves: RiskCurves, days: float) -> FloatArray:
    """Probability of still being there after so many days, shape (n,).

    Leaving is spread evenly between the days of a curve; beyond the last of them, customers leave
    as they did in the last step, the same share of who is left in each day.

    Parameters
    ----------
    curves : risk by day.
    days : >= 0.

    Examples
    --------
    >>> from ebbtide.scorer.horizons import RiskCurves
    >>> curves = RiskCurves(days=(30, 60), probability=np.array([[0.2, 0.4]]))
    >>> [round(float(survival(curves, days)[0]), 4) for days in (0, 15, 60, 90)]
    [1.0, 0.9, 0.6, 0.45]
    """
    knots = [(0.0, np.ones(len(curves.probability)))] if curves.days[0] > 0 else []
    knots += [
        (float(day), 1.0 - curves.probability[:, column]) for column, day in enumerate(curves.days)
    ]
    for (low, there), (high, left) in pairwise(knots):
        if days <= high:
            share = max(days - low, 0.0) / (high - low)
            return there + (left - there) * share
    (low, there), (high, left) = knots[-2:]
    ratio = np.divide(left, there, out=np.zeros_like(left), where=there > 0)
    return np.asarray(left * ratio ** ((days - high) / (high - low)), dtype=np.float64)


def subscription_margin(
    price: FloatArray,
    *,
    curves: RiskCurves,
    stay_days: int,
    margin_rate: float,
    value_horizon_days: int,
    discount_rate_yearly: float = 0.0,
) -> FloatArray:
    """Margin to expect of customers with a contract, if they stay through the outcome window.

    Parameters
    ----------
    price : what they pay for 30 days, currency, shape (n,).
    curves : risk by day, from now on.
    stay_days : days for which they are taken to stay: what of the horizon lies ahead.
    margin_rate, value_horizon_days, discount_rate_yearly : as in :func:`expected_margin`.

    Notes
    -----
    The sum over periods of 30 days of the price that is paid at the beginning of each, times the
    probability to be there still, given that they stay. Of a last period that the horizon cuts
    short, its share counts.

    References
    ----------
    S. Gupta, D. R. Lehmann, J. A. Stuart (2004), Valuing customers, Journal of Marketing Research
    41(1), 7-18: margin times retention, discounted; here with a retention for each period.

    Examples
    --------
    >>> from ebbtide.scorer.horizons import RiskCurves
    >>> nobody_leaves = RiskCurves(days=(30,), probability=np.array([[0.0]]))
    >>> subscription_margin(
    ...     np.array([10.0]),
    ...     curves=nobody_leaves,
    ...     stay_days=30,
    ...     margin_rate=0.5,
    ...     value_horizon_days=365,
    ... ).round(4).tolist()  # twelve periods and a sixth
    [60.8333]
    """
    stays = survival(curves, stay_days)
    total, start = np.zeros(len(price)), 0.0
    while start < value_horizon_days:
        share = min(value_horizon_days - start, BILLING_DAYS) / BILLING_DAYS
        there = survival(curves, start)
        given = np.divide(there, stays, out=np.zeros_like(there), where=stays > 0)
        weight = share * _discount(start, discount_rate_yearly)
        total += np.where(start <= stay_days, 1.0, given) * weight
        start += BILLING_DAYS
    return np.maximum(price, 0.0) * margin_rate * total
