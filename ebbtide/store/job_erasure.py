"""Take a customer out of jobs: out of the results that are there, and of those still to come.

The file of a job that is under way cannot be rewritten row by row (Parquet). It is read once more
by the worker, who leaves the customer out, and is deleted as soon as the job ends.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from ebbtide.store.job_content import packed
from ebbtide.store.jobs import UNDER_WAY
from ebbtide.store.schema.jobs import JOB_ERASURES, JOB_RESULTS, JOBS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Select

    from ebbtide.store.database import Database


def result_line(result: dict[str, Any]) -> bytes:
    r"""Write one result; erasure finds a customer by this very spelling.

    Examples
    --------
    >>> result_line({"row": 1, "customer_id": "c-1"})
    b'{"row":1,"customer_id":"c-1"}\n'
    """
    written = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return written.encode() + b"\n"


def erase_from_jobs(database: Database, customer_id: str) -> int:
    """Take a customer out of every job; return from how many chunks of results.

    Call it **before** the log is erased: from then on no worker adds anything about the customer,
    to the results or to the log, even in the middle of a chunk. The answer about a row of theirs
    is left out; the numbers of the other rows stay.

    Parameters
    ----------
    database : where the jobs are.
    customer_id : who.
    """
    database.write(partial(_bar, customer_id=customer_id, database=database), deed="erase")
    erased = 0
    for job_id, chunk in _chunks(database):
        if _lines_about(customer_id, _content(database, job_id, chunk)):
            database.write(
                partial(_rewrite, job_id=job_id, chunk=chunk, customer_id=customer_id), deed="erase"
            )
            erased += 1
    return erased


def results_about(database: Database, customer_id: str) -> Iterator[dict[str, Any]]:
    """Yield what jobs answered about a customer, each with its ``job_id``: for exports."""
    for job_id, chunk in _chunks(database):
        for line in _lines_about(customer_id, _content(database, job_id, chunk)):
            yield {"job_id": job_id, **json.loads(line)}


def barred(connection: Connection, job_id: str) -> frozenset[str]:
    """Return the digests of the customers whom a job must leave out."""
    query = select(JOB_ERASURES.c.digest).where(JOB_ERASURES.c.job_id == job_id)
    return frozenset(connection.scalars(query))


def digest_of(job_id: str, customer_id: str) -> str:
    """Return what stands for a customer in the list of those whom a job leaves out."""
    return hashlib.sha256(f"{job_id}\n{customer_id}".encode(errors="surrogatepass")).hexdigest()


def _bar(connection: Connection, *, customer_id: str, database: Database) -> None:
    under_way = JOBS.c.state.in_(UNDER_WAY)
    connection.execute(update(JOBS).where(under_way).values(erasures=JOBS.c.erasures + 1))
    for job_id in connection.scalars(select(JOBS.c.job_id).where(under_way)).all():
        connection.execute(
            database.insert(JOB_ERASURES).on_conflict_do_nothing(),
            {"job_id": job_id, "digest": digest_of(job_id, customer_id)},
        )


def _chunks(database: Database) -> list[tuple[str, int]]:
    with database.read("read the results of jobs") as connection:
        query = select(JOB_RESULTS.c.job_id, JOB_RESULTS.c.chunk)
        return [(row.job_id, row.chunk) for row in connection.execute(query)]


def _content(database: Database, job_id: str, chunk: int) -> bytes | None:
    with database.read("read the results of a job") as connection:
        content: bytes | None = connection.scalar(_query(job_id, chunk))
    return content


def _query(job_id: str, chunk: int) -> Select[Any]:
    return select(JOB_RESULTS.c.content).where(
        JOB_RESULTS.c.job_id == job_id, JOB_RESULTS.c.chunk == chunk
    )


def _lines_about(customer_id: str, content: bytes | None) -> list[bytes]:
    lines = b"" if content is None else zlib.decompress(content)
    mark = _mark(customer_id)
    if mark not in lines:
        return []
    return [line for line in lines.split(b"\n") if mark in line]


def _rewrite(connection: Connection, *, job_id: str, chunk: int, customer_id: str) -> None:
    content: bytes | None = connection.scalar(_query(job_id, chunk))
    if content is None:
        return
    mark = _mark(customer_id)
    kept = [line for line in zlib.decompress(content).split(b"\n") if line and mark not in line]
    connection.execute(
        update(JOB_RESULTS)
        .where(JOB_RESULTS.c.job_id == job_id, JOB_RESULTS.c.chunk == chunk)
        .values(content=packed(b"".join(line + b"\n" for line in kept)))
    )


def _mark(customer_id: str) -> bytes:
    return result_line({"customer_id": customer_id}).strip(b"{}\n")
