"""A company whose tables hold every trap, opened in DuckDB and on Spark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from ebbtide.contracts.tables import table_contract
from features.spark.connection import SparkConnection
from features.spark.sources import type_view
from features.tables import Tables, connect, load_relation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection
    from pyspark.sql import SparkSession

AS_OF = datetime(2011, 4, 15, tzinfo=UTC)
"""After the clocks of London went forward, so that the lookback holds both of its changes."""

_TYPES = {
    "id": pa.string(),
    "instant": pa.timestamp("us"),
    "money": pa.decimal128(18, 4),
    "number": pa.float64(),
    "text": pa.string(),
    "flag": pa.bool_(),
}


def world(*, customers: int = 150, seed: int = 7) -> dict[str, pa.Table]:
    """Return every table, with rows known late, completed late, in the future, tied and null."""
    rng = np.random.default_rng(seed)
    names = np.array([f"c{number:03d}" for number in range(customers)])
    return {
        name: _table(name, rng, names, rows)
        for name, rows in (
            ("transactions", 14 * customers),
            ("complaints", 3 * customers),
            ("activity", 10 * customers),
            ("surveys", 4 * customers),
            ("subscriptions", 2 * customers),
            ("payments", 4 * customers),
            ("balances", 6 * customers),
            ("customers", customers),
        )
    }


def _table(name: str, rng: np.random.Generator, names: np.ndarray, rows: int) -> pa.Table:
    contract = table_contract(name)
    # Some hours, and whole midnights, so that rows of one customer tie in time.
    hours = rng.integers(-24 * 500, 24 * 5, rows) // 6 * 6
    at = [
        AS_OF + timedelta(hours=int(h), minutes=int(m))
        for h, m in zip(hours, hours % 2 * 30, strict=True)
    ]
    later = [_later(rng, instant) for instant in at]
    columns: dict[str, pa.Array] = {}
    for column in contract.columns:
        if column.kind == "instant":
            values: list[object] = list(at)
            if column.name == "known_at":
                values = [_later(rng, instant, days=20) for instant in at]
            elif column.completed_at is not None:
                values = list(later)
        else:
            values = _values(column.name, column.kind, column.choices, rng, rows)
        if column.name == "customer_id":
            values = list(names if name == "customers" else rng.choice(names, rows))
        if not column.is_required and column.name != "known_at":
            values = [None if rng.random() < 0.1 else value for value in values]
        columns[column.name] = pa.array(_naive(values), type=_TYPES[column.kind])
    return pa.table(columns)


def _later(rng: np.random.Generator, instant: datetime, days: int = 60) -> datetime | None:
    if rng.random() < 0.3:
        return None
    return instant + timedelta(seconds=int(rng.integers(-86_400, days * 86_400)))


def _naive(values: list[object]) -> list[object]:
    return [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values]


def _values(
    name: str, kind: str, choices: tuple[str, ...], rng: np.random.Generator, rows: int
) -> list[object]:
    if choices:
        return list(rng.choice(choices, rows))
    if kind in ("id", "text"):
        return [f"{name} {number}" for number in rng.integers(0, 5, rows)]
    if kind == "flag":
        return [bool(flag) for flag in rng.integers(0, 2, rows)]
    if kind == "money":
        cents = rng.integers(-2000 if name == "amount" else 0, 20_000, rows)
        return [Decimal(int(c)) / 100 for c in np.where(rng.random(rows) < 0.05, 0, cents)]
    if name == "period_days":
        return [float(days) for days in rng.choice([7, 30, 365], rows)]
    if name in ("severity", "score"):
        return [float(grade) for grade in rng.integers(1, 6, rows)]
    return [float(number) for number in rng.normal(5, 4, rows).round(3)]


def opened(tables: Mapping[str, pa.Table], *, time_zone: str = "UTC") -> Tables:
    """Open tables in DuckDB."""
    connection = connect(time_zone)
    columns = {}
    for name, rows in tables.items():
        connection.register(f"raw_{name}", rows)
        columns[name] = load_relation(connection, name)
    return Tables(connection=connection, columns=columns, time_zone=time_zone)


def opened_on_spark(
    session: SparkSession, tables: Mapping[str, pa.Table], *, time_zone: str = "UTC"
) -> Tables:
    """Open the same tables on Spark."""
    spark = SparkConnection(session, time_zone)
    columns = {}
    for name, rows in tables.items():
        session.createDataFrame(rows).createOrReplaceTempView(f"raw_{name}")
        columns[name] = type_view(spark, name)
    connection = cast("DuckDBPyConnection", spark)
    return Tables(connection=connection, columns=columns, time_zone=time_zone)


def largest_difference(got: pa.Table, expected: pa.Table) -> dict[str, float]:
    """Return the largest relative difference of each feature; nulls must agree."""
    assert got.schema.names == expected.schema.names
    assert got["customer_id"].to_pylist() == expected["customer_id"].to_pylist()
    assert got["as_of"].to_pylist() == expected["as_of"].to_pylist()
    found = {}
    for name in expected.schema.names[2:]:
        ours, theirs = got[name], expected[name]
        assert ours.is_null().to_pylist() == theirs.is_null().to_pylist(), name
        a = ours.drop_null().to_numpy()
        b = theirs.drop_null().to_numpy()
        off = np.abs(a - b) / np.maximum(np.abs(b), 1e-300)
        found[name] = float(np.where(a == b, 0.0, off).max(initial=0.0))
    return found
