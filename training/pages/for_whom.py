"""Section of the report that says for whom the model works, and for whom less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.pages.page import Badge, Grid, Paragraph, Section
from training.pages import wording
from training.pages.measure_words import NONE, has_interval, interval, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ebbtide.pages.page import Block, Cell
    from training.evaluation.evaluation import Evaluation
    from training.evaluation.slices import LeftOut, Slice

WIDE_GAP = 0.1
"""Promised less came, in size, from which a slice is marked where the interval excludes zero."""


def slice_section(evaluation: Evaluation) -> list[Section]:
    """Return for whom the model works; nothing where customers have no attributes."""
    attributes = list(
        dict.fromkeys(
            [part.attribute for part in evaluation.slices]
            + [rest.attribute for rest in evaluation.left_out]
        )
    )
    if not attributes:
        return []
    blocks: list[Block] = [
        Paragraph(
            "The same figures for parts of the customers. A part for which promises are wrong, or "
            "whose leavers are reached less often, is served worse than the others."
        )
    ]
    for attribute in attributes:
        parts = [part for part in evaluation.slices if part.attribute == attribute]
        rest = [each for each in evaluation.left_out if each.attribute == attribute]
        if parts:
            blocks.append(_table(attribute, parts, rest))
        else:
            blocks.append(Paragraph(f"{attribute.capitalize()}: {_left_out(rest)}"))
    blocks.append(
        Paragraph(
            f"Gap: promised less left, so that below zero more of them left than was promised. On "
            f"the list: the share of them that a list of the riskiest "
            f"{evaluation.capacity_share:.0%} holds. Reached: the share of their leavers that is "
            f"on it. Groups differ in how many of them leave, so that equal shares on the list "
            f"would not be fair either; gaps and AUC are what should be alike."
        )
    )
    return [Section("For whom it works", blocks)]


def _table(attribute: str, parts: Sequence[Slice], rest: Sequence[LeftOut]) -> Grid:
    columns = ("customers", "promised", "left", "gap, points", "AUC", "on the list", "reached")
    return Grid(
        (attribute.replace("_", " "), *columns),
        [_row(part) for part in parts],
        _left_out(rest),
    )


def _row(part: Slice) -> Sequence[Cell]:
    gap = wording.signed(100 * part.gap.value, "+.1f")
    is_sure = has_interval(part.gap) and (part.gap.low > 0 or part.gap.high < 0)
    auc = written("auc", part.auc.value)
    return (
        part.level,
        f"{part.n:,}",
        f"{part.promised:.1%}",
        f"{part.came:.1%}",
        Badge(level="careful", text=gap) if is_sure and abs(part.gap.value) > WIDE_GAP else gap,
        f"{auc} ({interval('auc', part.auc)})" if has_interval(part.auc) else auc,
        _percent(part.selected.value),
        _percent(part.found.value),
    )


def _left_out(rest: Sequence[LeftOut]) -> str:
    return " ".join(
        f"{each.n:,} customers of {each.levels:,} more {'group' if each.levels == 1 else 'groups'} "
        f"are not shown: each is too small to be measured, or there are larger ones enough."
        for each in rest
    )


def _percent(share: float) -> str:
    return NONE if share != share else f"{share:.1%}"
