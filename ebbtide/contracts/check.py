"""Check one raw table completely against its contract, in one pass over it.

The table is a relation that DuckDB can read, whatever its column types; nothing is changed and no
value is ever quoted. How tables fit together is for ``ebbtide.contracts.together``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ebbtide.contracts.findings import Finding, errors_first
from ebbtide.contracts.forms import advice_on, came_in_words, forms_that_came
from ebbtide.contracts.header import header_findings, is_headless
from ebbtide.contracts.rules import column_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from ebbtide.contracts.rules import Rule
    from ebbtide.contracts.tables import TableContract


REPEATED_ROWS = "repeats rows exactly."
"""What is said of rows that stand in a table more than once."""


def check_table(
    connection: DuckDBPyConnection, relation: str, contract: TableContract, *, now: datetime
) -> list[Finding]:
    """Return everything that is wrong with a table.

    Parameters
    ----------
    connection : where the relation can be read.
    relation : name of a table or view.
    contract : what it should be.
    now : the present; rows of later are errors.

    Returns
    -------
    list of Finding
        Errors first; empty where the table keeps its contract.
    """
    findings, looked = _looked_over(connection, relation, contract, now=now)
    if not looked:
        return findings
    return errors_first([*findings, *_duplicate_rows(connection, relation, contract)])


def check_rows(
    connection: DuckDBPyConnection, relation: str, contract: TableContract, *, now: datetime
) -> list[Finding]:
    """Return what is wrong with the rows of a table, each looked at by itself.

    It is :func:`check_table` but for repeated rows, which must be compared with all others.

    Parameters
    ----------
    connection, relation, contract, now : as in :func:`check_table`.
    """
    return _looked_over(connection, relation, contract, now=now)[0]


def _looked_over(
    connection: DuckDBPyConnection, relation: str, contract: TableContract, *, now: datetime
) -> tuple[list[Finding], bool]:
    """Return what is wrong with columns and rows, and whether there were rows to look at."""
    types = {
        name: str(kind) for name, kind, *_ in connection.sql(f"DESCRIBE {relation}").fetchall()
    }
    named = header_findings(contract, types)
    if is_headless(types) and any(finding.severity == "error" for finding in named):
        return named, False
    rules = [
        (column.name, rule)
        for column in contract.columns
        if column.name in types
        for rule in column_rules(column, contract, raw_type=types[column.name], now=now)
        if rule.reads <= set(types)
    ]
    n_rows, counts = _counts(connection, relation, rules)
    if n_rows == 0:
        return errors_first([*named, _empty(contract)]), False
    broken = [
        Finding(
            severity=rule.severity,
            table=contract.name,
            column=column,
            count=count,
            **_words(connection, relation, column, rule),
        )
        for (column, rule), count in zip(rules, counts, strict=True)
        if count
    ]
    return errors_first([*named, *broken]), True


def _words(
    connection: DuckDBPyConnection, relation: str, column: str, rule: Rule
) -> dict[Literal["message", "advice"], str]:
    """Return what a finding says; of values that are not of their kind also how they came."""
    plain: dict[Literal["message", "advice"], str]
    plain = {"message": rule.message, "advice": rule.advice}
    if rule.no_value_of is None:
        return plain
    came = forms_that_came(
        connection, relation, column=column, kind=rule.no_value_of, broken=rule.broken
    )
    if not came:
        return plain
    return {
        "message": f"{rule.message} Got {came_in_words(came)}.",
        "advice": advice_on([form for form, _ in came], column=column),
    }


def _counts(
    connection: DuckDBPyConnection, relation: str, rules: Sequence[tuple[str, Rule]]
) -> tuple[int, tuple[int, ...]]:
    """Return how many rows there are, and how many break each rule."""
    parts = ["count(*)", *(f"count(*) FILTER ({rule.broken})" for _, rule in rules)]
    n_rows, *counts = connection.sql(f"SELECT {', '.join(parts)} FROM {relation}").fetchall()[0]
    return n_rows, tuple(counts)


def _empty(contract: TableContract) -> Finding:
    return Finding(
        severity="error" if contract.name == "transactions" else "warning",
        table=contract.name,
        message="has no rows.",
        advice="Check its path or query, or leave the table out until it has rows.",
    )


def _duplicate_rows(
    connection: DuckDBPyConnection, relation: str, contract: TableContract
) -> list[Finding]:
    counted = connection.sql(
        f"SELECT (SELECT count(*) FROM {relation}) - "
        f"(SELECT count(*) FROM (SELECT DISTINCT * FROM {relation}))"
    )
    n = int(counted.fetchall()[0][0])
    if n == 0:
        return []
    return [
        Finding(
            severity="warning",
            table=contract.name,
            count=n,
            message=REPEATED_ROWS,
            advice="If they are one event stored twice, use SELECT DISTINCT in a query.",
        )
    ]
