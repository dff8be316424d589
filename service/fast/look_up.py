"""``GET /v1/customers/{customer_id}/score`` on the fast way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.store import StoreUnavailable
from service.id_address import is_well_escaped
from service.looking_up.telling import Present, told

if TYPE_CHECKING:
    from starlette.types import Scope

    from ebbtide.store.current_reader import CurrentReader
    from ebbtide.words import Language
    from service.desk import Desk

_BEFORE, _BEHIND = "/v1/customers/", "/score"
_SLASHES = 4


def customer_asked_for(scope: Scope) -> str | None:
    """Return the id in the path of a request, if it is a usual one.

    Examples
    --------
    >>> for path in ("/v1/customers/c-1/score", "/v1/customers/c/1/score"):
    ...     customer_asked_for({"path": path, "raw_path": path.encode(), "root_path": ""})
    'c-1'
    """
    if scope.get("root_path"):
        return None
    path = scope["path"]
    raw_path = scope.get("raw_path") or path.encode()
    customer_id: str = path[len(_BEFORE) : -len(_BEHIND)]
    is_usual = (
        raw_path.count(b"/") == _SLASHES
        and 0 < len(customer_id) <= MAX_ID_LENGTH
        and customer_id.isprintable()
        and is_well_escaped(scope)
    )
    return customer_id if is_usual else None


def looked_up(
    customer_id: str, *, desk: Desk, current: CurrentReader, language: Language
) -> tuple[bytes, Language] | None:
    """Return what is answered about a customer and its language; None if that cannot be told here.

    Parameters
    ----------
    customer_id : who.
    desk : model, policy and clock.
    current : reads without waiting.
    language : that is asked for.
    """
    try:
        found = current.read(customer_id)
    except StoreUnavailable:
        return None  # the ordinary way waits, and says what is the matter
    if found is None:
        return None
    content, spoken = told(found, Present.of(desk, language=language))
    return content.encode(), spoken
