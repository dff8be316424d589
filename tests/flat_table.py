"""A small flat table with a label, and a project that names it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.project import Project, load_project

if TYPE_CHECKING:
    from pathlib import Path

PLANS = ("basic", "gold", "trial")
RISK = {"basic": 0.0, "gold": -2.0, "trial": 2.0}


def flat_rows(n: int = 400, *, seed: int = 0, first: int = 0) -> list[dict[str, object]]:
    """Customers whose plan and tenure drive churn; fees are text, some of them blank."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(first, first + n):
        plan = PLANS[rng.integers(3)]
        tenure = int(rng.integers(0, 60))
        z = RISK[plan] - 0.05 * (tenure - 30)
        fee = round(float(rng.uniform(10, 90)), 2)
        rows.append(
            {
                "id": f"c-{number:05d}",
                "plan": plan,
                "tenure": tenure,
                "fee": " " if number % 40 == 0 else fee,
                "paperless": "Yes" if rng.random() < 0.5 else "No",
                "region": int(rng.integers(1, 5)),
                "left": "Yes" if rng.random() < 1 / (1 + np.exp(-z)) else "No",
            }
        )
    return rows


def write_rows(rows: list[dict[str, object]], file: Path) -> Path:
    """Write rows as CSV, the columns as in the first row."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def flat_project(
    folder: Path,
    rows: list[dict[str, object]],
    *,
    more: str = "",
    candidates: tuple[str, ...] = ("logistic",),
    horizon_days: int = 30,
) -> Project:
    """Write rows and a project file beside them, and read the project."""
    write_rows(rows, folder / "table.csv")
    file = folder / "ebbtide.toml"
    listed = ", ".join(f'"{kind}"' for kind in candidates)
    file.write_text(
        '[project]\nname = "flat"\ncurrency = "EUR"\n'
        '[snapshot_table]\npath = "table.csv"\ncustomer_id = "id"\nlabel = "left"\n'
        f'churned = "Yes"\n{more}\n'
        f"[churn]\nhorizon_days = {horizon_days}\n[training]\ncandidates = [{listed}]\n",
        encoding="utf-8",
    )
    return load_project(file)
