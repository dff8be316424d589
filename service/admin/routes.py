"""``/v1/admin``: promote, roll back, reload; the log of privileged deeds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response  # noqa: TC002

from ebbtide.store.audit import newest_deeds
from service.access.deeds import note_deed
from service.access.guard import caller_of, needs
from service.admin.promotion import run_promotion
from service.admin.shapes import (
    MAX_WHY_LENGTH,
    DeedList,
    DeedShape,
    PromoteRequest,
    RollbackRequest,
    ServedShape,
)
from service.desk import Desk  # noqa: TC001  FastAPI reads it from the signature
from service.endpoint import Body, TheDesk, read_json
from service.idempotency import PARAMETER as KEY_HEADER
from service.idempotency import Kept, kept_answer, once
from service.looking_up.asked import check_query
from service.openapi import json_body, problem_responses
from service.paging import cursor_text, read_cursor
from service.problems import ProblemError, invalid
from service.scoring.checks import NOTHING, Faults, Hints, check_names, check_text, kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(needs("admin"))])

_PROBLEMS = (400, 408, 409, 413, 415, 422, 500, 503)
_MOST_ACCEPTED = 40
_VERSION = re.compile("[0-9]{1,18}")
_CODE = re.compile("[a-z_]+")


@router.post(
    "/model/promote",
    operation_id="promote_model",
    summary="Promote a model",
    responses={200: {"model": ServedShape}, **problem_responses(*_PROBLEMS)},
    openapi_extra={
        **json_body(PromoteRequest, {"why": "beats the champion at each of twelve months"}),
        "parameters": [KEY_HEADER],
    },
)
def promote_model(request: Request, body: Body, desk: TheDesk) -> Response:
    """Make a version the champion, if it passes the gate, and serve it."""
    asked = _checked(read_json(body, desk), ("why", "version", "accept"))
    options = ["promote", f"--why={asked['why']}"]
    options += [f"--version={asked['version']}"] if "version" in asked else []
    options += [f"--accept={code}" for code in asked.get("accept", ())]
    return _done(request, desk, body, options, deed="model.promoted")


@router.post(
    "/model/rollback",
    operation_id="roll_back_model",
    summary="Roll back to the model before",
    responses={200: {"model": ServedShape}, **problem_responses(*_PROBLEMS)},
    openapi_extra={
        **json_body(RollbackRequest, {"why": "complaints about its reasons"}),
        "parameters": [KEY_HEADER],
    },
)
def roll_back_model(request: Request, body: Body, desk: TheDesk) -> Response:
    """Make the champion before the present one champion again, and serve it."""
    asked = _checked(read_json(body, desk), ("why",))
    options = ["rollback", f"--why={asked['why']}"]
    return _done(request, desk, body, options, deed="model.rolled_back")


@router.post(
    "/model/reload",
    operation_id="reload_model",
    summary="Look for the champion now",
    responses={200: {"model": ServedShape}, **problem_responses(422, 500, 503)},
    openapi_extra={"parameters": [KEY_HEADER]},
)
def reload_model(request: Request, desk: TheDesk) -> Response:
    """Ask the registry now for the champion, instead of at the next regular look."""
    kept = kept_answer(request, desk, body=b"")
    if kept is not None:
        return kept
    desk.supply.poll()
    return _kept(request, desk, b"", text="", deed="model.reloaded", details={})


@router.get(
    "/audit",
    operation_id="list_deeds",
    summary="List privileged deeds",
    responses=problem_responses(422, 500, 503),
)
def list_deeds(
    request: Request,
    desk: TheDesk,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
    cursor: str | None = None,
) -> DeedList:
    """List who did what, the newest first. That it was read is a deed, too."""
    check_query(request, ("limit", "cursor"))
    place = read_cursor(cursor, "deeds", kinds=(int,))
    desk.store.database.write(
        lambda connection: note_deed(connection, request, desk, "audit.read", {}),
        deed="note the deed",
    )
    with desk.store.database.read("list the deeds") as connection:
        found = newest_deeds(connection, most=limit, before=place[0] if place else None)
    names = DeedShape.model_fields
    return DeedList(
        deeds=[DeedShape(**{name: getattr(each, name) for name in names}) for each in found],
        next_cursor=cursor_text("deeds", (found[-1].sequence,)) if len(found) == limit else None,
    )


def _done(request: Request, desk: Desk, body: bytes, options: list[str], *, deed: str) -> Response:
    kept = kept_answer(request, desk, body=body)
    if kept is not None:
        return kept
    details = {"options": " ".join(options)[:MAX_WHY_LENGTH]}
    try:
        text = run_promotion(options, desk, who=caller_of(request).name)
    except ProblemError as err:
        refused = {**details, "refused": err.problem.kind}
        desk.store.database.write(
            lambda connection: note_deed(connection, request, desk, f"{deed}.refused", refused),
            deed="note the deed",
        )
        raise
    return _kept(request, desk, body, text=text, deed=deed, details=details)


def _kept(
    request: Request,
    desk: Desk,
    body: bytes,
    *,
    text: str,
    deed: str,
    details: Mapping[str, str | int | None],
) -> Response:
    served = desk.supply.current
    answer = ServedShape(
        text=text,
        model_version=served.bundle.version if served else None,
        registry_version=served.registry_version if served else None,
        complaint=desk.supply.complaint,
    )

    def change(connection: Connection) -> Kept:
        note_deed(connection, request, desk, deed, details)
        return Kept(content=answer.model_dump())

    return once(request, desk, body=body, change=change)


def _checked(read: object, names: Collection[str]) -> dict[str, Any]:
    faults = Faults()
    if not isinstance(read, dict):
        fix = f"Send an object with {', '.join(names)}."
        faults.add("", expected="an object", got_kind=kind_of(read), fix=fix)
        raise ProblemError(invalid(faults.found, more=faults.more))
    check_names(read, names, pointer="", where="docs/admin.md", faults=faults, hints=Hints())
    checked: dict[str, Any] = {
        "why": check_text(
            read.get("why", NOTHING), pointer="/why", max_length=MAX_WHY_LENGTH, faults=faults
        )
    }
    if read.get("version") is not None and "version" in names:
        checked["version"] = _plain(
            read["version"], "/version", _VERSION, expected="a version: digits", faults=faults
        )
    if read.get("accept") is not None and "accept" in names:
        checked["accept"] = _codes(read["accept"], faults)
    if faults:
        raise ProblemError(invalid(faults.found, more=faults.more))
    return checked


def _codes(value: object, faults: Faults) -> list[str | None]:
    if not isinstance(value, list) or len(value) > _MOST_ACCEPTED:
        got = "too many" if isinstance(value, list) else kind_of(value)
        fix = "Send the codes that the refusal named."
        faults.add(
            "/accept", expected=f"an array of at most {_MOST_ACCEPTED} codes", got_kind=got, fix=fix
        )
        return []
    expected = "a code of small letters and underscores"
    return [
        _plain(code, f"/accept/{place}", _CODE, expected=expected, faults=faults)
        for place, code in enumerate(value)
    ]


def _plain(
    value: object, pointer: str, pattern: re.Pattern[str], *, expected: str, faults: Faults
) -> str | None:
    text = check_text(value, pointer=pointer, max_length=40, faults=faults)
    if text is None or pattern.fullmatch(text):
        return text
    fix = "Send it as ebbtide promote takes it."
    faults.add(pointer, expected=expected, got_kind="other string", fix=fix)
    return None
