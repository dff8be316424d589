"""Origins with their outcomes as they were known at the time, where rows may become known late.

A purchase of the outcome window that was entered weeks later makes a leaver a stayer after all, but
a live model has not heard of it when it learns. Without ``known_at`` nothing is late.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from features.labels import label_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.scores import FloatArray
    from features.tables import Tables
    from training.origins import Origin
    from training.snapshots import Snapshot


def as_known_then(
    tested_at: Sequence[Origin], tables: Tables, definition: ChurnDefinition
) -> list[Origin]:
    """Return origins whose models and calibrators learn only what was known when they did.

    What a model is fitted on is as known at its origin. What a calibrator or a blend learns from
    the customers of an origin is as known at the next one. Whom models are judged on stays as it
    is known now.

    Parameters
    ----------
    tested_at : the origins, latest first.
    tables : the typed tables.
    definition : what counts as churn.
    """
    if "known_at" not in tables.columns[definition.log_table]:
        return list(tested_at)
    following: list[datetime | None] = [None, *(origin.scored.as_of for origin in tested_at)]
    return [
        replace(
            origin,
            learned_from=tuple(
                replace(taken, churned=_known(taken, tables, definition, now=origin.scored.as_of))
                for taken in origin.learned_from
            ),
            came_then=None if now is None else _known(origin.scored, tables, definition, now=now),
        )
        for origin, now in zip(tested_at, following, strict=False)
    ]


def _known(
    taken: Snapshot, tables: Tables, definition: ChurnDefinition, *, now: datetime
) -> FloatArray:
    """Return the outcomes of a snapshot's customers as known at an instant, shape (n,)."""
    labels = label_snapshot(tables, as_of=taken.as_of, now=now, definition=definition)
    ids = np.asarray(labels["customer_id"].to_pylist(), dtype=np.str_)
    places = {customer_id: place for place, customer_id in enumerate(ids.tolist())}
    churned = np.asarray(labels["churned"].to_numpy(), dtype=np.float64)
    return churned[[places[customer_id] for customer_id in taken.customer_ids.tolist()]]
