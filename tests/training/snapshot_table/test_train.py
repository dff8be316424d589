"""Training on a snapshot table: by folds without dates, by time with them, calibrated or silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ebbtide.errors import ContractError, NotReady, SettingsError
from features.snapshot_table.checks import NO_DATES
from features.snapshot_table.table import open_snapshot_table
from flat_table import flat_project, flat_rows
from training.gate import PASSED, beats_rule
from training.snapshot_table.card import table_card
from training.snapshot_table.provenance import UNDATED, provenance_of_table, table_hash
from training.snapshot_table.train import train_table

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def opened(tmp_path, rows, **settings):
    project = flat_project(tmp_path, rows, **settings)
    return project, open_snapshot_table(project, now=NOW)


def trained(tmp_path, rows, *, now=NOW, **settings):
    project, table = opened(tmp_path, rows, **settings)
    return train_table(table, project, now=now)


def auc_reached(tmp_path, rows, **settings) -> float:
    """The best AUC, or a half where no candidate ranked better than chance and none was made."""
    try:
        return trained(tmp_path, rows, **settings).best.metrics["auc"]
    except NotReady as err:
        return 0.5 if "no better than chance" in str(err) else np.nan


def dated(months: int, *, n: int = 200) -> list[dict[str, object]]:
    """The same kind of customers at the first day of each month of 2025."""
    return [
        {**row, "when": f"2025-{month:02d}-01"}
        for month in range(1, months + 1)
        for row in flat_rows(n, seed=month)
    ]


@pytest.fixture(scope="module")
def undated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undated")
    kinds = ("logistic", "random_forest", "lightgbm")
    project, table = opened(folder, flat_rows(500), candidates=kinds)
    return project, table, train_table(table, project, now=NOW)


def test_every_kind_finds_the_signal_is_calibrated_and_beats_the_best_column(undated) -> None:
    _, _, made = undated
    kinds = {candidate.kind for candidate in made.candidates}
    assert kinds == {"logistic", "random_forest", "lightgbm", "blend"}
    for candidate in made.candidates:
        assert candidate.metrics["auc"] > 0.75
        assert candidate.metrics["calibration_error"] < 0.1
    assert beats_rule(made.best.metrics, made.rule_auc[made.best_rule]) == PASSED
    assert set(made.rule_auc) in ({"plan"}, {"tenure"})


def test_without_dates_nothing_is_said_of_a_later_period(undated) -> None:
    _, _, made = undated
    assert not made.is_dated
    assert made.best.calibration_checked_on == "other customers of the same period"
    assert sorted(made.best.auc_by_origin) == [f"fold {n}" for n in range(1, 6)]


def test_the_card_says_that_nothing_can_prove_the_absence_of_leakage(undated) -> None:
    project, table, made = undated
    card = table_card(project, table, made, made.best)
    assert NO_DATES in card
    assert "not later ones" in card
    assert "500 rows with 5 columns (2 numbers, 2 categories, 1 flags)" in card


def test_the_card_names_what_the_check_warned_of(tmp_path) -> None:
    rows = flat_rows(400)
    for place, row in enumerate(rows):
        row["status"] = "open" if (row["left"] == "No") != (place % 25 == 0) else "closed"
    project, table = opened(tmp_path, rows)
    made = train_table(table, project, now=NOW)
    assert "- status: Alone it ranks" in table_card(project, table, made, made.best)


def test_the_measured_model_has_not_seen_the_rows_it_is_measured_on(tmp_path) -> None:
    """Each of 100 different rows comes twice, with labels that no column tells."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for number in range(100):
        label = "Yes" if rng.random() < 0.5 else "No"
        noise = round(float(rng.random()), 6)
        rows += [{"id": f"c{number}-{copy}", "x": noise, "left": label} for copy in (0, 1)]
    assert auc_reached(tmp_path, rows, candidates=("lightgbm",)) < 0.65


def test_rows_without_a_label_are_not_learned_from(tmp_path) -> None:
    rows = flat_rows(300)
    for row in rows[:40]:
        row["left"] = ""
    assert len(trained(tmp_path, rows).newest.rows) == 260


def test_too_few_rows_are_refused(tmp_path) -> None:
    with pytest.raises(NotReady, match="at least 50 rows"):
        trained(tmp_path, flat_rows(40))


def test_nothing_is_found_where_there_is_nothing(tmp_path) -> None:
    rng = np.random.default_rng(1)
    rows = flat_rows(2_000)
    for row in rows:
        row["left"] = "Yes" if rng.random() < 0.5 else "No"
    assert auc_reached(tmp_path, rows) < 0.55


def test_with_dates_models_are_tested_on_later_rows(tmp_path) -> None:
    made = trained(tmp_path, dated(6), more='as_of = "when"')
    assert made.is_dated
    assert made.newest.as_of == datetime(2025, 6, 1, tzinfo=UTC)
    assert made.best.calibration_checked_on == "a later period"
    assert sorted(made.best.auc_by_origin) == ["2025-04-01", "2025-05-01", "2025-06-01"]


