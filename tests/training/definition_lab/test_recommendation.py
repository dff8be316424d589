"""The rule: the shortest horizon that meets the demands, and what it says otherwise."""

from __future__ import annotations

import tomllib

import pytest

from ebbtide.definition import ChurnDefinition
from training.definition_lab.auc_interval import Interval
from training.definition_lab.flips import LabelMeasures
from training.definition_lab.quality import Quality
from training.definition_lab.recommendation import Limits, covering, recommend
from training.definition_lab.study import Studied

PRESENT = ChurnDefinition(horizon_days=60, gap_days=7, active_within_days=365)


def labels(horizon: int, *, false: float | None = 0.1, gap: int = 7, within: int = 365, **other):
    return LabelMeasures(
        horizon_days=horizon,
        gap_days=gap,
        active_within_days=within,
        instants=5,
        customers=1000.0,
        leavers=500.0,
        churned_share=0.5,
        churned_low=0.4,
        churned_high=0.6,
        false_goodbye_share=false,
        false_news_share=false,
        false_news_low=None if false is None else false - 0.01,
        false_news_high=None if false is None else false + 0.01,
        false_goodbye_instants=3,
        back_within_another_horizon=0.2,
        flips_from_present=0.05,
        flips_from_longer=0.02,
        returners_covered=other.get("covered", 0.99),
        days_until_known=gap + horizon,
    )


def studied(
    horizon: int,
    *,
    false: float | None,
    leavers: int = 500,
    stayers: int = 500,
    gain: float = 0.02,
    gap: int = 7,
    tested: bool = True,
) -> Studied:
    quality = Quality(
        tested_on=("2024-01-01",),
        training_rows=1000,
        leavers=leavers,
        stayers=stayers,
        auc=Interval(mean=0.75 + gain, low=0.7, high=0.8),
        rule="recency",
        rule_auc=0.75,
        gain=Interval(mean=gain, low=gain - 0.01, high=gain + 0.01),
        calibration_error=0.02,
        calibration_checked_on="a later period",
    )
    return Studied(
        labels=labels(horizon, false=false, gap=gap),
        quality=quality if tested else None,
        no_quality="" if tested else "too few leavers",
        cost=None,
    )


def advised(*found: Studied, limit: float = 0.2, **settings):
    return recommend(found, present=PRESENT, limits=Limits(max_false_goodbyes=limit), **settings)


def test_the_shortest_horizon_that_meets_all_demands_is_advised():
    advice = advised(
        studied(120, false=0.05), studied(30, false=0.5), studied(60, false=0.3),
        studied(90, false=0.15),
    )  # fmt: skip
    assert advice.verdict == "recommended"
    assert advice.definition == ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=365)
    assert tomllib.loads(advice.churn_lines) == {
        "churn": {
            "kind": "inactivity",
            "horizon_days": 90,
            "gap_days": 7,
            "active_within_days": 365,
        }
    }


@pytest.mark.parametrize(("limit", "horizon"), [(0.29, 90), (0.3, 60), (0.14, 120), (0.05, 120)])
def test_a_stricter_limit_never_shortens_the_horizon(limit, horizon):
    found = (studied(60, false=0.3), studied(90, false=0.15), studied(120, false=0.05))
    assert advised(*found, limit=limit).definition.horizon_days == horizon


def test_what_would_change_the_advice_names_its_neighbours():
    advice = advised(
        studied(60, false=0.3), studied(90, false=0.15), studied(120, false=0.05),
        studied(90, false=0.15, gap=30), left_out=("horizon 365 days: needs more",),
    )  # fmt: skip
    said = " ".join(advice.would_change)
    for part in (
        "60 days, if 30.0% of false goodbyes are acceptable",
        "120 days, if less than 15.0% is acceptable",
        "gap_days = 30",
        "More history: horizon 365 days: needs more.",
    ):
        assert part in said


def test_too_few_leavers_or_stayers_disqualify():
    for few in ({"leavers": 99}, {"stayers": 99}):
        advice = advised(studied(60, false=0.1, **few), studied(90, false=0.1))
        assert advice.definition.horizon_days == 90


def test_without_a_model_that_beats_the_rules_a_rule_is_advised():
    advice = advised(studied(60, false=0.1, gain=-0.01), studied(90, false=0.1, gain=-0.01))
    assert advice.verdict == "rule_only"
    assert advice.definition.horizon_days == 60
    assert "No model beats the best rule" in " ".join(advice.why)


def test_a_horizon_is_not_lengthened_for_being_easier_to_model():
    advice = advised(studied(60, false=0.1, gain=-0.01), studied(90, false=0.1))
    assert (advice.verdict, advice.definition.horizon_days) == ("rule_only", 60)
    assert "90 days, if the ranking is to be a model's" in " ".join(advice.would_change)


def test_a_gain_that_may_be_chance_is_said_to_be_one():
    assert "may be chance" in " ".join(advised(studied(60, false=0.1, gain=0.005)).why)
    assert "may be chance" not in " ".join(advised(studied(60, false=0.1, gain=0.05)).why)


def test_a_share_near_the_limit_is_said_to_be_near():
    assert "close to the limit" in " ".join(advised(studied(60, false=0.195)).why)
    assert "close to the limit" not in " ".join(advised(studied(60, false=0.1)).why)


def test_a_near_miss_of_the_next_shorter_horizon_is_said_to_be_one():
    found = studied(90, false=0.1)
    assert "That was close" in " ".join(advised(studied(60, false=0.205), found).why)
    assert "That was close" not in " ".join(advised(studied(60, false=0.3), found).why)


def test_where_no_goodbye_lasts_none_is_advised_and_the_lack_is_named():
    advice = advised(studied(60, false=0.6), studied(90, false=0.5))
    assert (advice.verdict, advice.definition, advice.churn_lines) == ("none", None, "")
    assert "bring more history" in " ".join(advice.why)


def test_where_nobody_churned_newly_or_no_model_was_tested_none_is_advised():
    assert advised(studied(60, false=None)).verdict == "none"
    advice = advised(studied(60, false=0.1, tested=False))
    assert advice.verdict == "none"
    assert "too few leavers" in " ".join(advice.why)
    assert "Bring more customers" in " ".join(advice.why)


def test_the_shortest_population_that_holds_those_who_return_is_named():
    populations = [
        labels(60, within=90, covered=0.7),
        labels(60, within=180, covered=0.96),
        labels(60, within=365, covered=0.99),
    ]
    assert covering(populations).active_within_days == 180
    assert covering(populations[:1]) is None
