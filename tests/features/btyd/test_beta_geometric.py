"""BG/NBD and MBG/NBD against published numbers, special functions and simulated customers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import hyp2f1

from ebbtide.beta_posterior import beta_mean
from ebbtide.errors import NotReady
from features.btyd.beta_geometric import BetaGeometric, fit_beta_geometric, log_likelihood
from features.btyd.histories import Histories, histories

KINDS = ("bg_nbd", "mbg_nbd")
CDNOW = BetaGeometric(kind="bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)


def test_the_worked_example_of_the_literature_comes_out(one_customer) -> None:
    # Fader, Hardie and Lee (2005): x = 2, t_x = 30.43, T = 38.86 weeks, 39 weeks ahead: 1.226.
    seen = one_customer(2, 30.43, 38.86)
    assert CDNOW.expected_purchases(seen, horizon_days=39)[0] == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_the_slope_of_the_likelihood(kind) -> None:
    seen = histories([0, 1, 4, 9], [0, 12, 70, 80], [90, 30, 85, 80], weights=[5, 3, 2, 1])
    survivals = KINDS.index(kind)
    theta = np.array([0.7, 40.0, 0.6, 1.9])
    _, gradient = log_likelihood(theta, seen, survivals=survivals)
    slopes = approx_fprime(
        theta, lambda at: log_likelihood(at, seen, survivals=survivals)[0], 1e-6 * theta
    )
    assert gradient == pytest.approx(slopes, rel=1e-4)


def test_one_time_buyers_live_for_sure_in_one_model_only(one_customer) -> None:
    seen = one_customer(0, 0, 300)
    assert CDNOW.p_alive(seen)[0] == 1
    modified = BetaGeometric(kind="mbg_nbd", r=0.5, alpha=40, a=0.9, b=1.6)
    assert modified.p_alive(seen)[0] == pytest.approx(1 / (1 + 0.9 / 1.6 * (340 / 40) ** 0.5))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gap", [0.0, 25.0], ids=["no-gap", "gap"])
def test_expectations_are_what_happens_to_simulated_customers(simulated, agree, kind, gap) -> None:
    model = BetaGeometric(kind=kind, r=0.8, alpha=25, a=0.7, b=2.0)

    def stops(rng, n):
        return rng.beta(model.a, model.b, n)

    window = (100 + gap, 100 + gap + 60)
    seen, bought = simulated(n=60_000, r=0.8, alpha=25, window=window, stops=stops)
    if kind == "mbg_nbd":
        # Who stops at the very first purchase never comes again.
        rng = np.random.default_rng(1)
        p = rng.beta(model.a, model.b, 60_000)
        seen, bought = simulated(n=60_000, r=0.8, alpha=25, window=window, stops=lambda *_: p)
        left = rng.random(60_000) < p
        seen = Histories(
            repeats=np.where(left, 0, seen.repeats),
            last_days=np.where(left, 0, seen.last_days),
            age_days=seen.age_days,
            weights=seen.weights,
        )
        bought = np.where(left, 0, bought)
    agree(seen, model.expected_purchases(seen, horizon_days=60, gap_days=gap), bought)
    agree(seen, model.p_none(seen, horizon_days=60, gap_days=gap), (bought == 0).astype(float))


@pytest.mark.parametrize("kind", KINDS)
def test_a_delayed_window_is_the_difference_of_two(one_customer, kind) -> None:
    model = BetaGeometric(kind=kind, r=0.8, alpha=25, a=0.7, b=2.0)
    seen = one_customer(4, 60, 90)
    both = model.expected_purchases(seen, horizon_days=50)
    first = model.expected_purchases(seen, horizon_days=20)
    later = model.expected_purchases(seen, horizon_days=30, gap_days=20)
    assert later == pytest.approx(both - first, rel=1e-9)


def test_a_gap_of_no_length_changes_nothing(one_customer) -> None:
    seen = one_customer(4, 60, 90)
    at_once = CDNOW.p_none(seen, horizon_days=30)
    assert CDNOW.p_none(seen, horizon_days=30, gap_days=1e-9) == pytest.approx(at_once, rel=1e-9)


@pytest.mark.parametrize("count", [24, 32])
def test_the_quadrature_is_the_hypergeometric_function(count) -> None:
    """Over x 0..365, T 1..365, horizons 7..365 and parameters across two decades."""
    rng = np.random.default_rng(7)

    def between(low, high, n):
        return np.exp(rng.uniform(np.log(low), np.log(high), n))

    for a, b in zip(between(0.1, 20, 150), between(0.1, 20, 150), strict=True):
        n = 100
        x = np.floor(between(1, 366, n)) - 1
        age = np.maximum(between(1, 365, n), x)
        r, alpha, horizon = between(0.1, 10, n), between(2, 300, n), between(7, 365, n)
        shape, span, c = r + x, horizon / (alpha + age), a + b + x - 1

        def of_p(p, shape=shape, span=span):
            return -np.expm1(-shape[:, None] * np.log1p(p * span[:, None])) / p

        found = beta_mean(of_p, a=a, b=b, repeats=x, span=span, count=count)
        stays = (1 + span) ** -shape * hyp2f1(shape, b + x, c, span / (1 + span))
        assert found == pytest.approx(c / (a - 1) * (1 - stays), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_finds_the_parameters_of_a_simulated_population(simulated, kind) -> None:
    seen, _ = simulated(
        n=20_000, r=0.8, alpha=25, window=(100, 100), stops=lambda rng, n: rng.beta(0.7, 2.0, n)
    )
    model, fit = fit_beta_geometric(seen, kind=kind)
    assert fit.customers == 20_000
    assert fit.log_likelihood == pytest.approx(model.log_likelihood(seen), rel=1e-12)
    if kind == "bg_nbd":
        found = (model.r, model.alpha, model.a, model.b)
        assert found == pytest.approx((0.8, 25, 0.7, 2.0), rel=0.08)
        assert fit.at_bound == ()


def test_parameters_that_the_data_do_not_pin_down_are_named(simulated) -> None:
    seen, _ = simulated(n=3_000, r=2.0, alpha=25, window=(100, 100))  # nobody ever stops
    _, fit = fit_beta_geometric(seen, kind="mbg_nbd")
    assert set(fit.at_bound) & {"a", "b"}


def test_a_likelihood_without_a_maximum_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr("features.btyd.maximum_likelihood.MOST_STEPS", 1)
    seen = histories([0, 1, 4], [0, 12, 70], [90, 30, 85])
    with pytest.raises(NotReady, match="r, alpha, a, b has no maximum that 2 starts reach"):
        fit_beta_geometric(seen, kind="bg_nbd")
