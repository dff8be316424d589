"""The example project files give the populations and churn that are published for these logs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import duckdb
import pytest

from ebbtide.contracts.tables import table_contract
from ebbtide.project import Project, expand_variables, load_project

if TYPE_CHECKING:
    from pathlib import Path

POPULATION = """
WITH bought AS (SELECT customer_id, occurred_at FROM shop WHERE amount >= 0),
     living AS (SELECT DISTINCT customer_id FROM bought
                WHERE occurred_at < $as_of::TIMESTAMP
                  AND occurred_at >= $as_of::TIMESTAMP - to_days($active)),
     back AS (SELECT DISTINCT customer_id FROM bought
              WHERE occurred_at >= $as_of::TIMESTAMP
                AND occurred_at < $as_of::TIMESTAMP + to_days($horizon))
SELECT count(*), round(1 - count(back.customer_id) / count(*), 3)
FROM living LEFT JOIN back USING (customer_id)
"""


def _shop(project: Project) -> duckdb.DuckDBPyConnection:
    source = project.tables["transactions"]
    if source.query is not None:
        query = expand_variables(source.query, where="tables.transactions.query")
    else:
        assert source.path is not None
        path = expand_variables(source.path, where="tables.transactions.path")
        named = ", ".join(f'"{theirs}" AS {ours}' for ours, theirs in source.columns.items())
        query = f"SELECT customer_id, {named} FROM read_parquet('{path}')"
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE shop AS {query}")
    return connection


def _population(project: Project, as_of: str) -> tuple[int, float]:
    asked = {
        "as_of": as_of,
        "active": project.churn.active_within_days,
        "horizon": project.churn.horizon_days,
    }
    with _shop(project) as connection:
        row = connection.execute(POPULATION, asked).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.golden
@pytest.mark.parametrize(
    ("as_of", "living", "churned"),
    [
        ("2010-12-01", 4268, 0.669),
        ("2011-03-01", 4276, 0.632),
        ("2011-06-01", 4338, 0.634),
        ("2011-09-09", 4324, 0.496),
    ],
)
def test_the_gift_shop_has_its_published_population(
    shop_env: Path, examples: Path, as_of: str, living: int, churned: float
) -> None:
    project = load_project(examples / "online-retail-ii.toml")
    assert _population(project, as_of) == (living, churned)


@pytest.mark.golden
def test_cdnow_has_its_published_counts(shop_env: Path, examples: Path) -> None:
    project = load_project(examples / "cdnow.toml")
    with _shop(project) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT customer_id), "
            "CAST(sum(amount::DECIMAL(18, 2)) AS VARCHAR), sum(quantity), "
            "CAST(min(occurred_at)::DATE AS VARCHAR), CAST(max(occurred_at)::DATE AS VARCHAR) "
            "FROM shop"
        ).fetchone()
    assert row == (69_659, 23_570, "2500315.63", 167_881, "1997-01-01", "1998-06-30")


def test_returns_are_c_invoices_and_nothing_else(shop_env: Path, examples: Path) -> None:
    project = load_project(examples / "online-retail-ii.toml")
    with _shop(project) as connection:
        row = connection.execute(
            "SELECT bool_and(starts_with(order_id, 'C') = (amount < 0)), "
            "count(*) FILTER (amount < 0), max(occurred_at) < '2011-12-10' FROM shop"
        ).fetchone()
    assert row == (True, 18_446, True)


def test_a_customer_of_the_gift_shop_has_one_country_known_from_the_first_invoice(
    shop_env: Path, examples: Path
) -> None:
    project = load_project(examples / "online-retail-ii.toml")
    query = project.tables["customers"].query
    assert query is not None
    with _shop(project) as connection:
        row = connection.execute(
            f"WITH who AS ({expand_variables(query, where='customers')}), first AS "
            "(SELECT customer_id, min(occurred_at) AS began FROM shop GROUP BY customer_id) "
            "SELECT count(*), count(DISTINCT customer_id), bool_and(known_at <= began), "
            "count(region) FROM who JOIN first USING (customer_id)"
        ).fetchone()
    assert row == (5_942, 5_942, True, 5_942)


@pytest.mark.parametrize("name", ["online-retail-ii", "cdnow", "telco"])
def test_example_projects_are_read_without_data(
    examples: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EBBTIDE_DATA_DIR", raising=False)
    project = load_project(examples / f"{name}.toml")
    assert "EBBTIDE_DATA_DIR" not in os.environ
    assert project.model_name == f"ebbtide-{name}"
    assert project.folder == examples / ".ebbtide" / name
    assert project.policy_path.exists()
    for table, source in project.tables.items():
        assert set(source.columns) <= set(table_contract(table).names)
