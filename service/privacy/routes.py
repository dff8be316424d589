"""Erase and export a customer, and keep what the customer has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature
from starlette.responses import Response  # noqa: TC002

from ebbtide.pseudonym import pseudonym
from ebbtide.store.export import exported
from ebbtide.store.preferences import NONE, Preferences, keep_preferences, preferences_of
from service.access.deeds import note_deed
from service.access.guard import needs
from service.customer_id import CustomerId  # noqa: TC001  FastAPI reads it from the signature
from service.desk import Desk  # noqa: TC001  FastAPI reads it from the signature
from service.endpoint import Body, TheDesk, read_json
from service.idempotency import Kept, once
from service.openapi import json_body, problem_responses
from service.privacy.shapes import (
    ErasedShape,
    ExportShape,
    PreferencesRequest,
    PreferencesShape,
)
from service.problems import ProblemError, invalid
from service.scoring.checks import (
    NOTHING,
    Faults,
    Hints,
    check_flag,
    check_names,
    kind_of,
)
from service.whole_address import WholeAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from ebbtide.store.erasure import Erasures

router = APIRouter(
    prefix="/v1/customers",
    tags=["privacy"],
    dependencies=[Depends(needs("privacy"))],
    route_class=WholeAddress,
)

_CUSTOMER = "/{customer_id:path}"  # an id may hold a slash
_PROBLEMS = problem_responses(400, 404, 408, 413, 415, 422, 500, 503)
_FLAGS = ("profiling_opt_out", "contact_opt_out")


@router.delete(
    _CUSTOMER,
    operation_id="erase_customer",
    summary="Erase a customer",
    responses=problem_responses(404, 422, 500, 503),
)
def erase_customer(request: Request, customer_id: CustomerId, desk: TheDesk) -> ErasedShape:
    """Erase all that is held about a customer, for good; repeat it as often as you like."""

    def note(connection: Connection, rows: Mapping[str, int]) -> None:
        details = {"rows": sum(rows.values())}
        _record(connection, request, desk, "customer.erased", customer_id, details)

    erased = _erasures(desk).erase(customer_id, now=desk.now, note=note)
    tables = dict(erased.rows)
    return ErasedShape(erased_at=erased.at, rows=sum(tables.values()), tables=tables)


@router.get(
    _CUSTOMER + "/export",
    operation_id="export_customer",
    summary="Export a customer",
    responses=problem_responses(404, 422, 500, 503),
)
def export_customer(request: Request, customer_id: CustomerId, desk: TheDesk) -> ExportShape:
    """Return all that is held about a customer, by table."""
    at = desk.now()
    desk.store.database.write(
        lambda connection: _record(connection, request, desk, "customer.exported", customer_id, {}),
        deed="note the deed",
    )
    return ExportShape(
        exported_at=at,
        preferences=_shown(_found(customer_id, desk)),
        tables=exported(desk.store.database, customer_id),
    )


@router.get(
    _CUSTOMER + "/preferences",
    operation_id="read_preferences",
    summary="Read what a customer has decided",
    responses=problem_responses(404, 422, 500, 503),
)
def read_preferences(customer_id: CustomerId, desk: TheDesk) -> PreferencesShape:
    """Say what a customer has decided; nothing, where nothing was noted."""
    return _shown(_found(customer_id, desk))


@router.put(
    _CUSTOMER + "/preferences",
    operation_id="keep_preferences",
    summary="Keep what a customer has decided",
    responses={200: {"model": PreferencesShape}, **_PROBLEMS},
    openapi_extra=json_body(
        PreferencesRequest, {"profiling_opt_out": True, "contact_opt_out": True}
    ),
)
def put_preferences(
    request: Request, customer_id: CustomerId, body: Body, desk: TheDesk
) -> Response:
    """Keep what a customer has decided; it holds on every route from this answer on."""
    flags = _checked(read_json(body, desk))
    preferences = Preferences(**flags, updated_at=desk.now())

    def change(connection: Connection) -> Kept:
        keep_preferences(connection, customer_id, preferences, database=desk.store.database)
        _record(
            connection,
            request,
            desk,
            "preferences.kept",
            customer_id,
            {name: str(value).lower() for name, value in flags.items()},
        )
        return Kept(content=_shown(preferences).model_dump(mode="json"))

    return once(request, desk, body=body, change=change)


def _checked(read: object) -> dict[str, bool]:
    faults = Faults()
    if not isinstance(read, dict):
        fix = f"Send an object with {' and '.join(_FLAGS)}."
        faults.add("", expected="an object", got_kind=kind_of(read), fix=fix)
        raise ProblemError(invalid(faults.found, more=faults.more))
    check_names(read, _FLAGS, pointer="", where="docs/privacy.md", faults=faults, hints=Hints())
    flags = {
        name: check_flag(read.get(name, NOTHING), pointer=f"/{name}", faults=faults)
        for name in _FLAGS
    }
    if faults:
        raise ProblemError(invalid(faults.found, more=faults.more))
    return {name: value is True for name, value in flags.items()}


def _found(customer_id: str, desk: Desk) -> Preferences:
    with desk.store.database.read("look up preferences") as connection:
        return preferences_of(connection, [customer_id]).get(customer_id, NONE)


def _shown(preferences: Preferences) -> PreferencesShape:
    return PreferencesShape(
        profiling_opt_out=preferences.profiling_opt_out,
        contact_opt_out=preferences.contact_opt_out,
        updated_at=preferences.updated_at,
    )


def _erasures(desk: Desk) -> Erasures:
    assert desk.store.erasures is not None, "the service opens its store with a folder"
    return desk.store.erasures


def _record(
    connection: Connection,
    request: Request,
    desk: Desk,
    deed: str,
    customer_id: str,
    details: Mapping[str, str | int | None],
) -> None:
    subject = pseudonym(customer_id, key=_erasures(desk).key)
    note_deed(connection, request, desk, deed, details, subject=subject)
