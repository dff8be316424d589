"""Candidates learn only from what had matured, and are measured on customers they never saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from by_hand import monthly, snapshot
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from training.candidates import candidate_of
from training.origins import origins
from training.recipes import FITS, Recipe
from training.relived import blended, relive

NEWEST = snapshot(as_of=monthly(20)[-1])


def _definition(horizon_days: int, gap_days: int) -> ChurnDefinition:
    return ChurnDefinition(horizon_days=horizon_days, gap_days=gap_days, active_within_days=365)


@pytest.mark.property
@given(
    count=st.integers(1, 14),
    every_days=st.integers(7, 60),
    horizon_days=st.integers(1, 120),
    gap_days=st.integers(0, 30),
)
def test_nothing_is_learned_that_had_not_matured_at_the_origin(
    count: int, every_days: int, horizon_days: int, gap_days: int
) -> None:
    taken = [snapshot(as_of=i, n=4) for i in monthly(count, every_days=every_days)]
    definition = _definition(horizon_days, gap_days)
    try:
        found = origins(taken, definition)
    except NotReady:
        assert (count - 1) * every_days < horizon_days + gap_days
        return
    outcome = timedelta(days=horizon_days + gap_days)
    assert found[0].scored is taken[-1]
    for origin in found:
        assert all(s.as_of + outcome <= origin.scored.as_of for s in origin.learned_from)
        unused = [s for s in taken if s.as_of + outcome <= origin.scored.as_of]
        assert list(origin.learned_from) == unused
    for later, earlier in pairwise(found):
        assert earlier.scored.as_of + outcome <= later.scored.as_of


def _tried(kind, taken, tested_at, *, newest=NEWEST, parts=None):
    """A candidate, against rules that know nothing."""
    if parts is None:
        relived = relive(Recipe(kind=kind), taken, newest, tested_at, seed=0)
    else:
        relived = blended(
            [relive(Recipe(kind=each), taken, newest, tested_at, seed=0) for each in parts],
            tested_at,
        )
    return candidate_of(relived, tested_at, rules=[{} for _ in tested_at], seed=0)


@pytest.mark.parametrize("kind", sorted(FITS))
def test_every_kind_finds_the_signal_and_is_calibrated(kind: str) -> None:
    taken = [snapshot(as_of=instant) for instant in monthly(6)]
    candidate = _tried(kind, taken, origins(taken, _definition(30, 0)))
    assert candidate.metrics["auc"] > 0.75
    assert candidate.metrics["calibration_error"] < 0.1
    assert candidate.calibration_checked_on == "a later period"
    assert sorted(candidate.auc_by_origin, reverse=True) == list(candidate.auc_by_origin)


def test_periods_are_judged_by_what_was_learned_at_the_period_before() -> None:
    taken = [snapshot(as_of=instant) for instant in monthly(6)]
    tested_at = origins(taken, _definition(30, 0))
    candidate = _tried("logistic", taken, tested_at)
    assert [each.as_of for each in candidate.judged] == [o.scored.as_of for o in tested_at[:-1]]
    assert len(candidate.auc_by_origin) == len(tested_at) == 3


def test_a_blend_weighs_what_ranks_and_is_served_as_it_was_measured() -> None:
    taken = [snapshot(as_of=instant) for instant in monthly(6)]
    tested_at = origins(taken, _definition(30, 0))
    candidate = _tried("blend", taken, tested_at, parts=["logistic", "lightgbm"])
    assert candidate.kind == "blend"
    assert set(candidate.members) == {"logistic", "lightgbm"}
    assert candidate.metrics["auc"] > 0.75
    singles = {
        kind: relive(Recipe(kind=kind), taken, NEWEST, tested_at, seed=0)
        for kind in candidate.members
    }
    weighted = sum(candidate.members[kind] * each.served for kind, each in singles.items())
    said = candidate.model.log_odds(NEWEST.ranked)
    np.testing.assert_allclose(said - said.mean(), weighted - weighted.mean(), atol=1e-9)


def test_a_blend_at_an_origin_knows_nothing_of_its_outcomes() -> None:
    """Outcomes turned round at the latest origin change what is served, not what it said there."""
    taken = [snapshot(as_of=instant) for instant in monthly(6)]
    turned = [*taken[:-1], replace(taken[-1], churned=1 - taken[-1].churned)]
    said = []
    for each in (taken, turned):
        tested_at = origins(each, _definition(30, 0))
        parts = [relive(Recipe(kind=k), each, NEWEST, tested_at, seed=0) for k in FITS]
        said.append(blended(parts, tested_at))
    np.testing.assert_array_equal(said[0].at[0], said[1].at[0])
    np.testing.assert_array_equal(said[0].carried[0], said[1].carried[0])
    assert not np.array_equal(said[0].served, said[1].served)


def test_the_measured_model_has_not_seen_the_customers_it_is_measured_on() -> None:
    """Outcomes at the origin that contradict the past show as a bad AUC, not as a good one."""
    taken = [snapshot(as_of=instant) for instant in monthly(5)]
    taken[-1] = snapshot(as_of=taken[-1].as_of, signal=-3.0)
    tested_at = origins(taken, _definition(30, 0), at_most=1)
    with pytest.raises(NotReady, match="no better than chance"):
        _tried("lightgbm", taken, tested_at)


def test_with_one_origin_calibration_is_checked_on_other_customers_and_says_so() -> None:
    taken = [snapshot(as_of=instant) for instant in monthly(2)]
    candidate = _tried("logistic", taken, origins(taken, _definition(30, 0)))
    assert candidate.calibration_checked_on == "other customers of the same period"


def test_a_period_in_which_all_did_the_same_is_refused() -> None:
    taken = [snapshot(as_of=instant, churned=1.0) for instant in monthly(3)]
    with pytest.raises(NotReady, match="leavers and stayers"):
        _tried("logistic", taken, origins(taken, _definition(30, 0)))


@pytest.mark.parametrize("kind", sorted(FITS))
def test_the_same_seed_gives_the_same_model_file(kind: str) -> None:
    ranked, churned = (lambda s: (s.ranked, s.churned))(snapshot(as_of=monthly(1)[0]))
    fits = [FITS[kind](ranked, churned, seed=5) for _ in range(2)]  # type: ignore[index]
    assert fits[0] == fits[1]


@pytest.mark.parametrize("kind", ["random_forest", "lightgbm"])
def test_another_seed_gives_another_model(kind: str) -> None:
    taken = snapshot(as_of=monthly(1)[0])
    texts = {FITS[kind](taken.ranked, taken.churned, seed=s)[1] for s in (0, 1)}  # type: ignore[index]
    assert len(texts) == 2


def test_logistic_weights_point_the_way_of_the_signal() -> None:
    taken = snapshot(as_of=monthly(1)[0])
    tested_at = origins([taken, snapshot(as_of=monthly(2)[1])], _definition(30, 0))
    candidate = _tried("logistic", [taken], tested_at)
    rows = np.array([[0.05, 0.5], [0.95, 0.5]])
    low, high = candidate.model.log_odds(rows)
    assert high > low + 1.0
