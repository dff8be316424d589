"""What subscriptions must tell where the end of a contract is churn: when they ended, and why.

Single columns are checked by ``ebbtide.contracts.check``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duckdb import DuckDBPyConnection

    from ebbtide.definition import ChurnDefinition

_LACKING = (
    Finding(
        severity="error",
        table="subscriptions",
        column="ended_at",
        message="is missing, and churn.kind is contract_end: nobody could ever leave.",
        advice="Bring it, with null for contracts that run.",
    ),
    Finding(
        severity="advice",
        table="subscriptions",
        column="end_reason",
        message="is missing: the cause of every end is unknown.",
        advice="Bring it, so that who did not pay is told from who cancelled.",
    ),
)


def check_ends(
    connection: DuckDBPyConnection, relations: Mapping[str, str], definition: ChurnDefinition
) -> list[Finding]:
    """Return what the table of subscriptions lacks.

    Parameters
    ----------
    connection : where the relations can be read.
    relations : the relation of each table that is there, by the table's name.
    definition : what counts as churn; nothing is lacking unless contracts decide.
    """
    if definition.kind != "contract_end" or "subscriptions" not in relations:
        return []
    described = connection.sql(f"DESCRIBE {relations['subscriptions']}").fetchall()
    present = {row[0] for row in described}
    return [finding for finding in _LACKING if finding.column not in present]
