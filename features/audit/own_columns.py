"""A feature table of the user's own: read, and put in the form in which knowledge is measured.

Names of columns are never looked at; what is asked of their values is in
``features.audit.knowledge``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ebbtide.clock import day_in_words
from ebbtide.errors import ContractError
from features.tables import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from features.tables import Tables

    FloatArray = NDArray[np.float64]

MOST_LEVELS = 8
"""Levels of a column of words that are looked at one by one, the most frequent first."""

RARE_BELOW = 5
"""A level, or a missing value, of so few customers cannot be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnAspect:
    """One way to look at a column: its order, its missing values, or one of its levels."""

    column: str
    name: str
    values: FloatArray


def read_own_table(
    tables: Tables,
    path: Path,
    *,
    as_of: Sequence[datetime],
    most: int,
    before: datetime,
) -> dict[datetime, pa.Table]:
    """Read a feature table, by the instant that its rows are of.

    Parameters
    ----------
    tables : their connection reads the file.
    path : Parquet or CSV with ``customer_id``, and ``as_of`` where there is more than one instant.
    as_of : the instants asked for; the only one where the file has no such column, and empty for
        the last that the file has.
    most : how many instants at the most, the last ones first; where none are asked for.
    before : only instants before this one, where none are asked for.

    Raises
    ------
    ContractError
        If the file cannot be read, or does not say who and when.
    """
    import duckdb

    literal = quoted(str(path))
    is_parquet = path.suffix in (".parquet", ".pq")
    reader = f"read_parquet({literal})" if is_parquet else f"read_csv({literal})"
    connection = tables.connection.cursor()
    try:
        connection.execute(f"SET TimeZone = '{tables.time_zone}'")
        described = connection.sql(f"DESCRIBE SELECT * FROM {reader}").fetchall()
        names = {row[0] for row in described}
        _require_columns(path, names, as_of)
        if not is_parquet:  # An id is a word: a number would lose its leading zeros.
            reader = f"read_csv({literal}, types = {{'customer_id': 'VARCHAR'}})"
        when = (
            "epoch_us(CAST(as_of AS TIMESTAMPTZ))" if "as_of" in names else "CAST(NULL AS BIGINT)"
        )
        rest = " EXCLUDE (as_of)" if "as_of" in names else ""
        frame = connection.sql(
            f"SELECT *{rest} REPLACE (CAST(customer_id AS VARCHAR) AS customer_id), "
            f"{when} AS audit_as_of_us FROM {reader} ORDER BY customer_id"
        ).to_arrow_table()
    except duckdb.Error as err:
        raise ContractError(
            f"{path.name!r} cannot be read ({type(err).__name__}): expected Parquet or CSV with "
            f"customer_id, columns of any type, and as_of as ISO 8601. Check that it is complete."
        ) from err
    finally:
        connection.close()
    found = _by_instant(path, frame, as_of, time_zone=tables.time_zone)
    if as_of or len(found) == 1:
        return found
    told = sorted(at for at in found if at < before) or sorted(found)
    return {at: found[at] for at in told[-most:]}


def _require_columns(path: Path, names: set[str], as_of: Sequence[datetime]) -> None:
    if "customer_id" not in names:
        raise ContractError(
            f"{path.name!r} has no column 'customer_id', by which its rows are laid beside the "
            f"log. Rename the column that says who."
        )
    if "as_of" not in names and len(as_of) != 1:
        raise ContractError(
            f"{path.name!r} has no column 'as_of'. Expected one, or the one instant that all its "
            f"rows are of as --as-of."
        )
    if names <= {"customer_id", "as_of"}:
        raise ContractError(
            f"{path.name!r} has no column but customer_id and as_of: none to judge."
        )


