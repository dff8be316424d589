"""Compute snapshots from sorted arrays: the SQL of the catalogue, a few customers at a time.

The texts are those that DuckDB and Spark run: the filter of ``features.seen``, the base views, who
is alive, aggregates and expressions. Customers are taken in blocks that fit a processor's cache.
"""

from __future__ import annotations

import math
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ebbtide.contracts.tables import table_contract
from features.arrays.clock import microseconds
from features.arrays.column import Column, constant, first_present
from features.arrays.frame import CUSTOMER, Frame
from features.arrays.memory import (
    keep_freed_memory,
    kept_arrays,
    no_collection,
    short_turns,
    small_pages,
)
from features.arrays.select import by_customer, compiled, compiled_query
from features.population import POPULATIONS
from features.query import views_needed, with_operands
from features.seen import instants_at, seen_sql
from features.views import VIEWS, views_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence, Set
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition, ChurnKind
    from features.arrays.column import Array
    from features.arrays.grouped import GroupScope
    from features.arrays.tables import SortedTables
    from features.catalogue.feature import Feature
    from features.population import Population

Given = TypeVar("Given")
Made = TypeVar("Made")

BLOCK = 60_000
"""Customers computed at once, at most.

With fewer, Python's own work for each block, during which other threads wait, weighs too much; with
more, arrays no longer fit a processor's cache.
"""
BLOCK_ROWS = 1_000_000
"""Rows computed at once, at most, unless so few customers have more."""
_STEPS = 64
"""Blocks end where a part of ``BLOCK`` does, so that the rows are not counted for each customer."""


@dataclass(frozen=True)
class Found:
    """The living customers, and what was aggregated over their rows: where features find it.

    Parameters
    ----------
    customers : their numbers, in order, shape (n,).
    constants : values of placeholders such as ``$as_of``.
    """

    customers: Array
    constants: Mapping[str, Column]
    columns: dict[str, Column] = field(default_factory=dict)
    cache: dict[str, Column] = field(default_factory=dict)

    @cached_property
    def _places(self) -> Array:
        """The place of each number among the customers, from that of the first one on."""
        first, last = self.customers[0], self.customers[-1]
        places = np.empty(last - first + 1, dtype=np.intp)
        places[self.customers - first] = np.arange(len(self.customers))
        return places

    def _place_of(self, customers: Array) -> Array | None:
        """Return where customers are among these; None if they are all of them."""
        if len(customers) == len(self.customers):
            return None
        return np.asarray(self._places.take(customers - self.customers[0]))

    def column(self, name: str) -> Column:
        """Return an aggregate over the rows of the living, by its name."""
        return self.columns[name]

    def add(self, features: Iterable[Feature], scope: GroupScope) -> None:
        """Compute aggregates over the rows of a view, which are rows of the living."""
        place = self._place_of(scope.column(CUSTOMER).values)
        is_there = np.ones(len(self.customers), dtype=bool)
        if place is not None:
            is_there[:] = False
            is_there[place] = True
        for feature in features:
            reduced = compiled(feature.sql)(scope).spread(len(scope.groups.starts))
            column = reduced if place is None else _put(reduced, place, is_there)
            if feature.when_no_rows is not None:
                column = first_present([column, compiled(feature.when_no_rows)(self)])
            self.columns[feature.name] = column

    def values(self, features: Sequence[Feature]) -> list[NDArray[np.float64]]:
        """Return the values of features, NaN where missing, each of shape (n,)."""
        written = kept_arrays(len(features), n=len(self.customers))
        with np.errstate(all="ignore"):  # what is null may hold anything
            for feature, out in zip(features, written, strict=True):
                held = self.column(feature.name) if feature.view else compiled(feature.sql)(self)
                held.write_doubles(out)
        return written

    @classmethod
    def told(
        cls,
        aggregates: Mapping[str, NDArray[np.float64]],
        *,
        n: int,
        constants: Mapping[str, Column],
    ) -> Found:
        """Return what :meth:`values` said of ``n`` customers, for features to be computed from."""
        columns = {name: _null_where_nan(values) for name, values in aggregates.items()}
        return cls(np.arange(n), constants, columns)


def _null_where_nan(values: NDArray[np.float64]) -> Column:
    is_there = ~np.isnan(values)
    return Column(values, None if is_there.all() else is_there)


