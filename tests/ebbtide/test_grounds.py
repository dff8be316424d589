"""Reasons left out change nothing else; contributions are computed where they may matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ebbtide.answer.answer import Question
from ebbtide.answer.asked import Asked
from ebbtide.answer.compose import answer_rows
from ebbtide.answer.judged import judge
from ebbtide.answer.prepared import Prepared
from ebbtide.causes import CAUSES
from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.snapshot_table import ColumnContract
from ebbtide.decision import Cases, decide_among
from ebbtide.definition import ChurnDefinition
from ebbtide.grounds import may_pay
from ebbtide.offers import Offers
from ebbtide.policy.file import load_policy
from ebbtide.policy.policy import Eligibility, FeatureBounds, Holdout, SaveRate
from ebbtide.project import STARTER_POLICY
from ebbtide.scorer.scores import Scores
from ebbtide.scorer.typical import TypicalByOutcome
from ebbtide.words import Words

STARTER = load_policy(STARTER_POLICY)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ABOUT = tuple(
    FeatureContract(
        name=f"about_{cause}_{number}",
        family=f"{cause}_{number % 2}",
        table="transactions",
        unit="days",
        meaning=cause,
        reason=Words("{value}", "{value}"),
        cause=cause,
    )
    for cause in CAUSES
    for number in range(3)
)
LEARNED = ColumnContract(name="spend_365d", kind="number", low=0.0, high=900.0).feature

costs = st.sampled_from([0.0, 0.05, 1.0, 6.0, 500.0])
shares = st.floats(0, 1)
actions = st.builds(
    replace,
    st.sampled_from(STARTER.actions),
    contact_cost=costs,
    acceptance_cost=costs,
    stayer_acceptance_rate=shares,
    save_rate=st.builds(SaveRate, mean=shares, sd=st.just(0.1)),
    is_discount=st.booleans(),
    needs_contact_consent=st.booleans(),
    eligibility=st.builds(
        Eligibility,
        min_p_churn=st.sampled_from([0.0, 0.3]),
        min_value=st.sampled_from([0.0, 50.0]),
        features=st.sampled_from([(), (FeatureBounds(name="spend_365d", low=1.0),)]),
    ),
)
policies = st.builds(
    lambda chosen, holdout: replace(STARTER, actions=tuple(chosen), holdout=holdout),
    st.lists(actions, min_size=1, max_size=5, unique_by=lambda action: action.code),
    st.sampled_from([None, Holdout(share=0.5, salt="salt")]),
)
seeds = st.integers(0, 2**32 - 1)


class Fake:
    """Contributions of any kind, and how often they were asked for."""

    def __init__(self, rng: np.random.Generator) -> None:
        kept = [feature for feature in ABOUT if rng.random() < 0.6]
        if rng.random() < 0.3:
            kept = [feature for feature in kept if feature.cause != "payment_failure"]
        self.features = (*kept, LEARNED)
        count = len(self.features)
        self.typical = np.where(rng.random(count) < 0.2, np.nan, 0.5)
        self.typical_by_outcome = TypicalByOutcome.unknown(count)
        self.weights = rng.normal(size=count)
        self.level = rng.normal() * 3
        self.explained = 0

    def contributions(self, rows):
        self.explained += len(rows)
        return np.where(np.isnan(rows), 0.1, np.sin(rows)) * self.weights

    def score(self, rows, *, explain=True):
        raw = np.where(np.isnan(rows), 0.1, np.sin(rows)) * self.weights
        total = np.full(len(rows), self.level)
        for column in raw.T:
            total = total + column
        return Scores(
            p_churn=1 / (1 + np.exp(-total)),
            contributions=self.contributions(rows) if explain else None,
        )


def model_of(scorer):
    return SimpleNamespace(
        version="f" * 12,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
        lookback_days=365,
        calibration_error=0.02,
        calibration_checked_on="a later period",
        expectations=None,
        scorer=scorer,
        reference=SimpleNamespace(percentile=lambda p_churn: p_churn * 100),
    )


def world(seed, policy):
    """A random model, rows and questions."""
    rng = np.random.default_rng(seed)
    scorer = Fake(rng)
    count = int(rng.integers(1, 12))
    rows = rng.normal(size=(count, len(scorer.features))) * 3
    rows[:, -1] = rng.choice([0.0, 100.0, 900.0, 5000.0], size=count)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    questions = [
        Question(
            prediction_id=f"p{place}",
            customer_id=f"c{place}",
            as_of=NOW,
            is_alive=bool(rng.random() < 0.9),
            profiling_opt_out=bool(rng.random() < 0.1),
            contact_opt_out=bool(rng.random() < 0.3),
            value=float(rng.choice([0.0, 40.0, 1e12])) if rng.random() < 0.3 else None,
        )
        for place in range(count)
    ]
    model = model_of(scorer)

    def asked(with_reasons):
        return answer_rows(
            rows,
            questions=[
                structs.replace(question, with_reasons=wanted)
                for question, wanted in zip(questions, with_reasons, strict=True)
            ],
            model=model,
            policy=policy,
            scored_at=NOW,
        )

    return asked, count, scorer


@pytest.mark.property
@given(seeds, policies)
def test_without_reasons_an_answer_is_the_same_in_all_else(seed, policy):
    asked, count, _ = world(seed, policy)
    full = asked([True] * count)
    bare = [structs.replace(each, reasons=(), reasons_asked=False) for each in full]
    assert asked([False] * count) == bare
    mixed = [place % 2 == 0 for place in range(count)]
    assert asked(mixed) == [
        each if wanted else without for each, without, wanted in zip(full, bare, mixed, strict=True)
    ]


@pytest.mark.property
@given(seeds, policies, st.floats(0, 1), st.sampled_from([0.0, 1e-9, 30.0, 400.0, 1e12]))
def test_where_a_decision_does_not_depend_on_causes_any_causes_give_it(
    seed, policy, p_churn, value
):
    """The rounding of a profit at the limit included: causes are drawn to answer nearly all."""
    rng = np.random.default_rng(seed)
    features = (*ABOUT, LEARNED)
    offers = Offers.of(policy, features)
    values = np.zeros((len(features), 1))
    opted_out = np.array([bool(rng.random() < 0.3)])
    known = {"p_churn": np.array([p_churn]), "value": np.array([value])}
    if may_pay(offers, **known, values=values)[0]:
        return
    found = set()
    for _ in range(6):
        sizes = rng.random(len(features)) ** float(rng.choice([1, 30]))
        contributions = sizes * (rng.random(len(features)) < rng.random())
        cases = Cases(
            **known,
            contributions=contributions[None, :],
            rows=values.T,
            reasons=rng.integers(-1, len(features), size=(1, 3)),
            contact_opt_out=opted_out,
        )
        decided = decide_among(offers, cases)
        found.add((int(decided.chosen[0]), decided.no_action))
    assert len(found) == 1
    assert next(iter(found))[0] == -1


@pytest.mark.property
@given(seeds, policies)
def test_a_batch_without_reasons_decides_the_same(seed, policy):
    rng = np.random.default_rng(seed)
    scorer = Fake(rng)
    rows = rng.normal(size=(6, len(scorer.features))) * 3
    rows[:, -1] = rng.choice([0.0, 100.0, 5000.0], size=6)
    prepared = Prepared.of(model_of(scorer), policy)
    ids = [f"c{place}" for place in range(6)]
    full, bare = (
        judge(rows, asked=Asked.alike(ids, with_reasons=each), prepared=prepared)
        for each in (True, False)
    )
    for name in ("why_none", "chosen", "expected_value", "expected_cost", "effect", "effect_low"):
        np.testing.assert_array_equal(getattr(full.decisions, name), getattr(bare.decisions, name))
    np.testing.assert_array_equal(full.dealt.is_held, bare.dealt.is_held)
    np.testing.assert_array_equal(full.abstained, bare.abstained)


def test_only_whom_an_action_may_pay_for_needs_to_be_explained():
    pays = may_pay(
        Offers.of(STARTER, ABOUT),
        p_churn=np.array([0.9, 0.9, 0.01, 0.9]),
        value=np.array([1000.0, 0.5, 100.0, np.nan]),
        values=np.zeros((len(ABOUT), 4)),
    )
    assert pays.tolist() == [True, False, False, False]
