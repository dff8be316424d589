"""Slices: who is in them, what is measured, and who stays unnamed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ebbtide.evaluation_settings import EvaluationSettings
from training.evaluation.evaluate import evaluate
from training.evaluation.judged import Judged
from training.evaluation.slices import MOST_LEVELS, Sliced, selected_first, value_tiers

SETTINGS = EvaluationSettings(resamples=200, smallest_slice=20)


def sliced(judged, *, wanted=None, smallest=20, capacity=0.5):
    return Sliced.of(judged, capacity=capacity, wanted=wanted, smallest=smallest)


def found_slices(judged, **changed):
    settings = SETTINGS.model_copy(update=changed)
    return {(s.attribute, s.level): s for s in evaluate(judged, settings=settings, seed=0).slices}


def by_hand() -> Judged:
    """Forty of the north, of whom 20 leave at 0.9; forty of the south, of whom 20 leave at 0.1."""
    churned = np.tile(np.repeat([1.0, 0.0], 20), 2)
    p_churn = np.concatenate([[0.9] * 20, [0.2] * 20, [0.1] * 20, [0.3] * 20])
    return Judged(
        as_of=None,
        customer_ids=np.arange(80).astype(str),
        churned=churned,
        log_odds=p_churn,
        p_churn=p_churn,
        rules={},
        value=np.full(80, np.nan),
        attributes={"region": np.repeat(["north", "south"], 40)},
    )


def test_a_slice_by_hand():
    found = found_slices(by_hand(), capacity_share=0.25)  # 20 customers: those at 0.9
    north, south = found["region", "north"], found["region", "south"]
    assert (north.n, north.n_churned, north.came) == (40, 20, 0.5)
    assert (north.auc.value, south.auc.value) == (1.0, 0.0)
    assert (north.gap.value, south.gap.value) == pytest.approx((0.55 - 0.5, 0.2 - 0.5))
    assert (north.selected.value, south.selected.value) == (0.5, 0.0)
    assert (north.found.value, south.found.value) == (1.0, 0.0)
    # Of all, a quarter is selected and half of the leavers are found.
    assert (north.selected_difference, north.found_difference) == (0.25, 0.5)
    assert (south.selected_difference, south.found_difference) == (-0.25, -0.5)


def test_a_slice_that_is_treated_alike_shows_no_difference(judge):
    judged = judge(4_000, attributes={"coin": np.tile(["heads", "tails"], 2_000)})
    for each in found_slices(judged).values():
        assert each.gap.low < 0 < each.gap.high
        assert abs(each.selected_difference) < 0.03
        assert abs(each.auc_difference) < 0.03


def test_a_region_whose_leaving_is_overrated_shows(judge):
    judged = judge(4_000, attributes={"region": np.tile(["told", "right"], 2_000)})
    raised = np.where(judged.attributes["region"] == "told", judged.p_churn**0.5, judged.p_churn)
    found = found_slices(replace(judged, p_churn=raised))
    assert found["region", "told"].gap.low > 0.05
    assert found["region", "told"].selected_difference > 0


def test_thirds_of_known_value_are_tiers_and_the_others_are_unknown():
    value = np.array([5.0, 1.0, np.nan, 9.0, 2.0, 8.0, 4.0])
    expected = ["middle", "low", "unknown", "high", "low", "high", "middle"]
    assert value_tiers(value).tolist() == expected


def test_equal_values_are_in_one_tier():
    assert set(value_tiers(np.array([0.0] * 8 + [5.0, 9.0]))[:8].tolist()) == {"low"}


def test_tiers_come_in_their_order_and_only_where_value_is_known(judge):
    known = judge(value=np.arange(1_500.0))
    assert [level for _, level in sliced(known).members] == ["low", "middle", "high"]
    assert sliced(judge()).members == {}


def test_small_slices_are_counted_together_and_never_named(judge):
    labels = np.array(["big"] * 1_300 + ["medium"] * 181 + ["ann@example.org"] * 19)
    found = evaluate(judge(attributes={"who": labels}), settings=SETTINGS, seed=0)
    assert [each.level for each in found.slices] == ["big", "medium"]
    assert [(each.levels, each.n) for each in found.left_out] == [(1, 19)]
    assert "ann@" not in json.dumps(found.to_json())


def test_an_attribute_with_a_value_for_each_customer_shows_nothing(judge):
    cut = sliced(judge(attributes={"mail": np.arange(1_500).astype(str)}))
    assert cut.members == {}
    assert [(each.levels, each.n) for each in cut.left_out] == [(1_500, 1_500)]


def test_of_many_slices_the_largest_are_shown(judge):
    labels = np.concatenate([np.repeat(np.arange(30), 40), np.full(300, 99)]).astype(str)
    cut = sliced(judge(attributes={"shop": labels}))
    assert len(cut.members) == MOST_LEVELS
    assert next(iter(cut.members)) == ("shop", "99")
    assert cut.left_out[0].levels == 31 - MOST_LEVELS


def test_an_attribute_that_all_share_is_no_slice(judge):
    cut = sliced(judge(attributes={"country": np.full(1_500, "one")}))
    assert cut.members == {}
    assert cut.left_out == ()


def test_only_the_attributes_that_are_asked_for_are_cut(judge):
    labels = np.tile(["a", "b"], 750)
    judged = judge(attributes={"region": labels, "plan": labels}, value=np.arange(1_500.0))
    cut = sliced(judged, wanted=["plan", "regoin"])
    assert {name for name, _ in cut.members} == {"plan"}
    assert cut.missing == ("regoin",)


def test_no_auc_is_made_of_few_leavers(judge):
    judged = judge(attributes={"group": np.repeat(["most", "calm"], [1_450, 50])})
    churned = judged.churned.copy()
    churned[1_450:] = [1.0] * 5 + [0.0] * 45
    calm = found_slices(replace(judged, churned=churned))["group", "calm"]
    assert np.isnan(calm.auc.value)
    assert calm.n_churned == 5


@pytest.mark.parametrize("share", [0.01, 0.1, 0.37, 1.0])
def test_the_selected_are_as_many_as_asked_for_whatever_ties(share):
    score = np.round(np.random.default_rng(0).random(200), 1)
    assert selected_first(score, share).sum() == pytest.approx(200 * share)
