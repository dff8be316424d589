"""The verb ``ebbtide drift``: how the champion's scores and features have shifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption, bundle_key, progress_shown, screen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from ebbtide.drift.report import Report
    from ebbtide.drift.verdicts import Drift, Measured


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("drift")(drift)


def drift(
    config: ConfigOption = DEFAULT_CONFIG,
    days: Annotated[
        int, typer.Option(min=1, max=90, help="How far the window goes back, days.")
    ] = 7,
    is_all: Annotated[
        bool, typer.Option("--all", help="List what too few have for anything to be said, too.")
    ] = False,
) -> None:
    """Compare what the champion was asked and said lately with what it was trained on."""
    import tempfile
    from pathlib import Path

    from ebbtide.drift.report import report_on
    from ebbtide.drift.window import ANSWERS_READ
    from ebbtide.project import load_project
    from ebbtide.store.feature_sets import FeatureSets
    from ebbtide.store.prediction_window import log_parts
    from ebbtide.store.sql import open_store
    from training.registry import connect_registry, fetch_champion

    project = load_project(config)
    client = connect_registry(project)
    with tempfile.TemporaryDirectory() as scratch, progress_shown("Drift") as progress:
        progress("fetch the champion")
        bundle = fetch_champion(client, project.model_name, Path(scratch), key=bundle_key())
        progress("read the log")
        until = datetime.now(UTC)
        since = until - timedelta(days=days)
        store = open_store(project.database_url, folder=project.folder)
        try:
            parts = log_parts(
                store.database,
                FeatureSets(store.database),
                model_version=bundle.version,
                since=since,
                until=until,
                answers_of_first=2 * ANSWERS_READ,
            )
            report = report_on(bundle, parts, since=since, until=until)
        finally:
            store.close()
    judged = (report.score, *report.features)
    listed = judged if is_all else tuple(each for each in judged if is_told(each))
    if listed:
        screen().print(drift_table(listed))
    if len(listed) < len(judged):
        typer.echo(said_of_few(len(judged) - len(listed), out_of=len(judged)))
    typer.echo(said_of(report))


def is_told(drift: Drift) -> bool:
    """Return whether anything is said of the values, or of what is missing that it has shifted."""
    return drift.verdict != "too_few" or drift.missing_verdict not in ("too_few", "stable")


def drift_table(drifts: Iterable[Drift]) -> Table:
    """Return a table of scores and features, in the order given."""
    from rich.table import Table

    table = Table(box=None)
    for name in ("", "verdict", "beyond", "PSI", "KS", "missing", "at training", "missing is"):
        table.add_column(name, justify="left" if name in ("", "verdict", "missing is") else "right")
    for each in drifts:
        table.add_row(
            each.name,
            each.verdict,
            f"{each.beyond:.2f}",
            _against(each.psi),
            _against(each.ks),
            f"{each.missing_share:.1%}",
            f"{each.reference_missing_share:.1%}",
            each.missing_verdict,
        )
    return table


def said_of_few(count: int, *, out_of: int) -> str:
    """Return in a sentence how many are not listed.

    Examples
    --------
    >>> said_of_few(115, out_of=116)
    'Not listed: 115 of 116, of which fewer than 200 customers have a value (too_few); see --all.'
    """
    from ebbtide.drift.verdicts import FEWEST

    return (
        f"Not listed: {count} of {out_of}, of which fewer than {FEWEST} customers have a value "
        f"(too_few); see --all."
    )


def said_of(report: Report) -> str:
    """Return in sentences what the table is about."""
    cut = " There was more; the newest were looked at." if report.is_cut else ""
    return (
        f"Model {report.model_version}, {report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}: "
        f"{report.answers:,} answers about {report.customers:,} customers, {report.scored:,} with "
        f"a score, against {report.reference_customers:,} at training ({report.reference_as_of})."
        f"{cut} The log holds whom you asked about, not all customers. By chance alone anything at "
        f"all is called shifted in {report.level:.0%} of such tables."
    )


def _against(measured: Measured | None) -> str:
    return "" if measured is None else f"{measured.value:.3f} / {measured.threshold:.3f}"
