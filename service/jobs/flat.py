"""Results of a job as a flat table: the fields of an answer that are no lists.

Where a program such as Excel opens a CSV file, a text that begins like a formula would be run; such
a text gets an apostrophe before it there. JSON lines and Parquet hold it as it is.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from service.jobs.answering import is_of_reasons
from service.scoring.shapes import AnswerShape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ColumnKind = Literal["text", "number", "integer", "instant"]

_GROUP_ROWS = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _kind_of(annotation: Any) -> ColumnKind | None:
    """Return the kind of a field; None for a list, and for a flag that is the same in all rows."""
    if get_origin(annotation) is list or annotation is bool:
        return None
    parts = {annotation, *get_args(annotation)}
    kinds: tuple[tuple[type, ColumnKind], ...] = (
        (datetime, "instant"),
        (float, "number"),
        (int, "integer"),
    )
    return next((kind for part, kind in kinds if part in parts), "text")


def flat_columns(*, with_reasons: bool) -> dict[str, ColumnKind]:
    """Return the columns of the results and their kinds.

    Parameters
    ----------
    with_reasons : whether the results hold reasons.

    Examples
    --------
    >>> columns = flat_columns(with_reasons=True)
    >>> columns["row"], columns["customer_id"], columns["as_of"], columns["churn_probability"]
    ('integer', 'text', 'instant', 'number')
    >>> set(columns) - set(flat_columns(with_reasons=False)) >= {"reason_1", "reason_2"}
    True
    """
    of_answer = {
        name: kind
        for name, field in AnswerShape.model_fields.items()
        if (kind := _kind_of(field.annotation)) is not None
        and (with_reasons or not is_of_reasons(name))
    }
    first = ("customer_id", "status")
    ordered = {name: of_answer.pop(name) for name in first} | of_answer
    return {"row": "integer", **ordered, "problem_kind": "text", "problem_detail": "text"}


def flat_result(result: Mapping[str, Any], columns: Iterable[str]) -> list[Any]:
    """Return the cells of one result."""
    problem = result.get("problem") or {}
    cells = {
        **result,
        "problem_kind": problem.get("type", "").removeprefix("urn:ebbtide:problem:") or None,
        "problem_detail": _detail(problem),
    }
    return [cells.get(name) for name in columns]


def csv_text(rows: Iterable[Sequence[Any]], kinds: Sequence[ColumnKind]) -> str:
    r"""Write rows as CSV (RFC 4180).

    Examples
    --------
    >>> csv_text([[1, "=1+1"], [2, None]], ["integer", "text"])
    "1,'=1+1\r\n2,\r\n"
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerows(
        [_guarded(cell) if kind == "text" else cell for cell, kind in zip(row, kinds, strict=True)]
        for row in rows
    )
    return written.getvalue()


def parquet_parts(
    chunks: Iterable[Sequence[Sequence[Any]]], columns: Mapping[str, ColumnKind]
) -> Iterator[bytes]:
    """Yield a Parquet file piece by piece, in row groups of some thousand rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "number": pa.float64(),
        "integer": pa.int64(),
        "instant": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for rows in _groups(chunks):
            arrays = [
                pa.array(cells, pa.string()).cast(field.type)
                if pa.types.is_timestamp(field.type)
                else pa.array(cells, field.type)
                for cells, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows.clear()  # else they would be held for as long as the piece waits to be taken
            del arrays
            yield sink.taken()
    yield sink.taken()


def _groups(chunks: Iterable[Sequence[Sequence[Any]]]) -> Iterator[list[Sequence[Any]]]:
    """Put chunks together: the writer holds what it has to say of each group until the end."""
    held: list[Sequence[Any]] = []
    for rows in chunks:
        held += rows
        if len(held) >= _GROUP_ROWS:
            yield held
            held = []
    if held:
        yield held


class _Sink(io.RawIOBase):
    """Takes what a writer writes, until it is taken from here."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._held += piece
        return len(piece)

    def taken(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


def _detail(problem: Mapping[str, Any]) -> str | None:
    """Return what is wrong in one text: the faults, where there are any."""
    faults = [
        f"{fault['pointer']}: expected {fault['expected']}, got {fault['got_kind']}. {fault['fix']}"
        for fault in problem.get("errors", ())
    ]
    return " | ".join(faults) or problem.get("detail")


def _guarded(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
