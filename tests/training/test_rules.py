"""Simple rules: who is likelier to leave by each, and when a rule has nothing to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from by_hand import monthly, snapshot
from training.rule_words import rule_words
from training.rules import DUMMY, RULES, rule_aucs, rule_scores

NAMES = ["recency_days", "purchase_days_365d", "recency_over_gap_mean", "btyd_p_none"]
ROWS = np.array([[10.0, 9.0, 0.5, 0.1], [80.0, 2.0, 4.0, 0.6], [40.0, 1.0, np.nan, 0.7]])


@pytest.fixture
def three():
    """A regular, one who is overdue and left, and one who bought once and left."""
    taken = snapshot(as_of=monthly(1)[0], n=3)
    return replace(taken, rows=ROWS, churned=np.array([0.0, 1.0, 1.0]))


def test_each_rule_says_who_is_likelier_to_leave(three):
    found = {name: np.argsort(score).tolist() for name, score in rule_scores(three, NAMES).items()}
    assert found == {
        "recency": [0, 2, 1],
        "few_purchase_days": [0, 1, 2],
        "recency_over_own_gap": [0, 1, 2],
        "buy_till_you_die": [0, 1, 2],
        "dummy": [0, 1, 2],
    }


def test_the_dummy_knows_nothing_and_the_others_rank(three):
    found = rule_aucs(three, NAMES)
    assert found.pop(DUMMY) == 0.5
    assert set(found.values()) == {1.0}


def test_a_rule_without_its_feature_is_left_out(three):
    fewer = replace(three, rows=ROWS[:, :1])
    assert set(rule_scores(fewer, NAMES[:1])) == {"recency", DUMMY}


def test_contracts_have_rules_of_their_own(three):
    names = ["contracts_running", "contract_age_days", "activity_recency_days", "payments_overdue"]
    rows = np.array([[1.0, 400.0, 2.0, 0.0], [1.0, 90.0, 30.0, 1.0], [1.0, 20.0, np.nan, 0.0]])
    taken = replace(three, rows=rows)
    found = {name: np.argsort(score).tolist() for name, score in rule_scores(taken, names).items()}
    assert found["new_contract"] == [0, 1, 2]
    assert found["silent_account"] == [0, 1, 2], "who was never seen is silent for longest"
    assert found["overdue_payment"][-1] == 1
    without = replace(three, rows=rows[:, 2:])
    assert set(rule_scores(without, names[2:])) == {DUMMY}


def test_without_a_buying_model_its_rule_is_left_out(three):
    rows = ROWS.copy()
    rows[:, 3] = np.nan
    assert "buy_till_you_die" not in rule_scores(replace(three, rows=rows), NAMES)


def test_no_score_is_missing_or_infinite(three):
    assert all(np.isfinite(score).all() for score in rule_scores(three, NAMES).values())


@pytest.mark.parametrize("name", [*(rule.name for rule in RULES), DUMMY])
def test_each_rule_is_called_something_in_both_languages(name):
    words = rule_words(name)
    assert words.en != words.zh
