"""Take in the file of a job, part by part: no more than a part is held in memory.

A sender may take as long as it likes, as long as something comes. What is received counts only when
its end has come; until then it is deleted whenever its receiver is not heard of.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ebbtide.store import jobs
from ebbtide.store.job_content import (
    PART_BYTES,
    ContentGone,
    add_part,
    expire_jobs,
    keep_receiving,
)
from service.problems import Fault, Problem, ProblemError, invalid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection
    from starlette.requests import Request

    from ebbtide.store.jobs import Job, Source
    from service.desk import Desk

MEDIA_TYPES: dict[str, Source] = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/vnd.apache.parquet": "parquet",
}
"""Types of files that are taken."""

JSON = "application/json"
_HEARD_OF_SECONDS = 60.0
_SIGN_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A file that came whole: its size and its hash."""

    size: int
    digest: str


def media_type_of(headers: Mapping[str, str]) -> str:
    """Return the media type of a request that makes a job.

    Raises
    ------
    ProblemError
        415 if no such file is taken, or it is compressed, or a text in another charset.
    """
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    name = media_type.strip().lower()
    is_utf8 = all(
        parameter.strip().lower().replace('"', "") in ("charset=utf-8", "charset=utf8")
        for parameter in parameters.split(";")
        if parameter.strip().lower().startswith("charset")
    )
    is_plain = headers.get("content-encoding", "identity").strip().lower() == "identity"
    if (name != JSON and name not in MEDIA_TYPES) or not is_utf8 or not is_plain:
        accepted = ", ".join([*MEDIA_TYPES, JSON])
        raise ProblemError(
            Problem(
                kind="unsupported-file-type",
                detail=f"Expected Content-Type to be one of {accepted}, text in UTF-8, and the "
                "file not compressed. Set the header, and send the file plainly.",
                headers={"Accept-Post": accepted, "Connection": "close"},
            )
        )
    return name


async def receive_file(request: Request, desk: Desk, *, job: Job) -> Received:
    """Receive the file of a new job.

    The job is there then, ``receiving``; whoever called this lets it be worked on, or gives it up
    with ``give_up``. Where this raises, it is given up already.

    Parameters
    ----------
    request : whose body is the file.
    desk : store, settings and clock.
    job : the new job.

    Raises
    ------
    ProblemError
        413 if the file is too large, 408 if nothing comes for too long, 422 if it is empty, 429 or
        503 if there are too many jobs, 409 if the job was cancelled.
    StoreUnavailable
        If a part cannot be kept.
    """
    most = desk.settings.max_job_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 19 or int(declared) > most):
        raise ProblemError(_too_large(most))
    await run_in_threadpool(_begin, desk, job)
    try:
        return await _parts_kept(request, desk, job_id=job.job_id)
    except BaseException:
        await asyncio.shield(run_in_threadpool(give_up, desk, job.job_id))
        raise


def check_room(connection: Connection, desk: Desk, *, caller: str, at: datetime) -> None:
    """Return if a caller may make one more job, as a part of the unit that makes it.

    Raises
    ------
    ProblemError
        429 if the caller has too many jobs under way, 503 if too many files are being received.
    """
    if jobs.count_under_way(connection, caller=caller, now=at) >= desk.settings.max_jobs:
        raise ProblemError(
            Problem(
                kind="too-many-jobs",
                detail=f"Expected at most {desk.settings.max_jobs} jobs of one caller under way. "
                "Wait until one has ended, or cancel one.",
                headers={"Retry-After": "30", "Connection": "close"},
            )
        )
    if jobs.count_received(connection, now=at) >= desk.settings.max_uploads:
        raise ProblemError(
            Problem(
                kind="busy",
                detail="Too many files are being received at once. Try again after Retry-After.",
                headers={"Retry-After": "10", "Connection": "close"},
            )
        )


def give_up(desk: Desk, job_id: str) -> None:
    """Delete a job whose file is not wanted after all."""
    write = desk.store.database.write
    write(partial(jobs.give_up, job_id=job_id, now=desk.now()), deed="give a file up")
    while write(partial(expire_jobs, now=desk.now()), deed="give a file up"):
        pass


def _begin(desk: Desk, job: Job) -> None:
    def unit(connection: Connection) -> None:
        check_room(connection, desk, caller=job.caller, at=job.created_at)
        jobs.add_job(connection, job)

    desk.store.database.write(unit, deed="make a job")


def receiving_until(desk: Desk) -> datetime:
    """Return until when a receiver counts as alive that has just been heard of."""
    seconds = max(_HEARD_OF_SECONDS, 3 * desk.settings.upload_idle_seconds)
    return desk.now() + timedelta(seconds=seconds)


async def _parts_kept(request: Request, desk: Desk, *, job_id: str) -> Received:
    digest, size, part = hashlib.sha256(), 0, 0
    async with aclosing(_parts(request, desk)) as parts:
        async for content in parts:
            until = receiving_until(desk)
            if content:
                keep = partial(add_part, job_id=job_id, part=part, content=content, until=until)
            else:
                keep = partial(keep_receiving, job_id=job_id, until=until)
            try:
                await run_in_threadpool(
                    desk.store.database.write, keep, deed="keep a part of a file"
                )
            except ContentGone as err:
                raise ProblemError(CANCELLED) from err
            size += len(content)
            digest.update(content)
            part += bool(content)
    if not size:
        fix = "Send the file as the body."
        fault = Fault(pointer="", expected="a file", got_kind="empty body", fix=fix)
        raise ProblemError(invalid([fault]))
    return Received(size=size, digest=digest.hexdigest())


async def _parts(request: Request, desk: Desk) -> AsyncGenerator[bytes]:
    """Yield a body in parts of one size; only the last is shorter.

    Where a part takes long to come, nothing is yielded now and then, as a sign of life.
    """
    settings, clock = desk.settings, asyncio.get_running_loop().time
    held, size, yielded_at = bytearray(), 0, clock()
    async with aclosing(request.stream()) as stream:
        while True:
            try:
                async with asyncio.timeout(settings.upload_idle_seconds):
                    piece = await anext(stream, None)
            except TimeoutError as err:
                raise ProblemError(_too_slow(settings.upload_idle_seconds)) from err
            except ClientDisconnect as err:
                raise ProblemError(_BROKEN_OFF) from err
            if piece is None:
                break
            size += len(piece)
            if size > settings.max_job_bytes:
                raise ProblemError(_too_large(settings.max_job_bytes))
            held += piece
            while len(held) >= PART_BYTES:
                yield bytes(held[:PART_BYTES])
                del held[:PART_BYTES]
                yielded_at = clock()
            if clock() - yielded_at > _SIGN_SECONDS:
                yield b""
                yielded_at = clock()
    if held:
        yield bytes(held)


def _too_large(most: int) -> Problem:
    return Problem(
        kind="body-too-large",
        detail=f"Expected a file of at most {most} bytes. Split it over several jobs.",
        headers={"Connection": "close"},
    )


def _too_slow(seconds: float) -> Problem:
    return Problem(
        kind="body-too-slow",
        detail=f"Expected the file to go on within {seconds:g} seconds. Send it without a pause.",
        headers={"Connection": "close"},
    )


_BROKEN_OFF = Problem(
    kind="bad-request", detail="The connection ended before the file did. Send it again."
)
CANCELLED = Problem(
    kind="job-not-done",
    detail="The job was cancelled, or given up, before its file had come. Send it again.",
)
