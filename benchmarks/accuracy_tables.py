"""Accuracy on flat tables: folds drawn anew several times, by what ``ebbtide train`` does.

A row is scored by models, blended with weights, and calibrated by a curve, none of which saw its
fold; how each model is shaped is chosen on rows held out from those it learns from. Rows that equal
each other are in one fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.accuracy_logs import RESAMPLES, interval
from ebbtide.project import load_project
from features.snapshot_table.table import open_snapshot_table
from training.evaluation.bootstrap import estimates
from training.evaluation.measures import auc, measures
from training.evaluation.ranking import Ranking, auc_of
from training.snapshot_table.by_folds import blend_across_folds, score_across_folds
from training.snapshot_table.folds import copies, stratified_folds
from training.snapshot_table.train import labelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ebbtide.project import CandidateName
    from ebbtide.scorer.scores import FloatArray
    from training.evaluation.bootstrap import Estimate
    from training.snapshots import Snapshot

ROOT = Path(__file__).resolve().parents[1]
KINDS: tuple[CandidateName, ...] = ("lightgbm", "logistic", "random_forest")
BLEND = "blend"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProtocol:
    """A table with how it is drawn.

    Parameters
    ----------
    code : what it is called.
    project : its project file, from the root of the repository.
    repeats : how often folds are drawn.
    reach : what was asked for.
    references : AUC measured independently on the same table, by kind.
    leak_accuracy : more than this has seen the outcome; None if that is not known.
    """

    code: str
    project: str
    repeats: int
    reach: str
    references: dict[str, float]
    leak_accuracy: float | None = None


PROTOCOLS = (
    TableProtocol(
        code="TELCO-CV",
        project="examples/telco.toml",
        repeats=10,
        reach="AUC 0.852, log loss 0.409",
        references={"lightgbm": 0.849, "logistic": 0.845, BLEND: 0.8497},
        leak_accuracy=0.82,
    ),
    TableProtocol(
        code="IRANIAN-CV",
        project="benchmarks/iranian.toml",
        repeats=5,
        reach="AUC 0.985",
        references={"lightgbm": 0.9855},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Measures of one draw of folds, by kind, and the interval of its pooled AUC."""

    measured: dict[str, dict[str, float]]
    pooled: dict[str, Estimate]


def run_table(
    protocol: TableProtocol, *, repeats: int | None, progress: Callable[[str], None]
) -> list[Drawn]:
    """Return what was reached with each draw of folds."""
    project = load_project(ROOT / protocol.project)
    whole = labelled(open_snapshot_table(project, now=datetime.now(UTC)))
    drawn = []
    with threadpool_limits(1, user_api="blas"):
        for seed in range(repeats or protocol.repeats):
            progress(f"{protocol.code}, draw {seed + 1}")
            drawn.append(_draw(whole, seed, with_interval=seed == 0))
    return drawn


def _draw(whole: Snapshot, seed: int, *, with_interval: bool) -> Drawn:
    churned = whole.churned
    assert churned is not None, "the table has a label"
    fold = stratified_folds(churned, copies(whole.rows), seed=seed)
    said = {kind: score_across_folds(kind, whole, fold, seed=seed) for kind in KINDS}
    promised = {str(kind): each.p_churn for kind, each in said.items()}
    scored = {str(kind): each.log_odds for kind, each in said.items()}
    blend = blend_across_folds(said, churned, fold)
    promised[BLEND], scored[BLEND] = blend.p_churn, blend.log_odds
    parts = [fold == index for index in range(int(fold.max()) + 1)]
    return Drawn(
        measured={
            kind: {
                **measures(churned, p_churn),
                "auc": float(np.mean([auc(churned[p], scored[kind][p]) for p in parts])),
                "accuracy": float(((p_churn > 0.5) == (churned == 1)).mean()),
            }
            for kind, p_churn in promised.items()
        },
        pooled={kind: _pooled(churned, z) for kind, z in scored.items()} if with_interval else {},
    )


def _pooled(churned: FloatArray, scored: FloatArray) -> Estimate:
    """Return the AUC over all folds at once, with its interval."""
    ranking = Ranking.of(churned, scored)
    found = estimates(
        lambda counts: {"auc": auc_of(ranking.tally(counts))},
        len(churned),
        resamples=RESAMPLES,
        seed=0,
    )
    return found["auc"]


def table_lines(protocol: TableProtocol, drawn: list[Drawn]) -> Iterator[str]:
    """Yield the lines of a protocol's table, in Markdown."""
    yield f"## {protocol.code}"
    yield ""
    yield (
        f"{len(drawn)} draw(s) of five folds. AUC is the mean over folds, its deviation that of "
        f"draws; the interval is that of the first draw's pooled scores, customers drawn again. "
        f"Asked for: {protocol.reach}."
    )
    yield ""
    yield (
        "| model | AUC | deviation | pooled AUC (95 %) | reference AUC | log loss | "
        "calibration error | accuracy |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for kind in drawn[0].measured:
        each = [draw.measured[kind] for draw in drawn]
        mean = {name: float(np.mean([m[name] for m in each])) for name in each[0]}
        reference = protocol.references.get(kind)
        yield (
            f"| {kind.replace('_', ' ')} | {mean['auc']:.4f} | "
            f"{np.std([m['auc'] for m in each]):.4f} | {interval(drawn[0].pooled[kind])} | "
            f"{'' if reference is None else f'{reference:.4f}'} | {mean['log_loss']:.4f} | "
            f"{mean['calibration_error']:.4f} | {mean['accuracy']:.4f} |"
        )
    if protocol.leak_accuracy is not None:
        limit = protocol.leak_accuracy
        leaks = [
            kind
            for kind in drawn[0].measured
            if np.mean([draw.measured[kind]["accuracy"] for draw in drawn]) > limit
        ]
        yield ""
        yield f"Accuracy above {limit} would be a leak: {', '.join(leaks) or 'none'}."
    yield ""
