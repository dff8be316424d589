"""Put compiled code in the place of LightGBM and numpy, where numba is installed.

Nothing else in the product knows which of them answers. Numba is imported when a bundle is read,
and not before.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.blend import BlendModel, Member
from ebbtide.scorer.linear import LinearModel
from ebbtide.scorer.trees import TreeModel

if TYPE_CHECKING:
    from ebbtide.scorer.blend import RawModel
    from ebbtide.scorer.scorer import Model, RankedScorer

_WARMING_ROWS = (1, 8)
"""Few rows and many run different code."""


def compiled_scorer(scorer: RankedScorer) -> RankedScorer:
    """Return a scorer that gives the same answers several times faster, ready to be used.

    Parameters
    ----------
    scorer : of a bundle whose parts were checked: compiled code checks no index.

    Returns
    -------
    The scorer with compiled parts, whose answers are the same to 1e-10; or the scorer as it is,
    where numba is not installed. Trees of a kind that is not known stay with LightGBM.

    Raises
    ------
    BundleError
        If a tree is none: a node points to nowhere, or a number is not finite.
    """
    if not is_installed():
        scorer.score(np.zeros((1, len(scorer.features))))  # LightGBM is imported now, not later
        return scorer
    from ebbtide.scorer.compiled.linear import CompiledHorizons
    from ebbtide.scorer.compiled.ranks import CompiledRanks

    model = _compiled_model(scorer.model)
    compiled = replace(
        scorer,
        model=model,
        ranker=CompiledRanks(scorer.scales),
        curves=None if scorer.horizons is None else CompiledHorizons(scorer.horizons),
        kernel="lightgbm" if _reads_trees(model) else "compiled",
    )
    for count in _WARMING_ROWS:
        compiled.score(np.zeros((count, len(scorer.features))))
    return compiled


def is_installed() -> bool:
    """Whether there is a compiler: the extra ``fast``."""
    return find_spec("numba") is not None


def _compiled_model(model: Model) -> Model:
    if not isinstance(model, BlendModel):
        return _compiled_single(model) or model
    members = (
        Member(weight=member.weight, model=_compiled_single(member.model) or member.model)
        for member in model.members
    )
    return BlendModel(intercept=model.intercept, members=tuple(members))


def _compiled_single(model: RawModel) -> Model | None:
    from ebbtide.scorer.compiled.linear import CompiledLinear
    from ebbtide.scorer.compiled.trees import compiled_trees

    if isinstance(model, TreeModel):
        return compiled_trees(model)
    return CompiledLinear(model) if isinstance(model, LinearModel) else None


def _reads_trees(model: Model) -> bool:
    """Whether LightGBM still has a part in a model."""
    models = [each.model for each in model.members] if isinstance(model, BlendModel) else [model]
    return any(isinstance(each, TreeModel) for each in models)
