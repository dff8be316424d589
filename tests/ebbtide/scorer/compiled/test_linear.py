"""Compiled linear models and curves: the bits of numpy, but for the last of an exponential."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebbtide.scorer.compiled.linear import CompiledHorizons, CompiledLinear
from ebbtide.scorer.horizons import HorizonModel
from ebbtide.scorer.linear import LinearModel


def a_model(seed, *, features, knots=(), categories=0):
    rng = np.random.default_rng(seed)
    parts = dict(
        zip(
            ("weights", "missing_weights", "centers", "missing_centers"),
            rng.normal(size=(4, features)),
            strict=True,
        )
    )
    bends = rng.normal(size=(2, len(knots), features)) if knots else np.zeros((2, 0, 0))
    return LinearModel(
        intercept=float(rng.normal()),
        **parts,
        categories={column: rng.normal(size=4) for column in range(categories)},
        knots=knots,
        bend_weights=bends[0],
        bend_centers=bends[1],
    )


def some_ranks(seed, n, features, *, categories=0):
    rng = np.random.default_rng(seed)
    ranked = rng.random((n, features))
    ranked[rng.random(ranked.shape) < 0.2] = np.nan
    ranked[:, :categories] = rng.integers(0, 4, size=(n, categories))
    return ranked


@pytest.mark.property
@settings(max_examples=50)
@given(
    seed=st.integers(0, 999),
    features=st.integers(1, 9),
    knots=st.sampled_from([(), (0.5,), (0.1, 0.3, 0.9)]),
    share=st.sampled_from([0, 0.5, 1]),
    n=st.integers(0, 20),
)
def test_sums_and_contributions_have_the_same_bits(seed, features, knots, share, n) -> None:
    categories = round(features * share)
    model = a_model(seed, features=features, knots=knots, categories=categories)
    ranked = some_ranks(seed, n, features, categories=categories)
    compiled = CompiledLinear(model)
    assert compiled.contributions(ranked).tobytes() == model.contributions(ranked).tobytes()
    assert compiled.log_odds(ranked).tobytes() == model.log_odds(ranked).tobytes()


@pytest.mark.parametrize("anchor", [0, 30, 60])
@pytest.mark.parametrize("has_causes", [True, False])
def test_curves_go_through_the_probability_and_are_those_of_numpy(anchor, has_causes) -> None:
    days = (0, 30, 60)
    parts = [a_model(seed, features=4) for seed in range(2)]
    before = days.index(anchor)
    model = HorizonModel(
        days=days,
        anchor_day=anchor,
        before=tuple(parts[:before]),
        after=tuple(parts[before:]),
        payment=a_model(7, features=4) if has_causes else None,
    )
    p_churn = np.linspace(0, 1, 200)
    ranked = some_ranks(3, 200, 4)
    found = CompiledHorizons(model).curves(p_churn, ranked)
    expected = model.curves(p_churn, ranked)
    assert found.days == expected.days
    assert found.probability[:, before].tobytes() == p_churn.tobytes()
    np.testing.assert_allclose(found.probability, expected.probability, rtol=0, atol=1e-15)
    assert found.by_cause.keys() == expected.by_cause.keys()
    for cause, share in expected.by_cause.items():
        np.testing.assert_allclose(found.by_cause[cause], share, rtol=0, atol=1e-15)
    assert (np.diff(found.probability, axis=1) >= 0).all()
