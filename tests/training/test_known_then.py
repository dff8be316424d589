"""At an origin only those outcomes are learned that were known there, late rows or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from by_hand import PRESENT, monthly, snapshot
from ebbtide.definition import ChurnDefinition
from features.labels import label_snapshot
from training.candidates import candidate_of
from training.known_then import as_known_then
from training.origins import origins
from training.recipes import Recipe
from training.relived import relive

if TYPE_CHECKING:
    from features.tables import Tables
    from training.snapshots import Snapshot

DEFINITION = ChurnDefinition(horizon_days=60, gap_days=0, active_within_days=365)
DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=60 * index) for index in range(5)]


def _came(tables: Tables, as_of: datetime, now: datetime) -> dict[str, float]:
    labels = label_snapshot(tables, as_of=as_of, now=now, definition=DEFINITION)
    return {row["customer_id"]: float(row["churned"]) for row in labels.to_pylist()}


def _taken(tables: Tables, as_of: datetime) -> Snapshot:
    """Every other customer who lived then, with what is known of them now."""
    came = _came(tables, as_of, PRESENT)
    kept = sorted(came)[::2]
    rows = np.zeros((len(kept), 2))
    return replace(
        snapshot(as_of=as_of, n=3),
        customer_ids=np.array(kept),
        rows=rows,
        ranked=rows,
        churned=np.array([came[each] for each in kept]),
    )


@pytest.fixture
def late(tables: Tables) -> Tables:
    """The shop's tables, where a quarter of the customers is entered three weeks late."""
    tables.connection.execute(
        "UPDATE transactions SET known_at = occurred_at + INTERVAL 21 DAY "
        "WHERE hash(customer_id) % 4 = 0"
    )
    return tables


def test_what_is_learned_at_an_origin_is_what_was_known_there(late: Tables) -> None:
    plain = origins([_taken(late, day) for day in DAYS], DEFINITION)
    found = as_known_then(plain, late, DEFINITION)
    assert len(found) == 3
    for origin, hindsight in zip(found, plain, strict=True):
        for learned, later in zip(origin.learned_from, hindsight.learned_from, strict=True):
            then = _came(late, learned.as_of, origin.scored.as_of)
            assert learned.churned.tolist() == [then[each] for each in learned.customer_ids]
            assert (learned.churned >= later.churned).all()
        assert origin.learned_from[-1].churned.sum() > hindsight.learned_from[-1].churned.sum()
        assert origin.scored is hindsight.scored


def test_a_calibrator_learns_what_the_next_origin_knew(late: Tables) -> None:
    found = as_known_then(
        origins([_taken(late, day) for day in DAYS], DEFINITION), late, DEFINITION
    )
    assert found[0].came_then is None
    for earlier, later in ((found[1], found[0]), (found[2], found[1])):
        then = _came(late, earlier.scored.as_of, later.scored.as_of)
        assert earlier.came_then.tolist() == [then[each] for each in earlier.scored.customer_ids]


def test_models_are_judged_on_what_is_known_now_by_what_was_known_then() -> None:
    taken = [snapshot(as_of=instant) for instant in monthly(4)]
    newest = snapshot(as_of=monthly(5)[-1])
    tested_at = origins(taken, replace(DEFINITION, horizon_days=30), at_most=2)
    then = tested_at[1].scored.churned.copy()
    then[::10] = 1.0
    said = relive(Recipe(kind="logistic"), taken, newest, tested_at, seed=0)
    hindsight, honest = (
        candidate_of(said, each, rules=[{}, {}], seed=0)
        for each in (tested_at, [tested_at[0], replace(tested_at[1], came_then=then)])
    )
    assert honest.judged[0].p_churn.mean() > hindsight.judged[0].p_churn.mean() + 0.02
    assert honest.judged[0].churned.tolist() == hindsight.judged[0].churned.tolist()
    assert honest.auc_by_origin == hindsight.auc_by_origin
