"""The log of predictions: what was answered about whom, when, and from which values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from ebbtide.answer.written import answer_from_json, answer_to_json
from ebbtide.store.feature_sets import DOUBLES
from ebbtide.store.schema.scores import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ebbtide.answer.answer import Answer
    from ebbtide.store.feature_sets import FeatureSets
    from ebbtide.store.store import Prediction


def record_predictions(
    connection: Connection, predictions: Sequence[Prediction], *, feature_sets: FeatureSets
) -> None:
    """Add entries to the log, as a part of a unit of ``Database.write``.

    Parameters
    ----------
    connection : of the unit.
    predictions : the entries; none is fine.
    feature_sets : of the same database.
    """
    if not predictions:
        return
    ids = {
        names: feature_sets.id_of(connection, names, None)
        for names in {entry.names for entry in predictions}
    }
    connection.execute(
        PREDICTIONS.insert(), [_log_row(entry, ids[entry.names]) for entry in predictions]
    )


def predictions_of(connection: Connection, customer_id: str) -> Sequence[Answer]:
    """Return the answers given about a customer, the newest first."""
    query = (
        select(PREDICTIONS.c.answer)
        .where(PREDICTIONS.c.customer_id == customer_id)
        .order_by(PREDICTIONS.c.scored_at.desc(), PREDICTIONS.c.prediction_id)
    )
    return [answer_from_json(json.loads(row)) for row in connection.scalars(query)]


def _log_row(entry: Prediction, feature_set: str) -> dict[str, Any]:
    answer = entry.answer
    return {
        "prediction_id": answer.prediction_id,
        "customer_id": answer.customer_id,
        "scored_at": answer.scored_at,
        "as_of": answer.as_of,
        "status": answer.status,
        "churn_probability": answer.churn_probability,
        "risk_band": answer.risk_band,
        "action_code": answer.action_code,
        "model_version": answer.model_version,
        "policy_version": answer.policy_version,
        "feature_set_id": feature_set,
        "feature_values": np.asarray(entry.values, dtype=DOUBLES).tobytes(),
        "answer": json.dumps(answer_to_json(answer), ensure_ascii=False, allow_nan=False),
    }
