"""Compute snapshots from sorted arrays: the SQL of the catalogue, a few customers at a time.

The texts are those that DuckDB and Spark run: the filter of ``features.seen``, the base views, who
is alive, aggregates and expressions. Customers are taken in blocks that fit a processor's cache.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.tables import table_contract
from features.arrays.clock import microseconds
from features.arrays.column import Column, constant, first_present
from features.arrays.frame import CUSTOMER, Frame
from features.arrays.select import by_customer, compiled, compiled_query
from features.population import POPULATIONS
from features.query import views_needed, with_operands
from features.seen import instants_at, seen_sql
from features.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition, ChurnKind
    from features.arrays.column import Array
    from features.arrays.grouped import GroupScope
    from features.arrays.tables import SortedTables
    from features.catalogue.feature import Feature

BLOCK = 50_000
"""Customers computed at once, at most."""
BLOCK_ROWS = 1_000_000
"""Rows computed at once, at most, unless so few customers have more."""
_STEPS = 64
"""Blocks end where a part of ``BLOCK`` does, so that the rows are not counted for each customer."""


@dataclass(frozen=True, slots=True)
class Values:
    """Features of the living customers.

    Parameters
    ----------
    customers : their numbers, in order, shape (n,).
    rows : values, NaN where missing, shape (n, features).
    """

    customers: NDArray[np.int64]
    rows: NDArray[np.float64]


@dataclass(slots=True)
class _Features:
    """Where features find each other: aggregates of the living, and what is computed from them."""

    living: Array
    scopes: Mapping[str, GroupScope]
    constants: Mapping[str, Column]
    aggregates: Mapping[str, Feature]
    cache: dict[str, Column] = field(default_factory=dict)
    _columns: dict[str, Column] = field(default_factory=dict)
    _places: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """Return a feature of the living by its name."""
        if name not in self._columns:
            self._columns[name] = self._aggregate(self.aggregates[name])
        return self._columns[name]

    def _aggregate(self, feature: Feature) -> Column:
        assert feature.view is not None, "an expression is computed from aggregates"
        scope = self.scopes[feature.view]
        place, is_there = self._place(feature.view)
        reduced = compiled(feature.sql)(scope).spread(len(scope.groups.starts))
        if len(reduced.values) == 0:
            reduced = Column(np.zeros(1), np.zeros(1, dtype=bool))
        taken = reduced.take(place)
        valid = is_there if taken.valid is None else taken.valid & is_there
        taken = Column(taken.values, valid, taken.scale, taken.words)
        if feature.when_no_rows is None:
            return taken
        return first_present([taken, compiled(feature.when_no_rows)(self)])

    def _place(self, view: str) -> tuple[Array, Array]:
        """Return where each of the living is among a view's customers, and who is there at all."""
        if view not in self._places:
            scope = self.scopes[view]
            customers = scope.column(CUSTOMER).values
            place = np.searchsorted(customers, self.living)
            inside = place < len(customers)
            place = np.where(inside, place, 0)
            is_there = inside.copy()
            is_there[inside] = customers[place[inside]] == self.living[inside]
            self._places[view] = (place, is_there)
        return self._places[view]


