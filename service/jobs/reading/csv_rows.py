"""Rows of a CSV file (RFC 4180, in UTF-8): the first record names the columns."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from service.jobs.reading.chunk import CHUNK_BYTES, CHUNK_ROWS, Chunk, FileUnreadable
from service.jobs.reading.columns import columns_of
from service.jobs.reading.signatures import check_signature
from service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    from ebbtide.contracts.feature import FeatureContract
    from service.jobs.reading.columns import Columns

_MAX_LINE_BYTES = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # Excel writes it


def csv_chunks(
    file: BufferedReader[Any],
    *,
    size: int,
    place: dict[str, Any] | None,
    features: Sequence[FeatureContract],
) -> Iterator[Chunk]:
    r"""Yield the rows of a CSV file; empty lines are none.

    A record with too few or too many cells is a row that fails. Where the quotes are broken, nobody
    can say where the next record begins: the file fails.

    Parameters
    ----------
    file : to read from.
    size : how long it is, bytes.
    place : where to begin: ``after`` of the last chunk, None for the beginning.
    features : of the model that is served.

    Raises
    ------
    FileUnreadable
        If the file is something else, or broken.

    Examples
    --------
    >>> import io
    >>> file = io.BufferedReader(io.BytesIO(b"customer_id,value\nc-1,12.5\nc-2,\n"))
    >>> (chunk,) = csv_chunks(file, size=33, place=None, features=())
    >>> chunk.rows
    [{'customer_id': 'c-1', 'value': 12.5}, {'customer_id': 'c-2', 'value': None}]
    """
    check_signature(file.peek(16), source="csv")
    lines = _Lines(file)
    if file.peek(len(_BYTE_ORDER_MARK)).startswith(_BYTE_ORDER_MARK):
        lines.seek(len(_BYTE_ORDER_MARK))
    columns = columns_of(_header(lines), features=features)
    if place is not None:
        lines.seek(int(place["byte"]))
    records = csv.reader(lines, strict=True)
    begun, rows = lines.end, list[Any]()
    while True:
        try:
            record = next(records, None)
        except csv.Error as err:
            raise FileUnreadable(_broken(lines.end)) from err
        if record is None:
            break
        if record:
            rows.append(_row(record, columns))
        if len(rows) >= CHUNK_ROWS or lines.end - begun >= CHUNK_BYTES:
            yield Chunk(rows=rows, after={"byte": lines.end}, progress=min(1.0, lines.end / size))
            begun, rows = lines.end, []
    if rows:
        yield Chunk(rows=rows, after={"byte": lines.end}, progress=1.0)


class _Lines:
    """The lines of a file as text, and where the last one that was taken ended."""

    def __init__(self, file: BufferedReader[Any]) -> None:
        self._file = file
        self.seek(0)

    def seek(self, byte: int) -> None:
        self._file.seek(byte)
        self.end = byte

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(_MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        if len(line) > _MAX_LINE_BYTES:
            raise FileUnreadable(
                f"Expected lines of at most {_MAX_LINE_BYTES} bytes, but the one that begins at "
                f"byte {self.end} is longer. Check the line ends and the quotes before it."
            )
        self.end += len(line)
        return line.decode("utf-8", errors="surrogateescape")


def _header(lines: _Lines) -> list[str]:
    try:
        header = next(csv.reader(lines, strict=True), [])
    except csv.Error as err:
        raise FileUnreadable(_broken(lines.end)) from err
    return [name.strip() for name in header]


def _row(record: list[str], columns: Columns) -> Any:
    if len(record) != len(columns.names):
        return Problem(
            kind="invalid-request",
            detail=f"Expected {len(columns.names)} cells, as many as the first line has, but the "
            f"record has {len(record)}. Quote cells that hold commas.",
        )
    if not all(map(_is_utf8, record)):
        return Problem(
            kind="invalid-request",
            detail="Expected UTF-8, but a cell of the record is in another encoding. Save the file "
            "in UTF-8.",
        )
    return columns.row_of_texts(record)


def _is_utf8(cell: str) -> bool:
    return cell.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in cell)


def _broken(end: int) -> str:
    return (
        f"Expected CSV after RFC 4180, but the quotes of the record that ends at byte {end} are "
        "broken. Close each quote, and double those within a cell."
    )
