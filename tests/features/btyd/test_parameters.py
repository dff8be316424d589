"""Fitted parameters: when there are none, what they are read back as, what makes no difference."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ebbtide.errors import ContractError, NotReady
from features.btyd.parameters import BuyTillYouDie, fit_parameters


@pytest.fixture(scope="module")
def shop():
    """300 customers of a small shop, in whole days."""
    rng = np.random.default_rng(11)
    age = rng.integers(0, 365, 300)
    repeats = np.minimum(rng.poisson(age * rng.gamma(0.8, 1 / 50, 300)), age)
    last = np.where(repeats > 0, np.maximum((age * rng.random(300)).astype(int), repeats), 0)
    purchases = repeats + 1
    spend = purchases * rng.gamma(3.0, 12.0, 300)
    return {
        "repeats": repeats,
        "last_days": last,
        "age_days": age,
        "purchases": purchases,
        "spend": spend,
    }


def test_parameters_survive_their_json(shop) -> None:
    fitted = fit_parameters(**shop)
    assert fitted.spend is not None
    assert BuyTillYouDie.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
    without = fit_parameters(shop["repeats"], shop["last_days"], shop["age_days"])
    assert BuyTillYouDie.from_json(json.loads(json.dumps(without.to_json()))) == without


def test_parameters_per_another_unit_of_time_are_refused(shop) -> None:
    written = fit_parameters(**shop).to_json()
    with pytest.raises(ContractError, match="per days, got 'weeks'"):
        BuyTillYouDie.from_json(written | {"unit": "weeks"})


def test_the_order_of_customers_makes_no_difference(shop) -> None:
    order = np.random.default_rng(0).permutation(300)
    assert fit_parameters(**{name: column[order] for name, column in shop.items()}) == (
        fit_parameters(**shop)
    )


def test_weights_are_as_good_as_repetition(shop) -> None:
    x, last, age = shop["repeats"], shop["last_days"], shop["age_days"]
    twice = fit_parameters(*(np.tile(column, 2) for column in (x, last, age)))
    assert fit_parameters(x, last, age, weights=np.full(300, 2)).purchases == twice.purchases


@pytest.mark.parametrize(
    ("customers", "repeaters", "said"),
    [
        pytest.param(99, 50, "there are 99 and 50", id="few-customers"),
        pytest.param(500, 29, "there are 500 and 29", id="few-who-came-again"),
        pytest.param(500, 0, "there are 500 and 0", id="nobody-came-again"),
        pytest.param(0, 0, "there are 0 and 0", id="nobody"),
    ],
)
def test_too_little_to_fit_is_said_with_the_numbers(customers, repeaters, said) -> None:
    repeats = np.arange(customers) < repeaters
    with pytest.raises(NotReady, match=said):
        fit_parameters(repeats, repeats * 10, np.full(customers, 60))


def test_spend_needs_customers_who_bought_twice_and_paid(shop) -> None:
    free = fit_parameters(**shop | {"spend": np.zeros(300)})
    assert (free.spend, free.spend_fit) == (None, None)
    some_free = shop["spend"] * (np.arange(300) % 10 > 0)
    fitted = fit_parameters(**shop | {"spend": some_free})
    assert fitted.spend_fit is not None
    assert fitted.spend_fit.customers == 270


def test_a_thinned_fit_is_close_to_the_full_one(shop, monkeypatch) -> None:
    full = fit_parameters(**shop).purchases
    monkeypatch.setattr("features.btyd.parameters.MOST_HISTORIES", 150)
    thinned = fit_parameters(**shop).purchases
    assert thinned != full
    assert thinned.r / thinned.alpha == pytest.approx(full.r / full.alpha, rel=0.15)
