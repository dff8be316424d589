"""One SQL text for one snapshot: seen tables, base views, the living, aggregates, expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.catalogue.catalogue import operands
from features.population import POPULATIONS
from features.seen import at_instant, seen_sql
from features.views import VIEWS, views_below

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition
    from features.catalogue.feature import Feature
    from features.population import Population


def snapshot_sql(
    features: Sequence[Feature],
    columns: Mapping[str, Set[str]],
    *,
    as_of: datetime,
    lookback_days: int,
    definition: ChurnDefinition,
) -> str:
    """Return the query for a snapshot: a row for each living customer, a column for each feature.

    Parameters
    ----------
    features : which features, in the order of the columns.
    columns : the columns of each table that is there.
    as_of : aware instant, exclusive.
    lookback_days : how far back to look, days.
    definition : says who is alive.

    Returns
    -------
    str
        A query with the columns ``customer_id`` and one DOUBLE for each feature, ordered by
        customer. It depends on nothing but the tables and its arguments.
    """
    aggregates = [feature for feature in with_operands(features) if feature.view is not None]
    living = POPULATIONS[definition.kind]
    views = views_needed(aggregates, living=living)
    tables = dict.fromkeys([living.table, *(VIEWS[view].table for view in views)])
    steps = [
        (f"seen_{table}", seen_sql(table, columns[table], time_zone=definition.time_zone))
        for table in tables
    ]
    steps += [(view, VIEWS[view].sql) for view in views]
    steps.append(("living", living.sql))
    steps += [(f"of_{view}", _aggregate_sql(view, aggregates)) for view in views]
    steps.append(("aggregated", _join_sql(views, aggregates)))
    ctes = ",\n".join(f"{name} AS ({sql})" for name, sql in steps)
    outputs = ", ".join(_output(feature) for feature in features)
    return at_instant(
        f"WITH {ctes}\nSELECT customer_id, {outputs} FROM aggregated ORDER BY customer_id",
        as_of=as_of,
        lookback_days=lookback_days,
        time_zone=definition.time_zone,
        alive_since=definition.alive_since(as_of),
    )


def with_operands(features: Sequence[Feature]) -> list[Feature]:
    """Return features with those that they are computed from."""
    wanted = {feature.name: feature for feature in (*features, *operands(features))}
    return list(wanted.values())


def views_needed(aggregates: Sequence[Feature], *, living: Population) -> list[str]:
    """Return the views that aggregates and the query for the living read.

    They come in the order in which they build on each other.
    """
    used = {feature.view for feature in aggregates if feature.view is not None}
    return views_below({*living.views, *used})


def _aggregate_sql(view: str, aggregates: Sequence[Feature]) -> str:
    computed = "".join(f", {f.sql} AS {f.name}" for f in aggregates if f.view == view)
    return f"SELECT customer_id{computed} FROM {view} GROUP BY customer_id"


def _join_sql(views: Sequence[str], aggregates: Sequence[Feature]) -> str:
    selected = ", ".join(
        f"coalesce({feature.name}, {feature.when_no_rows}) AS {feature.name}"
        if feature.when_no_rows is not None
        else feature.name
        for feature in aggregates
    )
    joins = " ".join(f"LEFT JOIN of_{view} USING (customer_id)" for view in views)
    return f"SELECT customer_id, {selected} FROM living {joins}"


def _output(feature: Feature) -> str:
    value = feature.name if feature.view is not None else feature.sql
    return f"CAST({value} AS DOUBLE) AS {feature.name}"
