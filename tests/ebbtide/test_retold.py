"""A stored answer says the same in the other language, or nothing else than it said."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec import structs

from ebbtide.answer.answer import Question
from ebbtide.answer.compose import answer_rows
from ebbtide.answer.retold import retold
from ebbtide.answer.withdrawn import withdrawn
from ebbtide.answer.written import answer_from_json, answer_to_json
from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import UNSEEN
from ebbtide.contracts.snapshot_table import ColumnContract
from ebbtide.definition import ChurnDefinition
from ebbtide.policy.file import load_policy
from ebbtide.project import STARTER_POLICY
from ebbtide.scorer.scores import Scores
from ebbtide.scorer.typical import TypicalByOutcome
from ebbtide.words import Words

POLICY = load_policy(STARTER_POLICY)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
OPEN = FeatureContract(
    name="complaint_open_days",
    family="complaints",
    table="complaints",
    unit="days",
    meaning="Days.",
    reason=Words("A complaint is open for {value} day{s}", "有投诉已 {value} 天未解决"),
    cause="service_failure",
    when_null=Words("No complaint is open", "没有未解决的投诉"),
)
FEATURES = (
    ColumnContract(
        name="plan", kind="category", categories={"a": 1, "b": 2}, null_share=0.1
    ).feature,
    OPEN,
    ColumnContract(name="age", kind="number", low=18.0, high=90.0, null_share=0.1).feature,
)


class Fake:
    """Every feature raises the risk."""

    features = FEATURES
    typical = np.array([0.0, math.nan, 40.0])
    typical_by_outcome = TypicalByOutcome(
        stayers=np.array([0.0, math.nan, 41.0]), leavers=np.array([1.0, math.nan, 60.0])
    )

    def score(self, rows, *, explain=True):
        return Scores(p_churn=np.full(len(rows), 0.7), contributions=np.ones(rows.shape))


MODEL = SimpleNamespace(
    version="m",
    definition=ChurnDefinition(horizon_days=30, gap_days=0, active_within_days=365),
    lookback_days=365,
    calibration_error=0.3,
    calibration_checked_on="nobody",
    expectations=None,
    scorer=Fake(),
    reference=SimpleNamespace(percentile=lambda p_churn: p_churn * 100),
)
ROWS = {
    "category": ([1.0, 3.0, 50.0], {}),
    "typical category": ([0.0, 3.0, 50.0], {}),
    "category not learned": ([UNSEEN, 3.0, 50.0], {}),
    "category missing": ([math.nan, 3.0, 50.0], {}),
    "null that has a meaning": ([1.0, math.nan, 50.0], {"missing": ("complaint_open_days",)}),
    "beyond the range": ([1.0, 1.0, 95.0], {}),
    "table not sent": ([1.0, 1.0, 50.0], {"missing_tables": ("surveys",)}),
    "worth an action": ([1.0, 1.0, 50.0], {"value": 1e5}),
    "not worth one": ([1.0, 1.0, 50.0], {"value": 0.0}),
    "abstained": ([math.nan] * 3, {}),
}


def made(row, language="en", **changes):
    (answer,) = answer_rows(
        np.array([row]),
        questions=[
            Question(prediction_id="p1", customer_id="c1", as_of=MARCH, **changes),
        ],
        model=MODEL,
        policy=POLICY,
        scored_at=MARCH,
        language=language,
    )
    return answer_from_json(answer_to_json(answer))


def told(answer, language="zh", features=FEATURES, policy=POLICY):
    return retold(answer, language, features=features, policy=policy)


@pytest.mark.parametrize(("row", "changes"), ROWS.values(), ids=ROWS)
def test_it_is_the_answer_that_would_have_been_given_in_the_other_language(row, changes):
    english, chinese = (made(row, language, **changes) for language in ("en", "zh"))
    assert english != chinese
    assert told(english) == chinese
    assert told(chinese, "en") == english
    assert told(english, "en") == english


def test_a_withdrawn_answer_is_told_in_the_other_language():
    answer = made([1.0, 3.0, 50.0])
    for code in ("expired", "definition_changed"):
        english = withdrawn(answer, code, language="en")
        assert told(english) == withdrawn(answer, code, language="zh")


def with_words(feature, **changes):
    return tuple(replace(each, **changes) if each == feature else each for each in FEATURES)


@pytest.mark.parametrize(
    "features",
    [
        pytest.param(with_words(OPEN, reason=Words("Open: {value}", "{value}")), id="other-words"),
        pytest.param(with_words(OPEN, name="another"), id="feature-gone"),
        pytest.param(
            with_words(
                FEATURES[0],
                learned=replace(FEATURES[0].learned, categories=("a", "c")),
            ),
            id="category-gone",
        ),
    ],
)
def test_it_is_not_told_with_words_that_were_not_said(features):
    assert told(made([1.0, 3.0, 50.0]), features=features) is None


def test_an_action_that_means_something_else_now_is_not_told():
    answer = made([1.0, 1.0, 50.0], value=1e5)
    assert answer.action_code
    changed = replace(
        POLICY,
        actions=tuple(replace(a, text=Words("Something else", "其他")) for a in POLICY.actions),
    )
    assert told(answer, policy=changed) is None
    assert told(answer, policy=replace(POLICY, actions=())) is None


def test_a_warning_with_other_words_is_not_told():
    answer = made([1.0, 3.0, 50.0])
    warnings = tuple(structs.replace(each, text="Something else") for each in answer.warnings)
    assert told(structs.replace(answer, warnings=warnings)) is None
