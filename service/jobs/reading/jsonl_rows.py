"""Rows of JSON lines: each line is a row as ``POST /v1/score`` takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.body import BYTES_A_VALUE, parse_json
from service.jobs.reading.chunk import CHUNK_BYTES, CHUNK_ROWS, Chunk
from service.jobs.reading.signatures import check_signature
from service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader


def jsonl_chunks(
    file: BufferedReader[Any],
    *,
    size: int,
    place: dict[str, Any] | None,
    max_line_bytes: int,
) -> Iterator[Chunk]:
    r"""Yield the rows of a file of JSON lines; empty lines are none.

    A line that is no JSON is a row that fails, and so is one that is too long: of it, no more than
    its limit is held.

    Parameters
    ----------
    file : to read from.
    size : how long it is, bytes.
    place : where to begin: ``after`` of the last chunk, None for the beginning.
    max_line_bytes : longest line, bytes.

    Raises
    ------
    FileUnreadable
        If the file is something else.

    Examples
    --------
    >>> import io
    >>> file = io.BufferedReader(io.BytesIO(b'{"customer_id": "c-1"}\n\n{'))
    >>> (chunk,) = jsonl_chunks(file, size=25, place=None, max_line_bytes=100)
    >>> chunk.rows[0], chunk.rows[1].kind, chunk.after
    ({'customer_id': 'c-1'}, 'malformed-json', {'byte': 25})
    """
    check_signature(file.peek(16), source="jsonl")
    at = 0 if place is None else int(place["byte"])
    file.seek(at)
    begun, rows = at, list[Any]()
    while line := file.readline(max_line_bytes + 1):
        at += len(line)
        if len(line) > max_line_bytes and not line.endswith(b"\n"):
            at += _rest_of_line(file)
            rows.append(_too_long(max_line_bytes))
        elif line.strip():
            rows.append(_row(line.removeprefix(b"\xef\xbb\xbf"), max_line_bytes))
        if len(rows) >= CHUNK_ROWS or at - begun >= CHUNK_BYTES:
            yield Chunk(rows=rows, after={"byte": at}, progress=min(1.0, at / size))
            begun, rows = at, []
    if rows:
        yield Chunk(rows=rows, after={"byte": at}, progress=1.0)


def _row(line: bytes, max_line_bytes: int) -> Any:
    try:
        return parse_json(line, max_values=max(1, max_line_bytes // BYTES_A_VALUE))
    except ProblemError as err:
        return err.problem


def _rest_of_line(file: BufferedReader[Any]) -> int:
    skipped = 0
    while piece := file.readline(2**20):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def _too_long(max_line_bytes: int) -> Problem:
    return Problem(
        kind="body-too-large",
        detail=f"Expected a line of at most {max_line_bytes} bytes. Send fewer events in a row.",
    )
