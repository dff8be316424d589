"""Files of jobs: CSV, JSON lines and Parquet, read to the end."""

from __future__ import annotations

import io
import os
import signal
import warnings
from functools import cache

from fuzz.small_world import contracts
from fuzz.target import Target
from service.jobs.reading.chunk import Chunk, FileUnreadable
from service.jobs.reading.csv_rows import csv_chunks
from service.jobs.reading.jsonl_rows import jsonl_chunks
from service.jobs.reading.parquet_child import unpacked

_MAX_LINE_BYTES = 2_000
_PARQUET_SECONDS = 20


def _file(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]  # it is one, raw


def _read(chunks: list[Chunk], size: int) -> None:
    ends = [chunk.after["byte"] for chunk in chunks]
    assert ends == sorted(ends)
    assert all(0 < end <= size for end in ends)
    assert all(0 < chunk.progress <= 1 for chunk in chunks)


def _csv(data: bytes) -> None:
    size = len(data)
    chunks = list(csv_chunks(_file(data), size=size, place=None, features=contracts()))
    _read(chunks, size)
    if len(chunks) > 1:  # begun again in the middle, the rest is the same
        rest = csv_chunks(_file(data), size=size, place=chunks[0].after, features=contracts())
        assert [each.rows for each in rest] == [each.rows for each in chunks[1:]]


def _jsonl(data: bytes) -> None:
    size = len(data)
    given = {"size": size, "max_line_bytes": _MAX_LINE_BYTES}
    chunks = list(jsonl_chunks(_file(data), place=None, **given))
    _read(chunks, size)
    if len(chunks) > 1:
        rest = jsonl_chunks(_file(data), place=chunks[0].after, **given)
        assert len(list(rest)) == len(chunks) - 1


def _parquet(data: bytes) -> None:
    """Unpack in a process that may be lost: the native reader ends it on some broken files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
    if child == 0:
        signal.alarm(_PARQUET_SECONDS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.signal(signal.SIGABRT, signal.SIG_DFL)
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        try:
            for line in unpacked(io.BytesIO(data), row_group=0, row=0, max_rows=10_000):
                line.encode("ascii")
        finally:
            os._exit(0)  # however it ends, the service says that the file is unreadable
    _, status = os.waitpid(child, 0)
    assert not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM), "it hangs"


@cache
def _small_parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"customer_id": ["c-1", "c-2"], "recency_days": [1.5, None]})
    written = io.BytesIO()
    pq.write_table(table, written, compression="none", store_schema=False)
    return written.getvalue()


def targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    return {
        "csv": Target(
            feed=_csv,
            seeds=(
                b'customer_id,recency_days,interval\nc-1,3,true\n"c,2",,0\n',
                b"\xef\xbb\xbfcustomer_id\r\nc-1\r\n",
                b"customer_id\n" + b"c\n" * 250,
            ),
            expected=(FileUnreadable,),
            words=(b"customer_id", b"recency_days", b'"', b'""', b"\r\n", b"\x00", b"1e999"),
            max_bytes=65_536,
        ),
        "json lines": Target(
            feed=_jsonl,
            seeds=(b'{"customer_id": "c-1"}\n\n{"customer_id": "c-2"}\n', b"{}\n" * 250),
            expected=(FileUnreadable,),
            max_bytes=65_536,
        ),
        "parquet": Target(
            feed=_parquet,
            seeds=(_small_parquet(),),
            expected=(FileUnreadable,),
            max_bytes=16_384,
        ),
    }
