"""Whether a text of trees is sound, read line by line before LightGBM sees it.

LightGBM trusts its files: a child that points back makes it run for ever, a number too large makes
it read where nothing is. Golden rows do not help, as they need not come by. What the trees say is
not judged here, and no model is made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import BundleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_FEATURES = 10_000
MOST_TREES = 20_000
MOST_LEAVES = 100_000
MOST_DEPTH = 500
"""A row's way through a tree; explaining one takes memory with the square of it."""

_MOST_TAIL_BYTES = 2**20
_IN_HEADER = {
    "version": re.compile(r"v4"),
    "num_class": re.compile(r"1"),
    "num_tree_per_iteration": re.compile(r"1"),
    "label_index": re.compile(r"0"),
    "max_feature_idx": re.compile(r"\d{1,6}", re.ASCII),
    "objective": re.compile(r"regression|binary sigmoid:1"),
    "feature_names": re.compile(r"[A-Za-z0-9_ ]+", re.ASCII),
    "feature_infos": re.compile(r"[-+:.,eE0-9a-z\[\] ]+", re.ASCII),
    "monotone_constraints": re.compile(r"[-01 ]+"),
    "tree_sizes": re.compile(r"[0-9]{1,9}( [0-9]{1,9})*", re.ASCII),
}
_OPTIONAL_IN_HEADER = {"monotone_constraints"}
_WHOLE = re.compile(r"(?:-?[0-9]{1,18}(?: -?[0-9]{1,18})*)?", re.ASCII)
_NUMBERS = re.compile(r"[-+.0-9eE ]*", re.ASCII)
_ENDLESS = re.compile(r"(?<![^ ])[-+]?inf(?![^ ])", re.ASCII)
_OF_NODES = {
    "split_feature": True,
    "split_gain": False,
    "threshold": False,
    "decision_type": True,
    "left_child": True,
    "right_child": True,
    "internal_value": False,
    "internal_weight": False,
    "internal_count": True,
}
"""What a tree says of each of its inner nodes, and whether it is a whole number."""

_OF_LEAVES = {"leaf_value": False, "leaf_weight": False, "leaf_count": True}
_OF_CATEGORIES = {"cat_boundaries", "cat_threshold"}
_OF_TREE = {"num_leaves", "num_cat", "is_linear", "shrinkage"}


def check_tree_text(text: str) -> None:
    r"""Check that a text is a model that LightGBM can read and use without harm.

    Parameters
    ----------
    text : a model in LightGBM's text format.

    Raises
    ------
    BundleError
        If it is none: sizes that do not fit, a child that is no node of its own, a feature that is
        not there, a number that is not finite, or a line that a model of this system has not.

    Examples
    --------
    >>> check_tree_text("tree\nversion=v4\nnum_class=1000000000\n")
    Traceback (most recent call last):
    ebbtide.errors.BundleError: Expected trees in LightGBM's text format ... train again.
    """
    try:
        _check(text)
    except (ValueError, KeyError, OverflowError) as err:
        raise BundleError(
            "Expected trees in LightGBM's text format whose parts fit together, found others. "
            "Nothing was loaded. Fetch the bundle again, or train again."
        ) from err


def _check(text: str) -> None:
    _require(text.isascii())
    head, blank, rest = text.partition("\n\n")
    _require(bool(blank))
    first, *lines = head.split("\n")
    _require(first == "tree")
    header = _named(lines)
    _require(header.keys() <= _IN_HEADER.keys())
    _require(_IN_HEADER.keys() - header.keys() <= _OPTIONAL_IN_HEADER)
    _require(all(_IN_HEADER[name].fullmatch(value) for name, value in header.items()))
    n_features = int(header["max_feature_idx"]) + 1
    _require(n_features <= MOST_FEATURES)
    of_features = header.keys() & {"feature_names", "feature_infos", "monotone_constraints"}
    _require(all(len(header[name].split()) == n_features for name in of_features))
    sizes = [int(size) for size in header["tree_sizes"].split()]
    _require(1 <= len(sizes) <= MOST_TREES)
    start = 0
    for number, size in enumerate(sizes):
        _check_tree(rest[start : start + size], number, n_features)
        start += size
    _check_tail(rest[start:])


def _check_tail(tail: str) -> None:
    """Check what follows the trees: how the model was made, which nobody reads."""
    _require(tail.startswith("end of trees\n") and len(tail) <= _MOST_TAIL_BYTES)
    _require("\nTree=" not in tail)
    noted = [line for line in tail.split("\n") if line.startswith("pandas_categorical")]
    _require(noted in ([], ["pandas_categorical:null"], ["pandas_categorical:[]"]))


