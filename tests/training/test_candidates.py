"""Candidates learn only from what had matured, and are measured on customers they never saw."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from by_hand import monthly, snapshot
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from training.candidates import FITS, try_candidate
from training.origins import origins

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


@pytest.mark.parametrize("kind", sorted(FITS))
def test_every_kind_finds_the_signal_and_is_calibrated(kind: str) -> None:
    taken = [snapshot(as_of=instant) for instant in monthly(6)]
    tested_at = origins(taken, _definition(30, 0))
    candidate = try_candidate(kind, taken, NEWEST, tested_at, seed=0)  # type: ignore[arg-type]
    assert candidate.metrics["auc"] > 0.75
    assert candidate.metrics["calibration_error"] < 0.1
    assert candidate.calibration_checked_on == "a later period"
    assert sorted(candidate.auc_by_origin, reverse=True) == list(candidate.auc_by_origin)


def test_the_measured_model_has_not_seen_the_customers_it_is_measured_on() -> None:
    """Outcomes at the origin that contradict the past show as a bad AUC, not as a good one."""
    taken = [snapshot(as_of=instant) for instant in monthly(5)]
    taken[-1] = snapshot(as_of=taken[-1].as_of, signal=-3.0)
    tested_at = origins(taken, _definition(30, 0), at_most=1)
    with pytest.raises(NotReady, match="no better than chance"):
        try_candidate("lightgbm", taken, NEWEST, tested_at, seed=0)


def test_with_one_origin_calibration_is_checked_on_other_customers_and_says_so() -> None:
    taken = [snapshot(as_of=instant) for instant in monthly(2)]
    candidate = try_candidate("logistic", taken, NEWEST, origins(taken, _definition(30, 0)), seed=0)
    assert candidate.calibration_checked_on == "other customers of the same period"


def test_a_period_in_which_all_did_the_same_is_refused() -> None:
    taken = [snapshot(as_of=instant, churned=1.0) for instant in monthly(3)]
    with pytest.raises(NotReady, match="leavers and stayers"):
        try_candidate("logistic", taken, NEWEST, origins(taken, _definition(30, 0)), seed=0)


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
    candidate = try_candidate("logistic", [taken], NEWEST, tested_at, seed=0)
    rows = np.array([[0.05, 0.5], [0.95, 0.5]])
    low, high = candidate.model.log_odds(rows)
    assert high > low + 1.0
