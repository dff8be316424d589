"""Checks of single JSON values that collect what is wrong and never repeat what came."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ebbtide.contracts.taken import MAX_NUMBER, is_clean
from ebbtide.errors import did_you_mean
from service.problems import Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ebbtide.contracts.learned import Learned

NOTHING = object()
"""Stands for a member that was not sent, so that it is told from one that is null."""

_MAX_FAULTS = 20
_MAX_HINTS = 40
_HINT_LENGTH = 64
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Hints:
    """What an unknown name may have meant. Looking is bounded for one request."""

    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def hint(self, given: str, known: Collection[str], *, where: str) -> str:
        """Return a hint for an unknown name, without the name."""
        key = (where, given[:_HINT_LENGTH])
        if key not in self._known:
            if len(self._known) >= _MAX_HINTS:
                return f"see {where}"
            hint = did_you_mean(key[1], known)
            self._known[key] = hint if hint.startswith("did") else f"see {where}"
        return self._known[key]


@dataclass(slots=True)
class Faults:
    """The faults of one row: the first twenty are kept, the others counted."""

    found: list[Fault] = field(default_factory=list)
    more: int = 0

    def add(self, pointer: str, *, expected: str, got_kind: str, fix: str) -> None:
        """Note a fault."""
        if len(self.found) >= _MAX_FAULTS:
            self.more += 1
            return
        self.found.append(Fault(pointer=pointer, expected=expected, got_kind=got_kind, fix=fix))

    def __bool__(self) -> bool:
        return bool(self.found)


def kind_of(value: object) -> str:
    """Name the JSON kind of a value.

    Examples
    --------
    >>> [kind_of(value) for value in (None, True, 1, 1e400, "x", [], {})]
    ['null', 'boolean', 'number', 'number beyond range', 'string', 'array', 'object']
    """
    if value is None or value is NOTHING:
        return "null" if value is None else "nothing"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number" if math.isfinite(value) else "number beyond range"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def check_names(
    given: Mapping[str, Any],
    known: Collection[str],
    *,
    pointer: str,
    where: str,
    faults: Faults,
    hints: Hints,
) -> None:
    """Find the names of an object that are not known; say which by their position."""
    for position, name in enumerate(given, start=1):
        if name not in known:
            faults.add(
                pointer,
                expected="only known names",
                got_kind="unknown name",
                fix=f"Name number {position} of this object is not known; "
                f"{hints.hint(name, known, where=where)}",
            )


def check_number(
    value: object,
    *,
    pointer: str,
    unit: str,
    low: float | None,
    high: float | None,
    faults: Faults,
) -> float | None:
    """Return a finite number within its range; anything else is a fault."""
    expected = f"a number{_range(low, high)} ({unit})"
    if isinstance(value, bool) or not isinstance(value, int | float):
        faults.add(pointer, expected=expected, got_kind=kind_of(value), fix=_fix_kind(value))
        return None
    number = float(value)
    if not abs(number) <= MAX_NUMBER:
        lowest = -MAX_NUMBER if low is None else max(low, -MAX_NUMBER)
        highest = MAX_NUMBER if high is None else min(high, MAX_NUMBER)
        fix = f"Send a number between {lowest:g} and {highest:g}."
        faults.add(pointer, expected=expected, got_kind="number beyond range", fix=fix)
        return None
    if (low is not None and number < low) or (high is not None and number > high):
        fix = "Send a value within the range; check its unit and its sign."
        faults.add(pointer, expected=expected, got_kind="number out of range", fix=fix)
        return None
    return number


def check_category(value: object, *, pointer: str, learned: Learned, faults: Faults) -> float:
    """Return the place of a category; one that was not learned has a place, too.

    Only a value that can be no category at all is a fault.
    """
    if isinstance(value, bool | str) or (isinstance(value, int | float) and math.isfinite(value)):
        return learned.code(value)
    fix = "Send the category as a string, as it stands in the table."
    faults.add(pointer, expected="a string (category)", got_kind=kind_of(value), fix=fix)
    return math.nan


def pointer_part(name: str) -> str:
    """Write a name as a part of a JSON pointer (RFC 6901, section 3).

    Examples
    --------
    >>> pointer_part("calls/month")
    'calls~1month'
    """
    return name.replace("~", "~0").replace("/", "~1")


def check_text(value: object, *, pointer: str, max_length: int, faults: Faults) -> str | None:
    """Return a text of printable characters; anything else is a fault."""
    expected = f"a string of 1 to {max_length} printable characters"
    if not isinstance(value, str):
        fix = "Send a string in double quotes."
        faults.add(pointer, expected=expected, got_kind=kind_of(value), fix=fix)
        return None
    if not 1 <= len(value) <= max_length:
        got = "empty string" if not value else "string too long"
        faults.add(pointer, expected=expected, got_kind=got, fix="Send a string of that length.")
        return None
    if not is_clean(value):
        fix = "Remove control characters, line breaks and unpaired surrogates."
        faults.add(pointer, expected=expected, got_kind="unprintable string", fix=fix)
        return None
    return value


def check_flag(value: object, *, pointer: str, faults: Faults) -> bool | None:
    """Return a boolean; anything else is a fault."""
    if isinstance(value, bool):
        return value
    fix = "Send true or false, without quotes."
    faults.add(pointer, expected="true or false", got_kind=kind_of(value), fix=fix)
    return None


def check_instant(value: object, *, pointer: str, faults: Faults) -> datetime | None:
    """Return an aware instant in UTC; anything else is a fault."""
    expected = "a date and time with offset, such as 2026-03-01T09:00:00Z"
    if not isinstance(value, str):
        fix = "Send a string after RFC 3339."
        faults.add(pointer, expected=expected, got_kind=kind_of(value), fix=fix)
        return None
    try:
        read = datetime.fromisoformat(value) if len(value) <= _HINT_LENGTH else None
        instant = read.astimezone(UTC) if read is not None and read.tzinfo is not None else None
    except (ValueError, OverflowError):
        read, instant = None, None
    if read is None:
        fix = "Write the date and time after RFC 3339."
        faults.add(pointer, expected=expected, got_kind="other string", fix=fix)
        return None
    if instant is None:
        fix = "Add the offset: Z for UTC, or such as +08:00."
        faults.add(pointer, expected=expected, got_kind="time without offset", fix=fix)
        return None
    if not _EARLIEST <= instant < _LATEST:
        fix = "Send an instant from the year 1900 up to 2199."
        faults.add(pointer, expected=expected, got_kind="instant out of range", fix=fix)
        return None
    return instant


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of {low:g} or more"
    return f" of {high:g} or less" if high is not None else ""


def _fix_kind(value: object) -> str:
    if isinstance(value, bool):
        return "Send a number; a boolean is none (1 or 0 where it counts something)."
    if isinstance(value, str):
        return "Send the number without quotes."
    return "Send a number."
