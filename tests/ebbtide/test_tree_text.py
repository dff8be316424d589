"""Texts of trees: what LightGBM and our forest write is sound, and no harmful change of it is."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ebbtide.errors import BundleError
from ebbtide.scorer.tree_text import MOST_DEPTH, check_tree_text
from training.models import boosting
from training.models.boosting import fit_boosting
from training.models.forest import fit_forest
from tree_texts import one_tree


@pytest.fixture(scope="module")
def texts():
    """A boosted model of a category and a number with a null, and a forest of them."""
    rng = np.random.default_rng(7)
    rows = np.column_stack([rng.integers(0, 5, 400), rng.random(400), rng.random(400)])
    rows[rng.random(400) < 0.3, 2] = np.nan
    churned = ((rows[:, 0] % 2 == 0) & (rows[:, 1] > 0.3)).astype(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(boosting.PARAMETERS, "num_boost_round", 4)
        boosted = fit_boosting(rows, churned, seed=1, categories={0: 5})[1]
    return {"boosted": boosted, "forest": fit_forest(rows, churned, seed=1, categories={0: 5})[1]}


@pytest.mark.parametrize("name", ["boosted", "forest"])
def test_what_training_writes_is_sound(texts, name) -> None:
    check_tree_text(texts[name])
    assert "num_cat=1" in texts["boosted"]


def test_a_tree_by_hand_is_sound() -> None:
    check_tree_text(one_tree([1, -1], [-3, -2]))
    check_tree_text(one_tree([], []))
    check_tree_text(one_tree([-1], [-2], threshold=["inf"]))


HARMFUL = {
    "a-child-that-points-back": one_tree([1, 0], [-3, -2]),
    "a-node-that-is-its-own-child": one_tree([1, 1], [-3, -2]),
    "a-ring-apart": one_tree([-1, 2, 1], [-2, -3, -4]),
    "two-parents": one_tree([1, 2, -1], [2, -2, -3]),
    "a-child-beyond": one_tree([1, -1], [-3, 900_000]),
    "a-leaf-beyond": one_tree([1, -1], [-3, -2_000_000]),
    "a-leaf-twice": one_tree([1, -1], [-1, -2]),
    "10^9-leaves": one_tree([1, -1], [-3, -2], num_leaves=10**9),
    "leaves-below-zero": one_tree([1, -1], [-3, -2], num_leaves=-3),
    "no-leaves": one_tree([1, -1], [-3, -2], num_leaves=0),
    "a-leaf-less": one_tree([1, -1], [-3, -2], leaf_value=[0.1, 0.2]),
    "a-threshold-less": one_tree([1, -1], [-3, -2], threshold=[0.1]),
    "a-feature-that-is-not-there": one_tree([1, -1], [-3, -2], split_feature=[0, 1]),
    "a-feature-below-zero": one_tree([1, -1], [-3, -2], split_feature=[0, -1]),
    "a-feature-too-large-to-be-held": one_tree([-1], [-2], split_feature=[10**30]),
    "a-leaf-of-nan": one_tree([-1], [-2], leaf_value=["nan", 1]),
    "a-leaf-of-infinity": one_tree([-1], [-2], leaf_value=["inf", 1]),
    "a-leaf-beyond-floats": one_tree([-1], [-2], leaf_value=["1e999", 1]),
    "a-threshold-of-nan": one_tree([-1], [-2], threshold=["nan"]),
    "a-split-of-nobody": one_tree([-1], [-2], internal_count=[0]),
    "a-leaf-of-nobody": one_tree([-1], [-2], leaf_count=[0, 2]),
    "an-unknown-way-to-split": one_tree([-1], [-2], decision_type=[512]),
    "linear-leaves": one_tree([-1], [-2], is_linear=1),
    "a-category-without-sets": one_tree([-1], [-2], decision_type=[1], threshold=[0]),
    "sets-that-nobody-splits-by": one_tree([-1], [-2], cat_boundaries=[0, 1], cat_threshold=[1]),
    "a-set-beyond-the-sets": one_tree(
        *([-1], [-2]), num_cat=1, decision_type=[1], threshold=[7], cat_boundaries=[0, 1],
        cat_threshold=[1],
    ),
    "sets-that-end-beyond": one_tree(
        *([-1], [-2]), num_cat=1, decision_type=[1], threshold=[0], cat_boundaries=[0, 10**6],
        cat_threshold=[1],
    ),
    "an-unknown-line": one_tree([-1], [-2], leaf_const=[0, 0]),
    "a-line-less": one_tree([-1], [-2], leaf_count=None),
    "too-deep": one_tree(
        [*range(1, MOST_DEPTH + 1), -1], [-at - 2 for at in range(MOST_DEPTH + 1)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", HARMFUL.values(), ids=HARMFUL)
def test_a_tree_that_could_do_harm_is_refused(text) -> None:
    with pytest.raises(BundleError, match="Nothing was loaded"):
        check_tree_text(text)


HEADS = {
    "another-version": ("version=v4", "version=v3"),
    "10^9-classes": ("num_class=1", "num_class=1000000000"),
    "10^9-trees-at-once": ("num_tree_per_iteration=1", "num_tree_per_iteration=1000000000"),
    "no-trees-at-once": ("num_tree_per_iteration=1", "num_tree_per_iteration=0"),
    "10^9-features": ("max_feature_idx=2", "max_feature_idx=999999999"),
    "another-number-of-features": ("max_feature_idx=2", "max_feature_idx=3"),
    "features-below-zero": ("max_feature_idx=2", "max_feature_idx=-2"),
    "another-objective": ("objective=binary sigmoid:1", "objective=custom"),
    "an-endless-line": ("objective=binary sigmoid:1", f"objective={'x' * 10**6}"),
    "a-name-twice": ("version=v4", "version=v4\nversion=v4"),
    "a-nul": ("feature_names=Column_0", "feature_names=Column\0"),
    "half-a-character": ("feature_names=Column_0", "feature_names=\ud800"),
    "no-first-line": ("tree\n", "shrub\n"),
    "what-python-would-parse": ("pandas_categorical:null", f"pandas_categorical:{'[' * 10**5}"),
}


@pytest.mark.parametrize(("old", "new"), HEADS.values(), ids=HEADS)
def test_a_head_that_could_do_harm_is_refused(texts, old, new) -> None:
    assert old in texts["boosted"]
    with pytest.raises(BundleError, match="Nothing was loaded"):
        check_tree_text(texts["boosted"].replace(old, new, 1))


@pytest.mark.parametrize(
    "first", ["-1", "0", "999999999", "1 " * 30_000 + "1"], ids=lambda s: s[:9]
)
def test_sizes_that_do_not_fit_are_refused(texts, first) -> None:
    sizes = re.sub(r"tree_sizes=\d+", f"tree_sizes={first}", texts["boosted"])
    with pytest.raises(BundleError, match="Nothing was loaded"):
        check_tree_text(sizes)


def test_a_text_that_is_cut_anywhere_is_refused(texts) -> None:
    text = texts["boosted"][: texts["boosted"].index("end of trees")]
    for end in range(0, len(text), 37):
        with pytest.raises(BundleError):
            check_tree_text(text[:end])
