"""The whole training cannot see what happens at or after the instant it pretends to stand at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from by_hand import PRESENT
from features.seen import seen_sql, timestamp_sql
from features.sources import open_tables
from training.backtest import backtest
from training.train import train

if TYPE_CHECKING:
    from datetime import datetime

    from ebbtide.project import Project
    from features.tables import Tables
    from training.train import Trained


def _forget_the_future(tables: Tables, cut: datetime) -> None:
    """Leave only what an observer at ``cut`` could have had in their tables."""
    instant = timestamp_sql(cut)
    clocks = {
        "transactions": "occurred_at",
        "complaints": "opened_at",
        "activity": "occurred_at",
        "surveys": "answered_at",
        "payments": "due_at",
        "treatments": "assigned_at",
    }
    for table, clock in clocks.items():
        known = f"coalesce(known_at, {clock})" if "known_at" in tables.columns[table] else clock
        tables.connection.execute(
            f"DELETE FROM {table} WHERE {clock} >= {instant} OR {known} >= {instant}"
        )
    for table, column in (("complaints", "resolved_at"), ("payments", "paid_at")):
        tables.connection.execute(f"UPDATE {table} SET {column} = NULL WHERE {column} >= {instant}")


def _assert_equal(first: Trained, second: Trained) -> None:
    assert first.newest.customer_ids.tolist() == second.newest.customer_ids.tolist()
    np.testing.assert_array_equal(first.newest.rows, second.newest.rows)
    assert first.best.model_files == second.best.model_files
    assert first.best.calibrator == second.best.calibrator
    assert first.rule_auc == second.rule_auc


def test_training_in_the_past_equals_training_on_a_log_that_ends_there(
    tables: Tables, project: Project
) -> None:
    cut = tables.log_end(now=PRESENT) - timedelta(days=150)
    with_the_future = train(tables, project, now=cut)
    _forget_the_future(tables, cut)
    assert tables.log_end(now=PRESENT) <= cut
    _assert_equal(with_the_future, train(tables, project, now=cut))


def _activity_of_all_times(table: str, columns: frozenset[str], *, time_zone: str) -> str:
    sql = seen_sql(table, columns, time_zone=time_zone)
    if table != "activity":
        return sql
    return sql.replace("< $as_of", f"< {timestamp_sql(PRESENT)}")


def test_a_filter_that_looks_ahead_would_be_noticed(
    tables: Tables, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.arrays.snapshot.seen_sql", _activity_of_all_times)
    cut = tables.log_end(now=PRESENT) - timedelta(days=150)
    with_the_future = train(tables, project, now=cut)
    _forget_the_future(tables, cut)
    with pytest.raises(AssertionError):
        _assert_equal(with_the_future, train(tables, project, now=cut))


def test_rows_that_are_entered_later_do_not_change_a_training_in_the_past(
    tables: Tables, project: Project
) -> None:
    """A row of long ago that became known after the cut neither counts nor lengthens the log."""
    cut = tables.log_end(now=PRESENT) - timedelta(days=150)
    before = train(tables, project, now=cut)
    start, later = tables.log_start(now=cut), cut + timedelta(days=1)
    others = [
        c for c in sorted(tables.columns["transactions"]) if c not in ("occurred_at", "known_at")
    ]
    copied = ", ".join(others)
    tables.connection.execute(
        f"INSERT INTO transactions ({copied}, occurred_at, known_at) SELECT {copied}, "
        f"{timestamp_sql(start - timedelta(days=400))}, {timestamp_sql(later)} "
        "FROM transactions LIMIT 50"
    )
    _assert_equal(before, train(tables, project, now=cut))


def test_a_backtest_promises_before_and_compares_after(project: Project) -> None:
    tables = open_tables(project, now=PRESENT)
    end = tables.log_end(now=PRESENT)
    dates = [end - timedelta(days=120), end - timedelta(days=10)]
    predictions, summary = backtest(tables, project, dates, observed_until=end)
    frame = predictions.to_pandas()
    assert list(frame.columns) == ["customer_id", "as_of", "p_churn", "churned"]
    assert frame["p_churn"].between(0, 1).all()
    matured, still_open = (frame[frame["as_of"] == date] for date in dates)
    assert matured["churned"].notna().all()
    assert still_open["churned"].isna().all()
    assert summary["dates"][0]["customers"] == len(matured)
    assert "auc" in summary["dates"][0]
    assert "auc" not in summary["dates"][1]
    assert summary["mean_auc"] == summary["dates"][0]["auc"]
