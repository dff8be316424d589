"""A blend: a weighted sum of what several models say, and of why they say it.

It does not find the weights; training does. Nothing is averaged after the sum, so that the blend's
contributions are exactly the weighted contributions of its members.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ebbtide.errors import BundleError

if TYPE_CHECKING:
    from ebbtide.scorer.scores import FloatArray


class RawModel(Protocol):
    """From ranks to a raw score and its exact contributions."""

    def raw(self, ranked: FloatArray) -> FloatArray:
        """Return what the model adds up to, shape (n,): log-odds, or a forest's probability."""

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return each feature's share of the raw score, shape (n, features)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A model in a blend.

    Parameters
    ----------
    weight : log-odds of the blend per unit of the model's raw score, >= 0 and finite.
    model : what is weighted.
    """

    weight: float
    model: RawModel


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendModel:
    """Log-odds as ``intercept + sum of weight * raw score`` over members.

    Parameters
    ----------
    intercept : log-odds where all members say zero, finite.
    members : at least one, of the same features in the same order.

    Raises
    ------
    BundleError
        If there is no member, or a number is not finite or a weight below zero.

    Notes
    -----
    Shapley values are linear in the function that they explain, so that those of a weighted sum are
    the weighted sums of those of its parts. A probability that is averaged after the logistic
    curve would have no such sum.

    References
    ----------
    L. S. Shapley, A value for n-person games, 1953.

    Examples
    --------
    >>> from ebbtide.scorer.linear import LinearModel
    >>> zeros = {n: np.zeros(1) for n in ("missing_weights", "centers", "missing_centers")}
    >>> steep, flat = (
    ...     LinearModel(intercept=0.0, weights=np.array([weight]), **zeros) for weight in (4.0, 1.0)
    ... )
    >>> members = (Member(weight=0.5, model=steep), Member(weight=2.0, model=flat))
    >>> blend = BlendModel(intercept=-1.0, members=members)
    >>> blend.log_odds(np.array([[0.5]])).tolist(), blend.contributions(np.array([[0.5]])).tolist()
    ([1.0], [[2.0]])
    """

    intercept: float
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        """Refuse a blend that gives no finite score or turns a member round."""
        weights = np.array([member.weight for member in self.members], dtype=np.float64)
        if not weights.size or not np.isfinite([self.intercept, *weights]).all():
            raise BundleError("Expected a blend of finite weights, at least one. Train again.")
        if (weights < 0).any():
            raise BundleError("Expected weights of at least zero in the blend. Train again.")

    def raw(self, ranked: FloatArray) -> FloatArray:
        """Return the log-odds of rows of ranks, shape (n,)."""
        total = np.full(ranked.shape[0], self.intercept)
        for member in self.members:
            total += member.weight * member.model.raw(ranked)
        return total

    def log_odds(self, ranked: FloatArray) -> FloatArray:
        """Return the log-odds of rows of ranks, shape (n,)."""
        return self.raw(ranked)

    def contributions(self, ranked: FloatArray) -> FloatArray:
        """Return each feature's exact share of the log-odds, shape (n, features)."""
        total = np.zeros(ranked.shape)
        for member in self.members:
            total += member.weight * member.model.contributions(ranked)
        return total
