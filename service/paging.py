"""Cursors of lists that are read page by page: where the next page begins, as an opaque text."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from service.problems import Fault, ProblemError, invalid

MAX_CURSOR_LENGTH = 400


def cursor_text(listed: str, place: tuple[str | int | datetime, ...]) -> str:
    """Write the place after which the next page begins.

    Parameters
    ----------
    listed : which list; a cursor of another one is refused.
    place : values of the columns that the list is ordered by.

    Examples
    --------
    >>> read_cursor(cursor_text("scores", (7, "c")), "scores", kinds=(int, str))
    (7, 'c')
    """
    plain = [each.isoformat() if isinstance(each, datetime) else each for each in place]
    written = json.dumps([listed, *plain], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def read_cursor(
    text: str | None, listed: str, *, kinds: tuple[type, ...]
) -> tuple[Any, ...] | None:
    """Read a cursor of a list; None where there is none.

    Parameters
    ----------
    text : as it was sent.
    listed : which list is asked for.
    kinds : the type of each value: str, int or datetime (aware).

    Raises
    ------
    ProblemError
        422 if it is no cursor of this list.
    """
    if text is None:
        return None
    try:
        if len(text) > MAX_CURSOR_LENGTH:
            raise ValueError
        padded = text + "=" * (-len(text) % 4)
        name, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if name != listed or len(values) != len(kinds):
            raise ValueError
        return tuple(_revived(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as err:
        fault = Fault(
            pointer="/cursor",
            expected="next_cursor of the page before, of the same list",
            got_kind="another text",
            fix="Send next_cursor as it came, or leave cursor out to begin anew.",
        )
        raise ProblemError(invalid([fault])) from err


def _revived(value: object, kind: type) -> Any:
    if kind is datetime:
        if not isinstance(value, str):
            raise TypeError
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError
        return instant.astimezone(UTC)  # the first and last days have no UTC in some offsets
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError
    if isinstance(value, int) and not abs(value) < 2**63:
        raise ValueError
    if isinstance(value, str):
        value.encode()  # no database takes half a character,
        if "\0" in value:  # nor PostgreSQL this one
            raise ValueError
    return value
