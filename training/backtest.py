"""Relive the past: at each date train on what was known then, score the living, compare later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ebbtide.clock import day_in_words
from features.catalogue.catalogue import features_named
from training.evaluation.measures import measures
from training.gate import beats_rule
from training.rules import rule_aucs
from training.snapshots import take_snapshot
from training.train import train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ebbtide.project import Project
    from features.tables import Tables
    from training.train import Trained


def backtest(
    tables: Tables,
    project: Project,
    dates: Sequence[datetime],
    *,
    observed_until: datetime,
    progress: Callable[[str], None] | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """Score every living customer at each date with the model that would have been champion.

    Parameters
    ----------
    tables : the typed tables.
    project : what churn is and what is tried.
    dates : aware instants.
    observed_until : the log is complete until then; outcomes that end later are open.
    progress : called with what is being done.

    Returns
    -------
    tuple
        ``customer_id, as_of, p_churn, churned`` for all dates (``churned`` is null where the
        outcome is still open); and a summary as plain data.

    Raises
    ------
    NotReady
        If there is too little log before a date.
    """
    parts, summaries = [], []
    for date in dates:
        if progress is not None:
            progress(f"as of {day_in_words(date, time_zone=project.project.time_zone)}")
        trained = train(tables, project, now=date, progress=progress)
        part, summary = _one_date(tables, project, trained, date, observed_until)
        parts.append(part)
        summaries.append(summary)
    known = [summary for summary in summaries if "auc" in summary]
    return pa.concat_tables(parts), {
        "project": project.project.name,
        "definition": project.definition.code,
        "beats_best_rule_at_every_date": all(s["auc"] > s["best_rule_auc"] for s in known)
        if known
        else None,
        "mean_auc": float(np.mean([s["auc"] for s in known])) if known else None,
        "dates": summaries,
    }


def _one_date(
    tables: Tables, project: Project, trained: Trained, date: datetime, observed_until: datetime
) -> tuple[pa.Table, dict[str, Any]]:
    champion = trained.best
    names = [feature.name for feature in trained.features]
    p_churn = trained.scorer(champion).p_churn(trained.newest.rows)
    features = features_named(names)
    later = take_snapshot(tables, project, features, as_of=date, now=observed_until)
    assert later.customer_ids.tolist() == trained.newest.customer_ids.tolist()
    n = len(p_churn)
    churned = pa.nulls(n, pa.bool_()) if later.churned is None else pa.array(later.churned == 1)
    instant = pa.scalar(date, type=pa.timestamp("us", tz="UTC"))
    part = pa.table(
        {
            "customer_id": pa.array(trained.newest.customer_ids.tolist(), type=pa.string()),
            "as_of": pa.repeat(instant, n),
            "p_churn": p_churn,
            "churned": churned,
        }
    )
    summary: dict[str, Any] = {
        "as_of": date.isoformat(),
        "customers": n,
        "champion": champion.kind,
        "gate": beats_rule(champion.metrics, trained.rule_auc[trained.best_rule]),
        "candidates": {each.kind: each.auc_by_origin for each in trained.candidates},
        "failed": trained.failed,
    }
    if later.churned is not None:
        rules = rule_aucs(later, names)
        summary |= measures(later.churned, p_churn)
        summary |= {"rules": rules, "best_rule_auc": max(rules.values())}
    return part, summary
