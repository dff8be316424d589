"""A table is checked completely: against its contract, its label, its ids and its dates."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ebbtide.contracts.snapshot_table_file import read_contract
from ebbtide.errors import ContractError, SettingsError
from features.snapshot_table import checks
from features.snapshot_table.checks import NO_DATES, ONE_DATE
from features.snapshot_table.table import (
    check_snapshot_table,
    inferred_contract,
    open_snapshot_table,
    write_contract,
)
from flat_table import flat_project, flat_rows

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def project(tmp_path):
    return flat_project(tmp_path, flat_rows(120))


def found(project, *, now=NOW):
    """Findings as severity, column and count."""
    checked = check_snapshot_table(project, now=now)
    return [(f.severity, f.column, f.count) for f in checked.findings]


def changed(tmp_path, change, *, more="", n=120):
    """The findings of rows that were changed after a contract was inferred from them."""
    project = flat_project(tmp_path, flat_rows(n), more=more)
    write_contract(inferred_contract(project, now=NOW), project.contract_path)
    rows = flat_rows(n)
    change(rows)
    return flat_project(tmp_path, rows, more=more)


def test_rows_become_numbers_by_the_contract(project) -> None:
    table = open_snapshot_table(project, now=NOW)
    assert table.is_new
    names = [feature.name for feature in table.contract.features]
    assert names == ["plan", "tenure", "fee", "paperless", "region"]
    kinds = [column.kind for column in table.contract.columns]
    assert kinds == ["category", "number", "number", "flag", "category"]
    assert np.isnan(table.rows[:, names.index("fee")]).sum() == 3
    assert table.customer_ids[0] == "c-00000"
    rows = flat_rows(120)
    assert table.churned.tolist() == [float(row["left"] == "Yes") for row in rows]
    assert table.rows[:, names.index("tenure")].tolist() == [row["tenure"] for row in rows]


def test_without_dates_the_check_says_what_cannot_be_proved(project) -> None:
    checked = check_snapshot_table(project, now=NOW)
    said = [f for f in checked.findings if f.message == NO_DATES]
    assert [f.severity for f in said] == ["warning"]
    assert "nothing can prove" in NO_DATES


def test_one_date_for_all_rows_proves_no_more_than_none(tmp_path) -> None:
    rows = [{**row, "when": "2026-01-01"} for row in flat_rows(60)]
    checked = check_snapshot_table(flat_project(tmp_path, rows, more='as_of = "when"'), now=NOW)
    said = [f.severity for f in checked.findings if f.message == ONE_DATE]
    assert said == ["warning"]
    assert "nothing can prove" in ONE_DATE


def test_years_with_two_digits_are_an_error(tmp_path) -> None:
    rows = [{**row, "when": "26-01-01"} for row in flat_rows(60)]
    checked = check_snapshot_table(flat_project(tmp_path, rows, more='as_of = "when"'), now=NOW)
    [error] = [f for f in checked.findings if f.severity == "error"]
    assert (error.column, error.count) == ("when", 60)
    assert "two digits" in error.advice


def test_blanks_among_numbers_are_said(project) -> None:
    assert ("advice", "fee", 3) in found(project)


CHANGES = [
    (lambda rows: rows[3].update(plan="platinum"), ("warning", "plan", 1), "new-category"),
    (lambda rows: rows[3].update(tenure=999), ("warning", "tenure", 1), "out-of-range"),
    (lambda rows: rows[3].update(tenure="many"), ("error", "tenure", 1), "no-number"),
    (lambda rows: rows[3].update(plan=""), ("warning", "plan", 1), "null-where-none-was"),
    (
        lambda rows: [row.update(fee="") for row in rows[:60]],
        ("warning", "fee", 61),
        "many-more-nulls",
    ),
    (lambda rows: [row.pop("plan") for row in rows], ("error", "plan", 0), "missing-column"),
    (lambda rows: [row.update(new=1) for row in rows], ("advice", "new", 0), "new-column"),
    (lambda rows: rows[3].update(id=""), ("error", "id", 1), "no-id"),
    (lambda rows: rows[3].update(id="c-00000"), ("error", "id", 1), "an-id-twice"),
    (lambda rows: rows[3].update(left=""), ("warning", "left", 1), "no-label"),
    (lambda rows: rows[3].update(left="maybe"), ("warning", "left", 0), "a-third-label"),
    (
        lambda rows: [row.update(left="No") for row in rows],
        ("error", "left", 0),
        "nobody-churned",
    ),
    (
        lambda rows: [row.update(left="Yes") for row in rows],
        ("error", "left", 0),
        "everybody-churned",
    ),
    (
        lambda rows: [row.update(left="No") for row in rows[20:]],
        ("warning", "left", None),
        "few-churned",
    ),
]


@pytest.mark.parametrize(
    ("change", "finding"), [c[:2] for c in CHANGES], ids=[c[2] for c in CHANGES]
)
def test_later_data_are_checked_against_the_contract(tmp_path, change, finding) -> None:
    got = found(changed(tmp_path, change))
    severity, column, count = finding
    assert any((s, c) == (severity, column) and (count is None or n == count) for s, c, n in got), (
        got
    )


def test_all_errors_are_raised_at_once_and_no_value_is_told(tmp_path) -> None:
    def change(rows):
        rows[3].update(tenure="secret", id="c-00000")

    with pytest.raises(ContractError) as raised:
        open_snapshot_table(changed(tmp_path, change), now=NOW)
    message = str(raised.value)
    assert "2 place(s)" in message
    assert "secret" not in message
    assert "c-00000" not in message


def test_a_label_that_differs_in_case_is_hinted_at(tmp_path) -> None:
    rows = flat_rows(40)
    for row in rows:
        row["left"] = str(row["left"]).upper()
    with pytest.raises(ContractError, match="differs only in case"):
        open_snapshot_table(flat_project(tmp_path, rows), now=NOW)


def test_a_column_that_tells_too_much_is_warned_of(tmp_path) -> None:
    rows = flat_rows(400)
    for place, row in enumerate(rows):
        honest = place % 25 == 0
        row["status"] = "open" if (row["left"] == "No") != honest else "closed"
    checked = check_snapshot_table(flat_project(tmp_path, rows), now=NOW)
    [finding] = [f for f in checked.findings if f.column == "status"]
    assert finding.severity == "warning"
    assert "too good to have been known before" in finding.message


def test_the_label_in_other_words_is_left_out_with_a_warning(tmp_path) -> None:
    rows = flat_rows(120)
    for row in rows:
        row["reason"] = "moved" if row["left"] == "Yes" else ""
    checked = check_snapshot_table(flat_project(tmp_path, rows), now=NOW)
    assert ("warning", "reason") in [(f.severity, f.column) for f in checked.findings]
    assert "reason" not in [feature.name for feature in checked.contract.features]


def test_a_person_may_insist_on_such_a_column_and_is_warned_again(tmp_path) -> None:
    rows = flat_rows(120)
    for row in rows:
        row["reason"] = "moved" if row["left"] == "Yes" else "none"
    project = flat_project(tmp_path, rows)
    write_contract(inferred_contract(project, now=NOW), project.contract_path)
    text = project.contract_path.read_text(encoding="utf-8")
    head, _, tail = text.partition("[columns.reason]")
    insisted = '[columns.reason]\nkind = "category"\ncategories = { moved = 1, none = 1 }\n'
    project.contract_path.write_text(head + insisted, encoding="utf-8")
    assert tail
    checked = check_snapshot_table(project, now=NOW)
    [finding] = [f for f in checked.findings if f.column == "reason"]
    assert "perfectly" in finding.message


def test_rows_that_repeat_are_counted(tmp_path) -> None:
    rows = flat_rows(120)
    rows += [{**row, "id": f"copy-{row['id']}"} for row in rows[:7]]
    checked = check_snapshot_table(flat_project(tmp_path, rows), now=NOW)
    [said] = [f for f in checked.findings if "repeat" in f.message]
    assert said.count == 7


@pytest.mark.parametrize(
    ("when", "column_count"),
    [("soon", 1), ("2027-01-01", 1), ("", 1), ("12000-01-01", 1), ("0044-03-15 (BC)", 1)],
    ids=["no-date", "future", "empty", "beyond-the-calendar", "before-the-calendar"],
)
def test_dates_that_cannot_be_are_errors(tmp_path, when, column_count) -> None:
    rows = [{**row, "when": "2026-01-01"} for row in flat_rows(60)]
    rows[5]["when"] = when
    got = found(flat_project(tmp_path, rows, more='as_of = "when"'))
    assert ("error", "when", column_count) in got


def test_a_date_before_1970_is_a_date(tmp_path) -> None:
    rows = [{**row, "when": "1969-12-31T23:59:59.999999Z"} for row in flat_rows(60)]
    project = flat_project(tmp_path, rows, more='as_of = "when"')
    opened = open_snapshot_table(project, now=NOW)
    assert set(opened.instants.tolist()) == {-1}


def early_labels(tmp_path, *, column):
    """Rows of two months, the second still open: there a column says what the labels say."""
    rows = [{**row, "when": when} for when in ("2026-01-01", "2026-02-25") for row in flat_rows(60)]
    for place, row in enumerate(rows):
        row[column] = "ab"[place % 2] if place < 60 else "ab"[row["left"] == "Yes"]
    return flat_project(tmp_path, rows, more='as_of = "when"')


def test_labels_that_had_not_matured_are_counted_and_not_read(tmp_path) -> None:
    checked = check_snapshot_table(early_labels(tmp_path, column="note"), now=NOW)
    assert np.isnan(checked.churned).tolist() == [False] * 60 + [True] * 60
    assert ("warning", "left", 60) in [(f.severity, f.column, f.count) for f in checked.findings]


def test_whether_a_column_is_the_label_is_judged_by_matured_labels(tmp_path) -> None:
    rows = [{**row, "when": when} for when in ("2026-01-01", "2026-02-25") for row in flat_rows(60)]
    for place, row in enumerate(rows):
        # all of it that had matured by March is the label; the open month is noise
        row["note"] = "ab"[row["left"] == "Yes"] if place < 60 else "ab"[place % 2]
    project = flat_project(tmp_path, rows, more='as_of = "when"')
    names = [column.name for column in inferred_contract(project, now=NOW).used]
    assert "note" not in names
    later = [c.name for c in inferred_contract(project, now=datetime(2026, 6, 1, tzinfo=UTC)).used]
    assert "note" in later


def test_training_as_of_an_earlier_instant_judges_columns_by_what_had_matured_then(
    tmp_path,
) -> None:
    project = early_labels(tmp_path, column="note")
    late = datetime(2026, 6, 1, tzinfo=UTC)
    opened = open_snapshot_table(project, now=late, learned_at=NOW)
    assert np.isnan(opened.churned).sum() == 60


def test_a_customer_may_come_again_at_another_date(tmp_path) -> None:
    rows = [{**row, "when": when} for row in flat_rows(60) for when in ("2026-01-01", "2026-02-01")]
    project = flat_project(tmp_path, rows, more='as_of = "when"')
    checked = check_snapshot_table(project, now=NOW)
    assert "error" not in {f.severity for f in checked.findings}
    assert NO_DATES not in {f.message for f in checked.findings}


def test_a_contract_is_never_written_over(project) -> None:
    contract = inferred_contract(project, now=NOW)
    write_contract(contract, project.contract_path)
    assert read_contract(project.contract_path) == contract
    with pytest.raises(SettingsError, match="is there already"):
        write_contract(contract, project.contract_path)


def test_ignored_columns_are_not_seen(tmp_path) -> None:
    table = open_snapshot_table(
        flat_project(tmp_path, flat_rows(60), more='ignore = ["fee", "region"]'), now=NOW
    )
    assert [column.name for column in table.contract.columns] == ["plan", "tenure", "paperless"]


def test_without_ids_rows_are_counted(tmp_path) -> None:
    project = flat_project(tmp_path, flat_rows(60))
    table = project.snapshot_table.model_copy(update={"customer_id": None, "ignore": ["id"]})
    opened = open_snapshot_table(project.model_copy(update={"snapshot_table": table}), now=NOW)
    assert opened.customer_ids.tolist() == [str(number) for number in range(1, 61)]


def test_a_table_of_ids_only_has_nothing_to_learn_from(tmp_path) -> None:
    rows = [{"id": row["id"], "left": row["left"], "same": 1} for row in flat_rows(60)]
    with pytest.raises(ContractError, match="No column is left to learn from"):
        open_snapshot_table(flat_project(tmp_path, rows), now=NOW)


def test_a_column_with_infinite_numbers_stays_one_of_numbers(tmp_path) -> None:
    rows = flat_rows(120)
    for row in rows[::3]:
        row["fee"] = "inf"
    checked = check_snapshot_table(flat_project(tmp_path, rows), now=NOW)
    assert [c.kind for c in checked.contract.columns if c.name == "fee"] == ["number"]
    (finding,) = [f for f in checked.findings if "Infinite" in f.message]
    assert (finding.severity, finding.column, finding.count) == ("warning", "fee", 40)


def test_progress_is_said_while_a_wide_table_is_judged(project, monkeypatch) -> None:
    monkeypatch.setattr(checks, "SAID_EVERY", 2)
    said: list[str] = []
    check_snapshot_table(project, now=NOW, progress=said.append)
    assert said[-2:] == [
        "columns that tell too much, 2 of 5",
        "columns that tell too much, 4 of 5",
    ]
