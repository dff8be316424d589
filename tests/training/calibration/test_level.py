"""The level of the coming window is forecast from the past alone, and moved only on evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from companies import FIRST_DAY, at, came, company, log_of
from ebbtide.definition import ChurnDefinition
from ebbtide.errors import NotReady
from training.calibration.level import LevelShift, level_shift

if TYPE_CHECKING:
    from training.definition_lab.purchase_days import PurchaseDays

DEFINITION = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
DATES = (400, 470, 540, 610, 680)


def _forecast(log: PurchaseDays, day: int) -> LevelShift:
    return level_shift(log, DEFINITION, learned_at=at(day - 90), as_of=at(day), min_history_days=90)


@pytest.mark.parametrize(
    ("season", "yearly_growth"),
    [
        pytest.param(0.5, 0.0, id="a season"),
        pytest.param(0.5, 0.4, id="a season in a growing company"),
        pytest.param(0.4, -0.3, id="a season in a shrinking company"),
    ],
)
def test_a_season_that_returns_is_foreseen(season: float, yearly_growth: float) -> None:
    log = company(seed=1, season=season, yearly_growth=yearly_growth)
    forecasts = [_forecast(log, day) for day in DATES]
    truth = np.array([came(log, day) for day in DATES])
    carried = np.abs([each.learned_share for each in forecasts] - truth)
    expected = np.abs([each.expected_share for each in forecasts] - truth)
    assert {each.basis for each in forecasts} == {"customers and season"}
    assert carried.mean() > 0.04
    assert expected.mean() < 0.6 * carried.mean()
    assert expected.max() < 0.06


@pytest.mark.parametrize("yearly_growth", [0.0, 0.4])
def test_without_a_season_the_level_hardly_moves(yearly_growth: float) -> None:
    log = company(seed=2, yearly_growth=yearly_growth)
    for day in DATES[2:]:
        assert _forecast(log, day).expected_share == pytest.approx(came(log, day), abs=0.04)


def test_a_closed_cohort_that_falls_silent_is_no_season() -> None:
    log = company(seed=3, is_cohort=True)
    found = _forecast(log, 470)
    assert found.basis == "customers"
    assert (found.season, found.newcomers) == (0.0, 0.0)
    assert found.expected_share == pytest.approx(came(log, 470), abs=0.06)


def test_when_the_silent_drop_out_of_the_living_the_level_falls_with_them() -> None:
    """At day 470 those who came in the first days and never again no longer count as alive."""
    log = company(seed=4, is_cohort=True, customers=6_000)
    found = _forecast(log, 470)
    truth = came(log, 470)
    assert found.learned_share - truth > 0.04
    assert abs(found.expected_share - truth) < 0.02


def test_a_log_shorter_than_a_year_knows_no_season() -> None:
    found = _forecast(company(seed=5, season=0.5), 330)
    assert (found.basis, found.season, found.follows) == ("customers", 0.0, 0.0)
    assert found.expected_share == found.customers_share


def test_nothing_at_or_after_the_present_is_used() -> None:
    log = company(seed=6, season=0.5)
    before = log.day < 500 + FIRST_DAY
    cut = replace(
        log, customer=log.customer[before], day=log.day[before], known_day=log.known_day[before]
    )
    assert _forecast(log, 500) == _forecast(cut, 500)


def test_who_comes_later_does_not_change_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.calibration.crowd.MOST_CUSTOMERS", 1_000)
    log = company(seed=6, season=0.5)
    day = log.day - FIRST_DAY
    seen = day < 500
    alone = log_of(log.customer[seen], day[seen])
    assert 1_000 < len(alone.customer_ids) < len(log.customer_ids)
    assert _forecast(log, 500) == _forecast(alone, 500)


def test_what_became_known_later_is_not_used() -> None:
    log = company(seed=7, season=0.5)
    late = log.day >= 450 + FIRST_DAY
    hidden = replace(log, known_day=np.where(late, log.day + 1_000, log.day))
    dropped = replace(
        log, customer=log.customer[~late], day=log.day[~late], known_day=log.known_day[~late]
    )
    assert _forecast(hidden, 500) == _forecast(dropped, 500)


def test_trade_that_levels_never_followed_is_believed_less() -> None:
    """Trade rises in autumn only because more new customers come; the old buy as ever."""
    rng = np.random.default_rng(8)
    days = np.arange(-400, 800)
    arriving = 1 + 0.9 * np.cos(2 * np.pi * (days - 340) / 365)
    born = rng.choice(days, size=6_000, p=arriving / arriving.sum())
    who, when = np.nonzero(rng.random((6_000, 1_200)) < 1 / 60)
    lived = (days[when] >= born[who]) & (days[when] < born[who] + 250) & (days[when] >= 0)
    found = _forecast(log_of(who[lived], days[when][lived]), 610)
    assert abs(found.season) > 0.1
    assert found.follows < 0.8


def test_the_words_say_what_the_forecast_rests_on() -> None:
    words = _forecast(company(seed=9, season=0.5), 610).evidence
    assert words.startswith(("6", "7"))
    assert "A year ago, trade in the coming window was" in words
    assert LevelShift(
        basis="none", learned_share=0.5, expected_share=0.5, customers_share=0.5
    ).log_odds == pytest.approx(0.0)


def test_a_window_in_which_all_did_the_same_is_refused() -> None:
    everybody = np.repeat(np.arange(20), 300)
    log = log_of(everybody, np.tile(np.arange(300), 20))
    with pytest.raises(NotReady, match="one kind only"):
        _forecast(log, 299)
