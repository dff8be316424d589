"""Recipes: how a model of each kind is fitted on matured snapshots, and how strongly each counts.

What is tried out of time, tuned, and fitted once more to be served is always a recipe, so that the
model that serves is made exactly like those that were measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.errors import NotReady
from ebbtide.scorer.categories import category_sizes
from training.models import boosting, forest, logistic
from training.snapshots import stack, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.project import CandidateName, Project
    from ebbtide.scorer.scores import FloatArray
    from training.snapshots import Snapshot

FITS: dict[CandidateName, Callable[..., tuple[str, str]]] = {
    "logistic": logistic.fit_logistic,
    "random_forest": forest.fit_forest,
    "lightgbm": boosting.fit_boosting,
}

PARAMETERS: dict[CandidateName, dict[str, object]] = {
    "logistic": logistic.PARAMETERS,
    "random_forest": forest.PARAMETERS,
    "lightgbm": boosting.PARAMETERS,
}

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model is fitted.

    Parameters
    ----------
    kind : kind of model.
    parameters : what differs from the kind's usual parameters.
    half_life_days : a snapshot that lies so much longer ago counts half; None: all count alike.
    window_days : snapshots that lie longer before the latest are left out; None: none is.
    by_value : whether a customer counts by what is at stake, see :func:`value_weights`.
    directions : for each feature 1 where risk may only rise with it, -1 where it may only fall, 0
        where it is free; boosted trees keep to it, the other kinds do not. None: all are free.
    """

    kind: CandidateName
    parameters: Mapping[str, object] = field(default_factory=dict)
    half_life_days: float | None = None
    window_days: float | None = None
    by_value: bool = False
    directions: tuple[int, ...] | None = None

    def described(self) -> dict[str, object]:
        """Return every choice as plain data, for the tracking of runs and the bundle.

        Examples
        --------
        >>> Recipe(kind="logistic", parameters={"C": 0.3}).described()["model_C"]
        0.3
        """
        model = {**PARAMETERS[self.kind], **self.parameters}
        return {
            **{f"model_{name}": value for name, value in model.items()},
            "half_life_days": self.half_life_days,
            "window_days": self.window_days,
            "by_value": self.by_value,
            "monotone": self.is_monotone,
        }

    @property
    def is_monotone(self) -> bool:
        """Whether the model keeps to the directions."""
        return self.kind == "lightgbm" and self.directions is not None


def fit(recipe: Recipe, snapshots: Sequence[Snapshot], *, seed: int) -> dict[str, str]:
    """Fit on matured snapshots and return the name and text of each model file.

    Parameters
    ----------
    recipe : how.
    snapshots : matured ones, the earliest first.
    seed : of everything random.

    Raises
    ------
    NotReady
        If the outcomes are of one kind only.
    """
    latest = snapshots[-1].as_of
    limit = None if recipe.window_days is None else timedelta(days=recipe.window_days)
    chosen = [taken for taken in snapshots if limit is None or latest - taken.as_of <= limit]
    ranked, churned = stack(chosen)
    if len(np.unique(churned)) < 2:
        raise NotReady(
            f"Expected leavers and stayers, but of the {len(churned):,} customers to learn from "
            f"all did the same. Check the churn definition."
        )
    weights = row_weights(recipe, chosen)
    bound = {"directions": recipe.directions} if recipe.is_monotone else {}
    name, text = FITS[recipe.kind](
        ranked,
        churned,
        seed=seed,
        categories=category_sizes(chosen[-1].scales),
        parameters=recipe.parameters,
        **({} if weights is None else {"weights": weights}),
        **bound,
    )
    return {name: text}


def usual_recipes(project: Project, features: Iterable[FeatureContract]) -> list[Recipe]:
    """Return how a project's kinds of model are fitted where nothing was tuned.

    Parameters
    ----------
    project : which kinds, whether value counts, whether trees are bound.
    features : what the models read; they say in which direction risk is agreed to go.
    """
    training = project.training
    directions = directions_of(features) if training.monotone else None
    return [
        Recipe(kind=kind, by_value=training.by_value, directions=directions)
        for kind in training.candidates
    ]


def directions_of(features: Iterable[FeatureContract]) -> tuple[int, ...]:
    """Return in which direction risk is agreed to go with each feature: 1, -1, or 0 for free."""
    return tuple({"rises": 1, "falls": -1, None: 0}[feature.risk] for feature in features)


def row_weights(recipe: Recipe, snapshots: Sequence[Snapshot]) -> FloatArray | None:
    """Return how much each row of some snapshots counts, of mean one; None where all count alike.

    Parameters
    ----------
    recipe : says whether age and value count.
    snapshots : the earliest first.
    """
    if recipe.half_life_days is None and not recipe.by_value:
        return None
    latest = snapshots[-1].as_of
    parts = []
    for taken in snapshots:
        part = np.ones(len(taken.customer_ids))
        if recipe.half_life_days is not None:
            part *= 0.5 ** ((latest - taken.as_of) / _DAY / recipe.half_life_days)
        if recipe.by_value:
            part *= value_weights(value_of(taken))
        parts.append(part)
    weights = np.concatenate(parts)
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def value_weights(value: FloatArray) -> FloatArray:
    """Return how much customers count by the margin at stake: a tenth at least, three at most.

    Parameters
    ----------
    value : margin at stake, NaN where it is not known and taken as the mean, shape (n,).

    Raises
    ------
    NotReady
        If no customer's value is known.

    Notes
    -----
    To weigh the error on a leaver by the margin that leaves is the cost-sensitive choice; the
    limits keep a few large customers from being all that the model learns. Weights change what is
    called a probability, which the calibrator, learned without them, puts right.

    References
    ----------
    B. Zadrozny, J. Langford, N. Abe, Cost-sensitive learning by cost-proportionate example
    weighting, 2003.

    Examples
    --------
    >>> value_weights(np.array([0.0, 100.0, 1000.0, np.nan])).round(3).tolist()
    [0.1, 0.273, 2.727, 1.0]
    """
    if not np.isfinite(value).any():
        raise NotReady(
            "Expected the value of customers to weigh them by, but none is known. Set "
            "training.by_value = false, or bring amounts."
        )
    mean = float(np.nanmean(value))
    relative = np.where(np.isnan(value), 1.0, value / mean) if mean > 0 else np.ones(len(value))
    return np.clip(relative, 0.1, 3.0)
