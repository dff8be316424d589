"""Time and peak memory of fitting each kind of model, beside scikit-learn's boosting.

Rows are drawn, not real: what is measured is how long, not how well. Every fit has a process of its
own, so that its peak memory is its own; the peak without any fit is shown too.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ebbtide.scorer.scores import FloatArray

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = "HistGradientBoosting (scikit-learn)"


def _rows(n_rows: int, n_features: int) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(0)
    ranked = rng.random((n_rows, n_features), dtype=np.float32).astype(np.float64)
    ranked[:, ::10][rng.random((n_rows, len(range(0, n_features, 10)))) < 0.2] = np.nan
    z = 3 * ranked[:, 1] + 2 * ranked[:, 2] * ranked[:, 3] - 2
    return ranked, (rng.random(n_rows) < 1 / (1 + np.exp(-z))).astype(np.float64)


def _nothing(ranked: FloatArray, churned: FloatArray) -> None:
    del ranked, churned


def _logistic(ranked: FloatArray, churned: FloatArray) -> None:
    from training.models.logistic import fit_logistic

    fit_logistic(ranked, churned, seed=0)


def _forest(ranked: FloatArray, churned: FloatArray) -> None:
    from training.models.forest import fit_forest

    fit_forest(ranked, churned, seed=0)


def _boosting(ranked: FloatArray, churned: FloatArray) -> None:
    from training.models.boosting import fit_boosting

    fit_boosting(ranked, churned, seed=0)


def _hist(ranked: FloatArray, churned: FloatArray) -> None:
    """Fit as many trees of as many leaves as our own."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from training.models.boosting import PARAMETERS

    HistGradientBoostingClassifier(
        max_iter=int(str(PARAMETERS["num_boost_round"])),
        max_leaf_nodes=int(str(PARAMETERS["num_leaves"])),
        learning_rate=float(str(PARAMETERS["learning_rate"])),
        early_stopping=False,
        random_state=0,
    ).fit(ranked, churned)


JOBS: dict[str, Callable[[FloatArray, FloatArray], None]] = {
    "rows alone": _nothing,
    "logistic": _logistic,
    "random forest": _forest,
    "lightgbm": _boosting,
    REFERENCE: _hist,
}


def run_job(job: str, n_rows: int, n_features: int) -> None:
    """Fit one kind and print what it took."""
    ranked, churned = _rows(n_rows, n_features)
    started = time.monotonic()
    JOBS[job](ranked, churned)
    seconds = time.monotonic() - started
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_per_unit / 2**30
    print(json.dumps({"seconds": seconds, "peak": peak}))


def time_lines(n_rows: int, n_features: int) -> Iterator[str]:
    """Yield the lines of the table, in Markdown."""
    yield "## Training time"
    yield ""
    yield f"{n_rows:,} rows, {n_features} features; each fit in a process of its own."
    yield ""
    yield "| fit | wall, s | peak memory, GB |"
    yield "|---|---|---|"
    for job in JOBS:
        command = ["-m", "benchmarks.accuracy", "--time-job", job]
        run = subprocess.run(
            [sys.executable, *command, "--rows", str(n_rows), "--features", str(n_features)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        took = json.loads(run.stdout)
        yield f"| {job} | {took['seconds']:.1f} | {took['peak']:.2f} |"
    yield ""
