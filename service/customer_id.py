"""The id of a customer in an address, by the one rule that ids in bodies follow, too.

Whoever can be scored can be looked up and erased; and an address that does not say exactly who is
meant is about nobody.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request  # noqa: TC002  FastAPI reads it from the signature

from ebbtide.contracts.taken import MAX_ID_LENGTH
from service.id_address import is_well_escaped
from service.problems import ProblemError, invalid
from service.scoring.checks import Faults, check_text

_POINTER = "/customer_id"


def _customer_id(
    request: Request,
    customer_id: Annotated[
        str,
        Path(
            min_length=1, max_length=MAX_ID_LENGTH, description="The customer's id in your systems."
        ),
    ],
) -> str:
    faults = Faults()
    check_text(customer_id, pointer=_POINTER, max_length=MAX_ID_LENGTH, faults=faults)
    if not is_well_escaped(request.scope):
        faults.add(
            _POINTER,
            expected="UTF-8, escaped as % and two hexadecimal digits a byte",
            got_kind="wrongly escaped text",
            fix="Escape the id as UTF-8: \u00e9 is %C3%A9, and % itself is %25.",
        )
    if faults:
        raise ProblemError(invalid(faults.found, more=faults.more))
    return customer_id


CustomerId = Annotated[str, Depends(_customer_id)]
"""Parameter of an endpoint; 422 if the address names none."""
