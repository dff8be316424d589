"""The verb ``segments``: who the customers are at an instant, and who of them left."""

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
    """Add the verb."""
    app.command("segments")(segments)


def segments(
    as_of: Annotated[str, typer.Option(help="Instant of the snapshot, exclusive.")],
    out: Annotated[
        Path | None, typer.Option(help="Parquet or CSV file to write, a row for each customer.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    language: Annotated[str, typer.Option(help="Language of the names: en or zh.")] = "en",
) -> None:
    """Show RFM segments, customer levels and value types, and how many of each left."""
    from ebbtide.clock import day_in_words, parse_instant
    from ebbtide.definition import NobodyAlive
    from ebbtide.errors import SettingsError
    from ebbtide.project import load_project
    from ebbtide.words import spoken_language
    from features.labels import label_snapshot
    from features.segments.facts import segment_frame
    from features.segments.listing import customer_rows
    from features.segments.profile import profiles
    from features.segments.report import profile_table
    from features.segments.scale import SegmentScale
    from features.sources import open_tables

    project = load_project(config)
    spoken = spoken_language(language)
    if project.snapshot_table is None and "transactions" not in project.tables:
        raise SettingsError(
            "Segments are made of purchases, and the project has no tables.transactions. Add them."
        )
    if out is not None:
        require_table_path(out, project)
    present = datetime.now(UTC)
    instant = parse_instant(as_of, time_zone=project.project.time_zone)
    day = day_in_words(instant, time_zone=project.project.time_zone)
    definition = project.definition
    with progress_shown("Segments") as progress:
        tables = open_tables(project, now=present, progress=progress)
        tables.require_observed(instant, now=present)
        progress(f"as of {day}")
        frame = segment_frame(
            tables,
            as_of=instant,
            lookback_days=project.snapshots.lookback_days,
            definition=definition,
        )
        if frame.num_rows == 0:
            raise NobodyAlive(day, definition)
        scale = SegmentScale.of(frame, project.segments, definition=definition)
        placed = scale.segments(frame)
        churned, until = None, tables.log_end(now=present)
        if definition.window(instant).has_matured(now=until):
            labels = label_snapshot(tables, as_of=instant, now=until, definition=definition)
            churned = labels["churned"].to_numpy()
    console = screen()
    described = profiles(frame, placed, scale=scale, churned=churned)
    for column, groups in described.items():
        shown = profile_table(column, groups, currency=project.project.currency, language=spoken)
        console.print(shown)
    outcome = "not known yet" if churned is None else definition.sentence
    console.print(
        f"{placed.num_rows:,} customers alive at {day}; churn: {outcome}.",
        highlight=False,
        soft_wrap=True,
    )
    if scale.limits.many_products is None and scale.limits.many_categories is None:
        console.print(
            "Nobody can be high value-added: products and categories are not in the data, or "
            "nobody buys more of them than others.",
            highlight=False,
            soft_wrap=True,
        )
    if out is not None:
        write_table(customer_rows(frame, placed, churned=churned, language=spoken), out)
        typer.echo(f"{placed.num_rows:,} customers: {out}")
