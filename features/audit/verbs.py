"""The verb ``audit-leakage`` of the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import (
    DEFAULT_CONFIG,
    ConfigOption,
    progress_shown,
    require_report_path,
    write_text,
)

INSTANTS = 3
"""Instants that are tried where none is named."""


def register(app: typer.Typer) -> None:
    """Add the verb of this package."""
    app.command("audit-leakage")(audit_leakage)


def audit_leakage(
    as_of: Annotated[
        str | None,
        typer.Option(help="Instants, separated by commas.", show_default="the last matured"),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(help="Feature table of your own, Parquet or CSV.", show_default="none"),
    ] = None,
    query: Annotated[
        Path | None,
        typer.Option(help="Query of your own over the tables, .sql.", show_default="none"),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the report as a page, .html.", show_default="none")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the report for programs, .json.", show_default="none")
    ] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal perturbations.")] = 0,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Prove on your own tables that features cannot see the future, and judge columns you bring."""
    from ebbtide.clock import parse_instant
    from ebbtide.errors import SettingsError
    from ebbtide.project import load_project
    from features.audit.audit import require_clean, run_audit
    from features.audit.document import audit_json
    from features.audit.instants import last_matured_instants
    from features.audit.own_columns import read_own_table
    from features.audit.own_query import read_query
    from features.audit.page import audit_page
    from features.audit.terminal import print_audit
    from features.sources import open_tables

    project = load_project(config)
    if project.snapshot_table is not None:
        raise SettingsError(
            "[snapshot_table] has no events and no clocks: nothing can be perturbed, so nothing "
            "about leakage can be proved. Bring tables of events, [tables.transactions] at least."
        )
    if features is not None and "transactions" not in project.tables:
        raise SettingsError(
            "Columns of your own are held against purchases, and the project has no "
            "tables.transactions. Audit without --features."
        )
    require_report_path(html, project, option="--html", suffix=".html")
    require_report_path(json, project, option="--json", suffix=".json")
    sql = None if query is None else read_query(query)
    now = datetime.now(UTC)
    with progress_shown("Auditing") as progress:
        tables = open_tables(project, now=now, progress=progress)
        log_end = tables.log_end(now=now)
        named = [
            parse_instant(text, time_zone=project.project.time_zone)
            for text in ([] if as_of is None else as_of.split(","))
        ]
        for instant in named:
            tables.require_observed(instant, now=now)
        frames = None
        if features is not None:
            frames = read_own_table(tables, features, as_of=named, most=INSTANTS, before=log_end)
        instants = named or last_matured_instants(
            project, log_start=tables.log_start(now=now), log_end=log_end, count=INSTANTS
        )
        audit = run_audit(
            tables,
            project,
            as_of=sorted(set(instants)),
            seed=seed,
            query=sql,
            frames=frames,
            log_end=log_end,
            progress=progress,
        )
    # Written first: a report must not be lost to a terminal that cannot show it.
    if html is not None:
        write_text(audit_page(audit), html)
    if json is not None:
        write_text(audit_json(audit), json)
    print_audit(audit)
    require_clean(audit)
