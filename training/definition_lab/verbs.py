"""Verb of the command line that asks what churn should mean: ``define``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption, progress_shown, write_text


def register(app: typer.Typer) -> None:
    """Add the verb of this package."""
    app.command("define")(define)


def define(
    config: ConfigOption = DEFAULT_CONFIG,
    html: Annotated[Path | None, typer.Option(help="Report to write, as one HTML file.")] = None,
    json: Annotated[Path | None, typer.Option(help="File to write all figures to.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Pretend that it is this instant; default: end of the log.")
    ] = None,
    max_false_goodbyes: Annotated[
        float,
        typer.Option(help="Share of the newly churned that may yet come back.", min=0, max=1),
    ] = 0.2,
    follow_up_days: Annotated[
        int, typer.Option(help="Days after the window in which they count as back.", min=1)
    ] = 90,
    min_of_each: Annotated[
        int, typer.Option(help="Leavers, and stayers, that a test snapshot must have.", min=10)
    ] = 100,
) -> None:
    """Show what the log says churn should mean, and recommend a definition with its evidence."""
    from ebbtide.clock import last_midnight, parse_instant
    from ebbtide.errors import SettingsError
    from ebbtide.policy.file import load_policy
    from ebbtide.project import load_project
    from features.sources import open_tables
    from training.definition_lab.figures import to_json
    from training.definition_lab.page import render_study
    from training.definition_lab.recommendation import Limits
    from training.definition_lab.study import study_definitions
    from training.definition_lab.summary import print_study

    project = load_project(config)
    if project.definition.kind == "contract_end":
        raise SettingsError(
            "The lab asks how long a silence must be to mean that a customer left; with churn.kind "
            "= contract_end the subscriptions say so. Take out churn.kind to ask it of purchases."
        )
    if "transactions" not in project.tables:
        raise SettingsError(
            f"Expected a project with purchases, but {str(config)!r} has no tables.transactions: "
            f"its label says what churn is. Add the purchases to ask what it should be."
        )
    policy = load_policy(project.policy_path)
    zone = project.project.time_zone
    with progress_shown("Definitions") as progress:
        present = datetime.now(UTC)
        tables = open_tables(project, now=present, progress=progress)
        ends_at = tables.log_end(now=present)
        if as_of is not None:
            instant = parse_instant(as_of, time_zone=zone)
            tables.require_observed(instant, now=present)
            ends_at = min(ends_at, last_midnight(instant, time_zone=zone))
        study = study_definitions(
            tables,
            project,
            policy,
            ends_at=ends_at,
            limits=Limits(
                max_false_goodbyes=max_false_goodbyes,
                follow_up_days=follow_up_days,
                min_of_each=min_of_each,
            ),
            progress=progress,
        )
    if html is not None:
        write_text(render_study(study), html)
    if json is not None:
        write_text(to_json(study), json)
    print_study(study)
    for written in (html, json):
        if written is not None:
            typer.echo(f"Written: {written}")
