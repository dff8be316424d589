"""Customers tallied by score, and what their order is worth, on many resamples at once.

Resamples are rows of counts: how often each customer was drawn. Whether probabilities are right is
measured in ``training.evaluation.promises``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray

LIFT_SHARES = tuple(step / 20 for step in range(1, 21))
"""The shares of customers over which lift is averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Leavers and customers of each group of equal scores, the highest score first.

    All of shape (resamples, groups).

    Parameters
    ----------
    leavers, people : of each group; people are leavers and stayers.
    found, called : leavers and people of the group and of those before it.
    """

    leavers: FloatArray
    people: FloatArray
    found: FloatArray
    called: FloatArray

    @classmethod
    def of(cls, leavers: FloatArray, people: FloatArray) -> Tally:
        """Add up along the list."""
        return cls(
            leavers=leavers,
            people=people,
            found=np.cumsum(leavers, axis=1),
            called=np.cumsum(people, axis=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The order of customers by a score, found once.

    Parameters
    ----------
    order : customers, the highest score first, shape (n,).
    starts : places in that order where another score begins, shape (groups,).
    churned : outcomes in that order, shape (n,).
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    churned: FloatArray

    @classmethod
    def of(cls, churned: FloatArray, score: FloatArray) -> Ranking:
        """Sort customers.

        Parameters
        ----------
        churned : outcomes, shape (n,).
        score : higher for the likelier leaver, no NaN, shape (n,).
        """
        order = np.argsort(-score, kind="stable")
        begins = np.diff(score[order], prepend=np.inf) != 0
        begins[:1] = True
        return cls(order=order, starts=np.flatnonzero(begins), churned=churned[order])

    def tally(self, counts: FloatArray) -> Tally:
        """Count leavers and customers by score.

        Parameters
        ----------
        counts : how often each customer was drawn, shape (resamples, n).
        """
        people = np.take(counts, self.order, axis=1)
        leavers = people * self.churned
        if len(self.starts) == len(self.order):
            return Tally.of(leavers, people)
        return Tally.of(
            np.add.reduceat(leavers, self.starts, axis=1),
            np.add.reduceat(people, self.starts, axis=1),
        )


def tally_of(churned: FloatArray, score: FloatArray) -> Tally:
    """Return the tally of the customers themselves, each counted once: one resample.

    Examples
    --------
    >>> tally_of(np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.2])).leavers
    array([[1., 1.]])
    """
    return Ranking.of(churned, score).tally(np.ones((1, len(churned))))


def auc_of(tally: Tally) -> FloatArray:
    """Return the probability that a leaver scores above a stayer, ties counted half.

    Returns
    -------
    FloatArray
        Shape (resamples,); NaN where all did the same.

    Examples
    --------
    >>> auc_of(tally_of(np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.2])))
    array([0.75])
    """
    at_least = tally.called - tally.found
    n_leavers, n_stayers = tally.found[:, -1], at_least[:, -1]
    above = at_least - (tally.people - tally.leavers) / 2
    wrong = np.einsum("ij,ij->i", tally.leavers, above)
    return 1 - _ratio(wrong, n_leavers * n_stayers)


def average_precision_of(tally: Tally) -> FloatArray:
    """Return precision averaged over the leavers found, shape (resamples,); NaN without any."""
    precision = np.divide(
        tally.found, tally.called, out=np.zeros_like(tally.found), where=tally.called > 0
    )
    return _ratio(np.einsum("ij,ij->i", tally.leavers, precision), tally.found[:, -1])


def found_shares(tally: Tally, shares: Sequence[float]) -> FloatArray:
    """Return which share of the leavers is among the first customers: the gains curve.

    Customers who tie at the border count in proportion, so that the order of rows does not matter.

    Parameters
    ----------
    tally : customers by score.
    shares : of all customers, in [0, 1].

    Returns
    -------
    FloatArray
        Shape (resamples, shares); NaN where nobody left.

    Examples
    --------
    >>> found_shares(tally_of(np.array([1.0, 0.0, 1.0, 0.0]), np.arange(4.0)), [0.0, 0.5, 1.0])
    array([[0. , 0.5, 1. ]])
    """
    at = np.asarray(shares)
    inside = np.stack(
        [
            np.interp(at * called[-1], np.append(0.0, called), np.append(0.0, found))
            for called, found in zip(tally.called, tally.found, strict=True)
        ]
    )
    return _ratio(inside, np.broadcast_to(tally.found[:, -1:], inside.shape))


def lifts(tally: Tally, shares: Sequence[float]) -> FloatArray:
    """Return the churn share among the first customers over that of all.

    Parameters
    ----------
    tally : customers by score.
    shares : of all customers, in (0, 1]; of few customers at least one is looked at.

    Returns
    -------
    FloatArray
        Shape (resamples, shares); NaN where nobody left.
    """
    fewest = 1.0 / float(tally.called[0, -1])
    looked_at = [max(share, fewest) for share in shares]
    found: FloatArray = found_shares(tally, looked_at) / np.asarray(looked_at)
    return found


def lift_quality(tally: Tally) -> FloatArray:
    """Return how much of the lift that is possible a ranking has, over shares of 5 to 100 %.

    1 is a ranking with every leaver before every stayer, 0 one by chance. The early shares weigh
    most, where lift is high: other than the AUC it asks for the top of the list.

    Returns
    -------
    FloatArray
        Shape (resamples,); NaN where all did the same.

    References
    ----------
    After D. S. Coppock, Why lift?, DM Review, 2002: lift summed over the list, less that of chance,
    over the same for a perfect model.

    Examples
    --------
    >>> churned = np.array([1.0] * 5 + [0.0] * 15)
    >>> lift_quality(tally_of(churned, churned)), lift_quality(tally_of(churned, np.zeros(20)))
    (array([1.]), array([0.]))
    """
    churned_share = tally.found[:, -1] / tally.called[:, -1]
    perfect = np.minimum(
        _ratio(np.ones_like(churned_share), churned_share)[:, None], 1 / np.asarray(LIFT_SHARES)
    )
    beyond_chance = (lifts(tally, LIFT_SHARES) - 1).sum(axis=1)
    return _ratio(beyond_chance, (perfect - 1).sum(axis=1))


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return a quotient, NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
