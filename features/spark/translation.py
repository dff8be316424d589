"""Translate the product's SQL from DuckDB's dialect to Spark's, so that it returns the same.

sqlglot writes the other dialect; here is only what means something else on Spark. A construct that
is not known to be equal is refused, not guessed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from ebbtide.errors import SettingsError
from features.spark.instants import instant_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WHOLE = {exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT}
_COUNTED = (exp.IntDiv, exp.Sum, exp.Count, exp.Literal)
"""What is a whole number already, before it is cast to one."""


def spark_sql(
    sql: str, *, raw_types: Mapping[str, str] | None = None, time_zone: str = "UTC"
) -> str:
    """Return a query for Spark that means what the given one means in DuckDB.

    Parameters
    ----------
    sql : in DuckDB's dialect.
    raw_types : types on Spark of the columns that are cast to instants, by name in small letters.
    time_zone : IANA name of the zone of instants that carry none.

    Raises
    ------
    SettingsError
        If it is no SQL, or has a function that is not known to do the same on Spark.

    Examples
    --------
    >>> spark_sql("SELECT a / b, arg_min(a, b) FROM t")
    'SELECT CAST(a AS DOUBLE) / CAST(b AS DOUBLE), \
MIN_BY(a, b) FILTER(WHERE NOT a IS NULL AND NOT b IS NULL) FROM t'
    """
    return translated(parsed(sql), raw_types=raw_types, time_zone=time_zone).sql(dialect="spark")


def parsed(sql: str) -> exp.Expr:
    """Return a query of DuckDB's dialect as a tree.

    Raises
    ------
    SettingsError
        If it is no SQL.
    """
    try:
        return sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.errors.SqlglotError as err:
        raise SettingsError(
            "A query cannot be read for Spark: expected one SELECT in DuckDB's SQL. Simplify it, "
            "or use --engine local."
        ) from err


def translated(
    tree: exp.Expr, *, raw_types: Mapping[str, str] | None = None, time_zone: str = "UTC"
) -> exp.Expr:
    """Return a tree that means on Spark what the given one means in DuckDB; the given one is kept.

    Parameters
    ----------
    tree : of DuckDB's dialect.
    raw_types, time_zone : as in :func:`spark_sql`.

    Raises
    ------
    SettingsError
        If it has a function that is not known to do the same on Spark.
    """
    instants = _Instants(raw_types or {}, time_zone)

    def visit(node: exp.Expr) -> exp.Expr:
        for kind, rewrite in _REWRITES.items():
            if isinstance(node, kind):
                return rewrite(node)
        if isinstance(node, exp.Anonymous):
            return instants.rewrite(node)
        if isinstance(node, exp.Func) and not isinstance(node, _EQUAL):
            raise SettingsError(_unknown(node.sql_name().lower()))
        return node

    return _bottom_up(tree.copy(), visit)


def _bottom_up(node: exp.Expr, visit: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    for child in list(node.iter_expressions()):
        changed = _bottom_up(child, visit)
        if changed is not child:
            child.replace(changed)
    return visit(node)


class _Instants:
    """Rewrites functions of time that sqlglot does not know."""

    def __init__(self, raw_types: Mapping[str, str], time_zone: str) -> None:
        self.raw_types, self.time_zone = raw_types, time_zone

    def rewrite(self, call: exp.Anonymous) -> exp.Expr:
        name = call.name.lower()
        if name == "isfinite" and len(call.expressions) == 1:
            return _spark(f"(abs({_sql(call.expressions[0])}) < DOUBLE('Infinity'))")
        if name != "timezone" or len(call.expressions) != 2:
            return _known_anonymous(call)
        zone, value = call.expressions
        if isinstance(value, exp.TryCast) and value.to.is_type("timestamptz"):
            column = value.this
            raw = self.raw_types.get(column.name.lower(), "string")
            return _spark(instant_sql(_sql(column), raw_type=raw, time_zone=self.time_zone))
        if _is_utc(value):
            return _call("convert_timezone", exp.Literal.string("UTC"), zone, value.expressions[1])
        # Half of the pair above: the half around it is visited next.
        if zone.is_string and zone.this == "UTC" and _is_timezone(call.parent):
            return call
        raise SettingsError(_unknown("timezone"))


def _is_timezone(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "timezone"


def _is_utc(node: exp.Expr) -> bool:
    return _is_timezone(node) and node.expressions[0].name == "UTC"


def _known_anonymous(call: exp.Anonymous) -> exp.Expr:
    if call.name.lower() in ("convert_timezone", "timestampadd", "weekday"):
        return call
    raise SettingsError(_unknown(call.name.lower()))


def _divide(node: exp.Expr) -> exp.Expr:
    """Divide as DOUBLE: DuckDB always does, Spark divides decimals as decimals."""
    return exp.Div(this=_double(node.this), expression=_double(node.expression))


def _double(node: exp.Expr) -> exp.Expr:
    inner = node.unnest()
    return node if isinstance(inner, exp.Cast) and inner.is_type("double") else _cast(node)


def _cast(node: exp.Expr) -> exp.Expr:
    return exp.cast(node.copy(), "DOUBLE", dialect="spark", copy=False)


def _arg_extreme(node: exp.Expr) -> exp.Expr:
    """Pass over rows where either argument is null, as DuckDB does.

    Within a pair a null is the greatest there, the least on Spark.
    """
    there = [node.this, node.expression]
    if isinstance(node.expression, exp.Tuple):
        there = there[:1]
        keys = [part for key in node.expression.expressions for part in (_is_null(key), key.copy())]
        node.set("expression", exp.Tuple(expressions=keys))
    condition = exp.and_(*(exp.not_(_is_null(part)) for part in there), wrap=False)
    outer = node.parent
    if isinstance(outer, exp.Filter):
        outer.expression.set("this", exp.and_(outer.expression.this.copy(), condition))
        return node
    return exp.Filter(this=node.copy(), expression=exp.Where(this=condition))


def _is_null(node: exp.Expr) -> exp.Expr:
    return exp.Is(this=node.copy(), expression=exp.null())


def _iso_weekday(node: exp.Expr) -> exp.Expr:
    """Count from Monday as 1; sqlglot takes Tuesday for 3."""
    return exp.paren(exp.Add(this=_call("weekday", node.this), expression=exp.Literal.number(1)))


def _date_diff(node: exp.Expr) -> exp.Expr:
    """Count the boundaries between two instants: DuckDB does, Spark counts whole units."""
    unit = node.text("unit").upper()
    if unit == "MICROSECOND":
        return node
    if unit in ("DAY", "HOUR"):
        ends = (
            f"unix_micros(CAST({_sql(part)} AS TIMESTAMP_LTZ))"
            for part in (node.this, node.expression)
        )
        size = {"DAY": 86_400_000_000, "HOUR": 3_600_000_000}[unit]
        later, earlier = (f"CAST(floor({end} / {size}D) AS BIGINT)" for end in ends)
        return _spark(f"({later} - {earlier})")
    raise SettingsError(_unknown(f"date_diff('{unit.lower()}', ...)"))


def _to_whole(node: exp.Expr) -> exp.Expr:
    """Round to whole numbers: DuckDB does, Spark cuts."""
    if not node.is_type(*_WHOLE) or isinstance(node.this.unnest(), _COUNTED):
        return node
    exact = exp.cast(node.this.copy(), "DECIMAL(38, 10)", dialect="spark", copy=False)
    node.set("this", exp.Round(this=exact))
    return node


def _named_window(node: exp.Expr) -> exp.Expr:
    """Close off the name of a window, which Spark reads on: ``days - x`` is a name to it."""
    return exp.paren(node.copy()) if node.text("alias") else node


def _full_match(node: exp.Expr) -> exp.Expr:
    pattern = node.expression.name.replace("[^[:cntrl:]]", r"\P{Cntrl}")
    return exp.RegexpLike(this=node.this, expression=exp.Literal.string(f"^(?:{pattern})$"))


def _log(node: exp.Expr) -> exp.Expr:
    """Take the logarithm to base 10: DuckDB does, Spark takes the natural one."""
    if node.expression is not None:
        raise SettingsError(_unknown("log with a base"))
    return _call("log10", node.this)


_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Div: _divide,
    exp.ArgMin: _arg_extreme,
    exp.ArgMax: _arg_extreme,
    exp.DayOfWeekIso: _iso_weekday,
    exp.DateDiff: _date_diff,
    exp.RegexpFullMatch: _full_match,
    exp.Log: _log,
    exp.Cast: _to_whole,
    exp.Window: _named_window,
}

_EQUAL = (
    *(exp.Abs, exp.And, exp.Or, exp.Not, exp.Xor, exp.Case, exp.If, exp.Coalesce, exp.Nullif),
    *(exp.Greatest, exp.Least, exp.Exp, exp.Ln, exp.Sqrt, exp.Pow, exp.Floor, exp.Ceil),
    *(exp.Round, exp.Count, exp.CountIf, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.Filter),
    *(exp.LogicalOr, exp.LogicalAnd, exp.Lag, exp.Lead, exp.FirstValue, exp.RowNumber, exp.Rank),
    *(exp.DenseRank, exp.Upper, exp.Lower, exp.Trim, exp.Length, exp.Substring, exp.Concat),
    *(exp.Contains, exp.StartsWith, exp.Chr, exp.RegexpLike, exp.Replace, exp.Cast, exp.Exists),
    *(exp.TimestampTrunc, exp.DateTrunc, exp.ReadParquet, exp.ReadCSV, exp.Array, exp.Year),
    *(exp.Month, exp.Day),
)
"""Functions of which Spark's are known to return what DuckDB's return."""


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _sql(node: exp.Expr) -> str:
    return node.sql(dialect="spark")


def _spark(sql: str) -> exp.Expr:
    """Put text in as it is: sqlglot would write some of it in another way."""
    return exp.Var(this=sql)


def _unknown(what: str) -> str:
    return (
        f"{what} is not known to do on Spark what it does in DuckDB. Compute it in the source, "
        f"read a table of the warehouse with path = 'table:NAME', or use --engine local."
    )
