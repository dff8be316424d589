"""Risk by day: through the anchor, never falling, causes that sum, and nothing read that is odd."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.errors import BundleError
from ebbtide.scorer.horizons import HorizonModel, RiskCurves, read_horizons
from ebbtide.scorer.linear import LinearModel


def linear(intercept: float, *weights: float) -> LinearModel:
    count = len(weights)
    return LinearModel(
        intercept=intercept,
        weights=np.array(weights),
        missing_weights=np.full(count, 0.3),
        centers=np.full(count, 0.5),
        missing_centers=np.full(count, 0.1),
    )


def even(*, features: int = 1) -> LinearModel:
    """Half of whoever it is asked about, whatever the ranks."""
    weights = np.zeros(features)
    return LinearModel(
        intercept=0.0,
        weights=weights,
        missing_weights=weights,
        centers=weights,
        missing_centers=weights,
    )


SILENCE = HorizonModel(
    days=(0, 30, 60, 90),
    anchor_day=0,
    after=(linear(-1.0, 2.0, 0.0), linear(-0.5, 1.0, 1.0), linear(0.0, -3.0, 0.2)),
)
CONTRACT = HorizonModel(
    days=(30, 60, 90, 180),
    anchor_day=90,
    before=(linear(0.2, 1.0, 0.5), linear(0.4, -1.0, 0.5)),
    after=(linear(-2.0, 0.5, 0.5),),
    payment=linear(-1.0, 4.0, 0.0),
)


@pytest.mark.golden
def test_after_the_anchor_half_of_the_stayers_leave_by_each_day():
    model = HorizonModel(days=(0, 30, 60), anchor_day=0, after=(even(), even()))
    curves = model.curves(np.array([0.2, 0.0, 1.0]), np.zeros((3, 1)))
    assert curves.probability.tolist() == pytest.approx(
        np.array([[0.2, 0.6, 0.8], [0.0, 0.5, 0.75], [1.0, 1.0, 1.0]])
    )
    assert curves.expected_days.tolist() == pytest.approx([30 * 0.6 + 30 * 0.3, 22.5 + 11.25, 0])


@pytest.mark.golden
def test_before_the_anchor_half_of_the_leavers_had_left_by_each_day():
    model = HorizonModel(days=(30, 60, 90), anchor_day=90, before=(even(), even()))
    curves = model.curves(np.array([0.8]), np.zeros((1, 1)))
    assert curves.probability.tolist() == [[0.2, 0.4, 0.8]]
    assert curves.expected_days.tolist() == pytest.approx([30 * 0.9 + 30 * 0.7 + 30 * 0.4])


def test_causes_share_the_risk_of_each_day():
    model = HorizonModel(days=(30, 60), anchor_day=60, before=(even(),), payment=even())
    causes = model.curves(np.array([0.8]), np.zeros((1, 1))).by_cause
    assert {name: each.tolist() for name, each in causes.items()} == {
        "voluntary": [[0.2, 0.4]],
        "payment": [[0.2, 0.4]],
    }


rows = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.one_of(st.floats(0, 1), st.just(np.nan))),
    min_size=1,
    max_size=9,
)


@pytest.mark.property
@pytest.mark.parametrize("model", [SILENCE, CONTRACT], ids=["silence", "contract"])
@given(rows=rows)
def test_a_curve_goes_through_its_anchor_and_never_falls(model, rows):
    p_churn, ranked = np.array(rows)[:, 0], np.array(rows)[:, 1:]
    curves = model.curves(p_churn, ranked)
    assert (curves.probability[:, model.days.index(model.anchor_day)] == p_churn).all()
    assert (np.diff(curves.probability, axis=1) >= 0).all()
    assert ((curves.probability >= 0) & (curves.probability <= 1)).all()
    assert ((curves.expected_days >= 0) & (curves.expected_days <= model.days[-1] + 1e-9)).all()
    if model.payment is not None:
        total = sum(curves.by_cause.values())
        assert np.allclose(total, curves.probability, rtol=0, atol=1e-15)
        assert all((np.diff(each, axis=1) >= -1e-15).all() for each in curves.by_cause.values())
    for row in range(len(rows)):
        alone = model.curves(p_churn[[row]], ranked[[row]])
        assert (alone.probability == curves.probability[[row]]).all()
        assert (alone.expected_days == curves.expected_days[[row]]).all()


def test_a_curve_without_day_0_begins_with_everybody():
    curves = RiskCurves(days=(30,), probability=np.array([[1.0]]))
    assert curves.expected_days.tolist() == [15.0]


def text_of(model: HorizonModel) -> str:
    return json.dumps(model.to_json())


@pytest.mark.parametrize("model", [SILENCE, CONTRACT], ids=["silence", "contract"])
def test_what_was_written_is_read(model):
    read = read_horizons(text_of(model), n_features=2)
    assert text_of(read) == text_of(model)


def changed(**changes: object) -> str:
    return json.dumps({**CONTRACT.to_json(), **changes})


PART = CONTRACT.after[0].to_json()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no-json"),
        pytest.param("[]", id="no-object"),
        pytest.param(changed(days=[30, 60, 90]), id="a-model-without-a-day"),
        pytest.param(changed(days=[30, 60, 90, 180, 360]), id="a-day-without-a-model"),
        pytest.param(changed(days=[60, 30, 90, 180]), id="days-that-fall"),
        pytest.param(changed(days=[30, 30, 90, 180]), id="a-day-twice"),
        pytest.param(changed(days=[-30, 60, 90, 180]), id="a-day-before-the-window"),
        pytest.param(changed(days=[30, 60, 90, 10**9]), id="a-day-after-ten-years"),
        pytest.param(changed(days=[30.5, 60, 90, 180]), id="half-a-day"),
        pytest.param(changed(anchor_day=60), id="another-anchor"),
        pytest.param(changed(anchor_day=45), id="an-anchor-that-is-no-day"),
        pytest.param(changed(more=1), id="a-key-too-many"),
        pytest.param(changed(after=[{**PART, "weights": [1.0]}]), id="other-features"),
        pytest.param(changed(after=[{**PART, "weights": [1.0, "x"]}]), id="text-for-a-number"),
        pytest.param(changed(after=[{**PART, "intercept": float("nan")}]), id="not-a-number"),
        pytest.param(changed(after=[{**PART, "categories": {}}]), id="categories"),
        pytest.param(changed(payment=[]), id="a-list-for-a-model"),
        pytest.param('{"days": [0, 30]}', id="half-of-it"),
    ],
)
def test_what_does_not_fit_is_refused(text):
    with pytest.raises(BundleError, match=r"Expected risk by day as JSON.*Train again"):
        read_horizons(text, n_features=2)