def test_outcomes_that_had_not_matured_are_not_learned(tmp_path) -> None:
    """As of 15 June, the labels of 1 June look 30 days ahead and may still change."""
    now = datetime(2025, 6, 15, tzinfo=UTC)
    made = trained(tmp_path, dated(6), more='as_of = "when"', now=now)
    assert made.newest.as_of == datetime(2025, 6, 1, tzinfo=UTC)
    learned = [taken.as_of for taken in made.snapshots]
    assert max(learned) == datetime(2025, 5, 1, tzinfo=UTC)
    assert all(at + timedelta(days=30) <= now for at in learned)


def test_early_labels_of_an_open_instant_decide_nothing(tmp_path) -> None:
    """On 10 June those of 1 June with a label left early; everybody else has none yet."""
    now = datetime(2025, 6, 10, tzinfo=UTC)
    asked = open_snapshot_table(flat_project(tmp_path, flat_rows(50, seed=9)), now=NOW).rows
    p_churn, sizes = [], []
    for kept in (("Yes",), ()):
        rows = dated(6)
        for row in rows:
            if row["when"] == "2025-06-01" and row["left"] not in kept:
                row["left"] = ""
        made = trained(tmp_path, rows, more='as_of = "when"', now=now)
        p_churn.append(made.scorer(made.best).p_churn(asked).tolist())
        sizes.append((len(made.newest.rows), made.newest.churned, len(made.snapshots)))
    assert sizes == [(200, None, 5), (200, None, 5)]
    assert p_churn[0] == p_churn[1]


def test_the_newest_rows_have_no_outcome_even_once_matured(tmp_path) -> None:
    rows = dated(6)
    for row in rows[-150:]:
        row["left"] = ""
    made = trained(tmp_path, rows, more='as_of = "when"')
    assert (len(made.newest.rows), made.newest.churned) == (200, None)
    assert len(made.snapshots[-1].rows) == 50


def test_rows_that_are_learned_from_are_ranked_among_all_of_their_instant(tmp_path) -> None:
    rows = dated(2)
    whole = trained(tmp_path, rows, more='as_of = "when"').snapshots[0]
    for place in range(0, 200, 2):
        rows[place]["left"] = ""
    half = trained(tmp_path, rows, more='as_of = "when"').snapshots[0]
    assert half.ranked.tolist() == whole.ranked[1::2].tolist()


def test_customers_of_before_1970_are_learned_from(tmp_path) -> None:
    rows = dated(6)
    for row in rows:
        row["when"] = str(row["when"]).replace("2025", "1965")
    made = trained(tmp_path, rows, more='as_of = "when"')
    assert made.newest.as_of == datetime(1965, 6, 1, tzinfo=UTC)
    assert len(made.snapshots) == 6


def test_a_label_that_turns_is_seen_only_by_time(tmp_path) -> None:
    """The last month contradicts the others: tested by time, that is a bad AUC."""
    rows = dated(5)
    for row in rows:
        if row["when"] == "2025-05-01":
            row["left"] = "No" if row["left"] == "Yes" else "Yes"
    assert auc_reached(tmp_path, rows, more='as_of = "when"') <= 0.5


def test_dates_of_single_customers_are_refused_with_what_to_do(tmp_path) -> None:
    rows = [
        {**row, "when": f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}"}
        for n, row in enumerate(flat_rows(200))
    ]
    with pytest.raises(ContractError, match="Round the dates up"):
        trained(tmp_path, rows, more='as_of = "when"')


def test_no_matured_row_is_refused(tmp_path) -> None:
    with pytest.raises(NotReady, match="had matured"):
        trained(
            tmp_path,
            dated(1),
            more='as_of = "when"',
            now=datetime(2025, 1, 5, tzinfo=UTC),
        )


def test_provenance_of_a_table_without_dates_is_the_same_every_day(undated) -> None:
    project, table, made = undated
    said = provenance_of_table(project, table, made)
    assert said.as_of == UNDATED
    assert said.lineage["trained_as_of"] == UNDATED
    assert said.lineage["snapshots"] == [UNDATED]
    assert said.lineage["rows"] == 500
    assert said.columns["snapshot_table"] >= {"customer_id", "plan"}


def test_the_data_hash_follows_the_data_and_not_their_order(tmp_path) -> None:
    rows = flat_rows(80)
    hashes = {table_hash(opened(tmp_path, order)[1]) for order in (rows, rows[::-1])}
    assert len(hashes) == 1
    rows[0]["tenure"] = 59 if rows[0]["tenure"] != 59 else 58
    assert table_hash(opened(tmp_path, rows)[1]) not in hashes


@pytest.mark.parametrize("asked", [{"by_value": True}, {"recipes": "recipes.json"}], ids=str)
def test_a_setting_that_would_change_nothing_is_refused(tmp_path, asked) -> None:
    project, table = opened(tmp_path, flat_rows(60))
    training = project.training.model_copy(update=asked)
    with pytest.raises(SettingsError, match=f"Take training.{next(iter(asked))} out"):
        train_table(table, project.model_copy(update={"training": training}), now=NOW)
