"""Open the input of a job where its next chunk begins."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ebbtide.store.job_content import PART_BYTES, InputFile
from service.jobs.reading.csv_rows import csv_chunks
from service.jobs.reading.jsonl_rows import jsonl_chunks
from service.jobs.reading.parquet_rows import parquet_chunks
from service.jobs.reading.stored_rows import stored_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ebbtide.contracts.feature import FeatureContract
    from ebbtide.store.database import Database
    from ebbtide.store.jobs import Job
    from service.jobs.reading.chunk import Chunk
    from service.settings import Settings


def open_chunks(
    job: Job, *, database: Database, features: Sequence[FeatureContract], settings: Settings
) -> Iterator[Chunk]:
    """Yield the chunks of a job that are left; on the same input always the same ones.

    Parameters
    ----------
    job : as it stands.
    database : where its file is.
    features : of the model that is served.
    settings : with the limits.

    Raises
    ------
    FileUnreadable
        If the input is not what it should be.
    ContentGone
        If it was deleted meanwhile.
    """
    if job.source == "stored":
        return stored_chunks(database, place=job.place)
    size = job.received_bytes
    raw = InputFile(database, job.job_id, size=size)
    file: io.BufferedReader[Any] = io.BufferedReader(raw, buffer_size=PART_BYTES)
    if job.source == "parquet":
        return parquet_chunks(
            file, size=size, place=job.place, features=features, max_rows=settings.max_job_rows
        )
    if job.source == "csv":
        return csv_chunks(file, size=size, place=job.place, features=features)
    return jsonl_chunks(file, size=size, place=job.place, max_line_bytes=settings.max_body_bytes)
