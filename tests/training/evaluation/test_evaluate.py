"""An evaluation holds what was measured, with intervals, beside rivals, as plain data."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from ebbtide.errors import NotReady
from ebbtide.evaluation_settings import EvaluationSettings
from training.evaluation.evaluate import MEASURES, evaluate
from training.evaluation.measures import measures
from training.evaluation.paired import paired_differences

QUICK = EvaluationSettings(resamples=200)


def test_values_are_those_of_the_plain_measures_and_lie_in_their_intervals(judge):
    judged = judge()
    found = evaluate(judged, settings=QUICK, seed=0)
    for name, value in measures(judged.churned, judged.p_churn).items():
        assert found.measures[name].value == pytest.approx(value)
    for name in set(MEASURES) - {"calibration_error"}:
        each = found.measures[name]
        assert each.low <= each.value <= each.high, name


def test_a_better_rule_leads_and_the_difference_is_paired(judge):
    judged = judge(3_000, rule_noise=0.2)
    found = evaluate(judged, settings=QUICK, seed=0)
    assert found.best_rule == "recency"
    assert found.difference == found.rivals["recency"].difference
    rule, model = found.rivals["recency"].auc, found.measures["auc"]
    assert found.difference.value == pytest.approx(model.value - rule.value)
    width = found.difference.high - found.difference.low
    assert width < (model.high - model.low) / 2
    assert found.rivals["dummy"].auc.value == found.rivals["dummy"].auc.high == 0.5


def test_equal_scores_differ_by_nothing_for_sure(judge):
    judged = judge()
    found = evaluate(judge(rules={"twin": 3 * judged.log_odds - 5}), settings=QUICK, seed=0).rivals[
        "twin"
    ]
    assert found.difference.low == found.difference.high == 0.0


def test_the_capacity_may_be_a_count(judge):
    judged = judge(1_000)
    share = evaluate(judged, settings=QUICK.model_copy(update={"capacity_share": 0.2}), seed=0)
    settings = EvaluationSettings(resamples=200, capacity_customers=200)
    count = evaluate(judged, settings=settings, seed=0)
    assert share.measures["precision_at_capacity"] == count.measures["precision_at_capacity"]
    first = np.argsort(-judged.p_churn)[:200]
    by_hand = judged.churned[first].mean()
    assert count.measures["precision_at_capacity"].value == pytest.approx(by_hand)
    assert count.measures["found_at_capacity"].value == pytest.approx(
        judged.churned[first].sum() / judged.churned.sum()
    )


def test_gains_profit_and_histogram_cover_everybody(judge):
    judged = judge(1_000)
    found = evaluate(judged, settings=QUICK, seed=0)
    assert len(found.gains) == len(found.profit.curve) == 21
    assert (found.gains[0].found, found.gains[-1].found) == (0.0, 1.0)
    assert sum(bar.n for bar in found.histogram) == sum(each.n for each in found.bins) == 1_000
    best_of_curve = max(point.profit for point in found.profit.curve)
    assert found.profit.mpc.value >= best_of_curve
    assert found.profit.empc.value >= found.profit.mpc.value
    assert found.profit.empc_difference.value == pytest.approx(
        found.profit.empc.value - found.profit.empc_of_rule.value
    )


def test_money_is_that_of_the_settings(judge):
    dear = EvaluationSettings(resamples=200, clv=20.0, incentive=15.0, contact_cost=5.0)
    found = evaluate(judge(), settings=dear, seed=0).profit
    assert found.assumptions.clv == 20.0
    assert (found.mpc.value, found.mpc_share.value) == (0.0, 0.0)


def test_it_is_plain_data_without_a_number_that_json_lacks(judge):
    judged = judge(400, as_of=datetime(2026, 3, 1, tzinfo=UTC), rules={})
    foreseen = judge(400, p_churn=np.where(judged.churned == 1, 0.9, 0.1), as_of=judged.as_of)
    plain = evaluate(foreseen, settings=QUICK, seed=0).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["as_of"] == "2026-03-01T00:00:00+00:00"
    assert plain["measures"]["calibration_slope"]["value"] is None
    assert plain["measures"]["auc"] == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_without_rules_there_is_no_difference(judge):
    found = evaluate(judge(400, rules={}), settings=QUICK, seed=0)
    assert (found.best_rule, found.difference, found.profit.empc_difference) == (None, None, None)


def test_the_same_seed_gives_the_same_record(judge):
    judged = judge(400)
    records = [evaluate(judged, settings=QUICK, seed=seed).to_json() for seed in (1, 1, 2)]
    assert records[0] == records[1]
    assert records[0]["measures"]["auc"] != records[2]["measures"]["auc"]


def test_outcomes_of_one_kind_are_refused(judge):
    with pytest.raises(NotReady, match=r"leavers and stayers.*found 0 leavers among 300"):
        evaluate(judge(300, churned=np.zeros(300)), settings=QUICK, seed=0)


def test_a_thousand_resamples_of_five_thousand_customers_take_seconds(judge):
    judged = judge(5_000)
    began = time.process_time()
    evaluate(judged, settings=EvaluationSettings(), seed=0)
    assert time.process_time() - began < 20


def test_a_challenger_that_is_better_is_so_in_every_measure(judge):
    judged = judge(2_000)
    worse = judge(2_000, steepness=0.3, shift=0.8).p_churn
    worse = np.clip(worse + np.random.default_rng(1).normal(0, 0.15, 2_000), 0.01, 0.99)
    found = paired_differences(judged.churned, judged.p_churn, worse, resamples=200, seed=0)
    assert found["auc"].low > 0
    for name in ("log_loss", "brier", "calibration_error"):
        assert found[name].high < 0, name
