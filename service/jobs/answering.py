"""Answer the rows of a chunk as ``POST /v1/scores`` answers its rows, and write the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebbtide.answer.written import answer_to_json
from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.job_erasure import digest_of, result_line
from service.jobs.reading.columns import flat_problem
from service.problems import Problem, invalid
from service.scoring.answering import answer_request
from service.scoring.checks import Faults, Hints, check_text
from service.scoring.row import RowContract, check_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ebbtide.answer.answer import Answer
    from ebbtide.bundle.contents import Bundle
    from ebbtide.store.jobs import Job
    from ebbtide.store.store import Prediction
    from service.desk import Desk
    from service.scoring.row import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRows:
    """What came of some rows: a line each, the entries of the log, and what to count.

    Parameters
    ----------
    lines : a result for each row.
    entries : of the log.
    statuses : of each row: scored, abstained or failed.
    problems : kinds of the problems of those that failed.
    """

    lines: list[bytes]
    entries: list[Prediction]
    statuses: list[str]
    problems: list[str]


def answer_job_rows(
    rows: Sequence[Any],
    *,
    first_row: int,
    job: Job,
    barred: frozenset[str],
    desk: Desk,
    bundle: Bundle,
    now: datetime,
) -> AnsweredRows:
    """Answer some rows of a job; nothing is committed.

    Parameters
    ----------
    rows : as they were read.
    first_row : number of the first of them in the file, from 1.
    job : which asks.
    barred : digests of the customers who are left out.
    desk : policy, store and limits.
    bundle : the model.
    now : the present.
    """
    contract = RowContract(
        features=bundle.scorer.features, now=now, max_events=desk.settings.max_events
    )
    hints = Hints()
    wanted = [
        (number, row)
        for number, row in enumerate(rows, start=first_row)
        if not (barred and digest_of(job.job_id, _id_in(row) or "") in barred)
    ]
    answered = answer_request(
        [_checked(row, contract=contract, hints=hints) for _, row in wanted],
        desk=desk,
        bundle=bundle,
        now=now,
        language=job.language,
    )
    results = zip(wanted, answered.results, strict=True)
    return AnsweredRows(
        lines=[result_line(_result(number, row, each, job)) for (number, row), each in results],
        entries=answered.entries,
        statuses=[
            "failed" if isinstance(each, Problem) else each.status for each in answered.results
        ],
        problems=[each.kind for each in answered.results if isinstance(each, Problem)],
    )


def is_of_reasons(name: str) -> bool:
    """Whether a field of an answer is about reasons: some want results without them.

    Examples
    --------
    >>> is_of_reasons("reason_1"), is_of_reasons("churn_score")
    (True, False)
    """
    return name.startswith("reason")


def _checked(row: Any, *, contract: RowContract, hints: Hints) -> Row | Problem:
    if isinstance(row, Problem):
        return row
    faults = Faults()
    checked = check_row(row, pointer="", contract=contract, faults=faults, hints=hints)
    return invalid(faults.found, more=faults.more) if checked is None else checked


def _result(number: int, row: Any, result: Answer | Problem, job: Job) -> dict[str, Any]:
    if isinstance(result, Problem):
        problem = flat_problem(result) if job.source in ("csv", "parquet") else result
        about = {"row": number, "customer_id": _id_in(row)}
        return {**about, "status": "failed", "problem": problem.to_json()}
    written = answer_to_json(result)
    if not job.with_reasons:
        written = {name: each for name, each in written.items() if not is_of_reasons(name)}
    return {"row": number, **written}


def _id_in(row: Any) -> str | None:
    """Return whom a row is about, if it says so properly."""
    named = row.get("customer_id") if isinstance(row, dict) else None
    return check_text(named, pointer="", max_length=MAX_ID_LENGTH, faults=Faults())
