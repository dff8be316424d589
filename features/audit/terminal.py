"""An audit on the terminal.

Names of columns are the user's own, and are shown as they are, brackets included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words
from ebbtide.console import screen
from features.audit.conclusion import conclusions
from features.audit.summary import leaks, not_tried, tried

if TYPE_CHECKING:
    from features.audit.audit import Audit, Movements
    from features.audit.own_table import OwnAudit


def print_audit(audit: Audit) -> None:
    """Print what was tried, what moved, and what could not be tried."""
    console = screen()
    _print_tried(audit.catalogue, f"Catalogue, {len(audit.catalogue.columns)} features")
    _print_leaks(audit.catalogue)
    if audit.query is not None:
        _print_tried(audit.query, f"Query, {len(audit.query.columns)} columns")
        _print_leaks(audit.query)
    if audit.own is not None:
        _print_own(audit.own, time_zone=audit.time_zone)
    for sentence in not_tried(audit):
        console.print(f"Not tried: {sentence}", highlight=False, markup=False)
    for one in conclusions(audit):
        console.print(one.sentence, highlight=False, markup=False)


def _print_tried(movements: Movements, title: str) -> None:
    from rich.table import Table

    names = sorted({table for trial in movements.trials for table in trial.touched})
    listed = Table("perturbation", *names, "outcome", title=title)
    for row in tried(movements):
        counts = [f"{row.touched[name]:,}" if row.touched.get(name) else "–" for name in names]
        listed.add_row(row.perturbation.name, *counts, row.outcome)
    screen().print(listed)


def _print_leaks(movements: Movements) -> None:
    from rich.table import Table

    found = leaks(movements)
    if not found:
        return
    listed = Table("column", "moved by", "through", "customers", "largest change", title="Moved")
    for leak in found:
        change = "" if leak.largest_change is None else f"{leak.largest_change:.6g}"
        listed.add_row(
            leak.column,
            leak.perturbation.name,
            ", ".join(leak.tables) or "several together",
            f"{leak.customers:,}",
            change,
        )
    screen().print(listed)


def _print_own(own: OwnAudit, *, time_zone: str) -> None:
    from rich.table import Table

    customers = ", ".join(
        f"{day_in_words(at, time_zone=time_zone)}: {count:,}" for at, count in own.customers.items()
    )
    listed = Table("column", "verdict", "evidence", title=f"Feature table ({customers} customers)")
    for one in own.verdicts:
        listed.add_row(one.column, one.judgement, "\n".join(one.reasons))
    screen().print(listed)
