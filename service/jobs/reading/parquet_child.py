"""The process that unpacks a Parquet file: ``python -m service.jobs.reading.parquet_child``.

A Parquet file is read by native code and may unpack to any size. Should it crash, hang or eat all
memory, this process is lost and the service is not.

Gets the file on standard input, and where to begin as arguments. Writes JSON lines: first
``{"names", "groups"}`` with the rows of each row group, then one array for each row. What is wrong
with the file is written as ``{"unreadable"}``.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from service.jobs.reading.chunk import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 500
MAX_COLUMNS = 2_000
MAX_GROUP_BYTES = 2**29
"""Largest row group, unpacked. A file of 100 MB may unpack to much more than memory holds."""

MEMORY_BYTES = 4 * 2**30
"""How much address space this process may take."""

_BUFFER_BYTES = 2**20


def main(row_group: int, row: int, max_rows: int) -> None:
    """Write the rows of the file on standard input, from one on."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        for line in unpacked(sys.stdin.buffer, row_group=row_group, row=row, max_rows=max_rows):
            sys.stdout.write(line + "\n")
    except FileUnreadable as err:
        sys.stdout.write(json.dumps({"unreadable": err.problem.detail}) + "\n")
    sys.stdout.flush()


def unpacked(file: BinaryIO, *, row_group: int, row: int, max_rows: int) -> Iterator[str]:
    """Yield what this process writes, line by line.

    Parameters
    ----------
    file : the whole file.
    row_group, row : where to begin.
    max_rows : most rows of the file.

    Raises
    ------
    FileUnreadable
        If it is broken, nested, or too large when unpacked.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        read = pq.ParquetFile(pa.BufferReader(file.read()), buffer_size=_BUFFER_BYTES)
        _check_size(read, max_rows=max_rows)
        _check_types(read.schema_arrow)
        groups = [read.metadata.row_group(each).num_rows for each in range(read.num_row_groups)]
        yield json.dumps({"names": read.schema_arrow.names, "groups": groups})
        for group in range(row_group, len(groups)):
            skipped = row if group == row_group else 0
            for batch in read.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False):
                kept = batch.slice(min(skipped, batch.num_rows))
                skipped -= batch.num_rows - kept.num_rows
                for cells in zip(*map(_values, kept.columns), strict=True):
                    yield json.dumps([_plain(cell) for cell in cells])
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError) as err:
        raise FileUnreadable(BROKEN) from err


def _values(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; NaN is null."""
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _check_size(read: pq.ParquetFile, *, max_rows: int) -> None:
    about = read.metadata
    if about.num_rows > max_rows:
        raise FileUnreadable(
            f"Expected at most {max_rows} rows, but the file has more. Split it over several jobs."
        )
    if about.num_columns > MAX_COLUMNS:
        raise FileUnreadable(
            f"Expected at most {MAX_COLUMNS} columns, but the file has more. Leave out those that "
            "the model does not read."
        )
    sizes = (about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    if any(size > MAX_GROUP_BYTES for size in sizes):
        raise FileUnreadable(
            f"Expected row groups of at most {MAX_GROUP_BYTES} bytes when unpacked, but one is "
            "larger. Write smaller row groups, such as 100,000 rows."
        )


def _check_types(schema: pa.Schema) -> None:
    import pyarrow as pa

    for position, field in enumerate(schema, start=1):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not any(fits(kind) for fits in _fitting(pa.types)):
            raise FileUnreadable(
                "Expected columns of numbers, texts, booleans and timestamps, but column "
                f"{position} is of another type. Write it flat, or leave it out."
            )


def _fitting(types: Any) -> tuple[Any, ...]:
    return (
        types.is_integer,
        types.is_floating,
        types.is_decimal,
        types.is_boolean,
        types.is_string,
        types.is_large_string,
        types.is_timestamp,
        types.is_date,
        types.is_null,
    )


BROKEN = (
    "Expected a whole Parquet file, but it cannot be read: it is broken off, broken, encrypted or "
    "packed in a way that is not read. Write it again."
)

if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
