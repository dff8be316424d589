"""Calibrators rise, survive the file, and are refused where they cannot be; so are intervals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebbtide.errors import BundleError
from ebbtide.scorer.calibrator import PlattCalibrator, logit, sigmoid
from ebbtide.scorer.calibrator_beta import BetaCalibrator
from ebbtide.scorer.calibrator_file import calibrator_file, read_calibrator
from ebbtide.scorer.calibrator_interval import ProbabilityInterval
from ebbtide.scorer.calibrator_isotonic import IsotonicCalibrator

if TYPE_CHECKING:
    from collections.abc import Callable

    from ebbtide.scorer.calibrator import Calibrator

CALIBRATORS: dict[str, Calibrator] = {
    "platt": PlattCalibrator(slope=0.8, intercept=-0.2),
    "beta": BetaCalibrator(low=0.4, high=1.7, intercept=0.3, offset=0.5),
    "isotonic": IsotonicCalibrator(
        scores=(-2.0, 0.0, 1.0), log_odds=(-1.5, -1.4, 2.0), tail_slope=0.7, offset=0.1
    ),
}
BAND = ProbabilityInterval(
    scores=(-1.0, 0.0, 2.0), below=(0.5, 0.1, 0.3), above=(0.2, 0.1, 0.9), level_spread=0.05
)
each_calibrator = pytest.mark.parametrize("kind", sorted(CALIBRATORS))
SCORES = np.linspace(-8, 8, 4001)


@each_calibrator
def test_a_higher_score_gets_a_higher_probability(kind: str) -> None:
    p_churn = CALIBRATORS[kind].probability(SCORES)
    assert (np.diff(p_churn) > 0).all()
    assert ((p_churn > 0) & (p_churn < 1)).all()


@each_calibrator
def test_the_file_gives_the_same_calibrator(kind: str) -> None:
    text = json.dumps(calibrator_file(CALIBRATORS[kind], BAND))
    assert read_calibrator(json.loads(text)) == (CALIBRATORS[kind], BAND)


@each_calibrator
def test_moved_takes_off_what_was_added_to_the_scores(kind: str) -> None:
    calibrator = CALIBRATORS[kind]
    moved = calibrator.moved(1.3).probability(SCORES + 1.3)
    assert moved == pytest.approx(calibrator.probability(SCORES), abs=1e-12)


@each_calibrator
def test_raised_adds_the_same_log_odds_to_everybody(kind: str) -> None:
    calibrator, near = CALIBRATORS[kind], SCORES[np.abs(SCORES) < 3]
    gained = logit(calibrator.raised(0.6).probability(near)) - logit(calibrator.probability(near))
    assert gained == pytest.approx(np.full(len(near), 0.6), abs=1e-9)


@pytest.mark.property
@each_calibrator
@given(scores=st.lists(st.floats(-30, 30), min_size=1, max_size=20))
def test_a_score_gets_the_same_bits_alone_and_in_a_batch(kind: str, scores: list[float]) -> None:
    calibrator = CALIBRATORS[kind]
    batch = calibrator.probability(np.array(scores))
    low, high = BAND.around(batch, log_odds=np.array(scores))
    for place, score in enumerate(scores):
        alone = calibrator.probability(np.array([score]))
        bounds = BAND.around(alone, log_odds=np.array([score]))
        assert (alone[0], bounds[0][0], bounds[1][0]) == (batch[place], low[place], high[place])


def test_beta_with_equal_slopes_is_the_line_of_platt() -> None:
    bent = BetaCalibrator(low=0.7, high=0.7, intercept=0.4)
    line = PlattCalibrator(slope=0.7, intercept=0.4)
    assert bent.probability(SCORES) == pytest.approx(line.probability(SCORES), abs=1e-12)


def test_the_staircase_goes_through_its_centres_and_on_beyond_them() -> None:
    steps = IsotonicCalibrator(scores=(0.0, 1.0), log_odds=(-1.0, 1.0), tail_slope=0.5)
    said = steps.probability(np.array([-2.0, 0.0, 0.5, 1.0, 3.0]))
    assert said == pytest.approx(sigmoid(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])))


def test_an_interval_holds_its_probability_and_widens_with_the_spread_of_levels() -> None:
    p_churn = CALIBRATORS["platt"].probability(SCORES)
    low, high = BAND.around(p_churn, log_odds=SCORES)
    assert ((low < p_churn) & (p_churn < high)).all()
    wider = ProbabilityInterval(
        scores=BAND.scores, below=BAND.below, above=BAND.above, level_spread=0.5
    ).around(p_churn, log_odds=SCORES)
    assert (wider[0] < low).all()
    assert (wider[1] > high).all()


def test_an_interval_moves_with_the_scores() -> None:
    p_churn = np.array([0.2, 0.7])
    at = np.array([-0.5, 1.5])
    here, there = (
        BAND.around(p_churn, log_odds=at),
        BAND.moved(2.0).around(p_churn, log_odds=at + 2),
    )
    assert np.concatenate(here) == pytest.approx(np.concatenate(there))


def _changed(kind: str, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    written = json.loads(json.dumps(calibrator_file(CALIBRATORS[kind], BAND)))
    change(written)
    return written  # type: ignore[no-any-return]


BROKEN: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("platt", lambda c: c.update(kind="venn"), "unknown-kind"),
    ("platt", lambda c: c.update(kind=["platt"]), "kind-is-a-list"),
    ("platt", lambda c: c.pop("slope"), "no-slope"),
    ("platt", lambda c: c.update(slope=0.0), "flat-line"),
    ("platt", lambda c: c.update(slope=-1.0), "falling-line"),
    ("platt", lambda c: c.update(slope="1"), "slope-is-text"),
    ("platt", lambda c: c.update(slope=True), "slope-is-a-flag"),
    ("platt", lambda c: c.update(intercept=float("nan")), "intercept-is-no-number"),
    ("platt", lambda c: c.update(intercept=10**400), "intercept-beyond-range"),
    ("beta", lambda c: c.update(low=0.0), "flat-below"),
    ("beta", lambda c: c.update(high=-0.1), "falling-above"),
    ("beta", lambda c: c.pop("offset"), "no-offset"),
    ("isotonic", lambda c: c["scores"].reverse(), "scores-fall"),
    ("isotonic", lambda c: c["log_odds"].__setitem__(1, c["log_odds"][0]), "a-step-is-flat"),
    ("isotonic", lambda c: c["log_odds"].append(3.0), "more-steps-than-scores"),
    ("isotonic", lambda c: c.update(scores=[0.0], log_odds=[0.0]), "one-block"),
    ("isotonic", lambda c: c.update(scores="012"), "scores-are-text"),
    ("isotonic", lambda c: c.update(tail_slope=0.0), "flat-tails"),
    ("isotonic", lambda c: c.update(scores=list(range(1_001))), "too-many-knots"),
    ("platt", lambda c: c["interval"].update(level_spread=-0.1), "negative-spread"),
    ("platt", lambda c: c["interval"]["below"].__setitem__(0, -0.1), "negative-room"),
    ("platt", lambda c: c["interval"]["above"].pop(), "room-lacks-a-knot"),
    ("platt", lambda c: c["interval"]["scores"].reverse(), "knots-fall"),
    ("platt", lambda c: c.update(interval=[]), "interval-is-a-list"),
]


@pytest.mark.parametrize(
    ("kind", "change"),
    [pytest.param(kind, change, id=name) for kind, change, name in BROKEN],
)
def test_a_map_that_cannot_be_is_refused(
    kind: str, change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(BundleError, match=r"Train again|train again"):
        read_calibrator(_changed(kind, change))


@pytest.mark.parametrize("read", [None, [], "platt", 3])
def test_what_is_no_object_is_refused(read: object) -> None:
    with pytest.raises(BundleError, match="Expected a calibrator"):
        read_calibrator(read)
