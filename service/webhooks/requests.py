"""Check what is sent about webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ebbtide.store.outbox import KINDS
from service.problems import ProblemError, invalid
from service.scoring.checks import (
    NOTHING,
    Faults,
    Hints,
    check_flag,
    check_names,
    check_text,
    kind_of,
)
from service.webhooks.addresses import MAX_URL_LENGTH, ForbiddenAddress, parse_target
from service.webhooks.shapes import MAX_DESCRIPTION_LENGTH

if TYPE_CHECKING:
    from collections.abc import Collection

_WHERE = "docs/webhooks.md"


def checked_webhook(read: object, *, allow_private: bool) -> dict[str, Any]:
    """Return url, kinds and description of a webhook to be made.

    Raises
    ------
    ProblemError
        422 with every fault.
    """
    faults = Faults()
    given = _object(read, ("url", "kinds", "description"), faults)
    url = check_text(
        given.get("url", NOTHING), pointer="/url", max_length=MAX_URL_LENGTH, faults=faults
    )
    if url is not None:
        try:
            parse_target(url, allow_private=allow_private)
        except ForbiddenAddress as err:
            fix = "Send an address of the open internet; docs/webhooks.md says which will do."
            faults.add("/url", expected=str(err), got_kind="another address", fix=fix)
    checked = {
        "url": url,
        "kinds": _kinds(given.get("kinds", NOTHING), faults),
        "description": _description(given.get("description"), faults) or "",
    }
    _raise(faults)
    return checked


def checked_change(read: object) -> dict[str, Any]:
    """Return what is to be changed of a webhook.

    Raises
    ------
    ProblemError
        422 with every fault.
    """
    faults = Faults()
    given = _object(read, ("kinds", "description", "is_enabled"), faults)
    changes: dict[str, Any] = {}
    if given.get("kinds") is not None:
        changes["kinds"] = _kinds(given["kinds"], faults)
    if given.get("description") is not None:
        changes["description"] = _description(given["description"], faults)
    if given.get("is_enabled") is not None:
        changes["is_enabled"] = check_flag(
            given["is_enabled"], pointer="/is_enabled", faults=faults
        )
    if not faults and not changes:
        fix = "Send what is to be changed."
        faults.add(
            "", expected="kinds, description or is_enabled", got_kind="none of them", fix=fix
        )
    _raise(faults)
    return changes


def _object(read: object, names: Collection[str], faults: Faults) -> dict[str, Any]:
    if not isinstance(read, dict):
        fix = f"Send an object with {', '.join(names)}."
        faults.add("", expected="an object", got_kind=kind_of(read), fix=fix)
        _raise(faults)
    assert isinstance(read, dict)
    check_names(read, names, pointer="", where=_WHERE, faults=faults, hints=Hints())
    return read


def _kinds(value: object, faults: Faults) -> list[str]:
    expected = f"an array of one or more of {', '.join(KINDS)}, each once"
    if not isinstance(value, list):
        faults.add("/kinds", expected=expected, got_kind=kind_of(value), fix="Send an array.")
        return []
    known: list[str] = [each for each in value if isinstance(each, str) and each in KINDS]
    if not value or len(known) != len(value) or len(set(known)) != len(known):
        got = "empty array" if not value else "array with other values"
        faults.add("/kinds", expected=expected, got_kind=got, fix="Send these names.")
    return known


def _description(value: object, faults: Faults) -> str | None:
    if value is None:
        return None
    return check_text(
        value, pointer="/description", max_length=MAX_DESCRIPTION_LENGTH, faults=faults
    )


def _raise(faults: Faults) -> None:
    if faults:
        raise ProblemError(invalid(faults.found, more=faults.more))
