"""Processor time of an answer by part: ``python -m benchmarks.answers``.

Sixty features of the catalogue, the starter policy, and a scorer that costs nothing: scores are
drawn beforehand, so that what is left is deciding, reasons, texts, answers and their bytes. Prints
a table, kept in ``benchmarks/results/answers.md``.
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from benchmarks.side_by_side.customers import draw_customers
from benchmarks.side_by_side.names import NAMES
from ebbtide.answer.answer import Question
from ebbtide.answer.asked import Asked
from ebbtide.answer.compose import answer_rows
from ebbtide.answer.judged import judge
from ebbtide.answer.prepared import prepared_for
from ebbtide.answer.written import answer_to_bytes
from ebbtide.definition import ChurnDefinition
from ebbtide.policy.file import load_policy
from ebbtide.project import STARTER_POLICY
from ebbtide.scorer.scores import Scores
from ebbtide.scorer.typical import TypicalByOutcome
from features.catalogue.catalogue import features_named
from training.score_columns import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ebbtide.answer.answer import Answer
    from ebbtide.scorer.scores import FloatArray

RESULT = Path(__file__).resolve().parent / "results" / "answers.md"
COUNTS = (1, 16, 32, 1_000)
BATCH = 16_384
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
_SECONDS = 0.5
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A scorer of scores that were drawn beforehand, for so many rows."""

    scores: Scores
    explained: FloatArray
    features: Any
    typical: FloatArray
    typical_by_outcome: TypicalByOutcome

    def score(self, _: FloatArray, *, explain: bool = True) -> Scores:
        """Return them."""
        return replace(self.scores, contributions=self.explained if explain else None)

    def contributions(self, rows: FloatArray) -> FloatArray:
        """Return as many as are asked for."""
        return self.explained[: len(rows)]


def model_of(rows: FloatArray) -> Any:
    """Return a model that has scored rows already: a third of the risk is high."""
    rng = np.random.default_rng(0)
    count = len(NAMES)
    explained = rng.normal(size=rows.shape) * 0.3
    drawn = Drawn(
        Scores(p_churn=1 / (1 + np.exp(1.5 - explained.sum(axis=1))), contributions=explained),
        explained,
        tuple(feature.contract for feature in features_named(NAMES)),
        np.nanmedian(draw_customers(2_000, seed=1).rows, axis=0),
        TypicalByOutcome.unknown(count),
    )
    return SimpleNamespace(
        version="f" * 12,
        definition=ChurnDefinition(horizon_days=90, gap_days=7, active_within_days=365),
        lookback_days=365,
        calibration_error=0.02,
        calibration_checked_on="a later period",
        expectations=None,
        scorer=drawn,
        reference=SimpleNamespace(percentile=lambda p_churn: p_churn * 100),
    )


def us_a_row(work: Callable[[], object], rows: int) -> float:
    """Return the processor time of a call in microseconds a row: the least of a few rounds."""
    work()
    found = []
    for _ in range(_ROUNDS):
        calls, began = 0, time.thread_time()
        while time.thread_time() - began < _SECONDS / _ROUNDS:
            work()
            calls += 1
        found.append((time.thread_time() - began) / calls / rows * 1e6)
    return min(found)


def _bytes(answers: Sequence[Answer]) -> None:
    for answer in answers:
        answer_to_bytes(answer)


def parts(count: int) -> Iterator[tuple[str, float]]:
    """Yield the parts of answers to so many questions, with their time a row."""
    policy = load_policy(STARTER_POLICY)
    rows = draw_customers(count, seed=7).rows
    model = model_of(rows)
    prepared = prepared_for(model, policy)
    for words, with_reasons in (("with reasons", True), ("without", False)):
        questions = [
            Question(
                prediction_id=f"{place:032}",
                customer_id=f"c-{place}",
                as_of=AS_OF,
                with_reasons=with_reasons,
            )
            for place in range(count)
        ]
        asked = Asked.of(questions)
        answer = partial(answer_rows, rows, model=model, policy=policy, scored_at=AS_OF)
        answers = answer(questions=questions)
        yield (
            f"decided, {words}",
            us_a_row(partial(judge, rows, asked=asked, prepared=prepared), count),
        )
        yield (
            f"answers, {words} (deciding included)",
            us_a_row(partial(answer, questions=questions), count),
        )
        yield (
            f"bytes, {words}",
            us_a_row(partial(_bytes, answers), count),
        )


def batch_parts() -> Iterator[tuple[str, float]]:
    """Yield the parts of a chunk of a batch, with their time a row."""
    policy = load_policy(STARTER_POLICY)
    rows = draw_customers(BATCH, seed=7).rows
    ids = pa.array([f"c-{place}" for place in range(BATCH)])
    model = model_of(rows)
    for words, with_reasons in (("with reasons", True), ("without", False)):
        batch = Batch(
            model=model,
            policy=policy,
            as_of=AS_OF,
            scored_at=AS_OF,
            language="en",
            with_reasons=with_reasons,
        )
        yield (
            f"columns of a batch, {words} (deciding included)",
            us_a_row(partial(batch.scored, rows, ids), BATCH),
        )


def report() -> Iterator[str]:
    """Yield the result as lines of Markdown."""
    yield "# Answers"
    yield ""
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}. Processor time in us a row, the least of {_ROUNDS} "
        f"rounds; {len(NAMES)} features, starter policy, scores drawn beforehand. "
        f"Made by `python -m benchmarks.answers`."
    )
    yield ""
    found = [dict(parts(count)) for count in COUNTS]
    yield f"| part | {' | '.join(f'{count:,} rows' for count in COUNTS)} |"
    yield f"|---|{'---:|' * len(COUNTS)}"
    for name in found[0]:
        yield f"| {name} | {' | '.join(f'{each[name]:.1f}' for each in found)} |"
    yield ""
    yield f"| part | {BATCH:,} rows |"
    yield "|---|---:|"
    for name, microseconds in batch_parts():
        yield f"| {name} | {microseconds:.1f} |"


def main() -> None:
    """Print the table and keep it."""
    lines = []
    for line in report():
        print(line, flush=True)
        lines.append(line)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
