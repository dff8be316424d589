"""How much a column knows about the purchases of each stretch of time around its instant.

For each stretch, what every point-in-time feature at its start can explain is taken out of both the
column and the purchases; what is left is correlated. A column that was computed before its instant
knows stretches that lie before it and none that lie after. What to make of a profile is decided in
``features.audit.verdicts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.clock import day_in_words, shift_days
from features.seen import timestamp_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from features.audit.own_columns import ColumnAspect
    from features.tables import Tables

    FloatArray = NDArray[np.float64]
    FeaturesAt = Callable[[datetime], tuple[list[str], FloatArray]]

EDGES_DAYS = (1, 3, 7, 14, 30, 60, 90, 120)
"""Where stretches after the instant end, days; those before it mirror the first five."""

MIRRORED = 5
FOLDS = 3
STRATA = 10
PERMUTATIONS = 2_000
CHANCE = 0.01
"""Probability that chance alone says anything about any aspect at any time."""

FEWEST_BUYERS = 8
"""A stretch in which fewer of the customers bought tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of time, in days from the instant, and how many customers bought in it.

    ``is_outcome`` marks the whole outcome window, which overlaps the other stretches.
    """

    start_days: int
    end_days: int
    customers: int
    buyers: int
    is_outcome: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What each aspect knows about each stretch, beyond what could be known at its start.

    Parameters
    ----------
    as_of : the instant that the columns are of.
    stretches : in the order of time; last the whole outcome window, where it is observed.
    correlation : of what is left of aspect and purchases, shape (aspects, stretches).
    z : the same in standard deviations of its permutations within strata.
    thresholds : what |z| is to exceed in each stretch, so that chance does so in any stretch after
        the instant once in a hundred.
    """

    as_of: datetime
    stretches: tuple[Stretch, ...]
    correlation: FloatArray
    z: FloatArray
    thresholds: FloatArray


def stretch_edges(definition: ChurnDefinition, *, days_observed: int) -> list[int]:
    """Return where stretches begin and end, in days from the instant.

    The outcome window begins and ends at an edge, so that a copy of the label shows as one.

    Examples
    --------
    >>> from ebbtide.definition import ChurnDefinition
    >>> churn = ChurnDefinition(horizon_days=45, gap_days=0, active_within_days=365)
    >>> stretch_edges(churn, days_observed=70)
    [-30, -14, -7, -3, -1, 0, 1, 3, 7, 14, 30, 45, 60]
    """
    window = {definition.gap_days, definition.gap_days + definition.horizon_days}
    ahead = sorted({*EDGES_DAYS, *window, max(window) + 30} - {0})
    behind = [-days for days in EDGES_DAYS[:MIRRORED]]
    return [*sorted(behind), 0, *(days for days in ahead if days <= days_observed)]


