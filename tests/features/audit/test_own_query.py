"""A query of the user's is run again on perturbed tables: what moves is a leak, proved."""

from __future__ import annotations

import pytest

from ebbtide.errors import ContractError, SettingsError
from features.audit.own_query import own_query, read_query, unstable_columns
from features.audit.perturbations import PERTURBATIONS
from features.audit.trials import require_control, try_everything

BOTH = """
SELECT customer_id,
       count(*) FILTER (WHERE occurred_at < {as_of}) AS x1,
       count(*) AS x2
FROM transactions GROUP BY customer_id
"""
CLEAN = "SELECT customer_id, count(*) AS n FROM transactions WHERE occurred_at < {as_of} GROUP BY 1"


@pytest.fixture
def tables(open_company, whole_company):
    return open_company(**whole_company)


@pytest.fixture
def moved_by(tables, ago):
    def moved(text, *names):
        chosen = [one for one in PERTURBATIONS if one.name in names]
        trials = try_everything(
            tables,
            own_query(text, as_of=ago(0)),
            as_of=ago(0),
            seed=0,
            perturbations=chosen,
            may_be_known_late=False,
        )
        require_control(trials)
        return {one.column for trial in trials[-1:] for one in trial.moved.columns}, trials[
            -1
        ].moved

    return moved


def test_the_column_that_counts_the_future_moves_and_the_other_does_not(moved_by):
    columns, _ = moved_by(BOTH, "control", "change-later")
    assert columns == {"x2"}


def test_a_query_that_stops_at_the_instant_does_not_move(moved_by):
    for name in ("add-later", "change-later", "remove-later", "reorder"):
        columns, movement = moved_by(CLEAN, "control", name)
        assert columns == set()
        assert not movement


def late_trials(tables, as_of):
    chosen = [one for one in PERTURBATIONS if "late" in one.name and "completion" not in one.name]
    return try_everything(
        tables,
        own_query(CLEAN, as_of=as_of),
        as_of=as_of,
        seed=0,
        perturbations=chosen,
        may_be_known_late=False,
    )


def test_a_query_need_not_heed_a_known_at_that_its_table_does_not_have(tables, ago):
    assert not any(trial.moved for trial in late_trials(tables, ago(0)))


def test_a_query_that_passes_over_known_at_moves(open_company, whole_company, ago):
    late = [row | {"known_at": row["occurred_at"]} for row in whole_company["transactions"]]
    moved = [trial for trial in late_trials(open_company(transactions=late), ago(0)) if trial.moved]
    assert {trial.perturbation.name for trial in moved} >= {
        "add-known-late",
        "planted-late-removed",
    }


def test_a_completion_that_is_believed_moves(moved_by):
    text = (
        "SELECT customer_id, count(*) FILTER (WHERE resolved_at IS NULL) AS still FROM complaints "
        "WHERE opened_at < {as_of} GROUP BY customer_id"
    )
    columns, _ = moved_by(text, "control", "complete-open")
    assert columns == {"still"}


def test_customers_who_appear_are_a_movement(moved_by):
    text = "SELECT customer_id, 1 AS one FROM transactions GROUP BY customer_id"
    columns, movement = moved_by(text + " HAVING min(occurred_at) < {as_of} OR TRUE", "add-later")
    assert columns == set()
    assert movement.appeared > 0


def test_columns_that_differ_from_run_to_run_are_found(tables, ago):
    text = "SELECT customer_id, random() AS x, count(*) AS n FROM transactions GROUP BY 1"
    assert unstable_columns(own_query(text, as_of=ago(0)), tables) == {"x"}


def test_customers_who_differ_from_run_to_run_are_found(tables, ago):
    text = (
        "SELECT customer_id, 1 AS one FROM transactions GROUP BY customer_id HAVING random() < 0.5"
    )
    assert unstable_columns(own_query(text, as_of=ago(0)), tables) == {"customer_id"}