def _by_instant(
    path: Path, frame: pa.Table, as_of: Sequence[datetime], *, time_zone: str
) -> dict[datetime, pa.Table]:
    stamps = np.asarray(frame["audit_as_of_us"].fill_null(-1).to_numpy())
    frame = frame.drop_columns("audit_as_of_us")
    if np.all(stamps == -1):
        if len(as_of) != 1:
            raise ContractError(f"{path.name!r}: as_of is null in every row. Fill it in.")
        found = {as_of[0]: frame}
    else:
        start = datetime(1970, 1, 1, tzinfo=UTC)
        all_of_them = {
            start + timedelta(microseconds=int(stamp)): frame.filter(pa.array(stamps == stamp))
            for stamp in np.unique(stamps[stamps != -1])
        }
        found = {at: rows for at, rows in all_of_them.items() if not as_of or at in as_of}
        if not found:
            last = day_in_words(max(all_of_them), time_zone=time_zone)
            raise ContractError(
                f"{path.name!r} has no row of --as-of; it has {len(all_of_them)} other instant(s), "
                f"the last {last}."
            )
    for at, rows in found.items():
        repeated = rows.num_rows - len(set(rows["customer_id"].to_pylist()))
        if repeated:
            day = day_in_words(at, time_zone=time_zone)
            raise ContractError(
                f"{path.name!r} repeats {repeated:,} customer(s) at {day}. Expected "
                f"one row for each customer and instant."
            )
    return found


def aspects_of(rows: pa.Table, customer_ids: Sequence[str]) -> list[ColumnAspect]:
    """Return every way to look at every column, for customers in a given order.

    A customer without a row counts as missing: who is absent may tell as much as a value.

    Parameters
    ----------
    rows : ``customer_id``, each once, and the columns.
    customer_ids : whom the aspects are of.
    """
    row_of = {who: row for row, who in enumerate(rows["customer_id"].to_pylist())}
    at = pa.array([row_of.get(who) for who in customer_ids], type=pa.int64())
    aspects: list[ColumnAspect] = []
    for name in rows.column_names:
        if name != "customer_id":
            aspects += _aspects_of_column(name, rows[name].combine_chunks().take(at))
    return aspects


def numbers(column: pa.Array) -> FloatArray | None:
    """Return a column as numbers with NaN for missing, instants as seconds; None for words."""
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=getattr(kind, "tz", None))).cast(pa.int64())
        return np.asarray(column.to_pandas(), dtype=np.float64) / 1e6
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.asarray(column.cast(pa.float64()).to_pandas(), dtype=np.float64)
    if pa.types.is_decimal(kind):
        return np.asarray(column.cast(pa.float64()).to_pandas(), dtype=np.float64)
    return None


def _aspects_of_column(name: str, column: pa.Array) -> list[ColumnAspect]:
    from scipy.stats import rankdata

    values = numbers(column)
    words: Mapping[str, FloatArray] = {}
    if values is None:
        text = np.array([None if v is None else str(v) for v in column.to_pylist()], dtype=object)
        missing = np.array([word is None for word in text], dtype=bool)
        words = _levels(text[~missing], text)
    else:
        missing = np.isnan(values)
    found = [ColumnAspect(column=name, name=f"level {at}", values=v) for at, v in words.items()]
    if values is not None and len(np.unique(values[~missing])) > 1:
        # Missing values stand in the middle, so that they say nothing here; they have an aspect.
        order = np.full(len(values), 0.5)
        order[~missing] = rankdata(values[~missing]) / (np.sum(~missing) + 1)
        found.append(ColumnAspect(column=name, name="order", values=order))
    if RARE_BELOW <= missing.sum() <= len(missing) - RARE_BELOW:
        found.append(ColumnAspect(column=name, name="missing", values=missing.astype(np.float64)))
    return found


def _levels(present: NDArray[np.object_], text: NDArray[np.object_]) -> dict[str, FloatArray]:
    """Return an indicator for each frequent level, numbered, so that no value is repeated."""
    levels, counts = np.unique(present.astype(str), return_counts=True)
    kept = [
        level
        for level, count in sorted(zip(levels, counts, strict=True), key=lambda pair: -pair[1])
        if RARE_BELOW <= count <= len(text) - RARE_BELOW
    ]
    return {
        str(at): np.array([word == level for word in text], dtype=np.float64)
        for at, level in enumerate(kept[:MOST_LEVELS], start=1)
    }
