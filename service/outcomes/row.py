"""One reported outcome, checked: about whom, what, and when it was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ebbtide.contracts.taken import MAX_ID_LENGTH
from ebbtide.store.outcomes import Outcome
from service.scoring.checks import (
    Faults,
    Hints,
    check_flag,
    check_instant,
    check_names,
    check_number,
    check_text,
    kind_of,
)

if TYPE_CHECKING:
    from datetime import datetime

OUTCOME_NAMES = (
    "customer_id",
    "churned",
    "observed_at",
    "known_at",
    "prediction_id",
    "action_code",
    "accepted",
    "delivered_at",
    "cost",
)
DELIVERY_NAMES = ("accepted", "delivered_at", "cost")
MAX_COST = 1e9
_LENGTHS = {"customer_id": MAX_ID_LENGTH, "prediction_id": 32, "action_code": 40}


def check_outcome(
    row: object, *, pointer: str, outcome_id: str, now: datetime, faults: Faults, hints: Hints
) -> Outcome | None:
    """Return the outcome, or None if there are faults.

    Parameters
    ----------
    row : as it was sent.
    pointer : JSON pointer to it.
    outcome_id : unique id that it is kept under.
    now : the present; nothing can be observed later.
    faults : takes what is wrong.
    hints : of the request.
    """
    if not isinstance(row, dict):
        fix = "Send an object with customer_id, churned and observed_at."
        faults.add(pointer, expected="an object", got_kind=kind_of(row), fix=fix)
        return None
    check_names(
        row, OUTCOME_NAMES, pointer=pointer, where="POST /v1/outcomes", faults=faults, hints=hints
    )
    texts = {
        name: _text(row, name, pointer=pointer, max_length=length, faults=faults)
        for name, length in _LENGTHS.items()
    }
    flags = {
        name: check_flag(row[name], pointer=f"{pointer}/{name}", faults=faults)
        for name in ("churned", "accepted")
        if row.get(name) is not None
    }
    instants = {
        name: _past(row, name, pointer=pointer, now=now, faults=faults)
        for name in ("observed_at", "known_at", "delivered_at")
    }
    cost = None
    if row.get("cost") is not None:
        cost = check_number(
            row["cost"],
            pointer=f"{pointer}/cost",
            unit="currency",
            low=0.0,
            high=MAX_COST,
            faults=faults,
        )
    _check_together(row, pointer=pointer, faults=faults)
    customer_id, observed_at = texts["customer_id"], instants["observed_at"]
    if faults or customer_id is None or observed_at is None:
        return None
    known_at = instants["known_at"] or observed_at
    if known_at < observed_at:
        faults.add(
            f"{pointer}/known_at",
            expected="an instant that is not before observed_at",
            got_kind="earlier instant",
            fix="Leave known_at out, or send when your systems came to know what was observed.",
        )
        return None
    return Outcome(
        outcome_id=outcome_id,
        customer_id=customer_id,
        churned=flags.get("churned"),
        observed_at=observed_at,
        known_at=known_at,
        prediction_id=texts["prediction_id"],
        action_code=texts["action_code"],
        accepted=flags.get("accepted"),
        delivered_at=instants["delivered_at"],
        cost=cost,
    )


def _check_together(row: dict[str, Any], *, pointer: str, faults: Faults) -> None:
    """Find what is missing: who, when, and either an outcome or a delivery of something."""
    for name, fix in (
        ("customer_id", "Send the customer's id in your systems."),
        ("observed_at", "Send when it was observed, with offset."),
    ):
        if row.get(name) is None:
            got = "null" if name in row else "nothing"
            faults.add(f"{pointer}/{name}", expected="a string", got_kind=got, fix=fix)
    tells_delivery = any(row.get(name) is not None for name in DELIVERY_NAMES)
    names_it = any(row.get(name) is not None for name in ("prediction_id", "action_code"))
    if row.get("churned") is None and not tells_delivery:
        faults.add(
            f"{pointer}/churned",
            expected="true or false",
            got_kind="null" if "churned" in row else "nothing",
            fix="Send churned; or accepted, delivered_at or cost to tell a delivery alone.",
        )
    elif tells_delivery and not names_it:
        faults.add(
            pointer,
            expected="prediction_id or action_code beside accepted, delivered_at and cost",
            got_kind="neither",
            fix="Send the id of the answer, or the code of the action that was delivered.",
        )


def _text(
    row: dict[str, Any], name: str, *, pointer: str, max_length: int, faults: Faults
) -> str | None:
    if row.get(name) is None:
        return None
    return check_text(row[name], pointer=f"{pointer}/{name}", max_length=max_length, faults=faults)


def _past(
    row: dict[str, Any], name: str, *, pointer: str, now: datetime, faults: Faults
) -> datetime | None:
    if row.get(name) is None:
        return None
    instant = check_instant(row[name], pointer=f"{pointer}/{name}", faults=faults)
    if instant is not None and instant > now:
        faults.add(
            f"{pointer}/{name}",
            expected="an instant that is not in the future",
            got_kind="instant in the future",
            fix="Send an instant that has passed.",
        )
        return None
    return instant
