"""What the check of a snapshot table found, and its contract, as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from ebbtide.console import screen
from features.snapshot_table.disclosure import column_holds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ebbtide.contracts.findings import Finding
    from ebbtide.contracts.snapshot_table import TableContract


def print_findings(findings: Iterable[Finding]) -> None:
    """Show findings, if there are any."""
    listed = Table("severity", "where", "rows", "what", "what to do", title="Findings")
    for finding in findings:
        rows = f"{finding.count:,}" if finding.count else ""
        said = finding.message, finding.advice
        listed.add_row(finding.severity, finding.place, rows, *said)
    if listed.row_count:
        screen().print(listed)


def print_contract(contract: TableContract) -> None:
    """Show what each column holds."""
    listed = Table("column", "kind", "holds", "null", title=f"Contract, of {contract.rows:,} rows")
    for column in contract.columns:
        holds = column_holds(column)
        listed.add_row(column.name, column.kind, holds, f"{column.null_share:.1%}")
    screen().print(listed)
