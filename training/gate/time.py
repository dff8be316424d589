"""Whether a challenger is newer than the champion, of no future, and of outcomes that matured."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ebbtide.clock import day_in_words
from ebbtide.words import Words
from training.gate.case import trained_as_of
from training.gate.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.gate.case import Case


def time_in_order(case: Case) -> Iterator[Refusal]:
    """Yield what is wrong with the dates of a challenger; undated tables have none."""
    trained = trained_as_of(case.challenger)
    if trained is None:
        return
    definition = case.challenger.definition
    zone = definition.time_zone

    def said(instant: datetime) -> str:
        return day_in_words(instant, time_zone=zone)

    if trained > case.at:
        yield Refusal(
            code="future",
            expected=Words(
                f"training at {said(case.at)} or earlier", f"训练时刻不晚于 {said(case.at)}"
            ),
            came=Words(said(trained), said(trained)),
        )
    before = None if case.champion is None else trained_as_of(case.champion)
    if before is not None and trained < before:
        yield Refusal(
            code="older",
            expected=Words(
                f"data up to {said(before)} or later, as the champion's",
                f"数据截至 {said(before)} 或更晚(同现任模型)",
            ),
            came=Words(said(trained), said(trained)),
        )
    if definition.kind == "label":  # the company says itself when its label is final
        return
    learned = [
        datetime.fromisoformat(at) for at in case.challenger.manifest["lineage"]["snapshots"]
    ]
    unripe = [at for at in learned if not definition.window(at).has_matured(now=trained)]
    if unripe:
        yield Refusal(
            code="immature",
            expected=Words(
                f"outcomes that had matured at {said(trained)}, {definition.outcome_days} days "
                f"after each snapshot",
                f"截至 {said(trained)},每个快照之后 {definition.outcome_days} 天的结果均已完整",
            ),
            came=Words(f"a snapshot of {said(max(unripe))}", f"{said(max(unripe))} 的快照"),
        )
