"""Learn risk by day from matured snapshots, and check it where a live score would have stood.

A day is learned only where enough customers left by it and enough did not; one that is not is left
out with the reason, never guessed. What has been tried instead is in ``docs/when-and-value.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ebbtide.scorer.horizons import HorizonModel
from training.horizons.check import check_days
from training.horizons.departures import anchor_day, departures_at
from training.horizons.linear import fit_linear

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from ebbtide.definition import ChurnDefinition
    from ebbtide.scorer.linear import LinearModel
    from ebbtide.scorer.scores import FloatArray
    from features.tables import Tables
    from training.horizons.check import DayCheck
    from training.horizons.departures import Departures
    from training.snapshots import Snapshot

    Matured = tuple[Snapshot, Departures]
    Chosen = tuple[FloatArray, FloatArray, NDArray[np.intp]]

LEAST_OF_EACH = 30
"""Customers who left by a day, and who did not, below which nothing is learned of it."""

MOST_ROWS = 20_000
"""Of more customers at risk every k-th is learned from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonFit:
    """What was learned of when customers leave.

    Parameters
    ----------
    model : makes curves; None where no day could be learned.
    left_out : why a day, or the causes, could not be learned: what, and the reason in words.
    checks : how the days did at a later period than they were learned from; empty where the log is
        too short for one.
    """

    model: HorizonModel | None
    left_out: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[DayCheck, ...] = ()


def fit_horizons(
    tables: Tables,
    snapshots: Sequence[Snapshot],
    *,
    definition: ChurnDefinition,
    days: Sequence[int],
    now: datetime,
    progress: Callable[[str], None] | None = None,
) -> HorizonFit:
    """Learn the risk by each of some days on what is known at ``now``.

    Parameters
    ----------
    tables : the typed tables.
    snapshots : the matured ones, earliest first.
    definition : what counts as churn. For a label of the company's own there is nothing to learn.
    days : days after the start of the outcome window; the anchor day is added.
    now : aware instant; nothing that happened or was known at or after it is used.
    progress : called with what is being done.

    Notes
    -----
    The check learns again from what had matured at the latest snapshot for which every day that was
    learned has matured, and asks it about the customers who lived then.
    """
    if definition.kind == "label" or not days:
        return HorizonFit(model=None)
    anchor = anchor_day(definition)
    wanted = tuple(sorted({*days, anchor} - ({0} - {anchor})))
    if progress is not None:
        progress("risk by day")
    matured = _matured(tables, snapshots, definition=definition, days=wanted, now=now)
    model, left_out = fit_days(matured, days=wanted, anchor=anchor)
    if model is None:
        return HorizonFit(model=None, left_out=left_out)
    whole = [each for each in matured if set(model.days) <= set(each[1].days)]
    judged, came = whole[-1]
    before = [taken for taken in snapshots if taken.as_of < judged.as_of]
    then = _matured(tables, before, definition=definition, days=wanted, now=judged.as_of)
    earlier, _ = fit_days(then, days=model.days, anchor=anchor)
    return HorizonFit(
        model=model,
        left_out=left_out,
        checks=() if earlier is None else check_days(earlier, judged, came),
    )


def _matured(
    tables: Tables,
    snapshots: Sequence[Snapshot],
    *,
    definition: ChurnDefinition,
    days: Sequence[int],
    now: datetime,
) -> list[Matured]:
    """Return the snapshots whose churn is known at ``now``, with what is known of each day."""
    return [
        (
            taken,
            departures_at(tables, as_of=taken.as_of, now=now, definition=definition, days=days).of(
                taken.customer_ids
            ),
        )
        for taken in snapshots
        if definition.window(taken.as_of).has_matured(now=now)
    ]


