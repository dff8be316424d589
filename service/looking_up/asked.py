"""Check what is asked for in queries.

A name that is not known is refused: a filter that is misspelt must not give everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.problems import ProblemError, invalid
from service.scoring.checks import Faults, check_instant, check_text

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from starlette.requests import Request


_MAX_ACTION = 40


def checked_instant(name: str, text: str | None) -> datetime | None:
    """Return an instant from a query; None where it was not sent.

    Raises
    ------
    ProblemError
        422 if it is none.
    """
    if text is None:
        return None
    faults = Faults()
    # A plus sign that was not escaped arrives as a blank.
    instant = check_instant(text.replace(" ", "+"), pointer=f"/{name}", faults=faults)
    _raise(faults)
    return instant


def check_query(request: Request, known: Collection[str]) -> None:
    """Refuse parameters that are not known, or that come twice.

    Raises
    ------
    ProblemError
        422 with every fault; names that were sent are not repeated.
    """
    faults = Faults()
    names = [name for name, _ in request.query_params.multi_items()]
    for position, name in enumerate(names, start=1):
        if name in known and names.index(name) == position - 1:
            continue
        is_known = name in known
        faults.add(
            f"/{name}" if is_known else "",
            expected="each parameter once" if is_known else _only(known),
            got_kind="it twice" if is_known else "unknown parameter",
            fix=f"Leave out parameter number {position} of the query, or mend its name.",
        )
    _raise(faults)


def _only(known: Collection[str]) -> str:
    return f"only {', '.join(known)}" if known else "no parameters"


def checked_action(given: str | None) -> str | None:
    """Return an action code that was asked for; None where none was.

    Raises
    ------
    ProblemError
        422 if it can be none: databases take no text with control characters.
    """
    faults = Faults()
    if given is not None:
        check_text(given, pointer="/action", max_length=_MAX_ACTION, faults=faults)
    _raise(faults)
    return given


def _raise(faults: Faults) -> None:
    if faults:
        raise ProblemError(invalid(faults.found, more=faults.more))
