"""A challenger and the champion are compared only where that is fair, and in counts only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from ebbtide.definition import ChurnDefinition
from ebbtide.evaluation_settings import EvaluationSettings
from ebbtide.policy.policy import Bands
from training.against import Against, against_champion, moves_between
from training.evaluation.judged import Judged

N = 400
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
DEFINITION = ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365)
SETTINGS = EvaluationSettings(resamples=200)
BANDS = Bands(high=0.6, medium=0.3)
RISK = np.linspace(0.02, 0.98, N)
CHURNED = (np.random.default_rng(1).random(N) < RISK) * 1.0


def feature(name, *, learned=None):
    return SimpleNamespace(
        name=name,
        is_categorical=learned is not None,
        learned=learned,
        contract=SimpleNamespace(name=name, learned=learned),
    )


def scorer(column, features=("risk",)):
    """Reads a probability from a column."""
    return SimpleNamespace(
        features=[feature(name) for name in features], p_churn=lambda rows: rows[:, column]
    )


def trained(as_of=AS_OF, features=("noise", "risk")):
    """The challenger's promises are the risk itself."""
    rows = np.stack([RISK[::-1], RISK], axis=1)
    best = SimpleNamespace(
        judged=(
            Judged(
                as_of=as_of,
                customer_ids=np.arange(N).astype(str),
                churned=CHURNED,
                log_odds=RISK,
                p_churn=RISK,
                rules={},
                value=np.full(N, np.nan),
            ),
        )
    )
    return SimpleNamespace(
        features=[feature(name) for name in features],
        snapshots=(SimpleNamespace(as_of=AS_OF, rows=rows),),
        newest=SimpleNamespace(rows=rows),
        best=best,
        scorer=lambda _: scorer(1),
    )


def champion(*, trained_as_of=AS_OF, snapshots=(), features=("risk",), definition=DEFINITION):
    return SimpleNamespace(
        version="abc",
        definition=definition,
        scorer=scorer(0, features),
        manifest={
            "lineage": {
                "trained_as_of": trained_as_of.isoformat(),
                "snapshots": [each.isoformat() for each in snapshots],
            }
        },
    )


def compare(made=None, before=None) -> Against:
    return against_champion(
        made or trained(),
        before or champion(),
        definition_code=DEFINITION.code,
        settings=SETTINGS,
        bands=BANDS,
        seed=0,
    )


def test_the_champion_reads_its_own_columns_wherever_they_stand() -> None:
    found = compare()
    assert found.differences["auc"].value == pytest.approx(0.0)
    worse = compare(before=champion(features=("noise",)))
    assert worse.differences["auc"].low > 0.5


def test_a_champion_that_was_trained_before_the_period_knew_nothing() -> None:
    found = compare()
    assert (found.day, found.n, found.knew) == ("2026-03-01", N, "nothing")
    assert found.n_churned == CHURNED.sum()


def test_a_champion_that_was_trained_later_knew_a_part() -> None:
    later = champion(trained_as_of=AS_OF + timedelta(days=30))
    found = compare(before=later)
    assert found.knew == "part"
    assert "auc" in found.differences


def test_a_champion_that_learned_these_outcomes_is_not_measured_on_them() -> None:
    learned = champion(trained_as_of=AS_OF + timedelta(days=90), snapshots=[AS_OF])
    found = compare(before=learned)
    assert found.knew == "all"
    assert found.differences == {}
    assert found.moves is not None


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (champion(features=("gone",)), "gone among them"),
        (champion(definition=replace(DEFINITION, horizon_days=60)), "means another thing"),
    ],
    ids=["a feature is gone", "another definition"],
)
def test_what_cannot_be_compared_is_said(before, said) -> None:
    found = compare(before=before)
    assert said in found.why_not
    assert found.moves is None
    assert found.differences == {}


def test_without_dates_only_those_who_live_now_are_counted() -> None:
    found = compare(made=trained(as_of=None))
    assert "Without dates" in found.why_not
    assert found.differences == {}
    assert found.moves is not None


def test_moves_count_bands_and_the_list() -> None:
    before = np.array([0.1, 0.4, 0.7, 0.9])
    after = np.array([0.4, 0.4, 0.2, 0.9])
    moves = moves_between(before, after, bands=BANDS, capacity=0.5)
    assert moves.by_band == ((0, 1, 0), (0, 1, 0), (1, 0, 1))
    assert (moves.rises, moves.falls, moves.n) == (1, 1, 4)
    assert (moves.listed, moves.on_both) == (2, 1)
    assert (moves.mean_before, moves.mean_after) == pytest.approx((0.525, 0.475))


def test_a_probability_on_the_border_is_in_the_band_of_the_policy() -> None:
    at = np.array([0.3, 0.6])
    moves = moves_between(at, at, bands=BANDS, capacity=0.5)
    assert [BANDS.of(p) for p in at] == ["medium", "high"]
    assert moves.by_band == ((0, 0, 0), (0, 1, 0), (0, 0, 1))


def test_what_was_kept_reads_back_as_it_was() -> None:
    for found in (compare(), compare(before=champion(features=("gone",)))):
        assert Against.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_what_is_no_comparison_is_refused() -> None:
    written = compare().to_json()
    with pytest.raises(ValueError, match="expected one of"):
        Against.from_json({**written, "knew": "everything"})
