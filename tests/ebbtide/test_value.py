"""The basis of a value: the best that the question and the model allow, row by row."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec.structs import replace

from ebbtide.answer.answer import Question, RiskOnDay
from ebbtide.answer.compose import answer_rows
from ebbtide.answer.value import BASES, Stakes
from ebbtide.answer.written import answer_from_json, answer_to_json
from ebbtide.definition import ChurnDefinition
from ebbtide.lifetime import BuyingRates, expected_margin, subscription_margin
from ebbtide.policy.file import load_policy, read_policy
from ebbtide.project import STARTER_POLICY
from ebbtide.scorer.horizons import RiskCurves
from ebbtide.scorer.scores import Scores
from ebbtide.scorer.typical import TypicalByOutcome
from features.catalogue.catalogue import features_named

POLICY = load_policy(STARTER_POLICY)
PRESENT = datetime(2026, 3, 1, tzinfo=UTC)
SILENCE = ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=365)
CONTRACT = ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7)
BUYING = {"purchases": {"kind": "mbg_nbd", "r": 0.8, "alpha": 40.0, "a": 0.9, "b": 2.5}}
NAMES = ("purchase_days_365d", "first_purchase_age_days", "btyd_spend_expected", "spend_365d")
PRICED = ("contract_price_30d", "spend_365d")
ROW = [4.0, 200.7, 25.0, 100.0]


def model(names=NAMES, *, definition=SILENCE, expectations=BUYING, lookback_days=365, **scorer):
    count = len(names)
    features = tuple(feature.contract for feature in features_named(names))
    return SimpleNamespace(
        version="f" * 12,
        definition=definition,
        lookback_days=lookback_days,
        calibration_error=0.02,
        calibration_checked_on="a later period",
        expectations=expectations,
        reference=SimpleNamespace(percentile=lambda p_churn: p_churn * 100),
        scorer=SimpleNamespace(
            features=features,
            typical=np.zeros(count),
            typical_by_outcome=TypicalByOutcome.unknown(count),
            **scorer,
        ),
    )


def question(value=None):
    return Question(prediction_id="p", customer_id="c", as_of=PRESENT, value=value)


def valued(rows, *, of=None, given=None, p_churn=0.4, curves=None, policy=POLICY):
    rows = np.array(rows)
    scores = Scores(
        p_churn=np.full(len(rows), p_churn), contributions=np.zeros(rows.shape), risk_by_day=curves
    )
    stakes = Stakes.of(of or model(), policy)
    sent = np.array([np.nan if each is None else each for each in given or [None] * len(rows)])
    value, basis = stakes.values(rows.T, scores=scores, given=sent)
    return value.tolist(), [BASES[place] if place >= 0 else None for place in basis.tolist()]


def test_who_buys_is_worth_purchases_times_spend_times_margin():
    value, basis = valued([ROW])
    by_hand = expected_margin(
        BuyingRates(r=0.8, alpha=40.0, a=0.9, b=2.5),
        repeats=np.array([3.0]),
        age_days=np.array([200.0]),
        spend=np.array([25.0]),
        stay_days=97.0,
        margin_rate=POLICY.margin_rate,
        value_horizon_days=POLICY.value_horizon_days,
    )
    assert (value, basis) == (by_hand.tolist(), ["expected"])


def test_each_row_takes_the_best_basis_that_it_allows():
    nan = float("nan")
    rows = [ROW, ROW, [4.0, 200.7, nan, 100.0], [nan, nan, nan, nan]]
    value, basis = valued(rows, given=[7.0, None, None, None])
    assert basis == ["given", "expected", "spend", None]
    assert value[0] == 7.0
    assert value[2] == pytest.approx(100.0 * POLICY.margin_rate)
    assert np.isnan(value[3])


@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param(model(expectations=None), id="no-buying-model"),
        pytest.param(model(lookback_days=730), id="a-history-longer-than-it-is-counted"),
        pytest.param(model(definition=SILENCE.by_label("gone = yes")), id="a-label-of-their-own"),
    ],
)
def test_without_a_buying_model_spend_goes_on(lacking):
    assert valued([ROW], of=lacking) == ([pytest.approx(100.0 * POLICY.margin_rate)], ["spend"])


def test_a_contract_is_worth_price_times_survival():
    contract = model(PRICED, definition=CONTRACT)
    curves = RiskCurves(days=(30, 60), probability=np.array([[0.2, 0.4]]))
    by_hand = subscription_margin(
        np.array([20.0]),
        curves=curves,
        stay_days=30,
        margin_rate=POLICY.margin_rate,
        value_horizon_days=POLICY.value_horizon_days,
    )
    value, basis = valued([[20.0, 5.0]], of=contract, curves=curves)
    assert (value, basis) == (by_hand.tolist(), ["subscription"])


@pytest.mark.parametrize("yearly", [0.0, 0.1])
def test_equal_histories_are_worth_the_same_among_many(yearly):
    policy = dataclasses.replace(POLICY, discount_rate_yearly=yearly)
    rng = np.random.default_rng(0)
    rows = np.column_stack(
        [rng.integers(0, 4, 300), rng.integers(0, 9, 300) / 2, rng.random(300), rng.random(300)]
    )
    value, basis = valued(rows, policy=policy)
    alone = [valued([row], policy=policy) for row in rows.tolist()]
    assert value == [each[0][0] for each in alone]
    assert basis == [each[1][0] for each in alone]


def test_without_risk_by_day_a_contract_ends_at_the_same_rate_for_ever():
    value, basis = valued([[20.0, 5.0]], of=model(PRICED, definition=CONTRACT), p_churn=0.1)
    periods = POLICY.value_horizon_days / 30
    payments = [1.0, *(0.9**period for period in range(12))]
    payments[-1] *= periods - 12
    assert basis == ["subscription"]
    assert value[0] == pytest.approx(20.0 * POLICY.margin_rate * sum(payments))


def test_discounting_lowers_a_value_and_is_part_of_the_policy_version():
    text = STARTER_POLICY.read_text(encoding="utf-8")
    line = f"value_horizon_days = {POLICY.value_horizon_days}"
    discounting = read_policy(text.replace(line, f"{line}\ndiscount_rate_yearly = 0.2\n#", 1))
    assert discounting.version != POLICY.version
    zero = read_policy(text.replace(line, f"{line}\ndiscount_rate_yearly = 0.0\n#", 1))
    assert zero.version == POLICY.version
    assert valued([ROW], policy=discounting)[0] < valued([ROW])[0]


def test_an_answer_carries_risk_by_day_and_is_read_back():
    curves = RiskCurves(
        days=(30, 60),
        probability=np.array([[0.25, 0.5]]),
        by_cause={"voluntary": np.array([[0.2, 0.4]]), "payment": np.array([[0.05, 0.1]])},
    )
    scores = Scores(p_churn=np.array([0.25]), contributions=np.zeros((1, 2)), risk_by_day=curves)
    [made] = answer_rows(
        np.array([[20.0, 5.0]]),
        questions=[question()],
        model=model(PRICED, definition=CONTRACT, score=lambda rows, explain: scores),
        policy=POLICY,
        scored_at=PRESENT,
    )
    assert made.risk_by_day == (
        RiskOnDay(day=30, probability=0.25, voluntary=0.2, payment=0.05),
        RiskOnDay(day=60, probability=0.5, voluntary=0.4, payment=0.1),
    )
    assert made.expected_days_to_churn == round(30 * 0.875 + 30 * 0.625, 1)
    assert made.value_basis == "subscription"
    written = answer_to_json(made)
    assert answer_from_json(written) == made
    older = {
        name: each for name, each in written.items() if not name.startswith(("risk_by", "exp"))
    }
    assert answer_from_json({**older, "expected_value": 0.0}).risk_by_day == ()
    assert replace(made, risk_by_day=()) != made
