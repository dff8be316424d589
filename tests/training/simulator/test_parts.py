"""Small parts whose answers a reader can work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.simulator.arrivals import Arrivals, arrivals_in_week
from training.simulator.complaints import IMPACTS, OPEN_FACTOR, Complaints, dissatisfaction
from training.simulator.effects import ACTION_CODES, betas
from training.simulator.episodes import CAUSE_NAMES, Episodes
from training.simulator.grid import Grid, window_weights
from training.simulator.intensity import season_table
from training.simulator.streams import stream


def one_episode(**changed: float) -> Episodes:
    told = {"cause": 1, "onset": 10.0, "floor": 0.2, "decay_weeks": 2.0, "recovers_at": np.inf}
    return Episodes(**{name: np.array([[value]]) for name, value in {**told, **changed}.items()})


@pytest.mark.parametrize(
    ("week", "left"),
    [(10, 1.0), (12, 0.2 + 0.8 * np.exp(-1)), (1_000, 0.2)],
    ids=["at the onset", "a time constant later", "in the end"],
)
def test_engagement_falls_to_its_floor(week: int, left: float) -> None:
    assert one_episode().factors(week).item() == pytest.approx(left)


def test_engagement_may_return() -> None:
    assert one_episode(recovers_at=20.0).factors(200).item() == pytest.approx(1.0)


def test_a_closed_case_heals_and_an_open_one_does_not() -> None:
    cases = Complaints(
        opened=Arrivals(customer=np.array([0, 1]), day=np.array([0, 0]), second=np.array([0, 0])),
        resolved_after_days=np.array([1.0, np.inf]),
        severity=np.array([4, 4]),
        category=np.array([0, 0]),
        channel=np.array([0, 0]),
        reopened=np.array([False, False]),
    )
    fall = dissatisfaction(cases, weeks=60, customers=2)
    worst = IMPACTS[3] * OPEN_FACTOR
    assert fall[0].tolist() == [0.0, 0.0]
    assert fall[1, 0] < worst
    assert fall[59, 0] == 0.0
    assert fall[1:, 1] == pytest.approx(worst)


def test_arrivals_are_as_many_as_expected_and_after_sign_up() -> None:
    signup_day = np.where(np.arange(20_000) < 10_000, 0, 16)
    drawn = arrivals_in_week(
        np.full(20_000, 0.7), week=2, signup_day=signup_day, rng=stream(1, "purchases")
    )
    early = drawn.customer < 10_000
    assert early.sum() == pytest.approx(7_000, abs=4 * 7_000**0.5)
    assert set(drawn.day[early]) == set(range(14, 21))
    assert set(drawn.day[~early]) == set(range(17, 21))


def test_window_weights_add_up_to_the_horizon() -> None:
    assert window_weights(gap_days=10, horizon_days=60).sum() * 7 == pytest.approx(60)


def test_a_season_averages_to_one_over_a_year() -> None:
    year = season_table(Grid(log_days=364, future_weeks=0))
    assert year.mean(axis=1) == pytest.approx(np.ones(len(year)), abs=0.02)
    assert (year > 0).all()


def test_streams_of_parts_and_weeks_differ() -> None:
    draws = [
        stream(1, "orders"),
        stream(1, "orders", week=1),
        stream(1, "activity"),
        stream(2, "orders"),
    ]
    assert len({rng.integers(2**60) for rng in draws}) == len(draws)


def test_an_action_answers_its_cause() -> None:
    causes = np.array([CAUSE_NAMES.index("service_failure"), CAUSE_NAMES.index("none")])
    beta = betas(causes, np.zeros((2, len(ACTION_CODES))))[:, ACTION_CODES.index("apology_call")]
    assert beta[0] > 1 > 0 > beta[1]
