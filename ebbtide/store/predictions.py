"""The log of predictions: what was answered about whom, when, and from which values."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import or_, select

from ebbtide.answer.withdrawn import withdrawn
from ebbtide.answer.written import answer_from_json, answer_to_bytes
from ebbtide.store.feature_sets import DOUBLES
from ebbtide.store.schema.scores import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer
    from ebbtide.store.driver import Driver
    from ebbtide.store.feature_sets import FeatureSets
    from ebbtide.store.store import Prediction

_PLAIN = (
    "prediction_id",
    "customer_id",
    "status",
    "churn_probability",
    "risk_band",
    "action_code",
    "model_version",
    "policy_version",
)
_COLUMNS = (*_PLAIN, "scored_at", "as_of", "feature_set_id", "feature_values", "answer")
_AS_IT_IS = attrgetter(*_PLAIN)


def record_predictions(
    driver: Driver, predictions: Sequence[Prediction], *, feature_sets: FeatureSets
) -> None:
    """Add entries to the log, as a part of a unit of ``Database.write``.

    Parameters
    ----------
    driver : of the unit.
    predictions : the entries; none is fine.
    feature_sets : of the same database.
    """
    ids: dict[tuple[str, ...], str] = {}
    rows = []
    for entry in predictions:
        feature_set = ids.get(entry.names)
        if feature_set is None:
            feature_set = ids[entry.names] = feature_sets.id_in(driver, entry.names)
        answer = entry.answer
        rows.append(
            (
                *_AS_IT_IS(answer),
                driver.bound(answer.scored_at),
                driver.bound(answer.as_of),
                feature_set,
                np.asarray(entry.values, dtype=DOUBLES).tobytes(),
                _written(entry),
            )
        )
    driver.insert(PREDICTIONS.name, _COLUMNS, rows)


def not_scored(entry: Prediction) -> Prediction:
    """Return the entry of a customer who opted out of profiling: no score, and no features."""
    if entry.answer.abstain_code == "profiling_opt_out":
        return entry
    answer = withdrawn(entry.answer, "profiling_opt_out", language=entry.answer.language)
    return replace(entry, answer=answer, values=np.full(len(entry.names), np.nan), written=None)


def predictions_of(connection: Connection, customer_id: str) -> Sequence[Answer]:
    """Return the answers given about a customer, the newest first."""
    query = (
        select(PREDICTIONS.c.answer)
        .where(PREDICTIONS.c.customer_id == customer_id)
        .order_by(PREDICTIONS.c.scored_at.desc(), PREDICTIONS.c.prediction_id)
    )
    return [answer_from_json(json.loads(row)) for row in connection.scalars(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An answer of the log with what it was made from.

    Parameters
    ----------
    answer : as it was given.
    values : what was scored, by feature; NaN is missing.
    """

    answer: Answer
    values: Mapping[str, float]


def logged_answers(
    connection: Connection,
    customer_id: str,
    *,
    limit: int,
    feature_sets: FeatureSets,
    before: tuple[datetime, str] | None = None,
) -> list[Logged]:
    """Return answers given about a customer, the newest first.

    Parameters
    ----------
    connection : for reading.
    customer_id : who.
    limit : how many at most.
    feature_sets : of the same database.
    before : ``scored_at`` and ``prediction_id`` of an answer; only those after it in this order.
    """
    log = PREDICTIONS.c
    query = (
        select(log.answer, log.feature_set_id, log.feature_values)
        .where(log.customer_id == customer_id)
        .order_by(log.scored_at.desc(), log.prediction_id.desc())
        .limit(limit)
    )
    if before is not None:
        instant, prediction_id = before
        query = query.where(
            log.scored_at <= instant,
            or_(log.scored_at < instant, log.prediction_id < prediction_id),
        )
    return [_logged(connection, row, feature_sets) for row in connection.execute(query)]


def logged_answer_at(
    connection: Connection, customer_id: str, instant: datetime, *, feature_sets: FeatureSets
) -> Logged | None:
    """Return the answer that was current for a customer at an instant; None if none was given."""
    log = PREDICTIONS.c
    query = (
        select(log.answer, log.feature_set_id, log.feature_values)
        .where(log.customer_id == customer_id, log.scored_at <= instant)
        .order_by(log.as_of.desc(), log.scored_at.desc(), log.prediction_id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _logged(connection, row, feature_sets)


def _logged(connection: Connection, row: Any, feature_sets: FeatureSets) -> Logged:
    names, _ = feature_sets.meaning(connection, row.feature_set_id)
    values = np.frombuffer(row.feature_values, dtype=DOUBLES).tolist()
    return Logged(
        answer=answer_from_json(json.loads(row.answer)),
        values=dict(zip(names, values, strict=True)),
    )


def _written(entry: Prediction) -> str:
    return (entry.written or answer_to_bytes(entry.answer)).decode()
