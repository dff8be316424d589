"""A study as a person reads it on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from ebbtide.console import screen
from training.definition_lab import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.definition_lab.study import Study

IDLE_SHOWN = (30, 60, 90, 120, 180, 365)


def print_study(study: Study) -> None:
    """Show return rates, horizons, populations, and the advice with what to write.

    Parameters
    ----------
    study : what the lab found out.
    """
    console = screen()
    columns, rows = wording.return_rows(study)
    shown = [row for row in rows if int(row[0]) in IDLE_SHOWN]
    console.print(_table("Who comes back after a silence", columns, shown))
    console.print(
        _table(
            f"What each horizon says (gap {study.present.gap_days} days, alive if bought within "
            f"{study.present.active_within_days} days)",
            wording.HORIZON_COLUMNS,
            wording.horizon_rows(study),
        )
    )
    columns, rows = wording.population_rows(study)
    if rows:
        console.print(_table("Who is in the population", columns, rows))
    advice = study.recommendation
    lines = [
        wording.basis(study),
        *wording.how_measured(study),
        "Unlike: share of labels that differ from the present definition, and from the next longer "
        "horizon. Calibration error: mean gap between promised and realised share.",
        *(f"Left out: {line}." for line in study.grid.left_out),
    ]
    if study.cost_model is not None:
        lines.append(f"Losses are in {study.currency} per round of 1,000 customers:")
        lines += [f"  {line}" for line in study.cost_model.assumptions]
    lines += ["", advice.headline, *(f"  {line}" for line in advice.why)]
    if study.populations:
        lines.append(f"  {wording.population_advice(study)}")
    if advice.would_change:
        lines += ["What would change this:", *(f"  {line}" for line in advice.would_change)]
    if advice.definition is not None:
        lines += ["In the project file:", "", advice.churn_lines.rstrip("\n")]
    for line in lines:
        console.print(line, highlight=False, markup=False)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    return table
