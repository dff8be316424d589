"""The card says what a model is worth, how sure that is, and for whom it does not hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ebbtide.evaluation_settings import EvaluationSettings
from training.card_judged import judged_section
from training.evaluation.evaluate import evaluate
from training.evaluation.judged import Judged
from training.grade import grade
from training.judgement import Judgement

N = 600


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    """600 customers, half of them in the north, of whom 30 points more leave than is promised."""
    promised = np.linspace(0.02, 0.68, N)
    north = np.arange(N) % 2 == 0
    drawn = np.random.default_rng(3).random(N)
    found = evaluate(
        Judged(
            as_of=None,
            customer_ids=np.arange(N).astype(str),
            churned=(drawn < promised + 0.3 * north) * 1.0,
            log_odds=promised,
            p_churn=promised,
            rules={"recency": drawn},
            value=np.full(N, np.nan),
            attributes={"region": np.where(north, "north", "south")},
        ),
        settings=EvaluationSettings(resamples=200),
        seed=0,
    )
    return Judgement(evaluations=(found,), grade=grade(found, is_later_period=True))


def test_a_candidate_that_was_not_judged_says_nothing() -> None:
    assert judged_section(None) == ""


def test_grade_intervals_and_rules_are_there(judgement) -> None:
    card = judged_section(judgement)
    auc = judgement.evaluations[0].measures["auc"]
    assert card.startswith(f"**Grade {judgement.grade.letter}**: ")
    assert f"| Ranking (AUC) | {auc.value:.3f} | {auc.low:.3f} | {auc.high:.3f} |" in card
    assert "| AUC less that of: days since the last purchase | " in card


def test_a_group_is_named_only_where_its_promises_are_surely_off(judgement) -> None:
    card = judged_section(judgement)
    assert "- region = north (300 customers)" in card
    assert "region = south" not in card


def test_no_grade_is_said_with_its_reason(judgement) -> None:
    found = grade(judgement.evaluations[0], is_later_period=False)
    card = judged_section(replace(judgement, grade=found))
    assert card.startswith("**No grade: the history is too short")
