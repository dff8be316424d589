"""The verb ``check-data`` of the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ebbtide.console import (
    DEFAULT_CONFIG,
    ConfigOption,
    progress_shown,
    require_report_path,
    screen,
    write_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.project import Project


def register(app: typer.Typer) -> None:
    """Add the verb of this package."""
    app.command("check-data")(check_data)


def check_data(
    html: Annotated[
        Path | None, typer.Option(help="Write the report as a page, .html.", show_default="none")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the report for programs, .json.", show_default="none")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Check every table: what is wrong, what to do, and whether it is enough to train."""
    from ebbtide.project import load_project

    project = load_project(config)
    require_report_path(html, project, option="--html", suffix=".html")
    require_report_path(json, project, option="--json", suffix=".json")
    if project.snapshot_table is None:
        _check_log(project, html, json)
    else:
        _check_flat(project, html, json)


def _check_log(project: Project, html: Path | None, json: Path | None) -> None:
    from ebbtide.contracts.findings import raise_if_errors
    from features.snapshot_table.listing import print_findings
    from features.usability.document import report_json
    from features.usability.page import report_page
    from features.usability.report import usability_report

    with progress_shown("Checking") as progress:
        report = usability_report(project, now=datetime.now(UTC), progress=progress)
    print_findings(report.findings)
    _print_verdict(report.sufficiency.sentence, report.sufficiency.missing)
    if html is not None:
        write_text(report_page(report), html)
    if json is not None:
        write_text(report_json(report), json)
    raise_if_errors(report.findings)
    typer.echo(f"{len(project.tables)} table(s) keep their contract.")


def _check_flat(project: Project, html: Path | None, json: Path | None) -> None:
    from ebbtide.contracts.findings import raise_if_errors
    from features.snapshot_table.listing import print_contract, print_findings
    from features.usability.flat import flat_report
    from features.usability.flat_page import flat_json, flat_page

    with progress_shown("Checking") as progress:
        report = flat_report(project, now=datetime.now(UTC), progress=progress)
    if report.contract is not None:
        print_contract(report.contract)
    print_findings(report.findings)
    _print_verdict(report.sentence, report.missing)
    if html is not None:
        write_text(flat_page(report), html)
    if json is not None:
        write_text(flat_json(report), json)
    raise_if_errors(report.findings)
    typer.echo(
        "There is no contract yet: train writes it, and so does ebbtide contract."
        if report.is_new
        else f"The table keeps its contract, {project.contract_path.name}."
    )


def _print_verdict(sentence: str, missing: Sequence[str]) -> None:
    console = screen()
    for line in (sentence, *(f"  missing: {text}" for text in missing)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
