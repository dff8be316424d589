"""``POST /v1/events``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response  # noqa: TC002  FastAPI reads it from the signature

from ebbtide.store.erasure import barred_by
from ebbtide.store.events import entries_of, record_events
from ebbtide.store.histories import Histories
from ebbtide.store.rescore_queue import AT_ONCE, LATER, queue_customers
from service.access.guard import needs
from service.body import BYTES_A_VALUE, parse_json
from service.idempotency import PARAMETER as KEY_HEADER
from service.idempotency import Kept, once
from service.openapi import json_body, problem_responses
from service.problems import Problem, ProblemError
from service.recording.eligibility import obstacles, tables_that_count
from service.recording.received import check_received
from service.recording.shapes import EventsAnswer, EventsRequest
from service.scoring.routes import Body, TheDesk  # noqa: TC001  FastAPI reads them too

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.bundle.contents import Bundle
    from service.desk import Desk
    from service.recording.eligibility import Obstacle
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

_FEW = 100
"""So many customers of one request are scored at once; those of a larger one after all others."""
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
    bundle = _served(desk)
    now = desk.now()
    received = check_received(
        parse_json(body, max_values=desk.settings.max_body_bytes // BYTES_A_VALUE),
        now=now,
        max_events=desk.settings.max_request_events,
    )
    hindered = _hindered(received, desk=desk, bundle=bundle, now=now)
    unread = _unread(received, bundle)
    entries = entries_of(received.events, received_at=now)
    told: list[dict[str, Any]] = []

    def change(connection: Connection) -> Kept:
        known = [(entry["customer_id"], entry["known_at"]) for entry in entries]
        barred = barred_by(desk.store.erasures, connection, known)
        allowed = [entry for entry, fact in zip(entries, known, strict=True) if fact not in barred]
        kept = record_events(connection, allowed, database=desk.store.database)
        able = [customer_id for customer_id in kept if customer_id not in hindered]
        queue_customers(
            connection,
            able,
            database=desk.store.database,
            at=now,
            priority=AT_ONCE if len(able) <= _FEW else LATER,
        )
        erased = len(entries) - len(allowed)
        told.append(_told(received, kept, erased=erased, hindered=hindered, unread=unread))
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


def _hindered(
    received: Received, *, desk: Desk, bundle: Bundle | None, now: datetime
) -> dict[str, Obstacle]:
    """Return which customers will not be scored again, and why."""
    histories = Histories(desk.store.database)
    newest: dict[str, datetime] = {}
    count = tables_that_count(bundle)
    for event in received.events:
        if count is None or event.table in count:
            known = newest.get(event.customer_id, event.known_at)
            newest[event.customer_id] = max(known, event.known_at)
    hindered: dict[str, Obstacle] = {
        event.customer_id: "not_read"
        for event in received.events
        if event.customer_id not in newest
    }
    with desk.store.database.read("look up histories") as connection:
        hindered |= obstacles(
            connection,
            list(newest),
            histories=histories,
            bundle=bundle,
            now=now,
            valid_days=desk.settings.history_valid_days,
        )
        published = histories.published(connection, list(newest))
    for customer_id, known_at in newest.items():
        if customer_id in published and known_at < published[customer_id][0]:
            hindered.setdefault(customer_id, "covered")
    return hindered


def _unread(received: Received, bundle: Bundle | None) -> list[str]:
    count = tables_that_count(bundle)
    sent = {event.table for event in received.events}
    return [] if count is None else sorted(sent - count)


def _told(
    received: Received,
    kept: Mapping[str, int],
    *,
    erased: int,
    hindered: Mapping[str, Obstacle],
    unread: list[str],
) -> dict[str, Any]:
    reasons = Counter(hindered[customer_id] for customer_id in kept if customer_id in hindered)
    count = sum(kept.values())
    return {
        "kept": count,
        "already_known": len(received.events) - erased - count,
        "erased": erased,
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
