"""Find what moves the scores of a model most, from its exact contributions.

Nothing is permuted or guessed: what is averaged are the contributions that customers are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from ebbtide.drivers import Driver, DriverGroup, Drivers
from ebbtide.scorer.ranks import rank_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.drivers import Direction
    from ebbtide.scorer.scorer import RankedScorer
    from ebbtide.scorer.scores import FloatArray

MAX_ROWS = 1000
"""Customers that drivers are found on: their mean sizes are then exact to a few percent."""

CLEAR_CORRELATION = 0.3
"""Rank correlation of value and contribution from which a feature has a direction."""

_FEWEST = 20


def drivers(scorer: RankedScorer, rows: FloatArray) -> Drivers:
    """Return what moves the scores of customers most.

    Parameters
    ----------
    scorer : the model with its features.
    rows : feature values of the newest snapshot, shape (n, features); at most 1,000 are taken,
        evenly over the table, always the same ones.

    Notes
    -----
    A feature's size is the mean of the absolute values of its contributions. For a family or cause
    it is that of their sum in each row, since features of a family say much the same, so that
    sizes of groups are below the sums of those of their features.

    References
    ----------
    S. M. Lundberg et al., From local explanations to global understanding with explainable AI for
    trees, Nature Machine Intelligence 2, 2020: global importance as mean size of local ones.
    """
    taken = np.unique(np.linspace(0, len(rows) - 1, min(MAX_ROWS, len(rows))).astype(np.intp))
    ranked = rank_columns(scorer.scales, rows[taken])
    contributions = scorer.model.contributions(ranked)
    features = scorer.features
    sizes = _sizes(contributions)
    shares = _shares(sizes)
    order = np.argsort(-sizes, kind="stable")
    return Drivers(
        n_rows=len(taken),
        features=tuple(
            Driver(
                name=features[column].name,
                family=features[column].family,
                cause=features[column].cause,
                mean_abs_contribution=float(sizes[column]),
                share=float(shares[column]),
                direction=0
                if features[column].is_categorical
                else direction(ranked[:, column], contributions[:, column]),
            )
            for column in order.tolist()
        ),
        families=_groups(contributions, [feature.family for feature in features]),
        causes=_groups(contributions, [feature.cause for feature in features]),
    )


def direction(ranked: FloatArray, contributions: FloatArray) -> Direction:
    """Return which way a feature moves the score: 1 with its value, -1 against it, 0 neither.

    Parameters
    ----------
    ranked : ranks of its values, shape (n,); NaN is missing and takes no part.
    contributions : its contributions, shape (n,).

    Notes
    -----
    By Spearman's correlation: 0.3 or more in size is a direction, a curve that rises and falls is
    none, and neither is what fewer than 20 customers have.

    Examples
    --------
    >>> ranks = np.linspace(0, 1, 50)
    >>> direction(ranks, ranks**3), direction(ranks, -ranks), direction(ranks, (ranks - 0.5) ** 2)
    (1, -1, 0)
    """
    present = ~np.isnan(ranked)
    if present.sum() < _FEWEST:
        return 0
    place, size = rankdata(ranked[present]), rankdata(contributions[present])
    if place.std() == 0 or size.std() == 0:
        return 0
    correlation = float(np.corrcoef(place, size)[0, 1])
    if abs(correlation) < CLEAR_CORRELATION:
        return 0
    return 1 if correlation > 0 else -1


def _groups(contributions: FloatArray, names: Sequence[str]) -> tuple[DriverGroup, ...]:
    """Return the groups of columns of equal name, the strongest first."""
    kinds = list(dict.fromkeys(names))
    net = np.zeros((len(contributions), len(kinds)))
    for column, name in enumerate(names):
        net[:, kinds.index(name)] += contributions[:, column]
    sizes = _sizes(net)
    shares = _shares(sizes)
    return tuple(
        DriverGroup(
            name=kinds[place],
            mean_abs_contribution=float(sizes[place]),
            share=float(shares[place]),
        )
        for place in np.argsort(-sizes, kind="stable").tolist()
    )


def _sizes(contributions: FloatArray) -> FloatArray:
    """Return the mean size of each column; rounded, so that no last bit decides an order."""
    return np.asarray(np.abs(contributions).mean(axis=0).round(9), dtype=np.float64)


def _shares(sizes: FloatArray) -> FloatArray:
    total = sizes.sum()
    return np.zeros_like(sizes) if total == 0 else sizes / total
