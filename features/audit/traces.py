"""Which quantity of the log a column is, found by its values: windows up to as_of, and beyond it.

A column that equals a window reaching over its instant, and differs from the same window cut at it
wherever the two differ, was computed afterwards: this needs no statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.clock import shift_days
from features.seen import timestamp_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from features.audit.own_columns import ColumnAspect
    from features.tables import Tables

    FloatArray = NDArray[np.float64]

STARTS_DAYS = (None, -365, -180, -90, -60, -30, -28, -14, -7, 0)
ENDS_DAYS = (0, 1, 2, 3, 5, 7, 10, 14, 21, 28, 30, 45, 60, 90, 120, 180, None)
"""Windows that are tried, in days from the instant; None is the start or the end of the log."""

QUANTITIES: dict[str, tuple[str, str | None]] = {
    "lines": ("count(*)", None),
    "days with a purchase": ("count(DISTINCT CAST(occurred_at AS DATE))", None),
    "orders": ("count(DISTINCT order_id)", "order_id"),
    "products": ("count(DISTINCT product_id)", "product_id"),
    "units": ("sum(quantity)", "quantity"),
    "amount": ("sum(amount)", None),
    "mean amount": ("avg(amount)", None),
    "largest amount": ("max(amount)", None),
    "instant of the last purchase": ("epoch_us(max(occurred_at)) / 1e6", None),
    "instant of the first purchase": ("epoch_us(min(occurred_at)) / 1e6", None),
}
"""What is computed of the purchases in a window, with the column it needs."""

ALIKE = 0.98
"""Rank correlation from which a column may be a quantity."""

NEARER = 0.9
"""Share of the telling customers for whom the column is nearer to the window beyond as_of."""

FEWEST_TELLING = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A column found to be a quantity that reaches beyond its instant.

    Parameters
    ----------
    quantity : which.
    start_days, end_days : its window in days from the instant; None is the end of the log.
    correlation : rank correlation with the column.
    correlation_cut : of the same window cut at the instant.
    telling : customers in whom the two windows differ.
    nearer : share of those for whom the column is nearer to the longer window.
    """

    quantity: str
    start_days: int | None
    end_days: int | None
    correlation: float
    correlation_cut: float
    telling: int
    nearer: float

    @property
    def sentence(self) -> str:
        """The trace in words."""
        start = "the start of the log" if self.start_days is None else f"day {self.start_days}"
        end = "the end of the log" if self.end_days is None else f"day {self.end_days:+d}"
        return (
            f"orders customers as {self.quantity} from {start} to {end} does (rank correlation "
            f"{self.correlation:.3f}; cut at as_of {self.correlation_cut:.3f}); of "
            f"{self.telling:,} customers in whom the two differ, {self.nearer:.0%} side with the "
            f"window that reaches beyond as_of"
        )


def find_traces(
    tables: Tables,
    aspects: Sequence[ColumnAspect],
    customer_ids: Sequence[str],
    *,
    as_of: datetime,
    time_zone: str,
    known: FloatArray,
) -> dict[str, Trace]:
    """Return, by column, the quantity beyond as_of that the column is.

    Parameters
    ----------
    tables : the log.
    aspects : ways to look at columns; only their order is asked of.
    customer_ids : who, in the order of the aspects.
    as_of : the instant that the columns claim to be of.
    time_zone : of civil days.
    known : point-in-time features at the instant, in the order of the customers: a column that is
        one of them, or nearly so, is none of the quantities.
    """
    windows = _windows(tables, customer_ids, as_of=as_of, time_zone=time_zone)
    keys = list(windows)
    values = np.column_stack([windows[key] for key in keys])
    ranks = _ranks(values)
    past = [at for at, key in enumerate(keys) if key[2] == 0]
    beyond = [at for at, key in enumerate(keys) if key[2] != 0]
    place = {key: at for at, key in enumerate(keys)}
    known_ranks = _ranks(known)
    found = {}
    for aspect in aspects:
        if aspect.name != "order":
            continue
        mine = _ranks(aspect.values[:, None])[:, 0]
        alike = np.abs(_correlations(mine, ranks))
        best = max(beyond, key=lambda at: alike[at])
        rivals = [*alike[past], *np.abs(_correlations(mine, known_ranks))]
        if alike[best] < ALIKE or alike[best] <= max(rivals) + 1e-9:
            continue
        quantity, start, _ = keys[best]
        cut = place.get((quantity, start, 0))
        differ = values[:, best] != (0.0 if cut is None else values[:, cut])
        trace = _held_against_its_cut(mine, ranks, best, cut, keys[best], alike, differ)
        if trace is not None:
            found[aspect.column] = trace
    return found


def _held_against_its_cut(
    mine: FloatArray,
    ranks: FloatArray,
    best: int,
    cut: int | None,
    key: tuple[str, int | None, int | None],
    alike: FloatArray,
    telling: NDArray[np.bool_],
) -> Trace | None:
    longer = ranks[:, best] * np.sign(mine @ ranks[:, best])
    shorter = np.zeros_like(mine) if cut is None else ranks[:, cut] * np.sign(mine @ ranks[:, cut])
    nearer = np.abs(mine - longer)[telling] < np.abs(mine - shorter)[telling]
    if telling.sum() < FEWEST_TELLING or nearer.mean() < NEARER:
        return None
    return Trace(
        quantity=key[0],
        start_days=key[1],
        end_days=key[2],
        correlation=float(alike[best]),
        correlation_cut=0.0 if cut is None else float(alike[cut]),
        telling=int(telling.sum()),
        nearer=float(nearer.mean()),
    )


def _windows(
    tables: Tables, customer_ids: Sequence[str], *, as_of: datetime, time_zone: str
) -> Mapping[tuple[str, int | None, int | None], FloatArray]:
    """Compute every quantity in every window; a customer without a purchase in it counts 0."""
    row_of = {who: row for row, who in enumerate(customer_ids)}
    quantities = {
        name: sql
        for name, (sql, needs) in QUANTITIES.items()
        if needs is None or needs in tables.columns["transactions"]
    }
    selected = ", ".join(f"CAST({sql} AS DOUBLE)" for sql in quantities.values())
    windows: dict[tuple[str, int | None, int | None], FloatArray] = {}
    for start in STARTS_DAYS:
        for end in ENDS_DAYS:
            if (start, end) == (0, 0):
                continue
            within = ["amount >= 0"]
            for days, sign in ((start, ">="), (end, "<")):
                if days is not None:
                    at = timestamp_sql(shift_days(as_of, days, time_zone=time_zone))
                    within.append(f"occurred_at {sign} {at}")
            rows = tables.connection.sql(
                f"SELECT customer_id, {selected} FROM transactions WHERE {' AND '.join(within)} "
                "GROUP BY customer_id"
            ).fetchall()
            values = np.zeros((len(row_of), len(quantities)))
            for who, *computed in rows:
                if who in row_of:
                    values[row_of[who]] = [0.0 if one is None else one for one in computed]
            windows |= {(name, start, end): values[:, at] for at, name in enumerate(quantities)}
    return windows


def _ranks(values: FloatArray) -> FloatArray:
    """Return centred ranks of length one, so that a product is a rank correlation."""
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(np.nan_to_num(values, nan=0.0), axis=0), dtype=np.float64)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    return ranks / np.where(length > 0, length, 1.0)


def _correlations(mine: FloatArray, others: FloatArray) -> FloatArray:
    return np.asarray(mine @ others, dtype=np.float64)
