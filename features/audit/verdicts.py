"""What a profile of knowledge says about each column of a user's feature table.

Timing decides, never a name: a break after the instant, or more knowledge of what came after than
of what came before, is a mark of a column that was computed later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from features.audit.knowledge import Knowledge, Stretch
    from features.audit.own_columns import ColumnAspect
    from features.audit.traces import Trace

    FloatArray = NDArray[np.float64]

Judgement = Literal["clean as far as seen", "not judged", "suspicious", "leak"]
JUDGEMENTS: tuple[Judgement, ...] = ("leak", "suspicious", "clean as far as seen", "not judged")
"""The gravest first; an instant at which nothing could be judged says the least."""

WORTH_SAYING = 0.05
"""Correlation with what nobody could know, from which it is said at all."""

STRONG = 0.1
"""Correlation from which its timing makes it a leak."""

BREAK_SHARE = 0.35
"""A break: the next stretch is known less than this share of the one before."""

BREAK_Z = 4.0
JUMP_RATIO = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnVerdict:
    """What was found about one column.

    Parameters
    ----------
    column : which.
    judgement : in the words of :data:`JUDGEMENTS`.
    reasons : the evidence in sentences with figures.
    as_of : the instant at which it was found.
    aspect : what of the column it is about: its order, a level, its missing values.
    stretches : the profile's stretches of time.
    profile : correlation of that aspect with each stretch.
    """

    column: str
    judgement: Judgement
    reasons: tuple[str, ...]
    as_of: datetime
    aspect: str = "order"
    stretches: tuple[Stretch, ...] = ()
    profile: tuple[float, ...] = ()


def judge_columns(
    names: Sequence[str],
    aspects: Sequence[ColumnAspect],
    knowledge: Knowledge,
    traces: dict[str, Trace],
) -> list[ColumnVerdict]:
    """Judge every column at one instant.

    Parameters
    ----------
    names : the columns, also those of which no aspect could be made.
    aspects : the ways in which columns were looked at.
    knowledge : what each aspect knows about each stretch of time.
    traces : columns found to be a quantity beyond the instant.
    """
    return [_judge(name, aspects, knowledge, traces.get(name)) for name in names]


def worst_of(verdicts: Sequence[ColumnVerdict]) -> ColumnVerdict:
    """Return the gravest of several verdicts on one column, the latest of equals.

    It says at how many instants the column could not be judged, where that is so at some.
    """
    worst = min(reversed(verdicts), key=lambda verdict: JUDGEMENTS.index(verdict.judgement))
    unjudged = sum(verdict.judgement == "not judged" for verdict in verdicts)
    if not unjudged or worst.judgement == "not judged":
        return worst
    missing = f"not judged at {unjudged} of {len(verdicts)} instants"
    return replace(worst, reasons=(*worst.reasons, missing))


def _judge(
    name: str, aspects: Sequence[ColumnAspect], knowledge: Knowledge, trace: Trace | None
) -> ColumnVerdict:
    mine = [at for at, aspect in enumerate(aspects) if aspect.column == name]
    after = np.array([one.start_days >= 0 for one in knowledge.stretches], dtype=bool)
    if not mine or not after.any():
        return _without_profile(name, knowledge, trace, has_aspect=bool(mine))
    judged = [_of_aspect(aspects[at], at, knowledge, after) for at in mine]
    chosen = min(judged, key=lambda one: (JUDGEMENTS.index(one[0]), -one[2]))
    judgement, reasons, _, at = chosen
    if trace is not None:
        judgement, reasons = "leak", (trace.sentence, *reasons[:1])
    return ColumnVerdict(
        column=name,
        judgement=judgement,
        reasons=reasons,
        as_of=knowledge.as_of,
        aspect=aspects[at].name,
        stretches=knowledge.stretches,
        profile=tuple(float(value) for value in knowledge.correlation[at]),
    )


def _without_profile(
    name: str, knowledge: Knowledge, trace: Trace | None, *, has_aspect: bool
) -> ColumnVerdict:
    """Return what can be said without statistics: a trace, or that nothing can."""
    reason = "no stretch of days after as_of has enough customers who bought and who did not"
    if not has_aspect:
        reason = "does not tell customers apart: one value, or words of too few customers each"
    return ColumnVerdict(
        column=name,
        judgement="not judged" if trace is None else "leak",
        reasons=(reason if trace is None else trace.sentence,),
        as_of=knowledge.as_of,
    )


def _of_aspect(
    aspect: ColumnAspect, at: int, knowledge: Knowledge, after: NDArray[np.bool_]
) -> tuple[Judgement, tuple[str, ...], float, int]:
    """Return judgement, reasons and how far beyond chance, for one aspect."""
    correlation, z = knowledge.correlation[at], knowledge.z[at]
    is_known = after & (np.abs(z) > knowledge.thresholds) & (np.abs(correlation) >= WORTH_SAYING)
    strength = float((np.abs(z) / knowledge.thresholds)[after].max())
    if not is_known.any():
        most = float(np.abs(correlation[after]).max())
        last = max(one.end_days for one in knowledge.stretches)
        return (
            "clean as far as seen",
            (
                f"nothing beyond chance up to day {last} after as_of; the largest correlation is "
                f"{most:.2f}",
            ),
            strength,
            at,
        )
    best = int(np.argmax(np.where(is_known, np.abs(correlation), 0.0)))
    stretch = knowledge.stretches[best]
    what = {"order": "its order", "missing": "its missing values"}.get(
        aspect.name, f"its {aspect.name}"
    )
    reasons = [
        f"{what} and the purchases of days {stretch.start_days} to {stretch.end_days} after as_of "
        f"correlate {correlation[best]:+.2f} beyond all point-in-time features (|z| "
        f"{abs(z[best]):.1f}, chance stays under {knowledge.thresholds[best]:.1f})"
    ]
    marks = [*_breaks(knowledge, correlation, is_known), *_jump(knowledge, correlation, after)]
    reasons += marks
    strong = np.abs(correlation[is_known]).max() >= STRONG
    if not marks:
        reasons.append(
            "no break in time: a signal of its own from outside the log, or a quantity over the "
            "whole log; a query that can be run again (--query) would tell"
        )
    return ("leak" if marks and strong else "suspicious"), tuple(reasons), strength, at


def _breaks(
    knowledge: Knowledge, correlation: FloatArray, is_known: NDArray[np.bool_]
) -> list[str]:
    """Find where knowledge ends at once: nothing that was known before as_of does so."""
    found: dict[bool, str] = {}
    starts = {
        one.start_days: at for at, one in enumerate(knowledge.stretches) if not one.is_outcome
    }
    for at in np.flatnonzero(is_known):
        here = knowledge.stretches[at]
        if here.end_days not in starts:
            continue
        following = starts[here.end_days]
        there = knowledge.stretches[following]
        sign = np.sign(correlation[at])
        fall = sign * (correlation[at] - correlation[following])
        noise = np.sqrt(1 / here.customers + 1 / there.customers)
        ends = sign * correlation[following] < BREAK_SHARE * abs(correlation[at])
        # Shorter stretches are known less by themselves; 30 days are long enough to tell.
        there_days = there.end_days - there.start_days
        is_longer = there_days >= min(30, here.end_days - here.start_days)
        if ends and is_longer and fall > BREAK_Z * noise:
            found[here.is_outcome] = (
                f"it knows days {here.start_days} to {here.end_days} ({correlation[at]:+.2f}) and "
                f"not days {there.start_days} to {there.end_days} ({correlation[following]:+.2f}): "
                f"knowledge ends {here.end_days} day(s) after as_of"
            )
    # A single stretch says when knowledge ends; the whole outcome window only that it does.
    return [found[min(found)]] if found else []


def _jump(knowledge: Knowledge, correlation: FloatArray, after: NDArray[np.bool_]) -> list[str]:
    """Find more knowledge of the days after as_of than of as many days before it."""
    at_days = {(one.start_days, one.end_days): at for at, one in enumerate(knowledge.stretches)}
    pairs = [
        (at, at_days[(-end, -start)])
        for (start, end), at in at_days.items()
        if start >= 0 and (-end, -start) in at_days
    ]
    if not pairs:
        return []
    ahead, behind = (
        sum(abs(float(correlation[pair[side]])) for pair in pairs) / len(pairs) for side in (0, 1)
    )
    noise = np.sqrt(2 / (len(pairs) * knowledge.stretches[pairs[0][0]].customers))
    # What is left of pure noise is not zero on average: it is taken off both sides.
    floor = 0.8 / np.sqrt(knowledge.stretches[pairs[0][0]].customers)
    if ahead - behind < BREAK_Z * noise or ahead < JUMP_RATIO * max(behind, floor):
        return []
    days = max(knowledge.stretches[at].end_days for at, _ in pairs)
    return [
        f"it knows more of the {days} days after as_of (mean {ahead:.2f}) than of the {days} days "
        f"before it (mean {behind:.2f})"
    ]
