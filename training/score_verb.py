"""The verb ``ebbtide score``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption, bundle_key, progress_shown, write_table
from features.engine import (
    MasterOption,
    ScoringEngine,
    SparkConfOption,
    local_table_path,
    require_no_spark_options,
)


def score(
    out: Annotated[
        str,
        typer.Option(
            help="Parquet or CSV file to write; with --features Parquet; with Spark a folder, too."
        ),
    ],
    as_of: Annotated[
        str | None,
        typer.Option(help="Instant of the snapshot, exclusive; with --features that of the file."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    language: Annotated[str, typer.Option(help="Language of the texts: en or zh.")] = "en",
    publish: Annotated[
        bool, typer.Option("--publish", help="Also give the snapshot to the service.")
    ] = False,
    no_histories: Annotated[
        bool,
        typer.Option("--no-histories", help="With --publish: do not give it the rows as well."),
    ] = False,
    interval: Annotated[
        bool, typer.Option("--interval", help="Also say how sure each probability is.")
    ] = False,
    no_reasons: Annotated[
        bool, typer.Option("--no-reasons", help="Leave the reasons out, which takes less time.")
    ] = False,
    table: Annotated[
        Path | None, typer.Option(help="With a snapshot table: file of the rows to score.")
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="Parquet file of features that were made before.")
    ] = None,
    engine: Annotated[
        ScoringEngine, typer.Option(help="What computes: local or spark; values are equal to 1e-9.")
    ] = ScoringEngine.local,
    master: MasterOption = None,
    spark_conf: SparkConfOption = None,
) -> None:
    """Score every living customer with the champion."""
    import tempfile

    from ebbtide.clock import parse_instant
    from ebbtide.errors import SettingsError
    from ebbtide.policy.file import load_policy
    from ebbtide.project import load_project
    from ebbtide.store.sql import open_store
    from ebbtide.words import spoken_language
    from features.sources import open_tables
    from training.publishing import publish_histories
    from training.registry import connect_registry, fetch_champion
    from training.score import score_snapshot, snapshot_for
    from training.score_segments import with_segments

    if no_histories and not publish:
        raise SettingsError("--no-histories goes with --publish only: nothing else stores them.")
    stated = _stated(as_of) if features is None else ""
    project = load_project(config)
    spoken = spoken_language(language)
    if engine is ScoringEngine.spark:
        from training.score_spark_run import score_with_spark

        if table is not None or features is not None or no_reasons:
            raise SettingsError("--table, --features and --no-reasons go with --engine local only.")
        scored_by = score_with_spark(
            project,
            as_of=stated,
            out=out,
            language=spoken,
            publish=publish,
            with_interval=interval,
            master=master,
            conf=spark_conf or [],
        )
        typer.echo(scored_by)
        return
    require_no_spark_options(master, spark_conf)
    path = local_table_path(out, project)
    if features is not None:
        from training.score_features import score_features_of

        if table is not None or publish:
            raise SettingsError("--features goes with neither --table nor --publish.")
        rows, version = score_features_of(
            project,
            features,
            out=path,
            as_of=as_of,
            language=spoken,
            with_interval=interval,
            with_reasons=not no_reasons,
        )
        typer.echo(f"{rows:,} customers scored by {version}: {out}")
        return
    if project.snapshot_table is not None:
        from training.snapshot_table.runs import score_table

        score_table(
            project,
            as_of=stated,
            out=path,
            table=table,
            language=spoken,
            publish=publish,
            with_interval=interval,
            with_reasons=not no_reasons,
        )
        return
    if table is not None:
        raise SettingsError("--table goes with a [snapshot_table]; this project has events.")
    policy = load_policy(project.policy_path)
    instant = parse_instant(stated, time_zone=project.project.time_zone)
    client = connect_registry(project)
    with tempfile.TemporaryDirectory() as scratch, progress_shown("Scoring") as progress:
        progress("fetch the champion")
        bundle = fetch_champion(client, project.model_name, Path(scratch), key=bundle_key())
        present = datetime.now(UTC)
        tables = open_tables(project, now=present, progress=progress)
        tables.require_observed(instant, now=present)
        snapshot = snapshot_for(bundle, tables, as_of=instant)
        scored = score_snapshot(
            snapshot,
            bundle=bundle,
            policy=policy,
            as_of=instant,
            scored_at=datetime.now(UTC),
            language=spoken,
            with_interval=interval,
            with_reasons=not no_reasons,
            progress=progress,
        )
        scored = with_segments(
            scored,
            snapshot,
            tables=tables,
            bundle=bundle,
            settings=project.segments,
            as_of=instant,
        )
        write_table(scored, path)
        if publish:
            progress("publish the snapshot")
            store = open_store(project.database_url, folder=project.folder)
            store.publish_snapshots(snapshot.to_pandas(), basis=bundle.basis)
            if not no_histories:
                progress("publish the histories")
                publish_histories(store, tables, bundle=bundle, as_of=instant, now=present)
            store.close()
    typer.echo(f"{scored.num_rows:,} customers scored by {bundle.version}: {out}")


def _stated(as_of: str | None) -> str:
    from ebbtide.errors import SettingsError

    if as_of is None:
        raise SettingsError("Expected --as-of, the instant of the snapshot, such as 2026-03-01.")
    return as_of
