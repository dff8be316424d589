"""Answers that wait in a file until the log takes them: for when it cannot be written.

One line for each answer: a checksum and what the log is to hold, as JSON. A line is on disk before
its answer is given. Each process has a file of its own, which it holds locked; what a process left
that is gone is taken over by the next. The file knows nothing of the database.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import zlib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from ebbtide.answer.written import answer_from_json, answer_to_json
from ebbtide.store.feature_sets import DOUBLES
from ebbtide.store.store import Prediction, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_ENDING = ".jsonl"
_MODE = 0o600  # it holds what customers must not find open


class SpoolFull(StoreUnavailable):
    """The spool has reached its size; what was asked for was not done."""

    def __init__(self) -> None:
        super().__init__("put the answer into the log, nor into the spool, which is full")


class Spool:
    """Answers of one process that the log does not have yet. Safe to use from many threads.

    Parameters
    ----------
    folder : of the spool files; made when it is needed.
    max_bytes : of this process' file.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._path: Path | None = None
        self._descriptor = -1
        self._size = 0
        self._taken = 0  # so much of it is in the log
        self._waiting = 0
        self._using = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many answers this process has given that are not in the log."""
        return self._waiting

    @property
    def size_bytes(self) -> int:
        """Size of this process' file, bytes."""
        return self._size

    def add(self, entries: Sequence[Prediction]) -> None:
        """Keep entries of the log; they are on disk when this returns, all or none.

        Raises
        ------
        SpoolFull
            If there is no room for them.
        StoreUnavailable
            If the file cannot be written.
        """
        lines = b"".join(map(line_of, entries))
        with self._using:
            if self._size + len(lines) > self._max_bytes:
                raise SpoolFull
            try:
                self._open()
                self._append(lines)
            except OSError as err:
                raise StoreUnavailable("put the answer into the log, nor into the spool") from err
            self._size += len(lines)
            self._waiting += len(entries)

    def drain(self, keep: Callable[[Sequence[Prediction]], None], *, at_once: int) -> None:
        """Hand over all entries in their order, and forget those that were taken.

        Parameters
        ----------
        keep : puts entries into the log, or raises; then they stay. It must not mind to be given
            an entry twice, for a process may be killed before it has forgotten it.
        at_once : how many it is given at the most.
        """
        with self._using:
            if not self._waiting:
                return
            start, end = self._taken, self._size
            content = os.pread(self._descriptor, end - start, start)
        entries, _ = read_spool(content)
        for first in range(0, len(entries), at_once):
            keep(entries[first : first + at_once])
        with self._using:
            self._taken = end
            self._waiting -= len(entries)
            if self._taken == self._size:
                os.ftruncate(self._descriptor, 0)
                os.fsync(self._descriptor)
                self._size = self._taken = 0

    def take_over(self, keep: Callable[[Sequence[Prediction]], None], *, at_once: int) -> int:
        """Hand over what processes left that are gone; return how many lines were damaged.

        A line that was cut off belongs to an answer that was never given. Any other damaged line
        is the disk's doing.
        """
        damaged = 0
        for path in sorted(self._folder.glob(f"*{_ENDING}")) if self._folder.is_dir() else ():
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:  # another process took it over
                continue
            try:
                if not (_is_locked(descriptor) and _is_there(descriptor, path)):
                    continue
                entries, spoilt = read_spool(path.read_bytes())
                for start in range(0, len(entries), at_once):
                    keep(entries[start : start + at_once])
                path.unlink()
                damaged += spoilt
            finally:
                os.close(descriptor)
        return damaged

    def close(self) -> None:
        """Let go of the file; it goes if nothing is in it."""
        with self._using:
            if self._path is None:
                return
            if not self._waiting:
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._path = None

    def _open(self) -> None:
        if self._path is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{uuid4().hex}{_ENDING}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(path, flags, _MODE)
        if not _is_locked(descriptor) or not _is_there(descriptor, path):
            os.close(descriptor)
            raise BlockingIOError("another process took the new file for one that was left")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._path, self._descriptor = path, descriptor

    def _append(self, lines: bytes) -> None:
        try:
            written = os.write(self._descriptor, lines)
            if written != len(lines):
                raise OSError("the disk is full")
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise


def line_of(entry: Prediction) -> bytes:
    """Return an entry as a line with its checksum."""
    content = {
        "answer": answer_to_json(entry.answer),
        "names": entry.names,
        "feature_values": np.asarray(entry.values, dtype=DOUBLES).tobytes().hex(),
    }
    written = json.dumps(content, ensure_ascii=True, allow_nan=False).encode()
    return b"%08x %s\n" % (zlib.crc32(written), written)


def read_spool(content: bytes) -> tuple[list[Prediction], int]:
    """Return the entries of a spool file, and how many whole lines are damaged.

    The end of a line that was cut off is left out.
    """
    *lines, _cut_off = content.split(b"\n")
    entries = [_entry(line) for line in lines]
    kept = [entry for entry in entries if entry is not None]
    return kept, len(entries) - len(kept)


def _entry(line: bytes) -> Prediction | None:
    checksum, _, written = line.partition(b" ")
    if b"%08x" % zlib.crc32(written) != checksum:
        return None
    content: dict[str, Any] = json.loads(written)
    return Prediction(
        answer=answer_from_json(content["answer"]),
        names=tuple(content["names"]),
        values=np.frombuffer(bytes.fromhex(content["feature_values"]), dtype=DOUBLES),
    )


def _is_there(descriptor: int, path: Path) -> bool:
    """Whether a path still names the open file."""
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _is_locked(descriptor: int) -> bool:
    """Lock a file if nobody else holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
