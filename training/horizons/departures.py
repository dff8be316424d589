"""By which day each customer had left, as far as a log tells: the outcomes of risk by day.

By inactivity a customer has *left by day h* who began, at some moment in the ``h`` days from the
start of the outcome window, a silence of the whole horizon: at once, or after a later purchase. So
to have left by day 0 is churn itself. By contract a customer has left by day ``h`` whose contract
ended by then without another; to have left by the horizon is churn itself. Who left by one day has
left by every later one. How the days are learned is in ``training.horizons.fit``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    causes : for a contract, why it ended by the last of the days, a value of
        ``features.labels.CHURN_CAUSES``, and empty for who stayed; None for a silence.
    """

    customer_ids: NDArray[np.str_]
    days: tuple[int, ...]
    left: FloatArray
    causes: NDArray[np.str_] | None = None

    def by(self, day: int) -> FloatArray:
        """Return who had left by a day that had matured, 1 or 0, shape (n,)."""
        return self.left[:, self.days.index(day)]

    def of(self, customer_ids: NDArray[np.str_]) -> Departures:
        """Return the departures of some of the customers.

        Parameters
        ----------
        customer_ids : who, in order; each must be among those of the snapshot.
        """
        places = np.searchsorted(self.customer_ids, customer_ids)
        kept = self.customer_ids[np.minimum(places, len(self.customer_ids) - 1)]
        assert (kept == customer_ids).all(), "a customer without outcome"
        return replace(
            self,
            customer_ids=customer_ids,
            left=self.left[places],
            causes=None if self.causes is None else self.causes[places],
        )


def anchor_day(definition: ChurnDefinition) -> int:
    """Return the day by which to have left is churn itself: a silence begins, a contract ends.

    Examples
    --------
    >>> from ebbtide.definition import ChurnDefinition
    >>> anchor_day(ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365))
    0
    >>> anchor_day(ChurnDefinition.of_contracts(horizon_days=30, gap_days=0, grace_days=7))
    30
    """
    return definition.horizon_days if definition.kind == "contract_end" else 0


def departures_at(
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
    now : aware instant; only rows known strictly before it count.
    definition : what counts as churn: by inactivity or by the end of a contract.
    days : days after the start of the outcome window, rising, the anchor day among them.

    Raises
    ------
    NotReady
        If not even the first of the days has matured.
    """
    if definition.kind == "contract_end":
        return _by_contract(tables, as_of=as_of, now=now, definition=definition, days=days)
    return _by_inactivity(tables, as_of=as_of, now=now, definition=definition, days=days)


def days_matured(
    days: Sequence[int], *, as_of: datetime, now: datetime, definition: ChurnDefinition
) -> tuple[int, ...]:
    """Return the days whose outcome is known at ``now``.

    After each, the whole horizon of a silence must have passed, or the grace of a contract.

    Examples
    --------
    >>> from datetime import datetime
    >>> from ebbtide.definition import ChurnDefinition
    >>> churn = ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=365)
    >>> new_year, august = (datetime(2011, month, 1, tzinfo=UTC) for month in (1, 8))
    >>> days_matured((0, 30, 60, 90, 120), as_of=new_year, now=august, definition=churn)
    (0, 30, 60, 90)
    """
    return tuple(day for day in days if _matures_at(day, as_of, definition) <= now)


def _matures_at(day: int, as_of: datetime, definition: ChurnDefinition) -> datetime:
    if definition.kind == "contract_end":
        return replace(definition, horizon_days=day).window(as_of).matures_at
    return shift_days(definition.window(as_of).ends_at, day, time_zone=definition.time_zone)


def _by_contract(
    tables: Tables,
    *,
    as_of: datetime,
    now: datetime,
    definition: ChurnDefinition,
    days: Sequence[int],
) -> Departures:
    """Ask for the usual outcome with a window that ends at each day."""
    known_days = days_matured(days, as_of=as_of, now=now, definition=definition)
    asked = [
        label_snapshot(
            tables, as_of=as_of, now=now, definition=replace(definition, horizon_days=day)
        )
        for day in known_days or days[:1]
    ]
    causes = [cause or "" for cause in asked[-1]["churn_cause"].to_pylist()]
    return Departures(
        customer_ids=np.asarray(asked[0]["customer_id"].to_pylist(), dtype=np.str_),
        days=known_days,
        left=np.column_stack(
            [np.asarray(labels["churned"].to_numpy(), dtype=np.float64) for labels in asked]
        ),
        causes=np.asarray(causes, dtype=np.str_),
    )


def _by_inactivity(
    tables: Tables,
    *,
    as_of: datetime,
    now: datetime,
    definition: ChurnDefinition,
    days: Sequence[int],
) -> Departures:
    """Ask for the first purchase that a whole silence follows.

    Notes
    -----
    A silence that follows a purchase at ``u`` is none in ``(u, u + horizon]``, counted in civil
    days. So a customer has left by day ``h`` exactly if the usual outcome, asked at one instant or
    another from day 0 to day ``h``, is churn.
    """
    assert definition.kind == "inactivity", "a label says nothing of days"
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
    # A purchase later than this ends no silence that is asked for.
    beyond = min(now, shift_days(last, definition.horizon_days + 1, time_zone=zone))
    return tables.connection.sql(
        f"""
        SELECT customer_id, min(occurred_at) FROM (
            SELECT customer_id, occurred_at, {wall} AS wall, lead({wall}) OVER (
                PARTITION BY customer_id ORDER BY occurred_at) AS next_wall
            FROM (
                SELECT DISTINCT customer_id, occurred_at FROM transactions
                WHERE amount >= 0 AND {known} < {timestamp_sql(now)}
                  AND occurred_at >= {timestamp_sql(first)}
                  AND occurred_at < {timestamp_sql(beyond)}
            )
        )
        WHERE occurred_at < {timestamp_sql(last)}
          AND (next_wall IS NULL OR next_wall > wall + {silence})
        GROUP BY customer_id
        """
    ).fetchall()
