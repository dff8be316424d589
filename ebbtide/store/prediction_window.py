"""The log of a window of time, part by part, the newest first: to measure, not to answer from.

Each part is read in a moment of its own, so that nobody who writes has to wait for the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import and_, or_, select

from ebbtide.store.feature_sets import DOUBLES
from ebbtide.store.schema.scores import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.scorer.scores import FloatArray
    from ebbtide.store.database import Database
    from ebbtide.store.feature_sets import FeatureSets

AT_ONCE = 500


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
    """Yield the entries of a window part by part, the newest first.

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
    before: tuple[datetime, str] | None = None
    seen = 0
    while True:
        with database.read("be monitored") as connection:
            part, before, count = _part(
                connection,
                feature_sets,
                model_version=model_version,
                since=since,
                until=until,
                before=before,
                with_answers=seen < answers_of_first,
            )
        seen += count
        if count:
            yield part
        if before is None:
            return


def _part(
    connection: Connection,
    feature_sets: FeatureSets,
    *,
    model_version: str,
    since: datetime,
    until: datetime,
    before: tuple[datetime, str] | None,
    with_answers: bool,
) -> tuple[LogPart, tuple[datetime, str] | None, int]:
    """Return the next entries, and the place behind them; None if nothing comes after."""
    log = PREDICTIONS.c
    columns = [
        log.scored_at,
        log.prediction_id,
        log.customer_id,
        log.status,
        log.churn_probability,
        log.feature_set_id,
        log.feature_values,
        *([log.answer] if with_answers else []),
    ]
    query = (
        select(*columns)
        .where(log.scored_at >= since, log.scored_at <= (before[0] if before else until))
        .where(log.model_version == model_version)
        .order_by(log.scored_at.desc(), log.prediction_id.desc())
        .limit(AT_ONCE)
    )
    if before is not None:
        instant, prediction_id = before
        query = query.where(
            or_(
                log.scored_at < instant,
                and_(log.scored_at == instant, log.prediction_id < prediction_id),
            )
        )
    rows = connection.execute(query).all()
    by_set: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        by_set.setdefault(row.feature_set_id, []).append(place)
    values: dict[tuple[str, ...], tuple[Sequence[int], FloatArray]] = {}
    for feature_set, places in by_set.items():
        names, _ = feature_sets.meaning(connection, feature_set)
        packed = b"".join(rows[place].feature_values for place in places)
        values[names] = (
            places,
            np.frombuffer(packed, dtype=DOUBLES).reshape(len(places), len(names)),
        )
    part = LogPart(
        customer_ids=[row.customer_id for row in rows],
        statuses=[row.status for row in rows],
        p_churn=np.array([row.churn_probability for row in rows], dtype=np.float64),
        answers=[row.answer for row in rows] if with_answers else [],
        values=values,
    )
    is_last = len(rows) < AT_ONCE
    return part, None if is_last else (rows[-1].scored_at, rows[-1].prediction_id), len(rows)
