"""Answers: every field of one customer, the same in any batch, and when there is none."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ebbtide.answer.answer import WARNINGS, Question
from ebbtide.answer.compose import answer_rows, churn_score
from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.snapshot_table import ColumnContract
from ebbtide.definition import ChurnDefinition
from ebbtide.policy.file import load_policy
from ebbtide.project import STARTER_POLICY
from ebbtide.scorer.scores import Scores
from ebbtide.scorer.typical import TypicalByOutcome
from ebbtide.words import Words

POLICY = load_policy(STARTER_POLICY)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def contract(name: str, cause: str, when_null: Words | None = None) -> FeatureContract:
    return FeatureContract(
        name=name,
        family=name,
        table="transactions",
        unit="days",
        meaning=name,
        reason=Words(name + " is {value}", name + "：{value}"),
        cause=cause,
        when_null=when_null,
    )


class LogisticFake:
    """One weight per feature, in plain numpy."""

    features = (
        contract("recency_days", "disengagement"),
        contract("complaints_90d", "service_failure", Words("no complaint", "无投诉")),
        contract("spend_365d", "value_for_money"),
    )
    typical = np.array([30.0, 0.0, 400.0])
    typical_by_outcome = TypicalByOutcome.unknown(3)

    def score(self, rows, *, explain=True):
        weights = np.array([0.02, 0.9, -0.001])
        contributions = np.where(np.isnan(rows), 0, rows - self.typical) * weights
        raw = contributions[:, 0] + contributions[:, 1] + contributions[:, 2]
        return Scores(p_churn=1 / (1 + np.exp(-raw)), contributions=contributions)


class UniformReference:
    def percentile(self, p_churn):
        return p_churn * 100


MODEL = SimpleNamespace(
    version="f" * 64,
    definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
    lookback_days=365,
    calibration_error=0.02,
    calibration_checked_on="a later period",
    expectations=None,
    scorer=LogisticFake(),
    reference=UniformReference(),
)


def question(**changes) -> Question:
    return structs.replace(
        Question(prediction_id="p1", customer_id="c1", as_of=datetime(2026, 3, 1, tzinfo=UTC)),
        **changes,
    )


def answer(row, *, language="en", policy=POLICY, model=MODEL, **changes):
    return answer_rows(
        np.array([row]),
        questions=[question(**changes)],
        model=model,
        policy=policy,
        scored_at=NOW,
        language=language,
    )[0]


def test_an_answer_says_risk_reasons_and_action():
    made = answer([130.0, 1.0, 400.0])
    p_churn = 1 / (1 + math.exp(-2.9))
    assert made.status == "scored"
    assert made.churn_probability == pytest.approx(p_churn)
    assert (made.churn_score, made.risk_band, made.percentile) == (95, "high", 94.78)
    assert [reason.text for reason in made.reasons] == [
        "recency_days is 130 (typical: 30)",
        "complaints_90d is 1 (typical: 0)",
    ]
    assert (made.value, made.value_basis) == (140.0, "spend")
    assert (made.action_code, made.effect_basis) == ("goodwill_credit", "assumed")
    assert made.expected_value == pytest.approx(
        p_churn * 0.25 * (0.9 / 2.9) * (140 - 10) - 0.5 - (1 - p_churn) * 0.9 * 10, abs=0.01
    )
    assert made.valid_until == datetime(2026, 3, 15, tzinfo=UTC)
    assert made.policy_version == POLICY.version
    assert made.definition == MODEL.definition.code


def test_the_language_changes_only_the_texts():
    english, chinese = (answer([130.0, 1.0, 400.0], language=each) for each in ("en", "zh"))
    assert chinese.action_text == "向客户账户补偿10.00余额，并附上个人致歉"
    assert chinese.reasons[0].text == "recency_days：130（一般为 30）"
    assert chinese.churn_probability == english.churn_probability
    assert chinese.action_code == english.action_code


class QuietCustomers:
    """A model for which who never complains is at risk: true of some companies, and misleading."""

    features = (
        contract("recency_days", "disengagement"),
        replace(contract("complaints_90d", "service_failure"), risk="rises"),
        contract("spend_365d", "value_for_money"),
    )
    typical = np.array([30.0, 1.0, 400.0])
    typical_by_outcome = TypicalByOutcome.unknown(3)

    def score(self, rows, *, explain=True):
        contributions = np.zeros((len(rows), 3))
        contributions[:, 1] = np.where(rows[:, 1] == 0, 3.0, -3.0)
        contributions[:, 0] = 0.01 * (rows[:, 0] - 30)
        return Scores(p_churn=np.full(len(rows), 0.9), contributions=contributions)


def test_an_action_may_answer_a_cause_that_would_read_as_good_news_and_is_no_reason():
    model = SimpleNamespace(**{**vars(MODEL), "scorer": QuietCustomers()})
    made = answer([130.0, 0.0, 4000.0], model=model)
    assert [reason.feature for reason in made.reasons] == ["recency_days"]
    action = next(each for each in POLICY.actions if each.code == made.action_code)
    assert action.answers == ("service_failure",)


def test_where_all_that_matters_reads_as_good_news_there_is_no_reason():
    model = SimpleNamespace(**{**vars(MODEL), "scorer": QuietCustomers()})
    made = answer([30.0, 0.0, 4000.0], model=model)
    assert (made.churn_score, made.reasons) == (90, ())
    assert made.action_code


def test_a_given_value_wins_over_the_estimate():
    made = answer([130.0, 1.0, 400.0], value=0.0)
    assert (made.value, made.value_basis) == (0.0, "given")
    assert (made.action_code, made.no_action_code) == (None, "not_worth_it")


def test_the_dead_are_not_scored():
    made = answer([math.nan, math.nan, math.nan], is_alive=False)
    assert (made.status, made.abstain_code) == ("abstained", "already_churned")
    assert made.churn_probability is None
    assert made.reasons == ()
    assert "already left" in made.abstain_text


@pytest.mark.parametrize("row", [[math.nan] * 3, [1e300, 1e300, 1e300], [math.inf, 0.0, 0.0]])
def test_no_row_makes_a_nan(row):
    made = answer(row)
    numbers = [made.churn_probability, made.percentile, made.expected_value, made.effect]
    assert made.status == "abstained" or all(math.isfinite(number) for number in numbers)


def test_what_was_not_sent_and_what_is_stale_is_warned_of():
    made = answer([130.0, math.nan, 400.0], missing=("complaints_90d",))
    assert [warned.text for warned in made.warnings] == [
        "complaints_90d was not sent; taken as: no complaint"
    ]
    old = answer([130.0, 1.0, 400.0], as_of=NOW - timedelta(days=15))
    assert [warned.code for warned in old.warnings] == ["expired"]


@pytest.mark.parametrize(("error", "warns"), [(0.02, False), (0.1, False), (0.12, True)])
def test_a_model_whose_promises_were_off_says_so_in_every_answer(error, warns):
    model = SimpleNamespace(**{**vars(MODEL), "calibration_error": error})
    made = answer([130.0, 1.0, 400.0], model=model)
    assert [warned.code for warned in made.warnings] == ["calibration_off"] * warns
    assert all("off by 0.12" in warned.text for warned in made.warnings)


@pytest.mark.parametrize(
    ("checked_on", "warns"),
    [("a later period", False), ("other customers of the same period", True), ("nobody", True)],
)
@pytest.mark.parametrize("error", [0.02, 0.12])
def test_a_probability_that_no_later_period_has_checked_says_so(checked_on, warns, error):
    changes = {"calibration_error": error, "calibration_checked_on": checked_on}
    made = answer([130.0, 1.0, 400.0], model=SimpleNamespace(**{**vars(MODEL), **changes}))
    expected = ["calibration_off"] * (error > 0.1) + ["calibration_unchecked"] * warns
    assert [warned.code for warned in made.warnings] == expected
    if warns:
        assert "not on a later one" in made.warnings[-1].text


def test_every_warning_is_worded_in_both_languages():
    named = {"missing": ("complaints_90d",), "missing_tables": ("activity",)}
    model = SimpleNamespace(
        **{**vars(MODEL), "calibration_error": 0.3, "calibration_checked_on": "nobody"}
    )
    made = {
        language: answer(
            [130.0, math.nan, 400.0],
            model=model,
            language=language,
            as_of=NOW - timedelta(days=15),
            missing_columns=("transactions.order_id",),
            has_other_fit=True,
            has_newer_events=True,
            **named,
        ).warnings
        for language in ("en", "zh")
    }
    for warnings in made.values():
        # these are said of columns of a snapshot table only, see below
        unlearned = {"unseen_category", "unlearned_null", "unlearned_range"}
        elsewhere = {"log_spooled"}
        assert {warned.code for warned in warnings} == set(WARNINGS) - unlearned - elsewhere
        assert all("{" not in warned.text for warned in warnings)
        assert all(warned.subject in warned.text for warned in warnings)
    assert [w.subject for w in made["en"]] == [w.subject for w in made["zh"]]


class FlatFake(LogisticFake):
    """The same model of columns of a snapshot table: a category, then two numbers."""

    features = (
        ColumnContract(name="plan", kind="category", categories={"a": 1, "b": 2}).feature,
        ColumnContract(name="age", kind="number", low=18.0, high=90.0).feature,
        ColumnContract(name="fee", kind="number", low=0.0, high=9.0).feature,
    )
    typical = np.array([1.0, 40.0, 5.0])
    typical_by_outcome = TypicalByOutcome.unknown(3)


def test_what_a_snapshot_table_did_not_teach_is_warned_of_in_both_languages():
    model = SimpleNamespace(**{**vars(MODEL), "scorer": FlatFake()})
    for language in ("en", "zh"):
        made = answer([-1.0, 99.0, math.nan], model=model, language=language)
        assert [(warned.code, warned.subject) for warned in made.warnings] == [
            ("unseen_category", "plan"),
            ("unlearned_range", "age"),
            ("unlearned_null", "fee"),
        ]
        assert all(warned.subject in warned.text for warned in made.warnings)


def test_a_column_that_was_not_sent_is_warned_of_once():
    model = SimpleNamespace(**{**vars(MODEL), "scorer": FlatFake()})
    made = answer([0.0, math.nan, 5.0], model=model, missing=("age",))
    assert [warned.code for warned in made.warnings] == ["missing_feature"]


def test_a_category_is_a_reason_in_words():
    model = SimpleNamespace(**{**vars(MODEL), "scorer": FlatFake()})
    flat = FlatFake()
    flat.typical = np.array([-9.0, 40.0, 5.0])
    made = answer([1.0, 40.0, 5.0], model=SimpleNamespace(**{**vars(MODEL), "scorer": flat}))
    [reason] = made.reasons
    assert (reason.feature, reason.value, reason.text) == ("plan", "b", "plan is b")
    assert answer([1.0, 40.0, 5.0], model=model).reasons == ()


def test_no_rows_make_no_answers():
    nothing = np.empty((0, 3))
    assert answer_rows(nothing, questions=[], model=MODEL, policy=POLICY, scored_at=NOW) == []


def test_the_score_is_a_whole_number_from_0_to_100():
    assert [churn_score(p) for p in (0.0, 0.004, 0.005, 0.995, 1.0)] == [0, 0, 1, 100, 100]


cells = st.one_of(st.floats(0, 1e4), st.just(math.nan))


@pytest.mark.property
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12))
def test_a_row_gets_the_same_answer_in_any_batch(rows):
    together = answer_rows(
        np.array(rows),
        questions=[question()] * len(rows),
        model=MODEL,
        policy=POLICY,
        scored_at=NOW,
    )
    assert together == [answer(row) for row in rows]


def test_a_model_that_does_not_know_how_sure_it_is_says_nothing_of_it():
    made = answer([130.0, 1.0, 400.0], with_interval=True)
    assert made.churn_probability is not None
    assert (made.churn_probability_low, made.churn_probability_high) == (None, None)
