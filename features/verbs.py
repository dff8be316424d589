"""The verb ``features`` of the command line."""

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
    write_table,
)


def register(app: typer.Typer) -> None:
    """Add the verb of this package."""
    app.command("features")(features)


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
