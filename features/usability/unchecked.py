"""A part of the report that failed: it becomes an error of its own, and the others are still made.

Nothing is repaired here, and no value is quoted: of what failed only the kind of error is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import duckdb

from ebbtide.contracts.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


def checked_or_said(
    check: Callable[[], Found], findings: list[Finding], *, table: str, part: str, otherwise: Found
) -> Found:
    """Return what a check returns; where DuckDB fails at it, say so among the findings.

    A lack of memory is not caught, for the table as a whole is then too large.

    Parameters
    ----------
    check : reads the table.
    findings : an error is added to them.
    table : that is looked at.
    part : what is looked at, as a person would call it.
    otherwise : stands for what could not be found out.

    Examples
    --------
    >>> found = []
    >>> checked_or_said(lambda: 1, found, table="payments", part="amounts", otherwise=0), found
    (1, [])
    """
    try:
        return check()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as err:
        findings.append(
            Finding(
                severity="error",
                table=table,
                message=f"could not be checked: {part} ({type(err).__name__}).",
                advice="Values may be beyond all measure: look for very large numbers and distant "
                "dates, or drop them in a query. The other checks were made.",
            )
        )
        return otherwise
