"""Hand out the results of a job, chunk by chunk, in the form that is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from ebbtide.store.job_content import results_of
from service.jobs.flat import csv_text, flat_columns, flat_result, parquet_parts
from service.media_type import quality_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ebbtide.store.database import Database
    from ebbtide.store.jobs import Job

Format = Literal["jsonl", "csv", "parquet"]

FORMATS: dict[Format, str] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
"""The forms of results and their media types; the first is the one that nobody has to ask for."""

assert tuple(FORMATS) == get_args(Format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Results on their way.

    Parameters
    ----------
    media_type : of the whole.
    name : of the file.
    pieces : of its bytes.
    """

    media_type: str
    name: str
    pieces: Iterator[bytes]


def format_of(accept: str | None) -> Format:
    """Return the form that a header ``Accept`` likes best.

    Examples
    --------
    >>> format_of("text/csv, */*;q=0.1"), format_of(None), format_of("image/png")
    ('csv', 'jsonl', 'jsonl')
    """
    return max(FORMATS, key=lambda name: quality_of(FORMATS[name], accept=accept))


def download(job: Job, *, database: Database, written: Format) -> Download:
    """Return the results of a job that is done.

    Parameters
    ----------
    job : done.
    database : where they are.
    written : the form.
    """
    chunks = results_of(database, job.job_id, chunks=job.next_chunk)
    columns = flat_columns(with_reasons=job.with_reasons)
    if written == "jsonl":
        pieces = chunks
    elif written == "csv":
        pieces = _csv(chunks, columns)
    else:
        pieces = parquet_parts((_flat(chunk, columns) for chunk in chunks), columns)
    return Download(media_type=FORMATS[written], name=f"job-{job.job_id}.{written}", pieces=pieces)


def _csv(chunks: Iterator[bytes], columns: dict[str, Any]) -> Iterator[bytes]:
    kinds = list(columns.values())
    yield csv_text([list(columns)], ["text"] * len(kinds)).encode()
    for chunk in chunks:
        yield csv_text(_flat(chunk, columns), kinds).encode()


def _flat(chunk: bytes, columns: dict[str, Any]) -> list[list[Any]]:
    return [flat_result(json.loads(line), columns) for line in chunk.split(b"\n") if line]
