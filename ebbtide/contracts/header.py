"""The names of a file's columns against those of a contract: what is missing, what was meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding
from ebbtide.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ebbtide.contracts.tables import TableContract

_READS_AS_DATA = re.compile(r"\d{4}-\d\d?-\d\d?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|^[+-]?\d[\d\s.,]*$|@")
"""A date, a number or an address: no name of a column."""


def hint_at_columns(given: str, present: Sequence[str]) -> str:
    """Return a hint at the columns of a file, unless its first line seems to hold values."""
    if is_headless(present):
        return "the first line of the file seems to hold values and not names"
    return did_you_mean(given, present)


def is_headless(present: Collection[str]) -> bool:
    """Whether what stands for names of columns seems to be values."""
    return any(_READS_AS_DATA.search(name) for name in present)


def header_findings(contract: TableContract, present: Collection[str]) -> list[Finding]:
    """Return what is wrong with the names of the columns that a table has."""
    missing = [name for name in contract.required if name not in present]
    ignored = sorted(set(present) - set(contract.names))
    if missing and is_headless(present):
        return [_headless(contract, missing)]
    if missing:
        return [_missing(contract, missing, sorted(present))]
    return [_ignored(contract, ignored)] if ignored else []


def _headless(contract: TableContract, missing: list[str]) -> Finding:
    return Finding(
        severity="error",
        table=contract.name,
        message=(
            f"lacks {', '.join(missing)}, and its first line seems to hold values and not names."
        ),
        advice="Write the names of the columns into the first line of the file.",
    )


def _missing(contract: TableContract, missing: list[str], present: list[str]) -> Finding:
    return Finding(
        severity="error",
        table=contract.name,
        message=f"lacks {', '.join(missing)}; it has {', '.join(present)}.",
        advice=(
            "It has one column only: if its delimiter is unusual, read it by a query with "
            "read_csv(..., delim = '...')."
            if len(present) == 1
            else f'Map them: [tables.{contract.name}] columns = {{ {missing[0]} = "..." }}, '
            f"or name them so in the query.{_without_amounts(contract, missing)}"
        ),
    )


def _without_amounts(contract: TableContract, missing: list[str]) -> str:
    if contract.name != "transactions" or "amount" not in missing:
        return ""
    return " If you have no amounts, use a query with 1 AS amount."


def _ignored(contract: TableContract, ignored: list[str]) -> Finding:
    return Finding(
        severity="advice",
        table=contract.name,
        message=f"has columns that nobody reads: {', '.join(ignored)}.",
        advice="Leave them, or map them to columns of the contract.",
    )
