"""Equal inputs give equal bytes, in other processes and with rows in another order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from by_hand import PRESENT
from features.sources import open_tables
from training.lineage import data_hash

if TYPE_CHECKING:
    from pathlib import Path

    from ebbtide.project import Project
    from features.tables import Tables

TRAIN = """
import hashlib, json, sys
from datetime import UTC, datetime
from pathlib import Path
from ebbtide.project import load_project
from features.sources import open_tables
from training.horizons.fit import fit_horizons
from training.judgement import judge_candidate
from training.lineage import lineage_of
from training.provenance import provenance_of_events
from training.tracking import write_bundle_of
from training.train import train

project = load_project(Path(sys.argv[1]))
present = datetime(2026, 1, 1, tzinfo=UTC)
tables = open_tables(project, now=present)
trained = train(tables, project, now=tables.log_end(now=present))
lineage = lineage_of(tables, trained.snapshots, trained.newest, seed=0)
horizons = fit_horizons(tables, trained.snapshots, definition=project.definition,
    days=project.training.risk_days, now=trained.newest.as_of)
assert horizons.model is not None
provenance = provenance_of_events(project, trained, lineage=lineage, columns=tables.columns,
    horizons=horizons)
for candidate in trained.candidates:
    folder = Path(sys.argv[2]) / candidate.kind
    judgement = None
    if candidate is trained.best:
        judgement = judge_candidate(candidate, project, log_days=trained.log_days)
    write_bundle_of(folder, project, trained, candidate, provenance, key=None,
        judgement=judgement)
"""


@pytest.mark.e2e
def test_two_processes_with_other_numbers_of_threads_write_the_same_bytes(
    shop_folder: Path, tmp_path: Path
) -> None:
    for name, threads in (("first", "1"), ("second", "2")):
        command = [sys.executable, "-c", TRAIN, str(shop_folder / "ebbtide.toml")]
        blas = {f"{library}_NUM_THREADS": threads for library in ("OPENBLAS", "OMP", "MKL")}
        subprocess.run(
            [*command, str(tmp_path / name)], check=True, timeout=300, env={**os.environ, **blas}
        )
    first = {p.relative_to(tmp_path / "first"): p for p in (tmp_path / "first").rglob("*.*")}
    kinds = {"logistic", "random_forest", "lightgbm", "blend"}
    assert {path.parent.name for path in first} == kinds
    for relative, path in first.items():
        assert path.read_bytes() == (tmp_path / "second" / relative).read_bytes(), relative
    manifest = json.loads((tmp_path / "first" / "lightgbm" / "manifest.json").read_text("utf-8"))
    assert {"data_hash", "git_commit", "seed", "libraries", "snapshots"} <= set(manifest["lineage"])


def test_the_data_hash_does_not_depend_on_the_order_of_rows(tables: Tables) -> None:
    before = data_hash(tables, now=PRESENT)
    tables.connection.execute(
        "CREATE OR REPLACE TABLE transactions AS SELECT * FROM transactions "
        "ORDER BY md5(customer_id || occurred_at)"
    )
    assert data_hash(tables, now=PRESENT) == before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE surveys SET score = score WHERE false", id="nothing"),
        pytest.param("DELETE FROM surveys WHERE rowid = 0", id="a row less"),
        pytest.param("UPDATE payments SET amount = amount + 1 WHERE rowid = 3", id="an amount"),
        pytest.param("INSERT INTO surveys SELECT * FROM surveys WHERE rowid = 5", id="a repeat"),
    ],
)
def test_the_data_hash_changes_with_the_data_and_only_then(project: Project, change: str) -> None:
    tables = open_tables(project, now=PRESENT)
    before = data_hash(tables, now=PRESENT)
    tables.connection.execute(change)
    assert (data_hash(tables, now=PRESENT) == before) == ("WHERE false" in change)
