"""Risk by day and value, held against what came: ``python -m benchmarks.when_and_value``.

Prints two tables for one log. Nothing is asked about a time that what is asked has seen: parameters
and models come from what had matured, or was known, at the snapshot that is judged.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from ebbtide.clock import shift_days
from ebbtide.economics import VALUE_FEATURE, customer_value
from ebbtide.lifetime import BuyingRates, expected_margin
from ebbtide.project import load_project
from ebbtide.scorer.calibrator import sigmoid
from ebbtide.scorer.trees import TreeModel
from features.catalogue.catalogue import features_present
from features.seen import timestamp_sql
from features.sources import open_tables
from training.horizons.departures import departures_at
from training.horizons.fit import fit_days, rows_at_risk
from training.models.boosting import fit_boosting
from training.snapshots import take_snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ebbtide.project import Project
    from features.tables import Tables
    from training.horizons.departures import Departures
    from training.snapshots import Snapshot

    Matured = tuple[Snapshot, Departures]
    Way = Callable[[Sequence[Matured], Snapshot], np.ndarray]

DAYS = (0, 30, 60, 90)
JUDGED = 3
BOOSTING = {"num_boost_round": 120}


def by_share(learned: Sequence[Matured], judged: Snapshot) -> np.ndarray:
    """Promise every stayer the share that left in each step."""
    shares = [rows_at_risk(learned, step)[1].mean() for step in _steps()]
    return _compound([np.full(len(judged.ranked), share) for share in shares])


def by_linear(learned: Sequence[Matured], judged: Snapshot) -> np.ndarray:
    """Promise what is served."""
    model, _ = fit_days(learned, days=DAYS, anchor=0)
    assert model is not None
    return model.curves(np.zeros(len(judged.ranked)), judged.ranked).probability[:, 1:]


def by_boosting(learned: Sequence[Matured], judged: Snapshot) -> np.ndarray:
    """Promise what one LightGBM for each step says."""
    hazards = []
    for step in _steps():
        ranked, left = rows_at_risk(learned, step)
        _, text = fit_boosting(ranked, left, seed=0, parameters=BOOSTING)
        hazards.append(sigmoid(TreeModel(text, scale="log_odds").log_odds(judged.ranked)))
    return _compound(hazards)


WAYS: dict[str, Way] = {
    "share of all": by_share,
    "linear, as served": by_linear,
    "LightGBM for each step": by_boosting,
}


def _steps() -> list[tuple[int, int]]:
    return list(pairwise(DAYS))


def _compound(hazards: Sequence[np.ndarray]) -> np.ndarray:
    return 1 - np.cumprod([1 - hazard for hazard in hazards], axis=0).T


def risk_lines(
    tables: Tables, project: Project, snapshots: Sequence[Snapshot], now: datetime
) -> Iterator[str]:
    """Yield how each way did on those who had not left at the anchor, a mean over snapshots."""
    definition = project.definition

    def departed(taken: Snapshot, then: datetime) -> Departures:
        return departures_at(
            tables, as_of=taken.as_of, now=then, definition=definition, days=DAYS
        ).of(taken.customer_ids)

    whole = [taken for taken in snapshots if departed(taken, now).days == DAYS][-6::2][-JUDGED:]
    found: dict[tuple[str, int], list[tuple[float, float, float, float]]] = {}
    for judged in whole:
        learned = [
            (taken, departed(taken, judged.as_of))
            for taken in snapshots
            if definition.window(taken.as_of).has_matured(now=judged.as_of)
        ]
        if not any(came.days == DAYS for _, came in learned):
            continue
        came = departed(judged, now)
        stayed = came.by(0) == 0
        for name, way in WAYS.items():
            promised = way(learned, judged)[stayed]
            for column, day in enumerate(DAYS[1:]):
                p, y = promised[:, column], came.by(day)[stayed]
                rank = roc_auc_score(y, p)
                found.setdefault((name, day), []).append((log_loss(y, p), rank, p.mean(), y.mean()))
    yield "| way | day | log loss | AUC | promised | came | snapshots |"
    yield "|---|---|---|---|---|---|---|"
    for (name, day), each in sorted(found.items(), key=lambda item: item[0][1]):
        loss, rank, promised_share, came_share = np.mean(each, axis=0)
        yield (
            f"| {name} | {day} | {loss:.4f} | {rank:.3f} | {promised_share:.3f} | {came_share:.3f} "
            f"| {len(each)} |"
        )


def value_lines(
    tables: Tables,
    project: Project,
    names: Sequence[str],
    snapshots: Sequence[Snapshot],
    *,
    days: int,
    now: datetime,
) -> Iterator[str]:
    """Yield how each basis of value did on the stayers of the latest snapshots that can tell."""
    definition, zone = project.definition, project.definition.time_zone
    yield "| as of | stayers | basis | promised over came | error over mean | rank correlation |"
    yield "|---|---|---|---|---|---|"
    old = [taken for taken in snapshots if shift_days(taken.as_of, days, time_zone=zone) <= now]
    for taken in old[-JUDGED:]:
        until = shift_days(taken.as_of, days, time_zone=zone)
        spent = dict(
            tables.connection.sql(
                "SELECT customer_id, CAST(sum(amount) AS DOUBLE) FROM transactions WHERE amount >= "
                f"0 AND occurred_at >= {timestamp_sql(taken.as_of)} AND occurred_at < "
                f"{timestamp_sql(until)} GROUP BY customer_id"
            ).fetchall()
        )
        came = np.array([spent.get(name, 0.0) for name in taken.customer_ids.tolist()])
        column = {name: taken.rows[:, place] for place, name in enumerate(names)}
        assert taken.expectations is not None, "too few came again for a buying model"
        assert taken.churned is not None, "a snapshot that is older than its horizon has matured"
        stays = taken.churned == 0
        for basis, value in {
            "expected": expected_margin(
                BuyingRates.from_json(taken.expectations.to_json()),
                repeats=column["purchase_days_365d"] - 1,
                age_days=np.floor(column["first_purchase_age_days"]),
                spend=column["btyd_spend_expected"],
                stay_days=definition.gap_days + definition.horizon_days,
                margin_rate=1.0,
                value_horizon_days=days,
            ),
            "spend": customer_value(
                column[VALUE_FEATURE], margin_rate=1.0, value_horizon_days=days
            ),
        }.items():
            said, true = value[stays], came[stays]
            yield (
                f"| {taken.as_of:%Y-%m-%d} | {stays.sum()} | {basis} | "
                f"{said.sum() / true.sum():.2f} | {np.abs(said - true).mean() / true.mean():.2f} | "
                f"{spearmanr(said, true).statistic:.2f} |"
            )


def main() -> None:
    """Print both tables for the log of a project file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="project file")
    parser.add_argument("--value-days", type=int, default=365, help="value horizon, days")
    asked = parser.parse_args()
    project = load_project(asked.config)
    tables = open_tables(project, now=datetime.now(UTC))
    now = tables.log_end(now=datetime.now(UTC))
    features = features_present(tables.columns)
    with threadpool_limits(1, user_api="blas"):
        snapshots, _ = take_snapshots(tables, project, features, now=now)
        names = [feature.name for feature in features]
        lines = [
            *risk_lines(tables, project, snapshots, now),
            "",
            *value_lines(tables, project, names, snapshots, days=asked.value_days, now=now),
        ]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
