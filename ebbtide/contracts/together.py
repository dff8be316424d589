"""Check how tables fit together: whether they speak of the same customers and the same time.

Everything is held against the table that tells who lives. No value is ever quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding, errors_first
from ebbtide.contracts.tables import table_contract, typed_sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection

STALE_AFTER_DAYS = 30
"""Features that count the last 30 days see nothing of a table that ends so long before."""

SHARED_AT_LEAST = 0.5
"""Share of a table's customers of whom a purchase is expected to be known."""


def check_together(
    connection: DuckDBPyConnection,
    relations: Mapping[str, str],
    *,
    log_table: str = "transactions",
) -> list[Finding]:
    """Return what is wrong between the tables and the one that tells who lives.

    Parameters
    ----------
    connection : where the relations can be read.
    relations : the relation of each table that is there, by the table's name.
    log_table : the table that tells who lives.

    Returns
    -------
    list of Finding
        Errors first. A table without customers is passed over: its own check says so.
    """
    summed = [name for name, relation in relations.items() if _sum_up(connection, name, relation)]
    if log_table not in summed:
        return []
    findings = []
    for name in summed:
        if name != log_table:
            findings += [
                *_overlap(connection, name, log_table),
                *_freshness(connection, name, log_table),
            ]
    return errors_first(findings)


def _sum_up(connection: DuckDBPyConnection, name: str, relation: str) -> bool:
    """Keep the customers of a table and when each was last seen; false where it names none."""
    contract = table_contract(name)
    present = {row[0] for row in connection.sql(f"DESCRIBE {relation}").fetchall()}
    if "customer_id" not in present:
        return False
    clock = contract.column(contract.clock)
    last = f"max({typed_sql(clock)})" if clock.is_required and clock.name in present else "NULL"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE customers_of_{name} AS "
        f"SELECT {typed_sql(contract.column('customer_id'))} AS customer_id, "
        f"CAST({last} AS TIMESTAMP) AS last_at FROM {relation} "
        f"WHERE customer_id IS NOT NULL GROUP BY ALL"
    )
    return bool(connection.sql(f"SELECT count(*) FROM customers_of_{name}").fetchall()[0][0])


def _overlap(connection: DuckDBPyConnection, name: str, log_table: str) -> list[Finding]:
    n_all, n_shared = connection.sql(
        f"SELECT count(*), count(known.customer_id) FROM customers_of_{name} "
        f"LEFT JOIN customers_of_{log_table} AS known USING (customer_id)"
    ).fetchall()[0]
    if n_shared >= SHARED_AT_LEAST * n_all:
        return []
    return [
        Finding(
            severity="warning" if n_shared else "error",
            table=name,
            column="customer_id",
            message=f"{n_shared:,} of its {n_all:,} customers are in {log_table}.",
            advice=(
                "Ids may be written in another way (leading zeros, '.0', another system's): bring "
                "both to one form in a query."
            ),
        )
    ]


def _freshness(connection: DuckDBPyConnection, name: str, log_table: str) -> list[Finding]:
    days = connection.sql(
        f"SELECT date_diff('hour', (SELECT max(last_at) FROM customers_of_{name}), "
        f"(SELECT max(last_at) FROM customers_of_{log_table})) // 24"
    ).fetchall()[0][0]
    if days is None or days <= STALE_AFTER_DAYS:
        return []
    return [
        Finding(
            severity="warning",
            table=name,
            column=table_contract(name).clock,
            message=f"ends {days:,} days before {log_table} do.",
            advice=(
                "What was not recorded looks as if it had not happened: bring newer rows, or leave "
                "the table out."
            ),
        )
    ]
