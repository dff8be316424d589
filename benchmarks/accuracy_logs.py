"""Accuracy on logs of purchases: train as of a date, score who lives then, and look what came.

The dates and what churn means are fixed; see ``PROTOCOLS``. Everything else is what ``ebbtide
train`` does: it chooses its candidate on periods before the date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ebbtide.bundle.model_files import read_model
from ebbtide.errors import NotReady
from ebbtide.project import load_project
from features.catalogue.catalogue import features_named, features_present
from features.sources import open_tables
from training.blend import equal_blend
from training.evaluation.bootstrap import estimates, resamples_for
from training.evaluation.measures import auc, calibration_error, log_loss
from training.evaluation.ranking import Ranking, auc_of
from training.recipes import Recipe, fit
from training.rules import DUMMY, rule_scores
from training.snapshots import take_snapshot, take_snapshots
from training.train import train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ebbtide.project import Project
    from ebbtide.scorer.scores import FloatArray
    from features.tables import Tables
    from training.evaluation.bootstrap import Estimate

ROOT = Path(__file__).resolve().parents[1]
RIVAL = "buy_till_you_die"
RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProtocol:
    """A log with its dates.

    Parameters
    ----------
    code : what it is called.
    project : its project file, from the root of the repository.
    reach : for each date the AUC that was asked for, or a sole one for their mean.
    """

    code: str
    project: str
    dates: tuple[str, ...]
    reach: tuple[float, ...]


PROTOCOLS = (
    LogProtocol(
        code="ORII-90",
        project="examples/online-retail-ii.toml",
        dates=("2010-12-01", "2011-03-01", "2011-06-01", "2011-09-09"),
        reach=(0.795,),
    ),
    LogProtocol(
        code="CDNOW-90",
        project="examples/cdnow.toml",
        dates=("1997-10-01", "1998-04-01"),
        reach=(0.782, 0.750),
    ),
    LogProtocol(
        code="GROCERY-180",
        project="benchmarks/grocery.toml",
        dates=("2007-01-01", "2007-07-01"),
        reach=(0.905, 0.880),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtDate:
    """What was reached at one date.

    Parameters
    ----------
    day : the date.
    customers : who lived then.
    champion : the kind that would have served.
    auc : its AUC.
    by_kind : AUC of every candidate.
    rules : AUC of every rule.
    over_rules : by how much the champion's AUC is above that of each rule, paired.
    calibration_error, log_loss : of the champion's probabilities; NaN where the log was too short
        to calibrate.
    promised, churned : mean probability, and the share that left.
    """

    day: str
    customers: int
    champion: str
    auc: Estimate
    by_kind: dict[str, float]
    rules: dict[str, float]
    over_rules: dict[str, Estimate]
    calibration_error: float
    log_loss: float
    promised: float
    churned: float

    @property
    def best_rule(self) -> str:
        """The best rule that is one line, the buying model aside."""
        lines = {name: value for name, value in self.rules.items() if name not in (RIVAL, DUMMY)}
        return max(lines, key=lambda name: lines[name])


def run_log(protocol: LogProtocol, *, progress: Callable[[str], None]) -> list[AtDate]:
    """Return what was reached at each date."""
    project = load_project(ROOT / protocol.project)
    dates = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in protocol.dates]
    outcome = timedelta(days=project.churn.gap_days + project.churn.horizon_days)
    tables = open_tables(project, now=datetime.now(UTC))
    reached = []
    for date in dates:
        progress(f"{protocol.code} {date.date()}")
        reached.append(_at(tables, project, date, observed_until=date + outcome))
    return reached


def _at(tables: Tables, project: Project, date: datetime, *, observed_until: datetime) -> AtDate:
    try:
        champion, said, names = _by_train(tables, project, date)
        is_calibrated = True
    except NotReady:
        champion, said, names = _without_origin(tables, project, date)
        is_calibrated = False
    later = take_snapshot(tables, project, features_named(names), as_of=date, now=observed_until)
    churned = later.churned
    assert churned is not None, "the outcome of a protocol's date is known"
    rules = rule_scores(later, names)
    found = _with_intervals(churned, said[champion], rules)
    p_churn = said[champion] if is_calibrated else np.full(len(churned), np.nan)
    return AtDate(
        day=date.date().isoformat(),
        customers=len(churned),
        champion=champion,
        auc=found.pop(""),
        by_kind={kind: auc(churned, scores) for kind, scores in said.items()},
        rules={name: auc(churned, score) for name, score in rules.items()},
        over_rules=found,
        calibration_error=calibration_error(churned, p_churn) if is_calibrated else np.nan,
        log_loss=log_loss(churned, p_churn) if is_calibrated else np.nan,
        promised=float(p_churn.mean()),
        churned=float(churned.mean()),
    )


def _by_train(
    tables: Tables, project: Project, date: datetime
) -> tuple[str, dict[str, FloatArray], list[str]]:
    """Return the champion, what every candidate promises, and the features."""
    trained = train(tables, project, now=date)
    rows = trained.newest.rows
    said = {str(each.kind): trained.scorer(each).p_churn(rows) for each in trained.candidates}
    return trained.best.kind, said, [feature.name for feature in trained.features]


def _without_origin(
    tables: Tables, project: Project, date: datetime
) -> tuple[str, dict[str, FloatArray], list[str]]:
    """Return raw scores of the usual recipes, where the log is too short to try them first.

    ``ebbtide train`` refuses such a log. An equal blend stands for the champion, since nothing
    tells the kinds apart; there is nothing to calibrate on.
    """
    features = features_present(tables.columns, kind=project.definition.kind)
    snapshots, newest = take_snapshots(tables, project, features, now=date)
    with threadpool_limits(1, user_api="blas"):
        raw = {
            kind: read_model(kind, fit(Recipe(kind=kind), snapshots, seed=0)).raw(newest.ranked)
            for kind in project.training.candidates
        }
    said = {str(kind): scores for kind, scores in raw.items()}
    said["blend"] = equal_blend(raw).log_odds(raw)
    return "blend", said, [feature.name for feature in features]


def _with_intervals(
    churned: FloatArray, p_churn: FloatArray, rules: dict[str, FloatArray]
) -> dict[str, Estimate]:
    """Return the AUC under the empty name, and its distance from that of every rule."""
    own = Ranking.of(churned, p_churn)
    theirs = {name: Ranking.of(churned, score) for name, score in rules.items()}

    def measure(counts: FloatArray) -> dict[str, FloatArray]:
        ours = auc_of(own.tally(counts))
        return {
            "": ours,
            **{name: ours - auc_of(rival.tally(counts)) for name, rival in theirs.items()},
        }

    n = len(churned)
    return estimates(measure, n, resamples=resamples_for(n, RESAMPLES), seed=0)


def log_tables(protocol: LogProtocol, reached: list[AtDate]) -> Iterator[str]:
    """Yield the lines of a protocol's tables, in Markdown."""
    yield f"## {protocol.code}"
    yield ""
    yield (
        "| as of | customers | champion | AUC (95 %) | best rule | above it (95 %) | "
        "buying model | above it (95 %) | calibration error | log loss | promised | churned |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for each in reached:
        rule = each.best_rule
        yield (
            f"| {each.day} | {each.customers:,} | {_words(each.champion)} | {interval(each.auc)} | "
            f"{_words(rule)} {each.rules[rule]:.4f} | "
            f"{interval(each.over_rules[rule], sign='+')} | {each.rules[RIVAL]:.4f} | "
            f"{interval(each.over_rules[RIVAL], sign='+')} | "
            f"{each.calibration_error:.3f} | {each.log_loss:.4f} | {each.promised:.3f} | "
            f"{each.churned:.3f} |"
        )
    mean = float(np.mean([each.auc.value for each in reached]))
    asked = (
        f"{protocol.reach[0]:.3f} in the mean"
        if len(protocol.reach) == 1
        else ", ".join(f"{reach:.3f}" for reach in protocol.reach)
    )
    yield ""
    yield f"Mean AUC {mean:.4f}; asked for: {asked}."
    yield ""
    kinds = sorted(reached[0].by_kind)
    yield "| as of | " + " | ".join(_words(kind) for kind in kinds) + " |"
    yield "|---" * (1 + len(kinds)) + "|"
    for each in reached:
        cells = [f"{each.by_kind[kind]:.4f}" if kind in each.by_kind else "" for kind in kinds]
        yield f"| {each.day} | " + " | ".join(cells) + " |"
    means = [np.mean([each.by_kind.get(kind, np.nan) for each in reached]) for kind in kinds]
    yield "| mean | " + " | ".join(f"{mean:.4f}" for mean in means) + " |"
    yield ""


def interval(estimate: Estimate, *, sign: str = "") -> str:
    """Return a measure with its interval, as text."""
    value, low, high = (
        format(each, f"{sign}.4f") for each in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"


def _words(name: str) -> str:
    return name.replace("_", " ")
