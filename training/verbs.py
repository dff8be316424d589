"""Verbs of the command line that make models: all of this package, and here those that train."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import (
    DEFAULT_CONFIG,
    ConfigOption,
    bundle_key,
    progress_shown,
    require_table_path,
    write_table,
)
from training.pages import verbs as pages
from training.registry_verbs import models, promote, rollback
from training.score_verb import score
from training.simulate_verb import simulate
from training.tuning import verbs as tuning


def register(app: typer.Typer) -> None:
    """Add the verbs of this package."""
    for verb in (simulate, train, models, promote, rollback, score, backtest):
        app.command(verb.__name__)(verb)
    tuning.register(app)
    pages.register(app)


def train(
    config: ConfigOption = DEFAULT_CONFIG,
    as_of: Annotated[
        str | None, typer.Option(help="Pretend that it is this instant; default: end of the log.")
    ] = None,
) -> None:
    """Train every candidate, track them in MLflow, and register the best as challenger."""
    from ebbtide.clock import parse_instant
    from ebbtide.project import load_project
    from features.sources import open_tables
    from training.recordable import require_recordable
    from training.report import print_trained
    from training.tracking import record
    from training.train import train as train_candidates

    project = load_project(config)
    if project.snapshot_table is not None:
        from training.snapshot_table.runs import train_on_table

        train_on_table(project, as_of=as_of)
        return
    with progress_shown("Training") as progress:
        progress("look whether it can be recorded")
        require_recordable(project)
        present = datetime.now(UTC)
        tables = open_tables(project, now=present, progress=progress)
        now = tables.log_end(now=present)
        if as_of is not None:
            now = parse_instant(as_of, time_zone=project.project.time_zone)
            tables.require_observed(now, now=present)
        trained = train_candidates(tables, project, now=now, progress=progress)
        registered = record(tables, project, trained, key=bundle_key(), progress=progress)
    print_trained(trained, registered)


def backtest(
    as_of: Annotated[str, typer.Option(help="Instants, separated by commas.")],
    out: Annotated[Path, typer.Option(help="Parquet or CSV file; a summary is written beside it.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Train at each past date on what was known then, and compare with what came."""
    from ebbtide.clock import parse_instant
    from ebbtide.project import load_project
    from features.sources import open_tables
    from training.backtest import backtest as relive
    from training.report import print_backtest

    project = load_project(config)
    require_table_path(out, project)
    zone = project.project.time_zone
    dates = [parse_instant(date, time_zone=zone) for date in as_of.split(",")]
    with progress_shown("Backtest") as progress:
        present = datetime.now(UTC)
        tables = open_tables(project, now=present, progress=progress)
        for date in dates:
            tables.require_observed(date, now=present)
        predictions, summary = relive(
            tables,
            project,
            dates,
            observed_until=tables.log_end(now=present),
            progress=progress,
        )
    write_table(predictions, out)
    beside = out.with_suffix(".json")
    beside.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print_backtest(summary, time_zone=zone)
    typer.echo(f"{predictions.num_rows:,} predictions: {out}; summary: {beside}")
