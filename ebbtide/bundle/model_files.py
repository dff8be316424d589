"""The files of a model in a bundle, by kind: what they are called, and how they are read.

It knows nothing of hashes: what it reads was verified before.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ebbtide.errors import BundleError
from ebbtide.scorer.blend import BlendModel, Member
from ebbtide.scorer.linear import LinearModel, read_linear
from ebbtide.scorer.tree_text import check_tree_text
from ebbtide.scorer.trees import TreeModel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ebbtide.scorer.scorer import Model

SingleKind = Literal["logistic", "random_forest", "lightgbm"]
ModelKind = Literal["logistic", "random_forest", "lightgbm", "blend"]

BLEND = "blend.json"
MAX_MEMBERS = 64

_FILES = {"logistic": "linear.json", "random_forest": "model.lgb", "lightgbm": "model.lgb"}
_MEMBER = re.compile(r"member_([0-9]{2})\.(json|lgb)", re.ASCII)
_AGAIN = "Fetch the bundle again, or train again."


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberText:
    """A fitted model that takes part in a blend, as text.

    Parameters
    ----------
    kind : kind of model.
    weight : log-odds of the blend per unit of its raw score, >= 0.
    text : what its model file would hold if it stood alone.
    """

    kind: SingleKind
    weight: float
    text: str


def blend_files(members: Sequence[MemberText], *, intercept: float) -> dict[str, str]:
    """Return names and texts of the model files of a blend.

    Parameters
    ----------
    members : what is weighted, at least one and at most 64; one of weight zero is left out.
    intercept : log-odds where all members say zero.

    Raises
    ------
    BundleError
        If there are too many members, none with a weight, or a number is not finite or a weight
        below zero.

    Examples
    --------
    >>> forest = MemberText(kind="random_forest", weight=3.5, text="tree ...")
    >>> sorted(blend_files([forest], intercept=-1.0))
    ['blend.json', 'member_00.lgb']
    """
    kept = [member for member in members if member.weight != 0]
    if not 1 <= len(kept) <= MAX_MEMBERS:
        raise BundleError(
            f"Expected 1 to {MAX_MEMBERS} weighted members in a blend, found {len(kept)}."
        )
    names = [f"member_{at:02}{_suffix(member.kind)}" for at, member in enumerate(kept)]
    listed = [
        {"file": name, "kind": member.kind, "weight": member.weight}
        for name, member in zip(names, kept, strict=True)
    ]
    content = {"intercept": intercept, "members": listed}
    try:
        text = json.dumps(content, sort_keys=True, indent=1, allow_nan=False) + "\n"
    except ValueError as err:
        raise BundleError("Expected finite weights in a blend. Train again.") from err
    if any(member.weight < 0 for member in kept):
        raise BundleError("Expected weights of at least zero in the blend. Train again.")
    texts = [member.text for member in kept]
    return {BLEND: text, **dict(zip(names, texts, strict=True))}


def are_files_of(kind: object, names: Collection[str]) -> bool:
    """Whether names are exactly those of the model files of a kind.

    Members of a blend are numbered from zero, without a hole.

    Examples
    --------
    >>> are_files_of("blend", {"blend.json", "member_00.json", "member_01.lgb"})
    True
    >>> are_files_of("blend", {"blend.json", "../member_00.json"}), are_files_of("svm", set())
    (False, False)
    """
    if kind == "blend":
        members = sorted(set(names) - {BLEND})
        numbered = [_MEMBER.fullmatch(name) for name in members]
        places = [int(match[1]) for match in numbered if match is not None]
        is_counted = places == list(range(len(members))) and 1 <= len(members) <= MAX_MEMBERS
        return BLEND in names and is_counted
    return isinstance(kind, str) and kind in _FILES and set(names) == {_FILES[kind]}


def read_model(kind: ModelKind, files: Mapping[str, str]) -> Model:
    """Read the model files of a kind.

    Parameters
    ----------
    kind : kind of model.
    files : names and texts of its files, as :func:`are_files_of` wants them.

    Raises
    ------
    BundleError
        If a text is no model, or a blend does not name its members.

    Examples
    --------
    >>> parts = ("weights", "missing_weights", "centers", "missing_centers")
    >>> text = json.dumps({"intercept": 0.5, **{part: [0.0] for part in parts}})
    >>> files = blend_files([MemberText(kind="logistic", weight=2.0, text=text)], intercept=-1.0)
    >>> read_model("blend", files).log_odds(np.zeros((1, 1))).tolist()
    [0.0]
    """
    if kind == "blend":
        return _read_blend(files)
    return read_single(kind, files[_FILES[kind]])


def read_single(kind: SingleKind, text: str) -> LinearModel | TreeModel:
    """Read the text of a model that is no blend.

    Raises
    ------
    BundleError
        If the text is no model.
    """
    if kind == "logistic":
        return read_linear(text)
    check_tree_text(text)
    return TreeModel(text, scale="log_odds" if kind == "lightgbm" else "probability")


def check_columns(model: Model, *, places: Mapping[int, int], n_features: int) -> None:
    """Compare what a model reads with the features of its bundle.

    Parameters
    ----------
    model : as :func:`read_model` gives it.
    places : columns of categories with the number of their places.
    n_features : how many features there are.

    Raises
    ------
    BundleError
        If it reads other columns, or a weight is not finite.
    """
    models = [each.model for each in model.members] if isinstance(model, BlendModel) else [model]
    for each in models:
        if isinstance(each, TreeModel) and each.n_features != n_features:
            raise BundleError(
                f"The trees read {each.n_features} features, but features.json names {n_features}. "
                f"{_AGAIN}"
            )
        if isinstance(each, LinearModel) and not _fits(each, places, n_features):
            raise BundleError(
                f"Expected finite weights for {n_features} features and their categories, found "
                f"others. {_AGAIN}"
            )


def _fits(linear: LinearModel, places: Mapping[int, int], n_features: int) -> bool:
    parts = (linear.weights, linear.missing_weights, linear.centers, linear.missing_centers)
    knots, bends = np.array(linear.knots), (linear.bend_weights, linear.bend_centers)
    numbers = (np.array(linear.intercept), *parts, *bends, *linear.categories.values())
    sizes = {column: (size,) for column, size in places.items()}
    return (
        all(part.shape == (n_features,) for part in parts)
        and all(part.shape == (len(knots), n_features if len(knots) else 0) for part in bends)
        and bool(np.all((knots > 0) & (knots < 1)) and np.all(np.diff(knots) > 0))
        and {column: each.shape for column, each in linear.categories.items()} == sizes
        and all(np.isfinite(part).all() for part in numbers)
    )


def _read_blend(files: Mapping[str, str]) -> BlendModel:
    try:
        read = json.loads(files[BLEND])
        members = read["members"]
        named = [entry["file"] for entry in members]
        kinds = [entry["kind"] for entry in members]
        numbers = [read["intercept"], *(entry["weight"] for entry in members)]
        fits = (
            all(type(number) in (int, float) for number in numbers)
            and named == sorted(set(files) - {BLEND})
            and all(
                kind in _FILES and name.endswith(_suffix(kind))
                for name, kind in zip(named, kinds, strict=True)
            )
        )
        constant, *weights = map(float, numbers)
    except (ValueError, RecursionError, LookupError, TypeError, OverflowError) as err:
        raise BundleError(f"Expected a list of members in {BLEND}, found none. {_AGAIN}") from err
    if not fits:
        raise BundleError(
            f"Expected {BLEND} to give the file, kind and weight of each member, in the order of "
            f"the files; it differs. {_AGAIN}"
        )
    return BlendModel(
        intercept=constant,
        members=tuple(
            Member(weight=weight, model=read_single(kind, files[name]))
            for name, kind, weight in zip(named, kinds, weights, strict=True)
        ),
    )


def _suffix(kind: str) -> str:
    return _FILES[kind][_FILES[kind].rindex(".") :]
