"""Accuracy on the protocol TELCO-CV: ``python -m benchmarks.telco``.

Stratified five-fold on IBM's telco table, ten repeats, no resampling, by the recipe that
``ebbtide train`` uses for a table without dates. Prints a table, and keeps it in
``benchmarks/results/``. Needs EBBTIDE_DATA_DIR.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ebbtide.project import load_project
from features.snapshot_table.table import open_snapshot_table
from training.evaluation.measures import auc, measures
from training.snapshot_table.by_folds import score_across_folds
from training.snapshot_table.folds import copies, stratified_folds
from training.snapshot_table.train import labelled

if TYPE_CHECKING:
    from ebbtide.project import CandidateName
    from training.snapshots import Snapshot

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
KINDS: tuple[CandidateName, ...] = ("lightgbm", "logistic", "random_forest")
BLEND = "mean of the three"
LEAK_ACCURACY = 0.82
"""More than this on this table has seen the outcome."""

REFERENCE_AUC = {"lightgbm": 0.849, "logistic": 0.845, BLEND: 0.8497}
"""Measured independently on the same table."""


def one_repeat(whole: Snapshot, seed: int) -> dict[str, dict[str, float]]:
    """Return the measures of every kind of model, and of their mean, for one draw of folds."""
    churned = whole.churned
    assert churned is not None, "the table has a label"
    fold = stratified_folds(churned, copies(whole.rows), seed=seed)
    said = {str(kind): score_across_folds(kind, whole, fold, seed=seed).p_churn for kind in KINDS}
    said[BLEND] = np.mean(list(said.values()), axis=0)
    parts = [fold == index for index in range(int(fold.max()) + 1)]
    return {
        kind: {
            **measures(churned, p_churn),
            "auc": float(np.mean([auc(churned[part], p_churn[part]) for part in parts])),
            "accuracy": float(((p_churn > 0.5) == (churned == 1)).mean()),
        }
        for kind, p_churn in said.items()
    }


def table(repeats: list[dict[str, dict[str, float]]]) -> str:
    """Return the result as Markdown."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    lines = [
        f"# TELCO-CV, {len(repeats)} repeat(s) of stratified five-fold",
        "",
        f"{datetime.now(UTC).date()}, commit {commit or 'unknown'}, {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}. AUC is the mean over folds; "
        f"its deviation is that of repeats. Rows that equal each other are in one fold.",
        "",
        "| model | AUC | deviation | reference AUC | log loss | calibration error | accuracy |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in repeats[0]:
        aucs = [repeat[kind]["auc"] for repeat in repeats]
        mean = {name: np.mean([r[kind][name] for r in repeats]) for name in repeats[0][kind]}
        reference = f"{REFERENCE_AUC[kind]:.4f}" if kind in REFERENCE_AUC else ""
        lines.append(
            f"| {kind.replace('_', ' ')} | {mean['auc']:.4f} | {np.std(aucs):.4f} | {reference} | "
            f"{mean['log_loss']:.4f} | {mean['calibration_error']:.4f} | {mean['accuracy']:.4f} |"
        )
    leaks = [k for k in repeats[0] if np.mean([r[k]["accuracy"] for r in repeats]) > LEAK_ACCURACY]
    lines += ["", f"Accuracy above {LEAK_ACCURACY} would be a leak: {', '.join(leaks) or 'none'}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Repeat the protocol with other folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    count = parser.parse_args().repeats
    project = load_project(ROOT / "examples" / "telco.toml")
    whole = labelled(open_snapshot_table(project, now=datetime.now(UTC)))
    with threadpool_limits(1, user_api="blas"):
        repeats = [one_repeat(whole, seed) for seed in range(count)]
    text = table(repeats)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "telco.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
