"""``GET /v1/customers/{customer_id}/score`` and ``/history``, and ``GET /v1/scores``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import JSONResponse, Response

from ebbtide.answer.silenced import needs_consent
from ebbtide.store.current import current_score
from ebbtide.store.current_list import Wanted, listed_scores, sequence_reached
from ebbtide.store.preferences import preferences_of
from service.access.guard import needs
from service.customer_id import CustomerId  # noqa: TC001  FastAPI reads it from the signature
from service.endpoint import TheDesk  # noqa: TC001  FastAPI reads it too
from service.id_address import IdAddress
from service.language import headers_in, negotiate
from service.looking_up.asked import check_query, checked_action, checked_instant
from service.looking_up.shapes import History, ScoreList
from service.looking_up.telling import Present, abstained, flat, told
from service.looking_up.what_was_said import Page, answer_given_at, answers_given
from service.openapi import LANGUAGE_HEADER, problem_responses
from service.paging import cursor_text, read_cursor
from service.problems import Fault, Problem, ProblemError, invalid
from service.scoring.shapes import AnswerShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.store.current_list import Listed
    from ebbtide.words import Language
    from service.desk import Desk

router = APIRouter(
    prefix="/v1", tags=["read"], dependencies=[Depends(needs("read"))], route_class=IdAddress
)

_CUSTOMER = "/customers/{customer_id:path}"  # an id may hold a slash
_LANGUAGE: dict[str, Any] = {"parameters": [LANGUAGE_HEADER]}
_PROBLEMS = problem_responses(400, 404, 422, 500, 503)
_UNKNOWN = Problem(
    kind="unknown-customer",
    detail="Expected a customer who was scored, and none is stored by this id. Score the customer "
    "with POST /v1/score.",
)

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=400, description="next_cursor of the page before.")]


def _instant(description: str) -> Any:
    return Query(description=description, json_schema_extra={"format": "date-time"})


@router.get(
    _CUSTOMER + "/score",
    operation_id="current_score",
    summary="Look up a customer's score",
    responses={200: {"model": AnswerShape}, **_PROBLEMS},
    openapi_extra=_LANGUAGE,
)
def current(request: Request, desk: TheDesk, customer_id: CustomerId) -> Response:
    """Return the newest answer about a customer; one that does not hold any more abstains."""
    present = Present.of(desk, language=negotiate(request.headers.get("accept-language")))
    with desk.store.database.read("look up the score") as connection:
        found = current_score(connection, customer_id)
    if found is None:
        content, language = _opted_out(desk, customer_id, present)
    else:
        content, language = told(found, present)
    return Response(content, media_type="application/json", headers=headers_in(language))


@router.get(
    _CUSTOMER + "/history",
    operation_id="score_history",
    summary="Look up what was said about a customer",
    responses={200: {"model": History}, **_PROBLEMS},
    openapi_extra=_LANGUAGE,
)
def history(
    request: Request,
    desk: TheDesk,
    customer_id: CustomerId,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_of: Annotated[
        str | None,
        _instant("Only the answer that was current at this instant, with offset; without cursor."),
    ] = None,
) -> JSONResponse:
    """Return the answers given, newest first, and how each differs from the one before it."""
    check_query(request, ("limit", "cursor", "as_of"))
    instant = checked_instant("as_of", as_of)
    place = read_cursor(cursor, "history", kinds=(datetime, str))
    language = negotiate(request.headers.get("accept-language"))
    present = Present.of(desk, language=language)
    if instant is not None:
        _check_alone(cursor)
        page = answer_given_at(desk, customer_id, instant, present=present)
    else:
        page = answers_given(desk, customer_id, limit=limit, before=place, present=present)
    return JSONResponse(_history(customer_id, page), headers=headers_in(language))


@router.get(
    "/scores",
    operation_id="list_scores",
    summary="List current scores",
    responses={200: {"model": ScoreList}, **problem_responses(400, 422, 500, 503)},
    openapi_extra=_LANGUAGE,
)
def scores(
    request: Request,
    desk: TheDesk,
    limit: Limit = 100,
    cursor: Cursor = None,
    band: Annotated[
        Literal["low", "medium", "high"] | None, Query(description="Only this band, if it holds.")
    ] = None,
    action: Annotated[
        str | None, Query(max_length=40, description="Only this action code, if it holds.")
    ] = None,
    updated_since: Annotated[
        str | None, _instant("Only what became current at this instant or later, with offset.")
    ] = None,
) -> JSONResponse:
    """Return current scores in the order of their changes, for systems that keep a copy."""
    check_query(request, ("limit", "cursor", "band", "action", "updated_since"))
    language = negotiate(request.headers.get("accept-language"))
    action = checked_action(action)
    present = Present.of(desk, language=language)
    wanted = Wanted(
        band=band,
        action=action,
        updated_since=checked_instant("updated_since", updated_since),
        holds_at=present.now,
        definition=None if present.bundle is None else present.bundle.definition.code,
        contactable_only=action is not None and needs_consent(action, policy=present.policy),
    )
    place = read_cursor(cursor, "scores", kinds=(str, int))
    with desk.store.database.read("list scores") as connection:
        reached = sequence_reached(connection)
        after = _after(place, reached)
        rows = listed_scores(connection, wanted, after=after, limit=limit + 1)
    content = _listed(rows, limit=limit, after=after, reached=reached, present=present)
    return JSONResponse(content, headers=headers_in(language))


def _opted_out(desk: Desk, customer_id: str, present: Present) -> tuple[str, Language]:
    """Abstain about who opted out of profiling, and so has no current score; refuse others."""
    with desk.store.database.read("look up the preferences") as connection:
        decided = preferences_of(connection, [customer_id]).get(customer_id)
    last = desk.store.answer_at(customer_id, present.now)
    if decided is None or not decided.profiling_opt_out or last is None:
        raise ProblemError(_UNKNOWN)
    return abstained(last.answer, "profiling_opt_out", present)


def _history(customer_id: str, page: Page) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "results": page.entries,
        "changed_since": page.changed_since,
        "next_cursor": None if page.older is None else cursor_text("history", page.older),
    }


def _after(place: tuple[str, int] | None, reached: tuple[str, int] | None) -> int:
    """Return the number after which to go on; refuse one that this store did not give."""
    if place is None:
        return 0
    epoch, number = place
    if reached is None or epoch != reached[0] or not 0 <= number <= reached[1]:
        fault = Fault(
            pointer="/cursor",
            expected="a cursor of this store as it is now",
            got_kind="cursor from before the store was restored, or of another",
            fix="Leave cursor out to begin anew.",
        )
        raise ProblemError(invalid([fault]))
    return number


def _listed(
    rows: Sequence[Listed],
    *,
    limit: int,
    after: int,
    reached: tuple[str, int] | None,
    present: Present,
) -> dict[str, Any]:
    shown = rows[:limit]
    last = shown[-1].sequence if shown else after
    return {
        "results": [
            {
                **flat(each.current, present),
                "updated_at": each.updated_at.isoformat().replace("+00:00", "Z"),
            }
            for each in shown
        ],
        "has_more": len(rows) > limit,
        "next_cursor": None if reached is None else cursor_text("scores", (reached[0], last)),
    }


def _check_alone(cursor: str | None) -> None:
    if cursor is not None:
        fault = Fault(
            pointer="/cursor",
            expected="as_of or cursor",
            got_kind="both",
            fix="Leave one of them out.",
        )
        raise ProblemError(invalid([fault]))
