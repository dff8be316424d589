"""Who lives at an instant, by kind of churn: the customers of a snapshot.

Every engine, the outcomes and live events ask it here. Who of the living left is said in
``features.labels``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.seen import at_instant, seen_sql
from features.views import VIEWS, views_below

if TYPE_CHECKING:
    from collections.abc import Set
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition, ChurnKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The living by one kind of churn.

    Parameters
    ----------
    table : the table that tells.
    sql : query for their ``customer_id``, each once, over the views or the seen table; it may name
        ``$alive_since``.
    views : the base views that it reads.
    """

    table: str
    sql: str
    views: tuple[str, ...] = ()


POPULATIONS: dict[ChurnKind, Population] = {
    "inactivity": Population(
        table="transactions",
        sql="SELECT DISTINCT customer_id FROM purchases WHERE occurred_at >= $alive_since",
        views=("purchases",),
    ),
    # What ends later is seen without an end, so that it runs.
    "contract_end": Population(
        table="subscriptions",
        sql="SELECT DISTINCT customer_id FROM seen_subscriptions WHERE ended_at IS NULL",
    ),
}
"""The living, by kind; a table with a label has everybody in it who is scored."""


def living_sql(definition: ChurnDefinition, columns: Set[str], *, as_of: datetime) -> str:
    """Return the query for the customers who live at an instant, over the typed table.

    Parameters
    ----------
    definition : says who is alive.
    columns : the columns of the definition's ``log_table``.
    as_of : aware instant, exclusive.
    """
    living = POPULATIONS[definition.kind]
    zone = definition.time_zone
    steps = [(f"seen_{living.table}", seen_sql(living.table, columns, time_zone=zone))]
    steps += [(view, VIEWS[view].sql) for view in views_below(living.views)]
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in steps)
    return at_instant(
        f"WITH {ctes} {living.sql}",
        as_of=as_of,
        lookback_days=definition.active_within_days,
        time_zone=zone,
        alive_since=definition.alive_since(as_of),
    )
