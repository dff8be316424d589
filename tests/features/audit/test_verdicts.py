"""A profile of knowledge is judged by its timing: where it ends, and where it begins."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from features.audit.knowledge import Knowledge, Stretch
from features.audit.own_columns import ColumnAspect
from features.audit.traces import Trace
from features.audit.verdicts import judge_columns, worst_of

JUNE = datetime(2011, 6, 1, tzinfo=UTC)
TRACE = Trace(
    quantity="amount",
    start_days=-30,
    end_days=7,
    correlation=1.0,
    correlation_cut=0.9,
    telling=40,
    nearer=1.0,
)
DAYS = (-7, -3, -1, 0, 1, 3, 7, 14)


@pytest.fixture
def judged():
    """Judge one column of 2,500 customers by what it knows of the stretches between DAYS."""

    def judge(*profile, trace=None, as_of=JUNE):
        stretches = tuple(
            Stretch(start_days=start, end_days=end, customers=2_500, buyers=100)
            for start, end in pairwise(DAYS)
        )
        correlation = np.array([profile])
        knowledge = Knowledge(
            as_of=as_of,
            stretches=stretches,
            correlation=correlation,
            z=correlation * 50,
            thresholds=np.full(len(stretches), 4.0),
        )
        aspect = ColumnAspect(column="x", name="order", values=np.zeros(3))
        [verdict] = judge_columns(["x"], [aspect], knowledge, {} if trace is None else {"x": trace})
        return verdict

    return judge


def test_knowledge_that_ends_at_the_instant_is_clean(judged):
    verdict = judged(0.5, 0.6, 0.7, 0.01, 0.02, -0.02, 0.0)
    assert verdict.judgement == "clean as far as seen"
    assert "0.02" in verdict.reasons[0]


def test_knowledge_that_ends_later_is_a_leak(judged):
    verdict = judged(0.5, 0.6, 0.7, 0.6, 0.6, 0.01, 0.0)
    assert verdict.judgement == "leak"
    assert "knowledge ends 3 day(s) after as_of" in verdict.reasons[1]


def test_the_sign_does_not_matter(judged):
    profile = (0.5, 0.6, 0.7, 0.6, 0.6, 0.01, 0.0)
    assert judged(*(-known for known in profile)).judgement == "leak"


def test_knowledge_that_begins_at_the_instant_is_a_leak(judged):
    verdict = judged(0.0, 0.02, -0.01, 0.3, 0.3, 0.3, 0.3)
    assert verdict.judgement == "leak"
    assert "more of the 7 days after" in verdict.reasons[1]


def test_knowledge_without_a_break_is_only_suspicious(judged):
    verdict = judged(0.3, 0.3, 0.3, 0.3, 0.3, 0.28, 0.27)
    assert verdict.judgement == "suspicious"
    assert "no break in time" in verdict.reasons[1]


def test_weak_knowledge_that_ends_is_only_suspicious(judged):
    assert judged(0, 0, 0, 0.02, 0.09, -0.03, 0.0).judgement == "suspicious"


def test_what_is_too_weak_to_matter_is_clean_however_significant(judged):
    assert judged(0, 0, 0, 0.045, 0, 0, 0).judgement == "clean as far as seen"


def test_a_trace_is_a_leak_whatever_the_profile_says(judged):
    verdict = judged(*[0.0] * 7, trace=TRACE)
    assert verdict.judgement == "leak"
    assert "amount from day -30 to day +7" in verdict.reasons[0]


@pytest.fixture
def ends_at_once():
    """Judge one column where no stretch after the instant could be measured."""

    def judge(*, aspects, traces):
        behind = Stretch(start_days=-7, end_days=0, customers=2_500, buyers=100)
        knowledge = Knowledge(
            as_of=JUNE,
            stretches=(behind,),
            correlation=np.array([[0.5]]),
            z=np.array([[20.0]]),
            thresholds=np.array([4.0]),
        )
        [verdict] = judge_columns(["x"], aspects, knowledge, traces)
        return verdict

    return judge


ORDER = ColumnAspect(column="x", name="order", values=np.zeros(3))


@pytest.mark.parametrize(
    ("aspects", "said"),
    [([ORDER], "no stretch of days after as_of"), ([], "does not tell customers apart")],
    ids=["no-buyers-after", "constant"],
)
def test_what_could_not_be_looked_at_is_not_judged_and_never_clean(ends_at_once, aspects, said):
    verdict = ends_at_once(aspects=aspects, traces={})
    assert verdict.judgement == "not judged"
    assert said in verdict.reasons[0]


def test_a_trace_is_a_leak_where_statistics_say_nothing(ends_at_once):
    assert ends_at_once(aspects=[ORDER], traces={"x": TRACE}).judgement == "leak"


def test_an_instant_that_could_be_judged_counts_and_the_others_are_told(judged, ends_at_once):
    clean = judged(*[0.0] * 7)
    worst = worst_of([clean, ends_at_once(aspects=[ORDER], traces={})])
    assert worst.judgement == "clean as far as seen"
    assert worst.reasons[-1] == "not judged at 1 of 2 instants"


def test_of_several_instants_the_gravest_counts(judged):
    leak = judged(0.5, 0.6, 0.7, 0.6, 0.6, 0.01, 0.0)
    clean = judged(*[0.0] * 7, as_of=datetime(2011, 7, 1, tzinfo=UTC))
    assert worst_of([leak, clean]) == leak
    assert worst_of([clean, leak]) == leak
