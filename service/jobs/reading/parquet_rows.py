"""Rows of a flat Parquet file: the columns are those of a CSV file, with types.

The file is unpacked by a process of its own; this module feeds it and reads what it writes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from service.jobs.reading.chunk import CHUNK_BYTES, CHUNK_ROWS, Chunk, FileUnreadable
from service.jobs.reading.columns import columns_of
from service.jobs.reading.parquet_child import BROKEN
from service.jobs.reading.signatures import check_signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    from ebbtide.contracts.feature import FeatureContract

COMMAND = (sys.executable, "-P", "-m", "service.jobs.reading.parquet_child")
PATIENCE_SECONDS = 60.0
"""How long the process may be busy without a further chunk."""

_ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
"""Other pools and threads reserve address space, which is limited."""

_EDGE = 8
_PIECE = 2**20
_MAX_LINE_BYTES = 8 * 2**20


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
    head = file.read(_EDGE)
    file.seek(max(0, size - _EDGE))
    check_signature(head, source="parquet", last_bytes=file.read(_EDGE))
    file.seek(0)
    group, row = (0, 0) if place is None else (int(place["row_group"]), int(place["row"]))
    with _unpacking(str(group), str(row), str(max_rows)) as process:
        watch = _Watch(process)
        with watch:
            _feed(process, file)
            about = _parsed(_line(process))
        columns = columns_of(about["names"], features=features)
        total, done = sum(about["groups"]), sum(about["groups"][:group]) + row
        while group < len(about["groups"]):
            left = about["groups"][group] - row
            if not left:
                group, row = group + 1, 0
                continue
            with watch:
                rows = _rows(process, at_most=min(CHUNK_ROWS, left))
            row, done = row + len(rows), done + len(rows)
            yield Chunk(
                rows=[columns.row_of_values(cells) for cells in rows],
                after={"row_group": group, "row": row},
                progress=done / total,
                rows_total=total,
            )


class _Watch:
    """Ends the process if what is done within takes too long."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def __enter__(self) -> None:
        self._timer = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        self._timer.daemon = True
        self._timer.start()

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()


@contextmanager
def _unpacking(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **_ENVIRONMENT},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()


def _feed(process: subprocess.Popen[bytes], file: BufferedReader[Any]) -> None:
    assert process.stdin is not None
    try:
        while piece := file.read(_PIECE):
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError as err:
        raise FileUnreadable(BROKEN) from err


def _rows(process: subprocess.Popen[bytes], *, at_most: int) -> list[Any]:
    rows, size = list[Any](), 0
    while len(rows) < at_most and size < CHUNK_BYTES:
        line = _line(process)
        rows.append(_parsed(line))
        size += len(line)
    return rows


def _line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    line = process.stdout.readline(_MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise FileUnreadable(BROKEN)
    return line


def _parsed(line: bytes) -> Any:
    read = json.loads(line)
    if isinstance(read, dict) and "unreadable" in read:
        raise FileUnreadable(read["unreadable"])
    return read
