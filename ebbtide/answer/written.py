"""An answer as plain data: what the log keeps and what the API sends."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from ebbtide.answer.answer import Answer, RiskOnDay, Warned
from ebbtide.reasons import REASON_COUNT, Reason

_INSTANTS = ("as_of", "scored_at", "valid_until", "outcome_due_at")


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Return plain data with instants as text; :func:`answer_from_json` reads it back.

    ``reason_1`` to ``reason_3`` repeat the texts of the reasons for systems that read flat fields.
    """
    written = asdict(answer)
    for name in _INSTANTS:
        if written[name] is not None:
            written[name] = written[name].isoformat().replace("+00:00", "Z")
    texts = [reason.text for reason in answer.reasons]
    for place in range(REASON_COUNT):
        written[f"reason_{place + 1}"] = texts[place] if place < len(texts) else None
    return written


def answer_from_json(written: dict[str, Any]) -> Answer:
    """Make an answer from what :func:`answer_to_json` wrote."""
    flat = {f"reason_{place + 1}" for place in range(REASON_COUNT)}
    fields = {name: value for name, value in written.items() if name not in flat}
    for name in _INSTANTS:
        if fields.get(name) is not None:
            fields[name] = datetime.fromisoformat(fields[name])
    fields["reasons"] = tuple(Reason(**reason) for reason in fields["reasons"])
    fields["risk_by_day"] = tuple(RiskOnDay(**each) for each in fields.get("risk_by_day", ()))
    fields["warnings"] = tuple(Warned(**warned) for warned in fields["warnings"])
    return Answer(**fields)
