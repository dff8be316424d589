"""Windows over rows, such as ``lag(x) OVER (PARTITION BY ... ORDER BY ...)``.

Importing this module teaches ``features.arrays.expression`` to compile them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlglot import exp

from features.arrays.column import Array, Column
from features.arrays.expression import (
    COMPILERS,
    compile_expression,
    remembered,
    require_understood,
)
from features.arrays.frame import Frame, Groups, extreme_bound, group, sort_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from features.arrays.expression import Compiled


def spell_out(window: exp.Window, named: exp.Window) -> None:
    """Put the partition and order of a named window where its name stands."""
    window.set("alias", None)
    for part in ("partition_by", "order"):
        held = named.args.get(part)
        if held:
            copied = [each.copy() for each in held] if isinstance(held, list) else held.copy()
            window.set(part, copied)


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
    bounded = np.where(there, values, extreme_bound(values, -1))
    found = groups.reduce(np.logical_or, there)
    return groups.repeated(groups.reduce(np.maximum, bounded)), groups.repeated(found)


def _smallest(values: Array, there: Array, groups: Groups) -> tuple[Array, Array]:
    bounded = np.where(there, values, extreme_bound(values, 1))
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

COMPILERS[exp.Window] = _window
