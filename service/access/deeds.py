"""Note in the audit log what the caller of a request did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.store.audit import record_deed
from service.access.guard import caller_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from starlette.requests import Request

    from service.desk import Desk


def note_deed(
    connection: Connection,
    request: Request,
    desk: Desk,
    deed: str,
    details: Mapping[str, str | int | None],
    *,
    subject: str | None = None,
) -> None:
    """Record a deed of the caller of a request, within the unit of the change that it is about.

    Parameters
    ----------
    connection : of the unit.
    request : that was let through.
    desk : with the clock.
    deed : what was done, such as ``job.created``.
    details : what else is worth knowing; no customer's value.
    subject : pseudonym of the customer whom it was done to; never an id.
    """
    record_deed(
        connection,
        at=desk.now(),
        actor=caller_of(request).name,
        deed=deed,
        subject=subject,
        details=details,
    )
