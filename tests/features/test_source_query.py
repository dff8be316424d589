"""Which file a source names: the one beside the project file, wherever Ebbtide is started."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pandas as pd
import pytest

from ebbtide.errors import ContractError, SettingsError
from features.sources import open_tables
from features.tables import connect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "customer_id,occurred_at,amount\n"
ROW = "007,2025-06-01 12:00:00,9.50\n"


def customers(project):
    connection = open_tables(project, now=NOW).connection
    return [row[0] for row in connection.sql("SELECT customer_id FROM transactions").fetchall()]


def refused(project) -> str:
    with pytest.raises(SettingsError) as raised:
        open_tables(project, now=NOW)
    return str(raised.value)


@pytest.mark.parametrize("folder", ["plain", "a, b", "Ada's", "x'); SELECT 1; --", "d[1]*?"])
@pytest.mark.parametrize(
    "source",
    [
        'path = "t.csv"',
        'path = "t*.csv"',
        'path = "${PROJECT_DIR}/t.csv"',
        "query = \"FROM read_csv('${PROJECT_DIR}/t.csv', all_varchar = true)\"",
        "query = \"FROM read_csv(['${PROJECT_DIR}/t*.csv'], all_varchar = true)\"",
        "query = \"FROM '${PROJECT_DIR}/t.csv'\"",
    ],
)
def test_files_are_those_beside_the_project_file_whatever_the_folders_are_called(
    shop, tmp_path, monkeypatch, folder, source
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "t.csv").write_text(f"{HEAD}decoy,2025-06-01,1\n")
    monkeypatch.chdir(other)
    monkeypatch.setenv("PROJECT_DIR", str(other))
    project = shop(source, folder=folder, t_dot_csv=f"{HEAD}mine,2025-06-01,1\n")
    assert customers(project) == ["mine"]


RELATIVE = [
    "SELECT * FROM read_csv('t.csv')",
    "SELECT * FROM READ_CSV_AUTO('./t.csv', header = true)",
    "SELECT * FROM read_csv(['${PROJECT_DIR}/t.csv', 't.csv'])",
    "FROM 't.csv'",
    'FROM "t.csv"',
    "FROM t.csv",
    "FROM '../x/t.csv'",
    "FROM '~/t.csv'",
    "FROM query_table('t.csv')",
    "WITH t AS (SELECT * FROM read_parquet('t.parquet')) SELECT * FROM t",
    "SELECT *, (SELECT count(*) FROM read_json('t.json')) FROM '${PROJECT_DIR}/t.csv'",
    "SELECT * FROM '${PROJECT_DIR}/t.csv' UNION ALL FROM read_text('t.txt')",
    "SELECT * FROM '${PROJECT_DIR}/t.csv' JOIN glob('*.csv') ON true",
]


@pytest.mark.parametrize("query", RELATIVE)
def test_a_file_in_a_query_that_depends_on_the_working_directory_is_refused(
    shop, tmp_path, monkeypatch, query
) -> None:
    monkeypatch.chdir(tmp_path)
    message = refused(shop(f"query = '''{query} '''", t_dot_csv=HEAD + ROW))
    assert "tables.transactions.query names the file " in message
    assert "Write '${PROJECT_DIR}/" in message


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_csv('${PROJECT_DIR}' || '/t.csv')",
        "FROM read_csv(concat('t', '.csv'))",
        "FROM query('FROM ''t.csv''')",
    ],
)
def test_a_file_in_a_query_that_is_computed_is_refused(shop, query) -> None:
    message = refused(shop(f'query = "{query}"', t_dot_csv=HEAD + ROW))
    assert "computes the name of a file" in message
    assert "'${PROJECT_DIR}/cases.csv'" in message


READS = "SELECT * FROM read_csv('${PROJECT_DIR}/t.csv', all_varchar = true)"
WRITES = "COPY (SELECT 1) TO '${PROJECT_DIR}/out.csv'"


@pytest.mark.parametrize(
    ("query", "came"),
    [
        pytest.param(f"{READS}; {WRITES}", "2 statements", id="a-copy-behind"),
        pytest.param(f"{WRITES}; {READS}", "2 statements", id="a-copy-before"),
        pytest.param(f"{READS}; {READS};", "2 statements", id="two-queries"),
        pytest.param(WRITES, "a statement of kind COPY", id="a-copy"),
        pytest.param("ATTACH '${PROJECT_DIR}/out.csv' AS d", "of kind ATTACH", id="an-attach"),
        pytest.param("-- later", "0 statements", id="nothing"),
    ],
)
def test_a_query_that_does_more_than_read_is_refused(shop, tmp_path, query, came) -> None:
    message = refused(shop(f'query = "{query}"', t_dot_csv=HEAD + ROW))
    assert "tables.transactions.query: expected one query" in message
    assert f"{came}." in message
    assert not (tmp_path / "out.csv").exists()


def test_what_would_do_more_within_another_query_does_nothing(shop, tmp_path) -> None:
    query = f"{READS}); {WRITES}; ({READS}"
    with pytest.raises(ContractError, match="Parser Error"):
        customers(shop(f'query = "{query}"', t_dot_csv=HEAD + ROW))
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(f"{READS};", id="semicolon"),
        pytest.param(f"{READS} -- all; of them", id="comment"),
        pytest.param(f"WITH t AS ({READS}) SELECT * FROM t WHERE ';' <> ''", id="with"),
        pytest.param(f"({READS})", id="parentheses"),
    ],
)
def test_one_query_is_read_however_it_is_written(shop, query) -> None:
    assert customers(shop(f'query = "{query}"', t_dot_csv=HEAD + ROW)) == ["007"]


def test_texts_with_a_dot_and_common_tables_are_no_files(shop) -> None:
    query = (
        "WITH orders AS (SELECT *, 'a.csv' AS origin FROM '${PROJECT_DIR}/t.csv') "
        "SELECT o.customer_id, o.occurred_at, o.amount FROM orders AS o, range(1) "
        "WHERE origin = 'a.csv'"
    )
    assert customers(shop(f'query = "{query}"', t_dot_csv=HEAD + ROW)) == ["007"]


def test_a_query_sees_no_variable_of_the_program() -> None:
    frame = pd.DataFrame({"customer_id": ["c1"]})
    with connect("UTC") as connection, pytest.raises(duckdb.CatalogException, match="frame"):
        connection.sql("SELECT * FROM frame")
    assert len(frame) == 1
