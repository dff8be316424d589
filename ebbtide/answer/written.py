"""An answer as plain data: what the log keeps and what the API sends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ebbtide.answer.answer import Answer, RiskOnDay, Warned
from ebbtide.reasons import REASON_COUNT, Reason

_INSTANTS = ("as_of", "scored_at", "valid_until", "outcome_due_at")
_NESTED = ("reasons", "risk_by_day", "warnings")
_PLACES = range(1, REASON_COUNT + 1)

FLAT_NAMES = (
    *(f"reason_{place}" for place in _PLACES),
    *(f"reason_{place}_code" for place in _PLACES),
    "warning_codes",
)
"""Fields that say again what reasons and warnings say: texts, features, and codes of warnings."""


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Return plain data with instants as text; :func:`answer_from_json` reads it back.

    ``FLAT_NAMES`` repeat reasons and warnings for systems that read flat fields.
    """
    written = _plain(answer)
    for name in _NESTED:
        written[name] = tuple(_plain(each) for each in written[name])
    for name in _INSTANTS:
        if written[name] is not None:
            written[name] = written[name].isoformat().replace("+00:00", "Z")
    return written | _flat(answer)


def answer_from_json(written: dict[str, Any]) -> Answer:
    """Make an answer from what :func:`answer_to_json` wrote."""
    fields = {name: value for name, value in written.items() if name not in FLAT_NAMES}
    for name in _INSTANTS:
        if fields.get(name) is not None:
            fields[name] = datetime.fromisoformat(fields[name])
    fields["reasons"] = tuple(Reason(**reason) for reason in fields["reasons"])
    fields["risk_by_day"] = tuple(RiskOnDay(**each) for each in fields.get("risk_by_day", ()))
    fields["warnings"] = tuple(Warned(**warned) for warned in fields["warnings"])
    return Answer(**fields)


def _plain(record: Answer | Reason | RiskOnDay | Warned) -> dict[str, Any]:
    """Return the fields of a record, as ``dataclasses.asdict`` does, but not copied deeply."""
    return {name: getattr(record, name) for name in type(record).__slots__}


def _flat(answer: Answer) -> dict[str, str | None]:
    flat: dict[str, str | None] = dict.fromkeys(FLAT_NAMES)
    for place, reason in zip(_PLACES, answer.reasons, strict=False):
        flat |= {f"reason_{place}": reason.text, f"reason_{place}_code": reason.feature}
    codes = dict.fromkeys(warned.code for warned in answer.warnings)
    return {**flat, "warning_codes": ",".join(codes) or None}
