"""``POST /v1/outcomes``: what became of customers, kept before it is acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response  # noqa: TC002  FastAPI reads it too

from ebbtide.store.erasure import barred_by
from ebbtide.store.outcomes import Outcome, Recorded, record_outcomes
from service.access.guard import needs
from service.endpoint import Body, TheDesk, read_json
from service.idempotency import PARAMETER as KEY_HEADER
from service.idempotency import Kept, once
from service.openapi import json_body, problem_responses
from service.outcomes import examples
from service.outcomes.row import check_outcome
from service.outcomes.shapes import OutcomesAnswer, OutcomesRequest
from service.problems import Problem, ProblemError, invalid
from service.scoring.checks import Faults, Hints, check_names, kind_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.store.erasure import Erasures
    from ebbtide.store.outcomes import Refusal

router = APIRouter(prefix="/v1", tags=["record"], dependencies=[Depends(needs("record"))])

_REFUSED: dict[Refusal, Problem] = {
    "unknown-prediction": Problem(
        kind="unknown-prediction",
        detail="Expected the prediction_id of an answer about this customer that is in the log. "
        "Send that, or leave it out to mean the newest window that had ended.",
    ),
    "outcome-too-early": Problem(
        kind="outcome-too-early",
        detail="Expected an outcome observed when the outcome window was over: at or after "
        "outcome_due_at of the answer. Until then a customer may still leave, or come back: send "
        "it again then. The end of a contract may be reported at once, with churned true and the "
        "prediction_id.",
    ),
}


@router.post(
    "/outcomes",
    operation_id="record_outcomes",
    summary="Report what became of customers",
    responses={
        200: {"model": OutcomesAnswer},
        **problem_responses(400, 408, 413, 415, 422, 500, 503),
    },
    openapi_extra={**json_body(OutcomesRequest, examples.ASKED), "parameters": [KEY_HEADER]},
)
def record(request: Request, body: Body, desk: TheDesk) -> Response:
    """Keep outcomes and deliveries; a row that fails says so and harms no other."""
    read = read_json(body, desk)
    now = desk.now()
    checked = _checked(_rows(read, max_rows=desk.settings.max_rows), now=now)
    failed: list[Problem] = []

    def change(connection: Connection) -> Kept:
        results = _results(connection, checked, erasures=desk.store.erasures, now=now)
        failed[:] = [each for each in results if isinstance(each, Problem)]
        return Kept(content={"results": [_written(each) for each in results]})

    answer = once(request, desk, body=body, change=change)
    for problem in failed:
        desk.metrics.problems.labels(kind=problem.kind).inc()
    return answer


def _results(
    connection: Connection,
    checked: list[Outcome | Problem],
    *,
    erasures: Erasures | None,
    now: datetime,
) -> list[tuple[Outcome, Recorded] | Problem]:
    outcomes = [each for each in checked if isinstance(each, Outcome)]
    known = [(each.customer_id, each.observed_at) for each in outcomes]
    barred = barred_by(erasures, connection, known)
    allowed = [each for each, fact in zip(outcomes, known, strict=True) if fact not in barred]
    kept = iter(record_outcomes(connection, allowed, at=now))
    results: list[tuple[Outcome, Recorded] | Problem] = []
    for each in checked:
        if isinstance(each, Problem):
            results.append(each)
            continue
        if (each.customer_id, each.observed_at) in barred:
            results.append((each, Recorded(unmatched="customer_erased")))
            continue
        result = next(kept)
        results.append((each, result) if isinstance(result, Recorded) else _REFUSED[result])
    return results


def _written(result: tuple[Outcome, Recorded] | Problem) -> dict[str, Any]:
    if isinstance(result, Problem):
        return {"status": "failed", "problem": result.to_json()}
    outcome, recorded = result
    return {
        "status": "recorded",
        "outcome_id": outcome.outcome_id,
        "outcomes": recorded.outcomes,
        "deliveries": recorded.deliveries,
        "corrections": recorded.corrections,
        "unmatched_code": recorded.unmatched,
    }


def _checked(rows: list[Any], *, now: datetime) -> list[Outcome | Problem]:
    hints = Hints()
    checked: list[Outcome | Problem] = []
    for place, row in enumerate(rows):
        faults = Faults()
        outcome = check_outcome(
            row,
            pointer=f"/outcomes/{place}",
            outcome_id=uuid4().hex,
            now=now,
            faults=faults,
            hints=hints,
        )
        checked.append(invalid(faults.found, more=faults.more) if outcome is None else outcome)
    return checked


def _rows(read: Any, *, max_rows: int) -> list[Any]:
    faults = Faults()
    rows = read.get("outcomes") if isinstance(read, dict) else None
    expected, fix = f"an array of 1 to {max_rows} outcomes", 'Send {"outcomes": [...]}.'
    if not isinstance(read, dict):
        faults.add("", expected="an object", got_kind=kind_of(read), fix=fix)
    elif not isinstance(rows, list):
        got = kind_of(rows) if "outcomes" in read else "nothing"
        faults.add("/outcomes", expected=expected, got_kind=got, fix=fix)
    elif not 1 <= len(rows) <= max_rows:
        got = "too many outcomes" if rows else "empty array"
        split = "Split the outcomes over requests."
        faults.add("/outcomes", expected=expected, got_kind=got, fix=split)
    if isinstance(read, dict):
        check_names(
            read, ("outcomes",), pointer="", where="POST /v1/outcomes", faults=faults, hints=Hints()
        )
    if faults or not isinstance(rows, list):
        raise ProblemError(invalid(faults.found, more=faults.more))
    return rows
