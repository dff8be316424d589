"""The file of a job and its results, in parts, so that no more than a part is held in memory.

Parts are deleted a few at a time: others who write wait for no more than that.
"""

from __future__ import annotations

import io
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, or_, select

from ebbtide.store.jobs import ENDED
from ebbtide.store.schema.jobs import JOB_ERASURES, JOB_INPUTS, JOB_RESULTS, JOBS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection, Table

    from ebbtide.store.database import Database

PART_BYTES = 2**20
"""Size of a part of a file."""

_PARTS_AT_ONCE = 8
_PARTS_HELD = 4
_COMPRESSION = 3


class ContentGone(Exception):
    """A part is not there any more: the job was cancelled or has expired."""


def add_part(
    connection: Connection, job_id: str, *, part: int, content: bytes, until: datetime
) -> None:
    """Keep one part of a file, and let its receiver go on until an instant.

    Raises
    ------
    ContentGone
        If the job is not being received any more.
    """
    keep_receiving(connection, job_id, until=until)
    connection.execute(JOB_INPUTS.insert(), {"job_id": job_id, "part": part, "content": content})


def keep_receiving(connection: Connection, job_id: str, *, until: datetime) -> None:
    """Let the receiver of a file go on until an instant.

    Raises
    ------
    ContentGone
        If the job is not being received any more.
    """
    changed = connection.execute(
        JOBS.update()
        .where(JOBS.c.job_id == job_id, JOBS.c.state == "receiving")
        .values(lease_until=until)
    )
    if changed.rowcount != 1:
        raise ContentGone


class InputFile(io.RawIOBase):
    """The file of a job, to read and to seek in.

    Parameters
    ----------
    database : where it is.
    job_id : of the job.
    size : how long it is, bytes.
    """

    def __init__(self, database: Database, job_id: str, *, size: int) -> None:
        super().__init__()
        self._database = database
        self._job_id = job_id
        self._size = size
        self._at = 0
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def seekable(self) -> bool:
        """Whether one can seek in it: one can."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, at most up to the end of a part.

        Raises
        ------
        ContentGone
            If the part is not there any more.
        """
        if self._at >= self._size:
            return 0
        part, start = divmod(self._at, PART_BYTES)
        view = memoryview(buffer).cast("B")
        piece = self._part(part)[start : start + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _part(self, part: int) -> bytes:
        if part not in self._held:
            query = select(JOB_INPUTS.c.content).where(
                JOB_INPUTS.c.job_id == self._job_id, JOB_INPUTS.c.part == part
            )
            with self._database.read("read the file of a job") as connection:
                content: bytes | None = connection.scalar(query)
            if content is None:
                raise ContentGone
            self._held[part] = content
            if len(self._held) > _PARTS_HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(part)
        return self._held[part]


def packed(lines: bytes) -> bytes:
    """Compress the results of a chunk for ``keep_chunk``."""
    return zlib.compress(lines, _COMPRESSION)


def results_of(database: Database, job_id: str, *, chunks: int) -> Iterator[bytes]:
    """Yield the results of a job, chunk by chunk, as one JSON object a line.

    Raises
    ------
    ContentGone
        If a chunk is not there any more.
    """
    for chunk in range(chunks):
        query = select(JOB_RESULTS.c.content).where(
            JOB_RESULTS.c.job_id == job_id, JOB_RESULTS.c.chunk == chunk
        )
        with database.read("read the results of a job") as connection:
            content = connection.scalar(query)
        if content is None:
            raise ContentGone
        yield zlib.decompress(content)


def drop_left_content(database: Database) -> None:
    """Delete the files of jobs that have ended, and the results of those that came to nothing."""
    while database.write(_drop_left, deed="tidy up jobs"):
        pass


def expire_jobs(connection: Connection, now: datetime) -> int:
    """Delete a few parts of what is not kept any longer; a unit to run until it returns 0.

    That is: jobs whose time is over, files that broke off while they were received, and what
    ``drop_left_content`` deletes.

    Parameters
    ----------
    connection : of the unit.
    now : the present.

    Returns
    -------
    int
        How many rows were deleted.
    """
    is_over = or_(
        and_(JOBS.c.state.in_(ENDED), JOBS.c.expires_at <= now),
        and_(JOBS.c.state == "receiving", JOBS.c.lease_until <= now),
    )
    dropped = _drop_left(connection)
    for job_id in connection.scalars(select(JOBS.c.job_id).where(is_over).limit(_PARTS_AT_ONCE)):
        for table, number in ((JOB_INPUTS, "part"), (JOB_RESULTS, "chunk")):
            if dropped >= _PARTS_AT_ONCE:
                return dropped
            dropped += _drop(connection, table, number, job_id=job_id)
        if dropped >= _PARTS_AT_ONCE:
            return dropped
        connection.execute(delete(JOB_ERASURES).where(JOB_ERASURES.c.job_id == job_id))
        dropped += connection.execute(delete(JOBS).where(JOBS.c.job_id == job_id, is_over)).rowcount
    return dropped


def _drop_left(connection: Connection) -> int:
    came_to_nothing = ("failed", "cancelled")
    for table, number, states in (
        (JOB_INPUTS, "part", ENDED),
        (JOB_RESULTS, "chunk", came_to_nothing),
    ):
        query = select(table.c.job_id).join(JOBS, JOBS.c.job_id == table.c.job_id)
        job_id = connection.scalar(query.where(JOBS.c.state.in_(states)).limit(1))
        if job_id is not None:
            return _drop(connection, table, number, job_id=job_id)
    return connection.execute(
        delete(JOB_ERASURES).where(
            JOB_ERASURES.c.job_id.in_(select(JOBS.c.job_id).where(JOBS.c.state.in_(ENDED)))
        )
    ).rowcount


def _drop(connection: Connection, table: Table, number: str, *, job_id: str) -> int:
    """Delete a few parts of a job, the last first: what is left reads as broken off."""
    query = select(table.c[number]).where(table.c.job_id == job_id)
    last = query.order_by(table.c[number].desc()).limit(_PARTS_AT_ONCE)
    parts = list(connection.scalars(last))
    if not parts:
        return 0
    return connection.execute(
        delete(table).where(table.c.job_id == job_id, table.c[number].in_(parts))
    ).rowcount
