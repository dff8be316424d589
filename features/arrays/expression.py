"""Compile an expression of the catalogue's SQL into a function over a scope of columns.

A scope is whatever answers ``column(name)``: a frame of rows, or the groups of one. Aggregates and
windows are compiled in ``grouped`` and ``windows``, which extend the table of functions here.
"""

from __future__ import annotations

import operator
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sqlglot import exp

from ebbtide.contracts.tables import SIZE_LIMIT
from features.arrays import column as columns
from features.arrays.clock import microseconds, wall_clock
from features.arrays.column import NULL, Column, constant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Scope(Protocol):
    """Where an expression finds its columns and constants."""

    cache: dict[str, Column]
    constants: Mapping[str, Column]

    def column(self, name: str) -> Column:
        """Return a column by its name."""


if TYPE_CHECKING:
    Compiled = Callable[[Any], Column]
    Compiler = Callable[[Any], Compiled]

COMPILERS: dict[type[exp.Expr], Compiler] = {}
"""How each kind of SQL expression is compiled; the whole dialect that features may use."""

_PARTS = {"this", "expression", "expressions", "ifs", "default", "low", "high", "to", "unit"}
_PARTS |= {"partition_by", "order", "alias", "_type"}
"""What the compilers read of an expression; whatever else it has would be passed over."""


def compile_expression(node: exp.Expr) -> Compiled:
    """Return the function that computes an expression.

    Raises
    ------
    NotImplementedError
        If the expression uses SQL that the catalogue may not use.
    """
    compiler = COMPILERS.get(type(node))
    if compiler is None:
        raise not_understood(node, type(node).__name__)
    for part, value in node.args.items():
        if part == "symmetric" or (isinstance(value, exp.Expr | list) and part not in _PARTS):
            require_understood(not value, node, f"{type(node).__name__} with {part}")
    return compiler(node)


def require_understood(is_understood: object, node: exp.Expr, what: str) -> None:
    """Return if a part of SQL is understood.

    Raises
    ------
    NotImplementedError
        If it is not, because to pass over it would give wrong numbers.
    """
    if not is_understood:
        raise not_understood(node, what)


def not_understood(node: exp.Expr, what: str) -> NotImplementedError:
    """Return the error for SQL that the catalogue may not use."""
    known = ", ".join(sorted(kind.__name__ for kind in COMPILERS))
    return NotImplementedError(
        f"Expected SQL that the catalogue may use ({known}), got {what} in "
        f"{node.sql('duckdb')!r}. Say it with those, or teach features/arrays the new one."
    )


def remembered(node: exp.Expr, compiled: Compiled) -> Compiled:
    """Return a function whose result is kept in the scope, because features share such parts."""
    key = _key(node)

    def run(scope: Any) -> Column:
        found: Column | None = scope.cache.get(key)
        if found is None:
            found = scope.cache[key] = compiled(scope)
        return found

    return run


def _key(node: exp.Expr) -> str:
    """Return a text that equal expressions share, made of those of its parts.

    To write the SQL of each part anew would take longer than all the rest, where sums are long.
    """
    key: str | None = node.meta.get("key")
    if key is None:
        parts = [f"{name}={_key_of_part(part)}" for name, part in node.args.items() if part]
        # Equal texts become one object, so that to find one in a scope is not to read it.
        key = node.meta["key"] = sys.intern(f"{type(node).__name__}({','.join(parts)})")
    return key


def _key_of_part(part: object) -> str:
    if isinstance(part, exp.Expr):
        return _key(part)
    if isinstance(part, list):
        return f"[{','.join(_key_of_part(each) for each in part)}]"
    return repr(part)


def _binary(operation: Callable[[Column, Column], Column], *, is_kept: bool = False) -> Compiler:
    def compiler(node: exp.Binary) -> Compiled:
        left, right = compile_expression(node.this), compile_expression(node.expression)

        def run(scope: Scope) -> Column:
            return operation(left(scope), right(scope))

        return remembered(node, run) if is_kept else run

    return compiler


def _unary(operation: Callable[[Column], Column]) -> Compiler:
    def compiler(node: exp.Expr) -> Compiled:
        inner = compile_expression(node.this)
        return lambda scope: operation(inner(scope))

    return compiler


