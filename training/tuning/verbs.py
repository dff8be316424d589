"""The verb ``ebbtide tune``."""

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
    screen,
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("tune")(tune)


def tune(
    out: Annotated[Path, typer.Option(help="File of recipes to write, for training.recipes.")],
    config: ConfigOption = DEFAULT_CONFIG,
    minutes: Annotated[
        float, typer.Option(min=0.01, help="Time for all kinds of model together.")
    ] = 10.0,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Recipes of each kind to try at the most.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Pretend that it is this instant; default: end of the log.")
    ] = None,
) -> None:
    """Try recipes on earlier periods; the latest period stays an exam. Goes on where it ended."""
    import json
    import os

    from rich.table import Table

    from ebbtide.clock import day_in_words, parse_instant
    from ebbtide.errors import SettingsError
    from ebbtide.project import load_project
    from features.sources import open_tables
    from training.tuning.run import Budget, tune_project

    project = load_project(config)
    if project.snapshot_table is not None:
        raise SettingsError(
            "Tuning compares periods, and goes with tables of events. For a snapshot table "
            "`ebbtide train` chooses how trees grow by itself."
        )
    require_report_path(out, project, option="--out", suffix=".json")
    zone = project.project.time_zone
    with progress_shown("Tuning") as progress:
        present = datetime.now(UTC)
        tables = open_tables(project, now=present, progress=progress)
        now = tables.log_end(now=present)
        if as_of is not None:
            now = parse_instant(as_of, time_zone=zone)
            tables.require_observed(now, now=present)
        tuned = tune_project(
            tables,
            project,
            now=now,
            out=out,
            budget=Budget(minutes=minutes, trials=trials),
            progress=progress,
        )
    listed = Table("kind", "tried", "mean auc", "usual recipe", "what differs")
    for kind, found in tuned.found.items():
        changed = {**found.recipe.parameters}
        for name in ("half_life_days", "window_days"):
            if getattr(found.recipe, name) is not None:
                changed[name] = getattr(found.recipe, name)
        listed.add_row(
            kind,
            str(found.trials),
            f"{found.mean_auc:.4f}",
            f"{found.usual_mean_auc:.4f}",
            ", ".join(f"{k} {v:.4g}" for k, v in changed.items()) or "nothing: the usual is best",
        )
    screen().print(listed)
    named = os.path.relpath(out, project.base)
    screen().print(
        f"Written to {out}. The mean is over the periods that were tuned on, and flatters; no "
        f"outcome after {day_in_words(tuned.learned_until, time_zone=zone)} was looked at, so that "
        f"the latest period stays an exam. To use them: recipes = {json.dumps(named)} under "
        f"[training].",
        highlight=False,
        soft_wrap=True,
    )
