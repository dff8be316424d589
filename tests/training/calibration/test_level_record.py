"""Forecasts of the past, as they would have been made, and what follows from how they did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from companies import FIRST_DAY, at, came, company
from ebbtide.definition import ChurnDefinition
from ebbtide.scorer.calibrator import PlattCalibrator
from training.calibration import foresee, handed_on
from training.calibration.level import Basis, LevelShift, log_odds_of, share_that_churned
from training.calibration.level_record import LevelRecord, PastForecast, level_record

DEFINITION = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)


def _past(
    *, learned: float, expected: float, share: float, basis: Basis = "customers"
) -> PastForecast:
    shift = LevelShift(
        basis=basis, learned_share=learned, expected_share=expected, customers_share=expected
    )
    return PastForecast(as_of=at(0), shift=shift, came_share=share)


GOOD = _past(learned=0.5, expected=0.6, share=0.61)
BAD = _past(learned=0.5, expected=0.6, share=0.49)


def test_forecasts_that_were_worse_than_not_moving_are_not_believed() -> None:
    next_one = _past(learned=0.4, expected=0.5, share=0.5).shift
    refuted = LevelRecord(forecasts=(BAD, BAD, GOOD, BAD)).believed(next_one)
    assert (refuted.basis, refuted.expected_share, refuted.log_odds) == ("none", 0.4, 0.0)
    assert LevelRecord(forecasts=(GOOD, GOOD, BAD)).believed(next_one) == next_one


def test_one_window_refutes_nothing_and_another_ground_neither() -> None:
    season = _past(learned=0.4, expected=0.5, share=0.5, basis="customers and season").shift
    assert not LevelRecord(forecasts=(BAD, BAD)).refutes(BAD.shift)
    assert not LevelRecord(forecasts=(BAD, BAD, BAD, BAD)).refutes(season)


def test_the_spread_starts_at_a_prior_and_follows_the_errors() -> None:
    assert LevelRecord(forecasts=()).spread == pytest.approx(0.2)
    error = abs(log_odds_of(0.6) - log_odds_of(0.49))
    expected = np.sqrt((0.2**2 + 2 * error**2) / 3)
    assert LevelRecord(forecasts=(BAD, BAD)).spread == pytest.approx(expected)


def test_the_record_is_what_would_have_been_said_then() -> None:
    log = company(seed=1, season=0.5)
    record = level_record(log, DEFINITION, now=at(700), min_history_days=90)
    assert len(record.forecasts) == 6
    latest = record.forecasts[0]
    assert latest.as_of == at(610)
    assert latest.came_share == pytest.approx(came(log, 610))
    assert latest.shift.learned_share == pytest.approx(came(log, 520))
    assert record.spread < 0.3


def test_a_young_log_has_no_record() -> None:
    log = company(seed=2)
    assert level_record(log, DEFINITION, now=at(200), min_history_days=90).forecasts == ()


def test_a_share_counts_only_purchases_that_were_known() -> None:
    log = company(seed=3)
    known = share_that_churned(log, DEFINITION, at=at(400), now=at(490))
    early = share_that_churned(log, DEFINITION, at=at(400), now=at(420))
    assert known == pytest.approx(came(log, 400))
    assert early > known


def test_a_calibrator_is_handed_on_at_the_level_that_was_foreseen() -> None:
    log = company(seed=4, season=0.5)
    foreseen = foresee(log, DEFINITION, learned_at=at(520), as_of=at(610), min_history_days=90)
    said = np.random.default_rng(0).normal(0, 1, 2_000)
    line = PlattCalibrator(slope=1.1, intercept=0.2)
    served = handed_on(line, before=said, after=said + 0.5, foreseen=foreseen)
    kept = handed_on(line, before=said, after=said + 0.5, foreseen=None)
    share = float(served.probability(said + 0.5).mean())
    assert share == pytest.approx(foreseen.shift.expected_share, abs=1e-9)
    assert kept.probability(said + 0.5) == pytest.approx(line.probability(said))
    assert set(foreseen.to_json()) >= {"basis", "log_odds", "evidence", "spread", "record"}


def test_a_window_in_which_nobody_stayed_widens_no_interval() -> None:
    log = company(seed=8, season=0.3)
    before = log.day < 500 + FIRST_DAY
    cut = replace(
        log, customer=log.customer[before], day=log.day[before], known_day=log.known_day[before]
    )
    found = level_record(cut, DEFINITION, now=at(590), min_history_days=90)
    assert found.forecasts
    assert all(0 < each.came_share < 1 for each in found.forecasts)
    assert found.spread < 5
