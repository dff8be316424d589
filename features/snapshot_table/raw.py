"""Read a snapshot table as it is: each column as its different values and where they stand.

What the columns mean is not decided here but in ``features.snapshot_table.inference``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from ebbtide.contracts.header import hint_at_columns
from ebbtide.contracts.learned import category_text
from ebbtide.errors import ContractError
from ebbtide.project import TableSource
from ebbtide.project_variables import expand_variables
from features.arrays.clock import microseconds
from features.repeated_columns import repeated_columns
from features.snapshot_table.maturity import UNREADABLE
from features.source_query import local_files, source_query
from features.tables import connect
from features.uneven_files import unlike_trouble
from features.unreadable import visible_trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from ebbtide.project import Project
    from ebbtide.scorer.scores import FloatArray

IndexArray = NDArray[np.int64]
Storage = Literal["truth", "number", "text", "time", "other"]

MOST_COLUMNS = 2_000
"""With more, a check takes many minutes, and some column agrees with any label by chance."""

NULL_WORDS = frozenset({"na", "n/a", "nan", "null", "none", "-", "?", "unknown"})
"""Texts that stand for nothing in a column that is otherwise of numbers."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CODE = re.compile(r"[+-]?0\d+")
"""Digits after a zero are a code: written as a number they would be another text."""
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[T ].*)?|\d{1,2}([./-])\d{1,2}\1\d{2,4}(?: .*)?")

_IS_REAL = re.compile(r"FLOAT|DOUBLE|DECIMAL.*")

