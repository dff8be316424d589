"""``POST /v1/events``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response  # noqa: TC002  FastAPI reads it from the signature

from service.access.guard import needs
from service.endpoint import Body, TheDesk, read_json
from service.idempotency import PARAMETER as KEY_HEADER
from service.idempotency import Kept, kept_answer, once
from service.openapi import json_body, problem_responses
from service.problems import Problem, ProblemError
from service.recording.keeping import hindered_by, keep_all_but_last, unread_tables
from service.recording.received import check_received
from service.recording.shapes import EventsAnswer, EventsRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from ebbtide.bundle.contents import Bundle
    from service.desk import Desk
    from service.recording.eligibility import Obstacle
    from service.recording.keeping import Outcome
    from service.recording.received import Received

router = APIRouter(prefix="/v1", tags=["record"], dependencies=[Depends(needs("record"))])

EXAMPLE: dict[str, Any] = {
    "events": {
        "complaints": [
            {"customer_id": "17850", "opened_at": "2026-03-02T09:12:00Z", "severity": 4}
        ],
        "transactions": [
            {
                "customer_id": "13047",
                "event_id": "order-88213",
                "occurred_at": "2026-03-02T09:14:30Z",
                "amount": 21.5,
            }
        ],
    }
}
"""The body that the documentation shows."""

_NO_EVENTS = Problem(
    kind="catalogue-differs",
    detail="Expected a served model that reads events, but it was trained on a snapshot table, "
    "whose columns the company computes itself. Bring new rows with: ebbtide score --publish.",
)


@router.post(
    "/events",
    operation_id="record_events",
    summary="Record events, and score their customers again",
    responses={
        200: {"model": EventsAnswer},
        **problem_responses(400, 408, 409, 413, 415, 422, 500, 503),
    },
    openapi_extra={**json_body(EventsRequest, EXAMPLE), "parameters": [KEY_HEADER]},
)
def record(request: Request, body: Body, desk: TheDesk) -> Response:
    """Keep rows of tables before answering; a row that fails says so and harms no other."""
    answered = kept_answer(request, desk, body=body)
    if answered is not None:
        return answered
    bundle = _served(desk)
    now = desk.now()
    received = check_received(
        read_json(body, desk),
        now=now,
        max_events=desk.settings.max_request_events,
    )
    events = received.events
    hindered = hindered_by(events, desk=desk, bundle=bundle, now=now)
    unread = unread_tables(events, bundle)
    earlier, keep_last = keep_all_but_last(events, desk=desk, hindered=hindered, now=now)
    told: list[dict[str, Any]] = []

    def change(connection: Connection) -> Kept:
        outcome = earlier.plus(keep_last(connection))
        told.append(_told(received, outcome, hindered=hindered, unread=unread))
        return Kept(content=told[0])

    response = once(request, desk, body=body, change=change)
    desk.news.set()
    for outcome in ("kept", "already_known", "failed") if told else ():  # not for a repeat
        desk.metrics.events.labels(outcome=outcome).inc(told[0][outcome])
    return response


def _served(desk: Desk) -> Bundle | None:
    """Return the model if there is one yet: events are kept without one, too."""
    served = desk.supply.current
    if served is None:
        return None
    if served.bundle.definition.kind == "label":
        raise ProblemError(_NO_EVENTS)
    return served.bundle


def _told(
    received: Received,
    outcome: Outcome,
    *,
    hindered: Mapping[str, Obstacle],
    unread: list[str],
) -> dict[str, Any]:
    kept = outcome.kept
    reasons = Counter(hindered[customer_id] for customer_id in kept if customer_id in hindered)
    return {
        "kept": kept.total(),
        "already_known": len(received.events) - outcome.erased - kept.total(),
        "erased": outcome.erased,
        "failed": received.failed,
        "customers": len(kept),
        "rescoring": len(kept) - reasons.total(),
        "not_rescored": [
            {"reason": reason, "customers": customers}
            for reason, customers in sorted(reasons.items())
        ],
        "unread_tables": unread,
        "problems": [asdict(fault) for fault in received.faults],
        "more_problems": received.more,
    }
