"""Who bought on which civil day, as plain arrays: all that a definition of churn is decided by.

One pass over the purchases answers every horizon and every gap at once, because a customer churned
exactly if the silence from the start of the outcome window lasted at least the horizon. Which
definitions are worth asking about is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ebbtide.clock import day_in_words, whole_days, zone
from ebbtide.errors import NotReady
from features.seen import known_sql, timestamp_sql

if TYPE_CHECKING:
    from features.tables import Tables

Days = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_EPOCH = date(1970, 1, 1)
FOR_EVER = np.iinfo(np.int64).max // 4
"""Days of a silence that was not seen to end: longer than any horizon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseDays:
    """The distinct purchase days of every customer, ordered by customer and day.

    Days are civil days of the project's time zone, counted from 1970-01-01.

    Parameters
    ----------
    customer_ids : the customers, ascending, shape (m,).
    customer : index into ``customer_ids``, shape (n,).
    day : when they bought, shape (n,).
    known_day : when that was known, >= ``day``, shape (n,).
    ends_at : the midnight until which the log is complete: later silence is unobserved.
    ends_on : the day that begins with it, the first that the log no longer holds.
    observed_days : whole days from the first transaction to ``ends_at``, as ``check-data`` says.
    """

    customer_ids: NDArray[np.str_]
    customer: Days
    day: Days
    known_day: Days
    ends_at: datetime
    ends_on: int
    observed_days: int

    @property
    def starts_on(self) -> int:
        """The first day with a purchase."""
        return int(self.day.min())

    def last_day_before(self, as_of_day: int) -> Days:
        """Return each customer's last purchase day seen before a day, or one infinitely long ago.

        Only purchases count that happened and were known before.

        Examples
        --------
        >>> of_one_customer([3, 9], ends_on=20).last_day_before(9)
        array([3])
        """
        seen = (self.day < as_of_day) & (self.known_day < as_of_day)
        last = np.full(len(self.customer_ids), -FOR_EVER, dtype=np.int64)
        np.maximum.at(last, self.customer[seen], self.day[seen])
        return last

    def alive(self, as_of_day: int, *, active_within_days: int) -> BoolArray:
        """Whether each customer is seen to have bought in so many days before a day."""
        return self.last_day_before(as_of_day) >= as_of_day - active_within_days

    def silence_from(self, day: int) -> Days:
        """Return for how many days each customer was silent from a day on.

        The customer churned by a horizon of H days from that day if the silence is >= H and the
        log reaches so far. Silence that was not seen to end counts as one for ever.

        Examples
        --------
        >>> of_one_customer([3, 9], ends_on=20).silence_from(4)
        array([5])
        """
        after = self.day >= day
        first = np.full(len(self.customer_ids), FOR_EVER, dtype=np.int64)
        np.minimum.at(first, self.customer[after], self.day[after])
        return np.where(first == FOR_EVER, FOR_EVER, first - day)


def day_number(instant: datetime, *, time_zone: str) -> int:
    """Return the civil day of an instant, counted from 1970-01-01.

    Examples
    --------
    >>> day_number(datetime(1970, 1, 3, 23, tzinfo=UTC), time_zone="Europe/London")
    3
    """
    return (instant.astimezone(zone(time_zone)).date() - _EPOCH).days


def date_of(day: int) -> date:
    """Return the date of a civil day that is counted from 1970-01-01.

    Examples
    --------
    >>> date_of(14975).isoformat()
    '2011-01-01'
    """
    return _EPOCH + timedelta(days=day)


def of_one_customer(days: list[int], *, ends_on: int) -> PurchaseDays:
    """Return the log of a single customer, for examples and tests."""
    at = np.array(days, dtype=np.int64)
    return PurchaseDays(
        customer_ids=np.array(["c"]),
        customer=np.zeros(len(days), dtype=np.int64),
        day=at,
        known_day=at,
        ends_at=datetime.combine(date_of(ends_on), time(), tzinfo=UTC),
        ends_on=ends_on,
        observed_days=ends_on - min(days),
    )


def read_purchase_days(tables: Tables, *, ends_at: datetime) -> PurchaseDays:
    """Read the purchase days of all customers from the typed tables.

    Parameters
    ----------
    tables : the typed tables.
    ends_at : a midnight of the project's time zone; only purchases are read that happened and were
        known before it.

    Raises
    ------
    NotReady
        If there are no purchases before it.
    """
    occurred = _day_sql("occurred_at", tables.time_zone)
    known = known_sql("transactions", tables.columns["transactions"])
    end = timestamp_sql(ends_at)
    rows = tables.connection.sql(
        f"SELECT customer_id, {occurred} AS day, "
        f"min(greatest({_day_sql(known, tables.time_zone)}, {occurred})) AS known_day "
        f"FROM transactions WHERE amount >= 0 AND occurred_at < {end} AND {known} < {end} "
        f"GROUP BY ALL ORDER BY customer_id, day"
    ).to_arrow_table()
    if not rows.num_rows:
        day = day_in_words(ends_at, time_zone=tables.time_zone)
        raise NotReady(
            f"There are no purchases before {day}: nothing tells what churn could mean. "
            f"Bring transactions with amounts of zero or more."
        )
    # In rows that are ordered by customer, the dictionary's order of appearance is ascending.
    ids = rows["customer_id"].combine_chunks().dictionary_encode()
    return PurchaseDays(
        customer_ids=np.asarray(ids.dictionary.to_pylist(), dtype=np.str_),
        customer=ids.indices.to_numpy().astype(np.int64),
        day=rows["day"].to_numpy().astype(np.int64),
        known_day=rows["known_day"].to_numpy().astype(np.int64),
        ends_at=ends_at,
        ends_on=day_number(ends_at, time_zone=tables.time_zone),
        observed_days=whole_days(
            tables.log_start(now=ends_at), ends_at, time_zone=tables.time_zone
        ),
    )


def _day_sql(instant: str, time_zone: str) -> str:
    wall = instant if time_zone == "UTC" else f"timezone('{time_zone}', timezone('UTC', {instant}))"
    return f"date_diff('day', DATE '1970-01-01', CAST({wall} AS DATE))"
