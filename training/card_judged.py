"""The part of a model card that says what was measured, how sure that is, and for whom it holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from training.pages.measure_words import interval, words_of, written
from training.rule_words import rule_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.evaluation.bootstrap import Estimate
    from training.evaluation.evaluation import Evaluation
    from training.evaluation.slices import Slice
    from training.grade import Grade
    from training.judgement import Judgement

WIDE_GAP = 0.05
"""Promised less came, in size and surely, from which a card names a group of customers."""


def judged_section(judgement: Judgement | None) -> str:
    """Return grade, intervals, rivals and groups as Markdown; empty where nothing was judged.

    Parameters
    ----------
    judgement : what a candidate is worth; None for one that will not serve.
    """
    if judgement is None:
        return ""
    evaluation = judgement.evaluations[0]
    lines = [
        *_grade(judgement.grade),
        "",
        *_measures(evaluation),
        "",
        *_slices(evaluation),
        "",
    ]
    return "\n".join(lines)


def _grade(grade: Grade) -> Iterator[str]:
    meaning, *reasons = (reason.en for reason in grade.reasons)
    yield f"**Grade {grade.letter}**: {meaning}." if grade.letter else f"**{meaning}.**"
    if reasons:
        yield ""
    for reason in reasons:
        yield f"- {reason}."


def _measures(evaluation: Evaluation) -> Iterator[str]:
    yield "| with its 95% interval | value | from | to |"
    yield "|---|---|---|---|"
    for name in ("auc", "top_decile_lift", "calibration_slope", "calibration_error"):
        yield _row(words_of(name).name, name, evaluation.measures[name])
    for name, rival in evaluation.rivals.items():
        yield _row(f"AUC less that of: {rule_words(name).en}", "auc", rival.difference)
    yield _row("Expected maximum profit per customer (EMPC)", "empc", evaluation.profit.empc)


def _row(said: str, name: str, of: Estimate) -> str:
    return f"| {said} | {' | '.join(written(name, each) for each in (of.value, of.low, of.high))} |"


def _slices(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.slices:
        yield "**Groups of customers**: none are known, or none is large enough to be measured."
        return
    off = [each for each in evaluation.slices if _is_off(each)]
    attributes = ", ".join(dict.fromkeys(each.attribute for each in evaluation.slices))
    yield (
        f"**Groups of customers**: {len(evaluation.slices)}, by {attributes}. "
        + (
            "Promises are within five points of what came for each, as far as can be told."
            if not off
            else "Promises are more than five points off what came for:"
        )
    )
    if off:
        yield ""
    for each in off:
        yield (
            f"- {each.attribute} = {each.level} ({each.n:,} customers): {each.promised:.1%} "
            f"promised, {each.came:.1%} came; AUC {written('auc', each.auc.value)} "
            f"({interval('auc', each.auc)})."
        )


def _is_off(part: Slice) -> bool:
    is_sure = math.isfinite(part.gap.low) and (part.gap.low > 0 or part.gap.high < 0)
    return is_sure and abs(part.gap.value) > WIDE_GAP
