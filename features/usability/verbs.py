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
    from features.usability.report import UsabilityReport


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
    from ebbtide.contracts.findings import raise_if_errors
    from ebbtide.project import load_project
    from features.usability.document import report_json
    from features.usability.page import report_page
    from features.usability.report import usability_report

    project = load_project(config)
    if project.snapshot_table is not None:
        from ebbtide.errors import SettingsError
        from features.snapshot_table.verbs import check_table_of

        if html is not None or json is not None:
            raise SettingsError(
                "--html and --json report on tables of events; with a [snapshot_table] the check "
                "is printed only. Leave them out."
            )
        check_table_of(project)
        return
    require_report_path(html, project, option="--html", suffix=".html")
    require_report_path(json, project, option="--json", suffix=".json")
    with progress_shown("Checking") as progress:
        report = usability_report(project, now=datetime.now(UTC), progress=progress)
    _show(report)
    for out, text in ((html, report_page), (json, report_json)):
        if out is not None:
            write_text(text(report), out)
            typer.echo(f"report: {out}")
    raise_if_errors(report.findings)
    typer.echo(f"{len(project.tables)} table(s) keep their contract.")


def _show(report: UsabilityReport) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = screen()
    listed = Table("severity", "where", "rows", "what", "what to do", title="Findings")
    for finding in report.findings:
        rows = f"{finding.count:,}" if finding.count else ""
        said = escape(finding.message), escape(finding.advice)
        listed.add_row(finding.severity, escape(finding.place), rows, *said)
    if report.findings:
        console.print(listed)
    console.print(report.sufficiency.sentence, highlight=False, markup=False)
    for missing in report.sufficiency.missing:
        console.print(f"  missing: {missing}", highlight=False, markup=False)