def _put(column: Column, place: Array, is_there: Array) -> Column:
    """Return a column with the given rows at their places, and null elsewhere."""
    values, valid = np.zeros(len(is_there), dtype=column.values.dtype), is_there
    values[place] = column.values
    if column.valid is not None:
        valid = np.zeros(len(is_there), dtype=bool)
        valid[place] = column.valid
    return Column(values, valid, column.scale, column.words)


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
    living : says who is alive.
    time_zone : whose civil days are counted.
    """

    features: tuple[Feature, ...]
    aggregates: Mapping[str, Feature]
    views: tuple[str, ...]
    seen: Mapping[str, str]
    read: Mapping[str, frozenset[str]]
    living: Population
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
            living=living,
            time_zone=time_zone,
        )

    def compiled(self) -> Plan:
        """Return the plan with its SQL compiled: once, and not by each thread that runs it.

        Raises
        ------
        NotImplementedError
            If the SQL is not understood.
        """
        for text in [
            self.living.sql,
            *self.seen.values(),
            *(VIEWS[each].sql for each in self.views),
        ]:
            compiled_query(text)
        for feature in (*self.features, *self.aggregates.values()):
            compiled(feature.sql)
        return self

    def run(
        self,
        tables: Mapping[str, Mapping[str, Column]],
        *,
        as_of: datetime,
        lookback_days: int,
        definition: ChurnDefinition,
    ) -> Found:
        """Aggregate the rows of the customers in some sorted tables."""
        instants = instants_at(as_of, lookback_days=lookback_days, time_zone=self.time_zone)
        instants["alive_since"] = definition.alive_since(as_of)
        constants = {name: constant(microseconds(each)) for name, each in instants.items()}
        with np.errstate(all="ignore"):  # what is null may hold anything
            return self._found(tables, constants)

    def _found(
        self, tables: Mapping[str, Mapping[str, Column]], constants: Mapping[str, Column]
    ) -> Found:
        telling = self._seen(self.living.table, tables, constants)
        for view in views_below(self.living.views):
            telling[view] = compiled_query(VIEWS[view].sql)(telling)
        living = compiled_query(self.living.sql)(telling).column(CUSTOMER).values
        found = Found(np.asarray(living), constants)
        for table in self.seen:
            frames = self._seen(table, tables, constants, customers=found.customers)
            self._add_of_table(table, frames, found)
        return found

    def _seen(
        self,
        table: str,
        tables: Mapping[str, Mapping[str, Column]],
        constants: Mapping[str, Column],
        *,
        customers: Array | None = None,
    ) -> dict[str, Frame]:
        """Return the rows of a table that are seen: those of everybody, or of some customers."""
        rows = Frame.of(tables[table], constants)
        if customers is not None:
            rows = rows.of_customers(customers)
        return {f"seen_{table}": compiled_query(self.seen[table])({table: rows})}

    def _add_of_table(self, table: str, frames: dict[str, Frame], found: Found) -> None:
        """Compute the aggregates over a table; a view is dropped as soon as nothing reads it."""
        views = [view for view in self.views if VIEWS[view].table == table]
        for place, view in enumerate(views):
            frames[view] = compiled_query(VIEWS[view].sql)(frames)
            features = [each for each in self.aggregates.values() if each.view == view]
            if features:
                found.add(features, by_customer(frames[view]))
            if not any(view in _read_by(later) for later in views[place + 1 :]):
                del frames[view]


@cache
def _read_by(view: str) -> frozenset[str]:
    """Return what the query of a view names."""
    return frozenset(re.findall(r"\w+", VIEWS[view].sql))


def processors() -> int:
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
    made_of: Callable[[Found], Made],
) -> list[Made]:
    """Compute the features of all living customers, block by block on every processor.

    Parameters
    ----------
    plan : which features.
    tables : the rows.
    as_of : aware instant, exclusive.
    lookback_days : how far back to look, days.
    definition : says who is alive.
    made_of : what to make of each block.

    Returns
    -------
    list
        What was made, of at least one block; together all customers in order.
    """
    run = partial(plan.run, as_of=as_of, lookback_days=lookback_days, definition=definition)

    def block(ends: tuple[int, int]) -> Made:
        return made_of(run(tables.of_customers(*ends)))

    return on_every_processor(block, blocks_of(tables))


def on_every_processor(work: Callable[[Given], Made], blocks: Sequence[Given]) -> list[Made]:
    """Do some work of numpy's on each block; return what it made, in their order.

    This thread works as well: what it has freed is used again, and an interruption reaches it. That
    and an error in any thread are raised when the blocks that are under way are done.
    """
    keep_freed_memory()
    n_others = min(processors(), len(blocks)) - 1
    with small_pages(), no_collection(), short_turns():
        if n_others < 1:
            return [work(block) for block in blocks]
        with ThreadPoolExecutor(max_workers=n_others) as others:
            try:
                begun, mine = [others.submit(work, block) for block in blocks], {}
                for place in reversed(range(len(blocks))):  # from the end, what nobody has begun
                    for each in begun:
                        if each.done() and not each.cancelled():
                            each.result()  # raises what it raised
                    if begun[place].cancel():
                        mine[place] = work(blocks[place])
                return [
                    mine[place] if place in mine else each.result()
                    for place, each in enumerate(begun)
                ]
            except BaseException:
                others.shutdown(cancel_futures=True)
                raise


def blocks_of(tables: SortedTables) -> list[tuple[int, int]]:
    """Return the first customer of each block, and the first one after it; at least one block."""
    n_customers = len(tables.customer_ids)
    step = max(BLOCK // _STEPS, 1)
    most = min(BLOCK, math.ceil(_even_block(n_customers) / step) * step)
    borders = np.append(np.arange(0, n_customers, step), n_customers)
    counts = [tables.rows_before(borders, table=name) for name in tables.columns]
    before = np.sum(counts, axis=0)
    blocks, start = [], 0
    for end in range(1, len(borders) - 1):
        n_rows = before[end + 1] - before[start]
        if borders[end + 1] - borders[start] > most or n_rows > BLOCK_ROWS:
            blocks.append((int(borders[start]), int(borders[end])))
            start = end
    return [*blocks, (int(borders[start]), n_customers)]


def _even_block(n_customers: int) -> int:
    """Return how many customers are a block, so that all processors are done at one time."""
    n_blocks = processors() * math.ceil(n_customers / (BLOCK * processors()))
    return max(math.ceil(n_customers / max(n_blocks, 1)), BLOCK // 4)
