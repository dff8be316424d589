"""``POST /v1/score`` and ``POST /v1/scores``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import JSONResponse

from ebbtide.answer.written import answer_to_json
from service.body import BYTES_A_VALUE, parse_json, read_body
from service.desk import Desk, desk_of
from service.language import negotiate
from service.openapi import LANGUAGE_HEADER, json_body, problem_responses
from service.problems import Problem, ProblemError, invalid
from service.scoring import examples
from service.scoring.answering import answer_request
from service.scoring.checks import Faults, Hints, check_names, kind_of
from service.scoring.events import count_events
from service.scoring.row import Row, RowContract, check_row
from service.scoring.shapes import AnswerShape, ScoreRequest, ScoresAnswer, ScoresRequest

if TYPE_CHECKING:
    from ebbtide.answer.answer import Answer
    from service.metrics import Metrics
    from service.settings import Settings

router = APIRouter(prefix="/v1", tags=["score"])

_PROBLEMS = problem_responses(400, 404, 408, 409, 413, 415, 422, 500, 503)


async def _body(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> bytes:
    settings = desk.settings
    return await read_body(
        request,
        max_bytes=settings.max_body_bytes,
        deadline_seconds=settings.body_deadline_seconds,
    )


Body = Annotated[bytes, Depends(_body)]
TheDesk = Annotated[Desk, Depends(desk_of)]


@router.post(
    "/score",
    operation_id="score",
    summary="Score one customer",
    responses={200: {"model": AnswerShape}, **_PROBLEMS},
    openapi_extra={**json_body(ScoreRequest, examples.ROW), "parameters": [LANGUAGE_HEADER]},
)
def score(request: Request, body: Body, desk: TheDesk) -> JSONResponse:
    """Answer about one customer: risk, reasons and one suggested action."""
    (result,) = _answers([_read(body, desk)], pointers=[""], request=request, desk=desk)
    if isinstance(result, Problem):
        raise ProblemError(result)
    return _json(answer_to_json(result), request)


@router.post(
    "/scores",
    operation_id="score_many",
    summary="Score up to 1,000 customers",
    responses={200: {"model": ScoresAnswer}, **_PROBLEMS},
    openapi_extra={
        **json_body(ScoresRequest, {"rows": [examples.ROW]}),
        "parameters": [LANGUAGE_HEADER],
    },
)
def score_many(request: Request, body: Body, desk: TheDesk) -> JSONResponse:
    """Answer about many customers; a row that fails says so and harms no other."""
    rows = _rows(_read(body, desk), settings=desk.settings)
    pointers = [f"/rows/{place}" for place in range(len(rows))]
    results = _answers(rows, pointers=pointers, request=request, desk=desk)
    return _json(
        {"results": [_result(result, metrics=desk.metrics) for result in results]}, request
    )


def _answers(
    rows: list[Any], *, pointers: list[str], request: Request, desk: Desk
) -> list[Answer | Problem]:
    served = desk.served()
    now = desk.now()
    contract = RowContract(
        features=served.bundle.scorer.features, now=now, max_events=desk.settings.max_events
    )
    hints = Hints()
    results = answer_request(
        [
            _checked(row, pointer=pointer, contract=contract, hints=hints)
            for row, pointer in zip(rows, pointers, strict=True)
        ],
        desk=desk,
        bundle=served.bundle,
        now=now,
        language=negotiate(request.headers.get("accept-language")),
    )
    for result in results:
        status = "failed" if isinstance(result, Problem) else result.status
        desk.metrics.rows.labels(status=status).inc()
    return results


def _read(body: bytes, desk: Desk) -> Any:
    return parse_json(body, max_values=desk.settings.max_body_bytes // BYTES_A_VALUE)


def _checked(row: Any, *, pointer: str, contract: RowContract, hints: Hints) -> Row | Problem:
    faults = Faults()
    checked = check_row(row, pointer=pointer, contract=contract, faults=faults, hints=hints)
    return invalid(faults.found, more=faults.more) if checked is None else checked


def _rows(read: Any, *, settings: Settings) -> list[Any]:
    faults = Faults()
    max_rows = settings.max_rows
    rows = read.get("rows") if isinstance(read, dict) else None
    expected = f"an array of 1 to {max_rows} rows"
    if not isinstance(read, dict):
        fix = 'Send {"rows": [...]}.'
        faults.add("", expected="an object", got_kind=kind_of(read), fix=fix)
    elif not isinstance(rows, list):
        got = kind_of(rows) if "rows" in read else "nothing"
        faults.add("/rows", expected=expected, got_kind=got, fix='Send {"rows": [...]}.')
    elif not 1 <= len(rows) <= max_rows:
        got = "too many rows" if rows else "empty array"
        faults.add("/rows", expected=expected, got_kind=got, fix="Split the rows over requests.")
    elif sum(map(count_events, rows)) > settings.max_request_events:
        faults.add(
            "/rows",
            expected=f"at most {settings.max_request_events} events in all rows together",
            got_kind="too many events",
            fix="Split the rows over requests, or leave out events older than the lookback.",
        )
    if isinstance(read, dict):
        check_names(
            read, ("rows",), pointer="", where="POST /v1/scores", faults=faults, hints=Hints()
        )
    if faults or not isinstance(rows, list):
        raise ProblemError(invalid(faults.found, more=faults.more))
    return rows


def _result(result: Answer | Problem, *, metrics: Metrics) -> dict[str, Any]:
    if isinstance(result, Problem):
        metrics.problems.labels(kind=result.kind).inc()
        return {"status": "failed", "problem": result.to_json()}
    return answer_to_json(result)


def _json(content: dict[str, Any], request: Request) -> JSONResponse:
    language = negotiate(request.headers.get("accept-language"))
    return JSONResponse(content, headers={"Content-Language": language, "Vary": "Accept-Language"})
