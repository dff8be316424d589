"""Compute snapshots from sorted arrays: the SQL of the catalogue, a few customers at a time.

The texts are those that DuckDB and Spark run: the filter of ``features.seen``, the base views, who
is alive, aggregates and expressions. Customers are taken in blocks that fit a processor's cache.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from features.arrays.clock import microseconds
from features.arrays.column import Column, constant, first_present
from features.arrays.frame import CUSTOMER, Frame
from features.arrays.select import by_customer, compiled, compiled_query
from features.query import LIVING_SQL, views_needed, with_operands
from features.seen import instants_at, seen_sql
from features.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from features.arrays.column import Array
    from features.arrays.grouped import GroupScope
    from features.arrays.tables import SortedTables
    from features.catalogue.feature import Feature

BLOCK = 50_000
"""Customers computed at once."""


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
        taken = Column(taken.values, taken.is_there & is_there, taken.scale, taken.words)
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


@dataclass(frozen=True, slots=True)
class Plan:
    """Which SQL computes a list of features; made once, run for any customers and instant."""

    features: tuple[Feature, ...]
    columns: Mapping[str, Set[str]]
    time_zone: str
    views: tuple[str, ...]
    aggregates: Mapping[str, Feature]

    @classmethod
    def of(
        cls, features: Sequence[Feature], columns: Mapping[str, Set[str]], *, time_zone: str
    ) -> Plan:
        """Make the plan for features over tables that have certain columns."""
        aggregates = [each for each in with_operands(features) if each.view is not None]
        return cls(
            features=tuple(features),
            columns=columns,
            time_zone=time_zone,
            views=tuple(views_needed(aggregates)),
            aggregates={each.name: each for each in aggregates},
        )

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are read."""
        return tuple(dict.fromkeys(["transactions", *(VIEWS[view].table for view in self.views)]))

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
        frames = {name: Frame.of(tables[name], constants) for name in self.tables}
        for name in self.tables:
            sql = seen_sql(name, self.columns[name], time_zone=self.time_zone)
            frames[f"seen_{name}"] = compiled_query(sql)(frames)
        for view in self.views:
            frames[view] = compiled_query(VIEWS[view].sql)(frames)
        living = compiled_query(LIVING_SQL)(frames).column(CUSTOMER).values
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


def snapshot_values(
    plan: Plan,
    tables: SortedTables,
    *,
    as_of: datetime,
    lookback_days: int,
    definition: ChurnDefinition,
) -> Values:
    """Compute the features of all living customers, block by block on every processor.

    Parameters
    ----------
    plan : which features.
    tables : the rows.
    as_of : aware instant, exclusive.
    lookback_days : how far back to look, days.
    definition : says who is alive.
    """
    n_customers = len(tables.customer_ids)
    run = partial(plan.run, as_of=as_of, lookback_days=lookback_days, definition=definition)

    def block(first: int) -> Values:
        return run(tables.of_customers(first, min(first + BLOCK, n_customers)))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        blocks = list(pool.map(block, range(0, n_customers, BLOCK)))
    if not blocks:
        return Values(np.zeros(0, dtype=np.int64), np.empty((0, len(plan.features))))
    return Values(
        np.concatenate([each.customers for each in blocks]),
        np.concatenate([each.rows for each in blocks]),
    )