def fit_days(
    matured: Sequence[Matured], *, days: Sequence[int], anchor: int
) -> tuple[HorizonModel | None, dict[str, str]]:
    """Learn each day from snapshots with their departures.

    Parameters
    ----------
    matured : snapshots for which the anchor day has matured.
    days : rising, the anchor among them.
    anchor : the day by which to have left is churn.

    Returns
    -------
    tuple
        The model, or None where no day could be learned; why what is missing is missing.
    """
    left_out: dict[str, str] = {}
    everybody = _rows(matured, None, anchor)
    if lacking := _lacking(everybody[1]):
        return None, {"every day": lacking}
    churn = fit_linear(*everybody)
    before: list[LinearModel] = []
    after: list[LinearModel] = []
    kept = [anchor]
    for day in sorted((day for day in days if day < anchor), reverse=True):
        asked = _rows(matured, (kept[0], True), day)
        if lacking := _lacking(asked[1]):
            left_out[f"day {day}"] = lacking
            continue
        before.insert(0, fit_linear(*asked, direction=churn))
        kept.insert(0, day)
    for day in sorted(day for day in days if day > anchor):
        asked = rows_at_risk(matured, (kept[-1], day))
        if lacking := _lacking(asked[1]):
            left_out[f"day {day}"] = lacking
            continue
        after.append(fit_linear(*asked, direction=churn))
        kept.append(day)
    if len(kept) == 1:
        return None, left_out
    payment = None
    if any(departures.causes is not None for _, departures in matured):
        asked = _rows_of_causes(matured)
        if lacking := _lacking(asked[1], what="ended for want of payment"):
            left_out["causes"] = lacking
        else:
            payment = fit_linear(*asked)
    model = HorizonModel(
        days=tuple(kept),
        anchor_day=anchor,
        before=tuple(before),
        after=tuple(after),
        payment=payment,
    )
    return model, left_out


def rows_at_risk(
    matured: Sequence[Matured], step: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Return ranks of those who had not left by a day, and whether they had by a later one.

    Parameters
    ----------
    matured : snapshots with their departures; those for which a day has not matured are left out.
    step : the day and the later one.
    """
    return _rows(matured, (step[0], False), step[1])


def _rows(
    matured: Sequence[Matured], given: tuple[int, bool] | None, asked: int
) -> tuple[FloatArray, FloatArray]:
    """Return ranks of who had, or had not, left by a given day, and whether they had by another."""
    chosen: list[Chosen] = []
    for taken, departures in matured:
        if not {asked, asked if given is None else given[0]} <= set(departures.days):
            continue
        rows = np.arange(len(departures.left))
        if given is not None:
            rows = np.flatnonzero(departures.by(given[0]) == given[1])
        chosen.append((taken.ranked, departures.by(asked), rows))
    return _thinned(chosen)


def _rows_of_causes(matured: Sequence[Matured]) -> tuple[FloatArray, FloatArray]:
    """Return ranks of leavers whose cause is known, and whether it was payment."""
    chosen: list[Chosen] = []
    for taken, departures in matured:
        assert departures.causes is not None, "contracts have causes"
        known = np.isin(departures.causes, ("voluntary", "payment"))
        outcome = (departures.causes == "payment").astype(np.float64)
        chosen.append((taken.ranked, outcome, np.flatnonzero(known)))
    return _thinned(chosen)


def _thinned(chosen: Sequence[Chosen]) -> tuple[FloatArray, FloatArray]:
    """Return every k-th of the chosen rows of each snapshot, with their outcomes."""
    step = 1 + sum(len(rows) for _, _, rows in chosen) // MOST_ROWS
    parts = [(ranked[rows[::step]], outcome[rows[::step]]) for ranked, outcome, rows in chosen]
    if not parts:
        return np.empty((0, 0)), np.empty(0)
    return np.vstack([ranks for ranks, _ in parts]), np.concatenate([came for _, came in parts])


def _lacking(outcome: FloatArray, *, what: str = "had left by then") -> str | None:
    """Return why there is too little to learn from, or None."""
    if len(outcome) == 0:
        return "no snapshot has matured for it; it needs a longer log"
    yes = int(outcome.sum())
    if min(yes, len(outcome) - yes) >= LEAST_OF_EACH:
        return None
    return (
        f"of {len(outcome)} customers at risk {yes} {what}; at least {LEAST_OF_EACH} must have, "
        f"and as many must not"
    )
