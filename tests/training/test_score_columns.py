"""The table of a batch holds what the answers of the service hold, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from ebbtide.answer.answer import Question
from ebbtide.answer.compose import answer_rows
from ebbtide.contracts.snapshot_table import ColumnContract
from ebbtide.definition import ChurnDefinition
from ebbtide.policy.file import load_policy
from ebbtide.policy.policy import Holdout
from ebbtide.project import STARTER_POLICY
from ebbtide.scorer.typical import TypicalByOutcome
from small_model import scorer
from training.score_columns import SCORES, Batch

AS_OF, NOW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
POLICY = replace(load_policy(STARTER_POLICY), holdout=Holdout(share=0.3, salt="salt"))
PLAN = ColumnContract(name="plan", kind="category", categories={"a": 1, "b": 2}).feature
SCORER = scorer(-1.0)


def model(*, with_category=False):
    made = SCORER
    if with_category:
        made = replace(
            made,
            features=(PLAN, *made.features[1:]),
            typical=np.zeros(7),
            by_outcome=TypicalByOutcome.unknown(7),
        )
    return SimpleNamespace(
        version="f" * 12,
        definition=ChurnDefinition(horizon_days=90, gap_days=0, active_within_days=365),
        lookback_days=365,
        calibration_error=0.02,
        calibration_checked_on="a later period",
        expectations=None,
        scorer=made,
        reference=SimpleNamespace(percentile=lambda p_churn: p_churn * 100),
    )


def customers(count, *, with_category=False):
    rng = np.random.default_rng(0)
    rows = np.round(rng.random((count, 7)) ** 3 * 500, 1)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    if with_category:
        rows[:, 0] = rng.integers(-1, 2, count)
    rows[0] = np.nan
    given = np.where(rng.random(count) < 0.5, np.nan, np.round(rng.random(count) * 900, 2))
    return rows, given


@pytest.mark.parametrize("with_reasons", [True, False])
@pytest.mark.parametrize("with_interval", [True, False])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("with_category", [False, True])
def test_each_row_is_its_answer(with_reasons, with_interval, language, with_category):
    count = 200
    rows, given = customers(count, with_category=with_category)
    ids = [f"c{place}" for place in range(count)]
    made = model(with_category=with_category)
    batch = Batch(
        model=made,
        policy=POLICY,
        as_of=AS_OF,
        scored_at=NOW,
        language=language,
        with_interval=with_interval,
        with_reasons=with_reasons,
    )
    answers = answer_rows(
        rows,
        questions=[
            Question(
                prediction_id="",
                customer_id=customer_id,
                as_of=AS_OF,
                value=None if np.isnan(value) else float(value),
                with_interval=with_interval,
                with_reasons=with_reasons,
            )
            for customer_id, value in zip(ids, given, strict=True)
        ],
        model=made,
        policy=POLICY,
        scored_at=NOW,
        language=language,
    )
    found = batch.scored(rows, pa.array(ids), given=given).to_pylist()
    for row, answer in zip(found, answers, strict=True):
        reasons = {f"reason_{place}": reason.text for place, reason in enumerate(answer.reasons, 1)}
        assert row == {
            name: reasons.get(name) if name.startswith("reason_") else getattr(answer, name)
            for name in SCORES.names
        }
    arms = {row["arm"] for row in found}
    assert arms == {"treated", "holdout", None}
    assert {row["status"] for row in found} == {"scored", "abstained"}


def test_nobody_is_a_table_too():
    batch = Batch(model=model(), policy=POLICY, as_of=AS_OF, scored_at=NOW, language="en")
    made = batch.scored(np.empty((0, 7)), pa.array([], pa.string()))
    assert (made.schema, made.num_rows) == (SCORES, 0)
