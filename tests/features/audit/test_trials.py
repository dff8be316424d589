"""The audit passes a filter that is right, and names the features of one that is not."""

from __future__ import annotations

import sys

import pyarrow as pa
import pytest

import features.seen
from ebbtide.errors import ContractError, NotReady
from features.audit.perturbations import PERTURBATIONS
from features.audit.trials import require_control, try_everything
from features.catalogue.catalogue import CATALOGUE

RIGHT = features.seen.seen_sql
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


def sees_so_many_days_ahead(days, ago, *, only=None):
    late = features.seen.timestamp_sql(ago(-days))

    def seen(table, columns, **given):
        right = RIGHT(table, columns, **given)
        return right if only not in (None, table) else right.replace("$as_of", late)

    return seen


def leaking(trials):
    return [trial for trial in trials if trial.moved and trial.perturbation.kind != "control"]


def moved(trials) -> set[str]:
    return {one.column for trial in leaking(trials) for one in trial.moved.columns}


def moving(trials) -> set[str]:
    return {trial.perturbation.name for trial in leaking(trials)}


def test_nothing_moves_behind_the_right_filter(audited):
    assert leaking(audited()) == []


def test_the_control_moves_features_of_every_table_that_features_read(audited):
    [control] = audited("control")
    read = {feature.contract.table for feature in CATALOGUE}
    assert {table for table, alone in control.by_table.items() if alone} == read


def test_a_computation_that_never_looks_at_the_tables_proves_nothing(
    open_company, whole_company, ago
):
    fixed = pa.table({"customer_id": ["c1"], "visits": [1.0]})
    tables = open_company(**whole_company)
    trials = try_everything(tables, lambda _: fixed, as_of=ago(0), seed=0)
    with pytest.raises(NotReady, match="nothing was proved"):
        require_control(trials)


def test_the_copies_are_read_by_every_cursor_and_are_gone_after_an_error(
    open_company, whole_company, ago
):
    tables = open_company(**whole_company)
    calls = []

    def compute(tables):
        cursor = tables.connection.cursor()
        calls.append(cursor.sql("SELECT count(*) FROM transactions").fetchall()[0][0])
        if len(calls) == 2:
            raise ContractError("stop")
        return pa.table({"customer_id": ["c1"]})

    chosen = [one for one in PERTURBATIONS if one.name == "remove-later"]
    with pytest.raises(ContractError, match="stop"):
        try_everything(tables, compute, as_of=ago(0), seed=0, perturbations=chosen)
    assert calls[1] < calls[0]
    [[now]] = tables.connection.sql("SELECT count(*) FROM transactions").fetchall()
    assert now == calls[0]


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


def test_a_filter_that_is_a_day_late_is_found(audited, broken_filter, ago):
    broken_filter(sees_so_many_days_ahead(1, ago))
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
    assert leaking(tried.values()) == []
    broken_filter(ignores_known_at)
    assert moving(audited(*both, transactions=late)) == set(both)


def test_believed_completions_are_found_and_only_the_features_that_read_them(audited, monkeypatch):
    monkeypatch.setattr(
        "features.seen._visible",
        lambda column, columns: column.name if column.name in columns else "NULL",
    )
    trials = audited("complete-open", "planted-completion-undone", "add-known-late")
    assert moving(trials) <= COMPLETIONS
    names = moved(trials)
    assert {"complaints_open", "complaint_open_days", "complaint_resolution_days"} <= names
    assert not names & {"recency_days", "complaints_90d", "activity_30d"}
    [complete] = [trial for trial in trials if trial.perturbation.name == "complete-open"]
    assert complete.tables_that_move("complaints_open") == ("complaints",)


def test_the_table_that_leaks_is_named(audited, broken_filter, ago):
    broken_filter(sees_so_many_days_ahead(200, ago, only="surveys"))
    [added] = audited("add-later")
    assert [name for name, alone in added.by_table.items() if alone] == ["surveys"]


def test_customers_who_appear_are_counted(audited, broken_filter, ago):
    broken_filter(sees_so_many_days_ahead(200, ago, only="transactions"))
    [added] = audited("add-later")
    assert added.moved.appeared > 0


def test_reopened_without_a_resolution_date_is_tried_and_believed_by_nobody(audited):
    [undated] = audited("change-undated", without=frozenset({("complaints", "resolved_at")}))
    assert undated.touched["complaints"] > 0
    assert not undated.moved


def test_equal_seeds_touch_equal_rows_however_they_lie(audited, whole_company) -> None:
    turned = {name: list(reversed(rows)) for name, rows in whole_company.items()}
    assert [trial.touched for trial in audited()] == [t.touched for t in audited(**turned)]
