"""Outcomes: who of the living churned, asked only of snapshots that have matured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words
from ebbtide.errors import NotReady
from features.seen import known_sql, timestamp_sql

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from ebbtide.definition import ChurnDefinition
    from features.tables import Tables


def label_snapshot(
    tables: Tables, *, as_of: datetime, now: datetime, definition: ChurnDefinition
) -> pa.Table:
    """Return who of the customers that live at ``as_of`` churned, as known at ``now``.

    Parameters
    ----------
    tables : the typed tables.
    as_of : aware instant of the snapshot.
    now : aware instant; only purchases known strictly before it count.
    definition : what counts as churn.

    Returns
    -------
    pyarrow.Table
        ``customer_id`` (string) and ``churned`` (boolean), ordered by customer.

    Raises
    ------
    NotReady
        If the outcome window has not ended by ``now``.
    """
    window = definition.window(as_of)
    if not window.has_matured(now=now):
        taken, matures, today = (
            day_in_words(instant, time_zone=definition.time_zone)
            for instant in (as_of, window.ends_at, now)
        )
        raise NotReady(
            f"The snapshot of {taken} matures at {matures}, after {today}: its outcome is not "
            f"known yet. Choose an earlier snapshot."
        )
    known = known_sql("transactions", tables.columns["transactions"])
    purchase = f"amount >= 0 AND {known} <"
    cut, end = timestamp_sql(as_of), timestamp_sql(now)
    return tables.connection.sql(
        f"""
        WITH living AS (
            SELECT DISTINCT customer_id FROM transactions
            WHERE {purchase} {cut} AND occurred_at < {cut}
              AND occurred_at >= {timestamp_sql(definition.alive_since(as_of))}
        ), came_back AS (
            SELECT DISTINCT customer_id FROM transactions
            WHERE {purchase} {end}
              AND occurred_at >= {timestamp_sql(window.starts_at)}
              AND occurred_at < {timestamp_sql(window.ends_at)}
        )
        SELECT customer_id, came_back.customer_id IS NULL AS churned
        FROM living LEFT JOIN came_back USING (customer_id) ORDER BY customer_id
        """
    ).to_arrow_table()
