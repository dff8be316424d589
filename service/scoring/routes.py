"""``POST /v1/score`` and ``POST /v1/scores``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response

from ebbtide.answer.written import answer_to_bytes
from ebbtide.store.store import StoreOutcomeUnknown, StoreUnavailable
from service.access.guard import needs
from service.endpoint import Body, TheDesk, read_json
from service.idempotency import PARAMETER as KEY_HEADER
from service.idempotency import Kept, kept_answer, once
from service.language import headers_in, negotiate
from service.openapi import LANGUAGE_HEADER, json_body, problem_responses
from service.problems import Problem, ProblemError, invalid
from service.scoring import examples
from service.scoring.answering import Answered, answer_request
from service.scoring.checks import Faults, Hints, check_names, kind_of
from service.scoring.events import count_events
from service.scoring.overtaken import is_overruled, names_erased
from service.scoring.row import Row, RowContract, check_row
from service.scoring.shapes import AnswerShape, ScoreRequest, ScoresAnswer, ScoresRequest
from service.spool.instead import may_be_spooled, spooled

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer
    from service.desk import Desk
    from service.settings import Settings

router = APIRouter(prefix="/v1", tags=["score"], dependencies=[Depends(needs("score"))])

_ATTEMPTS = 3
_HEADERS = [LANGUAGE_HEADER, KEY_HEADER]
_PROBLEMS = problem_responses(400, 404, 408, 409, 413, 415, 422, 500, 503)


_CHANGING = Problem(
    kind="busy",
    detail="The preferences of a customer were changed again and again meanwhile. Try again.",
)


class _Overruled(Exception):
    """A customer has decided otherwise since the answers were begun."""


@router.post(
    "/score",
    operation_id="score",
    summary="Score one customer",
    responses={200: {"model": AnswerShape}, **_PROBLEMS},
    openapi_extra={**json_body(ScoreRequest, examples.ROW), "parameters": _HEADERS},
)
def score(request: Request, body: Body, desk: TheDesk) -> Response:
    """Answer about one customer: risk, reasons and one suggested action."""
    kept = _kept(request, body, desk)
    if kept is not None:
        return kept
    row = read_json(body, desk)
    _, response = _given([row], _one, pointers=[""], request=request, body=body, desk=desk)
    return response


@router.post(
    "/scores",
    operation_id="score_many",
    summary="Score up to 1,000 customers",
    responses={200: {"model": ScoresAnswer}, **_PROBLEMS},
    openapi_extra={**json_body(ScoresRequest, {"rows": [examples.ROW]}), "parameters": _HEADERS},
)
def score_many(request: Request, body: Body, desk: TheDesk) -> Response:
    """Answer about many customers; a row that fails says so and harms no other."""
    kept = _kept(request, body, desk)
    if kept is not None:
        return kept
    rows = _rows(read_json(body, desk), settings=desk.settings)
    pointers = [f"/rows/{place}" for place in range(len(rows))]
    answered, response = _given(
        rows, _all, pointers=pointers, request=request, body=body, desk=desk
    )
    for each in answered.results:
        if isinstance(each, Problem):
            desk.metrics.problems.labels(kind=each.kind).inc()
    return response


def _given(
    rows: list[Any],
    written: Callable[[Answered], bytes],
    *,
    pointers: list[str],
    request: Request,
    body: bytes,
    desk: Desk,
) -> tuple[Answered, Response]:
    """Answer rows and commit; answer anew if a customer decided otherwise meanwhile."""
    for _ in range(_ATTEMPTS):
        answered = _answered(rows, pointers=pointers, request=request, desk=desk)
        with suppress(_Overruled):
            return answered, _committed(answered, written, request=request, body=body, desk=desk)
    raise ProblemError(_CHANGING)


def _answered(rows: list[Any], *, pointers: list[str], request: Request, desk: Desk) -> Answered:
    served = desk.served()
    now = desk.now()
    contract = RowContract(
        features=served.bundle.scorer.features, now=now, max_events=desk.settings.max_events
    )
    hints = Hints()
    answered = answer_request(
        [
            _checked(row, pointer=pointer, contract=contract, hints=hints)
            for row, pointer in zip(rows, pointers, strict=True)
        ],
        desk=desk,
        bundle=served.bundle,
        now=now,
        language=negotiate(request.headers.get("accept-language")),
    )
    for result in answered.results:
        status = "failed" if isinstance(result, Problem) else result.status
        desk.metrics.rows.labels(status=status).inc()
    return answered


def _kept(request: Request, body: bytes, desk: Desk) -> Response | None:
    """Return what a request with the same key was answered, before anything is scored again."""
    kept = kept_answer(request, desk, body=_identity(request, body))
    return None if kept is None else _spoken(kept, request)


def _committed(
    answered: Answered,
    written: Callable[[Answered], bytes],
    *,
    request: Request,
    body: bytes,
    desk: Desk,
) -> Response:
    """Put the answers into the log, and only then give them."""
    if not answered.entries:  # nothing to do once: sent again, it may go better
        return _spoken(_response(written(answered)), request)

    def change(connection: Connection) -> Kept:
        if is_overruled(connection, answered.entries, policy=desk.policy):
            raise _Overruled
        lasts = not names_erased(connection, answered.entries, store=desk.store)
        desk.store.add_predictions(connection, answered.entries, at=desk.now())
        return Kept(content=written(answered), lasts=lasts)

    try:
        response = once(request, desk, body=_identity(request, body), change=change)
    except StoreOutcomeUnknown:
        raise  # they may be in the log: the spool would hold them twice
    except StoreUnavailable:
        if not may_be_spooled(request, desk):
            raise
        response = _response(written(spooled(answered, desk)))
    else:
        first = min(entry.answer.scored_at for entry in answered.entries)
        desk.metrics.committed(len(answered.entries), scored_at=first, at=desk.now())
    return _spoken(response, request)


def _identity(request: Request, body: bytes) -> bytes:
    """Return what makes a request the same as another: its language, too, is answered in."""
    return negotiate(request.headers.get("accept-language")).encode() + b"\n" + body


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


def _one(answered: Answered) -> bytes:
    (result,) = answered.results
    if isinstance(result, Problem):
        raise ProblemError(result)
    return answer_to_bytes(result)


def _all(answered: Answered) -> bytes:
    return b'{"results":[%b]}' % b",".join(map(_result, answered.results))


def _result(result: Answer | Problem) -> bytes:
    if isinstance(result, Problem):
        return msgspec.json.encode({"status": "failed", "problem": result.to_json()})
    return answer_to_bytes(result)


def _response(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _spoken(response: Response, request: Request) -> Response:
    response.headers.update(headers_in(negotiate(request.headers.get("accept-language"))))
    return response
