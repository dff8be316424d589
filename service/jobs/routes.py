"""``/v1/jobs``: score a whole file, or every stored snapshot, while nobody waits."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import JSONResponse, Response

from ebbtide.store import jobs
from ebbtide.store.job_content import drop_left_content
from ebbtide.store.jobs import ENDED, Job, LeaseLost
from service.access.deeds import note_deed
from service.access.guard import caller_of, needs
from service.desk import Desk  # noqa: TC001  FastAPI reads it from the signature
from service.endpoint import TheDesk, body_of, read_json
from service.idempotency import PARAMETER as KEY_HEADER
from service.idempotency import REPLAYED, Kept, once
from service.jobs.described import FILE_BODY, RESULTS
from service.jobs.receiving import (
    CANCELLED,
    JSON,
    MEDIA_TYPES,
    check_room,
    give_up,
    media_type_of,
    receive_file,
    receiving_until,
)
from service.jobs.results import Format, download, format_of
from service.jobs.shapes import JobList, JobShape, job_to_json
from service.language import negotiate
from service.long_answer import LongAnswer
from service.looking_up.asked import check_query
from service.openapi import LANGUAGE_HEADER, problem_responses
from service.paging import cursor_text, read_cursor
from service.problems import Fault, Problem, ProblemError, invalid

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from service.jobs.receiving import Received

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], dependencies=[Depends(needs("jobs"))])

_LISTED = "jobs"
_ID_LENGTH = 32

Language = Annotated[
    Literal["en", "zh"] | None,
    Query(description="Language of the texts; Accept-Language where it is left out."),
]
Reasons = Annotated[bool, Query(description="Whether the results are to hold reasons.")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many jobs to list at the most.")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before.")]
AsFormat = Annotated[
    Format | None,
    Query(alias="format", description="Form of the results; Accept where it is left out."),
]


@router.post(
    "",
    operation_id="create_job",
    summary="Score a file, or all stored snapshots",
    status_code=202,
    responses={
        202: {"model": JobShape},
        **problem_responses(400, 408, 409, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra={**FILE_BODY, "parameters": [LANGUAGE_HEADER, KEY_HEADER]},
)
async def create_job(
    request: Request, desk: TheDesk, language: Language = None, reasons: Reasons = True
) -> Response:
    """Take a job in; 202 when it is on record. A worker begins with it as soon as one is free."""
    check_query(request, ("language", "reasons"))
    media_type = media_type_of(request.headers)
    job = Job(
        job_id=uuid4().hex,
        caller=caller_of(request).name,
        state="queued" if media_type == JSON else "receiving",
        source="stored" if media_type == JSON else MEDIA_TYPES[media_type],
        language=language or negotiate(request.headers.get("accept-language")),
        with_reasons=reasons,
        created_at=desk.now(),
        lease_until=None if media_type == JSON else receiving_until(desk),
    )
    if job.source == "stored":
        _check_stored(read_json(await body_of(request, desk), desk))
        return await run_in_threadpool(_started, request, desk, job, None)
    received = await receive_file(request, desk, job=job)
    try:
        response = await run_in_threadpool(_started, request, desk, job, received)
    except BaseException:
        await run_in_threadpool(give_up, desk, job.job_id)
        raise
    if REPLAYED in response.headers:
        await run_in_threadpool(give_up, desk, job.job_id)
    return response


@router.get(
    "",
    operation_id="list_jobs",
    summary="List jobs",
    responses={200: {"model": JobList}, **problem_responses(422, 500, 503)},
)
def list_jobs(
    request: Request, desk: TheDesk, limit: Limit = 20, cursor: Cursor = None
) -> JSONResponse:
    """List the caller's jobs, the newest first; with the scope admin, everybody's."""
    check_query(request, ("limit", "cursor"))
    before: Any = read_cursor(cursor, _LISTED, kinds=(datetime, str))
    with desk.store.database.read("list jobs") as connection:
        found = jobs.jobs_of(connection, _owner(request), limit=limit, before=before)
    last = found[-1] if len(found) == limit else None
    return JSONResponse(
        {
            "jobs": [job_to_json(job) for job in found],
            "next_cursor": last and cursor_text(_LISTED, (last.created_at, last.job_id)),
        }
    )


@router.get(
    "/{job_id}",
    operation_id="read_job",
    summary="Read how far a job is",
    responses={200: {"model": JobShape}, **problem_responses(404, 500, 503)},
)
def read_job(request: Request, job_id: str, desk: TheDesk) -> JSONResponse:
    """Say how far a job is, and how it ended."""
    return JSONResponse(job_to_json(_found(request, job_id, desk)))


@router.post(
    "/{job_id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job",
    responses={200: {"model": JobShape}, **problem_responses(404, 422, 500, 503)},
    openapi_extra={"parameters": [KEY_HEADER]},
)
def cancel_job(request: Request, job_id: str, desk: TheDesk) -> Response:
    """End a job that is under way and delete its results; one that has ended stays as it is."""
    before = _found(request, job_id, desk)

    def change(connection: Connection) -> Kept:
        job = jobs.cancel(
            connection, job_id, now=desk.now(), keep_days=desk.settings.job_retention_days
        )
        if job is None:
            raise ProblemError(_UNKNOWN)
        note_deed(connection, request, desk, "job.cancelled", {"job_id": job_id})
        return Kept(content=job_to_json(job))

    response = once(request, desk, body=b"", change=change)
    if before.state not in ENDED and REPLAYED not in response.headers:
        desk.metrics.jobs.labels(state="cancelled").inc()
    drop_left_content(desk.store.database)
    return response


@router.get(
    "/{job_id}/results",
    operation_id="read_job_results",
    summary="Read the results of a job",
    response_class=LongAnswer,
    responses={200: RESULTS, **problem_responses(404, 409, 422, 500, 503)},
)
def read_job_results(
    request: Request, job_id: str, desk: TheDesk, as_format: AsFormat = None
) -> LongAnswer:
    """Hand out a result for each row, in their order: as JSON lines, CSV or Parquet."""
    check_query(request, ("format",))
    job = _found(request, job_id, desk)
    if job.state != "done":
        raise ProblemError(_not_done(job))
    details = {"job_id": job_id}
    note = partial(note_deed, request=request, desk=desk, deed="job.downloaded", details=details)
    desk.store.database.write(note, deed="record the download")
    results = download(
        job,
        database=desk.store.database,
        written=as_format or format_of(request.headers.get("accept")),
    )
    return LongAnswer(
        results.pieces,
        media_type=results.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{results.name}"',
            "Content-Language": job.language,
            "Vary": "Accept",
        },
    )


def _started(request: Request, desk: Desk, job: Job, received: Received | None) -> Response:
    """Let a worker have a job, once for each key of its request."""

    def change(connection: Connection) -> Kept:
        if received is None:
            check_room(connection, desk, caller=job.caller, at=job.created_at)
            jobs.add_job(connection, job)
            made = job
        else:
            try:
                made = jobs.queue(connection, job.job_id, received_bytes=received.size)
            except LeaseLost as err:
                raise ProblemError(CANCELLED) from err
        note_deed(connection, request, desk, "job.created", {"job_id": job.job_id})
        return Kept(status=202, content=job_to_json(made))

    same = [job.source, job.language, job.with_reasons, received and received.digest]
    response = once(request, desk, body=json.dumps(same).encode(), change=change)
    response.headers["Location"] = f"/v1/jobs/{json.loads(bytes(response.body))['job_id']}"
    return response


def _check_stored(read: Any) -> None:
    if read != {"rows": "stored"}:
        fault = Fault(
            pointer="",
            expected='{"rows": "stored"}',
            got_kind="something else",
            fix='Send {"rows": "stored"} to score every stored snapshot, or a file with its '
            "Content-Type.",
        )
        raise ProblemError(invalid([fault]))


def _owner(request: Request) -> str | None:
    """Return whose jobs a caller sees; None for everybody's."""
    caller = caller_of(request)
    return None if "admin" in caller.scopes else caller.name


def _found(request: Request, job_id: str, desk: Desk) -> Job:
    owner = _owner(request)
    if len(job_id) == _ID_LENGTH and job_id.isalnum() and job_id.isascii():
        with desk.store.database.read("look up a job") as connection:
            job = jobs.job_of(connection, job_id)
        is_over = job is not None and job.expires_at is not None and job.expires_at <= desk.now()
        if job is not None and not is_over and owner in (None, job.caller):
            return job
    raise ProblemError(_UNKNOWN)


def _not_done(job: Job) -> Problem:
    if job.state in ENDED:
        why = f"the job is {job.state}. GET /v1/jobs/{{job_id}} says why; send its file again."
    else:
        why = f"the job is {job.state}. Ask again when GET /v1/jobs/{{job_id}} says done."
    return Problem(kind="job-not-done", detail=f"Expected a job that is done, but {why}")


_UNKNOWN = Problem(
    kind="unknown-job",
    detail="Expected the id of a job of yours that is still kept, and there is none by this id. "
    "GET /v1/jobs lists them.",
)
