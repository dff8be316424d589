"""Verbs of the command line that make models and use them in bulk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
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
from features.engine import (
    MasterOption,
    ScoringEngine,
    SparkConfOption,
    local_table_path,
    require_no_spark_options,
)
from training.pages import verbs as pages
from training.tuning import verbs as tuning


class SimulatedKind(StrEnum):
    """What is simulated."""

    shop = "shop"
    subscriptions = "subscriptions"


AcceptOption = Annotated[
    list[str] | None,
    typer.Option("--accept", help="Code of a refusal that you have looked into; repeatable."),
]
WhyOption = Annotated[str, typer.Option("--why", help="Reason, kept in the history.")]
WhoOption = Annotated[
    str | None, typer.Option("--who", help="Who does it; default: the user of this machine.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs of this package."""
    for verb in (simulate, train, models, promote, rollback, score, backtest):
        app.command(verb.__name__)(verb)
    tuning.register(app)
    pages.register(app)


def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write; made if absent.")],
    customers: Annotated[int, typer.Option(help="How many customers.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 0,
    drift: Annotated[float, typer.Option(help="How far the last quarter drifts, 0 to 3.")] = 0.0,
    kind: Annotated[SimulatedKind, typer.Option(help="A shop, or a service with contracts.")] = (
        SimulatedKind.shop
    ),
) -> None:
    """Simulate a company whose true risks are known: tables, project file, policy, and truth."""
    from ebbtide.project import STARTER_POLICY
    from training.simulator.shop import simulate as simulate_shop

    if kind is SimulatedKind.subscriptions:
        _simulate_service(out, customers=customers, seed=seed, drift=drift)
        return
    with progress_shown("Simulating") as progress:
        shop = simulate_shop(
            out,
            customers=customers,
            seed=seed,
            drift=drift,
            policy_text=STARTER_POLICY.read_text(encoding="utf-8"),
            progress=progress,
        )
    rows = ", ".join(f"{name} {n:,}" for name, n in shop.rows.items())
    typer.echo(f"{shop.customers:,} customers ({rows}).")
    typer.echo(f"Project file: {shop.project_file}. The truth, for checks only: {shop.truth_file}.")


def _simulate_service(out: Path, *, customers: int, seed: int, drift: float) -> None:
    from ebbtide.errors import SettingsError
    from ebbtide.project import STARTER_POLICY
    from training.simulator.service.service import simulate_service

    if drift:
        raise SettingsError("--drift goes with --kind shop; contracts do not drift.")
    with progress_shown("Simulating") as progress:
        service = simulate_service(
            out,
            customers=customers,
            seed=seed,
            policy_text=STARTER_POLICY.read_text(encoding="utf-8"),
            progress=progress,
        )
    rows = ", ".join(f"{name} {n:,}" for name, n in service.rows.items())
    typer.echo(f"{service.customers:,} customers ({rows}).")
    typer.echo(
        f"Project file: {service.project_file}. The truth, for checks only: {service.truth_file}."
    )


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
    from training.report import print_trained
    from training.tracking import record
    from training.train import train as train_candidates

    project = load_project(config)
    if project.snapshot_table is not None:
        from training.snapshot_table.runs import train_on_table

        train_on_table(project, as_of=as_of)
        return
    with progress_shown("Training") as progress:
        present = datetime.now(UTC)
        tables = open_tables(project, now=present, progress=progress)
        now = tables.log_end(now=present)
        if as_of is not None:
            now = parse_instant(as_of, time_zone=project.project.time_zone)
            tables.require_observed(now, now=present)
        trained = train_candidates(tables, project, now=now, progress=progress)
        registered = record(tables, project, trained, key=bundle_key(), progress=progress)
    print_trained(trained, registered)


def models(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List the registered versions with their aliases and measures, and the promotions."""
    from ebbtide.project import load_project
    from training.registry import connect_registry, promotions, versions
    from training.report import print_versions

    project = load_project(config)
    client = connect_registry(project)
    listed = versions(client, project.model_name)
    print_versions(
        project.model_name,
        listed,
        promotions(client, project.model_name),
        time_zone=project.project.time_zone,
    )


def promote(
    why: WhyOption,
    config: ConfigOption = DEFAULT_CONFIG,
    version: Annotated[
        str | None, typer.Option(help="Which version; default: the challenger.")
    ] = None,
    accept: AcceptOption = None,
    who: WhoOption = None,
) -> None:
    """Make a version the champion, if it passes the gate."""
    from ebbtide.project import load_project
    from training import registry

    project = load_project(config)
    client = registry.connect_registry(project)
    number = registry.promote(
        client,
        project.model_name,
        number=version,
        key=bundle_key(),
        settings=project.gate,
        who=who or _user(),
        why=why,
        at=datetime.now(UTC),
        accepted=accept or [],
    )
    typer.echo(f"Version {number} of {project.model_name} is champion.")


def rollback(why: WhyOption, config: ConfigOption = DEFAULT_CONFIG, who: WhoOption = None) -> None:
    """Make the champion before the present one champion again."""
    from ebbtide.project import load_project
    from training import registry

    project = load_project(config)
    client = registry.connect_registry(project)
    number = registry.rollback(
        client, project.model_name, who=who or _user(), why=why, at=datetime.now(UTC)
    )
    typer.echo(f"Version {number} of {project.model_name} is champion again.")


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


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
