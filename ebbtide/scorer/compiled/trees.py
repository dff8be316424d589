"""Tree models in compiled code: the bits of LightGBM's sums, and its contributions much faster.

Numba is imported here and below, and nowhere else; ``ebbtide.scorer.compiled.choose`` says when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.calibrator import logit
from ebbtide.scorer.compiled.explain import LANES, explain_eights
from ebbtide.scorer.compiled.explain_few import explain_few
from ebbtide.scorer.compiled.pack import pack_trees
from ebbtide.scorer.compiled.threads import in_parts
from ebbtide.scorer.compiled.tree_arrays import read_trees
from ebbtide.scorer.compiled.walk import walk_few, walk_many

if TYPE_CHECKING:
    from ebbtide.scorer.compiled.pack import PackedTrees
    from ebbtide.scorer.scores import FloatArray
    from ebbtide.scorer.trees import Scale, TreeModel

_FEWEST_FOR_BLOCKS = 6
_FEWEST_FOR_EIGHTS = 4
_ROWS_A_THREAD_WALKS, _ROWS_A_THREAD_EXPLAINS = 4096, 64
_WIDTHS = (4, 8, 16)


class CompiledTrees:
    """What :class:`~ebbtide.scorer.trees.TreeModel` promises, from packed trees.

    Parameters
    ----------
    packed : the trees.
    scale : what they sum to.
    n_features : how many columns rows have.

    References
    ----------
    See ``ebbtide.scorer.compiled.explain`` and ``ebbtide.scorer.compiled.sets``.
    """

    def __init__(self, packed: PackedTrees, *, scale: Scale, n_features: int) -> None:
        self.scale: Scale = scale
        self.n_features = n_features
        columns, paths, splits, nodes = packed.columns, packed.paths, packed.splits, packed.nodes
        asked = (columns.layout, columns.thresholds, columns.words)
        self._few = (*asked, nodes.roots, nodes.depths, nodes.nodes, nodes.values)
        self._many = (*asked, splits.starts, splits.records, splits.leaves)
        self._paths = (
            *self._many,
            paths.nodes,
            paths.nested,
            paths.nested_starts,
            paths.earlier,
            paths.was_left,
            paths.weights,
            paths.factors,
        )
        most = int(paths.nodes.max())
        self._lanes = (0.0,) * next(width for width in _WIDTHS if width >= most)

    def log_odds(self, ranked: FloatArray) -> FloatArray:
        """Return the log-odds of rows of ranks, shape (n,)."""
        raw = self.raw(ranked)
        return raw if self.scale == "log_odds" else logit(raw)

    def raw(self, ranked: FloatArray) -> FloatArray:
        """Return what the trees add up to, shape (n,), in the scale of the trees."""
        rows = self._checked(ranked)
        out = np.empty(len(rows))
        if len(rows) < _FEWEST_FOR_BLOCKS:
            walk_few(rows, *self._few, out)
            return out
        in_parts(
            len(rows),
            lambda begin, end: walk_many(rows[begin:end], *self._many, out[begin:end]),
            least_rows=_ROWS_A_THREAD_WALKS,
        )
        return out

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return exact TreeSHAP values, shape (n, features), in the scale of the trees."""
        rows = self._checked(ranked)
        out = np.empty(rows.shape)
        in_parts(
            len(rows),
            lambda begin, end: self._explain(rows[begin:end], out[begin:end]),
            least_rows=_ROWS_A_THREAD_EXPLAINS,
        )
        return out

    def _explain(self, rows: FloatArray, out: FloatArray) -> None:
        rest = len(rows) % LANES
        few = rest if rest < _FEWEST_FOR_EIGHTS else 0
        many = len(rows) - few
        if many:
            explain_eights(rows[:many], *self._paths, out[:many])
        if few:
            explain_few(self._lanes, rows[many:], *self._paths, out[many:])

    def _checked(self, ranked: FloatArray) -> FloatArray:
        """Return rows as the compiled code reads them: it checks no index."""
        if ranked.ndim != 2 or ranked.shape[1] != self.n_features:
            raise ValueError(f"Expected rows of {self.n_features} features, found others.")
        return np.ascontiguousarray(ranked, dtype=np.float64)


def compiled_trees(model: TreeModel) -> CompiledTrees | None:
    """Return a tree model in compiled code; None where it is of a kind that is not known.

    Raises
    ------
    BundleError
        If a tree is none: a node points to nowhere, or a number is not finite.
    """
    trees = read_trees(model.text)
    packed = None if trees is None else pack_trees(trees)
    if packed is None:
        return None
    return CompiledTrees(packed, scale=model.scale, n_features=model.n_features)
