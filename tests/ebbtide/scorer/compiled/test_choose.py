"""Compiled scorers: the same answers as LightGBM and numpy give, in any batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ebbtide.scorer.blend import BlendModel, Member
from ebbtide.scorer.calibrator import PlattCalibrator, sigmoid
from ebbtide.scorer.calibrator_interval import ProbabilityInterval
from ebbtide.scorer.categories import CategoryScale, category_sizes
from ebbtide.scorer.compiled import choose
from ebbtide.scorer.compiled.choose import compiled_scorer
from ebbtide.scorer.horizons import HorizonModel
from ebbtide.scorer.linear import LinearModel, read_linear
from ebbtide.scorer.ranks import RankScale, rank_columns
from ebbtide.scorer.scorer import RankedScorer
from ebbtide.scorer.trees import TreeModel
from features.catalogue.catalogue import features_named
from training.models import boosting
from training.models.boosting import fit_boosting
from training.models.forest import fit_forest
from training.models.logistic import fit_logistic

NAMES = ("recency_days", "spend_365d", "gap_mean_days", "complaint_open_days", "products_90d")
KINDS = ("logistic", "random_forest", "lightgbm", "blend")
N = 300


def some_rows(seed=3, n=N):
    rng = np.random.default_rng(seed)
    columns = [rng.integers(1, 300, n), rng.gamma(2, 50, n), rng.gamma(2, 9, n), rng.gamma(1, 9, n)]
    rows = np.column_stack([*columns, rng.integers(-1, 6, n)]).astype(float)
    rows[rng.random((n, 5)) < [0, 0, 0.3, 0.9, 0.1]] = np.nan
    return rows, (rng.random(n) < sigmoid(rows[:, 0] / 80 - 1)).astype(float)


def part(seed):
    rng = np.random.default_rng(seed)
    weights, missing = rng.normal(size=(2, 5))
    centers = np.full(5, 0.5)
    return LinearModel(
        intercept=-0.3,
        weights=weights,
        missing_weights=missing,
        centers=centers,
        missing_centers=centers / 5,
    )


@pytest.fixture(scope="module")
def scorers():
    rows, churned = some_rows(n=900)
    scales = (*(RankScale.of(column) for column in rows.T[:4]), CategoryScale(count=4))
    ranked = rank_columns(scales, rows)
    sizes = category_sizes(scales)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(boosting.PARAMETERS, "num_boost_round", 30)
        models = {
            "logistic": read_linear(fit_logistic(ranked, churned, seed=1, categories=sizes)[1]),
            "random_forest": TreeModel(
                fit_forest(ranked, churned, seed=1, categories=sizes)[1], scale="probability"
            ),
            "lightgbm": TreeModel(
                fit_boosting(ranked, churned, seed=1, categories=sizes)[1], scale="log_odds"
            ),
        }
    members = tuple(Member(weight=0.7, model=each) for each in models.values())
    models["blend"] = BlendModel(intercept=-1.5, members=members)
    return {
        kind: RankedScorer(
            features=tuple(feature.contract for feature in features_named(NAMES)),
            scales=scales,
            typical=np.zeros(5),
            model=model,
            calibrator=PlattCalibrator(slope=0.8, intercept=-0.2),
            interval=ProbabilityInterval(
                scores=(-1.0, 1.0), below=(0.1, 0.2), above=(0.2, 0.3), level_spread=0.1
            ),
            horizons=HorizonModel(
                days=(0, 30, 60, 90),
                anchor_day=30,
                before=(part(1),),
                after=(part(2), part(3)),
                payment=part(4),
            ),
        )
        for kind, model in models.items()
    }


every_kind = pytest.mark.parametrize("kind", KINDS)


def numbers(scores):
    curves = scores.risk_by_day
    parts = [scores.p_churn[:, None], *(bound[:, None] for bound in scores.bounds)]
    explained = [] if scores.contributions is None else [scores.contributions]
    return np.hstack([*parts, curves.probability, *curves.by_cause.values(), *explained])


@every_kind
def test_all_numbers_are_those_of_lightgbm_and_numpy(scorers, kind) -> None:
    rows, _ = some_rows(seed=4)
    fast = compiled_scorer(scorers[kind])
    assert fast.kernel == "compiled"
    for explain in (True, False):
        found = numbers(fast.score(rows, explain=explain))
        expected = numbers(scorers[kind].score(rows, explain=explain))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@every_kind
def test_a_row_gets_the_same_bits_alone_and_in_any_batch(scorers, kind) -> None:
    fast = compiled_scorer(scorers[kind])
    rows, _ = some_rows(seed=5)
    together = numbers(fast.score(rows))
    for size in (1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 63, 64, 65, 129):
        start = size % 7
        batch = numbers(fast.score(rows[start : start + size]))
        assert batch.tobytes() == together[start : start + size].tobytes(), size


@every_kind
def test_contributions_alone_and_left_out_have_the_same_bits(scorers, kind) -> None:
    fast = compiled_scorer(scorers[kind])
    rows, _ = some_rows(seed=6)
    whole, plain = fast.score(rows), fast.score(rows, explain=False)
    assert plain.contributions is None
    assert plain.p_churn.tobytes() == whole.p_churn.tobytes() == fast.p_churn(rows).tobytes()
    assert fast.contributions(rows).tobytes() == whole.contributions.tobytes()


@every_kind
def test_no_rows_get_no_scores_and_rows_of_any_layout_the_same(scorers, kind) -> None:
    fast = compiled_scorer(scorers[kind])
    rows, _ = some_rows(seed=6)
    assert numbers(fast.score(rows[:0])).shape[0] == 0
    expected = numbers(fast.score(rows)).tobytes()
    for laid_out in (np.asfortranarray(rows), np.repeat(rows, 2, axis=0)[::2]):
        before = laid_out.tobytes()
        assert numbers(fast.score(laid_out)).tobytes() == expected
        assert laid_out.tobytes() == before


def test_extreme_values_have_the_answers_of_lightgbm_and_numpy(scorers) -> None:
    extremes = [0.0, -0.0, 1e300, -1e300, np.inf, -np.inf, np.nan, 1e-320, 2.0**31, -0.5, 3.9]
    rows = np.array([[value] * 5 for value in extremes])
    for kind in KINDS:
        found = numbers(compiled_scorer(scorers[kind]).score(rows))
        expected = numbers(scorers[kind].score(rows))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_without_numba_the_scorer_stays_as_it_is(scorers, monkeypatch) -> None:
    monkeypatch.setattr(choose, "find_spec", lambda name: None)
    scorer = scorers["blend"]
    assert compiled_scorer(scorer) is scorer
    assert scorer.kernel == "lightgbm"


def test_trees_of_an_unknown_kind_stay_with_lightgbm(scorers) -> None:
    text = scorers["lightgbm"].model.text.replace("num_class=1", "num_class=1\naverage_output", 1)
    scorer = replace(scorers["lightgbm"], model=TreeModel(text, scale="log_odds"))
    fast = compiled_scorer(scorer)
    assert fast.kernel == "lightgbm"
    rows, _ = some_rows(seed=4)
    np.testing.assert_allclose(
        numbers(fast.score(rows)), numbers(scorer.score(rows)), rtol=0, atol=1e-12
    )


def test_rows_of_other_width_are_refused(scorers) -> None:
    fast = compiled_scorer(scorers["blend"])
    for compute in (fast.ranker, fast.model.raw, fast.model.contributions):
        with pytest.raises(ValueError, match="5 features"):
            compute(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="5 features"):
        fast.curves.curves(np.zeros(2), np.zeros((2, 4)))
