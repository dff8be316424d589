"""The log of a window of time, part by part, the newest first: to measure, not to answer from.

Each part is read in a moment of its own, so that nobody who writes has to wait for the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ebbtide.store.driver import Driver
from ebbtide.store.feature_sets import DOUBLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.scorer.scores import FloatArray
    from ebbtide.store.database import Database
    from ebbtide.store.feature_sets import FeatureSets

AT_ONCE = 500
WITH_ANSWERS_AT_ONCE = 100
"""Entries of a part, and of one with answers: these are long."""

_COLUMNS = "customer_id, status, churn_probability, feature_set_id"
_LONG = "CASE WHEN model_version = {mark} THEN %s END"
# The index by time holds the ids, too: each part begins where the last one ended, and nothing is
# sorted. Many entries have the same instant: those of a list, or of a whole file.
# Entries of other models are passed by in the same steps, without what is long of them: after a
# swap there are many, and one statement that looked for the next of this model would take minutes.
_PART = (
    "SELECT scored_at, prediction_id, model_version, {columns} FROM predictions "
    "WHERE scored_at >= {mark} AND {is_next} "
    "ORDER BY scored_at DESC, prediction_id DESC LIMIT {mark}"
)
_FIRST = "scored_at <= {mark}"
_NEXT = "(scored_at, prediction_id) < ({mark}, {mark})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """Some entries of the log, the newest first.

    Parameters
    ----------
    customer_ids : whom they are about, n of them.
    statuses : ``scored`` or ``abstained``, n of them.
    p_churn : probabilities, NaN where there is none, shape (n,).
    answers : as JSON, n of them; empty if they were not asked for.
    values : feature values by the names of the features, with the entries that have them: their
        places, and rows of shape (places, names).
    """

    customer_ids: Sequence[str]
    statuses: Sequence[str]
    p_churn: FloatArray
    answers: Sequence[str]
    values: Mapping[tuple[str, ...], tuple[Sequence[int], FloatArray]]


def log_parts(
    database: Database,
    feature_sets: FeatureSets,
    *,
    model_version: str,
    since: datetime,
    until: datetime,
    answers_of_first: int = 0,
) -> Iterator[LogPart]:
    """Yield the entries of a window part by part, the newest first; a part may be empty.

    Parameters
    ----------
    database : where the log is.
    feature_sets : of the same database.
    model_version : only what this model said.
    since, until : the window; both ends belong to it.
    answers_of_first : of how many entries the answers are read, too; they are long.

    Raises
    ------
    StoreUnavailable
        If the database fails.
    """
    before: tuple[Any, ...] | None = (until,)
    seen = 0
    while before is not None:
        with database.read("be monitored") as connection:
            part, before = _part(
                connection,
                feature_sets,
                model_version=model_version,
                since=since,
                before=before,
                with_answers=seen < answers_of_first,
            )
        seen += len(part.customer_ids)
        if part.customer_ids or before is not None:
            yield part


def _part(
    connection: Connection,
    feature_sets: FeatureSets,
    *,
    model_version: str,
    since: datetime,
    before: tuple[Any, ...],
    with_answers: bool,
) -> tuple[LogPart, tuple[Any, ...] | None]:
    """Return the next entries, and the place behind them; None if nothing comes after.

    A place is an instant and the id of an entry; an instant alone is before all of its entries.
    """
    driver = Driver(connection)
    at_once = min(AT_ONCE, WITH_ANSWERS_AT_ONCE) if with_answers else AT_ONCE
    long = [_LONG % column for column in ("feature_values", *(("answer",) if with_answers else ()))]
    query = _PART.format(
        columns=", ".join([_COLUMNS, *long]),
        is_next=_FIRST if len(before) == 1 else _NEXT,
        mark="{mark}",
    ).format(mark=driver.mark)
    instant, *entry = before
    versions = [model_version] * len(long)
    asked = [*versions, driver.bound(since), driver.bound(instant), *entry, at_once]
    rows = driver.rows(query, asked)
    is_last = len(rows) < at_once
    place = None if is_last else (driver.instant(rows[-1][0]), rows[-1][1])
    ours = [row[3:] for row in rows if row[2] == model_version]
    if not ours:
        nobody = LogPart(customer_ids=(), statuses=(), p_churn=np.empty(0), answers=(), values={})
        return nobody, place
    customer_ids, statuses, p_churn, sets, packed, *answers = zip(*ours, strict=True)
    part = LogPart(
        customer_ids=customer_ids,
        statuses=statuses,
        p_churn=np.array(p_churn, dtype=np.float64),
        answers=answers[0] if with_answers else (),
        values=_values(connection, feature_sets, sets, packed),
    )
    return part, place


def _values(
    connection: Connection,
    feature_sets: FeatureSets,
    sets: Sequence[str],
    packed: Sequence[bytes],
) -> dict[tuple[str, ...], tuple[Sequence[int], FloatArray]]:
    """Return feature values by the names of the features."""
    by_set: dict[str, list[int]] = {}
    for place, feature_set in enumerate(sets):
        by_set.setdefault(feature_set, []).append(place)
    values: dict[tuple[str, ...], tuple[Sequence[int], FloatArray]] = {}
    for feature_set, places in by_set.items():
        names, _ = feature_sets.meaning(connection, feature_set)
        joined = b"".join([packed[place] for place in places])
        rows = np.frombuffer(joined, dtype=DOUBLES).reshape(len(places), len(names))
        values[names] = (places, rows)
    return values
