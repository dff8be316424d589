"""What-if in Python: the same sums as in the service, and values of features only."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import UNSEEN, Learned
from ebbtide.errors import ContractError
from ebbtide.scorer.scores import Scores
from ebbtide.what_if import what_if
from ebbtide.words import Words


def contract(name, family, **changes):
    return FeatureContract(
        name=name,
        family=family,
        table="transactions",
        unit="days",
        meaning=name,
        reason=Words("{value}", "{value}"),
        cause="disengagement",
        **changes,
    )


PLAN = Learned(kind="category", categories=("basic", "gold"))
FEATURES = (
    contract("recency_days", "recency", low=0.0, high=365.0),
    contract("silence", "recency", low=0.0, when_null=Words("none", "无")),
    contract("plan", "plan", learned=PLAN, when_null=Words("none", "无")),
)


def score(rows):
    contributions = np.where(np.isnan(rows), 0.0, rows) * [0.001, 0.01, -0.1]
    return Scores(p_churn=0.5 + contributions.sum(axis=1), contributions=contributions)


SCORER = SimpleNamespace(features=FEATURES, score=score)
ROW = np.array([100.0, np.nan, 0.0])


def test_what_is_changed_is_scored_again_and_the_row_stays() -> None:
    row = ROW.copy()
    found = what_if(SCORER, row, {"plan": "gold", "recency_days": 20})
    assert (found.p_churn_before, found.p_churn_after) == pytest.approx((0.6, 0.42))
    assert found.difference == pytest.approx(-0.18)
    assert [(c.feature, c.before, c.after) for c in found.changed] == [
        ("recency_days", 100.0, 20.0),
        ("plan", "basic", "gold"),
    ]
    assert [c.contribution_after for c in found.changed] == pytest.approx([0.02, -0.1])
    assert found.kept_in_families == ("silence",)
    np.testing.assert_array_equal(row, ROW)


def test_missing_may_become_a_value_and_a_value_missing() -> None:
    assert what_if(SCORER, ROW, {"silence": 5}).changed[0].after == 5.0
    back = what_if(SCORER, np.array([1.0, 5.0, 0.0]), {"silence": None})
    assert (back.changed[0].before, back.changed[0].after) == (5.0, None)


def test_a_category_that_was_not_learned_is_one_too() -> None:
    row = {}

    def watched(rows):
        row["after"] = rows[1]
        return score(rows)

    what_if(SimpleNamespace(features=FEATURES, score=watched), ROW, {"plan": "silver"})
    assert row["after"][2] == UNSEEN


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({}, "nothing is changed"),
        ({"recency_day": 3}, "did you mean 'recency_days'"),
        ({"recency_days": None}, "never missing"),
        ({"recency_days": math.nan}, "never missing"),
        ({"recency_days": -1.0}, "from 0 to 365"),
        ({"recency_days": math.inf}, "finite number"),
        ({"recency_days": "seven"}, "finite number"),
        ({"recency_days": True}, "finite number"),
        ({"recency_days": 10**400}, "from 0 to 365"),
    ],
)
def test_what_is_no_value_of_a_feature_is_refused(changes, match) -> None:
    with pytest.raises(ContractError, match=match):
        what_if(SCORER, ROW, changes)


def test_all_that_is_wrong_is_said_at_once_and_no_value_is_repeated() -> None:
    with pytest.raises(ContractError) as raised:
        what_if(SCORER, ROW, {"luck": 1, "recency_days": 98765.0})
    assert "luck" in str(raised.value)
    assert "recency_days" in str(raised.value)
    assert "98765" not in str(raised.value)
