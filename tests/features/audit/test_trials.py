"""The audit passes a filter that is right, and names the features of one that is not."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pytest

import features.seen
from features.audit.perturbations import PERTURBATIONS
from features.audit.trials import try_everything

RIGHT = features.seen.seen_sql
AS_OF = datetime(2011, 3, 1, tzinfo=UTC)
COMPLETIONS = {
    "planted-completion-moved",
    "planted-completion-undone",
    "complete-open",
    "complete-otherwise",
    "leave-open",
}


@pytest.fixture
def audited(open_company, whole_company, all_features, ago):
    """Try everything, or some of it, on the company or on what is left without some columns."""

    def audit(*only: str, without: frozenset[tuple[str, str]] = frozenset(), **changed):
        rows = {
            name: [
                {key: value for key, value in row.items() if (name, key) not in without}
                for row in table
            ]
            for name, table in (whole_company | changed).items()
        }
        tables = open_company(**rows)
        tables.connection.execute("SET threads = 1")
        chosen = [one for one in PERTURBATIONS if not only or one.name in only]
        return try_everything(tables, all_features, as_of=ago(0), seed=0, perturbations=chosen)

    return audit


@pytest.fixture
def broken_filter(monkeypatch):
    """Put another point-in-time filter wherever the right one is used."""

    def put(wrong):
        for name, module in list(sys.modules.items()):
            if name.startswith("features.") and getattr(module, "seen_sql", None) is RIGHT:
                monkeypatch.setattr(module, "seen_sql", wrong)

    return put


def sees_the_cutoff(table, columns, **given):
    return RIGHT(table, columns, **given).replace(" < $as_of", " <= $as_of")


def ignores_known_at(table, columns, **given):
    return RIGHT(table, columns - {"known_at"}, **given)


def looks_ahead_a_day(table, columns, **given):
    return RIGHT(table, columns, **given).replace("$as_of", features.seen.timestamp_sql(AS_OF + timedelta(days=1)))


def sees_everything_of(chosen):
    def seen(table, columns, **given):
        sql = RIGHT(table, columns, **given)
        if table == chosen:
            return sql.replace("$as_of", features.seen.timestamp_sql(AS_OF + timedelta(days=200)))
        return sql

    return seen


def moved(trials) -> set[str]:
    return {one.column for trial in trials for one in trial.moved.columns}


def moving(trials) -> set[str]:
    return {trial.perturbation.name for trial in trials if trial.moved}


def test_nothing_moves_behind_the_right_filter(audited):
    trials = audited()
    assert [trial for trial in trials if trial.moved] == []


def test_every_table_is_touched_by_something(audited, whole_company):
    trials = audited()
    for table in whole_company:
        assert any(trial.touched[table] for trial in trials), table


def test_what_has_nothing_to_change_was_not_tried(audited):
    tried = {trial.perturbation.name: trial.was_tried for trial in audited()}
    assert not tried["change-known-late"]
    assert not tried["remove-known-late"]
    assert not tried["change-undated"]
    assert all(tried[name] for name in COMPLETIONS)


def test_the_tables_stay_as_they_were(open_company, whole_company, ago):
    tables = open_company(**whole_company)

    def contents():
        return {name: tables.connection.sql(f"FROM {name}").fetchall() for name in tables.columns}

    def customers(tables):
        return tables.connection.sql("SELECT DISTINCT customer_id FROM customers").to_arrow_table()

    before = contents()
    try_everything(tables, customers, as_of=ago(0), seed=0)
    assert contents() == before


def test_equal_seeds_touch_the_same_rows(open_company, whole_company, ago):
    seen = []

    def compute(tables):
        seen.append(tables.connection.sql("FROM transactions").fetchall())
        return tables.connection.sql("SELECT DISTINCT customer_id FROM customers").to_arrow_table()

    for seed in (0, 0, 1):
        tables = open_company(**whole_company)
        chosen = [p for p in PERTURBATIONS if p.name == "change-later"]
        try_everything(tables, compute, as_of=ago(0), seed=seed, perturbations=chosen)
    # Every run computes before and after; people who appear are then looked for table by table.
    runs = [seen[at + 1] for at in range(0, len(seen), len(seen) // 3)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_filter_that_sees_the_cutoff_is_found(audited, broken_filter):
    broken_filter(sees_the_cutoff)
    trials = audited("add-later", "reorder")
    assert moving(trials) == {"add-later"}
    assert {"recency_days", "complaints_30d"} <= moved(trials)


def test_a_filter_that_ignores_known_at_is_found(audited, broken_filter):
    broken_filter(ignores_known_at)
    late = {"add-known-late", "planted-late-removed"}
    assert moving(audited(*late, "add-later", "change-later", "leave-open")) == late


def test_a_filter_that_is_a_day_late_is_found(audited, broken_filter):
    broken_filter(looks_ahead_a_day)
    assert moving(audited("add-later", "leave-open")) == {"add-later", "leave-open"}


def test_a_company_that_keeps_known_at_is_tried_on_its_own_late_rows(
    audited, whole_company, broken_filter, ago
):
    late = [
        row | {"known_at": ago(-2) if number % 5 == 0 else None}
        for number, row in enumerate(whole_company["transactions"])
    ]
    both = ("change-known-late", "remove-known-late")
    tried = {trial.perturbation.name: trial for trial in audited(*both, transactions=late)}
    assert tried["change-known-late"].touched["transactions"] > 0
    assert not any(trial.moved for trial in tried.values())
    broken_filter(ignores_known_at)
    assert moving(audited(*both, transactions=late)) == set(both)


def test_believed_completions_are_found_and_only_the_features_that_read_them(audited, monkeypatch):
    monkeypatch.setattr(
        "features.seen._visible",
        lambda column, columns, cut: column.name if column.name in columns else "NULL",
    )
    trials = audited("complete-open", "planted-completion-undone", "add-known-late")
    assert moving(trials) <= COMPLETIONS
    names = moved(trials)
    assert {"complaints_open", "complaint_open_days", "complaint_resolution_days"} <= names
    assert not names & {"recency_days", "complaints_90d", "activity_30d"}
    [complete] = [trial for trial in trials if trial.perturbation.name == "complete-open"]
    assert complete.tables_that_move("complaints_open") == ("complaints",)


def test_the_table_that_leaks_is_named(audited, broken_filter):
    broken_filter(sees_everything_of("surveys"))
    [added] = audited("add-later")
    assert [name for name, alone in added.by_table.items() if alone] == ["surveys"]


def test_customers_who_appear_are_counted(audited, broken_filter):
    broken_filter(sees_everything_of("transactions"))
    [added] = audited("add-later")
    assert added.moved.appeared > 0


def test_reopened_without_a_resolution_date_is_tried_and_believed_by_nobody(audited):
    [undated] = audited("change-undated", without=frozenset({("complaints", "resolved_at")}))
    assert undated.touched["complaints"] > 0
    assert not undated.moved
