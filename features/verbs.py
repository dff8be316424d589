"""Verbs of the command line that look at data: ``check-data`` and ``features``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import (
    DEFAULT_CONFIG,
    ConfigOption,
    progress_shown,
    require_table_path,
    screen,
    write_table,
)


def register(app: typer.Typer) -> None:
    """Add the verbs of this package."""
    app.command("check-data")(check_data)
    app.command("features")(features)


def check_data(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check every table against its contract, and say what to do about what is found."""
    from rich.table import Table

    from ebbtide.contracts.findings import raise_if_errors
    from ebbtide.project import load_project
    from features.sources import check_sources
    from features.tables import connect

    project = load_project(config)
    with progress_shown("Checking") as progress:
        connection = connect(project.project.time_zone)
        findings, _ = check_sources(connection, project, now=datetime.now(UTC), progress=progress)
    listed = Table("severity", "where", "rows", "what", "what to do", title="Findings")
    for finding in findings:
        rows = f"{finding.count:,}" if finding.count else ""
        listed.add_row(finding.severity, finding.place, rows, finding.message, finding.advice)
    console = screen()
    if findings:
        console.print(listed)
    raise_if_errors(findings)
    console.print(f"{len(project.tables)} table(s) keep their contract.", highlight=False)


def features(
    as_of: Annotated[str, typer.Option(help="Instant of the snapshot, exclusive.")],
    out: Annotated[Path, typer.Option(help="Parquet or CSV file to write.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write the features of every customer who lives at an instant."""
    from ebbtide.clock import parse_instant
    from ebbtide.errors import NotReady
    from ebbtide.project import load_project
    from features.catalogue.catalogue import features_present
    from features.snapshot import build_snapshot
    from features.sources import open_tables

    project = load_project(config)
    require_table_path(out, project)
    now = datetime.now(UTC)
    instant = parse_instant(as_of, time_zone=project.project.time_zone)
    with progress_shown("Reading") as progress:
        tables = open_tables(project, now=now, progress=progress)
        tables.require_observed(instant, now=now)
        chosen = features_present(tables.columns)
        progress(f"{len(chosen)} features as of {instant.isoformat()}")
        snapshot = build_snapshot(
            tables,
            as_of=instant,
            features=chosen,
            lookback_days=project.snapshots.lookback_days,
            definition=project.definition,
        )
    if snapshot.num_rows == 0:
        raise NotReady(
            f"Nobody is alive at {instant.date()}: {project.definition.sentence}. Choose an "
            f"--as-of within the log."
        )
    write_table(snapshot, out)
    typer.echo(f"{snapshot.num_rows:,} customers, {len(chosen)} features: {out}")
