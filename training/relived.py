"""The past relived: what the models of one kind said at each origin, and the one that would serve.

No outcome is judged here; it only keeps who said what when, so that calibration, blending and
measuring cannot take a score from a model that knew more than it should.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.bundle.model_files import MemberText, blend_files, read_model
from ebbtide.errors import NotReady
from ebbtide.scorer.calibrator import logit
from training.blend import equal_blend, fit_blend
from training.recipes import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ebbtide.bundle.model_files import ModelKind
    from ebbtide.project import CandidateName
    from ebbtide.scorer.scores import FloatArray
    from training.blend import BlendWeights
    from training.origins import Origin
    from training.recipes import Recipe
    from training.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Relived:
    """Raw scores of one kind of model, the latest origin first.

    Parameters
    ----------
    kind : kind of model.
    at : of the customers of each origin, by the model that had learned there; each of shape (n,).
    carried : by the same models, of the customers of the next origin; the first are those of the
        newest snapshot.
    served : of the newest snapshot, by the model that learned from every matured snapshot.
    files : that model's files.
    recipe : how all of them were fitted; None for a blend.
    members : weights of a blend's members; none for other kinds.
    """

    kind: ModelKind
    at: tuple[FloatArray, ...]
    carried: tuple[FloatArray, ...]
    served: FloatArray
    files: Mapping[str, str]
    recipe: Recipe | None
    members: Mapping[CandidateName, float] | None = None

    def log_odds(self, raw: FloatArray) -> FloatArray:
        """Return raw scores of this kind as log-odds."""
        return logit(raw) if self.kind == "random_forest" else raw


def relive(
    recipe: Recipe,
    snapshots: Sequence[Snapshot],
    newest: Snapshot,
    tested_at: Sequence[Origin],
    *,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Relived:
    """Fit a recipe at every origin and on all matured snapshots, and keep what the models say.

    Parameters
    ----------
    recipe : how to fit.
    snapshots : all matured ones, earliest first.
    newest : the snapshot whose outcome is open; only its features are used.
    tested_at : the origins, latest first.
    seed : of everything random.
    progress : called with what is being done.

    Raises
    ------
    NotReady
        If a period has outcomes of one kind only.
    """
    at, carried = [], []
    following = newest
    for origin in tested_at:
        if progress is not None:
            progress(f"{recipe.kind} as of {origin.day}")
        _require_both(origin)
        files = fit(recipe, origin.learned_from, seed=seed)
        model = read_model(recipe.kind, files)
        at.append(model.raw(origin.scored.ranked))
        carried.append(model.raw(following.ranked))
        following = origin.scored
    if progress is not None:
        progress(f"{recipe.kind} on all snapshots")
    files = fit(recipe, snapshots, seed=seed)
    return Relived(
        kind=recipe.kind,
        at=tuple(at),
        carried=tuple(carried),
        served=read_model(recipe.kind, files).raw(newest.ranked),
        files=files,
        recipe=recipe,
    )


def blended(parts: Sequence[Relived], tested_at: Sequence[Origin]) -> Relived:
    """Blend what several kinds said; at each origin with weights from the origins before it.

    Where no origin lies before, every member has an equal say. The served blend has the weights
    that all origins teach.

    Parameters
    ----------
    parts : what each kind said, at least two.
    tested_at : the origins, latest first.
    """
    said = {part.recipe.kind: part for part in parts if part.recipe is not None}
    churned = [outcomes_to_learn(origin) for origin in tested_at]

    def learned(after: int) -> BlendWeights:
        """Return weights from the origins before a place in their list."""
        if after == len(tested_at):
            return equal_blend({kind: part.at[-1] for kind, part in said.items()})
        raw = {kind: part.at[after:] for kind, part in said.items()}
        return fit_blend(raw, churned[after:])

    at, carried = [], []
    for place in range(len(tested_at)):
        weights = learned(place + 1)
        at.append(weights.log_odds({kind: part.at[place] for kind, part in said.items()}))
        carried.append(weights.log_odds({kind: part.carried[place] for kind, part in said.items()}))
    weights = learned(0)
    return Relived(
        kind="blend",
        at=tuple(at),
        carried=tuple(carried),
        served=weights.log_odds({kind: part.served for kind, part in said.items()}),
        files=blend_files(
            [
                MemberText(
                    kind=kind, weight=weights.weights[kind], text=next(iter(part.files.values()))
                )
                for kind, part in said.items()
            ],
            intercept=weights.intercept,
        ),
        recipe=None,
        members=weights.weights,
    )


def outcomes(matured: Snapshot) -> FloatArray:
    """Return the outcomes of a matured snapshot, shape (n,)."""
    assert matured.churned is not None, "an open snapshot was asked for its outcomes"
    return matured.churned


def outcomes_to_learn(origin: Origin) -> FloatArray:
    """Return the outcomes at an origin as they were known when they were learned from."""
    return outcomes(origin.scored) if origin.came_then is None else origin.came_then


def _require_both(origin: Origin) -> None:
    if len(np.unique(outcomes(origin.scored))) < 2:
        raise NotReady(
            f"Expected leavers and stayers in every period, but of the customers as of "
            f"{origin.day} all did the same. Check the churn definition."
        )
