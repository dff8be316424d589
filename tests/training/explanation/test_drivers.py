"""Drivers: mean sizes of exact contributions, with a direction where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from ebbtide.contracts.feature import FeatureContract
from ebbtide.contracts.learned import Learned
from ebbtide.drivers import Drivers
from ebbtide.scorer.calibrator import PlattCalibrator
from ebbtide.scorer.categories import CategoryScale
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.ranks import RankScale
from ebbtide.scorer.scorer import RankedScorer
from ebbtide.words import Words
from training.explanation.drivers import MAX_ROWS, direction, drivers


def contract(name, family, cause, learned=None):
    return FeatureContract(
        name=name,
        family=family,
        table="transactions",
        unit="days",
        meaning=name,
        reason=Words("{value}", "{value}"),
        cause=cause,
        learned=learned,
    )


PLANS = Learned(kind="category", categories=("basic", "gold"))


@pytest.fixture
def scorer():
    """Two features of one family that say the opposite, one that falls, and a category."""
    zero = np.zeros(4)
    return RankedScorer(
        features=(
            contract("silence", "recency", "disengagement"),
            contract("presence", "recency", "disengagement"),
            contract("spend", "monetary", "value_for_money"),
            contract("plan", "plan", "value_for_money", PLANS),
        ),
        scales=(*(RankScale(values=(0.0, 1.0), ranks=(0.0, 1.0)),) * 3, CategoryScale(count=2)),
        typical=zero,
        model=LinearModel(
            intercept=0.3,
            weights=np.array([4.0, -3.0, -2.0, 0.0]),
            missing_weights=zero,
            centers=np.array([0.5, 0.5, 0.5, 0.0]),
            missing_centers=zero,
            categories={3: np.array([0.25, -0.25, 0.0, 0.0])},
        ),
        calibrator=PlattCalibrator(slope=1.0, intercept=0.0),
    )


@pytest.fixture
def rows():
    """All corners: the first two features move together, the others on their own."""
    corners = [(a, a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    return np.array(corners * 5, dtype=np.float64)


def test_sizes_are_means_over_customers_and_shares_add_up(scorer, rows):
    found = drivers(scorer, rows)
    assert [(d.name, d.mean_abs_contribution) for d in found.features] == [
        ("silence", 2.0),
        ("presence", 1.5),
        ("spend", 1.0),
        ("plan", 0.25),
    ]
    assert [d.share for d in found.features] == [2 / 4.75, 1.5 / 4.75, 1 / 4.75, 0.25 / 4.75]
    assert found.n_rows == 40


def test_features_of_a_group_that_say_the_opposite_cancel_out(scorer, rows):
    found = drivers(scorer, rows)
    assert [(g.name, g.mean_abs_contribution) for g in found.families] == [
        ("monetary", 1.0),
        ("recency", 0.5),
        ("plan", 0.25),
    ]
    assert [(g.name, g.mean_abs_contribution) for g in found.causes] == [
        ("value_for_money", 1.0),
        ("disengagement", 0.5),
    ]
    assert [g.share for g in found.causes] == [1 / 1.5, 0.5 / 1.5]


def test_a_direction_is_that_of_the_score_and_categories_have_none(scorer, rows):
    found = drivers(scorer, rows)
    assert {d.name: d.direction for d in found.features} == {
        "silence": 1,
        "presence": -1,
        "spend": -1,
        "plan": 0,
    }


def test_what_the_bundle_keeps_is_read_back(scorer, rows):
    found = drivers(scorer, rows)
    assert Drivers.from_json(found.to_json()) == found
    assert found.are_of(scorer.features)
    assert not found.are_of(scorer.features[:3])


def test_a_model_that_never_moves_has_drivers_of_no_share(scorer, rows):
    found = drivers(scorer, np.tile(rows[:1] * 0 + 0.5, (30, 1)) * [1, 1, 1, 4])
    assert {d.share for d in found.features} == {0.0}
    assert found.are_of(scorer.features)


def test_of_many_customers_the_same_ones_are_taken_from_end_to_end(scorer, rows):
    many = np.vstack([rows] * 200)
    found = drivers(scorer, many)
    assert found.n_rows == MAX_ROWS
    assert found == drivers(scorer, many)
    assert drivers(scorer, many[:1]).n_rows == 1


@pytest.mark.parametrize(
    ("ranked", "contributions", "expected"),
    [
        pytest.param(np.linspace(0, 1, 40), np.full(40, 0.1), 0, id="never-moves"),
        pytest.param(np.full(40, 0.5), np.linspace(0, 1, 40), 0, id="one-value"),
        pytest.param(np.linspace(0, 1, 19), np.linspace(0, 1, 19), 0, id="too-few"),
        pytest.param(
            np.append(np.full(30, np.nan), np.linspace(0, 1, 40)),
            np.append(np.full(30, 9.0), -np.linspace(0, 1, 40)),
            -1,
            id="missing-ones-take-no-part",
        ),
    ],
)
def test_no_direction_is_made_up(ranked, contributions, expected):
    assert direction(ranked, contributions) == expected
