"""Logistic regression on ranks, as plain numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ebbtide.scorer.scores import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """A weight for each feature's rank, and one for its being missing.

    Parameters
    ----------
    intercept : log-odds of a row of average customers.
    weights : log-odds per unit of rank, shape (features,).
    missing_weights : log-odds where the feature is missing, shape (features,).
    centers : mean rank in training, missing ones counted as 0.5, shape (features,).
    missing_centers : share missing in training, shape (features,).
    categories : for a column of categories, the log-odds of each place against the average row, by
        the column; its other parts are zero.
    knots : ranks at which the line of a feature may bend, rising, inside (0, 1).
    bend_weights : change of log-odds per unit of rank at each knot, shape (knots, features).
    bend_centers : mean rank above each knot in training, shape (knots, features).

    Notes
    -----
    With centred terms, each feature's term is its exact Shapley value under independent features.

    Examples
    --------
    >>> zeros = {n: np.zeros(1) for n in ("missing_weights", "centers", "missing_centers")}
    >>> bend = {"bend_weights": np.array([[-2.0]]), "bend_centers": np.array([[0.0]])}
    >>> model = LinearModel(intercept=0.0, weights=np.array([2.0]), **zeros, knots=(0.5,), **bend)
    >>> model.log_odds(np.array([[0.25], [0.5], [1.0]])).tolist()
    [0.5, 1.0, 1.0]
    """

    intercept: float
    weights: FloatArray
    missing_weights: FloatArray
    centers: FloatArray
    missing_centers: FloatArray
    categories: Mapping[int, FloatArray] = field(default_factory=dict)
    knots: tuple[float, ...] = ()
    bend_weights: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    bend_centers: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return each feature's share of the log-odds, shape (n, features)."""
        missing = np.isnan(ranked)
        filled = np.where(missing, 0.5, ranked)
        terms: FloatArray = (filled - self.centers) * self.weights + (
            missing - self.missing_centers
        ) * self.missing_weights
        for knot, weights, centers in zip(
            self.knots, self.bend_weights, self.bend_centers, strict=True
        ):
            terms += (np.maximum(filled - knot, 0.0) - centers) * weights
        for column, log_odds in self.categories.items():
            terms[:, column] = log_odds[ranked[:, column].astype(np.intp)]
        return terms

    def log_odds(self, ranked: FloatArray) -> FloatArray:
        """Return the log-odds, shape (n,); the same for a row whatever rows come with it."""
        return self.raw(ranked)

    def raw(self, ranked: FloatArray) -> FloatArray:
        """Return what the terms add up to, shape (n,): the log-odds."""
        terms = np.ascontiguousarray(self.contributions(ranked).T)
        total = np.full(ranked.shape[0], self.intercept)
        for term in terms:
            total += term
        return total

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        categories = {str(column): part.tolist() for column, part in self.categories.items()}
        bends = {
            "knots": list(self.knots),
            "bend_weights": self.bend_weights.tolist(),
            "bend_centers": self.bend_centers.tolist(),
        }
        return {
            **({"categories": categories} if categories else {}),
            **(bends if self.knots else {}),
            "intercept": self.intercept,
            "weights": self.weights.tolist(),
            "missing_weights": self.missing_weights.tolist(),
            "centers": self.centers.tolist(),
            "missing_centers": self.missing_centers.tolist(),
        }


def read_linear(text: str) -> LinearModel:
    """Read what :meth:`LinearModel.to_json` wrote, as text.

    Raises
    ------
    BundleError
        If the text is no JSON. What it says is for the reader of the bundle to check.

    Examples
    --------
    >>> weights = {name: [1.0] for name in ("weights", "missing_weights")}
    >>> centers = {name: [0.5] for name in ("centers", "missing_centers")}
    >>> model = read_linear(json.dumps({"intercept": 0.25, **weights, **centers}))
    >>> model.log_odds(np.array([[0.75]])).tolist()
    [0.0]
    """
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise BundleError(
            "Expected a linear model as JSON, but it cannot be read. Train again."
        ) from err
    return LinearModel(
        intercept=float(read["intercept"]),
        weights=_floats(read["weights"]),
        missing_weights=_floats(read["missing_weights"]),
        centers=_floats(read["centers"]),
        missing_centers=_floats(read["missing_centers"]),
        categories={int(at): _floats(part) for at, part in read.get("categories", {}).items()},
        **_bends(read),
    )


def _bends(read: Mapping[str, Any]) -> dict[str, Any]:
    if not read.get("knots"):
        return {}
    return {
        "knots": tuple(float(knot) for knot in read["knots"]),
        "bend_weights": _floats(read["bend_weights"]),
        "bend_centers": _floats(read["bend_centers"]),
    }


def _floats(values: list[Any]) -> FloatArray:
    return np.array(values, dtype=np.float64)
