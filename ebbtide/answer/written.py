"""An answer as plain data and as bytes: what the log keeps and what the API sends."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ebbtide.answer.answer import Answer, RiskOnDay, Warned
from ebbtide.reasons import REASON_COUNT, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def answer_to_bytes(answer: Answer) -> bytes:
    """Return the JSON of an answer: what :func:`answer_to_json` says, in the same order.

    Whatever is sent of an answer by itself, and what is logged of it, is written here and nowhere
    else, so that the same answer is the same bytes everywhere.

    Raises
    ------
    ValueError
        If a number of the answer is not finite: JSON has no word for it.
    """
    _require_finite(answer)
    if not (_is_of_whole_minutes(answer.as_of) and _is_of_whole_minutes(answer.scored_at)):
        # Offsets of local mean time have seconds, which the encoder leaves out.
        return _ENCODER.encode(answer_to_json(answer))
    texts: list[str | None] = [reason.text for reason in answer.reasons]
    names: list[str | None] = [reason.feature for reason in answer.reasons]
    lacking = [None] * (REASON_COUNT - len(texts))
    codes = ",".join(dict.fromkeys([each.code for each in answer.warnings])) or None
    flat = _Flat(*[*texts, *lacking, *names, *lacking, codes])
    return b"%b,%b" % (_ENCODER.encode(answer)[:-1], _ENCODER.encode(flat)[1:])


class _Flat(msgspec.Struct, frozen=True):
    """``FLAT_NAMES`` with what they say, in their order."""

    reason_1: str | None
    reason_2: str | None
    reason_3: str | None
    reason_1_code: str | None
    reason_2_code: str | None
    reason_3_code: str | None
    warning_codes: str | None


_ENCODER = msgspec.json.Encoder()

assert _Flat.__struct_fields__ == FLAT_NAMES


def _require_finite(answer: Answer) -> None:
    """Return if each number of an answer is finite; the encoder would say null of others."""
    numbers: list[Any] = [
        answer.churn_probability,
        answer.churn_probability_low,
        answer.churn_probability_high,
        answer.percentile,
        answer.expected_days_to_churn,
        answer.propensity,
        answer.value,
        answer.expected_value,
        answer.expected_cost,
        answer.effect,
        answer.effect_low,
        answer.effect_high,
    ]
    for reason in answer.reasons:
        numbers += (reason.contribution, reason.value, reason.typical)
        numbers += (reason.typical_stayers, reason.typical_leavers)
    for risk in answer.risk_by_day:
        numbers += (risk.probability, risk.voluntary, risk.payment)
    if not _is_finite(numbers):
        raise ValueError("Expected finite numbers in an answer, and one is not.")


def _is_finite(numbers: Sequence[Any]) -> bool:
    """Whether all numbers are finite, of which some may be None, or text."""
    try:
        total = sum(filter(None, numbers))  # finite only if all of them are
    except TypeError:  # a category
        total = math.nan
    # Where the sum is not they still may be: it costs more to look at each.
    return math.isfinite(total) or all(
        math.isfinite(number) for number in numbers if isinstance(number, float)
    )


def _is_of_whole_minutes(instant: datetime) -> bool:
    offset = instant.utcoffset()
    return offset is None or (not offset.seconds % 60 and not offset.microseconds)


def _plain(record: Answer | Reason | RiskOnDay | Warned) -> dict[str, Any]:
    """Return the fields of a record by name; what is in them is not copied."""
    return {name: getattr(record, name) for name in record.__struct_fields__}


def _flat(answer: Answer) -> dict[str, str | None]:
    flat: dict[str, str | None] = dict.fromkeys(FLAT_NAMES)
    for place, reason in zip(_PLACES, answer.reasons, strict=False):
        flat |= {f"reason_{place}": reason.text, f"reason_{place}_code": reason.feature}
    codes = dict.fromkeys(warned.code for warned in answer.warnings)
    return {**flat, "warning_codes": ",".join(codes) or None}
