"""``/v1/webhooks``: who wants to be told of what, and what became of it."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response

from ebbtide.store import webhooks as kept
from ebbtide.webhook_signature import SECRET_PREFIX
from service.access.deeds import note_deed
from service.access.guard import needs
from service.desk import Desk  # noqa: TC001  FastAPI reads it from the signature
from service.endpoint import Body, TheDesk, read_json
from service.idempotency import PARAMETER as KEY_HEADER
from service.idempotency import Kept, once
from service.looking_up.asked import check_query
from service.openapi import json_body, problem_responses
from service.paging import cursor_text, read_cursor
from service.problems import Problem, ProblemError
from service.webhooks.requests import checked_change, checked_webhook
from service.webhooks.shapes import (
    DeliveryList,
    DeliveryShape,
    SentTest,
    WebhookChange,
    WebhookList,
    WebhookRequest,
    WebhookShape,
    WebhookWithSecret,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from ebbtide.store.webhooks import Webhook

router = APIRouter(
    prefix="/v1/webhooks", tags=["webhooks"], dependencies=[Depends(needs("webhooks"))]
)

_PROBLEMS = (400, 404, 408, 413, 415, 422, 500, 503)
_OLD_SECRET_HOLDS = timedelta(hours=24)
_UNKNOWN = Problem(
    kind="unknown-webhook",
    detail="Expected the id of a webhook, and there is none by this id. GET /v1/webhooks lists "
    "them.",
)
_TOO_MANY = Problem(
    kind="invalid-request",
    detail="Expected at most 50 webhooks in all. Delete one that is not needed.",
)
_MOST = 50
_EXAMPLE = {
    "url": "https://crm.example/hooks/ebbtide",
    "kinds": ["risk_band.changed"],
    "description": "The CRM's queue",
}


def _webhook_id(webhook_id: str) -> str:
    """Return an id that one of ours may have; no database takes all others."""
    if not (webhook_id.isascii() and webhook_id.isalnum()):
        raise ProblemError(_UNKNOWN)
    return webhook_id


WebhookId = Annotated[str, Depends(_webhook_id)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]


@router.post(
    "",
    operation_id="create_webhook",
    summary="Make a webhook",
    status_code=201,
    responses={201: {"model": WebhookWithSecret}, **problem_responses(*_PROBLEMS)},
    openapi_extra={**json_body(WebhookRequest, _EXAMPLE), "parameters": [KEY_HEADER]},
)
def create_webhook(request: Request, body: Body, desk: TheDesk) -> Response:
    """Make a webhook. Its secret is in this answer and never again."""
    checked = checked_webhook(
        read_json(body, desk), allow_private=desk.settings.webhook_allow_private
    )
    made = kept.Webhook(
        webhook_id=uuid4().hex,
        **checked,
        secret=_new_secret(),
        old_secret=None,
        old_secret_until=None,
        is_enabled=True,
        disabled_because=None,
        failing_since=None,
        created_at=desk.now(),
    )

    def change(connection: Connection) -> Kept:
        if len(kept.webhooks(connection)) >= _MOST:
            raise ProblemError(_TOO_MANY)
        kept.add_webhook(connection, made)
        note_deed(connection, request, desk, "webhook.created", {"webhook_id": made.webhook_id})
        return Kept(status=201, content={**_shown(made), "secret": made.secret})

    return once(request, desk, body=body, change=change)


@router.get(
    "",
    operation_id="list_webhooks",
    summary="List webhooks",
    responses=problem_responses(422, 500, 503),
)
def list_webhooks(request: Request, desk: TheDesk) -> WebhookList:
    """List every webhook, the oldest first."""
    check_query(request, ())
    with desk.store.database.read("list webhooks") as connection:
        found = kept.webhooks(connection)
    return WebhookList(webhooks=[WebhookShape(**_shown(each)) for each in found])


@router.get(
    "/{webhook_id}",
    operation_id="read_webhook",
    summary="Read a webhook",
    responses=problem_responses(404, 500, 503),
)
def read_webhook(webhook_id: WebhookId, desk: TheDesk) -> WebhookShape:
    """Say what a webhook is, and whether it works."""
    return WebhookShape(**_shown(_found(webhook_id, desk)))


@router.patch(
    "/{webhook_id}",
    operation_id="change_webhook",
    summary="Change a webhook",
    responses={200: {"model": WebhookShape}, **problem_responses(*_PROBLEMS)},
    openapi_extra=json_body(WebhookChange, {"is_enabled": False}),
)
def change_webhook(request: Request, webhook_id: WebhookId, body: Body, desk: TheDesk) -> Response:
    """Change what a webhook is told, or whether it is."""
    changes = checked_change(read_json(body, desk))
    if "is_enabled" in changes:
        changes["disabled_because"] = None if changes["is_enabled"] else "by_request"
        changes["failing_since"] = None
    return _change(
        request, desk, webhook_id, changed=lambda _: changes, body=body, deed="webhook.changed"
    )


@router.post(
    "/{webhook_id}/rotate",
    operation_id="rotate_webhook_secret",
    summary="Replace the secret of a webhook",
    responses={200: {"model": WebhookWithSecret}, **problem_responses(404, 422, 500, 503)},
    openapi_extra={"parameters": [KEY_HEADER]},
)
def rotate_webhook_secret(request: Request, webhook_id: WebhookId, desk: TheDesk) -> Response:
    """Make a new secret; the old one signs beside it for 24 hours."""
    new, until = _new_secret(), desk.now() + _OLD_SECRET_HOLDS

    def changed(before: Webhook) -> dict[str, Any]:
        return {"secret": new, "old_secret": before.secret, "old_secret_until": until}

    return _change(
        request, desk, webhook_id, changed=changed, deed="webhook.rotated", shown={"secret": new}
    )


@router.post(
    "/{webhook_id}/test",
    operation_id="send_test_message",
    summary="Send a test message",
    status_code=202,
    responses={202: {"model": SentTest}, **problem_responses(404, 422, 500, 503)},
    openapi_extra={"parameters": [KEY_HEADER]},
)
def send_test_message(request: Request, webhook_id: WebhookId, desk: TheDesk) -> Response:
    """Send a message of the kind ``test`` to a webhook, whatever it wants to be told."""
    message_id, at = uuid4().hex, desk.now()
    body = {"type": "test", "timestamp": _written(at), "data": {"webhook_id": webhook_id}}

    def change(connection: Connection) -> Kept:
        if kept.find_webhook(connection, webhook_id) is None:
            raise ProblemError(_UNKNOWN)
        kept.add_delivery(
            connection,
            webhook_id=webhook_id,
            message_id=message_id,
            kind="test",
            body=json.dumps(body),
            at=at,
        )
        return Kept(status=202, content={"message_id": message_id})

    return once(request, desk, body=b"", change=change)


@router.delete(
    "/{webhook_id}",
    operation_id="delete_webhook",
    summary="Delete a webhook",
    status_code=204,
    responses=problem_responses(404, 500, 503),
)
def delete_webhook(request: Request, webhook_id: WebhookId, desk: TheDesk) -> Response:
    """Delete a webhook, its secret, and what was still to be sent to it."""

    def unit(connection: Connection) -> None:
        if not kept.remove_webhook(connection, webhook_id):
            raise ProblemError(_UNKNOWN)
        note_deed(connection, request, desk, "webhook.deleted", {"webhook_id": webhook_id})

    desk.store.database.write(unit, deed="delete the webhook")
    return Response(status_code=204)


@router.get(
    "/{webhook_id}/deliveries",
    operation_id="list_webhook_deliveries",
    summary="List deliveries of a webhook",
    responses=problem_responses(404, 422, 500, 503),
)
def list_webhook_deliveries(
    request: Request,
    webhook_id: WebhookId,
    desk: TheDesk,
    limit: Limit = 100,
    cursor: str | None = None,
) -> DeliveryList:
    """Say what became of the messages to a webhook, the newest first."""
    check_query(request, ("limit", "cursor"))
    _found(webhook_id, desk)
    listed = f"deliveries {webhook_id}"
    place: Any = read_cursor(cursor, listed, kinds=(datetime, str))
    with desk.store.database.read("list deliveries") as connection:
        rows = kept.deliveries(connection, webhook_id, limit=limit, before=place)
    names = DeliveryShape.model_fields
    return DeliveryList(
        deliveries=[DeliveryShape(**{name: getattr(row, name) for name in names}) for row in rows],
        next_cursor=cursor_text(listed, (rows[-1].created_at, rows[-1].message_id))
        if len(rows) == limit
        else None,
    )


def _change(
    request: Request,
    desk: Desk,
    webhook_id: str,
    *,
    changed: Callable[[Webhook], dict[str, Any]],
    deed: str,
    body: bytes = b"",
    shown: dict[str, str] | None = None,
) -> Response:
    def change(connection: Connection) -> Kept:
        before = kept.find_webhook(connection, webhook_id)
        if before is None:
            raise ProblemError(_UNKNOWN)
        kept.change_webhook(connection, webhook_id, changed(before))
        note_deed(connection, request, desk, deed, {"webhook_id": webhook_id})
        after = kept.find_webhook(connection, webhook_id)
        assert after is not None
        return Kept(content={**_shown(after), **(shown or {})})

    return once(request, desk, body=body, change=change)


def _found(webhook_id: str, desk: Desk) -> Webhook:
    with desk.store.database.read("look up the webhook") as connection:
        found = kept.find_webhook(connection, webhook_id)
    if found is None:
        raise ProblemError(_UNKNOWN)
    return found


def _shown(webhook: Webhook) -> dict[str, Any]:
    """Return what may be shown of a webhook, as plain JSON: all but its secrets."""
    values = {name: getattr(webhook, name) for name in WebhookShape.model_fields}
    return {
        name: _written(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _written(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