def _check_tree(block: str, number: int, n_features: int) -> None:
    _require(block.endswith("\n\n"))
    first, *lines = block.rstrip("\n").split("\n")
    _require(first == f"Tree={number}")
    said = _named(lines)
    known = _OF_NODES.keys() | _OF_LEAVES.keys() | _OF_TREE
    _require(known <= said.keys() <= known | _OF_CATEGORIES)
    n_leaves, n_categories = _whole(said["num_leaves"], 1)[0], _whole(said["num_cat"], 1)[0]
    _require(1 <= n_leaves <= MOST_LEAVES and 0 <= n_categories < max(n_leaves, 1))
    _require(said["is_linear"] == "0")
    _finite(said["shrinkage"], 1)
    # A forest splits what is missing from all the rest at infinity; nothing is computed with it.
    said["threshold"] = _ENDLESS.sub("0", said["threshold"])
    nodes = {
        name: (_whole if is_whole else _finite)(said[name], n_leaves - 1)
        for name, is_whole in _OF_NODES.items()
    }
    for name, is_whole in _OF_LEAVES.items():
        is_left_out = n_leaves == 1 and name != "leaf_value" and not said[name]
        numbers = (_whole if is_whole else _finite)(said[name], 0 if is_left_out else n_leaves)
        _require(name != "leaf_count" or bool((numbers >= 1).all()))
    _require(bool((nodes["internal_count"] >= 1).all()))
    features, kinds = nodes["split_feature"], nodes["decision_type"]
    _require(bool(((features >= 0) & (features < n_features)).all()))
    _require(bool(((kinds >= 0) & (kinds < 16)).all()))
    _check_shape(nodes["left_child"].astype(int), nodes["right_child"].astype(int), n_leaves)
    splits_categories = (kinds.astype(int) & 1).astype(bool)
    _check_categories(said, nodes["threshold"][splits_categories], int(n_categories))


def _check_shape(left: NDArray[np.int_], right: NDArray[np.int_], n_leaves: int) -> None:
    """Check that each node but the root, and each leaf, has one parent, which comes before it.

    A child -1 is leaf 0, -2 is leaf 1, and so on.
    """
    children = np.stack([left, right], axis=1)
    parents = np.repeat(np.arange(len(left)), 2).reshape(children.shape)
    _require(bool((children[children >= 0] > parents[children >= 0]).all()))
    inner, leaves = children[children >= 0], -1 - children[children < 0]
    _require(np.array_equal(np.sort(inner), np.arange(1, n_leaves - 1)))
    _require(n_leaves == 1 or np.array_equal(np.sort(leaves), np.arange(n_leaves)))
    depths = [0] * len(left)
    for node, (one, other) in enumerate(children.tolist()):
        for child in (one, other):
            if child >= 0:
                depths[child] = depths[node] + 1
    _require(max(depths, default=0) < MOST_DEPTH)


def _check_categories(said: dict[str, str], places: NDArray[np.float64], n_categories: int) -> None:
    """Check that a split of categories names one of the sets of them, and the sets are there."""
    _require(bool(((places >= 0) & (places < n_categories) & (places % 1 == 0)).all()))
    _require((n_categories > 0) == (said.keys() >= _OF_CATEGORIES))
    if n_categories == 0:
        _require(not said.keys() & _OF_CATEGORIES)
        return
    bounds = _whole(said["cat_boundaries"], n_categories + 1)
    words = said["cat_threshold"].split(" ")
    _require(bounds[0] == 0 and bool((np.diff(bounds) >= 1).all()) and bounds[-1] == len(words))
    sets = _whole(said["cat_threshold"], len(words))
    _require(bool(((sets >= 0) & (sets < 2**32)).all()))


def _named(lines: list[str]) -> dict[str, str]:
    pairs = [line.split("=", 1) for line in lines]
    named = dict(pairs)  # a line without a name is a ValueError
    _require(len(named) == len(lines))
    return named


def _whole(text: str, count: int) -> NDArray[np.int64]:
    _require(_WHOLE.fullmatch(text) is not None)
    numbers = np.array(text.split(), dtype=np.int64)
    _require(len(numbers) == count)
    return numbers


def _finite(text: str, count: int) -> NDArray[np.float64]:
    _require(_NUMBERS.fullmatch(text) is not None)
    numbers = np.array(text.split(), dtype=np.float64)
    _require(len(numbers) == count and bool(np.isfinite(numbers).all()))
    return numbers


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError("no sound tree")