def _function(operation: Callable[[Any], Any]) -> Compiler:
    """Compile a function of one double."""

    def apply(held: Column) -> Column:
        return Column(np.asarray(operation(held.as_double)), held.valid)

    compiler = _unary(apply)
    return lambda node: remembered(node, compiler(node))


def _comparison(by: Any) -> Compiler:
    numbers = _binary(lambda left, right: columns.compare(left, right, by=by), is_kept=True)

    def compiler(node: exp.Binary) -> Compiled:
        if by in (np.equal, np.not_equal) and _is_text(node.expression):
            held, wanted = compile_expression(node.this), node.expression.this
            if by is np.equal:
                return remembered(node, lambda scope: columns.is_word(held(scope), wanted))
            return lambda scope: columns.negation(columns.is_word(held(scope), wanted))
        return numbers(node)

    return compiler


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _literal(node: exp.Literal) -> Compiled:
    text = str(node.this)
    require_understood(not node.is_string, node, "a text that is not compared with =, <> or IN")
    held = constant(float(text) if any(mark in text for mark in ".eE") else int(text))
    return lambda _: held


def _column(node: exp.Column) -> Compiled:
    name = node.name
    return lambda scope: scope.column(name)


def _placeholder(node: exp.Placeholder) -> Compiled:
    name = str(node.this)
    return lambda scope: scope.constants[name]


def _is_null(node: exp.Is) -> Compiled:
    require_understood(isinstance(node.expression, exp.Null), node, "IS of what is not NULL")
    held = compile_expression(node.this)
    return lambda scope: Column(np.asarray(~held(scope).is_there))


def _between(node: exp.Between) -> Compiled:
    held = compile_expression(node.this)
    low, high = compile_expression(node.args["low"]), compile_expression(node.args["high"])

    def run(scope: Scope) -> Column:
        value = held(scope)
        return columns.conjunction(
            columns.compare(value, low(scope), by=np.greater_equal),
            columns.compare(value, high(scope), by=np.less_equal),
        )

    return remembered(node, run)


def _in(node: exp.In) -> Compiled:
    equals = [exp.EQ(this=node.this, expression=each) for each in node.expressions]
    tests = [compile_expression(each) for each in equals]

    def run(scope: Scope) -> Column:
        found = tests[0](scope)
        for test in tests[1:]:
            found = columns.disjunction(found, test(scope))
        return found

    return run


def _case(node: exp.Case) -> Compiled:
    conditions = [each.this for each in node.args["ifs"]]
    if node.this is not None:
        conditions = [exp.EQ(this=node.this, expression=wanted) for wanted in conditions]
    cases = [
        (compile_expression(condition), compile_expression(each.args["true"]))
        for condition, each in zip(conditions, node.args["ifs"], strict=True)
    ]
    default = node.args.get("default")
    otherwise = compile_expression(default) if default is not None else (lambda _: NULL)
    return lambda scope: columns.choose(
        [(condition(scope), value(scope)) for condition, value in cases], otherwise(scope)
    )


def _several(operation: Callable[[list[Column]], Column]) -> Compiler:
    def compiler(node: exp.Expr) -> Compiled:
        parts = [compile_expression(each) for each in (node.this, *node.expressions)]
        return lambda scope: operation([part(scope) for part in parts])

    return compiler


def _cast(node: exp.Cast) -> Compiled:
    kind = node.to.this
    if isinstance(node.this, exp.Null):
        return lambda _: NULL
    if kind == exp.DType.TIMESTAMPNTZ and _is_text(node.this):
        instant = datetime.fromisoformat(str(node.this.this)).replace(tzinfo=UTC)
        return lambda _: constant(microseconds(instant))
    held = compile_expression(node.this)
    if kind == exp.DType.DECIMAL:
        digits, scale = (int(part.this.this) for part in node.to.expressions)
        limit = max(SIZE_LIMIT, 10.0 ** (digits - scale))
        return lambda scope: columns.as_decimal(held(scope), scale, limit=limit)
    if kind == exp.DType.DOUBLE:
        return lambda scope: columns.as_number(held(scope))
    if kind == exp.DType.INT:  # what is half as wide is twice as fast
        return lambda scope: columns.as_whole(held(scope), np.int32)
    if kind in (exp.DType.BIGINT, exp.DType.INT128):
        return lambda scope: columns.as_whole(held(scope))
    raise not_understood(node, f"a cast to {node.to.sql('duckdb')}")


