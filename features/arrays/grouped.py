"""Aggregates over groups of rows, the parts of SQL that see many rows.

Importing this module teaches ``features.arrays.expression`` to compile them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlglot import exp

from features.arrays.column import Array, Column
from features.arrays.expression import (
    COMPILERS,
    compile_expression,
    remembered,
    require_understood,
)
from features.arrays.frame import Frame, Groups, extreme_bound, group
from features.arrays.spans import Span, Spans, span_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from features.arrays.expression import Compiled


@dataclass(slots=True)
class GroupScope:
    """Where an expression over groups finds its columns: the keys, and the rows of each group."""

    rows: Frame
    groups: Groups
    cache: dict[str, Column] = field(default_factory=dict)
    counts: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    _spans: Spans | None = None

    @property
    def spans(self) -> Spans:
        """The spans of age of each group."""
        if self._spans is None:
            self._spans = Spans(self.rows, self.groups)
        return self._spans

    @property
    def constants(self) -> Mapping[str, Column]:
        """Values of placeholders."""
        return self.rows.constants

    def column(self, name: str) -> Column:
        """Return a key: the value that all rows of a group share."""
        key = self.rows.column(name)
        places = self.groups.starts
        return key.take(places if self.groups.order is None else self.groups.order[places])


@dataclass(slots=True, eq=False)
class _Rows:
    """The argument of an aggregate, in the order of the groups."""

    values: Array
    counted: Array | None
    """Which rows count; None if all do."""
    argument: Column
    groups: Groups

    counts: dict[int, tuple[Array, Array]]

    @property
    def how_many(self) -> Array:
        """How many rows of each group count; kept, because many aggregates share their filter."""
        assert self.counted is not None
        key = id(self.counted)
        if key not in self.counts:
            self.counts[key] = (self.counted, self.groups.total(self.counted))
        return self.counts[key][1]

    @property
    def any_counted(self) -> Array | None:
        """Whether a row of each group counts."""
        return None if self.counted is None else self.how_many > 0

    def with_idle(self, idle: Any) -> Array:
        """Return the values, and where a row does not count, one that changes nothing."""
        if self.counted is None:
            return self.values
        if idle == 0 and self.values.dtype.kind in "bi":
            return self.values * self.counted  # as np.where would, and faster
        return np.where(self.counted, self.values, idle)

    def result(self, values: Array) -> Column:
        """Return reduced values as a column like the argument; null where no row counted."""
        return Column(values, self.any_counted, self.argument.scale, self.argument.words)


_UNNAMED = Column(np.asarray(True))
"""The argument of ``count(*)``."""


def _rows(scope: GroupScope, argument: Compiled | None, condition: Compiled | None) -> _Rows:
    groups, masks = scope.groups, []
    held = _UNNAMED if argument is None else argument(scope.rows).spread(scope.rows.n_rows)
    if held.valid is not None:
        masks.append(held.valid)
    if condition is not None:
        masks.append(condition(scope.rows).spread(scope.rows.n_rows).is_true)
    counted = None
    if masks:
        counted = groups.ordered(masks[0] if len(masks) == 1 else masks[0] & masks[1])
        if counted.all():
            counted = None
    return _Rows(groups.ordered(held.values), counted, held, groups, scope.counts)


def _count(rows: _Rows) -> Column:
    if rows.counted is None:
        return Column(rows.groups.sizes)
    return Column(rows.how_many)


def _sum(rows: _Rows) -> Column:
    if rows.values.dtype.kind == "f":
        return rows.result(rows.groups.reduce(np.add, rows.with_idle(np.float64(0))))
    values, groups = rows.with_idle(0), rows.groups
    if _have_room(values, groups):
        return rows.result(groups.total(values))
    # Both halves of the bits have room to be summed, and doubles have room for the whole.
    halves = groups.total(values >> 32) * 2.0**32, groups.total(values & (2**32 - 1))
    unit = 10 ** (rows.argument.scale or 0)
    return Column(np.asarray(sum(halves)) / unit, rows.any_counted)


def _have_room(values: Array, groups: Groups) -> bool:
    """Return whether sums, and twice the sums, of whole numbers surely have room in 64 bits."""
    if values.dtype.kind == "b" or values.dtype.itemsize < 8 or len(values) == 0:
        return True
    most = max(int(values.max()), -int(values.min()))
    if most * int(groups.sizes.max()) < 2**62:
        return True
    sums = groups.reduce(np.add, np.abs(values.astype(np.float64)))
    return bool((sums < 2.0**62).all())


def _extreme(by: np.ufunc) -> Callable[[_Rows], Column]:
    def reduce(rows: _Rows) -> Column:
        if rows.counted is None:
            return rows.result(rows.groups.reduce(by, rows.values))
        counted, places = rows.groups.among(rows.how_many)
        reduced = np.zeros(len(rows.groups.starts), dtype=rows.values.dtype)
        if len(places):
            reduced[places] = counted.reduce(by, rows.values.compress(rows.counted))
        return rows.result(reduced)

    return reduce


def _any(rows: _Rows) -> Column:
    return rows.result(rows.groups.reduce(np.logical_or, rows.with_idle(False)))


_AGGREGATES: dict[type[exp.Expr], Callable[[_Rows], Column]] = {
    exp.Count: _count,
    exp.Sum: _sum,
    exp.Min: _extreme(np.minimum),
    exp.Max: _extreme(np.maximum),
    exp.LogicalOr: _any,
}


_AGGREGATED = (*_AGGREGATES, exp.ArgMin, exp.ArgMax)


def _aggregate(node: exp.Expr, condition: exp.Expr | None = None) -> Compiled:
    chosen = None if condition is None else compile_expression(condition)
    whole = node if condition is None else node.parent
    assert whole is not None, "a filtered aggregate has its filter around it"
    require_understood(isinstance(node, _AGGREGATED), whole, "a filter of what is no aggregate")
    if isinstance(node, exp.ArgMin | exp.ArgMax):
        return remembered(whole, _at_extreme(node, chosen))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct):
        return remembered(whole, _distinct(node.this, chosen))
    argument = None if isinstance(node.this, exp.Star) else compile_expression(node.this)
    reduce = _AGGREGATES[type(node)]

    def run(scope: GroupScope) -> Column:
        return reduce(_rows(scope, argument, chosen))

    span = None if condition is None else span_of(condition)
    if span is not None and isinstance(node, exp.Count | exp.Sum):
        return remembered(whole, _over_span(node, span, argument, otherwise=run))
    return remembered(whole, run)


def _over_span(
    node: exp.Count | exp.Sum, span: Span, argument: Compiled | None, *, otherwise: Compiled
) -> Compiled:
    """Compile a count or a sum over a span of age; ``otherwise`` where rows do not lie in order."""
    is_sum, name = isinstance(node, exp.Sum), node.this.sql("duckdb")

    def run(scope: GroupScope) -> Column:
        spans, ends = scope.spans, scope.spans.ends(span)
        if ends is None:
            return otherwise(scope)
        rows = _rows(scope, argument, None)
        how_many: Array | None = ends[1] - ends[0]
        if rows.counted is not None:
            how_many = spans.total(ends, f"count {name}", lambda: rows.counted)
        assert how_many is not None, "whatever counts can be counted"
        if not is_sum:
            return Column(how_many)
        total = spans.total(ends, f"sum {name}", lambda: _summed(rows))
        if total is None:
            return otherwise(scope)
        return Column(total, how_many > 0, rows.argument.scale, rows.argument.words)

    return run


def _summed(rows: _Rows) -> Array | None:
    """Return what a sum adds up; None if whole numbers have no room for it."""
    if rows.values.dtype.kind == "f":
        return None
    values = rows.with_idle(0)
    return values if _have_room(values, rows.groups) else None


def _filtered(node: exp.Filter) -> Compiled:
    return _aggregate(node.this, node.expression.this)


def _at_extreme(node: exp.ArgMin | exp.ArgMax, condition: Compiled | None) -> Compiled:
    """Compile ``arg_min(x, y)``: the x of the row with the smallest y, rows with nulls left out."""
    wanted, by = compile_expression(node.this), compile_expression(node.expression)
    extreme, sign = (np.minimum, 1) if isinstance(node, exp.ArgMin) else (np.maximum, -1)

    def run(scope: GroupScope) -> Column:
        rows, keys = _rows(scope, wanted, condition), _rows(scope, by, None)
        if isinstance(node, exp.ArgMin) and _is_last(rows, keys):
            return rows.result(rows.values.take(rows.groups.last))
        counted = np.ones(scope.rows.n_rows, dtype=bool)
        for mask in (rows.counted, keys.counted):
            if mask is not None:
                counted = counted & mask
        groups = scope.groups
        bounded = np.where(counted, keys.values, extreme_bound(keys.values, sign))
        is_best = counted & (bounded == groups.repeated(groups.reduce(extreme, bounded)))
        place = np.where(is_best, np.arange(scope.rows.n_rows), scope.rows.n_rows)
        first = groups.reduce(np.minimum, place)
        found = first < scope.rows.n_rows
        values = rows.values[np.where(found, first, 0)] if len(first) else rows.values
        return Column(values, found, rows.argument.scale, rows.argument.words)

    return run


def _is_last(rows: _Rows, keys: _Rows) -> bool:
    """Return whether the row with the smallest key is the last of its group, in all groups."""
    groups = rows.groups
    if keys.counted is not None or groups.n_rows == 0:
        return False
    falls = keys.values[1:] < keys.values[:-1]
    falls[groups.last[:-1]] = True
    if not falls.all():
        return False
    return rows.counted is None or bool(
        (rows.counted.take(groups.last) == (rows.how_many > 0)).all()
    )


def _distinct_values(mine: Array, values: Array, n_groups: int) -> Array:
    """Return how many different values each group has; ``mine`` is the group of each value."""
    if len(mine) == 0:
        return np.zeros(n_groups, dtype=np.int64)
    # Rows of one value mostly lie beside each other: only where three or more stretches of
    # equal values are left in a group can a value have come back.
    begins = np.ones(len(mine), dtype=bool)
    begins[1:] = (mine[1:] != mine[:-1]) | (values[1:] != values[:-1])
    mine, values = mine[begins], values[begins]
    stretches = np.bincount(mine, minlength=n_groups)
    unsure = stretches[mine] > 2
    if not unsure.any():
        return stretches
    keys = [mine[unsure], values[unsure]]
    pairs = group(keys, n_grouping=2, n_rows=len(keys[0]))
    distinct = np.bincount(pairs.ordered(keys[0])[pairs.starts], minlength=n_groups)
    return np.where(stretches > 2, distinct, stretches)


def _distinct(node: exp.Distinct, condition: Compiled | None) -> Compiled:
    is_plain = condition is None and len(node.expressions) == 1
    require_understood(is_plain, node, "DISTINCT with a filter, or of several")
    argument = compile_expression(node.expressions[0])

    def run(scope: GroupScope) -> Column:
        rows = _rows(scope, argument, None)
        groups, n_groups = scope.groups, len(scope.groups.starts)
        found = np.ones(n_groups, dtype=np.int64)
        if rows.counted is not None:
            found = rows.counted.take(groups.starts).astype(np.int64)
        several, places, _ = groups.several
        if len(several) == 0:
            return Column(found)
        mine = np.repeat(np.arange(len(several)), groups.sizes.take(several))
        values = rows.values.take(places)
        if rows.counted is not None:
            kept = np.flatnonzero(rows.counted.take(places))
            mine, values = mine.take(kept), values.take(kept)
        found[several] = _distinct_values(mine, values, len(several))
        return Column(found)

    return run


COMPILERS |= dict.fromkeys(_AGGREGATED, _aggregate)
COMPILERS |= {exp.Filter: _filtered}
