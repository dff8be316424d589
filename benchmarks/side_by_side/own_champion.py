"""A champion as ``ebbtide train`` makes it of a simulated shop: the size that users will have.

Made by the command line, as a user would; what is there already is not made again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.side_by_side.model import KEY
from ebbtide.bundle.contents import FORMAT

if TYPE_CHECKING:
    from ebbtide.bundle.contents import Bundle

CUSTOMERS = 6_000
_ROWS = "own_rows.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChampion:
    """A trained shop with a champion.

    Parameters
    ----------
    project_file : what ``ebbtide serve`` is started with.
    names : features of the champion.
    rows : their values for every living customer, shape (n, features); NaN is missing.
    kind : of the champion.
    """

    project_file: Path
    names: tuple[str, ...]
    rows: np.ndarray
    kind: str


def own_champion_in(folder: Path) -> OwnChampion:
    """Simulate, train and promote in a folder, or return what was made before."""
    shop = folder.resolve() / "shop"
    kept = folder.resolve() / _ROWS
    if not kept.exists() or int(np.load(kept)["format"]) != FORMAT:
        shutil.rmtree(shop, ignore_errors=True)
        config = ("--config", str(shop / "ebbtide.toml"))
        _run("simulate", "--out", str(shop), "--customers", str(CUSTOMERS))
        _run("train", *config)
        _run("promote", *config, "--why", "to be measured")
        bundle, rows = _champion_with_rows(shop / "ebbtide.toml")
        names = [feature.name for feature in bundle.scorer.features]
        np.savez(kept, names=np.array(names), rows=rows, kind=bundle.kind, format=FORMAT)
    read = np.load(kept)
    return OwnChampion(
        project_file=shop / "ebbtide.toml",
        names=tuple(read["names"].tolist()),
        rows=read["rows"],
        kind=str(read["kind"]),
    )


def _champion_with_rows(project_file: Path) -> tuple[Bundle, np.ndarray]:
    from ebbtide.project import load_project
    from features.sources import open_tables
    from training.registry import champion_before, connect_registry
    from training.score import snapshot_for

    project = load_project(project_file)
    bundle = champion_before(connect_registry(project), project.model_name, key=KEY.encode()).bundle
    assert bundle is not None, "no champion"
    now = datetime.now(UTC)
    tables = open_tables(project, now=now)
    snapshot = snapshot_for(bundle, tables, as_of=tables.log_end(now=now))
    columns = [
        snapshot[feature.name].to_numpy().astype(np.float64) for feature in bundle.scorer.features
    ]
    return bundle, np.column_stack(columns)


def _run(*words: str) -> None:
    program = str(Path(sys.executable).with_name("ebbtide"))
    ran = subprocess.run(
        [program, *words],
        env={**os.environ, "EBBTIDE_BUNDLE_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"ebbtide {words[0]} failed:\n{ran.stderr[-2000:]}")
