"""Jobs as the clients know them: how one is asked for, how far it is, and where results go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  read when answers are made
from functools import partial
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from ebbtide.client.asked import Asked
from ebbtide.client.errors import Fault, ServiceError
from ebbtide.client.reading import read_as
from ebbtide.errors import ContractError

if TYPE_CHECKING:
    from pathlib import Path

FileForm = Literal["csv", "jsonl", "parquet"]

MEDIA_TYPES: dict[FileForm, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
"""Forms of files that jobs read and write."""

ENDED = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProblem:
    """Why a job came to nothing."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands; ``progress`` from 0 to 1."""

    job_id: str
    state: str
    progress: float
    rows_done: int
    rows_failed: int
    rows_total: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    model_versions: tuple[str, ...]
    problem: JobProblem | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED


class JobUnfinished(ServiceError):
    """A job was not done when its results were wanted; ``job`` says how far it is."""

    def __init__(self, job: Job) -> None:
        self.job = job
        why = f" {job.problem.title}. {job.problem.detail}" if job.problem else ""
        super().__init__(
            f"Expected a job that is done, got one that is {job.state!r} with {job.rows_done} rows "
            f"done.{why} Wait longer, or mend its file and send it again."
        )


def submit(path: Path | None, *, reasons: bool, language: str | None) -> Asked[Job]:
    """Ask to score a file, or every stored snapshot where there is none.

    Raises
    ------
    ContractError
        If the name of the file does not say of which form it is.
    """
    return Asked(
        method="POST",
        path="/v1/jobs",
        read=partial(read_as, Job),
        body={"rows": "stored"} if path is None else None,
        file=None if path is None else (path.read_bytes(), MEDIA_TYPES[form_of(path)]),
        query={"reasons": str(reasons).lower(), "language": language},
        changes=True,
    )


def form_of(path: Path) -> FileForm:
    """Return of which form a file is, by the end of its name.

    Raises
    ------
    ContractError
        If it is of none that jobs know.

    Examples
    --------
    >>> from pathlib import Path
    >>> form_of(Path("customers.csv"))
    'csv'
    """
    for form in MEDIA_TYPES:
        if path.suffix.lower() == f".{form}":
            return form
    known = ", ".join(f".{form}" for form in MEDIA_TYPES)
    raise ContractError(
        f"Expected a file whose name ends in one of {known}, got {path.suffix!r}. Name it after "
        f"what is in it."
    )


def job(job_id: str) -> Asked[Job]:
    """Ask how far a job is."""
    return Asked(method="GET", path=_of(job_id, ""), read=partial(read_as, Job))


def cancel(job_id: str) -> Asked[Job]:
    """Ask to end a job."""
    read = partial(read_as, Job)
    return Asked(method="POST", path=_of(job_id, "/cancel"), read=read, changes=True)


def results(job_id: str, form: FileForm) -> Asked[None]:
    """Ask for the results of a job; they are written to a file as they come."""
    path = _of(job_id, "/results")
    return Asked(method="GET", path=path, read=_nothing, query={"format": form})


def _of(job_id: str, rest: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}{rest}"


def _nothing(_content: object) -> None:
    return None
