"""Outcomes: who of the living churned, and how, asked only of snapshots that have matured.

Who lives is said in ``features.population``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words
from ebbtide.errors import ContractError, NotReady
from features.population import living_sql
from features.seen import known_sql, timestamp_sql

if TYPE_CHECKING:
    from collections.abc import Set
    from datetime import datetime

    import pyarrow as pa

    from ebbtide.clock import OutcomeWindow
    from ebbtide.definition import ChurnDefinition
    from features.tables import Tables

CHURN_CAUSES = ("voluntary", "payment", "unknown")
"""How a contract ends. Of contracts that end together, the first of these holds."""


def label_snapshot(
    tables: Tables, *, as_of: datetime, now: datetime, definition: ChurnDefinition
) -> pa.Table:
    """Return who of the customers that live at ``as_of`` churned, as known at ``now``.

    Parameters
    ----------
    tables : the typed tables.
    as_of : aware instant of the snapshot.
    now : aware instant; only rows known strictly before it count.
    definition : what counts as churn.

    Returns
    -------
    pyarrow.Table
        ``customer_id`` (string), ``churned`` (boolean) and ``churn_cause`` (string), ordered by
        customer. The cause is one of :data:`CHURN_CAUSES` for the first contract in the window that
        ended without another; null for who stayed, and for a silence, which has none.

    Raises
    ------
    NotReady
        If the outcome window has not ended by ``now``, or the grace days after it.
    ContractError
        If contracts decide, and the table does not tell when they end.
    """
    window = definition.window(as_of)
    if not window.has_matured(now=now):
        taken, matures, today = (
            day_in_words(instant, time_zone=definition.time_zone)
            for instant in (as_of, window.matures_at, now)
        )
        raise NotReady(
            f"The snapshot of {taken} matures at {matures}, after {today}: its outcome is not "
            f"known yet. Choose an earlier snapshot."
        )
    columns = tables.columns[definition.log_table]
    if definition.kind == "contract_end":
        outcome = _ended_sql(columns, window, now=now, definition=definition)
    else:
        outcome = _silent_sql(columns, window, now=now)
    return tables.connection.sql(
        f"WITH living AS ({living_sql(definition, columns, as_of=as_of)}), {outcome} "
        "ORDER BY customer_id"
    ).to_arrow_table()


def _silent_sql(columns: Set[str], window: OutcomeWindow, *, now: datetime) -> str:
    return f"""came_back AS (
        SELECT DISTINCT customer_id FROM transactions
        WHERE amount >= 0 AND {known_sql("transactions", columns)} < {timestamp_sql(now)}
          AND occurred_at >= {timestamp_sql(window.starts_at)}
          AND occurred_at < {timestamp_sql(window.ends_at)}
    )
    SELECT customer_id, came_back.customer_id IS NULL AS churned,
        CAST(NULL AS VARCHAR) AS churn_cause
    FROM living LEFT JOIN came_back USING (customer_id)"""


def _ended_sql(
    columns: Set[str], window: OutcomeWindow, *, now: datetime, definition: ChurnDefinition
) -> str:
    _require_ends(columns)
    cut = timestamp_sql(now)
    reason = "end_reason" if "end_reason" in columns else "CAST(NULL AS VARCHAR)"
    ranks = " ".join(f"WHEN '{cause}' THEN {rank}" for rank, cause in enumerate(CHURN_CAUSES))
    causes = ", ".join(f"'{cause}'" for cause in CHURN_CAUSES)
    # What ended as it began, or before, never ran.
    return f"""contracts AS (
        SELECT customer_id, started_at, {reason} AS end_reason,
            CASE WHEN ended_at < {cut} THEN ended_at END AS ended_at
        FROM subscriptions
        WHERE {known_sql("subscriptions", columns)} < {cut} AND started_at < {cut}
          AND (ended_at IS NULL OR ended_at > started_at)
    ), ends AS (
        SELECT customer_id, ended_at,
            min(CASE coalesce(end_reason, 'unknown') {ranks} END) AS cause
        FROM contracts
        WHERE ended_at >= {timestamp_sql(window.starts_at)}
          AND ended_at < {timestamp_sql(window.ends_at)}
        GROUP BY customer_id, ended_at
    ), losses AS (
        SELECT customer_id, arg_min(cause, ended_at) AS cause
        FROM ends ANTI JOIN contracts AS other
          ON other.customer_id = ends.customer_id
          AND other.started_at <= {_days_later("ends.ended_at", definition)}
          AND (other.ended_at IS NULL OR other.ended_at > ends.ended_at)
        GROUP BY customer_id
    )
    SELECT customer_id, losses.customer_id IS NOT NULL AS churned,
        [{causes}][losses.cause + 1] AS churn_cause
    FROM living LEFT JOIN losses USING (customer_id)"""


def _require_ends(columns: Set[str]) -> None:
    if "ended_at" not in columns:
        raise ContractError(
            "Expected subscriptions with ended_at, because churn.kind is contract_end; the table "
            "has no such column. Bring it, with null for contracts that run."
        )


def _days_later(instant: str, definition: ChurnDefinition) -> str:
    """Return the SQL of an instant so many civil days of the zone later."""
    days = f"INTERVAL {definition.grace_days or 0} DAY"
    zone = definition.time_zone
    if zone == "UTC":
        return f"{instant} + {days}"
    wall = f"timezone('{zone}', timezone('UTC', {instant}))"
    return f"timezone('UTC', timezone('{zone}', {wall} + {days}))"
