"""A small random table, held by DuckDB and as a frame: one is the oracle of the other."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import strategies as st

from features.arrays.clock import microseconds
from features.arrays.column import Column, constant
from features.arrays.frame import Frame
from features.arrays.select import by_customer, compiled, compiled_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

AS_OF = datetime(2011, 3, 27, 1, 30, tzinfo=UTC)
NOT_NULL = ("customer_id", "row", "age")
KINDS = {
    "customer_id": pa.int32(),
    "row": pa.int32(),
    "age": pa.int32(),
    "i": pa.int32(),
    "j": pa.int64(),
    "m": pa.decimal128(18, 4),
    "p": pa.decimal128(9, 2),
    "d": pa.float64(),
    "f": pa.bool_(),
    "w": pa.string(),
    "seen_at": pa.timestamp("us"),
}
SCALES = {"m": 4, "p": 2}
DRAWN = {
    "i": st.integers(-6, 6),
    "j": st.integers(-3, 3) | st.integers(-(2**40), 2**40),
    "m": st.integers(-50_000, 50_000).map(lambda n: Decimal(n) / 10_000)
    | st.sampled_from([Decimal("0.5"), Decimal("-1.5"), Decimal("2.4950"), Decimal("-0.0050")]),
    "p": st.integers(-300, 300).map(lambda n: Decimal(n) / 100),
    # Quarters, so that sums do not depend on their order.
    "d": st.integers(-40, 40).map(lambda n: n / 4) | st.sampled_from([0.0, 0.5, 1.5, 2.5, -2.5]),
    "f": st.booleans(),
    "w": st.sampled_from(["", "a", "b", "B", "é", "z\U0001f600", "\uffff"]),
    "seen_at": st.integers(-(10**13), 10**13).map(lambda us: AS_OF + timedelta(microseconds=us)),
}


@st.composite
def tables(draw, *, most: int = 14) -> dict[str, list[object]]:
    """Draw a table: nulls everywhere, ties, no rows at all, or one customer only."""
    others = draw(st.integers(0, 3))
    fewest = draw(st.sampled_from([0, 0, 1, 5, 8]))
    customers = sorted(draw(st.lists(st.integers(0, others), min_size=fewest, max_size=most)))
    drawn = {
        name: draw(st.lists(st.none() | each, min_size=len(customers), max_size=len(customers)))
        for name, each in DRAWN.items()
    }
    row = list(range(len(customers)))
    return {"customer_id": customers, "row": row, "age": row[::-1]} | drawn


def as_column(name: str, values: Sequence[object]) -> Column:
    valid = np.array([value is not None for value in values], dtype=bool)
    there = [value for value in values if value is not None]
    if name == "w":
        words = tuple(sorted({str(value) for value in there}))
        held = [0 if value is None else words.index(str(value)) for value in values]
        return Column(np.array(held, dtype=np.uint8), valid, words=words)
    filled = [0 if value is None else value for value in values]
    if name == "seen_at":
        filled = [microseconds(value) if isinstance(value, datetime) else 0 for value in filled]
    if name in SCALES:
        filled = [int(value * 10 ** SCALES[name]) for value in filled]
    kind = {
        "i": np.int32,
        "customer_id": np.int32,
        "age": np.int32,
        "d": np.float64,
        "f": bool,
    }.get(name, np.int64)
    # What is null may hold anything.
    held = np.where(valid, np.array(filled, dtype=kind), np.array(1, dtype=kind))
    return Column(held, None if name in NOT_NULL else valid, SCALES.get(name))


def as_frame(table: Mapping[str, Sequence[object]]) -> Frame:
    columns = {name: as_column(name, values) for name, values in table.items()}
    return Frame.of(columns, {"as_of": constant(microseconds(AS_OF))})


def told(column: Column, n_rows: int) -> list[object]:
    """Return a column as values of Python."""
    column = column.spread(n_rows)
    assert len(column.values) == n_rows
    values = []
    for value, there in zip(column.values, column.is_there, strict=True):
        if not there:
            values.append(None)
        elif column.words is not None:
            values.append(column.words[int(value)])
        elif column.scale is not None:
            values.append(Decimal(int(value)).scaleb(-column.scale))
        else:
            values.append(value.item())
    return values


def plain(value: object) -> object:
    return microseconds(value.replace(tzinfo=UTC)) if isinstance(value, datetime) else value


def is_equal(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        if math.isnan(float(one)):
            return math.isnan(float(other))
        return math.isclose(float(one), float(other), rel_tol=1e-12)
    return one == other


class Oracle:
    """DuckDB with one table ``t``, beside the same as a frame."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 1")

    def rows(self, table: Mapping[str, Sequence[object]], sql: str) -> list[tuple[object, ...]]:
        arrays = {
            name: pa.array(
                [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values],
                type=KINDS[name],
            )
            for name, values in table.items()
        }
        self.connection.register("t", pa.table(arrays))
        stamp = f"TIMESTAMP '{AS_OF:%Y-%m-%d %H:%M:%S}'"
        found = self.connection.sql(sql.replace("$as_of", stamp)).fetchall()
        return [tuple(plain(value) for value in row) for row in found]

    def _compare(
        self, sqls: Sequence[str], found: Iterable[list[object]], rows: list[tuple[object, ...]]
    ) -> None:
        for place, (sql, values) in enumerate(zip(sqls, found, strict=True)):
            wanted = [row[place] for row in rows]
            assert len(values) == len(wanted), sql
            for value, other in zip(values, wanted, strict=True):
                assert is_equal(value, other), f"{sql}: arrays {values}, DuckDB {wanted}"

    def agree_by_row(self, sqls: Sequence[str], table: Mapping[str, Sequence[object]]) -> None:
        """Check that expressions have the same value for each row."""
        rows = self.rows(table, f"SELECT {', '.join(sqls)} FROM t ORDER BY t.row")
        frame = as_frame(table)
        with np.errstate(all="ignore"):
            found = [told(compiled(sql)(frame), frame.n_rows) for sql in sqls]
        self._compare(sqls, found, rows)

    def agree_by_customer(self, sqls: Sequence[str], table: Mapping[str, Sequence[object]]) -> None:
        """Check that aggregates have the same value for each customer."""
        query = f"SELECT {', '.join(sqls)} FROM t GROUP BY customer_id ORDER BY customer_id"
        rows = self.rows(table, query)
        scope = by_customer(as_frame(table))
        with np.errstate(all="ignore"):
            found = [told(compiled(sql)(scope), len(scope.groups.starts)) for sql in sqls]
        self._compare(sqls, found, rows)

    def agree_by_query(self, sql: str, table: Mapping[str, Sequence[object]]) -> None:
        """Check that a query has the same rows; those of a customer in any order."""
        wanted = self.rows(table, sql)
        with np.errstate(all="ignore"):
            frame = compiled_query(sql)({"t": as_frame(table)})
            columns = [told(frame.column(name), frame.n_rows) for name in frame.makers]
        found = list(zip(*columns, strict=True))
        assert len(found) == len(wanted), sql

        def place(row: tuple[object, ...]) -> tuple[object, ...]:
            return tuple((value is not None, value if value is not None else 0) for value in row)

        for one, other in zip(sorted(found, key=place), sorted(wanted, key=place), strict=True):
            assert all(map(is_equal, one, other)), f"{sql}: arrays {one}, DuckDB {other}"


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """DuckDB, to say what a text of SQL means."""
    return Oracle()


@pytest.fixture(scope="session")
def small() -> SimpleNamespace:
    """Random tables, and the ways to make columns and frames of them."""
    return SimpleNamespace(
        as_of=AS_OF, tables=tables, as_column=as_column, as_frame=as_frame, told=told
    )
