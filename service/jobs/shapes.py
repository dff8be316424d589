"""The bodies of jobs as pydantic models: the reference in the OpenAPI document."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime  # noqa: TC003  pydantic reads it when the class is made
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ebbtide.store.jobs import Job, JobState, Source
from service.problems import Problem
from service.scoring.shapes import ProblemShape  # noqa: TC001  pydantic reads it, too


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class JobRequest(_Shape):
    """A job without a file."""

    rows: Literal["stored"] = Field(description="Every customer with a stored snapshot.")


class JobShape(_Shape):
    """A job as it stands."""

    job_id: str = Field(description="Its id.")
    state: JobState = Field(
        description="receiving: its file is coming; queued: it waits for a worker; running; done: "
        "there are results; failed: see problem; cancelled."
    )
    source: Source = Field(description="What the rows are read from.")
    progress: float = Field(description="How much of the input is done, 0 to 1.")
    rows_done: int = Field(description="Rows with a result, the failed ones among them.")
    rows_failed: int = Field(description="Rows with a problem instead of an answer.")
    rows_total: int | None = Field(description="Rows of the input; null where not known yet.")
    language: Literal["en", "zh"] = Field(description="Language of the texts.")
    reasons: bool = Field(description="Whether the results hold reasons.")
    model_versions: list[str] = Field(
        description="Models that answered. Each chunk of rows has one model; the champion may "
        "change from one to the next."
    )
    policy_versions: list[str] = Field(description="Policies that decided, alike.")
    created_at: datetime = Field(description="When it was asked for.")
    started_at: datetime | None = Field(description="When a worker first took it; null before.")
    finished_at: datetime | None = Field(description="When it ended; null before.")
    expires_at: datetime | None = Field(
        description="When it is deleted with its results; null while it is under way."
    )
    problem: ProblemShape | None = Field(description="Why it failed; null if it did not.")


class JobList(_Shape):
    """Jobs, the newest first."""

    jobs: list[JobShape] = Field(description="A page of them.")
    next_cursor: str | None = Field(description="Where the next page begins; null on the last.")


def job_to_json(job: Job) -> dict[str, Any]:
    """Return a job as its answer has it."""
    problem = None
    if job.problem_kind is not None:
        problem = Problem(kind=job.problem_kind, detail=job.problem_detail or "").to_json()
    same = JobShape.model_fields.keys() & {each.name for each in fields(Job)}
    shape = JobShape.model_validate(
        {name: getattr(job, name) for name in same}
        | {
            "reasons": job.with_reasons,
            "model_versions": list(job.model_versions),
            "policy_versions": list(job.policy_versions),
            "problem": problem,
        }
    )
    return shape.model_dump(mode="json")
