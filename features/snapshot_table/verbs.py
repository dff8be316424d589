"""The verb ``contract``: what the columns of a snapshot table hold, as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ebbtide.console import DEFAULT_CONFIG, ConfigOption, progress_shown


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("contract")(contract)


def contract(
    config: ConfigOption = DEFAULT_CONFIG,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: that of the project.")
    ] = None,
) -> None:
    """Infer what each column of the snapshot table holds, and write it to a file to be edited."""
    from ebbtide.errors import SettingsError
    from ebbtide.project import load_project
    from features.snapshot_table.listing import print_contract
    from features.snapshot_table.table import inferred_contract, write_contract

    project = load_project(config)
    if project.snapshot_table is None:
        raise SettingsError(
            "Expected a project with [snapshot_table]; this one has tables of events, whose "
            "contracts are fixed (docs/reference/tables.md)."
        )
    place = project.contract_path if out is None else out
    with progress_shown("Reading"):
        inferred = inferred_contract(project, now=datetime.now(UTC))
        write_contract(inferred, place)
    print_contract(inferred)
    typer.echo(f"{len(inferred.used)} of {len(inferred.columns)} columns are used: {place}")
