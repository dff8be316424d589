"""What customers have in common: the slices by which a model is judged, as known at the instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ebbtide.contracts.tables import table_contract
from features.seen import at_instant, seen_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.scorer.scores import FloatArray
    from features.tables import Tables

UNKNOWN = "unknown"
_WHOLE_LOG_DAYS = 36_500

TENURES: tuple[tuple[float, str], ...] = (
    (90.0, "up to 90 days"),
    (180.0, "91 to 180 days"),
    (365.0, "181 to 365 days"),
)
"""Upper limits of the time since the first purchase in the lookback, in days."""


def attributes_at(
    tables: Tables, customer_ids: NDArray[np.str_], *, as_of: datetime
) -> dict[str, NDArray[np.str_]]:
    """Return the texts of the table ``customers`` for some customers, by column.

    Parameters
    ----------
    tables : the typed tables.
    customer_ids : who, in order, shape (n,).
    as_of : aware instant; of several rows of a customer the one that was known last counts.

    Returns
    -------
    dict
        Each of shape (n,), ``unknown`` where there is nothing; empty without such a table.
    """
    if "customers" not in tables.columns:
        return {}
    columns = tables.columns["customers"]
    wanted = [
        column.name
        for column in table_contract("customers").columns
        if column.kind == "text" and column.name in columns
    ]
    if not wanted:
        return {}
    seen = at_instant(
        seen_sql("customers", columns),
        as_of=as_of,
        lookback_days=_WHOLE_LOG_DAYS,
        time_zone="UTC",
    )
    latest = "coalesce(known_at, TIMESTAMP '0001-01-01')" if "known_at" in columns else "0"
    listed = ", ".join(f"arg_max_null({name}, {latest}) AS {name}" for name in wanted)
    rows = tables.connection.sql(
        f"SELECT customer_id, {listed} FROM ({seen}) GROUP BY customer_id"
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    nothing = (None,) * len(wanted)
    held = [found.get(each, nothing) for each in customer_ids.tolist()]
    return {
        name: np.array([UNKNOWN if row[place] is None else row[place] for row in held])
        for place, name in enumerate(wanted)
    }


def tenure_groups(
    rows: FloatArray, names: Sequence[str], *, lookback_days: int
) -> Mapping[str, NDArray[np.str_]]:
    """Return customers by the time since their first purchase that is seen.

    Parameters
    ----------
    rows : feature values, shape (n, features).
    names : the features of the columns.
    lookback_days : longer ago than that nothing is seen.

    Examples
    --------
    >>> groups = tenure_groups(np.array([[20.0], [400.0]]), ["first_purchase_age_days"],
    ...     lookback_days=730)
    >>> groups["tenure"].tolist()
    ['up to 90 days', 'over 365 days']
    """
    if "first_purchase_age_days" not in names:
        return {}
    ages = rows[:, list(names).index("first_purchase_age_days")]
    limits = [(limit, label) for limit, label in TENURES if limit < lookback_days]
    if not limits:
        return {}
    labels = np.array([label for _, label in limits] + [f"over {limits[-1][0]:.0f} days"])
    places = np.searchsorted([limit for limit, _ in limits], ages)
    return {"tenure": np.where(np.isnan(ages), UNKNOWN, labels[places])}