def measure_knowledge(
    tables: Tables,
    aspects: Sequence[ColumnAspect],
    customer_ids: Sequence[str],
    *,
    as_of: datetime,
    log_end: datetime,
    definition: ChurnDefinition,
    features_at: FeaturesAt,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Knowledge:
    """Measure what aspects of columns know about each stretch of time around their instant.

    Parameters
    ----------
    tables : the log.
    aspects : ways to look at columns, for ``customer_ids``.
    customer_ids : who, in the order of the aspects.
    as_of : the instant that the columns claim to be of.
    log_end : until when purchases are known.
    definition : where the outcome window begins and ends.
    features_at : customers and point-in-time features at an instant; NaN is missing.
    seed : equal seeds give equal results.
    progress : called before each stretch.

    References
    ----------
    Shah and Peters (2020), The hardness of conditional independence testing and the generalised
    covariance measure, Annals of Statistics 48(3): the product of two residuals, here studentised
    by permutations within strata of the predicted purchase. Westfall and Young (1993),
    Resampling-based multiple testing: the largest statistic of each permutation.
    """
    from threadpoolctl import threadpool_limits

    day = day_in_words(as_of, time_zone=definition.time_zone)
    spans = _spans(definition, days_observed=(log_end - as_of).days)
    n_after = sum(start >= 0 for start, _, _ in spans)
    if not aspects:
        spans = []
    looked_at = np.array([aspect.values for aspect in aspects]).T
    rng = np.random.default_rng([seed, int(as_of.timestamp())])
    stretches, correlations, zs, thresholds = [], [], [], []
    for start, end, is_outcome in spans:
        if progress is not None:
            progress(f"{day} days {start} to {end}")
        starts_at, ends_at = (
            shift_days(as_of, days, time_zone=definition.time_zone) for days in (start, end)
        )
        living, features = features_at(starts_at)
        row_of = {who: row for row, who in enumerate(living)}
        kept = np.array([who in row_of for who in customer_ids], dtype=bool)
        rows = [row_of[who] for who in customer_ids if who in row_of]
        buyers = _buyers(tables, starts_at, ends_at)
        bought = np.array([who in buyers for who in customer_ids], dtype=np.float64)[kept]
        if min(bought.sum(), len(bought) - bought.sum()) < FEWEST_BUYERS:
            continue
        with threadpool_limits(1):  # Small fits: more threads only wait for each other.
            predicted, left = _residuals(features[rows], bought, looked_at[kept], seed=seed)
            correlation, z, permuted = _association(
                left, bought - predicted, _strata(predicted), rng
            )
        stretches.append(
            Stretch(
                start_days=start,
                end_days=end,
                customers=len(bought),
                buyers=int(bought.sum()),
                is_outcome=is_outcome,
            )
        )
        correlations.append(correlation)
        zs.append(z)
        thresholds.append(np.quantile(permuted, 1 - CHANCE / max(1, n_after)))
    shape = (len(aspects), len(stretches))
    return Knowledge(
        as_of=as_of,
        stretches=tuple(stretches),
        correlation=np.array(correlations).T.reshape(shape),
        z=np.array(zs).T.reshape(shape),
        thresholds=np.array(thresholds),
    )


def _spans(definition: ChurnDefinition, *, days_observed: int) -> list[tuple[int, int, bool]]:
    """Return every stretch as start, end, and whether it is the whole outcome window."""
    edges = stretch_edges(definition, days_observed=days_observed)
    spans = [(start, end, False) for start, end in pairwise(edges)]
    gap, end = definition.gap_days, definition.gap_days + definition.horizon_days
    if end <= days_observed and (gap, end, False) not in spans:
        spans.append((gap, end, True))
    return spans


def _buyers(tables: Tables, starts_at: datetime, ends_at: datetime) -> set[str]:
    found = tables.connection.sql(
        "SELECT DISTINCT customer_id FROM transactions WHERE amount >= 0 "
        f"AND occurred_at >= {timestamp_sql(starts_at)} AND occurred_at < {timestamp_sql(ends_at)}"
    ).fetchall()
    return {row[0] for row in found}


def _residuals(
    features: FloatArray, bought: FloatArray, looked_at: FloatArray, *, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return the predicted purchase, and what features leave of each aspect; both cross-fitted."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    told_apart = features[:, [len(np.unique(column)) > 1 for column in features.T]]
    basis = _basis(told_apart)
    predicted, left = np.zeros_like(bought), np.zeros_like(looked_at)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(basis, bought):
        trees = HistGradientBoostingClassifier(
            max_iter=50,
            learning_rate=0.1,
            max_leaf_nodes=8,
            min_samples_leaf=20,
            max_bins=63,
            early_stopping=False,
            random_state=seed,
        )
        trees.fit(told_apart[train], bought[train])
        predicted[test] = trees.predict_proba(told_apart[test])[:, 1]
        inner = basis[train]
        weights = np.linalg.solve(
            inner.T @ inner + 10.0 * np.eye(inner.shape[1]), inner.T @ looked_at[train]
        )
        left[test] = looked_at[test] - basis[test] @ weights
    return predicted, left


def _basis(features: FloatArray) -> FloatArray:
    """Return smooth functions of each feature's rank, so that a ridge can follow a curve."""
    from scipy.stats import rankdata

    columns = [np.ones(len(features))]
    for feature in features.T:
        missing = np.isnan(feature)
        if missing.any():
            columns.append(missing.astype(np.float64))
        value = np.where(missing, np.nanmedian(feature), feature)
        rank = rankdata(value) / len(value) - 0.5
        columns += [rank, rank**2, rank**3, value == 0, np.sign(value) * np.log1p(np.abs(value))]
    basis = np.column_stack(columns).astype(np.float64)
    spread = basis[:, 1:].std(axis=0)
    basis[:, 1:] = (basis[:, 1:] - basis[:, 1:].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return basis


def _strata(predicted: FloatArray) -> NDArray[np.intp]:
    order = np.argsort(predicted, kind="stable")
    strata = np.empty(len(predicted), dtype=np.intp)
    strata[order] = np.arange(len(predicted)) * STRATA // len(predicted)
    return strata


def _association(
    left: FloatArray, surprise: FloatArray, strata: NDArray[np.intp], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return correlation and z of each aspect, and the largest |z| of each permutation."""
    left, surprise = left.copy(), surprise.copy()
    variance = np.zeros(left.shape[1])
    members = [np.flatnonzero(strata == stratum) for stratum in range(STRATA)]
    for rows in members:
        if len(rows) < 2:
            continue
        left[rows] -= left[rows].mean(axis=0)
        surprise[rows] -= surprise[rows].mean()
        squares = (left[rows] ** 2).sum(axis=0), (surprise[rows] ** 2).sum()
        variance += squares[0] * squares[1] / (len(rows) - 1)
    scale = np.sqrt(np.maximum(variance, 1e-300))
    product = left.T @ surprise
    length = np.sqrt(np.maximum((left**2).sum(axis=0) * (surprise**2).sum(), 1e-300))
    shuffled = np.empty((len(surprise), PERMUTATIONS))
    for at in range(PERMUTATIONS):
        for rows in members:
            shuffled[rows, at] = surprise[rng.permutation(rows)]
    permuted = np.abs(left.T @ shuffled) / scale[:, None]
    return product / length, product / scale, permuted.max(axis=0)
