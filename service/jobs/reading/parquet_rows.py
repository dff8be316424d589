"""Rows of a flat Parquet file: the columns are those of a CSV file, with types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.jobs.reading.chunk import CHUNK_ROWS, Chunk, FileUnreadable
from service.jobs.reading.columns import columns_of
from service.jobs.reading.signatures import check_signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    import pyarrow as pa
    import pyarrow.parquet as pq

    from ebbtide.contracts.feature import FeatureContract

_MAX_COLUMNS = 2_000
_MAX_GROUP_BYTES = 2**29
"""Largest row group, unpacked. A file of 100 MB may unpack to much more than memory holds."""

_BUFFER_BYTES = 2**20
_EDGE = 8


def parquet_chunks(
    file: BufferedReader[Any],
    *,
    size: int,
    place: dict[str, Any] | None,
    features: Sequence[FeatureContract],
    max_rows: int,
) -> Iterator[Chunk]:
    """Yield the rows of a Parquet file, row group by row group.

    Parameters
    ----------
    file : to read from, and to seek in.
    size : how long it is, bytes.
    place : where to begin: ``after`` of the last chunk, None for the beginning.
    features : of the model that is served.
    max_rows : most rows of the file.

    Raises
    ------
    FileUnreadable
        If the file is something else, broken off, broken, nested, or too large when unpacked.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    head = file.read(_EDGE)
    file.seek(max(0, size - _EDGE))
    check_signature(head, source="parquet", last_bytes=file.read(_EDGE))
    try:
        read = pq.ParquetFile(pa.PythonFile(file, mode="r"), buffer_size=_BUFFER_BYTES)
        _check_size(read, max_rows=max_rows)
        _check_types(read.schema_arrow)
    except (pa.ArrowException, OSError) as err:
        raise FileUnreadable(_BROKEN) from err
    columns = columns_of(read.schema_arrow.names, features=features)
    total = read.metadata.num_rows
    group, skipped = (0, 0) if place is None else (int(place["row_group"]), int(place["row"]))
    done = sum(read.metadata.row_group(each).num_rows for each in range(group)) + skipped
    while group < read.num_row_groups:
        at = 0
        for batch in _batches(read, group):
            if at >= skipped:
                rows = [columns.row_of_values(cells) for cells in _records(batch)]
                done += len(rows)
                yield Chunk(
                    rows=rows,
                    after={"row_group": group, "row": at + len(rows)},
                    progress=done / total,
                    rows_total=total,
                )
            at += batch.num_rows
        group, skipped = group + 1, 0


def _batches(read: pq.ParquetFile, group: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    try:
        yield from read.iter_batches(batch_size=CHUNK_ROWS, row_groups=[group], use_threads=False)
    except (pa.ArrowException, OSError) as err:
        raise FileUnreadable(_BROKEN) from err


def _records(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    return zip(*(_values(column) for column in batch.columns), strict=True)


def _values(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _check_size(read: pq.ParquetFile, *, max_rows: int) -> None:
    about = read.metadata
    if about.num_rows > max_rows:
        raise FileUnreadable(
            f"Expected at most {max_rows} rows, but the file has more. Split it over several jobs."
        )
    if about.num_columns > _MAX_COLUMNS:
        raise FileUnreadable(
            f"Expected at most {_MAX_COLUMNS} columns, but the file has more. Leave out those that "
            "the model does not read."
        )
    sizes = (about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    if any(size > _MAX_GROUP_BYTES for size in sizes):
        raise FileUnreadable(
            f"Expected row groups of at most {_MAX_GROUP_BYTES} bytes when unpacked, but one is "
            "larger. Write smaller row groups, such as 100,000 rows."
        )


def _check_types(schema: pa.Schema) -> None:
    import pyarrow as pa

    for position, field in enumerate(schema, start=1):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not any(fits(kind) for fits in _fitting(pa)):
            raise FileUnreadable(
                "Expected columns of numbers, texts, booleans and timestamps, but column "
                f"{position} is of another type. Write it flat, or leave it out."
            )


def _fitting(pa: Any) -> tuple[Any, ...]:
    types = pa.types
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


_BROKEN = (
    "Expected a whole Parquet file, but it cannot be read: it is broken off, broken, encrypted or "
    "packed in a way that is not read. Write it again."
)