def _microseconds_between(node: exp.DateDiff) -> Compiled:
    require_understood(str(node.args["unit"]) == "MICROSECOND", node, "other units")
    later, earlier = compile_expression(node.this), compile_expression(node.expression)
    return lambda scope: columns.add(later(scope), earlier(scope), sign=-1)


def _timezone(node: exp.Anonymous) -> Compiled:
    """Compile ``timezone('Europe/London', timezone('UTC', t))``, the clock on the wall."""
    name = str(node.this).lower()
    require_understood(name == "timezone", node, f"{name}(...)")
    zone, inner = node.expressions
    from_utc = isinstance(inner, exp.Anonymous) and inner.expressions[0].this == "UTC"
    require_understood(from_utc, node, "an instant that is not UTC before it gets a zone")
    held = compile_expression(inner.expressions[1])
    return lambda scope: wall_clock(held(scope), str(zone.this))


def _weekday(held: Column) -> Column:
    days = held.values // 86_400_000_000
    if days.size == 0:
        return Column(days, held.valid)
    first, last = int(days.min()), int(days.max())
    if last - first >= days.size:
        return Column(np.asarray((days + 3) % 7 + 1), held.valid)
    weekdays = (np.arange(first, last + 1) + 3) % 7 + 1  # to look one up is faster than to divide
    return Column(np.asarray(weekdays.take(days - first)), held.valid)


def _power(left: Column, right: Column) -> Column:
    raised = np.power(left.as_double, right.as_double)
    return Column(np.asarray(raised), columns.both_valid(left, right))


COMPILERS |= {
    exp.Literal: _literal,
    exp.Boolean: lambda node: lambda _: constant(bool(node.this)),
    exp.Null: lambda _: lambda _: NULL,
    exp.Column: _column,
    exp.Placeholder: _placeholder,
    exp.Paren: lambda node: compile_expression(node.this),
    exp.Add: _binary(columns.add, is_kept=True),
    exp.Sub: _binary(lambda left, right: columns.add(left, right, sign=-1), is_kept=True),
    exp.Mul: _binary(columns.multiply, is_kept=True),
    exp.Div: _binary(columns.divide, is_kept=True),
    exp.IntDiv: _binary(columns.divide_whole),
    exp.Neg: _unary(lambda held: Column(np.asarray(-held.values), held.valid, held.scale)),
    exp.Pow: _binary(_power, is_kept=True),
    exp.LT: _comparison(np.less),
    exp.LTE: _comparison(np.less_equal),
    exp.GT: _comparison(np.greater),
    exp.GTE: _comparison(np.greater_equal),
    exp.EQ: _comparison(np.equal),
    exp.NEQ: _comparison(np.not_equal),
    exp.And: _binary(columns.conjunction, is_kept=True),
    exp.Or: _binary(columns.disjunction),
    exp.Not: _unary(columns.negation),
    exp.Is: _is_null,
    exp.Between: _between,
    exp.In: _in,
    exp.Case: _case,
    exp.Coalesce: _several(columns.first_present),
    exp.Greatest: _several(lambda parts: columns.extreme(parts, largest=True)),
    exp.Least: _several(lambda parts: columns.extreme(parts, largest=False)),
    exp.Nullif: _binary(columns.null_where_equal),
    exp.Cast: _cast,
    exp.DateDiff: _microseconds_between,
    exp.Anonymous: _timezone,
    exp.DayOfWeekIso: _unary(_weekday),
    exp.Sqrt: _function(np.sqrt),
    exp.Floor: _function(np.floor),
    exp.Exp: _function(np.exp),
    exp.Ln: _function(np.log),
    exp.Abs: _unary(
        lambda held: Column(np.asarray(operator.abs(held.values)), held.valid, held.scale)
    ),
}
