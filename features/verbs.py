"""The verb ``features`` of the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption, progress_shown, write_table
from features.engine import (
    Engine,
    MasterOption,
    SparkConfOption,
    local_table_path,
    require_no_spark_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from ebbtide.project import Project


def register(app: typer.Typer) -> None:
    """Add the verb of this package."""
    app.command("features")(features)


def features(
    as_of: Annotated[str, typer.Option(help="Instant of the snapshot, exclusive.")],
    out: Annotated[
        str, typer.Option(help="Parquet or CSV file to write; with Spark a folder, too.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    engine: Annotated[
        Engine,
        typer.Option(help="What computes: local, duckdb or spark; values are equal to 1e-9."),
    ] = Engine.local,
    master: MasterOption = None,
    spark_conf: SparkConfOption = None,
) -> None:
    """Write the features of every customer who lives at an instant."""
    from ebbtide.clock import day_in_words, parse_instant
    from ebbtide.definition import NobodyAlive
    from ebbtide.project import load_project

    project = load_project(config)
    instant = parse_instant(as_of, time_zone=project.project.time_zone)
    with progress_shown("Reading") as progress:
        if engine is Engine.spark:
            rows, columns = _on_spark(project, instant, out, progress, master, spark_conf or [])
        else:
            require_no_spark_options(master, spark_conf)
            path = local_table_path(out, project)
            snapshot = _here(project, instant, engine, progress)
            rows, columns = snapshot.num_rows, snapshot.num_columns
            if rows:
                write_table(snapshot, path)
    if rows == 0:
        day = day_in_words(instant, time_zone=project.project.time_zone)
        raise NobodyAlive(day, project.definition)
    typer.echo(f"{rows:,} customers, {columns - 2} features: {out}")


def _here(
    project: Project, as_of: datetime, engine: Engine, progress: Callable[[str], None]
) -> pa.Table:
    """Return the snapshot, computed in this process."""
    from ebbtide.clock import day_in_words
    from features.catalogue.catalogue import features_present
    from features.duckdb_snapshot import duckdb_snapshot
    from features.expectations import with_expectations
    from features.snapshot import SnapshotBuilder
    from features.sources import open_tables

    now = datetime.now(UTC)
    tables = open_tables(project, now=now, progress=progress)
    tables.require_observed(as_of, now=now)
    chosen = features_present(tables.columns)
    progress(f"{len(chosen)} features as of {day_in_words(as_of, time_zone=tables.time_zone)}")
    lookback, definition = project.snapshots.lookback_days, project.definition
    builder = SnapshotBuilder.of(
        tables, features=chosen, lookback_days=lookback, definition=definition
    )
    if engine is Engine.local:
        return builder.at(as_of)
    return duckdb_snapshot(
        tables,
        as_of=as_of,
        features=with_expectations(chosen, builder.fit(as_of), definition=definition),
        lookback_days=lookback,
        definition=definition,
    )


def _on_spark(
    project: Project,
    as_of: datetime,
    out: str,
    progress: Callable[[str], None],
    master: str | None,
    conf: list[str],
) -> tuple[int, int]:
    """Write the snapshot with Spark and return how many rows and columns it has."""
    from ebbtide.clock import day_in_words
    from features.catalogue.catalogue import features_present
    from features.spark.output import require_place, write_frame
    from features.spark.session import spark_conf, spark_session
    from features.spark.snapshot import spark_snapshot
    from features.spark.sources import open_spark_tables

    now = datetime.now(UTC)
    settings = spark_conf(conf)
    progress("start Spark")
    with spark_session(master, settings) as session:
        require_place(session, out, project)
        tables = open_spark_tables(project, session, now=now, progress=progress)
        tables.require_observed(as_of, now=now)
        chosen = features_present(tables.columns)
        progress(f"{len(chosen)} features as of {day_in_words(as_of, time_zone=tables.time_zone)}")
        frame = spark_snapshot(
            tables,
            as_of=as_of,
            features=chosen,
            lookback_days=project.snapshots.lookback_days,
            definition=project.definition,
        )
        return write_frame(frame, out), len(frame.columns)