_STORAGES: tuple[tuple[str, Storage], ...] = (
    (r"BOOLEAN", "truth"),
    (r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|FLOAT|DOUBLE|DECIMAL.*", "number"),
    (r"VARCHAR|ENUM.*", "text"),
    (r"DATE|TIME.*", "time"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawColumn:
    """One column as it is stored.

    Parameters
    ----------
    name : of the column.
    storage : how the file holds it; text of dates only counts as time.
    texts : its different values as text without blanks around them, the same whatever the type.
    numbers : the same as numbers, NaN where a text is none, shape (different values,).
    places : for each row the place among the different values; -1 is null or blank. Shape (n,).
    blanks : how many rows hold text that is nothing but blanks.
    infinite : how many rows hold an infinite number, which counts as null.
    """

    name: str
    storage: Storage
    texts: tuple[str, ...]
    numbers: FloatArray
    places: IndexArray
    blanks: int = 0
    infinite: int = 0

    @property
    def counts(self) -> IndexArray:
        """Rows of each different value."""
        return np.bincount(self.places[self.places >= 0], minlength=len(self.texts))

    @property
    def null_share(self) -> float:
        """Share of rows without a value."""
        return float((self.places < 0).mean()) if self.places.size else 0.0

    def values(self, of_each: FloatArray) -> FloatArray:
        """Spread something known of each different value over the rows; NaN where null."""
        return np.append(of_each, np.nan)[self.places]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table in an order that depends on its contents only.

    Parameters
    ----------
    columns : by name, in the order of the file.
    instants : the ``as_of`` of each row, microseconds since 1970, UTC; None without such a column.
        Those that cannot be read are ``UNREADABLE``.
    rows : how many.
    """

    columns: dict[str, RawColumn]
    instants: IndexArray | None
    rows: int


def read_raw(project: Project, *, path: str | None = None, where: str | None = None) -> RawTable:
    """Read the snapshot table of a project, or another file of the same kind.

    Parameters
    ----------
    project : names the table and its columns with a role.
    path : another file; None for that of the project.
    where : what named the other file, for messages.

    Raises
    ------
    ContractError
        If the file cannot be read, is empty, or lacks a column with a role.
    """
    table = project.snapshot_table
    assert table is not None, "the project has no snapshot table"
    named = table.path if path is None else path
    place = "snapshot_table.path" if where is None else where
    connection = connect(project.project.time_zone)
    plain = expand_variables(named, where=place, project_dir=project.base)
    source = TableSource(path=plain)
    query = source_query(connection, project, "snapshot_table", source)
    files = local_files(project, "snapshot_table", source)
    wanted = {"customer_id": table.customer_id, "as_of": table.as_of, "value": table.value}
    if path is None:
        wanted["label"] = table.label
    if files is not None:
        unread = () if path is None else (table.label, *table.ignore)
        _require_readable(files, named, wanted=[*filter(None, wanted.values())], unread=unread)
    try:
        described = connection.sql(f"DESCRIBE {query}").fetchall()
        present = [str(row[0]) for row in described]
        _require_few(present, named, ignore=table.ignore)
        _require(present, wanted, ignore=table.ignore if path is None else [])
        first = [name for name in (table.as_of, table.customer_id) if name in present]
        order = [*first, *(name for name in present if name not in first)]
        listed = ", ".join(f"{_name(name)} NULLS LAST" for name in order)
        as_of = (
            f"epoch_us(TRY_CAST({_name(table.as_of)} AS TIMESTAMPTZ))"
            if table.as_of in present and table.as_of is not None
            else "CAST(NULL AS BIGINT)"
        )
        types = {str(row[0]): str(row[1]) for row in described}
        if table.customer_id in types and not _IS_REAL.fullmatch(types[table.customer_id]):
            # as text from the start: a long number would lose its last digits on the way
            types[table.customer_id] = "VARCHAR"
            given = _name(table.customer_id)
            query = f"SELECT * REPLACE (CAST({given} AS VARCHAR) AS {given}) FROM ({query})"
        read = connection.sql(
            f"SELECT *, {as_of} AS {_name(_INSTANT)} FROM ({query}) ORDER BY {listed}"
        ).to_arrow_table()
    except duckdb.Error as err:
        what = str(err).splitlines()[0].split(":")[0]
        raise ContractError(
            f"The snapshot table cannot be read from {named!r} ({what}): expected CSV with a "
            f"header, or Parquet. Check {place}, and that the file is there and complete."
        ) from err
    finally:
        connection.close()
    if read.num_rows == 0:
        raise ContractError(f"The snapshot table {named!r} has no rows. Check {place}.")
    storages = {name: _storage(sql_type) for name, sql_type in types.items()}
    instants = None
    if table.as_of is not None and table.as_of in present:
        instants = read[_INSTANT].fill_null(UNREADABLE).to_numpy().astype(np.int64)
        instants[instants < _EARLIEST] = UNREADABLE
    return RawTable(
        columns={name: _column(name, storages[name], read[name]) for name in present},
        instants=instants,
        rows=read.num_rows,
    )


_INSTANT = "as_of in microseconds, of Ebbtide"
_EARLIEST = microseconds(datetime(1, 1, 2, tzinfo=UTC))
"""Before it there is no date, in any time zone, that could be written."""


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _require(present: list[str], wanted: dict[str, str | None], *, ignore: list[str]) -> None:
    lacking = [
        f"{role} = {name!r}; {hint_at_columns(name, present)}"
        for role, name in [*wanted.items(), *(("ignore", name) for name in ignore)]
        if name is not None and name not in present
    ]
    if lacking:
        raise ContractError(
            f"snapshot_table names columns that the table does not have: {'. '.join(lacking)}. "
            f"Correct the names in the project file."
        )


def _require_readable(
    files: str, named: str, *, wanted: Sequence[str], unread: Sequence[str]
) -> None:
    trouble = visible_trouble(files) or unlike_trouble(files, wanted, unread=unread)
    if trouble is not None:
        raise ContractError(
            f"The snapshot table cannot be read from {named!r}: {trouble.came}. {trouble.advice}"
        )
    repeated = repeated_columns(files)
    if repeated:
        raise ContractError(
            f"The snapshot table {named!r} has columns of the same name, case apart: "
            f"{', '.join(repeated)}. Expected each name once. Rename or drop all but one of each "
            f"in the file."
        )


def _require_few(present: list[str], named: str, *, ignore: list[str]) -> None:
    n_columns = len(set(present) - set(ignore))
    if n_columns > MOST_COLUMNS:
        raise ContractError(
            f"The snapshot table {named!r} has {n_columns:,} columns; expected at most "
            f"{MOST_COLUMNS:,}. Name those that say nothing of a customer in "
            f"snapshot_table.ignore, or bring a file without them."
        )


def _storage(sql_type: str) -> Storage:
    return next((kind for form, kind in _STORAGES if re.fullmatch(form, sql_type)), "other")


def _column(name: str, storage: Storage, read: pa.ChunkedArray) -> RawColumn:
    if storage in ("time", "other"):
        places = np.where(read.is_null().to_numpy(), -1, 0).astype(np.int64)
        return RawColumn(
            name=name, storage=storage, texts=("",), numbers=np.array([np.nan]), places=places
        )
    if storage == "text":
        return _text_column(name, read)
    values = np.asarray(read.cast("float64", safe=False).to_numpy(), dtype=np.float64)
    infinite = int(np.isinf(values).sum())
    values = np.where(np.isfinite(values), values, np.nan)
    numbers, inverse = np.unique(values[~np.isnan(values)], return_inverse=True)
    places = np.full(values.shape, -1, dtype=np.int64)
    places[~np.isnan(values)] = inverse
    as_truth = storage == "truth"
    return RawColumn(
        name=name,
        storage=storage,
        texts=tuple(category_text(bool(v) if as_truth else v) for v in numbers.tolist()),
        numbers=numbers,
        places=places,
        infinite=infinite,
    )


def _text_column(name: str, read: pa.ChunkedArray) -> RawColumn:
    encoded = read.cast("string").combine_chunks().dictionary_encode()
    written = [str(text) for text in encoded.dictionary.to_pylist()]
    indices = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    stripped = [text.strip() for text in written]
    infinite = _infinite_among_numbers(set(stripped))
    texts = tuple(sorted({text for text in stripped if text} - infinite))
    place_of = {text: place for place, text in enumerate(texts)}
    moved = np.array([*(place_of.get(text, -1) for text in stripped), -1], dtype=np.int64)
    places = moved[indices]
    is_time = bool(texts) and all(_DATE.fullmatch(text) for text in texts)
    return RawColumn(
        name=name,
        storage="time" if is_time else "text",
        texts=texts,
        numbers=np.array([number_of(text) for text in texts], dtype=np.float64),
        places=places,
        blanks=int(np.isin(indices, _where(stripped, {""})).sum()),
        infinite=int(np.isin(indices, _where(stripped, infinite)).sum()),
    )


def _where(texts: list[str], wanted: set[str]) -> list[int]:
    return [place for place, text in enumerate(texts) if text in wanted]


def _infinite_among_numbers(texts: set[str]) -> set[str]:
    """Return the texts that are infinite numbers, where all others are numbers or nothing."""
    infinite = {text for text in texts if _is_infinite(text)}
    others = {text for text in texts - infinite if text and text.casefold() not in NULL_WORDS}
    is_numeric = bool(others) and not any(np.isnan(number_of(text)) for text in others)
    return infinite if infinite and is_numeric else set()


def _is_infinite(text: str) -> bool:
    if _NUMBER.fullmatch(text):
        return bool(np.isinf(float(text)))
    return _INFINITE.fullmatch(text) is not None


def number_of(text: str) -> float:
    """Return the number that a text is, or NaN.

    Examples
    --------
    >>> number_of("1.5"), number_of("007"), number_of("1e3"), number_of("nan")
    (1.5, nan, 1000.0, nan)
    """
    if not _NUMBER.fullmatch(text) or _CODE.fullmatch(text):
        return float("nan")
    number = float(text)
    return number if np.isfinite(number) else float("nan")
