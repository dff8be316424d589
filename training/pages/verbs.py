"""Verbs that write pages: ``report`` and ``compare``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import (
    DEFAULT_CONFIG,
    ConfigOption,
    bundle_key,
    progress_shown,
    require_report_path,
    write_text,
)

HtmlOption = Annotated[Path, typer.Option(help="Page to write, .html.")]
VersionOption = Annotated[str | None, typer.Option(help="Which version; default: the challenger.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this package."""
    for verb in (report, compare):
        app.command(verb.__name__)(verb)


def report(
    html: HtmlOption, config: ConfigOption = DEFAULT_CONFIG, version: VersionOption = None
) -> None:
    """Write the report of a model: grade, promises, gains, profit, drivers, limits, lineage."""
    import tempfile

    from ebbtide.project import load_project
    from training.gate import GATE_TAG
    from training.pages.from_bundle import report_of
    from training.pages.report_page import report_page
    from training.registry import connect_registry, fetch_version

    project = load_project(config)
    require_report_path(html, project, option="--html", suffix=".html")
    client = connect_registry(project)
    with tempfile.TemporaryDirectory() as scratch, progress_shown("Report") as progress:
        progress("fetch the model")
        chosen, bundle = fetch_version(
            client, project.model_name, version, Path(scratch), key=bundle_key()
        )
        progress("draw")
        shown = report_of(
            bundle,
            project=project.project.name,
            currency=project.project.currency,
            version=chosen.number,
            gate=chosen.tags.get(GATE_TAG),
        )
        write_text(report_page(shown), html)
    letter = shown.grade.letter
    typer.echo(f"{f'Grade {letter}: ' if letter else ''}{shown.grade.reasons[0]}.")
    typer.echo(f"Version {chosen.number} written: {html}")


def compare(
    html: HtmlOption, config: ConfigOption = DEFAULT_CONFIG, version: VersionOption = None
) -> None:
    """Write a page that sets a version beside the champion, and say what the gate thinks."""
    import tempfile

    from ebbtide.errors import NotReady
    from ebbtide.project import load_project
    from training.gate import judge, verdict
    from training.pages.attach import compared, read_against
    from training.registry import champion_number, connect_registry, fetch_version

    project = load_project(config)
    require_report_path(html, project, option="--html", suffix=".html")
    client, name = connect_registry(project), project.model_name
    with tempfile.TemporaryDirectory() as scratch, progress_shown("Compare") as progress:
        progress("fetch the champion")
        folders = [Path(scratch) / each for each in ("champion", "challenger")]
        for folder in folders:
            folder.mkdir()
        number = champion_number(client, name)
        _, champion = fetch_version(client, name, number, folders[0], key=bundle_key())
        progress("fetch the challenger")
        chosen, bundle = fetch_version(client, name, version, folders[1], key=bundle_key())
        if chosen.number == number:
            raise NotReady(
                f"Expected a version to compare with the champion, but {number} is the champion. "
                f"List them: ebbtide models"
            )
        against = read_against(client, name, chosen.number)
        refusals = judge(bundle, champion, settings=project.gate, at=datetime.now(UTC))
        progress("draw")
        page = compared(
            champion,
            bundle,
            project,
            numbers=(number, chosen.number),
            against=against if against and against.champion == champion.version else None,
            refusals=refusals,
        )
        write_text(page, html)
    typer.echo(f"Version {chosen.number} beside champion {number}; gate: {verdict(refusals)}")
    typer.echo(f"Written: {html}")
