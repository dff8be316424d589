"""Equal tables give equal bytes, in other processes, and with rows in another order."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flat_table import flat_project, flat_rows

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ebbtide.project import load_project
from features.snapshot_table.table import open_snapshot_table
from training.snapshot_table.provenance import provenance_of_table
from training.snapshot_table.train import train_table
from training.tracking import write_bundle_of

project = load_project(Path(sys.argv[1]))
now = datetime(2026, 1, 1, tzinfo=UTC)
table = open_snapshot_table(project, now=now)
trained = train_table(table, project, now=now)
said = provenance_of_table(project, table, trained)
for candidate in trained.candidates:
    folder = Path(sys.argv[2]) / candidate.kind
    write_bundle_of(folder, project, trained, candidate, said, key=None)
"""


@pytest.mark.e2e
def test_another_process_with_rows_in_another_order_writes_the_same_bytes(tmp_path: Path) -> None:
    kinds = ("logistic", "random_forest", "lightgbm")
    rows = flat_rows(250)
    for name, threads, order in (("first", "1", rows), ("second", "2", rows[::-1])):
        (tmp_path / f"in-{name}").mkdir()
        flat_project(tmp_path / f"in-{name}", order, candidates=kinds)
        config = str(tmp_path / f"in-{name}" / "ebbtide.toml")
        blas = {f"{library}_NUM_THREADS": threads for library in ("OPENBLAS", "OMP", "MKL")}
        command = [sys.executable, "-c", TRAIN, config, str(tmp_path / name)]
        subprocess.run(command, check=True, timeout=120, env={**os.environ, **blas})
    first = {p.relative_to(tmp_path / "first"): p for p in (tmp_path / "first").rglob("*.*")}
    assert {path.parent.name for path in first} == {*kinds, "blend"}
    for relative, path in first.items():
        assert path.read_bytes() == (tmp_path / "second" / relative).read_bytes(), relative
