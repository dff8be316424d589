"""Aggregates over groups of rows, and windows over rows: the parts of SQL that see many rows.

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
from features.arrays.frame import Frame, Groups, group, sort_keys

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

    @property
    def constants(self) -> Mapping[str, Column]:
        """Values of placeholders."""
        return self.rows.constants

    def column(self, name: str) -> Column:
        """Return a key: the value that all rows of a group share."""
        key = self.rows.column(name)
        places = self.groups.starts
        return key.take(places if self.groups.order is None else self.groups.order[places])


@dataclass(frozen=True, slots=True)
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


def _least(rows: _Rows) -> Column:
    return rows.result(rows.groups.reduce(np.minimum, rows.with_idle(_bound(rows.values, 1))))


def _greatest(rows: _Rows) -> Column:
    return rows.result(rows.groups.reduce(np.maximum, rows.with_idle(_bound(rows.values, -1))))


def _any(rows: _Rows) -> Column:
    return rows.result(rows.groups.reduce(np.logical_or, rows.with_idle(False)))


def _bound(values: Array, sign: int) -> Any:
    """Return the largest (or, with -1, smallest) value of an array's type."""
    if values.dtype.kind == "f":
        return values.dtype.type(sign * np.inf)
    if values.dtype.kind == "b":
        return np.bool_(sign > 0)
    limits = np.iinfo(values.dtype)
    return values.dtype.type(limits.max if sign > 0 else limits.min)


