"""The trade of a company: its growth, its windows, and the clock that runs with it."""

from __future__ import annotations

import numpy as np
import pytest

from companies import FIRST_DAY, log_of
from training.calibration.trade import Trade, calendar_clock, trade_before


def _steady(days: int, *, a_day: int = 3, more_after: int | None = None) -> tuple[list, list]:
    """``a_day`` customers buy on each day; from a day on, twice as many."""
    customer, day = [], []
    for at in range(days):
        count = a_day * (2 if more_after is not None and at >= more_after else 1)
        customer += list(range(count))
        day += [at] * count
    return customer, day


def _before(day: int, pairs: tuple[list, list]) -> Trade:
    log = log_of(np.array(pairs[0]), np.array(pairs[1]))
    return trade_before(log, day + FIRST_DAY, horizon_days=90)


def test_steady_trade_has_no_growth_and_a_clock_of_days() -> None:
    trade = _before(800, _steady(800))
    assert trade.growth == 0.0
    assert trade.clock == pytest.approx(np.arange(801))


def test_a_log_shorter_than_a_year_tells_no_growth() -> None:
    assert _before(360, _steady(800, more_after=200)).growth == 0.0


def test_growth_from_year_to_year_is_taken_out() -> None:
    trade = _before(728, _steady(728, more_after=364))
    assert trade.growth == pytest.approx(np.log(2))
    first, last = (trade.log_total(FIRST_DAY + day, 90) for day in (0, 638))
    assert last - first == pytest.approx(np.log(2) * (1 - 638 / 364), abs=0.01)


def test_growth_is_believed_as_far_as_the_log_overlaps_the_year_before() -> None:
    trade = _before(364 + 45, _steady(409, more_after=364))
    assert trade.growth == pytest.approx(0.5 * np.log(2))


def test_the_clock_runs_faster_in_a_busy_season() -> None:
    trade = _before(300, _steady(300, more_after=150))
    assert trade.clock[300] == pytest.approx(300)
    assert (trade.clock[300] - trade.clock[200]) == pytest.approx(
        2 * (trade.clock[100] - trade.clock[0])
    )


def test_the_calendar_clock_shows_days() -> None:
    trade = calendar_clock(_before(300, _steady(300, more_after=150)))
    assert trade.clock == pytest.approx(np.arange(301))


def test_only_windows_inside_the_log_are_held() -> None:
    trade = _before(300, _steady(300))
    asked = [(0, 300), (-1, 10), (299, 1), (299, 2)]
    assert [trade.holds(FIRST_DAY + day, days) for day, days in asked] == [True, False, True, False]
