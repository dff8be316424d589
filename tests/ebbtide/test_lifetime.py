"""Value if they stay: against simulated customers, geometric series, and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.lifetime import (
    BuyingRates,
    expected_margin,
    purchase_days_if_staying,
    subscription_margin,
    survival,
)
from ebbtide.scorer.horizons import RiskCurves

RATES = BuyingRates(r=0.8, alpha=40.0, a=0.9, b=2.5)


def simulated(repeats: int, age_days: float, *, until: float, stay: float, n: int = 300_000):
    """Purchases of living customers with a history: mean of those who buy while that is staying."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(RATES.r + repeats, 1 / (RATES.alpha + age_days), n)
    stop = rng.beta(RATES.a, RATES.b + repeats + 1, n)
    clock, bought, stayed = np.zeros(n), np.zeros(n), np.zeros(n, dtype=bool)
    alive = np.ones(n, dtype=bool)
    while alive.any():
        clock = clock + rng.exponential(1 / rate)
        buys = alive & (clock < until)
        stayed |= alive & (clock < stay)
        bought += buys
        alive = alive & (clock < max(until, stay)) & (rng.random(n) >= stop)
    return bought[stayed].mean()


@pytest.mark.parametrize(
    ("repeats", "age_days", "until", "stay"),
    [
        pytest.param(0, 60.0, 365.0, 90.0, id="bought-once"),
        pytest.param(6, 200.0, 365.0, 90.0, id="regular"),
        pytest.param(2, 300.0, 60.0, 90.0, id="counted-for-less-than-the-horizon"),
    ],
)
def test_purchases_of_those_who_stay_are_those_of_simulated_customers(
    repeats, age_days, until, stay
):
    promised = purchase_days_if_staying(
        RATES,
        repeats=np.array([float(repeats)]),
        age_days=np.array([age_days]),
        stay_days=stay,
        until_days=until,
    )[0]
    assert promised == pytest.approx(
        simulated(repeats, age_days, until=until, stay=stay), rel=0.015
    )


def test_who_stays_buys_at_least_once_and_who_surely_stays_as_anybody_alive():
    one = {"repeats": np.array([3.0]), "age_days": np.array([100.0])}
    few = purchase_days_if_staying(RATES, **one, stay_days=30.0, until_days=30.0)
    assert few[0] > 1
    alive = purchase_days_if_staying(RATES, **one, stay_days=1e12, until_days=90.0)
    # The published closed form for one who lives: Batislam et al. (2007), with scipy's 2F1.
    from scipy.special import hyp2f1

    a, b, x = RATES.a, RATES.b, 3
    shape, share = RATES.r + x, 90 / (RATES.alpha + 100 + 90)
    series = hyp2f1(shape, b + x + 1, a + b + x, share)
    exact = (a + b + x) / (a - 1) * (1 - (1 - share) ** shape * series)
    assert alive[0] == pytest.approx(exact, rel=1e-6)


def test_discounting_is_of_each_period_in_its_middle():
    steady = BuyingRates(r=1e6, alpha=3e7, a=1e-6, b=1.0)
    value = expected_margin(
        steady,
        repeats=np.array([5.0]),
        age_days=np.array([150.0]),
        spend=np.array([50.0]),
        stay_days=1e6,
        margin_rate=0.4,
        value_horizon_days=75,
        discount_rate_yearly=0.2,
    )
    middles, shares = np.array([15.0, 45.0, 67.5]), np.array([1.0, 1.0, 0.5])
    assert value[0] == pytest.approx(20 * (shares * 1.2 ** (-middles / 365)).sum(), rel=1e-4)


def geometric(retention: float, *, periods: int) -> RiskCurves:
    days = tuple(30 * period for period in range(1, periods + 1))
    left = 1 - retention ** np.arange(1, periods + 1)
    return RiskCurves(days=days, probability=left[None, :])


@pytest.mark.golden
@pytest.mark.parametrize("rate", [0.0, 0.12])
@pytest.mark.parametrize("periods", [2, 12], ids=["beyond-the-last-day", "within-the-days"])
def test_a_contract_of_constant_retention_is_a_geometric_series(rate, periods):
    retention, price, margin = 0.9, 20.0, 0.5
    value = subscription_margin(
        np.array([price]),
        curves=geometric(retention, periods=periods),
        stay_days=30,
        margin_rate=margin,
        value_horizon_days=360,
        discount_rate_yearly=rate,
    )
    discount = (1 + rate) ** (-30 / 365)
    # Paid at once and after 30 days for certain, then with the retention of each further period.
    series = 1 + discount * (1 - (retention * discount) ** 11) / (1 - retention * discount)
    assert value[0] == pytest.approx(price * margin * series)


def test_survival_is_even_between_days_and_geometric_beyond_them():
    curves = RiskCurves(days=(0, 30, 60), probability=np.array([[0.2, 0.4, 0.7], [1.0, 1.0, 1.0]]))
    assert survival(curves, 0.0).tolist() == pytest.approx([0.8, 0.0])
    assert survival(curves, 45.0).tolist() == pytest.approx([0.45, 0.0])
    assert survival(curves, 120.0).tolist() == pytest.approx([0.3 * 0.25, 0.0])


def test_who_is_certain_to_leave_is_worth_the_horizon_if_kept():
    curves = RiskCurves(days=(30, 60), probability=np.ones((1, 2)))
    value = subscription_margin(
        np.array([10.0]), curves=curves, stay_days=60, margin_rate=1.0, value_horizon_days=360
    )
    assert value.tolist() == [30.0]  # at once, after 30 days and after 60


@pytest.mark.property
@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 3000)), min_size=1, max_size=8),
    st.floats(1, 400),
    st.floats(1, 900),
)
def test_a_row_has_the_same_value_in_any_batch_and_more_time_is_never_worth_less(rows, stay, until):
    def value(chosen, days):
        repeats, ages = (np.array(each, dtype=float) for each in zip(*chosen, strict=True))
        return purchase_days_if_staying(
            RATES, repeats=repeats, age_days=ages, stay_days=stay, until_days=days
        )

    together = value(rows, until)
    assert (together == np.concatenate([value([row], until) for row in rows])).all()
    assert np.isfinite(together).all()
    assert (value(rows, until + 30) >= together * (1 - 1e-9)).all()
    if until >= stay:
        assert (together >= 1 - 1e-9).all()
