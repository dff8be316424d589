"""Some rows of a job, and where the next ones begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK_ROWS = 100
CHUNK_BYTES = 2 * 2**20
"""A chunk ends when it has so many rows, or so many bytes of text. It is committed as a whole, and
whoever else writes waits for that: single answers took up to 0.7 s beside chunks of 1,000 rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of a job.

    Parameters
    ----------
    rows : each as the body of ``POST /v1/score`` would be, or the problem of one that cannot be
        read.
    after : where the next chunk begins, as plain JSON.
    progress : how much of the input is read then, from 0 to 1.
    rows_total : rows of the whole input, where that is known.
    """

    rows: Sequence[Any]
    after: dict[str, Any]
    progress: float
    rows_total: int | None = None


class FileUnreadable(Exception):
    """The file, or the rest of it, is no file of its kind; the job fails."""

    def __init__(self, detail: str) -> None:
        self.problem = Problem(kind="file-unreadable", detail=detail)
        super().__init__("file-unreadable")
