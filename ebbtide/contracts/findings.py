"""What a check found: how grave, where, how many, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ebbtide.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning", "advice"]

_GRAVITY: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with a table, or worth knowing. It never holds a customer's value."""

    severity: Severity
    table: str
    column: str | None = None
    count: int = 0
    """How many rows are concerned; 0 where the finding is about the whole table."""
    message: str
    advice: str

    @property
    def place(self) -> str:
        """Table and column as one word."""
        return self.table if self.column is None else f"{self.table}.{self.column}"


def errors_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by gravity, otherwise in the order they came."""
    return sorted(findings, key=lambda finding: _GRAVITY.index(finding.severity))


def raise_if_errors(findings: Iterable[Finding]) -> None:
    """Raise once, with every finding that is an error.

    Raises
    ------
    ContractError
        If any finding is an error.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    lines = [f"The data break their contract in {len(errors)} place(s):"]
    lines += [f"  {error.place}: {error.message} {error.advice}{_rows(error)}" for error in errors]
    raise ContractError("\n".join(lines))


def _rows(finding: Finding) -> str:
    return f" Rows: {finding.count:,}." if finding.count else ""
