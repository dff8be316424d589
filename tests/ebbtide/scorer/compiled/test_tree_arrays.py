"""Trees as arrays: what is read, and that nothing malformed reaches compiled code."""

from __future__ import annotations

import re

import pytest

from ebbtide.errors import BundleError
from ebbtide.scorer.compiled.tree_arrays import read_trees

TEXT = """tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=2

Tree=0
num_leaves=4
num_cat=1
split_feature=2 0 1
threshold=0.5 0 0.25
decision_type=10 1 8
left_child=2 -1 -3
right_child=1 -2 -4
leaf_value=0.1 0.2 0.3 0.4
leaf_count=3 4 5 6
internal_count=18 7 11
cat_boundaries=0 2
cat_threshold=5 1
is_linear=0


end of trees
"""


def test_leaves_are_numbered_from_left_to_right_and_parents_come_first() -> None:
    (tree,) = read_trees(TEXT)
    assert tree.feature.tolist() == [2, 1, 0]
    assert tree.left.tolist() == [1, 3 + 0, 3 + 2]
    assert tree.right.tolist() == [2, 3 + 1, 3 + 3]
    assert tree.leaves.tolist() == [0.3, 0.4, 0.1, 0.2]
    assert tree.cover.tolist() == [18, 11, 7, 5, 6, 3, 4]
    assert tree.missing.tolist() == [2, 2, 0]
    assert tree.missing_goes_left.tolist() == [True, False, False]
    assert tree.categories == {2: (5, 1)}
    assert tree.leaves_below.tolist() == [4, 2, 2]
    assert tree.first_leaf.tolist() == [0, 0, 2]


@pytest.mark.parametrize(
    ("line", "harmful"),
    [
        ("left_child", "0 -1 -3"),
        ("left_child", "2 -1 1"),
        ("left_child", "3 -1 -3"),
        ("left_child", "2 -1 -5"),
        ("left_child", "2 -1 -4"),
        ("left_child", "2 -1"),
        ("left_child", "2 -1 x"),
        ("right_child", "1 2 -4"),
        ("split_feature", "3 0 1"),
        ("split_feature", "-1 0 1"),
        ("split_feature", "99999999999999999999 0 1"),
        ("threshold", "nan 0 0.25"),
        ("threshold", "0.5 1 0.25"),
        ("threshold", "0.5 0.5 0.25"),
        ("threshold", "0.5 -1 0.25"),
        ("threshold", "0.5 inf 0.25"),
        ("leaf_value", "0.1 0.2 0.3"),
        ("leaf_value", "0.1 0.2 0.3 inf"),
        ("cat_boundaries", "0 3"),
        ("cat_boundaries", "1 2"),
        ("cat_boundaries", "0 -2"),
        ("cat_threshold", "5"),
        ("cat_threshold", "5 -1"),
        ("cat_threshold", "5 4294967296"),
        ("num_leaves", "0"),
        ("num_leaves", "3"),
        ("num_leaves", "1000000000000"),
        ("num_cat", "2"),
        ("decision_type", "10 1"),
        ("internal_count", "18 nan 11"),
    ],
)
def test_a_malformed_tree_is_refused(line, harmful) -> None:
    changed, count = re.subn(rf"(?m)^{line}=.*$", f"{line}={harmful}", TEXT)
    assert count == 1
    with pytest.raises(BundleError, match="two children and one parent"):
        read_trees(changed)


@pytest.mark.parametrize("line", ["split_feature", "leaf_value", "left_child", "cat_threshold"])
def test_a_tree_that_lacks_a_line_is_refused(line) -> None:
    with pytest.raises(BundleError):
        read_trees(re.sub(rf"(?m)^{line}=.*\n", "", TEXT))


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("is_linear", "1"),
        ("num_class", "3"),
        ("num_tree_per_iteration", "3"),
        ("internal_count", "18 7 12"),
        ("leaf_count", "0 7 5 6"),
    ],
)
def test_what_is_not_known_is_left_to_others(line, unknown) -> None:
    assert read_trees(re.sub(rf"(?m)^{line}=.*$", f"{line}={unknown}", TEXT)) is None


def test_two_nodes_that_only_point_at_each_other_are_refused() -> None:
    changed = TEXT.replace("left_child=2 -1 -3", "left_child=-1 2 1")
    changed = changed.replace("right_child=1 -2 -4", "right_child=-2 -3 -4")
    with pytest.raises(BundleError):
        read_trees(changed)
