"""Compile a query of the catalogue's SQL into a function from frames to a frame."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from features.arrays.expression import compile_expression, require_understood
from features.arrays.frame import CUSTOMER, Frame, Groups, group, group_sorted, sort_keys
from features.arrays.grouped import GroupScope
from features.arrays.windows import spell_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from features.arrays.column import Column
    from features.arrays.expression import Compiled

    Query = Callable[[Mapping[str, Frame]], Frame]


@lru_cache(maxsize=4096)
def compiled(sql: str) -> Compiled:
    """Return an expression of SQL as a function; it is parsed once.

    Parameters
    ----------
    sql : in DuckDB's dialect.
    """
    return compile_expression(sqlglot.parse_one(sql, read="duckdb"))


@lru_cache(maxsize=1024)
def compiled_query(sql: str) -> Query:
    """Return a query as a function from the frames it reads, by name, to its result.

    Parameters
    ----------
    sql : one SELECT in DuckDB's dialect, over one table or subquery.
    """
    return _select(sqlglot.parse_one(sql, read="duckdb"))


def by_customer(frame: Frame) -> GroupScope:
    """Return the rows of each customer as groups."""
    return GroupScope(frame, group_sorted(frame.column(CUSTOMER).values))


def _select(node: exp.Expr) -> Query:
    _require_plain(node)
    windows = {each.name: each for each in node.args.get("windows") or ()}
    for window in list(node.find_all(exp.Window)):
        if window.alias in windows and window.find_ancestor(exp.Select) is node:
            spell_out(window, windows[window.alias])
    source = _source(node.args["from_"].this)
    condition = node.args.get("where")
    is_kept = None if condition is None else compile_expression(condition.this)
    has_star = any(isinstance(each, exp.Star) for each in node.expressions)
    items = {
        each.alias_or_name: compile_expression(each.unalias())
        for each in node.expressions
        if not isinstance(each, exp.Star)
    }
    keys = [each.name for each in getattr(node.args.get("group"), "expressions", ())]
    if node.args.get("distinct"):
        keys = list(items)

    def run(frames: Mapping[str, Frame]) -> Frame:
        rows = source(frames)
        if is_kept is not None:
            rows = rows.where(is_kept(rows).spread(rows.n_rows).is_true)
        if keys:
            scope = GroupScope(rows, _grouped(rows, keys))
            makers = {name: _maker(item, scope) for name, item in items.items()}
            return Frame(len(scope.groups.starts), makers, rows.constants)
        kept = {name: _column(rows, name) for name in rows.makers} if has_star else {}
        return rows.with_columns(kept | {name: _maker(item, rows) for name, item in items.items()})

    return run


_PARTS = frozenset(["expressions", "from_", "where", "group", "distinct", "windows"])
"""What of a SELECT is read; whatever else it has would be passed over."""


def _require_plain(node: exp.Expr) -> None:
    require_understood(isinstance(node, exp.Select), node, "what is not one SELECT")
    unread = [part for part, value in node.args.items() if value and part not in _PARTS]
    require_understood(not unread, node, f"SELECT with {', '.join(unread)}")
    require_understood(node.args.get("from_"), node, "SELECT without FROM")
    for each in node.expressions:
        changed = isinstance(each, exp.Star) and any(each.args.values())
        require_understood(not changed, node, "a star that leaves out or replaces")
    distinct, grouped = node.args.get("distinct"), node.args.get("group")
    if distinct:
        require_understood(not (distinct.args.get("on") or grouped), node, "this DISTINCT")
    keys = node.expressions if distinct else getattr(grouped, "expressions", ())
    are_names = all(isinstance(key, exp.Column) for key in keys)
    require_understood(are_names and (keys or not grouped), node, "a group by what is no column")
    if not keys:
        lonely = [each for each in node.expressions if _is_aggregate(each.unalias())]
        require_understood(not lonely, node, "an aggregate without GROUP BY")
        return
    named = {key.name for key in keys}
    read = [column for each in node.expressions for column in each.find_all(exp.Column)]
    loose = [
        each
        for each in read
        if each.name not in named and not each.find_ancestor(exp.AggFunc, exp.Filter)
    ]
    has_star = any(isinstance(each, exp.Star) for each in node.expressions)
    require_understood(not (loose or has_star), node, "a column that is no key of GROUP BY")


def _is_aggregate(node: exp.Expr) -> bool:
    return any(not each.find_ancestor(exp.Window) for each in node.find_all(exp.AggFunc))


def _source(node: exp.Expr) -> Query:
    if isinstance(node, exp.Subquery):
        return _select(node.this)
    is_table = isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
    require_understood(is_table, node, "what is no table")
    name = node.name
    return lambda frames: frames[name]


def _grouped(rows: Frame, keys: list[str]) -> Groups:
    """Group rows by keys; ages fall, so that the groups of a customer follow each other in time."""
    arrays = sort_keys([(rows.column(key), key == "age_day") for key in keys])
    return group(arrays, n_grouping=len(arrays), n_rows=rows.n_rows)


def _maker(item: Compiled, scope: object) -> Callable[[], Column]:
    return lambda: item(scope)


def _column(rows: Frame, name: str) -> Callable[[], Column]:
    return lambda: rows.column(name)
