"""Write a log of any size for the benchmark of features: every table, two years, seeded by hashes.

It is no simulation of behaviour (``ebbtide simulate`` is): only its sizes and shapes matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 730
EVENTS_EACH = 10
"""Events of a customer on average, over all tables."""

_TABLES = {
    "transactions": (
        5.2,
        "moment AS occurred_at, CAST((CASE WHEN {u1} < 0.04 THEN -1 ELSE 1 END)"
        " * (1 + 200 * {u2}) AS DECIMAL(18, 2)) AS amount,"
        " 'O' || (customer * 1000 + event // 2) AS order_id,"
        " 'P' || CAST(5000 * {u3} AS INTEGER) AS product_id,"
        " 'K' || CAST(20 * {u3} AS INTEGER) AS category,"
        " 'c' || CAST(2 * {u4} AS INTEGER) AS channel, CAST(1 + 5 * {u5} AS DOUBLE) AS quantity,"
        " CAST(5 * {u6} AS DECIMAL(18, 2)) AS discount",
    ),
    "activity": (
        1.9,
        "moment AS occurred_at, 'kind' || CAST(3 * {u1} AS INTEGER) AS kind,"
        " CAST(NULL AS DOUBLE) AS value",
    ),
    "complaints": (
        0.6,
        "moment AS opened_at, CASE WHEN {u1} < 0.9"
        " THEN moment + to_hours(CAST(400 * {u2} AS INTEGER)) END AS resolved_at,"
        " round(1 + 4 * {u3}) AS severity, {u4} < 0.05 AS reopened",
    ),
    "surveys": (
        0.6,
        "moment AS answered_at, CASE WHEN {u1} < 0.5 THEN 'csat' ELSE 'nps' END AS metric,"
        " round(1 + 4 * {u2}) AS score",
    ),
    "payments": (
        0.9,
        "moment AS due_at, CASE WHEN {u1} < 0.95"
        " THEN moment + to_hours(CAST(300 * {u2} AS INTEGER)) END AS paid_at,"
        " CAST(100 * {u3} AS DECIMAL(18, 2)) AS amount, 'paid' AS status",
    ),
    "balances": (0.8, "moment AS measured_at, 'account' AS name, round(1000 * {u1}, 2) AS value"),
    "subscriptions": (
        0.7,
        "moment AS started_at, CASE WHEN {u1} < 0.5"
        " THEN moment + to_days(30 + CAST(300 * {u2} AS INTEGER)) END AS ended_at,"
        " CASE WHEN {u1} < 0.5 THEN 'voluntary' END AS end_reason,"
        " 'plan' || CAST(3 * {u3} AS INTEGER) AS plan, 9.99 AS price, 30.0 AS period_days",
    ),
}
"""Rows of a customer on average, and the columns; ``{u1}`` and so on are uniform in [0, 1)."""


def write_log(folder: Path, *, events: int) -> dict[str, int]:
    """Write Parquet files of about so many events and return the rows of each table.

    Parameters
    ----------
    folder : made if absent; a log of that size that is there already is kept.
    events : over all tables but ``customers``; there is a customer for every ten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            "CREATE TABLE people AS SELECT customer, 'C' || lpad(CAST(customer AS VARCHAR), 9, '0')"
            f" AS customer_id, -ln(1 - {_uniform('customer', 1)}) AS rate,"
            f" 500 * {_uniform('customer', 2)} AS born,"
            f" -500 * ln(1 - {_uniform('customer', 3)}) AS life"
            f" FROM range({events // EVENTS_EACH}) people(customer)"
        )
        for place, (name, (each, columns)) in enumerate(_TABLES.items()):
            _write(connection, folder, name, _events_sql(each, columns, salt=100 * (place + 1)))
        _write(
            connection,
            folder,
            "customers",
            "SELECT customer_id, TIMESTAMP '2023-01-01' + to_days(CAST(born AS INTEGER))"
            " AS signed_up_at, TIMESTAMP '2023-01-01' AS known_at FROM people",
        )
        return {
            name: connection.sql(f"SELECT count(*) FROM '{folder / name}.parquet'").fetchall()[0][0]
            for name in (*_TABLES, "customers")
        }


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, query: str) -> None:
    path = folder / f"{name}.parquet"
    if not path.exists():
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def _events_sql(each: float, columns: str, *, salt: int) -> str:
    uniform = {f"u{i}": _uniform("customer, event", salt + i) for i in range(1, 7)}
    moment = (
        "TIMESTAMP '2023-01-01' + to_microseconds(CAST(86400000000 * (born"
        f" + least(life, {DAYS} - born) * {_uniform('customer, event', salt)}) AS BIGINT))"
    )
    return (
        f"SELECT customer_id, {columns.format(**uniform)} FROM (SELECT *, {moment} AS moment FROM ("
        f"SELECT *, unnest(range(CAST({each} * rate AS INTEGER))) AS event FROM people))"
    )


def _uniform(of: str, salt: int) -> str:
    return f"(hash({of}, {salt}) % 1000003 / 1000003)"
