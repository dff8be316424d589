"""By which day each customer had left, as far as a log tells: the outcomes of risk by day.

A customer has *left by day h* who began, at some moment in the ``h`` days from the start of the
outcome window, a silence of the whole horizon: at once, or after a later purchase. Left by day 0 is
churn itself; who left by one day has left by every later one. How the days are learned is in
``training.horizons.fit``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.clock import shift_days
from features.labels import label_snapshot
from features.seen import known_sql, timestamp_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from features.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures:
    """Who of the customers of one snapshot had left by which day.

    Parameters
    ----------
    customer_ids : who lived at the snapshot, in order, shape (n,).
    days : days after the start of the outcome window, rising; only those that had matured.
    left : 1 for a customer who had left by the day, shape (n, days); rows never fall.
    """

    customer_ids: NDArray[np.str_]
    days: tuple[int, ...]
    left: FloatArray

    def of(self, customer_ids: NDArray[np.str_]) -> Departures:
        """Return the departures of some of the customers.

        Parameters
        ----------
        customer_ids : who, in order; each must be among those of the snapshot.
        """
        places = np.searchsorted(self.customer_ids, customer_ids)
        kept = self.customer_ids[np.minimum(places, len(self.customer_ids) - 1)]
        assert (kept == customer_ids).all(), "a customer without outcome"
        return Departures(customer_ids=customer_ids, days=self.days, left=self.left[places])


def days_matured(
    days: Sequence[int], *, as_of: datetime, now: datetime, definition: ChurnDefinition
) -> tuple[int, ...]:
    """Return the days whose outcome is known at ``now``: a horizon must have passed since each.

    Examples
    --------
    >>> from datetime import datetime
    >>> from ebbtide.definition import ChurnDefinition
    >>> churn = ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=365)
    >>> new_year, august = (datetime(2011, month, 1, tzinfo=UTC) for month in (1, 8))
    >>> days_matured((0, 30, 60, 90, 120), as_of=new_year, now=august, definition=churn)
    (0, 30, 60, 90)
    """
    ends_at = definition.window(as_of).ends_at
    zone = definition.time_zone
    return tuple(day for day in days if shift_days(ends_at, day, time_zone=zone) <= now)


def departures_by_inactivity(
    tables: Tables,
    *,
    as_of: datetime,
    now: datetime,
    definition: ChurnDefinition,
    days: Sequence[int],
) -> Departures:
    """Return who had left by which day, as known at ``now``.

    Parameters
    ----------
    tables : the typed tables.
    as_of : aware instant of the snapshot.
    now : aware instant; only purchases known strictly before it count.
    definition : what counts as churn; by inactivity.
    days : days after the start of the outcome window, rising, the first of them 0.

    Raises
    ------
    NotReady
        If not even day 0 has matured.

    Notes
    -----
    A silence that follows a purchase at ``u`` is none in ``(u, u + horizon]``, counted in civil
    days. So a customer has left by day ``h`` exactly if the usual outcome, asked at one instant or
    another from day 0 to day ``h``, is churn.
    """
    assert definition.kind == "inactivity", "silence says nothing of another kind of churn"
    labels = label_snapshot(tables, as_of=as_of, now=now, definition=definition)
    ids = np.asarray(labels["customer_id"].to_pylist(), dtype=np.str_)
    known_days = days_matured(days, as_of=as_of, now=now, definition=definition)
    starts_at, zone = definition.window(as_of).starts_at, definition.time_zone
    ends = [shift_days(starts_at, day, time_zone=zone) for day in known_days]
    silent_at = dict(_silences(tables, starts_at, ends[-1], now=now, definition=definition))
    began = np.array([silent_at.get(name) for name in ids.tolist()], dtype="datetime64[us]")
    left = np.column_stack(
        [began < np.datetime64(end.astimezone(UTC).replace(tzinfo=None), "us") for end in ends]
    ).astype(np.float64)
    left[np.asarray(labels["churned"].to_numpy(), dtype=bool)] = 1.0
    return Departures(customer_ids=ids, days=known_days, left=left)


def _silences(
    tables: Tables,
    first: datetime,
    last: datetime,
    *,
    now: datetime,
    definition: ChurnDefinition,
) -> list[tuple[str, datetime]]:
    """Return each customer's first purchase in ``[first, last)`` that a whole silence follows."""
    known = known_sql("transactions", tables.columns["transactions"])
    zone = definition.time_zone
    wall = "occurred_at" if zone == "UTC" else f"timezone('{zone}', timezone('UTC', occurred_at))"
    silence = f"INTERVAL {definition.horizon_days} DAY"
    return tables.connection.sql(
        f"""
        SELECT customer_id, min(occurred_at) FROM (
            SELECT customer_id, occurred_at, {wall} AS wall, lead({wall}) OVER (
                PARTITION BY customer_id ORDER BY occurred_at) AS next_wall
            FROM transactions
            WHERE amount >= 0 AND {known} < {timestamp_sql(now)}
              AND occurred_at >= {timestamp_sql(first)} AND occurred_at < {timestamp_sql(now)}
        )
        WHERE occurred_at < {timestamp_sql(last)}
          AND (next_wall IS NULL OR next_wall > wall + {silence})
        GROUP BY customer_id
        """
    ).fetchall()