def _of_the_filter(table: str) -> set[str]:
    """Return the columns that decide what of a table is seen."""
    contract = table_contract(table)
    named = {"customer_id", contract.clock, "known_at", contract.runs_until}
    named |= {column.completed_at for column in contract.columns}
    return {name for name in named if name is not None}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which SQL computes a list of features; made once, run for any customers and instant.

    Parameters
    ----------
    features : the features, in the order of the values.
    aggregates : those, and what they are computed from, that are aggregates.
    views : the base views, in the order in which they build on each other.
    seen : the point-in-time filter of each table that is read.
    read : the columns that are read, by table.
    living : the query for the customers who are alive.
    time_zone : whose civil days are counted.
    """

    features: tuple[Feature, ...]
    aggregates: Mapping[str, Feature]
    views: tuple[str, ...]
    seen: Mapping[str, str]
    read: Mapping[str, frozenset[str]]
    living: str
    time_zone: str

    @classmethod
    def of(
        cls,
        features: Sequence[Feature],
        columns: Mapping[str, Set[str]],
        *,
        time_zone: str,
        kind: ChurnKind = "inactivity",
    ) -> Plan:
        """Make the plan for features over tables that have certain columns.

        ``kind`` of churn says who is alive.
        """
        living = POPULATIONS[kind]
        aggregates = [each for each in with_operands(features) if each.view is not None]
        views = views_needed(aggregates, living=living)
        tables = dict.fromkeys([living.table, *(VIEWS[view].table for view in views)])
        seen = {name: seen_sql(name, columns[name], time_zone=time_zone) for name in tables}
        for text in [living.sql, *seen.values(), *(VIEWS[view].sql for view in views)]:
            compiled_query(text)  # what is not understood is an error here, not at a customer
        for feature in (*features, *aggregates):
            compiled(feature.sql)
        texts = [living.sql, *(VIEWS[view].sql for view in views), *(a.sql for a in aggregates)]
        named = frozenset(re.findall(r"\w+", " ".join(texts)))
        return cls(
            features=tuple(features),
            aggregates={each.name: each for each in aggregates},
            views=tuple(views),
            seen=seen,
            read={
                name: frozenset(columns[name]) & (named | _of_the_filter(name)) for name in tables
            },
            living=living.sql,
            time_zone=time_zone,
        )

    def run(
        self,
        tables: Mapping[str, Mapping[str, Column]],
        *,
        as_of: datetime,
        lookback_days: int,
        definition: ChurnDefinition,
    ) -> Values:
        """Compute the features of the customers in some sorted tables."""
        instants = instants_at(as_of, lookback_days=lookback_days, time_zone=self.time_zone)
        instants["alive_since"] = definition.alive_since(as_of)
        constants = {name: constant(microseconds(each)) for name, each in instants.items()}
        frames = {name: Frame.of(tables[name], constants) for name in self.seen}
        with np.errstate(all="ignore"):  # what is null may hold anything
            return self._values(frames, constants)

    def _values(self, frames: dict[str, Frame], constants: Mapping[str, Column]) -> Values:
        for name, sql in self.seen.items():
            frames[f"seen_{name}"] = compiled_query(sql)(frames)
        for view in self.views:
            frames[view] = compiled_query(VIEWS[view].sql)(frames)
        living = compiled_query(self.living)(frames).column(CUSTOMER).values
        scopes = {view: by_customer(frames[view]) for view in self.views}
        found = _Features(np.asarray(living), scopes, constants, self.aggregates)
        rows = np.empty((len(living), len(self.features)), order="F")
        for place, feature in enumerate(self.features):
            column = found.column(feature.name) if feature.view else compiled(feature.sql)(found)
            column = column.spread(len(living))
            rows[:, place] = column.as_double
            if column.valid is not None:
                rows[~column.valid, place] = np.nan
        return Values(np.asarray(living), rows)


def _processors() -> int:
    """Return how many processors this process may use; in a container fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def snapshot_blocks(
    plan: Plan,
    tables: SortedTables,
    *,
    as_of: datetime,
    lookback_days: int,
    definition: ChurnDefinition,
) -> list[Values]:
    """Compute the features of all living customers, block by block on every processor.

    Parameters
    ----------
    plan : which features.
    tables : the rows.
    as_of : aware instant, exclusive.
    lookback_days : how far back to look, days.
    definition : says who is alive.

    Returns
    -------
    list of Values
        At least one; together all customers in order.
    """
    run = partial(plan.run, as_of=as_of, lookback_days=lookback_days, definition=definition)

    def block(ends: tuple[int, int]) -> Values:
        return run(tables.of_customers(*ends))

    with ThreadPoolExecutor(max_workers=_processors()) as pool:
        return list(pool.map(block, blocks_of(tables)))


def blocks_of(tables: SortedTables) -> list[tuple[int, int]]:
    """Return the first customer of each block, and the first one after it; at least one block."""
    n_customers = len(tables.customer_ids)
    borders = np.append(np.arange(0, n_customers, max(BLOCK // _STEPS, 1)), n_customers)
    counts = [tables.rows_before(borders, table=name) for name in tables.columns]
    before = np.sum(counts, axis=0)
    blocks, start = [], 0
    for end in range(1, len(borders) - 1):
        n_rows = before[end + 1] - before[start]
        if borders[end + 1] - borders[start] > BLOCK or n_rows > BLOCK_ROWS:
            blocks.append((int(borders[start]), int(borders[end])))
            start = end
    return [*blocks, (int(borders[start]), n_customers)]