_AGGREGATES: dict[type[exp.Expr], Callable[[_Rows], Column]] = {
    exp.Count: _count,
    exp.Sum: _sum,
    exp.Min: _least,
    exp.Max: _greatest,
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
    return remembered(whole, lambda scope: reduce(_rows(scope, argument, chosen)))


def _filtered(node: exp.Filter) -> Compiled:
    return _aggregate(node.this, node.expression.this)


def _at_extreme(node: exp.ArgMin | exp.ArgMax, condition: Compiled | None) -> Compiled:
    """Compile ``arg_min(x, y)``: the x of the row with the smallest y, rows with nulls left out."""
    wanted, by = compile_expression(node.this), compile_expression(node.expression)
    extreme, sign = (np.minimum, 1) if isinstance(node, exp.ArgMin) else (np.maximum, -1)

    def run(scope: GroupScope) -> Column:
        rows, keys = _rows(scope, wanted, condition), _rows(scope, by, None)
        counted = np.ones(scope.rows.n_rows, dtype=bool)
        for mask in (rows.counted, keys.counted):
            if mask is not None:
                counted = counted & mask
        groups = scope.groups
        bounded = np.where(counted, keys.values, _bound(keys.values, sign))
        is_best = counted & (bounded == groups.repeated(groups.reduce(extreme, bounded)))
        place = np.where(is_best, np.arange(scope.rows.n_rows), scope.rows.n_rows)
        first = groups.reduce(np.minimum, place)
        found = first < scope.rows.n_rows
        values = rows.values[np.where(found, first, 0)] if len(first) else rows.values
        return Column(values, found, rows.argument.scale, rows.argument.words)

    return run


def _distinct(node: exp.Distinct, condition: Compiled | None) -> Compiled:
    is_plain = condition is None and len(node.expressions) == 1
    require_understood(is_plain, node, "DISTINCT with a filter, or of several")
    argument = compile_expression(node.expressions[0])

    def run(scope: GroupScope) -> Column:
        rows = _rows(scope, argument, None)
        n_groups = len(scope.groups.starts)
        mine = scope.groups.repeated(np.arange(n_groups))
        values = rows.values
        if rows.counted is not None:
            mine, values = mine[rows.counted], values[rows.counted]
        if len(mine) == 0:
            return Column(np.zeros(n_groups, dtype=np.int64))
        # Rows of one value mostly lie beside each other: only where three or more stretches of
        # equal values are left in a group can a value have come back.
        begins = np.ones(len(mine), dtype=bool)
        begins[1:] = (mine[1:] != mine[:-1]) | (values[1:] != values[:-1])
        mine, values = mine[begins], values[begins]
        stretches = np.bincount(mine, minlength=n_groups)
        unsure = stretches[mine] > 2
        if not unsure.any():
            return Column(stretches)
        keys = [mine[unsure], values[unsure]]
        pairs = group(keys, n_grouping=2, n_rows=len(keys[0]))
        distinct = np.bincount(pairs.ordered(keys[0])[pairs.starts], minlength=n_groups)
        return Column(np.where(stretches > 2, distinct, stretches))

    return run


def _window(node: exp.Window) -> Compiled:
    partition = [compile_expression(each) for each in node.args.get("partition_by") or ()]
    order = node.args.get("order")
    ordering = [
        (compile_expression(each.this), bool(each.args.get("desc")))
        for each in (order.expressions if order is not None else ())
    ]
    require_understood(type(node.this) in _WINDOWS, node, f"a window of {type(node.this).__name__}")
    require_understood(not node.alias, node, "a window that has no definition")
    unread = [part for part in node.this.args if part not in ("this", "big_int")]
    require_understood(not any(node.this.args[part] for part in unread), node, str(unread))
    argument = None
    if not isinstance(node.this.this, exp.Star):
        argument = compile_expression(node.this.this)
    look = _WINDOWS[type(node.this)]
    is_running = bool(ordering) and type(node.this) not in _IN_ORDER
    require_understood(not is_running, node, "a running window")
    nulls_last = not any(each.args.get("nulls_first") for each in getattr(order, "expressions", ()))
    require_understood(nulls_last, node, "NULLS FIRST")
    spelled = [*(node.args.get("partition_by") or ()), *([order] if order is not None else [])]
    over = " ".join(each.sql("duckdb") for each in spelled)

    def run(scope: Frame) -> Column:
        n_rows = scope.n_rows
        held = Column(np.ones(n_rows, dtype=bool))
        if argument is not None:
            held = argument(scope).spread(n_rows)
        if n_rows == 0:
            return Column(held.values, np.zeros(0, dtype=bool), held.scale, held.words)
        if over not in scope.groupings:
            by = sort_keys([(each(scope), False) for each in partition])
            then = sort_keys([(each(scope), falls) for each, falls in ordering])
            scope.groupings[over] = group([*by, *then], n_grouping=len(by), n_rows=n_rows)
        groups = scope.groupings[over]
        values, there = groups.ordered(held.values), groups.ordered(held.is_there)
        seen, valid = look(values, there, groups)
        if isinstance(node.this, exp.Count):
            held = Column(seen)
        return Column(groups.back(seen), groups.back(valid), held.scale, held.words)

    return remembered(node, run)


def _lag(values: Array, there: Array, groups: Groups) -> tuple[Array, Array]:
    valid = np.roll(there, 1)
    valid[groups.starts] = False
    return np.roll(values, 1), valid


def _lead(values: Array, there: Array, groups: Groups) -> tuple[Array, Array]:
    valid = np.roll(there, -1)
    valid[groups.starts - 1] = False  # the row before each start, and for the first the last row
    return np.roll(values, -1), valid


def _first(values: Array, there: Array, groups: Groups) -> tuple[Array, Array]:
    return groups.repeated(values[groups.starts]), groups.repeated(there[groups.starts])


def _largest(values: Array, there: Array, groups: Groups) -> tuple[Array, Array]:
    bounded = np.where(there, values, _bound(values, -1))
    found = groups.reduce(np.logical_or, there)
    return groups.repeated(groups.reduce(np.maximum, bounded)), groups.repeated(found)


def _smallest(values: Array, there: Array, groups: Groups) -> tuple[Array, Array]:
    bounded = np.where(there, values, _bound(values, 1))
    found = groups.reduce(np.logical_or, there)
    return groups.repeated(groups.reduce(np.minimum, bounded)), groups.repeated(found)


def _counted(values: Array, there: Array, groups: Groups) -> tuple[Array, Array]:
    counts = groups.total(there)
    return groups.repeated(counts), np.ones(len(values), dtype=bool)


_WINDOWS: dict[type[exp.Expr], Callable[[Array, Array, Groups], tuple[Array, Array]]] = {
    exp.Lag: _lag,
    exp.Lead: _lead,
    exp.FirstValue: _first,
    exp.Max: _largest,
    exp.Min: _smallest,
    exp.Count: _counted,
}

_IN_ORDER = (exp.Lag, exp.Lead, exp.FirstValue)
"""Windows that ask for a neighbour; the others see all rows, and none may run."""

COMPILERS |= dict.fromkeys(_AGGREGATED, _aggregate)
COMPILERS |= {exp.Filter: _filtered, exp.Window: _window}