def test_the_last_step_of_with_may_have_any_name(tables, ago):
    text = f"WITH steps AS ({CLEAN}) SELECT * FROM steps"
    assert own_query(text, as_of=ago(0))(tables).column_names == ["customer_id", "n"]


@pytest.mark.parametrize(
    "text",
    [
        "WITH a AS (SELECT * FROM transactions), b AS (SELECT * FROM A) "
        "SELECT customer_id, count(*) AS n FROM b GROUP BY 1",
        "WITH transactions AS (SELECT * FROM transactions) "
        "SELECT customer_id, count(*) AS n FROM transactions GROUP BY 1",
        "WITH a AS (SELECT * FROM transactions) "
        "SELECT customer_id, count(*) AS n FROM (SELECT * FROM a) GROUP BY 1",
        "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a WHERE x < 3) "
        "SELECT customer_id, count(*) AS n FROM transactions, a GROUP BY 1",
    ],
    ids=["step-of-step", "named-like-a-table", "subquery", "recursive"],
)
def test_steps_of_with_are_read_where_they_can_be_seen(tables, ago, text):
    assert own_query(text, as_of=ago(0))(tables).num_rows == 40


@pytest.mark.parametrize(
    "text",
    [
        "SELECT customer_id, count(*) AS n FROM (WITH elsewhere AS (SELECT 1 AS x) "
        "SELECT t.* FROM transactions t, elsewhere), elsewhere GROUP BY 1",
        "WITH elsewhere AS (SELECT * FROM elsewhere) "
        "SELECT customer_id, count(*) AS n FROM transactions, elsewhere GROUP BY 1",
        "WITH first AS (SELECT * FROM elsewhere), elsewhere AS (SELECT 1 AS x) "
        "SELECT customer_id, count(*) AS n FROM transactions, first GROUP BY 1",
    ],
    ids=["inside-a-subquery", "within-itself", "before-it"],
)
def test_a_step_of_with_excuses_no_table_where_it_cannot_be_seen(tables, ago, text):
    tables.connection.execute("CREATE TABLE elsewhere AS SELECT 1 AS x")
    with pytest.raises(ContractError, match="reads elsewhere, which cannot be perturbed"):
        own_query(text, as_of=ago(0))(tables)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT customer_id, 1 AS x FROM 'file.csv'", "file.csv"),
        ("SELECT customer_id, 1 AS x FROM read_csv('file.csv')", "read_csv"),
        ("SELECT customer_id, 1 AS x FROM main.transactions", "main.transactions"),
        ("SELECT customer_id, 1 AS x FROM audit_original_transactions", "audit_original"),
        ("SELECT 'a' AS customer_id, 1 AS x", "reads no table"),
        ("SELECT count(*) AS n FROM transactions", "expected customer_id"),
        ("SELECT customer_id, amount FROM transactions", "GROUP BY customer_id"),
        ("SELECT customer_id, nonsense FROM transactions", "nonsense"),
        ("SELEC customer_id", "cannot be parsed"),
        ("DROP TABLE transactions", "cannot be parsed"),
        ("SELECT 1 FROM transactions; DROP TABLE transactions", "one SELECT"),
        ("SELECT 1 FROM transactions; SELECT 2 FROM transactions", "got 2 statements"),
    ],
    ids=[
        "file",
        "function",
        "schema",
        "copy",
        "nothing",
        "nobody",
        "twice",
        "unknown-column",
        "typo",
        "no-select",
        "two",
        "two-selects",
    ],
)
def test_a_query_that_could_prove_nothing_is_refused(tables, ago, text, said):
    with pytest.raises(ContractError, match=said):
        own_query(text, as_of=ago(0))(tables)
    assert tables.connection.sql("SELECT count(*) FROM transactions").fetchall()[0][0] > 0


def test_a_file_without_an_instant_in_it_is_refused(tmp_path):
    file = tmp_path / "q.sql"
    file.write_text("SELECT customer_id FROM transactions")
    with pytest.raises(SettingsError, match="as_of"):
        read_query(file)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_query(tmp_path / "absent.sql")
