"""Scores: equal bits however rows are sent, contributions that add up, ranks that are ranks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from ebbtide.errors import BundleError
from ebbtide.scorer.blend import BlendModel, Member
from ebbtide.scorer.calibrator import PlattCalibrator, logit, sigmoid
from ebbtide.scorer.linear import read_linear
from ebbtide.scorer.ranks import MAX_KNOTS, RankScale, rank_columns
from ebbtide.scorer.scorer import RankedScorer, median_present
from ebbtide.scorer.trees import TreeModel
from features.catalogue.catalogue import features_named
from training.models import boosting
from training.models.boosting import fit_boosting
from training.models.forest import fit_forest
from training.models.forest_text import forest_text
from training.models.logistic import fit_logistic

KINDS = ("logistic", "random_forest", "lightgbm", "blend")
NAMES = ("recency_days", "spend_365d", "gap_mean_days", "complaint_open_days")
N = 700


def some_rows(seed=3, n=N):
    rng = np.random.default_rng(seed)
    rows = np.column_stack(
        [rng.integers(1, 300, n), rng.gamma(2, 50, n), rng.gamma(2, 9, n), rng.gamma(1, 9, n)]
    ).astype(float)
    rows[rng.random((n, 4)) < [0, 0, 0.3, 0.9]] = np.nan
    return rows, (rng.random(n) < sigmoid(rows[:, 0] / 80 - 1)).astype(float)


@pytest.fixture(scope="module")
def scorers():
    rows, churned = some_rows()
    scales = tuple(RankScale.of(column) for column in rows.T)
    ranked = rank_columns(scales, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(boosting.PARAMETERS, "num_boost_round", 30)
        models = {
            "logistic": read_linear(fit_logistic(ranked, churned, seed=1)[1]),
            "random_forest": TreeModel(fit_forest(ranked, churned, seed=1)[1], scale="probability"),
            "lightgbm": TreeModel(fit_boosting(ranked, churned, seed=1)[1], scale="log_odds"),
        }
    weights = {"logistic": 0.3, "random_forest": 2.5, "lightgbm": 0.6}
    members = tuple(Member(weight=weights[kind], model=each) for kind, each in models.items())
    models["blend"] = BlendModel(intercept=-1.5, members=members)
    return {
        kind: RankedScorer(
            features=tuple(feature.contract for feature in features_named(NAMES)),
            scales=scales,
            typical=np.array([median_present(column) for column in rows.T]),
            model=model,
            calibrator=PlattCalibrator(slope=0.8, intercept=-0.2),
        )
        for kind, model in models.items()
    }


every_kind = pytest.mark.parametrize("kind", KINDS)


def bits(scores, index):
    return scores.p_churn[index].tobytes() + scores.contributions[index].tobytes()


@every_kind
def test_a_row_gets_the_same_bits_alone_and_in_any_batch(scorers, kind) -> None:
    scorer = scorers[kind]
    rows, _ = some_rows(seed=4)
    together = scorer.score(rows)  # enough rows for several threads
    for index in range(0, N, 23):
        assert bits(scorer.score(rows[index : index + 1]), 0) == bits(together, index)
    for size in (2, 3, 7, 8, 9, 255, 256, 257):
        batch = scorer.score(rows[:size])
        assert all(bits(batch, i) == bits(together, i) for i in range(size)), size


@every_kind
def test_the_order_of_a_batch_changes_no_bit(scorers, kind) -> None:
    scorer = scorers[kind]
    rows, _ = some_rows(seed=5)
    order = np.random.default_rng(0).permutation(N)
    once, again = scorer.score(rows), scorer.score(rows[order])
    assert once.p_churn[order].tobytes() == again.p_churn.tobytes()
    assert once.contributions[order].tobytes() == again.contributions.tobytes()


@every_kind
def test_the_layout_of_memory_changes_no_bit(scorers, kind) -> None:
    scorer = scorers[kind]
    rows, _ = some_rows(seed=5)
    for laid_out in (np.asfortranarray(rows), np.repeat(rows, 2, axis=0)[::2]):
        assert scorer.score(laid_out).p_churn.tobytes() == scorer.score(rows).p_churn.tobytes()


@every_kind
def test_probabilities_alone_are_those_of_the_scores(scorers, kind) -> None:
    rows, _ = some_rows(seed=6)
    scorer = scorers[kind]
    assert scorer.p_churn(rows).tobytes() == scorer.score(rows).p_churn.tobytes()


@every_kind
def test_contributions_are_left_out_or_given_alone_without_another_bit(scorers, kind) -> None:
    rows, _ = some_rows(seed=6)
    scorer = scorers[kind]
    whole, plain = scorer.score(rows), scorer.score(rows, explain=False)
    assert plain.contributions is None
    assert plain.p_churn.tobytes() == whole.p_churn.tobytes()
    assert scorer.contributions(rows).tobytes() == whole.contributions.tobytes()


@every_kind
def test_scoring_leaves_the_rows_as_they_were(scorers, kind) -> None:
    rows, _ = some_rows(seed=6)
    before = rows.copy()
    scorers[kind].score(rows)
    assert rows.tobytes() == before.tobytes()


@every_kind
def test_contributions_and_a_base_add_up_to_the_raw_score(scorers, kind) -> None:
    scorer = scorers[kind]
    rows, _ = some_rows(seed=7)
    ranked = rank_columns(scorer.scales, rows)
    base = scorer.model.raw(ranked) - scorer.model.contributions(ranked).sum(axis=1)
    np.testing.assert_allclose(base, base[0], rtol=0, atol=1e-12)


@every_kind
def test_a_row_of_nothing_known_gets_a_probability(scorers, kind) -> None:
    scores = scorers[kind].score(np.full((1, len(NAMES)), np.nan))
    assert 0 < scores.p_churn[0] < 1
    assert np.isfinite(scores.contributions).all()


@every_kind
def test_extreme_values_stay_within_zero_and_one(scorers, kind) -> None:
    rows = np.array([[1e300] * 4, [-1e300] * 4, [0.0] * 4])
    p_churn = scorers[kind].p_churn(rows)
    assert ((p_churn >= 0) & (p_churn <= 1)).all()


@every_kind
def test_longer_silence_is_riskier_in_what_was_learnt(scorers, kind) -> None:
    rows = np.tile(np.array([[0.0, 90.0, 20.0, np.nan]]), (2, 1))
    rows[:, 0] = 5, 290
    fresh, silent = scorers[kind].p_churn(rows)
    assert silent > fresh


def test_a_text_that_is_no_model_is_refused() -> None:
    with pytest.raises(BundleError, match="LightGBM's text format"):
        TreeModel("no model", scale="log_odds")


FORESTS = [
    pytest.param({"min_samples_leaf": 5}, 0.2, id="usual"),
    pytest.param({"min_samples_leaf": 5}, 0.0, id="nothing-missing-in-training"),
    pytest.param({"max_leaf_nodes": 2}, 0.2, id="stumps"),
    pytest.param({"min_samples_leaf": 200}, 0.2, id="single-leaves"),
    pytest.param({"min_samples_leaf": 1}, 0.5, id="deep"),
    pytest.param({"class_weight": "balanced", "min_samples_leaf": 9}, 0.2, id="weighted"),
]


@pytest.mark.parametrize(("given", "missing"), FORESTS)
def test_a_forest_as_text_scores_as_in_scikit_learn(given, missing) -> None:
    rng = np.random.default_rng(0)
    ranked = rng.random((300, 3)).astype(np.float32).astype(float)
    churned = (rng.random(300) < ranked[:, 0]).astype(float)
    ranked[rng.random(ranked.shape) < missing] = np.nan
    forest = RandomForestClassifier(n_estimators=9, random_state=0, **given).fit(ranked, churned)
    new = rng.random((400, 3)).astype(np.float32).astype(float)
    new[rng.random(new.shape) < 0.2] = np.nan
    thresholds = [t for tree in forest.estimators_ for t in tree.tree_.threshold if 0 < t < 1]
    exact = np.resize(np.array(thresholds or [0.5]), (50, 3)).astype(np.float32).astype(float)
    new = np.vstack([new, exact])
    read = TreeModel(forest_text(forest), scale="probability")
    expected = forest.predict_proba(new)[:, 1]
    inside = (expected > 2e-4) & (expected < 1 - 2e-4)
    found = sigmoid(read.log_odds(new))
    np.testing.assert_allclose(found[inside], expected[inside], rtol=0, atol=1e-12)
    assert (np.abs(found - expected) <= 1e-4 + 1e-12).all()
    base = expected - read.contributions(new).sum(axis=1)
    np.testing.assert_allclose(base, base[0], rtol=0, atol=1e-12)


def test_a_forest_of_both_kinds_of_tree_is_read() -> None:
    rng = np.random.default_rng(1)
    ranked = rng.random((60, 2)).astype(np.float32).astype(float)
    churned = (rng.random(60) < ranked[:, 0]).astype(float)
    forest = RandomForestClassifier(
        n_estimators=40, min_samples_leaf=20, random_state=0, max_features=1
    ).fit(ranked, churned)
    sizes = {tree.tree_.node_count for tree in forest.estimators_}
    assert 1 in sizes
    assert len(sizes) > 1
    read = TreeModel(forest_text(forest), scale="probability")
    np.testing.assert_allclose(
        sigmoid(read.log_odds(ranked)), forest.predict_proba(ranked)[:, 1], rtol=0, atol=1e-12
    )


finite = st.floats(-1e6, 1e6) | st.integers(0, 5).map(float)
columns = st.lists(finite | st.just(float("nan")), min_size=1, max_size=60).map(np.array)


@pytest.mark.property
@settings(max_examples=100)
@given(column=columns, probes=st.lists(finite, min_size=2, max_size=30).map(np.array))
def test_ranks_rise_with_values_and_stay_within_zero_and_one(column, probes) -> None:
    ranks = RankScale.of(column).rank(np.sort(probes))
    if np.isnan(column).all():
        assert np.isnan(ranks).all()
        return
    assert (np.diff(ranks) >= 0).all()
    assert ((ranks >= 0) & (ranks <= 1)).all()


@pytest.mark.property
@settings(max_examples=50)
@given(column=columns, seed=st.integers(0, 99))
def test_a_scale_does_not_depend_on_the_order_of_customers(column, seed) -> None:
    shuffled = np.random.default_rng(seed).permutation(column)
    assert RankScale.of(column) == RankScale.of(shuffled)


@pytest.mark.property
@settings(max_examples=50)
@given(column=columns)
def test_the_reference_itself_gets_its_mid_ranks(column) -> None:
    present = column[~np.isnan(column)]
    below = np.array([(present < value).mean() for value in present])
    tied = np.array([(present == value).mean() for value in present])
    np.testing.assert_allclose(
        RankScale.of(column).rank(present), below + tied / 2, rtol=0, atol=1e-7
    )


@pytest.mark.parametrize("skewed", [False, True], ids=["even", "skewed"])
def test_a_scale_of_many_values_keeps_its_size_its_ends_and_its_ranks(skewed) -> None:
    column = np.arange(10_000.0)
    column = np.exp(column / 500) if skewed else column
    scale = RankScale.of(column)
    assert len(scale.values) == len(scale.ranks) <= MAX_KNOTS
    assert (scale.values[0], scale.values[-1]) == (column[0], column[-1])
    exact = (np.arange(10_000) + 0.5) / 10_000
    assert np.abs(scale.rank(column) - exact).max() < 1 / MAX_KNOTS


def test_a_frequent_value_keeps_its_rank_among_many_others() -> None:
    column = np.concatenate([np.zeros(6000), np.arange(1, 4001)])
    scale = RankScale.of(column)
    assert len(scale.values) <= MAX_KNOTS
    assert scale.rank(np.array([0.0]))[0] == np.float32(0.3)


def test_a_missing_value_has_no_rank_even_where_all_others_are_equal() -> None:
    ranks = RankScale.of(np.array([4.0, np.nan])).rank(np.array([3.0, 4.0, 5.0, np.nan]))
    np.testing.assert_array_equal(ranks, [0.5, 0.5, 0.5, np.nan])


def test_ranks_are_in_single_precision_so_that_forests_split_alike() -> None:
    ranks = RankScale.of(np.arange(7.0)).rank(np.linspace(0, 6, 50))
    np.testing.assert_array_equal(ranks, ranks.astype(np.float32))


@pytest.mark.parametrize(
    ("column", "median"),
    [
        pytest.param([1.0, 3.0, np.nan], 2.0, id="mostly-there"),
        pytest.param([1.0, np.nan], 1.0, id="half-there"),
        pytest.param([1.0, np.nan, np.nan], np.nan, id="mostly-missing"),
    ],
)
def test_a_value_is_typical_where_most_customers_have_one(column, median) -> None:
    np.testing.assert_equal(median_present(np.array(column)), median)


@pytest.mark.property
@settings(max_examples=50)
@given(z=st.lists(st.floats(-9, 9), min_size=2, max_size=20).map(np.array))
def test_calibration_keeps_the_order_of_customers(z) -> None:
    p = PlattCalibrator(slope=0.7, intercept=-1.0).probability(np.sort(z))
    assert (np.diff(p) >= 0).all()
    assert ((p > 0) & (p < 1)).all()
    np.testing.assert_allclose(logit(sigmoid(z)), z, atol=1e-9)


def test_the_logistic_curve_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_a_split_of_the_missing_from_all_others_is_read() -> None:
    ranked = np.array([[0.1], [0.5], [0.9], [np.nan], [np.nan], [np.nan]] * 20)
    churned = np.isnan(ranked[:, 0]).astype(float)
    forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(ranked, churned)
    assert np.inf in forest.estimators_[0].tree_.threshold  # how scikit-learn writes such a split
    read = TreeModel(forest_text(forest), scale="probability")
    assert (read.log_odds(np.array([[0.0], [1.0], [np.nan]])) > 0).tolist() == [False, False, True]
    assert (read.contributions(np.array([[0.0], [np.nan]]))[:, 0] > 0).tolist() == [False, True]
